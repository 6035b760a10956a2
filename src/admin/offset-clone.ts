import { isRetryTopic } from '../protocol/topic-validator.js';
import { readCluster } from './cluster.js';
import { groupTargets, onlineOrNull } from './connections.js';
import { AdminError } from './failure.js';
import { FAN_OUT_LIMIT, mapBounded } from './fan-out.js';
import type { AdminSession } from './session.js';

export interface CloneRequest {
  readonly srcGroup: string;
  readonly destGroup: string;
  /** Null: every topic that the source has offsets of. */
  readonly topic: string | null;
}

/** One queue whose offset is copied. */
export interface CloneStep {
  readonly topic: string;
  readonly brokerName: string;
  readonly addr: string;
  readonly queueId: number;
  /** What the destination had; null for nothing. */
  readonly before: number | null;
  readonly target: number;
}

export interface ClonePlan extends CloneRequest {
  readonly queues: readonly CloneStep[];
  /** Connected members of the destination. */
  readonly clients: number;
}

export interface CloneResult extends ClonePlan {
  /** False when an offset, read back, is another. */
  readonly verified: boolean;
}

/**
 * What copying the committed offsets of a group to another would do (208, 14). Nothing is written.
 *
 * @throws AdminError (not-found) when the source has no offset of the topic; (usage) for a group and itself; remoting
 *   errors: a plan is whole or none
 */
export async function planClone(session: AdminSession, request: CloneRequest): Promise<ClonePlan> {
  const { srcGroup, destGroup, topic } = request;
  if (srcGroup === destGroup) throw new AdminError('usage', 'a group cannot be cloned to itself');
  const deadline = session.deadline();
  const [targets, { brokerAddrTable }] = await Promise.all([
    groupTargets(session, srcGroup, deadline),
    readCluster(session, deadline),
  ]);
  const tables = await mapBounded(targets, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.getConsumeStats(addr, { consumerGroup: srcGroup }, deadline.call()),
  );
  const wanted = tables
    .flatMap(({ offsetTable }) => offsetTable)
    .filter(({ mq, consumerOffset }) => consumerOffset >= 0 && (topic === null || mq.topic === topic))
    .filter(({ mq }) => topic !== null || !isRetryTopic(mq.topic));
  if (wanted.length === 0) {
    const what = topic === null ? 'no committed offset' : `no committed offset of "${topic}"`;
    throw new AdminError('not-found', `consumer group "${srcGroup}" has ${what}`, {
      hint: `mqadmin consumer progress ${srcGroup} shows what it has`,
    });
  }
  const queues = await mapBounded(wanted, FAN_OUT_LIMIT, async ({ mq, consumerOffset }): Promise<CloneStep> => {
    const brokerName = mq.brokerName ?? '';
    // Offsets are written to the master alone.
    const addr = brokerAddrTable[brokerName]?.brokerAddrs.get(0);
    if (addr === undefined) throw new AdminError('unreachable', `broker "${brokerName}" has no master`);
    const before = await session.api.queryConsumerOffset(addr, destGroup, mq, {
      ...deadline.call(),
      setZeroIfNotFound: false,
    });
    return { topic: mq.topic, brokerName, addr, queueId: mq.queueId, before, target: consumerOffset };
  });
  const online = await mapBounded(targets, FAN_OUT_LIMIT, ({ addr }) =>
    onlineOrNull(session, addr, destGroup, deadline),
  );
  const clients = new Set(online.flatMap((table) => table?.connectionSet.map(({ clientId }) => clientId) ?? [])).size;
  return { ...request, queues: queues.sort(byPlace), clients };
}

/** Commits the offsets (15) and reads them back. */
export async function applyClone(session: AdminSession, plan: ClonePlan): Promise<CloneResult> {
  const deadline = session.deadline();
  const after = await mapBounded(plan.queues, FAN_OUT_LIMIT, async ({ addr, target, ...mq }) => {
    await session.api.updateConsumerOffset(addr, plan.destGroup, mq, target, deadline.call());
    return session.api.queryConsumerOffset(addr, plan.destGroup, mq, deadline.call());
  });
  return { ...plan, verified: plan.queues.every(({ target }, index) => after[index] === target) };
}

function byPlace(a: CloneStep, b: CloneStep): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  if (a.brokerName !== b.brokerName) return a.brokerName < b.brokerName ? -1 : 1;
  return a.queueId - b.queueId;
}
