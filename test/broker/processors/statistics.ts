import test from 'ava';
import {
  decodeBrokerStatsData,
  decodeConsumeStats,
  decodeConsumeStatsList,
  decodeTopicStatsTable,
} from '../../../src/protocol/bodies.js';
import type { ExtFields } from '../../../src/protocol/header-schema.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { startTestBroker } from '../../helper/broker.js';
import { ManualClock } from '../../helper/manual-clock.js';

test('topic stats list the larger of read and write queues', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1, { readQueueNums: 3 });
  await peer.send('T', 'x');
  const response = await peer.call(RequestCode.GET_TOPIC_STATS_INFO, { topic: 'T' });
  const { offsetTable } = decodeTopicStatsTable(response.body);
  t.deepEqual(
    offsetTable.map((queue) => [queue.mq.queueId, queue.minOffset, queue.maxOffset]),
    [
      [0, 0, 1],
      [1, 0, 0],
      [2, 0, 0],
    ],
  );
  t.true((offsetTable[0]?.lastUpdateTimestamp ?? 0) > 0);
  t.is(offsetTable[1]?.lastUpdateTimestamp, 0, 'an empty queue was never updated');
  const missing = await peer.call(RequestCode.GET_TOPIC_STATS_INFO, { topic: 'missing' });
  t.is(missing.code, ResponseCode.TOPIC_NOT_EXIST);
  t.is(missing.remark, 'topic[missing] not exist');
});

test('consume stats show how far a group is, committed and handed out', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 2);
  for (let i = 0; i < 5; i++) await peer.send('T', 'x');
  await peer.pull('T', { group: 'g', commitOffset: 0 });
  await peer.call(RequestCode.UPDATE_CONSUMER_OFFSET, {
    consumerGroup: 'g',
    topic: 'T',
    queueId: '0',
    commitOffset: '2',
  });
  const response = await peer.call(RequestCode.GET_CONSUME_STATS, { consumerGroup: 'g' });
  const { offsetTable } = decodeConsumeStats(response.body);
  t.is(offsetTable.length, 2);
  t.like(offsetTable[0], { brokerOffset: 5, consumerOffset: 2, pullOffset: 5 });
  t.true((offsetTable[0]?.lastTimestamp ?? 0) > 0);
  t.like(offsetTable[1], { brokerOffset: 0, consumerOffset: 0, lastTimestamp: 0 });
});

test('an unknown group has empty stats', async (t) => {
  const { peer } = await startTestBroker(t);
  const response = await peer.call(RequestCode.GET_CONSUME_STATS, { consumerGroup: 'nobody' });
  t.is(response.code, ResponseCode.SUCCESS);
  t.deepEqual(decodeConsumeStats(response.body).offsetTable, []);
});

test('an online group is not asked about topics that it left, unless they are named in a list', async (t) => {
  const { peer } = await startTestBroker(t);
  for (const topic of ['T', 'U']) {
    await peer.createTopic(topic, 1);
    await peer.pull(topic, { group: 'g', commitOffset: 0 });
  }
  await peer.heartbeat('g', { T: '*' });
  const topics = async (fields: ExtFields) => {
    const response = await peer.call(RequestCode.GET_CONSUME_STATS, { consumerGroup: 'g', ...fields });
    return decodeConsumeStats(response.body).offsetTable.map((queue) => queue.mq.topic);
  };
  t.deepEqual(await topics({}), ['T']);
  t.deepEqual(await topics({ topic: 'U' }), []);
  t.deepEqual(await topics({ topicList: 'U;T' }), ['U', 'T']);
});

test('the stats of all groups sum up what is left', async (t) => {
  const { peer, addr } = await startTestBroker(t);
  await peer.createTopic('T', 1, { order: true });
  await peer.createTopic('U', 1);
  for (const topic of ['T', 'U']) {
    for (let i = 0; i < 4; i++) await peer.send(topic, 'x');
    await peer.pull(topic, { group: 'g', commitOffset: 1 });
  }
  const ask = async (isOrder: boolean) => {
    const response = await peer.call(RequestCode.GET_BROKER_CONSUME_STATS, { isOrder: String(isOrder) });
    return decodeConsumeStatsList(response.body);
  };
  const all = await ask(false);
  t.like(all, { brokerAddr: addr, totalDiff: 6, totalInflightDiff: 6 });
  t.is(all.consumeStatsList.find((entry) => 'g' in entry)?.g?.length, 2);
  t.is((await ask(true)).totalDiff, 3);
});

test('counters can be viewed over minute, hour and day', async (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const { peer } = await startTestBroker(t, {}, { clock });
  await peer.createTopic('T', 1);
  for (let i = 0; i < 20; i++) await peer.send('T', 'x', { properties: { UNIQ_KEY: `K${i}` } });
  await peer.pull('T', { group: 'g' });
  await clock.advanceAsync(10_000);
  const view = (statsName: string, statsKey: string) =>
    peer.call(RequestCode.VIEW_BROKER_STATS_DATA, { statsName, statsKey });
  const put = decodeBrokerStatsData((await view('TOPIC_PUT_NUMS', 'T')).body);
  t.deepEqual(put.statsMinute, { sum: 20, tps: 2, avgpt: 1 });
  const got = decodeBrokerStatsData((await view('GROUP_GET_NUMS', 'T@g')).body);
  t.deepEqual(got.statsMinute, { sum: 20, tps: 2, avgpt: 20 });
  const missing = await view('TOPIC_PUT_NUMS', 'missing');
  t.is(missing.code, ResponseCode.SYSTEM_ERROR);
  t.is(missing.remark, 'The stats <TOPIC_PUT_NUMS> <missing> not exist');
});
