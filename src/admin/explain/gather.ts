import { isTopicNotExist } from '../../client/errors.js';
import {
  type ConsumerConnection,
  type ConsumerRunningInfo,
  ConsumerRunningInfoProperty,
  type ConsumeStats,
  type SubscriptionData,
} from '../../protocol/bodies.js';
import { compareMessageQueue, messageQueueKey } from '../../protocol/message-queue.js';
import { versionDesc } from '../../protocol/mq-version.js';
import type { SubscriptionGroupConfig } from '../../protocol/subscription-group-config.js';
import { isReadable } from '../../protocol/topic-config.js';
import { dlqTopic, isDlqTopic, isRetryTopic, popRetryTopic, retryTopic } from '../../protocol/topic-validator.js';
import { readTargets } from '../cluster.js';
import { groupTargets, onlineOrNull } from '../connections.js';
import type { Deadline } from '../deadline.js';
import { failureOf } from '../failure.js';
import { FAN_OUT_LIMIT, mapBounded, nobodyHas, type Target, type Unreachable } from '../fan-out.js';
import type { AdminSession } from '../session.js';
import type {
  BrokerEvidence,
  GroupEvidence,
  MemberEvidence,
  OwnerEvidence,
  QueueEvidence,
  TopicEvidence,
} from './evidence.js';
import type { ExplainThresholds } from './finding.js';
import { type GroupTopicQuery, groupTopic } from './group-topic.js';

type BrokerTarget = Target & { readonly brokerName: string };

/** Calls of one look: failures that make it partial are kept, the others are nothing worth telling. */
class Asking {
  readonly unreachable = new Map<string, Unreachable>();
  readonly #session: AdminSession;

  constructor(session: AdminSession) {
    this.#session = session;
  }

  /** The answer, null when there is none: the broker goes on the list of those that did not answer. */
  async of<T>(target: Target, call: () => Promise<T>): Promise<T | null> {
    try {
      return await call();
    } catch (error) {
      this.#session.signal?.throwIfAborted();
      // The broker does not have the topic: that is an answer.
      if (isTopicNotExist(error)) return null;
      const { code, message } = failureOf(error);
      const { brokerName, addr } = target;
      if (!this.unreachable.has(addr)) this.unreachable.set(addr, { brokerName, addr, code, reason: message });
      return null;
    }
  }

  /** The answer, null when there is none for any reason: brokers before 5.x do not know all requests. */
  async maybe<T>(call: () => Promise<T>): Promise<T | null> {
    try {
      return await call();
    } catch {
      this.#session.signal?.throwIfAborted();
      return null;
    }
  }

  isSilent({ addr }: Target): boolean {
    return this.unreachable.has(addr);
  }
}

/**
 * Looks at a group from all sides: brokers, members and queues (105, 106, 201, 203, 208, 402; 307 of each
 * member; 202, 303, 315 and 353 of each topic; 29, 30 and 31 of its retry and dead letter topics).
 *
 * @throws AdminError (not-found) when no broker knows the group; when no name server answers
 */
export async function gatherGroup(
  session: AdminSession,
  consumerGroup: string,
  thresholds: ExplainThresholds,
): Promise<GroupEvidence> {
  const deadline = session.deadline();
  const targets = await groupTargets(session, consumerGroup, deadline);
  const asking = new Asking(session);
  const lookAt = async (some: readonly BrokerTarget[]): Promise<BrokerLook[]> => {
    const looks = await mapBounded(some, FAN_OUT_LIMIT, (target) =>
      lookAtBroker(session, asking, target, consumerGroup, deadline.round(3)),
    );
    return looks.filter((look) => look !== null);
  };
  const known = await lookAt(targets);
  const partial = () => ({ complete: asking.unreachable.size === 0, unreachable: [...asking.unreachable.values()] });
  const isKnown = known.some(
    ({ online, stats, config }) => online !== null || config !== null || stats.offsetTable.length > 0,
  );
  if (!isKnown && known.length > 0) {
    throw nobodyHas(partial(), `no broker knows consumer group "${consumerGroup}"`, {
      hint: 'mqadmin consumer progress shows the groups',
    });
  }
  // A broker that does not have the group is not in the route of its retry topic, but may have the topics.
  known.push(...(await lookAt(await otherTargets(session, topicsOf(consumerGroup, known, []), targets, deadline))));
  const members = await askMembers(session, consumerGroup, known, deadline.round(2));
  const names = topicsOf(consumerGroup, known, members);
  const looked = await mapBounded(names, FAN_OUT_LIMIT, (topic) =>
    lookAtTopic(session, asking, { consumerGroup, topic, looks: known, members }, deadline),
  );
  const own = await lookAtOwnTopics(session, asking, { consumerGroup, names, looks: known, thresholds }, deadline);
  const [first] = known.flatMap(({ online }) => (online === null ? [] : [online]));
  return {
    consumerGroup,
    ...partial(),
    now: session.clock.now(),
    namesrvAddrs: session.namesrvAddrs,
    consumeType: first?.consumeType ?? null,
    messageModel: first?.messageModel ?? null,
    brokers: known.map(brokerEvidence),
    members,
    topics: looked.map(({ topic }) => topic),
    queues: looked.flatMap(({ queues }) => queues).sort(compareMessageQueue),
    ...own,
    consumeTps: known.reduce((sum, { stats }) => sum + stats.consumeTps, 0),
  };
}

/** Brokers that have one of the topics and are not among `targets`. */
async function otherTargets(
  session: AdminSession,
  topics: readonly string[],
  targets: readonly BrokerTarget[],
  deadline: Deadline,
): Promise<BrokerTarget[]> {
  const routes = await mapBounded(topics, FAN_OUT_LIMIT, (topic) => routeOrNull(session, topic, deadline));
  const others = new Map(
    routes.flatMap((route) => readTargets(route?.brokerDatas ?? [])).map((each) => [each.addr, each]),
  );
  for (const { addr } of targets) others.delete(addr);
  return [...others.values()];
}

interface BrokerLook {
  readonly target: BrokerTarget;
  readonly online: ConsumerConnection | null;
  readonly stats: ConsumeStats;
  readonly config: SubscriptionGroupConfig | null;
  /** Topics that the group pops. */
  readonly popped: ReadonlySet<string>;
}

/** Null when the broker does not answer. */
async function lookAtBroker(
  session: AdminSession,
  asking: Asking,
  target: BrokerTarget,
  consumerGroup: string,
  deadline: Deadline,
): Promise<BrokerLook | null> {
  const { api } = session;
  const [online, stats, config, modes] = await Promise.all([
    asking.of(target, async () => ({ value: await onlineOrNull(session, target.addr, consumerGroup, deadline) })),
    asking.of(target, () => api.getConsumeStats(target.addr, { consumerGroup }, deadline.call())),
    asking.of(target, async () => ({ value: await groupConfig(session, target.addr, consumerGroup, deadline) })),
    asking.maybe(() => api.getAllMessageRequestMode(target.addr, deadline.call())),
  ]);
  if (online === null || stats === null) return null;
  const popped = Object.entries(modes?.messageRequestModeMap ?? {}).flatMap(([topic, groups]) =>
    groups[consumerGroup]?.mode === 'POP' ? [topic] : [],
  );
  return { target, online: online.value, stats, config: config?.value ?? null, popped: new Set(popped) };
}

/**
 * 201, though that gives all groups: 352 for one would create a group that the broker does not have. Null when it does
 * not have the group.
 */
async function groupConfig(
  session: AdminSession,
  addr: string,
  consumerGroup: string,
  deadline: Deadline,
): Promise<SubscriptionGroupConfig | null> {
  const { subscriptionGroupTable } = await session.api.getAllSubscriptionGroup(addr, deadline.call());
  return subscriptionGroupTable[consumerGroup] ?? null;
}

function brokerEvidence({ target, online, config }: BrokerLook): BrokerEvidence {
  return {
    ...target,
    config,
    clientIds: online === null ? null : online.connectionSet.map(({ clientId }) => clientId).sort(),
    subscriptions: subscriptionTexts(Object.values(online?.subscriptionTable ?? {})),
  };
}

/** `TAG A || B` by topic; retry topics are everybody's. */
function subscriptionTexts(subscriptions: readonly SubscriptionData[]): Map<string, string> {
  return new Map(
    subscriptions
      .filter(({ topic }) => !isRetryTopic(topic ?? ''))
      .map(({ topic, subString, expressionType }) => [topic ?? '', `${expressionType} ${subString}`] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** 307 of every member, through a broker that it is connected to. */
async function askMembers(
  session: AdminSession,
  consumerGroup: string,
  looks: readonly BrokerLook[],
  deadline: Deadline,
): Promise<MemberEvidence[]> {
  const members = new Map<string, { connection: ConsumerConnection['connectionSet'][number]; addrs: string[] }>();
  for (const { target, online } of looks) {
    for (const connection of online?.connectionSet ?? []) {
      const member = members.get(connection.clientId) ?? { connection, addrs: [] };
      member.addrs.push(target.addr);
      members.set(connection.clientId, member);
    }
  }
  const found = await mapBounded([...members.values()], FAN_OUT_LIMIT, async ({ connection, addrs }) => {
    const { info, reason } = await runningInfo(session, consumerGroup, connection.clientId, addrs, deadline);
    return memberEvidence(connection, info, reason);
  });
  return found.sort((a, b) => (a.clientId < b.clientId ? -1 : 1));
}

async function runningInfo(
  session: AdminSession,
  consumerGroup: string,
  clientId: string,
  addrs: readonly string[],
  deadline: Deadline,
): Promise<{ info: ConsumerRunningInfo | null; reason: string | null }> {
  let reason: string | null = null;
  for (const addr of addrs) {
    try {
      const call = deadline.round(addrs.length).call();
      return {
        info: await session.api.getConsumerRunningInfo(addr, consumerGroup, clientId, false, call),
        reason: null,
      };
    } catch (error) {
      session.signal?.throwIfAborted();
      reason = failureOf(error).message;
    }
  }
  return { info: null, reason };
}

function memberEvidence(
  { clientId, clientAddr, language, version }: ConsumerConnection['connectionSet'][number],
  info: ConsumerRunningInfo | null,
  reason: string | null,
): MemberEvidence {
  const number = (name: string): number | null => {
    const value = Number(info?.properties[name] ?? Number.NaN);
    return Number.isFinite(value) && value > 0 ? value : null;
  };
  return {
    clientId,
    clientAddr,
    language: String(language),
    version: versionDesc(version),
    startedAt: number(ConsumerRunningInfoProperty.PROP_CONSUMER_START_TIMESTAMP),
    subscriptions: info === null ? null : subscriptionTexts(info.subscriptionSet),
    info,
    reason,
    consumeThreads: number(ConsumerRunningInfoProperty.PROP_THREADPOOL_CORE_SIZE),
    isOrderly: info?.properties[ConsumerRunningInfoProperty.PROP_CONSUME_ORDERLY] === 'true',
  };
}

/** What the group subscribes to; of a group that nobody is connected of, what it has offsets of. */
function topicsOf(consumerGroup: string, looks: readonly BrokerLook[], members: readonly MemberEvidence[]): string[] {
  const names = new Set<string>();
  for (const { subscriptions } of members) for (const topic of subscriptions?.keys() ?? []) names.add(topic);
  for (const { online, stats } of looks) {
    for (const topic of Object.keys(online?.subscriptionTable ?? {})) names.add(topic);
    for (const { mq } of stats.offsetTable) names.add(mq.topic);
  }
  names.delete('');
  return [...names]
    .filter((topic) => topic !== retryTopic(consumerGroup) && !isRetryTopic(topic) && !isDlqTopic(topic))
    .sort();
}

interface TopicQuery {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly looks: readonly BrokerLook[];
  readonly members: readonly MemberEvidence[];
}

async function lookAtTopic(
  session: AdminSession,
  asking: Asking,
  query: TopicQuery,
  deadline: Deadline,
): Promise<{ topic: TopicEvidence; queues: QueueEvidence[] }> {
  const { consumerGroup, topic, looks } = query;
  const isPopped = looks.some(({ popped }) => popped.has(topic));
  const route = await routeOrNull(session, topic, deadline);
  const perms = new Map(route?.queueDatas.map(({ brokerName, perm }) => [brokerName, perm]) ?? []);
  const readQueueNums = new Map(route?.queueDatas.map((data) => [data.brokerName, data.readQueueNums]) ?? []);
  const targets = readTargets(route?.brokerDatas ?? []);
  const { api } = session;
  const answers = await mapBounded(targets, FAN_OUT_LIMIT, async (target) => {
    const call = deadline.round(2);
    // Whoever has been silent would only take up time.
    if (asking.isSilent(target)) return { target, status: null, spans: null, forbidden: null, inTps: null };
    const [status, spans, forbidden, put] = await Promise.all([
      asking.of(target, () => api.getTopicStatsInfo(target.addr, topic, call.call())),
      asking.maybe(() => api.queryConsumeTimeSpan(target.addr, topic, consumerGroup, call.call())),
      asking.maybe(() => api.updateAndGetGroupForbidden(target.addr, { group: consumerGroup, topic }, call.call())),
      asking.maybe(() => api.viewBrokerStatsData(target.addr, 'TOPIC_PUT_NUMS', topic, call.call())),
    ]);
    return { target, status, spans, forbidden, inTps: put?.statsMinute?.tps ?? null };
  });
  const stats = new Map(
    looks
      .flatMap((look) => look.stats.offsetTable)
      .filter(({ mq }) => mq.topic === topic)
      .map((entry) => [messageQueueKey(entry.mq), entry]),
  );
  const owners = ownersOf(query.members);
  const queues: QueueEvidence[] = [];
  for (const { target, status, spans } of answers) {
    const bounds = new Map((status?.offsetTable ?? []).map((entry) => [entry.mq.queueId, entry]));
    const waits = new Map((spans ?? []).map((span) => [span.messageQueue.queueId, span.delayTime]));
    for (let queueId = 0; queueId < (readQueueNums.get(target.brokerName) ?? 0); queueId += 1) {
      const mq = { topic, brokerName: target.brokerName, queueId };
      const entry = stats.get(messageQueueKey(mq));
      const bound = bounds.get(queueId);
      const committedOffset = await committed(session, target, consumerGroup, mq, entry, bound?.minOffset, deadline);
      const maxOffset = bound?.maxOffset ?? entry?.brokerOffset ?? null;
      const lag = maxOffset === null || committedOffset === null ? null : maxOffset - committedOffset;
      queues.push({
        ...mq,
        minOffset: bound?.minOffset ?? null,
        maxOffset,
        committedOffset,
        lag,
        inflight:
          entry === undefined || entry.pullOffset < entry.consumerOffset
            ? null
            : entry.pullOffset - entry.consumerOffset,
        waitingMs: lag === null ? null : lag <= 0 ? 0 : (waits.get(queueId) ?? null),
        lastConsumedTimestamp: (entry?.lastTimestamp ?? 0) > 0 ? (entry?.lastTimestamp as number) : null,
        owners: [
          ...(owners.get(messageQueueKey(mq)) ?? []),
          // A client that pops is given all queues of a broker at once.
          ...(owners.get(messageQueueKey({ ...mq, queueId: -1 })) ?? []),
        ],
        isReadable: isReadable(perms.get(target.brokerName) ?? 0),
      });
    }
  }
  const rates = answers.flatMap(({ inTps }) => (inTps === null ? [] : [inTps]));
  return {
    queues,
    topic: {
      topic,
      isRouted: route !== null,
      brokers: targets.map((target) => ({ ...target, perm: perms.get(target.brokerName) ?? 0 })),
      inTps: rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0),
      forbiddenOn: answers.flatMap(({ target, forbidden }) =>
        forbidden?.readable === false ? [target.brokerName] : [],
      ),
      isPopped,
    },
  };
}

async function routeOrNull(session: AdminSession, topic: string, deadline: Deadline) {
  try {
    return await session.api.getTopicRouteInfo(topic, deadline.call());
  } catch (error) {
    if (isTopicNotExist(error)) return null;
    throw error;
  }
}

/** Brokers tell 0 where nothing was ever committed; where that makes a difference they are asked (14). */
async function committed(
  session: AdminSession,
  target: BrokerTarget,
  consumerGroup: string,
  mq: { topic: string; queueId: number },
  entry: ConsumeStats['offsetTable'][number] | undefined,
  minOffset: number | undefined,
  deadline: Deadline,
): Promise<number | null> {
  if (entry === undefined) return null;
  if (entry.consumerOffset > 0 || (minOffset ?? 0) === 0) return entry.consumerOffset;
  try {
    const options = { ...deadline.call(), setZeroIfNotFound: false };
    return await session.api.queryConsumerOffset(target.addr, consumerGroup, mq, options);
  } catch {
    session.signal?.throwIfAborted();
    return null;
  }
}

/** By queue, who says that it holds it. */
function ownersOf(members: readonly MemberEvidence[]): Map<string, OwnerEvidence[]> {
  const owners = new Map<string, OwnerEvidence[]>();
  const add = (key: string, owner: OwnerEvidence): void => {
    owners.set(key, [...(owners.get(key) ?? []), owner]);
  };
  for (const { clientId, info } of members) {
    for (const { mq, ...queue } of info?.mqTable ?? []) {
      add(messageQueueKey(mq), {
        clientId,
        mode: 'pull',
        lastPullTimestamp: queue.lastPullTimestamp,
        lastConsumeTimestamp: queue.lastConsumeTimestamp,
        cachedCount: queue.cachedMsgCount,
        cachedMinOffset: queue.cachedMsgMinOffset,
        cachedMaxOffset: queue.cachedMsgMaxOffset,
        commitOffset: queue.commitOffset,
        locked: queue.locked,
        lastLockTimestamp: queue.lastLockTimestamp,
        dropped: queue.droped,
        tryUnlockTimes: queue.tryUnlockTimes,
        waitAckCount: 0,
      });
    }
    for (const { mq, ...queue } of info?.mqPopTable ?? []) {
      add(messageQueueKey(mq), {
        clientId,
        mode: 'pop',
        lastPullTimestamp: queue.lastPopTimestamp,
        lastConsumeTimestamp: null,
        cachedCount: 0,
        cachedMinOffset: 0,
        cachedMaxOffset: 0,
        commitOffset: -1,
        locked: false,
        lastLockTimestamp: 0,
        dropped: queue.droped,
        tryUnlockTimes: 0,
        waitAckCount: queue.waitAckCount,
      });
    }
  }
  return owners;
}

/** The topics that come with a group: they live on the group's brokers. */
async function lookAtOwnTopics(
  session: AdminSession,
  asking: Asking,
  query: {
    readonly consumerGroup: string;
    readonly names: readonly string[];
    readonly looks: readonly BrokerLook[];
    readonly thresholds: ExplainThresholds;
  },
  deadline: Deadline,
): Promise<Pick<GroupEvidence, 'retries' | 'deadLetters'>> {
  const { consumerGroup, names, looks, thresholds } = query;
  const targets = looks.map(({ target }) => target).filter((target) => !asking.isSilent(target));
  const isPopped = looks.some(({ popped, online }) => popped.size > 0 || online?.consumeType === 'CONSUME_POP');
  const retryNames = [
    retryTopic(consumerGroup),
    ...(isPopped
      ? names.flatMap((topic) => [popRetryTopic(topic, consumerGroup), popRetryTopic(topic, consumerGroup, true)])
      : []),
  ];
  const stats = looks.flatMap((look) => look.stats.offsetTable);
  const ask: GroupTopicQuery['ask'] = (target, call) => asking.of(target, call);
  const look = (topic: string) =>
    groupTopic(session, { topic, targets, windowMs: thresholds.windowMs, stats, ask }, deadline.round(2));
  const [retries, deadLetters] = await Promise.all([
    mapBounded(retryNames, FAN_OUT_LIMIT, look),
    look(dlqTopic(consumerGroup)),
  ]);
  return { retries: retries.filter((each) => each !== null), deadLetters };
}
