import { isTopicNotExist } from '../client/errors.js';
import type { TopicRouteData } from '../protocol/bodies.js';
import { brokerAddresses, readCluster, readTargets } from './cluster.js';
import type { Deadline } from './deadline.js';
import { askAll, askEach, FAN_OUT_LIMIT, nobodyHas, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';
import { atEveryNameServer, deleteOrderConf, readTopicConfig } from './topic-write.js';

/** What the deletion of a topic will take away. */
export interface TopicDeletePlan {
  readonly topic: string;
  readonly clusterName: string;
  readonly brokers: ReadonlyArray<{
    readonly brokerName: string | null;
    readonly addr: string;
    /** Null when the broker did not say. */
    readonly queues: number | null;
    readonly messages: number | null;
  }>;
  /** Groups that read it, online or by their offsets; null when unknown. */
  readonly consumerGroups: readonly string[] | null;
  readonly isOrdered: boolean;
}

/**
 * What `deleteTopic` would delete.
 *
 * @throws AdminError (not-found) when the cluster is unknown or has no such topic; (partial) when it may be on a broker
 *   that did not answer
 */
export async function planTopicDelete(
  session: AdminSession,
  request: { topic: string; clusterName: string },
): Promise<TopicDeletePlan> {
  const { topic, clusterName } = request;
  const deadline = session.deadline();
  const [info, route] = await Promise.all([readCluster(session, deadline), routeOrNull(session, topic, deadline)]);
  const masters = brokerAddresses(info, clusterName).filter(({ brokerId }) => brokerId === 0);
  const inCluster = route?.brokerDatas.filter(({ cluster }) => cluster === clusterName) ?? [];
  if (inCluster.length === 0) {
    const search = await askForTopic(session, masters, topic, deadline.round(2));
    if (!search.isFound) {
      throw nobodyHas(search, `cluster "${clusterName}" has no topic "${topic}"`, {
        hint: 'mqadmin topic list shows the topics',
      });
    }
  }
  const targets = inCluster.length > 0 ? readTargets(inCluster) : masters;
  const [stats, groups] = await Promise.all([
    askEach(targets, FAN_OUT_LIMIT, ({ addr }) => session.api.getTopicStatsInfo(addr, topic, deadline.call())),
    askEach(targets, FAN_OUT_LIMIT, ({ addr }) => session.api.queryTopicConsumeByWho(addr, topic, deadline.call())),
  ]);
  // Readers that are known are told also when some broker does not say.
  const readers = [...new Set(groups.answers.flatMap(({ value }) => value.groupList))].sort();
  return {
    topic,
    clusterName,
    brokers: targets.map(({ brokerName, addr }) => {
      const table = stats.answers.find(({ target }) => target.addr === addr)?.value.offsetTable;
      return {
        brokerName,
        addr,
        queues: table?.length ?? null,
        messages: table?.reduce((sum, { minOffset, maxOffset }) => sum + maxOffset - minOffset, 0) ?? null,
      };
    }),
    consumerGroups: readers.length > 0 || groups.complete ? readers : null,
    isOrdered: Boolean(route?.orderTopicConf),
  };
}

export interface TopicDeletion extends Partial {
  readonly topic: string;
  readonly clusterName: string;
  readonly brokers: ReadonlyArray<{ readonly brokerName: string | null; readonly addr: string }>;
  /** Read back: true when neither these brokers nor the name server know the topic any more. */
  readonly verified: boolean;
}

/**
 * Deletes a topic from the masters of a cluster (215), then from every name server (216), and reads it back.
 * Deleting what is not there succeeds.
 */
export async function deleteTopic(
  session: AdminSession,
  request: { topic: string; clusterName: string; isOrdered?: boolean },
): Promise<TopicDeletion> {
  const { topic, clusterName } = request;
  const deadline = session.deadline();
  const masters = brokerAddresses(await readCluster(session, deadline), clusterName).filter(
    ({ brokerId }) => brokerId === 0,
  );
  const round = deadline.round(2);
  const { answers, ...partial } = await askAll(masters, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.deleteTopicInBroker(addr, topic, round.call()),
  );
  await atEveryNameServer(session, (namesrvAddr) =>
    session.api.deleteTopicInNameServer(topic, clusterName, { ...deadline.call(), namesrvAddr }),
  );
  if (request.isOrdered === true) await deleteOrderConf(session, topic, deadline);
  const route = await routeOrNull(session, topic, deadline);
  const isRouted = route?.brokerDatas.some(({ cluster }) => cluster === clusterName) ?? false;
  const done = answers.map(({ target }) => target);
  const { isFound: isLeft } = await askForTopic(session, done, topic, deadline);
  return {
    topic,
    clusterName,
    ...partial,
    brokers: answers.map(({ target: { brokerName, addr } }) => ({ brokerName, addr })),
    verified: partial.complete && !isRouted && !isLeft,
  };
}

async function routeOrNull(session: AdminSession, topic: string, deadline: Deadline): Promise<TopicRouteData | null> {
  try {
    return await session.api.getTopicRouteInfo(topic, deadline.call());
  } catch (error) {
    if (isTopicNotExist(error)) return null;
    throw error;
  }
}

async function askForTopic(
  session: AdminSession,
  targets: readonly Target[],
  topic: string,
  deadline: Deadline,
): Promise<Partial & { isFound: boolean }> {
  const { answers, complete, unreachable } = await askEach(targets, FAN_OUT_LIMIT, ({ addr }) =>
    readTopicConfig(session, addr, topic, deadline),
  );
  return { complete, unreachable, isFound: answers.some(({ value }) => value !== null) };
}
