import test from 'ava';
import { RebalanceLoop } from '../../src/client/rebalance-loop.js';
import { ManualClock } from '../helper/manual-clock.js';
import { deferred, RecordingLogger } from '../helper/remoting.js';

function setUp(round: () => Promise<boolean>) {
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const rounds: number[] = [];
  const loop = new RebalanceLoop({
    clock,
    logger,
    waitMs: 20_000,
    round: () => {
      rounds.push(clock.monotonicMs());
      return round();
    },
  });
  return { clock, logger, rounds, loop };
}

test('rounds follow each other at the given interval', async (t) => {
  const { clock, rounds, loop } = setUp(async () => true);
  loop.wake();
  await clock.advanceAsync(45_000);
  t.deepEqual(rounds, [1, 20_001, 40_001]);
});

test('an unfinished round is followed by the next after a second', async (t) => {
  let left = 2;
  const { clock, rounds, loop } = setUp(async () => left-- === 0);
  loop.wake();
  await clock.advanceAsync(10_000);
  t.deepEqual(rounds, [1, 1001, 2001]);
});

test('being woken brings a round, but not before a second has passed', async (t) => {
  const { clock, rounds, loop } = setUp(async () => true);
  loop.wake();
  await clock.advanceAsync(5000);
  loop.wake();
  await clock.advanceAsync(10);
  loop.wake();
  await clock.advanceAsync(2000);
  t.deepEqual(rounds, [1, 5001, 6001]);
});

test('a round that throws is logged and repeated', async (t) => {
  const { clock, rounds, loop, logger } = setUp(() => Promise.reject(new Error('no')));
  loop.wake();
  await clock.advanceAsync(1500);
  t.is(rounds.length, 2);
  t.is(logger.of('warn').length, 2);
});

test('being woken during a round brings another one', async (t) => {
  const first = deferred<boolean>();
  const { clock, rounds, loop } = setUp(() => first.promise);
  loop.wake();
  await clock.advanceAsync(5000);
  loop.wake();
  await clock.advanceAsync(5000);
  t.is(rounds.length, 1);
  first.resolve(true);
  await clock.advanceAsync(10);
  t.is(rounds.length, 2);
});

test('stop ends the rounds and waits for the one under way', async (t) => {
  const round = deferred<boolean>();
  const { clock, rounds, loop } = setUp(() => round.promise);
  loop.wake();
  await clock.advanceAsync(10);
  let isStopped = false;
  const stopped = loop.stop(3000).then(() => {
    isStopped = true;
  });
  await clock.advanceAsync(1000);
  t.false(isStopped);
  round.resolve(false);
  await stopped;
  loop.wake();
  await clock.advanceAsync(60_000);
  t.is(rounds.length, 1);
  t.is(clock.pendingTimers, 0);
});

test('stop does not wait for ever', async (t) => {
  const { clock, loop } = setUp(() => new Promise(() => {}));
  loop.wake();
  await clock.advanceAsync(10);
  const stopped = loop.stop(3000);
  await clock.advanceAsync(3000);
  await t.notThrowsAsync(stopped);
});
