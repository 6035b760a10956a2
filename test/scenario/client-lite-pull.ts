import test from 'ava';
import type { LitePullConsumer } from '../../src/client/lite-pull-consumer.js';
import { createMessage } from '../../src/protocol/message.js';
import { eventually, startScenario } from '../helper/client-scenario.js';

async function pollBodies(consumer: LitePullConsumer, count: number): Promise<string[]> {
  const bodies: string[] = [];
  while (bodies.length < count) {
    const messages = await consumer.poll(1000);
    bodies.push(...messages.map(({ body }) => body.toString()));
  }
  return bodies;
}

test('a group polls its share, commits, and goes on where it stopped', async (t) => {
  const scenario = await startScenario(t);
  await scenario.createTopic('orders', 2);
  const producer = await scenario.producer();
  for (let i = 0; i < 10; i += 1) await producer.send(createMessage('orders', String(i)));
  const create = () => {
    const consumer = scenario.litePullConsumer({ group: 'g' });
    consumer.subscribe('orders');
    return consumer;
  };
  const first = create();
  await first.start();
  t.is((await pollBodies(first, 10)).length, 10);
  const second = create();
  await second.start();
  await eventually(() => first.assignment.length === 1 && second.assignment.length === 1);
  await second.shutdown();
  await eventually(() => first.assignment.length === 2);
  await first.shutdown();
  await producer.send(createMessage('orders', 'next'));
  const third = create();
  await third.start();
  t.deepEqual(await pollBodies(third, 1), ['next']);
});

test('assigned queues can be sought, paused and committed by hand', async (t) => {
  const scenario = await startScenario(t);
  await scenario.createTopic('orders', 1);
  const producer = await scenario.producer();
  const queue = { topic: 'orders', brokerName: 'broker-0', queueId: 0 };
  for (let i = 0; i < 10; i += 1) await producer.send(createMessage('orders', String(i)));
  const consumer = scenario.litePullConsumer({ group: 'g', autoCommit: false, pullBatchSize: 4 });
  await consumer.assign([queue]);
  await consumer.start();
  t.deepEqual(await pollBodies(consumer, 10), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  await consumer.seek(queue, 7);
  t.deepEqual(await pollBodies(consumer, 3), ['7', '8', '9']);
  await consumer.seekToBegin(queue);
  t.deepEqual((await pollBodies(consumer, 1)).slice(0, 1), ['0']);
  await consumer.seekToEnd(queue);
  await producer.send(createMessage('orders', 'new'));
  t.deepEqual(await pollBodies(consumer, 1), ['new']);
  // Nothing is committed yet: the broker says 0 as long as the queue's first message is in memory.
  t.is(await consumer.committed(queue), 0);
  await consumer.commit();
  const addr = scenario.brokers[0]?.addr ?? '';
  await eventually(async () => (await scenario.api.queryConsumerOffset(addr, 'g', queue)) === 11);
  const timestamp = (await scenario.api.getTopicStatsInfo(addr, 'orders')).offsetTable[0]?.lastUpdateTimestamp ?? 0;
  t.is(await consumer.offsetForTimestamp(queue, timestamp + 60_000), 11);
});
