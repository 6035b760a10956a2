import type { Clock, Timer } from '../../src/base/clock.js';

interface Pending {
  dueMs: number;
  /** Keeps timers of one instant in the order they were set. */
  readonly order: number;
  readonly periodMs: number | null;
  readonly fn: () => void;
}

/** A clock that only moves when told to: wall and monotonic time advance together. */
export class ManualClock implements Clock {
  readonly #startMs: number;
  readonly #timers = new Set<Pending>();
  #elapsedMs = 0;
  #order = 0;

  /** @param startMs wall time at the start, ms since the epoch; monotonic time starts at 0 */
  constructor(startMs = 1_700_000_000_000) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, fn: () => void): Timer {
    return this.#add(delayMs, null, fn);
  }

  every(periodMs: number, fn: () => void): Timer {
    return this.#add(periodMs, periodMs, fn);
  }

  /** Timers that would still fire. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** ms until the next timer, or null when there is none. */
  get nextTimerInMs(): number | null {
    const next = this.#next(Number.POSITIVE_INFINITY);
    return next ? next.dueMs - this.#elapsedMs : null;
  }

  /**
   * Moves the time on, running each timer that falls due at its own instant, in order. What timers resolve or
   * queue runs later: use `advanceAsync` when timers start asynchronous work that sets further timers.
   */
  advance(ms: number): void {
    const end = this.#elapsedMs + ms;
    for (let timer = this.#next(end); timer; timer = this.#next(end)) this.#fire(timer);
    this.#elapsedMs = end;
  }

  /** As `advance`, but lets promises and immediates run after every timer. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#elapsedMs + ms;
    await settle();
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#fire(timer);
      await settle();
    }
    this.#elapsedMs = end;
  }

  #add(delayMs: number, periodMs: number | null, fn: () => void): Timer {
    // As in Node, a delay below 1 ms counts as 1: a timer never fires at the instant it is set.
    const timer: Pending = {
      dueMs: this.#elapsedMs + Math.max(1, delayMs),
      order: this.#order++,
      periodMs: periodMs === null ? null : Math.max(1, periodMs),
      fn,
    };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  #next(endMs: number): Pending | null {
    let next: Pending | null = null;
    for (const timer of this.#timers) {
      if (timer.dueMs > endMs) continue;
      if (!next || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order)) next = timer;
    }
    return next;
  }

  #fire(timer: Pending): void {
    this.#elapsedMs = timer.dueMs;
    if (timer.periodMs === null) this.#timers.delete(timer);
    else timer.dueMs += timer.periodMs;
    timer.fn();
  }
}

/** Lets queued microtasks and immediates run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
