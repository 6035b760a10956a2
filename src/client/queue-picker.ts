import type { Random } from '../base/clock.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import type { LatencyFaults } from './latency-faults.js';

/**
 * Chooses the queue of the next message: one after the other, from a random one on.
 *
 * Source: client/impl/producer/TopicPublishInfo.java#selectOneMessageQueue
 */
export class QueuePicker {
  readonly #random: Random;
  readonly #faults: LatencyFaults;
  #next = 0;

  constructor(random: Random, faults: LatencyFaults) {
    this.#random = random;
    this.#faults = faults;
    this.#begin();
  }

  /**
   * With latency faults: brokers that are available first, then those that can be reached, then any.
   *
   * @param lastBrokerName a broker that has just failed: it is passed over when there is another
   * @returns null when there is no queue
   * Source: client/latency/MQFaultStrategy.java#selectOneMessageQueue
   */
  pick(queues: readonly MessageQueue[], lastBrokerName: string | null): MessageQueue | null {
    const faults = this.#faults;
    const isOther = (brokerName: string) => brokerName !== lastBrokerName;
    if (faults.isEnabled) {
      if (lastBrokerName !== null) this.#begin();
      return (
        this.#first(queues, (brokerName) => isOther(brokerName) && faults.isAvailable(brokerName)) ??
        this.#first(queues, (brokerName) => isOther(brokerName) && faults.isReachable(brokerName)) ??
        this.#step(queues)
      );
    }
    const other = lastBrokerName === null ? null : this.#first(queues, isOther);
    return other ?? this.#step(queues);
  }

  #begin(): void {
    this.#next = Math.floor(this.#random.next() * 0x4000_0000);
  }

  #first(queues: readonly MessageQueue[], isWanted: (brokerName: string) => boolean): MessageQueue | null {
    for (let tried = 0; tried < queues.length; tried += 1) {
      const queue = this.#step(queues);
      if (queue !== null && isWanted(queue.brokerName)) return queue;
    }
    return null;
  }

  #step(queues: readonly MessageQueue[]): MessageQueue | null {
    if (queues.length === 0) return null;
    const queue = queues[this.#next % queues.length] as MessageQueue;
    this.#next = (this.#next + 1) % 0x4000_0000;
    return queue;
  }
}
