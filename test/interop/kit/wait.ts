import { sleep, systemClock } from '../../../src/base/clock.js';
import { errorText } from '../../../src/base/errors.js';

/** Time for anything to come about on a busy machine. */
export const WAIT_MS = 60_000;

/**
 * The first value of `probe` that is neither false, null nor undefined. A throw of it counts as not yet.
 *
 * @param what what is waited for, for the message; called when the time is over
 * @throws Error naming `what` and how the last try went, after `timeoutMs`
 */
export async function waitFor<T>(
  what: string | (() => string),
  probe: () => T | Promise<T>,
  timeoutMs = WAIT_MS,
): Promise<Exclude<T, false | null | undefined>> {
  const deadlineMs = systemClock.monotonicMs() + timeoutMs;
  let last = '';
  for (;;) {
    try {
      const value = await probe();
      if (value !== false && value !== null && value !== undefined) {
        return value as Exclude<T, false | null | undefined>;
      }
      last = '';
    } catch (error) {
      last = `: ${errorText(error)}`;
    }
    if (systemClock.monotonicMs() > deadlineMs) {
      const named = typeof what === 'string' ? what : what();
      throw new Error(`waited ${timeoutMs} ms for ${named}${last}`);
    }
    await sleep(100);
  }
}

/** @throws Error with both values when they differ as JSON */
export function mustEqual(what: string, actual: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: ${clip(one)}, expected ${clip(other)}`);
}

/** @throws Error */
export function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

function clip(text = 'undefined'): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
