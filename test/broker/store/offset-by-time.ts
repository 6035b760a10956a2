import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { silentLogger } from '../../../src/base/logger.js';
import { ConsumeQueueStore } from '../../../src/broker/store/consume-queue-store.js';
import { nodeFileSystem } from '../../../src/broker/store/file-system.js';
import { offsetByTime } from '../../../src/broker/store/offset-by-time.js';
import type { BoundaryType } from '../../../src/broker/store/store-types.js';
import { UNIT_BYTES } from '../../../src/broker/store/unit-slab.js';
import { tempFolder } from '../../helper/store.js';

/** A queue with one message per time, from `first` on; the log begins at the message `minMessage`. */
function find(
  t: ExecutionContext,
  times: readonly number[],
  timestamp: number,
  boundary: BoundaryType,
  { first = 0, minMessage = 0, unreadable = -1 } = {},
): Promise<number> {
  const queues = new ConsumeQueueStore({
    fs: nodeFileSystem,
    logger: silentLogger,
    folder: tempFolder(t),
    fileBytes: 8 * UNIT_BYTES,
    hotBytes: 1_000_000,
  });
  const queue = queues.queue(queues.topic('t'), 0);
  for (let i = 0; i < times.length; i++) queues.appendAt(queue, first + i, i * 100, 50, 0);
  const isTouched = new Set<number>();
  return offsetByTime(
    queues,
    queue,
    timestamp,
    boundary,
    minMessage * 100,
    (physicalOffset) => {
      t.true(isTouched.has(physicalOffset), 'a record is read only when its page is there');
      return physicalOffset === unreadable * 100 ? -1 : (times[physicalOffset / 100] as number);
    },
    async (physicalOffset) => isTouched.add(physicalOffset),
  );
}

const finds = test.macro({
  title: (_, times: readonly number[], timestamp: number, lower: number, upper: number) =>
    `${timestamp} in [${times.join(' ')}]: lower ${lower}, upper ${upper}`,
  async exec(t, times: readonly number[], timestamp: number, lower: number, upper: number) {
    t.is(await find(t, times, timestamp, 'lower'), lower);
    t.is(await find(t, times, timestamp, 'upper'), upper);
  },
});

// Apache's own example: between two times, upper is before lower.
test(finds, [10, 10, 10, 30, 30], 20, 3, 2);
test(finds, [10, 10, 10, 30, 30], 10, 0, 2);
test(finds, [10, 10, 10, 30, 30], 30, 3, 4);
test(finds, [10, 10, 10, 30, 30], 5, 0, 0);
test(finds, [10, 10, 10, 30, 30], 31, 5, 4);
test(finds, [], 5, 0, 0);
test(finds, [7], 7, 0, 0);
test(finds, [7], 8, 1, 0);

test('offsets count from the queue start, also if that is not 0', async (t) => {
  t.is(await find(t, [10, 20, 30], 20, 'lower', { first: 100 }), 101);
  t.is(await find(t, [10, 20, 30], 5, 'lower', { first: 100 }), 100);
  t.is(await find(t, [10, 20, 30], 5, 'upper', { first: 100 }), 100);
  t.is(await find(t, [10, 20, 30], 99, 'lower', { first: 100 }), 103);
});

test('messages that left the log count as older', async (t) => {
  t.is(await find(t, [10, 20, 30, 40], 5, 'lower', { minMessage: 2 }), 2);
});

test('a store time that can not be read gives the start, as in Apache', async (t) => {
  t.is(await find(t, [10, 20, 30], 30, 'lower', { unreadable: 1 }), 0);
});

test('agrees with a search from one end', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 }),
      fc.integer({ min: -1, max: 22 }),
      async (unsorted, timestamp) => {
        const times = unsorted.sort((a, b) => a - b);
        const lower = times.filter((time) => time < timestamp).length;
        const upper = Math.max(0, times.filter((time) => time <= timestamp).length - 1);
        if ((await find(t, times, timestamp, 'lower')) !== lower) throw new Error('lower');
        if ((await find(t, times, timestamp, 'upper')) !== upper) throw new Error('upper');
      },
    ),
  );
  t.pass();
});
