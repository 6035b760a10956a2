import test from 'ava';
import { decodeGetConsumerListByGroupResponseBody } from '../../../src/protocol/bodies.js';
import type { ExtFields } from '../../../src/protocol/header-schema.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { startTestBroker, type TestPeer } from '../../helper/broker.js';

function query(peer: TestPeer, fields: ExtFields = {}) {
  const extFields = { consumerGroup: 'g', topic: 'T', queueId: '0', ...fields };
  return peer.call(RequestCode.QUERY_CONSUMER_OFFSET, extFields);
}

function update(peer: TestPeer, fields: Record<string, string | undefined> = {}) {
  const extFields = { consumerGroup: 'g', topic: 'T', queueId: '0', commitOffset: '5', ...fields };
  const present = Object.entries(extFields).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return peer.call(RequestCode.UPDATE_CONSUMER_OFFSET, Object.fromEntries(present));
}

test('a committed offset is answered, even a smaller one and one beyond the queue', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.heartbeat('g', { T: '*' });
  t.is((await update(peer, { commitOffset: '500' })).code, ResponseCode.SUCCESS);
  t.is((await query(peer)).extFields?.offset, '500');
  await update(peer, { commitOffset: '2' });
  t.is((await query(peer)).extFields?.offset, '2');
});

test('a new group on a small queue starts at 0, whatever it wishes', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.send('T', 'x');
  const response = await query(peer);
  t.is(response.code, ResponseCode.SUCCESS);
  t.is(response.extFields?.offset, '0');
});

test('a new group on an empty queue has to decide for itself', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  const response = await query(peer);
  t.is(response.code, ResponseCode.QUERY_NOT_FOUND);
  t.is(response.remark, 'Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first');
});

test('who does not want 0 is told so', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.send('T', 'x');
  const response = await query(peer, { setZeroIfNotFound: 'false' });
  t.is(response.code, ResponseCode.QUERY_NOT_FOUND);
  t.is(response.remark, 'Not found, do not set to zero, maybe this group boot first');
});

test('the reader of a light queue commits as a group of that name, which nobody made', async (t) => {
  const { peer } = await startTestBroker(t, { enableLmq: true, enableMultiDispatch: true });
  const fields = { consumerGroup: '%LMQ%q', topic: '%LMQ%q' };
  t.is((await update(peer, { ...fields, commitOffset: '3' })).code, ResponseCode.SUCCESS);
  t.is((await query(peer, fields)).extFields?.offset, '3');
  t.is((await update(peer, { ...fields, consumerGroup: 'g' })).code, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
});

test('commits need a known group and a known topic, and do not make them', async (t) => {
  const { peer } = await startTestBroker(t);
  const group = await update(peer);
  t.is(group.code, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
  t.is(group.remark, 'Group g not exist!');
  await peer.heartbeat('g', { T: '*' });
  const topic = await update(peer);
  t.is(topic.code, ResponseCode.TOPIC_NOT_EXIST);
  t.is(topic.remark, 'Topic T not exist!');
});

test('commits without a queue or an offset are 29', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.heartbeat('g', { T: '*' });
  const queueId = await update(peer, { queueId: undefined });
  t.is(queueId.code, ResponseCode.INVALID_PARAMETER);
  t.is(queueId.remark, 'QueueId is null, topic is T');
  const offset = await update(peer, { commitOffset: undefined });
  t.is(offset.code, ResponseCode.INVALID_PARAMETER);
  t.is(offset.remark, 'Offset is null, topic is T');
});

test('commits are ignored while a reset waits for its pull', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  for (const body of ['a', 'b', 'c']) await peer.send('T', body);
  await peer.heartbeat('g', { T: '*' });
  await peer.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, {
    topic: 'T',
    group: 'g',
    timestamp: '0',
    isForce: 'false',
    queueId: '0',
    offset: '1',
  });
  const ignored = await update(peer, { commitOffset: '3' });
  t.is(ignored.code, ResponseCode.SUCCESS);
  t.is(ignored.remark, 'Offset has been previously reset');
  t.is((await query(peer)).extFields?.offset, '1');
  await peer.pull('T', { group: 'g', offset: 3 });
  await update(peer, { commitOffset: '2' });
  t.is((await query(peer)).extFields?.offset, '2');
});

test('members of a group are listed by client id', async (t) => {
  const { peer, connect } = await startTestBroker(t);
  await peer.heartbeat('g', { T: '*' }, { clientId: 'a' });
  await connect().heartbeat('g', { T: '*' }, { clientId: 'b' });
  const list = await peer.call(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup: 'g' });
  t.deepEqual(decodeGetConsumerListByGroupResponseBody(list.body).consumerIdList.sort(), ['a', 'b']);
  const none = await peer.call(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup: 'h' });
  t.is(none.code, ResponseCode.SYSTEM_ERROR);
  t.is(none.remark, 'no consumer for this group, h');
});
