import test, { type ExecutionContext } from 'ava';
import type { BrokerConfig } from '../../../src/broker/broker-config.js';
import { encodeSubscriptionGroupConfig } from '../../../src/protocol/bodies.js';
import { encodeHeader, type HeaderOf } from '../../../src/protocol/header-schema.js';
import { ConsumerSendMsgBackRequestHeader } from '../../../src/protocol/headers.js';
import type { MessageExt } from '../../../src/protocol/message.js';
import { createRequest } from '../../../src/protocol/remoting-command.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { defaultSubscriptionGroupConfig } from '../../../src/protocol/subscription-group-config.js';
import { messagesOf, startTestBroker, type TestPeer } from '../../helper/broker.js';

type BackHeader = HeaderOf<typeof ConsumerSendMsgBackRequestHeader>;

function sendBack(peer: TestPeer, offset: number, header: Partial<BackHeader> = {}, version?: number) {
  const extFields = encodeHeader(ConsumerSendMsgBackRequestHeader, { offset, group: 'g', delayLevel: 0, ...header });
  const init = version === undefined ? {} : { version };
  return peer.invoke(createRequest(RequestCode.CONSUMER_SEND_MSG_BACK, extFields, null, init));
}

/** A broker with one message of topic T, and a look at what a group gets back. */
async function start(t: ExecutionContext, overrides: Partial<BrokerConfig> = {}, reconsumeTimes = 0) {
  const { peer } = await startTestBroker(t, overrides);
  await peer.createTopic('T', 1);
  await peer.send('T', 'x', { properties: { TAGS: 'A', UNIQ_KEY: 'K' }, header: { h: 7, j: reconsumeTimes } });
  const [message] = messagesOf(await peer.pull('T'));
  const delayed = async (level: number): Promise<MessageExt | undefined> =>
    messagesOf(await peer.pull('SCHEDULE_TOPIC_XXXX', { queueId: level - 1 }))[0];
  return { peer, original: message as MessageExt, delayed };
}

test('the message comes back through the delay of its first retry with its history', async (t) => {
  const { peer, original, delayed } = await start(t);
  const response = await sendBack(peer, original.physicalOffset);
  t.is(response.code, ResponseCode.SUCCESS);
  t.is(response.extFields, null);
  const message = await delayed(3);
  t.is(message?.reconsumeTimes, 1);
  t.is(message?.flag, 7);
  t.is(message?.bornTimestamp, original.bornTimestamp);
  t.deepEqual(message?.bornHost, original.bornHost);
  t.like(Object.fromEntries(message?.properties ?? []), {
    RETRY_TOPIC: 'T',
    ORIGIN_MESSAGE_ID: original.offsetMsgId,
    REAL_TOPIC: '%RETRY%g',
    REAL_QID: '0',
    DELAY: '3',
    UNIQ_KEY: 'K',
    TAGS: 'A',
    WAIT: 'false',
  });
  const retryTopic = await peer.call(RequestCode.GET_TOPIC_CONFIG, { topic: '%RETRY%g' });
  t.like(JSON.parse(retryTopic.body?.toString() ?? ''), { readQueueNums: 1, writeQueueNums: 1, perm: 6 });
});

test('each retry waits one level longer, and an asked level counts', async (t) => {
  const { peer, original, delayed } = await start(t, {}, 4);
  await sendBack(peer, original.physicalOffset);
  t.is((await delayed(7))?.reconsumeTimes, 5);
  await sendBack(peer, original.physicalOffset, { delayLevel: 1 });
  t.truthy(await delayed(1));
});

test('a message that was retried often enough is a dead letter', async (t) => {
  const { peer, original } = await start(t, {}, 16);
  t.is((await sendBack(peer, original.physicalOffset)).code, ResponseCode.SUCCESS);
  const [dead] = messagesOf(await peer.pull('%DLQ%g'));
  t.is(dead?.reconsumeTimes, 17);
  t.is(dead?.properties.get('RETRY_TOPIC'), 'T');
  t.is(dead?.queueId, 0);
});

test('a negative level is a dead letter at once', async (t) => {
  const { peer, original } = await start(t);
  await sendBack(peer, original.physicalOffset, { delayLevel: -1 });
  t.is(messagesOf(await peer.pull('%DLQ%g')).length, 1);
});

test('the limit of the request counts from client version V3_4_9 on', async (t) => {
  const { peer, original, delayed } = await start(t, {}, 3);
  await sendBack(peer, original.physicalOffset, { maxReconsumeTimes: 3 }, 120);
  t.truthy(await delayed(6));
  await sendBack(peer, original.physicalOffset, { maxReconsumeTimes: 3 }, 121);
  t.is(messagesOf(await peer.pull('%DLQ%g')).length, 1);
});

test('the first id survives further retries', async (t) => {
  const { peer, original, delayed } = await start(t);
  await sendBack(peer, original.physicalOffset);
  const again = await delayed(3);
  await sendBack(peer, again?.physicalOffset ?? -1);
  const twice = await delayed(4);
  t.is(twice?.reconsumeTimes, 2);
  t.is(twice?.properties.get('ORIGIN_MESSAGE_ID'), original.offsetMsgId);
  t.is(twice?.properties.get('RETRY_TOPIC'), 'T');
});

test('an offset without a message is 1', async (t) => {
  const { peer, original } = await start(t);
  const response = await sendBack(peer, original.physicalOffset + 1);
  t.is(response.code, ResponseCode.SYSTEM_ERROR);
  t.is(response.remark, `look message by offset failed, ${original.physicalOffset + 1}`);
});

test('a group without retry queues is answered 0 and nothing is stored', async (t) => {
  const { peer, original, delayed } = await start(t);
  const config = { ...defaultSubscriptionGroupConfig('g'), retryQueueNums: 0 };
  await peer.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, null, encodeSubscriptionGroupConfig(config));
  t.is((await sendBack(peer, original.physicalOffset)).code, ResponseCode.SUCCESS);
  t.is(await delayed(3), undefined);
});

test('a group that may not be created is 26', async (t) => {
  const { peer, original } = await start(t, { autoCreateSubscriptionGroup: true });
  const response = await sendBack(peer, original.physicalOffset, { group: 'no blanks' });
  t.is(response.code, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
});

test('a broker without write permission is 16', async (t) => {
  const { peer, original } = await start(t);
  await peer.call(RequestCode.UPDATE_BROKER_CONFIG, null, Buffer.from('brokerPermission=4\n'));
  const response = await sendBack(peer, original.physicalOffset);
  t.is(response.code, ResponseCode.NO_PERMISSION);
  t.is(response.remark, 'the broker[127.0.0.1] sending message is forbidden');
});

test('a retry topic without write permission is 16', async (t) => {
  const { peer, original } = await start(t);
  await peer.createTopic('%RETRY%g', 1, { perm: 4 });
  const response = await sendBack(peer, original.physicalOffset);
  t.is(response.code, ResponseCode.NO_PERMISSION);
  t.is(response.remark, 'the topic[%RETRY%g] sending message is forbidden');
});
