import { isBrokerError } from '../client/errors.js';
import { ResponseCode } from '../protocol/response-code.js';
import { brokerAt, readTargets } from './cluster.js';
import type { Deadline } from './deadline.js';
import { askAll, FAN_OUT_LIMIT, mapBounded, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';

/** One queue after a reset by time. */
export interface TimeReset {
  readonly brokerName: string;
  readonly queueId: number;
  readonly offset: number;
}

/** One queue after a reset that was done for a group without members. */
export interface OfflineReset {
  readonly brokerName: string;
  readonly queueId: number;
  readonly brokerOffset: number;
  readonly consumerOffset: number;
  readonly timestampOffset: number;
  readonly resetOffset: number;
}

export type ApacheReset = Partial &
  (
    | { readonly kind: 'online'; readonly queues: readonly TimeReset[] }
    | { readonly kind: 'offline'; readonly queues: readonly OfflineReset[] }
  );

/**
 * Resets a topic by time through its brokers (222), and where one says that nobody is connected (206), by committing
 * the offsets (15). Brokers that do not answer are left out; unlike in Apache's tool, the others are moved all the same.
 *
 * @param request `timestamp` ms, -1 the end; `routeTopic` whose route counts, for light queues
 * Source: tools/command/offset/ResetOffsetByTimeCommand.java, ResetOffsetByTimeOldCommand.java
 */
export async function resetByTime(
  session: AdminSession,
  request: {
    consumerGroup: string;
    topic: string;
    timestamp: number;
    isForce: boolean;
    isC: boolean;
    routeTopic?: string | null;
  },
): Promise<ApacheReset> {
  const { consumerGroup, topic, timestamp, isForce, isC } = request;
  const deadline = session.deadline();
  const route = await session.api.getTopicRouteInfo(request.routeTopic ?? topic, deadline.call());
  const targets = readTargets(route.brokerDatas);
  const round = deadline.round(2);
  const { answers, complete, unreachable } = await askAll(targets, FAN_OUT_LIMIT, async ({ addr }) => {
    const query = { topic, group: consumerGroup, timestamp, isForce, isC };
    try {
      return (await session.api.invokeBrokerToResetOffset(addr, query, round.call())).offsetTable;
    } catch (error) {
      if (isBrokerError(error, ResponseCode.CONSUMER_NOT_ONLINE)) return null;
      throw error;
    }
  });
  if (answers.every(({ value }) => value !== null)) {
    const queues = answers
      .flatMap(({ value }) => value ?? [])
      .map(({ mq, offset }) => ({ brokerName: mq.brokerName ?? '', queueId: mq.queueId, offset }));
    return { kind: 'online', complete, unreachable, queues };
  }
  const answering = targets.filter(({ addr }) => answers.some(({ target }) => target.addr === addr));
  const tables = await mapBounded(answering, FAN_OUT_LIMIT, async (target) => {
    const readQueueNums =
      route.queueDatas.find(({ brokerName }) => brokerName === target.brokerName)?.readQueueNums ?? 0;
    const offsets = await offsetsBefore(session, { consumerGroup, topic, readQueueNums, target }, deadline);
    return mapBounded(offsets, FAN_OUT_LIMIT, async (queue): Promise<OfflineReset> => {
      const ref = { topic, queueId: queue.queueId, brokerName: target.brokerName };
      const timestampOffset =
        timestamp === -1
          ? await session.api.getMaxOffset(target.addr, ref, deadline.call())
          : await session.api.searchOffset(target.addr, ref, timestamp, deadline.call());
      const isMoved = isForce || timestampOffset <= queue.consumerOffset;
      const resetOffset = isMoved ? timestampOffset : queue.consumerOffset;
      if (isMoved) {
        await session.api.updateConsumerOffset(target.addr, consumerGroup, ref, resetOffset, deadline.call());
      }
      return { brokerName: target.brokerName, ...queue, timestampOffset, resetOffset };
    });
  });
  return { kind: 'offline', complete, unreachable, queues: tables.flat() };
}

async function offsetsBefore(
  session: AdminSession,
  query: { consumerGroup: string; topic: string; readQueueNums: number; target: Target },
  deadline: Deadline,
): Promise<Array<{ queueId: number; brokerOffset: number; consumerOffset: number }>> {
  const { consumerGroup, topic, readQueueNums, target } = query;
  const { offsetTable } = await session.api.getConsumeStats(target.addr, { consumerGroup }, deadline.call());
  const consumed = offsetTable.filter(({ mq }) => mq.topic === topic);
  if (consumed.length > 0) {
    return consumed.map(({ mq, brokerOffset, consumerOffset }) => ({
      queueId: mq.queueId,
      brokerOffset,
      consumerOffset,
    }));
  }
  const stats = await session.api.getTopicStatsInfo(target.addr, topic, deadline.call());
  return stats.offsetTable
    .filter(({ mq }) => mq.queueId < readQueueNums)
    .map(({ mq, minOffset, maxOffset }) => ({
      queueId: mq.queueId,
      brokerOffset: maxOffset,
      consumerOffset: minOffset,
    }));
}

/**
 * Moves one queue at one address (15, then 222).
 *
 * @returns the offset written
 * Source: tools/admin/DefaultMQAdminExtImpl.java#resetOffsetByQueueId
 */
export async function resetOneQueue(
  session: AdminSession,
  request: {
    brokerAddr: string;
    consumerGroup: string;
    topic: string;
    queueId: number;
    place: { timestamp: number } | { queueOffset: number };
  },
): Promise<number> {
  const { consumerGroup, topic, queueId, place } = request;
  const { addr: brokerAddr } = brokerAt(request.brokerAddr);
  const deadline = session.deadline();
  const ref = { topic, queueId };
  const offset =
    'queueOffset' in place
      ? place.queueOffset
      : place.timestamp === -1
        ? await session.api.getMaxOffset(brokerAddr, ref, deadline.call())
        : await session.api.searchOffset(brokerAddr, ref, place.timestamp, deadline.call());
  await session.api.updateConsumerOffset(brokerAddr, consumerGroup, ref, offset, deadline.call());
  const query = { topic, group: consumerGroup, timestamp: 0, isForce: true, queueId, offset };
  await session.api.invokeBrokerToResetOffset(brokerAddr, query, deadline.call());
  return offset;
}
