import { errorText } from '../base/errors.js';
import type { BrokerData, ClusterInfo } from '../protocol/bodies.js';
import { inHashOrder } from '../protocol/java-hash.js';
import { parseAddress } from '../remoting/address.js';
import type { Deadline } from './deadline.js';
import { AdminError } from './failure.js';
import { askEach, FAN_OUT_LIMIT, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';

/** One address of a broker. */
export interface BrokerAddress extends Target {
  readonly clusterName: string;
  readonly brokerName: string;
  /** 0 is the master. */
  readonly brokerId: number;
  readonly addr: string;
}

/** Where a write goes: one address, or the masters of a cluster. */
export type WriteTarget = { readonly brokerAddr: string } | { readonly clusterName: string };

/** 106. */
export function readCluster(session: AdminSession, deadline: Deadline): Promise<ClusterInfo> {
  return session.api.getBrokerClusterInfo(deadline.call());
}

/**
 * Every broker address of a cluster, or of all clusters, by cluster, broker name and id.
 *
 * @throws AdminError (not-found) for an unknown cluster
 */
export function brokerAddresses(info: ClusterInfo, clusterName?: string | null): BrokerAddress[] {
  const known = Object.keys(info.clusterAddrTable).sort();
  if (clusterName !== undefined && clusterName !== null && !known.includes(clusterName))
    throw noCluster(clusterName, known);
  const wanted = clusterName === undefined || clusterName === null ? known : [clusterName];
  return wanted.flatMap((cluster) =>
    [...(info.clusterAddrTable[cluster] ?? [])]
      .sort()
      .flatMap((brokerName) =>
        [...(info.brokerAddrTable[brokerName]?.brokerAddrs ?? [])]
          .sort(([a], [b]) => a - b)
          .map(([brokerId, addr]) => ({ clusterName: cluster, brokerName, brokerId, addr })),
      ),
  );
}

function noCluster(clusterName: string, known: readonly string[]): AdminError {
  return new AdminError(
    'not-found',
    clusterName === '' ? 'there is no cluster' : `there is no cluster "${clusterName}"`,
    {
      hint:
        known.length === 0
          ? 'the name server knows no cluster: no broker has registered'
          : `clusters: ${known.join(', ')}`,
    },
  );
}

/**
 * The cluster that is meant when nobody names one: the only one there is.
 *
 * @throws AdminError (usage) when there are several, (not-found) when there is none
 */
export async function onlyCluster(session: AdminSession): Promise<string> {
  const names = Object.keys((await readCluster(session, session.deadline())).clusterAddrTable).sort();
  if (names.length > 1) {
    throw new AdminError('usage', `there are ${names.length} clusters: say which with --cluster, or name a --broker`, {
      hint: `clusters: ${names.join(', ')}`,
    });
  }
  if (names[0] === undefined) throw noCluster('', []);
  return names[0];
}

/** A broker that is named by its address. @throws AdminError (usage) when that is none */
export function brokerAt(addr: string): { readonly brokerName: null; readonly addr: string } {
  try {
    parseAddress(addr);
  } catch (error) {
    throw new AdminError('usage', errorText(error), { hint: 'mqadmin cluster list shows the addresses', cause: error });
  }
  return { brokerName: null, addr };
}

/**
 * The addresses that a write goes to.
 *
 * @throws AdminError (not-found) for an unknown cluster, or one without a master; (usage) for a bad address
 */
export async function writeTargets(
  session: AdminSession,
  target: WriteTarget,
  deadline: Deadline,
): Promise<readonly Target[]> {
  if ('brokerAddr' in target) return [brokerAt(target.brokerAddr)];
  const masters = brokerAddresses(await readCluster(session, deadline), target.clusterName).filter(
    ({ brokerId }) => brokerId === 0,
  );
  if (masters.length === 0) throw new AdminError('not-found', `cluster "${target.clusterName}" has no master`);
  return inOrderOf(session, masters);
}

/** The addresses as the session's user expects them: by name, or as Apache's tool has them. */
export function inOrderOf<T extends Target>(session: AdminSession, targets: readonly T[]): readonly T[] {
  return session.inSetOrder === true ? inHashOrder(targets, ({ addr }) => addr) : targets;
}

/** The address of a broker group to read from: the master, else its first slave. Null when it has none. */
export function readAddress(broker: Pick<BrokerData, 'brokerAddrs'>): string | null {
  const master = broker.brokerAddrs.get(0);
  if (master !== undefined) return master;
  const slaves = [...broker.brokerAddrs].sort(([a], [b]) => a - b);
  return slaves[0]?.[1] ?? null;
}

/** One read target for each broker group. */
export function readTargets(brokers: readonly BrokerData[]): Array<Target & { brokerName: string }> {
  return brokers
    .map((broker) => ({ brokerName: broker.brokerName, addr: readAddress(broker) }))
    .filter((target): target is { brokerName: string; addr: string } => target.addr !== null)
    .sort((a, b) => (a.brokerName < b.brokerName ? -1 : 1));
}

/** What one broker says of itself; numbers are null when it does not say. */
export interface BrokerRuntime {
  /** Every key and value as sent. */
  readonly table: Readonly<Record<string, string>>;
  readonly version: string | null;
  readonly isActive: boolean | null;
  /** Messages a second over the last 10 s. */
  readonly inTps: number | null;
  readonly outTps: number | null;
  readonly sendQueueSize: number | null;
  readonly sendQueueWaitMs: number | null;
  readonly pullQueueSize: number | null;
  readonly pullQueueWaitMs: number | null;
  readonly pageCacheLockMs: number | null;
  /** Store time of the oldest message, ms. */
  readonly earliestMessageTimestamp: number | null;
  /** Use of the commit log's disk, 0 to 1. */
  readonly diskRatio: number | null;
  readonly inTotalYesterday: number | null;
  readonly outTotalYesterday: number | null;
  readonly inTotalToday: number | null;
  readonly outTotalToday: number | null;
}

export interface ClusterBroker extends BrokerAddress {
  readonly role: 'master' | 'slave';
  /** Null when the broker did not answer; `reason` says why. */
  readonly runtime: BrokerRuntime | null;
  readonly reason: string | null;
}

export interface ClusterList extends Partial {
  readonly brokers: readonly ClusterBroker[];
}

/** All brokers with what they say of themselves. A broker that does not answer keeps its row. */
export async function clusterList(session: AdminSession, query: { clusterName?: string | null }): Promise<ClusterList> {
  const deadline = session.deadline();
  const brokers = brokerAddresses(await readCluster(session, deadline), query.clusterName);
  // The name server's list is worth showing even when no broker on it answers.
  const { answers, complete, unreachable } = await askEach(brokers, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.getBrokerRuntimeInfo(addr, deadline.call()),
  );
  const tables = new Map(answers.map(({ target, value }) => [target.addr, value]));
  return {
    complete,
    unreachable,
    brokers: brokers.map((broker) => {
      const table = tables.get(broker.addr);
      return {
        ...broker,
        role: broker.brokerId === 0 ? 'master' : 'slave',
        runtime: table === undefined ? null : readRuntime(table),
        reason: unreachable.find(({ addr }) => addr === broker.addr)?.reason ?? null,
      };
    }),
  };
}

/** Reads the values that people look at out of a broker's runtime table. */
export function readRuntime(table: Readonly<Record<string, string>>): BrokerRuntime {
  const number = (key: string): number | null => {
    const text = table[key]?.trim().split(' ')[0];
    const value = Number(text);
    return text === undefined || text === '' || Number.isNaN(value) ? null : value;
  };
  const difference = (a: string, b: string): number | null => {
    const [x, y] = [number(a), number(b)];
    return x === null || y === null ? null : x - y;
  };
  const active = table.brokerActive;
  return {
    table,
    version: table.brokerVersionDesc ?? null,
    isActive: active === undefined ? null : active === 'true',
    inTps: number('putTps'),
    // 4.9 spells it with one r.
    outTps: number('getTransferredTps') ?? number('getTransferedTps'),
    sendQueueSize: number('sendThreadPoolQueueSize'),
    sendQueueWaitMs: number('sendThreadPoolQueueHeadWaitTimeMills'),
    pullQueueSize: number('pullThreadPoolQueueSize'),
    pullQueueWaitMs: number('pullThreadPoolQueueHeadWaitTimeMills'),
    pageCacheLockMs: number('pageCacheLockTimeMills'),
    earliestMessageTimestamp: notNegative(number('earliestMessageTimeStamp')),
    diskRatio: notNegative(number('commitLogDiskRatio')),
    inTotalYesterday: difference('msgPutTotalTodayMorning', 'msgPutTotalYesterdayMorning'),
    outTotalYesterday: difference('msgGetTotalTodayMorning', 'msgGetTotalYesterdayMorning'),
    inTotalToday: difference('msgPutTotalTodayNow', 'msgPutTotalTodayMorning'),
    outTotalToday: difference('msgGetTotalTodayNow', 'msgGetTotalTodayMorning'),
  };
}

/** Brokers write -1 for what they do not know. */
const notNegative = (value: number | null): number | null => (value === null || value < 0 ? null : value);
