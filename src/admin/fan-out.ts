import { AdminError, type FailureKind, failureOf } from './failure.js';

/** Requests of one use case that may be under way at a time. */
export const FAN_OUT_LIMIT = 64;

/** Failures of the way to a server, not of what it was asked. */
export const LOST_CODES: ReadonlySet<string> = new Set([
  'REMOTING_CONNECT',
  'REMOTING_TIMEOUT',
  'REMOTING_SEND_REQUEST',
]);

/** A broker that did not give its part of a result, and why. */
export interface Unreachable {
  readonly brokerName: string | null;
  readonly addr: string;
  /** Stable name of the failure: `REMOTING_TIMEOUT`, `SYSTEM_BUSY`, … */
  readonly code: string;
  readonly reason: string;
}

/** `broker-b (10.0.0.3:10911) did not answer within 8000 ms`, or what it answered instead. */
export function unreachableText({ brokerName, addr, code, reason }: Unreachable): string {
  const who = brokerName === null ? addr : `${brokerName} (${addr})`;
  if (reason.startsWith(`${addr} did not answer`)) return `${who}${reason.slice(addr.length)}`;
  return LOST_CODES.has(code) ? `${who} did not answer: ${reason}` : `${who}: ${reason}`;
}

/** A result put together from several brokers. */
export interface Partial {
  /** False when some broker did not answer: what it holds is missing. */
  readonly complete: boolean;
  readonly unreachable: readonly Unreachable[];
}

/** Somebody to ask. */
export interface Target {
  readonly brokerName: string | null;
  readonly addr: string;
}

export interface FanOutResult<T extends Target, R> extends Partial {
  readonly answers: ReadonlyArray<{ readonly target: T; readonly value: R }>;
}

/**
 * Runs `work` over `items`, at most `limit` at a time, and keeps their order.
 *
 * @throws the first error of `work`; what was under way goes on unheard, and nothing more is begun
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      try {
        results[index] = await work(items[index] as T, index);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

/**
 * Asks all targets, at most `limit` at a time. Failures become `unreachable` entries.
 *
 * @throws only an abort
 */
export async function askEach<T extends Target, R>(
  targets: readonly T[],
  limit: number,
  ask: (target: T) => Promise<R>,
): Promise<FanOutResult<T, R> & { firstError: unknown }> {
  const errors: Array<{ readonly error: unknown; readonly kind: FailureKind }> = [];
  const unreachable: Unreachable[] = [];
  const answers: Array<{ target: T; value: R }> = [];
  const outcomes = await mapBounded(targets, limit, async (target) => {
    try {
      return { target, value: await ask(target) };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'interrupted') throw error;
      errors.push({ error, kind: failure.kind });
      return { target, failure };
    }
  });
  for (const outcome of outcomes) {
    const { brokerName, addr } = outcome.target;
    if (outcome.failure === undefined) answers.push({ target: outcome.target, value: outcome.value as R });
    else unreachable.push({ brokerName, addr, code: outcome.failure.code, reason: outcome.failure.message });
  }
  // What one broker lacks another may have: that one is silent says more.
  const telling = errors.find(({ kind }) => kind !== 'not-found') ?? errors[0];
  return { complete: unreachable.length === 0, unreachable, answers, firstError: telling?.error };
}

/**
 * As askEach, but a result that nobody contributed to is a failure.
 *
 * @throws the first failure when nobody answered and somebody was asked
 */
export async function askAll<T extends Target, R>(
  targets: readonly T[],
  limit: number,
  ask: (target: T) => Promise<R>,
): Promise<FanOutResult<T, R>> {
  const { firstError, ...result } = await askEach(targets, limit, ask);
  if (result.answers.length === 0 && result.unreachable.length > 0) throw firstError;
  return result;
}

/** The error for something that nobody who answered has: not found, but only unknown while somebody is silent. */
export function nobodyHas(
  result: Partial,
  message: string,
  options: { hint?: string; cause?: unknown } = {},
): AdminError {
  if (result.complete) return new AdminError('not-found', message, options);
  const silent = result.unreachable.map(({ brokerName, addr, reason }) => `${brokerName ?? addr}: ${reason}`);
  return new AdminError('partial', `${message}, as far as brokers answered (${silent.join('; ')})`, {
    cause: options.cause,
  });
}

/** Joins what is known about missing brokers, each broker once. */
export function joinPartial(...parts: readonly Partial[]): Partial {
  const seen = new Map<string, Unreachable>();
  for (const part of parts)
    for (const entry of part.unreachable) if (!seen.has(entry.addr)) seen.set(entry.addr, entry);
  return { complete: parts.every((part) => part.complete), unreachable: [...seen.values()] };
}
