import type { QueueTail } from './accepted-records.js';
import type { ConsumeQueueExt } from './consume-queue-ext.js';
import type { NumberedFiles } from './numbered-files.js';
import { PAGE_UNITS, type UnitSlab } from './unit-slab.js';

/** Message offsets of a batch consume queue, whose units stand for as many messages as they say. */
export interface BatchOffsets {
  /** First message of the unit minUnit; equal to maxOffset if there is none. */
  minOffset: number;
  /** Behind the last message of the newest unit. */
  maxOffset: number;
}

/**
 * One consume queue: its offsets, and its newest units in memory.
 *
 * Units are numbered from 0 by their place in the files. In a simple queue that is the offset of the unit's message; in
 * a batch queue a unit has the messages of a batch, and `batch` has their offsets.
 *
 * Units `[minUnit, maxUnit)` can be read. Those before `savedUnit` are in the files, those from `hotUnit` on
 * are in the slab. Invariants: `hotUnit <= savedUnit <= maxUnit`, `maxOffset <= nextOffset`; the
 * page of unit `n` is
 * `pages[floor(n / PAGE_UNITS) - floor(hotUnit / PAGE_UNITS)]`, and there is one for every unit from hotUnit on.
 *
 * Fields are written by the store only.
 */
export class ConsumeQueue implements QueueTail {
  readonly topic: string;
  readonly queueId: number;
  readonly files: NumberedFiles;
  /** Units of its format. */
  readonly slab: UnitSlab;
  /** null for a simple queue. */
  readonly batch: BatchOffsets | null;
  /** null if there is none, or the store is to take no notice of it. */
  readonly ext: ConsumeQueueExt | null;
  /** Queue offset of the next accepted record. */
  nextOffset = 0;
  /** First unit whose record is still in the log; equal to maxUnit if there is none. */
  minUnit = 0;
  /** End of what readers see. */
  maxUnit = 0;
  savedUnit = 0;
  hotUnit = 0;
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

  constructor(
    topic: string,
    queueId: number,
    files: NumberedFiles,
    slab: UnitSlab,
    isBatch: boolean,
    ext: ConsumeQueueExt | null = null,
  ) {
    this.topic = topic;
    this.queueId = queueId;
    this.files = files;
    this.slab = slab;
    this.batch = isBatch ? { minOffset: 0, maxOffset: 0 } : null;
    this.ext = ext;
  }

  /** First message that can be read; equal to maxOffset if there is none. */
  get minOffset(): number {
    return this.batch === null ? this.minUnit : this.batch.minOffset;
  }

  /** End of what readers see. */
  get maxOffset(): number {
    return this.batch === null ? this.maxUnit : this.batch.maxOffset;
  }

  get unitBytes(): number {
    return this.slab.unitBytes;
  }

  /** Units that one file holds. */
  get fileUnits(): number {
    return this.files.fileBytes / this.slab.unitBytes;
  }

  /**
   * The queue has (or has read from its files) the units up to `unit` and none in memory.
   *
   * @param maxOffset of a batch queue
   */
  moveTo(unit: number, maxOffset = unit): void {
    for (const page of this.pages) this.slab.release(page);
    this.pages = [];
    this.maxUnit = this.savedUnit = this.hotUnit = unit;
    if (this.batch) this.batch.maxOffset = maxOffset;
    this.nextOffset = this.maxOffset;
  }

  /**
   * Adds the unit `maxUnit`, of a simple queue.
   *
   * @param extOffset of its extension, which has the tagsCode then; -1 without
   */
  append(physicalOffset: number, size: number, tagsCode: number, extOffset = -1): void {
    const slot = this.#newSlot();
    const page = this.pages[this.pages.length - 1] as number;
    this.slab.write(page, slot, physicalOffset, size, tagsCode);
    if (extOffset >= 0) this.slab.writeExt(page, slot, extOffset);
    this.maxUnit += 1;
    this.maxPhysicOffset = physicalOffset + size;
  }

  /** Adds the unit `maxUnit`, of a batch queue, with the messages `[baseOffset, baseOffset + batchSize)`. */
  appendBatch(
    physicalOffset: number,
    size: number,
    tagsCode: number,
    storeTimestamp: number,
    baseOffset: number,
    batchSize: number,
  ): void {
    const batch = this.batch as BatchOffsets;
    const slot = this.#newSlot();
    const page = this.pages[this.pages.length - 1] as number;
    this.slab.write(page, slot, physicalOffset, size, tagsCode);
    this.slab.writeBatch(page, slot, storeTimestamp, baseOffset, batchSize);
    if (this.minUnit === this.maxUnit) batch.minOffset = baseOffset;
    this.maxUnit += 1;
    batch.maxOffset = baseOffset + batchSize;
    this.maxPhysicOffset = physicalOffset + size;
  }

  #newSlot(): number {
    const slot = this.maxUnit % PAGE_UNITS;
    if (slot === 0 || this.pages.length === 0) {
      if (this.pages.length === 0) this.hotUnit = this.maxUnit;
      this.pages.push(this.slab.allocate());
    }
    return slot;
  }

  /** Copies the units `[from, from + count)`, all of them in memory, to `target`. */
  copyHot(from: number, count: number, target: Uint8Array, targetStart: number): void {
    const firstPage = Math.floor(this.hotUnit / PAGE_UNITS);
    let at = targetStart;
    for (let offset = from; offset < from + count; ) {
      const slot = offset % PAGE_UNITS;
      const units = Math.min(PAGE_UNITS - slot, from + count - offset);
      this.slab.copy(this.pages[Math.floor(offset / PAGE_UNITS) - firstPage] as number, slot, units, target, at);
      at += units * this.slab.unitBytes;
      offset += units;
    }
  }

  /** Frees the pages up to the one with this number (unit offset / PAGE_UNITS), as far as they are saved. */
  releasePages(through: number): void {
    let first = Math.floor(this.hotUnit / PAGE_UNITS);
    let released = 0;
    while (released < this.pages.length && first <= through) {
      const pageEnd = Math.min((first + 1) * PAGE_UNITS, this.maxUnit);
      if (pageEnd > this.savedUnit) break;
      this.slab.release(this.pages[released] as number);
      released += 1;
      first += 1;
      this.hotUnit = pageEnd;
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
  /** Its queues are batch consume queues; settled when it gets its first queue. */
  isBatch = false;

  constructor(name: string, keySeed: number) {
    this.name = name;
    this.nameBytes = Buffer.from(name, 'utf8');
    this.keySeed = keySeed;
  }
}
