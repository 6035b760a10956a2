import type { QueryConsumeQueueResponseBody } from '../protocol/bodies.js';
import { brokerAt } from './cluster.js';
import { AdminError } from './failure.js';
import type { Target } from './fan-out.js';
import type { AdminSession } from './session.js';

export interface ConsumeQueueLook {
  readonly topic: string;
  readonly queueId: number;
  /** Index of the first unit. */
  readonly index: number;
  readonly count: number;
  /** Address; null takes the first master of the route. */
  readonly brokerAddr?: string | null;
  /** Whose filter is tried on each unit. */
  readonly consumerGroup?: string | null;
}

export interface ConsumeQueueUnits extends QueryConsumeQueueResponseBody {
  readonly brokerName: string | null;
  readonly addr: string;
}

/**
 * Units of a consume queue as they are stored (321).
 *
 * @throws AdminError (not-found) when the route has no master; MQBrokerError for a queue that the broker does not have
 */
export async function consumeQueueUnits(session: AdminSession, look: ConsumeQueueLook): Promise<ConsumeQueueUnits> {
  const deadline = session.deadline();
  const { topic, queueId, index, count, consumerGroup } = look;
  let target: Target;
  if (look.brokerAddr) target = brokerAt(look.brokerAddr);
  else {
    const route = await session.api.getTopicRouteInfo(topic, deadline.call());
    const broker = route.brokerDatas.find(({ brokerAddrs }) => brokerAddrs.has(0));
    if (broker === undefined) throw new AdminError('not-found', `no master serves "${topic}"`);
    target = { brokerName: broker.brokerName, addr: broker.brokerAddrs.get(0) as string };
  }
  const query = { topic, queueId, index, count, consumerGroup: consumerGroup ?? undefined };
  return { ...target, ...(await session.api.queryConsumeQueue(target.addr, query, deadline.call())) };
}
