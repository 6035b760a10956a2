import type { ReplicaIdentity } from '../protocol/bodies.js';
import { brokerAddresses, brokerAt, readCluster } from './cluster.js';
import { type PropertyWrites, writeConfigs } from './config-write.js';
import type { Deadline } from './deadline.js';
import { AdminError } from './failure.js';
import { askAll, FAN_OUT_LIMIT, type Partial } from './fan-out.js';
import { offeredBy } from './offered.js';
import type { AdminSession } from './session.js';

const WHAT = 'a controller';
const HINT = 'controllers are part of clusters in controller mode (5.x); the bundled servers have none';

/** What a controller says of its quorum. */
export interface ControllerMetadata {
  readonly controllerAddr: string;
  readonly group: string | null;
  readonly leaderId: string | null;
  readonly leaderAddr: string | null;
  readonly isLeader: boolean | null;
  readonly peers: readonly string[];
}

/** 1005 (5.x). @throws AdminError (failed) when the server is no controller */
export async function controllerMetadata(
  session: AdminSession,
  controllerAddr: string,
  deadline: Deadline = session.deadline(),
): Promise<ControllerMetadata> {
  const { addr } = brokerAt(controllerAddr);
  const said = await offeredBy(addr, WHAT, HINT, session.api.getControllerMetaData(addr, deadline.call()));
  return {
    controllerAddr: addr,
    group: said.group ?? null,
    leaderId: said.controllerLeaderId ?? null,
    leaderAddr: said.controllerLeaderAddress ?? null,
    isLeader: said.isLeader ?? null,
    peers: (said.peers ?? '').split(';').filter((peer) => peer !== ''),
  };
}

/** Only the leader answers what is about brokers. @throws AdminError (unreachable) while none is elected */
async function leaderOf(session: AdminSession, controllerAddr: string, deadline: Deadline): Promise<string> {
  const { leaderAddr } = await controllerMetadata(session, controllerAddr, deadline);
  if (leaderAddr !== null && leaderAddr !== '') return leaderAddr;
  throw new AdminError('unreachable', `the controllers of ${controllerAddr} have no leader`, {
    hint: 'a quorum of them has to be up; try again',
  });
}

/** `a:1;b:1` as addresses. @throws AdminError (usage) for a bad one */
export function controllerAddresses(text: string): string[] {
  const addrs = text
    .split(';')
    .map((addr) => addr.trim())
    .filter((addr) => addr !== '');
  if (addrs.length === 0) throw new AdminError('usage', 'no controller is named');
  return addrs.map((addr) => brokerAt(addr).addr);
}

export interface ControllerConfigs extends Partial {
  readonly servers: ReadonlyArray<{
    readonly brokerName: null;
    readonly brokerId: null;
    readonly addr: string;
    readonly properties: Readonly<Record<string, string>>;
  }>;
}

/** 1010 (5.x) at each. */
export async function controllerConfig(session: AdminSession, addrs: readonly string[]): Promise<ControllerConfigs> {
  const deadline = session.deadline();
  const { answers, ...partial } = await askAll(addrs.map(brokerAt), FAN_OUT_LIMIT, ({ addr }) =>
    offeredBy(addr, WHAT, HINT, session.api.getControllerConfig(addr, deadline.call())),
  );
  const servers = answers.map(({ target: { addr }, value: properties }) => ({
    brokerName: null,
    brokerId: null,
    addr,
    properties,
  }));
  return { ...partial, servers };
}

/** Changes properties of controllers (1009, 5.x), reads them back, and says what they were. @throws as writeConfigs */
export function updateControllerConfig(
  session: AdminSession,
  { addrs, properties }: { readonly addrs: readonly string[]; readonly properties: Readonly<Record<string, string>> },
): Promise<PropertyWrites> {
  const deadline = session.deadline();
  return writeConfigs(addrs.map(brokerAt), properties, {
    read: (addr) => offeredBy(addr, WHAT, HINT, session.api.getControllerConfig(addr, deadline.call())),
    write: (addr, values) => session.api.updateControllerConfig(addr, values, deadline.call()),
  });
}

/** A replica set after an election. */
export interface Election {
  readonly clusterName: string;
  readonly brokerName: string;
  readonly masterBrokerId: number | null;
  readonly masterAddr: string | null;
  readonly masterEpoch: number | null;
  readonly syncStateSetEpoch: number | null;
  /** `host:port` by broker id. */
  readonly brokerAddrs: Readonly<Record<string, string>>;
}

/** Has the controller make a broker the master of its set (1002, 5.x). */
export async function electMaster(
  session: AdminSession,
  request: {
    readonly controllerAddr: string;
    readonly clusterName: string;
    readonly brokerName: string;
    readonly brokerId: number;
  },
): Promise<Election> {
  const { clusterName, brokerName, brokerId } = request;
  const deadline = session.deadline();
  const leader = await leaderOf(session, request.controllerAddr, deadline);
  const values = { clusterName, brokerName, brokerId, designateElect: true, invokeTime: session.clock.now() };
  const { header, body } = await session.api.electMaster(leader, values, deadline.call());
  return {
    clusterName,
    brokerName,
    masterBrokerId: header.masterBrokerId ?? null,
    masterAddr: header.masterAddress ?? null,
    masterEpoch: header.masterEpoch ?? null,
    syncStateSetEpoch: header.syncStateSetEpoch ?? null,
    brokerAddrs: Object.fromEntries(body.brokerMemberGroup?.brokerAddrs ?? []),
  };
}

/**
 * Has the controller forget brokers of a set (1011, 5.x).
 *
 * @param request `brokerIds` null: all that are not alive, or with `isLivingToo` all
 */
export async function cleanBrokerMetadata(
  session: AdminSession,
  request: {
    readonly controllerAddr: string;
    readonly clusterName: string | null;
    readonly brokerName: string;
    readonly brokerIds: readonly number[] | null;
    readonly isLivingToo: boolean;
  },
): Promise<void> {
  const deadline = session.deadline();
  const leader = await leaderOf(session, request.controllerAddr, deadline);
  const values = {
    clusterName: request.clusterName ?? undefined,
    brokerName: request.brokerName,
    brokerControllerIdsToClean: request.brokerIds?.join(';') ?? undefined,
    isCleanLivingBroker: request.isLivingToo,
    invokeTime: session.clock.now(),
  };
  await session.api.cleanControllerBrokerData(leader, values, deadline.call());
}

/** The brokers of one set, as the controller sees them. */
export interface SyncState {
  readonly brokerName: string;
  /** Null while no master is elected. */
  readonly masterBrokerId: number | null;
  readonly masterAddr: string | null;
  readonly masterEpoch: number;
  readonly syncStateSetEpoch: number;
  readonly inSync: readonly ReplicaIdentity[];
  readonly notInSync: readonly ReplicaIdentity[];
}

export interface SyncStates {
  readonly sets: readonly SyncState[];
}

/** Who has all that the master has (1006, 5.x), of one broker name or of a cluster. @throws AdminError (not-found) */
export async function syncStates(
  session: AdminSession,
  query: { readonly controllerAddr: string } & ({ readonly brokerName: string } | { readonly clusterName: string }),
): Promise<SyncStates> {
  const deadline = session.deadline();
  const names =
    'brokerName' in query
      ? [query.brokerName]
      : [
          ...new Set(
            brokerAddresses(await readCluster(session, deadline), query.clusterName).map(
              ({ brokerName }) => brokerName,
            ),
          ),
        ];
  const leader = await leaderOf(session, query.controllerAddr, deadline);
  const { replicasInfoTable } = await session.api.getInSyncStateData(leader, names, deadline.call());
  const found = Object.keys(replicasInfoTable).sort();
  if (found.length === 0) {
    throw new AdminError('not-found', `the controller knows no broker named ${names.join(', ')}`, {
      hint: 'mqadmin cluster list shows the brokers',
    });
  }
  const sets = found.flatMap((brokerName): SyncState[] => {
    const info = replicasInfoTable[brokerName];
    if (info === undefined) return [];
    const { masterBrokerId, masterAddress, masterEpoch, syncStateSetEpoch, inSyncReplicas, notInSyncReplicas } = info;
    return [
      {
        brokerName,
        masterBrokerId: masterBrokerId ?? null,
        masterAddr: masterAddress ?? null,
        masterEpoch,
        syncStateSetEpoch,
        inSync: inSyncReplicas,
        notInSync: notInSyncReplicas,
      },
    ];
  });
  return { sets };
}
