/**
 * What each field of a SubscriptionGroupConfig does. consumeFromMinEnable, consumeMessageOrderly, groupRetryPolicy,
 * consumeTimeoutMinute, subscriptionDataSet and attributes do nothing in Apache's broker either: proxies read them.
 */
import test, { type ExecutionContext } from 'ava';
import type { BrokerConfig } from '../../src/broker/broker-config.js';
import { decodeSubscriptionGroupConfig, encodeSubscriptionGroupConfig } from '../../src/protocol/bodies.js';
import { encodeHeader } from '../../src/protocol/header-schema.js';
import { ConsumerSendMsgBackRequestHeader, PopMessageRequestHeader } from '../../src/protocol/headers.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import {
  defaultSubscriptionGroupConfig,
  type SubscriptionGroupConfig,
} from '../../src/protocol/subscription-group-config.js';
import { messagesOf, startTestBroker } from '../helper/broker.js';
import { turns, until } from '../helper/remoting.js';

/** A broker with a message in topic T, and group g with these fields. */
async function start(
  t: ExecutionContext,
  fields: Partial<SubscriptionGroupConfig>,
  overrides: Partial<BrokerConfig> = {},
) {
  const { peer } = await startTestBroker(t, overrides);
  await peer.createTopic('T', 1);
  const body = encodeSubscriptionGroupConfig({ ...defaultSubscriptionGroupConfig('g'), ...fields });
  t.is((await peer.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, null, body)).code, ResponseCode.SUCCESS);
  await peer.send('T', 'x');
  const sendBack = async () => {
    const [message] = messagesOf(await peer.pull('T', { group: 'others' }));
    const fields = { offset: message?.physicalOffset ?? -1, group: 'g', delayLevel: 0 };
    return peer.call(RequestCode.CONSUMER_SEND_MSG_BACK, encodeHeader(ConsumerSendMsgBackRequestHeader, fields));
  };
  const topic = async (name: string) => {
    const response = await peer.call(RequestCode.GET_TOPIC_CONFIG, { topic: name });
    return response.code === ResponseCode.SUCCESS ? JSON.parse(response.body?.toString() ?? '') : null;
  };
  return { peer, sendBack, topic };
}

test('consumeEnable=false: nobody of the group pulls or pops', async (t) => {
  const { peer } = await start(t, { consumeEnable: false });
  const pulled = await peer.pull('T', { group: 'g' });
  const query = { consumerGroup: 'g', topic: 'T', queueId: 0, maxMsgNums: 1, invisibleTime: 1000, pollTime: 0 };
  const header = encodeHeader(PopMessageRequestHeader, { ...query, bornTime: 0, initMode: 0 });
  const popped = await peer.call(RequestCode.POP_MESSAGE, header);
  for (const { code, remark } of [pulled, popped]) {
    t.is(code, ResponseCode.NO_PERMISSION);
    t.is(remark, 'subscription group no permission, g');
  }
  t.is(pulled.extFields?.forbiddenType, '2');
});

test('consumeBroadcastEnable=false: members that broadcast may not pull', async (t) => {
  const { peer } = await start(t, { consumeBroadcastEnable: false });
  await peer.heartbeat('g', { T: '*' }, { data: { messageModel: 'BROADCASTING' } });
  const refused = await peer.pull('T', { group: 'g', subscription: null });
  t.is(refused.code, ResponseCode.NO_PERMISSION);
  t.is(refused.extFields?.forbiddenType, '4');
  await peer.heartbeat('g', { T: '*' });
  t.is((await peer.pull('T', { group: 'g', subscription: null, subVersion: 1 })).code, ResponseCode.SUCCESS);
});

test('retryQueueNums: the retry topic has so many queues', async (t) => {
  const { peer, topic } = await start(t, { retryQueueNums: 3 });
  await peer.heartbeat('g', { T: '*' });
  t.like(await topic('%RETRY%g'), { readQueueNums: 3, writeQueueNums: 3 });
});

test('retryQueueNums=0: what is sent back is dropped, and that is a success', async (t) => {
  const { sendBack, topic } = await start(t, { retryQueueNums: 0 });
  t.is((await sendBack()).code, ResponseCode.SUCCESS);
  t.is(await topic('%RETRY%g'), null);
  t.is(await topic('%DLQ%g'), null);
});

test('retryMaxTimes: what was delivered so often goes to the dead letter topic', async (t) => {
  const { peer, sendBack, topic } = await start(t, { retryMaxTimes: 0 });
  t.is((await sendBack()).code, ResponseCode.SUCCESS);
  t.truthy(await topic('%DLQ%g'));
  t.is(messagesOf(await peer.pull('SCHEDULE_TOPIC_XXXX', { queueId: 2 })).length, 0);
});

test('retryMaxTimes: until then it is delivered again', async (t) => {
  const { peer, sendBack, topic } = await start(t, { retryMaxTimes: 1 });
  t.is((await sendBack()).code, ResponseCode.SUCCESS);
  t.is(await topic('%DLQ%g'), null);
  t.is(messagesOf(await peer.pull('SCHEDULE_TOPIC_XXXX', { queueId: 2 })).length, 1);
});

test('notifyConsumerIdsChangedEnable=false: members do not hear of those that come', async (t) => {
  const { peer } = await start(t, { notifyConsumerIdsChangedEnable: false });
  const told: string[] = [];
  peer.client.registerProcessor(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, ({ extFields }) => {
    told.push(extFields?.consumerGroup ?? '');
    return null;
  });
  await peer.heartbeat('g', { T: '*' });
  await peer.heartbeat('loud', { T: '*' });
  await until(() => told.length > 0);
  await turns();
  t.deepEqual(told, ['loud']);
});

test('groupSysFlag: comes with each pull', async (t) => {
  const { peer } = await start(t, { groupSysFlag: 1 });
  t.is((await peer.pull('T', { group: 'g' })).extFields?.groupSysFlag, '1');
});

test('brokerId: is suggested where slaves may be read', async (t) => {
  const { peer } = await start(t, { brokerId: 3 }, { slaveReadEnable: true });
  t.is((await peer.pull('T', { group: 'g' })).extFields?.suggestWhichBrokerId, '3');
});

test('whichBrokerWhenConsumeSlowly: is suggested to who lags behind where slaves may be read', async (t) => {
  const limits = { slaveReadEnable: true, accessMessageInMemoryMaxRatio: 0 };
  const { peer } = await start(t, { whichBrokerWhenConsumeSlowly: 7 }, limits);
  for (const body of ['y', 'z']) await peer.send('T', body);
  const slow = await peer.pull('T', { group: 'g', offset: 1, maxMsgNums: 1 });
  t.is(slow.extFields?.suggestWhichBrokerId, '7');
});

test('what only proxies look at is kept and told', async (t) => {
  const fields: Partial<SubscriptionGroupConfig> = {
    consumeFromMinEnable: false,
    consumeMessageOrderly: true,
    groupRetryPolicy: { type: 'EXPONENTIAL', exponentialRetryPolicy: { initial: 1000, max: 9000, multiplier: 3 } },
    consumeTimeoutMinute: 5,
    subscriptionDataSet: [{ topic: 'T', expressionType: 'TAG', expression: 'A', version: 7 }],
  };
  const { peer } = await start(t, fields);
  const response = await peer.call(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: 'g' });
  t.like(decodeSubscriptionGroupConfig(response.body), fields);
});
