import type { Clock } from '../base/clock.js';
import { PULL_MAX_IDLE_MS } from './process-queue.js';

/**
 * What a consumer knows of a queue that it pops: the broker has the rest.
 *
 * Source: client/impl/consumer/PopProcessQueue.java
 */
export class PopProcessQueue {
  readonly #clock: Clock;
  #waitAckCount = 0;
  #dropped = false;
  /** ms since the epoch. */
  lastPopTimestamp: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.lastPopTimestamp = clock.now();
  }

  /** Messages that were popped and are neither acknowledged nor put off. */
  get waitAckCount(): number {
    return this.#waitAckCount;
  }

  /** True once the queue belongs to us no more: what of it is in hand becomes visible to others by itself. */
  get dropped(): boolean {
    return this.#dropped;
  }

  get isPopExpired(): boolean {
    return this.#clock.now() - this.lastPopTimestamp > PULL_MAX_IDLE_MS;
  }

  drop(): void {
    this.#dropped = true;
  }

  found(messages: number): void {
    this.#waitAckCount += messages;
  }

  /** So many messages are settled, or were left to become visible again. */
  settled(messages: number): void {
    this.#waitAckCount -= messages;
  }
}
