import type { FileSystem } from './file-system.js';

/** An open file. The descriptor stays open while it is held. */
export interface HeldFile {
  readonly fd: number;
  /** Gives the file back; call exactly once. */
  release(): void;
}

/** Files that a cache for very many may keep open. */
const MAX_OPEN_FILES = 1_000;
const MIN_OPEN_FILES = 32;

/**
 * How many files a cache for very many may keep open: most descriptors are for connections.
 *
 * @param limit descriptors that the process may have
 */
export function openFilesFor(limit: number): number {
  return Math.max(MIN_OPEN_FILES, Math.min(MAX_OPEN_FILES, Math.floor(limit / 8)));
}

class CachedFile implements HeldFile {
  readonly fd: number;
  holders = 0;
  isDropped = false;
  readonly #fs: FileSystem;

  constructor(fs: FileSystem, fd: number) {
    this.#fs = fs;
    this.fd = fd;
  }

  release(): void {
    this.holders -= 1;
    if (this.isDropped && this.holders === 0) this.#fs.close(this.fd);
  }

  drop(): void {
    this.isDropped = true;
    if (this.holders === 0) this.#fs.close(this.fd);
  }
}

/**
 * Keeps the most recently used files open: an open, write, close costs twice a write to an open file, and descriptors
 * are limited.
 *
 * Invariant: at most `limit` files that nobody holds are open. A held file is never closed, so that a read or flush in
 * the thread pool can not hit another file that got the same descriptor.
 */
export class FdCache {
  readonly #fs: FileSystem;
  readonly #limit: number;
  /** In order of last use. */
  readonly #files = new Map<string, CachedFile>();

  constructor(fs: FileSystem, limit: number) {
    this.#fs = fs;
    this.#limit = limit;
  }

  /**
   * Opens an existing file for reading and writing, or finds it open.
   *
   * @throws the operating system's error if it can not be opened
   */
  hold(path: string): HeldFile {
    let file = this.#files.get(path);
    if (file) {
      this.#files.delete(path);
    } else {
      if (this.#files.size >= this.#limit) this.#evict();
      file = new CachedFile(this.#fs, this.#fs.open(path, 'write'));
    }
    this.#files.set(path, file);
    file.holders += 1;
    return file;
  }

  /** Takes over a descriptor that was just created for `path`. */
  adopt(path: string, fd: number): void {
    this.forget(path);
    if (this.#files.size >= this.#limit) this.#evict();
    this.#files.set(path, new CachedFile(this.#fs, fd));
  }

  /** Closes the file, once nobody holds it; to be called before it is removed. */
  forget(path: string): void {
    const file = this.#files.get(path);
    if (!file) return;
    this.#files.delete(path);
    file.drop();
  }

  /** Closes all, each once nobody holds it. */
  clear(): void {
    for (const file of this.#files.values()) file.drop();
    this.#files.clear();
  }

  get size(): number {
    return this.#files.size;
  }

  #evict(): void {
    for (const [path, file] of this.#files) {
      if (file.holders > 0) continue;
      this.#files.delete(path);
      file.drop();
      return;
    }
  }
}
