/**
 * Scanning the headers of the requests that come most often by bytes: no string, no object, no JSON.parse.
 *
 * What is understood is exactly what well-behaved clients write, in any key order. Anything else (another shape, an
 * unknown escape, a byte >= 0x80, a duplicate key, a number that is not plain digits) ends the scan without a result,
 * and the caller takes the slow and obvious way, which is also its test oracle. Source: reference/hot-path.md section 2.
 */

export const QUOTE = 0x22;
export const COLON = 0x3a;
export const COMMA = 0x2c;
export const CLOSE = 0x7d;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

export const MAX_INT32 = 0x7fffffff;

/** What every request has. */
export class RequestScan {
  code = 0;
  flag = 0;
  opaque = 0;
  version = 0;
}

/** Where the last `scanNumber` has ended. */
export let numberEnd = 0;

/** Reads `-?digits` in [at, end); leaves the end in `numberEnd`. NaN when there is no plain safe number. */
export function scanNumber(bytes: Uint8Array, at: number, end: number): number {
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
export function plainStringEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let position = at; position < end; position++) {
    const byte = bytes[position] as number;
    if (byte === QUOTE) return position;
    if (byte === BACKSLASH || byte < 0x20 || byte >= 0x80) return -1;
  }
  return -1;
}

/** The same, stepping over escapes. */
export function stringEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let position = at; position < end; position++) {
    const byte = bytes[position] as number;
    if (byte === QUOTE) return position;
    if (byte === BACKSLASH) position++;
    else if (byte < 0x20 || byte >= 0x80) return -1;
  }
  return -1;
}

export function isTrue(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start === 4 &&
    bytes[start] === 0x74 &&
    bytes[start + 1] === 0x72 &&
    bytes[start + 2] === 0x75 &&
    bytes[start + 3] === 0x65
  );
}

export function isFalse(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start === 5 &&
    bytes[start] === 0x66 &&
    bytes[start + 1] === 0x61 &&
    bytes[start + 2] === 0x6c &&
    bytes[start + 3] === 0x73 &&
    bytes[start + 4] === 0x65
  );
}

/** True if [start, end) of `bytes` is `expected`. */
export function sameBytes(expected: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (expected.length !== end - start) return false;
  for (let i = 0; i < expected.length; i++) if (bytes[start + i] !== expected[i]) return false;
  return true;
}

/** Bytes of a binary header before its fields, without a remark. */
const BINARY_FIELDS_AT = 21;

/**
 * Reads what a binary header has before its fields; the layout is told in protocol/header-binary.ts.
 *
 * @returns where the fields begin, which go up to `end`; -1 if it is anything but a plain request
 */
export function scanBinaryHead(view: DataView, start: number, end: number, out: RequestScan): number {
  const at = start + BINARY_FIELDS_AT;
  // No remark, and fields up to the very end.
  if (at > end || view.getInt32(start + 13) !== 0 || view.getInt32(start + 17) !== end - at) return -1;
  out.code = view.getInt16(start);
  out.version = view.getInt16(start + 3);
  out.opaque = view.getInt32(start + 5);
  out.flag = view.getInt32(start + 9);
  return at;
}

/**
 * Scans one JSON header.
 *
 * @param bytes memory that holds the header in [start, end); not kept
 * @param out overwritten; meaningful only when true is returned
 * @param scanExtFields scans from the byte after the brace of extFields; returns the position after its end, or -1
 * @returns false when the header is anything but the plain form
 */
export function scanJsonRequest<S extends RequestScan>(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: S,
  scanExtFields: (bytes: Uint8Array, at: number, end: number, out: S) => number,
): boolean {
  out.flag = 0;
  out.version = 0;
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
