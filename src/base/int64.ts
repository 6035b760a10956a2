import { assert } from './errors.js';

const TWO_32 = 0x1_0000_0000;

/**
 * Reads a big-endian int64 as a number.
 *
 * @returns the value; NaN when it is outside ±(2^53-1), so that every later range check fails
 */
export function readInt64(view: DataView, position: number): number {
  const value = view.getInt32(position) * TWO_32 + view.getUint32(position + 4);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** Writes a safe integer as a big-endian int64. */
export function writeInt64(view: DataView, position: number, value: number): void {
  assert(Number.isSafeInteger(value), `${value} is not a safe integer`);
  view.setInt32(position, Math.floor(value / TWO_32));
  view.setUint32(position + 4, value >>> 0);
}
