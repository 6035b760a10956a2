import { readInt64 } from '../../base/int64.js';
import { writeOffset } from './record-layout.js';

/** Bytes of a consume-queue unit: physicalOffset int64 | size int32 | tagsCode int64, big-endian. */
export const UNIT_BYTES = 20;
/**
 * Bytes of a batch consume-queue unit: those of a plain unit, then storeTimestamp int64 (ms) | msgBaseOffset int64 |
 * batchSize int16 | compactedOffset int32 (-1) | reserved int32 (0).
 *
 * Source: store/queue/BatchConsumeQueue.java
 */
export const BATCH_UNIT_BYTES = 46;
/** Units of one page. */
export const PAGE_UNITS = 32;

/** Where the tagsCode stands in a unit. */
export const TAGS_CODE_AT = 12;

const CHUNK_PAGES = 1024;
const TWO_31 = 0x8000_0000;
const TWO_32 = 0x1_0000_0000;

/** physicalOffset of the unit at `at`; NaN if it is no safe integer. */
export function unitPhysicalOffset(view: DataView, at: number): number {
  return readInt64(view, at);
}

/** Record size of the unit at `at`, bytes. */
export function unitSize(view: DataView, at: number): number {
  return view.getInt32(at + 8);
}

/** tagsCode of the unit at `at`, if `unitExtOffset` says that it is one: a hash (int32) or a deliver time. */
export function unitTagsCode(view: DataView, at: number): number {
  return view.getInt32(at + TAGS_CODE_AT) * TWO_32 + view.getUint32(at + TAGS_CODE_AT + 4);
}

/** Writes a unit. */
export function writeUnit(view: DataView, at: number, physicalOffset: number, size: number, tagsCode: number): void {
  writeOffset(view, at, physicalOffset);
  view.setInt32(at + 8, size);
  view.setInt32(at + TAGS_CODE_AT, Math.floor(tagsCode / TWO_32));
  view.setInt32(at + TAGS_CODE_AT + 4, tagsCode | 0);
}

/**
 * Offset in the queue's extension that stands in the unit at `at` in place of a tagsCode, as -2^63 + offset.
 *
 * @returns -1 if the unit has a tagsCode, none of which is below -2^31
 * Source: store/ConsumeQueueExt.java#isExtAddr
 */
export function unitExtOffset(view: DataView, at: number): number {
  const high = view.getInt32(at + TAGS_CODE_AT);
  const low = view.getUint32(at + TAGS_CODE_AT + 4);
  return high >= 0 || (high === -1 && low >= TWO_31) ? -1 : (high + TWO_31) * TWO_32 + low;
}

/** Puts the address of an extension into the unit at `at`, in place of its tagsCode. */
function writeExtOffset(view: DataView, at: number, extOffset: number): void {
  view.setInt32(at + TAGS_CODE_AT, Math.floor(extOffset / TWO_32) - TWO_31);
  view.setInt32(at + TAGS_CODE_AT + 4, extOffset | 0);
}

/** storeTimestamp (ms) of the batch unit at `at`. */
export function batchStoreTimestamp(view: DataView, at: number): number {
  return readInt64(view, at + 20);
}

/** Queue offset of the first message of the batch unit at `at`. */
export function batchBaseOffset(view: DataView, at: number): number {
  return readInt64(view, at + 28);
}

/** Messages of the batch unit at `at`. */
export function batchSizeOf(view: DataView, at: number): number {
  return view.getInt16(at + 36);
}

/** True if the batch unit at `at` is one. */
export function isBatchUnit(view: DataView, at: number): boolean {
  return isUnit(view, at) && batchBaseOffset(view, at) >= 0 && batchSizeOf(view, at) > 0;
}

/** Size of a unit that only fills the space before a queue's first offset, with physicalOffset 0. */
export const BLANK_UNIT_SIZE = 0x7fffffff;

/** True if the unit at `at` is one, filler included: unused space of a file reads as zeros. */
export function isUnit(view: DataView, at: number): boolean {
  return unitPhysicalOffset(view, at) >= 0 && unitSize(view, at) > 0;
}

/** True if the unit at `at` is filler. */
export function isBlankUnit(view: DataView, at: number): boolean {
  return unitSize(view, at) === BLANK_UNIT_SIZE && unitPhysicalOffset(view, at) === 0;
}

/**
 * Memory for the newest units of all queues of a format, in pages of PAGE_UNITS units in file format. One slab for all
 * queues: an array per queue costs two to three times as much time with thousands of queues.
 *
 * Page ids are small integers; a page belongs to whoever allocated it until it is released.
 */
export class UnitSlab {
  readonly unitBytes: number;
  readonly #pageBytes: number;
  readonly #views: DataView[] = [];
  readonly #bytes: Uint8Array[] = [];
  readonly #free: number[] = [];
  #used = 0;

  constructor(unitBytes: number) {
    this.unitBytes = unitBytes;
    this.#pageBytes = PAGE_UNITS * unitBytes;
  }

  /** Pages in use. */
  get used(): number {
    return this.#used;
  }

  allocate(): number {
    if (this.#free.length === 0) this.#addChunk();
    this.#used += 1;
    return this.#free.pop() as number;
  }

  release(page: number): void {
    this.#used -= 1;
    this.#free.push(page);
  }

  write(page: number, slot: number, physicalOffset: number, size: number, tagsCode: number): void {
    const view = this.#views[(page / CHUNK_PAGES) | 0] as DataView;
    const at = (page % CHUNK_PAGES) * this.#pageBytes + slot * this.unitBytes;
    writeUnit(view, at, physicalOffset, size, tagsCode);
  }

  /** Gives a unit that was written the address of its extension. */
  writeExt(page: number, slot: number, extOffset: number): void {
    const view = this.#views[(page / CHUNK_PAGES) | 0] as DataView;
    writeExtOffset(view, (page % CHUNK_PAGES) * this.#pageBytes + slot * this.unitBytes, extOffset);
  }

  /** Completes a unit that `write` began. */
  writeBatch(page: number, slot: number, storeTimestamp: number, baseOffset: number, batchSize: number): void {
    const view = this.#views[(page / CHUNK_PAGES) | 0] as DataView;
    const at = (page % CHUNK_PAGES) * this.#pageBytes + slot * this.unitBytes;
    writeOffset(view, at + 20, storeTimestamp);
    writeOffset(view, at + 28, baseOffset);
    view.setInt16(at + 36, batchSize);
    view.setInt32(at + 38, -1);
    view.setInt32(at + 42, 0);
  }

  /** Copies `count` units of a page, from `slot` on, to `target`. */
  copy(page: number, slot: number, count: number, target: Uint8Array, targetStart: number): void {
    const bytes = this.#bytes[(page / CHUNK_PAGES) | 0] as Uint8Array;
    const start = (page % CHUNK_PAGES) * this.#pageBytes + slot * this.unitBytes;
    target.set(bytes.subarray(start, start + count * this.unitBytes), targetStart);
  }

  #addChunk(): void {
    const buffer = new ArrayBuffer(CHUNK_PAGES * this.#pageBytes);
    const first = this.#views.length * CHUNK_PAGES;
    this.#views.push(new DataView(buffer));
    this.#bytes.push(new Uint8Array(buffer));
    for (let page = first + CHUNK_PAGES - 1; page >= first; page--) this.#free.push(page);
  }
}
