/**
 * Brings back what was popped and not acknowledged in time: one reader for each queue of the revive topic. It collects
 * the check points and the acks of some seconds, and stores the messages that no ack named once more, in the retry topic
 * of topic and group.
 *
 * The offset of CID_RMQ_SYS_REVIVE_GROUP is that of the last check point that is done. A crash after a message was
 * stored and before the offset was brings the message back twice.
 *
 * Source: broker/processor/PopReviveService.java.
 */
import type { Timer } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
import {
  type AckMsg,
  decodeAckMsg,
  decodeBatchAckMsg,
  decodePopCheckPoint,
  type PopCheckPoint,
} from '../../protocol/bodies.js';
import type { MessageExt } from '../../protocol/message.js';
import { decodeMessages } from '../../protocol/message-codec.js';
import { encodeProperties, MessageProperty } from '../../protocol/message-property.js';
import { PermName } from '../../protocol/topic-config.js';
import { isRetryTopic, normalTopicOf, popRetryTopic } from '../../protocol/topic-validator.js';
import type { BrokerContext } from '../context.js';
import { innerFrom, isStored } from '../message-writer.js';
import {
  ACK_TAG,
  ACK_TIME_INTERVAL_MS,
  ackOffsetByIndex,
  BATCH_ACK_TAG,
  CK_TAG,
  checkPointMessage,
  indexOfAck,
  mergeKeyOf,
  mergeKeyOfAck,
  newCheckPoint,
  REVIVE_GROUP,
  reviveTimeOf,
  reviveTopic,
} from './check-points.js';

const READ_MESSAGES = 32;
const READ_BYTES = 4 * 1024 * 1024;
/** Pause before an empty queue is looked at again. */
const POLL_MS = 100;
/** A pass ends when nothing came for so long. */
const QUIET_MS = 4000;
/** After so long without messages, the present counts as the time of the last one. */
const CATCH_UP_MS = 3000;
/** How much later than its own time a check point is settled: its acks come up to that moment. */
const SETTLE_AFTER_MS = ACK_TIME_INTERVAL_MS + 1000;
/** Seconds until a check point whose messages could not be revived is due again, by attempt. */
const REWRITE_AFTER_S = [10, 20, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200];
const READ_WRITE = PermName.PERM_READ | PermName.PERM_WRITE;
/** Attempts of a check point whose counter does not parse. */
const UNREADABLE_ATTEMPTS = 127;

export interface PopReviveDeps {
  broker: BrokerContext;
  /** Whether messages of the past still wait to come out of the timer. */
  isTimerBehind(): boolean;
}

/** What a pass collected. */
interface Collected {
  /** By merge key. */
  readonly points: Map<string, PopCheckPoint>;
  /** Offset of the last check point that is done. */
  readonly oldOffset: number;
  /** Up to when everything has come out of the timer, ms since the epoch. */
  endTime: number;
}

export class PopRevive {
  readonly #deps: PopReviveDeps;
  readonly #queueId: number;
  #reviveOffset: number;
  #isRunning = false;
  #timer: Timer | null = null;
  #wakeUp: (() => void) | null = null;
  #running: Promise<void> | null = null;

  constructor(deps: PopReviveDeps, queueId: number) {
    this.#deps = deps;
    this.#queueId = queueId;
    this.#reviveOffset = deps.broker.offsets.query(REVIVE_GROUP, this.#topic, queueId);
  }

  get #topic(): string {
    return reviveTopic(this.#deps.broker.config.brokerClusterName);
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#bringBack();
    this.#running = this.#run();
  }

  /** Ends the pass under way; resolves when it has ended. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    this.#wakeUp?.();
    await this.#running;
  }

  #pause(delayMs: number): Promise<void> {
    if (!this.#isRunning) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wakeUp = resolve;
      this.#timer = this.#deps.broker.clock.after(Math.max(1, delayMs), resolve);
    });
  }

  async #run(): Promise<void> {
    const { config, logger } = this.#deps.broker;
    let slow = 1;
    while (this.#isRunning) {
      await this.#pause(config.reviveInterval);
      if (!this.#isRunning || config.brokerRole === 'SLAVE' || !config.timerWheelEnable) continue;
      try {
        if (!this.#hasNew()) continue;
        const collected = await this.#collect();
        if (collected.points.size > 0) {
          slow = 1;
          await this.#settle(collected);
        } else {
          await this.#pause(slow * config.reviveInterval);
          slow = Math.min(slow + 1, config.reviveMaxSlow);
        }
      } catch (error) {
        logger.error({ err: error, reviveQueueId: this.#queueId, reason: errorText(error) }, 'reviving failed');
      }
    }
  }

  #lastDone(): number {
    return Math.max(this.#reviveOffset, this.#deps.broker.offsets.query(REVIVE_GROUP, this.#topic, this.#queueId));
  }

  /** Whether anything came behind the last check point that is done. */
  #hasNew(): boolean {
    return this.#deps.broker.store.maxOffset(this.#topic, this.#queueId) > this.#lastDone() + 1;
  }

  /** An offset beyond the end is of a log that was taken away: what comes now must not be passed over. */
  #bringBack(): void {
    const { store, logger } = this.#deps.broker;
    const maxOffset = Math.max(0, store.maxOffset(this.#topic, this.#queueId));
    const done = this.#lastDone();
    if (done <= maxOffset) return;
    logger.warn({ reviveQueueId: this.#queueId, done, maxOffset }, 'reviving had gone beyond the end of its queue');
    this.#reviveOffset = maxOffset - 1;
    this.#commit(maxOffset - 1);
  }

  #commit(queueOffset: number): void {
    this.#deps.broker.offsets.commit(REVIVE_GROUP, this.#topic, this.#queueId, queueOffset);
  }

  /** Messages from an offset on; none at the end. Skips what the store has no more. */
  async #read(queueOffset: number): Promise<{ messages: MessageExt[]; next: number }> {
    const { store } = this.#deps.broker;
    const result = await store.getMessage(this.#topic, this.#queueId, queueOffset, READ_MESSAGES, READ_BYTES, null);
    if (result.bytes === null) {
      const isSkipped = result.status !== 'NO_MESSAGE_IN_QUEUE' && queueOffset !== result.maxOffset;
      if (isSkipped && result.nextBeginOffset > queueOffset) this.#commit(result.nextBeginOffset - 1);
      return { messages: [], next: isSkipped ? Math.max(queueOffset, result.nextBeginOffset) : queueOffset };
    }
    const messages = decodeMessages(result.bytes);
    for (const [i, message] of messages.entries()) message.queueOffset = result.queueOffsets[i] ?? message.queueOffset;
    return { messages, next: result.nextBeginOffset };
  }

  async #collect(): Promise<Collected> {
    const { clock, config } = this.#deps.broker;
    const oldOffset = this.#lastDone();
    const collected: Collected = { points: new Map(), oldOffset, endTime: 0 };
    const lateAcks = new Map<string, PopCheckPoint>();
    const startedAtMs = clock.now();
    let offset = oldOffset + 1;
    let firstReviveTime = 0;
    let quietMs = 0;
    while (this.#isRunning) {
      const { messages, next } = await this.#read(offset);
      if (messages.length === 0 && next === offset) {
        const nowMs = clock.now();
        const isQuiet = collected.endTime !== 0 && nowMs - collected.endTime > CATCH_UP_MS;
        if (isQuiet && !this.#deps.isTimerBehind()) collected.endTime = nowMs;
        if (collected.endTime - firstReviveTime > SETTLE_AFTER_MS) break;
        await this.#pause(POLL_MS);
        quietMs += POLL_MS;
        if (quietMs > QUIET_MS) break;
        continue;
      }
      quietMs = 0;
      offset = next;
      if (clock.now() - startedAtMs > config.reviveScanTime) break;
      for (const message of messages) {
        const point = this.#note(collected, lateAcks, message);
        if (point && firstReviveTime === 0) firstReviveTime = reviveTimeOf(point);
        const deliverMs = Number(message.properties.get(MessageProperty.TIMER_DELIVER_MS) ?? 0);
        if (deliverMs > collected.endTime) collected.endTime = deliverMs;
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    for (const [key, point] of lateAcks) collected.points.set(key, point);
    return collected;
  }

  /** Takes a message of the revive queue in. @returns the check point that it is, or stands for */
  #note(collected: Collected, lateAcks: Map<string, PopCheckPoint>, message: MessageExt): PopCheckPoint | null {
    const { config, logger } = this.#deps.broker;
    const { points } = collected;
    const tag = message.properties.get(MessageProperty.TAGS);
    if (config.enablePopLog) {
      const { queueOffset } = message;
      logger.info({ reviveQueueId: this.#queueId, tag, queueOffset, raw: message.body.toString() }, 'revive message');
    }
    try {
      switch (tag) {
        case CK_TAG: {
          const point = decodePopCheckPoint(message.body);
          if (!point.topic || !point.cid) return null;
          point.reviveOffset = message.queueOffset;
          points.set(mergeKeyOf(point), point);
          return point;
        }
        case ACK_TAG: {
          const ack = decodeAckMsg(message.body);
          return this.#noteAck(points, lateAcks, message, ack, [ack.ackOffset]);
        }
        case BATCH_ACK_TAG: {
          const ack = decodeBatchAckMsg(message.body);
          return this.#noteAck(points, lateAcks, message, ack, ack.ackOffsetList);
        }
        default:
          return null;
      }
    } catch (error) {
      const { queueOffset } = message;
      const fields = { reviveQueueId: this.#queueId, queueOffset, reason: errorText(error) };
      logger.error(fields, 'a message of the revive topic is unreadable and left out');
      return null;
    }
  }

  #noteAck(
    points: Map<string, PopCheckPoint>,
    lateAcks: Map<string, PopCheckPoint>,
    message: MessageExt,
    ack: AckMsg,
    ackOffsets: readonly number[],
  ): PopCheckPoint | null {
    const { config } = this.#deps.broker;
    const key = mergeKeyOfAck(ack, config.brokerName);
    const point = points.get(key);
    if (!point) return config.enableSkipLongAwaitingAck ? this.#skipLongAwaiting(lateAcks, key, message, ack) : null;
    for (const ackOffset of ackOffsets) {
      const index = indexOfAck(point, ackOffset);
      if (index >= 0) point.bitMap |= 1 << index;
    }
    return null;
  }

  /** An ack whose check point does not come: something has to stand for it, or the offset would stay for ever. */
  #skipLongAwaiting(
    lateAcks: Map<string, PopCheckPoint>,
    key: string,
    message: MessageExt,
    ack: AckMsg,
  ): PopCheckPoint | null {
    const { clock, config, logger } = this.#deps.broker;
    const deliverMs = Number(message.properties.get(MessageProperty.TIMER_DELIVER_MS) ?? 0);
    if (clock.now() - deliverMs <= config.reviveAckWaitMs) return null;
    const { topic, consumerGroup: group, queueId, startOffset, popTime } = ack;
    const brokerName = ack.brokerName ?? config.brokerName;
    const fields = { topic, group, queueId, startOffset, popTime, invisibleTime: 0, brokerName, queueOffsets: [] };
    const point = { ...newCheckPoint(fields), reviveOffset: message.queueOffset };
    logger.warn({ topic, group, queueId, popTime }, 'an ack whose check point did not come is left out');
    lateAcks.set(key, point);
    return point;
  }

  /** Revives what is due, in the order of the revive queue. */
  async #settle({ points, endTime, oldOffset }: Collected): Promise<void> {
    const { topics, groups, logger } = this.#deps.broker;
    const ordered = [...points.values()].sort((a, b) => a.reviveOffset - b.reviveOffset);
    for (const point of ordered) {
      if (!this.#isRunning || endTime - reviveTimeOf(point) <= SETTLE_AFTER_MS) break;
      const topic = point.topic ?? '';
      const group = point.cid ?? '';
      if (topics.has(normalTopicOf(topic, group)) && groups.find(group)) {
        if (!(await this.#revive(point, topic, group))) break;
      } else {
        logger.warn({ topic, group }, 'what was popped of an unknown topic, or for an unknown group, is not revived');
      }
      if (point.reviveOffset > Math.max(oldOffset, this.#reviveOffset)) this.#commit(point.reviveOffset);
      this.#reviveOffset = Math.max(this.#reviveOffset, point.reviveOffset);
    }
  }

  /** Stores the messages without an ack once more. @returns false when it has to be tried again from here on */
  async #revive(point: PopCheckPoint, topic: string, group: string): Promise<boolean> {
    const { config } = this.#deps.broker;
    const isHere = !point.brokerName || point.brokerName === config.brokerName;
    for (let i = 0; i < point.num; i++) {
      if ((point.bitMap >> i) & 1) continue;
      if (!this.#isRunning) return false;
      const queueOffset = ackOffsetByIndex(point, i);
      const isDone = isHere && (await this.#reviveMessage(point, topic, group, queueOffset));
      if (!isDone && !(await this.#putAgain(point, topic, group, queueOffset))) return false;
    }
    return true;
  }

  /** @returns true when the message is stored again, or the store has it no more */
  async #reviveMessage(point: PopCheckPoint, topic: string, group: string, queueOffset: number): Promise<boolean> {
    const { broker } = this.#deps;
    const { store, config, logger, stats, inflight } = broker;
    const { queueId, popTime } = point;
    const found = await store.getMessage(topic, queueId, queueOffset, 1, READ_BYTES, null);
    const original = found.bytes === null ? undefined : decodeMessages(found.bytes, { decompress: false })[0];
    if (!original) {
      logger.info({ topic, group, queueId, queueOffset, status: found.status }, 'a popped message is gone');
      return true;
    }
    const retry = isRetryTopic(topic) ? topic : popRetryTopic(topic, group, config.enableRetryTopicV2);
    const message = innerFrom(original, retry, 0);
    message.bornHost = broker.storeHost;
    message.reconsumeTimes = original.reconsumeTimes + 1;
    if (original.reconsumeTimes === 0 || !message.properties.has(MessageProperty.FIRST_POP_TIME)) {
      message.properties.set(MessageProperty.FIRST_POP_TIME, String(popTime));
      message.propertiesText = encodeProperties(message.properties);
    }
    this.#ensureRetryTopic(retry, group);
    const { status, size } = await broker.writer.write(message);
    if (config.enablePopLog) logger.info({ topic, group, queueId, queueOffset, retry, status }, 'revived');
    if (!isStored(status)) {
      logger.error({ topic, group, queueId, queueOffset, status }, 'a popped message could not be revived');
      return false;
    }
    inflight.settled(topic, group, queueId, 1, popTime);
    stats.add('BROKER_PUT_NUMS', config.brokerClusterName, 1, 0);
    stats.add('TOPIC_PUT_NUMS', retry, 1);
    stats.add('TOPIC_PUT_SIZE', retry, size);
    return true;
  }

  #ensureRetryTopic(retry: string, group: string): void {
    const { topics, offsets } = this.#deps.broker;
    if (topics.has(retry)) return;
    topics.createForSendBack(retry, 1, READ_WRITE, 0);
    if (offsets.query(group, retry, 0) < 0) offsets.commit(group, retry, 0, 0);
  }

  /** Stores a check point of one message that could not be revived now. @returns false when not even that was stored */
  async #putAgain(point: PopCheckPoint, topic: string, group: string, queueOffset: number): Promise<boolean> {
    const { broker } = this.#deps;
    const { config, clock, logger } = broker;
    const parsed = Number(point.rePutTimes ?? 0);
    const attempts = Number.isSafeInteger(parsed) ? parsed : UNREADABLE_ATTEMPTS;
    if (attempts >= REWRITE_AFTER_S.length && config.skipWhenCKRePutReachMaxTimes) {
      logger.warn({ topic, group, queueOffset, attempts }, 'a check point that was tried too often is dropped');
      return true;
    }
    const isPast = reviveTimeOf(point) <= clock.now();
    const laterS = REWRITE_AFTER_S[Math.min(attempts, REWRITE_AFTER_S.length - 1)] ?? 0;
    const again = newCheckPoint({
      topic,
      group,
      queueId: point.queueId,
      startOffset: queueOffset,
      popTime: point.popTime,
      invisibleTime: point.invisibleTime + (isPast ? laterS * 1000 : 0),
      brokerName: point.brokerName ?? config.brokerName,
      queueOffsets: [queueOffset],
    });
    again.rePutTimes = String(attempts + 1);
    const { status } = await broker.writer.write(checkPointMessage(broker, again, this.#queueId));
    if (isStored(status)) return true;
    logger.error({ topic, group, queueOffset, status }, 'a check point of pop was not stored');
    return false;
  }
}
