import test from 'ava';
import { REBALANCE_LOCK_MAX_LIVE_MS, RebalanceLocks } from '../../src/broker/rebalance-locks.js';
import type { MessageQueue } from '../../src/protocol/message-queue.js';

const NOW = 1_700_000_000_000;

function mq(queueId: number): MessageQueue {
  return { topic: 'T', brokerName: 'broker-a', queueId };
}

test('the first client gets a queue and the second does not', (t) => {
  const locks = new RebalanceLocks();
  t.deepEqual(locks.lock('g', 'a', [mq(0), mq(1)], NOW), [mq(0), mq(1)]);
  t.deepEqual(locks.lock('g', 'b', [mq(1), mq(2)], NOW), [mq(2)]);
});

test('groups lock independently of each other', (t) => {
  const locks = new RebalanceLocks();
  locks.lock('g', 'a', [mq(0)], NOW);
  t.deepEqual(locks.lock('h', 'b', [mq(0)], NOW), [mq(0)]);
});

test('locking again refreshes the lease', (t) => {
  const locks = new RebalanceLocks();
  locks.lock('g', 'a', [mq(0)], NOW);
  locks.lock('g', 'a', [mq(0)], NOW + 40_000);
  t.deepEqual(locks.lock('g', 'b', [mq(0)], NOW + 40_000 + REBALANCE_LOCK_MAX_LIVE_MS), []);
  t.deepEqual(locks.lock('g', 'b', [mq(0)], NOW + 40_001 + REBALANCE_LOCK_MAX_LIVE_MS), [mq(0)]);
});

test('only the owner can give a queue back', (t) => {
  const locks = new RebalanceLocks();
  locks.lock('g', 'a', [mq(0)], NOW);
  locks.unlock('g', 'b', [mq(0)]);
  t.deepEqual(locks.lock('g', 'b', [mq(0)], NOW), []);
  locks.unlock('g', 'a', [mq(0)]);
  t.deepEqual(locks.lock('g', 'b', [mq(0)], NOW), [mq(0)]);
});

test('a group consumes in order while one lease is alive', (t) => {
  const locks = new RebalanceLocks();
  t.false(locks.hasLive('g', NOW));
  locks.lock('g', 'a', [mq(0)], NOW);
  t.true(locks.hasLive('g', NOW + REBALANCE_LOCK_MAX_LIVE_MS));
  t.false(locks.hasLive('g', NOW + REBALANCE_LOCK_MAX_LIVE_MS + 1));
});

test('purging keeps live leases', (t) => {
  const locks = new RebalanceLocks();
  locks.lock('g', 'a', [mq(0)], NOW);
  locks.lock('g', 'a', [mq(1)], NOW + 30_000);
  locks.purge(NOW + REBALANCE_LOCK_MAX_LIVE_MS + 1);
  t.deepEqual(locks.lock('g', 'b', [mq(0), mq(1)], NOW + REBALANCE_LOCK_MAX_LIVE_MS + 1), [mq(0)]);
});
