import { compareMessageQueue } from '../protocol/message-queue.js';
import { readTargets } from './cluster.js';
import { askAll, FAN_OUT_LIMIT, type Partial } from './fan-out.js';
import type { AdminSession } from './session.js';

export interface QueueStatus {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly minOffset: number;
  /** Offset that the next message gets. */
  readonly maxOffset: number;
  /** Messages still stored: maxOffset - minOffset. */
  readonly messages: number;
  /** Store time of the newest message, ms; null when the queue is empty. */
  readonly lastUpdateTimestamp: number | null;
  /** The same as ISO 8601. */
  readonly lastUpdateTime: string | null;
}

export interface TopicStatus extends Partial {
  readonly topic: string;
  readonly messages: number;
  /** Messages a second into the topic, summed over the brokers that answered. */
  readonly putTps: number;
  readonly queues: readonly QueueStatus[];
}

/**
 * Offsets of every queue of a topic (202 at each broker of its route), by broker and queue.
 *
 * @param query `routeTopic`: whose route to follow, for light queues without one of their own
 * @throws MQBrokerError 17 when there is no route
 */
export async function topicStatus(
  session: AdminSession,
  query: { topic: string; routeTopic?: string | null },
): Promise<TopicStatus> {
  const deadline = session.deadline();
  const { topic } = query;
  const route = await session.api.getTopicRouteInfo(query.routeTopic ?? topic, deadline.call());
  const { answers, ...partial } = await askAll(readTargets(route.brokerDatas), FAN_OUT_LIMIT, ({ addr }) =>
    session.api.getTopicStatsInfo(addr, topic, deadline.call()),
  );
  const queues = answers
    .flatMap(({ value }) => value.offsetTable)
    .sort((a, b) => compareMessageQueue(a.mq, b.mq))
    .map(({ mq, minOffset, maxOffset, lastUpdateTimestamp }): QueueStatus => {
      const last = lastUpdateTimestamp > 0 ? lastUpdateTimestamp : null;
      return {
        topic: mq.topic ?? topic,
        brokerName: mq.brokerName ?? '',
        queueId: mq.queueId,
        minOffset,
        maxOffset,
        messages: maxOffset - minOffset,
        lastUpdateTimestamp: last,
        lastUpdateTime: last === null ? null : new Date(last).toISOString(),
      };
    });
  return {
    topic,
    ...partial,
    messages: queues.reduce((sum, queue) => sum + queue.messages, 0),
    putTps: answers.reduce((sum, { value }) => sum + value.topicPutTps, 0),
    queues,
  };
}
