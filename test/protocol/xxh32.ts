import test from 'ava';
import { xxh32 } from '../../src/protocol/xxh32.js';

test('xxh32 gives the published values', (t) => {
  // xxHash's own sanity values: the empty input and "abc"; 32 bytes and more take the four lanes.
  t.is(xxh32(Buffer.alloc(0), 0, 0), 0x02cc5d05);
  t.is(xxh32(Buffer.from('abc'), 0, 3), 0x32d153ff);
  t.is(xxh32(Buffer.from('..Nobody inspects the spammish repetition.'), 2, 41), 0xe2293b2f);
});
