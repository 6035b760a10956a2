/**
 * Byte scanner for the header of a SEND_MESSAGE_V2 request, JSON or binary: no string, no object, no JSON.parse.
 *
 * It understands exactly what well-behaved clients write, in any key order. Anything else (another shape, an
 * escape it does not know, a byte >= 0x80, a duplicate key, a number that is not plain digits) makes it return
 * false, and the caller takes the slow and obvious way, which is also its test oracle.
 *
 * Source: remoting/.../header/SendMessageRequestHeaderV2.java; reference/hot-path.md section 2.
 */
import {
  CLOSE,
  COLON,
  COMMA,
  isFalse,
  isTrue,
  MAX_INT32,
  numberEnd,
  plainStringEnd,
  QUOTE,
  RequestScan,
  scanBinaryHead,
  scanJsonRequest,
  scanNumber,
  stringEnd,
} from './hot-scan.js';

/** What one scan found. One object is reused for every frame; ranges are positions in the scanned bytes. */
export class SendHeaderScan extends RequestScan {
  topicStart = 0;
  topicEnd = 0;
  queueId = 0;
  sysFlag = 0;
  bornTimestamp = 0;
  messageFlag = 0;
  /** Still escaped if the header is JSON; -1 when it carries no properties. */
  propertiesStart = -1;
  propertiesEnd = -1;
  reconsumeTimes = 0;
  unitMode = false;
  batch = false;
}

/** Fields a…j, m that every V2 header must have: bits 0…. Missing one means the slow way. */
const NEEDED = bit('b') | bit('e') | bit('f') | bit('g') | bit('h');

function bit(letter: string): number {
  return 1 << (letter.charCodeAt(0) - 0x61);
}

/** Keeps the value of a field a…n. @returns false if it is not of the plain form */
function takeField(letter: number, bytes: Uint8Array, start: number, end: number, out: SendHeaderScan): boolean {
  switch (letter) {
    case 0x62: // b: topic
      out.topicStart = start;
      out.topicEnd = end;
      return true;
    case 0x69: // i: properties
      out.propertiesStart = start;
      out.propertiesEnd = end;
      return true;
    case 0x65: // e: queueId
    case 0x66: // f: sysFlag
    case 0x68: // h: flag
    case 0x6a: {
      // j: reconsumeTimes
      const value = scanNumber(bytes, start, end);
      if (numberEnd !== end || !(value >= -MAX_INT32 - 1 && value <= MAX_INT32)) return false;
      if (letter === 0x65) out.queueId = value;
      else if (letter === 0x66) out.sysFlag = value;
      else if (letter === 0x68) out.messageFlag = value;
      else out.reconsumeTimes = value;
      return true;
    }
    case 0x67: {
      // g: bornTimestamp
      const value = scanNumber(bytes, start, end);
      if (numberEnd !== end || !(value >= 0)) return false;
      out.bornTimestamp = value;
      return true;
    }
    case 0x6b: // k: unitMode
    case 0x6d: {
      // m: batch
      const yes = isTrue(bytes, start, end);
      if (!yes && !isFalse(bytes, start, end)) return false;
      if (letter === 0x6b) out.unitMode = yes;
      else out.batch = yes;
      return true;
    }
    default: // a, c, d, l, n: of no consequence for a topic that exists
      return true;
  }
}

/** Scans `{"a":"…",…}` from the byte after its brace. Returns the position after the closing brace, or -1. */
function scanExtFields(bytes: Uint8Array, at: number, end: number, out: SendHeaderScan): number {
  let position = at;
  let seen = 0;
  for (;;) {
    if (bytes[position] !== QUOTE) return -1;
    const keyStart = position + 1;
    const keyEnd = plainStringEnd(bytes, keyStart, end);
    if (keyEnd < 0 || bytes[keyEnd + 1] !== COLON || bytes[keyEnd + 2] !== QUOTE) return -1;
    const start = keyEnd + 3;
    const letter = keyEnd - keyStart === 1 ? (bytes[keyStart] as number) : 0;
    const valueEnd = letter === 0x69 ? stringEnd(bytes, start, end) : plainStringEnd(bytes, start, end);
    if (valueEnd < 0) return -1;
    if (letter >= 0x61 && letter <= 0x6e) {
      const mask = 1 << (letter - 0x61);
      if ((seen & mask) !== 0) return -1;
      seen |= mask;
      if (!takeField(letter, bytes, start, valueEnd, out)) return -1;
    } else if (letter !== 0 || keyEnd === keyStart) {
      return -1;
    }
    position = valueEnd + 1;
    const next = bytes[position];
    if (next === CLOSE) break;
    if (next !== COMMA) return -1;
    position++;
  }
  return (seen & NEEDED) === NEEDED ? position + 1 : -1;
}

/** What a header may leave out. */
function clear(out: SendHeaderScan): void {
  out.propertiesStart = -1;
  out.propertiesEnd = -1;
  out.reconsumeTimes = 0;
  out.unitMode = false;
  out.batch = false;
}

/**
 * Scans one binary header; the layout is told in protocol/header-binary.ts.
 *
 * @param view over the same memory as `bytes`, from the same start
 * @returns false when it is anything but a plain request
 */
export function scanBinarySendHeader(
  view: DataView,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: SendHeaderScan,
): boolean {
  clear(out);
  let at = scanBinaryHead(view, start, end, out);
  if (at < 0) return false;
  let seen = 0;
  while (at < end) {
    if (at + 2 > end) return false;
    const nameBytes = view.getInt16(at);
    const letter = bytes[at + 2] as number;
    at += 2 + nameBytes;
    if (nameBytes <= 0 || at + 4 > end) return false;
    const valueBytes = view.getInt32(at);
    at += 4;
    // A value without a byte counts as missing.
    if (valueBytes <= 0 || valueBytes > end - at) return false;
    if (nameBytes === 1 && letter >= 0x61 && letter <= 0x6e) {
      const mask = 1 << (letter - 0x61);
      if ((seen & mask) !== 0 || !takeField(letter, bytes, at, at + valueBytes, out)) return false;
      seen |= mask;
    }
    at += valueBytes;
  }
  if ((seen & NEEDED) !== NEEDED) return false;
  for (let i = out.topicStart; i < out.topicEnd; i++) if ((bytes[i] as number) >= 0x80) return false;
  return true;
}

/**
 * Scans one JSON header.
 *
 * @param bytes memory that holds the header in [start, end); not kept
 * @param out overwritten; meaningful only when true is returned
 * @returns false when the header is anything but the plain form
 */
export function scanSendHeader(bytes: Uint8Array, start: number, end: number, out: SendHeaderScan): boolean {
  clear(out);
  return scanJsonRequest(bytes, start, end, out, scanExtFields);
}
