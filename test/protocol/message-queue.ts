import test from 'ava';
import fc from 'fast-check';
import {
  compareMessageQueue,
  type MessageQueue,
  messageQueueKey,
  sameMessageQueue,
} from '../../src/protocol/message-queue.js';

const mq = (topic: string, brokerName: string, queueId: number): MessageQueue => ({ topic, brokerName, queueId });

test('queues sort by topic, broker and number', (t) => {
  const sorted = [mq('A', 'b', 2), mq('A', 'b', 10), mq('A', 'c', 0), mq('B', 'a', 0), mq('a', 'a', 0)];
  t.deepEqual([...sorted].reverse().sort(compareMessageQueue), sorted);
});

const part = fc.constantFrom('', '1', '11', ',', '1,', 'a');
const queue = fc.record({ topic: part, brokerName: part, queueId: fc.nat(2) });

test('equality, key and order agree', (t) => {
  fc.assert(
    fc.property(queue, queue, (a, b) => {
      t.is(messageQueueKey(a) === messageQueueKey(b), sameMessageQueue(a, b));
      t.is(compareMessageQueue(a, b) === 0, sameMessageQueue(a, b));
      t.is(Math.sign(compareMessageQueue(a, b)), -Math.sign(compareMessageQueue(b, a)) + 0);
    }),
    { numRuns: 2000 },
  );
});
