/**
 * Messages as plain data.
 *
 * Source: common/.../message/Message.java, MessageExt.java, MessageClientExt.java
 */
import { MessageFormatError } from './errors.js';
import type { HostAddress } from './host-address.js';
import { isReservedProperty, KEY_SEPARATOR, MessageProperty } from './message-property.js';

export type { HostAddress } from './host-address.js';

/** What a producer sends. */
export interface Message {
  topic: string;
  /** int32 for the user; RocketMQ gives it no meaning. */
  flag: number;
  properties: Map<string, string>;
  body: Buffer;
}

/** A stored message as a reader sees it. */
export interface MessageExt extends Message {
  /** The reader's knowledge: not part of the record, null until somebody sets it. */
  brokerName: string | null;
  queueId: number;
  /** Index in its queue. */
  queueOffset: number;
  /** Byte position of the record in the whole commit log. */
  physicalOffset: number;
  /** Bits of MessageSysFlag; bit 0 is clear once the body is decompressed. */
  sysFlag: number;
  /** ms since the epoch, sender's clock. */
  bornTimestamp: number;
  bornHost: HostAddress;
  /** ms since the epoch, broker's clock. */
  storeTimestamp: number;
  storeHost: HostAddress;
  reconsumeTimes: number;
  preparedTransactionOffset: number;
  /** CRC-32 of the body as stored, 31 bits; 0 for a message out of an inner batch. */
  bodyCRC: number;
  /** Bytes of the whole record; 0 for a message out of an inner batch. */
  storeSize: number;
  /** UNIQ_KEY if the message has one, else `offsetMsgId`. */
  msgId: string;
  /** Store host and physical offset as hex: see message-id.ts. */
  offsetMsgId: string;
}

export interface MessageOptions {
  tags?: string;
  /** One key, or several: joined by blanks. */
  keys?: string | readonly string[];
  /** User properties; reserved names are refused. */
  properties?: Readonly<Record<string, string>>;
  /** 1 .. 18 with the default table; 0 or missing: no delay. */
  delayTimeLevel?: number;
  /** 5.x: to be delivered so long from now. At most one of these three counts: they win in this order. */
  delayTimeSec?: number;
  delayTimeMs?: number;
  /** 5.x: to be delivered at this time, ms since the epoch. */
  deliverTimeMs?: number;
  /** int32, 0 by default. */
  flag?: number;
  /** True by default; false: the broker answers before flush and replication. */
  waitStoreMsgOK?: boolean;
}

/**
 * Makes a message to send.
 *
 * @param body text is encoded as UTF-8; bytes are used as they are, not copied
 * @throws MessageFormatError if a user property has a reserved or blank name, or a blank value, or a time is no whole
 *   number
 */
export function createMessage(topic: string, body: string | Uint8Array, options: MessageOptions = {}): Message {
  const properties = new Map<string, string>();
  if (options.tags) properties.set(MessageProperty.TAGS, options.tags);
  const keys = typeof options.keys === 'string' ? options.keys : options.keys?.join(KEY_SEPARATOR);
  if (keys) properties.set(MessageProperty.KEYS, keys);
  properties.set(MessageProperty.WAIT_STORE_MSG_OK, String(options.waitStoreMsgOK ?? true));
  if (options.delayTimeLevel) properties.set(MessageProperty.DELAY_TIME_LEVEL, String(options.delayTimeLevel));
  for (const [name, value] of [
    [MessageProperty.TIMER_DELAY_SEC, options.delayTimeSec],
    [MessageProperty.TIMER_DELAY_MS, options.delayTimeMs],
    [MessageProperty.TIMER_DELIVER_MS, options.deliverTimeMs],
  ] as const) {
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 0) throw new MessageFormatError(`${name} ${value} is no whole number`);
    properties.set(name, String(value));
  }
  for (const [name, value] of Object.entries(options.properties ?? {})) {
    if (isReservedProperty(name)) {
      throw new MessageFormatError(`the property name ${JSON.stringify(name)} is used by the system, choose another`);
    }
    if (name.trim() === '' || value.trim() === '') {
      throw new MessageFormatError(`property ${JSON.stringify(name)}: neither name nor value may be blank`);
    }
    properties.set(name, value);
  }
  const bytes =
    typeof body === 'string' ? Buffer.from(body, 'utf8') : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return { topic, flag: options.flag ?? 0, properties, body: bytes };
}

/** The tag, or null. */
export function messageTags(message: Message): string | null {
  return message.properties.get(MessageProperty.TAGS) ?? null;
}

/** The keys as one blank-separated text, or null. */
export function messageKeys(message: Message): string | null {
  return message.properties.get(MessageProperty.KEYS) ?? null;
}

/** The delay level, 0 if there is none or it is no number. */
export function delayLevel(message: Message): number {
  const level = Number(message.properties.get(MessageProperty.DELAY_TIME_LEVEL) ?? 0);
  return Number.isSafeInteger(level) ? level : 0;
}

/** The unique client-side id, or null. */
export function uniqKey(message: Message): string | null {
  return message.properties.get(MessageProperty.UNIQ_KEY) ?? null;
}

/** False only if the property WAIT says so. */
export function waitStoreMsgOK(message: Pick<Message, 'properties'>): boolean {
  const wait = message.properties.get(MessageProperty.WAIT_STORE_MSG_OK);
  return wait ? wait.toLowerCase() === 'true' : true;
}

/** Gives the message the id `create()` makes unless it has one, and returns the id it has then. */
export function setUniqKey(message: Message, create: () => string): string {
  const present = message.properties.get(MessageProperty.UNIQ_KEY);
  if (present !== undefined) return present;
  const id = create();
  message.properties.set(MessageProperty.UNIQ_KEY, id);
  return id;
}
