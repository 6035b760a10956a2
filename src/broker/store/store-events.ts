import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { ConsumeQueue } from './consume-queue.js';
import type { ArrivalListener, DurableListener, PutStatus } from './store-types.js';

interface Waiter {
  physicalEnd: number;
  resolve: (status: PutStatus) => void;
}

/** Tells whoever waits that records are durable, and whoever listens that messages have arrived. */
export class StoreEvents {
  readonly #logger: Logger;
  readonly #durableListeners: DurableListener[] = [];
  readonly #arrivalListeners: ArrivalListener[] = [];
  /** Ascending by physicalEnd. */
  #waiters: Waiter[] = [];
  /** Queues with messages that were not announced yet. */
  #arrived: ConsumeQueue[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  onDurable(fn: DurableListener): void {
    this.#durableListeners.push(fn);
  }

  onMessage(fn: ArrivalListener): void {
    this.#arrivalListeners.push(fn);
  }

  /** Resolves when the records up to `physicalEnd`, which is not before that of any call so far, have an outcome. */
  wait(physicalEnd: number): Promise<PutStatus> {
    return new Promise((resolve) => {
      this.#waiters.push({ physicalEnd, resolve });
    });
  }

  /** Tells everybody who waits for records up to `physicalEnd`. */
  release(physicalEnd: number, status: PutStatus): void {
    this.#tellDurable(physicalEnd, status);
    const waiters = this.#waiters;
    let count = 0;
    while (count < waiters.length && (waiters[count] as Waiter).physicalEnd <= physicalEnd) count += 1;
    if (count === 0) return;
    this.#waiters = waiters.slice(count);
    for (let i = 0; i < count; i++) (waiters[i] as Waiter).resolve(status);
  }

  /** Tells everybody who waits for records that end after `physicalEnd`: they are not in the log. */
  fail(physicalEnd: number, status: PutStatus): void {
    this.#tellDurable(physicalEnd, status);
    const failed = this.#waiters.filter((waiter) => waiter.physicalEnd > physicalEnd);
    this.#waiters = this.#waiters.filter((waiter) => waiter.physicalEnd <= physicalEnd);
    for (const waiter of failed) waiter.resolve(status);
  }

  /** Tells everybody who still waits. */
  close(status: PutStatus): void {
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(status);
  }

  /** A message can be read from a queue; `announceArrivals` tells so. */
  arrived(queue: ConsumeQueue, tagsCode: number, storeTimestamp: number): void {
    if (queue.arrivals === 0) {
      this.#arrived.push(queue);
      queue.arrivedTagsCode = tagsCode;
    } else if (queue.arrivedTagsCode !== tagsCode) {
      queue.arrivedTagsCode = null;
    }
    queue.arrivals += 1;
    queue.arrivedAtMs = storeTimestamp;
  }

  announceArrivals(): void {
    if (this.#arrived.length === 0) return;
    const arrived = this.#arrived;
    this.#arrived = [];
    for (const queue of arrived) {
      queue.arrivals = 0;
      for (const listener of this.#arrivalListeners) {
        try {
          listener(queue.topic, queue.queueId, queue.maxOffset, queue.arrivedTagsCode, queue.arrivedAtMs);
        } catch (error) {
          this.#logger.error({ error: errorText(error) }, 'a listener for arriving messages failed');
        }
      }
    }
  }

  #tellDurable(physicalEnd: number, status: PutStatus): void {
    for (const listener of this.#durableListeners) {
      try {
        listener(physicalEnd, status);
      } catch (error) {
        this.#logger.error({ error: errorText(error) }, 'a listener for durable messages failed');
      }
    }
  }
}
