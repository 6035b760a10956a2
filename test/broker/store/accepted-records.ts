import test from 'ava';
import fc from 'fast-check';
import { AcceptedRecords, type QueueTail } from '../../../src/broker/store/accepted-records.js';

interface Expected {
  queue: QueueTail | null;
  physical: number;
  size: number;
  keys: number[];
}

test('records come out in the order they went in, to the queue and to the index', (t) => {
  const records = new AcceptedRecords<QueueTail>();
  const queue = { nextOffset: 5 };
  records.begin();
  records.addKey(11);
  records.addKey(12);
  records.push(queue, 0, 100, 7, 1_000);
  records.begin();
  records.push(null, 100, 50, 0, 1_001);
  t.is(queue.nextOffset, 6);
  t.is(records.undispatched, 2);
  const dispatched: unknown[] = [];
  records.dispatch(149, (...record) => dispatched.push(record));
  t.deepEqual(dispatched, [[queue, 0, 100, 7, 1_000, 1]]);
  const keys: unknown[] = [];
  records.index(10, (...key) => keys.push(key));
  t.deepEqual(keys, [
    [11, 0, 1_000],
    [12, 0, 1_000],
  ]);
  t.is(records.size, 1);
});

test('keys of a record that was given up do not stick to the next', (t) => {
  const records = new AcceptedRecords<QueueTail>();
  records.begin();
  records.addKey(1);
  records.begin();
  records.addKey(2);
  records.push(null, 0, 10, 0, 0);
  records.dispatch(10, () => {});
  const keys: number[] = [];
  records.index(10, (keyHash) => keys.push(keyHash));
  t.deepEqual(keys, [2]);
});

test('a roll back takes the newest records, their keys and queue offsets', (t) => {
  const records = new AcceptedRecords<QueueTail>();
  const queue = { nextOffset: 0 };
  for (let i = 0; i < 5; i++) {
    records.begin();
    records.addKey(i);
    records.push(queue, i * 10, 10, 0, 0);
  }
  records.dispatch(20, () => {});
  t.is(records.rollBack(30), 2);
  t.is(queue.nextOffset, 3);
  t.is(records.rollBack(0), 1);
  t.is(queue.nextOffset, 2);
  records.begin();
  records.addKey(99);
  records.push(queue, 20, 10, 0, 0);
  records.dispatch(30, () => {});
  const keys: number[] = [];
  records.index(10, (keyHash) => keys.push(keyHash));
  t.deepEqual(keys, [0, 1, 99]);
});

test('any mix of steps agrees with plain lists', (t) => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), count: fc.integer({ min: 1, max: 700 }) }),
    fc.record({ kind: fc.constant('dispatch' as const), count: fc.integer({ min: 0, max: 900 }) }),
    fc.record({ kind: fc.constant('index' as const), count: fc.integer({ min: 0, max: 900 }) }),
    fc.record({ kind: fc.constant('rollBack' as const), count: fc.integer({ min: 0, max: 50 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const records = new AcceptedRecords<QueueTail>();
      const queue = { nextOffset: 0 };
      const waiting: Expected[] = [];
      const toIndex: Expected[] = [];
      let physical = 0;
      let next = 0;
      for (const { kind, count } of steps) {
        if (kind === 'push') {
          for (let i = 0; i < count; i++) {
            const keys = Array.from({ length: next % 4 }, (_, k) => next * 10 + k);
            records.begin();
            for (const key of keys) records.addKey(key);
            const target = next % 5 === 0 ? null : queue;
            records.push(target, physical, 10, next, 0);
            waiting.push({ queue: target, physical, size: 10, keys });
            physical += 10;
            next += 1;
          }
        } else if (kind === 'dispatch') {
          const end = (waiting[0]?.physical ?? physical) + count * 10;
          records.dispatch(end, (target, at) => {
            const expected = waiting.shift();
            if (expected?.queue !== target || expected.physical !== at) throw new Error('wrong record');
            toIndex.push(expected);
          });
          if (waiting.length > 0 && (waiting[0] as Expected).physical + 10 <= end) throw new Error('too few');
        } else if (kind === 'index') {
          const got: number[] = [];
          records.index(count, (keyHash) => got.push(keyHash));
          const expected: number[] = [];
          while (expected.length < count && toIndex.length > 0) expected.push(...(toIndex.shift() as Expected).keys);
          if (got.join() !== expected.join()) throw new Error(`keys ${got} instead of ${expected}`);
        } else {
          const from = Math.max(waiting[0]?.physical ?? physical, physical - count * 10);
          records.rollBack(from);
          while (waiting.length > 0 && (waiting.at(-1) as Expected).physical >= from) waiting.pop();
          physical = from;
        }
        const pushed = waiting.filter((record) => record.queue).length;
        if (records.undispatched !== waiting.length || queue.nextOffset < pushed) throw new Error('wrong count');
      }
    }),
  );
  t.pass();
});
