/** Writes down what a cluster has, as a file that `plan` finds nothing to change with. */
import { defaultSubscriptionGroupConfig } from '../../protocol/subscription-group-config.js';
import type { Partial } from '../fan-out.js';
import type { AdminSession } from '../session.js';
import { NEW_TOPIC } from '../topic-write.js';
import type { ClusterFile, Placed, RuleSettings, TopicSettings, UserSettings } from './cluster-file.js';
import {
  groupSettings,
  type LiveBroker,
  type LiveCluster,
  type Rule,
  readLiveCluster,
  rulesOf,
  type Settings,
  type SettingValue,
  topicSettings,
} from './live-cluster.js';

/** Properties that an export has unless others are asked for: those that people set, and that change while it runs. */
export const EXPORTED_PROPERTIES: readonly string[] = [
  ...['autoCreateSubscriptionGroup', 'autoCreateTopicEnable', 'brokerPermission', 'defaultTopicQueueNums'],
  ...['deleteWhen', 'diskMaxUsedSpaceRatio', 'enablePropertyFilter', 'fileReservedTime', 'longPollingEnable'],
  ...['rejectTransactionMessage', 'slaveReadEnable', 'traceOn', 'transactionCheckInterval', 'transactionCheckMax'],
  'transactionTimeOut',
];

/** A cluster as a file, and who did not give his part. */
export interface ClusterExport extends Partial {
  readonly file: ClusterFile;
}

/**
 * Reads a cluster into a file. Passwords are not exported.
 *
 * @param properties names of broker properties
 * @throws as readLiveCluster
 */
export async function exportCluster(
  session: AdminSession,
  { clusterName, properties }: { readonly clusterName: string | null; readonly properties: readonly string[] },
): Promise<ClusterExport> {
  const live = await readLiveCluster(session, clusterName, { withAccess: true });
  const { complete, unreachable } = live;
  return { complete, unreachable, file: fileOf(live, properties) };
}

/** The file for a cluster that has been read. */
export function fileOf(live: LiveCluster, properties: readonly string[]): ClusterFile {
  const users = usersOf(live);
  const acls = aclsOf(live);
  return {
    cluster: live.clusterName,
    topics: placedAll(live.masters, ({ topics }) => mapValues(topics, topicSettings), NEW_TOPIC) as Record<
      string,
      Placed<TopicSettings>
    >,
    groups: placedAll(
      live.masters,
      ({ groups }) => mapValues(groups, groupSettings),
      groupSettings(defaultSubscriptionGroupConfig('')),
    ) as NonNullable<ClusterFile['groups']>,
    brokers: propertiesOf(live.masters, properties),
    ...(users === null ? {} : { users }),
    ...(acls === null ? {} : { acls }),
  };
}

function mapValues<T, U>(table: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, map(value)]));
}

/** Entries by name: what most brokers agree on first, then who has it, and what differs. */
function placedAll(
  masters: readonly LiveBroker[],
  read: (broker: LiveBroker) => Readonly<Record<string, Settings>>,
  defaults: Settings,
): Record<string, unknown> {
  const tables = masters.map((broker) => ({ brokerName: broker.brokerName, entries: read(broker) }));
  const names = [...new Set(tables.flatMap(({ entries }) => Object.keys(entries)))].sort();
  return Object.fromEntries(
    names.map((name) => {
      const holders = tables.filter(({ entries }) => Object.hasOwn(entries, name));
      const all = holders.map(({ entries }) => entries[name] as Settings);
      const base = majority(all);
      const perBroker = holders.flatMap(({ brokerName, entries }) => {
        const own = Object.entries(entries[name] as Settings).filter(([field, value]) => base[field] !== value);
        return own.length === 0 ? [] : [[brokerName, nested(Object.fromEntries(own))] as const];
      });
      const deviant = new Set(perBroker.flatMap(([, own]) => Object.keys(own)));
      const shown = Object.entries(base).filter(([field, value]) => isWorthIt(field, value, defaults, deviant));
      return [
        name,
        {
          ...nested(Object.fromEntries(shown)),
          ...(holders.length < masters.length ? { brokers: holders.map(({ brokerName }) => brokerName) } : {}),
          ...(perBroker.length > 0 ? { perBroker: Object.fromEntries(perBroker) } : {}),
        },
      ];
    }),
  );
}

/** Queues and permission of topics are always said; anything else where it is not what a new one has. */
function isWorthIt(field: string, value: SettingValue, defaults: Settings, deviant: ReadonlySet<string>): boolean {
  if (['readQueueNums', 'writeQueueNums', 'perm', 'retryMaxTimes'].includes(field) || deviant.has(field)) return true;
  return value !== (defaults[field] ?? (typeof value === 'boolean' ? false : undefined));
}

/** Field by field, the value that most have. */
function majority(all: readonly Settings[]): Settings {
  const fields = [...new Set(all.flatMap((settings) => Object.keys(settings)))];
  return Object.fromEntries(
    fields.flatMap((field) => {
      const counts = new Map<SettingValue, number>();
      for (const settings of all) {
        const value = settings[field];
        if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      const [most] = [...counts].sort(([, a], [, b]) => b - a);
      // An attribute that only some have is theirs alone.
      if (most === undefined || (field.startsWith('attributes.') && most[1] < all.length)) return [];
      return [[field, most[0]]];
    }),
  );
}

/** `attributes.x` becomes `attributes: {x}`, and a retry policy an object again. */
function nested(settings: Settings): Record<string, unknown> {
  const prefix = 'attributes.';
  const attributes = Object.entries(settings).filter(([field]) => field.startsWith(prefix));
  const plain = Object.entries(settings).filter(([field]) => !field.startsWith(prefix));
  return {
    ...Object.fromEntries(
      plain.map(([field, value]) => [field, field === 'groupRetryPolicy' ? JSON.parse(String(value)) : value]),
    ),
    ...(attributes.length > 0
      ? { attributes: Object.fromEntries(attributes.map(([field, value]) => [field.slice(prefix.length), value])) }
      : {}),
  };
}

function propertiesOf(
  masters: readonly LiveBroker[],
  names: readonly string[],
): Record<string, Record<string, string>> {
  const of = ({ properties }: LiveBroker) =>
    Object.fromEntries(names.filter((name) => properties[name] !== undefined).map((name) => [name, properties[name]!]));
  const common = majority(masters.map(of)) as Record<string, string>;
  const own = masters.flatMap((broker) => {
    const differing = Object.entries(of(broker)).filter(([name, value]) => common[name] !== value);
    return differing.length === 0 ? [] : [[broker.brokerName, Object.fromEntries(differing)] as const];
  });
  return { ...(Object.keys(common).length > 0 ? { '*': common } : {}), ...Object.fromEntries(own) };
}

/** Of the first broker that keeps users: they are meant to be the same on all. */
function usersOf({ access }: LiveCluster): Record<string, UserSettings> | null {
  const users = access.find((broker) => broker.users !== null)?.users ?? null;
  if (users === null) return null;
  return Object.fromEntries(
    users
      .map(({ username, userType, userStatus }): [string, UserSettings] => [
        username ?? '',
        {
          ...(userType ? { userType: userType as 'Super' | 'Normal' } : {}),
          ...(userStatus ? { userStatus: userStatus as 'enable' | 'disable' } : {}),
        },
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function aclsOf({ access }: LiveCluster): Record<string, RuleSettings[]> | null {
  const acls = access.find((broker) => broker.acls !== null)?.acls ?? null;
  if (acls === null) return null;
  const rules: Record<string, RuleSettings[]> = {};
  for (const rule of acls.flatMap(rulesOf)) {
    rules[rule.subject] ??= [];
    rules[rule.subject]?.push(ruleOf(rule));
  }
  return rules;
}

function ruleOf({ resource, settings }: Rule): RuleSettings {
  const list = (value: SettingValue | undefined): string[] =>
    String(value)
      .split(',')
      .filter((part) => part !== '');
  const sourceIps = list(settings.sourceIps);
  return {
    resources: [resource],
    actions: list(settings.actions),
    decision: settings.decision as 'Allow' | 'Deny',
    ...(sourceIps.length > 0 ? { sourceIps } : {}),
  };
}
