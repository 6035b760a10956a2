import { indexHash, javaHashUtf8 } from '../../protocol/java-hash.js';

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
}

export function newPropertyRanges(): PropertyRanges {
  return { tagsStart: 0, tagsEnd: 0, keysStart: 0, keysEnd: 0, uniqStart: 0, uniqEnd: 0, delayStart: 0, delayEnd: 0 };
}

const NAME_END = 1;
const PAIR_END = 2;
const SPACE = 0x20;
const TAGS = Buffer.from('TAGS');
const KEYS = Buffer.from('KEYS');
const DELAY = Buffer.from('DELAY');
const UNIQ_KEY = Buffer.from('UNIQ_KEY');

function isName(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}

/**
 * Finds TAGS, KEYS, UNIQ_KEY and DELAY in stored properties without making strings. Reads the text as
 * protocol/message-property's decodeProperties: of several with one name the last counts, and pairs without a name or
 * a value do not.
 *
 * @param into filled completely
 */
export function scanProperties(bytes: Uint8Array, start: number, end: number, into: PropertyRanges): void {
  into.tagsStart = into.tagsEnd = into.keysStart = into.keysEnd = 0;
  into.uniqStart = into.uniqEnd = into.delayStart = into.delayEnd = 0;
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
  const { delayStart, delayEnd } = ranges;
  if (delayEnd === delayStart || delayEnd - delayStart > 10) return 0;
  let level = 0;
  for (let at = delayStart; at < delayEnd; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    level = level * 10 + digit;
  }
  return level <= 0x7fffffff ? level : 0;
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
