import type { Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type { MessageExt } from '../protocol/message.js';
import { MessageProperty } from '../protocol/message-property.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import {
  ACK_ALL,
  type ConsumeConcurrentlyContext,
  type ConsumeConcurrentlyStatus,
  type MessageListenerConcurrently,
} from './consume-listener.js';
import { type ConsumeHost, type ConsumeService, consumeDirectly, restoreTopics } from './consume-service.js';
import { endsWithin } from './ends-within.js';
import type { ProcessQueue } from './process-queue.js';
import { TaskPool } from './task-pool.js';

/** Failed messages that could not be sent back are tried again locally after this. */
const LOCAL_RETRY_MS = 5000;
/** Expired messages that one round gives away, per queue. */
const MAX_EXPIRED_PER_ROUND = 16;
/** 10 s with the default table. */
const EXPIRED_DELAY_LEVEL = 3;

const newContext = (messageQueue: MessageQueue): ConsumeConcurrentlyContext => ({
  messageQueue,
  delayLevelWhenNextConsume: 0,
  ackIndex: ACK_ALL,
});

/** How a call of the listener went. */
export interface ConcurrentCall {
  /** Null when the listener threw or returned none. */
  readonly status: ConsumeConcurrentlyStatus | null;
  /** As the listener left it. */
  readonly context: ConsumeConcurrentlyContext;
  readonly rtMs: number;
}

/**
 * Calls a listener and records it. Never throws: what the listener throws is logged.
 *
 * @param lateMs a call that takes as long is recorded as late
 */
export async function callConcurrently(
  host: ConsumeHost,
  listener: MessageListenerConcurrently,
  messages: readonly MessageExt[],
  mq: MessageQueue,
  lateMs: number,
): Promise<ConcurrentCall> {
  const { clock, logger } = host.instance;
  restoreTopics(messages, host);
  const startTimestamp = String(clock.now());
  for (const { properties } of messages) properties.set(MessageProperty.CONSUME_START_TIMESTAMP, startTimestamp);
  const context = newContext(mq);
  const startMs = clock.monotonicMs();
  const traced = host.trace?.(messages);
  let status: ConsumeConcurrentlyStatus | null = null;
  let hasThrown = false;
  try {
    status = await listener([...messages], context);
  } catch (error) {
    hasThrown = true;
    logger.warn({ group: host.group, ...mq, err: error }, 'the message listener threw');
  }
  const rtMs = clock.monotonicMs() - startMs;
  const isSuccess = status === 'CONSUME_SUCCESS';
  traced?.({ isSuccess, hasThrown, hasReturnedNull: status === null, isLate: rtMs >= lateMs });
  return { status, context, rtMs };
}

/**
 * Calls the listener for batches of every queue at once; what fails goes back to the broker for later.
 *
 * Source: client/impl/consumer/ConsumeMessageConcurrentlyService.java
 */
export class ConsumeConcurrentlyService implements ConsumeService {
  readonly #host: ConsumeHost;
  readonly #listener: MessageListenerConcurrently;
  readonly #pool: TaskPool;
  readonly #retries = new Set<Timer>();
  #cleaner: Timer | null = null;
  #isStopped = false;

  constructor(host: ConsumeHost, listener: MessageListenerConcurrently) {
    this.#host = host;
    this.#listener = listener;
    this.#pool = new TaskPool(host.config.consumeThreadMax);
  }

  start(): void {
    const periodMs = this.#host.config.consumeTimeout * 60_000;
    this.#cleaner = this.#host.instance.clock.every(periodMs, () => {
      this.#cleanExpired(periodMs).catch((error: unknown) => {
        this.#host.instance.logger.warn({ cause: errorText(error) }, 'could not give away expired messages');
      });
    });
  }

  submit(messages: readonly MessageExt[], pq: ProcessQueue, mq: MessageQueue): void {
    const size = this.#host.config.consumeMessageBatchMaxSize;
    for (let start = 0; start < messages.length; start += size) {
      const batch = messages.slice(start, start + size);
      this.#pool.run(() => this.#consume(batch, pq, mq));
    }
  }

  consumeDirectly(message: MessageExt, brokerName: string | null) {
    const mq = { topic: message.topic, brokerName: brokerName ?? '', queueId: message.queueId };
    message.brokerName = brokerName;
    restoreTopics([message], this.#host);
    const results = { CONSUME_SUCCESS: 'CR_SUCCESS', RECONSUME_LATER: 'CR_LATER' } as const;
    return consumeDirectly(this.#host.instance, false, results, () => this.#listener([message], newContext(mq)));
  }

  async shutdown(awaitMs: number): Promise<void> {
    this.#isStopped = true;
    this.#cleaner?.cancel();
    for (const timer of this.#retries) timer.cancel();
    this.#retries.clear();
    this.#pool.clear();
    await endsWithin(this.#host.instance.clock, this.#pool.whenIdle(), awaitMs);
  }

  async #consume(messages: MessageExt[], pq: ProcessQueue, mq: MessageQueue): Promise<void> {
    if (pq.dropped || this.#isStopped) return;
    const { logger } = this.#host.instance;
    const leave = pq.enterListener();
    const lateMs = this.#host.config.consumeTimeout * 60_000;
    const call = callConcurrently(this.#host, this.#listener, messages, mq, lateMs).finally(leave);
    const { status, context, rtMs } = await call;
    if (pq.dropped) {
      logger.info({ group: this.#host.group, ...mq }, 'the queue was taken away meanwhile: the result does not count');
      return;
    }
    try {
      await this.#settle(messages, status ?? 'RECONSUME_LATER', context, pq, mq, rtMs);
    } catch (error) {
      logger.error({ group: this.#host.group, ...mq, err: error }, 'could not settle consumed messages');
    }
  }

  async #settle(
    messages: MessageExt[],
    status: ConsumeConcurrentlyStatus,
    context: ConsumeConcurrentlyContext,
    pq: ProcessQueue,
    mq: MessageQueue,
    rtMs: number,
  ): Promise<void> {
    const { config, instance, offsetStore, stats } = this.#host;
    const okCount = status === 'CONSUME_SUCCESS' ? Math.min(context.ackIndex + 1, messages.length) : 0;
    const failed = messages.slice(Math.max(0, okCount));
    stats.of(mq.topic).consumed(rtMs, okCount, failed.length);
    const kept = new Set<MessageExt>();
    if (failed.length > 0 && config.messageModel === 'BROADCASTING') {
      const msgIds = failed.map(({ msgId }) => msgId);
      instance.logger.warn({ group: this.#host.group, ...mq, msgIds }, 'broadcasting: failed messages are dropped');
    } else {
      const outcomes = failed.map((message) => this.#sendBack(message, context, pq));
      for (const message of (await Promise.all(outcomes)).filter((each) => each !== null)) kept.add(message);
      if (kept.size > 0) this.#retryLocally([...kept], pq, mq);
    }
    const queueOffset = pq.remove(messages.filter((message) => !kept.has(message)));
    if (queueOffset !== null && !pq.dropped) offsetStore.table.update(mq, queueOffset, true);
  }

  /** @returns the message when it could not be sent back */
  async #sendBack(
    message: MessageExt,
    context: ConsumeConcurrentlyContext,
    pq: ProcessQueue,
  ): Promise<MessageExt | null> {
    // Given away by the cleaner meanwhile.
    if (!pq.has(message)) return null;
    try {
      await this.#host.sendMessageBack(message, context.delayLevelWhenNextConsume);
      return null;
    } catch (error) {
      const fields = { group: this.#host.group, msgId: message.msgId, cause: errorText(error) };
      this.#host.instance.logger.warn(fields, 'could not send a message back: tried again here');
      message.reconsumeTimes += 1;
      return message;
    }
  }

  #retryLocally(messages: MessageExt[], pq: ProcessQueue, mq: MessageQueue): void {
    if (this.#isStopped) return;
    const timer = this.#host.instance.clock.after(LOCAL_RETRY_MS, () => {
      this.#retries.delete(timer);
      this.submit(messages, pq, mq);
    });
    this.#retries.add(timer);
  }

  /** Gives messages that hang in the listener to other consumers. Source: ProcessQueue.java#cleanExpiredMsg */
  async #cleanExpired(maxAgeMs: number): Promise<void> {
    for (const { pq } of [...this.#host.queues()]) {
      for (let count = 0; count < MAX_EXPIRED_PER_ROUND; count += 1) {
        const message = pq.first();
        const startedAt = Number(message?.properties.get(MessageProperty.CONSUME_START_TIMESTAMP) ?? Number.NaN);
        if (message === null || !(this.#host.instance.clock.now() - startedAt > maxAgeMs)) break;
        try {
          await this.#host.sendMessageBack(message, EXPIRED_DELAY_LEVEL);
        } catch (error) {
          this.#host.instance.logger.warn({ msgId: message.msgId, cause: errorText(error) }, 'could not send back');
          break;
        }
        if (pq.first() === message) pq.remove([message]);
      }
    }
  }
}
