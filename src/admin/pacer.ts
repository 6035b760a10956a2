import { type Clock, sleep } from '../base/clock.js';

/** Lets at most so many turns a second through, evenly spread; what is late is not made up for in a burst. */
export class Pacer {
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #signal: AbortSignal | undefined;
  #dueMs: number;

  /** @param perSecond null: no limit */
  constructor(clock: Clock, perSecond: number | null, signal?: AbortSignal) {
    this.#clock = clock;
    this.#periodMs = perSecond === null ? 0 : 1000 / perSecond;
    this.#signal = signal;
    this.#dueMs = clock.monotonicMs();
  }

  /** Resolves when it is the caller's turn. @throws the signal's reason */
  async turn(): Promise<void> {
    this.#signal?.throwIfAborted();
    const now = this.#clock.monotonicMs();
    const waitMs = this.#dueMs - now;
    this.#dueMs = Math.max(this.#dueMs, now - this.#periodMs) + this.#periodMs;
    // Timers are not finer than a millisecond: what is due within one goes at once.
    if (waitMs >= 1) await sleep(waitMs, this.#signal);
  }
}
