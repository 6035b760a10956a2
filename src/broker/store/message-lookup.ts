import { indexKeyHash } from '../../protocol/java-hash.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import { type ConsumeQueueStore, nextTurn } from './consume-queue-store.js';
import { StoreIoError } from './errors.js';
import type { IndexFeed } from './index-feed.js';
import type { IndexService } from './index-service.js';
import type { LogReader, ReadOutcome, WantedRecord } from './log-reader.js';
import { offsetByTime } from './offset-by-time.js';
import { BLANK_HEADER_BYTES, MIN_RECORD_BYTES, TOTAL_SIZE_AT } from './record-layout.js';
import { isRecordStart, newRecordView, readRecord } from './record-reader.js';
import type { MessageStoreConfig } from './store-config.js';
import type { BoundaryType, QueryResult, QueueUnit } from './store-types.js';
import {
  batchBaseOffset,
  batchSizeOf,
  TAGS_CODE_AT,
  unitExtOffset,
  unitPhysicalOffset,
  unitSize,
  unitTagsCode,
} from './unit-slab.js';

export interface MessageLookupOptions {
  config: MessageStoreConfig;
  /** A record that far before the log's end counts as being in memory, bytes. */
  inMemoryBytes: number;
  log: CommitLog<ConsumeQueue>;
  queues: ConsumeQueueStore;
  reader: LogReader<ConsumeQueue>;
  index: IndexService | null;
  feed: IndexFeed;
}

const LOOK_BYTES = 4_096;
/** QueryResult look-ups narrow the time range so often before they give up (DefaultMessageStore.java#queryMessage). */
const QUERY_ROUNDS = 3;
/** Messages of one query: with its header they must fit a frame of 16 MiB. */
const MAX_QUERY_BYTES = 12_582_912;

/** Finds single messages and offsets: by physical offset, by key, by time. */
export class MessageLookup {
  readonly #log: CommitLog<ConsumeQueue>;
  readonly #config: MessageStoreConfig;
  readonly #inMemoryBytes: number;
  readonly #queues: ConsumeQueueStore;
  readonly #reader: LogReader<ConsumeQueue>;
  readonly #index: IndexService | null;
  readonly #feed: IndexFeed;

  constructor(options: MessageLookupOptions) {
    this.#log = options.log;
    this.#config = options.config;
    this.#inMemoryBytes = options.inMemoryBytes;
    this.#queues = options.queues;
    this.#reader = options.reader;
    this.#index = options.index;
    this.#feed = options.feed;
  }

  /**
   * Queue offset by store time: `lower` the first message stored at or after `timestamp` (maxOffset if there is none),
   * `upper` the last one stored at or before it (minOffset if there is none); 0 for an unknown queue.
   *
   * @throws StoreIoError if files can not be read
   */
  async offsetByTime(topic: string, queueId: number, timestamp: number, boundary: BoundaryType): Promise<number> {
    const queue = this.#queues.find(topic, queueId);
    if (!queue) return 0;
    const log = this.#log;
    return offsetByTime(
      this.#queues,
      queue,
      timestamp,
      boundary,
      log.minOffset,
      (physicalOffset, size) => log.storeTimestampOf(physicalOffset, size),
      (physicalOffset) => this.#touchRecord(physicalOffset),
    );
  }

  /** Has a record's first page come from disk, if it may be there only; a failure is left to the read. */
  #touchRecord(physicalOffset: number): Promise<unknown> | null {
    const log = this.#log;
    if (log.addressOf(physicalOffset, 1) >= 0 || this.#reader.isWarm(physicalOffset)) return null;
    return log.readAsync(physicalOffset, 1, new Uint8Array(1), 0).catch(() => false);
  }

  /**
   * Store time of a message, ms; -1 if there is none at this offset.
   *
   * @throws StoreIoError if files can not be read
   */
  messageTime(topic: string, queueId: number, queueOffset: number): number {
    const queue = this.#queues.find(topic, queueId);
    if (!queue || queueOffset < queue.minOffset || queueOffset >= queue.maxOffset) return -1;
    const unit = this.#queues.unit(queue, this.#queues.unitOf(queue, queueOffset));
    if (!unit) return -1;
    return this.#log.storeTimestampOf(unitPhysicalOffset(unit, 0), unitSize(unit, 0));
  }

  /** Store time of a queue's oldest message, ms; -1 if it has none. */
  earliestMessageTime(topic: string, queueId: number): number {
    return this.messageTime(topic, queueId, this.#queues.find(topic, queueId)?.minOffset ?? 0);
  }

  /** Store time of the log's oldest record, ms; -1 without one. */
  earliestTimestamp(): number {
    const log = this.#log;
    const head = new Uint8Array(BLANK_HEADER_BYTES);
    try {
      if (!log.readSync(log.minOffset, head.length, head, 0)) return -1;
      return log.storeTimestampOf(log.minOffset, new DataView(head.buffer).getInt32(TOTAL_SIZE_AT));
    } catch {
      return -1;
    }
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
    const end = Math.min(queueOffset + count, queue.maxOffset);
    if (from >= end) return units;
    for (let at = this.#queues.unitOf(queue, from); at < queue.maxUnit; at++) {
      const unit = this.#queues.unit(queue, at);
      if (!unit) break;
      const offset = queue.batch ? batchBaseOffset(unit, 0) : at;
      if (offset >= end) break;
      units.push({
        queueOffset: offset,
        physicalOffset: unitPhysicalOffset(unit, 0),
        size: unitSize(unit, 0),
        ...this.#tagsOf(queue, unit),
        batchSize: queue.batch ? batchSizeOf(unit, 0) : 1,
      });
    }
    return units;
  }

  #tagsOf(queue: ConsumeQueue, unit: DataView): Pick<QueueUnit, 'tagsCode' | 'extension' | 'lostExtAddress'> {
    const extOffset = unitExtOffset(unit, 0);
    if (extOffset < 0) return { tagsCode: unitTagsCode(unit, 0), extension: null, lostExtAddress: null };
    const extension = this.#queues.extension(queue, extOffset);
    return {
      tagsCode: extension?.tagsCode ?? 0,
      extension,
      lostExtAddress: extension ? null : unit.getBigInt64(TAGS_CODE_AT),
    };
  }

  /**
   * The record that starts at a physical offset.
   *
   * @param physicalOffset any number
   * @returns the caller's own bytes; null if no record starts there
   * @throws StoreIoError if the file can not be read
   */
  async lookMessage(physicalOffset: number): Promise<Buffer | null> {
    const log = this.#log;
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
   * Records whose place and size are known, for services that go through many.
   *
   * @param places best in ascending physical order
   * @returns bytes of the caller's own, the records of one call in one piece; null for a record that is gone
   * @throws StoreIoError if a file can not be read
   */
  async readRecords(places: readonly Pick<QueueUnit, 'physicalOffset' | 'size'>[]): Promise<(Buffer | null)[]> {
    const log = this.#log;
    const isThere = ({ physicalOffset, size }: Pick<QueueUnit, 'physicalOffset' | 'size'>): boolean =>
      size >= MIN_RECORD_BYTES && physicalOffset >= log.minOffset && physicalOffset + size <= log.writtenEnd;
    // Settled before the read: meanwhile the log's first file may be deleted.
    const there = places.map(isThere);
    const wanted: WantedRecord[] = [];
    let total = 0;
    for (const { physicalOffset, size } of places.filter((_, i) => there[i])) {
      wanted.push({ physicalOffset, size, targetStart: total });
      total += size;
    }
    const isAtHand = this.#reader.isAtHand(wanted);
    const read = async (): Promise<[Buffer, ReadOutcome[]]> => {
      const bytes = Buffer.allocUnsafeSlow(total);
      return [bytes, isAtHand ? this.#reader.readSync(wanted, bytes) : await this.#reader.read(wanted, bytes)];
    };
    const [bytes, outcomes] = await (isAtHand ? read() : this.#reader.inTurn(read));
    const failed = outcomes.indexOf('error');
    if (failed >= 0) throw new StoreIoError(`the message at ${wanted[failed]?.physicalOffset} can not be read`);
    let next = 0;
    return places.map((_, i) => {
      if (!there[i]) return null;
      const { targetStart, size } = wanted[next] as WantedRecord;
      const outcome = outcomes[next];
      next += 1;
      return outcome === 'found' ? bytes.subarray(targetStart, targetStart + size) : null;
    });
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
    while (this.#log.records.unindexed > 0 && this.#feed.slice()) await nextTurn();
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
        if (i === 0 && message) oldest = this.#log.storeTimestampOf(physicalOffset, message.length);
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
    return unit !== null && this.#log.writtenEnd - unitPhysicalOffset(unit, 0) <= this.#inMemoryBytes;
  }

  async #readLog(physicalOffset: number, target: Buffer): Promise<boolean> {
    const log = this.#log;
    if (log.addressOf(physicalOffset, target.length) >= 0 || this.#reader.isWarm(physicalOffset)) {
      return log.readSync(physicalOffset, target.length, target, 0);
    }
    return log.readAsync(physicalOffset, target.length, target, 0);
  }
}
