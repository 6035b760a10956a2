/**
 * Pulls that wait for a message. Pure: arrivals, time and cancellations go in, woken pulls come out through
 * their own callback. The caller runs a woken pull once more with suspension off and must answer it then,
 * whatever it finds.
 *
 * Source: broker/longpolling/PullRequestHoldService.java, broker/longpolling/PullRequest.java.
 */

import { WakeQueue } from './wake-queue.js';

/** One waiting pull. */
export interface HeldPull {
  readonly topic: string;
  readonly queueId: number;
  /** The offset that the pull asked for; a greater max offset of the queue may wake it. */
  readonly queueOffset: number;
  /** ms since the epoch; answered at the first look at or after this. */
  readonly expiresAtMs: number;
  /** Whether a message with that tagsCode is wanted; null matches all. */
  readonly filter: ((tagsCode: number) => boolean) | null;
  /** Whether the messages that came up to a new end of the queue may be wanted; null wants all. Told of each end. */
  readonly takes: ((maxOffset: number) => boolean) | null;
  /** Whoever waits: a closed connection's pulls are dropped by it. */
  readonly owner: object;
  /** Answers the pull. Called once, after it left the table. */
  wake(): void;
}

interface Queue {
  readonly topic: string;
  readonly queueId: number;
  pulls: HeldPull[];
}

export class PullRequestHold {
  readonly #wakes: WakeQueue;
  readonly #topics = new Map<string, Map<number, Queue>>();
  #size = 0;

  /** @param wakes spreads many wakes over several turns */
  constructor(wakes = new WakeQueue()) {
    this.#wakes = wakes;
  }

  /** How many pulls wait. */
  get size(): number {
    return this.#size;
  }

  hold(pull: HeldPull): void {
    let queues = this.#topics.get(pull.topic);
    if (!queues) {
      queues = new Map();
      this.#topics.set(pull.topic, queues);
    }
    const queue = queues.get(pull.queueId);
    if (queue) queue.pulls.push(pull);
    else queues.set(pull.queueId, { topic: pull.topic, queueId: pull.queueId, pulls: [pull] });
    this.#size++;
  }

  #forget(queue: Queue): void {
    const queues = this.#topics.get(queue.topic);
    queues?.delete(queue.queueId);
    if (queues?.size === 0) this.#topics.delete(queue.topic);
  }

  /** Removes the pulls that `woken` picks, then wakes them. */
  #release(queue: Queue, woken: (pull: HeldPull) => boolean): number {
    const released: HeldPull[] = [];
    const kept: HeldPull[] = [];
    for (const pull of queue.pulls) (woken(pull) ? released : kept).push(pull);
    if (released.length === 0) return 0;
    queue.pulls = kept;
    this.#size -= released.length;
    if (kept.length === 0) this.#forget(queue);
    for (const pull of released) this.#wakes.run(() => pull.wake());
    return released.length;
  }

  /**
   * Messages arrived in a queue.
   *
   * @param maxOffset the queue's new end
   * @param tagsCode of the one new message; null when several came, or it is unknown: then every pull matches
   * @returns how many pulls were woken
   */
  arrived(topic: string, queueId: number, maxOffset: number, tagsCode: number | null, nowMs: number): number {
    const queue = this.#topics.get(topic)?.get(queueId);
    if (!queue) return 0;
    return this.#release(
      queue,
      (pull) =>
        (maxOffset > pull.queueOffset &&
          (tagsCode === null || pull.filter === null || pull.filter(tagsCode)) &&
          (pull.takes === null || pull.takes(maxOffset))) ||
        nowMs >= pull.expiresAtMs,
    );
  }

  /**
   * The periodic look: wakes expired pulls, and those whose queue has grown without their being told.
   *
   * @param maxOffsetOf the end of a queue now
   */
  check(nowMs: number, maxOffsetOf: (topic: string, queueId: number) => number): void {
    for (const queues of [...this.#topics.values()]) {
      for (const queue of [...queues.values()]) {
        const maxOffset = maxOffsetOf(queue.topic, queue.queueId);
        this.#release(queue, (pull) => maxOffset > pull.queueOffset || nowMs >= pull.expiresAtMs);
      }
    }
  }

  /** Drops the pulls of a closed connection; nobody is left to answer. */
  drop(owner: object): void {
    for (const queues of [...this.#topics.values()]) {
      for (const queue of [...queues.values()]) {
        const kept = queue.pulls.filter((pull) => pull.owner !== owner);
        this.#size -= queue.pulls.length - kept.length;
        queue.pulls = kept;
        if (kept.length === 0) this.#forget(queue);
      }
    }
  }

  /** Wakes everybody, as when the broker stops. */
  releaseAll(): void {
    for (const queues of [...this.#topics.values()]) {
      for (const queue of [...queues.values()]) this.#release(queue, () => true);
    }
    this.#wakes.flush();
  }
}
