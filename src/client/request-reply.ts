/**
 * Request and reply over messages: who waits for what, and how a consumer makes its reply.
 *
 * Source: client/producer/RequestFutureHolder.java, client/utils/MessageUtil.java
 */
import type { Clock } from '../base/clock.js';
import { createMessage, type Message, type MessageExt } from '../protocol/message.js';
import { MessageProperty } from '../protocol/message-property.js';
import { replyTopic } from '../protocol/topic-validator.js';
import { ClientErrorCode, MQClientError } from './errors.js';

/** Requests of one producer that may wait at a time. */
const MAX_WAITING = 65_535;

interface Waiter {
  /** Rejects with MQClientError 10006 on timeout. */
  readonly reply: Promise<MessageExt>;
  /** Gives up: `reply` then never settles. */
  cancel(): void;
}

/** Requests that wait for their reply, by correlation id. */
export class ReplyWaiters {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, { resolve(message: MessageExt): void; reject(error: unknown): void }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws MQClientError when too many wait */
  wait(correlationId: string, topic: string, timeoutMs: number, signal?: AbortSignal): Waiter {
    if (this.#waiting.size >= MAX_WAITING) throw new MQClientError(`over ${MAX_WAITING} requests wait for their reply`);
    const { promise, resolve, reject } = deferred<MessageExt>();
    const settle = () => {
      this.#waiting.delete(correlationId);
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown) => {
      settle();
      reject(error);
    };
    const onAbort = () => fail(signal?.reason);
    const timer = this.#clock.after(timeoutMs, () => {
      const text = `send request message to <${topic}> OK, but wait reply message timeout, ${Math.round(timeoutMs)} ms.`;
      fail(new MQClientError(text, { responseCode: ClientErrorCode.REQUEST_TIMEOUT_EXCEPTION }));
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#waiting.set(correlationId, {
      resolve(message) {
        settle();
        resolve(message);
      },
      reject: fail,
    });
    // The caller may not have come to awaiting it when it fails.
    promise.catch(() => {});
    return { reply: promise, cancel: settle };
  }

  /** @returns false when nobody waits for this reply (any more) */
  complete(message: MessageExt): boolean {
    const waiter = this.#waiting.get(message.properties.get(MessageProperty.CORRELATION_ID) ?? '');
    waiter?.resolve(message);
    return waiter !== undefined;
  }

  /** Rejects all. */
  close(): void {
    for (const waiter of [...this.#waiting.values()]) waiter.reject(new MQClientError('the producer was shut down'));
  }
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/**
 * The reply to a request: send it with a producer of any group.
 *
 * @throws MQClientError (10007) if the request was not stored by a broker that tells its cluster
 */
export function createReplyMessage(request: Message, body: string | Uint8Array): Message {
  const cluster = request.properties.get(MessageProperty.CLUSTER);
  if (cluster === undefined) {
    const text = `create reply message fail, requestMessage error, property[${MessageProperty.CLUSTER}] is null.`;
    throw new MQClientError(text, { responseCode: ClientErrorCode.CREATE_REPLY_MESSAGE_EXCEPTION });
  }
  const reply = createMessage(replyTopic(cluster), body);
  reply.properties.set(MessageProperty.MESSAGE_TYPE, 'reply');
  const copied = [MessageProperty.CORRELATION_ID, MessageProperty.MESSAGE_REPLY_TO_CLIENT, MessageProperty.MESSAGE_TTL];
  for (const name of copied) {
    const value = request.properties.get(name);
    if (value !== undefined) reply.properties.set(name, value);
  }
  return reply;
}
