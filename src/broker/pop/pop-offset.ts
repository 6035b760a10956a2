/**
 * Where the next pop of a queue begins.
 *
 * Source: broker/processor/PopMessageProcessor.java (#getPopOffset, #getInitOffset, #resetPopOffset),
 * NotificationProcessor.java (#getPopOffset).
 */
import { isRetryTopic } from '../../protocol/topic-validator.js';
import type { PopContext } from './pop-context.js';

/** Where a group begins that has no offset yet. (ConsumeInitMode.java) */
export const ConsumeInitMode = { MIN: 0, MAX: 1 } as const;

/** Where a group without an offset begins: with MAX at the last message, or at 0 while memory has that. */
function initOffset({ broker }: PopContext, topic: string, queueId: number, initMode: number): number {
  const { store, config } = broker;
  if (initMode === ConsumeInitMode.MIN || isRetryTopic(topic)) return store.minOffset(topic, queueId);
  if (config.initPopOffsetByCheckMsgInMem && store.isFirstMessageInMemory(topic, queueId)) return 0;
  return Math.max(0, store.maxOffset(topic, queueId) - 1);
}

/** Where a pop would begin now; changes nothing. */
export function nextPopOffset(
  pop: PopContext,
  topic: string,
  group: string,
  queueId: number,
  initMode: number,
): number {
  const committed = pop.broker.offsets.query(group, topic, queueId);
  const offset = committed >= 0 ? committed : initOffset(pop, topic, queueId, initMode);
  return Math.max(pop.buffer.latestOffset(topic, group, queueId), offset);
}

/** Where this pop begins. Commits the first offset of a group, and takes a pending reset away. */
export function beginPop(pop: PopContext, topic: string, group: string, queueId: number, initMode: number): number {
  const { offsets } = pop.broker;
  const reset = offsets.takeReset(topic, group, queueId);
  if (reset !== null) {
    pop.orders.clearBlock(topic, group, queueId);
    pop.buffer.clearOffsets(topic, group, queueId);
    offsets.commit(group, topic, queueId, reset);
    return reset;
  }
  if (offsets.query(group, topic, queueId) < 0) {
    offsets.commit(group, topic, queueId, initOffset(pop, topic, queueId, initMode));
  }
  return nextPopOffset(pop, topic, group, queueId, initMode);
}

/** How many messages of a queue a group has not popped. */
export function restOf(pop: PopContext, topic: string, group: string, queueId: number, initMode: number): number {
  return pop.broker.store.maxOffset(topic, queueId) - nextPopOffset(pop, topic, group, queueId, initMode);
}
