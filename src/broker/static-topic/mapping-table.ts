/**
 * The static topics of one broker: which logical queues it hosts, and where their messages are. Pure; lives in
 * config/topicQueueMapping.json.
 *
 * Source: broker/topic/TopicQueueMappingManager.java.
 */
import type { TopicQueueMappingDetail, TopicQueueMappingInfo } from '../../protocol/bodies.js';
import { type DataVersion, newDataVersion, nextDataVersion } from '../../protocol/data-version.js';
import { checkHistory, checkItems, StaticTopicError } from '../../protocol/logic-queue.js';
import type { BrokerConfig } from '../broker-config.js';

/** What name servers are told of a mapping: the queues that its broker leads. */
function mappingInfo(detail: TopicQueueMappingDetail): TopicQueueMappingInfo {
  const { topic, scope, totalQueues, bname, epoch, dirty } = detail;
  const currIdMap = new Map<number, number>();
  for (const [globalId, items] of detail.hostedQueues) {
    const leader = items.at(-1);
    if (leader?.bname === bname) currIdMap.set(globalId, leader.queueId);
  }
  return { topic, scope, totalQueues, bname, epoch, dirty, currIdMap };
}

export class TopicQueueMappingTable {
  readonly #config: Pick<BrokerConfig, 'brokerName'>;
  readonly #now: () => number;
  readonly #mappings = new Map<string, TopicQueueMappingDetail>();
  #version: DataVersion;

  /** @param now ms since the epoch, for the version stamp */
  constructor(config: Pick<BrokerConfig, 'brokerName'>, now: () => number) {
    this.#config = config;
    this.#now = now;
    this.#version = newDataVersion(now());
  }

  get version(): DataVersion {
    return this.#version;
  }

  /** Number of static topics. */
  get size(): number {
    return this.#mappings.size;
  }

  has(topic: string): boolean {
    return this.#mappings.has(topic);
  }

  /** Owned by the table: replaced, never changed in place. */
  get(topic: string): TopicQueueMappingDetail | undefined {
    return this.#mappings.get(topic);
  }

  /** All mappings by topic, or those of some topics. */
  details(topics: Iterable<string> = this.#mappings.keys()): Record<string, TopicQueueMappingDetail> {
    const details: Record<string, TopicQueueMappingDetail> = Object.create(null);
    for (const topic of topics) {
      const detail = this.#mappings.get(topic);
      if (detail) details[topic] = detail;
    }
    return details;
  }

  /** What a registration says of all static topics, or of some. */
  infos(topics: Iterable<string> = this.#mappings.keys()): Record<string, TopicQueueMappingInfo> {
    const infos: Record<string, TopicQueueMappingInfo> = Object.create(null);
    for (const [topic, detail] of Object.entries(this.details(topics))) infos[topic] = mappingInfo(detail);
    return infos;
  }

  /** Takes over what a file held. */
  load(mappings: Iterable<TopicQueueMappingDetail>, version: DataVersion): void {
    for (const mapping of mappings) this.#mappings.set(mapping.topic, mapping);
    this.#version = version;
  }

  /**
   * What a mapping would become, without taking it.
   *
   * @param force takes the mapping whatever its history says; queues that it does not name stay
   * @throws StaticTopicError in Apache's words
   */
  checked(mapping: TopicQueueMappingDetail, force: boolean): TopicQueueMappingDetail {
    if (mapping.bname !== this.#config.brokerName) {
      throw new StaticTopicError(
        `The mapping is of broker ${mapping.bname}, but this broker is ${this.#config.brokerName}`,
      );
    }
    for (const items of mapping.hostedQueues.values()) checkItems(items);
    const old = this.#mappings.get(mapping.topic);
    if (!old) return mapping;
    if (!force && mapping.epoch < old.epoch) {
      throw new StaticTopicError(`Can't accept data with small epoch ${mapping.epoch} < ${old.epoch}`);
    }
    if (!force && mapping.scope !== old.scope) {
      throw new StaticTopicError(`Can't accept data with unmatched scope ${mapping.scope} != ${old.scope}`);
    }
    const hostedQueues = new Map(mapping.hostedQueues);
    const isSameEpoch = mapping.epoch === old.epoch;
    for (const [globalId, oldItems] of old.hostedQueues) {
      const items = hostedQueues.get(globalId);
      if (items === undefined) {
        if (!force && isSameEpoch) throw new StaticTopicError('Cannot accept equal epoch with null data');
        hostedQueues.set(globalId, oldItems);
      } else if (!force) checkHistory(oldItems, items, isSameEpoch);
    }
    return { ...mapping, hostedQueues };
  }

  /** Takes what `checked` returned. */
  set(mapping: TopicQueueMappingDetail): void {
    this.#mappings.set(mapping.topic, mapping);
    this.#version = nextDataVersion(this.#version, this.#now());
  }

  /** @returns false when the topic is not static */
  delete(topic: string): boolean {
    if (!this.#mappings.delete(topic)) return false;
    this.#version = nextDataVersion(this.#version, this.#now());
    return true;
  }
}
