/**
 * Message properties: names, and the text form in which they travel and are stored:
 *
 *   (name U+0001 value U+0002)*
 *
 * 5.x writes the last U+0002, 4.9 drops it; readers accept both.
 *
 * Source: common/.../message/MessageConst.java; MessageDecoder.java#messageProperties2String, #string2messageProperties
 */

/** Names of all properties that RocketMQ gives a meaning. */
export const MessageProperty = {
  /** Index keys, blank separated. */
  KEYS: 'KEYS',
  /** The tag; its hash goes to the consume queue. */
  TAGS: 'TAGS',
  /** "false": the sender does not wait for flush and replication. */
  WAIT_STORE_MSG_OK: 'WAIT',
  /** Delay level, decimal. */
  DELAY_TIME_LEVEL: 'DELAY',
  /** Original topic of a retried message. */
  RETRY_TOPIC: 'RETRY_TOPIC',
  /** Original topic and queue while the message lies in a half, schedule or timer topic. */
  REAL_TOPIC: 'REAL_TOPIC',
  REAL_QUEUE_ID: 'REAL_QID',
  /** "true" on half messages. */
  TRANSACTION_PREPARED: 'TRAN_MSG',
  PRODUCER_GROUP: 'PGROUP',
  /** Set by the client on pull. */
  MIN_OFFSET: 'MIN_OFFSET',
  MAX_OFFSET: 'MAX_OFFSET',
  BUYER_ID: 'BUYER_ID',
  /** Message id before the first retry. */
  ORIGIN_MESSAGE_ID: 'ORIGIN_MESSAGE_ID',
  TRANSFER_FLAG: 'TRANSFER_FLAG',
  CORRECTION_FLAG: 'CORRECTION_FLAG',
  MQ2_FLAG: 'MQ2_FLAG',
  RECONSUME_TIME: 'RECONSUME_TIME',
  MSG_REGION: 'MSG_REGION',
  TRACE_SWITCH: 'TRACE_ON',
  /** Unique client-side id. */
  UNIQ_KEY: 'UNIQ_KEY',
  EXTEND_UNIQ_INFO: 'EXTEND_UNIQ_INFO',
  MAX_RECONSUME_TIMES: 'MAX_RECONSUME_TIMES',
  /** Client local, ms since the epoch. */
  CONSUME_START_TIMESTAMP: 'CONSUME_START_TIME',
  /** Message count and base queue offset of an inner batch. */
  INNER_NUM: 'INNER_NUM',
  INNER_BASE: 'INNER_BASE',
  DUP_INFO: 'DUP_INFO',
  CHECK_IMMUNITY_TIME_IN_SECONDS: 'CHECK_IMMUNITY_TIME_IN_SECONDS',
  TRANSACTION_PREPARED_QUEUE_OFFSET: 'TRAN_PREPARED_QUEUE_OFFSET',
  TRANSACTION_ID: '__transactionId__',
  TRANSACTION_CHECK_TIMES: 'TRANSACTION_CHECK_TIMES',
  INSTANCE_ID: 'INSTANCE_ID',
  CORRELATION_ID: 'CORRELATION_ID',
  MESSAGE_REPLY_TO_CLIENT: 'REPLY_TO_CLIENT',
  /** Request-reply timeout, ms. */
  MESSAGE_TTL: 'TTL',
  REPLY_MESSAGE_ARRIVE_TIME: 'ARRIVE_TIME',
  PUSH_REPLY_TIME: 'PUSH_REPLY_TIME',
  CLUSTER: 'CLUSTER',
  /** "reply" on replies. */
  MESSAGE_TYPE: 'MSG_TYPE',
  POP_CK: 'POP_CK',
  POP_CK_OFFSET: 'POP_CK_OFFSET',
  FIRST_POP_TIME: '1ST_POP_TIME',
  SHARDING_KEY: '__SHARDINGKEY',
  FORWARD_QUEUE_ID: 'PROPERTY_FORWARD_QUEUE_ID',
  REDIRECT: 'REDIRECT',
  /** Comma list of `%LMQ%` topics, and of the offsets that the store gave there. */
  INNER_MULTI_DISPATCH: 'INNER_MULTI_DISPATCH',
  INNER_MULTI_QUEUE_OFFSET: 'INNER_MULTI_QUEUE_OFFSET',
  TRACE_CONTEXT: 'TRACE_CONTEXT',
  /** Timer message: relative seconds or ms, or absolute ms. */
  TIMER_DELAY_SEC: 'TIMER_DELAY_SEC',
  TIMER_DELAY_MS: 'TIMER_DELAY_MS',
  TIMER_DELIVER_MS: 'TIMER_DELIVER_MS',
  TIMER_ENQUEUE_MS: 'TIMER_ENQUEUE_MS',
  TIMER_DEQUEUE_MS: 'TIMER_DEQUEUE_MS',
  TIMER_ROLL_TIMES: 'TIMER_ROLL_TIMES',
  TIMER_OUT_MS: 'TIMER_OUT_MS',
  TIMER_DEL_UNIQKEY: 'TIMER_DEL_UNIQKEY',
  TIMER_DELAY_LEVEL: 'TIMER_DELAY_LEVEL',
  BORN_HOST: '__BORNHOST',
  BORN_TIMESTAMP: 'BORN_TIMESTAMP',
  /** Appended by the broker: 10 digits, least significant first. */
  CRC32: '__CRC32#',
  DLQ_ORIGIN_TOPIC: 'DLQ_ORIGIN_TOPIC',
  DLQ_ORIGIN_MESSAGE_ID: 'DLQ_ORIGIN_MESSAGE_ID',
  TRANSIENT_TOPIC_CONFIG: '__RMQ.TRANSIENT.TOPIC_SYS_FLAG',
  TRANSIENT_GROUP_CONFIG: '__RMQ.TRANSIENT.GROUP_SYS_FLAG',
} as const;

/** Properties with this prefix are never stored. */
export const PROPERTY_TRANSIENT_PREFIX = '__RMQ.TRANSIENT.';

/** Separates several keys in KEYS. */
export const KEY_SEPARATOR = ' ';

export const NAME_VALUE_SEPARATOR = '\u0001';
export const PROPERTY_SEPARATOR = '\u0002';

/** Most bytes a properties text may have: its length is an int16. */
export const MAX_PROPERTIES_BYTES = 32_767;

const RESERVED: ReadonlySet<string> = new Set(Object.values(MessageProperty));

/** True if user properties must not have this name, because RocketMQ uses it. */
export function isReservedProperty(name: string): boolean {
  return RESERVED.has(name);
}

/**
 * Properties to text, in the map's order, with the last U+0002 as 5.x writes it. Null values are left out.
 * Like Java it does not look for separators inside names and values.
 */
export function encodeProperties(properties: ReadonlyMap<string, string | null | undefined>): string {
  let text = '';
  for (const [name, value] of properties) {
    if (value === null || value === undefined) continue;
    text += `${name}${NAME_VALUE_SEPARATOR}${value}${PROPERTY_SEPARATOR}`;
  }
  return text;
}

/**
 * Text to properties. As in Java, a pair without a name, a value or U+0001 is skipped and of pairs with
 * the same name the last wins; the value goes up to U+0002 and may hold U+0001. Never fails.
 */
export function decodeProperties(text: string | null | undefined): Map<string, string> {
  const properties = new Map<string, string>();
  if (!text) return properties;
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf(PROPERTY_SEPARATOR, start);
    if (end < 0) end = text.length;
    if (end - start >= 3) {
      const separator = text.indexOf(NAME_VALUE_SEPARATOR, start);
      if (separator > start && separator < end - 1) {
        properties.set(text.slice(start, separator), text.slice(separator + 1, end));
      }
    }
    start = end + 1;
  }
  return properties;
}

/**
 * The value of one property in a properties text, without decoding the others.
 *
 * @returns null if it is missing; of several with the same name the last, as `decodeProperties`
 */
export function propertyOf(text: string, name: string): string | null {
  const prefix = name + NAME_VALUE_SEPARATOR;
  let at = text.lastIndexOf(prefix);
  while (at >= 0) {
    const isPairStart = at === 0 || text[at - 1] === PROPERTY_SEPARATOR;
    const valueStart = at + prefix.length;
    let end = text.indexOf(PROPERTY_SEPARATOR, valueStart);
    if (end < 0) end = text.length;
    if (isPairStart && name !== '' && end > valueStart) return text.slice(valueStart, end);
    at = at === 0 ? -1 : text.lastIndexOf(prefix, at - 1);
  }
  return null;
}
