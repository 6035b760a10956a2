import { errorText } from '../base/errors.js';
import { isTopicNotExist } from '../client/errors.js';
import type { ConsumerConnection } from '../protocol/bodies.js';
import { compareMessageQueue, messageQueueKey } from '../protocol/message-queue.js';
import { versionDesc } from '../protocol/mq-version.js';
import { isLmq, popRetryTopic, retryTopic, TIMER_TOPIC } from '../protocol/topic-validator.js';
import { BrokerCalls } from './broker-calls.js';
import { readCluster, readTargets } from './cluster.js';
import { onlineOrNull } from './connections.js';
import type { Deadline } from './deadline.js';
import { AdminError } from './failure.js';
import { askAll, FAN_OUT_LIMIT, joinPartial, mapBounded, nobodyHas, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';
import { listGroupNames } from './topic-list.js';

export interface QueueProgress {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  /** Offset that the next message gets. */
  readonly brokerOffset: number;
  /** Committed offset. */
  readonly consumerOffset: number;
  /** brokerOffset - consumerOffset */
  readonly lag: number;
  /** Handed out but not committed; null when the broker does not know (before 5.x). */
  readonly inflight: number | null;
  /** Store time of the last message consumed, ms; null when unknown. */
  readonly lastTimestamp: number | null;
  readonly lastTime: string | null;
  /** The client that holds the queue; null when unknown or not asked for. */
  readonly clientId: string | null;
}

export interface GroupProgress extends Partial {
  readonly consumerGroup: string;
  /** Messages a second that the group takes, summed over the brokers that answered. */
  readonly consumeTps: number;
  readonly lag: number;
  /** Null when no broker knows. */
  readonly inflight: number | null;
  readonly queues: readonly QueueProgress[];
}

export interface ProgressQuery {
  readonly consumerGroup: string;
  readonly topic?: string | null;
  /** Ask the members which queue they hold. */
  readonly withClients?: boolean;
  /** For light and timer topics: the name whose route counts. */
  readonly cluster?: string | null;
}

/**
 * How far a group is on every queue (208 at each broker that may hold it).
 *
 * @throws AdminError (not-found) when it has no offsets and nobody is connected, its members keep their offsets, or it
 *   does not read the topic
 */
export async function groupProgress(session: AdminSession, query: ProgressQuery): Promise<GroupProgress> {
  const { consumerGroup, topic } = query;
  const deadline = session.deadline();
  const targets = await statsTargets(session, query, deadline);
  const [stats, owners] = await Promise.all([
    askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
      session.api.getConsumeStats(addr, { consumerGroup, topic: topic ?? undefined }, deadline.call()),
    ),
    query.withClients === true ? queueOwners(session, consumerGroup, targets, deadline) : null,
  ]);
  const entries = stats.answers.flatMap(({ value }) => value.offsetTable);
  if (entries.length === 0 && stats.complete) await explainEmpty(session, query, targets, deadline);
  const queues = entries
    .sort((a, b) => compareMessageQueue(a.mq, b.mq))
    .map(({ mq, brokerOffset, consumerOffset, pullOffset, lastTimestamp }): QueueProgress => {
      const last = lastTimestamp > 0 ? lastTimestamp : null;
      return {
        topic: mq.topic ?? '',
        brokerName: mq.brokerName ?? '',
        queueId: mq.queueId,
        brokerOffset,
        consumerOffset,
        lag: brokerOffset - consumerOffset,
        // A broker that knows it never says less than the committed offset.
        inflight: pullOffset < consumerOffset ? null : pullOffset - consumerOffset,
        lastTimestamp: last,
        lastTime: last === null ? null : new Date(last).toISOString(),
        clientId: owners?.get(messageQueueKey(mq)) ?? null,
      };
    });
  const known = queues.flatMap(({ inflight }) => (inflight === null ? [] : [inflight]));
  const { complete, unreachable } = joinPartial(stats);
  return {
    consumerGroup,
    complete,
    unreachable,
    consumeTps: stats.answers.reduce((sum, { value }) => sum + value.consumeTps, 0),
    lag: queues.reduce((sum, queue) => sum + queue.lag, 0),
    inflight: known.length === 0 && queues.length > 0 ? null : known.reduce((sum, each) => sum + each, 0),
    queues,
  };
}

/** The group's brokers: of its retry topic, else of the topic, else of its pop retry topic, else all. */
async function statsTargets(session: AdminSession, query: ProgressQuery, deadline: Deadline): Promise<Target[]> {
  const { consumerGroup, topic, cluster } = query;
  const names = [retryTopic(consumerGroup), ...(topic ? [topic, popRetryTopic(topic, consumerGroup)] : [])];
  if (topic && cluster && (isLmq(topic) || topic === TIMER_TOPIC)) names.push(cluster);
  for (const name of names) {
    try {
      return readTargets((await session.api.getTopicRouteInfo(name, deadline.call())).brokerDatas);
    } catch (error) {
      if (!isTopicNotExist(error)) throw error;
    }
  }
  const { brokerAddrTable } = await readCluster(session, deadline);
  return readTargets(Object.values(brokerAddrTable));
}

/** @throws AdminError (not-found) unless members are connected that keep their offsets here */
async function explainEmpty(
  session: AdminSession,
  { consumerGroup, topic }: ProgressQuery,
  targets: readonly Target[],
  deadline: Deadline,
): Promise<void> {
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    onlineOrNull(session, addr, consumerGroup, deadline),
  );
  const online = answers.flatMap(({ value }) => (value === null ? [] : [value]));
  if (online.length === 0) {
    throw nobodyHas(partial, `consumer group "${consumerGroup}" has no offsets, and nobody is connected`, {
      hint: 'mqadmin consumer progress shows the groups that have subscribed',
    });
  }
  if (online.some(({ messageModel }) => messageModel === 'BROADCASTING')) {
    throw new AdminError(
      'not-found',
      `consumer group "${consumerGroup}" is broadcasting: its consumers keep their offsets`,
    );
  }
  if (topic) {
    throw new AdminError('not-found', `consumer group "${consumerGroup}" does not read "${topic}"`, {
      hint: `mqadmin consumer progress ${consumerGroup} shows what it reads`,
    });
  }
}

/** Queue to clientId, by asking every member (307); members that do not answer are left out. */
async function queueOwners(
  session: AdminSession,
  consumerGroup: string,
  targets: readonly Target[],
  deadline: Deadline,
): Promise<Map<string, string>> {
  const owners = new Map<string, string>();
  const members = new Map<string, string>();
  const round = deadline.round(2);
  await mapBounded(targets, FAN_OUT_LIMIT, async ({ addr }) => {
    const online = await onlineOrNull(session, addr, consumerGroup, round).catch(() => null);
    for (const { clientId } of online?.connectionSet ?? []) members.set(clientId, addr);
  });
  await mapBounded([...members], FAN_OUT_LIMIT, async ([clientId, addr]) => {
    const info = await session.api
      .getConsumerRunningInfo(addr, consumerGroup, clientId, false, deadline.call())
      .catch(() => null);
    for (const { mq } of [...(info?.mqTable ?? []), ...(info?.mqPopTable ?? [])])
      owners.set(messageQueueKey(mq), clientId);
  });
  return owners;
}

/** One group in a list. What could not be found out is null, and `reason` says why. */
export interface GroupSummary {
  readonly consumerGroup: string;
  /** Connected clients. */
  readonly clients: number | null;
  /** Lowest version among them; null when nobody is connected. */
  readonly version: string | null;
  readonly consumeType: ConsumerConnection['consumeType'] | null;
  readonly messageModel: ConsumerConnection['messageModel'] | null;
  readonly consumeTps: number | null;
  readonly lag: number | null;
  readonly reason: string | null;
}

export interface GroupSummaries extends Partial {
  /** In the name server's order of their retry topics. */
  readonly groups: readonly GroupSummary[];
}

/** Every group that has a retry topic (105, 208 and 203 for each, many at a time). */
export async function allGroupsProgress(session: AdminSession): Promise<GroupSummaries> {
  const deadline = session.deadline();
  const names = await listGroupNames(session, deadline);
  const calls = new BrokerCalls(deadline);
  const groups = await mapBounded(names, FAN_OUT_LIMIT, (name) => groupSummary(session, name, calls, deadline));
  return { groups, complete: groups.every(({ reason }) => reason === null), unreachable: calls.unreachable };
}

async function groupSummary(
  session: AdminSession,
  consumerGroup: string,
  calls: BrokerCalls,
  deadline: Deadline,
): Promise<GroupSummary> {
  const reasons: string[] = [];
  /** The value in a list of one; an empty list when there is no answer. */
  const attempt = async <T>(work: Promise<T>): Promise<T[]> => {
    try {
      return [await work];
    } catch (error) {
      if (session.signal?.aborted) throw error;
      reasons.push(errorText(error));
      return [];
    }
  };
  const [route] = await attempt(session.api.getTopicRouteInfo(retryTopic(consumerGroup), deadline.call()));
  const targets = route === undefined ? [] : readTargets(route.brokerDatas);
  const [stats, online] = await Promise.all([
    Promise.all(
      targets.map((target) =>
        attempt(
          calls.ask(target, (round) => session.api.getConsumeStats(target.addr, { consumerGroup }, round.call())),
        ),
      ),
    ),
    Promise.all(
      targets.map((target) =>
        attempt(calls.ask(target, (round) => onlineOrNull(session, target.addr, consumerGroup, round))),
      ),
    ),
  ]);
  const progress = stats.flat();
  const isProgressKnown = route !== undefined && progress.length === targets.length;
  const tables = online.flat().filter((each) => each !== null);
  const connections = new Map(
    tables.flatMap(({ connectionSet }) => connectionSet.map((each) => [each.clientId, each])),
  );
  const isOnlineKnown = route !== undefined && (connections.size > 0 || online.flat().length === targets.length);
  const versions = [...connections.values()].map(({ version }) => version);
  const offsets = progress.flatMap(({ offsetTable }) => offsetTable);
  return {
    consumerGroup,
    clients: isOnlineKnown ? connections.size : null,
    version: versions.length === 0 ? null : versionDesc(Math.min(...versions)),
    consumeType: tables[0]?.consumeType ?? null,
    messageModel: tables[0]?.messageModel ?? null,
    consumeTps: isProgressKnown ? progress.reduce((sum, each) => sum + each.consumeTps, 0) : null,
    lag: isProgressKnown ? offsets.reduce((sum, each) => sum + each.brokerOffset - each.consumerOffset, 0) : null,
    reason: reasons[0] ?? null,
  };
}
