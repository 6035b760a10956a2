import { hostText } from '../protocol/host-address.js';
import { type MessageExt, messageKeys, messageTags } from '../protocol/message.js';

/** A stored message as plain data. */
export interface MessageDoc {
  readonly msgId: string;
  readonly offsetMsgId: string;
  readonly topic: string;
  readonly tags: string | null;
  /** Keys as stored: separated by blanks. */
  readonly keys: string | null;
  /** Null when the answer did not say which broker it came from. */
  readonly brokerName: string | null;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly physicalOffset: number;
  readonly bornTimestamp: number;
  readonly bornTime: string;
  readonly bornHost: string;
  readonly storeTimestamp: number;
  readonly storeTime: string;
  readonly storeHost: string;
  readonly reconsumeTimes: number;
  readonly sysFlag: number;
  readonly flag: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly bodyBytes: number;
  /** The body as text when it is UTF-8, else base64. */
  readonly body: string;
  readonly bodyEncoding: 'utf-8' | 'base64';
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Turns a message into plain data. */
export function messageDoc(message: MessageExt): MessageDoc {
  const { text, encoding } = bodyText(message.body);
  return {
    msgId: message.msgId,
    offsetMsgId: message.offsetMsgId,
    topic: message.topic,
    tags: messageTags(message),
    keys: messageKeys(message),
    brokerName: message.brokerName,
    queueId: message.queueId,
    queueOffset: message.queueOffset,
    physicalOffset: message.physicalOffset,
    bornTimestamp: message.bornTimestamp,
    bornTime: isoTime(message.bornTimestamp),
    bornHost: hostText(message.bornHost),
    storeTimestamp: message.storeTimestamp,
    storeTime: isoTime(message.storeTimestamp),
    storeHost: hostText(message.storeHost),
    reconsumeTimes: message.reconsumeTimes,
    sysFlag: message.sysFlag,
    flag: message.flag,
    properties: Object.fromEntries(message.properties),
    bodyBytes: message.body.length,
    body: text,
    bodyEncoding: encoding,
  };
}

function bodyText(body: Buffer): { text: string; encoding: 'utf-8' | 'base64' } {
  try {
    return { text: UTF8.decode(body), encoding: 'utf-8' };
  } catch {
    return { text: body.toString('base64'), encoding: 'base64' };
  }
}

/** ISO text; of a time that no calendar has, the number. */
function isoTime(timestamp: number): string {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? String(timestamp) : date.toISOString();
}
