import type { QueueOffset } from '../protocol/bodies.js';
import { type MessageQueue, messageQueueKey } from '../protocol/message-queue.js';

interface Slot {
  readonly mq: MessageQueue;
  queueOffset: number;
  readonly frozen: boolean;
  /** True once we consumed up to here; an offset that was only read is nobody's to commit. */
  isOurs: boolean;
}

/**
 * Consumed queue offsets in memory.
 *
 * Unlike Java's, an offset that was read from the store is not committed back before something was consumed: the
 * former owner of the queue may have committed more since.
 *
 * Source: client/consumer/store/ControllableOffset.java and the tables that hold it
 */
export class OffsetTable {
  readonly #slots = new Map<string, Slot>();

  /** Sets an offset, with `increaseOnly` never to a smaller one. A frozen one stays. */
  update(mq: MessageQueue, queueOffset: number, increaseOnly: boolean): void {
    const key = messageQueueKey(mq);
    const slot = this.#slots.get(key);
    if (slot === undefined) {
      this.#slots.set(key, { mq, queueOffset, frozen: false, isOurs: true });
    } else if (!slot.frozen && !(increaseOnly && queueOffset < slot.queueOffset)) {
      slot.queueOffset = queueOffset;
      slot.isOurs = true;
    }
  }

  /** Takes in an offset that the store holds. */
  setStored(mq: MessageQueue, queueOffset: number): void {
    const key = messageQueueKey(mq);
    if (this.#slots.get(key)?.frozen) return;
    this.#slots.set(key, { mq, queueOffset, frozen: false, isOurs: false });
  }

  /** Sets an offset that no update changes any more until it is removed. */
  updateAndFreeze(mq: MessageQueue, queueOffset: number): void {
    this.#slots.set(messageQueueKey(mq), { mq, queueOffset, frozen: true, isOurs: true });
  }

  get(mq: MessageQueue): number | null {
    return this.#slots.get(messageQueueKey(mq))?.queueOffset ?? null;
  }

  /** The offset to commit: null also for one that was only read. */
  toCommit(mq: MessageQueue): number | null {
    const slot = this.#slots.get(messageQueueKey(mq));
    return slot?.isOurs ? slot.queueOffset : null;
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
