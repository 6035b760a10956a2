import { totalmem } from 'node:os';
import type { Clock, Timer } from '../../base/clock.js';
import { assert, errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { HostAddress } from '../../protocol/host-address.js';
import { isSystemTopic } from '../../protocol/topic-validator.js';
import { CheckpointFile } from './checkpoint.js';
import type { CommitLog, LogMemory } from './commit-log.js';
import type { ConsumeQueue, TopicHandle } from './consume-queue.js';
import { type ConsumeQueueStore, nextTurn } from './consume-queue-store.js';
import { Dispatcher } from './dispatcher.js';
import { type FileSystem, nodeFileSystem } from './file-system.js';
import { FolderClaim } from './folder-claim.js';
import { IndexFeed } from './index-feed.js';
import type { IndexService } from './index-service.js';
import { LogFolders } from './log-folders.js';
import { LogReader } from './log-reader.js';
import { MessageAppender } from './message-appender.js';
import { MessageGetter } from './message-getter.js';
import { MessageLookup } from './message-lookup.js';
import { removeExpiredQueues, removeTopics, unusedTopics } from './queue-removal.js';
import { recoverStore } from './recovery.js';
import { StoreCleaner } from './store-cleaner.js';
import type { MessageStoreConfig } from './store-config.js';
import { checkConfig } from './store-config.js';
import { StoreCounters } from './store-counters.js';
import { StoreEvents } from './store-events.js';
import { newCommitLog, newConsumeQueues, newIndex } from './store-parts.js';
import { StoreSaver } from './store-saver.js';
import { SealFile } from './store-seal.js';
import type {
  ArrivalListener,
  BitMapOf,
  DurableListener,
  GetResult,
  PropertiesFilter,
  PutBatchRecord,
  PutCommon,
  PutMessage,
  PutResult,
  PutStatus,
  QueryResult,
  QueueInfo,
  QueueUnit,
  StoreStats,
} from './store-types.js';

export type { LogMemory } from './commit-log.js';
export type { ConsumeQueue, TopicHandle } from './consume-queue.js';
export type { ExtUnit } from './consume-queue-ext.js';
export { DEFAULT_STORE_CONFIG, type MessageStoreConfig } from './store-config.js';
export * from './store-types.js';

export interface MessageStoreDeps {
  clock: Clock;
  logger: Logger;
  /** Address that goes into records and offset message ids. */
  storeHost: HostAddress;
  /** Piece of an ArrayBuffer for the newest part of the log; allocated by default. */
  memory?: LogMemory;
  /** Whether a topic's queues are batch consume queues (its attribute queue.type is BatchCQ); none by default. */
  isBatchTopic?: (topic: string) => boolean;
  /** Bits for the extensions of consume-queue units; none by default. */
  bitMapOf?: BitMapOf;
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
const FENCED = 32;

/**
 * With more files to be flushed a shutdown would take too long, at up to a millisecond for each: what they lack is in
 * the part of the log that the checkpoint says recovery has to read, which does so in less time.
 */
const MAX_FILES_AT_SHUTDOWN = 4_000;
const FIRST_CLEAN_DELAY_MS = 60_000;

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
  /** Reads messages of queues. */
  readonly getter: MessageGetter;

  readonly #config: MessageStoreConfig;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #fs: FileSystem;
  readonly #queues: ConsumeQueueStore;
  readonly #index: IndexService | null;
  readonly #checkpoint: CheckpointFile;
  readonly #seal: SealFile;
  readonly #counters = new StoreCounters();
  readonly #inMemoryBytes: number;
  readonly #bitMapOf: BitMapOf;
  readonly #claim: FolderClaim;
  readonly #dispatcher: Dispatcher;
  readonly #events: StoreEvents;
  readonly #feed: IndexFeed;
  readonly #appender: MessageAppender;
  readonly #lookup: MessageLookup;
  readonly #cleaner: StoreCleaner;
  readonly #saver: StoreSaver;

  #state: 'new' | 'starting' | 'running' | 'closing' | 'closed' = 'new';
  #starting: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #timers: Timer[] = [];
  #bootTimestamp = 0;

  /**
   * @throws MQError CONFIG if sizes or the delay level table make no sense
   */
  constructor(config: MessageStoreConfig, deps: MessageStoreDeps) {
    checkConfig(config);
    this.#config = config;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#fs = deps.fs ?? nodeFileSystem;
    this.#bitMapOf = deps.bitMapOf ?? (() => null);
    this.#inMemoryBytes = (totalmem() * config.accessMessageInMemoryMaxRatio) / 100;
    const root = config.storePathRootDir;
    const folders = new LogFolders(config);
    this.#seal = new SealFile(this.#fs, root);
    const made = { config, fs: this.#fs, clock: deps.clock, logger: deps.logger, folders, seal: this.#seal };
    this.commitLog = newCommitLog(made, deps.memory);
    this.#queues = newConsumeQueues(made, deps.isBatchTopic);
    this.#index = newIndex(made);
    this.#checkpoint = new CheckpointFile(this.#fs, root);
    const isWriteable = () => this.isWriteable();
    const parts = { config, fs: this.#fs, clock: deps.clock, logger: deps.logger, log: this.commitLog };
    const reading = { ...parts, queues: this.#queues, counters: this.#counters, inMemoryBytes: this.#inMemoryBytes };
    const reader = new LogReader(this.commitLog, deps.logger);
    this.#events = new StoreEvents(deps.logger);
    this.#feed = new IndexFeed(this.commitLog.records, this.#index);
    this.#appender = new MessageAppender({ ...reading, storeHost: deps.storeHost, isWriteable });
    this.getter = new MessageGetter({ ...reading, reader });
    this.#lookup = new MessageLookup({ ...reading, reader, index: this.#index, feed: this.#feed });
    this.#saver = new StoreSaver({
      logger: deps.logger,
      log: this.commitLog,
      queues: this.#queues,
      index: this.#index,
      feed: this.#feed,
      checkpoint: this.#checkpoint,
      seal: this.#seal,
    });
    this.#dispatcher = new Dispatcher({
      log: this.commitLog,
      queues: this.#queues,
      feed: this.#feed,
      saver: this.#saver,
      events: this.#events,
      counters: this.#counters,
      bitMapOf: this.#bitMapOf,
      now: () => deps.clock.now(),
      lastStamp: () => this.#appender.lastStamp,
    });
    this.#claim = new FolderClaim({
      fs: this.#fs,
      clock: deps.clock,
      logger: deps.logger,
      folder: root,
      onLost: () => {
        this.#saver.isFenced = true;
        void this.#cleaner.stop();
      },
    });
    const usedRatio = deps.usedRatio ?? ((path: string) => this.#fs.usedRatio(path));
    this.#cleaner = new StoreCleaner({ ...parts, folders, usedRatio, queues: this.#queues, index: this.#index });
  }

  /**
   * Sets the address that the records of later puts carry.
   *
   * @throws MessageFormatError if it is no IP address
   */
  setStoreHost(host: HostAddress): void {
    this.#appender.setStoreHost(host);
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
    await this.#claim.take();
    try {
      await this.#open();
    } catch (error) {
      this.#state = 'closed';
      this.#claim.stopRenewing();
      for (const timer of this.#timers) timer.cancel();
      await this.commitLog.close();
      await this.#index?.close();
      await this.#queues.close();
      this.#checkpoint.close();
      this.#claim.release();
      throw error;
    }
    this.#state = 'running';
  }

  async #open(): Promise<void> {
    const startedAtMs = this.#clock.monotonicMs();
    this.#bootTimestamp = this.#clock.now();
    const { isClean } = this.#claim;
    this.#checkpoint.open();
    this.commitLog.load();
    await this.#queues.load();
    this.#index?.load();
    const { from, end, unflushedFrom, lastTimestamp, records } = await recoverStore({
      fs: this.#fs,
      logger: this.#logger,
      files: this.commitLog.files,
      queues: this.#queues,
      index: this.#index,
      checkpoint: this.#checkpoint.values,
      seal: this.#seal.read(),
      isClean,
      checkCRC: this.#config.checkCRCOnRecover && (this.#config.forceVerifyPropCRC ? 'property' : true),
      isMultiDispatch: this.#config.enableLmq && this.#config.enableMultiDispatch,
      tagsCodeOf: (topic, bytes, ranges, storeTimestamp) =>
        this.#appender.tagsCode(topic, bytes, ranges, storeTimestamp),
      bitMapOf: this.#bitMapOf,
      beforeRepair: () => this.#claim.writeAbort(),
    });
    this.#logger.info(
      { isClean, records, maxPhyOffset: end, durationMs: Math.round(this.#clock.monotonicMs() - startedAtMs) },
      'message store recovered',
    );
    this.#dispatcher.startAt(end);
    this.#saver.startAt(end, lastTimestamp);
    const events = {
      durable: (physicalEnd: number) => this.#dispatcher.durable(physicalEnd),
      timedOut: (physicalEnd: number) => this.#events.release(physicalEnd, 'FLUSH_DISK_TIMEOUT'),
      failed: (physicalEnd: number, status: PutStatus) => {
        this.#counters.putFailures += 1;
        this.#events.fail(physicalEnd, status);
      },
    };
    this.commitLog.open(end, events, { from, unflushedFrom, lastTimestamp });
    this.#claim.writeAbort();
    const config = this.#config;
    this.#timers.push(
      this.#clock.every(config.flushIntervalConsumeQueue, () => this.#saver.saveSome()),
      this.#clock.every(config.flushConsumeQueueThoroughInterval, () => this.#saver.saveAllInTurn()),
      this.#clock.after(FIRST_CLEAN_DELAY_MS, () => {
        void this.#cleaner.clean();
        this.#timers.push(this.#clock.every(config.cleanResourceInterval, () => this.#cleaner.clean()));
      }),
    );
    // A refusal says how full the disk is, also before it is cleaned first.
    void this.#cleaner.look();
    if (from < end) void this.#saver.saveAll();
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
    this.#claim.stopRenewing();
    for (const timer of this.#timers) timer.cancel();
    await this.#cleaner.stop();
    let isClean = (await this.commitLog.close(this.#saver.isFenced)) && !this.#saver.isFenced;
    const { unsavedFiles } = this.#queues;
    if (unsavedFiles > MAX_FILES_AT_SHUTDOWN) {
      this.#logger.info({ unsavedFiles }, 'too many consume queues to be flushed now: the next start reads their log');
      this.#queues.leaveToRecovery();
    }
    await this.#saver.settled();
    isClean = (await this.#saver.saveAll()) && isClean && this.commitLog.records.size === 0;
    try {
      this.#saver.updateCheckpoint();
      await this.#checkpoint.sync();
    } catch (error) {
      this.#logger.error({ error: errorText(error) }, 'checkpoint could not be written');
    }
    if (!isClean || !this.#claim.removeAbort()) {
      this.#logger.warn({}, 'the store could not be closed completely; its next start will recover it');
    }
    await this.#index?.close();
    await this.#queues.close();
    this.#checkpoint.close();
    this.#events.close('SERVICE_NOT_AVAILABLE');
    this.#claim.release();
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
    return this.#appender.stampTime();
  }

  /** True if messages are taken. */
  isWriteable(): boolean {
    return this.#state === 'running' && !this.commitLog.isFailing && (this.runningFlags & ~1) === 0;
  }

  /** Bits of Java's RunningFlags. */
  get runningFlags(): number {
    const { error } = this.commitLog;
    const isFull = this.#cleaner.isDiskFull || (error !== null && 'code' in error && error.code === 'ENOSPC');
    return (
      (this.#state === 'running' && error === null ? 0 : NOT_WRITEABLE) |
      (this.#queues.error ? QUEUE_ERROR : 0) |
      (this.#index?.error ? INDEX_ERROR : 0) |
      (isFull ? DISK_FULL : 0) |
      (this.#saver.isFenced ? FENCED : 0)
    );
  }

  /**
   * Appends a message: encoded and with its offsets when this returns, written at the end of the turn. Acknowledge it
   * when `whenDurable(physicalOffset + size)`, called in the same turn, says so.
   */
  putMessage(message: PutMessage): PutResult {
    return this.#appender.putMessage(message);
  }

  /**
   * Appends messages as one: all or none are accepted, their records stand in one file and have consecutive queue
   * offsets.
   *
   * @param commonProperties property text that every record gets behind its own
   * @returns one result for each record
   */
  putBatch(common: PutCommon, records: readonly PutBatchRecord[], commonProperties = ''): PutResult[] {
    return this.#appender.putBatch(common, records, commonProperties);
  }

  /** True if consume queues and their files have all that was put: a shutdown takes no time. */
  isSaved(): boolean {
    return this.#queues.unsavedFiles === 0 && !this.#saver.isSavingAll;
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
    if (physicalEnd <= this.#dispatcher.durableEnd) return Promise.resolve('PUT_OK');
    if (this.#state !== 'running') return Promise.resolve('SERVICE_NOT_AVAILABLE');
    return this.#events.wait(physicalEnd);
  }

  /**
   * Waits until all records that end at or before `physicalEnd` are in the files, on disk or not: what a message with
   * the property WAIT=false asks for. With async flush that is when they are durable.
   *
   * @param physicalEnd of a record put in this turn
   */
  async whenWritten(physicalEnd: number): Promise<PutStatus> {
    if (this.#config.flushDiskType === 'ASYNC_FLUSH') return this.whenDurable(physicalEnd);
    // What this turn put is written before that.
    await nextTurn();
    return physicalEnd <= this.commitLog.writtenEnd ? 'PUT_OK' : 'SERVICE_NOT_AVAILABLE';
  }

  /** Calls `fn` whenever more of the log is durable, or something was rolled back; once for a turn or flush. */
  onDurable(fn: DurableListener): void {
    this.#events.onDurable(fn);
  }

  /** Calls `fn` when messages can be read from a queue, after `onDurable`; once for each queue and commit. */
  onMessage(fn: ArrivalListener): void {
    this.#events.onMessage(fn);
  }

  /** Reads messages of a queue, see MessageGetter. */
  getMessage(...args: Parameters<MessageGetter['getMessage']>): GetResult | Promise<GetResult> {
    return this.getter.getMessage(...args);
  }

  /** Whether a filter may take one of a queue's newest messages, `[from, to)`; true as well when that costs much. */
  mayMatch(topic: string, queueId: number, from: number, to: number, filter: PropertiesFilter): boolean {
    return this.getter.mayMatch(topic, queueId, from, to, filter);
  }

  /** First offset that can be read; 0 for an unknown queue. */
  minOffset(topic: string, queueId: number): number {
    return this.#queues.find(topic, queueId)?.minOffset ?? 0;
  }

  /** Offset that the next readable message will have; 0 for an unknown queue. */
  maxOffset(topic: string, queueId: number): number {
    return this.#queues.find(topic, queueId)?.maxOffset ?? 0;
  }

  // Look-ups: MessageLookup tells of each.

  /** Queue offset by store time; 0 for an unknown queue. */
  offsetByTime(...args: Parameters<MessageLookup['offsetByTime']>): Promise<number> {
    return this.#lookup.offsetByTime(...args);
  }

  /** Store time of a message, ms; -1 if there is none at this offset. */
  messageTime(...args: Parameters<MessageLookup['messageTime']>): number {
    return this.#lookup.messageTime(...args);
  }

  /** Store time of a queue's oldest message, ms; -1 if it has none. */
  earliestMessageTime(...args: Parameters<MessageLookup['earliestMessageTime']>): number {
    return this.#lookup.earliestMessageTime(...args);
  }

  /** Entries of a consume queue. */
  queueUnits(...args: Parameters<MessageLookup['queueUnits']>): QueueUnit[] {
    return this.#lookup.queueUnits(...args);
  }

  /** The record that starts at a physical offset; null if none does. */
  lookMessage(...args: Parameters<MessageLookup['lookMessage']>): Promise<Buffer | null> {
    return this.#lookup.lookMessage(...args);
  }

  /** Records whose place and size are known, for services that go through many. */
  readRecords(...args: Parameters<MessageLookup['readRecords']>): Promise<(Buffer | null)[]> {
    return this.#lookup.readRecords(...args);
  }

  /** Messages by index key, stored in a range of time. */
  queryByKey(...args: Parameters<MessageLookup['queryByKey']>): Promise<QueryResult> {
    return this.#lookup.queryByKey(...args);
  }

  /** True if offset 0 of the queue is still there and lies so near to the log's end that memory has it. */
  isFirstMessageInMemory(...args: Parameters<MessageLookup['isFirstMessageInMemory']>): boolean {
    return this.#lookup.isFirstMessageInMemory(...args);
  }

  /**
   * Removes the queues of topics, with their files. Their messages stay in the log until that expires.
   *
   * @returns how many of the topics had queues
   */
  destroyTopic(topics: Iterable<string>): Promise<number> {
    this.commitTurn();
    return removeTopics(this.#queues, topics);
  }

  /** Removes all topics but those of `keep` and the system's; returns how many. */
  cleanUnusedTopics(keep: ReadonlySet<string>): Promise<number> {
    return this.destroyTopic(unusedTopics(this.#queues, keep));
  }

  /**
   * Removes the queues that have no message in the log any more; returns how many.
   *
   * @param isSystem topics whose queues stay
   */
  cleanExpiredConsumeQueues(isSystem: (topic: string) => boolean = isSystemTopic): Promise<number> {
    return removeExpiredQueues(this.#queues, this.commitLog.minOffset, isSystem);
  }

  /**
   * Deletes expired log files, whatever the hour, and what consume queues and index have of them: as many as may go in
   * one round now, and in the rounds to come, like Apache, more.
   *
   * @returns log files deleted now
   */
  deleteExpiredFiles(): Promise<number> {
    return this.#cleaner.deleteManually();
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
      dispatchBehindBytes: log.writtenEnd - this.#dispatcher.durableEnd,
      runningFlags,
      bootTimestamp: this.#bootTimestamp,
      earliestMessageTimestamp: this.#lookup.earliestTimestamp(),
      commitLogDiskRatio: this.#cleaner.commitLogDiskRatio,
      consumeQueueDiskRatio: this.#cleaner.consumeQueueDiskRatio,
    };
  }

  /** All queues that have or had messages. */
  *queues(): Generator<QueueInfo> {
    for (const { topic, queueId, minOffset, maxOffset } of this.#queues.all()) {
      yield { topic, queueId, minOffset, maxOffset };
    }
  }
}
