/**
 * Reader of zstd frames, through the package fzstd, which is loaded when the first such body comes.
 * Frames are walked block by block before, so that fzstd neither reads past the end nor allocates what a
 * hostile header asks for.
 *
 * Source: RFC 8878; written by Apache's ZstdCompressor.java
 */
import { createRequire } from 'node:module';
import { MessageFormatError } from './errors.js';

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;
/** What every decoder should allow, by RFC 8878 section 3.1.1.1.2; larger only if the limit of the result is. */
const MIN_WINDOW_LIMIT_BYTES = 8 * 1024 * 1024;
/** fzstd moves the whole window once a block: this bounds the work, 64 MiB in full blocks with an 8 MiB window. */
const MAX_MOVED_BYTES = 4 * 1024 ** 3;

type Fzstd = typeof import('fzstd');
const load = createRequire(import.meta.url);

function need(what: string, position: number, count: number, end: number): void {
  if (count > end - position) {
    throw new MessageFormatError(`${what} at position ${position}: ${count} bytes needed, ${end - position} available`);
  }
}

/** Window size in bytes, and the length of the frame header with its magic. */
function frameHeader(
  source: Buffer,
  start: number,
): { windowBytes: number; headerBytes: number; hasChecksum: boolean } {
  need('zstd frame header', start, 6, source.length);
  const descriptor = source[start + 4] as number;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  const dictIdBytes = [0, 1, 2, 4][descriptor & 3] as number;
  if (dictIdBytes > 0) throw new MessageFormatError('zstd frame needs a dictionary');
  const contentSizeAt = start + 5 + (isSingleSegment ? 0 : 1);
  const headerBytes = contentSizeAt + contentSizeBytes - start;
  need('zstd frame header', start, headerBytes, source.length);
  const hasChecksum = (descriptor & 4) !== 0;
  if (!isSingleSegment) {
    const window = source[start + 5] as number;
    const base = 2 ** (10 + (window >> 3));
    return { windowBytes: base + (base / 8) * (window & 7), headerBytes, hasChecksum };
  }
  const contentSize =
    contentSizeBytes === 8
      ? Number(source.readBigUInt64LE(contentSizeAt))
      : source.readUIntLE(contentSizeAt, contentSizeBytes) + (contentSizeBytes === 2 ? 256 : 0);
  return { windowBytes: contentSize, headerBytes, hasChecksum };
}

/** Checks the frame at `start` and returns the position after it. */
function skipFrame(source: Buffer, start: number, maxBytes: number): number {
  const { windowBytes, headerBytes, hasChecksum } = frameHeader(source, start);
  const maxWindowBytes = Math.max(MIN_WINDOW_LIMIT_BYTES, maxBytes);
  if (windowBytes > maxWindowBytes) {
    throw new MessageFormatError(`zstd window of ${windowBytes} bytes: at most ${maxWindowBytes} allowed`);
  }
  let at = start + headerBytes;
  let moved = 0;
  for (let isLast = false; !isLast; ) {
    need('zstd block header', at, 3, source.length);
    const header = source.readUIntLE(at, 3);
    isLast = (header & 1) === 1;
    const type = (header >> 1) & 3;
    if (type === RESERVED_BLOCK) throw new MessageFormatError(`zstd block at position ${at} has a reserved type`);
    const size = type === RLE_BLOCK ? 1 : header >> 3;
    need('zstd block', at + 3, size, source.length);
    at += 3 + size;
    moved += windowBytes;
    if (moved > MAX_MOVED_BYTES) throw new MessageFormatError('zstd frame of too many blocks for its window');
  }
  if (hasChecksum) need('zstd checksum', at, 4, source.length);
  return at + (hasChecksum ? 4 : 0);
}

/**
 * Decodes concatenated zstd frames; skippable ones are skipped. The optional content checksum is not compared:
 * a record's body CRC covers the compressed bytes.
 *
 * @param maxBytes most bytes of the result
 * @returns the caller's own
 * @throws MessageFormatError if the bytes are cut, or more would come out; what fzstd throws if they are damaged
 */
export function decodeZstdFrames(bytes: Uint8Array, maxBytes: number): Buffer {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let total = 0;
  let at = 0;
  do {
    need('zstd frame magic', at, 4, source.length);
    const magic = source.readUInt32LE(at);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      need('zstd skippable frame', at, 8, source.length);
      const size = 8 + source.readUInt32LE(at + 4);
      need('zstd skippable frame', at, size, source.length);
      at += size;
      continue;
    }
    if (magic !== FRAME_MAGIC) {
      throw new MessageFormatError(`magic 0x${magic.toString(16)} at position ${at} is no zstd frame`);
    }
    const end = skipFrame(source, at, maxBytes);
    const { Decompress } = load('fzstd') as Fzstd;
    const stream = new Decompress((part) => {
      total += part.length;
      if (total > maxBytes) throw new MessageFormatError(`more than ${maxBytes} bytes come out`);
      parts.push(part);
    });
    stream.push(source.subarray(at, end), true);
    at = end;
  } while (at < source.length);
  return Buffer.concat(parts, total);
}
