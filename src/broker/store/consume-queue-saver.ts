import { dirname } from 'node:path';
import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { ConsumeQueue } from './consume-queue.js';
import { StoreIoError } from './errors.js';
import type { FdCache, HeldFile } from './fd-cache.js';
import { type FileSystem, writeFully } from './file-system.js';
import { nextTurn } from './next-turn.js';
import type { NumberedFiles } from './numbered-files.js';
import type { SavedPages } from './saved-pages.js';
import type { SealFile } from './store-seal.js';
import { BLANK_UNIT_SIZE, PAGE_UNITS, UNIT_BYTES, writeUnit } from './unit-slab.js';

export interface ConsumeQueueSaverOptions {
  fs: FileSystem;
  logger: Logger;
  fds: FdCache;
  savedPages: SavedPages;
  /** Pages of memory in use. */
  pages: () => number;
  /** Cleared before files are removed. */
  seal: SealFile | null;
  /** Tells how long a slice has taken, ms. */
  monotonicMs: () => number;
}

/** Files that one slice of saving touches at most: about a millisecond if all of them are there. */
const SLICE_FILES = 200;
/** A slice ends that has taken so long: to make a file and its folder takes as long as ten writes, or a disk's turn. */
const SLICE_MS = 1;
/** Queues that a slice looks at, most of which it leaves. */
const SLICE_QUEUES = 4_000;
/** Turns of the event loop between slices: sends and pulls get most of the time, and an idle broker loses none. */
const TURNS_BETWEEN_SLICES = 4;
const SCRATCH_BYTES = 65_536;
/** Flushes under way: the thread pool has more, which are for the log. */
const SYNC_CONCURRENCY = 2;

/** Writes units to the files of their queues, in slices, flushes the files, and removes them. */
export class ConsumeQueueSaver {
  readonly #fs: FileSystem;
  readonly #logger: Logger;
  readonly #fds: FdCache;
  readonly #savedPages: SavedPages;
  readonly #pages: () => number;
  readonly #seal: SealFile | null;
  readonly #monotonicMs: () => number;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  /** Queues with units that are not saved, each once. */
  #dirty: ConsumeQueue[] = [];
  /** Paths written since their last fdatasync. */
  readonly #unsynced = new Set<string>();
  /** Folders with files created since their last fsync. */
  readonly #unsyncedFolders = new Set<string>();
  /** Files of queues that are gone, which could not be removed yet. */
  readonly #leftOver = new Set<string>();
  #error: Error | null = null;
  #hasFailedFlush = false;
  #isLeft = false;
  /** Queues that the save under way has before it. */
  #savingLeft = 0;
  #saving: Promise<boolean> = Promise.resolve(true);

  constructor(options: ConsumeQueueSaverOptions) {
    this.#fs = options.fs;
    this.#logger = options.logger;
    this.#fds = options.fds;
    this.#savedPages = options.savedPages;
    this.#pages = options.pages;
    this.#seal = options.seal;
    this.#monotonicMs = options.monotonicMs;
  }

  /** The error of the last attempt to save, while units can not be saved. */
  get error(): Error | null {
    return this.#error;
  }

  /** Files that have to be written or flushed, and folders to be flushed, until all is on disk. */
  get unsavedFiles(): number {
    return this.#dirty.length + this.#savingLeft + this.#unsynced.size + this.#unsyncedFolders.size;
  }

  /**
   * Whether files may lack, on disk, what was written to them: after a failed flush the kernel may take it for written.
   * Only the log can make that good, at the next start.
   */
  get hasFailedFlush(): boolean {
    return this.#hasFailedFlush;
  }

  /** To be called for a queue that got units and is not `isDirty`. */
  markDirty(queue: ConsumeQueue): void {
    queue.isDirty = true;
    this.#dirty.push(queue);
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

  /** Resolves when no saving is under way. */
  async settled(): Promise<void> {
    await this.#saving;
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
    let looked = 0;
    let beganMs = this.#monotonicMs();
    this.#savingLeft = queues.length;
    for (const queue of queues) {
      if (files >= SLICE_FILES || looked >= SLICE_QUEUES || (files > 0 && this.#monotonicMs() - beganMs >= SLICE_MS)) {
        for (let turn = 0; turn < TURNS_BETWEEN_SLICES; turn++) await nextTurn();
        files = looked = 0;
        beganMs = this.#monotonicMs();
      }
      looked += 1;
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
    }
    if (isSaved) this.#error = null;
    this.#savedPages.free(this.#pages);
    return isSaved;
  }

  /** Makes everything saved so far durable. Rejects with the operating system's error, or when left to recovery. */
  async sync(): Promise<void> {
    await this.#inTurn([...this.#unsynced], (path) => this.#syncFile(path));
    await this.#inTurn([...this.#unsyncedFolders], (folder) => this.#syncFolder(folder));
  }

  /** Does `work` for all paths, for a few at a time, up to the first that fails. */
  async #inTurn(paths: readonly string[], work: (path: string) => Promise<void>): Promise<void> {
    let next = 0;
    let hasFailed = false;
    const workOn = async () => {
      while (next < paths.length && !hasFailed) {
        const path = paths[next] as string;
        next += 1;
        try {
          if (this.#isLeft) throw new StoreIoError('left to recovery');
          await work(path);
        } catch (error) {
          hasFailed = true;
          throw error;
        }
      }
    };
    const results = await Promise.allSettled(Array.from({ length: SYNC_CONCURRENCY }, workOn));
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) throw failure.reason;
  }

  async #syncFile(path: string): Promise<void> {
    let file: HeldFile;
    try {
      file = this.#fds.hold(path);
    } catch (error) {
      if (this.#fs.info(path) !== null) throw error;
      this.#unsynced.delete(path); // Removed meanwhile.
      return;
    }
    this.#unsynced.delete(path);
    try {
      await this.#fs.sync(file.fd);
    } catch (error) {
      this.#unsynced.add(path);
      this.#hasFailedFlush = true;
      throw error;
    } finally {
      file.release();
    }
  }

  async #syncFolder(folder: string): Promise<void> {
    this.#unsyncedFolders.delete(folder);
    try {
      await this.#fs.syncFolderAsync(folder);
    } catch (error) {
      this.#unsyncedFolders.add(folder);
      if (this.#fs.info(folder) !== null) throw error;
      this.#unsyncedFolders.delete(folder);
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
        const file =
          files.startOf(start) < 0 ? this.#createFile(queue, start, from) : this.#fds.hold(files.path(start));
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

  /** Removes a queue's file. @throws the operating system's error; the queue has it then */
  removeFile(queue: ConsumeQueue, start: number): void {
    const path = queue.files.path(start);
    this.#seal?.clear();
    this.#fds.forget(path);
    this.#unsynced.delete(path);
    queue.files.remove(start);
  }

  /** Takes a file off a queue that is gone, and removes it now or with a later save; the seal is the caller's. */
  discardFile(files: NumberedFiles, start: number): void {
    const path = files.path(start);
    this.#fds.forget(path);
    this.#unsynced.delete(path);
    files.forget(start);
    this.#discard(path);
  }

  /** A file is gone that needs no flush any more. */
  forget(path: string): void {
    this.#unsynced.delete(path);
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
}
