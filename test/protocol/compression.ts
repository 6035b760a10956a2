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
import { compressedBodies, compressedBody } from '../helper/compressed-bodies.js';

const SYS_FLAG = { LZ4: 0x101, ZSTD: 0x201 } as const;
const cases = compressedBodies;

for (const golden of cases) {
  test(`golden ${golden.name} (${golden.source})`, (t) => {
    const body = golden.body;
    const decoded = decompressBody(Buffer.from(golden.bytes), SYS_FLAG[golden.type]);
    t.is(Buffer.compare(decoded, body), 0);
    t.notThrows(() => decompressBody(Buffer.from(golden.bytes), SYS_FLAG[golden.type], { maxBodyBytes: body.length }));
    if (body.length === 0) return;
    t.throws(
      () => decompressBody(Buffer.from(golden.bytes), SYS_FLAG[golden.type], { maxBodyBytes: body.length - 1 }),
      { instanceOf: MessageFormatError, message: /more than \d+ bytes come out/ },
    );
  });
}

for (const golden of cases.filter(({ name }) =>
  ['lz4 text', 'zstd text', 'lz4 two frames', 'zstd lines'].includes(name),
)) {
  test(`every truncation of ${golden.name} is refused`, (t) => {
    const bytes = Buffer.from(golden.bytes);
    const secondFrame = bytes.indexOf(bytes.subarray(0, 4), 4);
    for (let length = 0; length < bytes.length; length++) {
      if (length === secondFrame) continue;
      t.throws(() => decompressBody(bytes.subarray(0, length), SYS_FLAG[golden.type]), {
        instanceOf: MessageFormatError,
      });
    }
  });
}

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

test('damaged zstd content is refused with the cause kept', (t) => {
  const bytes = Buffer.from(compressedBody('zstd lines').bytes);
  bytes[12] = (bytes[12] as number) ^ 0xff;
  bytes[13] = (bytes[13] as number) ^ 0xff;
  const error = t.throws(() => decompressBody(bytes, 0x201), { instanceOf: MessageFormatError });
  t.true(error.cause instanceof Error);
});
