/**
 * CRC-32 (IEEE) as RocketMQ stores it: without the top bit, so that Java's int stays positive.
 *
 * Below 200 bytes slicing-by-8 in JavaScript beats the call into zlib; above, zlib wins (16 B: 6 times
 * faster here, 1 KiB: 2.5 times faster there).
 *
 * Source: common/.../UtilAll.java#crc32
 */
import { crc32 as zlibCrc32 } from 'node:zlib';

const SMALL_BYTES = 200;

function buildTables(): readonly Int32Array[] {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  const first = tables[0] as Int32Array;
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    first[n] = c;
  }
  for (let n = 0; n < 256; n++) {
    for (let k = 1; k < 8; k++) {
      const previous = (tables[k - 1] as Int32Array)[n] as number;
      (tables[k] as Int32Array)[n] = (previous >>> 8) ^ (first[previous & 0xff] as number);
    }
  }
  return tables;
}

const [T0, T1, T2, T3, T4, T5, T6, T7] = buildTables() as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/** The JavaScript half, exported for tests and for engines without zlib's: same result as `crc32`. */
export function crc32Sliced(bytes: Uint8Array, start: number, end: number): number {
  let c = -1;
  let i = start;
  // The ! below: the index is inside [start, end), or masked to a table's 256 entries.
  for (const last = end - 7; i < last; i += 8) {
    c ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    c =
      T7[c & 0xff]! ^
      T6[(c >>> 8) & 0xff]! ^
      T5[(c >>> 16) & 0xff]! ^
      T4[c >>> 24]! ^
      T3[bytes[i + 4]!]! ^
      T2[bytes[i + 5]!]! ^
      T1[bytes[i + 6]!]! ^
      T0[bytes[i + 7]!]!;
  }
  for (; i < end; i++) c = (c >>> 8) ^ T0[(c ^ bytes[i]!) & 0xff]!;
  return ~c & 0x7fffffff;
}

/**
 * CRC-32 of `[start, end)` of `bytes`, masked to 31 bits.
 *
 * @param start first position, 0 by default; the caller keeps 0 <= start <= end <= bytes.length
 * @returns 0 .. 2^31-1; 0 for no bytes, as Java has it for a null or empty body
 */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const length = end - start;
  if (length < SMALL_BYTES) return crc32Sliced(bytes, start, end);
  return zlibCrc32(new Uint8Array(bytes.buffer, bytes.byteOffset + start, length)) & 0x7fffffff;
}
