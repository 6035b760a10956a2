/**
 * Delivers messages with an arbitrary delay. They lie in the queue of rmq_sys_wheel_timer; the enqueue side reads it
 * and files each message under its time in the wheel, the dequeue side empties the slots whose time has passed and
 * stores their messages under the real topic. No message has a timer or an object of its own while it waits.
 *
 * Three times, all multiples of the precision: slots before the read time are done, slots before the write time are
 * closed to new messages (what comes too late for its slot is delivered at once), and the write time follows the clock.
 *
 * Source: store/timer/TimerMessageStore.java.
 */
import { join } from 'node:path';
import type { Clock, Random, Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { nextDataVersion } from '../protocol/data-version.js';
import type { MessageExt } from '../protocol/message.js';
import { decodeMessage } from '../protocol/message-codec.js';
import { encodeProperties, MessageProperty } from '../protocol/message-property.js';
import { TIMER_TOPIC } from '../protocol/topic-validator.js';
import type { BrokerConfig } from './broker-config.js';
import type { BrokerStats } from './broker-stats.js';
import type { TableFile } from './load-table.js';
import {
  type InnerMessage,
  innerFrom,
  isStored,
  type MessageWriter,
  type WriteResult,
  type WriteStatus,
} from './message-writer.js';
import { nextTurn } from './store/consume-queue-store.js';
import { isDeleteHour } from './store/disk-space.js';
import { type FileSystem, nodeFileSystem } from './store/file-system.js';
import type { MessageStore, QueueUnit } from './store/message-store.js';
import { encodeTimerCheckpoint, TimerCheckpointFile } from './store/timer-checkpoint.js';
import { newTimerUnit, TimerLog, TimerMagic, timerLogFolder } from './store/timer-log.js';
import { newTimerRecord, readTimerRecord } from './store/timer-record.js';
import { recoverTimer } from './store/timer-recovery.js';
import { TIMER_BLANK_SLOTS, TIMER_WHEEL_SLOTS, type TimerSlot, TimerWheel } from './store/timer-wheel.js';
import { TimerMetrics } from './timer-metrics.js';
import { recountTimerMetrics } from './timer-recount.js';

const QUEUE_ID = 0;
const PRECISIONS_MS = [1000, 500, 200, 100] as const;
/** Messages, and bytes of them, that one slice reads. */
const UNITS_A_SLICE = 256;
const BYTES_A_SLICE = 4_194_304;
/** Units of one slot that are walked before others get their turn. */
const WALK_A_SLICE = 8_192;
/** Messages that arrive within so long are read together. */
const GATHER_MS = 50;
const AFTER_ERROR_MS = 500;
const MAX_READ_TRIES = 3;
const CLEAN_MS = 30_000;
const RECOUNT_MS = 45 * 60_000;
/** Once a day: an hour of timerCheckMetricsWhen has less. */
const BETWEEN_RECOUNTS_MS = 70 * 60_000;
/** Queue offsets that are compared to find a unit's message, when they differ. (#reviseQueueOffset) */
const MAX_REVISED_OFFSETS = 20_000;
/** Marks a message that was due when it was read: Long.MAX_VALUE. */
const NEVER_ENQUEUED = '9223372036854775807';

/** What a slot's list says of one message. */
interface PendingMessage {
  physicalOffset: number;
  size: number;
  enqueueMs: number;
  magic: number;
}

export interface TimerServiceDeps {
  config: BrokerConfig;
  clock: Clock;
  random: Random;
  logger: Logger;
  store: MessageStore;
  writer: MessageWriter;
  stats: Pick<BrokerStats, 'put'>;
  /** Node's files by default. */
  fs?: FileSystem;
  /** Of the metrics; `config/timermetrics` by default. */
  metricsFile?: TableFile;
}

/** The configured precision as the wheel takes it. (MessageStoreConfig#setTimerPrecisionMs) */
export function timerPrecisionMs(configured: number): number {
  return PRECISIONS_MS.find((candidate) => configured >= candidate) ?? 100;
}

/** What TIMER_DEL_UNIQKEY says of a message to be taken back. (#buildDeleteKey) */
export function timerDeleteKey(realTopic: string, uniqKey: string): string {
  return `${realTopic}+${uniqKey}`;
}

/** Pending messages of one slot, 32 bytes each: a slot may have a million. */
class PendingList {
  #values = new Float64Array(1024);
  length = 0;

  push({ physicalOffset, size, enqueueMs, magic }: PendingMessage): void {
    const at = this.length * 4;
    if (at === this.#values.length) {
      const longer = new Float64Array(at * 2);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[at] = physicalOffset;
    this.#values[at + 1] = size;
    this.#values[at + 2] = enqueueMs;
    this.#values[at + 3] = magic;
    this.length += 1;
  }

  get(index: number): PendingMessage {
    const values = this.#values;
    const at = index * 4;
    return {
      physicalOffset: values[at] as number,
      size: values[at + 1] as number,
      enqueueMs: values[at + 2] as number,
      magic: values[at + 3] as number,
    };
  }
}

/** Counts per second, over the time between two samples. */
class Rate {
  #count = 0;
  perSecond = 0;

  add(count: number): void {
    this.#count += count;
  }

  sample(elapsedMs: number): void {
    this.perSecond = elapsedMs > 0 ? (this.#count * 1000) / elapsedMs : 0;
    this.#count = 0;
  }
}

export class TimerService {
  readonly metrics: TimerMetrics;
  readonly #deps: TimerServiceDeps;
  readonly #precisionMs: number;
  readonly #rollSlots: number;
  readonly #wheel: TimerWheel;
  readonly #log: TimerLog;
  readonly #checkpoint: TimerCheckpointFile;
  readonly #unit = newTimerUnit();
  readonly #record = newTimerRecord();
  readonly #slot: TimerSlot = { firstPos: -1, lastPos: -1, num: 0 };
  readonly #enqueued = new Rate();
  readonly #dequeued = new Rate();
  readonly #timers = new Set<Timer>();
  #gathering: Timer | null = null;
  #enqueuing: Promise<void> | null = null;
  #dequeuing: Promise<void> | null = null;
  #flushing: Promise<void> | null = null;
  #recounting: Promise<void> | null = null;
  #recountedAtMs = Number.NEGATIVE_INFINITY;
  #hasArrived = false;
  #isLoaded = false;
  #isRunning = false;

  #readTimeMs = 0;
  #writeTimeMs = 0;
  #queueOffset = 0;
  /** Messages before this queue offset are read a second time: those that were due before are delivered already. */
  #redoUntil = 0;
  #redoFromMs = 0;
  #sampledAtMs = 0;

  constructor(deps: TimerServiceDeps) {
    const { config, clock } = deps;
    const fs = deps.fs ?? nodeFileSystem;
    const root = config.storePathRootDir;
    this.#deps = deps;
    this.#precisionMs = timerPrecisionMs(config.timerPrecisionMs);
    const mostSlots = TIMER_WHEEL_SLOTS - TIMER_BLANK_SLOTS;
    const { timerRollWindowSlot } = config;
    this.#rollSlots = timerRollWindowSlot > mostSlots || timerRollWindowSlot < 2 ? mostSlots : timerRollWindowSlot;
    this.#wheel = new TimerWheel(fs, join(root, 'timerwheel'), this.#precisionMs);
    this.#log = new TimerLog(fs, timerLogFolder(root), config.mappedFileSizeTimerLog);
    this.#checkpoint = new TimerCheckpointFile(fs, root);
    this.metrics = new TimerMetrics(root, () => clock.now(), deps.metricsFile);
  }

  /**
   * Opens the files and recovers what a crash left. The store must be open.
   *
   * @throws StoreCorruptError naming a timer log file of a wrong size; MQError CONFIG for unreadable metrics
   */
  async load(): Promise<void> {
    const { store, clock, logger } = this.#deps;
    this.#isLoaded = true;
    this.#checkpoint.open();
    const isLogWhole = this.#log.open();
    await this.metrics.load(logger);
    const { values } = this.#checkpoint;
    const nowMs = this.#floor(clock.now());
    const oldestMs = nowMs - (TIMER_WHEEL_SLOTS - TIMER_BLANK_SLOTS) * this.#precisionMs;
    // In the future after damage, or when the clock was set back: slots before it would never be read.
    this.#readTimeMs = Math.min(Math.max(this.#floor(values.lastReadTimeMs), oldestMs), nowMs);
    const isUsed = await this.#wheel.open(this.#readTimeMs);
    const { maxPhyOffset } = store.stats();
    const { endPos, last, linked } = await recoverTimer({
      wheel: this.#wheel,
      log: this.#log,
      checkpoint: values,
      readTimeMs: this.#readTimeMs,
      maxPhysicalOffset: maxPhyOffset,
      isWholeLogRead: !isUsed || !isLogWhole,
    });
    const next = last ? (await this.#queueOffsetOf(last)) + 1 : 0;
    const isLogComplete = endPos >= values.lastTimerLogFlushPos;
    if (isLogComplete) {
      this.#queueOffset = Math.max(next, values.lastTimerQueueOffset);
    } else {
      this.#queueOffset = next;
      this.#redoUntil = values.lastTimerQueueOffset;
      this.#redoFromMs = this.#readTimeMs;
      logger.warn(
        { endPos, lastTimerLogFlushPos: values.lastTimerLogFlushPos, queueOffset: next },
        'the timer log lost units: their messages are read again',
      );
    }
    const min = store.minOffset(TIMER_TOPIC, QUEUE_ID);
    const max = store.maxOffset(TIMER_TOPIC, QUEUE_ID);
    this.#queueOffset = Math.min(Math.max(this.#queueOffset, min), Math.max(min, max));
    this.#writeTimeMs = nowMs;
    logger.info(
      { readTimeMs: this.#readTimeMs, queueOffset: this.#queueOffset, endPos, linked },
      'timer wheel recovered',
    );
  }

  /** The queue offset of a unit's message; -1 if it is gone. */
  async #queueOffsetOf(place: { physicalOffset: number; size: number }): Promise<number> {
    const { store } = this.#deps;
    const [bytes] = await store.readRecords([place]);
    if (!bytes || !readTimerRecord(bytes, place.physicalOffset, this.#record)) return -1;
    const { queueOffset } = this.#record;
    for (let tried = 0; tried < MAX_REVISED_OFFSETS && tried <= queueOffset; tried += UNITS_A_SLICE) {
      const from = Math.max(0, queueOffset - tried - UNITS_A_SLICE + 1);
      const units = store.queueUnits(TIMER_TOPIC, QUEUE_ID, from, queueOffset - tried - from + 1);
      const found = units.findLast((unit) => unit.physicalOffset === place.physicalOffset);
      if (found) return found.queueOffset;
      if (from === 0) break;
    }
    return queueOffset;
  }

  /** Begins to enqueue and to deliver. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const { clock, config, store } = this.#deps;
    this.#sampledAtMs = clock.monotonicMs();
    store.onMessage((topic) => {
      if (topic === TIMER_TOPIC) this.#arrived();
    });
    this.#timers.add(clock.every(Math.max(1, config.timerFlushIntervalMs), () => this.#flushInBackground()));
    this.#timers.add(clock.every(CLEAN_MS, () => this.#clean()));
    this.#timers.add(clock.every(RECOUNT_MS, () => this.#recountWhenDue()));
    this.#tick();
  }

  /** Ends both sides, writes everything and closes the files. May be called again, and without `start`. */
  async stop(): Promise<void> {
    if (!this.#isLoaded) return;
    this.#isLoaded = false;
    this.#isRunning = false;
    this.#gathering?.cancel();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await this.#enqueuing;
    await this.#dequeuing;
    await this.#flushing;
    await this.#recounting;
    try {
      await this.#flush();
      await this.#checkpoint.sync();
    } catch (error) {
      this.#deps.logger.error({ err: error, reason: errorText(error) }, 'the timer could not be written');
    }
    this.#wheel.close();
    this.#log.close();
    this.#checkpoint.close();
  }

  /** Whether the slot of a time takes no more: surely from twice the limit on, by chance from the limit on. */
  isReject(deliverMs: number): boolean {
    const limit = this.#deps.config.timerCongestNumEachSlot;
    const num = this.#wheel.num(deliverMs);
    if (num <= limit) return false;
    if (num >= limit * 2) return true;
    return Math.floor(this.#deps.random.next() * 1000) > (1000 * (num - limit)) / (limit + 0.1);
  }

  get precisionMs(): number {
    return this.#precisionMs;
  }

  /** Seconds since the oldest time that is not delivered completely. */
  get readBehind(): number {
    return Math.max(0, Math.floor((this.#deps.clock.now() - this.#readTimeMs) / 1000));
  }

  /** Messages of the timer topic that are not in the wheel yet. */
  get offsetBehind(): number {
    return Math.max(0, this.#deps.store.maxOffset(TIMER_TOPIC, QUEUE_ID) - this.#queueOffset);
  }

  /** Messages that wait in the wheel. */
  get congestNum(): number {
    return this.#wheel.allNum(this.#readTimeMs);
  }

  get enqueueTps(): number {
    return this.#enqueued.perSecond;
  }

  get dequeueTps(): number {
    return this.#dequeued.perSecond;
  }

  /** Answer to GET_TIMER_CHECK_POINT 60. */
  checkpointBytes(): Buffer {
    return encodeTimerCheckpoint(this.#checkpoint.values);
  }

  #floor(timeMs: number): number {
    return timeMs - (timeMs % this.#precisionMs);
  }

  /** At every boundary of the precision, when a slot falls due. */
  #tick(): void {
    const { clock } = this.#deps;
    const delayMs = this.#precisionMs - (clock.now() % this.#precisionMs);
    const timer = clock.after(delayMs, () => {
      this.#timers.delete(timer);
      this.#wakeEnqueue();
      this.#wakeDequeue();
      this.#tick();
    });
    this.#timers.add(timer);
  }

  #arrived(): void {
    if (!this.#isRunning || this.#gathering) return;
    this.#gathering = this.#deps.clock.after(GATHER_MS, () => {
      this.#gathering = null;
      this.#wakeEnqueue();
    });
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#deps.clock.after(delayMs, resolve));
  }

  #wakeEnqueue(): void {
    this.#hasArrived = true;
    if (!this.#isRunning || this.#enqueuing) return;
    this.#enqueuing = this.#enqueueAll().finally(() => {
      this.#enqueuing = null;
    });
  }

  #wakeDequeue(): void {
    if (!this.#isRunning || this.#dequeuing) return;
    this.#dequeuing = this.#dequeueAll().finally(() => {
      this.#dequeuing = null;
    });
  }

  /** Reads the timer topic to its end. Never rejects. */
  async #enqueueAll(): Promise<void> {
    while (this.#isRunning && this.#hasArrived) {
      this.#hasArrived = false;
      try {
        while (this.#isRunning && (await this.#enqueueSome())) await nextTurn();
      } catch (error) {
        this.#deps.logger.error({ err: error, reason: errorText(error) }, 'timer messages could not be enqueued');
        await this.#pause(AFTER_ERROR_MS);
      }
      this.#wakeDequeue();
    }
  }

  /** @returns true if there was anything to read */
  async #enqueueSome(): Promise<boolean> {
    const { store, config, clock } = this.#deps;
    const begin = Math.max(this.#queueOffset, store.minOffset(TIMER_TOPIC, QUEUE_ID));
    const units = config.timerStopEnqueue
      ? []
      : limitBytes(store.queueUnits(TIMER_TOPIC, QUEUE_ID, begin, UNITS_A_SLICE));
    if (units.length > 0) {
      const records = await this.#read(units);
      // What is late is stored before any unit behind it is written: recovery goes on after the last unit.
      if (!(await this.#deliverLate(units, records))) return false;
      for (const [i, bytes] of records.entries()) {
        const unit = units[i] as QueueUnit;
        if (this.#isPending(unit, bytes) && this.#record.outMs >= this.#writeTimeMs) this.#enqueue(unit);
        this.#queueOffset = unit.queueOffset + 1;
        this.#enqueued.add(1);
      }
      this.#log.commit();
    }
    this.#writeTimeMs = Math.max(this.#writeTimeMs, this.#floor(clock.now()));
    return units.length > 0;
  }

  /** Reads a message of the timer topic. @returns false if it is unreadable or done */
  #isPending(unit: QueueUnit, bytes: Buffer | null): boolean {
    if (bytes && readTimerRecord(bytes, unit.physicalOffset, this.#record)) return !this.#isDone(unit);
    this.#deps.logger.warn({ queueOffset: unit.queueOffset }, 'a timer message can not be read: passed over');
    return false;
  }

  /** Whether a message that is read again was delivered, or rolled on, before its unit was lost. */
  #isDone({ queueOffset }: QueueUnit): boolean {
    if (queueOffset >= this.#redoUntil) return false;
    const writtenMs = this.#floor(this.#record.storeTimestamp);
    return this.#slotTime(this.#record.outMs, writtenMs) < this.#redoFromMs;
  }

  /** The slot a message goes to: its time, or one half-way if that is too far ahead. */
  #slotTime(outMs: number, writeTimeMs: number): number {
    const windowMs = this.#rollSlots * this.#precisionMs;
    const excessMs = outMs - writeTimeMs - windowMs;
    if (excessMs < 0) return outMs;
    // Near the window's end it comes back early enough for the next step to be a real one.
    const isNear = excessMs < Math.floor(this.#rollSlots / 3) * this.#precisionMs;
    return writeTimeMs + (isNear ? Math.floor(this.#rollSlots / 2) * this.#precisionMs : windowMs);
  }

  /** Files the record just read under its time. */
  #enqueue({ physicalOffset, size }: QueueUnit): void {
    const { outMs, isDelete, realTopic, topicHash } = this.#record;
    const timeMs = this.#slotTime(outMs, this.#writeTimeMs);
    const slot = this.#slot;
    this.#wheel.get(timeMs, slot);
    const unit = this.#unit;
    unit.prevPos = slot.lastPos;
    unit.magic = TimerMagic.DEFAULT | (timeMs === outMs ? 0 : TimerMagic.ROLL) | (isDelete ? TimerMagic.DELETE : 0);
    unit.writeTimeMs = this.#writeTimeMs;
    unit.delayMs = timeMs - this.#writeTimeMs;
    unit.physicalOffset = physicalOffset;
    unit.size = size;
    unit.topicHash = topicHash;
    const pos = this.#log.append(unit);
    if (slot.firstPos < 0) slot.firstPos = pos;
    slot.lastPos = pos;
    slot.num += isDelete ? -1 : 1;
    this.#wheel.put(timeMs, slot);
    this.metrics.add(realTopic, isDelete ? -1 : 1);
  }

  /** Stores messages that were due when they were read. A deletion comes too late then. @returns as `#store` */
  #deliverLate(units: readonly QueueUnit[], records: readonly (Buffer | null)[]): Promise<boolean> {
    const messages: InnerMessage[] = [];
    for (const [i, bytes] of records.entries()) {
      if (!bytes || !readTimerRecord(bytes, (units[i] as QueueUnit).physicalOffset, this.#record)) continue;
      if (this.#record.outMs >= this.#writeTimeMs || this.#record.isDelete) continue;
      if (this.#isDone(units[i] as QueueUnit)) continue;
      const message = this.#timeUp(bytes, NEVER_ENQUEUED, false);
      if (message) messages.push(message);
    }
    return this.#store(messages);
  }

  /** The stored message; null for one that can not be decoded, which is passed over: those beside it must come. */
  #decode(bytes: Buffer): MessageExt | null {
    try {
      return decodeMessage(bytes, 0, { decompress: false });
    } catch (error) {
      this.#deps.logger.error({ err: error, reason: errorText(error) }, 'a timer message can not be decoded: dropped');
      return null;
    }
  }

  /** Puts a message; what is thrown counts as an unknown error. */
  #put(message: InnerMessage): WriteResult {
    const { writer, logger } = this.#deps;
    try {
      return writer.put(message);
    } catch (error) {
      logger.error({ err: error, reason: errorText(error) }, 'a timer message was not stored');
      return { status: 'UNKNOWN_ERROR', physicalOffset: -1, size: -1, queueOffset: -1, storeTimestamp: -1 };
    }
  }

  /** Reads records, a bad one alone if need be: the rest must not be lost with it. */
  async #read(places: readonly { physicalOffset: number; size: number }[]): Promise<(Buffer | null)[]> {
    const { store, logger } = this.#deps;
    for (let tries = 1; tries <= MAX_READ_TRIES; tries++) {
      try {
        return await store.readRecords(places);
      } catch (error) {
        logger.error({ err: error, reason: errorText(error), tries }, 'timer messages can not be read');
        await this.#pause(AFTER_ERROR_MS);
      }
    }
    const records: (Buffer | null)[] = [];
    for (const place of places) {
      const [record = null] = await store.readRecords([place]).catch(() => []);
      records.push(record);
    }
    return records;
  }

  /** Empties the slots that are closed. Never rejects. */
  async #dequeueAll(): Promise<void> {
    while (this.#isRunning && !this.#deps.config.timerStopDequeue) {
      const timeMs = this.#wheel.next(this.#readTimeMs, this.#writeTimeMs);
      if (timeMs > this.#readTimeMs) this.#readTimeMs = timeMs;
      if (timeMs >= this.#writeTimeMs) return;
      try {
        if (!(await this.#dequeue(timeMs))) return;
      } catch (error) {
        const { logger, config } = this.#deps;
        logger.error({ err: error, timeMs, reason: errorText(error) }, 'timer messages were not delivered');
        await this.#pause(AFTER_ERROR_MS);
        if (!config.timerSkipUnknownError) continue;
      }
      this.#readTimeMs = timeMs + this.#precisionMs;
      this.#noteReadTime();
    }
  }

  /** After a slot the file says so at once: a killed broker does not deliver it again. */
  #noteReadTime(): void {
    const { values } = this.#checkpoint;
    values.lastReadTimeMs = this.#readTimeMs;
    values.version = nextDataVersion(values.version, this.#deps.clock.now());
    try {
      this.#checkpoint.write();
    } catch (error) {
      this.#deps.logger.warn({ reason: errorText(error) }, 'timercheck could not be written');
    }
  }

  /** Delivers one slot, oldest message first. @returns false if the service stopped meanwhile */
  async #dequeue(timeMs: number): Promise<boolean> {
    const { normal, deletions } = await this.#walk(timeMs);
    const deleted = new Map<string, string>();
    for (let end = deletions.length; end > 0; ) {
      const batch = takeBatch(deletions, end);
      end -= batch.length;
      for (const bytes of await this.#read(batch)) this.#noteDeletion(bytes, deleted);
    }
    const found = new Set<string>();
    for (let end = normal.length; end > 0; ) {
      if (!this.#isRunning) return false;
      const batch = takeBatch(normal, end);
      end -= batch.length;
      const records = await this.#read(batch);
      const messages: InnerMessage[] = [];
      for (const [i, bytes] of records.entries()) {
        const { enqueueMs, magic } = batch[i] as PendingMessage;
        const isRoll = (magic & TimerMagic.ROLL) !== 0;
        const message = bytes && this.#timeUp(bytes, String(enqueueMs), isRoll, deleted, found);
        if (message) messages.push(message);
      }
      if (!(await this.#store(messages))) return false;
      await nextTurn();
    }
    // Deletions that met nothing were counted for nothing.
    for (const [key, topic] of deleted) if (!found.has(key)) this.metrics.add(topic, 1);
    return true;
  }

  /** Reads a slot's list, which is linked from its end to its begin. */
  async #walk(timeMs: number): Promise<{ normal: PendingList; deletions: PendingList }> {
    const normal = new PendingList();
    const deletions = new PendingList();
    this.#wheel.get(timeMs, this.#slot);
    const unit = newTimerUnit();
    let pos = this.#slot.lastPos;
    for (let count = 1; this.#log.read(pos, unit); count++) {
      const { physicalOffset, size, magic, writeTimeMs } = unit;
      const isDeletion = (magic & TimerMagic.DELETE) !== 0 && (magic & TimerMagic.ROLL) === 0;
      (isDeletion ? deletions : normal).push({ physicalOffset, size, enqueueMs: writeTimeMs, magic });
      if (unit.prevPos >= pos) break;
      pos = unit.prevPos;
      if (count % WALK_A_SLICE === 0) await nextTurn();
    }
    return { normal, deletions };
  }

  /** @param deleted delete keys, with their topics */
  #noteDeletion(bytes: Buffer | null, deleted: Map<string, string>): void {
    const properties = bytes && this.#decode(bytes)?.properties;
    if (!properties) return;
    const key = properties.get(MessageProperty.TIMER_DEL_UNIQKEY);
    if (key) deleted.set(key, properties.get(MessageProperty.REAL_TOPIC) ?? '');
  }

  /**
   * The message as it is stored now: under its real topic, or for another round in the timer topic. The text still
   * shows what it was; the properties that decisions are taken from do not.
   *
   * @param isRoll its time lies further ahead than the wheel took it
   * @param deleted keys of messages that were taken back; `found` gets those that were there
   * @returns null if it was taken back, can not be decoded, or is no message of the timer topic
   */
  #timeUp(
    bytes: Buffer,
    enqueueText: string,
    isRoll: boolean,
    deleted?: ReadonlyMap<string, string>,
    found?: Set<string>,
  ): InnerMessage | null {
    const original = this.#decode(bytes);
    if (original === null) return null;
    const { properties } = original;
    const realTopic = properties.get(MessageProperty.REAL_TOPIC);
    const realQueueId = Number(properties.get(MessageProperty.REAL_QUEUE_ID) ?? Number.NaN);
    if (original.topic !== TIMER_TOPIC || realTopic === undefined || !Number.isInteger(realQueueId)) return null;
    const uniqKey = properties.get(MessageProperty.UNIQ_KEY);
    if (deleted && deleted.size > 0 && uniqKey !== undefined) {
      const key = timerDeleteKey(realTopic, uniqKey);
      if (deleted.has(key)) {
        found?.add(key);
        return null;
      }
    }
    properties.set(MessageProperty.TIMER_ENQUEUE_MS, enqueueText);
    if (isRoll) {
      const rolls = Number(properties.get(MessageProperty.TIMER_ROLL_TIMES) ?? 0);
      properties.set(MessageProperty.TIMER_ROLL_TIMES, String((Number.isInteger(rolls) ? rolls : 0) + 1));
    }
    properties.set(MessageProperty.TIMER_DEQUEUE_MS, String(this.#deps.clock.now()));
    if (enqueueText !== NEVER_ENQUEUED) this.metrics.add(realTopic, isDeletion(properties) ? 1 : -1);
    const message = isRoll
      ? innerFrom(original, original.topic, original.queueId)
      : innerFrom(original, realTopic, realQueueId);
    message.propertiesText = encodeProperties(properties);
    if (!isRoll) {
      message.properties.delete(MessageProperty.REAL_TOPIC);
      message.properties.delete(MessageProperty.REAL_QUEUE_ID);
    }
    return message;
  }

  /**
   * Stores messages in order, as often as it takes: they were acknowledged to their producers.
   *
   * @returns false if the service stopped before all were durable
   */
  async #store(messages: readonly InnerMessage[]): Promise<boolean> {
    const { writer, logger, stats, config } = this.#deps;
    let next = 0;
    while (this.#isRunning) {
      if (next === messages.length) return true;
      const begin = next;
      const results: WriteResult[] = [];
      let refusal: WriteStatus | null = null;
      for (; next < messages.length; next++) {
        const result = this.#put(messages[next] as InnerMessage);
        if (isHopeless(result.status) || (result.status === 'UNKNOWN_ERROR' && config.timerSkipUnknownError)) {
          const { topic, queueId } = messages[next] as InnerMessage;
          logger.warn({ topic, queueId, status: result.status }, 'a timer message can not be stored: dropped');
        } else if (!isStored(result.status)) {
          refusal = result.status;
          break;
        }
        results.push(result);
      }
      const last = results.findLast((result) => isStored(result.status));
      const status = last ? (await writer.durable(last)).status : 'PUT_OK';
      if (!isStored(status)) {
        refusal = status;
        next = begin;
      } else {
        for (const [i, result] of results.entries()) {
          if (!isStored(result.status)) continue;
          const { topic, queueId } = messages[begin + i] as InnerMessage;
          stats.put(topic, queueId, 1, result.size, 0);
          this.#dequeued.add(1);
        }
      }
      if (refusal === null) continue;
      logger.warn({ status: refusal, left: messages.length - next }, 'timer messages were not stored: tried again');
      await this.#pause((AFTER_ERROR_MS * this.#precisionMs) / 1000);
    }
    return false;
  }

  #flushInBackground(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    this.#enqueued.sample(nowMs - this.#sampledAtMs);
    this.#dequeued.sample(nowMs - this.#sampledAtMs);
    this.#sampledAtMs = nowMs;
    if (this.#flushing) return;
    this.#flushing = this.#flush()
      .catch((error: unknown) => {
        this.#deps.logger.error({ err: error, reason: errorText(error) }, 'the timer could not be written');
      })
      .finally(() => {
        this.#flushing = null;
      });
  }

  /** Makes log and wheel durable; only then the checkpoint says so. */
  async #flush(): Promise<void> {
    const { clock } = this.#deps;
    this.#log.commit();
    const queueOffset = this.#queueOffset;
    const flushedPos = this.#log.committedPos;
    await this.#log.sync();
    await this.#wheel.flush(this.#readTimeMs);
    await this.#wheel.sync();
    const { values } = this.#checkpoint;
    if (values.lastReadTimeMs !== this.#readTimeMs || values.lastTimerQueueOffset !== queueOffset) {
      values.version = nextDataVersion(values.version, clock.now());
    }
    values.lastReadTimeMs = this.#readTimeMs;
    values.lastTimerLogFlushPos = flushedPos;
    values.lastTimerQueueOffset = values.masterTimerQueueOffset = queueOffset;
    this.#checkpoint.write();
    await this.metrics.save();
  }

  #recountWhenDue(): void {
    const { config, clock, logger } = this.#deps;
    const nowMs = clock.now();
    const isDue = config.timerEnableCheckMetrics && isDeleteHour(config.timerCheckMetricsWhen, nowMs);
    if (!isDue || this.#recounting || nowMs - this.#recountedAtMs <= BETWEEN_RECOUNTS_MS) return;
    this.#recountedAtMs = nowMs;
    this.#recounting = this.#recount()
      .catch((error: unknown) => logger.warn({ reason: errorText(error) }, 'timer messages could not be counted'))
      .finally(() => {
        this.#recounting = null;
      });
  }

  async #recount(): Promise<void> {
    // A slot that is half delivered cannot be counted.
    await this.#dequeuing;
    if (!this.#isRunning) return;
    await recountTimerMetrics({
      log: this.#log,
      wheel: this.#wheel,
      metrics: this.metrics,
      readTimeMs: this.#readTimeMs,
      smallThreshold: this.#deps.config.timerMetricSmallThreshold,
      realTopicOf: async ({ physicalOffset, size }) => {
        const [bytes] = await this.#deps.store.readRecords([{ physicalOffset, size }]);
        const record = newTimerRecord();
        return bytes && readTimerRecord(bytes, physicalOffset, record) ? record.realTopic : null;
      },
    });
  }

  #clean(): void {
    const { store, logger } = this.#deps;
    this.#log.deleteExpired(store.stats().minPhyOffset).then(
      (files) => {
        if (files > 0) logger.info({ files }, 'expired timer log files deleted');
      },
      (error: unknown) => logger.warn({ reason: errorText(error) }, 'timer log files could not be deleted'),
    );
  }
}

function isDeletion(properties: ReadonlyMap<string, string>): boolean {
  return properties.has(MessageProperty.TIMER_DEL_UNIQKEY);
}

/** Outcomes that another try would not change. (#doPut) */
function isHopeless(status: WriteStatus): boolean {
  return (
    status === 'MESSAGE_ILLEGAL' ||
    status === 'PROPERTIES_SIZE_EXCEEDED' ||
    status === 'WHEEL_TIMER_NOT_ENABLE' ||
    status === 'WHEEL_TIMER_MSG_ILLEGAL'
  );
}

/** As many units, at least one, as their records are to be held in memory together. */
function limitBytes(units: QueueUnit[]): QueueUnit[] {
  let bytes = 0;
  const end = units.findIndex((unit) => {
    const isOver = bytes >= BYTES_A_SLICE;
    bytes += unit.size;
    return isOver;
  });
  return end < 0 ? units : units.slice(0, end);
}

/** The next messages of a list that was walked backwards, in the order they were enqueued. */
function takeBatch(list: PendingList, end: number): PendingMessage[] {
  const batch: PendingMessage[] = [];
  let bytes = 0;
  while (batch.length < Math.min(end, UNITS_A_SLICE) && bytes < BYTES_A_SLICE) {
    const pending = list.get(end - batch.length - 1);
    bytes += pending.size;
    batch.push(pending);
  }
  return batch;
}
