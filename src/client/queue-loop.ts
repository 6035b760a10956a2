import type { Clock, Timer } from '../base/clock.js';

interface QueueLoopSteps {
  /** One turn. @returns ms to wait before the next, null to end the loop */
  step(signal: AbortSignal): Promise<number | null>;
  /** A turn threw. @returns ms to wait before the next */
  failed(error: unknown): number;
}

/** Turns one after the other, with the event loop's turn in between, until stopped. */
export class QueueLoop {
  readonly #clock: Clock;
  readonly #steps: QueueLoopSteps;
  readonly #stopping = new AbortController();
  #timer: Timer | null = null;

  constructor(clock: Clock, steps: QueueLoopSteps) {
    this.#clock = clock;
    this.#steps = steps;
  }

  start(delayMs: number): void {
    this.#again(delayMs);
  }

  /** Begins no more turns; aborts the signal of the one under way, whose outcome then does not count. */
  stop(): void {
    this.#timer?.cancel();
    this.#stopping.abort(new Error('the queue was given up'));
  }

  #again(delayMs: number): void {
    if (this.#stopping.signal.aborted) return;
    if (delayMs > 0) this.#timer = this.#clock.after(delayMs, () => this.#turn());
    else setImmediate(() => this.#turn());
  }

  #turn(): void {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    this.#steps.step(signal).then(
      (delayMs) => {
        if (delayMs !== null) this.#again(delayMs);
      },
      (error: unknown) => {
        if (!signal.aborted) this.#again(this.#steps.failed(error));
      },
    );
  }
}
