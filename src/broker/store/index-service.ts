import { basename, join } from 'node:path';
import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { crc32 } from '../../protocol/crc32.js';
import { nextTurn } from './consume-queue-store.js';
import { createFolderDurably, type FileSystem } from './file-system.js';
import { IndexFile, indexFileBytes } from './index-file.js';
import { isMadeWithOtherSize } from './numbered-files.js';
import type { SealFile } from './store-seal.js';

export interface IndexServiceOptions {
  fs: FileSystem;
  logger: Logger;
  folder: string;
  hashSlotNum: number;
  indexNum: number;
  /** Wall time, ms: names new files. */
  now: () => number;
  /** Cleared before files are removed. */
  seal?: SealFile;
}

/** Chain steps that a query takes before it lets the event loop run: half a millisecond of small reads. */
const QUERY_STEPS = 500;

/** Name of an index file: its creation time as yyyyMMddHHmmssSSS in local time (UtilAll.timeMillisToHumanString). */
export function indexFileName(ms: number): string {
  const date = new Date(ms);
  const part = (value: number, width: number) => String(value).padStart(width, '0');
  return (
    part(date.getFullYear(), 4) +
    part(date.getMonth() + 1, 2) +
    part(date.getDate(), 2) +
    part(date.getHours(), 2) +
    part(date.getMinutes(), 2) +
    part(date.getSeconds(), 2) +
    part(date.getMilliseconds(), 3)
  );
}

/**
 * All index files of a store, oldest first; keys go to the last.
 *
 * Source: store/index/IndexService.java
 */
export class IndexService {
  readonly #options: IndexServiceOptions;
  readonly #files: IndexFile[] = [];
  #error: Error | null = null;
  #isClosed = false;
  #saving: Promise<unknown> = Promise.resolve();

  constructor(options: IndexServiceOptions) {
    this.#options = options;
  }

  /** The error of the last put, while keys can not be added. */
  get error(): Error | null {
    return this.#error;
  }

  get fileCount(): number {
    return this.#files.length;
  }

  /** CRC of the names of the `count` oldest files. */
  namesCrc(count: number): number {
    const names = this.#files.slice(0, count).map(({ path }) => basename(path));
    return crc32(Buffer.from(names.join(), 'latin1'));
  }

  /** Keys of records up to this physical offset are in; -1 for an empty index. */
  get endPhyOffset(): number {
    return this.isEmpty ? -1 : (this.#files.at(-1) as IndexFile).endPhyOffset;
  }

  /** Store time (ms) of the newest record whose keys are in; 0 for an empty index. */
  get endTimestamp(): number {
    return this.#files.at(-1)?.endTimestamp ?? 0;
  }

  /** Like `endTimestamp`, of what the last `save` put on disk. */
  get savedEndTimestamp(): number {
    return this.#files.at(-1)?.savedEndTimestamp ?? 0;
  }

  /** True if there is not one key. */
  get isEmpty(): boolean {
    return this.#files.every((file) => file.indexCount <= 1);
  }

  /**
   * Opens the files of the folder; names that are no time are left alone, as Apache does. With one that was cut short
   * the whole index goes, to be built anew.
   *
   * @throws StoreCorruptError naming a file of another size, if the settings are what is wrong: it is larger, or all
   * are smaller by as much
   */
  load(): void {
    const { fs, folder, hashSlotNum, indexNum, logger } = this.#options;
    const expected = indexFileBytes(hashSlotNum, indexNum);
    const cut: { path: string; sizeBytes: number }[] = [];
    for (const name of fs.list(folder)) {
      const path = join(folder, name);
      if (!/^\d+$/.test(name)) {
        logger.warn({ path }, 'not an index file');
        continue;
      }
      const info = fs.info(path);
      if (!info || info.isDirectory) continue;
      if (info.sizeBytes === 0) fs.remove(path);
      else if (info.sizeBytes < expected) cut.push({ path, sizeBytes: info.sizeBytes });
      else this.#files.push(IndexFile.open(fs, path, hashSlotNum, indexNum));
    }
    const [first] = cut;
    if (!first) return;
    const isSetWrong = this.#files.length === 0 && isMadeWithOtherSize(cut.map(({ sizeBytes }) => sizeBytes));
    if (isSetWrong) IndexFile.open(fs, first.path, hashSlotNum, indexNum);
    logger.warn({ ...first, expected }, 'index file was cut short: the index is built anew');
    for (const { path } of cut) fs.remove(path);
    this.destroy();
  }

  /**
   * After an unclean end: makes every file consistent and drops what is doubtful. Afterwards `endPhyOffset` says up to
   * which record the index is complete.
   *
   * @param trustedTimestamp files whose last key is not newer had been flushed completely; ms
   * @param storeTimestampOf store time (ms) of the record at a physical offset; -1 if unknown
   */
  repair(trustedTimestamp: number, storeTimestampOf: (physicalOffset: number) => number): void {
    let isWhole = true;
    for (const file of [...this.#files]) {
      const isLast = file === this.#files.at(-1);
      // The last record of a file that is full may have more keys, in a file that is lost.
      const mayGoOn = isLast && file.isFull;
      const isTrusted = !mayGoOn && file.endTimestamp <= trustedTimestamp && file.isSound();
      // What follows a file that lost items would hide that they are missing.
      if (!isWhole) this.#remove(file);
      else if (!isTrusted) {
        isWhole = file.repair(Number.POSITIVE_INFINITY, isLast, storeTimestampOf, trustedTimestamp);
      }
      if (!isLast && !file.isDirty) file.unload();
    }
    let last = this.#files.at(-1);
    this.#removeEmpty();
    // The record whose keys were dropped with the whole of the last file may have begun in the one before.
    while (this.#files.length > 0 && this.#files.at(-1) !== last) {
      last = this.#files.at(-1);
      last?.repair(Number.POSITIVE_INFINITY, true, storeTimestampOf, trustedTimestamp);
      this.#removeEmpty();
    }
  }

  /**
   * Drops the keys of records at or after `maxPhysicalOffset`, where the log ends. All others must be complete.
   *
   * @param storeTimestampOf as for `repair`
   */
  truncate(maxPhysicalOffset: number, storeTimestampOf: (physicalOffset: number) => number): void {
    for (const file of [...this.#files]) {
      if (file.endPhyOffset >= maxPhysicalOffset) file.repair(maxPhysicalOffset, false, storeTimestampOf);
    }
    this.#removeEmpty();
  }

  /** Removes all files. */
  destroy(): void {
    for (const file of [...this.#files]) this.#remove(file);
  }

  /**
   * Adds a key; a new file is started when the last is full.
   *
   * @returns false if that failed: `error` has the reason, or the index is closed
   */
  put(keyHash: number, physicalOffset: number, storeTimestamp: number): boolean {
    // Keys that failed are tried again in a later turn, which may come behind a shutdown.
    if (this.#isClosed) return false;
    try {
      let file = this.#files.at(-1);
      if (!file || file.isFull) file = this.#create(file);
      file.put(keyHash, physicalOffset, storeTimestamp);
      this.#error = null;
      return true;
    } catch (error) {
      if (!this.#error) this.#options.logger.error({ error: errorText(error) }, 'index can not be written');
      this.#error = error instanceof Error ? error : new Error(errorText(error));
      return false;
    }
  }

  /**
   * Physical offsets of records with a key, newest first within a file. Collisions of the hash are among them.
   *
   * @param maxNum at most so many
   * @param beginMs stored at or after, with the index's precision of a second
   */
  async query(keyHash: number, maxNum: number, beginMs: number, endMs: number): Promise<number[]> {
    const found: number[] = [];
    let steps = 0;
    for (const file of [...this.#files].reverse()) {
      if (file.isTimeMatched(beginMs, endMs)) {
        for (let number = file.newestItem(keyHash); number !== 0 && found.length < maxNum; ) {
          const item = file.item(number);
          if (item.timeDiffSeconds < 0) break;
          const time = file.beginTimestamp + item.timeDiffSeconds * 1000;
          if (item.keyHash === keyHash && time >= beginMs && time <= endMs) found.push(item.physicalOffset);
          if (!file.isLink(item.previous) || item.previous === number || time < beginMs) break;
          number = item.previous;
          steps += 1;
          if (steps % QUERY_STEPS === 0) {
            await nextTurn();
            if (!this.#files.includes(file)) break;
          }
        }
      }
      if (file.beginTimestamp < beginMs || found.length >= maxNum) break;
    }
    return found;
  }

  /** Whether a file may lack, on disk, what was written to it: see ConsumeQueueStore. */
  get hasFailedFlush(): boolean {
    return this.#files.some((file) => file.hasFailedFlush);
  }

  /**
   * Writes all files and makes them durable. Rejects if that fails; the next call tries again.
   *
   * @param beforeEnd called with the endTimestamp that a file is going to have, before it has it
   */
  save(beforeEnd?: (endTimestamp: number) => void): Promise<void> {
    const saved = this.#saving.then(async () => {
      for (const file of [...this.#files]) {
        if (!this.#files.includes(file)) continue;
        await file.saveAll(nextTurn, beforeEnd);
        if (file !== this.#files.at(-1) && !file.isDirty) file.unload();
      }
    });
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  /** True if a file filled up and waits to be saved. */
  get hasFullUnsaved(): boolean {
    return this.#files.slice(0, -1).some((file) => file.isDirty);
  }

  /** Removes files, but never the last, whose records are all before `minPhysicalOffset`; returns how many. */
  async deleteExpired(minPhysicalOffset: number): Promise<number> {
    let removed = 0;
    await this.#saving;
    while (this.#files.length > 1 && (this.#files[0] as IndexFile).endPhyOffset < minPhysicalOffset) {
      const file = this.#files.shift() as IndexFile;
      this.#options.seal?.clear();
      file.close();
      await this.#options.fs.removeAsync(file.path);
      removed += 1;
    }
    return removed;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#saving;
    for (const file of this.#files) file.close();
  }

  #removeEmpty(): void {
    for (const file of [...this.#files]) if (file.indexCount <= 1) this.#remove(file);
  }

  #create(last: IndexFile | undefined): IndexFile {
    const { fs, folder, hashSlotNum, indexNum, now } = this.#options;
    createFolderDurably(fs, folder);
    let ms = now();
    let path = join(folder, indexFileName(ms));
    while (fs.info(path)) {
      ms += 1;
      path = join(folder, indexFileName(ms));
    }
    const file = IndexFile.create(fs, path, hashSlotNum, indexNum, last?.endPhyOffset ?? 0, last?.endTimestamp ?? 0);
    try {
      fs.syncFolder(folder);
    } catch (error) {
      file.close();
      fs.remove(path);
      throw error;
    }
    this.#files.push(file);
    return file;
  }

  #remove(file: IndexFile): void {
    this.#files.splice(this.#files.indexOf(file), 1);
    this.#options.seal?.clear();
    file.close();
    this.#options.fs.remove(file.path);
  }
}
