/**
 * Reader of LZ4 frames. There is no npm package that is maintained, pure JavaScript and bounded against
 * hostile input, and the format is small.
 *
 *   magic 0x184D2204 | FLG | BD | contentSize uint64? | dictId uint32? | HC
 *   | (blockSize uint32, top bit: stored | block | blockChecksum uint32?)* | 0 uint32 | contentChecksum uint32?
 *                                                                                           little-endian
 *
 * Source: lz4 doc/lz4_Frame_format.md and lz4_Block_format.md (format 1.6.x); written by Apache's Lz4Compressor.java
 */
import { MessageFormatError } from './errors.js';
import { xxh32 } from './xxh32.js';

const FRAME_MAGIC = 0x184d2204;
const SKIPPABLE_MAGIC = 0x184d2a50;
const MIN_MATCH = 4;
const BLOCK_STORED = 0x80000000;
const INITIAL_BYTES = 64 * 1024;

/** Output that grows by doubling up to a limit. Matches may reach back over all of one frame. */
class Output {
  bytes: Buffer;
  length = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.bytes = Buffer.allocUnsafe(Math.min(maxBytes, INITIAL_BYTES));
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.#maxBytes) throw new MessageFormatError(`more than ${this.#maxBytes} bytes come out`);
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.min(this.#maxBytes, Math.max(needed, this.bytes.length * 2)));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

function need(source: Buffer, what: string, position: number, count: number, end = source.length): void {
  const available = end - position;
  if (count > available) {
    throw new MessageFormatError(`${what} at position ${position}: ${count} bytes needed, ${available} available`);
  }
}

/** One compressed block, `[start, end)` of source. Matches reach back to `frameStart` of the output at most. */
function decodeBlock(source: Buffer, start: number, end: number, out: Output, frameStart: number): void {
  let at = start;
  const extendedLength = (nibble: number): number => {
    let length = nibble;
    if (nibble < 15) return length;
    let more: number;
    do {
      need(source, 'LZ4 length', at, 1, end);
      more = source[at++] as number;
      length += more;
    } while (more === 255);
    return length;
  };
  while (at < end) {
    const token = source[at++] as number;
    const literalLength = extendedLength(token >> 4);
    need(source, 'LZ4 literals', at, literalLength, end);
    out.reserve(literalLength);
    source.copy(out.bytes, out.length, at, at + literalLength);
    out.length += literalLength;
    at += literalLength;
    if (at === end) return;
    need(source, 'LZ4 match distance', at, 2, end);
    const distance = source.readUInt16LE(at);
    at += 2;
    if (distance === 0 || distance > out.length - frameStart) {
      throw new MessageFormatError(`LZ4 match distance ${distance} at position ${at - 2} reaches before the frame`);
    }
    const matchLength = extendedLength(token & 15) + MIN_MATCH;
    out.reserve(matchLength);
    const { bytes } = out;
    const to = out.length;
    if (distance >= matchLength) bytes.copyWithin(to, to - distance, to - distance + matchLength);
    else for (let i = 0; i < matchLength; i++) bytes[to + i] = bytes[to + i - distance] as number;
    out.length += matchLength;
  }
}

/** One frame at `start`; returns the position after it. */
function decodeFrame(source: Buffer, start: number, out: Output): number {
  need(source, 'LZ4 frame header', start, 7);
  const flags = source[start + 4] as number;
  if (flags >> 6 !== 1) throw new MessageFormatError(`LZ4 frame version ${flags >> 6} is unknown`);
  if (flags & 1) throw new MessageFormatError('LZ4 frame needs a dictionary');
  const hasBlockChecksum = (flags & 0x10) !== 0;
  const hasContentSize = (flags & 0x08) !== 0;
  const hasContentChecksum = (flags & 0x04) !== 0;
  const headerEnd = start + (hasContentSize ? 14 : 6);
  need(source, 'LZ4 frame header', start, headerEnd + 1 - start);
  if (((xxh32(source, start + 4, headerEnd) >>> 8) & 0xff) !== source[headerEnd]) {
    throw new MessageFormatError(`LZ4 frame header at position ${start} does not match its checksum`);
  }
  const frameStart = out.length;
  let at = headerEnd + 1;
  for (;;) {
    need(source, 'LZ4 block size', at, 4);
    const word = source.readUInt32LE(at);
    at += 4;
    if (word === 0) break;
    const size = word & 0x7fffffff;
    need(source, 'LZ4 block', at, size + (hasBlockChecksum ? 4 : 0));
    if (word >= BLOCK_STORED) {
      out.reserve(size);
      source.copy(out.bytes, out.length, at, at + size);
      out.length += size;
    } else {
      decodeBlock(source, at, at + size, out, frameStart);
    }
    if (hasBlockChecksum && xxh32(source, at, at + size) !== source.readUInt32LE(at + size)) {
      throw new MessageFormatError(`LZ4 block at position ${at} does not match its checksum`);
    }
    at += size + (hasBlockChecksum ? 4 : 0);
  }
  const contentBytes = out.length - frameStart;
  if (hasContentSize && source.readBigUInt64LE(start + 6) !== BigInt(contentBytes)) {
    throw new MessageFormatError(
      `LZ4 frame at position ${start} gives ${contentBytes} bytes, its header says otherwise`,
    );
  }
  if (hasContentChecksum) {
    need(source, 'LZ4 content checksum', at, 4);
    if (xxh32(out.bytes, frameStart, out.length) !== source.readUInt32LE(at)) {
      throw new MessageFormatError(`LZ4 frame at position ${start} does not match its checksum`);
    }
    at += 4;
  }
  return at;
}

/**
 * Decodes concatenated LZ4 frames; skippable ones are skipped.
 *
 * @param maxBytes most bytes of the result
 * @returns the caller's own
 * @throws MessageFormatError if the bytes are cut or damaged, a checksum differs, or more would come out
 */
export function decodeLz4Frames(bytes: Uint8Array, maxBytes: number): Buffer {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Output(maxBytes);
  let at = 0;
  do {
    need(source, 'LZ4 frame magic', at, 4);
    const magic = source.readUInt32LE(at);
    if (magic === FRAME_MAGIC) {
      at = decodeFrame(source, at, out);
    } else if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      need(source, 'LZ4 skippable frame', at, 8);
      const size = 8 + source.readUInt32LE(at + 4);
      need(source, 'LZ4 skippable frame', at, size);
      at += size;
    } else {
      throw new MessageFormatError(`magic 0x${magic.toString(16)} at position ${at} is no LZ4 frame`);
    }
  } while (at < source.length);
  return out.bytes.subarray(0, out.length);
}
