import { inHashOrder } from '../protocol/java-hash.js';
import { type MessageQueue, messageQueueHash } from '../protocol/message-queue.js';
import { allocateAveragely, subscribeQueues } from '../protocol/queue-allocation.js';
import { AdminError } from './failure.js';
import type { AdminSession } from './session.js';

export interface QueueAllocation {
  readonly topic: string;
  /** In the order that was asked for. */
  readonly members: ReadonlyArray<{ readonly clientId: string; readonly queues: readonly MessageQueue[] }>;
}

/**
 * How the readable queues of a topic would be shared out to members, averagely and in the order given (105).
 *
 * @throws AdminError (usage) for no member or one twice; MQBrokerError 17 without a route
 */
export async function allocateQueues(
  session: AdminSession,
  { topic, clientIds }: { readonly topic: string; readonly clientIds: readonly string[] },
): Promise<QueueAllocation> {
  if (clientIds.length === 0) throw new AdminError('usage', 'no member is named');
  const twice = clientIds.find((id, index) => clientIds.indexOf(id) !== index);
  if (twice !== undefined) throw new AdminError('usage', `member "${twice}" is named twice`);
  const route = await session.api.getTopicRouteInfo(topic, session.deadline().call());
  const listed = subscribeQueues(topic, route);
  const queues = session.inSetOrder === true ? inHashOrder(listed, messageQueueHash) : listed;
  return {
    topic,
    members: clientIds.map((clientId) => ({
      clientId,
      queues: allocateAveragely.allocate(clientId, queues, clientIds),
    })),
  };
}
