import type { Clock, Timer } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { StoreIoError } from './errors.js';
import { type FileSystem, readFully, writeFully } from './file-system.js';
import type { LogFiles } from './log-files.js';
import type { LogWindow } from './log-window.js';

export interface LogRetryOptions {
  clock: Clock;
  logger: Logger;
  /** For the log. */
  folder: string;
  /**
   * Writes once more what failed.
   *
   * @param failedBytes of records that are rolled back, any part of which may be in the file behind the log's end
   */
  attempt: (failedBytes: number) => Promise<void>;
  /** An attempt succeeded. */
  succeeded: () => void;
}

/** After a write error: how long until the disk is tried again. */
const RETRY_MS = 1_000;
const MAX_PROBE_BYTES = 1_048_576;
const COPY_BYTES = 4_194_304;

/** Tries the disk again after a write or flush has failed, once a second, until it works. */
export class LogRetry {
  readonly #options: LogRetryOptions;
  #timer: Timer | null = null;
  #isUnderWay = false;
  #isStopped = false;
  #failedBytes = 0;
  /** Failures so far. */
  #failures = 0;

  constructor(options: LogRetryOptions) {
    this.#options = options;
  }

  /**
   * Something failed.
   *
   * @param failedBytes that may have got into the file behind the log's end
   * @returns the error
   */
  fail(error: unknown, failedBytes: number): Error {
    const { clock, logger, folder } = this.#options;
    this.#failures += 1;
    this.#failedBytes = Math.max(this.#failedBytes, failedBytes);
    logger.error({ error: errorText(error), folder }, 'commit log can not be written');
    this.#timer ??= clock.every(RETRY_MS, () => this.#retry());
    return error instanceof Error ? error : new StoreIoError(errorText(error));
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #retry(): Promise<void> {
    if (this.#isUnderWay || this.#isStopped) return;
    const { logger, folder, attempt, succeeded } = this.#options;
    this.#isUnderWay = true;
    const failures = this.#failures;
    try {
      await attempt(this.#failedBytes);
    } catch (error) {
      logger.debug({ error: errorText(error) }, 'commit log still can not be written');
      return;
    } finally {
      this.#isUnderWay = false;
    }
    if (this.#isStopped || this.#failures > failures) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#failedBytes = 0;
    logger.info({ folder }, 'commit log can be written again');
    succeeded();
  }
}

/** Writes zeros over `[from, from + bytes)`, as far as the file has that. @throws the operating system's error */
export function clearFailed(fs: FileSystem, fd: number, from: number, bytes: number, fileBytes: number): void {
  const zeros = new Uint8Array(Math.min(MAX_PROBE_BYTES, fileBytes - from));
  let left = Math.min(bytes, fileBytes - from);
  for (let at = from; left > 0; ) {
    const length = Math.min(left, zeros.length);
    writeFully(fs, fd, zeros, 0, length, at);
    at += length;
    left -= length;
  }
}

/**
 * Writes `[from, to)` of the log once more, piece by piece: what the window has of it from there, what is older as it is
 * read back from the files.
 *
 * @returns nothing; each step has written a piece
 * @throws the operating system's error
 */
export function* rewrite(
  fs: FileSystem,
  files: LogFiles,
  window: LogWindow,
  bytes: Uint8Array,
  from: number,
  to: number,
): Generator<void> {
  const { numbered } = files;
  const runs = window.runs(from, to);
  const windowFrom = runs[0]?.physical ?? to;
  let copy: Uint8Array | null = null;
  for (let position = Math.max(from, numbered.first); position < windowFrom; ) {
    const start = numbered.startOf(position);
    if (start < 0) break;
    copy ??= new Uint8Array(Math.min(COPY_BYTES, windowFrom - position));
    const length = Math.min(copy.length, windowFrom - position, start + numbered.fileBytes - position);
    const file = files.hold(start);
    try {
      const count = readFully(fs, file.fd, copy, 0, length, position - start);
      writeFully(fs, file.fd, copy, 0, count, position - start);
    } finally {
      file.release();
    }
    position += length;
    yield;
  }
  for (const { physical, address, length } of runs) {
    const start = numbered.startOf(physical);
    if (start < 0) continue;
    const file = files.hold(start);
    try {
      writeFully(fs, file.fd, bytes, address, length, physical - start);
    } finally {
      file.release();
    }
    yield;
  }
}
