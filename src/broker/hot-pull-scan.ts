/**
 * Byte scanner for the header of a PULL_MESSAGE or LITE_PULL_MESSAGE request, JSON or binary; see hot-scan.ts.
 *
 * Source: remoting/.../header/PullMessageRequestHeader.java
 */
import {
  CLOSE,
  COLON,
  COMMA,
  MAX_INT32,
  numberEnd,
  plainStringEnd,
  QUOTE,
  RequestScan,
  scanBinaryHead,
  scanJsonRequest,
  scanNumber,
} from './hot-scan.js';

/** What one scan found. One object is reused for every frame; ranges are positions in the scanned bytes. */
export class PullHeaderScan extends RequestScan {
  groupStart = 0;
  groupEnd = 0;
  topicStart = 0;
  topicEnd = 0;
  /** -1 without one, as with `type`. */
  subscriptionStart = -1;
  subscriptionEnd = -1;
  typeStart = -1;
  typeEnd = -1;
  queueId = 0;
  queueOffset = 0;
  maxMsgNums = 0;
  sysFlag = 0;
  commitOffset = 0;
  subVersion = 0;
}

/** Fields by name, with their bits in what was seen. */
const BITS = {
  consumerGroup: 1,
  topic: 2,
  queueId: 4,
  queueOffset: 8,
  maxMsgNums: 16,
  sysFlag: 32,
  commitOffset: 64,
  suspendTimeoutMillis: 128,
  subVersion: 256,
  subscription: 512,
  expressionType: 1024,
  /** A proxy pulls for somebody: not for the fast way. */
  requestSource: 2048,
} as const;

/** What a header must have. */
const NEEDED = 511;

interface Field {
  readonly name: Uint8Array;
  readonly bit: number;
}

/** A name's length and first letter tell these fields apart. */
const place = (length: number, first: number): number => (length & 31) * 32 + (first & 31);

const FIELDS: (Field | undefined)[] = new Array(1024).fill(undefined);
for (const [name, bit] of Object.entries(BITS)) {
  const bytes = new TextEncoder().encode(name);
  FIELDS[place(bytes.length, bytes[0] as number)] = { name: bytes, bit };
}

/** Bit of the field that is named in [start, end); 0 for another. */
function bitOf(bytes: Uint8Array, start: number, end: number): number {
  const field = FIELDS[place(end - start, bytes[start] as number)];
  if (field === undefined || field.name.length !== end - start) return 0;
  const { name } = field;
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return 0;
  return field.bit;
}

/** Keeps the value of a field. @returns false if it is not of the plain form */
function takeField(bit: number, bytes: Uint8Array, start: number, end: number, out: PullHeaderScan): boolean {
  switch (bit) {
    case BITS.consumerGroup:
      out.groupStart = start;
      out.groupEnd = end;
      return true;
    case BITS.topic:
      out.topicStart = start;
      out.topicEnd = end;
      return true;
    case BITS.subscription:
      out.subscriptionStart = start;
      out.subscriptionEnd = end;
      return true;
    case BITS.expressionType:
      out.typeStart = start;
      out.typeEnd = end;
      return true;
    case BITS.requestSource:
      return false;
  }
  const value = scanNumber(bytes, start, end);
  if (numberEnd !== end || Number.isNaN(value)) return false;
  switch (bit) {
    case BITS.queueOffset:
      out.queueOffset = value;
      return true;
    case BITS.commitOffset:
      out.commitOffset = value;
      return true;
    case BITS.subVersion:
      out.subVersion = value;
      return true;
    case BITS.suspendTimeoutMillis:
      return true;
  }
  if (value < -MAX_INT32 - 1 || value > MAX_INT32) return false;
  if (bit === BITS.queueId) out.queueId = value;
  else if (bit === BITS.maxMsgNums) out.maxMsgNums = value;
  else out.sysFlag = value;
  return true;
}

/** Scans `{"topic":"…",…}` from the byte after its brace. Returns the position after the closing brace, or -1. */
function scanExtFields(bytes: Uint8Array, at: number, end: number, out: PullHeaderScan): number {
  let position = at;
  let seen = 0;
  for (;;) {
    if (bytes[position] !== QUOTE) return -1;
    const keyStart = position + 1;
    const keyEnd = plainStringEnd(bytes, keyStart, end);
    if (keyEnd < 0 || bytes[keyEnd + 1] !== COLON || bytes[keyEnd + 2] !== QUOTE) return -1;
    const start = keyEnd + 3;
    const valueEnd = plainStringEnd(bytes, start, end);
    if (valueEnd < 0) return -1;
    const bit = bitOf(bytes, keyStart, keyEnd);
    if ((seen & bit) !== 0 || (bit !== 0 && !takeField(bit, bytes, start, valueEnd, out))) return -1;
    seen |= bit;
    position = valueEnd + 1;
    const next = bytes[position];
    if (next === CLOSE) break;
    if (next !== COMMA) return -1;
    position++;
  }
  return (seen & NEEDED) === NEEDED ? position + 1 : -1;
}

/** What a header may leave out. */
function clear(out: PullHeaderScan): void {
  out.subscriptionStart = -1;
  out.subscriptionEnd = -1;
  out.typeStart = -1;
  out.typeEnd = -1;
}

/**
 * Scans one binary header.
 *
 * @param view over the same memory as `bytes`, from the same start
 * @returns false when it is anything but a plain request
 */
export function scanBinaryPullHeader(
  view: DataView,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: PullHeaderScan,
): boolean {
  clear(out);
  let at = scanBinaryHead(view, start, end, out);
  if (at < 0) return false;
  let seen = 0;
  while (at < end) {
    if (at + 2 > end) return false;
    const nameStart = at + 2;
    const nameEnd = nameStart + view.getInt16(at);
    if (nameEnd <= nameStart || nameEnd + 4 > end) return false;
    const valueBytes = view.getInt32(nameEnd);
    at = nameEnd + 4;
    // A value without a byte counts as missing.
    if (valueBytes <= 0 || valueBytes > end - at) return false;
    const bit = bitOf(bytes, nameStart, nameEnd);
    if ((seen & bit) !== 0 || (bit !== 0 && !takeField(bit, bytes, at, at + valueBytes, out))) return false;
    seen |= bit;
    at += valueBytes;
  }
  return (
    (seen & NEEDED) === NEEDED &&
    isAscii(bytes, out.groupStart, out.groupEnd) &&
    isAscii(bytes, out.topicStart, out.topicEnd) &&
    isAscii(bytes, out.subscriptionStart, out.subscriptionEnd) &&
    isAscii(bytes, out.typeStart, out.typeEnd)
  );
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] as number) >= 0x80) return false;
  return true;
}

/**
 * Scans one JSON header.
 *
 * @param bytes memory that holds the header in [start, end); not kept
 * @param out overwritten; meaningful only when true is returned
 * @returns false when the header is anything but the plain form
 */
export function scanPullHeader(bytes: Uint8Array, start: number, end: number, out: PullHeaderScan): boolean {
  clear(out);
  return scanJsonRequest(bytes, start, end, out, scanExtFields);
}
