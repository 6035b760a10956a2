import { errorText } from '../base/errors.js';
import type { ClusterInfo } from '../protocol/bodies.js';
import {
  isDlqTopic,
  isRetryTopic,
  isSystemTopic,
  RETRY_GROUP_TOPIC_PREFIX,
  replyTopic,
} from '../protocol/topic-validator.js';
import { BrokerCalls } from './broker-calls.js';
import { readCluster, readTargets } from './cluster.js';
import { FAN_OUT_LIMIT, mapBounded, type Partial } from './fan-out.js';
import type { AdminSession } from './session.js';

/** What a topic is for, by its name. */
export type TopicKind = 'normal' | 'retry' | 'dlq' | 'system';

export interface TopicEntry {
  readonly topic: string;
  readonly kind: TopicKind;
}

export interface TopicList {
  readonly topics: readonly TopicEntry[];
}

/**
 * The names of all topics (206), or of those of one cluster (224), sorted.
 */
export async function listTopics(
  session: AdminSession,
  query: { clusterName?: string | null } = {},
): Promise<TopicList> {
  const deadline = session.deadline();
  const { clusterName } = query;
  const [list, info] = await Promise.all([
    clusterName === undefined || clusterName === null
      ? session.api.getTopicListFromNameServer(deadline.call())
      : session.api.getTopicsByCluster(clusterName, deadline.call()),
    readCluster(session, deadline),
  ]);
  const isSystem = systemTopicTest(info);
  return { topics: list.topicList.toSorted().map((topic) => ({ topic, kind: kindOf(topic, isSystem) })) };
}

/** The names of all topics in the name server's order: one request. */
export async function listTopicNames(session: AdminSession): Promise<readonly string[]> {
  return (await session.api.getTopicListFromNameServer(session.deadline().call())).topicList;
}

/** Every group that has a retry topic, in the name server's order. */
export async function listGroupNames(session: AdminSession, deadline = session.deadline()): Promise<string[]> {
  const { topicList } = await session.api.getTopicListFromNameServer(deadline.call());
  return topicList
    .filter((topic) => topic.startsWith(RETRY_GROUP_TOPIC_PREFIX))
    .map((topic) => topic.slice(RETRY_GROUP_TOPIC_PREFIX.length));
}

export interface TopicUse extends TopicEntry {
  /** Null when it could not be found out; `reason` says why. */
  readonly clusterName: string | null;
  readonly consumerGroups: readonly string[] | null;
  readonly reason: string | null;
}

export interface TopicUses extends Partial {
  /** In the name server's order; without retry and dead letter topics. */
  readonly topics: readonly TopicUse[];
}

/** Every topic with its cluster and the groups that read it (105 and 300 for each). */
export async function listTopicUses(session: AdminSession): Promise<TopicUses> {
  const deadline = session.deadline();
  const [list, info] = await Promise.all([
    session.api.getTopicListFromNameServer(deadline.call()),
    readCluster(session, deadline),
  ]);
  const isSystem = systemTopicTest(info);
  const names = list.topicList.filter((topic) => !isRetryTopic(topic) && !isDlqTopic(topic));
  const calls = new BrokerCalls(deadline);
  const topics = await mapBounded(names, FAN_OUT_LIMIT, async (topic): Promise<TopicUse> => {
    const entry = { topic, kind: kindOf(topic, isSystem) };
    let clusterName: string | null = null;
    try {
      const route = await session.api.getTopicRouteInfo(topic, deadline.call());
      clusterName = route.brokerDatas[0]?.cluster || null;
      const [target] = readTargets(route.brokerDatas);
      if (target === undefined) return { ...entry, clusterName, consumerGroups: null, reason: 'no broker serves it' };
      const { groupList } = await calls.ask(target, (round) =>
        session.api.queryTopicConsumeByWho(target.addr, topic, round.call()),
      );
      return { ...entry, clusterName, consumerGroups: groupList.toSorted(), reason: null };
    } catch (error) {
      if (session.signal?.aborted) throw error;
      return { ...entry, clusterName, consumerGroups: null, reason: errorText(error) };
    }
  });
  return { topics, complete: topics.every(({ reason }) => reason === null), unreachable: calls.unreachable };
}

/** A test for system topics that knows the topics named after clusters and brokers. */
export function systemTopicTest(info: ClusterInfo): (topic: string) => boolean {
  const clusters = Object.keys(info.clusterAddrTable);
  const added = new Set([...clusters, ...clusters.map(replyTopic), ...Object.keys(info.brokerAddrTable)]);
  return (topic) => isSystemTopic(topic, added);
}

function kindOf(topic: string, isSystem: (topic: string) => boolean): TopicKind {
  if (isRetryTopic(topic)) return 'retry';
  if (isDlqTopic(topic)) return 'dlq';
  return isSystem(topic) ? 'system' : 'normal';
}
