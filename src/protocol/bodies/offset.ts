/**
 * Offsets of queues and groups, and statistics. Tables keyed by queue are lists of entries with the queue in `mq`.
 *
 * Source: remoting/.../protocol/admin, .../protocol/body
 */
import { dataVersionType } from '../data-version.js';
import { type MessageQueue, messageQueueType } from '../message-queue.js';
import { subscriptionDataType } from './heartbeat.js';
import {
  type BeanFields,
  type BeanOf,
  bean,
  bodyCodec,
  boolean,
  double,
  emptyBean,
  entriesOf,
  int32,
  int64,
  type JsonOf,
  type JsonType,
  listOf,
  longBits,
  numberMapOf,
  optional,
  recordOf,
  text,
} from './schema.js';

/** A Java `Map<MessageQueue, bean>` as a list of beans that have their queue in `mq`. */
export function queueTableOf<F extends BeanFields>(
  name: string,
  fields: F,
): JsonType<({ mq: MessageQueue } & BeanOf<F>)[], false> {
  type Entry = { mq: MessageQueue } & BeanOf<F>;
  return entriesOf<MessageQueue, BeanOf<F>, Entry>(
    messageQueueType,
    bean(name, fields),
    (mq, value) => ({ mq, ...value }),
    (entry) => [entry.mq, entry],
  );
}

/** One queue and a queue offset. */
export interface QueueOffset {
  mq: MessageQueue;
  /** Queue offset. */
  offset: number;
}

const queueOffsetsType = entriesOf<MessageQueue, number, QueueOffset>(
  messageQueueType,
  int64(),
  (mq, offset) => ({ mq, offset }),
  (entry) => [entry.mq, entry.offset],
);

const topicStatsTableType = bean('TopicStatsTable', {
  offsetTable: queueTableOf('TopicOffset', {
    /** Queue offsets `[minOffset, maxOffset)` are there. */
    minOffset: int64(),
    maxOffset: int64(),
    /** ms since the epoch; 0 when the queue is empty */
    lastUpdateTimestamp: int64(),
  }),
  /** 5.x; messages a second */
  topicPutTps: double(),
});

/** Answer to 202. */
export interface TopicStatsTable extends JsonOf<typeof topicStatsTableType> {}

export const { encode: encodeTopicStatsTable, decode: decodeTopicStatsTable } = bodyCodec(
  'TopicStatsTable',
  topicStatsTableType,
);

const consumeStatsType = bean('ConsumeStats', {
  offsetTable: queueTableOf('OffsetWrapper', {
    /** Queue offset that the next message will get. Lag = brokerOffset - consumerOffset. */
    brokerOffset: int64(),
    /** Committed queue offset. */
    consumerOffset: int64(),
    /** 5.x: queue offset up to which messages were handed out. */
    pullOffset: int64(),
    /** Store time of the last message consumed, ms since the epoch; 0 = unknown. */
    lastTimestamp: int64(),
  }),
  /** Messages a second. */
  consumeTps: double(),
});

/** Answer to 208. */
export interface ConsumeStats extends JsonOf<typeof consumeStatsType> {}

export const { encode: encodeConsumeStats, decode: decodeConsumeStats } = bodyCodec('ConsumeStats', consumeStatsType);

const consumeStatsListType = bean('ConsumeStatsList', {
  brokerAddr: text(''),
  totalDiff: int64(),
  /** 5.x */
  totalInflightDiff: int64(),
  /** Each of one group, with one ConsumeStats a topic. */
  consumeStatsList: listOf(recordOf(listOf(consumeStatsType))),
});

/** Answer to 317. */
export interface ConsumeStatsList extends JsonOf<typeof consumeStatsListType> {}

export const { encode: encodeConsumeStatsList, decode: decodeConsumeStatsList } = bodyCodec(
  'ConsumeStatsList',
  consumeStatsListType,
);

/** The table of 220 comes as a map from Java's brokers, or as a list (MessageQueueForC) when the admin was C++. */
const queueOffsetsOrListType: JsonType<QueueOffset[], false> = {
  ...queueOffsetsType,
  read: (value, context) =>
    Array.isArray(value)
      ? queueOffsetListType.read(value, context).map(({ offset, ...mq }) => ({ mq, offset }))
      : queueOffsetsType.read(value, context),
};

const queueOffsetListType = listOf(
  bean('MessageQueueForC', { topic: text(), brokerName: text(), queueId: int32(), offset: int64() }),
);

const resetOffsetBodyType = bean('ResetOffsetBody', { offsetTable: queueOffsetsOrListType });

/** Request of 220 to clients, answer to 222. Reading takes the list form of ResetOffsetBodyForC too. */
export interface ResetOffsetBody extends JsonOf<typeof resetOffsetBodyType> {}

export const { encode: encodeResetOffsetBody, decode: decodeResetOffsetBody } = bodyCodec(
  'ResetOffsetBody',
  resetOffsetBodyType,
);

const resetOffsetBodyForCType = bean('ResetOffsetBodyForC', { offsetTable: queueOffsetListType });

/** Request of 220 when the admin that asked for the reset said it was C++. */
export interface ResetOffsetBodyForC extends JsonOf<typeof resetOffsetBodyForCType> {}

export const { encode: encodeResetOffsetBodyForC, decode: decodeResetOffsetBodyForC } = bodyCodec(
  'ResetOffsetBodyForC',
  resetOffsetBodyForCType,
);

const getConsumerStatusBodyType = bean('GetConsumerStatusBody', {
  /** From a client to the broker (221). */
  messageQueueTable: queueOffsetsType,
  /** From the broker to the admin (223), by client id. */
  consumerTable: recordOf(queueOffsetsType),
});

/** Answer to 221 and 223. */
export interface GetConsumerStatusBody extends JsonOf<typeof getConsumerStatusBodyType> {}

export const { encode: encodeGetConsumerStatusBody, decode: decodeGetConsumerStatusBody } = bodyCodec(
  'GetConsumerStatusBody',
  getConsumerStatusBodyType,
);

const queryCorrectionOffsetBodyType = bean('QueryCorrectionOffsetBody', {
  /** Queue offset by queue id; Number.MAX_SAFE_INTEGER (Long.MAX_VALUE on the wire) = no correction needed. */
  correctionOffsets: numberMapOf(int64()),
});

/** Answer to 308. */
export interface QueryCorrectionOffsetBody extends JsonOf<typeof queryCorrectionOffsetBodyType> {}

export const { encode: encodeQueryCorrectionOffsetBody, decode: decodeQueryCorrectionOffsetBody } = bodyCodec(
  'QueryCorrectionOffsetBody',
  queryCorrectionOffsetBodyType,
);

const queueTimeSpanType = bean('QueueTimeSpan', {
  messageQueue: messageQueueType,
  /** Store times, ms since the epoch: of the first and last message, and of the last one consumed. */
  minTimeStamp: int64(),
  maxTimeStamp: int64(),
  consumeTimeStamp: int64(),
  /** ms */
  delayTime: int64(),
  /** The times as `yyyy-MM-dd#HH:mm:ss:SSS` of the sender's zone; Java writes them and ignores them. */
  minTimeStampStr: optional(text()),
  maxTimeStampStr: optional(text()),
  consumeTimeStampStr: optional(text()),
});

/** How far a group has consumed one queue, in time. */
export interface QueueTimeSpan extends JsonOf<typeof queueTimeSpanType> {}

const queryConsumeTimeSpanBodyType = bean('QueryConsumeTimeSpanBody', {
  consumeTimeSpanSet: listOf(queueTimeSpanType),
});

/** Answer to 303. */
export interface QueryConsumeTimeSpanBody extends JsonOf<typeof queryConsumeTimeSpanBodyType> {}

export const { encode: encodeQueryConsumeTimeSpanBody, decode: decodeQueryConsumeTimeSpanBody } = bodyCodec(
  'QueryConsumeTimeSpanBody',
  queryConsumeTimeSpanBodyType,
);

const brokerStatsItemType = bean('BrokerStatsItem', {
  sum: int64(),
  /** Calls a second. */
  tps: double(),
  /** Value per call. */
  avgpt: double(),
});

/** A counter over some span of time. */
export interface BrokerStatsItem extends JsonOf<typeof brokerStatsItemType> {}

const brokerStatsDataType = bean('BrokerStatsData', {
  statsMinute: emptyBean(brokerStatsItemType),
  statsHour: emptyBean(brokerStatsItemType),
  statsDay: emptyBean(brokerStatsItemType),
});

/** Answer to 315. */
export interface BrokerStatsData extends JsonOf<typeof brokerStatsDataType> {}

export const { encode: encodeBrokerStatsData, decode: decodeBrokerStatsData } = bodyCodec(
  'BrokerStatsData',
  brokerStatsDataType,
);

const consumeQueueDataType = bean('ConsumeQueueData', {
  /** Physical offset of the message. */
  physicOffset: int64(),
  /** Bytes of the message's record. */
  physicSize: int32(),
  tagsCode: longBits(),
  extendDataJson: optional(text()),
  bitMap: optional(text()),
  /** True if the subscription takes the message. */
  eval: boolean(),
  msg: optional(text()),
});

/** One unit of a consume queue. */
export interface ConsumeQueueData extends JsonOf<typeof consumeQueueDataType> {}

const queryConsumeQueueResponseBodyType = bean('QueryConsumeQueueResponseBody', {
  subscriptionData: optional(subscriptionDataType),
  /** Compiled filter as JSON, or a message. */
  filterData: optional(text()),
  queueData: listOf(consumeQueueDataType),
  minQueueIndex: int64(),
  maxQueueIndex: int64(),
});

/** Answer to 321. */
export interface QueryConsumeQueueResponseBody extends JsonOf<typeof queryConsumeQueueResponseBodyType> {}

export const { encode: encodeQueryConsumeQueueResponseBody, decode: decodeQueryConsumeQueueResponseBody } = bodyCodec(
  'QueryConsumeQueueResponseBody',
  queryConsumeQueueResponseBodyType,
);

const consumerOffsetSerializeWrapperType = bean('ConsumerOffsetSerializeWrapper', {
  /** Committed queue offset by `topic@group` and queue id. */
  offsetTable: recordOf(numberMapOf(int64())),
  /** The same of groups that are light queues (`%LMQ%`), which have one queue; only with enableLmq. */
  lmqOffsetTable: optional(recordOf(int64())),
  /** Absent in 4.9. */
  dataVersion: optional(dataVersionType),
});

/** Answer to 43; also `consumerOffset.json`. */
export interface ConsumerOffsetSerializeWrapper extends JsonOf<typeof consumerOffsetSerializeWrapperType> {}

export const {
  encode: encodeConsumerOffsetSerializeWrapper,
  format: formatConsumerOffsetSerializeWrapper,
  decode: decodeConsumerOffsetSerializeWrapper,
} = bodyCodec('ConsumerOffsetSerializeWrapper', consumerOffsetSerializeWrapperType);

const delayOffsetSerializeWrapperType = bean('DelayOffsetSerializeWrapper', {
  /** Queue offset up to which a level was delivered, by delay level. */
  offsetTable: numberMapOf(int64()),
  /** Absent in 4.9. */
  dataVersion: optional(dataVersionType),
});

/** Answer to 45; also `delayOffset.json`. */
export interface DelayOffsetSerializeWrapper extends JsonOf<typeof delayOffsetSerializeWrapperType> {}

export const {
  encode: encodeDelayOffsetSerializeWrapper,
  format: formatDelayOffsetSerializeWrapper,
  decode: decodeDelayOffsetSerializeWrapper,
} = bodyCodec('DelayOffsetSerializeWrapper', delayOffsetSerializeWrapperType);

const offsetMovedEventType = bean('OffsetMovedEvent', {
  consumerGroup: text(''),
  messageQueue: messageQueueType,
  /** Queue offset that the consumer asked for. */
  offsetRequest: int64(),
  /** Queue offset that it was sent to. */
  offsetNew: int64(),
});

/** Body of the messages in topic OFFSET_MOVED_EVENT. */
export interface OffsetMovedEvent extends JsonOf<typeof offsetMovedEventType> {}

export const { encode: encodeOffsetMovedEvent, decode: decodeOffsetMovedEvent } = bodyCodec(
  'OffsetMovedEvent',
  offsetMovedEventType,
);
