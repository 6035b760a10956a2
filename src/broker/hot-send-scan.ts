/**
 * Byte scanner for the header of a SEND_MESSAGE_V2 request, JSON or binary: no string, no object, no JSON.parse.
 *
 * It understands exactly what well-behaved clients write, in any key order. Anything else (another shape, an
 * escape it does not know, a byte >= 0x80, a duplicate key, a number that is not plain digits) makes it return
 * false, and the caller takes the slow and obvious way, which is also its test oracle.
 *
 * Source: remoting/.../header/SendMessageRequestHeaderV2.java; reference/hot-path.md section 2.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

const MAX_INT32 = 0x7fffffff;

/** What one scan found. One object is reused for every frame; ranges are positions in the scanned bytes. */
export class SendHeaderScan {
  code = 0;
  flag = 0;
  opaque = 0;
  version = 0;
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

let numberEnd = 0;

/** Reads `-?digits` in [at, end); leaves the end in `numberEnd`. NaN when there is no plain safe number. */
function scanNumber(bytes: Uint8Array, at: number, end: number): number {
  let position = at;
  const negative = bytes[position] === MINUS;
  if (negative) position++;
  const first = position;
  let value = 0;
  while (position < end) {
    const digit = bytes[position] as number;
    if (digit < ZERO || digit > NINE) break;
    value = value * 10 + (digit - ZERO);
    position++;
  }
  numberEnd = position;
  const digits = position - first;
  if (digits === 0 || digits > 15) return Number.NaN;
  // JSON knows no leading zeros; Java's parser does, so leave that to the slow way.
  if (digits > 1 && bytes[first] === ZERO) return Number.NaN;
  return negative ? -value : value;
}

/** Position of the closing quote of a string without escapes that starts at `at`, or -1. */
function plainStringEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let position = at; position < end; position++) {
    const byte = bytes[position] as number;
    if (byte === QUOTE) return position;
    if (byte === BACKSLASH || byte < 0x20 || byte >= 0x80) return -1;
  }
  return -1;
}

/** The same, stepping over escapes. */
function stringEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let position = at; position < end; position++) {
    const byte = bytes[position] as number;
    if (byte === QUOTE) return position;
    if (byte === BACKSLASH) position++;
    else if (byte < 0x20 || byte >= 0x80) return -1;
  }
  return -1;
}

function isTrue(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start === 4 &&
    bytes[start] === 0x74 &&
    bytes[start + 1] === 0x72 &&
    bytes[start + 2] === 0x75 &&
    bytes[start + 3] === 0x65
  );
}

function isFalse(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start === 5 &&
    bytes[start] === 0x66 &&
    bytes[start + 1] === 0x61 &&
    bytes[start + 2] === 0x6c &&
    bytes[start + 3] === 0x73 &&
    bytes[start + 4] === 0x65
  );
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
  out.flag = 0;
  out.version = 0;
}

/** Bytes of a binary header before its fields, without a remark. */
const BINARY_FIELDS_AT = 21;

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
  let at = start + BINARY_FIELDS_AT;
  // No remark, and fields up to the very end.
  if (at > end || view.getInt32(start + 13) !== 0 || view.getInt32(start + 17) !== end - at) return false;
  out.code = view.getInt16(start);
  out.version = view.getInt16(start + 3);
  out.opaque = view.getInt32(start + 5);
  out.flag = view.getInt32(start + 9);
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
  if (bytes[start] !== OPEN) return false;
  let position = start + 1;
  let seen = 0;
  for (;;) {
    if (bytes[position] !== QUOTE) return false;
    const keyStart = position + 1;
    const keyEnd = plainStringEnd(bytes, keyStart, end);
    if (keyEnd < 0 || bytes[keyEnd + 1] !== COLON) return false;
    position = keyEnd + 2;
    const keyLength = keyEnd - keyStart;
    const first = bytes[keyStart] as number;
    // code, flag, opaque, version, extFields, language, serializeTypeCurrentRPC: told apart by length and first letter.
    if (keyLength === 4 || keyLength === 6 || keyLength === 7) {
      const kind = keyLength === 4 ? (first === 0x63 ? 1 : first === 0x66 ? 2 : 0) : 0;
      const which = kind || (keyLength === 6 && first === 0x6f ? 4 : keyLength === 7 && first === 0x76 ? 8 : 0);
      if (which === 0 || (seen & which) !== 0 || !isKnownKey(bytes, keyStart, which)) return false;
      seen |= which;
      const value = scanNumber(bytes, position, end);
      if (!(value >= -MAX_INT32 - 1 && value <= MAX_INT32)) return false;
      position = numberEnd;
      if (which === 1) out.code = value;
      else if (which === 2) out.flag = value;
      else if (which === 4) out.opaque = value;
      else out.version = value;
    } else if (keyLength === 9 && first === 0x65) {
      if ((seen & 16) !== 0 || !isKnownKey(bytes, keyStart, 16) || bytes[position] !== OPEN) return false;
      seen |= 16;
      position = scanExtFields(bytes, position + 1, end, out);
      if (position < 0) return false;
    } else {
      // language, serializeTypeCurrentRPC and what other clients add as plain strings.
      if (bytes[position] !== QUOTE) return false;
      const valueEnd = plainStringEnd(bytes, position + 1, end);
      if (valueEnd < 0) return false;
      position = valueEnd + 1;
    }
    const next = bytes[position];
    if (next === CLOSE) break;
    if (next !== COMMA) return false;
    position++;
  }
  return position + 1 === end && (seen & 21) === 21;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const KEY_CODE = ascii('code');
const KEY_FLAG = ascii('flag');
const KEY_OPAQUE = ascii('opaque');
const KEY_VERSION = ascii('version');
const KEY_EXT_FIELDS = ascii('extFields');

/** Compares all but the first letter, which chose the key. */
function isKnownKey(bytes: Uint8Array, at: number, which: number): boolean {
  const key =
    which === 1
      ? KEY_CODE
      : which === 2
        ? KEY_FLAG
        : which === 4
          ? KEY_OPAQUE
          : which === 8
            ? KEY_VERSION
            : KEY_EXT_FIELDS;
  for (let i = 1; i < key.length; i++) if (bytes[at + i] !== key[i]) return false;
  return true;
}
