/** A bounded run of the crash harness, see test/soak/crash/run.ts. */
import test from 'ava';
import { crashCases } from '../../soak/crash/run.js';

test('stores stopped at random moments keep their promises: first seeds', async (t) => {
  await t.notThrowsAsync(crashCases(60, 1));
});

test('stores stopped at random moments keep their promises: seeds that once found something', async (t) => {
  for (const seed of [13, 61, 85, 169, 217, 865, 1573, 1849]) await t.notThrowsAsync(crashCases(12, seed));
});

test('a disk that fails at random calls costs nothing that was acknowledged, and no restart: first seeds', async (t) => {
  await t.notThrowsAsync(crashCases(60, 1, true));
});

test('a disk that fails at random calls: seeds that once found something', async (t) => {
  for (const seed of [120, 210, 227, 282, 296, 329, 385, 517, 1148, 1207, 1366, 2323, 2785, 2794, 3454]) {
    await t.notThrowsAsync(crashCases(12, seed, true));
  }
});
