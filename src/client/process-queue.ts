import type { Clock } from '../base/clock.js';
import type { MessageExt } from '../protocol/message.js';

/** The broker's lock on a queue is trusted this long. Source: ProcessQueue.java#REBALANCE_LOCK_MAX_LIVE_TIME */
export const LOCK_MAX_LIVE_MS = 30_000;
/** A queue that was not pulled for this long is given up and taken again. Source: #PULL_MAX_IDLE_TIME */
export const PULL_MAX_IDLE_MS = 120_000;

interface Entry {
  readonly queueOffset: number;
  /** Null once the message is done: the entry then waits for those before it. */
  message: MessageExt | null;
}

/**
 * The cached messages of one queue that a consumer holds, and how far they are consumed.
 *
 * Entries are ascending by queueOffset. `#taken` entries from the head on are in the hands of an orderly
 * listener; the concurrent service never takes, it finishes messages in any order.
 * Invariant: the head entry is not done, or the queue is empty.
 *
 * Source: client/impl/consumer/ProcessQueue.java
 */
export class ProcessQueue {
  readonly #clock: Clock;
  #entries: Entry[] = [];
  #head = 0;
  #taken = 0;
  #messageCount = 0;
  #bodyBytes = 0;
  #maxOffset = -1;
  #dropped = false;
  #onIdle: Array<() => void> = [];
  #listening = 0;

  /** True while the broker's lock is ours, as far as we know. Orderly only. */
  locked = false;
  lastLockTimestamp: number;
  lastPullTimestamp: number;
  lastConsumeTimestamp: number;
  tryUnlockTimes = 0;
  /** True while an orderly task is under way or scheduled for this queue. */
  consuming = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    const now = clock.now();
    this.lastLockTimestamp = now;
    this.lastPullTimestamp = now;
    this.lastConsumeTimestamp = now;
  }

  /** True once the queue belongs to us no more: nothing of it may be consumed or committed. */
  get dropped(): boolean {
    return this.#dropped;
  }

  drop(): void {
    this.#dropped = true;
  }

  /** Messages that are not done, those in a listener's hands included. */
  get messageCount(): number {
    return this.#messageCount;
  }

  /** Bytes of their bodies. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** Lowest queue offset that is not done, null when there is none. */
  get minOffset(): number | null {
    return this.#entries[this.#head]?.queueOffset ?? null;
  }

  /** Highest queue offset ever cached, -1 before the first. */
  get maxOffset(): number {
    return this.#maxOffset;
  }

  /** Distance between the lowest and the highest cached offset: how far one slow message holds back the commit. */
  get span(): number {
    const first = this.#entries[this.#head];
    const last = this.#entries[this.#entries.length - 1];
    return first && last ? last.queueOffset - first.queueOffset : 0;
  }

  get isLockExpired(): boolean {
    return this.#clock.now() - this.lastLockTimestamp > LOCK_MAX_LIVE_MS;
  }

  get isPullExpired(): boolean {
    return this.#clock.now() - this.lastPullTimestamp > PULL_MAX_IDLE_MS;
  }

  /** Marks the lock as gained or renewed now. */
  markLocked(): void {
    this.locked = true;
    this.lastLockTimestamp = this.#clock.now();
  }

  /** Adds pulled messages; those whose offset is cached already are ignored. */
  put(messages: readonly MessageExt[]): void {
    for (const message of messages) {
      const index = this.#indexOf(message.queueOffset);
      if (this.#entries[index]?.queueOffset === message.queueOffset) continue;
      this.#entries.splice(index, 0, { queueOffset: message.queueOffset, message });
      this.#messageCount += 1;
      this.#bodyBytes += message.body.length;
      this.#maxOffset = Math.max(this.#maxOffset, message.queueOffset);
    }
  }

  /** Is this message cached and not done? */
  has(message: MessageExt): boolean {
    return this.#entries[this.#indexOf(message.queueOffset)]?.message === message;
  }

  /** The message with the lowest offset, null when there is none. */
  first(): MessageExt | null {
    return this.#entries[this.#head]?.message ?? null;
  }

  /**
   * Marks messages as done.
   *
   * @returns the queue offset to commit: the lowest that is not done, or one past the highest ever cached;
   *   null when the queue was empty already
   */
  remove(messages: readonly MessageExt[]): number | null {
    this.lastConsumeTimestamp = this.#clock.now();
    if (this.#head >= this.#entries.length) return null;
    for (const message of messages) {
      const entry = this.#entries[this.#indexOf(message.queueOffset)];
      if (entry?.queueOffset === message.queueOffset) this.#finish(entry);
    }
    this.#advance();
    return this.minOffset ?? this.#maxOffset + 1;
  }

  /** The next messages for an orderly listener, in order; they stay cached until `commit`. */
  take(maxMessages: number): MessageExt[] {
    const start = this.#head + this.#taken;
    const messages: MessageExt[] = [];
    for (const entry of this.#entries.slice(start, start + maxMessages)) {
      if (entry.message !== null) messages.push(entry.message);
    }
    this.#taken += messages.length;
    this.lastConsumeTimestamp = this.#clock.now();
    return messages;
  }

  /** Taken messages are done. @returns the queue offset to commit, null when none was taken */
  commit(): number | null {
    if (this.#taken === 0) return null;
    let last = -1;
    for (const entry of this.#entries.slice(this.#head, this.#head + this.#taken)) {
      last = entry.queueOffset;
      this.#finish(entry);
    }
    this.#taken = 0;
    this.#advance();
    return last + 1;
  }

  /** Taken messages will be taken again. */
  rollback(): void {
    this.#taken = 0;
  }

  /** The last `count` taken messages will be taken again; the others stay taken until the commit. */
  giveBack(count: number): void {
    this.#taken = Math.max(0, this.#taken - count);
  }

  /** Forgets all messages. */
  clear(): void {
    this.#entries = [];
    this.#head = 0;
    this.#taken = 0;
    this.#messageCount = 0;
    this.#bodyBytes = 0;
    this.#maxOffset = -1;
  }

  /** Counts a listener in; the returned function counts it out again. */
  enterListener(): () => void {
    this.#listening += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#listening -= 1;
      if (this.#listening > 0) return;
      for (const resolve of this.#onIdle.splice(0)) resolve();
    };
  }

  /** True while a listener works on messages of this queue. */
  get isListening(): boolean {
    return this.#listening > 0;
  }

  /** Resolves true as soon as no listener works on this queue, or false after `timeoutMs`. */
  whenIdle(timeoutMs: number): Promise<boolean> {
    if (this.#listening === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = this.#clock.after(timeoutMs, () => resolve(false));
      this.#onIdle.push(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  /** Index of the first entry at or after `queueOffset`. Pulled messages come last: those are found at once. */
  #indexOf(queueOffset: number): number {
    const last = this.#entries[this.#entries.length - 1];
    if (last === undefined || queueOffset > last.queueOffset) return this.#entries.length;
    let low = this.#head;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as Entry).queueOffset < queueOffset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #finish(entry: Entry): void {
    if (entry.message === null) return;
    this.#messageCount -= 1;
    this.#bodyBytes -= entry.message.body.length;
    entry.message = null;
  }

  /** Moves the head past done entries, and cuts them off once they are the larger half. */
  #advance(): void {
    while (this.#head < this.#entries.length && (this.#entries[this.#head] as Entry).message === null) this.#head += 1;
    if (this.#head > 32 && this.#head * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    } else if (this.#head === this.#entries.length) {
      this.#entries.length = 0;
      this.#head = 0;
    }
  }
}
