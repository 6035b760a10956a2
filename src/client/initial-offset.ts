import type { ConsumeFromWhere } from '../protocol/bodies.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import { isRetryTopic } from '../protocol/topic-validator.js';
import type { MQClientInstance } from './mq-client-instance.js';
import type { OffsetStore } from './offset-store.js';
import { MASTER_ID } from './route.js';

export interface InitialOffsetRule {
  readonly consumeFromWhere: ConsumeFromWhere;
  /** For CONSUME_FROM_TIMESTAMP: ms since the epoch. */
  readonly consumeTimestamp: number;
}

/**
 * The queue offset to begin with. A stored one always wins; the rule is for queues without.
 *
 * @throws whatever kept us from learning it: the caller skips the queue for now, it must not guess
 * Source: client/impl/consumer/RebalancePushImpl.java#computePullFromWhereWithException
 */
export async function computePullFromWhere(
  mq: MessageQueue,
  rule: InitialOffsetRule,
  store: OffsetStore,
  instance: MQClientInstance,
): Promise<number> {
  const stored = await store.readStore(mq);
  if (stored !== null && stored >= 0) return stored;
  const isRetry = isRetryTopic(mq.topic);
  switch (rule.consumeFromWhere) {
    case 'CONSUME_FROM_FIRST_OFFSET':
      // Below the minimum it is corrected by the first pull's OFFSET_ILLEGAL.
      return 0;
    case 'CONSUME_FROM_TIMESTAMP':
      return isRetry ? maxOffset(mq, instance) : searchOffset(mq, rule.consumeTimestamp, instance);
    default:
      return isRetry ? 0 : maxOffset(mq, instance);
  }
}

/** The offset that the next message will get. @throws MQClientError without a master */
export async function maxOffset(mq: MessageQueue, instance: MQClientInstance): Promise<number> {
  return instance.api.getMaxOffset(await masterOf(mq, instance), mq, { signal: instance.signal });
}

/** The oldest offset that is stored. @throws MQClientError without a master */
export async function minOffset(mq: MessageQueue, instance: MQClientInstance): Promise<number> {
  return instance.api.getMinOffset(await masterOf(mq, instance), mq, { signal: instance.signal });
}

/** The first offset stored at or after a time, ms since the epoch. @throws MQClientError without a master */
export async function searchOffset(mq: MessageQueue, timestamp: number, instance: MQClientInstance): Promise<number> {
  return instance.api.searchOffset(await masterOf(mq, instance), mq, timestamp, { signal: instance.signal });
}

async function masterOf(mq: MessageQueue, instance: MQClientInstance): Promise<string> {
  const known = instance.findBrokerAddressInPublish(mq.brokerName);
  if (known !== null) return known;
  return (await instance.findOrFetchBroker(mq, MASTER_ID, true)).addr;
}
