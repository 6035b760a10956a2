import { crc32 as zlibCrc32 } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import { crc32, crc32Sliced } from '../../src/protocol/crc32.js';

test('crc32 gives the values that Java stores', (t) => {
  // java.util.zip.CRC32 of "a" is 3904355907, its top bit is dropped.
  t.is(crc32(Buffer.from('a')), 1756872259);
  t.is(crc32(Buffer.from('hello')), 907060870);
  t.is(crc32(Buffer.alloc(0)), 0);
});

test('crc32 of both kinds agrees with zlib for every length around their border', (t) => {
  const bytes = Buffer.from(Array.from({ length: 600 }, (_, i) => (i * 167 + 13) & 0xff));
  for (let length = 0; length < 400; length++) {
    const expected = zlibCrc32(bytes.subarray(7, 7 + length)) & 0x7fffffff;
    t.is(crc32(bytes, 7, 7 + length), expected);
    t.is(crc32Sliced(bytes, 7, 7 + length), expected);
  }
});

test('crc32 reads only its range, also of a view into a larger buffer', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(500), fc.nat(500), (bytes, a, b) => {
      const start = Math.min(a, b, bytes.length);
      const end = Math.min(Math.max(a, b), bytes.length);
      const inside = Buffer.concat([Buffer.from('padding'), bytes]).subarray(7);
      t.is(crc32(inside, start, end), zlibCrc32(bytes.slice(start, end)) & 0x7fffffff);
    }),
  );
});
