import type { Clock, Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { endsWithin } from './ends-within.js';

/** At least this long between two rounds. Source: RebalanceService.java#minInterval */
const MIN_INTERVAL_MS = 1000;

/**
 * Runs rebalance rounds, one at a time: every `waitMs`, when woken, and every second while a round says that it
 * could not finish its work.
 *
 * Source: client/impl/consumer/RebalanceService.java
 */
export class RebalanceLoop {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #waitMs: number;
  readonly #round: () => Promise<boolean>;
  #timer: Timer | null = null;
  #dueMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;
  #isStopped = false;

  /** @param round one round; resolves false when there is something left to do */
  constructor(deps: { clock: Clock; logger: Logger; waitMs: number; round: () => Promise<boolean> }) {
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#waitMs = deps.waitMs;
    this.#round = deps.round;
  }

  /** Asks for a round as soon as the last one is a second ago, or after `delayMs` if that is later. */
  wake(delayMs = 0): void {
    if (this.#isStopped) return;
    const now = this.#clock.monotonicMs();
    const dueMs = Math.max(now + delayMs, this.#lastMs + MIN_INTERVAL_MS);
    if (dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    this.#schedule();
  }

  /** No round begins any more. Resolves when the one under way has ended, or after `maxMs`. */
  async stop(maxMs: number): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    if (this.#running !== null) await endsWithin(this.#clock, this.#running, maxMs);
  }

  #schedule(): void {
    this.#timer?.cancel();
    if (this.#running !== null || this.#isStopped) return;
    this.#timer = this.#clock.after(Math.max(0, this.#dueMs - this.#clock.monotonicMs()), () => {
      this.#running = this.#run().finally(() => {
        this.#running = null;
        this.#schedule();
      });
    });
  }

  async #run(): Promise<void> {
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#lastMs = this.#clock.monotonicMs();
    let isBalanced = false;
    try {
      isBalanced = await this.#round();
    } catch (error) {
      if (!this.#isStopped) this.#logger.warn({ cause: errorText(error) }, 'rebalance failed');
    }
    this.wake(isBalanced ? this.#waitMs : MIN_INTERVAL_MS);
  }
}
