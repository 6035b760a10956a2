import test from 'ava';
import { WakeQueue } from '../../src/broker/wake-queue.js';

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('64 are answered in one turn, the others in their order in the turns after it', async (t) => {
  const wakes = new WakeQueue();
  const woken: number[] = [];
  for (let n = 0; n < 150; n++) wakes.run(() => woken.push(n));
  t.is(woken.length, 64);
  await nextTurn();
  t.is(woken.length, 128);
  wakes.run(() => woken.push(150));
  t.is(woken.length, 128, 'who comes later waits behind the others');
  while (wakes.size > 0) await nextTurn();
  t.deepEqual(
    woken,
    Array.from({ length: 151 }, (_, n) => n),
  );
  wakes.run(() => woken.push(151));
  t.is(woken.length, 152, 'and afterwards nobody has to wait');
});

test('what is deferred never runs at once, and a stop runs all that waits', async (t) => {
  const wakes = new WakeQueue();
  let woken = 0;
  wakes.defer(() => woken++);
  t.is(woken, 0);
  await nextTurn();
  t.is(woken, 1);
  for (let n = 0; n < 200; n++) wakes.defer(() => woken++);
  wakes.flush();
  t.is(woken, 201);
});
