/**
 * The CRC of a record in its last property: `__CRC32#` U+0001, ten digits, U+0002. The digits are those of the CRC-32
 * (31 bits of it) of everything before the property, the least significant first, filled up with zeros.
 *
 * Source: store/CommitLog.java, common/message/MessageDecoder.java#createCrc32
 */
import { crc32 } from '../../protocol/crc32.js';
import { MessageProperty } from '../../protocol/message-property.js';

const NAME = Buffer.from(`${MessageProperty.CRC32}\u0001`);
const DIGITS = 10;
const PAIR_END = 2;
const ZERO = 0x30;

/** Bytes of the property. */
export const CRC_PROPERTY_BYTES = NAME.length + DIGITS + 1;

/** Writes the property into the last bytes of a record that is complete but for them. */
export function writeCrcProperty(bytes: Uint8Array, at: number, size: number): void {
  const start = at + size - CRC_PROPERTY_BYTES;
  let rest = crc32(bytes, at, start);
  bytes.set(NAME, start);
  for (let i = 0; i < DIGITS; i++) {
    bytes[start + NAME.length + i] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  bytes[at + size - 1] = PAIR_END;
}

/** Whether a record ends with the property, right or wrong. */
export function hasCrcProperty(bytes: Uint8Array, at: number, size: number): boolean {
  const start = at + size - CRC_PROPERTY_BYTES;
  for (let i = 0; i < NAME.length; i++) if (bytes[start + i] !== NAME[i]) return false;
  return true;
}

/** Whether a record ends with the property and its CRC is right. */
export function isCrcPropertyRight(bytes: Uint8Array, at: number, size: number): boolean {
  if (!hasCrcProperty(bytes, at, size)) return false;
  const start = at + size - CRC_PROPERTY_BYTES;
  let crc = 0;
  for (let i = DIGITS - 1; i >= 0; i--) {
    const digit = (bytes[start + NAME.length + i] as number) - ZERO;
    if (digit < 0 || digit > 9) return false;
    crc = crc * 10 + digit;
  }
  return crc === crc32(bytes, at, start);
}
