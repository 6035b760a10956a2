import type { QueueTail } from './accepted-records.js';
import type { NumberedFiles } from './numbered-files.js';
import { PAGE_UNITS, UNIT_BYTES, type UnitSlab } from './unit-slab.js';

/**
 * One consume queue: its offsets, and its newest units in memory.
 *
 * Units `[minOffset, maxOffset)` can be read. Those before `savedOffset` are in the files, those from `hotOffset` on
 * are in the slab. Invariants: `hotOffset <= savedOffset <= maxOffset <= nextOffset`; the page of unit `n` is
 * `pages[floor(n / PAGE_UNITS) - floor(hotOffset / PAGE_UNITS)]`, and there is one for every unit from hotOffset on.
 *
 * Fields are written by the store only.
 */
export class ConsumeQueue implements QueueTail {
  readonly topic: string;
  readonly queueId: number;
  readonly files: NumberedFiles;
  /** Queue offset of the next accepted record. */
  nextOffset = 0;
  /** First unit whose record is still in the log; equal to maxOffset if there is none. */
  minOffset = 0;
  /** End of what readers see. */
  maxOffset = 0;
  savedOffset = 0;
  hotOffset = 0;
  /** End, in the log, of the record of the newest unit; -1 without one. */
  maxPhysicOffset = -1;
  pages: number[] = [];
  /** It is in the list of queues to be saved. */
  isDirty = false;
  /** The topic was destroyed; what still arrives is dropped. */
  isDestroyed = false;
  /** Arrivals of this commit, for the listener: how many, the newest's tagsCode (null if they differ) and time. */
  arrivals = 0;
  arrivedTagsCode: number | null = null;
  arrivedAtMs = 0;

  constructor(topic: string, queueId: number, files: NumberedFiles) {
    this.topic = topic;
    this.queueId = queueId;
    this.files = files;
  }

  /** Units that one file holds. */
  get fileUnits(): number {
    return this.files.fileBytes / UNIT_BYTES;
  }

  /** Sets all offsets to `offset`: the queue has (or has read from its files) units up to there and none in memory. */
  moveTo(offset: number, slab: UnitSlab): void {
    for (const page of this.pages) slab.release(page);
    this.pages = [];
    this.maxOffset = this.nextOffset = this.savedOffset = this.hotOffset = offset;
  }

  /** Adds the unit `maxOffset`. */
  append(slab: UnitSlab, physicalOffset: number, size: number, tagsCode: number): void {
    const offset = this.maxOffset;
    const slot = offset % PAGE_UNITS;
    if (slot === 0 || this.pages.length === 0) {
      if (this.pages.length === 0) this.hotOffset = offset;
      this.pages.push(slab.allocate());
    }
    slab.write(this.pages[this.pages.length - 1] as number, slot, physicalOffset, size, tagsCode);
    this.maxOffset = offset + 1;
    this.maxPhysicOffset = physicalOffset + size;
  }

  /** Copies the units `[from, from + count)`, all of them in memory, to `target`. */
  copyHot(slab: UnitSlab, from: number, count: number, target: Uint8Array, targetStart: number): void {
    const firstPage = Math.floor(this.hotOffset / PAGE_UNITS);
    let at = targetStart;
    for (let offset = from; offset < from + count; ) {
      const slot = offset % PAGE_UNITS;
      const units = Math.min(PAGE_UNITS - slot, from + count - offset);
      slab.copy(this.pages[Math.floor(offset / PAGE_UNITS) - firstPage] as number, slot, units, target, at);
      at += units * UNIT_BYTES;
      offset += units;
    }
  }

  /** Frees the pages up to the one with this number (unit offset / PAGE_UNITS), as far as they are saved. */
  releasePages(slab: UnitSlab, through: number): void {
    let first = Math.floor(this.hotOffset / PAGE_UNITS);
    let released = 0;
    while (released < this.pages.length && first <= through) {
      const pageEnd = Math.min((first + 1) * PAGE_UNITS, this.maxOffset);
      if (pageEnd > this.savedOffset) break;
      slab.release(this.pages[released] as number);
      released += 1;
      first += 1;
      this.hotOffset = pageEnd;
    }
    if (released > 0) this.pages.splice(0, released);
  }
}

/** A topic's queues by id. The same object serves a topic name for the store's life, also across destroyTopic. */
export class TopicHandle {
  readonly name: string;
  /** UTF-8 bytes of the name, as in records. */
  readonly nameBytes: Uint8Array;
  /** String.hashCode of `topic#`, with which the hash of an index key begins. */
  readonly keySeed: number;
  /** Only of queues that have (or had) messages. */
  readonly queues: (ConsumeQueue | undefined)[] = [];

  constructor(name: string, keySeed: number) {
    this.name = name;
    this.nameBytes = Buffer.from(name, 'utf8');
    this.keySeed = keySeed;
  }
}
