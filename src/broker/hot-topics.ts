/**
 * The topics of the fast way of a send, found by the bytes of their names: no string, and one look at a table however
 * many topics there are.
 */
import { javaHashCode } from '../protocol/java-hash.js';
import { MessageSysFlag } from '../protocol/sys-flag.js';
import type { TopicConfig } from '../protocol/topic-config.js';
import { checkTopicName, isNotAllowedSendTopic, isRetryTopic } from '../protocol/topic-validator.js';
import { CLEANUP_POLICY_ATTRIBUTE, QUEUE_TYPE_ATTRIBUTE } from './attributes.js';
import type { PutCounters } from './broker-stats.js';
import type { BrokerContext } from './context.js';
import { sameBytes } from './hot-scan.js';
import type { TopicHandle } from './store/message-store.js';

/** A topic as sends see it. */
export interface HotTopic {
  /** Of the topic table, as of `revision`. */
  readonly config: TopicConfig;
  readonly handle: TopicHandle;
  readonly bytes: Uint8Array;
  /** String.hashCode of `topic#`. */
  readonly keySeed: number;
  readonly eligible: boolean;
  readonly sysFlags: number;
  /** Of the topic table, when `config` was looked at last. */
  revision: number;
  /** By queueId; good for `removals` of the statistics. */
  readonly counters: (PutCounters | undefined)[];
  removals: number;
}

/** What the topics are made from. */
export type HotTopicsContext = Pick<BrokerContext, 'config' | 'store' | 'topics' | 'mappings' | 'stats'>;

/** Longest name, in bytes, that a record of the first version has room for. */
const MAX_NAME_BYTES = 127;
const FIRST_SLOTS = 256;

/** Names that differ in their last digits only should not lie in a row. (FNV-1a) */
function nameHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** A hash table with open addressing, at most half full, from which nothing is taken but when it grows. */
export class HotTopics {
  readonly #context: HotTopicsContext;
  #slots: (HotTopic | null)[] = new Array<HotTopic | null>(FIRST_SLOTS).fill(null);
  #hashes = new Int32Array(FIRST_SLOTS);
  #used = 0;
  #last: HotTopic | null = null;

  constructor(context: HotTopicsContext) {
    this.#context = context;
  }

  /**
   * The topic whose name stands in `[start, end)`.
   *
   * @param bytes ASCII there; not kept
   * @returns null if this broker does not have it, or the fast way is not for it
   */
  find(bytes: Uint8Array, start: number, end: number): HotTopic | null {
    const { topics, config } = this.#context;
    // Light queues are topics that no table has.
    if (config.enableLmq) return null;
    const last = this.#last;
    if (last !== null && last.revision === topics.revision && sameBytes(last.bytes, bytes, start, end)) return last;
    if (end - start > MAX_NAME_BYTES) return null;
    const hash = nameHash(bytes, start, end);
    const slot = this.#slotOf(hash, bytes, start, end);
    const known = this.#slots[slot] ?? null;
    const topic =
      known !== null && known.revision === topics.revision ? known : this.#look(slot, hash, bytes, start, end);
    this.#last = topic;
    return topic;
  }

  /** Where a name is, or where it would go. */
  #slotOf(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const topic = this.#slots[slot] ?? null;
      if (topic === null || (this.#hashes[slot] === hash && sameBytes(topic.bytes, bytes, start, end))) return slot;
    }
  }

  /** Asks the topic table. */
  #look(slot: number, hash: number, bytes: Uint8Array, start: number, end: number): HotTopic | null {
    const { topics } = this.#context;
    const known = this.#slots[slot] ?? null;
    const name = known?.config.topicName ?? Buffer.from(bytes.subarray(start, end)).toString('latin1');
    const config = topics.get(name);
    if (config === undefined) return null;
    if (known?.config === config) {
      known.revision = topics.revision;
      return known;
    }
    const topic = this.#newTopic(name, config, known);
    this.#slots[slot] = topic;
    if (known === null) {
      this.#hashes[slot] = hash;
      this.#used += 1;
      if (this.#used * 2 > this.#slots.length) this.#grow();
    }
    return topic;
  }

  #newTopic(name: string, config: TopicConfig, known: HotTopic | null): HotTopic {
    const { store, mappings, stats, topics } = this.#context;
    return {
      config,
      handle: store.topic(name),
      bytes: known?.bytes ?? new Uint8Array(Buffer.from(name, 'latin1')),
      keySeed: javaHashCode(`${name}#`),
      eligible:
        checkTopicName(name) === null &&
        !isNotAllowedSendTopic(name) &&
        !isRetryTopic(name) &&
        !mappings.has(name) &&
        config.attributes[CLEANUP_POLICY_ATTRIBUTE] === undefined &&
        config.attributes[QUEUE_TYPE_ATTRIBUTE] === undefined,
      sysFlags: config.topicFilterType === 'MULTI_TAG' ? MessageSysFlag.MULTI_TAGS_FLAG : 0,
      revision: topics.revision,
      counters: [],
      removals: stats.removals,
    };
  }

  /** Leaves out topics that are gone. */
  #grow(): void {
    const { topics } = this.#context;
    const kept = this.#slots.filter((topic) => topic !== null && topics.has(topic.config.topicName));
    let size = FIRST_SLOTS;
    while (size < kept.length * 4) size *= 2;
    this.#slots = new Array<HotTopic | null>(size).fill(null);
    this.#hashes = new Int32Array(size);
    this.#used = kept.length;
    for (const topic of kept) {
      if (topic === null) continue;
      const { bytes } = topic;
      const hash = nameHash(bytes, 0, bytes.length);
      const slot = this.#slotOf(hash, bytes, 0, bytes.length);
      this.#slots[slot] = topic;
      this.#hashes[slot] = hash;
    }
  }
}
