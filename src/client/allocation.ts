import { errorText } from '../base/errors.js';
import type { MessageModel } from '../protocol/bodies.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import type { AllocateMessageQueueStrategy } from './allocate-strategy.js';
import type { MQClientInstance } from './mq-client-instance.js';

export interface Allocation {
  readonly all: readonly MessageQueue[];
  /** The queues that are ours. */
  readonly mine: readonly MessageQueue[];
}

/**
 * Works out which queues of a topic are ours.
 *
 * @returns null when the route or the members could not be learned: everything then stays as it is
 * Source: client/impl/consumer/RebalanceImpl.java#rebalanceByTopic
 */
export async function allocate(
  topic: string,
  group: { consumerGroup: string; messageModel: MessageModel; strategy: AllocateMessageQueueStrategy },
  instance: MQClientInstance,
): Promise<Allocation | null> {
  if (group.messageModel === 'BROADCASTING') {
    if (instance.subscribeQueues(topic) === null) await instance.updateTopicRoute(topic);
    const all = instance.subscribeQueues(topic);
    return all === null ? null : { all, mine: all };
  }
  const clientIds = await instance.findConsumerIdList(topic, group.consumerGroup);
  const all = instance.subscribeQueues(topic);
  if (all === null || clientIds === null) return null;
  try {
    return { all, mine: group.strategy.allocate(instance.clientId, all, clientIds.toSorted()) };
  } catch (error) {
    const fields = { topic, strategy: group.strategy.name, cause: errorText(error) };
    instance.logger.error(fields, 'the allocation strategy threw');
    return null;
  }
}
