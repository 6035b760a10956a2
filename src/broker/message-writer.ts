/**
 * The way of every message into the store: the checks before a put, and the rewriting of delayed and half
 * messages to their internal topics.
 *
 * Source: broker/util/HookUtils.java, broker/transaction/queue/TransactionalMessageBridge.java
 * (#parseHalfMessageInner).
 */
import type { Clock } from '../base/clock.js';
import { type DelayLevels, delayLevelQueueId, parseDelayLevels } from '../protocol/delay-level.js';
import type { HostAddress, MessageExt } from '../protocol/message.js';
import { encodeProperties, MessageProperty } from '../protocol/message-property.js';
import { MessageSysFlag, resetTransactionValue, transactionValue } from '../protocol/sys-flag.js';
import { isRetryTopic, SystemTopic, TIMER_TOPIC } from '../protocol/topic-validator.js';
import type { BrokerConfig } from './broker-config.js';
import type { MessageStore, PutBatchRecord, PutCommon, PutResult, PutStatus } from './store/message-store.js';

/** A message on its way to the store. `put` rewrites topic, queue and properties in place, as Java does. */
export interface InnerMessage {
  topic: string;
  queueId: number;
  flag: number;
  /** Bits of MessageSysFlag. */
  sysFlag: number;
  /** ms since the epoch. */
  bornTimestamp: number;
  bornHost: HostAddress;
  reconsumeTimes: number;
  preparedTransactionOffset: number;
  body: Uint8Array;
  /** What decisions are taken from; may lack internal properties that the text still has. */
  properties: Map<string, string>;
  /** What is stored. */
  propertiesText: string;
}

/** Outcomes that the store itself does not know. */
export type WriteStatus = PutStatus | 'WHEEL_TIMER_MSG_ILLEGAL' | 'WHEEL_TIMER_FLOW_CONTROL' | 'WHEEL_TIMER_NOT_ENABLE';

/** The timer wheel as a put sees it. */
export interface TimerGate {
  /** ms */
  readonly precisionMs: number;
  /** Whether too many messages wait for that time, ms. */
  isReject(deliverMs: number): boolean;
}

/** As PutResult: fields other than `status` are -1 unless the message was accepted. */
export interface WriteResult extends Omit<PutResult, 'status'> {
  status: WriteStatus;
}

const MAX_TOPIC_BYTES = 127;
/** A file name has at most 255 bytes, and a topic is a folder of the consume queues. */
const MAX_RETRY_TOPIC_BYTES = 255;

/** A whole number, or NaN. */
function wholeNumber(text: string | undefined): number {
  return text !== undefined && /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

/** The delay level of a properties map; 0 without a valid one. */
export function delayLevelOf(properties: ReadonlyMap<string, string>): number {
  const level = wholeNumber(properties.get(MessageProperty.DELAY_TIME_LEVEL));
  return Number.isNaN(level) ? 0 : level;
}

/** Whether a stored message of that status can be acknowledged as sent. */
export function isStored(status: WriteStatus): boolean {
  return (
    status === 'PUT_OK' ||
    status === 'FLUSH_DISK_TIMEOUT' ||
    status === 'FLUSH_SLAVE_TIMEOUT' ||
    status === 'SLAVE_NOT_AVAILABLE'
  );
}

/** A message to store again, as a copy of a stored one: same body, born data and properties. */
export function innerFrom(message: MessageExt, topic: string, queueId: number): InnerMessage {
  const properties = new Map(message.properties);
  return {
    topic,
    queueId,
    flag: message.flag,
    sysFlag: message.sysFlag,
    bornTimestamp: message.bornTimestamp,
    bornHost: message.bornHost,
    reconsumeTimes: message.reconsumeTimes,
    preparedTransactionOffset: 0,
    body: message.body,
    properties,
    propertiesText: encodeProperties(properties),
  };
}

function refused(status: WriteStatus): WriteResult {
  return { status, physicalOffset: -1, size: -1, queueOffset: -1, storeTimestamp: -1 };
}

export class MessageWriter {
  readonly #store: MessageStore;
  readonly #config: BrokerConfig;
  readonly #clock: Clock;
  readonly delayLevels: DelayLevels;
  /** null without a timer wheel: timer messages are refused then. */
  timer: TimerGate | null = null;

  /** @throws MQError CONFIG when messageDelayLevel does not parse */
  constructor(store: MessageStore, config: BrokerConfig, clock: Clock) {
    this.#store = store;
    this.#config = config;
    this.#clock = clock;
    this.delayLevels = parseDelayLevels(config.messageDelayLevel, config.timeScale);
  }

  /** Why nothing can be stored for that topic now, or null. (HookUtils#checkBeforePutMessage) */
  check(topic: string): WriteStatus | null {
    if (this.#config.brokerRole === 'SLAVE' || !this.#store.isWriteable()) return 'SERVICE_NOT_AVAILABLE';
    const topicBytes = Buffer.byteLength(topic);
    if (topicBytes > (isRetryTopic(topic) ? MAX_RETRY_TOPIC_BYTES : MAX_TOPIC_BYTES)) return 'MESSAGE_ILLEGAL';
    return null;
  }

  /** Rewrites a timer message to the timer topic, or refuses it; what is due stays as it is. (#transformTimerMessage) */
  #timerMessage(message: InnerMessage): WriteStatus | null {
    const { properties } = message;
    if (message.topic === TIMER_TOPIC || properties.has(MessageProperty.TIMER_OUT_MS)) return null;
    const nowMs = this.#clock.now();
    let deliverMs: number;
    if (properties.has(MessageProperty.TIMER_DELAY_SEC)) {
      deliverMs = nowMs + wholeNumber(properties.get(MessageProperty.TIMER_DELAY_SEC)) * 1000;
    } else if (properties.has(MessageProperty.TIMER_DELAY_MS)) {
      deliverMs = nowMs + wholeNumber(properties.get(MessageProperty.TIMER_DELAY_MS));
    } else if (properties.has(MessageProperty.TIMER_DELIVER_MS)) {
      deliverMs = wholeNumber(properties.get(MessageProperty.TIMER_DELIVER_MS));
    } else {
      return null;
    }
    if (!this.timer) return 'WHEEL_TIMER_NOT_ENABLE';
    if (Number.isNaN(deliverMs)) return 'WHEEL_TIMER_MSG_ILLEGAL';
    if (deliverMs <= nowMs) return properties.has(MessageProperty.TIMER_DEL_UNIQKEY) ? 'WHEEL_TIMER_MSG_ILLEGAL' : null;
    if (deliverMs - nowMs > this.#config.timerMaxDelaySec * 1000) return 'WHEEL_TIMER_MSG_ILLEGAL';
    const { timeScale } = this.#config;
    // What takes a message back carries the time that was reckoned for it.
    if (timeScale > 1 && !properties.has(MessageProperty.TIMER_DEL_UNIQKEY)) {
      deliverMs = nowMs + (deliverMs - nowMs) / timeScale;
    }
    const { precisionMs } = this.timer;
    // A slot is delivered when it is over: an exact multiple belongs to the slot before.
    const outMs = Math.ceil(deliverMs / precisionMs) * precisionMs - precisionMs;
    if (this.timer.isReject(outMs)) return 'WHEEL_TIMER_FLOW_CONTROL';
    properties.set(MessageProperty.TIMER_OUT_MS, String(outMs));
    properties.set(MessageProperty.REAL_TOPIC, message.topic);
    properties.set(MessageProperty.REAL_QUEUE_ID, String(message.queueId));
    message.propertiesText = encodeProperties(properties);
    message.topic = TIMER_TOPIC;
    message.queueId = 0;
    return null;
  }

  /**
   * Rewrites a delayed message to the schedule topic. (HookUtils#handleScheduleMessage)
   *
   * A half message is never delayed: its commit is.
   */
  #schedule(message: InnerMessage): WriteStatus | null {
    const type = transactionValue(message.sysFlag);
    if (type !== MessageSysFlag.TRANSACTION_NOT_TYPE && type !== MessageSysFlag.TRANSACTION_COMMIT_TYPE) return null;
    if (message.topic === SystemTopic.TRANS_HALF_TOPIC) return null;
    const { properties } = message;
    let level = delayLevelOf(properties);
    if (level <= 0) return this.#timerMessage(message);
    properties.delete(MessageProperty.TIMER_DELIVER_MS);
    properties.delete(MessageProperty.TIMER_DELAY_SEC);
    properties.delete(MessageProperty.TIMER_DELAY_MS);
    if (level > this.delayLevels.length) {
      level = this.delayLevels.length;
      properties.set(MessageProperty.DELAY_TIME_LEVEL, String(level));
    }
    properties.set(MessageProperty.REAL_TOPIC, message.topic);
    properties.set(MessageProperty.REAL_QUEUE_ID, String(message.queueId));
    message.propertiesText = encodeProperties(properties);
    message.topic = SystemTopic.SCHEDULE_TOPIC;
    message.queueId = delayLevelQueueId(level);
    return null;
  }

  /** Turns a prepared message into a half message. (TransactionalMessageBridge#parseHalfMessageInner) */
  toHalf(message: InnerMessage): void {
    const { properties } = message;
    const uniqKey = properties.get(MessageProperty.UNIQ_KEY);
    if (uniqKey) properties.set(MessageProperty.TRANSACTION_ID, uniqKey);
    properties.set(MessageProperty.REAL_TOPIC, message.topic);
    properties.set(MessageProperty.REAL_QUEUE_ID, String(message.queueId));
    message.sysFlag = resetTransactionValue(message.sysFlag, MessageSysFlag.TRANSACTION_NOT_TYPE);
    message.topic = SystemTopic.TRANS_HALF_TOPIC;
    message.queueId = 0;
    message.propertiesText = encodeProperties(properties);
  }

  /** Accepts a message into the log, or not. It is durable once `store.whenDurable` of its end says so. */
  put(message: InnerMessage): WriteResult {
    const problem =
      this.check(message.topic) ??
      (message.properties.has(MessageProperty.INNER_NUM) && (message.sysFlag & MessageSysFlag.INNER_BATCH_FLAG) === 0
        ? 'MESSAGE_ILLEGAL'
        : null) ??
      this.#schedule(message);
    if (problem) return refused(problem);
    return this.#store.putMessage(message);
  }

  /**
   * Accepts the records of a classic batch with consecutive queue offsets, or none of them.
   *
   * @param commonProperties property text that every record gets behind its own
   */
  putBatch(common: PutCommon, records: PutBatchRecord[], commonProperties: string): WriteResult[] {
    const problem = this.check(common.topic);
    if (problem) return [refused(problem)];
    return this.#store.putBatch(common, records, commonProperties);
  }

  /** The result once the message is durable; refusals come back as they are. */
  async durable(result: WriteResult): Promise<WriteResult> {
    if (result.status !== 'PUT_OK') return result;
    const status = await this.#store.whenDurable(result.physicalOffset + result.size);
    return status === 'PUT_OK' ? result : { ...result, status };
  }

  /** The result once the message is written, durable or not: for one whose property WAIT says so. */
  async written(result: WriteResult): Promise<WriteResult> {
    if (result.status !== 'PUT_OK') return result;
    const status = await this.#store.whenWritten(result.physicalOffset + result.size);
    return status === 'PUT_OK' ? result : { ...result, status };
  }

  /** `put`, then `durable`. */
  write(message: InnerMessage): Promise<WriteResult> {
    return this.durable(this.put(message));
  }
}
