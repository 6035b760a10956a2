import { readInt64 } from '../../base/int64.js';
import { writeOffset } from './record-layout.js';

/** Bytes of a consume-queue unit: physicalOffset int64 | size int32 | tagsCode int64, big-endian. */
export const UNIT_BYTES = 20;
/** Units of one page. */
export const PAGE_UNITS = 32;

const PAGE_BYTES = PAGE_UNITS * UNIT_BYTES;
const CHUNK_PAGES = 1024;
const TWO_32 = 0x1_0000_0000;

/** physicalOffset of the unit at `at`; NaN if it is no safe integer. */
export function unitPhysicalOffset(view: DataView, at: number): number {
  return readInt64(view, at);
}

/** Record size of the unit at `at`, bytes. */
export function unitSize(view: DataView, at: number): number {
  return view.getInt32(at + 8);
}

/**
 * tagsCode of the unit at `at` as a number: exact for hashes and deliver times; an address into a consume queue
 * extension (far below -2^31) may be off by a little, and is still below -2^31.
 */
export function unitTagsCode(view: DataView, at: number): number {
  return view.getInt32(at + 12) * TWO_32 + view.getUint32(at + 16);
}

/** Writes a unit. */
export function writeUnit(view: DataView, at: number, physicalOffset: number, size: number, tagsCode: number): void {
  writeOffset(view, at, physicalOffset);
  view.setInt32(at + 8, size);
  view.setInt32(at + 12, Math.floor(tagsCode / TWO_32));
  view.setInt32(at + 16, tagsCode | 0);
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
 * Memory for the newest units of all queues, in pages of PAGE_UNITS units in file format. One slab for all queues:
 * an array per queue costs two to three times as much time with thousands of queues.
 *
 * Page ids are small integers; a page belongs to whoever allocated it until it is released.
 */
export class UnitSlab {
  readonly #views: DataView[] = [];
  readonly #bytes: Uint8Array[] = [];
  readonly #free: number[] = [];
  #used = 0;

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
    writeUnit(view, (page % CHUNK_PAGES) * PAGE_BYTES + slot * UNIT_BYTES, physicalOffset, size, tagsCode);
  }

  /** Copies `count` units of a page, from `slot` on, to `target`. */
  copy(page: number, slot: number, count: number, target: Uint8Array, targetStart: number): void {
    const bytes = this.#bytes[(page / CHUNK_PAGES) | 0] as Uint8Array;
    const start = (page % CHUNK_PAGES) * PAGE_BYTES + slot * UNIT_BYTES;
    target.set(bytes.subarray(start, start + count * UNIT_BYTES), targetStart);
  }

  #addChunk(): void {
    const buffer = new ArrayBuffer(CHUNK_PAGES * PAGE_BYTES);
    const first = this.#views.length * CHUNK_PAGES;
    this.#views.push(new DataView(buffer));
    this.#bytes.push(new Uint8Array(buffer));
    for (let page = first + CHUNK_PAGES - 1; page >= first; page--) this.#free.push(page);
  }
}
