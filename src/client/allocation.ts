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

/** The queues of a topic that a broker gave us, by how they are to be read. */
export interface Assignment {
  readonly pull: readonly MessageQueue[];
  readonly pop: readonly MessageQueue[];
}

/**
 * Asks a broker (5.x) which queues of a topic are ours.
 *
 * @returns null when that could not be learned: everything then stays as it is
 * Source: client/impl/consumer/RebalanceImpl.java#getRebalanceResultFromBroker
 */
export async function queryAssignment(
  topic: string,
  group: { consumerGroup: string; messageModel: MessageModel; strategy: AllocateMessageQueueStrategy },
  instance: MQClientInstance,
): Promise<Assignment | null> {
  if (instance.randomBrokerAddress(topic) === null) await instance.updateTopicRoute(topic);
  const addr = instance.randomBrokerAddress(topic);
  if (addr === null) return null;
  const { consumerGroup, messageModel, strategy } = group;
  const body = { topic, consumerGroup, messageModel, clientId: instance.clientId, strategyName: strategy.name };
  try {
    const assignments = await instance.api.queryAssignment(addr, body, { signal: instance.signal });
    const queues = (isPop: boolean) =>
      assignments.filter(({ mode }) => (mode === 'POP') === isPop).map(({ messageQueue }) => messageQueue);
    return { pull: queues(false), pop: queues(true) };
  } catch (error) {
    const fields = { addr, topic, group: consumerGroup, cause: errorText(error) };
    if (!instance.signal.aborted) instance.logger.warn(fields, 'could not ask a broker for our queues');
    return null;
  }
}
