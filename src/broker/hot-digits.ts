/** Numbers written into the bytes of an answer that is made already. */

/** Decimal digits of a safe integer >= 0. */
export function digitCount(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}

/** Writes `value` (>= 0, safe) right-aligned into exactly `digits` places at `at`. */
export function writeDigits(target: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = Math.floor(rest / 10);
    target[i] = 0x30 + (rest - next * 10);
    rest = next;
  }
}

/** Writes a big-endian int32. */
export function writeInt32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

/** In a frame with a binary header: behind its length, the header's, code, language and version. */
export const BINARY_OPAQUE_AT = 13;
