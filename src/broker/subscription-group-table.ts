/**
 * The consumer groups that one broker knows, and what each group may not read. Pure: files listen to
 * `onChange`.
 *
 * Source: broker/subscription/SubscriptionGroupManager.java.
 */
import { type DataVersion, newDataVersion, nextDataVersion, sameDataVersion } from '../protocol/data-version.js';
import { defaultSubscriptionGroupConfig, type SubscriptionGroupConfig } from '../protocol/subscription-group-config.js';
import { CID_RMQ_SYS_PREFIX, checkGroupName, isLmq, SystemGroup } from '../protocol/topic-validator.js';
import { alterAttributes, groupAttributes } from './attributes.js';
import type { BrokerConfig } from './broker-config.js';

/** Bit of the forbidden mask that stops reading (PermName.INDEX_PERM_READ is bit 2). */
const READ_FORBIDDEN = 1 << 2;

const BOOT_GROUPS = [
  SystemGroup.TOOLS_CONSUMER,
  SystemGroup.FILTERSRV_CONSUMER,
  SystemGroup.SELF_TEST_CONSUMER,
  SystemGroup.ONS_HTTP_PROXY,
  SystemGroup.ONSAPI_PULL,
  SystemGroup.ONSAPI_PERMISSION,
  SystemGroup.ONSAPI_OWNER,
  SystemGroup.SYS_RMQ_TRANS,
] as const;

/** One page of the group table. */
export interface GroupPage {
  groups: Map<string, SubscriptionGroupConfig>;
  forbidden: Map<string, Map<string, number>>;
  /** Of the whole table. */
  total: number;
}

export class SubscriptionGroupTable {
  readonly #config: BrokerConfig;
  readonly #now: () => number;
  readonly #groups = new Map<string, SubscriptionGroupConfig>();
  readonly #forbidden = new Map<string, Map<string, number>>();
  readonly #listeners: (() => void)[] = [];
  #version: DataVersion;
  #revision = 0;

  /** @param now ms since the epoch, for the version stamp */
  constructor(config: BrokerConfig, now: () => number) {
    this.#config = config;
    this.#now = now;
    this.#version = newDataVersion(now());
    for (const name of BOOT_GROUPS) this.#groups.set(name, defaultSubscriptionGroupConfig(name));
  }

  /** Called after every change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #changed(): void {
    this.#version = nextDataVersion(this.#version, this.#now());
    this.#revision++;
    for (const listener of this.#listeners) listener();
  }

  get version(): DataVersion {
    return this.#version;
  }

  /** Grows with every change of groups or forbidden topics: a cheap test for caches. */
  get revision(): number {
    return this.#revision;
  }

  /** Takes over what a file held; boot groups that it lacks stay. Tells nobody. */
  load(
    groups: Iterable<SubscriptionGroupConfig>,
    forbidden: Iterable<readonly [group: string, topics: Readonly<Record<string, number>>]>,
    version: DataVersion,
  ): void {
    for (const config of groups) this.#groups.set(config.groupName, config);
    for (const [group, topics] of forbidden) this.#forbidden.set(group, new Map(Object.entries(topics)));
    this.#version = version;
    this.#revision++;
  }

  /** A known group, without creating one. */
  get(group: string): SubscriptionGroupConfig | undefined {
    return this.#groups.get(group);
  }

  /** With light queues every group of their kind is there, as every such topic is. */
  has(group: string): boolean {
    return this.#groups.has(group) || (this.#config.enableLmq && isLmq(group));
  }

  /** All groups by name. */
  entries(): ReadonlyMap<string, SubscriptionGroupConfig> {
    return this.#groups;
  }

  /** All forbidden masks, by group and topic. */
  forbiddenEntries(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return this.#forbidden;
  }

  /**
   * The group, created with defaults on first use when automatic creation allows it.
   *
   * @returns null when the group is unknown and may not be created, or its name is not valid
   */
  find(group: string): SubscriptionGroupConfig | null {
    const present = this.#groups.get(group);
    if (present) return present;
    // (broker/subscription/LmqSubscriptionGroupManager.java)
    if (this.#config.enableLmq && isLmq(group)) return defaultSubscriptionGroupConfig(group);
    if (!this.#config.autoCreateSubscriptionGroup && !group.startsWith(CID_RMQ_SYS_PREFIX)) return null;
    if (checkGroupName(group) !== null) return null;
    const created = defaultSubscriptionGroupConfig(group);
    this.#groups.set(group, created);
    this.#changed();
    return created;
  }

  /**
   * Creates or replaces groups as a whole. Their attributes are changes of the present ones.
   *
   * @throws AttributeError; then no group has changed
   */
  update(...configs: readonly SubscriptionGroupConfig[]): void {
    const altered = configs.map((config) => {
      const present = this.#groups.get(config.groupName);
      const attributes = alterAttributes(groupAttributes, !present, present?.attributes ?? {}, config.attributes);
      return { ...config, attributes };
    });
    const kept = altered.filter(({ groupName }) => !(this.#config.enableLmq && isLmq(groupName)));
    for (const config of kept) this.#groups.set(config.groupName, config);
    if (kept.length > 0) this.#changed();
  }

  /** Takes a group's right to consume away. */
  disableConsume(group: string): void {
    const config = this.#groups.get(group);
    if (!config?.consumeEnable) return;
    this.#groups.set(group, { ...config, consumeEnable: false });
    this.#changed();
  }

  /** Forgets a group and what it may not read. @returns false when there is no such group */
  delete(group: string): boolean {
    this.#forbidden.delete(group);
    if (!this.#groups.delete(group)) return false;
    this.#changed();
    return true;
  }

  isReadForbidden(group: string, topic: string): boolean {
    return ((this.#forbidden.get(group)?.get(topic) ?? 0) & READ_FORBIDDEN) !== 0;
  }

  /** Lets a group read a topic, or not. Allowing one topic clears the whole group's masks, as in Apache. */
  setReadable(group: string, topic: string, readable: boolean): void {
    const mask = this.#forbidden.get(group)?.get(topic) ?? 0;
    const next = readable ? mask & ~READ_FORBIDDEN : mask | READ_FORBIDDEN;
    if (next === 0) {
      if (!this.#forbidden.delete(group)) return;
    } else {
      const topics = this.#forbidden.get(group) ?? new Map<string, number>();
      topics.set(topic, next);
      this.#forbidden.set(group, topics);
    }
    this.#changed();
  }

  /**
   * Part of the table, sorted by name: [seq, seq + max), or from the start when the caller's version is not ours.
   */
  page(callerVersion: DataVersion | null, seq: number, max: number): GroupPage {
    const names = [...this.#groups.keys()].sort();
    const begin = callerVersion && sameDataVersion(callerVersion, this.#version) ? Math.max(0, seq) : 0;
    const groups = new Map<string, SubscriptionGroupConfig>();
    const forbidden = new Map<string, Map<string, number>>();
    for (const name of names.slice(begin, begin + Math.max(0, max))) {
      groups.set(name, this.#groups.get(name)!);
      const masks = this.#forbidden.get(name);
      if (masks) forbidden.set(name, masks);
    }
    return { groups, forbidden, total: names.length };
  }
}
