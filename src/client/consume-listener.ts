/**
 * What an application gives a push consumer to call.
 *
 * Source: client/consumer/listener/*.java
 */
import type { MessageExt } from '../protocol/message.js';
import type { MessageQueue } from '../protocol/message-queue.js';

export interface ConsumeConcurrentlyContext {
  readonly messageQueue: MessageQueue;
  /** Delay level of the redelivery of what failed: 0 lets the broker choose, negative goes to the DLQ at once. */
  delayLevelWhenNextConsume: number;
  /** With CONSUME_SUCCESS: messages after this index have failed. Default: none. */
  ackIndex: number;
}

export type ConsumeConcurrentlyStatus = 'CONSUME_SUCCESS' | 'RECONSUME_LATER';

/** Called with messages of one queue, in parallel. A throw and null count as RECONSUME_LATER. */
export type MessageListenerConcurrently = (
  messages: MessageExt[],
  context: ConsumeConcurrentlyContext,
) => ConsumeConcurrentlyStatus | null | Promise<ConsumeConcurrentlyStatus | null>;

export interface ConsumeOrderlyContext {
  readonly messageQueue: MessageQueue;
  /** False: only COMMIT and ROLLBACK settle messages. Default true. */
  autoCommit: boolean;
  /** Pause after SUSPEND or ROLLBACK, ms, 10..30,000; -1: the consumer's suspendCurrentQueueTimeMillis. */
  suspendCurrentQueueTimeMillis: number;
}

/** COMMIT and ROLLBACK are for autoCommit = false. */
export type ConsumeOrderlyStatus = 'SUCCESS' | 'SUSPEND_CURRENT_QUEUE_A_MOMENT' | 'COMMIT' | 'ROLLBACK';

/** Called with the messages of one queue in order, one call a queue at a time. A throw and null count as SUSPEND. */
export type MessageListenerOrderly = (
  messages: MessageExt[],
  context: ConsumeOrderlyContext,
) => ConsumeOrderlyStatus | null | Promise<ConsumeOrderlyStatus | null>;

/** `context.ackIndex` unless the listener changes it: everything succeeded. */
export const ACK_ALL = 0x7fffffff;
