import {
  closeSync,
  fdatasync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  promises,
  read,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { readAhead } from './read-ahead.js';

/** What the store asks about a file. */
export interface FileInfo {
  isDirectory: boolean;
  sizeBytes: number;
  /** Bytes on disk; less than the size for a sparse file. */
  allocatedBytes: number;
  /** ms since the epoch. */
  modifiedAtMs: number;
}

/**
 * The operating system's files as the store sees them, so that tests can make any call fail. All calls throw or reject
 * with Node's errors (`code` ENOSPC, EIO, ENOENT, ...) except where a missing thing has a value.
 */
export interface FileSystem {
  /** `create` fails when the file is there; `write` and `read` when it is not. All are for random access. */
  open(path: string, mode: 'read' | 'write' | 'create'): number;
  close(fd: number): void;
  /** Reads up to `length` bytes; fewer only at the end of the file. */
  read(fd: number, target: Uint8Array, targetStart: number, length: number, filePosition: number): number;
  readAsync(fd: number, target: Uint8Array, targetStart: number, length: number, filePosition: number): Promise<number>;
  /** May write fewer bytes than asked. */
  write(fd: number, source: Uint8Array, sourceStart: number, length: number, filePosition: number): number;
  truncate(fd: number, sizeBytes: number): void;
  /** fdatasync in the thread pool. */
  sync(fd: number): Promise<void>;
  /** Makes created, renamed and removed entries of a folder durable. */
  syncFolder(path: string): void;
  /** The same in the thread pool. */
  syncFolderAsync(path: string): Promise<void>;
  /** null if there is nothing. */
  info(path: string): FileInfo | null;
  /** Names in a folder, sorted by code unit; empty if there is no folder. */
  list(path: string): string[];
  createFolder(path: string): void;
  rename(from: string, to: string): void;
  /** No error if there is nothing. */
  remove(path: string): void;
  /** In the thread pool: unlinking a large file takes long. No error if there is nothing. */
  removeAsync(path: string): Promise<void>;
  /** Only if empty; false if not (or not there). */
  removeFolder(path: string): boolean;
  /** Used share of the partition, 0..1, as the unprivileged see it; -1 for one without a size. */
  usedRatio(path: string): Promise<number>;
  /** Descriptors that the process may have; Infinity where the system does not say. */
  descriptorLimit(): number;
  /** Blocks of 512 bytes that came from disks so far, for this process; 0 where the system does not say. */
  blocksRead?(): number;
  /** See read-ahead.ts; without it nothing is read ahead. */
  readAhead?(folder: string, topics: readonly string[], signal: AbortSignal): Promise<number>;
}

const OPEN_FLAGS = { read: 'r', write: 'r+', create: 'wx+' } as const;

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function isForbidden(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
}

/** Node's own files. */
export const nodeFileSystem: FileSystem = {
  open: (path, mode) => openSync(path, OPEN_FLAGS[mode]),
  close: closeSync,
  read: (fd, target, targetStart, length, filePosition) => readSync(fd, target, targetStart, length, filePosition),
  readAsync: (fd, target, targetStart, length, filePosition) =>
    new Promise((resolve, reject) => {
      read(fd, target, targetStart, length, filePosition, (error, count) => (error ? reject(error) : resolve(count)));
    }),
  write: (fd, source, sourceStart, length, filePosition) => writeSync(fd, source, sourceStart, length, filePosition),
  truncate: ftruncateSync,
  sync: (fd) => new Promise((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve()))),
  syncFolder(path) {
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
  syncFolderAsync: (path) =>
    new Promise((resolve, reject) => {
      const fd = openSync(path, 'r');
      fsync(fd, (error) => {
        closeSync(fd);
        if (error) reject(error);
        else resolve();
      });
    }),
  info(path) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return null;
    return {
      isDirectory: stat.isDirectory(),
      sizeBytes: stat.size,
      allocatedBytes: stat.blocks * 512,
      modifiedAtMs: stat.mtimeMs,
    };
  },
  list(path) {
    try {
      return readdirSync(path).sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  },
  createFolder: (path) => {
    mkdirSync(path, { recursive: true });
  },
  rename: renameSync,
  remove(path) {
    try {
      unlinkSync(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  },
  async removeAsync(path) {
    try {
      await promises.unlink(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  },
  removeFolder(path) {
    try {
      rmdirSync(path);
      return true;
    } catch {
      return false;
    }
  },
  async usedRatio(path) {
    const { blocks, bfree, bavail } = await promises.statfs(path);
    const used = blocks - bfree;
    return used + bavail === 0 ? -1 : Math.ceil((100 * used) / (used + bavail)) / 100;
  },
  descriptorLimit() {
    try {
      // Node has raised its own limit to the hard one.
      return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? Infinity);
    } catch {
      return Infinity;
    }
  },
  blocksRead: () => process.resourceUsage().fsRead,
  readAhead,
};

/**
 * Creates a folder, with its parents, so that it is still there after a power failure: the entry of a new folder is
 * durable only when its parent is flushed.
 *
 * @throws the operating system's error; not for a parent that we may not open
 */
export function createFolderDurably(fs: FileSystem, path: string): void {
  const parents: string[] = [];
  const created: string[] = [];
  for (let folder = path; fs.info(folder) === null && folder !== dirname(folder); ) {
    created.push(folder);
    folder = dirname(folder);
    parents.push(folder);
  }
  if (parents.length === 0) return;
  fs.createFolder(path);
  for (const parent of parents) {
    try {
      fs.syncFolder(parent);
    } catch (error) {
      if (isForbidden(error)) continue;
      // So that the next attempt does not take them for durable.
      for (const folder of created) fs.removeFolder(folder);
      throw error;
    }
  }
}

/**
 * Writes all `length` bytes, however many calls that takes.
 *
 * @throws the operating system's error; part of the bytes may be in the file then
 */
export function writeFully(
  fs: FileSystem,
  fd: number,
  source: Uint8Array,
  sourceStart: number,
  length: number,
  filePosition: number,
): void {
  let done = 0;
  while (done < length) done += fs.write(fd, source, sourceStart + done, length - done, filePosition + done);
}

/** Reads `length` bytes or up to the end of the file, whichever comes first; returns the number read. */
export function readFully(
  fs: FileSystem,
  fd: number,
  target: Uint8Array,
  targetStart: number,
  length: number,
  filePosition: number,
): number {
  let done = 0;
  while (done < length) {
    const count = fs.read(fd, target, targetStart + done, length - done, filePosition + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** `readFully` in the thread pool; `target` must stay untouched until it settles. */
export async function readFullyAsync(
  fs: FileSystem,
  fd: number,
  target: Uint8Array,
  targetStart: number,
  length: number,
  filePosition: number,
): Promise<number> {
  let done = 0;
  while (done < length) {
    const count = await fs.readAsync(fd, target, targetStart + done, length - done, filePosition + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/**
 * Makes `[start, end)` of a file zeros, writing only where it is not: a stale record behind the end of a log could be
 * taken for a new one by the next recovery. Cheap on sparse files, whose holes read as zeros.
 *
 * @param scratch any size; overwritten
 * @returns bytes written
 */
export function zeroRange(fs: FileSystem, fd: number, start: number, end: number, scratch: Uint8Array): number {
  let written = 0;
  for (let position = start; position < end; ) {
    const count = readFully(fs, fd, scratch, 0, Math.min(scratch.length, end - position), position);
    if (count === 0) break;
    for (let at = 0; at < count; at += ZEROS.length) {
      const length = Math.min(ZEROS.length, count - at);
      if (isAllZero(scratch, at, at + length)) continue;
      writeFully(fs, fd, ZEROS, 0, length, position + at);
      written += length;
    }
    position += count;
  }
  return written;
}

const ZEROS = new Uint8Array(65_536);

/** True if every byte of `[start, end)` is 0. */
export function isAllZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += ZEROS.length) {
    const length = Math.min(ZEROS.length, end - at);
    if (Buffer.compare(ZEROS.subarray(0, length), bytes.subarray(at, at + length)) !== 0) return false;
  }
  return true;
}
