/**
 * Queues of a route, and the ways to share them out that clients and brokers both know.
 *
 * Source: client/impl/factory/MQClientInstance.java#topicRouteData2TopicSubscribeInfo, client/consumer/rebalance/
 * AllocateMessageQueueAveragely.java, AllocateMessageQueueAveragelyByCircle.java.
 */
import type { TopicRouteData } from './bodies.js';
import { compareMessageQueue, type MessageQueue } from './message-queue.js';
import { isReadable } from './topic-config.js';

/** Queues 0 .. count - 1 of a topic on one broker. */
export function queuesOf(topic: string, brokerName: string, count: number): MessageQueue[] {
  return Array.from({ length: Math.max(0, count) }, (_, queueId) => ({ topic, brokerName, queueId }));
}

/** Queues to read: of every readable broker, with or without a master; sorted. */
export function subscribeQueues(topic: string, route: TopicRouteData): MessageQueue[] {
  return route.queueDatas
    .filter(({ perm }) => isReadable(perm))
    .flatMap(({ brokerName, readQueueNums }) => queuesOf(topic, brokerName, readQueueNums))
    .sort(compareMessageQueue);
}

export interface AllocateMessageQueueStrategy {
  /** As it travels in QUERY_ASSIGNMENT and shows in listings. */
  readonly name: string;
  /**
   * @param clientId the member that asks
   * @param queues all queues, sorted by topic, brokerName, queueId
   * @param clientIds all members, sorted as strings
   * @returns the member's queues, [] if it is not among `clientIds`
   */
  allocate(clientId: string, queues: readonly MessageQueue[], clientIds: readonly string[]): MessageQueue[];
}

/** Contiguous blocks; the first `queues mod members` members get one more. The default. */
export const allocateAveragely: AllocateMessageQueueStrategy = {
  name: 'AVG',
  allocate(clientId, queues, clientIds) {
    const index = clientIds.indexOf(clientId);
    if (index < 0) return [];
    const rest = queues.length % clientIds.length;
    const size = Math.floor(queues.length / clientIds.length);
    const start = index * size + Math.min(index, rest);
    return queues.slice(start, start + size + (index < rest ? 1 : 0));
  },
};

/** Like dealing cards: queues index, index + members, … */
export const allocateAveragelyByCircle: AllocateMessageQueueStrategy = {
  name: 'AVG_BY_CIRCLE',
  allocate(clientId, queues, clientIds) {
    const index = clientIds.indexOf(clientId);
    if (index < 0) return [];
    return queues.filter((_, i) => i % clientIds.length === index);
  },
};
