/** A pending timer. `cancel` may be called any number of times. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as a dependency, so that tests move it by hand. Timers never keep the process alive on their own.
 */
export interface Clock {
  /** Wall time, ms since the epoch. */
  now(): number;
  /** Monotonic time in ms (fractions allowed); only differences mean anything. */
  monotonicMs(): number;
  /** Runs `fn` once after `delayMs`. */
  after(delayMs: number, fn: () => void): Timer;
  /** Runs `fn` every `periodMs`, first after one period. */
  every(periodMs: number, fn: () => void): Timer;
}

/** The longest that timers of Node wait, ms: 24 days. What is to wait longer would be due at once. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fn) {
    const handle = setTimeout(fn, Math.min(delayMs, LONGEST_MS));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, fn) {
    const handle = setInterval(fn, Math.min(periodMs, LONGEST_MS));
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
};

/** Resolves after `delayMs`, or rejects with the signal's reason. Keeps the process alive while it waits. */
export function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      clearTimeout(handle);
      reject(signal?.reason);
    };
    const handle = setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      Math.min(delayMs, LONGEST_MS),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Randomness as a dependency. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

export const systemRandom: Random = { next: () => Math.random() };
