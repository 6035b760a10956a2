import { join, sep } from 'node:path';
import { StoreCorruptError } from './errors.js';
import { type FileSystem, isAllZero, readFully } from './file-system.js';

/** Several folders that hold files together. */
export interface StoreFolders {
  /** All that may hold files. */
  readonly all: readonly string[];
  /** Those that may get new files, sorted, at least one: file number n goes to the one at n modulo their number. */
  forNew(): readonly string[];
}

/**
 * Files of derived data that all have one other size were made with other settings; a single one, or several sizes, are
 * files that were cut.
 */
export function isMadeWithOtherSize(sizes: readonly number[]): boolean {
  return sizes.length > 1 && sizes.every((size) => size === sizes[0]);
}

const NAME_DIGITS = 20;
/** What is written first has no zeros at its start. */
const HEAD_BYTES = 8;

function fileName(start: number): string {
  return String(start).padStart(NAME_DIGITS, '0');
}

/**
 * Files of one fixed size, named by the offset of their first byte in 20 decimal digits, as Apache's MappedFileQueue has
 * them: in one folder, or spread over several. Holds the names only; descriptors are the caller's.
 *
 * Invariant: `starts` ascends; a file covers `[start, start + fileBytes)`.
 *
 * Source: store/MappedFileQueue.java, store/MultiPathMappedFileQueue.java
 */
export class NumberedFiles {
  readonly folder: string;
  readonly fileBytes: number;
  /** First offsets of the files, ascending. */
  readonly starts: number[] = [];
  readonly #fs: FileSystem;
  readonly #folders: StoreFolders | null;
  /** Folders of the files that are not in `folder`; null if all are: there may be 80,000 of these objects. */
  #folderOf: Map<number, string> | null = null;

  /** @param folders where files may be besides `folder`, and where new ones go; just `folder` by default */
  constructor(fs: FileSystem, folder: string, fileBytes: number, folders: StoreFolders | null = null) {
    this.#fs = fs;
    this.folder = folder;
    this.fileBytes = fileBytes;
    this.#folders = folders;
  }

  /**
   * Reads the folders. An empty file that sorts last is what a crash between creating and sizing a file leaves: it is
   * removed.
   *
   * @param onWrongSize told of files of another size, which are left out; by default they are refused
   * @throws StoreCorruptError naming the file, if one has another size, or a name that is no offset as Apache writes it
   */
  load(onWrongSize: (path: string, sizeBytes: number) => void = (path, size) => this.refuseSize(path, size)): void {
    this.starts.length = 0;
    this.#folderOf = null;
    const found = (this.#folders?.all ?? [this.folder]).flatMap((folder) =>
      this.#fs.list(folder).map((name) => ({ folder, name })),
    );
    if (this.#folders) found.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const [index, { folder, name }] of found.entries()) {
      const path = folder + sep + name;
      const info = this.#fs.info(path);
      if (!info || info.isDirectory) continue;
      if (info.sizeBytes === 0 && index === found.length - 1) {
        this.#fs.remove(path);
        continue;
      }
      const start = Number(name);
      // Before its size is looked at: what is not the store's must not be mended.
      if (!/^\d+$/.test(name) || !Number.isSafeInteger(start) || name !== fileName(start)) {
        throw new StoreCorruptError(
          `${path}: its name is no offset of ${NAME_DIGITS} digits; move it out of the folder`,
        );
      }
      if (info.sizeBytes !== this.fileBytes) {
        onWrongSize(path, info.sizeBytes);
        continue;
      }
      if (this.starts.includes(start)) {
        this.#keepUsed(start, folder);
        continue;
      }
      this.starts.push(start);
      this.#setFolder(start, folder);
    }
    this.starts.sort((a, b) => a - b);
  }

  /**
   * Apache makes files ahead, and makes one again elsewhere when its folder has become full meanwhile: after a crash both
   * are there. The one that was never written to is removed.
   *
   * @throws StoreCorruptError if both were
   */
  #keepUsed(start: number, folder: string): void {
    const path = folder + sep + fileName(start);
    const unused = [path, this.path(start)].find((file) => this.#isUnused(file));
    if (unused === undefined) {
      throw new StoreCorruptError(`${path}: another folder of the commit log has a file of that name, too`);
    }
    this.#fs.remove(unused);
    if (unused !== path) this.#setFolder(start, folder);
  }

  #isUnused(path: string): boolean {
    const head = new Uint8Array(Math.min(HEAD_BYTES, this.fileBytes));
    const fd = this.#fs.open(path, 'read');
    try {
      readFully(this.#fs, fd, head, 0, head.length, 0);
    } finally {
      this.#fs.close(fd);
    }
    return isAllZero(head, 0, head.length);
  }

  /** @throws StoreCorruptError always */
  refuseSize(path: string, sizeBytes: number): never {
    throw new StoreCorruptError(
      `${path} has ${sizeBytes} bytes, but the configured file size is ${this.fileBytes}; ` +
        'open the store with the sizes it was made with',
    );
  }

  path(start: number): string {
    return join(this.folderOf(start), fileName(start));
  }

  /** The folder of a file. */
  folderOf(start: number): string {
    return this.#folderOf?.get(start) ?? this.folder;
  }

  /** Where a file goes that is created now. */
  folderForNew(start: number): string {
    const writable = this.#folders?.forNew() ?? [this.folder];
    return writable[(start / this.fileBytes) % writable.length] as string;
  }

  #setFolder(start: number, folder: string): void {
    if (folder === this.folder) this.#folderOf?.delete(start);
    else {
      this.#folderOf ??= new Map();
      this.#folderOf.set(start, folder);
    }
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
    this.#setFolder(start, this.folderForNew(start));
    const path = this.path(start);
    let fd: number;
    try {
      fd = this.#fs.open(path, 'create');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      // Empty, it is what an attempt left that failed and could not be undone either.
      const isLeftOver = code === 'EEXIST' && this.#fs.info(path)?.sizeBytes === 0;
      if (code !== 'ENOENT' && !isLeftOver) throw error;
      if (!isLeftOver) this.#fs.createFolder(this.folderOf(start));
      fd = this.#fs.open(path, isLeftOver ? 'write' : 'create');
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
    this.#folderOf?.delete(start);
  }

  /** Removes the file from the disk and from the list. @throws the operating system's error; it is in the list then */
  remove(start: number): void {
    this.#fs.remove(this.path(start));
    this.forget(start);
  }
}
