import type { ConsumeQueue } from './consume-queue.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';

/** Units that come from disk together: 64 KiB of a simple queue, some hundred pulls. */
const RUN_UNITS = 3_276;

/** Readers of one queue at different places that are remembered. */
const MAX_RUNS = 8;

/** Units `[from, to)` of a queue that have come, the last `RUN_UNITS` of them maybe not yet. */
interface Run {
  from: number;
  to: number;
}

/**
 * Has the units of readers who are behind come from disk in the thread pool, ahead of them: a page that is not in the
 * page cache would hold up the event loop for as long as a busy disk takes.
 */
export class UnitsAhead {
  readonly #queues: ConsumeQueueStore;
  /** Of each queue, the oldest first. */
  readonly #runs = new WeakMap<ConsumeQueue, Run[]>();

  constructor(queues: ConsumeQueueStore) {
    this.#queues = queues;
  }

  /** True if the units from `queueOffset` on, of a simple queue, may have to come from disk. */
  isFar(queue: ConsumeQueue, queueOffset: number): boolean {
    if (queueOffset >= queue.hotUnit || queueOffset < queue.minUnit) return false;
    const run = this.#runs.get(queue)?.find(({ from, to }) => queueOffset >= from && queueOffset < to);
    if (run === undefined) return true;
    if (run.to - queueOffset < RUN_UNITS / 2) {
      void this.#queues.touch(queue, run.to, RUN_UNITS);
      run.to += RUN_UNITS;
    }
    return false;
  }

  /** Resolves when the units from `queueOffset` on have come; null if there is nothing to wait for. */
  touch(queue: ConsumeQueue, queueOffset: number): Promise<void> | null {
    if (queue.batch !== null || !this.isFar(queue, queueOffset)) return null;
    const runs = this.#runs.get(queue) ?? [];
    this.#runs.set(queue, runs);
    if (runs.length >= MAX_RUNS) runs.shift();
    runs.push({ from: queueOffset, to: queueOffset + RUN_UNITS });
    return this.#queues.touch(queue, queueOffset, RUN_UNITS);
  }
}
