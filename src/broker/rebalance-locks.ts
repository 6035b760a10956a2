/**
 * Leases of queues for orderly consumption: one client of a group at a time. Pure; time comes as an argument.
 *
 * Source: broker/client/rebalance/RebalanceLockManager.java.
 */
import { type MessageQueue, messageQueueKey } from '../protocol/message-queue.js';

/** A lease lasts that long after the owner's last call (rocketmq.broker.rebalance.lockMaxLiveTime). */
export const REBALANCE_LOCK_MAX_LIVE_MS = 60_000;

interface Lease {
  clientId: string;
  /** ms since the epoch. */
  refreshedAtMs: number;
}

function isExpired(lease: Lease, nowMs: number): boolean {
  return nowMs - lease.refreshedAtMs > REBALANCE_LOCK_MAX_LIVE_MS;
}

export class RebalanceLocks {
  readonly #groups = new Map<string, Map<string, Lease>>();

  /**
   * Takes or refreshes leases. A free or expired lease goes to the caller.
   *
   * @returns the queues that the client holds now
   */
  lock(group: string, clientId: string, queues: readonly MessageQueue[], nowMs: number): MessageQueue[] {
    const leases = this.#groups.get(group) ?? new Map<string, Lease>();
    const held = queues.filter((mq) => {
      const key = messageQueueKey(mq);
      const lease = leases.get(key);
      if (lease && lease.clientId !== clientId && !isExpired(lease, nowMs)) return false;
      leases.set(key, { clientId, refreshedAtMs: nowMs });
      return true;
    });
    if (leases.size > 0) this.#groups.set(group, leases);
    return held;
  }

  /** Gives leases back; those of other clients stay. */
  unlock(group: string, clientId: string, queues: readonly MessageQueue[]): void {
    const leases = this.#groups.get(group);
    if (!leases) return;
    for (const mq of queues) {
      const key = messageQueueKey(mq);
      if (leases.get(key)?.clientId === clientId) leases.delete(key);
    }
    if (leases.size === 0) this.#groups.delete(group);
  }

  /** Whether a group consumes in order now: one live lease is enough. */
  hasLive(group: string, nowMs: number): boolean {
    for (const lease of this.#groups.get(group)?.values() ?? []) {
      if (!isExpired(lease, nowMs)) return true;
    }
    return false;
  }

  /** Forgets expired leases, so that the table is bounded by the queues in use. */
  purge(nowMs: number): void {
    for (const [group, leases] of this.#groups) {
      for (const [key, lease] of leases) if (isExpired(lease, nowMs)) leases.delete(key);
      if (leases.size === 0) this.#groups.delete(group);
    }
  }
}
