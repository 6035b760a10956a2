import test from 'ava';
import { type HeldPop, PopLongPolling } from '../../../src/broker/pop/pop-long-polling.js';

const LIMITS = { popPollingSize: 2, maxPopPollingSize: 4, popLongPollingForceNotifyInterval: 800 };

function makePolling(wakesLast = false) {
  const polling = new PopLongPolling(LIMITS, wakesLast);
  const woken: string[] = [];
  const hold = (name: string, options: Partial<HeldPop> = {}) =>
    polling.hold(
      {
        topic: 'orders',
        group: 'workers',
        queueId: -1,
        expiresAtMs: 10_000,
        filter: null,
        takes: null,
        owner: polling,
        wake: () => woken.push(name),
        ...options,
      },
      10_000,
      0,
    );
  return { polling, woken, hold };
}

test('an arrival wakes one request of each group, the one that waits shortest', (t) => {
  const { polling, woken, hold } = makePolling();
  hold('late', { expiresAtMs: 20_000 });
  hold('soon', { expiresAtMs: 15_000 });
  hold('others', { group: 'auditors' });
  polling.arrived('orders', 2, 1, null);
  t.deepEqual(woken.sort(), ['others', 'soon']);
  t.is(polling.size, 1);
});

test('of notifications, the one that waits longest is woken', (t) => {
  const { polling, woken, hold } = makePolling(true);
  hold('late', { expiresAtMs: 20_000 });
  hold('soon', { expiresAtMs: 15_000 });
  polling.arrived('orders', 2, 1, null);
  t.deepEqual(woken, ['late']);
});

test('one that waits for any queue and one that waits for this queue are both woken', (t) => {
  const { polling, woken, hold } = makePolling();
  hold('any');
  hold('this', { queueId: 2 });
  hold('other', { queueId: 1 });
  polling.arrived('orders', 2, 1, null);
  t.deepEqual(woken, ['any', 'this']);
});

test('a message that the request does not want does not wake it, but now and then it is woken all the same', (t) => {
  const { polling, woken, hold } = makePolling();
  hold('tagged', { filter: (tagsCode) => tagsCode === 7 });
  polling.arrived('orders', 0, 799, 8);
  t.deepEqual(woken, []);
  polling.arrived('orders', 0, 800, 8);
  t.deepEqual(woken, ['tagged']);
});

test('a message that its selector does not take does not wake a request, and it is told what came', (t) => {
  const { polling, woken, hold } = makePolling();
  const told: unknown[] = [];
  hold('selective', {
    takes: (arrival) => {
      told.push(arrival);
      return arrival.maxOffset === 3;
    },
  });
  polling.arrived('orders', 1, 1, 7);
  polling.arrived('orders', 1, 2, null);
  t.deepEqual(woken, []);
  polling.arrived('orders', 1, 3, null);
  t.deepEqual(woken, ['selective']);
  t.deepEqual(told[0], { topic: 'orders', queueId: 1, maxOffset: 1, tagsCode: 7 });
});

test('a retry topic of the second form wakes the requests of its topic, one of the first form nobody', (t) => {
  const { polling, woken, hold } = makePolling();
  hold('a');
  polling.arrived('%RETRY%workers_orders', 0, 1, null);
  t.deepEqual(woken, []);
  polling.arrived('%RETRY%workers+orders', 0, 1, null);
  t.deepEqual(woken, ['a']);
});

test('requests beyond the limits are refused', (t) => {
  const { hold } = makePolling();
  t.deepEqual([hold('a'), hold('b'), hold('c'), hold('d')], ['HELD', 'HELD', 'HELD', 'FULL']);
  t.is(hold('e', { topic: 'bills' }), 'HELD');
  t.is(hold('f', { topic: 'letters' }), 'FULL');
});

test('a request without time left does not wait', (t) => {
  const { polling, hold } = makePolling();
  t.is(hold('a', { expiresAtMs: -1 }), 'TIMEOUT');
  t.is(polling.size, 0);
});

test('requests are woken 50 ms before their poll ends', (t) => {
  const { polling, woken, hold } = makePolling();
  hold('a');
  t.is(polling.nextTimeoutMs(), 9951);
  polling.check(9950);
  t.deepEqual(woken, []);
  polling.check(9951);
  t.deepEqual(woken, ['a']);
  t.is(polling.nextTimeoutMs(), null);
});

test('requests of a closed connection are dropped, the others stay', (t) => {
  const { polling, woken, hold } = makePolling();
  const owner = {};
  hold('gone', { owner });
  hold('here');
  polling.drop(owner);
  t.is(polling.sizeOf('orders', 'workers', -1), 1);
  polling.releaseAll();
  t.deepEqual(woken, ['here']);
});
