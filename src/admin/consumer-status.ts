import type { ConsumerRunningInfo } from '../protocol/bodies.js';
import { ConsumerRunningInfoProperty } from '../protocol/bodies.js';
import { compareMessageQueue, type MessageQueue } from '../protocol/message-queue.js';
import { consumerConnections, groupTargets } from './connections.js';
import { AdminError, failureOf } from './failure.js';
import { FAN_OUT_LIMIT, mapBounded, type Partial } from './fan-out.js';
import type { AdminSession } from './session.js';

/** What one member tells about itself. */
export interface MemberStatus {
  readonly clientId: string;
  /** `V5_3_3`; null when nobody says. */
  readonly version: string | null;
  /** Null when it did not answer; `reason` says why. */
  readonly info: ConsumerRunningInfo | null;
  readonly reason: string | null;
}

/** A queue that a member seems stuck on. */
export interface QueueTrouble {
  readonly clientId: string;
  readonly mq: MessageQueue;
  readonly kind: 'not-locked' | 'unlock-failed' | 'blocked';
  /** How long, ms; of `unlock-failed` how many tries. */
  readonly amount: number;
}

export interface GroupStatus extends Partial {
  readonly consumerGroup: string;
  readonly members: readonly MemberStatus[];
  /** Whether all members subscribe to the same; null when no member answered. */
  readonly isSameSubscription: boolean | null;
  readonly troubles: readonly QueueTrouble[];
}

/** Members that started later may still be on their way to a new subscription, ms. */
const SETTLED_MS = 120_000;
/** A queue with messages that nobody consumed from for so long is blocked, ms. */
const BLOCKED_MS = 60_000;

/**
 * What the members of a group tell about themselves (203, then 307 through a broker), and what is wrong with them.
 *
 * @param query `clientId` asks this one alone
 * @throws AdminError (not-found) when nobody of the group is connected; with a `clientId`, what asking it failed with
 */
export async function consumerStatus(
  session: AdminSession,
  query: {
    readonly consumerGroup: string;
    readonly clientId?: string | null;
    readonly brokerAddr?: string | null;
    readonly jstack: boolean;
  },
): Promise<GroupStatus> {
  const { consumerGroup, clientId = null, jstack } = query;
  const online = await consumerConnections(session, { consumerGroup, brokerAddr: query.brokerAddr ?? null });
  const deadline = session.deadline();
  const known = query.brokerAddr
    ? [query.brokerAddr]
    : (await groupTargets(session, consumerGroup, deadline)).map(({ addr }) => addr);
  // Whoever has been silent would only take up time.
  const silent = new Set(online.unreachable.map(({ addr }) => addr));
  const answering = known.filter((addr) => !silent.has(addr));
  const brokers = answering.length > 0 ? answering : known;
  const ask = async (id: string): Promise<ConsumerRunningInfo> => {
    let last: unknown = new AdminError('not-found', `no broker of consumer group "${consumerGroup}" is known`);
    for (const addr of brokers) {
      try {
        return await session.api.getConsumerRunningInfo(addr, consumerGroup, id, jstack, deadline.call());
      } catch (error) {
        // A member may be connected to another broker of the group.
        if (session.signal?.aborted) throw error;
        last = error;
      }
    }
    throw last;
  };
  const versions = new Map(online.connections.map((member) => [member.clientId, member.version]));
  const partial = { complete: online.complete, unreachable: online.unreachable };
  if (clientId !== null) {
    if (online.complete && !versions.has(clientId)) {
      throw new AdminError('not-found', `"${clientId}" is no member of consumer group "${consumerGroup}"`, {
        hint: `members: ${[...versions.keys()].slice(0, 5).join(', ')}`,
      });
    }
    const member = { clientId, version: versions.get(clientId) ?? null, info: await ask(clientId), reason: null };
    return judged(session, consumerGroup, [member], partial);
  }
  const members = await mapBounded(online.connections, FAN_OUT_LIMIT, async (member): Promise<MemberStatus> => {
    const known = { clientId: member.clientId, version: member.version };
    try {
      return { ...known, info: await ask(member.clientId), reason: null };
    } catch (error) {
      session.signal?.throwIfAborted();
      return { ...known, info: null, reason: failureOf(error).message };
    }
  });
  return judged(session, consumerGroup, members, {
    ...partial,
    complete: partial.complete && members.every(({ info }) => info !== null),
  });
}

/** Source: remoting/protocol/body/ConsumerRunningInfo.java#analyzeSubscription, #analyzeProcessQueue */
function judged(
  session: AdminSession,
  consumerGroup: string,
  members: readonly MemberStatus[],
  partial: Partial,
): GroupStatus {
  const now = session.clock.now();
  const known = members.flatMap(({ clientId, info }) => (info === null ? [] : [{ clientId, info }]));
  const [first] = known;
  const startMs = Number(first?.info.properties[ConsumerRunningInfoProperty.PROP_CONSUMER_START_TIMESTAMP] ?? 0);
  const isSettled = first !== undefined && isPush(first.info) && now - startMs > SETTLED_MS;
  const isSame = !isSettled || new Set(known.map(({ info }) => subscriptionText(info))).size === 1;
  return {
    consumerGroup,
    ...partial,
    members,
    isSameSubscription: known.length === 0 ? null : isSame,
    troubles: known.flatMap(({ clientId, info }) => troublesOf(clientId, info, now)),
  };
}

const isPush = ({ properties }: ConsumerRunningInfo): boolean =>
  properties[ConsumerRunningInfoProperty.PROP_CONSUME_TYPE] === 'CONSUME_PASSIVELY';

function subscriptionText({ subscriptionSet }: ConsumerRunningInfo): string {
  return subscriptionSet
    .map(({ topic, subString, expressionType }) => JSON.stringify([topic, subString, expressionType]))
    .sort()
    .join();
}

function troublesOf(clientId: string, info: ConsumerRunningInfo, now: number): QueueTrouble[] {
  if (!isPush(info)) return [];
  const isOrderly = info.properties[ConsumerRunningInfoProperty.PROP_CONSUME_ORDERLY] === 'true';
  return [...info.mqTable]
    .sort((a, b) => compareMessageQueue(a.mq, b.mq))
    .flatMap(({ mq, ...queue }): QueueTrouble[] => {
      if (!isOrderly) {
        const idleMs = now - queue.lastConsumeTimestamp;
        const isBlocked = idleMs > BLOCKED_MS && queue.cachedMsgCount > 0;
        return isBlocked ? [{ clientId, mq, kind: 'blocked', amount: idleMs }] : [];
      }
      if (!queue.locked) return [{ clientId, mq, kind: 'not-locked', amount: now - queue.lastLockTimestamp }];
      const isHeld = queue.droped && queue.tryUnlockTimes > 0;
      return isHeld ? [{ clientId, mq, kind: 'unlock-failed', amount: queue.tryUnlockTimes }] : [];
    });
}
