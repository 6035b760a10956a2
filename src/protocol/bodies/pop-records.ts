/**
 * What a broker stores of pop consumption: bodies of messages in its revive topic, and `consumerOrderInfo.json`. They
 * never travel, but the next broker on the folder reads them.
 *
 * Source: store/pop/PopCheckPoint.java, AckMsg.java, BatchAckMsg.java, broker/offset/ConsumerOrderInfoManager.java.
 */
import {
  bean,
  bodyCodec,
  int32,
  int64,
  type JsonOf,
  listOf,
  named,
  numberMapOf,
  optional,
  recordOf,
  text,
} from './schema.js';

const popCheckPointType = bean('PopCheckPoint', {
  /** Queue offset where the pop began. */
  startOffset: named('so', int64()),
  /** ms since the epoch. */
  popTime: named('pt', int64()),
  /** ms. */
  invisibleTime: named('it', int64()),
  /** One bit for each acknowledged message. */
  bitMap: named('bm', int32()),
  /** Messages of the pop, 0..32. */
  num: named('n', int32()),
  queueId: named('q', int32()),
  topic: named('t', optional(text())),
  cid: named('c', optional(text())),
  /** Queue offset in the revive topic; known to the reader only. */
  reviveOffset: named('ro', int64()),
  /** Queue offset - startOffset of each message; older brokers have none: then the messages follow each other. */
  queueOffsetDiff: named('d', optional(listOf(int32()))),
  brokerName: named('bn', optional(text())),
  /** How often the check point was written again because its messages could not be revived. */
  rePutTimes: named('rp', optional(text())),
  /** popTime + invisibleTime: written as Java writes its getter, and not read. */
  reviveTime: int64(),
});

/** Body of a message with tag `ck`: one pop of one queue. */
export interface PopCheckPoint extends JsonOf<typeof popCheckPointType> {}

export const { encode: encodePopCheckPoint, decode: decodePopCheckPoint } = bodyCodec(
  'PopCheckPoint',
  popCheckPointType,
);

const ackFields = {
  ackOffset: named('ao', int64()),
  startOffset: named('so', int64()),
  consumerGroup: named('c', text('')),
  topic: named('t', text('')),
  queueId: named('q', int32()),
  popTime: named('pt', int64()),
  brokerName: named('bn', optional(text())),
};

const ackMsgType = bean('AckMsg', ackFields);

/** Body of a message with tag `ack`. */
export interface AckMsg extends JsonOf<typeof ackMsgType> {}

export const { encode: encodeAckMsg, decode: decodeAckMsg } = bodyCodec('AckMsg', ackMsgType);

const batchAckMsgType = bean('BatchAckMsg', { ...ackFields, ackOffsetList: named('aol', listOf(int64())) });

/** Body of a message with tag `bAck`; its `ackOffset` means nothing. */
export interface BatchAckMsg extends JsonOf<typeof batchAckMsgType> {}

export const { encode: encodeBatchAckMsg, decode: decodeBatchAckMsg } = bodyCodec('BatchAckMsg', batchAckMsgType);

const orderInfoType = bean('OrderInfo', {
  popTime: int64(),
  invisibleTime: named('i', optional(int64())),
  /** The first queue offset, then the distances from it. */
  offsetList: named('o', listOf(int64())),
  /** ms since the epoch by queue offset, where it is not popTime + invisibleTime. */
  offsetNextVisibleTime: named('ot', optional(numberMapOf(int64()))),
  /** Earlier pops by queue offset, where there were any. */
  offsetConsumedCount: named('oc', optional(numberMapOf(int32()))),
  lastConsumeTimestamp: named('l', int64()),
  /** Bit i: the i-th message is acknowledged. */
  commitOffsetBit: named('cm', int64()),
  attemptId: named('a', optional(text())),
});

/** The last pop in order of one queue. */
export interface OrderInfo extends JsonOf<typeof orderInfoType> {}

const consumerOrderInfoType = bean('ConsumerOrderInfo', {
  /** By `topic@group` and queueId. */
  table: recordOf(numberMapOf(orderInfoType)),
});

/** `consumerOrderInfo.json`. */
export interface ConsumerOrderInfo extends JsonOf<typeof consumerOrderInfoType> {}

export const { format: formatConsumerOrderInfo, decode: decodeConsumerOrderInfo } = bodyCodec(
  'ConsumerOrderInfo',
  consumerOrderInfoType,
);
