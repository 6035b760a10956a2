import { isBrokerError } from '../../client/errors.js';
import type { AclInfo, UserInfo } from '../../protocol/bodies.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { SubscriptionGroupConfig } from '../../protocol/subscription-group-config.js';
import { TopicSysFlag } from '../../protocol/sys-flag.js';
import type { TopicConfig } from '../../protocol/topic-config.js';
import { type BrokerAddress, brokerAddresses, readCluster } from '../cluster.js';
import { userGroups, userTopics } from '../cluster-export.js';
import type { Deadline } from '../deadline.js';
import { AdminError, failureOf } from '../failure.js';
import { askAll, askEach, FAN_OUT_LIMIT, joinPartial, type Partial } from '../fan-out.js';
import type { AdminSession } from '../session.js';
import { ORDER_TOPIC_CONFIG } from '../topic-write.js';

/** A setting's value, as plans and files show it. */
export type SettingValue = string | number | boolean;
/** Settings by name; attributes as `attributes.NAME`. */
export type Settings = Readonly<Record<string, SettingValue>>;

/** What a broker has of topics, groups and properties. */
export interface LiveBroker extends BrokerAddress {
  readonly topics: Readonly<Record<string, TopicConfig>>;
  readonly groups: Readonly<Record<string, SubscriptionGroupConfig>>;
  readonly properties: Readonly<Record<string, string>>;
}

/** Users and rules of a broker; null when it keeps none. */
export interface LiveAccess extends BrokerAddress {
  readonly users: readonly UserInfo[] | null;
  readonly acls: readonly AclInfo[] | null;
}

export interface LiveCluster extends Partial {
  readonly clusterName: string;
  readonly masters: readonly LiveBroker[];
  /** Of masters and slaves; empty unless asked for. */
  readonly access: readonly LiveAccess[];
}

/**
 * Reads what a cluster has, without what brokers make for themselves: system topics and groups, retry and dead letter
 * topics.
 *
 * @param clusterName null for the only one there is
 * @throws AdminError (not-found) for an unknown cluster or one without a master; (usage) when several may be meant
 */
export async function readLiveCluster(
  session: AdminSession,
  clusterName: string | null,
  { withAccess }: { readonly withAccess: boolean },
): Promise<LiveCluster> {
  const deadline = session.deadline();
  const info = await readCluster(session, deadline);
  const name = clusterName ?? onlyName(Object.keys(info.clusterAddrTable).sort());
  const all = brokerAddresses(info, name);
  const masters = all.filter(({ brokerId }) => brokerId === 0);
  if (masters.length === 0) throw new AdminError('not-found', `cluster "${name}" has no master`);
  const ordered = await orderedTopics(session, deadline);
  const read = await askAll(masters, FAN_OUT_LIMIT, (broker) => readLiveBroker(session, broker, ordered, deadline));
  const access = withAccess ? await askEach(all, FAN_OUT_LIMIT, (each) => readAccessOf(session, each, deadline)) : null;
  return {
    clusterName: name,
    masters: read.answers.map(({ value }) => value),
    access: access?.answers.map(({ value }) => value) ?? [],
    ...joinPartial(read, ...(access === null ? [] : [access])),
  };
}

function onlyName(names: readonly string[]): string {
  const [first] = names;
  if (first !== undefined && names.length === 1) return first;
  if (first === undefined) throw new AdminError('not-found', 'the name server knows no cluster');
  throw new AdminError('usage', `there are ${names.length} clusters: say which with --cluster, or in the file`, {
    hint: `clusters: ${names.join(', ')}`,
  });
}

/** Topics that the name servers keep the order of. Brokers of 4.9 do not know themselves which these are. */
export async function orderedTopics(session: AdminSession, deadline: Deadline): Promise<ReadonlySet<string>> {
  try {
    return new Set(Object.keys(await session.api.getKVListByNamespace(ORDER_TOPIC_CONFIG, deadline.call())));
  } catch (error) {
    if (isBrokerError(error, ResponseCode.QUERY_NOT_FOUND)) return new Set();
    throw error;
  }
}

/** One broker's tables, master or slave. @param ordered as orderedTopics gives them */
export async function readLiveBroker(
  session: AdminSession,
  broker: BrokerAddress,
  ordered: ReadonlySet<string>,
  deadline: Deadline,
): Promise<LiveBroker> {
  const [topics, groups, { properties }] = await Promise.all([
    userTopics(session, broker.addr, false, deadline),
    userGroups(session, broker.addr, deadline),
    session.api.getBrokerConfig(broker.addr, deadline.call()),
  ]);
  const table = Object.entries(topics.topicConfigTable).map(
    ([topic, config]) => [topic, { ...config, order: config.order || ordered.has(topic) }] as const,
  );
  return { ...broker, topics: Object.fromEntries(table), groups: groups.subscriptionGroupTable, properties };
}

async function readAccessOf(session: AdminSession, broker: BrokerAddress, deadline: Deadline): Promise<LiveAccess> {
  const { api } = session;
  // Brokers before 5.3, and those that keep no users, refuse the request.
  const orNull = async <T>(read: Promise<T>): Promise<T | null> => {
    try {
      return await read;
    } catch (error) {
      if (failureOf(error).kind === 'failed') return null;
      throw error;
    }
  };
  const users = await orNull(api.listUser(broker.addr, null, deadline.call()));
  const acls = users === null ? null : await orNull(api.listAcl(broker.addr, {}, deadline.call()));
  return { ...broker, users, acls };
}

const attributesOf = (attributes: Readonly<Record<string, string>>): Array<[string, string]> =>
  Object.entries(attributes).map(([key, value]) => [`attributes.${key.replace(/^\+/, '')}`, value]);

/** A topic's settings as a file would have them. */
export function topicSettings(config: TopicConfig): Settings {
  return {
    readQueueNums: config.readQueueNums,
    writeQueueNums: config.writeQueueNums,
    perm: config.perm,
    order: config.order,
    unit: (config.topicSysFlag & TopicSysFlag.UNIT) !== 0,
    hasUnitSub: (config.topicSysFlag & TopicSysFlag.UNIT_SUB) !== 0,
    ...Object.fromEntries(attributesOf(config.attributes ?? {})),
  };
}

/** A group's settings as a file would have them. */
export function groupSettings(config: SubscriptionGroupConfig): Settings {
  const { groupName: _, attributes, subscriptionDataSet: __, groupRetryPolicy, ...plain } = config;
  return {
    ...plain,
    groupRetryPolicy: canonical(groupRetryPolicy),
    ...Object.fromEntries(attributesOf(attributes ?? {})),
  };
}

/** JSON text whose keys are sorted, without what is not there: the same for the same thing. */
export function canonical(value: unknown): string {
  const sorted = (each: unknown): unknown => {
    if (Array.isArray(each)) return each.map(sorted);
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(
      Object.entries(each)
        .filter(([, inner]) => inner !== null && inner !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => [key, sorted(inner)]),
    );
  };
  return JSON.stringify(sorted(value));
}

/** One rule: what a subject may do with one resource. */
export interface Rule {
  readonly subject: string;
  readonly resource: string;
  readonly settings: Settings;
}

/** The rules of a subject, one a resource, in a form that compares. */
export function rulesOf({ subject, policies }: AclInfo): Rule[] {
  return (policies ?? []).flatMap(({ entries }) =>
    (entries ?? []).map(({ resource, actions, decision, sourceIps }) => ({
      subject: subject ?? '',
      resource: normalResource(resource ?? ''),
      settings: ruleSettings(actions ?? [], decision ?? 'Allow', sourceIps ?? []),
    })),
  );
}

/** Settings of a rule; lists are sorted and joined by commas. */
export function ruleSettings(actions: readonly string[], decision: string, sourceIps: readonly string[]): Settings {
  return {
    actions: [...actions].sort().join(','),
    decision,
    sourceIps: [...sourceIps].sort().join(','),
  };
}

/** Brokers answer `Any:*` for `*`. */
export function normalResource(resource: string): string {
  return resource === 'Any:*' ? '*' : resource;
}
