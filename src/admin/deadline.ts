import type { Clock } from '../base/clock.js';
import type { CallOptions } from '../client/rpc.js';

/** The time left to a use case, shared by all its calls. */
export class Deadline {
  readonly #clock: Clock;
  readonly #endMs: number;
  readonly #signal: AbortSignal | undefined;
  /** What was given, ms. */
  readonly timeoutMs: number;

  constructor(clock: Clock, timeoutMs: number, signal?: AbortSignal) {
    this.#clock = clock;
    this.#endMs = clock.monotonicMs() + timeoutMs;
    this.#signal = signal;
    this.timeoutMs = timeoutMs;
  }

  /** ms left, never below 1: a call made too late times out in its own words. */
  leftMs(): number {
    return Math.max(1, Math.ceil(this.#endMs - this.#clock.monotonicMs()));
  }

  /**
   * The deadline of the next of `rounds` rounds of calls: whoever stays silent uses up this round, not the ones after
   * it.
   */
  round(rounds: number): Deadline {
    return new Deadline(this.#clock, this.leftMs() / rounds, this.#signal);
  }

  get isOver(): boolean {
    return this.#clock.monotonicMs() >= this.#endMs;
  }

  /** Options of a call that must end with this deadline. */
  call(): CallOptions {
    return { timeoutMs: this.leftMs(), signal: this.#signal };
  }
}
