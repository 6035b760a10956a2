import { sleep } from '../base/clock.js';
import { Deadline } from './deadline.js';
import { failureOf } from './failure.js';
import type { AdminSession } from './session.js';

/** What came of waiting. */
export interface Waited<S> {
  readonly met: boolean;
  /** The last state seen; null when nothing could be read. */
  readonly state: S | null;
  /** Why the last look failed; null when it did not. */
  readonly reason: string | null;
  readonly waitedMs: number;
}

const POLL_MS = 500;

/** Failures that waiting does not cure. */
const FOR_GOOD: ReadonlySet<string> = new Set(['usage', 'not-permitted']);

/** A session whose calls all end with `signal`. */
export function endedBy(session: AdminSession, signal: AbortSignal): AdminSession {
  const all = session.signal === undefined ? signal : AbortSignal.any([session.signal, signal]);
  const deadline = (timeoutMs = session.timeoutMs) => new Deadline(session.clock, timeoutMs, all);
  return { ...session, signal: all, deadline };
}

/**
 * Runs `work` for at most `waitMs`.
 *
 * @returns null when the time was up first
 * @throws what `work` throws in time; the signal's reason
 */
export async function within<T>(
  session: AdminSession,
  waitMs: number,
  work: (bounded: AdminSession) => Promise<T>,
): Promise<{ readonly value: T } | null> {
  const stop = new AbortController();
  const timer = session.clock.after(waitMs, () => stop.abort());
  try {
    return { value: await work(endedBy(session, stop.signal)) };
  } catch (error) {
    if (stop.signal.aborted && session.signal?.aborted !== true) return null;
    throw error;
  } finally {
    timer.cancel();
  }
}

/**
 * Looks again and again until the condition holds or the time is up. What is not found or does not answer may come yet.
 *
 * @param look gives the state, and whether it is what is waited for
 * @throws what waiting does not cure: wrong usage, a refused access; the signal's reason
 */
export async function waitUntil<S>(
  session: AdminSession,
  waitMs: number,
  look: (session: AdminSession) => Promise<{ readonly met: boolean; readonly state: S }>,
): Promise<Waited<S>> {
  const beginMs = session.clock.monotonicMs();
  let state: S | null = null;
  let reason: string | null = null;
  const done = await within(session, waitMs, async (bounded) => {
    for (;;) {
      try {
        const seen = await look(bounded);
        state = seen.state;
        reason = null;
        if (seen.met) return true;
      } catch (error) {
        bounded.signal?.throwIfAborted();
        const failure = failureOf(error);
        if (FOR_GOOD.has(failure.kind) || failure.code === 'INTERNAL') throw error;
        reason = failure.message;
      }
      await sleep(POLL_MS, bounded.signal);
    }
  });
  return { met: done !== null, state, reason, waitedMs: Math.round(session.clock.monotonicMs() - beginMs) };
}
