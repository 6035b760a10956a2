/**
 * Check points and acks: arithmetic, and the messages that carry them into the revive topic. A check point comes out of
 * the timer one second before its messages become visible again, an ack when they do, so that the reader of the revive
 * queue meets a check point before its acks.
 *
 * Source: store/pop/PopCheckPoint.java, common/PopAckConstants.java, broker/processor/PopMessageProcessor.java
 * (#buildCkMsg, #genCkUniqueId, #genAckUniqueId, #genBatchAckUniqueId).
 */
import {
  type AckMsg,
  type BatchAckMsg,
  encodeAckMsg,
  encodeBatchAckMsg,
  encodePopCheckPoint,
  type PopCheckPoint,
} from '../../protocol/bodies.js';
import { encodeProperties, MessageProperty } from '../../protocol/message-property.js';
import { CID_RMQ_SYS_PREFIX, SYSTEM_TOPIC_PREFIX } from '../../protocol/topic-validator.js';
import type { BrokerContext } from '../context.js';
import type { InnerMessage } from '../message-writer.js';

/** A check point is delivered so much earlier than its acks, ms. */
export const ACK_TIME_INTERVAL_MS = 1000;
/** Whose offsets say how far the revive queues are done. */
export const REVIVE_GROUP = `${CID_RMQ_SYS_PREFIX}REVIVE_GROUP`;
export const CK_TAG = 'ck';
export const ACK_TAG = 'ack';
export const BATCH_ACK_TAG = 'bAck';

/** The topic of check points and acks. */
export function reviveTopic(clusterName: string): string {
  return `${SYSTEM_TOPIC_PREFIX}REVIVE_LOG_${clusterName}`;
}

/** What a new check point is made of. */
export interface CheckPointFields {
  topic: string;
  group: string;
  queueId: number;
  startOffset: number;
  /** ms since the epoch. */
  popTime: number;
  /** ms. */
  invisibleTime: number;
  brokerName: string;
  /** Of the popped messages. */
  queueOffsets: readonly number[];
}

/** A check point without acks. */
export function newCheckPoint(fields: CheckPointFields): PopCheckPoint {
  const { popTime, invisibleTime, startOffset, queueOffsets } = fields;
  return {
    startOffset,
    popTime,
    invisibleTime,
    bitMap: 0,
    num: queueOffsets.length,
    queueId: fields.queueId,
    topic: fields.topic,
    cid: fields.group,
    reviveOffset: 0,
    ...(queueOffsets.length > 0 && { queueOffsetDiff: queueOffsets.map((queueOffset) => queueOffset - startOffset) }),
    brokerName: fields.brokerName,
    reviveTime: popTime + invisibleTime,
  };
}

/** When its messages become visible again, ms since the epoch. */
export function reviveTimeOf(point: PopCheckPoint): number {
  return point.popTime + point.invisibleTime;
}

/** Which of the check point's messages an ack is for; -1 for none of them. */
export function indexOfAck(point: PopCheckPoint, ackOffset: number): number {
  const distance = ackOffset - point.startOffset;
  if (distance < 0) return -1;
  if (!point.queueOffsetDiff?.length) return distance < point.num ? distance : -1;
  return point.queueOffsetDiff.indexOf(distance);
}

/** The queue offset of the i-th message. */
export function ackOffsetByIndex(point: PopCheckPoint, index: number): number {
  return point.startOffset + (point.queueOffsetDiff?.length ? (point.queueOffsetDiff[index] ?? 0) : index);
}

/** By what an ack finds its check point. */
export function mergeKeyOf(point: PopCheckPoint): string {
  const { topic, cid, queueId, startOffset, popTime, brokerName } = point;
  return `${topic}${cid}${queueId}${startOffset}${popTime}${brokerName ?? null}`;
}

/** The same of an ack. @param brokerName for acks of old brokers, which name none */
export function mergeKeyOfAck(ack: AckMsg, brokerName: string): string {
  const name = ack.brokerName?.trim() ? ack.brokerName : brokerName;
  return `${ack.topic}${ack.consumerGroup}${ack.queueId}${ack.startOffset}${ack.popTime}${name}`;
}

function reviveMessage(
  context: BrokerContext,
  queueId: number,
  tag: string,
  body: Buffer,
  deliverAtMs: number,
  uniqKey: string,
): InnerMessage {
  const properties = new Map([
    [MessageProperty.TAGS, tag],
    [MessageProperty.TIMER_DELIVER_MS, String(deliverAtMs)],
    [MessageProperty.UNIQ_KEY, uniqKey],
  ]);
  return {
    topic: reviveTopic(context.config.brokerClusterName),
    queueId,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: context.clock.now(),
    bornHost: context.storeHost,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body,
    properties,
    propertiesText: encodeProperties(properties),
  };
}

/** A check point on its way to a revive queue. */
export function checkPointMessage(context: BrokerContext, point: PopCheckPoint, reviveQid: number): InnerMessage {
  const { topic, queueId, startOffset, cid, popTime, brokerName } = point;
  const uniqKey = `${topic}@${queueId}@${startOffset}@${cid}@${popTime}@${brokerName}@${CK_TAG}`;
  const deliverAtMs = reviveTimeOf(point) - ACK_TIME_INTERVAL_MS;
  return reviveMessage(context, reviveQid, CK_TAG, encodePopCheckPoint(point), deliverAtMs, uniqKey);
}

/** An ack, or several of one check point, on the way to a revive queue. @param reviveTimeMs of the check point */
export function ackMessage(
  context: BrokerContext,
  ack: AckMsg | BatchAckMsg,
  reviveQid: number,
  reviveTimeMs: number,
): InnerMessage {
  const { topic, queueId, consumerGroup, popTime } = ack;
  if ('ackOffsetList' in ack) {
    const offsets = `[${ack.ackOffsetList.join(', ')}]`;
    const uniqKey = `${topic}@${queueId}@${offsets}@${consumerGroup}@${popTime}@${BATCH_ACK_TAG}`;
    return reviveMessage(context, reviveQid, BATCH_ACK_TAG, encodeBatchAckMsg(ack), reviveTimeMs, uniqKey);
  }
  const uniqKey = `${topic}@${queueId}@${ack.ackOffset}@${consumerGroup}@${popTime}@${ack.brokerName}@${ACK_TAG}`;
  return reviveMessage(context, reviveQid, ACK_TAG, encodeAckMsg(ack), reviveTimeMs, uniqKey);
}
