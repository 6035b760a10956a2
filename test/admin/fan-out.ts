import test from 'ava';
import { askAll, askEach, joinPartial, mapBounded, unreachableText } from '../../src/admin/fan-out.js';
import { MQError } from '../../src/base/errors.js';

const TARGETS = ['a', 'b', 'c'].map((name) => ({ brokerName: name, addr: `${name}:1` }));

test('mapBounded keeps the order and never runs more than its limit', async (t) => {
  let running = 0;
  let most = 0;
  const results = await mapBounded([...Array(20).keys()], 3, async (n) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
    return n * 2;
  });
  t.deepEqual(
    results,
    [...Array(20).keys()].map((n) => n * 2),
  );
  t.is(most, 3);
});

test('mapBounded gives the first error', async (t) => {
  await t.throwsAsync(
    mapBounded([1, 2], 1, async (n) => {
      throw new Error(String(n));
    }),
    { message: '1' },
  );
});

test('a failure makes the result partial and is named', async (t) => {
  const result = await askAll(TARGETS, 2, async ({ brokerName }) => {
    if (brokerName === 'b') throw new MQError('REMOTING_TIMEOUT', 'no answer');
    return brokerName;
  });
  t.false(result.complete);
  t.deepEqual(result.unreachable, [{ brokerName: 'b', addr: 'b:1', code: 'REMOTING_TIMEOUT', reason: 'no answer' }]);
  t.deepEqual(
    result.answers.map(({ value }) => value),
    ['a', 'c'],
  );
});

test('when all fail askAll throws the first failure, and askEach gives an empty result', async (t) => {
  const fail = async ({ brokerName }: { brokerName: string | null }) => {
    throw new MQError('REMOTING_CONNECT', `${brokerName} is down`);
  };
  await t.throwsAsync(askAll(TARGETS, 2, fail), { message: 'a is down' });
  const { answers, complete } = await askEach(TARGETS, 2, fail);
  t.deepEqual([answers.length, complete], [0, false]);
});

test('mapBounded begins nothing more after a failure', async (t) => {
  const begun: number[] = [];
  const work = async (n: number) => {
    begun.push(n);
    await new Promise((resolve) => setImmediate(resolve));
    if (n === 0) throw new Error('no');
  };
  await t.throwsAsync(mapBounded([...Array(20).keys()], 2, work), { message: 'no' });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  t.deepEqual(begun, [0, 1]);
});

test('nobody to ask is no failure', async (t) => {
  t.true((await askAll([], 2, async () => 1)).complete);
});

test('an interrupt is thrown at once', async (t) => {
  const aborted = async () => {
    throw new MQError('ABORTED', 'stop');
  };
  await t.throwsAsync(askEach(TARGETS, 2, aborted), { code: 'ABORTED' });
});

test('joining names each broker once', (t) => {
  const gone = { brokerName: 'b', addr: 'b:1', code: 'X', reason: 'x' };
  t.deepEqual(
    joinPartial(
      { complete: false, unreachable: [gone] },
      { complete: false, unreachable: [gone] },
      { complete: true, unreachable: [] },
    ),
    { complete: false, unreachable: [gone] },
  );
});

test('a broker that refused is told apart from one that was silent', (t) => {
  const broker = { brokerName: 'broker-b', addr: 'b:1' };
  const texts = [
    { ...broker, code: 'REMOTING_TIMEOUT', reason: 'b:1 did not answer within 10 ms' },
    { ...broker, code: 'REMOTING_CONNECT', reason: 'cannot connect to b:1' },
    { ...broker, brokerName: null, code: 'NO_PERMISSION', reason: 'no permission (NO_PERMISSION from b:1)' },
  ].map(unreachableText);
  t.deepEqual(texts, [
    'broker-b (b:1) did not answer within 10 ms',
    'broker-b (b:1) did not answer: cannot connect to b:1',
    'b:1: no permission (NO_PERMISSION from b:1)',
  ]);
});
