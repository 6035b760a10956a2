import { join } from 'node:path';
import { StoreCorruptError } from './errors.js';
import type { FileSystem } from './file-system.js';

/**
 * A folder of files of one fixed size, named by the offset of their first byte in 20 decimal digits, as Apache's
 * MappedFileQueue has it. Holds the names only; descriptors are the caller's.
 *
 * Invariant: `starts` ascends; a file covers `[start, start + fileBytes)`.
 *
 * Source: store/MappedFileQueue.java
 */
export class NumberedFiles {
  readonly folder: string;
  readonly fileBytes: number;
  /** First offsets of the files, ascending. */
  readonly starts: number[] = [];
  readonly #fs: FileSystem;

  constructor(fs: FileSystem, folder: string, fileBytes: number) {
    this.#fs = fs;
    this.folder = folder;
    this.fileBytes = fileBytes;
  }

  /**
   * Reads the folder. An empty file that sorts last is what a crash between creating and sizing a file leaves: it is
   * removed.
   *
   * @throws StoreCorruptError naming the file, if one has another size or a name that is no offset
   */
  load(): void {
    this.starts.length = 0;
    const names = this.#fs.list(this.folder);
    for (const [index, name] of names.entries()) {
      const path = join(this.folder, name);
      const info = this.#fs.info(path);
      if (!info || info.isDirectory) continue;
      if (info.sizeBytes === 0 && index === names.length - 1) {
        this.#fs.remove(path);
        continue;
      }
      if (info.sizeBytes !== this.fileBytes) {
        throw new StoreCorruptError(
          `${path} has ${info.sizeBytes} bytes, but the configured file size is ${this.fileBytes}; ` +
            'open the store with the sizes it was made with',
        );
      }
      const start = Number(name);
      if (!/^\d+$/.test(name) || !Number.isSafeInteger(start)) {
        throw new StoreCorruptError(`${path}: its name is no offset; move it out of the folder`);
      }
      this.starts.push(start);
    }
    this.starts.sort((a, b) => a - b);
  }

  path(start: number): string {
    return join(this.folder, String(start).padStart(20, '0'));
  }

  /** First offset of the file that covers `offset`, or -1. */
  startOf(offset: number): number {
    const { starts } = this;
    let low = 0;
    let high = starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const start = starts[middle] as number;
      if (offset < start) high = middle - 1;
      else if (offset >= start + this.fileBytes) low = middle + 1;
      else return start;
    }
    return -1;
  }

  /** First offset of the first file, or -1. */
  get first(): number {
    return this.starts[0] ?? -1;
  }

  /** First offset of the last file, or -1. */
  get last(): number {
    return this.starts.at(-1) ?? -1;
  }

  /**
   * Creates the file at its full size, without using disk space.
   *
   * @returns its descriptor, the caller's to close
   * @throws the operating system's error; no file is left behind then
   */
  create(start: number): number {
    const path = this.path(start);
    let fd: number;
    try {
      fd = this.#fs.open(path, 'create');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      this.#fs.createFolder(this.folder);
      fd = this.#fs.open(path, 'create');
    }
    try {
      this.#fs.truncate(fd, this.fileBytes);
    } catch (error) {
      this.#fs.close(fd);
      this.#fs.remove(path);
      throw error;
    }
    this.starts.push(start);
    return fd;
  }

  /** Takes a file off the list; removing it from the disk is the caller's. */
  forget(start: number): void {
    const index = this.starts.indexOf(start);
    if (index >= 0) this.starts.splice(index, 1);
  }

  /** Removes the file from the list and from the disk. */
  remove(start: number): void {
    this.forget(start);
    this.#fs.remove(this.path(start));
  }
}
