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
import { type GroupReading, ReadTopics, readGroup } from './uncommitted.js';

/** How far a group is on a queue of which it has committed an offset. */
export interface CommittedQueue {
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

/** The same of any queue that a group reads. */
export interface QueueProgress extends Omit<CommittedQueue, 'consumerOffset' | 'lag'> {
  /** Committed offset; null when the group has committed none. */
  readonly consumerOffset: number | null;
  /** brokerOffset - consumerOffset; of a queue without a committed offset null, or 0 when it holds no message. */
  readonly lag: number | null;
}

interface GroupTotals extends Partial {
  readonly consumerGroup: string;
  /** Messages a second that the group takes, summed over the brokers that answered. */
  readonly consumeTps: number;
  /** Null when no broker knows. */
  readonly inflight: number | null;
}

/** What brokers say of a group: queues of which it has committed nothing are not part of it. */
export interface CommittedProgress extends GroupTotals {
  /** Of the queues here. */
  readonly lag: number;
  readonly queues: readonly CommittedQueue[];
}

export interface GroupProgress extends GroupTotals {
  /** Null when it is not known of every queue, or some broker did not answer. */
  readonly lag: number | null;
  /** Of the queues here with a committed offset. */
  readonly committedLag: number;
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
 * How far a group is on every queue that it reads: those with a committed offset (208 at each broker that may hold it),
 * and of topics that its members subscribe to also the others (203, 105, 202).
 *
 * @throws AdminError (not-found) when it has no offsets and nobody is connected, its members keep their offsets, or it
 *   does not read the topic
 */
export async function groupProgress(session: AdminSession, query: ProgressQuery): Promise<GroupProgress> {
  const { consumerGroup } = query;
  const topic = query.topic || null;
  const deadline = session.deadline();
  const targets = await statsTargets(session, query, deadline);
  const calls = new BrokerCalls(deadline);
  const topics = new ReadTopics(session, calls, deadline);
  const group = { consumerGroup, topic, isTopicNamed: topic !== null && isRouteless(topic), withUncommitted: true };
  const [reading, owners] = await Promise.all([
    readGroup(session, group, targets, calls, topics),
    query.withClients === true ? queueOwners(session, consumerGroup, targets, deadline) : null,
  ]);
  const { stats, online, uncommitted, statsPartial, onlinePartial } = reading;
  if (stats.length === 0 && !statsPartial.complete) throw reading.firstError;
  const committed = committedQueues(stats, topic, owners);
  const rest = (uncommitted ?? []).map(({ minOffset, maxOffset, ...mq }): QueueProgress => {
    const lag = maxOffset > minOffset ? null : 0;
    const clientId = owners?.get(messageQueueKey(mq)) ?? null;
    return {
      ...{ ...mq, brokerOffset: maxOffset, consumerOffset: null, lag, inflight: null },
      ...{ lastTimestamp: null, lastTime: null, clientId },
    };
  });
  if (committed.length === 0 && rest.length === 0 && statsPartial.complete) explainEmpty(query, online, onlinePartial);
  const queues = [...committed, ...rest].sort(compareMessageQueue);
  // One broker that knows a member tells what the group reads.
  const partial = uncommitted === null ? joinPartial(statsPartial, onlinePartial) : joinPartial(statsPartial);
  const committedLag = sumOf(committed.map(({ lag }) => lag));
  return {
    consumerGroup,
    ...partial,
    consumeTps: sumOf(stats.map(({ value }) => value.consumeTps)),
    lag: partial.complete && queues.every(({ lag }) => lag !== null) ? committedLag : null,
    committedLag,
    inflight: inflightOf(queues),
    queues,
  };
}

/**
 * The same as brokers say it, and as Apache's tool shows it: only queues with a committed offset, or all of a topic that
 * is named.
 *
 * @throws as groupProgress
 */
export async function committedProgress(session: AdminSession, query: ProgressQuery): Promise<CommittedProgress> {
  const { consumerGroup, topic } = query;
  const deadline = session.deadline();
  const targets = await statsTargets(session, query, deadline);
  const [{ answers, ...partial }, owners] = await Promise.all([
    askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
      session.api.getConsumeStats(addr, { consumerGroup, topic: topic ?? undefined }, deadline.call()),
    ),
    query.withClients === true ? queueOwners(session, consumerGroup, targets, deadline) : null,
  ]);
  const queues = committedQueues(answers, null, owners).sort(compareMessageQueue);
  if (queues.length === 0 && partial.complete) {
    const members = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
      onlineOrNull(session, addr, consumerGroup, deadline),
    );
    const online = members.answers.flatMap(({ value }) => (value === null ? [] : [value]));
    explainEmpty(query, online, members);
  }
  return {
    consumerGroup,
    ...partial,
    consumeTps: sumOf(answers.map(({ value }) => value.consumeTps)),
    lag: sumOf(queues.map(({ lag }) => lag)),
    inflight: inflightOf(queues),
    queues,
  };
}

/** Queues that have no route of their own and are no part of what brokers list: they are asked for by their name. */
const isRouteless = (topic: string): boolean => isLmq(topic) || topic === TIMER_TOPIC;

function committedQueues(
  stats: GroupReading['stats'],
  topic: string | null,
  owners: ReadonlyMap<string, string> | null,
): CommittedQueue[] {
  return stats
    .flatMap(({ value }) => value.offsetTable)
    .filter(({ mq }) => topic === null || mq.topic === topic)
    .map(({ mq, brokerOffset, consumerOffset, pullOffset, lastTimestamp }) => {
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
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0);

function inflightOf(queues: ReadonlyArray<{ readonly inflight: number | null }>): number | null {
  const known = queues.flatMap(({ inflight }) => (inflight === null ? [] : [inflight]));
  return known.length === 0 && queues.length > 0 ? null : sumOf(known);
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
function explainEmpty(
  { consumerGroup, topic }: ProgressQuery,
  online: readonly ConsumerConnection[],
  partial: Partial,
): void {
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
  const reads = online.some(({ subscriptionTable }) =>
    Object.values(subscriptionTable).some((subscription) => subscription.topic === topic),
  );
  if (topic && !reads) {
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

/** One group in a list. What could not be found out is null. */
export interface GroupSummary {
  readonly consumerGroup: string;
  /** Connected clients. */
  readonly clients: number | null;
  /** Lowest version among them; null when nobody is connected. */
  readonly version: string | null;
  readonly consumeType: ConsumerConnection['consumeType'] | null;
  readonly messageModel: ConsumerConnection['messageModel'] | null;
  readonly consumeTps: number | null;
  /** Null also of a broadcasting group, and while there are topics in `uncommitted`. */
  readonly lag: number | null;
  /** Of the queues with a committed offset. */
  readonly committedLag: number | null;
  /** Topics that its members read, and where messages lie in queues of which it has committed no offset. */
  readonly uncommitted: readonly string[];
  /** Why something could not be found out; null when every broker answered. */
  readonly reason: string | null;
}

export interface GroupSummaries extends Partial {
  /** In the name server's order of their retry topics. */
  readonly groups: readonly GroupSummary[];
}

/**
 * Every group that has a retry topic (105, 208 and 203 for each, many at a time; 105 and 202 for topics they read).
 *
 * @param options `withUncommitted` false: as Apache's tool, which counts what has been committed
 */
export async function allGroupsProgress(
  session: AdminSession,
  { withUncommitted = true }: { readonly withUncommitted?: boolean } = {},
): Promise<GroupSummaries> {
  const deadline = session.deadline();
  const names = await listGroupNames(session, deadline);
  const calls = new BrokerCalls(deadline);
  const topics = new ReadTopics(session, calls, deadline);
  const groups = await mapBounded(names, FAN_OUT_LIMIT, (name) =>
    groupSummary(session, name, withUncommitted, calls, topics, deadline),
  );
  return { groups, complete: groups.every(({ reason }) => reason === null), unreachable: calls.unreachable };
}

async function groupSummary(
  session: AdminSession,
  consumerGroup: string,
  withUncommitted: boolean,
  calls: BrokerCalls,
  topics: ReadTopics,
  deadline: Deadline,
): Promise<GroupSummary> {
  const nothing = {
    ...{ consumerGroup, clients: null, version: null, consumeType: null, messageModel: null },
    ...{ consumeTps: null, lag: null, committedLag: null, uncommitted: [] },
  };
  let reading: GroupReading;
  try {
    const { brokerDatas } = await session.api.getTopicRouteInfo(retryTopic(consumerGroup), deadline.call());
    const group = { consumerGroup, topic: null, isTopicNamed: false, withUncommitted };
    reading = await readGroup(session, group, readTargets(brokerDatas), calls, topics);
  } catch (error) {
    session.signal?.throwIfAborted();
    return { ...nothing, reason: errorText(error) };
  }
  const { stats, online, statsPartial, onlinePartial } = reading;
  const connections = new Map(
    online.flatMap(({ connectionSet }) => connectionSet.map((each) => [each.clientId, each])),
  );
  const versions = [...connections.values()].map(({ version }) => version);
  const waiting = (reading.uncommitted ?? []).filter(({ minOffset, maxOffset }) => maxOffset > minOffset);
  const uncommitted = [...new Set(waiting.map(({ topic }) => topic))];
  const isBroadcast = online.some(({ messageModel }) => messageModel === 'BROADCASTING');
  const committedLag = statsPartial.complete ? sumOf(committedQueues(stats, null, null).map(({ lag }) => lag)) : null;
  const isLagKnown = reading.uncommitted !== null && uncommitted.length === 0 && !isBroadcast;
  const [silent] = [...statsPartial.unreachable, ...onlinePartial.unreachable];
  return {
    consumerGroup,
    clients: connections.size > 0 || onlinePartial.complete ? connections.size : null,
    version: versions.length === 0 ? null : versionDesc(Math.min(...versions)),
    consumeType: online[0]?.consumeType ?? null,
    messageModel: online[0]?.messageModel ?? null,
    consumeTps: statsPartial.complete ? sumOf(stats.map(({ value }) => value.consumeTps)) : null,
    lag: isLagKnown ? committedLag : null,
    committedLag,
    uncommitted,
    reason: silent?.reason ?? null,
  };
}
