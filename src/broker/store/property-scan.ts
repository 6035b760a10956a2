import { indexHash, javaHashUtf8 } from '../../protocol/java-hash.js';
import { isLmq, isRetryTopic, SYSTEM_TOPIC_PREFIX, SystemTopic } from '../../protocol/topic-validator.js';

/** Where the values that dispatch needs lie; start = end means that the property is missing. */
export interface PropertyRanges {
  tagsStart: number;
  tagsEnd: number;
  keysStart: number;
  keysEnd: number;
  uniqStart: number;
  uniqEnd: number;
  delayStart: number;
  delayEnd: number;
  innerNumStart: number;
  innerNumEnd: number;
  multiDispatchStart: number;
  multiDispatchEnd: number;
  multiOffsetStart: number;
  multiOffsetEnd: number;
}

export function newPropertyRanges(): PropertyRanges {
  return {
    ...{ tagsStart: 0, tagsEnd: 0, keysStart: 0, keysEnd: 0, uniqStart: 0, uniqEnd: 0, delayStart: 0, delayEnd: 0 },
    ...{ innerNumStart: 0, innerNumEnd: 0 },
    ...{ multiDispatchStart: 0, multiDispatchEnd: 0, multiOffsetStart: 0, multiOffsetEnd: 0 },
  };
}

const NAME_END = 1;
const PAIR_END = 2;
const SPACE = 0x20;
const TAGS = Buffer.from('TAGS');
const KEYS = Buffer.from('KEYS');
const DELAY = Buffer.from('DELAY');
const UNIQ_KEY = Buffer.from('UNIQ_KEY');
const INNER_NUM = Buffer.from('INNER_NUM');
const INNER_MULTI_DISPATCH = Buffer.from('INNER_MULTI_DISPATCH');
const INNER_MULTI_QUEUE_OFFSET = Buffer.from('INNER_MULTI_QUEUE_OFFSET');

function isName(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}

/**
 * Finds TAGS, KEYS, UNIQ_KEY, DELAY and what leads to other queues in stored properties without making strings. Reads the text as
 * protocol/message-property's decodeProperties: of several with one name the last counts, and pairs without a name or
 * a value do not.
 *
 * @param into filled completely
 */
export function scanProperties(bytes: Uint8Array, start: number, end: number, into: PropertyRanges): void {
  into.tagsStart = into.tagsEnd = into.keysStart = into.keysEnd = 0;
  into.uniqStart = into.uniqEnd = into.delayStart = into.delayEnd = 0;
  into.innerNumStart = into.innerNumEnd = 0;
  into.multiDispatchStart = into.multiDispatchEnd = into.multiOffsetStart = into.multiOffsetEnd = 0;
  let pair = start;
  while (pair < end) {
    let separator = -1;
    let at = pair;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte > PAIR_END) continue;
      if (byte === PAIR_END) break;
      if (byte === NAME_END && separator < 0) separator = at;
    }
    if (separator > pair && separator < at - 1) {
      const value = separator + 1;
      const nameLength = separator - pair;
      if (nameLength === 4) {
        if (isName(bytes, pair, TAGS)) {
          into.tagsStart = value;
          into.tagsEnd = at;
        } else if (isName(bytes, pair, KEYS)) {
          into.keysStart = value;
          into.keysEnd = at;
        }
      } else if (nameLength === 8) {
        if (isName(bytes, pair, UNIQ_KEY)) {
          into.uniqStart = value;
          into.uniqEnd = at;
        }
      } else if (nameLength === 5 && isName(bytes, pair, DELAY)) {
        into.delayStart = value;
        into.delayEnd = at;
      } else if (nameLength === 9 && isName(bytes, pair, INNER_NUM)) {
        into.innerNumStart = value;
        into.innerNumEnd = at;
      } else if (nameLength === 20 && isName(bytes, pair, INNER_MULTI_DISPATCH)) {
        into.multiDispatchStart = value;
        into.multiDispatchEnd = at;
      } else if (nameLength === 24 && isName(bytes, pair, INNER_MULTI_QUEUE_OFFSET)) {
        into.multiOffsetStart = value;
        into.multiOffsetEnd = at;
      }
    }
    pair = at + 1;
  }
}

/** The int32 hash of the TAGS value; 0 without one. */
export function tagsCodeOf(bytes: Uint8Array, ranges: PropertyRanges): number {
  return javaHashUtf8(bytes, ranges.tagsStart, ranges.tagsEnd);
}

/** The value of DELAY; 0 without one or if it is no decimal int32. */
export function delayLevelOf(bytes: Uint8Array, ranges: PropertyRanges): number {
  return int32In(bytes, ranges.delayStart, ranges.delayEnd);
}

/** Messages of an inner batch, as INNER_NUM has it; 1 without one or if it is no positive int16. */
export function innerCountOf(bytes: Uint8Array, ranges: PropertyRanges): number {
  const count = int32In(bytes, ranges.innerNumStart, ranges.innerNumEnd);
  return count > 0 && count <= 0x7fff ? count : 1;
}

/** A place in a light message queue. */
export interface LmqPlace {
  /** Name of the queue; its id is 0. */
  topic: string;
  queueOffset: number;
}

/**
 * The light message queues that a record stands in besides its own, by its stored properties.
 *
 * Source: store/ConsumeQueue.java#multiDispatchLmqQueue
 */
export function lmqPlaces(bytes: Uint8Array, ranges: PropertyRanges): LmqPlace[] {
  const { multiDispatchStart, multiDispatchEnd, multiOffsetStart, multiOffsetEnd } = ranges;
  if (multiDispatchStart === multiDispatchEnd || multiOffsetStart === multiOffsetEnd) return [];
  const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('utf8').split(',');
  const offsets = text(multiOffsetStart, multiOffsetEnd);
  const places: LmqPlace[] = [];
  for (const [i, topic] of text(multiDispatchStart, multiDispatchEnd).entries()) {
    const offset = offsets[i] ?? '';
    if (isLmqQueue(topic) && /^\d{1,15}$/.test(offset)) places.push({ topic, queueOffset: Number(offset) });
  }
  return places;
}

/** True if messages of this topic may stand in light message queues, too. (common/MixAll.java#topicAllowsLMQ) */
export function isLmqParent(topic: string): boolean {
  return !isRetryTopic(topic) && !topic.startsWith(SYSTEM_TOPIC_PREFIX) && topic !== SystemTopic.SCHEDULE_TOPIC;
}

/** True if a name in INNER_MULTI_DISPATCH can be a queue: it has to be a folder, too. */
export function isLmqQueue(name: string): boolean {
  return isLmq(name) && !name.includes('/') && !name.includes('\0') && Buffer.byteLength(name) <= 255;
}

/** A decimal number of at most ten digits; 0 if it is none, or none that an int32 holds. */
function int32In(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 10) return 0;
  let number = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    number = number * 10 + digit;
  }
  return number <= 0x7fffffff ? number : 0;
}

/**
 * Hands out the index hash of every key: UNIQ_KEY, then each non-empty part of KEYS between single spaces.
 *
 * @param topicSeed String.hashCode of `topic#`
 * Source: store/index/IndexService.java#buildIndex
 */
export function forEachKeyHash(
  bytes: Uint8Array,
  ranges: PropertyRanges,
  topicSeed: number,
  take: (keyHash: number) => void,
): void {
  const { uniqStart, uniqEnd, keysStart, keysEnd } = ranges;
  if (uniqEnd > uniqStart) take(indexHash(javaHashUtf8(bytes, uniqStart, uniqEnd, topicSeed)));
  for (let start = keysStart; start < keysEnd; ) {
    let at = start;
    while (at < keysEnd && bytes[at] !== SPACE) at++;
    if (at > start) take(indexHash(javaHashUtf8(bytes, start, at, topicSeed)));
    start = at + 1;
  }
}
