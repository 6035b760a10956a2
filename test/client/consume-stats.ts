import test from 'ava';
import { ConsumerStats } from '../../src/client/consume-stats.js';
import { ManualClock } from '../helper/manual-clock.js';

test('rates are over the last minute, failures over the last hour', (t) => {
  const clock = new ManualClock();
  const stats = new ConsumerStats(clock).of('orders');
  stats.pulled(10, 30);
  stats.pulled(30, 30);
  stats.consumed(4, 6, 0);
  stats.consumed(8, 0, 3);
  t.deepEqual(stats.status(), {
    pullRT: 20,
    pullTPS: 1,
    consumeRT: 6,
    consumeOKTPS: 0.1,
    consumeFailedTPS: 0.05,
    consumeFailedMsgs: 3,
  });
  clock.advance(61_000);
  stats.consumed(1, 0, 1);
  const later = stats.status();
  t.is(later.pullTPS, 0);
  t.is(later.pullRT, 0);
  t.is(later.consumeOKTPS, 0);
  t.is(later.consumeFailedMsgs, 4);
  clock.advance(3_600_000);
  t.is(stats.status().consumeFailedMsgs, 0);
});

test('each topic has its own numbers', (t) => {
  const stats = new ConsumerStats(new ManualClock());
  stats.of('a').consumed(1, 6, 0);
  t.is(stats.of('a').status().consumeOKTPS, 0.1);
  t.is(stats.of('b').status().consumeOKTPS, 0);
});
