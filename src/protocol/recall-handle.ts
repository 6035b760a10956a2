/**
 * The handle by which a delayed message is taken back: base64url of `v1 topic brokerName timestamp uniqKey`.
 *
 * Source: common/.../producer/RecallMessageHandle.java
 */
import { MessageFormatError } from './errors.js';

const VERSION_1 = 'v1';
const SEPARATOR = ' ';
const BASE64URL = /^[A-Za-z0-9_-]+={0,2}$/;

export interface RecallHandle {
  topic: string;
  brokerName: string;
  /** ms since the epoch, as text: a time inside the slot that the message waits in. */
  timestampText: string;
  /** The message's UNIQ_KEY. */
  messageId: string;
}

export function encodeRecallHandle({ topic, brokerName, timestampText, messageId }: RecallHandle): string {
  const text = [VERSION_1, topic, brokerName, timestampText, messageId].join(SEPARATOR);
  const base64 = Buffer.from(text).toString('base64url');
  // Java's encoder pads.
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, '=');
}

/** @throws MessageFormatError if it is no handle */
export function decodeRecallHandle(handle: string): RecallHandle {
  const text = BASE64URL.test(handle) ? Buffer.from(handle, 'base64url').toString('utf8') : '';
  const [version, topic, brokerName, timestampText, messageId] = text.split(SEPARATOR);
  if (version !== VERSION_1 || !topic || !brokerName || !timestampText || !messageId) {
    throw new MessageFormatError('recall handle is invalid');
  }
  return { topic, brokerName, timestampText, messageId };
}
