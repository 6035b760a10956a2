import test from 'ava';
import { KeyedMutex, TaskPool } from '../../src/client/task-pool.js';
import { settle } from '../helper/manual-clock.js';
import { deferred } from '../helper/remoting.js';

test('no more than the limit run at a time', async (t) => {
  const pool = new TaskPool(2);
  const gates = Array.from({ length: 5 }, () => deferred<void>());
  const started: number[] = [];
  gates.forEach((gate, index) => {
    pool.run(() => {
      started.push(index);
      return gate.promise;
    });
  });
  await settle();
  t.deepEqual(started, [0, 1]);
  gates[1]?.resolve();
  await settle();
  await settle();
  t.deepEqual(started, [0, 1, 2]);
  t.is(pool.active, 2);
  for (const gate of gates) gate.resolve();
  for (let i = 0; i < 5; i += 1) await settle();
  t.deepEqual(started, [0, 1, 2, 3, 4]);
  await pool.whenIdle();
});

test('tasks that never wait leave the event loop its turn', async (t) => {
  const pool = new TaskPool(1);
  let done = 0;
  for (let i = 0; i < 50; i += 1) {
    pool.run(async () => {
      done += 1;
    });
  }
  await settle();
  t.true(done < 50);
  while (done < 50) await settle();
  t.is(done, 50);
});

test('clear forgets what has not begun', async (t) => {
  const pool = new TaskPool(1);
  const gate = deferred<void>();
  let second = 0;
  pool.run(() => gate.promise);
  pool.run(async () => {
    second += 1;
  });
  await settle();
  pool.clear();
  const idle = pool.whenIdle();
  gate.resolve();
  await idle;
  await settle();
  t.is(second, 0);
});

test('a mutex runs what has the same key in turn, and the rest at once', async (t) => {
  const mutex = new KeyedMutex();
  const gate = deferred<string>();
  const log: string[] = [];
  const first = mutex.run('a', () => gate.promise);
  const second = mutex.run('a', async () => {
    log.push('second');
    return 'second';
  });
  await mutex.run('b', async () => log.push('other'));
  t.deepEqual(log, ['other']);
  gate.reject(new Error('no'));
  await t.throwsAsync(first, { message: 'no' });
  t.is(await second, 'second');
});
