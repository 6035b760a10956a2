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

/** The texts may be written as they are; TypeScript keeps them as literals in `async` listeners only by these names. */
export const ConsumeConcurrentlyStatus = {
  CONSUME_SUCCESS: 'CONSUME_SUCCESS',
  RECONSUME_LATER: 'RECONSUME_LATER',
} as const;

export type ConsumeConcurrentlyStatus = (typeof ConsumeConcurrentlyStatus)[keyof typeof ConsumeConcurrentlyStatus];

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
export const ConsumeOrderlyStatus = {
  SUCCESS: 'SUCCESS',
  SUSPEND_CURRENT_QUEUE_A_MOMENT: 'SUSPEND_CURRENT_QUEUE_A_MOMENT',
  COMMIT: 'COMMIT',
  ROLLBACK: 'ROLLBACK',
} as const;

export type ConsumeOrderlyStatus = (typeof ConsumeOrderlyStatus)[keyof typeof ConsumeOrderlyStatus];

/** Called with the messages of one queue in order, one call a queue at a time. A throw and null count as SUSPEND. */
export type MessageListenerOrderly = (
  messages: MessageExt[],
  context: ConsumeOrderlyContext,
) => ConsumeOrderlyStatus | null | Promise<ConsumeOrderlyStatus | null>;

/** `context.ackIndex` unless the listener changes it: everything succeeded. */
export const ACK_ALL = 0x7fffffff;
