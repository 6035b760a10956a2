import test from 'ava';
import { allocateForPop } from '../../../src/broker/pop/query-assignment.js';
import { allocateAveragely, allocateAveragelyByCircle } from '../../../src/protocol/queue-allocation.js';

const queues = (count: number) =>
  Array.from({ length: count }, (_, queueId) => ({ topic: 'orders', brokerName: 'broker-a', queueId }));

const ids = (assigned: { queueId: number }[]) => assigned.map(({ queueId }) => queueId);

test('without sharing, or with as many as there are, a member pops all queues', (t) => {
  for (const popShareQueueNum of [-1, 0, 2, 5]) {
    t.deepEqual(ids(allocateForPop(allocateAveragely, 'b', queues(2), ['a', 'b', 'c'], popShareQueueNum)), [-1, -1]);
  }
});

test('a member pops its queues and those of the members after it', (t) => {
  const members = ['a', 'b', 'c', 'd'];
  t.deepEqual(ids(allocateForPop(allocateAveragely, 'd', queues(8), members, 1)), [6, 7, 0, 1]);
  t.deepEqual(ids(allocateForPop(allocateAveragely, 'a', queues(8), members, 2)), [0, 1, 2, 3, 4, 5]);
  t.deepEqual(ids(allocateForPop(allocateAveragelyByCircle, 'a', queues(8), members, 1)), [0, 4, 1, 5]);
});

test('with more members than queues each member still gets one', (t) => {
  const members = ['a', 'b', 'c', 'd'];
  t.deepEqual(ids(allocateForPop(allocateAveragely, 'c', queues(2), members, 1)), [0]);
  t.deepEqual(ids(allocateForPop(allocateAveragely, 'd', queues(2), members, 1)), [1]);
  t.deepEqual(ids(allocateForPop(allocateAveragely, 'x', queues(2), members, 1)), []);
});
