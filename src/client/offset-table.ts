import type { QueueOffset } from '../protocol/bodies.js';
import { type MessageQueue, messageQueueKey } from '../protocol/message-queue.js';

interface Slot {
  readonly mq: MessageQueue;
  queueOffset: number;
  readonly frozen: boolean;
}

/**
 * Consumed queue offsets in memory.
 *
 * Source: client/consumer/store/ControllableOffset.java and the tables that hold it
 */
export class OffsetTable {
  readonly #slots = new Map<string, Slot>();

  /** Sets an offset, with `increaseOnly` never to a smaller one. A frozen one stays. */
  update(mq: MessageQueue, queueOffset: number, increaseOnly: boolean): void {
    const key = messageQueueKey(mq);
    const slot = this.#slots.get(key);
    if (slot === undefined) this.#slots.set(key, { mq, queueOffset, frozen: false });
    else if (!slot.frozen && !(increaseOnly && queueOffset < slot.queueOffset)) slot.queueOffset = queueOffset;
  }

  /** Sets an offset that no update changes any more until it is removed. */
  updateAndFreeze(mq: MessageQueue, queueOffset: number): void {
    this.#slots.set(messageQueueKey(mq), { mq, queueOffset, frozen: true });
  }

  get(mq: MessageQueue): number | null {
    return this.#slots.get(messageQueueKey(mq))?.queueOffset ?? null;
  }

  remove(mq: MessageQueue): void {
    this.#slots.delete(messageQueueKey(mq));
  }

  /** A copy, of one topic or of all. */
  list(topic?: string): QueueOffset[] {
    const all = [...this.#slots.values()];
    return all
      .filter(({ mq }) => topic === undefined || mq.topic === topic)
      .map(({ mq, queueOffset }) => ({ mq, offset: queueOffset }));
  }
}
