import { join } from 'node:path';
import type { Logger } from '../../base/logger.js';
import type { ConsumeQueue } from './consume-queue.js';
import { ExtensionFiles } from './consume-queue-ext-files.js';
import type { ConsumeQueueReader } from './consume-queue-reader.js';
import type { ConsumeQueueSaver } from './consume-queue-saver.js';
import type { ConsumeQueueTable, QueueFormat } from './consume-queue-table.js';
import { StoreCorruptError } from './errors.js';
import type { FdCache } from './fd-cache.js';
import { type FileSystem, isAllZero, readFully, zeroRange } from './file-system.js';
import { nextTurn } from './next-turn.js';
import { isMadeWithOtherSize, type NumberedFiles } from './numbered-files.js';
import { ColdReads } from './read-ahead.js';
import {
  BATCH_UNIT_BYTES,
  batchBaseOffset,
  batchSizeOf,
  isBatchUnit,
  isBlankUnit,
  isUnit,
  unitExtOffset,
  unitPhysicalOffset,
  unitSize,
} from './unit-slab.js';

export interface ConsumeQueueRecoveryOptions {
  fs: FileSystem;
  logger: Logger;
  fds: FdCache;
  table: ConsumeQueueTable;
  reader: ConsumeQueueReader;
  saver: ConsumeQueueSaver;
}

/** Queues whose folders are read in one slice. */
const SLICE_QUEUES = 200;
const SCRATCH_BYTES = 65_536;
const BLOCK_BYTES = 4_096;

interface FoundFiles {
  /** Files of the right size. */
  right: number;
  /** Files of another size. */
  cut: { files: NumberedFiles; path: string; sizeBytes: number }[];
  extensions: ExtensionFiles;
}

/** Finds consume queues in their folders, and where they end. */
export class ConsumeQueueRecovery {
  /** Files that could not be used were removed by `load`. */
  hasLostFiles = false;
  readonly #fs: FileSystem;
  readonly #logger: Logger;
  readonly #fds: FdCache;
  readonly #table: ConsumeQueueTable;
  readonly #reader: ConsumeQueueReader;
  readonly #saver: ConsumeQueueSaver;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  readonly #scratchView = new DataView(this.#scratch.buffer);
  readonly #unit = new DataView(new ArrayBuffer(BATCH_UNIT_BYTES));
  readonly #unitBytes = new Uint8Array(this.#unit.buffer);

  constructor(options: ConsumeQueueRecoveryOptions) {
    this.#fs = options.fs;
    this.#logger = options.logger;
    this.#fds = options.fds;
    this.#table = options.table;
    this.#reader = options.reader;
    this.#saver = options.saver;
  }

  /**
   * Finds all queues of the folder. Their offsets are set by `recoverQueue`. Files of a wrong size are removed, to be
   * built from the log, and `hasLostFiles` says so.
   *
   * @throws StoreCorruptError naming a file of another size, if all have it: the settings are what is wrong then
   */
  async load(): Promise<void> {
    await this.#loadFolder(this.#table.simple);
    if (this.#table.batch) await this.#loadFolder(this.#table.batch);
  }

  async #loadFolder(format: QueueFormat): Promise<void> {
    const stop = new AbortController();
    try {
      const found = await this.#findQueues(format, stop.signal);
      this.#removeCut(format, found);
    } finally {
      stop.abort();
    }
  }

  async #findQueues(format: QueueFormat, signal: AbortSignal): Promise<FoundFiles> {
    const fs = this.#fs;
    const topics = fs.list(format.folder);
    const coldReads = fs.blocksRead && fs.readAhead ? new ColdReads(fs.blocksRead) : null;
    let ahead: Promise<number> | null = null;
    let count = 0;
    const found: FoundFiles = { right: 0, cut: [], extensions: new ExtensionFiles(fs, this.#logger) };
    for (const [index, topic] of topics.entries()) {
      for (const name of fs.list(join(format.folder, topic))) {
        const queueId = Number(name);
        if (!/^\d+$/.test(name) || !Number.isSafeInteger(queueId)) continue;
        this.#loadQueue(format, topic, queueId, found);
        count += 1;
        if (count % SLICE_QUEUES !== 0) continue;
        if (ahead === null && coldReads?.areMany(count, topics.length - index)) {
          this.#logger.info({ folder: format.folder }, 'consume queues come from the disk: they are read ahead');
          ahead = fs.readAhead?.(format.folder, topics.slice(index), signal) ?? null;
        }
        await nextTurn();
      }
    }
    // The heads of the files come next.
    await ahead;
    return found;
  }

  #loadQueue(format: QueueFormat, topic: string, queueId: number, found: FoundFiles): void {
    const handle = this.#table.topic(topic);
    const queue = handle.queues[queueId] ?? this.#table.add(handle, queueId);
    if (this.#table.formatOf(handle) !== format) {
      const [is, has] = handle.isBatch ? ['BatchCQ', 'SimpleCQ'] : ['SimpleCQ', 'BatchCQ'];
      throw new StoreCorruptError(
        `${join(format.folder, topic)}: the topic's queue.type is ${is}, but these are queues of type ${has}`,
      );
    }
    const { files } = queue;
    files.load((path, sizeBytes) => found.cut.push({ files, path, sizeBytes }));
    found.right += files.starts.length;
    found.extensions.add(queue.ext);
  }

  #removeCut(format: QueueFormat, { right, cut, extensions }: FoundFiles): void {
    const sizes = cut.map(({ sizeBytes }) => sizeBytes);
    const isSetWrong = right === 0 && isMadeWithOtherSize(sizes) && (sizes[0] as number) % format.slab.unitBytes === 0;
    for (const { files, path, sizeBytes } of cut) {
      if (isSetWrong) files.refuseSize(path, sizeBytes);
      this.#logger.warn({ path, sizeBytes }, 'consume queue file has a wrong size: it is removed');
      this.#fs.remove(path);
      this.hasLostFiles = true;
    }
    extensions.restoreSizes();
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
      const file = this.#fds.hold(files.path(start));
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
      if (end === 0) this.#saver.removeFile(queue, start);
    }
    queue.ext?.recover(extOffset, end === 0, clear);
    queue.moveTo(end, maxOffset);
    queue.minUnit = Math.max(0, files.first / unitBytes);
    this.#reader.setMinOffset(queue);
    return firstPhysical;
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
