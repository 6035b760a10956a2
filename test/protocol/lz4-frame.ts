import test from 'ava';
import { MessageFormatError } from '../../src/protocol/errors.js';
import { decodeLz4Frames } from '../../src/protocol/lz4-frame.js';
import { xxh32 } from '../../src/protocol/xxh32.js';
import { compressedBody } from '../helper/compressed-bodies.js';

const le32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

test('a flipped bit in an LZ4 frame never gives another body', (t) => {
  const golden = compressedBody('lz4 text');
  const bytes = golden.bytes;
  let refused = 0;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    try {
      t.deepEqual(decodeLz4Frames(damaged, 10_000), golden.body, `bit ${bit}`);
    } catch (error) {
      t.true(error instanceof MessageFormatError);
      refused++;
    }
  }
  // The match length of the last sequence has no meaning: its four bits may change.
  t.is(refused, bytes.length * 8 - 4);
});

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
  const golden = compressedBody('lz4 zeros');
  const decoded = decodeLz4Frames(golden.bytes, 1_000_000);
  t.is(Buffer.compare(decoded, golden.body), 0);
});
