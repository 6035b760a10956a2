import type { Clock } from '../base/clock.js';

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
