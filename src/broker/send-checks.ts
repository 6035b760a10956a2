/**
 * The checks in front of every send, in Apache's order, without any input or output: the fast path and the plain
 * processors decide by the same code.
 *
 * Source: broker/processor/AbstractSendMessageProcessor.java (#msgCheck), SendMessageProcessor.java (#preSend,
 * #handleRetryAndDLQ, #handlePutMessageResult).
 */
import { decodeHeader, type ExtFields, type HeaderOf } from '../protocol/header-schema.js';
import { SendMessageRequestHeader, SendMessageRequestHeaderV2 } from '../protocol/headers.js';
import { MessageProperty } from '../protocol/message-property.js';
import type { RemotingCommand } from '../protocol/remoting-command.js';
import { RequestCode } from '../protocol/request-code.js';
import { ResponseCode } from '../protocol/response-code.js';
import { TopicSysFlag } from '../protocol/sys-flag.js';
import { isWriteable, PermName, permText, type TopicConfig } from '../protocol/topic-config.js';
import {
  checkTopicName,
  dlqTopic,
  isNotAllowedSendTopic,
  isRetryTopic,
  RETRY_GROUP_TOPIC_PREFIX,
} from '../protocol/topic-validator.js';
import type { BrokerContext } from './context.js';
import type { InnerMessage, WriteStatus } from './message-writer.js';
import { dateTimeText, FAQ } from './remark.js';

/** A send header under its long names, whatever form it came in. */
export type SendHeader = HeaderOf<typeof SendMessageRequestHeader>;

/** An answer that is no success. */
export interface Refusal {
  code: number;
  remark: string | null;
}

const READ_WRITE = PermName.PERM_READ | PermName.PERM_WRITE;
/** From this version on the header's maxReconsumeTimes counts (V3_4_9). */
const MAX_RECONSUME_TIMES_SINCE = 121;
const RANDOM_QUEUE_BOUND = 99_999_999;

/**
 * Reads the header of 10, 310, 320, 324 or 325.
 *
 * @throws RemotingCommandError when a required field is missing or does not parse
 */
export function parseSendHeader(request: RemotingCommand): SendHeader {
  const isShort =
    request.code === RequestCode.SEND_MESSAGE_V2 ||
    request.code === RequestCode.SEND_BATCH_MESSAGE ||
    request.code === RequestCode.SEND_REPLY_MESSAGE_V2;
  if (!isShort) return decodeHeader(SendMessageRequestHeader, request.extFields);
  const v2 = decodeHeader(SendMessageRequestHeaderV2, request.extFields);
  return {
    producerGroup: v2.a,
    topic: v2.b,
    defaultTopic: v2.c,
    defaultTopicQueueNums: v2.d,
    queueId: v2.e,
    sysFlag: v2.f,
    bornTimestamp: v2.g,
    flag: v2.h,
    properties: v2.i,
    reconsumeTimes: v2.j,
    unitMode: v2.k,
    maxReconsumeTimes: v2.l,
    batch: v2.m,
  };
}

/** The fields that every answer to a send carries, refusals included. */
export function sendExtFields(context: Pick<BrokerContext, 'config'>): ExtFields {
  return {
    [MessageProperty.MSG_REGION]: context.config.regionId,
    [MessageProperty.TRACE_SWITCH]: String(context.config.traceOn),
  };
}

function topicConfigText(topic: TopicConfig): string {
  const attributes = Object.entries(topic.attributes)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
  return (
    `TopicConfig [topicName=${topic.topicName}, readQueueNums=${topic.readQueueNums}, ` +
    `writeQueueNums=${topic.writeQueueNums}, perm=${permText(topic.perm)}, ` +
    `topicFilterType=${topic.topicFilterType}, topicSysFlag=${topic.topicSysFlag}, order=${topic.order}, ` +
    `attributes={${attributes}}]`
  );
}

/** The topic of a send, created by the rules of automatic creation when it is missing. */
function findOrCreateTopic(context: BrokerContext, header: SendHeader): TopicConfig | null {
  const { topics } = context;
  const present = topics.get(header.topic);
  if (present) return present;
  const isRetry = isRetryTopic(header.topic);
  const sysFlag = header.unitMode ? (isRetry ? TopicSysFlag.UNIT_SUB : TopicSysFlag.UNIT) : 0;
  const created = topics.createForSend(header.topic, header.defaultTopic, header.defaultTopicQueueNums, sysFlag);
  if (created || !isRetry) return created;
  return topics.createForSendBack(header.topic, 1, READ_WRITE, sysFlag);
}

/**
 * Everything that is checked before the message itself is looked at. May create the topic.
 *
 * @param remoteText the producer's `ip:port`, for the remark
 */
export function checkSend(context: BrokerContext, header: SendHeader, remoteText: string): TopicConfig | Refusal {
  const { config, topics } = context;
  if (context.clock.now() < config.startAcceptSendRequestTimeStamp) {
    const until = dateTimeText(config.startAcceptSendRequestTimeStamp);
    return { code: ResponseCode.SYSTEM_ERROR, remark: `broker unable to service, until ${until}` };
  }
  if (!isWriteable(config.brokerPermission) && topics.isOrderTopic(header.topic)) {
    return {
      code: ResponseCode.NO_PERMISSION,
      remark: `the broker[${config.brokerIP1}] sending message is forbidden`,
    };
  }
  const nameProblem = checkTopicName(header.topic);
  if (nameProblem) return { code: ResponseCode.INVALID_PARAMETER, remark: nameProblem };
  if (isNotAllowedSendTopic(header.topic)) {
    return { code: ResponseCode.NO_PERMISSION, remark: `Sending message to topic[${header.topic}] is forbidden.` };
  }
  const topic = findOrCreateTopic(context, header);
  if (!topic) {
    return {
      code: ResponseCode.TOPIC_NOT_EXIST,
      remark: `topic[${header.topic}] not exist, apply first please!${FAQ}`,
    };
  }
  if (header.queueId >= Math.max(topic.writeQueueNums, topic.readQueueNums)) {
    return {
      code: ResponseCode.INVALID_PARAMETER,
      remark: `request queueId[${header.queueId}] is illegal, ${topicConfigText(topic)} Producer: ${remoteText}`,
    };
  }
  return topic;
}

/** Tells the two results of `checkSend` apart. */
export function isRefusal(result: object): result is Refusal {
  return 'code' in result;
}

/** The queue of a send: as asked, or any writable one for a negative id. */
export function chooseQueueId(context: BrokerContext, queueId: number, topic: TopicConfig): number {
  if (queueId >= 0) return queueId;
  return Math.floor(context.random.next() * RANDOM_QUEUE_BOUND) % Math.max(1, topic.writeQueueNums);
}

/** The group of a retry topic; of `%RETRY%group+topic`, the second form of pop, the part before the plus. */
export function groupOfRetryTopic(topic: string): string {
  const name = topic.slice(RETRY_GROUP_TOPIC_PREFIX.length);
  const plus = name.indexOf('+');
  return plus < 0 ? name : name.slice(0, plus);
}

/**
 * Sends a retry message on to the dead letters when its group gave up on it, or consumes in order just now.
 * Changes `message` in place.
 *
 * @param version the client's MQVersion ordinal
 * @returns why the message is refused, or null
 */
export function redirectDeadLetter(
  context: BrokerContext,
  header: SendHeader,
  version: number,
  message: InnerMessage,
): Refusal | null {
  if (!isRetryTopic(message.topic)) return null;
  const group = groupOfRetryTopic(message.topic);
  const groupConfig = context.groups.find(group);
  if (!groupConfig) {
    return {
      code: ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
      remark: `subscription group not exist, ${group} ${FAQ}`,
    };
  }
  const limit =
    version >= MAX_RECONSUME_TIMES_SINCE && header.maxReconsumeTimes !== undefined
      ? header.maxReconsumeTimes
      : groupConfig.retryMaxTimes;
  const isConsumingInOrder = context.locks.hasLive(group, context.clock.now());
  if ((header.reconsumeTimes ?? 0) <= limit && !isConsumingInOrder) return null;
  message.properties.set(MessageProperty.DELAY_TIME_LEVEL, '-1');
  message.topic = dlqTopic(group);
  message.queueId = 0;
  context.topics.createForSendBack(message.topic, 1, READ_WRITE, 0);
  return null;
}

/** Code and remark for the outcome of a put. The first four statuses count as sent: no remark. */
export function putRefusal(context: Pick<BrokerContext, 'config' | 'store'>, status: WriteStatus): Refusal {
  const { config } = context;
  switch (status) {
    case 'PUT_OK':
      return { code: ResponseCode.SUCCESS, remark: null };
    case 'FLUSH_DISK_TIMEOUT':
      return { code: ResponseCode.FLUSH_DISK_TIMEOUT, remark: null };
    case 'FLUSH_SLAVE_TIMEOUT':
      return { code: ResponseCode.FLUSH_SLAVE_TIMEOUT, remark: null };
    case 'SLAVE_NOT_AVAILABLE':
      return { code: ResponseCode.SLAVE_NOT_AVAILABLE, remark: null };
    case 'CREATE_MAPPED_FILE_FAILED':
      return { code: ResponseCode.SYSTEM_ERROR, remark: 'create mapped file failed, server is busy or broken.' };
    case 'MESSAGE_ILLEGAL':
    case 'PROPERTIES_SIZE_EXCEEDED':
      return {
        code: ResponseCode.MESSAGE_ILLEGAL,
        remark:
          'the message is illegal, maybe msg body or properties length not matched. ' +
          `msg body length limit ${config.maxMessageSize}B, msg properties length limit 32KB.`,
      };
    case 'WHEEL_TIMER_MSG_ILLEGAL':
      return {
        code: ResponseCode.MESSAGE_ILLEGAL,
        remark:
          'timer message illegal, the delay time should not be bigger than the max delay ' +
          `${config.timerMaxDelaySec * 1000}ms; or if set del msg, the delay time should be bigger than the current time`,
      };
    case 'WHEEL_TIMER_FLOW_CONTROL': {
      const limit = config.timerCongestNumEachSlot;
      return {
        code: ResponseCode.SYSTEM_ERROR,
        remark:
          `timer message is under flow control, max num limit is ${limit * 2} or the current value is greater than ` +
          `${limit} and less than ${limit * 2}, trigger random flow control`,
      };
    }
    case 'WHEEL_TIMER_NOT_ENABLE':
      return {
        code: ResponseCode.SYSTEM_ERROR,
        remark: `accurate timer message is not enabled, timerWheelEnable is ${config.timerWheelEnable}`,
      };
    case 'SERVICE_NOT_AVAILABLE':
      return {
        code: ResponseCode.SERVICE_NOT_AVAILABLE,
        remark:
          'service not available now. It may be caused by one of the following reasons: ' +
          `the broker's disk is full [${diskText(context)}], messages are put to the slave, ` +
          'message store has been shut down, etc.',
      };
    case 'OS_PAGE_CACHE_BUSY':
      return {
        code: ResponseCode.SYSTEM_BUSY,
        remark: '[PC_SYNCHRONIZED]broker busy, start flow control for a while',
      };
    case 'LMQ_CONSUME_QUEUE_NUM_EXCEEDED':
      return {
        code: ResponseCode.SYSTEM_ERROR,
        remark:
          '[LMQ_CONSUME_QUEUE_NUM_EXCEEDED]broker config enableLmq and enableMultiDispatch, lmq consumeQueue num ' +
          'exceed maxLmqConsumeQueueNum config num, default limit 2w.',
      };
    case 'UNKNOWN_ERROR':
      return { code: ResponseCode.SYSTEM_ERROR, remark: 'UNKNOWN_ERROR' };
  }
}

function diskText(context: Pick<BrokerContext, 'store'>): string {
  const { commitLogDiskRatio, consumeQueueDiskRatio } = context.store.stats();
  const ratio = (value: number): string => value.toFixed(2).padStart(5);
  return `CL: ${ratio(commitLogDiskRatio)} CQ: ${ratio(consumeQueueDiskRatio)} INDEX: ${ratio(consumeQueueDiskRatio)}`;
}
