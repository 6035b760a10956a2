import test, { type ExecutionContext } from 'ava';
import {
  decodeTopicConfigAndQueueMapping,
  decodeTopicRouteData,
  encodeTopicQueueMappingDetail,
} from '../../../src/protocol/bodies.js';
import { encodeHeader } from '../../../src/protocol/header-schema.js';
import { CreateTopicRequestHeader } from '../../../src/protocol/headers.js';
import type { RemotingCommand } from '../../../src/protocol/remoting-command.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { messagesOf, startTestBroker, type TestBroker, TestPeer } from '../../helper/broker.js';
import { startNamesrv } from '../../helper/namesrv.js';

/** A stretch as `[broker, physical queue, logicOffset, endOffset]`. */
type Stretch = readonly [bname: string, queueId: number, logicOffset: number, endOffset?: number];

/** Creates or changes the static topic S on one broker. */
function map(
  peer: TestPeer,
  bname: string,
  queues: Record<number, readonly Stretch[]>,
  options: { epoch?: number; force?: boolean; topicQueues?: number } = {},
): Promise<RemotingCommand> {
  const hostedQueues = new Map(
    Object.entries(queues).map(([globalId, stretches]) => [
      Number(globalId),
      stretches.map(([broker, queueId, logicOffset, endOffset = -1], gen) => ({
        ...{ gen, queueId, bname: broker, logicOffset, startOffset: 0, endOffset },
        ...{ timeOfStart: -1, timeOfEnd: -1 },
      })),
    ]),
  );
  const detail = {
    ...{ topic: 'S', scope: '__global__', totalQueues: hostedQueues.size, bname },
    ...{ epoch: options.epoch ?? 1, dirty: false, currIdMap: new Map(), hostedQueues },
  };
  const nums = options.topicQueues ?? 2;
  const header = encodeHeader(CreateTopicRequestHeader, {
    ...{ topic: 'S', defaultTopic: 'TBW102', readQueueNums: nums, writeQueueNums: nums, perm: 6 },
    ...{ topicFilterType: 'SINGLE_TAG', order: false, force: options.force },
  });
  return peer.call(RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC, header, encodeTopicQueueMappingDetail(detail));
}

function offsetOf(peer: TestPeer, code: number, queueId: number, fields: Record<string, string> = {}) {
  return peer.call(code, { topic: 'S', queueId: String(queueId), ...fields });
}

const bodies = (response: RemotingCommand) => messagesOf(response).map(({ body }) => body.toString());

test('a logical queue is served from the physical one behind it, also after a restart', async (t) => {
  const first = await startTestBroker(t);
  const { peer, folder } = first;
  t.is((await map(peer, 'broker-a', { 0: [['broker-a', 1, 0]], 1: [['broker-a', 0, 0]] })).code, 0);
  // With a unique key and a plain header a send is one for the fast way, which must leave it alone.
  const sent = await peer.send('S', 'to logical 0', { properties: { UNIQ_KEY: 'K'.repeat(32) }, header: { e: 0 } });
  t.like(sent.extFields, { queueId: '0', queueOffset: '0' });
  const anyQueue = await peer.send('S', 'anywhere', { header: { e: -1 } });
  t.is(anyQueue.extFields?.queueId, '0');
  const found = await peer.pull('S', { queueId: 0 });
  t.deepEqual(bodies(found), ['to logical 0', 'anywhere']);
  t.is(messagesOf(found)[0]?.queueId, 1);
  t.like(found.extFields, { nextBeginOffset: '2', maxOffset: '2', offsetDelta: '0' });
  t.is((await peer.pull('S', { queueId: 1 })).code, ResponseCode.PULL_NOT_FOUND);
  await peer.heartbeat('consumers', { S: '*' });
  const ids = { consumerGroup: 'consumers' };
  await offsetOf(peer, RequestCode.UPDATE_CONSUMER_OFFSET, 0, { ...ids, commitOffset: '1' });
  t.is((await offsetOf(peer, RequestCode.QUERY_CONSUMER_OFFSET, 0, ids)).extFields?.offset, '1');
  const physical = await offsetOf(peer, RequestCode.QUERY_CONSUMER_OFFSET, 1, { ...ids, lo: 'false' });
  t.is(physical.extFields?.offset, '1', 'lo=false asks for the physical queue');
  t.is((await offsetOf(peer, RequestCode.GET_MAX_OFFSET, 0)).extFields?.offset, '2');
  t.is((await offsetOf(peer, RequestCode.GET_MAX_OFFSET, 1)).extFields?.offset, '0');
  await first.broker.shutdown();
  const second = await startTestBroker(t, {}, { folder });
  t.deepEqual(bodies(await second.peer.pull('S', { queueId: 0 })), ['to logical 0', 'anywhere']);
  const config = await second.peer.call(RequestCode.GET_TOPIC_CONFIG, { topic: 'S', lo: 'true' });
  t.is(decodeTopicConfigAndQueueMapping(config.body).mappingDetail?.hostedQueues.get(0)?.[0]?.queueId, 1);
});

test('a pull of a logical queue that finds nothing is held, and woken by a send to it', async (t) => {
  const { peer } = await startTestBroker(t);
  await map(peer, 'broker-a', { 0: [['broker-a', 1, 500]], 1: [['broker-a', 0, 0]] });
  const held = peer.pull('S', { queueId: 0, offset: 500, suspendMs: 15_000 });
  const sent = await peer.send('S', 'wakes', { header: { e: 0 } });
  t.is(sent.extFields?.queueOffset, '500');
  const woken = await held;
  t.deepEqual(bodies(woken), ['wakes']);
  t.like(woken.extFields, { nextBeginOffset: '501', offsetDelta: '500' });
});

test('mappings that break the rules are refused, and leave topic and mapping as they were', async (t) => {
  const { peer } = await startTestBroker(t);
  const queues = { 0: [['broker-a', 1, 0]] } as const;
  const foreign = await map(peer, 'broker-b', queues);
  t.is(foreign.code, ResponseCode.SYSTEM_ERROR);
  t.regex(foreign.remark ?? '', /The mapping is of broker broker-b/);
  t.is((await peer.call(RequestCode.GET_TOPIC_CONFIG, { topic: 'S' })).code, ResponseCode.TOPIC_NOT_EXIST);
  await map(peer, 'broker-a', queues, { epoch: 5 });
  const old = await map(peer, 'broker-a', queues, { epoch: 4, topicQueues: 9 });
  t.is(old.remark, "Can't accept data with small epoch 4 < 5");
  const gone = await map(peer, 'broker-a', { 7: [['broker-a', 1, 0]] }, { epoch: 5 });
  t.is(gone.remark, 'Cannot accept equal epoch with null data');
  const config = await peer.call(RequestCode.GET_TOPIC_CONFIG, { topic: 'S' });
  t.is(decodeTopicConfigAndQueueMapping(config.body).readQueueNums, 2);
  t.is((await map(peer, 'broker-a', { 7: [['broker-a', 1, 0]] }, { epoch: 1, force: true })).code, 0);
  t.deepEqual(bodies(await peer.pull('S', { queueId: 0 })), [], 'the forced mapping keeps the other queues');
});

test('a queue that this broker does not lead is refused with 501, and deleting the topic ends the mapping', async (t) => {
  const { peer } = await startTestBroker(t);
  await map(peer, 'broker-a', {
    0: [
      ['broker-a', 0, 0, 10],
      ['broker-b', 0, 100],
    ],
    1: [['broker-a', 1, 0]],
  });
  const remark = 'S-0 does not exit in request process of current broker broker-a';
  for (const response of [
    await peer.send('S', 'x', { header: { e: 0 } }),
    await peer.pull('S', { queueId: 0 }),
    await offsetOf(peer, RequestCode.GET_MAX_OFFSET, 0),
    await offsetOf(peer, RequestCode.QUERY_CONSUMER_OFFSET, 0, { consumerGroup: 'g' }),
  ]) {
    t.is(response.code, ResponseCode.NOT_LEADER_FOR_QUEUE);
    t.is(response.remark, remark);
  }
  await peer.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 'S' });
  await peer.createTopic('S', 1);
  t.is((await peer.send('S', 'plain again', { header: { e: 0 } })).code, ResponseCode.SUCCESS);
});

/** Queue 0 of S moved from broker-a, which has three of its messages, to broker-b, where it goes on at 1000. */
async function moved(t: ExecutionContext): Promise<{ a: TestBroker; b: TestBroker; namesrv: string }> {
  const { addr: namesrvAddr } = await startNamesrv(t);
  const a = await startTestBroker(t, { brokerName: 'broker-a', namesrvAddr });
  const b = await startTestBroker(t, { brokerName: 'broker-b', namesrvAddr });
  await map(a.peer, 'broker-a', { 0: [['broker-a', 0, 0]] }, { epoch: 1, topicQueues: 1 });
  for (const body of ['a0', 'a1', 'a2']) await a.peer.send('S', body, { header: { e: 0 } });
  const queues = {
    0: [
      ['broker-a', 0, 0, 3],
      ['broker-b', 0, 1000],
    ],
  } as const;
  t.is((await map(b.peer, 'broker-b', queues, { epoch: 2, topicQueues: 1 })).code, 0);
  t.is((await map(a.peer, 'broker-a', queues, { epoch: 2, topicQueues: 1 })).code, 0);
  const sent = await b.peer.send('S', 'b0', { header: { e: 0 } });
  t.like(sent.extFields, { queueId: '0', queueOffset: '1000' });
  return { a, b, namesrv: namesrvAddr };
}

test('after a move the new broker serves the whole logical queue, the old part through the old broker', async (t) => {
  const { b, namesrv } = await moved(t);
  const { peer } = b;
  const old = await peer.pull('S', { offset: 1, suspendMs: 15_000 });
  t.deepEqual(bodies(old), ['a1', 'a2']);
  t.like(old.extFields, { nextBeginOffset: '3', minOffset: '0', maxOffset: '1000' });
  const end = await peer.pull('S', { offset: 3, suspendMs: 15_000 });
  t.is(end.code, ResponseCode.PULL_RETRY_IMMEDIATELY, 'the consumer is sent on, not held');
  t.is(end.extFields?.nextBeginOffset, '1000');
  t.deepEqual(bodies(await peer.pull('S', { offset: 1000 })), ['b0']);
  t.is((await offsetOf(peer, RequestCode.GET_MIN_OFFSET, 0)).extFields?.offset, '0');
  t.is((await offsetOf(peer, RequestCode.GET_MAX_OFFSET, 0)).extFields?.offset, '1001');
  const first = await offsetOf(peer, RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, 0, { timestamp: '0' });
  t.is(first.extFields?.offset, '0');
  const late = await offsetOf(peer, RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, 0, { timestamp: String(4e12) });
  t.is(late.extFields?.offset, '1001');
  t.true(Number((await offsetOf(peer, RequestCode.GET_EARLIEST_MSG_STORETIME, 0)).extFields?.timestamp) > 0);
  const route = await new TestPeer(t, namesrv).call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: 'S' });
  const mappings = decodeTopicRouteData(route.body).topicQueueMappingByBroker;
  t.deepEqual(mappings?.['broker-b']?.currIdMap, new Map([[0, 0]]));
  t.deepEqual(mappings?.['broker-a']?.currIdMap, new Map());
});

test('offsets of a moved queue are committed where the messages are, and found again', async (t) => {
  const { a, b } = await moved(t);
  for (const { peer } of [a, b]) await peer.heartbeat('consumers', { S: '*' });
  const ids = { consumerGroup: 'consumers' };
  const query = () => offsetOf(b.peer, RequestCode.QUERY_CONSUMER_OFFSET, 0, ids);
  const none = await query();
  t.is(none.code, ResponseCode.QUERY_NOT_FOUND);
  const update = (commitOffset: string) =>
    offsetOf(b.peer, RequestCode.UPDATE_CONSUMER_OFFSET, 0, { ...ids, commitOffset });
  t.is((await update('2')).code, ResponseCode.SUCCESS);
  t.is((await query()).extFields?.offset, '2');
  const atOld = await offsetOf(a.peer, RequestCode.QUERY_CONSUMER_OFFSET, 0, { ...ids, lo: 'false' });
  t.is(atOld.extFields?.offset, '2');
  await update('1001');
  t.is((await query()).extFields?.offset, '1001');
  const atNew = await offsetOf(b.peer, RequestCode.QUERY_CONSUMER_OFFSET, 0, { ...ids, lo: 'false' });
  t.is(atNew.extFields?.offset, '1', 'physical offsets are stored');
});

test('an old broker that cannot be reached fails the request, not the broker', async (t) => {
  const { a, b } = await moved(t);
  await a.broker.shutdown();
  const failed = await b.peer.pull('S', { offset: 1 });
  t.is(failed.code, ResponseCode.SYSTEM_ERROR);
  t.deepEqual(bodies(await b.peer.pull('S', { offset: 1000 })), ['b0']);
});
