import test from 'ava';
import { MessageLookup, type MessageLookupOptions } from '../../../src/broker/store/message-lookup.js';

test('records are told apart although the oldest are deleted while they are read', async (t) => {
  const log = { minOffset: 0, writtenEnd: 10_000 };
  const reader = {
    isAtHand: () => false,
    inTurn: <T>(read: () => Promise<T>) => read(),
    async read(wanted: { size: number; targetStart: number }[], target: Buffer) {
      log.minOffset = 1_000;
      for (const [i, { size, targetStart }] of wanted.entries()) target.fill(i + 1, targetStart, targetStart + size);
      return ['gone', 'found', 'found'];
    },
  };
  const lookup = new MessageLookup({ log, reader } as unknown as MessageLookupOptions);
  const places = [500, 20_000, 2_000, 3_000].map((physicalOffset) => ({ physicalOffset, size: 100 }));
  const records = await lookup.readRecords(places);
  t.deepEqual(
    records.map((bytes) => bytes && [bytes.length, bytes[0], bytes[99]]),
    [null, null, [100, 2, 2], [100, 3, 3]],
  );
});
