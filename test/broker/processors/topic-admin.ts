import test from 'ava';
import {
  dataVersionToJson,
  decodeTopicConfigAndMappingSerializeWrapper,
  decodeTopicList,
  encodeCreateTopicListRequestBody,
} from '../../../src/protocol/bodies.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import type { TopicConfig } from '../../../src/protocol/topic-config.js';
import { messagesOf, startTestBroker, type TestPeer } from '../../helper/broker.js';

function topic(topicName: string, overrides: Partial<TopicConfig> = {}): TopicConfig {
  return {
    topicName,
    readQueueNums: 4,
    writeQueueNums: 4,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
    ...overrides,
  };
}

async function configOf(peer: TestPeer, name: string): Promise<Record<string, unknown> | null> {
  const response = await peer.call(RequestCode.GET_TOPIC_CONFIG, { topic: name });
  return response.code === ResponseCode.SUCCESS ? JSON.parse(response.body?.toString() ?? '') : null;
}

async function allTopics(peer: TestPeer, extFields: Record<string, string> | null = null) {
  const response = await peer.call(RequestCode.GET_ALL_TOPIC_CONFIG, extFields);
  return { ...decodeTopicConfigAndMappingSerializeWrapper(response.body), total: response.extFields?.totalTopicNum };
}

test('a topic is created as asked and can be read back', async (t) => {
  const { peer } = await startTestBroker(t);
  const response = await peer.createTopic('T', 3, { order: true, perm: 4, attributes: '+message.type=FIFO' });
  t.is(response.code, ResponseCode.SUCCESS);
  t.like(await configOf(peer, 'T'), {
    topicName: 'T',
    readQueueNums: 3,
    writeQueueNums: 3,
    perm: 4,
    order: true,
    attributes: { 'message.type': 'FIFO' },
  });
  const missing = await peer.call(RequestCode.GET_TOPIC_CONFIG, { topic: 'missing' });
  t.is(missing.code, ResponseCode.TOPIC_NOT_EXIST);
  t.is(missing.remark, 'No topic in this broker. topic: missing');
});

test('the same topic again is no change', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 3);
  const { dataVersion } = await allTopics(peer);
  t.is((await peer.createTopic('T', 3)).code, ResponseCode.SUCCESS);
  t.deepEqual((await allTopics(peer)).dataVersion, dataVersion);
});

test('bad names, system topics, MIXED topics and bad attributes are refused', async (t) => {
  const { peer } = await startTestBroker(t);
  const name = await peer.createTopic('no.dots', 1);
  t.is(name.code, ResponseCode.INVALID_PARAMETER);
  const system = await peer.createTopic('TBW102', 1);
  t.is(system.code, ResponseCode.INVALID_PARAMETER);
  t.is(system.remark, 'The topic[TBW102] is conflict with system topic.');
  t.is((await peer.createTopic('DefaultCluster', 1)).code, ResponseCode.INVALID_PARAMETER, "the cluster's own topic");
  const mixed = await peer.createTopic('T', 1, { attributes: '+message.type=MIXED' });
  t.is(mixed.code, ResponseCode.INVALID_PARAMETER);
  t.is(mixed.remark, 'MIXED message type is not supported.');
  const attribute = await peer.createTopic('T', 1, { attributes: '+no.such=1' });
  t.is(attribute.code, ResponseCode.SYSTEM_ERROR);
  t.is(attribute.remark, 'unsupported key: no.such');
  t.is(await configOf(peer, 'T'), null);
});

test('a topic with more queues than could be listed is refused', async (t) => {
  const { peer } = await startTestBroker(t);
  const tooMany = [{ readQueueNums: 2_147_483_647 }, { writeQueueNums: 65_537 }];
  for (const header of tooMany) {
    const response = await peer.createTopic('T', 4, header);
    t.is(response.code, ResponseCode.INVALID_PARAMETER);
    t.is(response.remark, 'The topic[T] may have at most 65536 queues.');
  }
  t.is((await peer.createTopic('T', 65_536)).code, ResponseCode.SUCCESS);
});

test('a list of topics is created as a whole or not at all', async (t) => {
  const { peer } = await startTestBroker(t);
  const create = (...topicConfigList: TopicConfig[]) =>
    peer.call(RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, null, encodeCreateTopicListRequestBody({ topicConfigList }));
  t.is((await create(topic('A'), topic('B'))).code, ResponseCode.SUCCESS);
  t.truthy(await configOf(peer, 'B'));
  t.is((await create(topic('C'), topic('no.dots'))).code, ResponseCode.INVALID_PARAMETER);
  t.is(await configOf(peer, 'C'), null);
});

test('deleting a topic takes its messages, offsets and counters with it', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.send('T', 'x');
  await peer.pull('T', { group: 'g', commitOffset: 1 });
  t.is((await peer.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 'T' })).code, ResponseCode.SUCCESS);
  t.is(await configOf(peer, 'T'), null);
  const offset = { consumerGroup: 'g', topic: 'T', queueId: '0' };
  t.is((await peer.call(RequestCode.QUERY_CONSUMER_OFFSET, offset)).code, ResponseCode.QUERY_NOT_FOUND);
  const stats = { statsName: 'TOPIC_PUT_NUMS', statsKey: 'T' };
  t.is((await peer.call(RequestCode.VIEW_BROKER_STATS_DATA, stats)).code, ResponseCode.SYSTEM_ERROR);
  await peer.createTopic('T', 1);
  await peer.send('T', 'anew');
  const again = messagesOf(await peer.pull('T'));
  t.deepEqual(
    again.map((message) => [message.queueOffset, message.body.toString()]),
    [[0, 'anew']],
  );
});

test('deleting an unknown topic succeeds, deleting a system or blank one does not', async (t) => {
  const { peer } = await startTestBroker(t);
  const remove = (name: string) => peer.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: name });
  t.is((await remove('missing')).code, ResponseCode.SUCCESS);
  t.is((await remove('TBW102')).code, ResponseCode.INVALID_PARAMETER);
  const blank = await remove(' ');
  t.is(blank.code, ResponseCode.INVALID_PARAMETER);
  t.is(blank.remark, 'The specified topic is blank.');
});

test('all topics come at once to who does not ask for pages', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  const { topicConfigTable, total } = await allTopics(peer);
  t.true('T' in topicConfigTable && 'TBW102' in topicConfigTable);
  t.is(total, String(Object.keys(topicConfigTable).length));
});

test('pages together are the whole table', async (t) => {
  const { peer } = await startTestBroker(t);
  const whole = await allTopics(peer);
  const names: string[] = [];
  for (let seq = 0; seq < Number(whole.total); seq += 5) {
    const dataVersion = dataVersionToJson(whole.dataVersion);
    const page = await allTopics(peer, { topicSeq: String(seq), dataVersion, maxTopicNum: '5' });
    names.push(...Object.keys(page.topicConfigTable));
  }
  t.deepEqual(names.sort(), Object.keys(whole.topicConfigTable).sort());
});

test('system topics are listed', async (t) => {
  const { peer } = await startTestBroker(t);
  const response = await peer.call(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER);
  const { topicList } = decodeTopicList(response.body);
  for (const name of ['TBW102', 'SCHEDULE_TOPIC_XXXX', 'DefaultCluster', 'broker-a', 'DefaultCluster_REPLY_TOPIC']) {
    t.true(topicList.includes(name), name);
  }
});
