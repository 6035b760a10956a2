import { assert } from '../../base/errors.js';

/** A run of the log that lies in one piece of the window. */
interface Segment {
  /** First byte of the log it holds. */
  physical: number;
  /** Where that byte lies. */
  address: number;
  length: number;
  /** Which time round the ring wrote it. */
  lap: number;
}

/** A piece of the log in memory: `length` bytes from `physical` on lie at `address`. */
export interface WindowRun {
  physical: number;
  address: number;
  length: number;
}

const MAX_SEGMENTS = 64;

/**
 * Where the newest bytes of the log lie in memory: a ring inside an ArrayBuffer, addressed by absolute positions in
 * that buffer. Pure bookkeeping: it touches no bytes.
 *
 * What is placed never crosses the ring's end, so every record is contiguous. Physical offsets run on without gaps
 * inside a segment; a new one starts when the ring wraps and when the log goes on in its next file.
 *
 * Invariants: `start <= head <= roomEnd <= end`; bytes in `[head, roomEnd)` belong to nobody; every byte of a segment
 * is readable until `place` lets it be overwritten.
 */
export class LogWindow {
  readonly start: number;
  readonly end: number;
  /** Where the next bytes go. */
  #head: number;
  /** No segment has bytes in [head, roomEnd). */
  #roomEnd: number;
  #lap = 0;
  /** Ascending by physical offset; the last one grows. */
  readonly #segments: Segment[] = [];
  #physical: number;
  #address: number;
  readonly #evictBytes: number;

  /** @param physical offset in the log of the first byte that will be placed */
  constructor(start: number, bytes: number, physical: number) {
    this.start = start;
    this.end = start + bytes;
    this.#head = start;
    this.#roomEnd = this.end;
    this.#evictBytes = Math.max(1, bytes >>> 6);
    this.#physical = physical;
    this.#address = start;
    this.#open(physical);
  }

  /** Where the next byte goes. */
  get head(): number {
    return this.#head;
  }

  /** True if `bytes` fit before the ring's end; otherwise the caller must `wrap` (its unwritten bytes saved). */
  fits(bytes: number): boolean {
    return this.#head + bytes <= this.end;
  }

  /**
   * Makes `[head, head + bytes)` free to write; the oldest of the log that lay there is not readable any more.
   *
   * @param bytes must `fit`
   * @returns head
   */
  place(bytes: number): number {
    if (this.#head + bytes > this.#roomEnd) this.#evict(this.#head + bytes);
    return this.#head;
  }

  /** The next `bytes` placed are the log's. */
  advance(bytes: number): void {
    this.#head += bytes;
  }

  /** Takes back the last `bytes` that were advanced over; they must lie in the newest segment. */
  retreat(bytes: number): void {
    assert(this.#head - bytes >= this.#address, 'the window can only take back what its newest segment holds');
    this.#head -= bytes;
  }

  /** Goes on at the ring's start; physical offsets run on. */
  wrap(): void {
    const physical = this.#physical + (this.#head - this.#address);
    this.#close();
    // What the ring's end still holds of the time round before is given up, so that the oldest segment is always the
    // next to be overwritten.
    while (this.#segments.length > 0 && (this.#segments[0] as Segment).lap < this.#lap) this.#segments.shift();
    this.#lap += 1;
    this.#head = this.start;
    this.#roomEnd = this.start;
    this.#open(physical);
  }

  /** The next byte placed has this physical offset: the log goes on in another file. */
  jump(physical: number): void {
    this.#close();
    this.#open(physical);
  }

  /**
   * Where `[physical, physical + bytes)` lies.
   *
   * @returns the address of its first byte, or -1 if it is not (or no longer, or not all) in memory
   */
  addressOf(physical: number, bytes: number): number {
    if (physical >= this.#physical) {
      const address = this.#address + (physical - this.#physical);
      return address + bytes <= this.#head ? address : -1;
    }
    for (let i = this.#segments.length - 2; i >= 0; i--) {
      const segment = this.#segments[i] as Segment;
      if (physical < segment.physical) continue;
      const skip = physical - segment.physical;
      return skip + bytes <= segment.length ? segment.address + skip : -1;
    }
    return -1;
  }

  /** The pieces of `[from, to)` that are in memory, in order; none goes across the end of a log file. */
  runs(from: number, to: number): WindowRun[] {
    const runs: WindowRun[] = [];
    for (const [i, { physical, address, length }] of this.#segments.entries()) {
      const isNewest = i === this.#segments.length - 1;
      const start = Math.max(from, physical);
      const end = Math.min(to, physical + (isNewest ? this.#head - address : length));
      if (start < end) runs.push({ physical: start, address: address + start - physical, length: end - start });
    }
    return runs;
  }

  #open(physical: number): void {
    this.#physical = physical;
    this.#address = this.#head;
    this.#segments.push({ physical, address: this.#head, length: 0, lap: this.#lap });
    if (this.#segments.length > MAX_SEGMENTS) this.#segments.shift();
  }

  #close(): void {
    const newest = this.#segments.at(-1) as Segment;
    newest.length = this.#head - newest.address;
    if (newest.length === 0) this.#segments.pop();
  }

  /** Frees `[roomEnd, needed)` and some more, so that the next records need no look. */
  #evict(needed: number): void {
    const freeTo = Math.min(this.end, needed + this.#evictBytes);
    while (this.#segments.length > 1) {
      const oldest = this.#segments[0] as Segment;
      if (oldest.lap === this.#lap || oldest.address >= freeTo) break;
      const lost = freeTo - oldest.address;
      if (lost >= oldest.length) {
        this.#segments.shift();
        continue;
      }
      oldest.address += lost;
      oldest.physical += lost;
      oldest.length -= lost;
      break;
    }
    this.#roomEnd = freeTo;
  }
}
