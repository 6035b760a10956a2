/**
 * The properties of a message on the hot path: unescaped from the request's header straight into the record, while
 * the names that matter are looked at byte by byte.
 *
 * Form: name U+0001 value U+0002, repeated. Source: common/.../message/MessageDecoder.java#string2messageProperties.
 */

/** What one pass over the properties found. Reused for every message; ranges are positions in the target bytes. */
export class PropertyScan {
  /** Position after the last byte written. */
  end = 0;
  tagsStart = -1;
  tagsEnd = -1;
  keysStart = -1;
  keysEnd = -1;
  uniqKeyStart = -1;
  uniqKeyEnd = -1;
}

const BACKSLASH = 0x5c;

/**
 * Properties that make the broker do more than append, or that it writes itself. A message that carries one takes the
 * slow way. Compared by name; kept few, since the common case compares against nothing but the first letter.
 */
const SPECIAL = new Set([
  'DELAY',
  'TRAN_MSG',
  'PGROUP',
  'POP_CK',
  'MSG_REGION',
  'TRACE_ON',
  'CLUSTER',
  'MSG_TYPE',
  'INNER_NUM',
  'INNER_BASE',
  'INNER_MULTI_DISPATCH',
  'INNER_MULTI_QUEUE_OFFSET',
  'TIMER_DELAY_SEC',
  'TIMER_DELAY_MS',
  'TIMER_DELIVER_MS',
  'TIMER_DEL_UNIQKEY',
  'REAL_TOPIC',
  'REAL_QID',
  'RETRY_TOPIC',
  'RECONSUME_TIME',
  'MAX_RECONSUME_TIMES',
  '__CRC32#',
]);

const SPECIAL_FIRST = new Uint8Array(128);
for (const name of SPECIAL) SPECIAL_FIRST[name.charCodeAt(0)] = 1;

function nameOf(bytes: Uint8Array, start: number, end: number): string {
  let name = '';
  for (let i = start; i < end; i++) name += String.fromCharCode(bytes[i] as number);
  return name;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * Copies the properties in `bytes[start, end)` to `target[at…]`, unescaped if they are JSON text, and notes where TAGS, KEYS and UNIQ_KEY lie.
 * A missing final U+0002 is added (4.9 clients leave it out). At most `end - start + 1` bytes are written.
 *
 * @returns false on anything out of the ordinary: an unknown escape, a pair with an empty name or value or without
 *   U+0001, a duplicate of a looked-at name, or a property that the slow way has to treat
 */
export function unescapeProperties(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  out: PropertyScan,
  isJson = true,
): boolean {
  out.tagsStart = -1;
  out.keysStart = -1;
  out.uniqKeyStart = -1;
  let write = at;
  let nameStart = at;
  let valueStart = -1;
  let position = start;
  while (position < end) {
    let byte = bytes[position++] as number;
    // Hashes are of characters: beyond ASCII these are not bytes.
    if (byte >= 0x80) return false;
    if (byte === BACKSLASH && isJson) {
      byte = bytes[position++] as number;
      if (byte === 0x75) {
        if (position + 4 > end || bytes[position] !== 0x30 || bytes[position + 1] !== 0x30) return false;
        const high = hexDigit(bytes[position + 2] as number);
        const low = hexDigit(bytes[position + 3] as number);
        if (high < 0 || high > 7 || low < 0) return false;
        byte = high * 16 + low;
        position += 4;
      } else if (byte === 0x74) byte = 0x09;
      else if (byte === 0x6e) byte = 0x0a;
      else if (byte === 0x72) byte = 0x0d;
      else if (byte !== 0x22 && byte !== BACKSLASH && byte !== 0x2f) return false;
    }
    target[write++] = byte;
    if (byte === 1) {
      // A second U+0001 belongs to the value for Java's reader; leave that to the slow way.
      if (valueStart >= 0 || write - 1 === nameStart) return false;
      valueStart = write;
    } else if (byte === 2) {
      if (valueStart < 0 || write - 1 === valueStart) return false;
      if (!notePair(target, nameStart, valueStart, write - 1, out)) return false;
      nameStart = write;
      valueStart = -1;
    }
  }
  if (write !== nameStart) {
    if (valueStart < 0 || write === valueStart) return false;
    if (!notePair(target, nameStart, valueStart, write, out)) return false;
    target[write++] = 2;
  }
  out.end = write;
  return true;
}

function notePair(
  bytes: Uint8Array,
  nameStart: number,
  valueStart: number,
  valueEnd: number,
  out: PropertyScan,
): boolean {
  const length = valueStart - 1 - nameStart;
  const first = bytes[nameStart] as number;
  if (length === 4) {
    if (
      first === 0x54 &&
      bytes[nameStart + 1] === 0x41 &&
      bytes[nameStart + 2] === 0x47 &&
      bytes[nameStart + 3] === 0x53
    ) {
      if (out.tagsStart >= 0) return false;
      out.tagsStart = valueStart;
      out.tagsEnd = valueEnd;
      return true;
    }
    if (
      first === 0x4b &&
      bytes[nameStart + 1] === 0x45 &&
      bytes[nameStart + 2] === 0x59 &&
      bytes[nameStart + 3] === 0x53
    ) {
      if (out.keysStart >= 0) return false;
      out.keysStart = valueStart;
      out.keysEnd = valueEnd;
      return true;
    }
    if (first === 0x57 && nameOf(bytes, nameStart, valueStart - 1) === 'WAIT') {
      // Java's producers always write it; a message that does not wait for the disk is answered by the slow way.
      return nameOf(bytes, valueStart, valueEnd) === 'true';
    }
  } else if (length === 8 && first === 0x55 && nameOf(bytes, nameStart, valueStart - 1) === 'UNIQ_KEY') {
    if (out.uniqKeyStart >= 0) return false;
    out.uniqKeyStart = valueStart;
    out.uniqKeyEnd = valueEnd;
    return true;
  }
  return SPECIAL_FIRST[first] === 0 || !SPECIAL.has(nameOf(bytes, nameStart, valueStart - 1));
}

/** Java's String.hashCode over ASCII bytes, continued from `hash`. Source: java.lang.String#hashCode. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, hash: number): number {
  let h = hash;
  for (let i = start; i < end; i++) h = (Math.imul(31, h) + (bytes[i] as number)) | 0;
  return h;
}
