import type { Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type { MessageExt } from '../protocol/message.js';
import { MessageProperty } from '../protocol/message-property.js';
import { type MessageQueue, messageQueueKey } from '../protocol/message-queue.js';
import type { ConsumeOrderlyContext, ConsumeOrderlyStatus, MessageListenerOrderly } from './consume-listener.js';
import { type ConsumeHost, type ConsumeService, consumeDirectly, restoreTopics } from './consume-service.js';
import { endsWithin } from './ends-within.js';
import type { ProcessQueue } from './process-queue.js';
import { KeyedMutex, TaskPool } from './task-pool.js';

/** Locks are renewed this often: the broker forgets them after 60 s, we after 30 s. */
const LOCK_INTERVAL_MS = 20_000;
const FIRST_LOCK_MS = 1000;
/** One run of a queue lasts no longer, so that others get their turn. */
const MAX_RUN_MS = 60_000;
const MIN_SUSPEND_MS = 10;
const MAX_SUSPEND_MS = 30_000;
const LOCK_FAILED_MS = 3000;

const newContext = (messageQueue: MessageQueue): ConsumeOrderlyContext => ({
  messageQueue,
  autoCommit: true,
  suspendCurrentQueueTimeMillis: -1,
});

/**
 * Calls the listener for one batch of a queue after the other, while the broker's lock of the queue is ours.
 *
 * A queue has at most one task: `pq.consuming` is true while it runs or is due.
 *
 * Source: client/impl/consumer/ConsumeMessageOrderlyService.java
 */
export class ConsumeOrderlyService implements ConsumeService {
  readonly #host: ConsumeHost;
  readonly #listener: MessageListenerOrderly;
  readonly #pool: TaskPool;
  /** A queue that left and came back has two ProcessQueues for a moment: their listeners must not overlap. */
  readonly #mutex = new KeyedMutex();
  readonly #timers = new Set<Timer>();
  #lockTimer: Timer | null = null;
  #isStopped = false;

  constructor(host: ConsumeHost, listener: MessageListenerOrderly) {
    this.#host = host;
    this.#listener = listener;
    this.#pool = new TaskPool(host.config.consumeThreadMax);
  }

  start(): void {
    if (this.#isBroadcasting) return;
    const { clock } = this.#host.instance;
    const renew = () => {
      this.#host.lockAll().catch((error: unknown) => {
        this.#host.instance.logger.warn({ cause: errorText(error) }, 'could not renew the locks');
      });
    };
    this.#lockTimer = clock.after(FIRST_LOCK_MS, () => {
      renew();
      if (!this.#isStopped) this.#lockTimer = clock.every(LOCK_INTERVAL_MS, renew);
    });
  }

  submit(_messages: readonly MessageExt[], pq: ProcessQueue, mq: MessageQueue): void {
    if (pq.consuming) return;
    pq.consuming = true;
    this.#enqueue(pq, mq);
  }

  async consumeDirectly(message: MessageExt, brokerName: string | null) {
    const mq = { topic: message.topic, brokerName: brokerName ?? '', queueId: message.queueId };
    message.brokerName = brokerName;
    restoreTopics([message], this.#host);
    const context = newContext(mq);
    const results = {
      SUCCESS: 'CR_SUCCESS',
      SUSPEND_CURRENT_QUEUE_A_MOMENT: 'CR_LATER',
      COMMIT: 'CR_COMMIT',
      ROLLBACK: 'CR_ROLLBACK',
    } as const;
    const result = await consumeDirectly(this.#host.instance, true, results, () => this.#listener([message], context));
    return { ...result, autoCommit: context.autoCommit };
  }

  async shutdown(awaitMs: number): Promise<void> {
    this.#isStopped = true;
    this.#lockTimer?.cancel();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#pool.clear();
    await endsWithin(this.#host.instance.clock, this.#pool.whenIdle(), awaitMs);
  }

  get #isBroadcasting(): boolean {
    return this.#host.config.messageModel === 'BROADCASTING';
  }

  #enqueue(pq: ProcessQueue, mq: MessageQueue): void {
    this.#pool.run(async () => {
      try {
        await this.#mutex.run(messageQueueKey(mq), () => this.#run(pq, mq));
      } catch (error) {
        this.#host.instance.logger.error({ group: this.#host.group, ...mq, err: error }, 'orderly consumption failed');
        this.#later(1000, () => this.#enqueue(pq, mq));
      }
    });
  }

  /** Consumes until the queue is empty, suspended, lost, or has had its time. */
  async #run(pq: ProcessQueue, mq: MessageQueue): Promise<void> {
    const { clock } = this.#host.instance;
    const startMs = clock.monotonicMs();
    for (let isFirst = true; !pq.dropped && !this.#isStopped; isFirst = false) {
      if (!this.#isBroadcasting && (!pq.locked || pq.isLockExpired)) {
        this.#relockLater(pq, mq, isFirst ? 100 : 10);
        return;
      }
      if (clock.monotonicMs() - startMs > MAX_RUN_MS) {
        this.#later(MIN_SUSPEND_MS, () => this.#enqueue(pq, mq));
        return;
      }
      const messages = pq.take(this.#host.config.consumeMessageBatchMaxSize);
      if (messages.length === 0) {
        pq.consuming = false;
        return;
      }
      const suspendMs = await this.#consume(messages, pq, mq);
      if (suspendMs !== null) {
        this.#later(suspendMs, () => this.#enqueue(pq, mq));
        return;
      }
    }
  }

  /** @returns ms to wait before the next batch, null to go on */
  async #consume(messages: MessageExt[], pq: ProcessQueue, mq: MessageQueue): Promise<number | null> {
    const { clock, logger } = this.#host.instance;
    restoreTopics(messages, this.#host);
    const context = newContext(mq);
    const startMs = clock.monotonicMs();
    const traced = this.#host.trace?.(messages);
    const leave = pq.enterListener();
    let status: ConsumeOrderlyStatus | null = null;
    let hasThrown = false;
    try {
      status = await this.#listener([...messages], context);
    } catch (error) {
      hasThrown = true;
      logger.warn({ group: this.#host.group, ...mq, err: error }, 'the message listener threw');
    } finally {
      leave();
    }
    const isSuccess = status === 'SUCCESS' || status === 'COMMIT';
    const isLate = clock.monotonicMs() - startMs >= this.#host.config.consumeTimeout * 60_000;
    traced?.({ isSuccess, hasThrown, hasReturnedNull: status === null, isLate });
    return this.#settle(messages, status ?? 'SUSPEND_CURRENT_QUEUE_A_MOMENT', context, pq, {
      mq,
      rtMs: clock.monotonicMs() - startMs,
    });
  }

  async #settle(
    messages: MessageExt[],
    status: ConsumeOrderlyStatus,
    context: ConsumeOrderlyContext,
    pq: ProcessQueue,
    { mq, rtMs }: { mq: MessageQueue; rtMs: number },
  ): Promise<number | null> {
    const stats = this.#host.stats.of(mq.topic);
    const suspendMs = this.#suspendMs(context);
    switch (status) {
      case 'SUCCESS':
        stats.consumed(rtMs, messages.length, 0);
        if (context.autoCommit) this.#commit(pq, mq);
        return null;
      case 'COMMIT':
        stats.consumed(rtMs, context.autoCommit ? messages.length : 0, 0);
        this.#commit(pq, mq);
        return null;
      case 'ROLLBACK':
        stats.consumed(rtMs, context.autoCommit ? messages.length : 0, 0);
        if (context.autoCommit) {
          // Java takes a rollback without a transaction to roll back for a commit.
          this.#commit(pq, mq);
          return null;
        }
        pq.rollback();
        return suspendMs;
      case 'SUSPEND_CURRENT_QUEUE_A_MOMENT':
        stats.consumed(rtMs, 0, messages.length);
        if (await this.#mayReconsume(messages)) {
          pq.giveBack(messages.length);
          return suspendMs;
        }
        if (context.autoCommit) this.#commit(pq, mq);
        return null;
    }
  }

  #commit(pq: ProcessQueue, mq: MessageQueue): void {
    const queueOffset = pq.commit();
    if (queueOffset !== null && !pq.dropped) this.#host.offsetStore.table.update(mq, queueOffset, false);
  }

  #suspendMs({ suspendCurrentQueueTimeMillis }: ConsumeOrderlyContext): number {
    const wanted =
      suspendCurrentQueueTimeMillis === -1
        ? this.#host.config.suspendCurrentQueueTimeMillis
        : suspendCurrentQueueTimeMillis;
    return Math.min(MAX_SUSPEND_MS, Math.max(MIN_SUSPEND_MS, wanted));
  }

  /**
   * Counts one more delivery. A message that has had its number goes to the retry topic instead, where the broker
   * makes a dead letter of it.
   *
   * @returns false when none of the messages is to be consumed here again. Source: #checkReconsumeTimes
   */
  async #mayReconsume(messages: readonly MessageExt[]): Promise<boolean> {
    const { maxReconsumeTimes } = this.#host.config;
    const limit = maxReconsumeTimes === -1 ? 0x7fffffff : maxReconsumeTimes;
    let isAgain = false;
    for (const message of messages) {
      if (message.reconsumeTimes >= limit) {
        message.properties.set(MessageProperty.RECONSUME_TIME, String(message.reconsumeTimes));
        try {
          await this.#host.sendToRetryTopic(message, limit);
          continue;
        } catch (error) {
          const fields = { group: this.#host.group, msgId: message.msgId, cause: errorText(error) };
          this.#host.instance.logger.warn(fields, 'could not give up a message: consumed again');
        }
      }
      message.reconsumeTimes += 1;
      isAgain = true;
    }
    return isAgain;
  }

  #relockLater(pq: ProcessQueue, mq: MessageQueue, delayMs: number): void {
    this.#later(delayMs, () => {
      this.#pool.run(async () => {
        const isLocked = !pq.dropped && (await this.#host.lock(mq));
        this.#later(isLocked ? MIN_SUSPEND_MS : LOCK_FAILED_MS, () => this.#enqueue(pq, mq));
      });
    });
  }

  #later(delayMs: number, fn: () => void): void {
    if (this.#isStopped) return;
    const timer = this.#host.instance.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      fn();
    });
    this.#timers.add(timer);
  }
}
