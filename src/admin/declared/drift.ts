/** Where the servers of a cluster differ from each other, and from a file. */
import { isTopicNotExist } from '../../client/errors.js';
import type { TopicConfig } from '../../protocol/topic-config.js';
import { brokerAddresses, readCluster } from '../cluster.js';
import type { Deadline } from '../deadline.js';
import { askEach, FAN_OUT_LIMIT, joinPartial, type Partial } from '../fan-out.js';
import { namesrvTargets } from '../namesrv-write.js';
import type { AdminSession } from '../session.js';
import { ORDER_TOPIC_CONFIG } from '../topic-write.js';
import type { ClusterFile } from './cluster-file.js';
import {
  groupSettings,
  type LiveBroker,
  orderedTopics,
  readLiveBroker,
  readLiveCluster,
  type Settings,
  topicSettings,
} from './live-cluster.js';
import { comparePlan, wantedOn } from './plan.js';

/** Who says what; null is "does not have it". */
export interface Saying {
  /** Broker, broker#id of a slave, address of a name server, or `file`. */
  readonly at: string;
  readonly value: string | number | boolean | null;
}

export interface Difference {
  /** What is compared: masters with each other, slaves with their master, name servers, routes, or brokers with the file. */
  readonly between: 'masters' | 'slave' | 'namesrv' | 'route' | 'file';
  readonly kind: 'topic' | 'group' | 'property' | 'broker' | 'order-conf' | 'user' | 'acl';
  readonly name: string;
  /** Null when the thing itself is missing somewhere. */
  readonly field: string | null;
  readonly values: readonly Saying[];
}

export interface Drift extends Partial {
  readonly clusterName: string;
  readonly compared: { readonly masters: number; readonly slaves: number; readonly namesrvs: number };
  readonly differences: readonly Difference[];
}

/** Properties that are a broker's own: who it is, where it listens and stores, and what it knows of its machine. */
const OWN_PROPERTY =
  /^(?:brokerName|brokerId|brokerRole|brokerConfigPath|brokerClusterName|rocketmqHome|messageStorePlugIn|bindAddress|startAcceptSendRequestTimeStamp|clientCallbackExecutorThreads|.*(?:IP[12]|Port|Address|StorePath.*|storePath.*|[sS]tore.*Path.*|ThreadPoolNums|ThreadNums|Threads))$/;

/**
 * Compares masters with each other, slaves with their masters, name servers with each other, routes with brokers, and
 * brokers with the file if there is one.
 *
 * @throws as readLiveCluster and planCluster
 */
export async function findDrift(
  session: AdminSession,
  { clusterName, file }: { readonly clusterName: string | null; readonly file: ClusterFile | null },
): Promise<Drift> {
  const withAccess = file?.users !== undefined || file?.acls !== undefined;
  const live = await readLiveCluster(session, clusterName ?? file?.cluster ?? null, { withAccess });
  const deadline = session.deadline();
  const slaves = brokerAddresses(await readCluster(session, deadline), live.clusterName).filter(
    ({ brokerId }) => brokerId !== 0,
  );
  const ordered = await orderedTopics(session, deadline);
  const slaveRead = await askEach(slaves, FAN_OUT_LIMIT, (slave) => readLiveBroker(session, slave, ordered, deadline));
  const namesrv = await compareNameServers(session, live.clusterName, live.masters);
  const differences = [
    ...compareMasters(live.masters).filter((difference) => !isDeclared(difference, file)),
    ...slaveRead.answers.flatMap(({ value }) => compareSlave(value, live.masters)),
    ...namesrv.differences,
    ...(file === null ? [] : comparePlan(file, live, false).changes.flatMap(fromChange)),
  ];
  return {
    clusterName: live.clusterName,
    ...joinPartial(live, slaveRead, namesrv),
    compared: { masters: live.masters.length, slaves: slaveRead.answers.length, namesrvs: namesrv.count },
    differences,
  };
}

/** What a file says of brokers one by one is held against them, not they against each other. */
function isDeclared({ field, kind, name, values }: Difference, file: ClusterFile | null): boolean {
  const entries = kind === 'topic' ? file?.topics : kind === 'group' ? file?.groups : undefined;
  if (entries !== undefined) {
    if (!Object.hasOwn(entries, name)) return false;
    const entry = entries[name] ?? null;
    if (field === null) return entry?.brokers !== undefined;
    return values.some(({ at }) => wantedOn(entry, at)?.[field] !== undefined);
  }
  return (
    kind === 'property' && Object.values(file?.brokers ?? {}).some((properties) => Object.hasOwn(properties, name))
  );
}

function fromChange(change: ReturnType<typeof comparePlan>['changes'][number]): Difference[] {
  const { action, addr, brokerName, fields, kind, name } = change;
  const base = { between: 'file', kind: kind === 'broker' ? 'property' : kind, name } as const;
  const at = brokerName ?? addr ?? '';
  if (action === 'create') {
    return [
      {
        ...base,
        field: null,
        values: [
          { at: 'file', value: 'there' },
          { at, value: null },
        ],
      },
    ];
  }
  return fields.map(({ after, before, field }) => ({
    ...base,
    field,
    values: [
      { at: 'file', value: after },
      { at, value: before },
    ],
  }));
}

type Tables = ReadonlyArray<{ readonly at: string; readonly entries: Readonly<Record<string, Settings>> }>;

/** Fields, or whole entries, that are not the same in all tables. */
function compareTables(between: Difference['between'], kind: Difference['kind'], tables: Tables): Difference[] {
  const names = [...new Set(tables.flatMap(({ entries }) => Object.keys(entries)))].sort();
  return names.flatMap((name): Difference[] => {
    const rows = tables.map(({ at, entries }) => ({ at, entry: Object.hasOwn(entries, name) ? entries[name] : null }));
    if (rows.some(({ entry }) => entry === null)) {
      const values = rows.map(({ at, entry }) => ({ at, value: entry === null ? null : 'there' }));
      return [{ between, kind, name, field: null, values }];
    }
    const fields = [...new Set(rows.flatMap(({ entry }) => Object.keys(entry ?? {})))];
    return fields.flatMap((field) => {
      const values = rows.map(({ at, entry }) => ({ at, value: entry?.[field] ?? null }));
      return new Set(values.map(({ value }) => value)).size < 2 ? [] : [{ between, kind, name, field, values }];
    });
  });
}

const settingsOf = <T>(table: Readonly<Record<string, T>>, read: (config: T) => Settings): Record<string, Settings> =>
  Object.fromEntries(Object.entries(table).map(([name, config]) => [name, read(config)]));

const labelOf = ({ brokerId, brokerName }: LiveBroker): string =>
  brokerId === 0 ? brokerName : `${brokerName}#${brokerId}`;

function compareMasters(masters: readonly LiveBroker[]): Difference[] {
  if (masters.length < 2) return [];
  const tables = (read: (broker: LiveBroker) => Record<string, Settings>): Tables =>
    masters.map((broker) => ({ at: labelOf(broker), entries: read(broker) }));
  const properties = masters.map((broker) => ({
    at: labelOf(broker),
    entries: Object.fromEntries(
      Object.entries(broker.properties)
        .filter(([name]) => !OWN_PROPERTY.test(name))
        .map(([name, value]) => [name, { value }]),
    ),
  }));
  return [
    ...compareTables(
      'masters',
      'topic',
      tables(({ topics }) => settingsOf(topics, topicSettings)),
    ),
    ...compareTables(
      'masters',
      'group',
      tables(({ groups }) => settingsOf(groups, groupSettings)),
    ),
    // Brokers of other versions have other properties: only what all have is compared.
    ...compareTables('masters', 'property', properties).filter(({ field }) => field !== null),
  ];
}

function compareSlave(slave: LiveBroker, masters: readonly LiveBroker[]): Difference[] {
  const master = masters.find(({ brokerName }) => brokerName === slave.brokerName);
  if (master === undefined) return [];
  const pair = (read: (broker: LiveBroker) => Record<string, Settings>): Tables =>
    [master, slave].map((broker) => ({ at: labelOf(broker), entries: read(broker) }));
  return [
    ...compareTables(
      'slave',
      'topic',
      pair(({ topics }) => settingsOf(topics, topicSettings)),
    ),
    ...compareTables(
      'slave',
      'group',
      pair(({ groups }) => settingsOf(groups, groupSettings)),
    ),
  ];
}

/** What one name server says of a cluster. */
interface NameServerView {
  readonly brokers: Readonly<Record<string, Settings>>;
  readonly orderConfs: Readonly<Record<string, Settings>>;
  /** Topic to broker to what its route says. */
  readonly routes: Readonly<Record<string, Readonly<Record<string, Settings>>>>;
}

async function compareNameServers(
  session: AdminSession,
  clusterName: string,
  masters: readonly LiveBroker[],
): Promise<Partial & { readonly count: number; readonly differences: readonly Difference[] }> {
  const deadline = session.deadline();
  const topics = [...new Set(masters.flatMap((broker) => Object.keys(broker.topics)))].sort();
  const { answers, complete, unreachable } = await askEach(namesrvTargets(session), FAN_OUT_LIMIT, ({ addr }) =>
    viewOf(session, addr, clusterName, topics, deadline),
  );
  const views = answers.map(({ target, value }) => ({ at: target.addr, view: value }));
  const tables = (read: (view: NameServerView) => Readonly<Record<string, Settings>>): Tables =>
    views.map(({ at, view }) => ({ at, entries: read(view) }));
  return {
    complete,
    unreachable,
    count: views.length,
    differences: [
      ...compareTables(
        'namesrv',
        'broker',
        tables(({ brokers }) => brokers),
      ),
      ...compareTables(
        'namesrv',
        'order-conf',
        tables(({ orderConfs }) => orderConfs),
      ),
      ...views.flatMap(({ at, view }) => compareRoutes(at, view, masters)),
    ],
  };
}

async function viewOf(
  session: AdminSession,
  namesrvAddr: string,
  clusterName: string,
  topics: readonly string[],
  deadline: Deadline,
): Promise<NameServerView> {
  const { api } = session;
  const call = () => ({ ...deadline.call(), namesrvAddr });
  const info = await api.getBrokerClusterInfo(call());
  const ofCluster = brokerAddresses({
    ...info,
    clusterAddrTable: Object.fromEntries(
      Object.entries(info.clusterAddrTable).filter(([name]) => name === clusterName),
    ),
  });
  const routes: Record<string, Record<string, Settings>> = {};
  const orderConfs: Record<string, Settings> = {};
  const targets = topics.map((topic) => ({ brokerName: null, addr: namesrvAddr, topic }));
  const { answers, firstError, unreachable } = await askEach(targets, FAN_OUT_LIMIT, async ({ topic }) => {
    try {
      return await api.getTopicRouteInfo(topic, call());
    } catch (error) {
      if (isTopicNotExist(error)) return null;
      throw error;
    }
  });
  if (unreachable.length > 0) throw firstError;
  for (const { target, value } of answers) {
    routes[target.topic] = Object.fromEntries(
      (value?.queueDatas ?? []).map(({ brokerName, perm, readQueueNums, writeQueueNums }) => [
        brokerName,
        { readQueueNums, writeQueueNums, perm },
      ]),
    );
    if (value?.orderTopicConf) orderConfs[target.topic] = { [ORDER_TOPIC_CONFIG]: value.orderTopicConf };
  }
  return {
    routes,
    orderConfs,
    brokers: Object.fromEntries(
      ofCluster.map(({ addr, brokerId, brokerName }) => [`${brokerName}#${brokerId}`, { addr }]),
    ),
  };
}

/** A route says less than a broker: permissions of the broker itself are taken off there. */
function compareRoutes(at: string, { routes }: NameServerView, masters: readonly LiveBroker[]): Difference[] {
  return masters.flatMap((broker) => {
    const brokerPermission = Number(broker.properties.brokerPermission ?? 6);
    const settings = (config: TopicConfig): Settings => ({
      readQueueNums: config.readQueueNums,
      writeQueueNums: config.writeQueueNums,
      perm: config.perm & (brokerPermission | 1),
    });
    return Object.entries(broker.topics).flatMap(([topic, config]): Difference[] => {
      const route = routes[topic]?.[broker.brokerName];
      return compareTables('route', 'topic', [
        { at: broker.brokerName, entries: { [topic]: settings(config) } },
        { at, entries: route === undefined ? {} : { [topic]: route } },
      ]);
    });
  });
}
