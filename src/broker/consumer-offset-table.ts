/**
 * How far each group has consumed each queue, with resets that wait for the next pull. Pure and in memory.
 *
 * Source: broker/offset/ConsumerOffsetManager.java.
 */
import { type DataVersion, newDataVersion, nextDataVersion } from '../protocol/data-version.js';
import type { BrokerConfig } from './broker-config.js';

/** Queue offsets by queueId. */
export type QueueOffsets = Map<number, number>;

const SEPARATOR = '@';

/** `topic@group`, the key of the table. */
export function topicAtGroup(topic: string, group: string): string {
  return `${topic}${SEPARATOR}${group}`;
}

/** The parts of a key, or null when it is not one topic and one group. */
export function splitTopicAtGroup(key: string): { topic: string; group: string } | null {
  const parts = key.split(SEPARATOR);
  return parts.length === 2 ? { topic: parts[0]!, group: parts[1]! } : null;
}

export class ConsumerOffsetTable {
  readonly #config: BrokerConfig;
  readonly #now: () => number;
  /** Committed: the next queue offset to consume. */
  readonly #committed = new Map<string, QueueOffsets>();
  /** Resets that the next pull of the queue takes away. */
  readonly #resets = new Map<string, QueueOffsets>();
  /** Handed out: `nextBeginOffset` of the last pull. */
  readonly #pulled = new Map<string, QueueOffsets>();
  #version: DataVersion;
  #commits = 0;
  #revision = 0;

  /** @param now ms since the epoch, for the version stamp */
  constructor(config: BrokerConfig, now: () => number) {
    this.#config = config;
    this.#now = now;
    this.#version = newDataVersion(now());
  }

  get version(): DataVersion {
    return this.#version;
  }

  /** Grows with every change of committed offsets: whether the file is out of date. */
  get revision(): number {
    return this.#revision;
  }

  /** Takes over what a file held. */
  load(offsets: Iterable<readonly [key: string, queues: ReadonlyMap<number, number>]>, version: DataVersion): void {
    for (const [key, queues] of offsets) this.#committed.set(key, new Map(queues));
    this.#version = version;
  }

  /** Takes over what a file held of groups that are light queues: these have one queue, 0. */
  loadLmq(offsets: Iterable<readonly [key: string, queueOffset: number]>): void {
    for (const [key, queueOffset] of offsets) this.#committed.set(key, new Map([[0, queueOffset]]));
  }

  /** All committed offsets by `topic@group`. */
  entries(): ReadonlyMap<string, ReadonlyMap<number, number>> {
    return this.#committed;
  }

  /** Topics with committed offsets, by group. */
  topicsByGroup(): Map<string, Set<string>> {
    const result = new Map<string, Set<string>>();
    for (const key of this.#committed.keys()) {
      const parts = splitTopicAtGroup(key);
      if (!parts) continue;
      const topics = result.get(parts.group) ?? new Set<string>();
      topics.add(parts.topic);
      result.set(parts.group, topics);
    }
    return result;
  }

  topicsOf(group: string): Set<string> {
    const topics = new Set<string>();
    const end = SEPARATOR + group;
    for (const key of this.#committed.keys()) {
      if (!key.endsWith(end)) continue;
      const parts = splitTopicAtGroup(key);
      if (parts) topics.add(parts.topic);
    }
    return topics;
  }

  groupsOf(topic: string): Set<string> {
    const groups = new Set<string>();
    const start = topic + SEPARATOR;
    for (const key of this.#committed.keys()) {
      if (!key.startsWith(start)) continue;
      const parts = splitTopicAtGroup(key);
      if (parts) groups.add(parts.group);
    }
    return groups;
  }

  /** Stores an offset, be it smaller than the present one or beyond the queue's end. */
  commit(group: string, topic: string, queueId: number, queueOffset: number): void {
    const key = topicAtGroup(topic, group);
    let queues = this.#committed.get(key);
    if (!queues) {
      queues = new Map();
      this.#committed.set(key, queues);
    }
    queues.set(queueId, queueOffset);
    this.#commits++;
    this.#revision++;
    if (this.#commits % Math.max(1, this.#config.consumerOffsetUpdateVersionStep) === 0) {
      this.#version = nextDataVersion(this.#version, this.#now());
    }
  }

  /** Remembers how far a group was handed messages. */
  commitPulled(group: string, topic: string, queueId: number, nextBeginOffset: number): void {
    const key = topicAtGroup(topic, group);
    let queues = this.#pulled.get(key);
    if (!queues) {
      queues = new Map();
      this.#pulled.set(key, queues);
    }
    queues.set(queueId, nextBeginOffset);
  }

  /** The pending reset, else the committed offset, else -1. */
  query(group: string, topic: string, queueId: number): number {
    const key = topicAtGroup(topic, group);
    if (this.#config.useServerSideResetOffset) {
      const reset = this.#resets.get(key)?.get(queueId);
      if (reset !== undefined) return reset;
    }
    return this.#committed.get(key)?.get(queueId) ?? -1;
  }

  /** The last pulled offset, else what `query` says. */
  queryPulled(group: string, topic: string, queueId: number): number {
    return this.#pulled.get(topicAtGroup(topic, group))?.get(queueId) ?? this.query(group, topic, queueId);
  }

  /** Committed offsets of one group and topic; a live view. */
  queuesOf(group: string, topic: string): ReadonlyMap<number, number> | undefined {
    return this.#committed.get(topicAtGroup(topic, group));
  }

  /** Copies committed offsets from one group to another; nothing when the source has none. */
  clone(sourceGroup: string, targetGroup: string, topic: string): void {
    const queues = this.#committed.get(topicAtGroup(topic, sourceGroup));
    if (!queues) return;
    this.#committed.set(topicAtGroup(topic, targetGroup), new Map(queues));
    this.#revision++;
  }

  /** Sets an offset that also overrules what consumers commit until their next pull took it. */
  assignReset(topic: string, group: string, queueId: number, queueOffset: number): void {
    if (queueId < 0 || queueOffset < 0) return;
    const key = topicAtGroup(topic, group);
    this.#revision++;
    for (const table of [this.#resets, this.#committed]) {
      const queues = table.get(key) ?? new Map<number, number>();
      queues.set(queueId, queueOffset);
      table.set(key, queues);
    }
  }

  hasReset(topic: string, group: string, queueId: number): boolean {
    return this.#resets.get(topicAtGroup(topic, group))?.has(queueId) === true;
  }

  /** True if a reset is pending of any queue. */
  get hasResets(): boolean {
    return this.#resets.size > 0;
  }

  /** The pending reset of a queue, which is then no longer pending; null without one. */
  takeReset(topic: string, group: string, queueId: number): number | null {
    if (this.#resets.size === 0) return null;
    const key = topicAtGroup(topic, group);
    const queues = this.#resets.get(key);
    const queueOffset = queues?.get(queueId);
    if (!queues || queueOffset === undefined) return null;
    queues.delete(queueId);
    if (queues.size === 0) this.#resets.delete(key);
    return queueOffset;
  }

  #removeWhere(unwanted: (parts: { topic: string; group: string }) => boolean): void {
    this.#revision++;
    for (const table of [this.#committed, this.#resets, this.#pulled]) {
      for (const key of table.keys()) {
        const parts = splitTopicAtGroup(key);
        if (parts && unwanted(parts)) table.delete(key);
      }
    }
  }

  /** Forgets everything of a group. */
  removeGroup(group: string): void {
    this.#removeWhere((parts) => parts.group === group);
  }

  /** Forgets everything of a topic. */
  removeTopic(topic: string): void {
    this.#removeWhere((parts) => parts.topic === topic);
  }

  /**
   * Smallest committed offset of each queue over all groups of a topic, offsets below the queue's minimum
   * left out.
   *
   * @param skippedGroups groups that do not count. (Apache removes their offsets altogether: a bug.)
   */
  minOffsets(
    topic: string,
    skippedGroups: ReadonlySet<string>,
    minOffsetOf: (queueId: number) => number,
  ): Map<number, number> {
    const result = new Map<number, number>();
    for (const [key, queues] of this.#committed) {
      const parts = splitTopicAtGroup(key);
      if (parts?.topic !== topic || skippedGroups.has(parts.group)) continue;
      for (const [queueId, queueOffset] of queues) {
        if (queueOffset < minOffsetOf(queueId)) continue;
        result.set(queueId, Math.min(queueOffset, result.get(queueId) ?? queueOffset));
      }
    }
    return result;
  }
}
