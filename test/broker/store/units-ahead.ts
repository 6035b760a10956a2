import test from 'ava';
import type { ConsumeQueue } from '../../../src/broker/store/consume-queue.js';
import type { ConsumeQueueStore } from '../../../src/broker/store/consume-queue-store.js';
import { UnitsAhead } from '../../../src/broker/store/units-ahead.js';

/** A queue of which the units from 1,000,000 on are in memory, and what is touched of it. */
function setUp() {
  const touched: [unit: number, count: number][] = [];
  const queues = {
    touch: async (_: ConsumeQueue, unit: number, count: number) => void touched.push([unit, count]),
  } as unknown as ConsumeQueueStore;
  const queue = { batch: null, minUnit: 10, hotUnit: 1_000_000 } as unknown as ConsumeQueue;
  return { ahead: new UnitsAhead(queues), queue, touched };
}

test('units that are in memory, or gone, are not waited for', (t) => {
  const { ahead, queue, touched } = setUp();
  for (const offset of [0, 9, 1_000_000, 1_000_050]) t.is(ahead.touch(queue, offset), null);
  t.is(ahead.touch({ ...queue, batch: { minOffset: 0, maxOffset: 9 } } as unknown as ConsumeQueue, 500), null);
  t.deepEqual(touched, []);
});

test('a reader waits once, and then the units come ahead of him', async (t) => {
  const { ahead, queue, touched } = setUp();
  t.true(ahead.isFar(queue, 100));
  await ahead.touch(queue, 100);
  for (let offset = 100; offset < 50_000; offset += 32) t.false(ahead.isFar(queue, offset), `${offset}`);
  t.is(touched[0]?.[0], 100);
  // Run after run without a gap.
  for (const [i, [unit, count]] of touched.slice(0, -1).entries()) t.is(touched[i + 1]?.[0], unit + count);
});

test('readers at several places do not make each other wait, but for too many', async (t) => {
  const { ahead, queue } = setUp();
  const places = Array.from({ length: 8 }, (_, i) => i * 50_000 + 100);
  for (const place of places) await ahead.touch(queue, place);
  for (let step = 0; step < 10_000; step += 32) {
    for (const place of places) t.false(ahead.isFar(queue, place + step));
  }
  await ahead.touch(queue, 900_000);
  t.false(ahead.isFar(queue, 900_000));
  t.true(ahead.isFar(queue, 100));
});
