/**
 * int64 fields whose value a peer chooses freely (timestamps, offsets in ids): a message must stay readable
 * even if one holds Long.MAX_VALUE. They map as in header-schema.ts: beyond ±(2^53-1) reads as
 * ±Number.MAX_SAFE_INTEGER, and ±Number.MAX_SAFE_INTEGER is written as Long.MAX_VALUE / Long.MIN_VALUE.
 */
import { writeInt64 } from '../base/int64.js';

const TWO_32 = 0x1_0000_0000;

/** Reads a big-endian int64, clamped to ±Number.MAX_SAFE_INTEGER. */
export function readInt64Clamped(view: DataView, position: number): number {
  const value = view.getInt32(position) * TWO_32 + view.getUint32(position + 4);
  if (Number.isSafeInteger(value)) return value;
  return value > 0 ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
}

/** Writes a safe integer; the two outermost become Java's long limits. */
export function writeInt64Clamped(view: DataView, position: number, value: number): void {
  if (value === Number.MAX_SAFE_INTEGER) {
    view.setInt32(position, 0x7fffffff);
    view.setInt32(position + 4, -1);
  } else if (value === Number.MIN_SAFE_INTEGER) {
    view.setInt32(position, -0x80000000);
    view.setInt32(position + 4, 0);
  } else {
    writeInt64(view, position, value);
  }
}
