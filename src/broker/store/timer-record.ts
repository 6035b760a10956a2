import { readInt64 } from '../../base/int64.js';
import { javaHashUtf8 } from '../../protocol/java-hash.js';
import { MessageProperty } from '../../protocol/message-property.js';
import { TIMER_TOPIC } from '../../protocol/topic-validator.js';
import { MIN_RECORD_BYTES, QUEUE_OFFSET_AT } from './record-layout.js';
import { newRecordView, readRecord } from './record-reader.js';

const NAME_END = 1;
const PAIR_END = 2;
const OUT_MS = Buffer.from(MessageProperty.TIMER_OUT_MS);
const REAL_TOPIC = Buffer.from(MessageProperty.REAL_TOPIC);
const DEL_UNIQKEY = Buffer.from(MessageProperty.TIMER_DEL_UNIQKEY);
const TOPIC = Buffer.from(TIMER_TOPIC);

const record = newRecordView();

/** What the wheel needs of a message of the timer topic. */
export interface TimerRecord {
  queueOffset: number;
  /** ms since the epoch. */
  storeTimestamp: number;
  /** The slot's time: TIMER_OUT_MS. */
  outMs: number;
  realTopic: string;
  topicHash: number;
  /** It takes back another message. */
  isDelete: boolean;
}

/** A TimerRecord to be filled by `readTimerRecord`. */
export function newTimerRecord(): TimerRecord {
  return { queueOffset: 0, storeTimestamp: 0, outMs: 0, realTopic: '', topicHash: 0, isDelete: false };
}

function isEqual(bytes: Uint8Array, start: number, end: number, other: Uint8Array): boolean {
  if (end - start !== other.length) return false;
  for (let i = 0; i < other.length; i++) if (bytes[start + i] !== other[i]) return false;
  return true;
}

/**
 * Reads a record of the timer topic without decoding the message.
 *
 * @param bytes exactly one record
 * @returns false if it is none, belongs to another topic, or does not say when and to which topic it goes
 */
export function readTimerRecord(bytes: Buffer, physicalOffset: number, into: TimerRecord): boolean {
  if (bytes.length < MIN_RECORD_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const check = readRecord(view, bytes, 0, bytes.length, bytes.length, physicalOffset, false, record);
  if (check !== 'record' || !isEqual(bytes, record.topicStart, record.topicEnd, TOPIC)) return false;
  into.queueOffset = readInt64(view, QUEUE_OFFSET_AT);
  into.storeTimestamp = record.storeTimestamp;
  into.outMs = Number.NaN;
  into.realTopic = '';
  into.isDelete = false;
  const end = record.propertiesEnd;
  for (let pair = record.propertiesStart; pair < end; ) {
    let pairEnd = bytes.indexOf(PAIR_END, pair);
    if (pairEnd < 0 || pairEnd > end) pairEnd = end;
    const nameEnd = bytes.indexOf(NAME_END, pair);
    if (nameEnd > pair && nameEnd < pairEnd) {
      const value = nameEnd + 1;
      if (isEqual(bytes, pair, nameEnd, OUT_MS)) {
        into.outMs = Number(bytes.toString('latin1', value, pairEnd));
      } else if (isEqual(bytes, pair, nameEnd, REAL_TOPIC)) {
        into.realTopic = bytes.toString('utf8', value, pairEnd);
        into.topicHash = javaHashUtf8(bytes, value, pairEnd);
      } else if (isEqual(bytes, pair, nameEnd, DEL_UNIQKEY)) {
        into.isDelete = pairEnd > value;
      }
    }
    pair = pairEnd + 1;
  }
  // The timer topic as real topic would come back for ever.
  return Number.isSafeInteger(into.outMs) && into.outMs > 0 && into.realTopic !== '' && into.realTopic !== TIMER_TOPIC;
}
