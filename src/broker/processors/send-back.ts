/**
 * CONSUMER_SEND_MSG_BACK 36: a consumer could not process a message and wants it again later.
 *
 * Source: broker/processor/AbstractSendMessageProcessor.java#consumerSendMsgBack.
 */
import { decodeHeader } from '../../protocol/header-schema.js';
import { ConsumerSendMsgBackRequestHeader } from '../../protocol/headers.js';
import { decodeMessage } from '../../protocol/message-codec.js';
import { encodeProperties, MessageProperty } from '../../protocol/message-property.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { TopicSysFlag } from '../../protocol/sys-flag.js';
import { isWriteable, PermName } from '../../protocol/topic-config.js';
import { dlqTopic, retryTopic, SystemTopic } from '../../protocol/topic-validator.js';
import type { BrokerContext, Handlers } from '../context.js';
import { innerFrom } from '../message-writer.js';
import { FAQ } from '../remark.js';

const READ_WRITE = PermName.PERM_READ | PermName.PERM_WRITE;
/** From this version on the header's maxReconsumeTimes counts (V3_4_9). */
const MAX_RECONSUME_TIMES_SINCE = 121;
/** The delay level of the first retry; each further one takes the next level. */
const FIRST_RETRY_LEVEL = 3;

async function sendBack(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const header = decodeHeader(ConsumerSendMsgBackRequestHeader, request.extFields);
  const { config, topics } = context;
  const respond = (code: number, remark: string | null = null): RemotingCommand =>
    createResponse(request, code, remark);
  const groupConfig = context.groups.find(header.group);
  if (!groupConfig) {
    return respond(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `subscription group not exist, ${header.group} ${FAQ}`);
  }
  if (!isWriteable(config.brokerPermission)) {
    return respond(ResponseCode.NO_PERMISSION, `the broker[${config.brokerIP1}] sending message is forbidden`);
  }
  if (groupConfig.retryQueueNums <= 0) return respond(ResponseCode.SUCCESS);
  const retry = topics.createForSendBack(
    retryTopic(header.group),
    groupConfig.retryQueueNums,
    READ_WRITE,
    header.unitMode ? TopicSysFlag.UNIT_SUB : 0,
    topics.isOrderTopic(retryTopic(header.group)),
  );
  if (!isWriteable(retry.perm)) {
    return respond(ResponseCode.NO_PERMISSION, `the topic[${retry.topicName}] sending message is forbidden`);
  }
  const bytes = await context.store.lookMessage(header.offset);
  if (!bytes) return respond(ResponseCode.SYSTEM_ERROR, `look message by offset failed, ${header.offset}`);
  const original = decodeMessage(bytes, 0, { decompress: false });
  const { properties } = original;
  if (!properties.has(MessageProperty.RETRY_TOPIC)) properties.set(MessageProperty.RETRY_TOPIC, original.topic);
  properties.set(MessageProperty.WAIT_STORE_MSG_OK, 'false');
  const limit =
    request.version >= MAX_RECONSUME_TIMES_SINCE && header.maxReconsumeTimes !== undefined
      ? header.maxReconsumeTimes
      : groupConfig.retryMaxTimes;
  const isDeadLetter = original.reconsumeTimes >= limit || header.delayLevel < 0;
  let target = retry.topicName;
  let queueId = Math.floor(context.random.next() * groupConfig.retryQueueNums);
  if (isDeadLetter) {
    target = dlqTopic(header.group);
    queueId = 0;
    topics.createForSendBack(target, 1, READ_WRITE, 0);
    properties.set(MessageProperty.DELAY_TIME_LEVEL, '0');
  } else {
    const level = header.delayLevel === 0 ? FIRST_RETRY_LEVEL + original.reconsumeTimes : header.delayLevel;
    properties.set(MessageProperty.DELAY_TIME_LEVEL, String(level));
  }
  const message = innerFrom(original, target, queueId);
  message.reconsumeTimes = original.reconsumeTimes + 1;
  if (!message.properties.get(MessageProperty.ORIGIN_MESSAGE_ID)?.trim()) {
    message.properties.set(MessageProperty.ORIGIN_MESSAGE_ID, original.offsetMsgId);
  }
  message.propertiesText = encodeProperties(message.properties);
  const result = await context.writer.write(message);
  if (result.status !== 'PUT_OK') return respond(ResponseCode.SYSTEM_ERROR, result.status);
  if (message.topic === SystemTopic.SCHEDULE_TOPIC) {
    context.stats.add('TOPIC_PUT_NUMS', message.topic, 1);
    context.stats.add('TOPIC_PUT_SIZE', message.topic, result.size);
    context.stats.add('QUEUE_PUT_NUMS', `${message.topic}@${message.queueId}`, 1);
    context.stats.add('QUEUE_PUT_SIZE', `${message.topic}@${message.queueId}`, result.size);
  }
  const backTopic = properties.get(MessageProperty.RETRY_TOPIC) ?? original.topic;
  context.stats.add('SNDBCK_PUT_NUMS', `${backTopic}@${header.group}`, 1);
  if (isDeadLetter) {
    context.logger.info(
      { topic: target, group: header.group, originTopic: backTopic, reconsumeTimes: original.reconsumeTimes },
      'message goes to the dead letters',
    );
  }
  return respond(ResponseCode.SUCCESS);
}

/** Handler of messages that come back. */
export function sendBackHandlers(context: BrokerContext): Handlers {
  return [[RequestCode.CONSUMER_SEND_MSG_BACK, (request) => sendBack(context, request)]];
}
