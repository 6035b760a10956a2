import { basename, dirname, join, relative } from 'node:path';
import { createFolderDurably, type FileSystem, writeFully } from '../file-system.js';
import { readPiece } from './offset-files.js';

const COPY_BYTES = 1_048_576;

/** Where repair keeps what it takes out of a store, under the path that it had there. */
export class SideFolder {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly path: string;

  constructor(fs: FileSystem, root: string, path: string) {
    this.#fs = fs;
    this.#root = root;
    this.path = path;
  }

  /** A free path for what was at `path`; its folder is there. */
  pathFor(path: string): string {
    const inside = relative(this.#root, path);
    // Commit log folders may lie elsewhere.
    const target = join(this.path, inside.startsWith('..') ? basename(path) : inside);
    createFolderDurably(this.#fs, dirname(target));
    for (let n = 1; ; n++) {
      const free = n === 1 ? target : `${target}.${n}`;
      if (!this.#fs.info(free)) return free;
    }
  }

  /** Moves a file or folder, if it is there. @throws the operating system's error */
  async move(path: string): Promise<void> {
    if (this.#fs.info(path)) await moveTree(this.#fs, path, this.pathFor(path));
  }

  /** Copies a piece of a file, the whole of it unless told. @throws the operating system's error */
  async copy(path: string, position = 0, length?: number, target = this.pathFor(path)): Promise<void> {
    const bytes = length ?? this.#fs.info(path)?.sizeBytes ?? 0;
    await copyPiece(this.#fs, path, position, bytes, target);
  }
}

/**
 * Moves a file or folder, to another disk too. What is moved is at its new place when it leaves the old one.
 *
 * @throws the operating system's error
 */
export async function moveTree(fs: FileSystem, from: string, to: string): Promise<void> {
  createFolderDurably(fs, dirname(to));
  try {
    fs.rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    const info = fs.info(from);
    if (info?.isDirectory) {
      fs.createFolder(to);
      for (const name of fs.list(from)) await moveTree(fs, join(from, name), join(to, name));
      fs.removeFolder(from);
    } else {
      await copyPiece(fs, from, 0, info?.sizeBytes ?? 0, to);
      fs.remove(from);
    }
  }
  fs.syncFolder(dirname(to));
  fs.syncFolder(dirname(from));
}

/** Removes a folder with all that is in it. */
export function removeTree(fs: FileSystem, path: string): void {
  if (fs.info(path)?.isDirectory) for (const name of fs.list(path)) removeTree(fs, join(path, name));
  if (fs.info(path)?.isDirectory) fs.removeFolder(path);
  else fs.remove(path);
}

/** Puts bytes in the place of a file, at once: whoever looks finds the old file or the new one. */
export async function replaceFile(fs: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${path}.mqadmin-repair`;
  fs.remove(fresh);
  const fd = fs.open(fresh, 'create');
  try {
    writeFully(fs, fd, bytes, 0, bytes.length, 0);
    await fs.sync(fd);
  } finally {
    fs.close(fd);
  }
  fs.rename(fresh, path);
  fs.syncFolder(dirname(path));
}

async function copyPiece(
  fs: FileSystem,
  path: string,
  position: number,
  length: number,
  target: string,
): Promise<void> {
  const block = new Uint8Array(Math.min(COPY_BYTES, Math.max(1, length)));
  const fd = fs.open(target, 'create');
  try {
    for (let done = 0; done < length; ) {
      const count = readPiece(fs, path, position + done, block, Math.min(block.length, length - done));
      if (count === 0) break;
      writeFully(fs, fd, block, 0, count, done);
      done += count;
    }
    await fs.sync(fd);
  } finally {
    fs.close(fd);
  }
  fs.syncFolder(dirname(target));
}
