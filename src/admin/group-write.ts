import { defaultSubscriptionGroupConfig, type SubscriptionGroupConfig } from '../protocol/subscription-group-config.js';
import { checkGroupName, dlqTopic, retryTopic } from '../protocol/topic-validator.js';
import { brokerAddresses, inOrderOf, readCluster, type WriteTarget, writeTargets } from './cluster.js';
import { onlineOrNull } from './connections.js';
import type { Deadline } from './deadline.js';
import { AdminError } from './failure.js';
import { askAll, askEach, FAN_OUT_LIMIT, nobodyHas, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';
import { atEveryNameServer } from './topic-write.js';

/** Settings to change; what is left out stays as it is, or takes the default of a new group. */
export type GroupPatch = {
  readonly [K in Exclude<keyof SubscriptionGroupConfig, 'groupName' | 'subscriptionDataSet'>]?:
    | SubscriptionGroupConfig[K]
    | undefined;
};

export interface GroupWrite {
  readonly brokerName: string | null;
  readonly addr: string;
  readonly action: 'created' | 'updated' | 'unchanged';
  readonly config: SubscriptionGroupConfig;
}

export interface GroupWrites extends Partial {
  readonly consumerGroup: string;
  readonly brokers: readonly GroupWrite[];
}

interface GroupRequest {
  readonly consumerGroup: string;
  readonly target: WriteTarget;
  readonly patch: GroupPatch;
}

/**
 * Creates a consumer group; where it exists with the same settings, nothing happens.
 *
 * @throws AdminError (failed) when it exists somewhere with other settings; (usage) for a bad name
 */
export async function createGroup(session: AdminSession, request: GroupRequest): Promise<GroupWrites> {
  return writeGroup(session, request, (target, current) => {
    const wanted = merge(current ?? defaultSubscriptionGroupConfig(request.consumerGroup), request.patch);
    if (current === null) return wanted;
    if (sameConfig(current, wanted)) return null;
    throw new AdminError(
      'failed',
      `consumer group "${request.consumerGroup}" exists on ${nameOf(target)} with other settings`,
      {
        hint: `mqadmin consumer update ${request.consumerGroup} changes them`,
      },
    );
  });
}

/**
 * Changes the given settings of a group and leaves the others, broker by broker.
 *
 * @throws AdminError (not-found) when no target has the group
 */
export async function updateGroup(session: AdminSession, request: GroupRequest): Promise<GroupWrites> {
  const result = await writeGroup(session, request, (_target, current) => {
    if (current === null) return undefined;
    const wanted = merge(current, request.patch);
    return sameConfig(current, wanted) ? null : wanted;
  });
  if (result.brokers.length === 0) {
    throw nobodyHas(result, `there is no consumer group "${request.consumerGroup}" on these brokers`, {
      hint: `mqadmin consumer create ${request.consumerGroup} makes it`,
    });
  }
  return result;
}

/** Writes a whole config without reading before, as Apache's updateSubGroup does. */
export async function overwriteGroup(session: AdminSession, request: GroupRequest): Promise<GroupWrites> {
  checkName(request.consumerGroup);
  const deadline = session.deadline();
  const config = merge(defaultSubscriptionGroupConfig(request.consumerGroup), request.patch);
  const targets = await writeTargets(session, request.target, deadline);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.createSubscriptionGroup(addr, config, deadline.call()),
  );
  const brokers = answers.map(({ target: { brokerName, addr } }) => ({
    brokerName,
    addr,
    action: 'updated' as const,
    config,
  }));
  return { consumerGroup: request.consumerGroup, ...partial, brokers };
}

/**
 * Reads the group at each target and writes what `decide` gives back: a config; null to leave it; undefined to leave
 * the broker out.
 */
async function writeGroup(
  session: AdminSession,
  { consumerGroup, target }: GroupRequest,
  decide: (target: Target, current: SubscriptionGroupConfig | null) => SubscriptionGroupConfig | null | undefined,
): Promise<GroupWrites> {
  checkName(consumerGroup);
  const deadline = session.deadline();
  const targets = await writeTargets(session, target, deadline);
  const round = deadline.round(2);
  const current = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    readGroupConfig(session, addr, consumerGroup, round),
  );
  const steps = current.answers.flatMap(({ target: at, value }) => {
    const wanted = decide(at, value);
    return wanted === undefined ? [] : [{ ...at, before: value, wanted }];
  });
  const written = await askAll(
    steps,
    FAN_OUT_LIMIT,
    async ({ brokerName, addr, before, wanted }): Promise<GroupWrite> => {
      if (wanted === null) return { brokerName, addr, action: 'unchanged', config: before as SubscriptionGroupConfig };
      await session.api.createSubscriptionGroup(addr, wanted, deadline.call());
      return { brokerName, addr, action: before === null ? 'created' : 'updated', config: wanted };
    },
  );
  return {
    consumerGroup,
    complete: current.complete && written.complete,
    unreachable: [...current.unreachable, ...written.unreachable],
    brokers: written.answers.map(({ value }) => value),
  };
}

/** A group's config on one broker, null where it has none. Read from the table of all: asking for one (352) makes brokers create it. */
export async function readGroupConfig(
  session: AdminSession,
  addr: string,
  consumerGroup: string,
  deadline: Deadline,
): Promise<SubscriptionGroupConfig | null> {
  const all = await session.api.getAllSubscriptionGroup(addr, deadline.call());
  return all.subscriptionGroupTable[consumerGroup] ?? null;
}

export interface GroupDeletePlan {
  readonly consumerGroup: string;
  readonly brokers: ReadonlyArray<Target & { readonly clients: number }>;
  /** Whether retry and dead letter topics go too. */
  readonly withTopics: boolean;
}

/**
 * What `deleteGroup` would delete.
 *
 * @throws AdminError (not-found) when no target has the group
 */
export async function planGroupDelete(
  session: AdminSession,
  request: { consumerGroup: string; target: WriteTarget },
): Promise<GroupDeletePlan> {
  const { consumerGroup } = request;
  const deadline = session.deadline();
  const targets = await writeTargets(session, request.target, deadline);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, async ({ addr }) => {
    const config = await readGroupConfig(session, addr, consumerGroup, deadline);
    if (config === null) return null;
    return (await onlineOrNull(session, addr, consumerGroup, deadline))?.connectionSet.length ?? 0;
  });
  const brokers = answers.flatMap(({ target, value }) => (value === null ? [] : [{ ...target, clients: value }]));
  if (brokers.length === 0) {
    throw nobodyHas(partial, `there is no consumer group "${consumerGroup}" on ${targets.map(nameOf).join(', ')}`);
  }
  return { consumerGroup, brokers, withTopics: 'clusterName' in request.target };
}

export interface GroupDeletion extends Partial {
  readonly consumerGroup: string;
  readonly brokers: ReadonlyArray<Target>;
  /** Why retry and dead letter topics could not be removed; null when they were, or were to stay. */
  readonly topicsReason: string | null;
  /** Read back: true when no broker has the group any more. */
  readonly verified: boolean;
}

/**
 * Deletes a group (207) at one address or at the masters of a cluster; of a cluster its retry and dead letter topics
 * too, slaves included. Reads it back: a member that is still connected makes the broker create the group again.
 */
export async function deleteGroup(
  session: AdminSession,
  request: { consumerGroup: string; target: WriteTarget; removeOffset: boolean },
): Promise<GroupDeletion> {
  const { consumerGroup, target, removeOffset } = request;
  const deadline = session.deadline();
  const targets = await writeTargets(session, target, deadline);
  const round = deadline.round(3);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.deleteSubscriptionGroup(addr, consumerGroup, removeOffset, round.call()),
  );
  const topicsReason =
    'clusterName' in target
      ? await deleteGroupTopics(session, consumerGroup, target.clusterName, partial, deadline.round(2))
      : null;
  const done = answers.map(({ target: at }) => at);
  const left = await askEach(done, FAN_OUT_LIMIT, ({ addr }) =>
    readGroupConfig(session, addr, consumerGroup, deadline),
  );
  return {
    consumerGroup,
    ...partial,
    brokers: answers.map(({ target: { brokerName, addr } }) => ({ brokerName, addr })),
    topicsReason,
    verified: partial.complete && left.complete && left.answers.every(({ value }) => value === null),
  };
}

/** Goes on at the brokers that answer. @returns why a topic may still be somewhere; null when all is gone */
async function deleteGroupTopics(
  session: AdminSession,
  consumerGroup: string,
  clusterName: string,
  known: Partial,
  deadline: Deadline,
): Promise<string | null> {
  const [silent] = known.unreachable;
  let reason = silent === undefined ? null : `${silent.brokerName ?? silent.addr} did not answer`;
  const isSilent = new Set(known.unreachable.map(({ addr }) => addr));
  const brokers = inOrderOf(session, brokerAddresses(await readCluster(session, deadline), clusterName)).filter(
    ({ addr }) => !isSilent.has(addr),
  );
  const topics = [retryTopic(consumerGroup), dlqTopic(consumerGroup)];
  for (const [i, topic] of topics.entries()) {
    const round = deadline.round(topics.length - i);
    const { unreachable } = await askEach(brokers, FAN_OUT_LIMIT, ({ addr }) =>
      session.api.deleteTopicInBroker(addr, topic, round.call()),
    );
    const [failed] = unreachable;
    if (failed !== undefined) reason ??= `${topic} on ${failed.addr}: ${failed.reason}`;
    if (reason !== null) continue;
    await atEveryNameServer(session, (namesrvAddr) =>
      session.api.deleteTopicInNameServer(topic, clusterName, { ...deadline.call(), namesrvAddr }),
    );
  }
  return reason;
}

function merge(config: SubscriptionGroupConfig, patch: GroupPatch): SubscriptionGroupConfig {
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  return { ...config, attributes: {}, ...given } as SubscriptionGroupConfig;
}

/** Attributes travel as changes: any of them makes a difference. */
function sameConfig(a: SubscriptionGroupConfig, b: SubscriptionGroupConfig): boolean {
  if (Object.keys(b.attributes).length > 0) return false;
  const text = (config: SubscriptionGroupConfig): string => JSON.stringify(sorted({ ...config, attributes: null }));
  return text(a) === text(b);
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

function checkName(consumerGroup: string): void {
  const wrong = checkGroupName(consumerGroup);
  if (wrong !== null) throw new AdminError('usage', wrong);
}

const nameOf = (target: Target): string => target.brokerName ?? target.addr;
