import { versionDesc } from '../protocol/mq-version.js';
import { brokerAddresses, brokerAt, readCluster } from './cluster.js';
import { askAll, FAN_OUT_LIMIT, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';

/** A producer connected to a broker. */
export interface ConnectedProducer {
  readonly producerGroup: string;
  readonly brokerName: string | null;
  readonly brokerAddr: string;
  readonly clientId: string;
  /** `ip:port` */
  readonly remoteIP: string;
  /** Null when it does not say. */
  readonly language: string | null;
  /** `V5_3_3` */
  readonly version: string;
  readonly versionNumber: number;
  /** ms since the epoch of its last heartbeat */
  readonly lastUpdateTimestamp: number;
}

export interface ConnectedProducers extends Partial {
  readonly producers: readonly ConnectedProducer[];
  /** Groups that a broker knows without a member. */
  readonly emptyGroups: readonly string[];
}

/** Every producer of one broker, or of the masters of a cluster or all clusters (328). */
export async function connectedProducers(
  session: AdminSession,
  { brokerAddr, clusterName }: { readonly brokerAddr?: string | null; readonly clusterName?: string | null },
): Promise<ConnectedProducers> {
  const deadline = session.deadline();
  const targets: Target[] = brokerAddr
    ? [brokerAt(brokerAddr)]
    : brokerAddresses(await readCluster(session, deadline), clusterName).filter(({ brokerId }) => brokerId === 0);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.getAllProducerInfo(addr, deadline.call()),
  );
  const groups = answers.flatMap(({ target, value }) =>
    Object.entries(value.data).map(([producerGroup, list]) => ({ target, producerGroup, list })),
  );
  return {
    ...partial,
    emptyGroups: groups.filter(({ list }) => list.length === 0).map(({ producerGroup }) => producerGroup),
    producers: groups.flatMap(({ target, producerGroup, list }) =>
      list.map(({ clientId, remoteIP, language, version, lastUpdateTimestamp }) => ({
        producerGroup,
        brokerName: target.brokerName,
        brokerAddr: target.addr,
        clientId,
        remoteIP,
        language,
        version: versionDesc(version),
        versionNumber: version,
        lastUpdateTimestamp,
      })),
    ),
  };
}
