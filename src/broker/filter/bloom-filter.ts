/**
 * Bloom filters as they stand in consume-queue extensions and in consumerFilter.json.
 *
 * Source: filter/.../util/BloomFilter.java, BitsArray.java; Guava's Hashing.murmur3_128
 */
import type { BloomFilterData } from '../../protocol/bodies.js';

const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;
const M1 = 0xff51afd7ed558ccdn;
const M2 = 0xc4ceb9fe1a85ec53n;
const BLOCK_BYTES = 16;

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotl = (value: bigint, bits: bigint): bigint => wrap((value << bits) | (value >> (64n - bits)));
const mixK1 = (k: bigint): bigint => wrap(rotl(wrap(k * C1), 31n) * C2);
const mixK2 = (k: bigint): bigint => wrap(rotl(wrap(k * C2), 33n) * C1);

function finalMix(value: bigint): bigint {
  const a = wrap((value ^ (value >> 33n)) * M1);
  const b = wrap((a ^ (a >> 33n)) * M2);
  return b ^ (b >> 33n);
}

/** The low 64 bits of MurmurHash3 x64 128 with seed 0. */
export function murmur3Low64(bytes: Uint8Array): bigint {
  const padded = Buffer.alloc(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES);
  padded.set(bytes);
  const wholeEnd = bytes.length - (bytes.length % BLOCK_BYTES);
  let h1 = 0n;
  let h2 = 0n;
  for (let at = 0; at < wholeEnd; at += BLOCK_BYTES) {
    h1 ^= mixK1(padded.readBigUInt64LE(at));
    h1 = wrap((rotl(h1, 27n) + h2) * 5n + 0x52dce729n);
    h2 ^= mixK2(padded.readBigUInt64LE(at + 8));
    h2 = wrap((rotl(h2, 31n) + h1) * 5n + 0x38495ab5n);
  }
  if (wholeEnd < bytes.length) {
    h1 ^= mixK1(padded.readBigUInt64LE(wholeEnd));
    h2 ^= mixK2(padded.readBigUInt64LE(wholeEnd + 8));
  }
  const length = BigInt(bytes.length);
  h1 = wrap((h1 ^ length) + (h2 ^ length));
  h2 = wrap((h2 ^ length) + h1);
  return wrap(finalMix(h1) + finalMix(h2));
}

/** Whether a bit of a bit map is set. */
export function isBitSet(bitMap: Uint8Array, bit: number): boolean {
  return ((bitMap[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}

/**
 * A bit map as text: the highest bit first, and a new line behind each eighth byte.
 *
 * Source: filter/.../util/BitsArray.java#toString
 */
export function bitMapText(bitMap: Uint8Array): string {
  let text = '';
  for (let i = bitMap.length - 1; i >= 0; i--) {
    text += (bitMap[i] as number).toString(2).padStart(8, '0');
    if (i % 8 === 0) text += '\n';
  }
  return text;
}

export class BloomFilter {
  /** Bits that one key sets. */
  readonly hashCount: number;
  /** Length of a bit map, a multiple of 8. */
  readonly bitCount: number;

  /**
   * @param errorPercent accepted false hits, 1 to 99
   * @param keyCount how many keys are expected, at least 1
   * @throws RangeError for values outside of that
   */
  constructor(errorPercent: number, keyCount: number) {
    if (!(errorPercent >= 1 && errorPercent < 100)) throw new RangeError(`${errorPercent} percent: expected 1 to 99`);
    if (!(keyCount >= 1)) throw new RangeError(`${keyCount} keys: expected at least 1`);
    const rate = errorPercent / 100;
    this.hashCount = Math.ceil(Math.log(rate) / Math.log(0.5));
    const bits = Math.ceil(keyCount * (Math.log(1 / rate) / Math.log(2)) * (1 / Math.log(2)));
    this.bitCount = 8 * Math.ceil(bits / 8);
  }

  /** The bits of a key. */
  bitsOf(key: string): BloomFilterData {
    const hash = murmur3Low64(Buffer.from(key));
    const low = Number(BigInt.asIntN(32, hash));
    const high = Number(BigInt.asIntN(32, hash >> 32n));
    const bitPos: number[] = [];
    for (let i = 1; i <= this.hashCount; i++) {
      const combined = (low + Math.imul(i, high)) | 0;
      bitPos.push((combined < 0 ? ~combined : combined) % this.bitCount);
    }
    return { bitNum: this.bitCount, bitPos };
  }

  /** Whether bits were made by a filter of the same size. */
  isValid(data: BloomFilterData | null): data is BloomFilterData {
    return data?.bitNum === this.bitCount && data.bitPos.length === this.hashCount;
  }

  /** An empty bit map. */
  newBitMap(): Uint8Array {
    return new Uint8Array(this.bitCount / 8);
  }

  /** Sets the bits of a key. */
  add(data: BloomFilterData, bitMap: Uint8Array): void {
    for (const bit of data.bitPos) bitMap[bit >>> 3] = (bitMap[bit >>> 3] ?? 0) | (1 << (bit & 7));
  }

  /** Whether a key may have been added: never false if it was. */
  mayHold(data: BloomFilterData, bitMap: Uint8Array): boolean {
    return data.bitPos.every((bit) => isBitSet(bitMap, bit));
  }
}
