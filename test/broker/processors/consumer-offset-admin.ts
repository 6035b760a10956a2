import test from 'ava';
import {
  decodeConsumerOffsetSerializeWrapper,
  decodeGetConsumerStatusBody,
  decodeQueryConsumeTimeSpanBody,
  decodeQueryCorrectionOffsetBody,
  decodeResetOffsetBody,
  encodeGetConsumerStatusBody,
} from '../../../src/protocol/bodies.js';
import type { ExtFields } from '../../../src/protocol/header-schema.js';
import { createRequest, createResponse, type RemotingCommand } from '../../../src/protocol/remoting-command.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { startTestBroker, type TestPeer } from '../../helper/broker.js';
import { until } from '../../helper/remoting.js';

function reset(peer: TestPeer, fields: ExtFields = {}, init: Partial<RemotingCommand> = {}) {
  const extFields = { topic: 'T', group: 'g', timestamp: '-1', isForce: 'true', ...fields };
  return peer.invoke(createRequest(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, extFields, null, init));
}

function commit(peer: TestPeer, group: string, topic: string, queueId: number, offset: number) {
  const extFields = { consumerGroup: group, topic, queueId: String(queueId), commitOffset: String(offset) };
  return peer.call(RequestCode.UPDATE_CONSUMER_OFFSET, extFields);
}

async function query(peer: TestPeer, group: string, topic = 'T', queueId = 0): Promise<string | undefined> {
  const extFields = { consumerGroup: group, topic, queueId: String(queueId), setZeroIfNotFound: 'false' };
  return (await peer.call(RequestCode.QUERY_CONSUMER_OFFSET, extFields)).extFields?.offset;
}

test('a reset to the end works for an offline group and lists every read queue', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 2);
  await peer.send('T', 'a');
  await peer.pull('T', { group: 'g' });
  const response = await reset(peer);
  t.is(response.code, ResponseCode.SUCCESS, response.remark ?? '');
  t.deepEqual(decodeResetOffsetBody(response.body).offsetTable, [
    { mq: { topic: 'T', brokerName: 'broker-a', queueId: 0 }, offset: 1 },
    { mq: { topic: 'T', brokerName: 'broker-a', queueId: 1 }, offset: 0 },
  ]);
  t.is(await query(peer, 'g'), '1');
});

test('a reset by time takes the first message stored then or later', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  for (const body of ['a', 'b']) await peer.send('T', body);
  await peer.pull('T', { group: 'g' });
  const offsetAt = async (timestamp: number) =>
    decodeResetOffsetBody((await reset(peer, { timestamp: String(timestamp) })).body).offsetTable[0]?.offset;
  t.is(await offsetAt(0), 0);
  t.is(await offsetAt(Date.UTC(2100, 0, 1)), 2);
});

test('a reset of one queue takes offsets from its beginning to one past its end', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 2);
  await peer.send('T', 'a');
  await peer.pull('T', { group: 'g' });
  t.is((await reset(peer, { queueId: '0', offset: '2' })).code, ResponseCode.SUCCESS);
  const beyond = await reset(peer, { queueId: '0', offset: '3' });
  t.is(beyond.code, ResponseCode.SYSTEM_ERROR);
  t.is(beyond.remark, 'Target offset 3 not in consume queue range [0-1]');
});

test('a reset needs a known topic and a known group', async (t) => {
  const { peer } = await startTestBroker(t);
  const topic = await reset(peer);
  t.is(topic.code, ResponseCode.TOPIC_NOT_EXIST);
  t.is(topic.remark, 'Topic T does not exist');
  await peer.createTopic('T', 1);
  const group = await reset(peer);
  t.is(group.code, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
  t.is(group.remark, 'Group g does not exist');
});

test('without the server-side way the members are told, in the form of the administrator', async (t) => {
  const { peer, connect } = await startTestBroker(t, { useServerSideResetOffset: false });
  await peer.createTopic('T', 1);
  for (const body of ['a', 'b']) await peer.send('T', body);
  const consumer = connect();
  const told: RemotingCommand[] = [];
  consumer.client.registerProcessor(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, (request) => {
    told.push(request);
    return null;
  });
  const unknown = await reset(peer);
  t.is(unknown.remark, 'THe consumer group <g> not exist');
  await consumer.heartbeat('g', { T: '*' });
  await commit(peer, 'g', 'T', 0, 1);
  t.is((await reset(peer, { timestamp: '0', isForce: 'false' })).code, ResponseCode.SUCCESS);
  await until(() => told.length === 1);
  t.deepEqual(decodeResetOffsetBody(told[0]?.body ?? null).offsetTable[0]?.offset, 0);
  await reset(peer, { isForce: 'false' });
  await until(() => told.length === 2);
  t.deepEqual(decodeResetOffsetBody(told[1]?.body ?? null).offsetTable[0]?.offset, 1, 'forward only by force');
  await reset(peer, {}, { language: 'CPP' });
  await until(() => told.length === 3);
  t.is(told[2]?.body?.toString().includes('"offsetTable":[{'), true);
  t.is(await query(peer, 'g'), '1', 'the members commit, not the broker');
});

test('without the server-side way an offline group cannot be reset', async (t) => {
  const { peer } = await startTestBroker(t, { useServerSideResetOffset: false });
  await peer.createTopic('T', 1);
  await peer.pull('T', { group: 'g', commitOffset: 0 });
  const response = await reset(peer);
  t.is(response.code, ResponseCode.CONSUMER_NOT_ONLINE);
  t.is(response.remark, 'Consumer not online, so can not reset offset, Group: g Topic: T Timestamp: -1');
});

test('members tell where they are', async (t) => {
  const { peer, connect } = await startTestBroker(t);
  const a = connect();
  const b = connect();
  const mq = { topic: 'T', brokerName: 'broker-a', queueId: 0 };
  a.client.registerProcessor(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, (request) => {
    const body = encodeGetConsumerStatusBody({ messageQueueTable: [{ mq, offset: 7 }], consumerTable: {} });
    return createResponse(request, ResponseCode.SUCCESS, null, null, body);
  });
  await a.heartbeat('g', { T: '*' }, { clientId: 'a' });
  await b.heartbeat('g', { T: '*' }, { clientId: 'b' });
  const ask = (fields: ExtFields = {}) =>
    peer.call(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, { topic: 'T', group: 'g', ...fields });
  const one = decodeGetConsumerStatusBody((await ask({ clientAddr: 'a' })).body);
  t.deepEqual({ ...one.consumerTable }, { a: [{ mq, offset: 7 }] });
  const all = decodeGetConsumerStatusBody((await ask()).body);
  t.deepEqual(Object.keys(all.consumerTable), ['a'], 'a member that cannot answer is left out');
  t.is((await ask({ group: 'h' })).code, ResponseCode.SYSTEM_ERROR);
});

test('offsets are cloned for one topic, and without a topic none are', async (t) => {
  const { peer } = await startTestBroker(t);
  for (const topic of ['T', 'U']) {
    await peer.createTopic(topic, 1);
    await peer.pull(topic, { group: 'from' });
    await commit(peer, 'from', topic, 0, 5);
  }
  const clone = (fields: ExtFields) =>
    peer.call(RequestCode.CLONE_GROUP_OFFSET, { srcGroup: 'from', destGroup: 'to', offline: 'false', ...fields });
  t.is((await clone({ topic: 'T' })).code, ResponseCode.SUCCESS);
  t.is(await query(peer, 'to', 'T'), '5');
  t.is(await query(peer, 'to', 'U'), undefined);
  t.is((await clone({ topic: '' })).code, ResponseCode.SUCCESS);
  t.is(await query(peer, 'to', 'U'), undefined);
  t.is((await clone({ topic: 'U' })).code, ResponseCode.SUCCESS);
  t.is(await query(peer, 'to', 'U'), '5');
});

test('a correction is the smallest offset over all groups, or none', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 2);
  for (const group of ['a', 'b', 'compare']) await peer.pull('T', { group });
  await commit(peer, 'a', 'T', 0, 10);
  await commit(peer, 'b', 'T', 0, 20);
  await commit(peer, 'a', 'T', 1, 30);
  await commit(peer, 'compare', 'T', 0, 15);
  await commit(peer, 'compare', 'T', 1, 25);
  const ask = async (fields: ExtFields = {}) => {
    const extFields = { compareGroup: 'compare', topic: 'T', ...fields };
    const response = await peer.call(RequestCode.QUERY_CORRECTION_OFFSET, extFields);
    return [...decodeQueryCorrectionOffsetBody(response.body).correctionOffsets].sort((x, y) => x[0] - y[0]);
  };
  t.deepEqual(await ask(), [
    [0, 10],
    [1, 25],
  ]);
  t.deepEqual(await ask({ filterGroups: 'a,compare' }), [
    [0, Number.MAX_SAFE_INTEGER],
    [1, Number.MAX_SAFE_INTEGER],
  ]);
  t.is(await query(peer, 'a'), '10', 'asking changes nothing');
});

test('the time span of a group shows how long its next message has waited', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 2);
  await peer.send('T', 'a');
  const ask = (topic: string) => peer.call(RequestCode.QUERY_CONSUME_TIME_SPAN, { topic, group: 'g' });
  const [full, empty] = decodeQueryConsumeTimeSpanBody((await ask('T')).body).consumeTimeSpanSet;
  t.true((full?.minTimeStamp ?? 0) > 0);
  t.is(full?.minTimeStamp, full?.maxTimeStamp);
  t.true((full?.delayTime ?? -1) >= 0 && (full?.delayTime ?? 0) < 60_000);
  t.like(empty, { minTimeStamp: -1, delayTime: 0 });
  t.is((await ask('missing')).code, ResponseCode.TOPIC_NOT_EXIST);
});

test('all offsets are told at once', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.pull('T', { group: 'g', commitOffset: 4 });
  const response = await peer.call(RequestCode.GET_ALL_CONSUMER_OFFSET);
  const { offsetTable } = decodeConsumerOffsetSerializeWrapper(response.body);
  t.deepEqual([...(offsetTable['T@g'] ?? [])], [[0, 4]]);
});
