import test from 'ava';
import { QueuePicker } from '../../src/client/queue-picker.js';

const queues = ['broker-a', 'broker-a', 'broker-b'].map((brokerName, queueId) => ({ topic: 't', brokerName, queueId }));
const zero = { next: () => 0 };

test('queues come in turn', (t) => {
  const picker = new QueuePicker(zero);
  const ids = [1, 2, 3, 4].map(() => picker.pick(queues, null)?.queueId);
  t.deepEqual(ids, [0, 1, 2, 0]);
});

test('the first queue is random', (t) => {
  t.is(new QueuePicker({ next: () => 1 / 0x4000_0000 }).pick(queues, null)?.queueId, 1);
});

test('a broker that failed is passed over', (t) => {
  const picker = new QueuePicker(zero);
  t.is(picker.pick(queues, 'broker-a')?.brokerName, 'broker-b');
  t.is(picker.pick(queues, 'broker-b')?.brokerName, 'broker-a');
});

test('a broker that failed is taken again when it is the only one', (t) => {
  t.is(new QueuePicker(zero).pick(queues.slice(0, 2), 'broker-a')?.brokerName, 'broker-a');
});

test('no queue, no choice', (t) => {
  t.is(new QueuePicker(zero).pick([], null), null);
  t.is(new QueuePicker(zero).pick([], 'broker-a'), null);
});
