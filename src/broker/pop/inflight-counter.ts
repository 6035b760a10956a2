/**
 * How many popped messages of a queue are neither acknowledged nor revived. In memory only: what was popped before the
 * start does not count. Pure.
 *
 * Source: broker/processor/PopInflightMessageCounter.java.
 */
import { topicAtGroup } from '../consumer-offset-table.js';

export class PopInflightCounter {
  readonly #startedAtMs: number;
  readonly #counts = new Map<string, Map<number, number>>();

  /** @param startedAtMs ms since the epoch; earlier pops are unknown */
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  get(topic: string, group: string, queueId: number): number {
    return this.#counts.get(topicAtGroup(topic, group))?.get(queueId) ?? 0;
  }

  popped(topic: string, group: string, queueId: number, count: number): void {
    if (count <= 0) return;
    const key = topicAtGroup(topic, group);
    const queues = this.#counts.get(key) ?? new Map<number, number>();
    queues.set(queueId, (queues.get(queueId) ?? 0) + count);
    this.#counts.set(key, queues);
  }

  /** @param popTimeMs of the pop that they came by */
  settled(topic: string, group: string, queueId: number, count: number, popTimeMs: number): void {
    if (popTimeMs < this.#startedAtMs) return;
    const left = this.get(topic, group, queueId) - count;
    if (left > 0) this.#counts.get(topicAtGroup(topic, group))?.set(queueId, left);
    else this.clear(topic, group, queueId);
  }

  clear(topic: string, group: string, queueId: number): void {
    const key = topicAtGroup(topic, group);
    const queues = this.#counts.get(key);
    queues?.delete(queueId);
    if (queues?.size === 0) this.#counts.delete(key);
  }

  removeTopic(topic: string): void {
    for (const key of this.#counts.keys()) if (key.startsWith(`${topic}@`)) this.#counts.delete(key);
  }

  removeGroup(group: string): void {
    for (const key of this.#counts.keys()) if (key.endsWith(`@${group}`)) this.#counts.delete(key);
  }
}
