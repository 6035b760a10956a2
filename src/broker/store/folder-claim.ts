import { join } from 'node:path';
import type { Clock, Timer } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { createFolderDurably, type FileSystem, writeFully } from './file-system.js';
import { CLAIM_BEAT_MS, StoreLock } from './store-lock.js';

export interface FolderClaimOptions {
  fs: FileSystem;
  clock: Clock;
  logger: Logger;
  /** storePathRootDir. */
  folder: string;
  /** Called once when another process has taken the folder. */
  onLost: () => void;
}

/**
 * That a store has its folder: the lock, renewed as long as it is held, and the file `abort`, which is there while the
 * store is open and tells the next start whether it was closed.
 */
export class FolderClaim {
  readonly #options: FolderClaimOptions;
  #lock: StoreLock | null = null;
  #timer: Timer | null = null;
  #isLost = false;

  constructor(options: FolderClaimOptions) {
    this.#options = options;
  }

  /**
   * Takes the folder, and makes it if need be.
   *
   * @throws StoreLockedError if another process has it
   */
  async take(): Promise<void> {
    const { fs, clock, folder } = this.#options;
    createFolderDurably(fs, folder);
    const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
    this.#lock = await StoreLock.acquire(fs, folder, wait);
    this.#timer = clock.every(CLAIM_BEAT_MS, () => this.#renew());
  }

  /** Whether the store was closed properly the last time. Without `abort`, the claim of a dead process says not. */
  get isClean(): boolean {
    return this.#options.fs.info(this.#abortPath) === null && this.#lock?.isTakenOver !== true;
  }

  /** Renews the claim no more. */
  stopRenewing(): void {
    this.#timer?.cancel();
  }

  /** Gives the folder back. What can not be removed is that of a dead process, some time later. */
  release(): void {
    this.stopRenewing();
    try {
      this.#lock?.release();
    } catch (error) {
      this.#options.logger.error({ error: errorText(error) }, 'the claim on the store folder can not be taken back');
    }
  }

  #renew(): void {
    if (this.#isLost || this.#lock?.renew() !== false) return;
    this.#isLost = true;
    this.#options.onLost();
    const { logger, folder } = this.#options;
    logger.error({ storePathRootDir: folder }, 'another process has taken the store folder: messages are refused');
  }

  get #abortPath(): string {
    return join(this.#options.folder, 'abort');
  }

  /** The store is open from here on. @throws the operating system's error */
  writeAbort(): void {
    const { fs, folder } = this.#options;
    const path = this.#abortPath;
    const text = Buffer.from(String(process.pid), 'latin1');
    const fd = fs.open(path, fs.info(path) ? 'write' : 'create');
    try {
      fs.truncate(fd, 0);
      writeFully(fs, fd, text, 0, text.length, 0);
    } finally {
      fs.close(fd);
    }
    fs.syncFolder(folder);
  }

  /** The store is closed, with everything on disk. @returns false if the file can not be removed */
  removeAbort(): boolean {
    try {
      this.#options.fs.remove(this.#abortPath);
      return true;
    } catch (error) {
      this.#options.logger.error({ error: errorText(error), path: this.#abortPath }, 'the file can not be removed');
      return false;
    }
  }
}
