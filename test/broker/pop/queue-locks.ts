import test from 'ava';
import { QueueLocks } from '../../../src/broker/pop/queue-locks.js';

test('a lock is held once', (t) => {
  const locks = new QueueLocks();
  t.true(locks.tryLock('a'));
  t.false(locks.tryLock('a'));
  t.true(locks.tryLock('b'));
  locks.unlock('a');
  t.true(locks.tryLock('a'));
});

test('those who wait get the lock one after the other, and nobody in between', async (t) => {
  const locks = new QueueLocks();
  const order: string[] = [];
  await locks.lock('a');
  const first = locks.lock('a').then(() => order.push('first'));
  const second = locks.lock('a').then(() => order.push('second'));
  locks.unlock('a');
  t.false(locks.tryLock('a'));
  await first;
  locks.unlock('a');
  await second;
  t.deepEqual(order, ['first', 'second']);
  locks.unlock('a');
  t.true(locks.tryLock('a'));
});
