import type { Clock, Timer } from '../base/clock.js';

/** Every deadline is rounded up to a multiple of this, ms. */
const TICK_MS = 10;

/** One thing that is to happen at a time; held by its owner to cancel it. */
export interface Deadline {
  readonly tick: number;
  readonly expire: () => void;
}

/**
 * Many deadlines on one timer, in buckets of 10 ms: setting and cancelling one costs two map operations, where a
 * timer for each costs microseconds. The timer runs only while there is a deadline.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #buckets = new Map<number, Set<Deadline>>();
  #timer: Timer | null = null;
  #timerTick = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Monotonic time, ms. */
  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** Calls `expire` once, at least `delayMs` from now. */
  add(delayMs: number, expire: () => void): Deadline {
    const tick = Math.ceil((this.#clock.monotonicMs() + Math.max(0, delayMs)) / TICK_MS);
    const deadline: Deadline = { tick, expire };
    const bucket = this.#buckets.get(tick);
    if (bucket === undefined) this.#buckets.set(tick, new Set([deadline]));
    else bucket.add(deadline);
    if (tick < this.#timerTick) this.#arm(tick);
    return deadline;
  }

  /** Does nothing when it has expired. */
  cancel(deadline: Deadline): void {
    const bucket = this.#buckets.get(deadline.tick);
    if (bucket === undefined) return;
    bucket.delete(deadline);
    if (bucket.size > 0) return;
    this.#buckets.delete(deadline.tick);
    if (this.#buckets.size === 0) this.#disarm();
  }

  #arm(tick: number): void {
    this.#disarm();
    this.#timerTick = tick;
    this.#timer = this.#clock.after(Math.max(0, tick * TICK_MS - this.#clock.monotonicMs()), () => this.#expireDue());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerTick = Number.POSITIVE_INFINITY;
  }

  #expireDue(): void {
    this.#disarm();
    const nowMs = this.#clock.monotonicMs();
    const due = [...this.#buckets.keys()].filter((tick) => tick * TICK_MS <= nowMs).sort((a, b) => a - b);
    for (const tick of due) {
      const bucket = this.#buckets.get(tick);
      this.#buckets.delete(tick);
      for (const deadline of bucket ?? []) deadline.expire();
    }
    let next = Number.POSITIVE_INFINITY;
    for (const tick of this.#buckets.keys()) next = Math.min(next, tick);
    if (next < this.#timerTick) this.#arm(next);
  }
}
