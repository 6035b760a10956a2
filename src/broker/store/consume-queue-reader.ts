import { errorText } from '../../base/errors.js';
import type { ConsumeQueue } from './consume-queue.js';
import type { ConsumeQueueExt, ExtUnit } from './consume-queue-ext.js';
import { StoreIoError } from './errors.js';
import type { FdCache } from './fd-cache.js';
import { type FileSystem, readFully } from './file-system.js';
import { BATCH_UNIT_BYTES, batchBaseOffset } from './unit-slab.js';

/** Reads units of consume queues, from memory or from their files. */
export class ConsumeQueueReader {
  readonly #fs: FileSystem;
  readonly #fds: FdCache;
  readonly #unit = new DataView(new ArrayBuffer(BATCH_UNIT_BYTES));
  readonly #unitBytes = new Uint8Array(this.#unit.buffer);

  constructor(fs: FileSystem, fds: FdCache) {
    this.#fs = fs;
    this.#fds = fds;
  }

  /**
   * Copies units in file format, those `[from, from + count)` as far as they exist and lie in one file.
   *
   * @param from at least minUnit and less than maxUnit
   * @param target room for `count` units
   * @returns units copied; 0 if the file is missing
   * @throws StoreIoError if the file can not be read
   */
  read(queue: ConsumeQueue, from: number, count: number, target: Uint8Array): number {
    const { fileUnits, unitBytes } = queue;
    const end = Math.min(from + count, queue.maxUnit, (Math.floor(from / fileUnits) + 1) * fileUnits);
    const coldEnd = Math.min(end, queue.hotUnit);
    let cold = 0;
    if (from < coldEnd) {
      const start = queue.files.startOf(from * unitBytes);
      if (start < 0) return 0;
      const length = (coldEnd - from) * unitBytes;
      if (this.#readFile(queue, start, from * unitBytes - start, length, target) < length) return 0;
      cold = coldEnd - from;
    }
    const hotStart = from + cold;
    if (hotStart < end) queue.copyHot(hotStart, end - hotStart, target, cold * unitBytes);
    return end - from;
  }

  /**
   * Has units come from disk in the thread pool, as far as they lie in one file, so that `read` finds them in the page
   * cache.
   *
   * @returns null if the first unit is in memory; a failure is left to `read`
   */
  touch(queue: ConsumeQueue, unit: number, count: number): Promise<void> | null {
    const { files, hotUnit, unitBytes } = queue;
    const position = unit * unitBytes;
    const start = unit >= hotUnit ? -1 : files.startOf(position);
    return start < 0 ? null : this.#touch(files.path(start), position - start, count * unitBytes);
  }

  async #touch(path: string, filePosition: number, bytes: number): Promise<void> {
    try {
      const file = this.#fds.hold(path);
      try {
        await this.#fs.readAsync(file.fd, new Uint8Array(bytes), 0, bytes, filePosition);
      } finally {
        file.release();
      }
    } catch {
      // `read` tells of it.
    }
  }

  /**
   * One unit, in a view that the next call overwrites.
   *
   * @returns null if it does not exist
   * @throws StoreIoError if the file can not be read
   */
  unit(queue: ConsumeQueue, unit: number): DataView | null {
    if (unit < 0 || unit >= queue.maxUnit) return null;
    return this.read(queue, unit, 1, this.#unitBytes) === 1 ? this.#unit : null;
  }

  /**
   * The extension of a unit.
   *
   * @param extOffset what `unitExtOffset` says of it
   * @returns null if it can not be found
   * @throws StoreIoError if the file can not be read
   */
  extension(queue: ConsumeQueue, extOffset: number): ExtUnit | null {
    try {
      return queue.ext?.read(extOffset) ?? null;
    } catch (error) {
      const { folder } = (queue.ext as ConsumeQueueExt).files;
      throw new StoreIoError(`${folder} can not be read: ${errorText(error)}`, { cause: error });
    }
  }

  /**
   * The unit that has the message `offset`: the last one that does not begin behind it.
   *
   * @param offset from minOffset on, less than maxOffset
   * @throws StoreIoError if a file can not be read
   */
  unitOf(queue: ConsumeQueue, offset: number): number {
    if (queue.batch === null) return offset;
    const after = this.bisect(queue, queue.minUnit, (unit) => batchBaseOffset(unit, 0) <= offset);
    return Math.max(queue.minUnit, after - 1);
  }

  /** First unit from `low` on that is not `below`, if the units below all come first; else maxUnit. */
  bisect(queue: ConsumeQueue, low: number, below: (unit: DataView) => boolean): number {
    let start = low;
    let end = queue.maxUnit;
    // The first look is at the lowest: usually that is it.
    for (let middle = start; start < end; middle = Math.floor((start + end) / 2)) {
      const unit = this.unit(queue, middle);
      if (unit && below(unit)) start = middle + 1;
      else end = middle;
    }
    return start;
  }

  /** Brings the first offset of a batch queue in line with its first unit. */
  setMinOffset(queue: ConsumeQueue): void {
    const { batch } = queue;
    if (!batch) return;
    const unit = this.unit(queue, queue.minUnit);
    batch.minOffset = unit ? batchBaseOffset(unit, 0) : batch.maxOffset;
  }

  #readFile(queue: ConsumeQueue, start: number, position: number, length: number, target: Uint8Array): number {
    const path = queue.files.path(start);
    try {
      const file = this.#fds.hold(path);
      try {
        return readFully(this.#fs, file.fd, target, 0, length, position);
      } finally {
        file.release();
      }
    } catch (error) {
      throw new StoreIoError(`${path} can not be read: ${errorText(error)}`, { cause: error });
    }
  }
}
