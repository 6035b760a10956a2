/**
 * The topics of one broker: boot topics, rules of automatic creation, and the version stamp that tells name
 * servers and slaves of a change. Pure: files and registration listen to `onChange`.
 *
 * Source: broker/topic/TopicConfigManager.java.
 */
import type { DataVersion } from '../protocol/data-version.js';
import { newDataVersion, nextDataVersion, sameDataVersion } from '../protocol/data-version.js';
import { isInherited, PermName, type TopicConfig } from '../protocol/topic-config.js';
import {
  isLmq,
  isSystemTopic,
  replyTopic,
  SYNC_BROKER_MEMBER_GROUP_PREFIX,
  SystemTopic,
  TIMER_TOPIC,
} from '../protocol/topic-validator.js';
import {
  AttributeError,
  alterAttributes,
  QUEUE_TYPE_ATTRIBUTE,
  RESERVE_TIME_ATTRIBUTE,
  topicAttributes,
} from './attributes.js';
import type { BrokerConfig } from './broker-config.js';

/**
 * Most queues that a topic may be given. Java has no bound; but every answer about a topic lists its queues, so that a
 * mistyped number would stop the broker, or end it for want of memory.
 */
export const MAX_TOPIC_QUEUES = 65_536;
const READ_WRITE = PermName.PERM_READ | PermName.PERM_WRITE;
const SCHEDULE_TOPIC_QUEUES = 18;
const REVIVE_TOPIC_PREFIX = 'rmq_sys_REVIVE_LOG_';

/**
 * Told of every change, after it.
 *
 * @param topics names that were created or changed; empty when topics were only removed
 */
export type TopicChangeListener = (topics: readonly string[]) => void;

/** One page of the topic table. */
export interface TopicPage {
  topics: Map<string, TopicConfig>;
  /** Of the whole table. */
  total: number;
}

function topicConfig(topicName: string, queues: number, perm: number): TopicConfig {
  return {
    topicName,
    readQueueNums: queues,
    writeQueueNums: queues,
    perm,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: Object.create(null),
  };
}

function sameAttributes(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Equality over every field, as TopicConfig.equals. */
export function sameTopicConfig(a: TopicConfig, b: TopicConfig): boolean {
  return (
    a.topicName === b.topicName &&
    a.readQueueNums === b.readQueueNums &&
    a.writeQueueNums === b.writeQueueNums &&
    a.perm === b.perm &&
    a.topicFilterType === b.topicFilterType &&
    a.topicSysFlag === b.topicSysFlag &&
    a.order === b.order &&
    sameAttributes(a.attributes, b.attributes)
  );
}

export class TopicTable {
  readonly #config: BrokerConfig;
  readonly #now: () => number;
  readonly #topics = new Map<string, TopicConfig>();
  readonly #systemNames = new Set<string>();
  readonly #listeners: TopicChangeListener[] = [];
  #version: DataVersion;
  #revision = 0;

  /** @param now ms since the epoch, for the version stamp */
  constructor(config: BrokerConfig, now: () => number) {
    this.#config = config;
    this.#now = now;
    this.#version = newDataVersion(now());
    this.#addBootTopics();
  }

  #addBootTopics(): void {
    const { brokerClusterName, brokerName } = this.#config;
    const boot = (name: string, queues: number, perm: number = READ_WRITE): void => {
      this.#systemNames.add(name);
      this.#topics.set(name, topicConfig(name, queues, perm));
    };
    const inherited = (enabled: boolean): number => PermName.PERM_INHERIT | (enabled ? READ_WRITE : 0);
    boot(SystemTopic.SELF_TEST_TOPIC, 1);
    if (this.#config.autoCreateTopicEnable) {
      boot(SystemTopic.AUTO_CREATE_TOPIC_KEY_TOPIC, this.#config.defaultTopicQueueNums, inherited(true));
    }
    boot(SystemTopic.BENCHMARK_TOPIC, 1024);
    boot(brokerClusterName, 16, inherited(this.#config.clusterTopicEnable));
    boot(brokerName, 1, inherited(this.#config.brokerTopicEnable));
    boot(SystemTopic.OFFSET_MOVED_EVENT, 1);
    boot(SystemTopic.SCHEDULE_TOPIC, SCHEDULE_TOPIC_QUEUES);
    if (this.#config.traceTopicEnable) boot(this.#config.msgTraceTopicName, 1);
    boot(replyTopic(brokerClusterName), 1);
    boot(REVIVE_TOPIC_PREFIX + brokerClusterName, this.#config.reviveQueueNum);
    boot(SYNC_BROKER_MEMBER_GROUP_PREFIX + brokerName, 1, PermName.PERM_INHERIT);
    boot(SystemTopic.TRANS_HALF_TOPIC, 1);
    boot(SystemTopic.TRANS_OP_HALF_TOPIC, 1);
    if (this.#config.timerWheelEnable) boot(TIMER_TOPIC, 1);
  }

  /** Called after every change, in the order of registration. */
  onChange(listener: TopicChangeListener): void {
    this.#listeners.push(listener);
  }

  /** Grows with every change of any topic: a cheap test for caches of what `get` returned. */
  get revision(): number {
    return this.#revision;
  }

  get version(): DataVersion {
    return this.#version;
  }

  get size(): number {
    return this.#topics.size;
  }

  /** The live object: replaced, never changed in place, except through this class. */
  get(topic: string): TopicConfig | undefined {
    const config = this.#topics.get(topic);
    // A light queue is no topic of the table; every name has one. (broker/topic/LmqTopicConfigManager.java)
    return config === undefined && this.#config.enableLmq && isLmq(topic) ? topicConfig(topic, 1, READ_WRITE) : config;
  }

  has(topic: string): boolean {
    return this.get(topic) !== undefined;
  }

  /** Whether the queues of a topic are batch consume queues. */
  isBatchTopic(topic: string): boolean {
    return this.#topics.get(topic)?.attributes[QUEUE_TYPE_ATTRIBUTE] === 'BatchCQ';
  }

  isOrderTopic(topic: string): boolean {
    return this.#topics.get(topic)?.order === true;
  }

  /** System topics of every broker, and the names that this one reserves. */
  isSystemTopic(topic: string): boolean {
    return isSystemTopic(topic, this.#systemNames);
  }

  /** For GET_SYSTEM_TOPIC_LIST_FROM_BROKER. */
  systemTopics(): string[] {
    return [...new Set([...Object.values(SystemTopic), ...this.#systemNames])];
  }

  /** All topics by name. */
  entries(): ReadonlyMap<string, TopicConfig> {
    return this.#topics;
  }

  /**
   * Part of the table, sorted by name: [seq, seq + max), or from the start when the caller's version is not ours.
   */
  page(callerVersion: DataVersion | null, seq: number, max: number): TopicPage {
    const names = [...this.#topics.keys()].sort();
    const begin = callerVersion && sameDataVersion(callerVersion, this.#version) ? Math.max(0, seq) : 0;
    const topics = new Map<string, TopicConfig>();
    for (const name of names.slice(begin, begin + Math.max(0, max))) topics.set(name, this.#topics.get(name)!);
    return { topics, total: names.length };
  }

  #changed(names: readonly string[]): void {
    this.#version = nextDataVersion(this.#version, this.#now());
    this.#revision++;
    for (const listener of this.#listeners) listener(names);
  }

  /** Takes over what a file held; boot topics that it lacks stay. Tells nobody. */
  load(topics: Iterable<TopicConfig>, version: DataVersion): void {
    for (const config of topics) this.#topics.set(config.topicName, config);
    this.#version = version;
    this.#revision++;
  }

  /** A new version without a change of topics, as after a change of `brokerPermission`. */
  touch(): void {
    this.#version = nextDataVersion(this.#version, this.#now());
    this.#revision++;
  }

  /**
   * Creates a topic for its first message after the model of `defaultTopic` (TBW102 as a rule).
   *
   * @param clientQueues what the producer asks for; the template's number is the limit
   * @returns the topic, present or new; null when the template is missing or gives no right to inherit
   */
  createForSend(topic: string, defaultTopic: string, clientQueues: number, topicSysFlag: number): TopicConfig | null {
    const present = this.#topics.get(topic);
    if (present) return present;
    let template = this.#topics.get(defaultTopic);
    if (!template) return null;
    if (defaultTopic === SystemTopic.AUTO_CREATE_TOPIC_KEY_TOPIC && !this.#config.autoCreateTopicEnable) {
      template = { ...template, perm: READ_WRITE };
      this.#topics.set(defaultTopic, template);
      this.#revision++;
    }
    if (!isInherited(template.perm)) return null;
    const queues = Math.max(0, Math.min(clientQueues, template.writeQueueNums));
    const created = topicConfig(topic, queues, template.perm & ~PermName.PERM_INHERIT);
    created.topicSysFlag = topicSysFlag;
    created.topicFilterType = template.topicFilterType;
    this.#topics.set(topic, created);
    this.#changed([topic]);
    return created;
  }

  /**
   * Makes sure of a topic that the broker itself needs (retry, dead letters), whatever autoCreateTopicEnable
   * says. A present topic only gets its `order` adjusted.
   */
  createForSendBack(topic: string, queues: number, perm: number, topicSysFlag: number, order = false): TopicConfig {
    const present = this.#topics.get(topic);
    if (present) {
      if (present.order === order) return present;
      const adjusted = { ...present, order };
      this.#topics.set(topic, adjusted);
      this.#changed([topic]);
      return adjusted;
    }
    const created = { ...topicConfig(topic, queues, perm), topicSysFlag, order };
    this.#topics.set(topic, created);
    this.#changed([topic]);
    return created;
  }

  #altered(config: TopicConfig): TopicConfig {
    const present = this.#topics.get(config.topicName);
    const attributes = alterAttributes(topicAttributes, !present, present?.attributes ?? {}, config.attributes);
    if (config.attributes[`+${RESERVE_TIME_ATTRIBUTE}`] !== undefined) {
      throw new AttributeError('Update topic reserveTime not supported');
    }
    return { ...config, attributes };
  }

  /**
   * Creates or replaces topics. Their attributes are changes (`+key`, `-key`) of the present ones.
   *
   * @throws AttributeError; then no topic has changed
   */
  update(...configs: readonly TopicConfig[]): void {
    const altered = configs.map((config) => this.#altered(config));
    const kept = altered.filter(({ topicName }) => !(this.#config.enableLmq && isLmq(topicName)));
    for (const config of kept) this.#topics.set(config.topicName, config);
    if (kept.length > 0) this.#changed(kept.map((config) => config.topicName));
  }

  /** @returns false when there is no such topic */
  delete(topic: string): boolean {
    if (!this.#topics.delete(topic)) return false;
    this.#changed([]);
    return true;
  }

  /** Marks topics as ordered that a name server lists as such; never takes the mark away. */
  applyOrderTopics(names: Iterable<string>): void {
    const changed: string[] = [];
    for (const name of names) {
      const config = this.#topics.get(name);
      if (!config || config.order) continue;
      this.#topics.set(name, { ...config, order: true });
      changed.push(name);
    }
    if (changed.length > 0) this.#changed(changed);
  }
}
