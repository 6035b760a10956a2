/**
 * Keeps groups that are far behind from reading what only the disk has, at the cost of everybody else.
 *
 * Source: broker/BrokerController.java#protectBroker
 */
import type { BrokerContext } from './context.js';

/** Bytes of the log behind what a group has pulled last of a queue; 0 when it is at the end, or has not pulled. */
function bytesBehind({ store, offsets }: BrokerContext, group: string, topic: string, queueId: number): number {
  const next = offsets.queryPulled(group, topic, queueId);
  if (next <= store.minOffset(topic, queueId) || next >= store.maxOffset(topic, queueId)) return 0;
  const last = store.queueUnits(topic, queueId, next - 1, 1)[0];
  return last === undefined ? 0 : store.stats().maxPhyOffset - last.physicalOffset;
}

/** Takes the right to consume from groups that pull, and are further behind than `consumerFallbehindThreshold`. */
export function disableSlowGroups(context: BrokerContext): void {
  const { config, consumers, topics, groups, logger } = context;
  for (const [group, { subscriptions }] of consumers.entries()) {
    for (const topic of subscriptions.keys()) {
      const queues = topics.get(topic)?.readQueueNums ?? 0;
      for (let queueId = 0; queueId < queues; queueId++) {
        const bytes = bytesBehind(context, group, topic, queueId);
        if (bytes <= config.consumerFallbehindThreshold) continue;
        logger.warn({ group, topic, queueId, bytes }, 'a group is too far behind: it may not consume any more');
        groups.disableConsume(group);
      }
    }
  }
}
