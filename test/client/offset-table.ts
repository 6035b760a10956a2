import test from 'ava';
import { OffsetTable } from '../../src/client/offset-table.js';

const mq = { topic: 't', brokerName: 'b', queueId: 0 };

test('an offset moves back only when that is allowed', (t) => {
  const table = new OffsetTable();
  table.update(mq, 10, true);
  table.update(mq, 5, true);
  t.is(table.get(mq), 10);
  table.update(mq, 5, false);
  t.is(table.get(mq), 5);
});

test('a frozen offset stays until it is removed', (t) => {
  const table = new OffsetTable();
  table.updateAndFreeze(mq, 7);
  table.update(mq, 20, false);
  t.is(table.get(mq), 7);
  table.remove(mq);
  t.is(table.get(mq), null);
  table.update(mq, 20, false);
  t.is(table.get(mq), 20);
});

test('the list can be of one topic', (t) => {
  const table = new OffsetTable();
  const other = { ...mq, topic: 'u' };
  table.update(mq, 1, false);
  table.update(other, 2, false);
  t.deepEqual(table.list('u'), [{ mq: other, offset: 2 }]);
  t.is(table.list().length, 2);
});

test('an offset that was only read is not ours to commit', (t) => {
  const table = new OffsetTable();
  table.setStored(mq, 10);
  t.is(table.get(mq), 10);
  t.is(table.toCommit(mq), null);
  table.update(mq, 9, true);
  t.is(table.toCommit(mq), null);
  table.update(mq, 11, true);
  t.is(table.toCommit(mq), 11);
  table.updateAndFreeze(mq, 3);
  table.setStored(mq, 12);
  t.is(table.toCommit(mq), 3);
});
