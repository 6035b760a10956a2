import { readCluster } from './cluster.js';
import { AdminError, failureOf } from './failure.js';
import { sendMessages } from './message-send.js';
import type { AdminSession } from './session.js';

/** How long sends to one broker took. */
export interface BrokerProbe {
  readonly clusterName: string;
  readonly brokerName: string;
  /** Mean of all sends but the first, which warms up, ms; null when none succeeded. */
  readonly meanMs: number | null;
  readonly maxMs: number | null;
  readonly succeeded: number;
  readonly failed: number;
  /** Why sends failed; null when none did. */
  readonly reason: string | null;
}

export interface ClusterProbe {
  readonly brokers: readonly BrokerProbe[];
}

interface ProbeRequest {
  readonly clusterName?: string | null | undefined;
  /** Messages for each broker, at least 1. */
  readonly count: number;
  readonly bodyBytes: number;
}

/**
 * Sends messages to every broker, one after the other, into the topic that has the broker's name.
 *
 * @throws AdminError (not-found) for an unknown cluster
 */
export async function probeCluster(session: AdminSession, request: ProbeRequest): Promise<ClusterProbe> {
  const { clusterAddrTable } = await readCluster(session, session.deadline());
  const known = Object.keys(clusterAddrTable).sort();
  const { clusterName } = request;
  if (clusterName && !known.includes(clusterName)) {
    throw new AdminError('not-found', `there is no cluster "${clusterName}"`, {
      hint: `clusters: ${known.join(', ')}`,
    });
  }
  const brokers: BrokerProbe[] = [];
  for (const cluster of clusterName ? [clusterName] : known) {
    for (const brokerName of [...(clusterAddrTable[cluster] ?? [])].sort()) {
      brokers.push(await probe(session, cluster, brokerName, request));
    }
  }
  return { brokers };
}

/** The same for one broker. @throws AdminError (not-found) when there is none of that name */
export async function probeBroker(
  session: AdminSession,
  request: { readonly brokerName: string; readonly count: number; readonly bodyBytes: number },
): Promise<ClusterProbe> {
  const { clusterAddrTable } = await readCluster(session, session.deadline());
  const { brokerName } = request;
  const cluster = Object.keys(clusterAddrTable).find((name) => clusterAddrTable[name]?.includes(brokerName));
  if (cluster === undefined) {
    const known = Object.values(clusterAddrTable).flat().sort();
    throw new AdminError('not-found', `there is no broker named "${brokerName}"`, {
      hint: `brokers: ${known.join(', ')}`,
    });
  }
  return { brokers: [await probe(session, cluster, brokerName, request)] };
}

async function probe(
  session: AdminSession,
  clusterName: string,
  brokerName: string,
  { count, bodyBytes }: Pick<ProbeRequest, 'count' | 'bodyBytes'>,
): Promise<BrokerProbe> {
  const costs: number[] = [];
  let reason: string | null = null;
  const body = Buffer.alloc(Math.max(1, bodyBytes), 'a');
  let refused = 0;
  while (costs.length + refused < count) {
    try {
      const requests = Array.from({ length: count - costs.length - refused }, () => ({ topic: brokerName, body }));
      await sendMessages(session, requests, async ({ costMs }) => {
        costs.push(costMs);
      });
    } catch (error) {
      session.signal?.throwIfAborted();
      refused += 1;
      const { kind, message } = failureOf(error);
      reason ??= message;
      // Each further send would wait as long for the same.
      if (kind === 'unreachable') break;
    }
  }
  const counted = costs.length > 1 ? costs.slice(1) : costs;
  return {
    clusterName,
    brokerName,
    meanMs: counted.length === 0 ? null : counted.reduce((sum, cost) => sum + cost, 0) / counted.length,
    maxMs: counted.length === 0 ? null : Math.max(...counted),
    succeeded: costs.length,
    failed: count - costs.length,
    reason,
  };
}
