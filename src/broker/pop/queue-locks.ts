/**
 * Who is at work on a queue for a group: a second pop of the same queue must not read the same messages. Pure.
 *
 * Source: broker/processor/PopMessageProcessor.java (QueueLockManager).
 */

/** `topic@group@queueId`, the key of locks and of offsets that wait. */
export function popQueueKey(topic: string, group: string, queueId: number): string {
  return `${topic}@${group}@${queueId}`;
}

export class QueueLocks {
  /** Held locks, with those who wait for them. */
  readonly #held = new Map<string, (() => void)[]>();

  /** @returns false when somebody else holds the lock */
  tryLock(key: string): boolean {
    if (this.#held.has(key)) return false;
    this.#held.set(key, []);
    return true;
  }

  /** Takes the lock as soon as it is free, in the order of the calls. */
  lock(key: string): Promise<void> {
    const waiting = this.#held.get(key);
    if (!waiting) {
      this.#held.set(key, []);
      return Promise.resolve();
    }
    return new Promise((resolve) => waiting.push(resolve));
  }

  unlock(key: string): void {
    const next = this.#held.get(key)?.shift();
    if (next) next();
    else this.#held.delete(key);
  }
}
