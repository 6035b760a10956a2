import { basename } from 'node:path';
import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { StoreIoError } from './errors.js';
import { FdCache, type HeldFile } from './fd-cache.js';
import {
  createFolderDurably,
  type FileSystem,
  isAllZero,
  readFully,
  readFullyAsync,
  writeFully,
} from './file-system.js';
import type { LogFolders } from './log-folders.js';
import { NumberedFiles } from './numbered-files.js';
import { BLANK_HEADER_BYTES } from './record-layout.js';
import { writeBlankHeader } from './record-writer.js';

const OPEN_FILES = 32;

/**
 * The commit log's files on disk: found, created, held open, read and closed with a filler.
 *
 * Source: store/MappedFileQueue.java, store/MultiPathMappedFileQueue.java
 */
export class LogFiles {
  readonly numbered: NumberedFiles;
  readonly #fs: FileSystem;
  readonly #logger: Logger;
  readonly #fds: FdCache;
  /** Folders with files that a power failure may take. */
  readonly #foldersToSync = new Set<string>();

  constructor(fs: FileSystem, logger: Logger, folders: LogFolders, fileBytes: number) {
    this.#fs = fs;
    this.#logger = logger;
    this.numbered = new NumberedFiles(fs, folders.main, fileBytes, folders);
    this.#fds = new FdCache(fs, OPEN_FILES);
  }

  /**
   * Finds the files. If the last one in use was cut short it gets its size back: what is missing of it reads as zeros
   * then, and recovery finds where the log ends.
   *
   * @throws StoreCorruptError naming a file of another size, if the settings may be what is wrong, or what is missing
   * stood before records that are there
   */
  load(): void {
    const files = this.numbered;
    const cut: string[] = [];
    files.load((path, sizeBytes) => {
      if (sizeBytes > files.fileBytes) files.refuseSize(path, sizeBytes);
      cut.push(path);
    });
    const [path] = cut;
    if (path === undefined) return;
    const sizeBytes = this.#fs.info(path)?.sizeBytes ?? 0;
    // Alone, it may have been made with a smaller size, too: that does no harm, if its name fits the size that is set.
    const own = Number(basename(path));
    const isCut =
      files.starts.length === 0
        ? own % files.fileBytes === 0
        : files.starts.every((start) => start < own || this.#isUnused(start));
    if (!isCut || cut.length > 1) files.refuseSize(path, sizeBytes);
    this.#logger.warn({ path, sizeBytes }, 'commit log file was cut short: it gets its size back');
    const fd = this.#fs.open(path, 'write');
    try {
      this.#fs.truncate(fd, files.fileBytes);
    } finally {
      this.#fs.close(fd);
    }
    files.load();
  }

  /** True if no record was ever written to the file. */
  #isUnused(start: number): boolean {
    const head = new Uint8Array(BLANK_HEADER_BYTES);
    const file = this.hold(start);
    try {
      readFully(this.#fs, file.fd, head, 0, head.length, 0);
    } finally {
      file.release();
    }
    return isAllZero(head, 0, head.length);
  }

  /** @throws the operating system's error if the file can not be opened */
  hold(start: number): HeldFile {
    return this.#fds.hold(this.numbered.path(start));
  }

  /** The file that has all of `[physicalOffset, physicalOffset + size)`; null if none has. */
  #holdAt(physicalOffset: number, size: number): HeldFile | null {
    const start = this.numbered.startOf(physicalOffset);
    if (start < 0 || physicalOffset + size > start + this.numbered.fileBytes) return null;
    return this.hold(start);
  }

  /**
   * Copies bytes of one file.
   *
   * @returns false if they are not all there
   * @throws StoreIoError if the operating system can not read the file
   */
  read(physicalOffset: number, size: number, target: Uint8Array, targetStart: number): boolean {
    const file = this.#holdAt(physicalOffset, size);
    if (!file) return false;
    try {
      const position = physicalOffset - this.numbered.startOf(physicalOffset);
      return readFully(this.#fs, file.fd, target, targetStart, size, position) === size;
    } catch (error) {
      throw readError(physicalOffset, error);
    } finally {
      file.release();
    }
  }

  /** `read` in the thread pool: `target` must stay untouched until it settles. */
  async readAsync(physicalOffset: number, size: number, target: Uint8Array, targetStart: number): Promise<boolean> {
    const file = this.#holdAt(physicalOffset, size);
    if (!file) return false;
    try {
      const position = physicalOffset - this.numbered.startOf(physicalOffset);
      return (await readFullyAsync(this.#fs, file.fd, target, targetStart, size, position)) === size;
    } catch (error) {
      throw readError(physicalOffset, error);
    } finally {
      file.release();
    }
  }

  /** Creates a file at its full size. @throws the operating system's error; no file is left behind then */
  create(start: number): void {
    createFolderDurably(this.#fs, this.numbered.folderForNew(start));
    const fd = this.numbered.create(start);
    this.#fds.adopt(this.numbered.path(start), fd);
    this.#foldersToSync.add(this.numbered.folderOf(start));
    try {
      this.syncFolders();
    } catch (error) {
      // The next flush does it, or fails: nothing counts as durable before that.
      this.#logger.warn({ error: errorText(error) }, 'folder of the commit log could not be flushed yet');
    }
  }

  /** The files found may be gone with the power: the next `syncFolders` includes all folders. */
  distrustFolders(): void {
    for (const start of this.numbered.starts) this.#foldersToSync.add(this.numbered.folderOf(start));
  }

  /** Makes created files durable. @throws the operating system's error; the next call tries again */
  syncFolders(): void {
    for (const folder of this.#foldersToSync) {
      this.#fs.syncFolder(folder);
      this.#foldersToSync.delete(folder);
    }
  }

  /** Closes a file for records: what is left of it from `filePosition` on is none. */
  writeFiller(file: HeldFile, filePosition: number): void {
    const filler = new Uint8Array(BLANK_HEADER_BYTES);
    writeBlankHeader(new DataView(filler.buffer), 0, this.numbered.fileBytes - filePosition);
    writeFully(this.#fs, file.fd, filler, 0, filler.length, filePosition);
  }

  /** Takes the first file off the list; the caller removes it from the disk (its path is returned). */
  forgetFirst(): string {
    const start = this.numbered.first;
    const path = this.numbered.path(start);
    this.numbered.forget(start);
    this.#fds.forget(path);
    return path;
  }

  /** Removes a file without records, once the files are closed. One that stays is used by the next start. */
  removeUnused(start: number): void {
    try {
      this.numbered.remove(start);
    } catch (error) {
      const path = this.numbered.path(start);
      this.#logger.warn({ error: errorText(error), path }, 'an unused file can not be removed');
    }
  }

  /** Closes all files, each once nobody holds it. */
  close(): void {
    this.#fds.clear();
  }
}

function readError(physicalOffset: number, error: unknown): StoreIoError {
  return new StoreIoError(`commit log can not be read at ${physicalOffset}: ${errorText(error)}`, { cause: error });
}
