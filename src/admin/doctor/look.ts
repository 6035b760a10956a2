import type { ClusterInfo } from '../../protocol/bodies.js';
import { type BrokerAddress, brokerAddresses } from '../cluster.js';
import type { Deadline } from '../deadline.js';
import { AdminError, type Failure, failureOf } from '../failure.js';
import { FAN_OUT_LIMIT, mapBounded } from '../fan-out.js';
import type { AdminSession } from '../session.js';

/** What one name server knows. */
export interface NameServerLook {
  readonly addr: string;
  /** Null when it did not answer; `reason` says why. */
  readonly info: ClusterInfo | null;
  /** Names of all topics, sorted. */
  readonly topics: readonly string[] | null;
  readonly reason: string | null;
}

/** What one address of a broker says. */
export interface BrokerLook extends BrokerAddress {
  /** 28; null when it did not answer. */
  readonly runtime: Readonly<Record<string, string>> | null;
  /** Our wall time when that answer was made, ms since the epoch, as well as one can tell. */
  readonly askedAt: number;
  /** 26; null when it did not say. */
  readonly config: Readonly<Record<string, string>> | null;
  /** Why `runtime` is missing. */
  readonly failure: Failure | null;
  /** Why `config` is missing. */
  readonly configFailure: Failure | null;
}

/** A cluster, or several, as seen from here. */
export interface ClusterLook {
  readonly now: number;
  readonly nameServers: readonly NameServerLook[];
  /** By cluster, broker name and id. */
  readonly brokers: readonly BrokerLook[];
}

/**
 * Asks every name server (106, 206) and every broker that one of them knows (28, 26).
 *
 * @throws AdminError (unreachable) when no name server answers
 */
export async function lookAtCluster(session: AdminSession, clusterName: string | null = null): Promise<ClusterLook> {
  const deadline = session.deadline();
  const nameServers = await mapBounded(session.api.nameServers.addresses, FAN_OUT_LIMIT, (addr) =>
    askNameServer(session, addr, deadline.round(2)),
  );
  const infos = nameServers.flatMap(({ info }) => (info === null ? [] : [info]));
  if (infos.length === 0) {
    const reasons = nameServers.map(({ addr, reason }) => `${addr}: ${reason}`);
    throw new AdminError('unreachable', `no name server answers (${reasons.join('; ')})`, {
      hint: '-n names the name servers; mqadmin config explain shows which ones count and why',
    });
  }
  const addresses = new Map<string, BrokerAddress>();
  for (const info of infos) {
    const names = Object.keys(info.clusterAddrTable);
    if (clusterName !== null && !names.includes(clusterName)) continue;
    for (const broker of brokerAddresses(info, clusterName))
      addresses.set(`${broker.brokerName} ${broker.addr}`, broker);
  }
  if (clusterName !== null && addresses.size === 0) {
    const names = [...new Set(infos.flatMap((info) => Object.keys(info.clusterAddrTable)))].sort();
    throw new AdminError('not-found', `there is no cluster "${clusterName}"`, {
      hint: `clusters: ${names.join(', ')}`,
    });
  }
  const brokers = await mapBounded([...addresses.values()], FAN_OUT_LIMIT, (broker) =>
    askBroker(session, broker, deadline),
  );
  return { now: session.clock.now(), nameServers, brokers };
}

async function askNameServer(session: AdminSession, addr: string, deadline: Deadline): Promise<NameServerLook> {
  try {
    const [info, { topicList }] = await Promise.all([
      session.api.getBrokerClusterInfo({ ...deadline.call(), namesrvAddr: addr }),
      session.api.getTopicListFromNameServer({ ...deadline.call(), namesrvAddr: addr }),
    ]);
    return { addr, info, topics: topicList.toSorted(), reason: null };
  } catch (error) {
    session.signal?.throwIfAborted();
    return { addr, info: null, topics: null, reason: failureOf(error).message };
  }
}

async function askBroker(session: AdminSession, broker: BrokerAddress, deadline: Deadline): Promise<BrokerLook> {
  const attempt = async <T>(call: () => Promise<T>): Promise<{ value: T | null; failure: Failure | null }> => {
    try {
      return { value: await call(), failure: null };
    } catch (error) {
      session.signal?.throwIfAborted();
      return { value: null, failure: failureOf(error) };
    }
  };
  const before = session.clock.now();
  const runtime = await attempt(() => session.api.getBrokerRuntimeInfo(broker.addr, deadline.round(2).call()));
  const askedAt = (before + session.clock.now()) / 2;
  const config =
    runtime.failure?.kind === 'unreachable'
      ? { value: null, failure: runtime.failure }
      : await attempt(() => session.api.getBrokerConfig(broker.addr, deadline.call()));
  return {
    ...broker,
    runtime: runtime.value,
    askedAt,
    config: config.value?.properties ?? null,
    failure: runtime.failure,
    configFailure: config.failure,
  };
}

/** `broker-a (10.0.0.1:10911)`, with its id unless it is a master. */
export function brokerText({ brokerName, brokerId, addr }: BrokerAddress): string {
  return `${brokerName}${brokerId === 0 ? '' : ` #${brokerId}`} (${addr})`;
}
