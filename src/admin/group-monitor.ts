import { allGroupsProgress } from './consumer-progress.js';
import { consumerStatus, type QueueTrouble } from './consumer-status.js';
import { failureOf } from './failure.js';
import { mapBounded, type Partial } from './fan-out.js';
import { givingUp } from './giving-up.js';
import type { AdminSession } from './session.js';

/** How one group does. */
export interface GroupReport {
  readonly consumerGroup: string;
  /** Messages that it has not consumed; null when unknown. */
  readonly lag: number | null;
  /** Connected members; null when unknown. */
  readonly clients: number | null;
  /** Null when no member told. */
  readonly isSameSubscription: boolean | null;
  readonly troubles: readonly QueueTrouble[];
  /** Why something is unknown. */
  readonly reason: string | null;
}

export interface GroupReports extends Partial {
  readonly groups: readonly GroupReport[];
}

/** Groups looked at at a time; each asks all its members. */
const GROUPS_AT_A_TIME = 8;

/** One look at every group: how far it is behind, and what its members are stuck on. */
export async function monitorGroups(session: AdminSession): Promise<GroupReports> {
  const { groups: all, unreachable } = await allGroupsProgress(session);
  const quick = givingUp(session);
  const groups = await mapBounded(
    all,
    GROUPS_AT_A_TIME,
    async ({ consumerGroup, lag, clients, reason }): Promise<GroupReport> => {
      const base = { consumerGroup, lag, clients, isSameSubscription: null, troubles: [], reason };
      if (clients === null || clients === 0) return base;
      try {
        const { isSameSubscription, troubles } = await consumerStatus(quick, { consumerGroup, jstack: false });
        return { ...base, isSameSubscription, troubles };
      } catch (error) {
        session.signal?.throwIfAborted();
        return { ...base, reason: failureOf(error).message };
      }
    },
  );
  return { groups, complete: groups.every(({ reason }) => reason === null), unreachable };
}
