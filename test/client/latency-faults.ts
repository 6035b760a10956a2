import test from 'ava';
import { silentLogger } from '../../src/base/logger.js';
import { type LatencyFaultOptions, LatencyFaults } from '../../src/client/latency-faults.js';
import { ManualClock } from '../helper/manual-clock.js';

function setUp(options: LatencyFaultOptions = {}) {
  const clock = new ManualClock();
  const probes: string[] = [];
  const answers = new Map<string, boolean | null>();
  const faults = new LatencyFaults(
    { sendLatencyFaultEnable: true, ...options },
    {
      clock,
      logger: silentLogger,
      detect: async (brokerName, timeoutMs) => {
        probes.push(`${brokerName} ${timeoutMs}`);
        return answers.get(brokerName) ?? null;
      },
    },
  );
  return { clock, faults, probes, answers };
}

for (const [latencyMs, unavailableMs] of [
  [549, 0],
  [550, 2000],
  [1799, 2000],
  [1800, 5000],
  [3000, 6000],
  [5000, 10_000],
  [14_999, 10_000],
  [15_000, 30_000],
] as const) {
  test(`a send of ${latencyMs} ms has its broker passed over for ${unavailableMs} ms`, (t) => {
    const { clock, faults } = setUp();
    faults.answered('a', latencyMs);
    t.is(faults.isAvailable('a'), unavailableMs === 0);
    t.true(faults.isReachable('a'));
    if (unavailableMs === 0) return;
    clock.advance(unavailableMs - 1);
    t.false(faults.isAvailable('a'));
    // A quick answer does not shorten it.
    faults.answered('a', 1);
    t.false(faults.isAvailable('a'));
    clock.advance(1);
    t.true(faults.isAvailable('a'));
  });
}

test('a broker out of reach is passed over for ten seconds, and without probes counts as reachable', (t) => {
  const { clock, faults } = setUp();
  faults.unreached('a');
  t.deepEqual([faults.isAvailable('a'), faults.isReachable('a')], [false, true]);
  faults.refused('b');
  t.false(faults.isReachable('b'));
  clock.advance(10_000);
  t.true(faults.isAvailable('a'));
});

test('a probe finds a broker that is back, and forgets one that has left', async (t) => {
  const { clock, faults, probes, answers } = setUp({ startDetectorEnable: true, detectInterval: 5000 });
  faults.start();
  t.teardown(() => faults.stop());
  answers.set('a', false);
  faults.unreached('a');
  faults.unreached('gone');
  t.deepEqual([faults.isReachable('a'), faults.isReachable('gone')], [false, false]);
  await clock.advanceAsync(3000);
  t.deepEqual(probes.splice(0), ['a 200', 'gone 200']);
  t.deepEqual([faults.isReachable('a'), faults.isReachable('gone')], [false, true]);
  answers.set('a', true);
  await clock.advanceAsync(3000);
  t.deepEqual(probes, []);
  await clock.advanceAsync(3000);
  t.deepEqual(probes, ['a 200']);
  t.true(faults.isReachable('a'));
});

test('nothing is remembered unless it is asked for', (t) => {
  const { faults } = setUp({ sendLatencyFaultEnable: false });
  faults.refused('a');
  t.deepEqual([faults.isAvailable('a'), faults.isReachable('a')], [true, true]);
});
