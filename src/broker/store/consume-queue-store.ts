import { join } from 'node:path';
import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { javaHashCode } from '../../protocol/java-hash.js';
import { ConsumeQueue, TopicHandle } from './consume-queue.js';
import { StoreIoError } from './errors.js';
import { FdCache, type HeldFile } from './fd-cache.js';
import { type FileSystem, isAllZero, readFully, writeFully, zeroRange } from './file-system.js';
import { NumberedFiles } from './numbered-files.js';
import {
  BLANK_UNIT_SIZE,
  isBlankUnit,
  isUnit,
  PAGE_UNITS,
  UNIT_BYTES,
  UnitSlab,
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
  /** Saved units that stay in memory, bytes. */
  hotBytes: number;
}

const OPEN_FILES = 1_000;
/** Files that one slice of saving touches: about a millisecond. */
const SLICE_FILES = 200;
const SCRATCH_BYTES = 65_536;
const BLOCK_BYTES = 4_096;
/** Units at a file's start that recovery reads at once: all there are, in most queues. */
const HEAD_UNITS = Math.floor(BLOCK_BYTES / UNIT_BYTES);
const SYNC_CONCURRENCY = 2;

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
  readonly #fs: FileSystem;
  readonly #logger: Logger;
  readonly #folder: string;
  readonly #fileBytes: number;
  readonly #slab = new UnitSlab();
  readonly #fds: FdCache;
  readonly #hotPages: number;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  readonly #scratchView = new DataView(this.#scratch.buffer);
  readonly #unit = new DataView(new ArrayBuffer(UNIT_BYTES));
  readonly #unitBytes = new Uint8Array(this.#unit.buffer);
  /** Queues with units that are not saved, each once. */
  #dirty: ConsumeQueue[] = [];
  /** Saved pages by age, as candidates to be freed: queue and page number. */
  #savedQueues: ConsumeQueue[] = [];
  #savedPages: number[] = [];
  #savedHead = 0;
  /** Paths written since their last fdatasync. */
  #unsynced = new Set<string>();
  /** Folders with files created since their last fsync. */
  #unsyncedFolders = new Set<string>();
  #error: Error | null = null;
  #saving: Promise<boolean> = Promise.resolve(true);

  constructor(options: ConsumeQueueStoreOptions) {
    this.#fs = options.fs;
    this.#logger = options.logger;
    this.#folder = options.folder;
    this.#fileBytes = options.fileBytes;
    this.#fds = new FdCache(options.fs, OPEN_FILES);
    this.#hotPages = Math.max(1, Math.floor(options.hotBytes / (PAGE_UNITS * UNIT_BYTES)));
  }

  /** The error of the last attempt to save, while units can not be saved. */
  get error(): Error | null {
    return this.#error;
  }

  /** Pages of memory in use. */
  get pages(): number {
    return this.#slab.used;
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
      const folder = join(this.#folder, handle.name, String(queueId));
      queue = new ConsumeQueue(handle.name, queueId, new NumberedFiles(this.#fs, folder, this.#fileBytes));
      handle.queues[queueId] = queue;
    }
    return queue;
  }

  find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.topics.get(topic)?.queues[queueId];
  }

  *all(): Generator<ConsumeQueue> {
    for (const handle of this.topics.values()) yield* queuesOf(handle);
  }

  /** Adds a unit at the queue's max offset. */
  append(queue: ConsumeQueue, physicalOffset: number, size: number, tagsCode: number): void {
    queue.append(this.#slab, physicalOffset, size, tagsCode);
    if (!queue.isDirty) {
      queue.isDirty = true;
      this.#dirty.push(queue);
    }
  }

  /**
   * Copies units in file format, those `[from, from + count)` as far as they exist and lie in one file.
   *
   * @param from at least minOffset and less than maxOffset
   * @param target room for `count` units
   * @returns units copied; 0 if the file is missing
   * @throws StoreIoError if the file can not be read
   */
  read(queue: ConsumeQueue, from: number, count: number, target: Uint8Array): number {
    const { fileUnits } = queue;
    const end = Math.min(from + count, queue.maxOffset, (Math.floor(from / fileUnits) + 1) * fileUnits);
    const coldEnd = Math.min(end, queue.hotOffset);
    let cold = 0;
    if (from < coldEnd) {
      const start = queue.files.startOf(from * UNIT_BYTES);
      if (start < 0) return 0;
      const length = (coldEnd - from) * UNIT_BYTES;
      if (this.#readFile(queue, start, from * UNIT_BYTES - start, length, target) < length) return 0;
      cold = coldEnd - from;
    }
    const hotStart = from + cold;
    if (hotStart < end) queue.copyHot(this.#slab, hotStart, end - hotStart, target, cold * UNIT_BYTES);
    return end - from;
  }

  /**
   * One unit, in a view that the next call overwrites.
   *
   * @returns null if it does not exist
   * @throws StoreIoError if the file can not be read
   */
  unit(queue: ConsumeQueue, offset: number): DataView | null {
    if (offset < 0 || offset >= queue.maxOffset) return null;
    return this.read(queue, offset, 1, this.#unitBytes) === 1 ? this.#unit : null;
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

  /** Never rejects. */
  async #saveDirty(onlyFullPages: boolean): Promise<boolean> {
    const queues = this.#dirty;
    // Messages are refused while there is an error: what caused it may be a short tail, and is tried again.
    const areTailsLeft = onlyFullPages && this.#error === null;
    this.#dirty = [];
    let isSaved = true;
    let files = 0;
    for (const queue of queues) {
      const unsaved = queue.maxOffset - queue.savedOffset;
      if (queue.isDestroyed || unsaved === 0) {
        queue.isDirty = false;
        continue;
      }
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
    this.#freePages();
    return isSaved;
  }

  /** Makes everything saved so far durable. Rejects with the operating system's error. */
  async sync(): Promise<void> {
    const paths = [...this.#unsynced];
    let next = 0;
    const work = async () => {
      while (next < paths.length) {
        const path = paths[next] as string;
        next += 1;
        let file: HeldFile;
        try {
          file = this.#fds.hold(path);
        } catch {
          this.#unsynced.delete(path); // Removed meanwhile.
          continue;
        }
        this.#unsynced.delete(path);
        try {
          await this.#fs.sync(file.fd);
        } catch (error) {
          this.#unsynced.add(path);
          throw error;
        } finally {
          file.release();
        }
      }
    };
    await Promise.all(Array.from({ length: SYNC_CONCURRENCY }, work));
    const folders = this.#unsyncedFolders;
    this.#unsyncedFolders = new Set();
    for (const folder of folders) this.#syncFolder(folder);
  }

  close(): void {
    this.#fds.clear();
  }

  /**
   * Finds all queues of the folder. Their offsets are set by `recoverQueue`.
   *
   * @throws StoreCorruptError naming a file of the wrong size
   */
  async load(): Promise<void> {
    let count = 0;
    for (const topic of this.#fs.list(this.#folder)) {
      for (const name of this.#fs.list(join(this.#folder, topic))) {
        const queueId = Number(name);
        if (!/^\d+$/.test(name) || !Number.isSafeInteger(queueId)) continue;
        this.queue(this.topic(topic), queueId).files.load();
        count += 1;
        if (count % SLICE_FILES === 0) await nextTurn();
      }
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
    const { files } = queue;
    const isGood = (view: DataView, at: number) => isUnit(view, at) && unitPhysicalOffset(view, at) < physicalEnd;
    let end = 0;
    let firstPhysical = -1;
    queue.maxPhysicOffset = -1;
    while (files.starts.length > 0 && end === 0) {
      const start = files.last;
      const file = this.#hold(queue, start);
      try {
        const head = this.#scratchView;
        const headUnits = Math.min(queue.fileUnits, HEAD_UNITS);
        readFully(this.#fs, file.fd, this.#scratch, 0, headUnits * UNIT_BYTES, 0);
        const units = this.#boundary(file.fd, headUnits, queue.fileUnits, isGood);
        if (units > 0) {
          end = start / UNIT_BYTES + units;
          if (files.first === start && !isBlankUnit(head, 0)) firstPhysical = unitPhysicalOffset(head, 0);
          let last = head;
          let at = (units - 1) * UNIT_BYTES;
          if (units > headUnits) {
            readFully(this.#fs, file.fd, this.#unitBytes, 0, UNIT_BYTES, at);
            last = this.#unit;
            at = 0;
          }
          if (!isBlankUnit(last, at)) queue.maxPhysicOffset = unitPhysicalOffset(last, at) + unitSize(last, at);
          if (clear) this.#clearRest(file.fd, files.path(start), units * UNIT_BYTES);
        }
      } finally {
        file.release();
      }
      if (end === 0) this.#removeFile(queue, start);
    }
    queue.moveTo(end, this.#slab);
    queue.minOffset = Math.max(0, files.first / UNIT_BYTES);
    return firstPhysical;
  }

  /**
   * Adds a unit while recovering: units that are there are left alone, a gap before it is filled with blank units, as
   * the start of a queue is whose first records are gone from the log.
   */
  appendAt(queue: ConsumeQueue, offset: number, physicalOffset: number, size: number, tagsCode: number): void {
    if (offset < queue.maxOffset) return;
    if (offset > queue.maxOffset) {
      if (queue.maxOffset === 0 && queue.files.starts.length === 0) {
        queue.moveTo(offset, this.#slab);
        queue.minOffset = offset;
      } else {
        while (queue.maxOffset < offset) this.append(queue, 0, BLANK_UNIT_SIZE, 0);
      }
    }
    this.append(queue, physicalOffset, size, tagsCode);
    queue.nextOffset = queue.maxOffset;
  }

  /**
   * Moves minOffset to the first unit whose record is at or after `minPhysicalOffset`; to maxOffset if there is none.
   * Never moves it back.
   */
  correctMinOffset(queue: ConsumeQueue, minPhysicalOffset: number): void {
    const from = this.#bisect(queue, queue.minOffset, (unit) => isBlankUnit(unit, 0));
    queue.minOffset = this.#bisect(queue, from, (unit) => unitPhysicalOffset(unit, 0) < minPhysicalOffset);
  }

  /** First offset from `low` on whose unit is not `below`, if the units below all come first; else maxOffset. */
  #bisect(queue: ConsumeQueue, low: number, below: (unit: DataView) => boolean): number {
    let start = low;
    let end = queue.maxOffset;
    // The first look is at the lowest: usually that is it.
    for (let middle = start; start < end; middle = Math.floor((start + end) / 2)) {
      const unit = this.unit(queue, middle);
      if (unit && below(unit)) start = middle + 1;
      else end = middle;
    }
    return start;
  }

  /**
   * Removes files whose records are all gone from the log, but never the last one, and corrects minOffset.
   *
   * @returns files removed
   */
  deleteExpired(queue: ConsumeQueue, minPhysicalOffset: number): number {
    let removed = 0;
    while (queue.files.starts.length > 1) {
      const start = queue.files.first;
      const end = start / UNIT_BYTES + queue.fileUnits;
      if (end > queue.savedOffset) break;
      const last = this.unit(queue, end - 1);
      if (!last || unitPhysicalOffset(last, 0) >= minPhysicalOffset) break;
      this.#removeFile(queue, start);
      queue.minOffset = Math.max(queue.minOffset, end);
      removed += 1;
    }
    this.correctMinOffset(queue, minPhysicalOffset);
    return removed;
  }

  /** Removes a queue and its files. */
  destroyQueue(queue: ConsumeQueue): void {
    queue.isDestroyed = true;
    queue.moveTo(0, this.#slab);
    for (const start of [...queue.files.starts]) this.#removeFile(queue, start);
    this.#fs.removeFolder(queue.files.folder);
    const handle = this.topics.get(queue.topic);
    if (handle) delete handle.queues[queue.queueId];
  }

  /** Removes a topic with all its queues. */
  destroyTopic(handle: TopicHandle): void {
    for (const queue of queuesOf(handle)) this.destroyQueue(queue);
    handle.queues.length = 0;
    this.#fs.removeFolder(join(this.#folder, handle.name));
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
    this.#fds.forget(path);
    this.#unsynced.delete(path);
    queue.files.remove(start);
  }

  #syncFolder(folder: string): void {
    try {
      this.#fs.syncFolder(folder);
    } catch (error) {
      this.#logger.debug({ folder, error: errorText(error) }, 'folder is gone before it was flushed');
    }
  }

  /** Writes all unsaved units of a queue. */
  #saveQueue(queue: ConsumeQueue): boolean {
    const { files, fileUnits } = queue;
    const firstPage = Math.floor(queue.savedOffset / PAGE_UNITS);
    try {
      while (queue.savedOffset < queue.maxOffset) {
        const from = queue.savedOffset;
        const fileEnd = (Math.floor(from / fileUnits) + 1) * fileUnits;
        const count = Math.min(queue.maxOffset, fileEnd) - from;
        const units = Math.min(count, Math.floor(SCRATCH_BYTES / UNIT_BYTES));
        const start = (fileEnd - fileUnits) * UNIT_BYTES;
        queue.copyHot(this.#slab, from, units, this.#scratch, 0);
        const file = files.startOf(start) < 0 ? this.#createFile(queue, start, from) : this.#hold(queue, start);
        try {
          writeFully(this.#fs, file.fd, this.#scratch, 0, units * UNIT_BYTES, from * UNIT_BYTES - start);
        } finally {
          file.release();
        }
        this.#unsynced.add(files.path(start));
        queue.savedOffset = from + units;
      }
    } catch (error) {
      if (!this.#error) {
        this.#logger.error({ folder: files.folder, error: errorText(error) }, 'consume queue can not be saved');
      }
      this.#error = error instanceof Error ? error : new StoreIoError(errorText(error));
      return false;
    }
    const lastPage = Math.floor((queue.maxOffset - 1) / PAGE_UNITS);
    for (let page = firstPage; page <= lastPage; page++) {
      this.#savedQueues.push(queue);
      this.#savedPages.push(page);
    }
    return true;
  }

  /** Creates the file for the unit `from`; what comes before that in the file becomes blank units. */
  #createFile(queue: ConsumeQueue, start: number, from: number): HeldFile {
    const { files } = queue;
    const path = files.path(start);
    const fd = files.create(start);
    try {
      const blankBytes = from * UNIT_BYTES - start;
      if (blankBytes > 0) {
        const blank = new Uint8Array(blankBytes);
        const view = new DataView(blank.buffer);
        for (let at = 0; at < blankBytes; at += UNIT_BYTES) writeUnit(view, at, 0, BLANK_UNIT_SIZE, 0);
        writeFully(this.#fs, fd, blank, 0, blankBytes, 0);
      }
    } catch (error) {
      this.#fs.close(fd);
      files.remove(start);
      throw error;
    }
    this.#unsyncedFolders.add(files.folder);
    this.#unsyncedFolders.add(join(this.#folder, queue.topic));
    this.#unsyncedFolders.add(this.#folder);
    this.#fds.adopt(path, fd);
    return this.#fds.hold(path);
  }

  /** Frees the oldest saved pages beyond what may stay in memory. */
  #freePages(): void {
    while (this.#slab.used > this.#hotPages && this.#savedHead < this.#savedQueues.length) {
      const queue = this.#savedQueues[this.#savedHead] as ConsumeQueue;
      if (!queue.isDestroyed) queue.releasePages(this.#slab, this.#savedPages[this.#savedHead] as number);
      this.#savedHead += 1;
    }
    const isSpread = this.#savedQueues.length > 4 * this.#hotPages + 1024;
    if (this.#savedHead * 2 > this.#savedQueues.length || isSpread) this.#compactSaved();
  }

  /** Drops candidates that were freed, and all but the newest mention of a page. */
  #compactSaved(): void {
    const queues: ConsumeQueue[] = [];
    const pages: number[] = [];
    const newest = new Map<ConsumeQueue, number>();
    for (let at = this.#savedQueues.length - 1; at >= this.#savedHead; at--) {
      const queue = this.#savedQueues[at] as ConsumeQueue;
      const page = this.#savedPages[at] as number;
      if (queue.isDestroyed || page < Math.floor(queue.hotOffset / PAGE_UNITS)) continue;
      if (page >= (newest.get(queue) ?? Number.POSITIVE_INFINITY)) continue;
      newest.set(queue, page);
      queues.push(queue);
      pages.push(page);
    }
    this.#savedQueues = queues.reverse();
    this.#savedPages = pages.reverse();
    this.#savedHead = 0;
  }

  /** Number of units at a file's start for which `isGood` holds; its first `headUnits` are in the scratch buffer. */
  #boundary(fd: number, headUnits: number, fileUnits: number, isGood: (view: DataView, at: number) => boolean): number {
    let good = 0;
    while (good < headUnits && isGood(this.#scratchView, good * UNIT_BYTES)) good++;
    if (good < headUnits) return good;
    let bad = fileUnits;
    while (good < bad) {
      const middle = Math.floor((good + bad) / 2);
      readFully(this.#fs, fd, this.#unitBytes, 0, UNIT_BYTES, middle * UNIT_BYTES);
      if (isGood(this.#unit, 0)) good = middle + 1;
      else bad = middle;
    }
    return good;
  }

  /** Zeros from `position` to the file's end; where the file has no blocks there is nothing to look at. */
  #clearRest(fd: number, path: string, position: number): void {
    const blockEnd = Math.min(Math.ceil(position / BLOCK_BYTES) * BLOCK_BYTES, this.#fileBytes);
    if (blockEnd > position) {
      const length = readFully(this.#fs, fd, this.#scratch, 0, blockEnd - position, position);
      if (!isAllZero(this.#scratch, 0, length)) zeroRange(this.#fs, fd, position, blockEnd, this.#scratch);
    }
    if ((this.#fs.info(path)?.allocatedBytes ?? 0) > blockEnd) {
      zeroRange(this.#fs, fd, blockEnd, this.#fileBytes, this.#scratch);
    }
  }
}
