import type { Clock } from '../../base/clock.js';
import { assert, errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { AcceptedRecords, type QueueTail } from './accepted-records.js';
import { StoreIoError } from './errors.js';
import type { HeldFile } from './fd-cache.js';
import { type FileSystem, writeFully } from './file-system.js';
import { LogFiles } from './log-files.js';
import { LogFlush } from './log-flush.js';
import type { LogFolders } from './log-folders.js';
import { clearFailed, LogRetry, rewrite } from './log-retry.js';
import { LogWindow } from './log-window.js';
import { nextTurn } from './next-turn.js';
import type { NumberedFiles } from './numbered-files.js';
import { BLANK_HEADER_BYTES, STORE_TIMESTAMP_READ_BYTES } from './record-layout.js';
import { isRecordStart, readStoreTimestamp } from './record-reader.js';
import type { FlushDiskType } from './store-config.js';
import type { PutStatus } from './store-types.js';

/** Piece of an ArrayBuffer that the log may use for its newest bytes. */
export interface LogMemory {
  buffer: ArrayBuffer;
  windowStart: number;
  windowBytes: number;
}

export interface CommitLogOptions {
  fs: FileSystem;
  clock: Clock;
  logger: Logger;
  folders: LogFolders;
  fileBytes: number;
  flushDiskType: FlushDiskType;
  /** ms. */
  flushIntervalMs: number;
  flushLeastPages: number;
  /** ms. */
  flushThoroughIntervalMs: number;
  syncFlushTimeoutMs: number;
  memory: LogMemory;
}

/** What the log tells its owner. All calls come from `commitTurn` or from a flush, never from `reserve` or `accept`. */
export interface CommitLogEvents {
  /** Every record that ends at or before `physicalEnd` is durable. */
  durable(physicalEnd: number): void;
  /** Sync flush only: the records up to `physicalEnd` are written, but wait too long for the disk. */
  timedOut(physicalEnd: number): void;
  /** Records that end after `physicalEnd` could not be written and are rolled back. */
  failed(physicalEnd: number, status: PutStatus): void;
}

/** What a recovery found. */
export interface RecoveredLog {
  /** What stands from here to the end may be in the page cache only: the next flush includes it. */
  from: number;
  /** What stands from here on has not been flushed before the stop, as far as is known. */
  unflushedFrom: number;
  /** Store time (ms) of the last record; 0 if unknown. */
  lastTimestamp: number;
}

/** Of what was recovered; more is hardly ever waiting for the disk. */
const MAX_WRITTEN_AGAIN_BYTES = 268_435_456;

/**
 * The commit log: encodes into memory, writes once a turn of the event loop, flushes in the thread pool.
 *
 * ## Appending
 *
 * ```
 * const at = log.reserve(size);              // where to encode, or -1: log.refusal says why
 * // encode `size` bytes at `at` in log.view / log.bytes: log.position is the record's physicalOffset,
 * // queue.nextOffset its queueOffset (0 for prepared and rollback records)
 * log.addKey(keyHash);                       // for each index key: indexHash of `topic#key`
 * log.accept(queue, size, tagsCode, storeTimestamp);
 * ```
 *
 * - `reserve` may write to disk (at a file's or the window's end) and changes `position` then: read `position` after
 *   it. Nothing but `addKey` may be called between `reserve` and `accept`. A reservation that is not accepted costs
 *   nothing: the next `reserve` takes its place.
 * - `accept` counts the record as part of the log in memory, gives it the next offset of its queue (unless `queue` is
 *   null) and schedules `commitTurn` for the end of the turn. Nothing is on disk yet and no reader sees it.
 * - `commitTurn` writes all accepted records with one pwrite. If that fails they are rolled back: positions and queue
 *   offsets are as if they had never been accepted, `events.failed` is told, and `reserve` refuses until a retry,
 *   once a second, succeeds. Any part of them that reached the file is overwritten with zeros by that retry.
 *
 * ## Positions
 *
 * Invariant: `minOffset <= flushedEnd <= writtenEnd <= position`. Accepted bytes not written yet are one contiguous
 * piece of the window and of one file. Readers may read up to `writtenEnd`.
 *
 * Source: store/CommitLog.java, store/MappedFileQueue.java
 */
export class CommitLog<Q extends QueueTail> {
  readonly buffer: ArrayBuffer;
  /** Over all of `buffer`. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly files: NumberedFiles;
  readonly records = new AcceptedRecords<Q>();
  /** Why the last `reserve` returned -1. */
  refusal: PutStatus = 'PUT_OK';

  readonly #fs: FileSystem;
  readonly #logger: Logger;
  readonly #disk: LogFiles;
  readonly #flusher: LogFlush;
  readonly #retry: LogRetry;
  readonly #memory: LogMemory;
  readonly #maxRecordBytes: number;
  readonly #isSync: boolean;
  readonly #maxUnflushedBytes: number;
  #events: CommitLogEvents | null = null;

  #window: LogWindow;
  /** Store times of the newest record accepted and flushed. */
  #acceptedTime = 0;
  #flushedTime = 0;
  #position = 0;
  #writtenEnd = 0;
  #flushedEnd = 0;
  #pendingAddress = 0;
  #file: HeldFile | null = null;
  #fileEnd = 0;
  #isTurnScheduled = false;
  #isOpen = false;

  /** Set while no new records are taken. */
  #error: Error | null = null;
  /** A rollback that `commitTurn` still has to announce. */
  #unannouncedFailure: PutStatus | null = null;
  /** No flush is known of that brought what stands from here on to the disk. */
  #unsureFrom = 0;
  #announcedEnd = 0;
  #isPrecreating = false;

  constructor(options: CommitLogOptions) {
    const { memory } = options;
    this.#fs = options.fs;
    this.#logger = options.logger;
    this.#memory = memory;
    this.buffer = memory.buffer;
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.#disk = new LogFiles(options.fs, options.logger, options.folders, options.fileBytes);
    this.files = this.#disk.numbered;
    this.#maxRecordBytes = Math.min(memory.windowBytes, options.fileBytes - BLANK_HEADER_BYTES);
    this.#isSync = options.flushDiskType === 'SYNC_FLUSH';
    this.#maxUnflushedBytes = memory.windowBytes / 2;
    this.#window = new LogWindow(memory.windowStart, memory.windowBytes, 0);
    this.#flusher = new LogFlush({
      ...options,
      files: this.#disk,
      isSync: this.#isSync,
      flushed: (end, time) => {
        this.#flushedEnd = this.#unsureFrom = end;
        this.#flushedTime = time;
        this.#announce();
      },
      timedOut: (end) => this.#events?.timedOut(end),
      failed: (error) => this.#fail(error, 0),
    });
    this.#retry = new LogRetry({
      ...options,
      folder: options.folders.main,
      attempt: (failedBytes) => this.#writeAgain(failedBytes),
      succeeded: () => {
        this.#error = null;
        this.#flusher.resume();
      },
    });
  }

  /** Physical offset of the next record. */
  get position(): number {
    return this.#position;
  }

  /** First byte that is not in the files yet; what readers may see ends here. */
  get writtenEnd(): number {
    return this.#writtenEnd;
  }

  /** First byte that may be lost with the power. */
  get flushedEnd(): number {
    return this.#flushedEnd;
  }

  /** Store time (ms) of the newest record of which is certain that it is on disk; 0 if none was written yet. */
  get flushedTime(): number {
    return this.#flushedTime;
  }

  /** First byte that is still there; 0 for an empty log. */
  get minOffset(): number {
    return Math.max(0, this.files.first);
  }

  /** True while the last write or flush failed. */
  get isFailing(): boolean {
    return this.#error !== null;
  }

  /** The error behind `isFailing`. */
  get error(): Error | null {
    return this.#error;
  }

  /**
   * Finds the files. If the last one in use was cut short it gets its size back.
   *
   * @throws StoreCorruptError naming a file of another size, if the settings may be what is wrong, or what is missing
   * stood before records that are there
   */
  load(): void {
    this.#disk.load();
  }

  /**
   * Opens the log for appending at `position`, where recovery says it ends.
   *
   * @throws the operating system's error if the file can not be opened or created
   */
  open(position: number, events: CommitLogEvents, recovered: RecoveredLog): void {
    const { from, unflushedFrom, lastTimestamp } = recovered;
    assert(!this.#isOpen, 'the commit log is opened once');
    this.#events = events;
    this.#position = this.#writtenEnd = this.#flushedEnd = this.#announcedEnd = position;
    this.#window = new LogWindow(this.#memory.windowStart, this.#memory.windowBytes, position);
    this.#pendingAddress = this.#window.head;
    const start = this.files.startOf(position);
    if (start >= 0) {
      this.#file = this.#disk.hold(start);
      this.#fileEnd = start + this.files.fileBytes;
    } else {
      // The first record makes the file: an empty store, or one that ends with its last file.
      this.#fileEnd = position;
    }
    this.#acceptedTime = lastTimestamp;
    this.#flusher.open(position, this.#file, from, lastTimestamp);
    this.#unsureFrom = Math.max(unflushedFrom, position - MAX_WRITTEN_AGAIN_BYTES);
    this.#isOpen = true;
    try {
      // A flush that failed before the stop may have left pages that no later one brings to the disk.
      for (const _ of this.#rewriteUnsure());
    } catch (error) {
      this.#fail(error, 0);
    }
    this.#flusher.start();
  }

  /**
   * Makes room for a record.
   *
   * @param size bytes of the whole record (or batch of records, which stays together)
   * @returns where in `bytes` to encode it, or -1: `refusal` is MESSAGE_ILLEGAL (never fits), SERVICE_NOT_AVAILABLE
   *   (writing fails), CREATE_MAPPED_FILE_FAILED or OS_PAGE_CACHE_BUSY (the disk is too slow for sync flush)
   */
  reserve(size: number): number {
    this.records.begin();
    if (
      this.#error !== null ||
      this.#position + size + BLANK_HEADER_BYTES > this.#fileEnd ||
      !this.#window.fits(size) ||
      (this.#isSync && this.#position - this.#flushedEnd > this.#maxUnflushedBytes)
    ) {
      return this.#reserveSlow(size);
    }
    return this.#window.place(size);
  }

  /** Adds an index key hash (`indexHash` of `topic#key`) to the record that is reserved. */
  addKey(keyHash: number): void {
    this.records.addKey(keyHash);
  }

  /**
   * Makes the reserved and encoded record part of the log.
   *
   * @param queue gets an entry; null for prepared and rollback records
   * @param size as reserved; less for the records of a reserved batch, one after the other
   * @param tagsCode int32 hash of TAGS, or the deliver time on the schedule topic
   * @param storeTimestamp as in the record, ms
   * @param count queue offsets that it takes: the messages of an inner batch
   */
  accept(queue: Q | null, size: number, tagsCode: number, storeTimestamp: number, count = 1): void {
    this.records.push(queue, this.#position, size, tagsCode, storeTimestamp, count);
    this.#position += size;
    this.#acceptedTime = storeTimestamp;
    this.#window.advance(size);
    if (!this.#isTurnScheduled) {
      this.#isTurnScheduled = true;
      setImmediate(() => {
        this.#isTurnScheduled = false;
        this.commitTurn();
      });
    }
  }

  /** Gives the record that was accepted last a place in one more queue. */
  acceptAlso(queue: Q, physicalOffset: number, size: number, tagsCode: number, storeTimestamp: number): void {
    this.records.push(queue, physicalOffset, size, tagsCode, storeTimestamp);
  }

  /** Writes what was accepted in this turn and announces it. Does nothing if there is nothing. */
  commitTurn(): void {
    if (this.#position !== this.#writtenEnd) this.#write();
    this.#announce();
  }

  /** Where `[physicalOffset, physicalOffset + size)` lies in `bytes`, or -1 if it is not in memory. */
  addressOf(physicalOffset: number, size: number): number {
    return this.#window.addressOf(physicalOffset, size);
  }

  /**
   * Copies bytes of the log, from memory or from the file.
   *
   * @param target gets `size` bytes at `targetStart`
   * @returns false if they are not all there (removed, never written, or across a file's end)
   * @throws StoreIoError if the operating system can not read the file
   */
  readSync(physicalOffset: number, size: number, target: Uint8Array, targetStart: number): boolean {
    const address = physicalOffset + size > this.#writtenEnd ? -1 : this.addressOf(physicalOffset, size);
    if (address >= 0) {
      target.set(new Uint8Array(this.buffer, address, size), targetStart);
      return true;
    }
    return this.#isWritten(physicalOffset, size) && this.#disk.read(physicalOffset, size, target, targetStart);
  }

  /** `readSync` in the thread pool: `target` must stay untouched until it settles. */
  async readAsync(physicalOffset: number, size: number, target: Uint8Array, targetStart: number): Promise<boolean> {
    if (!this.#isWritten(physicalOffset, size)) return false;
    return this.#disk.readAsync(physicalOffset, size, target, targetStart);
  }

  #isWritten(physicalOffset: number, size: number): boolean {
    return physicalOffset >= 0 && physicalOffset + size <= this.#writtenEnd;
  }

  /**
   * Store time of a record.
   *
   * @returns ms since the epoch; -1 if there is no record of that size there
   * @throws StoreIoError if the operating system can not read the file
   */
  storeTimestampOf(physicalOffset: number, size: number): number {
    const bytes = Math.min(size, STORE_TIMESTAMP_READ_BYTES);
    if (physicalOffset < 0 || bytes < BLANK_HEADER_BYTES) return -1;
    const address = this.addressOf(physicalOffset, bytes);
    if (address >= 0) return isRecordStart(this.view, address, size) ? readStoreTimestamp(this.view, address) : -1;
    const head = new Uint8Array(bytes);
    if (!this.readSync(physicalOffset, bytes, head, 0)) return -1;
    const view = new DataView(head.buffer);
    return isRecordStart(view, 0, size) ? readStoreTimestamp(view, 0) : -1;
  }

  /** Flushes everything written so far; resolves when it is on disk, rejects if that fails. */
  async flush(): Promise<void> {
    this.commitTurn();
    const target = this.#writtenEnd;
    while (this.#flushedEnd < target) {
      if (this.#error) throw this.#error;
      this.#flusher.start();
      await this.#flusher.settled();
    }
  }

  /** Takes the first file off the log; the caller removes it from the disk (its path is returned). Never the last. */
  forgetFirstFile(): string | null {
    const start = this.files.first;
    if (this.files.starts.length < 2 || start + this.files.fileBytes > this.#writtenEnd) return null;
    return this.#disk.forgetFirst();
  }

  /**
   * Writes and flushes everything and closes the files. A file that was created ahead and is still empty is removed.
   *
   * @param isForeign the folder belongs to another process by now: no file is removed
   * @returns false if something accepted did not get to the disk
   */
  async close(isForeign = false): Promise<boolean> {
    if (!this.#isOpen) {
      this.#closeFiles();
      return true;
    }
    let isClean = true;
    try {
      await this.flush();
    } catch (error) {
      isClean = false;
      this.#logger.error({ error: errorText(error) }, 'commit log could not be flushed at shutdown');
    }
    await this.#flusher.settled();
    this.#isOpen = false;
    this.#retry.stop();
    this.#closeFiles();
    const { last } = this.files;
    if (isClean && !isForeign && this.files.starts.length > 1 && last >= this.#position) this.#disk.removeUnused(last);
    return isClean && !this.isFailing;
  }

  #closeFiles(): void {
    this.#file = null;
    this.#flusher.close();
    this.#disk.close();
  }

  #reserveSlow(size: number): number {
    if (!this.#isOpen || this.#error !== null) return this.#refuse('SERVICE_NOT_AVAILABLE');
    if (size > this.#maxRecordBytes) return this.#refuse('MESSAGE_ILLEGAL');
    if (this.#isSync && this.#position - this.#flushedEnd > this.#maxUnflushedBytes) {
      return this.#refuse('OS_PAGE_CACHE_BUSY');
    }
    if (this.#position + size + BLANK_HEADER_BYTES > this.#fileEnd && !this.#roll()) return -1;
    if (!this.#window.fits(size)) {
      if (!this.#write()) return this.#refuse('SERVICE_NOT_AVAILABLE');
      this.#window.wrap();
      this.#pendingAddress = this.#window.head;
    }
    return this.#window.place(size);
  }

  #refuse(status: PutStatus): -1 {
    this.refusal = status;
    return -1;
  }

  /** Closes the current file with a filler and goes on in the next. */
  #roll(): boolean {
    if (!this.#write()) {
      this.refusal = 'SERVICE_NOT_AVAILABLE';
      return false;
    }
    const start = this.#fileEnd;
    try {
      if (this.files.last < start) this.#disk.create(start);
      const fillerAt = this.#position - (start - this.files.fileBytes);
      if (this.#file && this.#position < start) this.#disk.writeFiller(this.#file, fillerAt);
      this.#file = this.#disk.hold(start);
      this.#flusher.rolled(start, this.#file, fillerAt);
    } catch (error) {
      this.#fail(error, 0);
      this.refusal = 'CREATE_MAPPED_FILE_FAILED';
      return false;
    }
    this.#position = this.#writtenEnd = start;
    this.#fileEnd = start + this.files.fileBytes;
    this.#window.jump(start);
    return true;
  }

  /** Creates the next file before it is needed, so that no reply waits for it. */
  #precreate(): void {
    this.#isPrecreating = true;
    setImmediate(() => {
      this.#isPrecreating = false;
      if (!this.#isOpen || this.#error || this.files.last >= this.#fileEnd) return;
      try {
        this.#disk.create(this.#fileEnd);
      } catch (error) {
        this.#logger.warn({ error: errorText(error) }, 'next commit log file could not be created yet');
      }
    });
  }

  /** One pwrite of all that is accepted; on failure it is rolled back. */
  #write(): boolean {
    const length = this.#position - this.#writtenEnd;
    if (length === 0) return true;
    assert(this.#file, 'accepted bytes lie in an open file');
    const filePosition = this.#writtenEnd - (this.#fileEnd - this.files.fileBytes);
    try {
      writeFully(this.#fs, this.#file.fd, this.bytes, this.#pendingAddress, length, filePosition);
    } catch (error) {
      this.records.rollBack(this.#writtenEnd);
      this.#window.retreat(length);
      this.#position = this.#writtenEnd;
      this.#unannouncedFailure = 'SERVICE_NOT_AVAILABLE';
      this.#fail(error, length);
      return false;
    }
    this.#writtenEnd = this.#position;
    this.#pendingAddress = this.#window.head;
    this.#flusher.written(this.#writtenEnd, this.#acceptedTime);
    if (
      this.files.last < this.#fileEnd &&
      !this.#isPrecreating &&
      this.#fileEnd - this.#writtenEnd < this.files.fileBytes / 4
    ) {
      this.#precreate();
    }
    return true;
  }

  #announce(): void {
    const events = this.#events;
    if (!events) return;
    const end = this.#isSync ? this.#flushedEnd : this.#writtenEnd;
    if (end > this.#announcedEnd) {
      this.#announcedEnd = end;
      events.durable(end);
    }
    const failure = this.#unannouncedFailure;
    if (failure !== null) {
      this.#unannouncedFailure = null;
      events.failed(this.#writtenEnd, failure);
    }
  }

  #fail(error: unknown, failedBytes: number): void {
    this.#flusher.halt();
    this.#error = this.#retry.fail(error, failedBytes);
  }

  /**
   * Writes zeros where the failed write went, writes again what a failed flush may have lost, and flushes: after a
   * failed fdatasync the kernel may take the pages for clean.
   */
  async #writeAgain(failedBytes: number): Promise<void> {
    if (this.#flusher.isBusy) throw new StoreIoError('a flush is under way');
    if (!this.#file) return;
    const { fileBytes } = this.files;
    const start = this.#fileEnd - fileBytes;
    // Held, so that a shutdown meanwhile does not close it.
    const file = this.#disk.hold(start);
    try {
      const zeroBytes = Math.max(failedBytes, BLANK_HEADER_BYTES);
      clearFailed(this.#fs, file.fd, this.#writtenEnd - start, zeroBytes, fileBytes);
      for (const _ of this.#rewriteUnsure()) {
        await nextTurn();
        if (!this.#isOpen) return;
      }
      this.#flusher.rewriteFillers();
      await this.#fs.sync(file.fd);
    } finally {
      file.release();
    }
  }

  #rewriteUnsure(): Generator<void> {
    return rewrite(this.#fs, this.#disk, this.#window, this.bytes, this.#unsureFrom, this.#writtenEnd);
  }
}
