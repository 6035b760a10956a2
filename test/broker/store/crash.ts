/** A bounded run of the crash harness, see test/soak/crash/run.ts. */
import test from 'ava';
import { crashCases } from '../../soak/crash/run.js';

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
  for (const seed of [120, 210, 282, 329, 385, 1148, 1207, 2323, 2785, 2794, 5074, 6440]) {
    await t.notThrowsAsync(crashCases(12, seed, { hasFaults: true }));
  }
});
