import type { Clock } from '../base/clock.js';

/** Resolves after `delayMs` of the clock. @throws the signal's reason */
export function delay(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      timer.cancel();
      reject(signal.reason);
    };
    const timer = clock.after(delayMs, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Resolves true once `work` has ended, false if that takes longer than `maxMs`. `work` must not reject. */
export function endsWithin(clock: Clock, work: Promise<void>, maxMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(maxMs, () => resolve(false));
    work.finally(() => {
      timer.cancel();
      resolve(true);
    });
  });
}
