/** A bounded run of the crash harness, see test/soak/crash/run.ts. */
import test from 'ava';
import { crashCases } from '../../soak/crash/run.js';
import { timerCases } from '../../soak/crash/timer.js';

// One after the other, so that a busy machine shows progress.
test.serial('stores stopped at random moments keep their promises: first seeds', async (t) => {
  await t.notThrowsAsync(crashCases(60, 1));
});

test.serial('stores stopped at random moments keep their promises: seeds that once found something', async (t) => {
  for (const seed of [13, 61, 85, 169, 217, 865, 1573, 1849]) await t.notThrowsAsync(crashCases(12, seed));
});

test.serial(
  'a disk that fails at random calls costs nothing that was acknowledged, and no restart: first seeds',
  async (t) => {
    await t.notThrowsAsync(crashCases(36, 1, { hasFaults: true }));
  },
);

test.serial('a disk that fails at random calls: seeds that once found something', async (t) => {
  for (const seed of [120, 210, 282, 329, 385, 1148, 1207, 2323, 2785, 2794, 5074, 6440, 410_072]) {
    await t.notThrowsAsync(crashCases(12, seed, { hasFaults: true }));
  }
});

test.serial('batch and light queues, extensions and logs over several folders keep their promises', async (t) => {
  // Seeds that once found something.
  for (const seed of [13, 3037]) await t.notThrowsAsync(crashCases(12, seed, { isSpecial: true }));
  for (const seed of [3229, 4025, 600_300, 1_003_864]) {
    await t.notThrowsAsync(crashCases(12, seed, { hasFaults: true, isSpecial: true }));
  }
});

test.serial('delayed messages are delivered after a stop at a random moment', async (t) => {
  for (const seed of [8, 51]) await t.notThrowsAsync(timerCases(1, seed));
});
