import { errorText } from '../base/errors.js';
import { type MessageQueue, messageQueueKey } from '../protocol/message-queue.js';
import type { MQClientInstance } from './mq-client-instance.js';
import type { ProcessQueue } from './process-queue.js';
import { MASTER_ID } from './route.js';

const LOCK_TIMEOUT_MS = 1000;

type HeldQueue = { mq: MessageQueue; pq: ProcessQueue };

/**
 * Locks of queues at their masters, for orderly consumption.
 *
 * Source: client/impl/consumer/RebalanceImpl.java#lock, #lockAll, #unlock, #unlockAll
 */
export class QueueLocks {
  readonly #instance: MQClientInstance;
  readonly #group: string;
  readonly #held: () => Iterable<HeldQueue>;

  /** @param held the queues in hand, whose `locked` is kept */
  constructor(instance: MQClientInstance, group: string, held: () => Iterable<HeldQueue>) {
    this.#instance = instance;
    this.#group = group;
    this.#held = held;
  }

  /** @returns whether the lock is ours now; false also when the broker could not be asked */
  async lock(mq: MessageQueue): Promise<boolean> {
    const locked = await this.#ask(mq.brokerName, [mq]);
    if (locked === null) return false;
    for (const { mq: held, pq } of this.#held()) if (locked.has(messageQueueKey(held))) pq.markLocked();
    return locked.has(messageQueueKey(mq));
  }

  /** Renews the locks of all queues in hand. Where a broker cannot be asked, the present state stays until it expires. */
  async lockAll(): Promise<void> {
    await Promise.all(
      [...this.#byBroker()].map(async ([brokerName, queues]) => {
        const locked = await this.#ask(
          brokerName,
          queues.map(({ mq }) => mq),
        );
        if (locked === null) return;
        for (const { mq, pq } of queues) {
          if (locked.has(messageQueueKey(mq))) pq.markLocked();
          else pq.locked = false;
        }
      }),
    );
  }

  /** One-way: nobody waits for it. */
  async unlock(mq: MessageQueue): Promise<void> {
    await this.#release(mq.brokerName, [mq]);
  }

  async unlockAll(): Promise<void> {
    await Promise.all(
      [...this.#byBroker()].map(async ([brokerName, queues]) => {
        for (const { pq } of queues) pq.locked = false;
        await this.#release(
          brokerName,
          queues.map(({ mq }) => mq),
        );
      }),
    );
  }

  #byBroker(): Map<string, HeldQueue[]> {
    const groups = new Map<string, HeldQueue[]>();
    for (const held of this.#held()) {
      const group = groups.get(held.mq.brokerName);
      if (group) group.push(held);
      else groups.set(held.mq.brokerName, [held]);
    }
    return groups;
  }

  async #ask(brokerName: string, mqSet: MessageQueue[]): Promise<Set<string> | null> {
    const master = this.#instance.findBrokerAddressInSubscribe(brokerName, MASTER_ID, true);
    if (master === null) return null;
    const { signal } = this.#instance;
    try {
      const locked = await this.#instance.api.lockBatchMQ(
        master.addr,
        { consumerGroup: this.#group, clientId: this.#instance.clientId, mqSet, onlyThisBroker: false },
        { timeoutMs: LOCK_TIMEOUT_MS, signal },
      );
      return new Set(locked.map(messageQueueKey));
    } catch (error) {
      const fields = { group: this.#group, brokerName, cause: errorText(error) };
      if (!signal.aborted) this.#instance.logger.warn(fields, 'could not lock queues');
      return null;
    }
  }

  async #release(brokerName: string, mqSet: MessageQueue[]): Promise<void> {
    const master = this.#instance.findBrokerAddressInSubscribe(brokerName, MASTER_ID, true);
    if (master === null) return;
    try {
      await this.#instance.api.unlockBatchMQOneway(
        master.addr,
        { consumerGroup: this.#group, clientId: this.#instance.clientId, mqSet, onlyThisBroker: false },
        { timeoutMs: LOCK_TIMEOUT_MS },
      );
    } catch (error) {
      const fields = { group: this.#group, brokerName, cause: errorText(error) };
      this.#instance.logger.warn(fields, 'could not unlock queues');
    }
  }
}
