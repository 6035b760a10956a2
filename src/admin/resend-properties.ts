import { MessageProperty, PROPERTY_TRANSIENT_PREFIX } from '../protocol/message-property.js';

/**
 * Properties that say how a message was stored, delayed or delivered, not what it is: brokers and clients set them
 * anew, and sent along they would delay the message again, make it a half message, or count its old tries.
 *
 * Source: common/.../message/MessageConst.java
 */
const OF_THE_OLD_RECORD: ReadonlySet<string> = new Set([
  MessageProperty.DELAY_TIME_LEVEL,
  MessageProperty.TIMER_DELAY_SEC,
  MessageProperty.TIMER_DELAY_MS,
  MessageProperty.TIMER_DELIVER_MS,
  MessageProperty.TIMER_ENQUEUE_MS,
  MessageProperty.TIMER_DEQUEUE_MS,
  MessageProperty.TIMER_ROLL_TIMES,
  MessageProperty.TIMER_OUT_MS,
  MessageProperty.TIMER_DEL_UNIQKEY,
  MessageProperty.TIMER_DELAY_LEVEL,
  MessageProperty.REAL_TOPIC,
  MessageProperty.REAL_QUEUE_ID,
  MessageProperty.TRANSACTION_PREPARED,
  MessageProperty.TRANSACTION_PREPARED_QUEUE_OFFSET,
  MessageProperty.TRANSACTION_CHECK_TIMES,
  MessageProperty.MIN_OFFSET,
  MessageProperty.MAX_OFFSET,
  MessageProperty.RECONSUME_TIME,
  MessageProperty.MAX_RECONSUME_TIMES,
  MessageProperty.MSG_REGION,
  MessageProperty.TRACE_SWITCH,
  MessageProperty.CONSUME_START_TIMESTAMP,
  MessageProperty.INNER_NUM,
  MessageProperty.INNER_BASE,
  MessageProperty.INNER_MULTI_QUEUE_OFFSET,
  MessageProperty.POP_CK,
  MessageProperty.POP_CK_OFFSET,
  MessageProperty.FIRST_POP_TIME,
  MessageProperty.FORWARD_QUEUE_ID,
  MessageProperty.CRC32,
  MessageProperty.BORN_HOST,
  MessageProperty.BORN_TIMESTAMP,
]);

/** What tells where a dead or retried message came from; of no use outside the group's own topics. */
const OF_THE_WAY: ReadonlySet<string> = new Set([
  MessageProperty.RETRY_TOPIC,
  MessageProperty.ORIGIN_MESSAGE_ID,
  MessageProperty.DLQ_ORIGIN_TOPIC,
  MessageProperty.DLQ_ORIGIN_MESSAGE_ID,
]);

/** The properties that a stored message is sent with again: keys, tag, unique key, and all of its user's own. */
export function resendProperties(
  properties: Iterable<readonly [string, string]>,
  options: { readonly isToGroup?: boolean } = {},
): Map<string, string> {
  return new Map(
    [...properties].filter(
      ([name]) =>
        !OF_THE_OLD_RECORD.has(name) &&
        !name.startsWith(PROPERTY_TRANSIENT_PREFIX) &&
        (options.isToGroup === true || !OF_THE_WAY.has(name)),
    ),
  );
}
