/** Makes a cluster as its file says. */
import { sleep } from '../../base/clock.js';
import {
  defaultSubscriptionGroupConfig,
  type SubscriptionGroupConfig,
} from '../../protocol/subscription-group-config.js';
import { TopicSysFlag } from '../../protocol/sys-flag.js';
import type { TopicConfig } from '../../protocol/topic-config.js';
import type { Deadline } from '../deadline.js';
import { AdminError, failureOf } from '../failure.js';
import type { Partial } from '../fan-out.js';
import { FAN_OUT_LIMIT, mapBounded } from '../fan-out.js';
import { deleteGroup } from '../group-write.js';
import type { AdminSession } from '../session.js';
import { deleteTopic } from '../topic-delete.js';
import { deleteOrderConf, NEW_TOPIC, writeOrderConf } from '../topic-write.js';
import type { Settings } from './live-cluster.js';
import { readLiveCluster } from './live-cluster.js';
import { type Change, comparePlan, type PreparedPlan } from './plan.js';

/** A change that was not made, and why. */
export interface FailedChange extends Change {
  readonly reason: string;
}

export interface Applied extends Partial {
  readonly clusterName: string;
  readonly applied: readonly Change[];
  readonly failed: readonly FailedChange[];
  /** Read back: true when nothing is left to do. */
  readonly verified: boolean;
  /** What is still not as the file says. */
  readonly left: readonly Change[];
}

/** Changes of one kind at a time: rules need their users, and deletions come last. */
const ORDER: ReadonlyArray<(change: Change) => boolean> = [
  ({ kind, action }) => kind === 'user' && action !== 'delete',
  ({ kind, action }) => kind === 'acl' && action !== 'delete',
  ({ kind }) => kind === 'broker',
  ({ kind, action }) => kind === 'topic' && action !== 'delete',
  ({ kind, action }) => kind === 'group' && action !== 'delete',
  ({ kind, action }) => kind === 'acl' && action === 'delete',
  ({ kind, action }) => (kind === 'topic' || kind === 'group' || kind === 'user') && action === 'delete',
];

/** A write may take a moment to show: slaves learn later. */
const READ_BACK_TRIES = 5;
const READ_BACK_PAUSE_MS = 100;

/**
 * Carries a plan out and reads the cluster back. A change that fails does not hold up the others.
 *
 * @param passwordOf the password of a user to be created @throws what it throws, before anything is written
 */
export async function applyPlan(
  session: AdminSession,
  { file, live, plan }: PreparedPlan,
  options: { readonly prune: boolean; readonly passwordOf: (username: string) => Promise<string> },
): Promise<Applied> {
  const names = plan.changes
    .filter(({ kind, action }) => kind === 'user' && action === 'create')
    .map(({ name }) => name);
  const passwords = new Map<string, string>();
  for (const name of new Set(names)) passwords.set(name, await options.passwordOf(name));
  const work: Work = { session, prepared: { file, live, plan }, passwords };
  const applied: Change[] = [];
  const failed: FailedChange[] = [];
  for (const isNow of ORDER) {
    const deadline = session.deadline();
    // One after the other at each broker: of two rules of one subject that come together, Apache's keeps one.
    const due = plan.changes.filter(isNow);
    await mapBounded([...new Set(due.map(({ addr }) => addr))], FAN_OUT_LIMIT, async (addr) => {
      for (const change of due.filter((each) => each.addr === addr)) {
        try {
          await carryOut(work, change, deadline);
          applied.push(change);
        } catch (error) {
          const failure = failureOf(error);
          if (failure.kind === 'interrupted') throw error;
          failed.push({ ...change, reason: failure.message });
        }
      }
    });
  }
  await putOrderConfs(work);
  const withAccess = file.users !== undefined || file.acls !== undefined;
  let left: readonly Change[] = [];
  for (let tries = 0; tries < READ_BACK_TRIES; tries++) {
    const after = await readLiveCluster(session, live.clusterName, { withAccess });
    left = comparePlan(file, after, options.prune).changes;
    if (left.length === 0 || failed.length > 0) break;
    await sleep(READ_BACK_PAUSE_MS, session.signal);
  }
  const { clusterName, complete, unreachable } = plan;
  return { clusterName, complete, unreachable, applied, failed, verified: complete && left.length === 0, left };
}

interface Work {
  readonly session: AdminSession;
  readonly prepared: PreparedPlan;
  readonly passwords: ReadonlyMap<string, string>;
}

async function carryOut(work: Work, change: Change, deadline: Deadline): Promise<void> {
  const { api } = work.session;
  const { action, addr, fields, kind, name } = change;
  const { clusterName } = work.prepared.plan;
  if (addr === null) {
    const target = { clusterName };
    if (kind === 'topic') await deleteTopic(work.session, { topic: name, clusterName });
    else await deleteGroup(work.session, { consumerGroup: name, target, removeOffset: true });
    return;
  }
  const after = Object.fromEntries(fields.map(({ field, after: value }) => [field, value])) as Settings;
  switch (kind) {
    case 'topic':
      return api.createTopic(addr, topicConfig(liveTopic(work, change), name, after), deadline.call());
    case 'group':
      return api.createSubscriptionGroup(addr, groupConfig(liveGroup(work, change), name, after), deadline.call());
    case 'broker': {
      await api.updateBrokerConfig(addr, after as Record<string, string>, deadline.call());
      return;
    }
    case 'user': {
      if (action === 'delete') return api.deleteUser(addr, name, deadline.call());
      const user = { username: name, userType: textOf(after.userType), userStatus: textOf(after.userStatus) };
      if (action === 'update') return api.updateUser(addr, user, deadline.call());
      await api.createUser(addr, { ...user, password: work.passwords.get(name) ?? null }, deadline.call());
      // A broker makes users that are enabled, whatever is asked for.
      if (after.userStatus === 'disable') await api.updateUser(addr, user, deadline.call());
      return;
    }
    case 'acl': {
      const [subject = '', resource = ''] = name.split(' ');
      if (action === 'delete') return api.deleteAcl(addr, { subject, resource }, deadline.call());
      const { acls } = work.prepared.live.access.find((each) => each.addr === addr) ?? { acls: null };
      const entry = ruleEntry(work, subject, resource);
      const acl = { subject, policies: [{ policyType: 'Custom', entries: [entry] }] };
      const isThere = acls?.some((each) => each.subject === subject) === true;
      return isThere ? api.updateAcl(addr, acl, deadline.call()) : api.createAcl(addr, acl, deadline.call());
    }
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function ruleEntry({ prepared }: Work, subject: string, resource: string) {
  const isMeant = (each: string) => each === resource || (resource === '*' && each === 'Any:*');
  const rule = prepared.file.acls?.[subject]?.findLast(({ resources }) => resources.some(isMeant));
  if (rule === undefined) throw new AdminError('failed', `the file has no rule of ${subject} for ${resource}`);
  const { actions, decision = 'Allow', sourceIps = [] } = rule;
  return { resource, actions: [...actions], decision, sourceIps: sourceIps.length > 0 ? [...sourceIps] : null };
}

function liveBroker({ prepared }: Work, { addr }: Change) {
  return prepared.live.masters.find((broker) => broker.addr === addr);
}

function liveTopic(work: Work, change: Change): TopicConfig | null {
  return liveBroker(work, change)?.topics[change.name] ?? null;
}

function liveGroup(work: Work, change: Change): SubscriptionGroupConfig | null {
  return liveBroker(work, change)?.groups[change.name] ?? null;
}

/** Attributes travel as changes. */
function attributeChanges(after: Settings): Record<string, string> {
  const prefix = 'attributes.';
  return Object.fromEntries(
    Object.entries(after)
      .filter(([field]) => field.startsWith(prefix))
      .map(([field, value]) => [`+${field.slice(prefix.length)}`, String(value)]),
  );
}

function topicConfig(before: TopicConfig | null, topicName: string, after: Settings): TopicConfig {
  const base = before ?? {
    ...{ topicName, ...NEW_TOPIC, topicFilterType: 'SINGLE_TAG' as const },
    ...{ topicSysFlag: 0, order: false, attributes: {} },
  };
  const bit = (flag: number, value: unknown, bits: number): number =>
    value === undefined ? bits : value === true ? bits | flag : bits & ~flag;
  return {
    ...base,
    readQueueNums: Number(after.readQueueNums ?? base.readQueueNums),
    writeQueueNums: Number(after.writeQueueNums ?? base.writeQueueNums),
    perm: Number(after.perm ?? base.perm),
    order: (after.order ?? base.order) === true,
    topicSysFlag: bit(TopicSysFlag.UNIT, after.unit, bit(TopicSysFlag.UNIT_SUB, after.hasUnitSub, base.topicSysFlag)),
    attributes: attributeChanges(after),
  };
}

function groupConfig(
  before: SubscriptionGroupConfig | null,
  groupName: string,
  after: Settings,
): SubscriptionGroupConfig {
  const base = before ?? defaultSubscriptionGroupConfig(groupName);
  const plain = Object.fromEntries(
    Object.entries(after).filter(([field]) => !field.startsWith('attributes.') && field !== 'groupRetryPolicy'),
  );
  const policy =
    after.groupRetryPolicy === undefined ? {} : { groupRetryPolicy: JSON.parse(String(after.groupRetryPolicy)) };
  return { ...base, ...plain, ...policy, attributes: attributeChanges(after) } as SubscriptionGroupConfig;
}

/** Name servers hold the order of topics that are in order. */
async function putOrderConfs({ prepared, session }: Work): Promise<void> {
  const { clusterName, changes } = prepared.plan;
  const topics = new Map<string, boolean>();
  for (const { fields, kind, name } of changes) {
    const order = fields.find(({ field }) => field === 'order');
    if (kind === 'topic' && order !== undefined) topics.set(name, order.after === true);
  }
  for (const [topic, isOrdered] of topics) {
    const deadline = session.deadline();
    if (!isOrdered) {
      await deleteOrderConf(session, topic, deadline);
      continue;
    }
    const change = changes.find(({ kind, name }) => kind === 'topic' && name === topic);
    const queues = change?.fields.find(({ field }) => field === 'writeQueueNums')?.after;
    const live = prepared.live.masters.find((broker) => Object.hasOwn(broker.topics, topic))?.topics[topic];
    const writeQueueNums = Number(queues ?? live?.writeQueueNums ?? NEW_TOPIC.writeQueueNums);
    await writeOrderConf(session, topic, { clusterName }, { writeQueueNums }, deadline);
  }
}
