/**
 * Which broker holds which queues of which topic.
 *
 * Source: namesrv/.../routeinfo/RouteInfoManager.java (topicQueueTable, topicQueueMappingInfoTable)
 */
import type { QueueData, TopicQueueMappingInfo } from '../protocol/bodies.js';
import { PermName, type TopicConfig } from '../protocol/topic-config.js';

const UNIT_FLAG = 1;
const UNIT_SUB_FLAG = 2;

/** Why a table refuses more, as the remark of the answer. */
export type Refusal = string;

/** Invariant: a topic in the table has entries, and only a topic in the table has mappings. */
export class TopicQueueTable {
  readonly #maxEntries: number;
  /** topic → brokerName → queues */
  readonly #topics = new Map<string, Map<string, QueueData>>();
  /** topic → brokerName → static topic mapping */
  readonly #mappings = new Map<string, Map<string, TopicQueueMappingInfo>>();
  #entries = 0;

  /** @param maxEntries bound over all topics; one entry is the queues of a topic on one broker name */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get topicCount(): number {
    return this.#topics.size;
  }

  get entryCount(): number {
    return this.#entries;
  }

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  /** Queues by broker name; owned by the table. */
  entriesOf(topic: string): ReadonlyMap<string, Readonly<QueueData>> | undefined {
    return this.#topics.get(topic);
  }

  /** Static topic mappings by broker name; owned by the table. */
  mappingsOf(topic: string): ReadonlyMap<string, TopicQueueMappingInfo> | undefined {
    return this.#mappings.get(topic);
  }

  /** How many of the topics the broker holds nothing of yet. */
  countMissing(topics: Iterable<string>, brokerName: string): number {
    let missing = 0;
    for (const topic of topics) if (!this.#topics.get(topic)?.has(brokerName)) missing++;
    return missing;
  }

  /** Why `added` more entries are too many, or null. */
  refusal(added: number): Refusal | null {
    return this.#entries + added > this.#maxEntries ? `topic table is full: ${this.#maxEntries} queue entries` : null;
  }

  /** Adds or replaces what `queueData.brokerName` holds of the topic. The object is kept. */
  put(topic: string, queueData: QueueData): void {
    let entries = this.#topics.get(topic);
    if (!entries) {
      entries = new Map();
      this.#topics.set(topic, entries);
    }
    if (!entries.has(queueData.brokerName)) this.#entries++;
    entries.set(queueData.brokerName, queueData);
  }

  /**
   * Writes the topics of one broker.
   *
   * @param isChanged false: only topics that the broker has no entry for yet
   * @param permMask ANDed to every permission
   */
  putTopics(brokerName: string, topics: readonly TopicConfig[], isChanged: boolean, permMask: number): void {
    for (const topic of topics) {
      if (!isChanged && this.#topics.get(topic.topicName)?.has(brokerName)) continue;
      this.put(topic.topicName, {
        brokerName,
        readQueueNums: topic.readQueueNums,
        writeQueueNums: topic.writeQueueNums,
        perm: topic.perm & permMask,
        topicSysFlag: topic.topicSysFlag,
      });
    }
  }

  /** Stores the broker's own mappings of topics that it holds; others are ignored. */
  putMappings(brokerName: string, mappings: readonly TopicQueueMappingInfo[]): void {
    for (const mapping of mappings) {
      if (mapping.bname !== brokerName || !this.#topics.get(mapping.topic)?.has(brokerName)) continue;
      const byBroker = this.#mappings.get(mapping.topic) ?? new Map<string, TopicQueueMappingInfo>();
      this.#mappings.set(mapping.topic, byBroker.set(brokerName, mapping));
    }
  }

  /** Removes what these brokers hold of the topic. */
  delete(topic: string, brokerNames: Iterable<string>): void {
    const entries = this.#topics.get(topic);
    if (!entries) return;
    for (const brokerName of brokerNames) if (entries.delete(brokerName)) this.#entries--;
    if (entries.size > 0) return;
    this.#topics.delete(topic);
    this.#mappings.delete(topic);
  }

  deleteTopic(topic: string): void {
    this.delete(topic, [...(this.#topics.get(topic)?.keys() ?? [])]);
  }

  /** Removes what the broker holds of all topics but these. */
  retain(brokerName: string, kept: ReadonlySet<string>): void {
    for (const topic of this.#topics.keys()) if (!kept.has(topic)) this.delete(topic, [brokerName]);
  }

  /** Removes all that these brokers hold, in one walk. */
  deleteBrokers(brokerNames: readonly string[]): void {
    if (brokerNames.length === 0) return;
    for (const topic of this.#topics.keys()) this.delete(topic, brokerNames);
  }

  /** Changes the permission of all topics of the broker. @returns how many topics it has */
  changePerm(brokerName: string, change: (perm: number) => number): number {
    let topics = 0;
    for (const entries of this.#topics.values()) {
      const entry = entries.get(brokerName);
      if (!entry) continue;
      entry.perm = change(entry.perm);
      topics++;
    }
    return topics;
  }

  wipeWritePerm(brokerName: string): number {
    return this.changePerm(brokerName, (perm) => perm & ~PermName.PERM_WRITE);
  }

  topics(): string[] {
    return [...this.#topics.keys()];
  }

  topicsOf(brokerNames: Iterable<string>): string[] {
    const names = [...brokerNames];
    return this.#where((entries) => names.some((brokerName) => entries.has(brokerName)));
  }

  unitTopics(): string[] {
    return this.#whereFlag((flag) => (flag & UNIT_FLAG) !== 0);
  }

  hasUnitSubTopics(): string[] {
    return this.#whereFlag((flag) => (flag & UNIT_SUB_FLAG) !== 0);
  }

  hasUnitSubUnUnitTopics(): string[] {
    return this.#whereFlag((flag) => (flag & (UNIT_SUB_FLAG | UNIT_FLAG)) === UNIT_SUB_FLAG);
  }

  #where(accept: (entries: ReadonlyMap<string, QueueData>) => boolean): string[] {
    const found: string[] = [];
    for (const [topic, entries] of this.#topics) if (accept(entries)) found.push(topic);
    return found;
  }

  /** The flag of a topic is that of its first entry. */
  #whereFlag(accept: (topicSysFlag: number) => boolean): string[] {
    return this.#where((entries) => {
      const [first] = entries.values();
      return first !== undefined && accept(first.topicSysFlag);
    });
  }
}
