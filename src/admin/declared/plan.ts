/** What has to change for a cluster to be as its file says. */

import { defaultSubscriptionGroupConfig } from '../../protocol/subscription-group-config.js';
import { AdminError } from '../failure.js';
import type { Partial } from '../fan-out.js';
import type { AdminSession } from '../session.js';
import { NEW_TOPIC } from '../topic-write.js';
import type { ClusterFile, GroupSettings, Placed, TopicSettings } from './cluster-file.js';
import {
  canonical,
  groupSettings,
  type LiveAccess,
  type LiveBroker,
  type LiveCluster,
  normalResource,
  readLiveCluster,
  ruleSettings,
  rulesOf,
  type Settings,
  topicSettings,
} from './live-cluster.js';

/** A setting that changes; null is "not there". */
export interface FieldChange {
  readonly field: string;
  readonly before: string | number | boolean | null;
  readonly after: string | number | boolean | null;
}

export type ChangeKind = 'user' | 'acl' | 'broker' | 'topic' | 'group';

/** One thing to do at one broker; a deletion of a topic or group is one for the whole cluster. */
export interface Change {
  readonly kind: ChangeKind;
  /** Of a rule: `User:alice Topic:orders`; of broker settings the broker's name. */
  readonly name: string;
  readonly action: 'create' | 'update' | 'delete';
  /** Null when the whole cluster is meant. */
  readonly brokerName: string | null;
  readonly addr: string | null;
  readonly fields: readonly FieldChange[];
  /** What to think of before; null when there is nothing. */
  readonly warning: string | null;
}

export interface ClusterPlan extends Partial {
  readonly clusterName: string;
  readonly changes: readonly Change[];
  /** Entries of the file, broker by broker, that are as they should be. */
  readonly unchanged: number;
}

/** A plan with what it was made of. */
export interface PreparedPlan {
  readonly plan: ClusterPlan;
  readonly file: ClusterFile;
  readonly live: LiveCluster;
}

/** What to plan. */
export interface PlanRequest {
  readonly file: ClusterFile;
  /** Stronger than the file's. */
  readonly clusterName: string | null;
  /** Deletes what the file's sections do not have. */
  readonly prune: boolean;
}

/**
 * Compares a file with a cluster.
 *
 * @throws AdminError (not-found) for an unknown cluster, or a broker that the file names and the cluster lacks; (usage)
 *   when it is not clear which cluster is meant; (failed) when brokers keep no users and the file has some
 */
export async function planCluster(session: AdminSession, request: PlanRequest): Promise<PreparedPlan> {
  const { file, prune } = request;
  const withAccess = file.users !== undefined || file.acls !== undefined;
  const live = await readLiveCluster(session, request.clusterName ?? file.cluster ?? null, { withAccess });
  return { file, live, plan: comparePlan(file, live, prune) };
}

/** The plan for a cluster that has been read. @throws as planCluster */
export function comparePlan(file: ClusterFile, live: LiveCluster, prune: boolean): ClusterPlan {
  checkBrokerNames(file, live);
  const found: Array<Change | null> = [
    ...userChanges(file, live),
    ...aclChanges(file, live),
    ...brokerChanges(file, live),
    ...placedChanges('topic', file.topics, live),
    ...placedChanges('group', file.groups, live),
    ...(prune ? deletions(file, live) : []),
  ];
  const changes = found.filter((change) => change !== null);
  const { clusterName, complete, unreachable } = live;
  return { clusterName, complete, unreachable, changes, unchanged: found.length - changes.length };
}

function checkBrokerNames(file: ClusterFile, { clusterName, complete, masters }: LiveCluster): void {
  const known = new Set(masters.map(({ brokerName }) => brokerName));
  const places = Object.values({ ...file.topics, ...file.groups }).flatMap((entry) => [
    ...(entry?.brokers ?? []),
    ...Object.keys(entry?.perBroker ?? {}),
  ]);
  for (const name of [...Object.keys(file.brokers ?? {}), ...places]) {
    if (name === '*' || known.has(name) || !complete) continue;
    throw new AdminError('not-found', `cluster "${clusterName}" has no broker "${name}"`, {
      hint: `its masters: ${[...known].join(', ')}`,
    });
  }
}

/** The settings of an entry on one broker, flat; null when it is not to be there. */
export function wantedOn<S extends TopicSettings | GroupSettings>(
  entry: Placed<S> | null,
  brokerName: string,
): Settings | null {
  const { brokers, perBroker, ...base } = (entry ?? {}) as Placed<TopicSettings & GroupSettings>;
  if (brokers !== undefined && !brokers.includes(brokerName)) return null;
  const own = (perBroker?.[brokerName] ?? {}) as TopicSettings & GroupSettings;
  const { attributes, groupRetryPolicy, ...plain } = { ...base, ...own };
  const allAttributes = { ...base.attributes, ...own.attributes };
  return {
    ...(plain as Settings),
    ...(groupRetryPolicy === undefined ? {} : { groupRetryPolicy: canonical(groupRetryPolicy) }),
    ...Object.fromEntries(Object.entries(allAttributes).map(([key, value]) => [`attributes.${key}`, String(value)])),
  };
}

/** Fields that differ: of something new all that are wanted. */
export function fieldChanges(wanted: Settings, before: Settings | null): FieldChange[] {
  return Object.entries(wanted)
    .filter(([field, value]) => before === null || before[field] !== value)
    .map(([field, value]) => ({ field, before: before?.[field] ?? null, after: value }));
}

const NEW_GROUP = groupSettings(defaultSubscriptionGroupConfig(''));

function placedChanges(
  kind: 'topic' | 'group',
  entries: ClusterFile['topics'] | ClusterFile['groups'] = {},
  live: LiveCluster,
): Array<Change | null> {
  return Object.entries(entries).flatMap(([name, entry]) =>
    live.masters.flatMap((broker): Array<Change | null> => {
      const wanted = wantedOn(entry, broker.brokerName);
      if (wanted === null) return [];
      const before = liveSettings(kind, broker, name);
      const fields = fieldChanges(before === null ? withDefaults(kind, wanted) : wanted, before);
      if (before !== null && fields.length === 0) return [null];
      const { brokerName, addr } = broker;
      const action = before === null ? 'create' : 'update';
      return [{ kind, name, action, brokerName, addr, fields, warning: warningFor(action, fields) }];
    }),
  );
}

function liveSettings(kind: 'topic' | 'group', broker: LiveBroker, name: string): Settings | null {
  if (kind === 'topic') return Object.hasOwn(broker.topics, name) ? topicSettings(broker.topics[name]!) : null;
  return Object.hasOwn(broker.groups, name) ? groupSettings(broker.groups[name]!) : null;
}

/** Of a new topic the defaults are shown, too; of a group only what is not the default. */
function withDefaults(kind: 'topic' | 'group', wanted: Settings): Settings {
  if (kind === 'topic') return { ...NEW_TOPIC, ...wanted };
  return Object.fromEntries(Object.entries(wanted).filter(([field, value]) => NEW_GROUP[field] !== value));
}

function warningFor(action: Change['action'], fields: readonly FieldChange[]): string | null {
  if (action !== 'update') return null;
  const shrinks = fields.find(
    ({ field, before, after }) =>
      (field === 'readQueueNums' || field === 'writeQueueNums') && Number(after) < Number(before),
  );
  if (shrinks?.field === 'readQueueNums') return 'messages in the queues that are read no more are not consumed';
  if (shrinks !== undefined) return null;
  const perm = fields.find(({ field }) => field === 'perm');
  if (perm !== undefined && (Number(perm.after) & 2) === 0) return 'nobody can send to it any more';
  return null;
}

function brokerChanges(file: ClusterFile, live: LiveCluster): Array<Change | null> {
  const { brokers } = file;
  if (brokers === undefined) return [];
  return live.masters.flatMap((broker): Array<Change | null> => {
    const given = { ...brokers['*'], ...brokers[broker.brokerName] };
    if (Object.keys(given).length === 0) return [];
    const wanted = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]));
    const fields = fieldChanges(wanted, broker.properties);
    if (fields.length === 0) return [null];
    const { brokerName, addr } = broker;
    return [{ kind: 'broker', name: brokerName, action: 'update', brokerName, addr, fields, warning: null }];
  });
}

const accessName = ({ brokerName, brokerId }: LiveAccess): string =>
  brokerId === 0 ? brokerName : `${brokerName}#${brokerId}`;

function needsAccess({ addr, users }: LiveAccess): void {
  if (users !== null) return;
  throw new AdminError('failed', `${addr} keeps no users`, {
    hint: 'users and rules are of 5.3, with authenticationEnabled and authenticationMetadataProvider set',
  });
}

function userChanges(file: ClusterFile, live: LiveCluster): Array<Change | null> {
  const { users } = file;
  if (users === undefined) return [];
  return live.access.flatMap((broker) => {
    needsAccess(broker);
    return Object.entries(users).map(([name, user]): Change | null => {
      const { userType, userStatus } = user ?? {};
      const there = broker.users?.find(({ username }) => username === name);
      const wanted: Settings = {
        ...(userType === undefined ? {} : { userType }),
        ...(userStatus === undefined ? {} : { userStatus }),
      };
      const before =
        there === undefined ? null : { userType: there.userType ?? '', userStatus: there.userStatus ?? '' };
      const fields = fieldChanges(before === null ? { userType: 'Normal', ...wanted } : wanted, before);
      if (before !== null && fields.length === 0) return null;
      const action = before === null ? 'create' : 'update';
      return { kind: 'user', name, action, brokerName: accessName(broker), addr: broker.addr, fields, warning: null };
    });
  });
}

/** The rules of the file, one a resource; of two for the same resource the later one counts. */
export function wantedRules(file: ClusterFile): Map<string, Map<string, Settings>> {
  return new Map(
    Object.entries(file.acls ?? {}).map(([subject, rules]) => [
      subject,
      new Map(
        rules.flatMap(({ actions, decision = 'Allow', resources, sourceIps = [] }) =>
          resources.map((resource) => [normalResource(resource), ruleSettings(actions, decision, sourceIps)] as const),
        ),
      ),
    ]),
  );
}

function aclChanges(file: ClusterFile, live: LiveCluster): Array<Change | null> {
  if (file.acls === undefined) return [];
  const wanted = wantedRules(file);
  return live.access.flatMap((broker) => {
    needsAccess(broker);
    const there = new Map((broker.acls ?? []).flatMap(rulesOf).map((rule) => [ruleName(rule), rule.settings]));
    return [...wanted].flatMap(([subject, rules]) =>
      [...rules].map(([resource, settings]): Change | null => {
        const name = ruleName({ subject, resource });
        const before = there.get(name) ?? null;
        const fields = fieldChanges(settings, before);
        if (before !== null && fields.length === 0) return null;
        const action = before === null ? 'create' : 'update';
        return { kind: 'acl', name, action, brokerName: accessName(broker), addr: broker.addr, fields, warning: null };
      }),
    );
  });
}

/** `User:alice Topic:orders`: neither may hold a blank. */
export function ruleName({ subject, resource }: { readonly subject: string; readonly resource: string }): string {
  return `${subject} ${resource}`;
}

/** What is there and not in the file, of the sections that the file has. Super users stay: one of them is asking. */
function deletions(file: ClusterFile, live: LiveCluster): Change[] {
  const gone = (
    kind: 'topic' | 'group',
    has: Readonly<Record<string, unknown>> | undefined,
    warning: string,
  ): Change[] => {
    if (has === undefined) return [];
    const names = live.masters.flatMap((broker) => Object.keys(kind === 'topic' ? broker.topics : broker.groups));
    return [...new Set(names)]
      .filter((name) => !Object.hasOwn(has, name))
      .sort()
      .map((name) => ({ kind, name, action: 'delete', brokerName: null, addr: null, fields: [], warning }));
  };
  const rules = wantedRules(file);
  const access = live.access.flatMap((broker): Change[] => {
    const at = {
      action: 'delete',
      brokerName: accessName(broker),
      addr: broker.addr,
      fields: [],
      warning: null,
    } as const;
    const oldRules = (file.acls === undefined ? [] : (broker.acls ?? []))
      .flatMap(rulesOf)
      .filter(({ subject, resource }) => rules.get(subject)?.has(resource) !== true)
      .map((rule): Change => ({ ...at, kind: 'acl', name: ruleName(rule) }));
    const oldUsers = (file.users === undefined ? [] : (broker.users ?? []))
      .filter(({ username, userType }) => !Object.hasOwn(file.users ?? {}, username ?? '') && userType !== 'Super')
      .map(({ username }): Change => ({ ...at, kind: 'user', name: username ?? '' }));
    return [...oldRules, ...oldUsers];
  });
  return [
    ...gone('topic', file.topics, 'with its messages'),
    ...gone('group', file.groups, 'with its offsets, retry and dead letter topics'),
    ...access,
  ];
}
