import type { Clock } from '../base/clock.js';

/**
 * Lets through the first lines of every window and counts the rest, so that a peer cannot fill the log.
 */
export class LogLimiter {
  readonly #clock: Clock;
  readonly #lines: number;
  readonly #windowMs: number;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #written = 0;
  #suppressed = 0;

  /** @param lines how many in each window of `windowMs` */
  constructor(clock: Clock, lines = 10, windowMs = 10_000) {
    this.#clock = clock;
    this.#lines = lines;
    this.#windowMs = windowMs;
  }

  /** Calls `write` with the number of lines left out since the last one that was written, or counts this one. */
  attempt(write: (suppressed: number) => void): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#windowStartMs >= this.#windowMs) {
      this.#windowStartMs = nowMs;
      this.#written = 0;
    }
    if (this.#written >= this.#lines) {
      this.#suppressed++;
      return;
    }
    this.#written++;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    write(suppressed);
  }
}
