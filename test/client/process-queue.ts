import test from 'ava';
import fc from 'fast-check';
import { ProcessQueue, PULL_MAX_IDLE_MS } from '../../src/client/process-queue.js';
import type { MessageExt } from '../../src/protocol/message.js';
import { ManualClock } from '../helper/manual-clock.js';

const message = (queueOffset: number, body = 'x'): MessageExt =>
  ({ queueOffset, body: Buffer.from(body), properties: new Map() }) as unknown as MessageExt;
const messages = (...offsets: number[]) => offsets.map((offset) => message(offset));
const newQueue = (...offsets: number[]) => {
  const pq = new ProcessQueue(new ManualClock());
  pq.put(messages(...offsets));
  return pq;
};

test('the offset to commit is the lowest that is not done', (t) => {
  const pq = newQueue(5, 6, 7, 9);
  t.is(pq.remove(messages(6)), 5);
  t.is(pq.remove(messages(5)), 7);
  t.is(pq.remove(messages(9)), 7);
  t.is(pq.remove(messages(7)), 10);
  t.is(pq.messageCount, 0);
});

test('nothing is to be committed for a queue that is empty already', (t) => {
  const pq = newQueue(5);
  t.is(pq.remove(messages(5)), 6);
  t.is(pq.remove(messages(5)), null);
});

test('one past the highest offset ever cached is committed, also after later messages came and went', (t) => {
  const pq = newQueue(1, 2);
  pq.remove(messages(1, 2));
  pq.put(messages(10));
  t.is(pq.remove(messages(10)), 11);
});

test('a message cached twice counts once', (t) => {
  const pq = newQueue(1, 2);
  pq.put(messages(2, 3));
  t.is(pq.messageCount, 3);
  t.is(pq.bodyBytes, 3);
});

test('span is the distance between the cached offsets', (t) => {
  const pq = newQueue(10, 11, 2010);
  t.is(pq.span, 2000);
  pq.remove(messages(10));
  t.is(pq.span, 1999);
  pq.remove(messages(11, 2010));
  t.is(pq.span, 0);
});

test('has tells the very message, not another of its offset', (t) => {
  const pq = newQueue();
  const [first, other] = [message(1), message(1)];
  pq.put([first]);
  t.true(pq.has(first));
  t.false(pq.has(other));
  pq.remove([first]);
  t.false(pq.has(first));
});

test('taken messages are committed together', (t) => {
  const pq = newQueue(1, 2, 3);
  t.deepEqual(
    pq.take(2).map(({ queueOffset }) => queueOffset),
    [1, 2],
  );
  t.is(pq.messageCount, 3);
  t.is(pq.commit(), 3);
  t.is(pq.messageCount, 1);
  t.is(pq.commit(), null);
});

test('taken messages come again after a rollback', (t) => {
  const pq = newQueue(1, 2);
  pq.take(2);
  pq.rollback();
  t.is(pq.take(1)[0]?.queueOffset, 1);
});

test('only the last batch is given back', (t) => {
  const pq = newQueue(1, 2, 3);
  pq.take(1);
  pq.take(1);
  pq.giveBack(1);
  t.is(pq.take(1)[0]?.queueOffset, 2);
  t.is(pq.commit(), 3);
});

test('clear forgets everything', (t) => {
  const pq = newQueue(1, 2);
  pq.take(1);
  pq.clear();
  t.is(pq.messageCount, 0);
  t.is(pq.bodyBytes, 0);
  t.is(pq.minOffset, null);
  t.is(pq.commit(), null);
});

test('whenIdle waits for the listener, but not for ever', async (t) => {
  const clock = new ManualClock();
  const pq = new ProcessQueue(clock);
  t.true(await pq.whenIdle(500));
  const leave = pq.enterListener();
  const late = pq.whenIdle(500);
  clock.advance(500);
  t.false(await late);
  const inTime = pq.whenIdle(500);
  leave();
  leave();
  t.true(await inTime);
  t.false(pq.isListening);
});

test('lock and pull expire by the clock', (t) => {
  const clock = new ManualClock();
  const pq = new ProcessQueue(clock);
  pq.markLocked();
  clock.advance(30_000);
  t.false(pq.isLockExpired);
  clock.advance(1);
  t.true(pq.isLockExpired);
  clock.advance(PULL_MAX_IDLE_MS);
  t.true(pq.isPullExpired);
});

test('any order of finishing gives what a sorted set would', (t) => {
  const offsets = fc.uniqueArray(fc.nat(200), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(offsets, fc.array(fc.nat(200)), (cached, finished) => {
      const pq = newQueue(...cached.toSorted((a, b) => a - b));
      const open = new Set(cached);
      const highest = Math.max(...cached);
      for (const offset of finished) {
        const expected = open.size === 0 ? null : undefined;
        open.delete(offset);
        const result = pq.remove([message(offset)]);
        if (expected === null) t.is(result, null);
        else t.is(result, open.size === 0 ? highest + 1 : Math.min(...open));
      }
      t.is(pq.messageCount, open.size);
    }),
  );
});
