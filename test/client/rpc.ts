import test from 'ava';
import { MQBrokerError } from '../../src/client/errors.js';
import { NameServers } from '../../src/client/name-servers.js';
import { type RemotingInvoker, Rpc } from '../../src/client/rpc.js';
import { createRequest, createResponse, type RemotingCommand } from '../../src/protocol/remoting-command.js';
import { RemotingConnectError, RemotingSendRequestError, RemotingTimeoutError } from '../../src/remoting/errors.js';
import { ManualClock } from '../helper/manual-clock.js';

type Answer = (request: RemotingCommand, timeoutMs: number) => Promise<RemotingCommand>;

function setUp(answers: Record<string, Answer>) {
  const clock = new ManualClock();
  const calls: Array<{ addr: string; timeoutMs: number }> = [];
  const remoting: RemotingInvoker = {
    invoke(addr, request, timeoutMs) {
      calls.push({ addr, timeoutMs });
      return (answers[addr] as Answer)(request, timeoutMs);
    },
    async invokeOneway(addr, _request, timeoutMs = 0) {
      calls.push({ addr, timeoutMs });
    },
  };
  const nameServers = new NameServers(Object.keys(answers), { next: () => 0 });
  return { clock, calls, nameServers, rpc: new Rpc({ remoting, nameServers, clock, timeoutMs: 3000 }) };
}

const ok: Answer = async (request) => createResponse(request, 0, null, { answered: 'yes' });
const refused = (addr: string): Answer => {
  return () => Promise.reject(new RemotingConnectError(addr, 'refused'));
};

test('an answer with code 0 is the result', async (t) => {
  const { rpc, calls } = setUp({ 'b:1': ok });
  const response = await rpc.call('b:1', { code: 28 }, { timeoutMs: 500 });
  t.is(response.extFields?.answered, 'yes');
  t.deepEqual(calls, [{ addr: 'b:1', timeoutMs: 500 }]);
});

test('any other code is an error that keeps code, remark and address', async (t) => {
  const { rpc } = setUp({ 'b:1': async (request) => createResponse(request, 17, 'no such topic') });
  const error = await t.throwsAsync(rpc.call('b:1', { code: 28 }), { instanceOf: MQBrokerError });
  t.is(error?.responseCode, 17);
  t.is(error?.remark, 'no such topic');
  t.is(error?.brokerAddr, 'b:1');
  t.is(error?.message, 'CODE: 17 TOPIC_NOT_EXIST  DESC: no such topic  BROKER: b:1');
});

test('a code that is accepted is a result', async (t) => {
  const { rpc } = setUp({ 'b:1': async (request) => createResponse(request, 22) });
  t.is((await rpc.call('b:1', { code: 14, accept: [0, 22] })).code, 22);
});

test('the name server is kept while it answers', async (t) => {
  const { rpc, calls } = setUp({ 'n:1': ok, 'n:2': ok });
  await rpc.callNameServer({ code: 105 });
  await rpc.callNameServer({ code: 105 });
  t.deepEqual(
    calls.map(({ addr }) => addr),
    ['n:1', 'n:1'],
  );
});

for (const [name, failure] of [
  ['cannot be reached', new RemotingConnectError('n:1', 'refused')],
  ['drops the connection', new RemotingSendRequestError('n:1', 'closed')],
] as const) {
  test(`the next name server is asked when one ${name}, and then kept`, async (t) => {
    const { rpc, calls, nameServers } = setUp({ 'n:1': () => Promise.reject(failure), 'n:2': ok });
    await rpc.callNameServer({ code: 105 });
    t.is(nameServers.current(), 'n:2');
    t.is(calls.length, 2);
  });
}

test('all name servers failing is the last failure, each asked once', async (t) => {
  const { rpc, calls } = setUp({ 'n:1': refused('n:1'), 'n:2': refused('n:2') });
  const error = await t.throwsAsync(rpc.callNameServer({ code: 105 }), { instanceOf: RemotingConnectError });
  t.is(error?.addr, 'n:2');
  t.is(calls.length, 2);
});

test('a name server that does not answer in time is left for the next call', async (t) => {
  const { rpc, nameServers } = setUp({
    'n:1': () => Promise.reject(new RemotingTimeoutError('n:1', 'late', 3000)),
    'n:2': ok,
  });
  await t.throwsAsync(rpc.callNameServer({ code: 105 }), { instanceOf: RemotingTimeoutError });
  t.is(nameServers.current(), 'n:2');
});

test('the deadline spans all name servers', async (t) => {
  const { rpc, calls, clock } = setUp({
    'n:1': () => {
      clock.advance(1000);
      return refused('n:1')(createRequest(105), 0);
    },
    'n:2': ok,
  });
  await rpc.callNameServer({ code: 105 });
  t.deepEqual(
    calls.map(({ timeoutMs }) => timeoutMs),
    [3000, 2000],
  );
});

test('an error code of a name server is no reason to ask another', async (t) => {
  const { rpc, calls } = setUp({ 'n:1': async (request) => createResponse(request, 17), 'n:2': ok });
  await t.throwsAsync(rpc.callNameServer({ code: 105 }), { instanceOf: MQBrokerError });
  t.is(calls.length, 1);
});

test('a named name server is the only one asked', async (t) => {
  const { rpc, calls } = setUp({ 'n:1': ok, 'n:2': refused('n:2') });
  await t.throwsAsync(rpc.callNameServer({ code: 105 }, { namesrvAddr: 'n:2' }));
  t.deepEqual(
    calls.map(({ addr }) => addr),
    ['n:2'],
  );
});
