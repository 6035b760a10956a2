import { readInt64, writeInt64 } from '../../base/int64.js';
import { nextTurn } from './consume-queue-store.js';
import { type FileSystem, isAllZero, readFully, writeFully } from './file-system.js';

/** Slots that pending messages may lie ahead in, whatever the precision: 7 days of seconds. */
export const TIMER_WHEEL_SLOTS = 7 * 86_400;
/** The slots that a start keeps clear between the oldest one it looks at and the newest one. */
export const TIMER_BLANK_SLOTS = 60;
/** Slots of the ring, which has room for as much past as future. */
export const TIMER_RING_SLOTS = TIMER_WHEEL_SLOTS * 2;
/** Bytes of a slot. */
export const TIMER_SLOT_BYTES = 32;
const PAGE_SLOTS = 128;
const PAGE_BYTES = PAGE_SLOTS * TIMER_SLOT_BYTES;
const PAGES = TIMER_RING_SLOTS / PAGE_SLOTS;
/** Length of the file. */
export const TIMER_WHEEL_BYTES = TIMER_RING_SLOTS * TIMER_SLOT_BYTES;

const FIRST_POS_AT = 8;
const LAST_POS_AT = 16;
const NUM_AT = 24;

const LOAD_BYTES = 1_048_576;
/** Pages written before others get their turn. */
const PAGES_A_SLICE = 256;

/** One point in time of the wheel: the ends of a list of timer-log units that is linked backwards. */
export interface TimerSlot {
  /** Positions in the timer log; -1 if the slot is empty. */
  firstPos: number;
  lastPos: number;
  /** Messages less deletions. */
  num: number;
}

interface Page {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * The ring of slots, one for each `precisionMs`, in Apache's file `timerwheel`:
 *
 *   slot = timeMs / precisionMs int64 | firstPos int64 | lastPos int64 | num int32 | magic int32 (0) = 32 bytes
 *
 * A slot counts only if the time it holds is the one asked for; other times are those of an earlier revolution. Only
 * the pages of the ring that hold a pending slot are in memory, and `flush` writes those that changed.
 *
 * Source: store/timer/TimerWheel.java, Slot.java
 */
export class TimerWheel {
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #precisionMs: number;
  readonly #pages = new Array<Page | null>(PAGES).fill(null);
  #dirty = new Set<number>();
  #fd = -1;
  #needsSync = false;

  constructor(fs: FileSystem, path: string, precisionMs: number) {
    this.#fs = fs;
    this.#path = path;
    this.#precisionMs = precisionMs;
  }

  /**
   * Reads what is pending from `fromMs` on, or creates the file. One of another length is emptied: the timer log has all
   * that it held.
   *
   * @returns false if there was nothing in the file
   */
  async open(fromMs: number): Promise<boolean> {
    const info = this.#fs.info(this.#path);
    this.#fd = this.#fs.open(this.#path, info ? 'write' : 'create');
    if (info?.sizeBytes !== TIMER_WHEEL_BYTES) {
      this.#fs.truncate(this.#fd, 0);
      this.#fs.truncate(this.#fd, TIMER_WHEEL_BYTES);
      return false;
    }
    const fromUnits = Math.floor(fromMs / this.#precisionMs);
    const chunk = new Uint8Array(LOAD_BYTES);
    const view = new DataView(chunk.buffer);
    let isUsed = false;
    for (let position = 0; position < TIMER_WHEEL_BYTES; position += LOAD_BYTES) {
      const count = readFully(this.#fs, this.#fd, chunk, 0, LOAD_BYTES, position);
      for (let at = 0; at < count; at += PAGE_BYTES) {
        if (isAllZero(chunk, at, at + PAGE_BYTES)) continue;
        isUsed = true;
        for (let slot = 0; slot < PAGE_SLOTS; slot++) {
          if (readInt64(view, at + slot * TIMER_SLOT_BYTES) < fromUnits) continue;
          this.#page((position + at) / PAGE_BYTES).bytes.set(chunk.subarray(at, at + PAGE_BYTES));
          break;
        }
      }
      await nextTurn();
    }
    return isUsed;
  }

  /** Reads the slot of a time. @returns false, and `into` as an empty slot, if nothing is pending then */
  get(timeMs: number, into: TimerSlot): boolean {
    const units = Math.floor(timeMs / this.#precisionMs);
    const index = units % TIMER_RING_SLOTS;
    const page = this.#pages[Math.floor(index / PAGE_SLOTS)];
    const at = (index % PAGE_SLOTS) * TIMER_SLOT_BYTES;
    if (!page || readInt64(page.view, at) !== units) {
      into.firstPos = into.lastPos = -1;
      into.num = 0;
      return false;
    }
    into.firstPos = readInt64(page.view, at + FIRST_POS_AT);
    into.lastPos = readInt64(page.view, at + LAST_POS_AT);
    into.num = page.view.getInt32(at + NUM_AT);
    return true;
  }

  /** Writes the slot of a time, whatever time its place held. */
  put(timeMs: number, slot: TimerSlot): void {
    const units = Math.floor(timeMs / this.#precisionMs);
    const index = units % TIMER_RING_SLOTS;
    const pageIndex = Math.floor(index / PAGE_SLOTS);
    const { view } = this.#page(pageIndex);
    const at = (index % PAGE_SLOTS) * TIMER_SLOT_BYTES;
    writeInt64(view, at, units);
    writeInt64(view, at + FIRST_POS_AT, slot.firstPos);
    writeInt64(view, at + LAST_POS_AT, slot.lastPos);
    view.setInt32(at + NUM_AT, slot.num | 0);
    this.#dirty.add(pageIndex);
  }

  /** Makes the place of a time empty. */
  clear(timeMs: number): void {
    const index = Math.floor(timeMs / this.#precisionMs) % TIMER_RING_SLOTS;
    const pageIndex = Math.floor(index / PAGE_SLOTS);
    const at = (index % PAGE_SLOTS) * TIMER_SLOT_BYTES;
    this.#page(pageIndex).bytes.fill(0, at, at + TIMER_SLOT_BYTES);
    this.#dirty.add(pageIndex);
  }

  /** The time of the slot that holds the place of `timeMs`: that time, an earlier or a later one; 0 if none does. */
  holderOf(timeMs: number): number {
    const index = Math.floor(timeMs / this.#precisionMs) % TIMER_RING_SLOTS;
    const page = this.#pages[Math.floor(index / PAGE_SLOTS)];
    return page ? readInt64(page.view, (index % PAGE_SLOTS) * TIMER_SLOT_BYTES) * this.#precisionMs : 0;
  }

  /** The first time in `[fromMs, toMs)` that has a slot, or `toMs`. Both are multiples of the precision. */
  next(fromMs: number, toMs: number): number {
    const to = toMs / this.#precisionMs;
    let units = fromMs / this.#precisionMs;
    while (units < to) {
      const index = units % TIMER_RING_SLOTS;
      const page = this.#pages[Math.floor(index / PAGE_SLOTS)];
      if (!page) units += PAGE_SLOTS - (index % PAGE_SLOTS);
      else if (readInt64(page.view, (index % PAGE_SLOTS) * TIMER_SLOT_BYTES) === units)
        return units * this.#precisionMs;
      else units += 1;
    }
    return toMs;
  }

  /** Times with a slot, from `fromMs` on, in no order. */
  *times(fromMs: number): Generator<number> {
    const from = Math.floor(fromMs / this.#precisionMs);
    for (const page of this.#pages) {
      if (!page) continue;
      for (let at = 0; at < PAGE_BYTES; at += TIMER_SLOT_BYTES) {
        const units = readInt64(page.view, at);
        if (units >= from && units > 0) yield units * this.#precisionMs;
      }
    }
  }

  /** Messages pending at a time. */
  num(timeMs: number): number {
    const slot = { firstPos: -1, lastPos: -1, num: 0 };
    this.get(timeMs, slot);
    return slot.num;
  }

  /** Messages pending from a time on. */
  allNum(fromMs: number): number {
    const from = Math.floor(fromMs / this.#precisionMs);
    let sum = 0;
    for (const page of this.#pages) {
      if (!page) continue;
      for (let at = 0; at < PAGE_BYTES; at += TIMER_SLOT_BYTES) {
        const units = readInt64(page.view, at);
        if (units >= from && units < from + TIMER_RING_SLOTS) sum += page.view.getInt32(at + NUM_AT);
      }
    }
    return sum;
  }

  /** Pages in memory, 4 KiB each. */
  get pages(): number {
    let count = 0;
    for (const page of this.#pages) if (page) count += 1;
    return count;
  }

  /** Writes the pages that changed, some at a time, and lets go of those whose slots all lie before `keepFromMs`. */
  async flush(keepFromMs: number): Promise<void> {
    const dirty = this.#dirty;
    if (dirty.size > 0) {
      this.#dirty = new Set();
      this.#needsSync = true;
      let count = 0;
      for (const index of [...dirty].sort((a, b) => a - b)) {
        const page = this.#pages[index];
        try {
          if (page) writeFully(this.#fs, this.#fd, page.bytes, 0, PAGE_BYTES, index * PAGE_BYTES);
        } catch (error) {
          for (const left of dirty) this.#dirty.add(left);
          throw error;
        }
        dirty.delete(index);
        count += 1;
        if (count % PAGES_A_SLICE === 0) await nextTurn();
      }
    }
    this.#release(keepFromMs);
  }

  /** Makes flushed pages durable. */
  async sync(): Promise<void> {
    if (!this.#needsSync) return;
    this.#needsSync = false;
    try {
      await this.#fs.sync(this.#fd);
    } catch (error) {
      this.#needsSync = true;
      throw error;
    }
  }

  close(): void {
    if (this.#fd >= 0) this.#fs.close(this.#fd);
    this.#fd = -1;
  }

  #release(keepFromMs: number): void {
    const from = Math.floor(keepFromMs / this.#precisionMs);
    for (const [index, page] of this.#pages.entries()) {
      if (!page || this.#dirty.has(index)) continue;
      let isPast = true;
      for (let at = 0; at < PAGE_BYTES && isPast; at += TIMER_SLOT_BYTES) isPast = readInt64(page.view, at) < from;
      if (isPast) this.#pages[index] = null;
    }
  }

  #page(index: number): Page {
    let page = this.#pages[index];
    if (!page) {
      const bytes = new Uint8Array(PAGE_BYTES);
      page = { bytes, view: new DataView(bytes.buffer) };
      this.#pages[index] = page;
    }
    return page;
  }
}
