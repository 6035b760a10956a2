/**
 * Compression of message bodies: zlib (RFC 1950) both ways; LZ4 frames and zstd frames are only read.
 *
 * Source: common/.../compression/CompressionType.java, ZlibCompressor.java, Lz4Compressor.java, ZstdCompressor.java
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { errorText } from '../base/errors.js';
import { MessageFormatError } from './errors.js';
import { decodeLz4Frames } from './lz4-frame.js';
import { MessageSysFlag } from './sys-flag.js';
import { decodeZstdFrames } from './zstd-frame.js';

export type CompressionType = 'ZLIB' | 'LZ4' | 'ZSTD';

/** Bodies of at least this many bytes are compressed by Apache's producer. */
export const COMPRESS_BODY_OVER_BYTES = 4096;
/** Bits that a producer sets in sysFlag with a body from `compressBody`. */
export const ZLIB_COMPRESSED_FLAGS = MessageSysFlag.COMPRESSED_FLAG | MessageSysFlag.COMPRESSION_ZLIB_TYPE;
/** Most bytes a body may have after decompression, unless told otherwise: four times the largest frame. */
export const DEFAULT_MAX_BODY_BYTES = 4 * 16_777_216;

/**
 * How a body is compressed, from its message's sysFlag.
 *
 * @throws MessageFormatError for a type that no version defines
 */
export function compressionType(sysFlag: number): CompressionType {
  switch (sysFlag & MessageSysFlag.COMPRESSION_TYPE_MASK) {
    case 0:
    case MessageSysFlag.COMPRESSION_ZLIB_TYPE:
      return 'ZLIB';
    case MessageSysFlag.COMPRESSION_LZ4_TYPE:
      return 'LZ4';
    case MessageSysFlag.COMPRESSION_ZSTD_TYPE:
      return 'ZSTD';
    default:
      throw new MessageFormatError(
        `compression type ${(sysFlag & MessageSysFlag.COMPRESSION_TYPE_MASK) >> 8} is unknown`,
      );
  }
}

/**
 * Compresses a body with zlib.
 *
 * @param level 0..9; 5 by default, as Apache's producer has it
 */
export function compressBody(body: Uint8Array, level = 5): Buffer {
  return deflateSync(body, { level });
}

function inflate(body: Uint8Array, maxBodyBytes: number): Buffer {
  const tooMuch = `more than ${maxBodyBytes} bytes come out`;
  let inflated: Buffer;
  try {
    // zlib refuses a limit of 0.
    inflated = inflateSync(body, { maxOutputLength: Math.max(1, maxBodyBytes) });
  } catch (error) {
    const isTooMuch = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isTooMuch ? new MessageFormatError(tooMuch, { cause: error }) : error;
  }
  if (inflated.length > maxBodyBytes) throw new MessageFormatError(tooMuch);
  return inflated;
}

/**
 * Decompresses a body as its sysFlag says.
 *
 * @param options.maxBodyBytes most bytes of the result; DEFAULT_MAX_BODY_BYTES by default
 * @returns the caller's own
 * @throws MessageFormatError if the bytes are damaged or cut, or would give more than `maxBodyBytes`
 */
export function decompressBody(body: Uint8Array, sysFlag: number, options: { maxBodyBytes?: number } = {}): Buffer {
  const maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  const type = compressionType(sysFlag);
  try {
    switch (type) {
      case 'ZLIB':
        return inflate(body, maxBodyBytes);
      case 'LZ4':
        return decodeLz4Frames(body, maxBodyBytes);
      case 'ZSTD':
        return decodeZstdFrames(body, maxBodyBytes);
    }
  } catch (error) {
    throw new MessageFormatError(`${type} body of ${body.length} bytes does not decompress: ${errorText(error)}`, {
      cause: error,
    });
  }
}
