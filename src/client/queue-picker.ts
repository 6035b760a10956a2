import type { Random } from '../base/clock.js';
import type { MessageQueue } from '../protocol/message-queue.js';

/**
 * Chooses the queue of the next message: one after the other, from a random one on.
 *
 * Source: client/impl/producer/TopicPublishInfo.java#selectOneMessageQueue
 */
export class QueuePicker {
  #next: number;

  constructor(random: Random) {
    this.#next = Math.floor(random.next() * 0x4000_0000);
  }

  /**
   * @param lastBrokerName a broker that has just failed: it is passed over when there is another
   * @returns null when there is no queue
   */
  pick(queues: readonly MessageQueue[], lastBrokerName: string | null): MessageQueue | null {
    if (lastBrokerName !== null) {
      for (let tried = 0; tried < queues.length; tried += 1) {
        const queue = this.#step(queues);
        if (queue !== null && queue.brokerName !== lastBrokerName) return queue;
      }
    }
    return this.#step(queues);
  }

  #step(queues: readonly MessageQueue[]): MessageQueue | null {
    if (queues.length === 0) return null;
    const queue = queues[this.#next % queues.length] as MessageQueue;
    this.#next = (this.#next + 1) % 0x4000_0000;
    return queue;
  }
}
