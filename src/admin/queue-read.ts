import type { PullResult } from '../client/client-api.js';
import { subscribeQueues } from '../client/route.js';
import { type MessageExt, messageTags } from '../protocol/message.js';
import { readTargets } from './cluster.js';
import { AdminError } from './failure.js';
import { pullOnce } from './pull.js';
import type { QueueAt } from './queue-places.js';
import type { AdminSession } from './session.js';

/**
 * The readable queues of a topic, by broker name and number.
 *
 * @param routeTopic whose route counts, for light queues that have none
 * @throws MQBrokerError 17 without a route; AdminError (not-found) when a broker or queue is named that it does not have
 */
export async function readableQueues(
  session: AdminSession,
  query: { topic: string; routeTopic?: string | null; brokerName?: string | null },
): Promise<QueueAt[]> {
  const { topic, brokerName = null } = query;
  const route = await session.api.getTopicRouteInfo(query.routeTopic ?? topic, session.deadline().call());
  const targets = new Map(readTargets(route.brokerDatas).map((target) => [target.brokerName, target]));
  if (brokerName !== null && !targets.has(brokerName)) {
    throw new AdminError('not-found', `broker "${brokerName}" does not serve "${topic}"`, {
      hint: `brokers: ${[...targets.keys()].join(', ')}`,
    });
  }
  return subscribeQueues(topic, route).flatMap((mq): QueueAt[] => {
    const target = targets.get(mq.brokerName);
    const isWanted = brokerName === null || mq.brokerName === brokerName;
    return target !== undefined && isWanted ? [{ topic, queueId: mq.queueId, target }] : [];
  });
}

/**
 * One queue of a topic by its broker's name. The broker decides whether there is such a queue.
 *
 * @throws as readableQueues
 */
export async function oneQueue(
  session: AdminSession,
  { topic, brokerName, queueId }: { topic: string; brokerName: string; queueId: number },
): Promise<QueueAt> {
  const route = await session.api.getTopicRouteInfo(topic, session.deadline().call());
  const targets = readTargets(route.brokerDatas);
  const target = targets.find((each) => each.brokerName === brokerName);
  if (target === undefined) {
    throw new AdminError('not-found', `broker "${brokerName}" does not serve "${topic}"`, {
      hint: `brokers: ${targets.map((each) => each.brokerName).join(', ')}`,
    });
  }
  return { topic, queueId, target };
}

/** Where a queue begins and ends (31, 30), or what was stored from one time to another (29). Times in ms. */
export async function queueRange(
  session: AdminSession,
  { topic, queueId, target }: QueueAt,
  times: { readonly begin: number | null; readonly end: number | null },
): Promise<{ readonly minOffset: number; readonly maxOffset: number }> {
  const deadline = session.deadline();
  const ref = { topic, queueId, brokerName: target.brokerName };
  const at = (time: number) => session.api.searchOffset(target.addr, ref, time, deadline.call());
  const [minOffset, maxOffset] = await Promise.all([
    times.begin === null ? session.api.getMinOffset(target.addr, ref, deadline.call()) : at(times.begin),
    times.end === null ? session.api.getMaxOffset(target.addr, ref, deadline.call()) : at(times.end),
  ]);
  return { minOffset, maxOffset };
}

/** One answer of a queue: its messages, tried on the tags once more. */
export interface QueueBatch {
  readonly status: PullResult['status'];
  readonly nextOffset: number;
  readonly minOffset: number;
  readonly maxOffset: number;
  readonly messages: readonly MessageExt[];
}

/**
 * Reads a queue batch by batch; the next is asked for when the caller comes back. Ends before `end`, or after an answer
 * that says that there is nothing more.
 *
 * @param range queue offsets `[begin, end)`
 */
export async function* readQueue(
  session: AdminSession,
  queue: QueueAt,
  range: {
    readonly begin: number;
    readonly end: number;
    readonly subExpression?: string;
    readonly consumerGroup?: string | undefined;
    /** Messages asked for with one request; all that is left by default. */
    readonly batch?: number;
  },
): AsyncGenerator<QueueBatch, void, undefined> {
  const { end, subExpression = '*', consumerGroup, batch = Number.MAX_SAFE_INTEGER } = range;
  const tags = subExpression === '*' ? null : subExpression.split('||').map((tag) => tag.trim());
  for (let offset = range.begin; offset < end; ) {
    const result = await pullOnce(
      session,
      queue.target,
      {
        topic: queue.topic,
        queueId: queue.queueId,
        queueOffset: offset,
        maxMsgNums: Math.min(batch, end - offset, 0x7fff_ffff),
        subExpression,
        ...(consumerGroup === undefined ? {} : { consumerGroup }),
      },
      session.deadline(),
    );
    const { status, nextBeginOffset: nextOffset, minOffset, maxOffset } = result;
    const messages = result.messages.filter(
      (message) => message.queueOffset < end && (tags === null || tags.includes(messageTags(message) ?? '')),
    );
    yield { status, nextOffset, minOffset, maxOffset, messages };
    if (status === 'NO_NEW_MSG' || status === 'OFFSET_ILLEGAL') return;
    // A broker that stays where it is would be asked for ever.
    if (nextOffset <= offset) throw new AdminError('failed', `the queue does not go on after offset ${offset}`);
    offset = nextOffset;
  }
}
