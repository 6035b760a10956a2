import { join } from 'node:path';
import test from 'ava';
import { ConsumeConcurrentlyStatus, ConsumeOrderlyStatus } from '../../src/client/consume-listener.js';
import type { PushConsumer } from '../../src/client/push-consumer.js';
import { createReplyMessage } from '../../src/client/request-reply.js';
import { createMessage } from '../../src/protocol/message.js';
import { eventually, Inbox, startScenario } from '../helper/client-scenario.js';

const assigned = (consumer: PushConsumer, topic: string) =>
  consumer.assignment.filter((mq) => mq.topic === topic).length;

test('a consumer gets what matches its tags, and goes on where it stopped', async (t) => {
  const scenario = await startScenario(t);
  await scenario.createTopic('orders', 2);
  const producer = await scenario.producer();
  const send = (body: string, tags: string) => producer.send(createMessage('orders', body, { tags }));
  for (const [body, tag] of [
    ['a1', 'A'],
    ['c1', 'C'],
    ['b1', 'B'],
  ] as const)
    await send(body, tag);
  const inbox = new Inbox();
  const create = () => {
    const consumer = scenario.pushConsumer({ group: 'g' });
    consumer.subscribe('orders', 'A || B');
    consumer.registerMessageListenerConcurrently((messages) => {
      inbox.add(...messages.map(({ body }) => body.toString()));
      return 'CONSUME_SUCCESS';
    });
    return consumer;
  };
  const first = create();
  await first.start();
  t.deepEqual((await inbox.atLeast(2)).sort(), ['a1', 'b1']);
  await send('a2', 'A');
  await inbox.atLeast(3);
  await first.shutdown();
  await send('a3', 'A');
  await create().start();
  t.deepEqual((await inbox.atLeast(4)).sort(), ['a1', 'a2', 'a3', 'b1']);
});

test('a message that always fails is tried again and ends as a dead letter', async (t) => {
  const scenario = await startScenario(t);
  await scenario.createTopic('orders', 1);
  const producer = await scenario.producer();
  const inbox = new Inbox();
  const consumer = scenario.pushConsumer({ group: 'g', maxReconsumeTimes: 2 });
  consumer.subscribe('orders');
  consumer.registerMessageListenerConcurrently(([message]) => {
    inbox.add(`${message?.topic} ${message?.body} ${message?.reconsumeTimes}`);
    return 'RECONSUME_LATER';
  });
  await consumer.start();
  const { msgId } = await producer.send(createMessage('orders', 'bad', { keys: 'k' }));
  t.deepEqual(await inbox.atLeast(3), ['orders bad 0', 'orders bad 1', 'orders bad 2']);
  const reader = scenario.litePullConsumer({ group: 'dead-letters' });
  await reader.start();
  await eventually(async () => (await reader.fetchMessageQueues('%DLQ%g')).length > 0);
  await reader.assign([{ topic: '%DLQ%g', brokerName: 'broker-0', queueId: 0 }]);
  const [dead] = await reader.poll(10_000);
  t.is(dead?.body.toString(), 'bad');
  t.is(dead?.properties.get('RETRY_TOPIC'), 'orders');
  t.is(dead?.properties.get('UNIQ_KEY'), msgId);
  t.is(inbox.bodies.length, 3);
});

test('each queue is consumed in order by one consumer at a time, also when a second one joins and leaves', async (t) => {
  const scenario = await startScenario(t);
  await scenario.createTopic('orders', 4);
  const producer = await scenario.producer();
  const queues = await producer.fetchPublishMessageQueues('orders');
  const seen = new Map<number, number[]>();
  const busy = new Set<number>();
  let overlaps = 0;
  let suspended = 0;
  const inbox = new Inbox();
  const create = () => {
    const consumer = scenario.pushConsumer({ group: 'g', suspendCurrentQueueTimeMillis: 50 });
    consumer.subscribe('orders');
    consumer.registerMessageListenerOrderly(async ([message], { messageQueue: { queueId } }) => {
      if (busy.has(queueId)) overlaps += 1;
      busy.add(queueId);
      await new Promise((resolve) => setImmediate(resolve));
      busy.delete(queueId);
      const number = Number(message?.body.toString());
      if (number === 13 && suspended < 2) {
        suspended += 1;
        return ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT;
      }
      seen.set(queueId, [...(seen.get(queueId) ?? []), number]);
      inbox.add(String(number));
      return ConsumeOrderlyStatus.SUCCESS;
    });
    return consumer;
  };
  let next = 0;
  const sendSome = async () => {
    for (let i = 0; i < 40; i += 1, next += 1) {
      await producer.send(createMessage('orders', String(next)), { queue: queues[next % 4] as never });
    }
  };
  const first = create();
  await first.start();
  await sendSome();
  await inbox.atLeast(40);
  const second = create();
  await second.start();
  await eventually(() => assigned(first, 'orders') === 2 && assigned(second, 'orders') === 2);
  await sendSome();
  await inbox.atLeast(80);
  await second.shutdown();
  await eventually(() => assigned(first, 'orders') === 4);
  await sendSome();
  await inbox.atLeast(120);
  t.is(overlaps, 0);
  t.is(suspended, 2);
  for (const [queueId, numbers] of seen) {
    const expected = Array.from({ length: 30 }, (_, i) => i * 4 + queueId);
    t.deepEqual(numbers, expected);
  }
});

test('broadcasting brings every message to everybody, and each remembers its own place', async (t) => {
  const scenario = await startScenario(t);
  await scenario.createTopic('news', 2);
  const producer = await scenario.producer();
  const inboxes = [new Inbox(), new Inbox()];
  const create = (index: number) => {
    const localOffsetStoreDir = join(scenario.folder, `offsets-${index}`);
    const consumer = scenario.pushConsumer({ group: 'g', messageModel: 'BROADCASTING', localOffsetStoreDir });
    consumer.subscribe('news');
    consumer.registerMessageListenerConcurrently((messages) => {
      inboxes[index]?.add(...messages.map(({ body }) => body.toString()));
      return 'CONSUME_SUCCESS';
    });
    return consumer;
  };
  const consumers = [create(0), create(1)];
  for (const consumer of consumers) await consumer.start();
  for (const body of ['a', 'b', 'c']) await producer.send(createMessage('news', body));
  for (const inbox of inboxes) t.deepEqual((await inbox.atLeast(3)).sort(), ['a', 'b', 'c']);
  await consumers[0]?.shutdown();
  await producer.send(createMessage('news', 'd'));
  await inboxes[1]?.atLeast(4);
  await create(0).start();
  t.deepEqual((await inboxes[0]?.atLeast(4))?.sort(), ['a', 'b', 'c', 'd']);
});

test('two consumers share the messages of two brokers, none is lost or doubled', async (t) => {
  const scenario = await startScenario(t, { brokers: 2 });
  await scenario.createTopic('orders', 2);
  const producer = await scenario.producer();
  const inboxes = [new Inbox(), new Inbox()];
  const consumers = inboxes.map((inbox, index) => {
    const consumer = scenario.pushConsumer({ group: 'g', instanceName: `i${index}` });
    consumer.subscribe('orders');
    consumer.registerMessageListenerConcurrently((messages) => {
      inbox.add(...messages.map(({ body }) => body.toString()));
      return 'CONSUME_SUCCESS';
    });
    return consumer;
  });
  for (const consumer of consumers) await consumer.start();
  await eventually(() => consumers.every((consumer) => assigned(consumer, 'orders') === 2));
  const sent = Array.from({ length: 200 }, (_, i) => String(i));
  for (const body of sent) await producer.send(createMessage('orders', body));
  await eventually(() => inboxes.reduce((sum, { bodies }) => sum + bodies.length, 0) >= 200);
  const all = inboxes.flatMap(({ bodies }) => bodies);
  t.deepEqual(
    all.map(Number).sort((a, b) => a - b),
    sent.map(Number),
  );
  for (const { bodies } of inboxes) t.true(bodies.length > 0);
});

test('a broker that comes back is used again, and nothing that was sent is lost', async (t) => {
  const scenario = await startScenario(t);
  await scenario.createTopic('orders', 2);
  const producer = await scenario.producer();
  const inbox = new Inbox();
  const consumer = scenario.pushConsumer({ group: 'g' });
  consumer.subscribe('orders');
  consumer.registerMessageListenerConcurrently((messages) => {
    inbox.add(...messages.map(({ body }) => body.toString()));
    return 'CONSUME_SUCCESS';
  });
  await consumer.start();
  for (let i = 0; i < 20; i += 1) await producer.send(createMessage('orders', String(i)));
  await inbox.atLeast(20);
  const [broker] = scenario.brokers;
  await broker?.stop();
  await t.throwsAsync(producer.send(createMessage('orders', 'lost'), { timeoutMs: 300 }));
  await broker?.restart();
  await eventually(async () => (await producer.send(createMessage('orders', '20'))).sendStatus === 'SEND_OK');
  for (let i = 21; i < 40; i += 1) await producer.send(createMessage('orders', String(i)));
  await eventually(() => new Set(inbox.bodies).size >= 40);
  t.false(inbox.bodies.includes('lost'));
});

test('an admin can look into a consumer, make it consume, and set it back', async (t) => {
  const scenario = await startScenario(t);
  await scenario.createTopic('orders', 1);
  const producer = await scenario.producer();
  const addr = scenario.brokers[0]?.addr ?? '';
  const inbox = new Inbox();
  const consumer = scenario.pushConsumer({
    group: 'g',
    brokerSuspendMaxTimeMillis: 500,
    persistConsumerOffsetInterval: 100,
  });
  consumer.subscribe('orders');
  consumer.registerMessageListenerConcurrently((messages) => {
    inbox.add(...messages.map(({ body }) => body.toString()));
    return 'CONSUME_SUCCESS';
  });
  await consumer.start();
  const first = await producer.send(createMessage('orders', 'a'));
  await producer.send(createMessage('orders', 'b'));
  await inbox.atLeast(2);
  const info = await scenario.api.getConsumerRunningInfo(addr, 'g', consumer.clientId, true);
  t.is(info.properties.PROP_CONSUME_TYPE, 'CONSUME_PASSIVELY');
  t.true(info.mqTable.some(({ mq }) => mq.topic === 'orders'));
  const direct = await scenario.api.consumeMessageDirectly(addr, {
    consumerGroup: 'g',
    clientId: consumer.clientId,
    msgId: first.offsetMsgId,
    topic: 'orders',
  });
  t.is(direct.consumeResult, 'CR_SUCCESS');
  t.deepEqual(await inbox.atLeast(3), ['a', 'b', 'a']);
  await eventually(async () => {
    const stats = await scenario.api.getConsumeStats(addr, { consumerGroup: 'g', topic: 'orders' });
    return stats.offsetTable[0]?.consumerOffset === 2;
  });
  await scenario.api.invokeBrokerToResetOffset(addr, { topic: 'orders', group: 'g', timestamp: 0, isForce: true });
  t.deepEqual((await inbox.atLeast(5)).slice(3), ['a', 'b']);
});

test('a request gets its reply', async (t) => {
  const scenario = await startScenario(t);
  await scenario.createTopic('questions', 1);
  const replier = await scenario.producer({ group: 'repliers' });
  const consumer = scenario.pushConsumer({ group: 'g' });
  consumer.subscribe('questions');
  consumer.registerMessageListenerConcurrently(async (messages) => {
    for (const message of messages) await replier.send(createReplyMessage(message, `re: ${message.body}`));
    return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
  });
  await consumer.start();
  const producer = await scenario.producer();
  const reply = await producer.request(createMessage('questions', 'ping'), 20_000);
  t.is(reply.body.toString(), 're: ping');
});
