/**
 * What consumer groups want of topics by message selector: registered by heartbeat, kept over restarts. Files and time
 * are the caller's.
 *
 * Source: broker/filter/ConsumerFilterManager.java, ConsumerFilterData.java
 */
import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type {
  BloomFilterData,
  ConsumerFilterData,
  ConsumerFilterWrapper,
  SubscriptionData,
} from '../../protocol/bodies.js';
import { ExpressionType, isTagType } from '../../protocol/filter.js';
import { MessageProperty } from '../../protocol/message-property.js';
import { RETRY_GROUP_TOPIC_PREFIX } from '../../protocol/topic-validator.js';
import type { BrokerConfig } from '../broker-config.js';
import type { PropertiesFilter } from '../store/message-store.js';
import { BloomFilter } from './bloom-filter.js';
import { propertiesFilter, readProperties } from './properties-filter.js';
import { SelectorCompiler } from './selector-compiler.js';
import { SelectorError } from './selector-node.js';

/** Groups that were online when the broker stopped count as gone since so long before its start. */
const DEAD_BEFORE_LOAD_MS = 30_000;

/** One group's filter of one topic. */
export interface ConsumerFilter {
  readonly group: string;
  readonly topic: string;
  readonly expression: string;
  readonly expressionType: string;
  readonly matches: PropertiesFilter;
  readonly bloomFilterData: BloomFilterData;
  /** ms since the epoch; messages stored later have the group's bits in their bit maps. */
  readonly bornTimeMs: number;
  /** ms since the epoch; 0 while the group is online. */
  deadTimeMs: number;
  /** subVersion of the subscription. */
  clientVersion: number;
}

/** `%RETRY%group`, or `%RETRY%group+topic` of pop. */
function groupOfRetryTopic(retryTopic: string): string {
  const [group] = retryTopic.slice(RETRY_GROUP_TOPIC_PREFIX.length).split('+');
  return group ?? '';
}

function isDead({ bornTimeMs, deadTimeMs }: ConsumerFilter): boolean {
  return deadTimeMs >= bornTimeMs;
}

/** As it stands in consumerFilter.json. */
export function storedForm(filter: ConsumerFilter): ConsumerFilterData {
  return {
    bloomFilterData: filter.bloomFilterData,
    bornTime: filter.bornTimeMs,
    clientVersion: filter.clientVersion,
    consumerGroup: filter.group,
    dead: isDead(filter),
    deadTime: filter.deadTimeMs,
    expression: filter.expression,
    expressionType: filter.expressionType,
    topic: filter.topic,
  };
}

export class ConsumerFilterTable {
  readonly #config: BrokerConfig;
  readonly #now: () => number;
  readonly #logger: Logger;
  readonly #compiler = new SelectorCompiler();
  /** By topic, then by group. */
  readonly #filters = new Map<string, Map<string, ConsumerFilter>>();
  readonly bloomFilter: BloomFilter;

  /** @throws RangeError if the bloom filter's settings make no sense */
  constructor(config: BrokerConfig, logger: Logger, now: () => number) {
    this.#config = config;
    this.#logger = logger;
    this.#now = now;
    this.bloomFilter = new BloomFilter(config.maxErrorRateOfBloomFilter, config.expectConsumerNumUseFilter);
  }

  /**
   * Loads what selectors need, unless all of these are tags.
   *
   * @returns null when there is nothing to wait for
   */
  prepare(subscriptions: Iterable<Pick<SubscriptionData, 'expressionType'>>): Promise<void> | null {
    if (this.#compiler.isReady) return null;
    for (const { expressionType } of subscriptions) if (!isTagType(expressionType)) return this.#compiler.load();
    return null;
  }

  /**
   * Compiles an expression that is no TAG one; `prepare` comes first.
   *
   * @throws SelectorError with the text of Apache's exception; for an unknown type as well
   */
  compile(expressionType: string, expression: string): PropertiesFilter {
    if (expressionType !== ExpressionType.SQL92) throw new SelectorError(`unknown expression type ${expressionType}`);
    return propertiesFilter(this.#compiler.compile(expression));
  }

  get(topic: string, group: string): ConsumerFilter | null {
    return this.#filters.get(topic)?.get(group) ?? null;
  }

  /**
   * The filter of a retry topic: what its group wants of the topic that a message came from.
   *
   * Source: broker/filter/ExpressionForRetryMessageFilter.java
   */
  ofRetries(retryTopic: string): PropertiesFilter {
    const group = groupOfRetryTopic(retryTopic);
    const names = [Buffer.from(MessageProperty.RETRY_TOPIC)];
    const values: (string | null)[] = [null];
    return (bytes, start, end) => {
      readProperties(names, bytes, start, end, values);
      const filter = values[0] == null ? null : this.get(values[0], group);
      return filter === null || filter.matches(bytes, start, end);
    };
  }

  /** Takes over what a full heartbeat says of a group; `prepare` comes first. */
  register(group: string, subscriptions: readonly SubscriptionData[]): void {
    for (const subscription of subscriptions) {
      if (!isTagType(subscription.expressionType) && subscription.subString) this.#register(group, subscription);
    }
    for (const [topic, groups] of this.#filters) {
      const filter = groups.get(group);
      if (!filter || isDead(filter) || subscriptions.some((subscription) => subscription.topic === topic)) continue;
      filter.deadTimeMs = this.#now();
    }
  }

  #register(group: string, { topic, subString, expressionType, subVersion }: SubscriptionData): void {
    const old = this.get(topic, group);
    if (old && subVersion <= old.clientVersion) {
      if (subVersion === old.clientVersion && isDead(old)) old.deadTimeMs = 0;
      return;
    }
    const bloomFilterData = this.bloomFilter.bitsOf(`${group}#${topic}`);
    if (old && old.expression === subString && old.expressionType === expressionType) {
      old.clientVersion = subVersion;
      old.deadTimeMs = 0;
      return;
    }
    const groups = this.#filters.get(topic) ?? new Map<string, ConsumerFilter>();
    try {
      groups.set(group, {
        group,
        topic,
        expression: subString,
        expressionType,
        matches: this.compile(expressionType, subString),
        bloomFilterData,
        bornTimeMs: this.#now(),
        deadTimeMs: 0,
        clientVersion: subVersion,
      });
      this.#filters.set(topic, groups);
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      // Its pulls say so.
      groups.delete(group);
      this.#logger.warn({ group, topic, expression: subString, reason: errorText(error) }, 'not a message selector');
    }
  }

  /** The last member of a group went. */
  unregister(group: string): void {
    for (const groups of this.#filters.values()) {
      const filter = groups.get(group);
      if (filter && !isDead(filter)) filter.deadTimeMs = this.#now();
    }
  }

  /**
   * The bits of the groups that want a message, for the extension of its consume-queue unit.
   *
   * @returns null if none are to be stored
   * Source: broker/filter/CommitLogDispatcherCalcBitMap.java
   */
  bitMapOf(topic: string, properties: Uint8Array, start: number, end: number): Uint8Array | null {
    const groups = this.#config.enableCalcFilterBitMap ? this.#filters.get(topic) : undefined;
    if (!groups || groups.size === 0) return null;
    const bitMap = this.bloomFilter.newBitMap();
    for (const { matches, bloomFilterData } of groups.values()) {
      if (matches(properties, start, end)) this.bloomFilter.add(bloomFilterData, bitMap);
    }
    return bitMap;
  }

  /**
   * Whether a group may want a message, by the extension of its consume-queue unit: if not, the record need not be read.
   *
   * @param bitMap null if there is none
   * Source: broker/filter/ExpressionMessageFilter.java#isMatchedByConsumeQueue
   */
  mayWant(filter: ConsumerFilter, storeTimestamp: number, bitMap: Uint8Array | null): boolean {
    if (storeTimestamp <= filter.bornTimeMs || bitMap === null) return true;
    if (bitMap.length * 8 !== filter.bloomFilterData.bitNum) return true;
    return this.bloomFilter.mayHold(filter.bloomFilterData, bitMap);
  }

  /**
   * What is to be stored. Groups that went long ago are forgotten.
   */
  snapshot(): ConsumerFilterWrapper {
    const filterDataByTopic: ConsumerFilterWrapper['filterDataByTopic'] = Object.create(null);
    for (const [topic, groups] of this.#filters) {
      const groupFilterData: Record<string, ConsumerFilterData> = Object.create(null);
      for (const [group, filter] of groups) {
        if (isDead(filter) && this.#now() - filter.deadTimeMs >= this.#config.filterDataCleanTimeSpan) {
          groups.delete(group);
          continue;
        }
        groupFilterData[group] = storedForm(filter);
      }
      if (groups.size === 0) this.#filters.delete(topic);
      else filterDataByTopic[topic] = { groupFilterData, topic };
    }
    return { filterDataByTopic };
  }

  /** Takes over what was stored, unless it was made for a bloom filter of another size. Every group counts as gone. */
  async load({ filterDataByTopic }: ConsumerFilterWrapper): Promise<void> {
    const stored = Object.values(filterDataByTopic).flatMap(({ groupFilterData }) => Object.values(groupFilterData));
    if (stored.some(({ bloomFilterData }) => !this.bloomFilter.isValid(bloomFilterData ?? null))) {
      const { bitCount } = this.bloomFilter;
      this.#logger.info({ bitCount }, 'the bloom filter has another size: stored filters of groups are left out');
      return;
    }
    await this.prepare(stored);
    const deadTimeMs = this.#now() - DEAD_BEFORE_LOAD_MS;
    for (const data of stored) {
      const { consumerGroup: group, topic, expression, expressionType, bornTime: bornTimeMs, clientVersion } = data;
      try {
        const filter: ConsumerFilter = {
          group,
          topic,
          expression,
          expressionType,
          matches: this.compile(expressionType, expression),
          bloomFilterData: data.bloomFilterData as BloomFilterData,
          bornTimeMs,
          deadTimeMs: data.deadTime || Math.max(deadTimeMs, bornTimeMs),
          clientVersion,
        };
        const groups = this.#filters.get(topic) ?? new Map<string, ConsumerFilter>();
        this.#filters.set(topic, groups.set(group, filter));
      } catch (error) {
        if (!(error instanceof SelectorError)) throw error;
        this.#logger.warn({ group, topic, expression, reason: errorText(error) }, 'not a message selector');
      }
    }
  }
}
