import { type BrokerAddress, brokerAddresses, brokerAt, readCluster } from './cluster.js';
import { askAll, FAN_OUT_LIMIT, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';

/** What a broker can be told to clean up now rather than in its own time. */
export type UpkeepTask = 'expired-consume-queues' | 'expired-commit-logs' | 'unused-topics';

/** Where: one broker; a cluster with its slaves; or, with neither, all clusters. */
export interface UpkeepTarget {
  readonly brokerAddr?: string | null | undefined;
  readonly clusterName?: string | null | undefined;
}

export interface Upkeep extends Partial {
  readonly task: UpkeepTask;
  /** Those that did it. */
  readonly brokers: ReadonlyArray<{ readonly brokerName: string | null; readonly addr: string }>;
}

/** The brokers that an upkeep target means. @throws AdminError (not-found) for an unknown cluster */
export async function upkeepTargets(
  session: AdminSession,
  { brokerAddr, clusterName }: UpkeepTarget,
): Promise<Array<Target | BrokerAddress>> {
  if (brokerAddr !== null && brokerAddr !== undefined) return [brokerAt(brokerAddr)];
  return brokerAddresses(await readCluster(session, session.deadline()), clusterName);
}

/** Has brokers clean up (306, 329 or 316). */
export async function cleanUp(session: AdminSession, task: UpkeepTask, target: UpkeepTarget): Promise<Upkeep> {
  const deadline = session.deadline();
  const targets = await upkeepTargets(session, target);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) => {
    switch (task) {
      case 'expired-consume-queues':
        return session.api.cleanExpiredConsumeQueue(addr, deadline.call());
      case 'expired-commit-logs':
        return session.api.deleteExpiredCommitLog(addr, deadline.call());
      default:
        return session.api.cleanUnusedTopic(addr, deadline.call());
    }
  });
  return { task, ...partial, brokers: answers.map(({ target: { brokerName, addr } }) => ({ brokerName, addr })) };
}
