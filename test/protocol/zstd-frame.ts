import test from 'ava';
import { MessageFormatError } from '../../src/protocol/errors.js';
import { decodeZstdFrames } from '../../src/protocol/zstd-frame.js';

const le32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

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
