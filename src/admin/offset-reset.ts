import { sleep } from '../base/clock.js';
import { subscribeQueues } from '../client/route.js';
import { readTargets } from './cluster.js';
import { onlineOrNull } from './connections.js';
import type { Deadline } from './deadline.js';
import { AdminError } from './failure.js';
import { askAll, FAN_OUT_LIMIT, mapBounded, type Partial, type Target } from './fan-out.js';
import { readGroupConfig } from './group-write.js';
import type { Position } from './position.js';
import { type QueueAt, resolvePosition } from './queue-places.js';
import type { AdminSession } from './session.js';

/** Where one queue is to go. */
export interface QueueGoal {
  readonly brokerName: string;
  readonly queueId: number;
  /** Null: to have no committed offset. */
  readonly queueOffset: number | null;
}

/** Where offsets are to go. All but a position is held within what a queue stores; queues without a goal stay. */
export type ResetGoal =
  | Position
  /** So many messages on, or back when negative. */
  | { readonly kind: 'shift'; readonly by: number }
  /** Where another group is. */
  | { readonly kind: 'group'; readonly consumerGroup: string }
  /** Each queue as listed. */
  | { readonly kind: 'offsets'; readonly offsets: readonly QueueGoal[] };

export interface ResetRequest {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly position: ResetGoal;
  /** Only this broker (name or address), and of it only this queue. */
  readonly broker?: string | null;
  readonly queueId?: number | null;
}

/** What a reset does to one queue. */
export interface QueueReset {
  readonly brokerName: string;
  readonly addr: string;
  readonly queueId: number;
  readonly minOffset: number;
  readonly maxOffset: number;
  /** Committed offset before; null when the group has none. */
  readonly before: number | null;
  /** Null: to have none again. */
  readonly target: number | null;
}

/** How a broker has to be told. */
export type ResetMethod =
  /** It moves the offsets itself, members connected or not (5.x). */
  | 'server-side'
  /** It knows only "by time", and passes that on to the members (4.9, or by its configuration). */
  | 'by-time'
  /** Nobody is connected: offsets are simply committed. */
  | 'commit';

export interface ResetPlan {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly position: ResetGoal;
  readonly queues: readonly QueueReset[];
  /** Connected members. */
  readonly clients: number;
  /** Whether members are connected: they are moved with the offsets. */
  readonly mode: 'online' | 'offline';
  /** Queues that stay where they are: nothing says where they should go, or it cannot be done. */
  readonly left: ReadonlyArray<{ readonly brokerName: string; readonly queueId: number; readonly reason: string }>;
  readonly methods: ReadonlyMap<string, ResetMethod>;
  /** Messages that will be delivered again, and messages that will never be. */
  readonly replays: number;
  readonly skips: number;
}

/**
 * What a reset would do. Nothing is written.
 *
 * @throws AdminError (not-found) for an unknown topic, group, broker or queue; (usage) for an offset that a queue does
 *   not have; (failed) when a broker cannot do it while members are connected; remoting errors: a plan is whole or none
 */
export async function planReset(session: AdminSession, request: ResetRequest): Promise<ResetPlan> {
  const { consumerGroup, topic, position } = request;
  const deadline = session.deadline();
  const queues = await chooseQueues(session, request, deadline);
  const targets = [...new Map(queues.map(({ target }) => [target.addr, target])).values()];
  const brokers = await whole(targets, async ({ addr }) => {
    const [stats, config, online] = await Promise.all([
      session.api.getTopicStatsInfo(addr, topic, deadline.call()),
      session.api.getBrokerConfig(addr, deadline.call()),
      onlineOrNull(session, addr, consumerGroup, deadline),
    ]);
    const isServerSide = config.properties.useServerSideResetOffset === 'true';
    const method: ResetMethod = isServerSide ? 'server-side' : online === null ? 'commit' : 'by-time';
    return { stats, method, members: online?.connectionSet.map(({ clientId }) => clientId) ?? [] };
  });
  const isExact = request.queueId != null || !['start', 'end', 'time'].includes(position.kind);
  for (const [addr, { method }] of brokers) {
    if (method === 'by-time' && isExact) {
      throw new AdminError('failed', `${addr} moves the offsets of a connected group only as a whole, and by time`, {
        hint: 'stop the consumers first, or give start, end or @TIME for all queues',
      });
    }
  }
  const left: Array<{ brokerName: string; queueId: number; reason: string }> = [];
  const planned = await mapBounded(queues, FAN_OUT_LIMIT, async (queue): Promise<QueueReset | null> => {
    const { brokerName, addr } = queue.target;
    const { queueId } = queue;
    const bounds = brokers.get(addr)?.stats.offsetTable.find(({ mq }) => mq.queueId === queueId);
    const { minOffset, maxOffset } = bounds ?? { minOffset: 0, maxOffset: 0 };
    const before = await committed(session, queue, consumerGroup, deadline);
    const goal = await goalOf(session, queue, position, { minOffset, maxOffset, before }, deadline);
    const method = brokers.get(addr)?.method;
    if (typeof goal === 'string' || (goal === null && before === null)) {
      if (typeof goal === 'string') left.push({ brokerName, queueId, reason: goal });
      return null;
    }
    if (goal === null && method !== 'commit') {
      left.push({ brokerName, queueId, reason: 'this broker cannot take a committed offset away' });
      return null;
    }
    return { brokerName, addr, queueId, minOffset, maxOffset, before, target: goal };
  });
  const resets = planned.filter((queue) => queue !== null);
  const isNew =
    resets.every(({ before }) => before === null) && [...brokers.values()].every(({ members }) => members.length === 0);
  if (isNew)
    await checkGroup(
      session,
      consumerGroup,
      targets.filter(({ addr }) => brokers.get(addr)?.method === 'server-side'),
      deadline,
    );
  const moves = resets.map(moveOf);
  const clients = new Set([...brokers.values()].flatMap(({ members }) => members)).size;
  return {
    consumerGroup,
    topic,
    position,
    queues: resets,
    clients,
    mode: clients > 0 ? 'online' : 'offline',
    left,
    methods: new Map([...brokers].map(([addr, { method }]) => [addr, method])),
    replays: -moves.filter((move) => move < 0).reduce((sum, move) => sum + move, 0),
    skips: moves.filter((move) => move > 0).reduce((sum, move) => sum + move, 0),
  };
}

/** Messages that a move skips, or replays when negative. A queue without a committed offset counts from its oldest. */
export function moveOf({ before, target, minOffset }: QueueReset): number {
  return (target ?? minOffset) - (before ?? minOffset);
}

/**
 * The offset that a goal means for a queue: null to have none, a text why it stays.
 *
 * @throws AdminError (usage) for an offset that the queue does not have
 */
async function goalOf(
  session: AdminSession,
  queue: QueueAt,
  goal: ResetGoal,
  { minOffset, maxOffset, before }: { minOffset: number; maxOffset: number; before: number | null },
  deadline: Deadline,
): Promise<number | null | string> {
  const { queueId, target } = queue;
  const within = (offset: number): number => Math.min(maxOffset, Math.max(minOffset, offset));
  switch (goal.kind) {
    case 'shift':
      return before === null ? 'it has no committed offset to shift' : within(before + goal.by);
    case 'group': {
      const other = await committed(session, queue, goal.consumerGroup, deadline);
      return other === null ? `${goal.consumerGroup} has no committed offset there` : within(other);
    }
    case 'offsets': {
      const found = goal.offsets.find((each) => each.brokerName === target.brokerName && each.queueId === queueId);
      if (found === undefined) return 'the file does not name it';
      return found.queueOffset === null ? null : within(found.queueOffset);
    }
    default: {
      const offset = await resolvePosition(session, queue, goal, { minOffset, maxOffset }, deadline);
      if (offset < minOffset || offset > maxOffset) {
        throw new AdminError('usage', `offset ${offset} is outside queue ${queueId} of ${target.brokerName}`, {
          hint: `it holds ${minOffset} to ${maxOffset}; a time is written @${offset}`,
        });
      }
      return offset;
    }
  }
}

/** Brokers that move offsets themselves refuse groups that they do not know. @throws AdminError (not-found) */
async function checkGroup(
  session: AdminSession,
  consumerGroup: string,
  targets: readonly Target[],
  deadline: Deadline,
): Promise<void> {
  const configs = await whole(targets, ({ addr }) => readGroupConfig(session, addr, consumerGroup, deadline));
  if (targets.length === 0 || [...configs.values()].some((config) => config !== null)) return;
  throw new AdminError('not-found', `there is no consumer group "${consumerGroup}"`, {
    hint: `mqadmin consumer create ${consumerGroup} makes it`,
  });
}

export interface QueueResetResult extends QueueReset {
  /** Committed offset read back; null when it could not be read. */
  readonly after: number | null;
  /** It is the target, or beyond it because a member goes on from there. */
  readonly verified: boolean;
}

export interface ResetResult extends Partial {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly mode: ResetPlan['mode'];
  readonly queues: readonly QueueResetResult[];
  readonly left: ResetPlan['left'];
  readonly verified: boolean;
}

/**
 * Carries out a plan and reads it back.
 *
 * @throws AdminError (not-found) when a broker does not know the group; remoting errors when no broker answered
 */
export async function applyReset(session: AdminSession, plan: ResetPlan): Promise<ResetResult> {
  const { consumerGroup, topic } = plan;
  const deadline = session.deadline();
  const targets: Target[] = [...new Map(plan.queues.map((queue) => [queue.addr, queue.brokerName]))].map(
    ([addr, brokerName]) => ({ brokerName, addr }),
  );
  const { answers: done, ...partial } = await askAll(targets, FAN_OUT_LIMIT, async ({ addr }) => {
    const queues = plan.queues.filter((queue) => queue.addr === addr);
    const method = plan.methods.get(addr) ?? 'commit';
    if (method === 'by-time') {
      const query = { topic, group: consumerGroup, timestamp: timestampOf(plan.position), isForce: true };
      await session.api.invokeBrokerToResetOffset(addr, query, deadline.call());
      return;
    }
    await mapBounded(queues, FAN_OUT_LIMIT, async ({ queueId, brokerName, target }) => {
      if (method === 'commit') {
        await session.api.updateConsumerOffset(
          addr,
          consumerGroup,
          { topic, queueId, brokerName },
          target ?? NO_OFFSET,
          deadline.call(),
        );
        return;
      }
      const query = { topic, group: consumerGroup, timestamp: -1, isForce: true, queueId, offset: target ?? NO_OFFSET };
      await session.api.invokeBrokerToResetOffset(addr, query, deadline.call());
    });
  });
  const reached = new Set(done.map(({ target }) => target.addr));
  const queues = await mapBounded(plan.queues, FAN_OUT_LIMIT, async (queue): Promise<QueueResetResult> => {
    if (!reached.has(queue.addr)) return { ...queue, after: null, verified: false };
    // Members that a broker of 4.9 tells stop, wait for ten seconds, and commit then.
    const tries = plan.methods.get(queue.addr) === 'by-time' ? SLOW_TRIES : QUICK_TRIES;
    for (let n = 1; ; n += 1) {
      const read = await readBack(session, plan, queue);
      if (read.verified || n >= tries) return read;
      await sleep(READ_BACK_PAUSE_MS, session.signal);
    }
  });
  const { mode, left } = plan;
  const verified = queues.every((queue) => queue.verified);
  return { consumerGroup, topic, mode, ...partial, queues, left, verified };
}

/** What brokers take for no committed offset. Source: broker/processor/ConsumerManageProcessor.java#queryConsumerOffset */
const NO_OFFSET = -1;
const READ_BACK_PAUSE_MS = 500;
const QUICK_TRIES = 3;
const SLOW_TRIES = 40;

async function readBack(session: AdminSession, plan: ResetPlan, queue: QueueReset): Promise<QueueResetResult> {
  const place = { topic: plan.topic, queueId: queue.queueId, target: queue };
  let after: number | null;
  try {
    after = await committed(session, place, plan.consumerGroup, session.deadline());
  } catch {
    return { ...queue, after: null, verified: false };
  }
  const isBeyond = plan.clients > 0 && after !== null && queue.target !== null && after > queue.target;
  return { ...queue, after, verified: after === queue.target || isBeyond };
}

/** As 222 wants it: -1 is the end. */
function timestampOf(position: ResetGoal): number {
  if (position.kind === 'time') return position.timestamp;
  return position.kind === 'end' ? -1 : 0;
}

async function chooseQueues(session: AdminSession, request: ResetRequest, deadline: Deadline): Promise<QueueAt[]> {
  const { topic, broker, queueId } = request;
  const route = await session.api.getTopicRouteInfo(topic, deadline.call());
  const targets = readTargets(route.brokerDatas);
  const chosen =
    broker == null ? targets : targets.filter(({ brokerName, addr }) => brokerName === broker || addr === broker);
  if (chosen.length === 0) {
    throw new AdminError('not-found', `broker "${broker}" does not serve "${topic}"`, {
      hint: `brokers: ${targets.map(({ brokerName }) => brokerName).join(', ')}`,
    });
  }
  const queues = subscribeQueues(topic, route).flatMap((mq): QueueAt[] => {
    const target = chosen.find(({ brokerName }) => brokerName === mq.brokerName);
    return target !== undefined && (queueId == null || queueId === mq.queueId)
      ? [{ topic, queueId: mq.queueId, target }]
      : [];
  });
  if (queues.length === 0)
    throw new AdminError('not-found', `"${topic}" has no readable queue ${queueId ?? ''}`.trim());
  return queues;
}

async function committed(
  session: AdminSession,
  queue: QueueAt,
  consumerGroup: string,
  deadline: Deadline,
): Promise<number | null> {
  const ref = { topic: queue.topic, queueId: queue.queueId, brokerName: queue.target.brokerName };
  return session.api.queryConsumerOffset(queue.target.addr, consumerGroup, ref, {
    ...deadline.call(),
    setZeroIfNotFound: false,
  });
}

/** Asks all; one that fails fails the whole. */
async function whole<R>(targets: readonly Target[], ask: (target: Target) => Promise<R>): Promise<Map<string, R>> {
  return new Map(await mapBounded(targets, FAN_OUT_LIMIT, async (target) => [target.addr, await ask(target)] as const));
}
