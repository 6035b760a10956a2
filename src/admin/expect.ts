import { sleep } from '../base/clock.js';
import { isTopicNotExist } from '../client/errors.js';
import { type MessageDoc, messageDoc } from './message-doc.js';
import type { AdminSession } from './session.js';
import { type TailRequest, tailTopics } from './tail.js';
import { within } from './wait.js';

export interface ExpectRequest extends Omit<TailRequest, 'follow' | 'count'> {
  /** Messages that have to fit, at least; 0: none may, until the time is up. */
  readonly count: number;
  readonly waitMs: number;
}

export interface Expected {
  readonly met: boolean;
  readonly topics: readonly string[];
  readonly wanted: number;
  readonly found: number;
  /** Messages passed, fitting or not. */
  readonly looked: number;
  /** Whether everything stored has been looked at. */
  readonly isBehind: boolean;
  readonly waitedMs: number;
  /** A topic that did not exist until the end; null when all did. */
  readonly missing: string | null;
  /** The first messages that fit, at most `KEPT`. */
  readonly messages: readonly MessageDoc[];
}

const KEPT = 20;
/** Pause before a topic that does not exist is looked for again, ms. */
const AGAIN_MS = 500;

/**
 * Reads topics until enough messages fit, or the time is up. A topic that does not exist yet is waited for.
 *
 * @throws as tailTopics, but for topics without a route
 */
export async function expectMessages(session: AdminSession, request: ExpectRequest): Promise<Expected> {
  const { topics, count, waitMs } = request;
  const beginMs = session.clock.monotonicMs();
  const messages: MessageDoc[] = [];
  let found = 0;
  let looked = 0;
  let isBehind = true;
  let missing: string | null = null;
  // None may fit: one that does ends it at once.
  const enough = Math.max(1, count);
  const onProgress = (progress: { looked: number; isBehind: boolean }): void => {
    ({ looked, isBehind } = progress);
  };
  await within(session, waitMs, async (bounded) => {
    for (;;) {
      try {
        for await (const message of tailTopics(bounded, { ...request, count: null, follow: true }, { onProgress })) {
          missing = null;
          found += 1;
          if (messages.length < KEPT) messages.push(messageDoc(message));
          if (found >= enough) return;
        }
        return;
      } catch (error) {
        bounded.signal?.throwIfAborted();
        if (!isTopicNotExist(error)) throw error;
        missing = topics.length === 1 ? (topics[0] as string) : topics.join(', ');
        await sleep(AGAIN_MS, bounded.signal);
      }
    }
  });
  return {
    met: count === 0 ? found === 0 : found >= count,
    topics,
    wanted: count,
    found,
    looked,
    isBehind,
    waitedMs: Math.round(session.clock.monotonicMs() - beginMs),
    missing,
    messages,
  };
}
