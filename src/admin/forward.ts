import { sleep } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import { AdminError } from './failure.js';
import type { MessageDoc } from './message-doc.js';
import type { AdminSession } from './session.js';

export interface ForwardOptions {
  readonly url: string;
  /** Tries after the first one. */
  readonly retries: number;
  /** Further headers, by name. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** First pause before another try, ms; each is twice as long as the one before. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Makes a function that posts one message as JSON and resolves when it was taken (2xx). What the receiver refuses for
 * good (4xx but 408 and 429) is not tried again.
 *
 * @throws AdminError (usage) for a URL that is none
 */
export function forwarder(session: AdminSession, options: ForwardOptions): (message: MessageDoc) => Promise<void> {
  const url = urlOf(options.url);
  return async (message) => {
    const body = JSON.stringify(message);
    const place = `${message.topic} ${message.brokerName}/${message.queueId}@${message.queueOffset}`;
    let pauseMs = FIRST_PAUSE_MS;
    for (let tries = 1; ; tries += 1) {
      const { isForGood, reason } = await post(session, url, body, options);
      if (reason === null) return;
      if (isForGood || tries > options.retries) {
        throw new AdminError(isForGood ? 'failed' : 'unreachable', `${url.href} did not take ${place}: ${reason}`, {
          hint: `all before it were taken; tried ${tries} times. Go on with --from @${message.storeTimestamp}`,
        });
      }
      await sleep(pauseMs, session.signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  };
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new AdminError('usage', `"${text}" is no http or https URL`);
  }
  return url;
}

/** @returns reason null when it was taken */
async function post(
  session: AdminSession,
  url: URL,
  body: string,
  { headers }: ForwardOptions,
): Promise<{ isForGood: boolean; reason: string | null }> {
  const overdue = AbortSignal.timeout(session.timeoutMs);
  const signal = session.signal === undefined ? overdue : AbortSignal.any([session.signal, overdue]);
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
      signal,
      redirect: 'error',
    });
    await response.arrayBuffer();
    if (response.ok) return { isForGood: false, reason: null };
    const { status, statusText } = response;
    const isForGood = status >= 300 && status < 500 && status !== 408 && status !== 429;
    return { isForGood, reason: `${status} ${statusText}`.trim() };
  } catch (error) {
    session.signal?.throwIfAborted();
    if (overdue.aborted) return { isForGood: false, reason: `no answer within ${session.timeoutMs} ms` };
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { isForGood: false, reason: errorText(cause) };
  }
}
