import { nextTurn } from '../next-turn.js';
import {
  batchBaseOffset,
  batchSizeOf,
  isBatchUnit,
  isBlankUnit,
  isUnit,
  unitPhysicalOffset,
  unitSize,
} from '../unit-slab.js';
import { fileStartOf, pathOf, readPiece } from './offset-files.js';
import type { QueueFiles, StoreLayout } from './store-layout.js';

/** Units of one read. */
const BLOCK_UNITS = 128;
/** Blocks kept for all queues together: at most 24 MB. */
const MAX_BLOCKS = 4_096;
const SCAN_UNITS = 4_096;
/** What a file system may put on disk beyond what was written. */
const SLACK_BYTES = 131_072;

/** A consume queue as its files have it. Unit n stands at byte n × unitBytes of the queue. */
export interface ReadQueue extends QueueFiles {
  /** Units `[firstUnit, endUnit)` are there, but for those of missing files. */
  readonly firstUnit: number;
  readonly endUnit: number;
  /** Physical offset of the first and the last unit; -1 without one, or where the unit is filler. */
  readonly firstPhysical: number;
  readonly lastPhysical: number;
  /** Offset behind the last message. */
  readonly maxOffset: number;
  /** First bytes of files at the end that have no unit. */
  readonly emptyStarts: readonly number[];
}

/** Reads units of many queues, the newest blocks kept. */
export class QueueReader {
  readonly #store: StoreLayout;
  readonly #blocks = new Map<ReadQueue, { first: number; view: DataView }>();

  constructor(store: StoreLayout) {
    this.#store = store;
  }

  /** Finds the ends of a queue. @throws the operating system's error */
  open(queue: QueueFiles): ReadQueue {
    const { files, unitBytes, isBatch } = queue;
    const fileUnits = Math.floor(files.fileBytes / unitBytes);
    const firstUnit = (files.starts[0] ?? 0) / unitBytes;
    const emptyStarts: number[] = [];
    const bounds = { emptyStarts, firstUnit, endUnit: firstUnit, firstPhysical: -1, lastPhysical: -1, maxOffset: 0 };
    for (let i = files.starts.length - 1; i >= 0; i--) {
      const start = files.starts[i] as number;
      const used = usedUnits(this.#store, queue, start, fileUnits);
      if (used === 0) {
        emptyStarts.push(start);
        continue;
      }
      bounds.endUnit = start / unitBytes + used;
      break;
    }
    const open: ReadQueue = { ...queue, ...bounds };
    const first = this.unit(open, firstUnit);
    if (first && !isBlankUnit(first, 0)) bounds.firstPhysical = unitPhysicalOffset(first, 0);
    const last = this.unit(open, bounds.endUnit - 1);
    if (last) {
      if (!isBlankUnit(last, 0)) bounds.lastPhysical = unitPhysicalOffset(last, 0);
      bounds.maxOffset = isBatch ? batchBaseOffset(last, 0) + batchSizeOf(last, 0) : bounds.endUnit;
    }
    this.#blocks.delete(open);
    return { ...queue, ...bounds };
  }

  /** The unit with this number, valid until the next call; null if it is not there. @throws as `open` */
  unit(queue: ReadQueue, unit: number): DataView | null {
    if (unit < queue.firstUnit || unit >= queue.endUnit) return null;
    const { files, unitBytes } = queue;
    const block = this.#blocks.get(queue);
    if (block && unit >= block.first && (unit - block.first + 1) * unitBytes <= block.view.byteLength) {
      return new DataView(block.view.buffer, (unit - block.first) * unitBytes, unitBytes);
    }
    const start = fileStartOf(files, unit * unitBytes);
    if (start < 0) return null;
    const left = start / unitBytes + files.fileBytes / unitBytes - unit;
    const bytes = new Uint8Array(Math.floor(Math.min(BLOCK_UNITS, left)) * unitBytes);
    const count = readPiece(this.#store.fs, pathOf(files, start), unit * unitBytes - start, bytes, bytes.length);
    if (count < unitBytes) return null;
    const view = new DataView(bytes.buffer, 0, count);
    if (this.#blocks.size >= MAX_BLOCKS) this.#blocks.delete(this.#blocks.keys().next().value as ReadQueue);
    this.#blocks.delete(queue);
    this.#blocks.set(queue, { first: unit, view });
    return new DataView(view.buffer, 0, unitBytes);
  }

  /** Number of the unit that begins with message `queueOffset`; -1 if none does. @param hint where it may be */
  unitOf(queue: ReadQueue, queueOffset: number, hint: number): number {
    if (!queue.isBatch) return queueOffset;
    const baseOf = (unit: number): number => {
      const view = this.unit(queue, unit);
      return view && isBatchUnit(view, 0) ? batchBaseOffset(view, 0) : Number.POSITIVE_INFINITY;
    };
    if (baseOf(hint) === queueOffset) return hint;
    let low = queue.firstUnit;
    let high = queue.endUnit;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (baseOf(middle) < queueOffset) low = middle + 1;
      else high = middle;
    }
    return baseOf(low) === queueOffset ? low : -1;
  }

  /** First message offset whose record is at or behind `minPhyOffset`; maxOffset if there is none. */
  minOffset(queue: ReadQueue, minPhyOffset: number): number {
    let low = queue.firstUnit;
    let high = queue.endUnit;
    const isBelow = (unit: number): boolean => {
      const view = this.unit(queue, unit);
      return view !== null && (isBlankUnit(view, 0) || unitPhysicalOffset(view, 0) < minPhyOffset);
    };
    // The first is usually the one.
    for (let middle = low; low < high; middle = Math.floor((low + high) / 2)) {
      if (isBelow(middle)) low = middle + 1;
      else high = middle;
    }
    if (!queue.isBatch) return low;
    const view = this.unit(queue, low);
    return view ? batchBaseOffset(view, 0) : queue.maxOffset;
  }

  /**
   * Hands out all units in order, without keeping them.
   *
   * @param take gets number and view with position
   */
  async scan(queue: ReadQueue, take: (unit: number, view: DataView, at: number) => void): Promise<void> {
    const { files, unitBytes } = queue;
    const bytes = new Uint8Array(SCAN_UNITS * unitBytes);
    const view = new DataView(bytes.buffer);
    for (const start of files.starts) {
      const end = Math.min(queue.endUnit * unitBytes, start + files.fileBytes);
      for (let position = start; position < end; ) {
        const length = Math.min(bytes.length, end - position);
        const count = readPiece(this.#store.fs, pathOf(files, start), position - start, bytes, length);
        const units = Math.floor(count / unitBytes);
        for (let i = 0; i < units; i++) take(position / unitBytes + i, view, i * unitBytes);
        if (units === 0) break;
        position += units * unitBytes;
        if (units === SCAN_UNITS) await nextTurn();
      }
    }
  }
}

/** True if the unit at `at` is one, filler included. */
export function isGoodUnit(queue: QueueFiles, view: DataView, at: number): boolean {
  return queue.isBatch ? isBatchUnit(view, at) : isUnit(view, at);
}

/** Units up to the last that is none of unused space, whose bytes are zeros. */
function usedUnits({ fs }: StoreLayout, queue: QueueFiles, start: number, fileUnits: number): number {
  const { files, unitBytes } = queue;
  const path = pathOf(files, start);
  const allocatedBytes = fs.info(path)?.allocatedBytes ?? files.fileBytes;
  const bytes = new Uint8Array(Math.min(files.fileBytes, SCAN_UNITS * unitBytes));
  const view = new DataView(bytes.buffer);
  let used = 0;
  // The last unit first: most files are full.
  const lastCount = readPiece(fs, path, (fileUnits - 1) * unitBytes, bytes, unitBytes);
  if (lastCount === unitBytes && unitSize(view, 0) > 0) return fileUnits;
  for (let unit = 0; unit < fileUnits; ) {
    const units = Math.min(bytes.length / unitBytes, fileUnits - unit);
    const count = Math.floor(readPiece(fs, path, unit * unitBytes, bytes, units * unitBytes) / unitBytes);
    for (let i = count - 1; i >= 0; i--) {
      if (unitSize(view, i * unitBytes) === 0 && unitPhysicalOffset(view, i * unitBytes) === 0) continue;
      used = unit + i + 1;
      break;
    }
    unit += units;
    if (count < units || (used <= unit - units && allocatedBytes <= unit * unitBytes + SLACK_BYTES)) break;
  }
  return used;
}
