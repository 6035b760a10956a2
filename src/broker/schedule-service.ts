/**
 * Delivers delayed messages: one queue of SCHEDULE_TOPIC_XXXX for each delay level, strictly in order within a
 * level. The delivery time of a message is the tagsCode of its queue unit.
 *
 * Source: broker/schedule/ScheduleMessageService.java.
 */
import type { Clock, Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { type DataVersion, newDataVersion, nextDataVersion } from '../protocol/data-version.js';
import { delayLevelQueueId } from '../protocol/delay-level.js';
import { decodeMessage } from '../protocol/message-codec.js';
import { MessageProperty } from '../protocol/message-property.js';
import { SystemTopic } from '../protocol/topic-validator.js';
import type { BrokerConfig } from './broker-config.js';
import type { BrokerStats } from './broker-stats.js';
import { type InnerMessage, innerFrom, isStored, type MessageWriter, type WriteResult } from './message-writer.js';
import type { MessageStore, QueueUnit } from './store/message-store.js';

const FIRST_DELIVERY_MS = 1000;
const POLL_MS = 100;
/** However much faster time runs. */
const LEAST_POLL_MS = 5;
const AFTER_ERROR_MS = 10_000;
/** Units that one pass of a level looks at, so that a long backlog does not hold up everything else. */
const UNITS_A_PASS = 256;
/** A pass ends with the message that fills this: it holds, and writes, all its messages at once. */
const BYTES_A_PASS = 4_194_304;

/** As it is kept in delayOffset.json. */
export interface DelayOffsets {
  /** Queue offset of the next message to deliver, by delay level. */
  offsetTable: Map<number, number>;
  dataVersion: DataVersion;
}

export interface ScheduleServiceDeps {
  config: BrokerConfig;
  clock: Clock;
  logger: Logger;
  store: MessageStore;
  writer: MessageWriter;
  stats: Pick<BrokerStats, 'put'>;
}

/**
 * The message as it is delivered. Its text still shows DELAY, REAL_TOPIC and REAL_QID, but the properties that
 * decisions are taken from do not: it must not be delayed again.
 *
 * @returns null when the record does not say where to deliver to
 */
export function messageTimeUp(record: Buffer): InnerMessage | null {
  const original = decodeMessage(record, 0, { decompress: false });
  const topic = original.properties.get(MessageProperty.REAL_TOPIC);
  const queueId = Number(original.properties.get(MessageProperty.REAL_QUEUE_ID) ?? Number.NaN);
  if (topic === undefined || !Number.isInteger(queueId)) return null;
  const message = innerFrom(original, topic, queueId);
  message.properties.delete(MessageProperty.DELAY_TIME_LEVEL);
  message.properties.delete(MessageProperty.TIMER_DELIVER_MS);
  message.properties.delete(MessageProperty.TIMER_DELAY_SEC);
  message.properties.delete(MessageProperty.TIMER_DELAY_MS);
  return message;
}

export class ScheduleService {
  readonly #deps: ScheduleServiceDeps;
  readonly #offsets = new Map<number, number>();
  readonly #timers = new Map<number, Timer>();
  /** Deliveries under way, by level. */
  readonly #running = new Map<number, Promise<void>>();
  #version: DataVersion;
  #updates = 0;
  #isStarted = false;

  constructor(deps: ScheduleServiceDeps) {
    this.#deps = deps;
    this.#version = newDataVersion(deps.clock.now());
  }

  /** Takes over what a file held. */
  load(offsets: ReadonlyMap<number, number>, version: DataVersion | null): void {
    for (const [level, queueOffset] of offsets) this.#offsets.set(level, queueOffset);
    if (version) this.#version = version;
  }

  /** A copy of the present offsets. */
  snapshot(): DelayOffsets {
    return { offsetTable: new Map(this.#offsets), dataVersion: this.#version };
  }

  /** Begins to deliver, after one second. The store must be open. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const { store, writer } = this.#deps;
    for (let level = 1; level <= writer.delayLevels.length; level++) {
      const queueId = delayLevelQueueId(level);
      const queueOffset = this.#offsets.get(level);
      if (queueOffset !== undefined) {
        const min = Math.max(0, store.minOffset(SystemTopic.SCHEDULE_TOPIC, queueId));
        const max = Math.max(min, store.maxOffset(SystemTopic.SCHEDULE_TOPIC, queueId));
        this.#offsets.set(level, Math.min(max, Math.max(min, queueOffset)));
      }
      this.#after(level, this.#scaled(FIRST_DELIVERY_MS));
    }
  }

  /** Ends deliveries; resolves when none is under way. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    await Promise.all(this.#running.values());
  }

  #scaled(delayMs: number): number {
    return Math.max(LEAST_POLL_MS, delayMs / this.#deps.config.timeScale);
  }

  #after(level: number, delayMs: number): void {
    if (!this.#isStarted) return;
    this.#timers.set(
      level,
      this.#deps.clock.after(delayMs, () => this.#run(level)),
    );
  }

  #run(level: number): void {
    const running = this.#deliverDue(level)
      .then(
        (isMoreDue) => (isMoreDue ? 1 : this.#scaled(POLL_MS)),
        (error) => {
          this.#deps.logger.error(
            { err: error, level, reason: errorText(error) },
            'delivery of delayed messages failed',
          );
          return AFTER_ERROR_MS;
        },
      )
      .then((delayMs) => {
        this.#running.delete(level);
        this.#after(level, delayMs);
      });
    this.#running.set(level, running);
  }

  #setOffset(level: number, queueOffset: number): void {
    if (this.#offsets.get(level) === queueOffset) return;
    this.#offsets.set(level, queueOffset);
    this.#updates++;
    if (this.#updates % Math.max(1, this.#deps.config.delayOffsetUpdateVersionStep) === 0) {
      this.#version = nextDataVersion(this.#version, this.#deps.clock.now());
    }
  }

  /** The unit's, or that of the message's store time if only a lost extension had it. */
  #deliverTime(level: number, { tagsCode, lostExtAddress, queueOffset }: QueueUnit): number {
    if (lostExtAddress === null) return tagsCode;
    const { store, writer } = this.#deps;
    const storedAtMs = store.messageTime(SystemTopic.SCHEDULE_TOPIC, delayLevelQueueId(level), queueOffset);
    return storedAtMs + (writer.delayLevels[level - 1] ?? 1_000);
  }

  /** A time beyond now plus the level's delay cannot be meant: the level table was changed, or the clock set back. */
  #isDue(level: number, deliverAtMs: number): boolean {
    const nowMs = this.#deps.clock.now();
    const longestMs = this.#deps.writer.delayLevels[level - 1] ?? 0;
    return deliverAtMs <= nowMs || deliverAtMs > nowMs + longestMs;
  }

  /**
   * Delivers what is due, a bounded number of messages at a time.
   *
   * @returns true when messages may still be due: the pass stopped for others to get their turn
   */
  async #deliverDue(level: number): Promise<boolean> {
    const { store } = this.#deps;
    const queueId = delayLevelQueueId(level);
    const min = store.minOffset(SystemTopic.SCHEDULE_TOPIC, queueId);
    const begin = Math.max(this.#offsets.get(level) ?? 0, min, 0);
    const units = store.queueUnits(SystemTopic.SCHEDULE_TOPIC, queueId, begin, UNITS_A_PASS);
    const firstNotDue = units.findIndex((unit) => !this.#isDue(level, this.#deliverTime(level, unit)));
    const due = firstNotDue < 0 ? units : units.slice(0, firstNotDue);
    let count = 0;
    for (let bytes = 0; count < due.length && bytes < BYTES_A_PASS; count++) bytes += due[count]!.size;
    const delivered = await this.#deliver(level, due.slice(0, count));
    const next = units[delivered]?.queueOffset ?? (units.at(-1)?.queueOffset ?? begin - 1) + 1;
    if (units.length > 0) this.#setOffset(level, next);
    return delivered === UNITS_A_PASS || (delivered === count && count < due.length);
  }

  /** Stores messages in order. @returns how many of them, from the first on, are durable or have to be skipped */
  async #deliver(level: number, units: readonly QueueUnit[]): Promise<number> {
    const { store, writer, logger, stats } = this.#deps;
    const records = await Promise.all(units.map((unit) => store.lookMessage(unit.physicalOffset)));
    let last: WriteResult | null = null;
    const delivered: [InnerMessage, WriteResult][] = [];
    let done = 0;
    for (const record of records) {
      if (!this.#isStarted) break;
      const message = record === null ? null : messageTimeUp(record);
      if (message && message.topic !== SystemTopic.TRANS_HALF_TOPIC) {
        const result = writer.put(message);
        if (!isStored(result.status)) {
          logger.warn({ level, topic: message.topic, status: result.status }, 'a delayed message was not stored');
          break;
        }
        last = result;
        delivered.push([message, result]);
      } else if (record !== null) {
        const { queueOffset } = units[done]!;
        logger.error({ level, queueOffset }, 'a delayed message without a valid target is dropped');
      }
      done++;
    }
    if (last === null) return done;
    const { status } = await writer.durable(last);
    if (isStored(status)) {
      for (const [{ topic, queueId }, { size }] of delivered) stats.put(topic, queueId, 1, size, 0);
      return done;
    }
    logger.warn({ level, status }, 'delayed messages were not stored');
    return 0;
  }
}
