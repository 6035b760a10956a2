import test from 'ava';
import { newDataVersion, nextDataVersion, sameDataVersion } from '../../src/protocol/data-version.js';

test('a change counts up and takes its time', (t) => {
  const first = newDataVersion(1000);
  t.deepEqual(first, { counter: 0, timestamp: 1000, stateVersion: 0 });
  t.deepEqual(nextDataVersion({ ...first, stateVersion: 7 }, 2000), { counter: 1, timestamp: 2000, stateVersion: 7 });
  t.deepEqual(first, newDataVersion(1000), 'the old version is left alone');
});

test('versions are the same if all three fields are', (t) => {
  const version = { counter: 1, timestamp: 2, stateVersion: 3 };
  t.true(sameDataVersion(version, { ...version }));
  t.false(sameDataVersion(version, { ...version, counter: 9 }));
  t.false(sameDataVersion(version, { ...version, timestamp: 9 }));
  t.false(sameDataVersion(version, { ...version, stateVersion: 9 }));
});
