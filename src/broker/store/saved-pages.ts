import type { ConsumeQueue } from './consume-queue.js';
import { PAGE_UNITS } from './unit-slab.js';

/** Pages of consume-queue units that are in the files, oldest first: candidates to be freed when memory runs short. */
export class SavedPages {
  readonly #limit: number;
  #queues: ConsumeQueue[] = [];
  #pages: number[] = [];
  #head = 0;

  /** @param limit pages that may stay in memory */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Notes that a queue's units from `firstUnit` up to its newest were saved. */
  add(queue: ConsumeQueue, firstUnit: number): void {
    const lastPage = Math.floor((queue.maxUnit - 1) / PAGE_UNITS);
    for (let page = Math.floor(firstUnit / PAGE_UNITS); page <= lastPage; page++) {
      this.#queues.push(queue);
      this.#pages.push(page);
    }
  }

  /**
   * Frees the oldest pages beyond what may stay in memory.
   *
   * @param used pages in memory at present
   */
  free(used: () => number): void {
    while (used() > this.#limit && this.#head < this.#queues.length) {
      const queue = this.#queues[this.#head] as ConsumeQueue;
      if (!queue.isDestroyed) queue.releasePages(this.#pages[this.#head] as number);
      this.#head += 1;
    }
    const isSpread = this.#queues.length > 4 * this.#limit + 1024;
    if (this.#head * 2 > this.#queues.length || isSpread) this.#compact();
  }

  /** Drops candidates that were freed, and all but the newest mention of a page. */
  #compact(): void {
    const queues: ConsumeQueue[] = [];
    const pages: number[] = [];
    const newest = new Map<ConsumeQueue, number>();
    for (let at = this.#queues.length - 1; at >= this.#head; at--) {
      const queue = this.#queues[at] as ConsumeQueue;
      const page = this.#pages[at] as number;
      if (queue.isDestroyed || page < Math.floor(queue.hotUnit / PAGE_UNITS)) continue;
      if (page >= (newest.get(queue) ?? Number.POSITIVE_INFINITY)) continue;
      newest.set(queue, page);
      queues.push(queue);
      pages.push(page);
    }
    this.#queues = queues.reverse();
    this.#pages = pages.reverse();
    this.#head = 0;
  }
}
