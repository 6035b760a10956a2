import test from 'ava';
import {
  decodeConsumerConnection,
  decodeGroupList,
  decodeProducerConnection,
  decodeProducerTableInfo,
  decodeQuerySubscriptionResponseBody,
  decodeTopicList,
} from '../../../src/protocol/bodies.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { startTestBroker } from '../../helper/broker.js';

test('consumers are listed with address, language, version and subscriptions', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.heartbeat('g', { T: 'A || B' }, { clientId: 'a' });
  const response = await peer.call(RequestCode.GET_CONSUMER_CONNECTION_LIST, { consumerGroup: 'g' });
  const connection = decodeConsumerConnection(response.body);
  t.like(connection, {
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
  });
  t.is(connection.connectionSet.length, 1);
  t.like(connection.connectionSet[0], { clientId: 'a', language: 'OTHER', version: 479 });
  t.regex(connection.connectionSet[0]?.clientAddr ?? '', /^127\.0\.0\.1:\d+$/);
  t.is(connection.subscriptionTable.T?.subString, 'A || B');
  const offline = await peer.call(RequestCode.GET_CONSUMER_CONNECTION_LIST, { consumerGroup: 'h' });
  t.is(offline.code, ResponseCode.CONSUMER_NOT_ONLINE);
  t.is(offline.remark, 'the consumer group[h] not online');
});

test('producers are listed by group and all together', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.producerHeartbeat('p', 'a');
  const response = await peer.call(RequestCode.GET_PRODUCER_CONNECTION_LIST, { producerGroup: 'p' });
  t.is(decodeProducerConnection(response.body).connectionSet[0]?.clientId, 'a');
  const all = decodeProducerTableInfo((await peer.call(RequestCode.GET_ALL_PRODUCER_INFO)).body);
  t.like(all.data.p?.[0], { clientId: 'a', language: 'OTHER', version: 479 });
  const offline = await peer.call(RequestCode.GET_PRODUCER_CONNECTION_LIST, { producerGroup: 'q' });
  t.is(offline.code, ResponseCode.SYSTEM_ERROR);
  t.is(offline.remark, 'the producer group[q] not exist');
});

test('the groups of a topic are those online and those with offsets', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.heartbeat('online', { T: '*' });
  await peer.pull('T', { group: 'offline', commitOffset: 0 });
  const response = await peer.call(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, { topic: 'T' });
  t.deepEqual(decodeGroupList(response.body).groupList.sort(), ['offline', 'online']);
});

test('the topics of a group are those with offsets', async (t) => {
  const { peer, addr } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.pull('T', { group: 'g', commitOffset: 0 });
  const list = decodeTopicList((await peer.call(RequestCode.QUERY_TOPICS_BY_CONSUMER, { group: 'g' })).body);
  t.deepEqual({ ...list }, { topicList: ['T'], brokerAddr: addr });
});

test('a subscription can be asked for', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.heartbeat('g', { T: 'A' });
  const ask = async (topic: string) => {
    const response = await peer.call(RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, { group: 'g', topic });
    return decodeQuerySubscriptionResponseBody(response.body);
  };
  t.is((await ask('T')).subscriptionData?.subString, 'A');
  t.falsy((await ask('U')).subscriptionData);
});
