import test from 'ava';
import { createBrokerConfig } from '../../src/broker/broker-config.js';
import { ConsumerOffsetTable } from '../../src/broker/consumer-offset-table.js';

function table(overrides: Parameters<typeof createBrokerConfig>[0] = {}): ConsumerOffsetTable {
  let now = 1_700_000_000_000;
  return new ConsumerOffsetTable(createBrokerConfig(overrides), () => now++);
}

test('an offset that was never committed is -1', (t) => {
  t.is(table().query('g', 'T', 0), -1);
});

test('a smaller offset replaces a greater one', (t) => {
  const offsets = table();
  offsets.commit('g', 'T', 0, 100);
  offsets.commit('g', 'T', 0, 5);
  t.is(offsets.query('g', 'T', 0), 5);
});

test('a reset overrules what is committed until it is taken', (t) => {
  const offsets = table();
  offsets.commit('g', 'T', 0, 100);
  offsets.assignReset('T', 'g', 0, 7);
  t.is(offsets.query('g', 'T', 0), 7);
  t.true(offsets.hasReset('T', 'g', 0));
  t.is(offsets.takeReset('T', 'g', 0), 7);
  t.is(offsets.takeReset('T', 'g', 0), null, 'a reset is taken once');
  t.false(offsets.hasReset('T', 'g', 0));
  t.is(offsets.query('g', 'T', 0), 7, 'it stays committed');
});

test('a reset is only for its queue', (t) => {
  const offsets = table();
  offsets.assignReset('T', 'g', 1, 7);
  t.is(offsets.takeReset('T', 'g', 0), null);
  t.is(offsets.takeReset('T', 'g', 1), 7);
});

test('negative resets are refused', (t) => {
  const offsets = table();
  offsets.assignReset('T', 'g', 0, -1);
  t.false(offsets.hasReset('T', 'g', 0));
});

test('the pulled offset falls back to the committed one', (t) => {
  const offsets = table();
  offsets.commit('g', 'T', 0, 3);
  t.is(offsets.queryPulled('g', 'T', 0), 3);
  offsets.commitPulled('g', 'T', 0, 9);
  t.is(offsets.queryPulled('g', 'T', 0), 9);
});

test('topics and groups are found by their keys', (t) => {
  const offsets = table();
  offsets.commit('g1', 'T1', 0, 1);
  offsets.commit('g1', 'T2', 0, 1);
  offsets.commit('g2', 'T1', 0, 1);
  t.deepEqual([...offsets.topicsOf('g1')].sort(), ['T1', 'T2']);
  t.deepEqual([...offsets.groupsOf('T1')].sort(), ['g1', 'g2']);
});

test('removing a group or a topic leaves the others', (t) => {
  const offsets = table();
  offsets.commit('g1', 'T1', 0, 1);
  offsets.commit('g2', 'T1', 0, 2);
  offsets.commit('g2', 'T2', 0, 3);
  offsets.assignReset('T1', 'g2', 0, 4);
  offsets.removeGroup('g1');
  t.is(offsets.query('g1', 'T1', 0), -1);
  offsets.removeTopic('T1');
  t.is(offsets.query('g2', 'T1', 0), -1);
  t.false(offsets.hasReset('T1', 'g2', 0));
  t.is(offsets.query('g2', 'T2', 0), 3);
});

test('cloned offsets go on independently', (t) => {
  const offsets = table();
  offsets.commit('from', 'T', 0, 5);
  offsets.clone('from', 'to', 'T');
  offsets.commit('from', 'T', 0, 6);
  t.is(offsets.query('to', 'T', 0), 5);
});

test('the smallest offset over all groups skips what is gone from the queue', (t) => {
  const offsets = table();
  offsets.commit('g1', 'T', 0, 50);
  offsets.commit('g2', 'T', 0, 60);
  offsets.commit('g3', 'T', 0, 3);
  offsets.commit('skipped', 'T', 0, 20);
  t.deepEqual([...offsets.minOffsets('T', new Set(['skipped']), () => 10)], [[0, 50]]);
  t.is(offsets.query('skipped', 'T', 0), 20, 'asking changes nothing');
});

test('the version moves every so many commits', (t) => {
  const offsets = table({ consumerOffsetUpdateVersionStep: 3 });
  offsets.commit('g', 'T', 0, 1);
  offsets.commit('g', 'T', 0, 2);
  t.is(offsets.version.counter, 0);
  offsets.commit('g', 'T', 0, 3);
  t.is(offsets.version.counter, 1);
});

test('the revision tells whether anything changed', (t) => {
  const offsets = table();
  const before = offsets.revision;
  offsets.query('g', 'T', 0);
  offsets.commitPulled('g', 'T', 0, 4);
  t.is(offsets.revision, before);
  offsets.commit('g', 'T', 0, 1);
  t.not(offsets.revision, before);
});
