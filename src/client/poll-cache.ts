import type { Clock } from '../base/clock.js';
import type { MessageExt } from '../protocol/message.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import type { ProcessQueue } from './process-queue.js';

/** The messages of one pull that wait for a poll. */
export interface PulledBatch {
  readonly mq: MessageQueue;
  readonly pq: ProcessQueue;
  readonly messages: MessageExt[];
}

/** Pulled batches, first in first out, and the polls that wait for one. Bounded by the pulls' flow control. */
export class PollCache {
  readonly #clock: Clock;
  #batches: PulledBatch[] = [];
  #waiting: Array<(batch: PulledBatch | null) => void> = [];
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Batches that wait. */
  get size(): number {
    return this.#batches.length;
  }

  add(batch: PulledBatch): void {
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) waiter(batch);
    else this.#batches.push(batch);
  }

  /** Forgets the batches of a queue. */
  forget(pq: ProcessQueue): void {
    this.#batches = this.#batches.filter((batch) => batch.pq !== pq);
  }

  /** @returns the oldest batch; null when none came within `timeoutMs`, or on close. @throws the signal's reason */
  take(timeoutMs: number, signal?: AbortSignal): Promise<PulledBatch | null> {
    const batch = this.#batches.shift();
    if (batch !== undefined || this.#isClosed || timeoutMs <= 0) return Promise.resolve(batch ?? null);
    return new Promise((resolve, reject) => {
      const settle = () => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        this.#waiting = this.#waiting.filter((each) => each !== waiter);
      };
      const waiter = (found: PulledBatch | null) => {
        settle();
        resolve(found);
      };
      const onAbort = () => {
        settle();
        reject(signal?.reason);
      };
      const timer = this.#clock.after(timeoutMs, () => waiter(null));
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  /** Ends all waits. */
  close(): void {
    this.#isClosed = true;
    this.#batches = [];
    for (const waiter of [...this.#waiting]) waiter(null);
  }
}
