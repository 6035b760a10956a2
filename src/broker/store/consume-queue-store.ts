import type { Logger } from '../../base/logger.js';
import type { ConsumeQueue, TopicHandle } from './consume-queue.js';
import type { ExtUnit, UnitExtension } from './consume-queue-ext.js';
import { ConsumeQueueReader } from './consume-queue-reader.js';
import { ConsumeQueueRecovery } from './consume-queue-recovery.js';
import { ConsumeQueueSaver } from './consume-queue-saver.js';
import { ConsumeQueueTable, type ConsumeQueueTableOptions, queuesOf } from './consume-queue-table.js';
import { FdCache, openFilesFor } from './fd-cache.js';
import type { FileSystem } from './file-system.js';
import type { NumberedFiles } from './numbered-files.js';
import { SavedPages } from './saved-pages.js';
import type { SealFile, StoreSeal } from './store-seal.js';
import {
  BLANK_UNIT_SIZE,
  isBlankUnit,
  PAGE_UNITS,
  UNIT_BYTES,
  unitExtOffset,
  unitPhysicalOffset,
} from './unit-slab.js';

export { nextTurn } from './next-turn.js';

export interface ConsumeQueueStoreOptions extends ConsumeQueueTableOptions {
  logger: Logger;
  /** Saved units that stay in memory, bytes. */
  hotBytes: number;
  /** Cleared before files are removed. */
  seal?: SealFile;
  /** Of the clock: how long work takes is what ends a slice of it. Without it that is the number of files alone. */
  monotonicMs?: () => number;
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
  readonly topics: ReadonlyMap<string, TopicHandle>;
  readonly #fs: FileSystem;
  readonly #seal: SealFile | null;
  readonly #fds: FdCache;
  readonly #table: ConsumeQueueTable;
  readonly #reader: ConsumeQueueReader;
  readonly #saver: ConsumeQueueSaver;
  readonly #recovery: ConsumeQueueRecovery;

  constructor(options: ConsumeQueueStoreOptions) {
    const { fs, logger, hotBytes, seal = null, monotonicMs = () => 0 } = options;
    this.#fs = fs;
    this.#seal = seal;
    const fds = new FdCache(fs, openFilesFor(fs.descriptorLimit()));
    const table = new ConsumeQueueTable(options, fds);
    const reader = new ConsumeQueueReader(fs, fds);
    const savedPages = new SavedPages(Math.max(1, Math.floor(hotBytes / (PAGE_UNITS * UNIT_BYTES))));
    const pages = () => table.pages;
    const saver = new ConsumeQueueSaver({ fs, logger, fds, savedPages, pages, seal, monotonicMs });
    this.#recovery = new ConsumeQueueRecovery({ fs, logger, fds, table, reader, saver });
    this.#fds = fds;
    this.#table = table;
    this.#reader = reader;
    this.#saver = saver;
    this.topics = table.topics;
  }

  /** Files that could not be used were removed by `load`. */
  get hasLostFiles(): boolean {
    return this.#recovery.hasLostFiles;
  }

  /** The error of the last attempt to save, while units can not be saved. */
  get error(): Error | null {
    return this.#saver.error;
  }

  /** Whether files may lack, on disk, what was written to them; see ConsumeQueueSaver. */
  get hasFailedFlush(): boolean {
    return this.#saver.hasFailedFlush;
  }

  /** Files that have to be written or flushed, and folders to be flushed, until all is on disk. */
  get unsavedFiles(): number {
    return this.#saver.unsavedFiles;
  }

  /** Light message queues. */
  get lmqCount(): number {
    return this.#table.lmqCount;
  }

  /** Pages of memory in use. */
  get pages(): number {
    return this.#table.pages;
  }

  /** The topic's handle, made if need be. */
  topic(name: string): TopicHandle {
    return this.#table.topic(name);
  }

  /** The queue, made if need be; its files come with its first saved unit. */
  queue(handle: TopicHandle, queueId: number): ConsumeQueue {
    let queue = handle.queues[queueId];
    if (!queue) {
      queue = this.#table.add(handle, queueId);
      // Of an earlier queue of that name there may be an extension that nothing refers to any more.
      queue.ext?.discard();
    }
    return queue;
  }

  find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.#table.find(topic, queueId);
  }

  all(): Generator<ConsumeQueue> {
    return this.#table.all();
  }

  /** Files and units of all queues. */
  count(): Pick<StoreSeal, 'queueFiles' | 'queueUnits'> {
    return this.#table.count();
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
    if (!queue.isDirty) this.#saver.markDirty(queue);
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
    if (!queue.isDirty) this.#saver.markDirty(queue);
  }

  /** Copies units to `target`; see ConsumeQueueReader. */
  read(queue: ConsumeQueue, from: number, count: number, target: Uint8Array): number {
    return this.#reader.read(queue, from, count, target);
  }

  /** Has units come from disk; see ConsumeQueueReader. */
  touch(queue: ConsumeQueue, unit: number, count = 1): Promise<void> | null {
    return this.#reader.touch(queue, unit, count);
  }

  /** One unit, in a view that the next call overwrites, or null; see ConsumeQueueReader. */
  unit(queue: ConsumeQueue, unit: number): DataView | null {
    return this.#reader.unit(queue, unit);
  }

  /** The extension of a unit, or null; see ConsumeQueueReader. */
  extension(queue: ConsumeQueue, extOffset: number): ExtUnit | null {
    return this.#reader.extension(queue, extOffset);
  }

  /** The unit that has the message `offset`; see ConsumeQueueReader. */
  unitOf(queue: ConsumeQueue, offset: number): number {
    return this.#reader.unitOf(queue, offset);
  }

  /** Writes units to the files; see ConsumeQueueSaver. */
  save(onlyFullPages: boolean): Promise<boolean> {
    return this.#saver.save(onlyFullPages);
  }

  /** Makes everything saved so far durable; see ConsumeQueueSaver. */
  sync(): Promise<void> {
    return this.#saver.sync();
  }

  /** Makes saving and flushing that is under way fail soon, and all later ones: recovery will do it. */
  leaveToRecovery(): void {
    this.#saver.leaveToRecovery();
  }

  /** Closes the files, when saving that is under way is done. */
  async close(): Promise<void> {
    await this.#saver.settled();
    this.#fds.clear();
  }

  /** Finds all queues of the folder; see ConsumeQueueRecovery. */
  load(): Promise<void> {
    return this.#recovery.load();
  }

  /** Finds the end of a queue in its files; see ConsumeQueueRecovery. */
  recoverQueue(queue: ConsumeQueue, physicalEnd: number, clear: boolean): number {
    return this.#recovery.recoverQueue(queue, physicalEnd, clear);
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
    const from = this.#reader.bisect(queue, queue.minUnit, (unit) => isBlankUnit(unit, 0));
    queue.minUnit = this.#reader.bisect(queue, from, (unit) => unitPhysicalOffset(unit, 0) < minPhysicalOffset);
    this.#reader.setMinOffset(queue);
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
      this.#saver.removeFile(queue, start);
      removed += 1;
    }
    this.correctMinOffset(queue, minPhysicalOffset);
    const first = queue.ext && queue.batch === null ? this.unit(queue, queue.minUnit) : null;
    const extOffset = first ? unitExtOffset(first, 0) : -1;
    if (extOffset >= 0) for (const path of queue.ext?.deleteBefore(extOffset) ?? []) this.#saver.forget(path);
    return removed;
  }

  /** Removes a queue and its files; those that can not be removed now go with the next save. */
  destroyQueue(queue: ConsumeQueue): void {
    this.#table.remove(queue);
    this.#seal?.clear();
    for (const files of [queue.files, queue.ext?.files]) {
      for (const start of [...(files?.starts ?? [])]) this.#saver.discardFile(files as NumberedFiles, start);
    }
    queue.ext?.destroy();
    this.#fs.removeFolder(queue.files.folder);
  }

  /** Removes a topic with all its queues. */
  destroyTopic(handle: TopicHandle): void {
    for (const queue of queuesOf(handle)) this.destroyQueue(queue);
    handle.queues.length = 0;
    for (const folder of this.#table.foldersOf(handle)) this.#fs.removeFolder(folder);
  }
}
