/** Sums of what brokers answered: pure, so that what is unknown stays unknown by one set of rules. */
import type { ConsumerConnection, ConsumeStats, TopicStatsTable } from '../protocol/bodies.js';
import { versionDesc } from '../protocol/mq-version.js';
import { isRetryTopic } from '../protocol/topic-validator.js';
import type { BrokerAddress, BrokerRuntime } from './cluster.js';
import type { BrokerReading, ClientReading, GroupReading, GroupTopicReading, TopicReading } from './cluster-sample.js';
import type { TopicKind } from './topic-list.js';

/** A group on one broker. */
export interface GroupPart {
  readonly readAtMs: number;
  readonly queues: number;
  readonly brokerOffset: number;
  readonly consumerOffset: number;
  readonly lag: number;
  readonly retryLag: number;
  readonly oldestConsumedAtMs: number | null;
  /** A queue with messages waiting of which nothing was ever consumed: how old its lag is cannot be told. */
  readonly isAgeUnknown: boolean;
  readonly worst: { readonly queue: string; readonly lag: number } | null;
  readonly topics: readonly GroupTopicReading[];
}

/** Reads the answer to 208. */
export function groupPart(stats: ConsumeStats, readAtMs: number): GroupPart {
  const topics = new Map<string, { lag: number; consumerOffset: number }>();
  let worst: GroupPart['worst'] = null;
  let oldest: number | null = null;
  let isAgeUnknown = false;
  const sums = { brokerOffset: 0, consumerOffset: 0, lag: 0, retryLag: 0 };
  for (const { mq, brokerOffset, consumerOffset, lastTimestamp } of stats.offsetTable) {
    const topic = mq.topic ?? '';
    // A commit may overtake the reading of the broker's offset.
    const lag = Math.max(0, brokerOffset - consumerOffset);
    sums.brokerOffset += brokerOffset;
    sums.consumerOffset += consumerOffset;
    sums.lag += lag;
    if (isRetryTopic(topic)) sums.retryLag += lag;
    const entry = topics.get(topic) ?? { lag: 0, consumerOffset: 0 };
    topics.set(topic, { lag: entry.lag + lag, consumerOffset: entry.consumerOffset + consumerOffset });
    if (lag === 0) continue;
    if (lastTimestamp <= 0) isAgeUnknown = true;
    else oldest = Math.min(oldest ?? lastTimestamp, lastTimestamp);
    if (worst === null || lag > worst.lag) worst = { queue: `${topic}@${mq.brokerName ?? ''}/${mq.queueId}`, lag };
  }
  return {
    readAtMs,
    queues: stats.offsetTable.length,
    ...sums,
    oldestConsumedAtMs: oldest,
    isAgeUnknown,
    worst,
    topics: [...topics].map(([topic, entry]) => ({ topic, ...entry })),
  };
}

/** The members of a group. */
export interface GroupMembers {
  readonly clients: readonly ClientReading[];
  readonly consumeType: string | null;
  readonly messageModel: string | null;
  readonly subscriptions: readonly string[];
  /** Topics subscribed to, without retry topics. */
  readonly topics: readonly string[];
}

/** How people call what clients say of themselves. */
export const CONSUME_TYPES: Readonly<Record<string, string>> = {
  CONSUME_ACTIVELY: 'pull',
  CONSUME_PASSIVELY: 'push',
  CONSUME_POP: 'pop',
};

/** Joins the answers to 203 of several brokers; a client that is connected to many counts once. */
export function groupMembers(answers: readonly (ConsumerConnection | null)[]): GroupMembers {
  const tables = answers.filter((answer) => answer !== null);
  const clients = new Map<string, ClientReading>();
  const subscriptions = new Map<string, string>();
  for (const { connectionSet, subscriptionTable } of tables) {
    for (const { clientId, clientAddr, language, version } of connectionSet) {
      clients.set(clientId, { clientId, clientAddr, language: String(language), version: versionDesc(version) });
    }
    for (const { topic, subString } of Object.values(subscriptionTable)) {
      if (topic === undefined || topic === null || isRetryTopic(topic)) continue;
      subscriptions.set(topic, subString === '*' ? topic : `${topic} (${subString})`);
    }
  }
  const type = tables[0]?.consumeType;
  return {
    clients: [...clients.values()].sort((a, b) => (a.clientId < b.clientId ? -1 : 1)),
    consumeType: type === undefined || type === null ? null : (CONSUME_TYPES[type] ?? null),
    messageModel: tables[0]?.messageModel?.toLowerCase() ?? null,
    subscriptions: [...subscriptions.values()].sort(),
    topics: [...subscriptions.keys()].sort(),
  };
}

/** What is known of a group, broker by broker. */
export interface GroupKnowledge {
  readonly group: string;
  /** The last answer of each broker that answers; brokers that do not stand in `missing`. */
  readonly parts: readonly GroupPart[];
  /** Why a broker's part is not there: `broker-b did not answer`. */
  readonly missing: readonly string[];
  /** Null when unknown. */
  readonly members: GroupMembers | null;
}

/** Adds a group up. A sum that lacks a broker's queues would be too small, and too small looks like good news. */
export function groupReading({ group, parts, missing, members }: GroupKnowledge): GroupReading {
  const sum = (value: (part: GroupPart) => number): number => parts.reduce((total, part) => total + value(part), 0);
  const topics = new Map<string, GroupTopicReading>();
  for (const entry of parts.flatMap((part) => part.topics)) {
    const old = topics.get(entry.topic);
    topics.set(entry.topic, {
      topic: entry.topic,
      lag: (old?.lag ?? 0) + entry.lag,
      consumerOffset: (old?.consumerOffset ?? 0) + entry.consumerOffset,
    });
  }
  const isBroadcast = members?.messageModel === 'broadcasting';
  const uncommitted = isBroadcast ? [] : (members?.topics ?? []).filter((topic) => !topics.has(topic));
  let reason: string | null = null;
  if (missing.length > 0) reason = missing.join('; ');
  else if (isBroadcast) reason = 'its members keep their offsets themselves (broadcasting)';
  else if (parts.length === 0) reason = 'not read yet';
  else if (uncommitted.length > 0) reason = `it has committed no offset of ${uncommitted.join(', ')}`;
  else if (sum(({ queues }) => queues) === 0) reason = 'it has not committed any offset';
  const isKnown = reason === null;
  const worst = parts.map((part) => part.worst).reduce((a, b) => ((a?.lag ?? 0) >= (b?.lag ?? 0) ? a : b), null);
  const ages = parts.flatMap(({ oldestConsumedAtMs }) => oldestConsumedAtMs ?? []);
  const isAgeKnown = isKnown && ages.length > 0 && !parts.some(({ isAgeUnknown }) => isAgeUnknown);
  return {
    group,
    readAtMs: parts.length === 0 ? null : Math.min(...parts.map(({ readAtMs }) => readAtMs)),
    topics: [...topics.values()],
    brokerOffset: isKnown ? sum(({ brokerOffset }) => brokerOffset) : null,
    consumerOffset: isKnown ? sum(({ consumerOffset }) => consumerOffset) : null,
    lag: isKnown ? sum(({ lag }) => lag) : null,
    uncommitted: missing.length === 0 && parts.length > 0 ? uncommitted : [],
    knownLag: !isKnown && parts.length > 0 && !isBroadcast ? sum(({ lag }) => lag) : null,
    retryLag: isKnown ? sum(({ retryLag }) => retryLag) : null,
    oldestConsumedAtMs: isAgeKnown ? Math.min(...ages) : null,
    worst: isBroadcast ? null : worst,
    clients: members?.clients ?? null,
    consumeType: members?.consumeType ?? null,
    messageModel: members?.messageModel ?? null,
    subscriptions: members?.subscriptions ?? [],
    reason,
  };
}

/** A topic on one broker. */
export interface TopicPart {
  readonly readAtMs: number;
  readonly queues: number;
  readonly minOffset: number;
  readonly maxOffset: number;
  readonly lastStoredAtMs: number | null;
}

/** Reads the answer to 202. */
export function topicPart({ offsetTable }: TopicStatsTable, readAtMs: number): TopicPart {
  const part = { readAtMs, queues: offsetTable.length, minOffset: 0, maxOffset: 0 };
  let last = 0;
  for (const { minOffset, maxOffset, lastUpdateTimestamp } of offsetTable) {
    part.minOffset += minOffset;
    part.maxOffset += maxOffset;
    last = Math.max(last, lastUpdateTimestamp);
  }
  return { ...part, lastStoredAtMs: last > 0 ? last : null };
}

/** Adds a topic up, by the rules of groups. */
export function topicReading(
  topic: string,
  kind: TopicKind,
  parts: readonly TopicPart[],
  missing: readonly string[],
): TopicReading {
  const isKnown = missing.length === 0 && parts.length > 0;
  const maxOffset = parts.reduce((sum, part) => sum + part.maxOffset, 0);
  const minOffset = parts.reduce((sum, part) => sum + part.minOffset, 0);
  const stored = parts.flatMap(({ lastStoredAtMs }) => lastStoredAtMs ?? []);
  return {
    topic,
    kind,
    readAtMs: parts.length === 0 ? null : Math.min(...parts.map(({ readAtMs }) => readAtMs)),
    queues: parts.reduce((sum, part) => sum + part.queues, 0),
    maxOffset: isKnown ? maxOffset : null,
    size: isKnown ? maxOffset - minOffset : null,
    lastStoredAtMs: stored.length === 0 ? null : Math.max(...stored),
    reason: missing.length > 0 ? missing.join('; ') : null,
  };
}

/** What a broker's runtime table says; nulls when there is none. */
export function brokerReading(
  broker: BrokerAddress,
  runtime: BrokerRuntime | null,
  silence: { readonly reason: string; readonly sinceMs: number } | null,
): BrokerReading {
  const { clusterName, brokerName, brokerId, addr } = broker;
  const number = (key: string): number | null => {
    const text = runtime?.table[key];
    const value = Number(text);
    return text === undefined || text === '' || !Number.isFinite(value) ? null : value;
  };
  const known = silence === null ? runtime : null;
  const of = <T>(value: T | null | undefined): T | null => (known === null ? null : (value ?? null));
  return {
    clusterName,
    brokerName,
    brokerId,
    addr,
    isAnswering: silence === null,
    reason: silence?.reason ?? null,
    silentSinceMs: silence?.sinceMs ?? null,
    version: runtime?.version?.replace(/^V/, '').replaceAll('_', '.') ?? null,
    inRate: of(runtime?.inTps),
    outRate: of(runtime?.outTps),
    diskRatio: of(runtime?.diskRatio),
    pageCacheMs: of(runtime?.pageCacheLockMs),
    putP99Ms: of(number('putLatency99')),
    putMaxMs: of(number('putMessageEntireTimeMax')),
    sendWaitMs: of(runtime?.sendQueueWaitMs),
    pullWaitMs: of(runtime?.pullQueueWaitMs),
    logMin: of(number('commitLogMinOffset')),
    logMax: of(number('commitLogMaxOffset')),
    oldestMessageAtMs: of(runtime?.earliestMessageTimestamp),
  };
}
