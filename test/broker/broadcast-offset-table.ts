import test from 'ava';
import { BroadcastOffsetTable, type BroadcastPull } from '../../src/broker/broadcast-offset-table.js';
import { createBrokerConfig } from '../../src/broker/broker-config.js';
import { ConsumerOffsetTable } from '../../src/broker/consumer-offset-table.js';
import { decodeHeader } from '../../src/protocol/header-schema.js';
import { PullMessageResponseHeader } from '../../src/protocol/headers.js';
import type { RemotingCommand } from '../../src/protocol/remoting-command.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { messagesOf, startTestBroker, type TestPeer } from '../helper/broker.js';
import { ManualClock } from '../helper/manual-clock.js';

function world() {
  const config = createBrokerConfig({ broadcastOffsetExpireSecond: 1, broadcastOffsetExpireMaxSecond: 5 });
  const state = { nowMs: 1_700_000_000_000, firstOffset: 10 };
  const offsets = new ConsumerOffsetTable(config, () => state.nowMs);
  const online = new Set<string>();
  const table = new BroadcastOffsetTable({
    offsets,
    config,
    isOnline: (_, clientId) => online.has(clientId),
    firstOffset: () => state.firstOffset,
    now: () => state.nowMs,
  });
  const pull = (clientId: string, isFromProxy: boolean, queueId = 0): BroadcastPull => ({
    topic: 'T',
    group: 'g',
    queueId,
    clientId,
    isFromProxy,
  });
  return {
    state,
    offsets,
    online,
    table,
    pull,
    committed: (queueId = 0) => offsets.query('g@broadcast', 'T', queueId),
  };
}

// The steps of broker/offset/BroadcastOffsetManagerTest.java#testBroadcastOffsetSwitch.
test('a member that changes between broker and proxy goes on where it was', (t) => {
  const { state, online, table, pull, committed } = world();
  online.add('one');
  t.is(table.initialOffset(pull('one', false), 0), null);
  table.update(pull('one', false), 10);
  t.is(table.initialOffset(pull('one', false), 11), null);
  table.update(pull('one', false), 11);
  t.is(table.initialOffset(pull('one', true), -1), 11, 'from broker to proxy');
  table.update(pull('one', true), 11);
  t.is(table.initialOffset(pull('one', true), 11), null);
  table.update(pull('one', true), 12);
  table.scan();
  t.is(committed(), 12);
  online.add('two');
  t.is(table.initialOffset(pull('two', true), -1), 12, 'a new one begins where all have been');
  table.update(pull('two', true), 12);
  table.update(pull('two', true), 13);
  table.scan();
  t.is(committed(), 12, 'the smallest of both');
  t.is(table.initialOffset(pull('one', false), 20), 12, 'from proxy to broker');
  table.update(pull('one', false), 12);
  t.is(table.initialOffset(pull('one', false), 12), null);
  online.clear();
  online.add('three');
  t.is(table.initialOffset(pull('three', false), 30), null);
  table.update(pull('three', false), 30);
  state.nowMs += 1000;
  table.scan();
  t.is(committed(), 30, 'those that went count no more');
});

test('the first member begins where the store says, and offsets only grow', (t) => {
  const { table, pull } = world();
  t.is(table.initialOffset(pull('one', true), -1), 10);
  t.is(table.initialOffset(pull('one', true), 4), null, 'a proxy that knows where to begin');
  t.is(table.initialOffset(pull('one', false), -1), null, 'a consumer has its own');
  table.update(pull('one', true), 7);
  table.update(pull('one', true), 5);
  t.is(table.initialOffset(pull('one', true), -1), 7);
  t.is(table.initialOffset(pull('one', true, 1), -1), 10, 'each queue by itself');
});

test('members are forgotten when they went, or stopped pulling for long', (t) => {
  const { state, online, table, pull } = world();
  online.add('one');
  table.update(pull('one', false), 1);
  table.update(pull('two', false), 2);
  t.is(table.size, 2);
  state.nowMs += 999;
  table.scan();
  t.is(table.size, 2);
  state.nowMs += 1;
  table.scan();
  t.is(table.size, 1, 'one is connected');
  state.nowMs += 4000;
  table.scan();
  t.is(table.size, 0);
});

test('an unchanged offset is not committed anew', (t) => {
  const { offsets, table, pull } = world();
  table.update(pull('one', true), 3);
  table.scan();
  const { revision } = offsets;
  table.scan();
  t.is(offsets.revision, revision);
});

const nextOf = (response: RemotingCommand) =>
  decodeHeader(PullMessageResponseHeader, response.extFields).nextBeginOffset;

const byProxy = (peer: TestPeer, offset: number) =>
  peer.pull('T', { offset, header: { requestSource: 1, proxyFrowardClientId: 'client-a' } });

test('a proxy is told where its broadcasting client begins, and the client when it comes itself', async (t) => {
  const clock = new ManualClock();
  const { peer, connect, broker } = await startTestBroker(t, {}, { clock });
  await peer.createTopic('T', 1);
  for (const body of ['a', 'b', 'c']) await peer.send('T', body);
  const first = await byProxy(peer, -1);
  t.is(first.code, ResponseCode.PULL_OFFSET_MOVED);
  t.is(first.remark, 'OFFSET_RESET');
  t.is(nextOf(first), 0, 'the first message is in memory');
  const found = await byProxy(peer, 0);
  t.deepEqual(
    messagesOf(found).map(({ body }) => body.toString()),
    ['a', 'b', 'c'],
  );
  t.is((await byProxy(peer, 3)).code, ResponseCode.PULL_NOT_FOUND);
  const own = connect();
  await own.heartbeat('consumers', { T: '*' }, { data: { messageModel: 'BROADCASTING' } });
  const changed = await own.pull('T', { offset: 1, subscription: null });
  t.is(changed.code, ResponseCode.PULL_OFFSET_MOVED);
  t.is(nextOf(changed), 3);
  t.is((await own.pull('T', { offset: 3, subscription: null })).code, ResponseCode.PULL_NOT_FOUND);
  broker.config.enableBroadcastOffsetStore = false;
  t.is((await byProxy(peer, 0)).code, ResponseCode.SUCCESS, 'switched off, what was asked for counts');
});
