import type { Clock, Timer } from '../../base/clock.js';
import type { HeldFile } from './fd-cache.js';
import type { FileSystem } from './file-system.js';
import type { LogFiles } from './log-files.js';

export interface LogFlushOptions {
  fs: FileSystem;
  clock: Clock;
  files: LogFiles;
  /** Every write is flushed at once; otherwise `flushIntervalMs` passes between flushes, or less when much is dirty. */
  isSync: boolean;
  flushIntervalMs: number;
  /** Pages that have to be dirty for a flush at the interval, unless `flushThoroughIntervalMs` passed. */
  flushLeastPages: number;
  flushThoroughIntervalMs: number;
  syncFlushTimeoutMs: number;
  /** Everything that was written up to `end`, the newest at `time` (store time, ms), is on disk. */
  flushed: (end: number, time: number) => void;
  /** Sync flush only: what was written up to `end` waits too long for the disk. */
  timedOut: (end: number) => void;
  failed: (error: unknown) => void;
}

/** A file that the log has gone beyond. */
interface RetiredFile {
  file: HeldFile;
  /** Where in the file its filler stands. */
  fillerAt: number;
}

/** Async flush starts at the latest when so much is not on disk. */
const FLUSH_DIRTY_BYTES = 8_388_608;
const PAGE_BYTES = 4_096;

/**
 * Brings what was written to the disk: one flush at a time, for all that was written before it began.
 *
 * Source: store/CommitLog.java#GroupCommitService, #FlushRealTimeService
 */
export class LogFlush {
  readonly #options: LogFlushOptions;
  #current: HeldFile | null = null;
  #writtenEnd = 0;
  #writtenTime = 0;
  #flushedEnd = 0;
  /** Files before the current one with bytes that are not flushed. */
  #retired: RetiredFile[] = [];
  /** Starts of files from before the log was opened, which may have such bytes; not held, for they may be thousands. */
  #unsure: number[] = [];
  /** There is more to flush than the bytes written since the last one. */
  #isDue = false;
  /** No flush starts. */
  #isHalted = true;
  #flight: Promise<void> | null = null;
  #timer: Timer | null = null;
  /** When everything was flushed last, whatever it was. */
  #thoroughAt = Number.NEGATIVE_INFINITY;
  /** Sync flush: when written bytes are overdue; [end, time, end, time ...], oldest first. */
  #deadlines: number[] = [];
  #deadlineTimer: Timer | null = null;

  constructor(options: LogFlushOptions) {
    this.#options = options;
  }

  /** A flush is under way. */
  get isBusy(): boolean {
    return this.#flight !== null;
  }

  /**
   * The log goes on at `position` in `file`.
   *
   * @param from what stands from here on may be in the page cache only
   */
  open(position: number, file: HeldFile | null, from: number, lastTimestamp: number): void {
    const { files, isSync, clock, flushIntervalMs } = this.#options;
    this.#current = file;
    this.#writtenEnd = this.#flushedEnd = position;
    this.#writtenTime = lastTimestamp;
    this.#isDue = file !== null && from < position;
    const { starts, fileBytes } = files.numbered;
    const current = files.numbered.startOf(position);
    this.#unsure = starts.filter((earlier) => earlier + fileBytes > from && earlier < current);
    if (this.#isDue) files.distrustFolders();
    this.#isHalted = false;
    if (!isSync) this.#timer = clock.every(flushIntervalMs, () => this.#startWhenDue());
  }

  /** The log is written up to `end`; `time` is the store time of the newest record. */
  written(end: number, time: number): void {
    const { isSync, clock, syncFlushTimeoutMs } = this.#options;
    this.#writtenEnd = end;
    this.#writtenTime = time;
    if (isSync) {
      this.#deadlines.push(end, clock.monotonicMs() + syncFlushTimeoutMs);
      this.#armDeadline();
      this.start();
    } else if (end - this.#flushedEnd >= FLUSH_DIRTY_BYTES) {
      this.start();
    }
  }

  /** The log goes on at `start`, in a new file. @param fillerAt where in the file before it the filler stands */
  rolled(start: number, file: HeldFile, fillerAt: number): void {
    if (this.#current) this.#retired.push({ file: this.#current, fillerAt });
    this.#current = file;
    this.#writtenEnd = start;
  }

  /** What is dirty is flushed when it is much, when a file is full, and now and then whatever it is. */
  #startWhenDue(): void {
    const { clock, flushLeastPages, flushThoroughIntervalMs } = this.#options;
    const now = clock.monotonicMs();
    const isThorough = now >= this.#thoroughAt + flushThoroughIntervalMs;
    if (isThorough) this.#thoroughAt = now;
    const pages = Math.floor(this.#writtenEnd / PAGE_BYTES) - Math.floor(this.#flushedEnd / PAGE_BYTES);
    if (isThorough || this.#isDue || this.#retired.length > 0 || pages >= flushLeastPages) this.start();
  }

  /** Starts a flush, unless one is under way or there is nothing to flush. */
  start(): void {
    if (this.#flight || this.#isHalted) return;
    if (this.#flushedEnd === this.#writtenEnd && !this.#isDue) return;
    this.#flight = this.#flushOnce().finally(() => {
      this.#flight = null;
      if (this.#options.isSync) this.start();
    });
  }

  /** Settles with the flush under way. Never rejects. */
  async settled(): Promise<void> {
    await this.#flight;
  }

  /** Never rejects. */
  async #flushOnce(): Promise<void> {
    const { fs, files, flushed, failed } = this.#options;
    const target = this.#writtenEnd;
    const time = this.#writtenTime;
    const current = this.#current as HeldFile;
    const retired = this.#retired;
    const unsure = this.#unsure;
    this.#retired = [];
    this.#unsure = [];
    this.#isDue = false;
    try {
      for (const start of unsure) await this.#flushUnsure(start);
      for (const { file } of retired) await fs.sync(file.fd);
      await fs.sync(current.fd);
      files.syncFolders();
    } catch (error) {
      this.#retired = [...retired, ...this.#retired];
      this.#unsure = unsure;
      this.#isDue = true;
      failed(error);
      return;
    }
    for (const { file } of retired) file.release();
    this.#flushedEnd = target;
    while (this.#deadlines.length > 0 && (this.#deadlines[0] as number) <= target) this.#deadlines.splice(0, 2);
    flushed(target, time);
  }

  async #flushUnsure(start: number): Promise<void> {
    const { fs, files } = this.#options;
    // It may have expired meanwhile.
    if (!files.numbered.starts.includes(start)) return;
    const file = files.hold(start);
    try {
      await fs.sync(file.fd);
    } finally {
      file.release();
    }
  }

  #armDeadline(): void {
    if (this.#deadlineTimer || this.#deadlines.length === 0) return;
    const { clock, timedOut } = this.#options;
    const delayMs = Math.max(0, (this.#deadlines[1] as number) - clock.monotonicMs());
    this.#deadlineTimer = clock.after(delayMs, () => {
      this.#deadlineTimer = null;
      const now = clock.monotonicMs();
      let end = -1;
      while (this.#deadlines.length > 0 && (this.#deadlines[1] as number) <= now) {
        end = this.#deadlines[0] as number;
        this.#deadlines.splice(0, 2);
      }
      if (end >= 0) timedOut(end);
      this.#armDeadline();
    });
  }

  /** No flush starts until `resume`: the last one, or a write, failed. */
  halt(): void {
    this.#isHalted = true;
  }

  resume(): void {
    this.#isHalted = false;
    this.start();
  }

  /** Writes the fillers of files that are not flushed once more. @throws the operating system's error */
  rewriteFillers(): void {
    const { files } = this.#options;
    for (const { file, fillerAt } of this.#retired) {
      if (fillerAt < files.numbered.fileBytes) files.writeFiller(file, fillerAt);
    }
  }

  /** Starts no more flushes and gives the files back; to be called when none is under way. */
  close(): void {
    this.#isHalted = true;
    for (const timer of [this.#timer, this.#deadlineTimer]) timer?.cancel();
    this.#current?.release();
    this.#current = null;
    for (const { file } of this.#retired.splice(0)) file.release();
  }
}
