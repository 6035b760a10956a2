import { dirname, join } from 'node:path';
import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { javaHashCode } from '../../protocol/java-hash.js';
import { isLmq } from '../../protocol/topic-validator.js';
import { ConsumeQueue, TopicHandle } from './consume-queue.js';
import { ConsumeQueueExt, type ExtUnit, ExtWindow, type UnitExtension } from './consume-queue-ext.js';
import { StoreCorruptError, StoreIoError } from './errors.js';
import { FdCache, type HeldFile } from './fd-cache.js';
import { type FileSystem, isAllZero, readFully, writeFully, zeroRange } from './file-system.js';
import { isMadeWithOtherSize, NumberedFiles } from './numbered-files.js';
import { SavedPages } from './saved-pages.js';
import type { SealFile, StoreSeal } from './store-seal.js';
import {
  BATCH_UNIT_BYTES,
  BLANK_UNIT_SIZE,
  batchBaseOffset,
  batchSizeOf,
  isBatchUnit,
  isBlankUnit,
  isUnit,
  PAGE_UNITS,
  UNIT_BYTES,
  UnitSlab,
  unitExtOffset,
  unitPhysicalOffset,
  unitSize,
  writeUnit,
} from './unit-slab.js';

export interface ConsumeQueueStoreOptions {
  fs: FileSystem;
  logger: Logger;
  folder: string;
  /** A multiple of UNIT_BYTES. */
  fileBytes: number;
  /** Of batch consume queues; without it there are none. */
  batch?: {
    folder: string;
    /** A multiple of BATCH_UNIT_BYTES. */
    fileBytes: number;
    /** Whether the queues of a topic are batch queues; asked when it gets its first. */
    isBatchTopic: (topic: string) => boolean;
  };
  /** Of extensions of simple queues; without it units get none, and those that have one say nothing of tags. */
  ext?: { folder: string; fileBytes: number };
  /** Saved units that stay in memory, bytes. */
  hotBytes: number;
  /** Cleared before files are removed. */
  seal?: SealFile;
}

const OPEN_FILES = 1_000;
/** Files that one slice of saving touches: about a millisecond. */
const SLICE_FILES = 200;
/** Folders that one slice flushes: each may take milliseconds. */
const SLICE_FOLDERS = 2;
const SCRATCH_BYTES = 65_536;
const BLOCK_BYTES = 4_096;
const SYNC_CONCURRENCY = 2;

/** Where queues of one kind have their files, and how these look. */
interface QueueFormat {
  folder: string;
  fileBytes: number;
  slab: UnitSlab;
}

/** The queues that exist, by id. Not by the array's length: a single great id would make that a walk of seconds. */
function queuesOf(handle: TopicHandle): ConsumeQueue[] {
  return Object.values(handle.queues).filter((queue) => queue !== undefined);
}

/** Lets the event loop run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * All consume queues: units appended in memory, saved to their files in slices, read from either.
 *
 * A unit is appended only after its record is written, so the files never run ahead of the log (short of a power
 * failure, which recovery handles). Every file that exists has at least one unit.
 *
 * Source: store/ConsumeQueue.java, store/queue/ConsumeQueueStore.java
 */
export class ConsumeQueueStore {
  readonly topics = new Map<string, TopicHandle>();
  /** Files that could not be used were removed by `load`. */
  hasLostFiles = false;
  readonly #fs: FileSystem;
  readonly #logger: Logger;
  readonly #seal: SealFile | null;
  readonly #simple: QueueFormat;
  readonly #batch: QueueFormat | null;
  readonly #isBatchTopic: (topic: string) => boolean;
  readonly #ext: { folder: string; fileBytes: number } | null;
  readonly #extWindow = new ExtWindow();
  readonly #fds: FdCache;
  readonly #savedPages: SavedPages;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  readonly #scratchView = new DataView(this.#scratch.buffer);
  readonly #unit = new DataView(new ArrayBuffer(BATCH_UNIT_BYTES));
  readonly #unitBytes = new Uint8Array(this.#unit.buffer);
  /** Queues with units that are not saved, each once. */
  #dirty: ConsumeQueue[] = [];
  /** Paths written since their last fdatasync. */
  #unsynced = new Set<string>();
  /** Folders with files created since their last fsync. */
  readonly #unsyncedFolders = new Set<string>();
  /** Files of queues that are gone, which could not be removed yet. */
  readonly #leftOver = new Set<string>();
  #error: Error | null = null;
  #hasFailedFlush = false;
  #isLeft = false;
  /** Queues that the save under way has before it. */
  #savingLeft = 0;
  #lmqCount = 0;
  #saving: Promise<boolean> = Promise.resolve(true);

  constructor(options: ConsumeQueueStoreOptions) {
    this.#fs = options.fs;
    this.#logger = options.logger;
    this.#seal = options.seal ?? null;
    const { folder, fileBytes, batch } = options;
    this.#simple = { folder, fileBytes, slab: new UnitSlab(UNIT_BYTES) };
    this.#batch = batch
      ? { folder: batch.folder, fileBytes: batch.fileBytes, slab: new UnitSlab(BATCH_UNIT_BYTES) }
      : null;
    this.#isBatchTopic = batch?.isBatchTopic ?? (() => false);
    this.#ext = options.ext ?? null;
    this.#fds = new FdCache(options.fs, OPEN_FILES);
    this.#savedPages = new SavedPages(Math.max(1, Math.floor(options.hotBytes / (PAGE_UNITS * UNIT_BYTES))));
  }

  /** The error of the last attempt to save, while units can not be saved. */
  get error(): Error | null {
    return this.#error;
  }

  /** Light message queues. */
  get lmqCount(): number {
    return this.#lmqCount;
  }

  /** Pages of memory in use. */
  get pages(): number {
    return this.#simple.slab.used + (this.#batch?.slab.used ?? 0);
  }

  /** The topic's handle, made if need be. */
  topic(name: string): TopicHandle {
    let handle = this.topics.get(name);
    if (!handle) {
      handle = new TopicHandle(name, javaHashCode(`${name}#`));
      this.topics.set(name, handle);
    }
    return handle;
  }

  /** The queue, made if need be; its files come with its first saved unit. */
  queue(handle: TopicHandle, queueId: number): ConsumeQueue {
    let queue = handle.queues[queueId];
    if (!queue) {
      queue = this.#add(handle, queueId);
      // Of an earlier queue of that name there may be an extension that nothing refers to any more.
      queue.ext?.discard();
    }
    return queue;
  }

  #add(handle: TopicHandle, queueId: number): ConsumeQueue {
    if (handle.queues.length === 0) handle.isBatch = this.#batch !== null && this.#isBatchTopic(handle.name);
    const format = this.#formatOf(handle);
    const folder = join(format.folder, handle.name, String(queueId));
    const files = new NumberedFiles(this.#fs, folder, format.fileBytes);
    const ext = handle.isBatch ? null : this.#newExt(handle.name, queueId);
    const queue = new ConsumeQueue(handle.name, queueId, files, format.slab, handle.isBatch, ext);
    handle.queues[queueId] = queue;
    if (isLmq(handle.name)) this.#lmqCount += 1;
    return queue;
  }

  #newExt(topic: string, queueId: number): ConsumeQueueExt | null {
    if (!this.#ext) return null;
    const { folder, fileBytes } = this.#ext;
    const files = new NumberedFiles(this.#fs, join(folder, topic, String(queueId)), fileBytes);
    return new ConsumeQueueExt(this.#fs, this.#fds, files, this.#extWindow);
  }

  #formatOf(handle: TopicHandle): QueueFormat {
    return handle.isBatch && this.#batch ? this.#batch : this.#simple;
  }

  find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.topics.get(topic)?.queues[queueId];
  }

  /** Files that have to be written or flushed, and folders to be flushed, until all is on disk. */
  get unsavedFiles(): number {
    return this.#dirty.length + this.#savingLeft + this.#unsynced.size + this.#unsyncedFolders.size;
  }

  *all(): Generator<ConsumeQueue> {
    for (const handle of this.topics.values()) yield* queuesOf(handle);
  }

  /** Files and units of all queues. */
  count(): Pick<StoreSeal, 'queueFiles' | 'queueUnits'> {
    let queueFiles = 0;
    let queueUnits = 0;
    for (const queue of this.all()) {
      queueFiles += queue.files.starts.length;
      queueUnits += queue.savedUnit;
    }
    return { queueFiles, queueUnits };
  }

  /**
   * Adds a unit at the end of a simple queue.
   *
   * @param extension what the unit's extension is to say, if the queue has extensions
   */
  append(
    queue: ConsumeQueue,
    physicalOffset: number,
    size: number,
    tagsCode: number,
    extension: UnitExtension | null = null,
  ): void {
    const extOffset = extension && queue.ext ? queue.ext.append(tagsCode, extension) : -1;
    queue.append(physicalOffset, size, tagsCode, extOffset);
    if (!queue.isDirty) this.#isDirty(queue);
  }

  /** Adds a unit at the end of a batch queue, with the messages `[baseOffset, baseOffset + batchSize)`. */
  appendBatch(
    queue: ConsumeQueue,
    physicalOffset: number,
    size: number,
    tagsCode: number,
    storeTimestamp: number,
    baseOffset: number,
    batchSize: number,
  ): void {
    queue.appendBatch(physicalOffset, size, tagsCode, storeTimestamp, baseOffset, batchSize);
    if (!queue.isDirty) this.#isDirty(queue);
  }

  #isDirty(queue: ConsumeQueue): void {
    queue.isDirty = true;
    this.#dirty.push(queue);
  }

  /**
   * Copies units in file format, those `[from, from + count)` as far as they exist and lie in one file.
   *
   * @param from at least minUnit and less than maxUnit
   * @param target room for `count` units
   * @returns units copied; 0 if the file is missing
   * @throws StoreIoError if the file can not be read
   */
  read(queue: ConsumeQueue, from: number, count: number, target: Uint8Array): number {
    const { fileUnits, unitBytes } = queue;
    const end = Math.min(from + count, queue.maxUnit, (Math.floor(from / fileUnits) + 1) * fileUnits);
    const coldEnd = Math.min(end, queue.hotUnit);
    let cold = 0;
    if (from < coldEnd) {
      const start = queue.files.startOf(from * unitBytes);
      if (start < 0) return 0;
      const length = (coldEnd - from) * unitBytes;
      if (this.#readFile(queue, start, from * unitBytes - start, length, target) < length) return 0;
      cold = coldEnd - from;
    }
    const hotStart = from + cold;
    if (hotStart < end) queue.copyHot(hotStart, end - hotStart, target, cold * unitBytes);
    return end - from;
  }

  /**
   * One unit, in a view that the next call overwrites.
   *
   * @returns null if it does not exist
   * @throws StoreIoError if the file can not be read
   */
  unit(queue: ConsumeQueue, unit: number): DataView | null {
    if (unit < 0 || unit >= queue.maxUnit) return null;
    return this.read(queue, unit, 1, this.#unitBytes) === 1 ? this.#unit : null;
  }

  /**
   * The extension of a unit.
   *
   * @param extOffset what `unitExtOffset` says of it
   * @returns null if it can not be found
   * @throws StoreIoError if the file can not be read
   */
  extension(queue: ConsumeQueue, extOffset: number): ExtUnit | null {
    try {
      return queue.ext?.read(extOffset) ?? null;
    } catch (error) {
      const { folder } = (queue.ext as ConsumeQueueExt).files;
      throw new StoreIoError(`${folder} can not be read: ${errorText(error)}`, { cause: error });
    }
  }

  /**
   * The unit that has the message `offset`: the last one that does not begin behind it.
   *
   * @param offset from minOffset on, less than maxOffset
   * @throws StoreIoError if a file can not be read
   */
  unitOf(queue: ConsumeQueue, offset: number): number {
    if (queue.batch === null) return offset;
    const after = this.#bisect(queue, queue.minUnit, (unit) => batchBaseOffset(unit, 0) <= offset);
    return Math.max(queue.minUnit, after - 1);
  }

  /**
   * Saves queues with a full page or more of unsaved units, or all.
   *
   * @param onlyFullPages leave short tails in memory; they come with the next full save
   * @returns false if a file could not be written; the units stay in memory
   */
  save(onlyFullPages: boolean): Promise<boolean> {
    // One after the other: a queue is in one list only, and a full save must see them all.
    const saved = this.#saving.then(() => this.#saveDirty(onlyFullPages));
    this.#saving = saved;
    return saved;
  }

  /** Makes saving and flushing that is under way fail soon, and all later ones: recovery will do it. */
  leaveToRecovery(): void {
    this.#isLeft = true;
  }

  /** Never rejects. */
  async #saveDirty(onlyFullPages: boolean): Promise<boolean> {
    if (!onlyFullPages) for (const path of [...this.#leftOver]) this.#discard(path);
    const queues = this.#dirty;
    // Messages are refused while there is an error: what caused it may be a short tail, and is tried again.
    const areTailsLeft = onlyFullPages && this.#error === null;
    this.#dirty = [];
    let isSaved = true;
    let files = 0;
    this.#savingLeft = queues.length;
    for (const queue of queues) {
      this.#savingLeft -= 1;
      const unsaved = queue.maxUnit - queue.savedUnit;
      if (queue.isDestroyed || unsaved === 0) {
        queue.isDirty = false;
        continue;
      }
      if (this.#isLeft) isSaved = false;
      if (!isSaved || (areTailsLeft && unsaved < PAGE_UNITS)) {
        this.#dirty.push(queue);
        continue;
      }
      if (this.#saveQueue(queue)) {
        queue.isDirty = false;
      } else {
        isSaved = false;
        this.#dirty.push(queue);
      }
      files += 1;
      if (files % SLICE_FILES === 0) await nextTurn();
    }
    if (isSaved) this.#error = null;
    this.#savedPages.free(() => this.pages);
    return isSaved;
  }

  /**
   * Whether files may lack, on disk, what was written to them: after a failed flush the kernel may take it for written.
   * Only the log can make that good, at the next start.
   */
  get hasFailedFlush(): boolean {
    return this.#hasFailedFlush;
  }

  /** Makes everything saved so far durable. Rejects with the operating system's error, or when left to recovery. */
  async sync(): Promise<void> {
    const paths = [...this.#unsynced];
    let next = 0;
    let failure: { error: unknown } | null = null;
    const work = async () => {
      while (next < paths.length && failure === null) {
        const path = paths[next] as string;
        next += 1;
        if (this.#isLeft) {
          failure = { error: new StoreIoError('left to recovery') };
          break;
        }
        let file: HeldFile;
        try {
          file = this.#fds.hold(path);
        } catch (error) {
          if (this.#fs.info(path) !== null) failure = { error };
          else this.#unsynced.delete(path); // Removed meanwhile.
          continue;
        }
        this.#unsynced.delete(path);
        try {
          await this.#fs.sync(file.fd);
        } catch (error) {
          this.#unsynced.add(path);
          this.#hasFailedFlush = true;
          failure = { error };
        } finally {
          file.release();
        }
      }
    };
    await Promise.all(Array.from({ length: SYNC_CONCURRENCY }, work));
    if (failure) throw (failure as { error: unknown }).error;
    let count = 0;
    for (const folder of [...this.#unsyncedFolders]) {
      this.#syncFolder(folder);
      count += 1;
      if (count % SLICE_FOLDERS === 0) await nextTurn();
      if (this.#isLeft) throw new StoreIoError('left to recovery');
    }
  }

  /** Closes the files, when saving that is under way is done. */
  async close(): Promise<void> {
    await this.#saving;
    this.#fds.clear();
  }

  /**
   * Finds all queues of the folder. Their offsets are set by `recoverQueue`. Files of a wrong size are removed, to be
   * built from the log, and `hasLostFiles` says so.
   *
   * @throws StoreCorruptError naming a file of another size, if all have it: the settings are what is wrong then
   */
  async load(): Promise<void> {
    await this.#loadFolder(this.#simple);
    if (this.#batch) await this.#loadFolder(this.#batch);
  }

  async #loadFolder(format: QueueFormat): Promise<void> {
    let count = 0;
    let right = 0;
    const cut: { files: NumberedFiles; path: string; sizeBytes: number }[] = [];
    for (const topic of this.#fs.list(format.folder)) {
      for (const name of this.#fs.list(join(format.folder, topic))) {
        const queueId = Number(name);
        if (!/^\d+$/.test(name) || !Number.isSafeInteger(queueId)) continue;
        const handle = this.topic(topic);
        const queue = handle.queues[queueId] ?? this.#add(handle, queueId);
        if (this.#formatOf(handle) !== format) {
          const [is, has] = handle.isBatch ? ['BatchCQ', 'SimpleCQ'] : ['SimpleCQ', 'BatchCQ'];
          throw new StoreCorruptError(
            `${join(format.folder, topic)}: the topic's queue.type is ${is}, but these are queues of type ${has}`,
          );
        }
        const { files } = queue;
        files.load((path, sizeBytes) => cut.push({ files, path, sizeBytes }));
        right += files.starts.length;
        queue.ext?.files.load();
        count += 1;
        if (count % SLICE_FILES === 0) await nextTurn();
      }
    }
    const sizes = cut.map(({ sizeBytes }) => sizeBytes);
    const isSetWrong = right === 0 && isMadeWithOtherSize(sizes) && (sizes[0] as number) % format.slab.unitBytes === 0;
    for (const { files, path, sizeBytes } of cut) {
      if (isSetWrong) files.refuseSize(path, sizeBytes);
      this.#logger.warn({ path, sizeBytes }, 'consume queue file has a wrong size: it is removed');
      this.#fs.remove(path);
      this.hasLostFiles = true;
    }
  }

  /**
   * Finds the end of a queue in its files: its units are valid and of records before `physicalEnd`. What comes after
   * is cut off: later files are removed, and with `clear` the rest of the last file becomes zeros.
   *
   * Finds the boundary by bisection. That is right also after a power failure that left holes among the newest units,
   * if `physicalEnd` is so old that everything before it had been flushed.
   *
   * @returns physicalOffset of the queue's first unit; -1 if that is not known, or the unit is blank
   */
  recoverQueue(queue: ConsumeQueue, physicalEnd: number, clear: boolean): number {
    const { files, unitBytes } = queue;
    const isOne = queue.batch ? isBatchUnit : isUnit;
    const isGood = (view: DataView, at: number) => isOne(view, at) && unitPhysicalOffset(view, at) < physicalEnd;
    let end = 0;
    let maxOffset = 0;
    let firstPhysical = -1;
    let extOffset = -1;
    queue.maxPhysicOffset = -1;
    while (files.starts.length > 0 && end === 0) {
      const start = files.last;
      const file = this.#hold(queue, start);
      try {
        const head = this.#scratchView;
        const headUnits = Math.min(queue.fileUnits, Math.floor(BLOCK_BYTES / unitBytes));
        readFully(this.#fs, file.fd, this.#scratch, 0, headUnits * unitBytes, 0);
        const units = this.#boundary(file.fd, headUnits, queue, isGood);
        if (units > 0) {
          end = start / unitBytes + units;
          if (files.first === start && !isBlankUnit(head, 0)) firstPhysical = unitPhysicalOffset(head, 0);
          let last = head;
          let at = (units - 1) * unitBytes;
          if (units > headUnits) {
            readFully(this.#fs, file.fd, this.#unitBytes, 0, unitBytes, at);
            last = this.#unit;
            at = 0;
          }
          if (!isBlankUnit(last, at)) queue.maxPhysicOffset = unitPhysicalOffset(last, at) + unitSize(last, at);
          maxOffset = queue.batch ? batchBaseOffset(last, at) + batchSizeOf(last, at) : end;
          if (!queue.batch) extOffset = unitExtOffset(last, at);
          if (clear) this.#clearRest(file.fd, files.path(start), units * unitBytes, files.fileBytes);
        }
      } finally {
        file.release();
      }
      if (end === 0) this.#removeFile(queue, start);
    }
    queue.ext?.recover(extOffset, end === 0, clear);
    queue.moveTo(end, maxOffset);
    queue.minUnit = Math.max(0, files.first / unitBytes);
    this.#setMinOffset(queue);
    return firstPhysical;
  }

  /** Brings the first offset of a batch queue in line with its first unit. */
  #setMinOffset(queue: ConsumeQueue): void {
    const { batch } = queue;
    if (!batch) return;
    const unit = this.unit(queue, queue.minUnit);
    batch.minOffset = unit ? batchBaseOffset(unit, 0) : batch.maxOffset;
  }

  /**
   * Adds a unit while recovering: units that are there are left alone, a gap before it is filled with blank units, as
   * the start of a queue is whose first records are gone from the log.
   */
  appendAt(
    queue: ConsumeQueue,
    offset: number,
    physicalOffset: number,
    size: number,
    tagsCode: number,
    storeTimestamp = 0,
    batchSize = 1,
    extension: UnitExtension | null = null,
  ): void {
    if (offset < queue.maxOffset) return;
    if (queue.batch) {
      this.appendBatch(queue, physicalOffset, size, tagsCode, storeTimestamp, offset, batchSize);
    } else {
      if (offset > queue.maxUnit) {
        if (queue.maxUnit === 0 && queue.files.starts.length === 0) {
          queue.moveTo(offset);
          queue.minUnit = offset;
        } else {
          while (queue.maxUnit < offset) this.append(queue, 0, BLANK_UNIT_SIZE, 0);
        }
      }
      this.append(queue, physicalOffset, size, tagsCode, extension);
    }
    queue.nextOffset = queue.maxOffset;
  }

  /**
   * Moves minUnit to the first unit whose record is at or after `minPhysicalOffset`; to maxUnit if there is none.
   * Never moves it back.
   */
  correctMinOffset(queue: ConsumeQueue, minPhysicalOffset: number): void {
    const from = this.#bisect(queue, queue.minUnit, (unit) => isBlankUnit(unit, 0));
    queue.minUnit = this.#bisect(queue, from, (unit) => unitPhysicalOffset(unit, 0) < minPhysicalOffset);
    this.#setMinOffset(queue);
  }

  /** First offset from `low` on whose unit is not `below`, if the units below all come first; else maxUnit. */
  #bisect(queue: ConsumeQueue, low: number, below: (unit: DataView) => boolean): number {
    let start = low;
    let end = queue.maxUnit;
    // The first look is at the lowest: usually that is it.
    for (let middle = start; start < end; middle = Math.floor((start + end) / 2)) {
      const unit = this.unit(queue, middle);
      if (unit && below(unit)) start = middle + 1;
      else end = middle;
    }
    return start;
  }

  /**
   * Removes files whose records are all gone from the log, but never the last one, and corrects minUnit.
   *
   * @returns files removed
   */
  deleteExpired(queue: ConsumeQueue, minPhysicalOffset: number): number {
    let removed = 0;
    while (queue.files.starts.length > 1) {
      const start = queue.files.first;
      const end = start / queue.unitBytes + queue.fileUnits;
      if (end > queue.savedUnit) break;
      const last = this.unit(queue, end - 1);
      if (!last || unitPhysicalOffset(last, 0) >= minPhysicalOffset) break;
      queue.minUnit = Math.max(queue.minUnit, end);
      this.#removeFile(queue, start);
      removed += 1;
    }
    this.correctMinOffset(queue, minPhysicalOffset);
    const first = queue.ext && queue.batch === null ? this.unit(queue, queue.minUnit) : null;
    const extOffset = first ? unitExtOffset(first, 0) : -1;
    if (extOffset >= 0) for (const path of queue.ext?.deleteBefore(extOffset) ?? []) this.#unsynced.delete(path);
    return removed;
  }

  /** Removes a queue and its files; those that can not be removed now go with the next save. */
  destroyQueue(queue: ConsumeQueue): void {
    queue.isDestroyed = true;
    if (isLmq(queue.topic)) this.#lmqCount -= 1;
    queue.moveTo(0);
    const handle = this.topics.get(queue.topic);
    if (handle) delete handle.queues[queue.queueId];
    this.#seal?.clear();
    for (const files of [queue.files, queue.ext?.files]) {
      for (const start of [...(files?.starts ?? [])]) {
        const path = (files as NumberedFiles).path(start);
        this.#fds.forget(path);
        this.#unsynced.delete(path);
        files?.forget(start);
        this.#discard(path);
      }
    }
    queue.ext?.destroy();
    this.#fs.removeFolder(queue.files.folder);
  }

  /** Removes a file that counts no more, now or with a later save. */
  #discard(path: string): void {
    try {
      this.#fs.remove(path);
      this.#leftOver.delete(path);
    } catch (error) {
      this.#leftOver.add(path);
      this.#logger.error({ path, error: errorText(error) }, 'a file of a consume queue can not be removed');
    }
  }

  /** Removes a topic with all its queues. */
  destroyTopic(handle: TopicHandle): void {
    for (const queue of queuesOf(handle)) this.destroyQueue(queue);
    handle.queues.length = 0;
    this.#fs.removeFolder(join(this.#formatOf(handle).folder, handle.name));
    if (this.#ext) this.#fs.removeFolder(join(this.#ext.folder, handle.name));
  }

  #readFile(queue: ConsumeQueue, start: number, position: number, length: number, target: Uint8Array): number {
    try {
      const file = this.#hold(queue, start);
      try {
        return readFully(this.#fs, file.fd, target, 0, length, position);
      } finally {
        file.release();
      }
    } catch (error) {
      throw new StoreIoError(`${queue.files.path(start)} can not be read: ${errorText(error)}`, { cause: error });
    }
  }

  #hold(queue: ConsumeQueue, start: number): HeldFile {
    return this.#fds.hold(queue.files.path(start));
  }

  #removeFile(queue: ConsumeQueue, start: number): void {
    const path = queue.files.path(start);
    this.#seal?.clear();
    this.#fds.forget(path);
    this.#unsynced.delete(path);
    queue.files.remove(start);
  }

  #syncFolder(folder: string): void {
    this.#unsyncedFolders.delete(folder);
    try {
      this.#fs.syncFolder(folder);
    } catch (error) {
      if (this.#fs.info(folder) !== null) {
        this.#unsyncedFolders.add(folder);
        throw error;
      }
      this.#logger.debug({ folder, error: errorText(error) }, 'folder is gone before it was flushed');
    }
  }

  /** Writes all unsaved units of a queue. */
  #saveQueue(queue: ConsumeQueue): boolean {
    const { files, fileUnits, unitBytes } = queue;
    const firstUnit = queue.savedUnit;
    try {
      // First, so that no unit is in the files whose extension is not.
      queue.ext?.save((path, isNew) => {
        this.#unsynced.add(path);
        if (isNew) this.#folderGrew(dirname(path));
      });
      while (queue.savedUnit < queue.maxUnit) {
        const from = queue.savedUnit;
        const fileEnd = (Math.floor(from / fileUnits) + 1) * fileUnits;
        const count = Math.min(queue.maxUnit, fileEnd) - from;
        const units = Math.min(count, Math.floor(SCRATCH_BYTES / unitBytes));
        const start = (fileEnd - fileUnits) * unitBytes;
        queue.copyHot(from, units, this.#scratch, 0);
        const file = files.startOf(start) < 0 ? this.#createFile(queue, start, from) : this.#hold(queue, start);
        try {
          writeFully(this.#fs, file.fd, this.#scratch, 0, units * unitBytes, from * unitBytes - start);
        } finally {
          file.release();
        }
        this.#unsynced.add(files.path(start));
        queue.savedUnit = from + units;
      }
    } catch (error) {
      if (!this.#error) {
        this.#logger.error({ folder: files.folder, error: errorText(error) }, 'consume queue can not be saved');
      }
      this.#error = error instanceof Error ? error : new StoreIoError(errorText(error));
      return false;
    }
    this.#savedPages.add(queue, firstUnit);
    return true;
  }

  /** Creates the file for the unit `from`; what comes before that in the file becomes blank units. */
  #createFile(queue: ConsumeQueue, start: number, from: number): HeldFile {
    const { files } = queue;
    const path = files.path(start);
    if (this.#leftOver.has(path)) {
      this.#fs.remove(path);
      this.#leftOver.delete(path);
    }
    const fd = files.create(start);
    try {
      const blankBytes = from * queue.unitBytes - start;
      if (blankBytes > 0) {
        const blank = new Uint8Array(blankBytes);
        const view = new DataView(blank.buffer);
        for (let at = 0; at < blankBytes; at += UNIT_BYTES) writeUnit(view, at, 0, BLANK_UNIT_SIZE, 0);
        writeFully(this.#fs, fd, blank, 0, blankBytes, 0);
      }
    } catch (error) {
      this.#fs.close(fd);
      files.forget(start);
      this.#discard(path);
      throw error;
    }
    this.#folderGrew(files.folder);
    this.#fds.adopt(path, fd);
    return this.#fds.hold(path);
  }

  /** A queue's folder got a file, and may be new itself. */
  #folderGrew(folder: string): void {
    const topicFolder = dirname(folder);
    const queueFolder = dirname(topicFolder);
    for (const grown of [folder, topicFolder, queueFolder, dirname(queueFolder)]) this.#unsyncedFolders.add(grown);
  }

  /** Number of units at a file's start for which `isGood` holds; its first `headUnits` are in the scratch buffer. */
  #boundary(
    fd: number,
    headUnits: number,
    queue: ConsumeQueue,
    isGood: (view: DataView, at: number) => boolean,
  ): number {
    const { unitBytes } = queue;
    let good = 0;
    while (good < headUnits && isGood(this.#scratchView, good * unitBytes)) good++;
    if (good < headUnits) return good;
    let bad = queue.fileUnits;
    while (good < bad) {
      const middle = Math.floor((good + bad) / 2);
      readFully(this.#fs, fd, this.#unitBytes, 0, unitBytes, middle * unitBytes);
      if (isGood(this.#unit, 0)) good = middle + 1;
      else bad = middle;
    }
    return good;
  }

  /** Zeros from `position` to the file's end; where the file has no blocks there is nothing to look at. */
  #clearRest(fd: number, path: string, position: number, fileBytes: number): void {
    const blockEnd = Math.min(Math.ceil(position / BLOCK_BYTES) * BLOCK_BYTES, fileBytes);
    if (blockEnd > position) {
      const length = readFully(this.#fs, fd, this.#scratch, 0, blockEnd - position, position);
      if (!isAllZero(this.#scratch, 0, length)) zeroRange(this.#fs, fd, position, blockEnd, this.#scratch);
    }
    if ((this.#fs.info(path)?.allocatedBytes ?? 0) > blockEnd) {
      zeroRange(this.#fs, fd, blockEnd, fileBytes, this.#scratch);
    }
  }
}
