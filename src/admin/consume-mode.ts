import type { MessageRequestMode } from '../protocol/bodies.js';
import { type WriteTarget, writeTargets } from './cluster.js';
import { askAll, FAN_OUT_LIMIT, type Partial } from './fan-out.js';
import type { AdminSession } from './session.js';

/** How a group is to get the messages of a topic. */
export interface ConsumeModeRequest {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly target: WriteTarget;
  readonly mode: MessageRequestMode;
  /** Members whose queues each member pops besides its own; 0: all queues. Means nothing for PULL. */
  readonly popShareQueueNum: number;
}

export interface ConsumeModeWrites extends Partial {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly mode: MessageRequestMode;
  readonly popShareQueueNum: number;
  readonly brokers: ReadonlyArray<{ readonly brokerName: string | null; readonly addr: string }>;
}

/**
 * Lets a group pop a topic, or pull it, at every target. Members that leave the sharing out to the broker
 * (clientRebalance=false) follow at their next rebalance.
 *
 * @throws AdminError (not-found) when topic or group is unknown to every target
 */
export async function setConsumeMode(session: AdminSession, request: ConsumeModeRequest): Promise<ConsumeModeWrites> {
  const { consumerGroup, topic, mode, popShareQueueNum } = request;
  const deadline = session.deadline();
  const targets = await writeTargets(session, request.target, deadline);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.setMessageRequestMode(addr, { consumerGroup, topic, mode, popShareQueueNum }, deadline.call()),
  );
  const brokers = answers.map(({ target: { brokerName, addr } }) => ({ brokerName, addr }));
  return { consumerGroup, topic, mode, popShareQueueNum, ...partial, brokers };
}
