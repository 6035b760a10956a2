import { crc32 as zlibCrc32 } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import {
  COMPRESS_BODY_OVER_BYTES,
  compressBody,
  compressionType,
  decompressBody,
  ZLIB_COMPRESSED_FLAGS,
} from '../../src/protocol/compression.js';
import { MessageFormatError } from '../../src/protocol/errors.js';
import { decodeLz4Frames } from '../../src/protocol/lz4-frame.js';
import { xxh32 } from '../../src/protocol/xxh32.js';
import { decodeZstdFrames } from '../../src/protocol/zstd-frame.js';
import { type GoldenCase, goldenCases } from '../helper/golden.js';

/** Made with the command line tools lz4 and zstd, as `source` says. */
interface BodyCase extends Omit<GoldenCase, 'version'> {
  type: 'LZ4' | 'ZSTD';
  bodyHex?: string;
  /** The body is this many zero bytes. */
  bodyZeros?: number;
  hex: string;
}

const SYS_FLAG = { LZ4: 0x101, ZSTD: 0x201 } as const;
const cases = goldenCases<BodyCase & GoldenCase>('compressed-bodies');

function bodyOf(golden: BodyCase): Buffer {
  return golden.bodyZeros ? Buffer.alloc(golden.bodyZeros) : Buffer.from(golden.bodyHex ?? '', 'hex');
}

for (const golden of cases) {
  test(`golden ${golden.name} (${golden.source})`, (t) => {
    const body = bodyOf(golden);
    const decoded = decompressBody(Buffer.from(golden.hex, 'hex'), SYS_FLAG[golden.type]);
    t.is(Buffer.compare(decoded, body), 0);
    t.notThrows(() =>
      decompressBody(Buffer.from(golden.hex, 'hex'), SYS_FLAG[golden.type], { maxBodyBytes: body.length }),
    );
    if (body.length === 0) return;
    t.throws(
      () => decompressBody(Buffer.from(golden.hex, 'hex'), SYS_FLAG[golden.type], { maxBodyBytes: body.length - 1 }),
      { instanceOf: MessageFormatError, message: /more than \d+ bytes come out/ },
    );
  });
}

for (const golden of cases.filter(({ name }) =>
  ['lz4 text', 'zstd text', 'lz4 two frames', 'zstd lines'].includes(name),
)) {
  test(`every truncation of ${golden.name} is refused`, (t) => {
    const bytes = Buffer.from(golden.hex, 'hex');
    const secondFrame = bytes.indexOf(bytes.subarray(0, 4), 4);
    for (let length = 0; length < bytes.length; length++) {
      if (length === secondFrame) continue;
      t.throws(() => decompressBody(bytes.subarray(0, length), SYS_FLAG[golden.type]), {
        instanceOf: MessageFormatError,
      });
    }
  });
}

test('a flipped bit in an LZ4 frame never gives another body', (t) => {
  const golden = cases.find(({ name }) => name === 'lz4 text') as BodyCase;
  const bytes = Buffer.from(golden.hex, 'hex');
  let refused = 0;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    try {
      t.deepEqual(decompressBody(damaged, SYS_FLAG.LZ4), bodyOf(golden), `bit ${bit}`);
    } catch (error) {
      t.true(error instanceof MessageFormatError);
      refused++;
    }
  }
  // The match length of the last sequence has no meaning: its four bits may change.
  t.is(refused, bytes.length * 8 - 4);
});

test('zlib bodies survive both ways', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), fc.integer({ min: 0, max: 9 }), (bytes, level) => {
      const body = Buffer.from(bytes);
      t.deepEqual(decompressBody(compressBody(body, level), ZLIB_COMPRESSED_FLAGS), body);
      t.deepEqual(decompressBody(compressBody(body), 1, { maxBodyBytes: body.length }), body);
    }),
  );
});

test('a zlib bomb stops at the limit', (t) => {
  const bomb = compressBody(Buffer.alloc(5_000_000));
  t.true(bomb.length < COMPRESS_BODY_OVER_BYTES * 2);
  t.throws(() => decompressBody(bomb, ZLIB_COMPRESSED_FLAGS, { maxBodyBytes: 1_000_000 }), {
    instanceOf: MessageFormatError,
    message: /^ZLIB body of \d+ bytes does not decompress: more than 1000000 bytes come out/,
  });
});

test('an empty zlib stream passes a limit of 0 and one byte does not', (t) => {
  t.is(decompressBody(compressBody(Buffer.alloc(0)), 1, { maxBodyBytes: 0 }).length, 0);
  t.throws(() => decompressBody(compressBody(Buffer.from('a')), 1, { maxBodyBytes: 0 }), {
    instanceOf: MessageFormatError,
  });
});

test('random bytes never give anything but a MessageFormatError', (t) => {
  const heads = fc.constantFrom('', '789c', '04224d186440a7', '28b52ffd2000', '28b52ffd0458', '502a4d1802000000');
  fc.assert(
    fc.property(fc.constantFrom(0x1, 0x101, 0x201), heads, fc.uint8Array({ maxLength: 60 }), (sysFlag, head, tail) => {
      try {
        decompressBody(Buffer.concat([Buffer.from(head, 'hex'), tail]), sysFlag, { maxBodyBytes: 100_000 });
      } catch (error) {
        t.true(error instanceof MessageFormatError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

test('compression types follow the bits', (t) => {
  t.is(compressionType(0x1), 'ZLIB');
  t.is(compressionType(0x301), 'ZLIB');
  t.is(compressionType(0x101), 'LZ4');
  t.is(compressionType(0x201), 'ZSTD');
  for (const sysFlag of [0x401, 0x501, 0x601, 0x701]) {
    t.throws(() => compressionType(sysFlag), {
      instanceOf: MessageFormatError,
      message: /compression type [4-7] is unknown/,
    });
    t.throws(() => decompressBody(Buffer.alloc(1), sysFlag), { instanceOf: MessageFormatError });
  }
});

test('xxh32 gives the published values', (t) => {
  // xxHash's own sanity values: the empty input and "abc"; 32 bytes and more take the four lanes.
  t.is(xxh32(Buffer.alloc(0), 0, 0), 0x02cc5d05);
  t.is(xxh32(Buffer.from('abc'), 0, 3), 0x32d153ff);
  t.is(xxh32(Buffer.from('..Nobody inspects the spammish repetition.'), 2, 41), 0xe2293b2f);
});

const le32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** An LZ4 frame without content checksum around one block. */
function lz4Frame(block: Buffer, flags = 0x60): Buffer {
  const descriptor = Buffer.from([flags, 0x40]);
  const check = Buffer.from([(xxh32(descriptor, 0, 2) >>> 8) & 0xff]);
  return Buffer.concat([le32(0x184d2204), descriptor, check, le32(block.length), block, le32(0)]);
}

for (const [title, block, problem] of [
  ['a match before the frame', Buffer.from([0x10, 0x61, 2, 0]), /distance 2 at position \d+ reaches before the frame/],
  ['a match distance of 0', Buffer.from([0x10, 0x61, 0, 0]), /distance 0/],
  [
    'half a match distance',
    Buffer.from([0x10, 0x61, 1]),
    /match distance at position \d+: 2 bytes needed, 1 available/,
  ],
  ['literals over the end', Buffer.from([0x30, 0x61]), /literals at position \d+: 3 bytes needed, 1 available/],
  ['a length that does not end', Buffer.from([0xf0, 0xff]), /length at position \d+: 1 bytes needed, 0 available/],
] as const) {
  test(`an LZ4 block with ${title} is refused`, (t) => {
    t.throws(() => decodeLz4Frames(lz4Frame(block), 1000), { instanceOf: MessageFormatError, message: problem });
  });
}

test('an LZ4 match may overlap what it writes', (t) => {
  t.is(
    decodeLz4Frames(lz4Frame(Buffer.from([0x26, 0x61, 0x62, 2, 0, 0x10, 0x63])), 100).toString(),
    'abababababab' + 'c',
  );
});

for (const [title, bytes, problem] of [
  ['another version', lz4Frame(Buffer.alloc(0), 0xa0), /version 2 is unknown/],
  ['a dictionary', lz4Frame(Buffer.alloc(0), 0x61), /needs a dictionary/],
  ['another magic', Buffer.from('0123456789'), /magic 0x33323130 at position 0 is no LZ4 frame/],
  [
    'a skippable frame over the end',
    Buffer.concat([le32(0x184d2a55), le32(9), Buffer.alloc(8)]),
    /17 bytes needed, 16/,
  ],
] as const) {
  test(`an LZ4 frame with ${title} is refused`, (t) => {
    t.throws(() => decodeLz4Frames(bytes, 1000), { instanceOf: MessageFormatError, message: problem });
  });
}

test('LZ4 output grows past its first buffer', (t) => {
  const golden = cases.find(({ name }) => name === 'lz4 zeros') as BodyCase;
  const decoded = decodeLz4Frames(Buffer.from(golden.hex, 'hex'), 1_000_000);
  t.is(zlibCrc32(decoded), zlibCrc32(Buffer.alloc(200_000)));
});

const zstdHead = (descriptor: number, ...rest: number[]) =>
  Buffer.concat([le32(0xfd2fb528), Buffer.from([descriptor, ...rest])]);

for (const [title, bytes, problem] of [
  [
    'a window of 2 GiB',
    Buffer.concat([zstdHead(0, 0xa8), Buffer.alloc(8)]),
    /window of 2147483648 bytes: at most 8388608/,
  ],
  ['a content size of 2^63', zstdHead(0xe0, 0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 0), /window of 92233720368547\d+ bytes/],
  ['a dictionary', zstdHead(0x21, 1, 0, 0, 0, 0), /needs a dictionary/],
  ['a reserved block type', zstdHead(0x20, 0, 7, 0, 0), /block at position \d+ has a reserved type/],
  ['half a header', zstdHead(0xc0, 0x58), /frame header at position 0: 14 bytes needed, 6 available/],
  ['a block over the end', zstdHead(0x20, 0, 0x21, 0, 0), /block at position 9: 4 bytes needed, 0 available/],
  ['another magic', Buffer.from('0123456789'), /is no zstd frame/],
  [
    'a skippable frame over the end',
    Buffer.concat([le32(0x184d2a50), le32(9), Buffer.alloc(8)]),
    /17 bytes needed, 16/,
  ],
] as const) {
  test(`a zstd frame with ${title} is refused`, (t) => {
    t.throws(() => decodeZstdFrames(bytes, 1000), { instanceOf: MessageFormatError, message: problem });
  });
}

test('a zstd frame with a great window and very many tiny blocks is refused before it costs time', (t) => {
  const block = Buffer.from([8, 0, 0, 0x61]);
  const bytes = Buffer.concat([zstdHead(0, 13 << 3), ...Array.from({ length: 600 }, () => block)]);
  t.throws(() => decodeZstdFrames(bytes, 1000), {
    instanceOf: MessageFormatError,
    message: /too many blocks for its window/,
  });
});

test('damaged zstd content is refused with the cause kept', (t) => {
  const golden = cases.find(({ name }) => name === 'zstd lines') as BodyCase;
  const bytes = Buffer.from(golden.hex, 'hex');
  bytes[12] = (bytes[12] as number) ^ 0xff;
  bytes[13] = (bytes[13] as number) ^ 0xff;
  const error = t.throws(() => decompressBody(bytes, 0x201), { instanceOf: MessageFormatError });
  t.true(error.cause instanceof Error);
});
