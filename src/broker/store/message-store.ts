import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { Clock, Timer } from '../../base/clock.js';
import { assert, errorText, MQError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { delayLevelMs, parseDelayLevels } from '../../protocol/delay-level.js';
import { addressBytes, type HostAddress } from '../../protocol/host-address.js';
import { indexHash, indexKeyHash, javaHashCode } from '../../protocol/java-hash.js';
import { KEY_SEPARATOR, MAX_PROPERTIES_BYTES } from '../../protocol/message-property.js';
import { MessageSysFlag } from '../../protocol/sys-flag.js';
import { isRetryTopic, isSystemTopic, LMQ_PREFIX, SystemTopic } from '../../protocol/topic-validator.js';
import { CheckpointFile } from './checkpoint.js';
import { CommitLog, type LogMemory } from './commit-log.js';
import type { ConsumeQueue, TopicHandle } from './consume-queue.js';
import { ConsumeQueueStore, nextTurn } from './consume-queue-store.js';
import { decideSpace, isDeleteHour } from './disk-space.js';
import { type FileSystem, nodeFileSystem, writeFully } from './file-system.js';
import { IndexService } from './index-service.js';
import { LogReader, type ReadOutcome, type WantedRecord } from './log-reader.js';
import { type LogRange, MessageSelector, newSelection, type Selection } from './message-selector.js';
import { offsetByTime } from './offset-by-time.js';
import {
  delayLevelOf,
  forEachKeyHash,
  newPropertyRanges,
  type PropertyRanges,
  scanProperties,
  tagsCodeOf,
} from './property-scan.js';
import { BLANK_HEADER_BYTES, MAX_TOPIC_V1, MIN_RECORD_BYTES, TOTAL_SIZE_AT } from './record-layout.js';
import { isRecordStart, newRecordView, readRecord } from './record-reader.js';
import { type RecordFields, recordSize, writeRecord } from './record-writer.js';
import { recoverStore } from './recovery.js';
import type { MessageStoreConfig } from './store-config.js';
import { StoreCounters } from './store-counters.js';
import { StoreLock } from './store-lock.js';
import type {
  ArrivalListener,
  BoundaryType,
  CopyResult,
  DurableListener,
  GetResult,
  PutBatchRecord,
  PutCommon,
  PutMessage,
  PutResult,
  PutStatus,
  QueryResult,
  QueueInfo,
  QueueUnit,
  StoreStats,
  TagFilter,
} from './store-types.js';
import { UNIT_BYTES, unitPhysicalOffset, unitSize, unitTagsCode } from './unit-slab.js';

export type { LogMemory } from './commit-log.js';
export type { ConsumeQueue, TopicHandle } from './consume-queue.js';
export { DEFAULT_STORE_CONFIG, type MessageStoreConfig } from './store-config.js';
export * from './store-types.js';

export interface MessageStoreDeps {
  clock: Clock;
  logger: Logger;
  /** Address that goes into records and offset message ids. */
  storeHost: HostAddress;
  /** Piece of an ArrayBuffer for the newest part of the log; allocated by default. */
  memory?: LogMemory;
  /** Node's files by default. */
  fs?: FileSystem;
  /** Of the partition that holds a path, 0..1; by default asked from `fs`. */
  usedRatio?: (path: string) => Promise<number>;
}

/** Bits of Java's RunningFlags (store/RunningFlags.java). */
const NOT_WRITEABLE = 2;
const QUEUE_ERROR = 4;
const INDEX_ERROR = 8;
const DISK_FULL = 16;

const MAX_TOPIC_BYTES = 255;
/** What a record may have beyond its body. */
const RECORD_OVERHEAD_BYTES = 65_536;
/** Index keys added in one go after the replies of a turn. */
const INDEX_SLICE_KEYS = 2_048;
/** So many records may wait for the index; beyond that puts pay for it. */
const MAX_UNINDEXED = 65_536;
/** Full pages are saved early when so many units were added. */
const SAVE_AFTER_UNITS = 200_000;
/** Everything is saved and the checkpoint moved when the log grew by so much: bounds what recovery reads. */
const SAVE_ALL_AFTER_BYTES = 1_073_741_824;
const FIRST_CLEAN_DELAY_MS = 60_000;
const HOUR_MS = 3_600_000;
const MAX_BORN_HOSTS = 1_024;
const LOOK_BYTES = 4_096;
/** QueryResult look-ups narrow the time range so often before they give up (DefaultMessageStore.java#queryMessage). */
const QUERY_ROUNDS = 3;
/** Messages of one query: with its header they must fit a frame of 16 MiB. */
const MAX_QUERY_BYTES = 12_582_912;

interface Waiter {
  physicalEnd: number;
  resolve: (status: PutStatus) => void;
}

const NOTHING_PUT = { physicalOffset: -1, size: -1, queueOffset: -1, storeTimestamp: -1 };

/**
 * The messages of a broker on disk, in Apache's files.
 *
 * One event loop owns it, so nothing is locked: a put encodes into memory and gets its offsets at once, all puts of a
 * turn are written together at its end, and readers see them from then on (with sync flush: once they are on disk).
 * `whenDurable` or `onDurable` tell when a put may be acknowledged.
 *
 * Source: store/DefaultMessageStore.java
 */
export class MessageStore {
  /** For encoding records in place; see CommitLog for how. */
  readonly commitLog: CommitLog<ConsumeQueue>;

  readonly #config: MessageStoreConfig;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #fs: FileSystem;
  readonly #usedRatio: (path: string) => Promise<number>;
  readonly #queues: ConsumeQueueStore;
  readonly #index: IndexService | null;
  readonly #checkpoint: CheckpointFile;
  readonly #reader: LogReader<ConsumeQueue>;
  readonly #selector: MessageSelector;
  readonly #selection = newSelection();
  readonly #counters = new StoreCounters();
  readonly #delayLevels: readonly number[];
  readonly #inMemoryBytes: number;
  readonly #ranges = newPropertyRanges();
  readonly #bornHosts = new Map<string, Uint8Array>();
  readonly #fields: RecordFields;
  readonly #durableListeners: DurableListener[] = [];
  readonly #arrivalListeners: ArrivalListener[] = [];

  #lock: StoreLock | null = null;
  #state: 'new' | 'starting' | 'running' | 'closing' | 'closed' = 'new';
  #starting: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #timers: Timer[] = [];
  #stamp = 0;
  /** Ascending by physicalEnd. */
  #waiters: Waiter[] = [];
  #durableEnd = 0;
  /** Queues with messages that were not announced yet. */
  #arrived: ConsumeQueue[] = [];
  #lastDispatchedTime = 0;
  #unsavedUnits = 0;
  #savedAllAt = 0;
  #savingAll: Promise<boolean> | null = null;
  #isIndexScheduled = false;
  /** Keys that could not be added: [keyHash, physicalOffset, storeTimestamp, ...]. */
  #failedKeys: number[] = [];
  #isDiskFull = false;
  #logRatio = -1;
  #queueRatio = -1;
  #bootTimestamp = 0;
  #isCleaning = false;

  /**
   * @throws MQError CONFIG if sizes or the delay level table make no sense
   */
  constructor(config: MessageStoreConfig, deps: MessageStoreDeps) {
    checkConfig(config);
    this.#config = config;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#fs = deps.fs ?? nodeFileSystem;
    this.#usedRatio = deps.usedRatio ?? ((path) => this.#fs.usedRatio(path));
    this.#delayLevels = parseDelayLevels(config.messageDelayLevel);
    this.#inMemoryBytes = (totalmem() * config.accessMessageInMemoryMaxRatio) / 100;
    const root = config.storePathRootDir;
    const { windowBytes } = config;
    this.commitLog = new CommitLog<ConsumeQueue>({
      fs: this.#fs,
      clock: deps.clock,
      logger: deps.logger,
      folder: config.storePathCommitLog ?? join(root, 'commitlog'),
      fileBytes: config.mappedFileSizeCommitLog,
      maxRecordBytes: config.maxMessageSize + RECORD_OVERHEAD_BYTES,
      flushDiskType: config.flushDiskType,
      flushIntervalMs: config.flushIntervalCommitLog,
      syncFlushTimeoutMs: config.syncFlushTimeout,
      memory: deps.memory ?? { buffer: new ArrayBuffer(windowBytes), windowStart: 0, windowBytes },
    });
    this.#queues = new ConsumeQueueStore({
      fs: this.#fs,
      logger: deps.logger,
      folder: join(root, 'consumequeue'),
      fileBytes: config.mappedFileSizeConsumeQueue,
      hotBytes: config.hotQueueBytes,
    });
    this.#index = config.messageIndexEnable
      ? new IndexService({
          fs: this.#fs,
          logger: deps.logger,
          folder: join(root, 'index'),
          hashSlotNum: config.maxHashSlotNum,
          indexNum: config.maxIndexNum,
          now: () => deps.clock.now(),
        })
      : null;
    this.#checkpoint = new CheckpointFile(this.#fs, root);
    this.#reader = new LogReader(this.commitLog, deps.logger);
    this.#selector = new MessageSelector(this.#queues, { ...config, inMemoryBytes: this.#inMemoryBytes });
    const none = new Uint8Array(0);
    this.#fields = {
      topicBytes: none,
      queueId: 0,
      flag: 0,
      sysFlag: 0,
      queueOffset: 0,
      physicalOffset: 0,
      bornTimestamp: 0,
      bornHostBytes: none,
      bornPort: 0,
      storeTimestamp: 0,
      storeHostBytes: none,
      storePort: 0,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: none,
      propertiesBytes: none,
    };
    this.setStoreHost(deps.storeHost);
  }

  /**
   * Sets the address that the records of later puts carry.
   *
   * @throws MessageFormatError if it is no IP address
   */
  setStoreHost(host: HostAddress): void {
    this.#fields.storeHostBytes = addressBytes(host.address);
    this.#fields.storePort = host.port;
  }

  /**
   * Takes the folder, recovers what a crash left, and opens for reading and writing.
   *
   * @throws StoreLockedError if another process has the folder
   * @throws StoreCorruptError if a file has another size than the settings say, naming it
   */
  async start(): Promise<void> {
    assert(this.#state === 'new', 'a message store is started once');
    this.#state = 'starting';
    this.#starting = this.#start();
    await this.#starting;
  }

  async #start(): Promise<void> {
    const root = this.#config.storePathRootDir;
    this.#fs.createFolder(root);
    this.#lock = StoreLock.acquire(this.#fs, root);
    try {
      await this.#open();
    } catch (error) {
      this.#state = 'closed';
      for (const timer of this.#timers) timer.cancel();
      await this.commitLog.close();
      await this.#index?.close();
      this.#queues.close();
      this.#checkpoint.close();
      this.#lock.release();
      throw error;
    }
    this.#state = 'running';
  }

  async #open(): Promise<void> {
    const startedAtMs = this.#clock.monotonicMs();
    this.#bootTimestamp = this.#clock.now();
    const isClean = this.#fs.info(this.#abortPath) === null;
    this.#checkpoint.open();
    this.commitLog.files.load();
    await this.#queues.load();
    this.#index?.load();
    const { from, end, lastTimestamp, records } = await recoverStore({
      fs: this.#fs,
      logger: this.#logger,
      files: this.commitLog.files,
      queues: this.#queues,
      index: this.#index,
      checkpoint: this.#checkpoint.values,
      isClean,
      checkCRC: this.#config.checkCRCOnRecover,
      tagsCodeOf: (topic, bytes, ranges, storeTimestamp) => this.#tagsCode(topic, bytes, ranges, storeTimestamp),
      beforeRepair: () => this.#writeAbort(),
    });
    this.#logger.info(
      { isClean, records, maxPhyOffset: end, durationMs: Math.round(this.#clock.monotonicMs() - startedAtMs) },
      'message store recovered',
    );
    this.#lastDispatchedTime = lastTimestamp;
    this.#durableEnd = this.#savedAllAt = end;
    const events = {
      durable: (physicalEnd: number) => this.#onDurable(physicalEnd),
      timedOut: (physicalEnd: number) => this.#release(physicalEnd, 'FLUSH_DISK_TIMEOUT'),
      failed: (physicalEnd: number, status: PutStatus) => this.#onFailed(physicalEnd, status),
    };
    this.commitLog.open(end, events, from, lastTimestamp);
    this.#writeAbort();
    const config = this.#config;
    this.#timers.push(
      this.#clock.every(config.flushIntervalConsumeQueue, () => this.#saveSome()),
      this.#clock.every(config.flushConsumeQueueThoroughInterval, () => this.#saveAll()),
      this.#clock.after(FIRST_CLEAN_DELAY_MS, () => {
        this.#clean();
        this.#timers.push(this.#clock.every(config.cleanResourceInterval, () => this.#clean()));
      }),
    );
    if (from < end) this.#saveAll();
  }

  /**
   * Writes and flushes everything and gives the folder back. Puts are refused from the call on. May be called again.
   * Never rejects; if something could not be written the file `abort` stays, and the next start recovers.
   */
  shutdown(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // A start under way comes to its end first; why it failed is its caller's to hear.
    await this.#starting?.catch(() => undefined);
    if (this.#state !== 'running') {
      this.#state = 'closed';
      return;
    }
    this.#state = 'closing';
    for (const timer of this.#timers) timer.cancel();
    let isClean = await this.commitLog.close();
    while (this.#savingAll) await this.#savingAll;
    isClean = (await this.#saveAll()) && isClean && this.commitLog.records.size === 0;
    try {
      this.#updateCheckpoint();
      await this.#checkpoint.sync();
    } catch (error) {
      this.#logger.error({ error: errorText(error) }, 'checkpoint could not be written');
    }
    if (isClean) this.#fs.remove(this.#abortPath);
    else this.#logger.warn({}, 'the store could not be closed completely; its next start will recover it');
    await this.#index?.close();
    this.#queues.close();
    this.#checkpoint.close();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve('SERVICE_NOT_AVAILABLE');
    this.#lock?.release();
    this.#state = 'closed';
  }

  /** The handle of a topic, which stays valid for the store's life. Puts and hot reads take it instead of the name. */
  topic(name: string): TopicHandle {
    return this.#queues.topic(name);
  }

  /** The queue of a topic, made if need be; to be asked for each put, since destroyTopic drops queues. */
  queueForPut(handle: TopicHandle, queueId: number): ConsumeQueue {
    return handle.queues[queueId] ?? this.#queues.queue(handle, queueId);
  }

  /** Store time for a record, ms: the time of the turn's first put. */
  stampTime(): number {
    const log = this.commitLog;
    if (log.position === log.writtenEnd) this.#stamp = this.#clock.now();
    return this.#stamp;
  }

  /** True if messages are taken. */
  isWriteable(): boolean {
    return this.#state === 'running' && !this.commitLog.isFailing && (this.runningFlags & ~1) === 0;
  }

  /** Bits of Java's RunningFlags. */
  get runningFlags(): number {
    const { error } = this.commitLog;
    const isFull = this.#isDiskFull || (error !== null && 'code' in error && error.code === 'ENOSPC');
    return (
      (this.#state === 'running' && error === null ? 0 : NOT_WRITEABLE) |
      (this.#queues.error ? QUEUE_ERROR : 0) |
      (this.#index?.error ? INDEX_ERROR : 0) |
      (isFull ? DISK_FULL : 0)
    );
  }

  /**
   * Appends a message: encoded and with its offsets when this returns, written at the end of the turn. Acknowledge it
   * when `whenDurable(physicalOffset + size)`, called in the same turn, says so.
   */
  putMessage(message: PutMessage): PutResult {
    const status = this.#checkPut(message, message.body);
    if (status !== 'PUT_OK') return this.#refused(status);
    const properties = bytesOf(message.propertiesText);
    if (properties.length > MAX_PROPERTIES_BYTES) return this.#refused('PROPERTIES_SIZE_EXCEEDED');
    const handle = this.topic(message.topic);
    const fields = this.#fields;
    this.#setCommon(handle, message);
    const size = this.#sizeOf(message.body, properties);
    const log = this.commitLog;
    const at = log.reserve(size);
    if (at < 0) return this.#refused(log.refusal);
    fields.preparedTransactionOffset = message.preparedTransactionOffset;
    return this.#append(at, size, handle, message.flag, message.body, properties, message);
  }

  /**
   * Appends messages as one: all or none are accepted, their records stand in one file and have consecutive queue
   * offsets.
   *
   * @returns one result for each record
   */
  putBatch(common: PutCommon, records: readonly PutBatchRecord[]): PutResult[] {
    const refuse = (status: PutStatus) => records.map(() => this.#refused(status));
    const properties = records.map((record) => bytesOf(record.propertiesText));
    if (properties.some((bytes) => bytes.length > MAX_PROPERTIES_BYTES)) return refuse('PROPERTIES_SIZE_EXCEEDED');
    for (const record of records) {
      const status = this.#checkPut(common, record.body);
      if (status !== 'PUT_OK') return refuse(status);
    }
    const handle = this.topic(common.topic);
    this.#setCommon(handle, common);
    this.#fields.preparedTransactionOffset = 0;
    const sizes = records.map((record, i) => this.#sizeOf(record.body, properties[i] as Uint8Array));
    const log = this.commitLog;
    let at = log.reserve(sizes.reduce((sum, size) => sum + size, 0));
    if (at < 0) return refuse(log.refusal);
    return records.map((record, i) => {
      const size = sizes[i] as number;
      const result = this.#append(at, size, handle, record.flag, record.body, properties[i] as Uint8Array, {});
      at += size;
      return result;
    });
  }

  /** Writes what was put in this turn now, instead of at its end. */
  commitTurn(): void {
    this.commitLog.commitTurn();
  }

  /**
   * Waits until all records that end at or before `physicalEnd` may be acknowledged.
   *
   * @param physicalEnd of a record put in this turn; one that is durable already is fine too
   * @returns PUT_OK, FLUSH_DISK_TIMEOUT (sync flush took too long), or why the record is not in the log
   */
  whenDurable(physicalEnd: number): Promise<PutStatus> {
    if (physicalEnd <= this.#durableEnd) return Promise.resolve('PUT_OK');
    if (this.#state !== 'running') return Promise.resolve('SERVICE_NOT_AVAILABLE');
    return new Promise((resolve) => {
      this.#waiters.push({ physicalEnd, resolve });
    });
  }

  /** Calls `fn` whenever more of the log is durable, or something was rolled back; once for a turn or flush. */
  onDurable(fn: DurableListener): void {
    this.#durableListeners.push(fn);
  }

  /** Calls `fn` when messages can be read from a queue, after `onDurable`; once for each queue and commit. */
  onMessage(fn: ArrivalListener): void {
    this.#arrivalListeners.push(fn);
  }

  /**
   * Reads messages of a queue; Apache's statuses, limits and next offsets.
   *
   * @param queueOffset first offset wanted
   * @param maxBytes of records; at least one message is returned whatever its size
   * @returns at once when memory or the page cache has all of it, else a promise
   */
  getMessage(
    topic: string,
    queueId: number,
    queueOffset: number,
    maxMsgNums: number,
    maxBytes: number,
    tagFilter: TagFilter,
  ): GetResult | Promise<GetResult> {
    const queue = this.#queues.find(topic, queueId);
    if (!queue) {
      this.#counters.getMissTimes += 1;
      return emptyResult('NO_MATCHED_LOGIC_QUEUE', 0, 0, 0);
    }
    const selection = this.#selection;
    this.#select(queue, queueOffset, maxMsgNums, maxBytes, tagFilter, selection);
    const result = emptyResult(selection.status, selection.nextBeginOffset, queue.minOffset, queue.maxOffset);
    const behind = this.commitLog.writtenEnd - selection.maxPhyOffsetPulling;
    result.suggestPullingFromSlave = selection.maxPhyOffsetPulling > 0 && behind > this.#inMemoryBytes;
    if (selection.status !== 'FOUND') {
      this.#counters.getMissTimes += 1;
      return result;
    }
    const { count, totalBytes } = selection;
    const wanted: WantedRecord[] = [];
    let at = 0;
    for (let i = 0; i < count; i++) {
      const size = selection.sizes[i] as number;
      wanted.push({ physicalOffset: selection.physicalOffsets[i] as number, size, targetStart: at });
      at += size;
    }
    const queueOffsets = selection.queueOffsets.slice(0, count);
    const isAtHand = wanted.every(
      (record) =>
        this.#reader.isWarm(record.physicalOffset) || this.commitLog.addressOf(record.physicalOffset, record.size) >= 0,
    );
    if (isAtHand) {
      const bytes = Buffer.allocUnsafeSlow(totalBytes);
      return this.#foundResult(result, bytes, wanted, queueOffsets, this.#reader.readSync(wanted, bytes));
    }
    return this.#reader.inTurn(async () => {
      const bytes = Buffer.allocUnsafeSlow(totalBytes);
      return this.#foundResult(result, bytes, wanted, queueOffsets, await this.#reader.read(wanted, bytes));
    });
  }

  /**
   * `getMessage` for the hot path: copies the records to `target`, if all of them are in memory and fit.
   *
   * @param at where in `target` to begin
   * @returns null if not: then `getMessage` has the answer
   */
  copyMessages(
    handle: TopicHandle,
    queueId: number,
    queueOffset: number,
    maxMsgNums: number,
    maxBytes: number,
    tagFilter: TagFilter,
    target: Uint8Array,
    at: number,
  ): CopyResult | null {
    const queue = handle.queues[queueId];
    if (!queue || queueOffset < queue.hotOffset) return null;
    const selection = this.#selection;
    this.#select(queue, queueOffset, maxMsgNums, maxBytes, tagFilter, selection);
    const { status, nextBeginOffset, count } = selection;
    const { minOffset, maxOffset } = queue;
    if (status !== 'FOUND') {
      this.#counters.getMissTimes += 1;
      return { status, nextBeginOffset, minOffset, maxOffset, bytesWritten: 0, count: 0 };
    }
    if (at + selection.totalBytes > target.length) return null;
    const log = this.commitLog;
    const isSameBuffer = target.buffer === log.buffer;
    let position = at;
    for (let i = 0; i < count; ) {
      const physicalOffset = selection.physicalOffsets[i] as number;
      let size = selection.sizes[i] as number;
      const address = log.addressOf(physicalOffset, size);
      if (address < 0) return null;
      // Neighbours in the log are copied together.
      for (i += 1; i < count && selection.physicalOffsets[i] === physicalOffset + size; i++) {
        const more = size + (selection.sizes[i] as number);
        if (log.addressOf(physicalOffset, more) !== address) break;
        size = more;
      }
      if (isSameBuffer) log.bytes.copyWithin(target.byteOffset + position, address, address + size);
      else target.set(new Uint8Array(log.buffer, address, size), position);
      position += size;
    }
    this.#countFound(count, selection.totalBytes);
    return { status, nextBeginOffset, minOffset, maxOffset, bytesWritten: position - at, count };
  }

  /** First offset that can be read; 0 for an unknown queue. */
  minOffset(topic: string, queueId: number): number {
    return this.#queues.find(topic, queueId)?.minOffset ?? 0;
  }

  /** Offset that the next readable message will have; 0 for an unknown queue. */
  maxOffset(topic: string, queueId: number): number {
    return this.#queues.find(topic, queueId)?.maxOffset ?? 0;
  }

  /**
   * Queue offset by store time: `lower` the first message stored at or after `timestamp` (maxOffset if there is none),
   * `upper` the last one stored at or before it (minOffset if there is none); 0 for an unknown queue.
   *
   * @throws StoreIoError if files can not be read
   */
  offsetByTime(topic: string, queueId: number, timestamp: number, boundary: BoundaryType): number {
    const queue = this.#queues.find(topic, queueId);
    if (!queue) return 0;
    const log = this.commitLog;
    return offsetByTime(this.#queues, queue, timestamp, boundary, log.minOffset, (physicalOffset, size) =>
      log.storeTimestampOf(physicalOffset, size),
    );
  }

  /**
   * Store time of a message, ms; -1 if there is none at this offset.
   *
   * @throws StoreIoError if files can not be read
   */
  messageTime(topic: string, queueId: number, queueOffset: number): number {
    const queue = this.#queues.find(topic, queueId);
    if (!queue || queueOffset < queue.minOffset) return -1;
    const unit = this.#queues.unit(queue, queueOffset);
    if (!unit) return -1;
    return this.commitLog.storeTimestampOf(unitPhysicalOffset(unit, 0), unitSize(unit, 0));
  }

  /** Store time of a queue's oldest message, ms; -1 if it has none. */
  earliestMessageTime(topic: string, queueId: number): number {
    return this.messageTime(topic, queueId, this.minOffset(topic, queueId));
  }

  /**
   * Entries of a consume queue, from `queueOffset` on, as many as exist up to `count`.
   *
   * @throws StoreIoError if files can not be read
   */
  queueUnits(topic: string, queueId: number, queueOffset: number, count: number): QueueUnit[] {
    const queue = this.#queues.find(topic, queueId);
    const units: QueueUnit[] = [];
    if (!queue) return units;
    const from = Math.max(queueOffset, queue.minOffset);
    for (let offset = from; offset < Math.min(queueOffset + count, queue.maxOffset); offset++) {
      const unit = this.#queues.unit(queue, offset);
      if (!unit) break;
      units.push({
        queueOffset: offset,
        physicalOffset: unitPhysicalOffset(unit, 0),
        size: unitSize(unit, 0),
        tagsCode: unitTagsCode(unit, 0),
      });
    }
    return units;
  }

  /**
   * The record that starts at a physical offset.
   *
   * @param physicalOffset any number
   * @returns the caller's own bytes; null if no record starts there
   * @throws StoreIoError if the file can not be read
   */
  async lookMessage(physicalOffset: number): Promise<Buffer | null> {
    const log = this.commitLog;
    if (!Number.isSafeInteger(physicalOffset) || physicalOffset < log.minOffset) return null;
    const start = log.files.startOf(physicalOffset);
    if (start < 0) return null;
    const available = Math.min(log.writtenEnd, start + log.files.fileBytes) - physicalOffset;
    if (available < MIN_RECORD_BYTES) return null;
    let bytes = Buffer.allocUnsafe(Math.min(available, LOOK_BYTES));
    if (!(await this.#readLog(physicalOffset, bytes))) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const size = view.getInt32(TOTAL_SIZE_AT);
    if (size < MIN_RECORD_BYTES || size > available || !isRecordStart(view, 0, size)) return null;
    if (size > bytes.length) {
      bytes = Buffer.allocUnsafe(size);
      if (!(await this.#readLog(physicalOffset, bytes))) return null;
    }
    const whole = bytes.subarray(0, size);
    const wholeView = new DataView(whole.buffer, whole.byteOffset, size);
    const check = readRecord(wholeView, whole, 0, size, available, physicalOffset, false, newRecordView());
    return check === 'record' ? whole : null;
  }

  /**
   * Messages by index key, stored in [beginMs, endMs] with the index's precision of a second.
   *
   * @param key a UNIQ_KEY or one of the KEYS; hashes collide, so the caller compares what it gets
   * @param maxNum at most so many, at most maxMsgsNumBatch, and no more than one answer holds: the oldest come first
   */
  async queryByKey(topic: string, key: string, maxNum: number, beginMs: number, endMs: number): Promise<QueryResult> {
    const result: QueryResult = { offsets: [], messages: [], lastUpdateTimestamp: 0, lastUpdatePhyOffset: 0 };
    const index = this.#index;
    if (!index) return result;
    while (this.commitLog.records.unindexed > 0 && this.#indexSlice()) await nextTurn();
    const limit = Math.min(maxNum, this.#config.maxMsgsNumBatch);
    let end = endMs;
    let bytes = 0;
    for (let round = 0; round < QUERY_ROUNDS; round++) {
      const { endTimestamp, endPhyOffset } = index;
      const offsets = await index.query(indexKeyHash(topic, key), limit, beginMs, end);
      if (offsets.length === 0) break;
      result.lastUpdateTimestamp = endTimestamp;
      result.lastUpdatePhyOffset = endPhyOffset;
      offsets.sort((a, b) => a - b);
      let oldest = end;
      for (const [i, physicalOffset] of offsets.entries()) {
        const message = await this.lookMessage(physicalOffset);
        if (i === 0 && message) oldest = this.commitLog.storeTimestampOf(physicalOffset, message.length);
        if (!message) continue;
        bytes += message.length;
        if (bytes > MAX_QUERY_BYTES && result.messages.length > 0) break;
        result.offsets.push(physicalOffset);
        result.messages.push(message);
      }
      end = oldest;
      if (result.messages.length > 0 || end < beginMs) break;
    }
    return result;
  }

  /** True if offset 0 of the queue is still there and lies so near to the log's end that memory has it. */
  isFirstMessageInMemory(topic: string, queueId: number): boolean {
    const queue = this.#queues.find(topic, queueId);
    if (!queue || queue.minOffset > 0) return false;
    const unit = this.#queues.unit(queue, 0);
    return unit !== null && this.commitLog.writtenEnd - unitPhysicalOffset(unit, 0) <= this.#inMemoryBytes;
  }

  /**
   * Removes the queues of topics, with their files. Their messages stay in the log until that expires.
   *
   * @returns how many of the topics had queues
   */
  async destroyTopic(topics: Iterable<string>): Promise<number> {
    this.commitTurn();
    let destroyed = 0;
    for (const name of topics) {
      const handle = this.#queues.topics.get(name);
      if (!handle || handle.queues.length === 0) continue;
      this.#queues.destroyTopic(handle);
      destroyed += 1;
      await nextTurn();
    }
    return destroyed;
  }

  /** Removes all topics but those of `keep` and the system's; returns how many. */
  cleanUnusedTopics(keep: ReadonlySet<string>): Promise<number> {
    const isUnused = (name: string) => !keep.has(name) && !isSystemTopic(name) && !name.startsWith(LMQ_PREFIX);
    return this.destroyTopic([...this.#queues.topics.keys()].filter(isUnused));
  }

  /** Removes the queues, except of system topics, that have no message in the log any more; returns how many. */
  async cleanExpiredConsumeQueues(): Promise<number> {
    const { minOffset } = this.commitLog;
    let removed = 0;
    for (const queue of [...this.#queues.all()]) {
      if (isSystemTopic(queue.topic) || queue.nextOffset !== queue.maxOffset) continue;
      if (queue.maxPhysicOffset < 0 || queue.maxPhysicOffset >= minOffset) continue;
      this.#queues.destroyQueue(queue);
      removed += 1;
      if (removed % 100 === 0) await nextTurn();
    }
    return removed;
  }

  /**
   * Deletes expired log files now, whatever the hour, and what consume queues and index have of them.
   *
   * @returns log files deleted
   */
  deleteExpiredFiles(): Promise<number> {
    return this.#deleteExpired(false);
  }

  stats(): StoreStats {
    const { commitLog: log, runningFlags } = this;
    const { putTimeDistribution, ...counters } = this.#counters;
    return {
      ...counters,
      putTimeDistribution: [...putTimeDistribution],
      minPhyOffset: log.minOffset,
      maxPhyOffset: log.writtenEnd,
      flushedPhyOffset: log.flushedEnd,
      dispatchBehindBytes: log.writtenEnd - this.#durableEnd,
      runningFlags,
      bootTimestamp: this.#bootTimestamp,
      earliestMessageTimestamp: this.#earliestTimestamp(),
      commitLogDiskRatio: this.#logRatio,
      consumeQueueDiskRatio: this.#queueRatio,
    };
  }

  /** All queues that have or had messages. */
  *queues(): Generator<QueueInfo> {
    for (const { topic, queueId, minOffset, maxOffset } of this.#queues.all()) {
      yield { topic, queueId, minOffset, maxOffset };
    }
  }

  get #abortPath(): string {
    return join(this.#config.storePathRootDir, 'abort');
  }

  #writeAbort(): void {
    const path = this.#abortPath;
    const text = Buffer.from(String(process.pid), 'latin1');
    const fd = this.#fs.open(path, this.#fs.info(path) ? 'write' : 'create');
    try {
      this.#fs.truncate(fd, 0);
      writeFully(this.#fs, fd, text, 0, text.length, 0);
    } finally {
      this.#fs.close(fd);
    }
    this.#fs.syncFolder(this.#config.storePathRootDir);
  }

  #refused(status: PutStatus): PutResult {
    this.#counters.putFailures += 1;
    return { status, ...NOTHING_PUT };
  }

  /** What makes a message impossible to store, before anything is encoded. */
  #checkPut(common: PutCommon, body: Uint8Array): PutStatus {
    if (!this.isWriteable()) return 'SERVICE_NOT_AVAILABLE';
    const { topic, queueId } = common;
    const topicBytes = Buffer.byteLength(topic, 'utf8');
    const isLong = topicBytes > MAX_TOPIC_V1;
    if (topicBytes === 0 || topicBytes > MAX_TOPIC_BYTES || (isLong && !isRetryTopic(topic))) return 'MESSAGE_ILLEGAL';
    if (isLong && !this.#config.autoMessageVersionOnTopicLen) return 'MESSAGE_ILLEGAL';
    if (topic.includes('/') || topic.includes('\0') || topic === '.' || topic === '..') return 'MESSAGE_ILLEGAL';
    if (!Number.isInteger(queueId) || queueId < 0 || body.length > this.#config.maxMessageSize)
      return 'MESSAGE_ILLEGAL';
    return 'PUT_OK';
  }

  #setCommon(handle: TopicHandle, common: PutCommon): void {
    const fields = this.#fields;
    fields.topicBytes = handle.nameBytes;
    fields.queueId = common.queueId;
    fields.sysFlag = common.sysFlag;
    fields.bornTimestamp = common.bornTimestamp;
    fields.bornHostBytes = this.#bornHost(common.bornHost.address);
    fields.bornPort = common.bornHost.port;
    fields.reconsumeTimes = common.reconsumeTimes;
    fields.storeTimestamp = this.stampTime();
  }

  #bornHost(address: string): Uint8Array {
    let bytes = this.#bornHosts.get(address);
    if (!bytes) {
      bytes = addressBytes(address);
      if (this.#bornHosts.size >= MAX_BORN_HOSTS) this.#bornHosts.clear();
      this.#bornHosts.set(address, bytes);
    }
    return bytes;
  }

  #sizeOf(body: Uint8Array, properties: Uint8Array): number {
    const { topicBytes, bornHostBytes, storeHostBytes } = this.#fields;
    return recordSize(body.length, topicBytes.length, properties.length, bornHostBytes.length, storeHostBytes.length);
  }

  /** Encodes one record at a reserved place and accepts it. */
  #append(
    at: number,
    size: number,
    handle: TopicHandle,
    flag: number,
    body: Uint8Array,
    properties: Uint8Array,
    given: Pick<PutMessage, 'keys' | 'tagsCode'>,
  ): PutResult {
    const log = this.commitLog;
    const fields = this.#fields;
    const transaction = fields.sysFlag & MessageSysFlag.TRANSACTION_MASK;
    const isQueued =
      transaction === MessageSysFlag.TRANSACTION_NOT_TYPE || transaction === MessageSysFlag.TRANSACTION_COMMIT_TYPE;
    const queue = isQueued ? this.queueForPut(handle, fields.queueId) : null;
    const physicalOffset = log.position;
    const queueOffset = queue?.nextOffset ?? 0;
    const { storeTimestamp } = fields;
    fields.flag = flag;
    fields.queueOffset = queueOffset;
    fields.physicalOffset = physicalOffset;
    fields.body = body;
    fields.propertiesBytes = properties;
    const propertiesAt = writeRecord(log.view, log.bytes, at, size, fields);
    const ranges = this.#ranges;
    scanProperties(log.bytes, propertiesAt, at + size, ranges);
    if (this.#index && transaction !== MessageSysFlag.TRANSACTION_ROLLBACK_TYPE) {
      if (given.keys) addKeys(log, handle.keySeed, given.keys.uniqKey, given.keys.keys);
      else forEachKeyHash(log.bytes, ranges, handle.keySeed, (keyHash) => log.addKey(keyHash));
    }
    const tagsCode = given.tagsCode ?? this.#tagsCode(handle.name, log.bytes, ranges, storeTimestamp);
    log.accept(queue, size, tagsCode, storeTimestamp);
    return { status: 'PUT_OK', physicalOffset, size, queueOffset, storeTimestamp };
  }

  /** tagsCode of a consume-queue unit: the deliver time on the schedule topic, else the hash of TAGS. */
  #tagsCode(topic: string, bytes: Uint8Array, ranges: PropertyRanges, storeTimestamp: number): number {
    if (topic === SystemTopic.SCHEDULE_TOPIC) {
      const level = delayLevelOf(bytes, ranges);
      if (level > 0) return storeTimestamp + delayLevelMs(level, this.#delayLevels);
    }
    return tagsCodeOf(bytes, ranges);
  }

  #onDurable(physicalEnd: number): void {
    const { records } = this.commitLog;
    const count = records.undispatched;
    records.dispatch(physicalEnd, this.#dispatch);
    this.#durableEnd = physicalEnd;
    const dispatched = count - records.undispatched;
    this.#counters.committed(dispatched, this.#clock.now() - this.#stamp);
    this.#release(physicalEnd, 'PUT_OK');
    this.#announceArrivals();
    while (records.unindexed > MAX_UNINDEXED && this.#indexSlice());
    this.#scheduleIndex();
    this.#unsavedUnits += dispatched;
    if (this.#unsavedUnits >= SAVE_AFTER_UNITS) this.#saveSome();
    if (physicalEnd - this.#savedAllAt >= SAVE_ALL_AFTER_BYTES) this.#saveAll();
  }

  readonly #dispatch = (
    queue: ConsumeQueue | null,
    physicalOffset: number,
    size: number,
    tagsCode: number,
    storeTimestamp: number,
  ): void => {
    const counters = this.#counters;
    counters.putMessages += 1;
    counters.putBytes += size;
    if (size > counters.putMessageSizeMax) counters.putMessageSizeMax = size;
    this.#lastDispatchedTime = storeTimestamp;
    if (queue === null || queue.isDestroyed) return;
    this.#queues.append(queue, physicalOffset, size, tagsCode);
    if (queue.arrivals === 0) {
      this.#arrived.push(queue);
      queue.arrivedTagsCode = tagsCode;
    } else if (queue.arrivedTagsCode !== tagsCode) {
      queue.arrivedTagsCode = null;
    }
    queue.arrivals += 1;
    queue.arrivedAtMs = storeTimestamp;
  };

  #onFailed(physicalEnd: number, status: PutStatus): void {
    this.#counters.putFailures += 1;
    this.#tellDurable(physicalEnd, status);
    const failed = this.#waiters.filter((waiter) => waiter.physicalEnd > physicalEnd);
    this.#waiters = this.#waiters.filter((waiter) => waiter.physicalEnd <= physicalEnd);
    for (const waiter of failed) waiter.resolve(status);
  }

  /** Tells everybody who waits for records up to `physicalEnd`. */
  #release(physicalEnd: number, status: PutStatus): void {
    this.#tellDurable(physicalEnd, status);
    const waiters = this.#waiters;
    let count = 0;
    while (count < waiters.length && (waiters[count] as Waiter).physicalEnd <= physicalEnd) count += 1;
    if (count === 0) return;
    this.#waiters = waiters.slice(count);
    for (let i = 0; i < count; i++) (waiters[i] as Waiter).resolve(status);
  }

  #tellDurable(physicalEnd: number, status: PutStatus): void {
    for (const listener of this.#durableListeners) {
      try {
        listener(physicalEnd, status);
      } catch (error) {
        this.#logger.error({ error: errorText(error) }, 'a listener for durable messages failed');
      }
    }
  }

  #announceArrivals(): void {
    if (this.#arrived.length === 0) return;
    const arrived = this.#arrived;
    this.#arrived = [];
    for (const queue of arrived) {
      queue.arrivals = 0;
      for (const listener of this.#arrivalListeners) {
        try {
          listener(queue.topic, queue.queueId, queue.maxOffset, queue.arrivedTagsCode, queue.arrivedAtMs);
        } catch (error) {
          this.#logger.error({ error: errorText(error) }, 'a listener for arriving messages failed');
        }
      }
    }
  }

  /** Adds keys in the turns to come, after the replies. */
  #scheduleIndex(): void {
    if (this.#isIndexScheduled || this.commitLog.records.unindexed === 0) return;
    this.#isIndexScheduled = true;
    setImmediate(() => {
      this.#isIndexScheduled = false;
      if (this.#indexSlice()) this.#scheduleIndex();
    });
  }

  /** Adds some keys to the index; false if that fails, to be tried again by the save timer. */
  #indexSlice(): boolean {
    const index = this.#index;
    const failed = this.#failedKeys;
    if (index && failed.length > 0) {
      let at = 0;
      while (at < failed.length) {
        if (!index.put(failed[at] as number, failed[at + 1] as number, failed[at + 2] as number)) break;
        at += 3;
      }
      failed.splice(0, at);
      if (failed.length > 0) return false;
    }
    this.commitLog.records.index(INDEX_SLICE_KEYS, (keyHash, physicalOffset, storeTimestamp) => {
      if (!index) return;
      if (failed.length > 0 || !index.put(keyHash, physicalOffset, storeTimestamp)) {
        failed.push(keyHash, physicalOffset, storeTimestamp);
      }
    });
    return failed.length === 0;
  }

  /** Every second: saves long tails, writes the checkpoint, and tries again what failed. */
  #saveSome(): void {
    this.#unsavedUnits = 0;
    this.#scheduleIndex();
    if (this.#failedKeys.length > 0) this.#indexSlice();
    void this.#queues.save(true);
    if (this.#index?.hasFullUnsaved) this.#saveAll();
    try {
      this.#updateCheckpoint();
    } catch (error) {
      this.#logger.warn({ error: errorText(error) }, 'checkpoint could not be written');
    }
  }

  /**
   * Saves consume queues and index and makes them durable; only then the checkpoint says so.
   *
   * @returns false if something failed; it will be tried again
   */
  #saveAll(): Promise<boolean> {
    this.#savingAll ??= this.#saveEverything().finally(() => {
      this.#savingAll = null;
    });
    return this.#savingAll;
  }

  async #saveEverything(): Promise<boolean> {
    const time = this.#lastDispatchedTime;
    this.#savedAllAt = this.#durableEnd;
    try {
      while (this.commitLog.records.unindexed > 0) {
        if (!this.#indexSlice()) return false;
        await nextTurn();
      }
      if (!(await this.#queues.save(false))) return false;
      await this.#queues.sync();
      const { values } = this.#checkpoint;
      if (time > 0) values.logicsMsgTimestamp = time;
      await this.#index?.save();
      if (this.#index) values.indexMsgTimestamp = this.#index.savedEndTimestamp;
      this.#updateCheckpoint();
      return true;
    } catch (error) {
      this.#logger.error({ error: errorText(error) }, 'consume queues and index could not be saved');
      return false;
    }
  }

  #updateCheckpoint(): void {
    const { values } = this.#checkpoint;
    const { flushedTime, flushedEnd } = this.commitLog;
    if (flushedTime > 0) values.physicMsgTimestamp = flushedTime;
    values.confirmPhyOffset = flushedEnd;
    this.#checkpoint.write();
  }

  #logRange(): LogRange {
    const { minOffset, writtenEnd, files } = this.commitLog;
    return { minOffset, maxOffset: writtenEnd, fileBytes: files.fileBytes };
  }

  #select(
    queue: ConsumeQueue,
    queueOffset: number,
    maxMsgNums: number,
    maxBytes: number,
    tagFilter: TagFilter,
    into: Selection,
  ): void {
    try {
      this.#selector.select(queue, queueOffset, maxMsgNums, maxBytes, tagFilter, this.#logRange(), into);
    } catch (error) {
      this.#logger.error(
        { topic: queue.topic, queueId: queue.queueId, error: errorText(error) },
        'queue is unreadable',
      );
      into.status = 'OFFSET_FOUND_NULL';
      into.nextBeginOffset = queueOffset;
      into.count = 0;
    }
  }

  /** Completes a result with what reading gave. A reader passes over what is gone, and stops where the disk fails. */
  #foundResult(
    result: GetResult,
    bytes: Buffer,
    wanted: readonly WantedRecord[],
    queueOffsets: number[],
    outcomes: readonly ReadOutcome[],
  ): GetResult {
    result.bytes = bytes;
    result.count = wanted.length;
    result.queueOffsets = queueOffsets;
    if (outcomes.some((outcome) => outcome !== 'found')) {
      const failed = outcomes.indexOf('error');
      const end = failed < 0 ? outcomes.length : failed;
      const isThere = (_: unknown, i: number) => i < end && outcomes[i] === 'found';
      const parts = wanted.map(({ targetStart, size }) => bytes.subarray(targetStart, targetStart + size));
      result.bytes = Buffer.concat(parts.filter(isThere));
      result.queueOffsets = queueOffsets.filter(isThere);
      result.count = result.queueOffsets.length;
      if (failed >= 0) result.nextBeginOffset = queueOffsets[failed] as number;
      if (result.count === 0) {
        result.bytes = null;
        result.status = failed < 0 ? 'MESSAGE_WAS_REMOVING' : 'OFFSET_FOUND_NULL';
        this.#counters.getMissTimes += 1;
        return result;
      }
    }
    this.#countFound(result.count, result.bytes.length);
    return result;
  }

  #countFound(messages: number, bytes: number): void {
    this.#counters.getFoundTimes += 1;
    this.#counters.getMessages += messages;
    this.#counters.getBytes += bytes;
  }

  async #readLog(physicalOffset: number, target: Buffer): Promise<boolean> {
    const log = this.commitLog;
    if (log.addressOf(physicalOffset, target.length) >= 0 || this.#reader.isWarm(physicalOffset)) {
      return log.readSync(physicalOffset, target.length, target, 0);
    }
    return log.readAsync(physicalOffset, target.length, target, 0);
  }

  #earliestTimestamp(): number {
    const log = this.commitLog;
    const head = new Uint8Array(BLANK_HEADER_BYTES);
    try {
      if (!log.readSync(log.minOffset, head.length, head, 0)) return -1;
      return log.storeTimestampOf(log.minOffset, new DataView(head.buffer).getInt32(TOTAL_SIZE_AT));
    } catch {
      return -1;
    }
  }

  /** Every ten seconds: looks at the disk and deletes what has expired. */
  async #clean(): Promise<void> {
    if (this.#isCleaning || this.#state !== 'running') return;
    this.#isCleaning = true;
    try {
      const root = this.#config.storePathRootDir;
      this.#logRatio = await this.#usedRatio(this.#config.storePathCommitLog ?? root);
      this.#queueRatio = await this.#usedRatio(root);
      const decision = decideSpace(this.#logRatio, this.#queueRatio, this.#config);
      if (decision.isFull !== null && decision.isFull !== this.#isDiskFull) {
        this.#isDiskFull = decision.isFull;
        const usage = { commitLogDiskRatio: this.#logRatio, consumeQueueDiskRatio: this.#queueRatio };
        if (decision.isFull) this.#logger.error(usage, 'disk is almost full: messages are refused');
        else this.#logger.info(usage, 'disk has room again: messages are taken');
      }
      if (decision.reclaim || isDeleteHour(this.#config.deleteWhen, this.#clock.now())) {
        await this.#deleteExpired(decision.immediately && this.#config.cleanFileForciblyEnable);
      }
    } catch (error) {
      this.#logger.error({ error: errorText(error) }, 'expired files could not be cleaned');
    } finally {
      this.#isCleaning = false;
    }
  }

  /** @param whateverAge delete the oldest files even if they are young */
  async #deleteExpired(whateverAge: boolean): Promise<number> {
    const log = this.commitLog;
    const expiredBefore = this.#clock.now() - this.#config.fileReservedTime * HOUR_MS;
    let deleted = 0;
    while (deleted < this.#config.deleteFileBatchMax) {
      const info = this.#fs.info(log.files.path(log.files.first));
      if (!info || (!whateverAge && info.modifiedAtMs > expiredBefore)) break;
      const path = log.forgetFirstFile();
      if (path === null) break;
      await this.#fs.removeAsync(path);
      this.#logger.info({ path }, 'expired commit log file deleted');
      deleted += 1;
    }
    if (deleted === 0) return 0;
    let count = 0;
    for (const queue of [...this.#queues.all()]) {
      if (!queue.isDestroyed) this.#queues.deleteExpired(queue, log.minOffset);
      count += 1;
      if (count % 100 === 0) await nextTurn();
    }
    await this.#index?.deleteExpired(log.minOffset);
    return deleted;
  }
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
}

function addKeys(log: CommitLog<ConsumeQueue>, keySeed: number, uniqKey: string | null, keys: string | null): void {
  if (uniqKey) log.addKey(indexHash(javaHashCode(uniqKey, keySeed)));
  for (const key of keys?.split(KEY_SEPARATOR) ?? []) {
    if (key) log.addKey(indexHash(javaHashCode(key, keySeed)));
  }
}

function emptyResult(
  status: GetResult['status'],
  nextBeginOffset: number,
  minOffset: number,
  maxOffset: number,
): GetResult {
  return {
    status,
    nextBeginOffset,
    minOffset,
    maxOffset,
    bytes: null,
    count: 0,
    queueOffsets: [],
    suggestPullingFromSlave: false,
  };
}

/** @throws MQError CONFIG naming the setting */
function checkConfig(config: MessageStoreConfig): void {
  const positive = ['mappedFileSizeCommitLog', 'mappedFileSizeConsumeQueue', 'maxHashSlotNum', 'windowBytes'] as const;
  for (const name of positive) {
    if (!Number.isSafeInteger(config[name]) || config[name] <= 0) {
      throw new MQError('CONFIG', `${name} ${config[name]} is no positive whole number`);
    }
  }
  if (config.mappedFileSizeConsumeQueue % UNIT_BYTES !== 0) {
    throw new MQError(
      'CONFIG',
      `mappedFileSizeConsumeQueue ${config.mappedFileSizeConsumeQueue} is no multiple of ${UNIT_BYTES}`,
    );
  }
  if (!Number.isSafeInteger(config.maxIndexNum) || config.maxIndexNum < 2) {
    throw new MQError('CONFIG', `maxIndexNum ${config.maxIndexNum} is too small: at least 2`);
  }
}
