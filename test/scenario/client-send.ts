import test from 'ava';
import { MQBrokerError } from '../../src/client/errors.js';
import { LocalTransactionState } from '../../src/client/transaction.js';
import { createMessage, type MessageExt } from '../../src/protocol/message.js';
import { decodeOffsetMsgId } from '../../src/protocol/message-id.js';
import { RemotingConnectError } from '../../src/remoting/errors.js';
import { eventually, Inbox, startScenario } from '../helper/client-scenario.js';

/** Everything in a topic, by a consumer of its own. */
async function readAll(scenario: Awaited<ReturnType<typeof startScenario>>, topic: string, count: number) {
  const consumer = scenario.litePullConsumer({ group: `reader-of-${topic}` });
  await consumer.start();
  await consumer.assign(await consumer.fetchMessageQueues(topic));
  const messages: MessageExt[] = [];
  while (messages.length < count) messages.push(...(await consumer.poll(1000)));
  return messages;
}

test('every way to send stores a message', async (t) => {
  const scenario = await startScenario(t);
  await scenario.createTopic('orders', 2);
  const producer = await scenario.producer();
  const plain = await producer.send(createMessage('orders', 'plain', { tags: 'A', keys: 'k1' }));
  const large = 'large'.repeat(2000);
  await producer.send(createMessage('orders', large));
  await producer.sendOneway(createMessage('orders', 'oneway'));
  const batch = await producer.sendBatch(['b1', 'b2', 'b3'].map((body) => createMessage('orders', body)));
  const queue = { topic: 'orders', brokerName: 'broker-0', queueId: 1 };
  const placed = await producer.send(createMessage('orders', 'placed'), { queue });
  const chosen = await producer.send(createMessage('orders', 'chosen'), {
    selector: (queues, _message, arg) => queues[(arg as number) % queues.length] as never,
    arg: 4,
  });
  t.deepEqual(placed.messageQueue, queue);
  t.is(chosen.messageQueue.queueId, 0);
  t.is(batch.msgId.split(',').length, 3);
  t.is(batch.offsetMsgId.split(',').length, 3);
  const messages = await readAll(scenario, 'orders', 8);
  const bodies = messages.map(({ body }) => body.toString()).sort();
  t.deepEqual(bodies, ['b1', 'b2', 'b3', 'chosen', large, 'oneway', 'placed', 'plain'].sort());
  const stored = messages.find(({ msgId }) => msgId === plain.msgId);
  t.is(stored?.offsetMsgId, plain.offsetMsgId);
  t.is(stored?.queueOffset, plain.queueOffset);
  const { host, physicalOffset } = decodeOffsetMsgId(plain.offsetMsgId);
  const viewed = await scenario.api.viewMessage(`${host.address}:${host.port}`, 'orders', physicalOffset);
  t.is(viewed.body.toString(), 'plain');
});

test('the first message creates its topic', async (t) => {
  const scenario = await startScenario(t);
  const producer = await scenario.producer();
  const result = await producer.send(createMessage('brand-new', 'first'));
  t.is(result.sendStatus, 'SEND_OK');
  await eventually(async () => (await scenario.api.getTopicRouteInfo('brand-new')).queueDatas[0]?.writeQueueNums === 4);
  t.is((await readAll(scenario, 'brand-new', 1))[0]?.body.toString(), 'first');
});

test('messages are spread over all brokers, and go to the others while one is away', async (t) => {
  const scenario = await startScenario(t, { brokers: 2 });
  await scenario.createTopic('orders', 2);
  const producer = await scenario.producer();
  const used = new Set<string>();
  for (let i = 0; i < 4; i += 1) {
    used.add((await producer.send(createMessage('orders', String(i)))).messageQueue.brokerName);
  }
  t.deepEqual([...used].sort(), ['broker-0', 'broker-1']);
  await scenario.brokers[0]?.stop();
  for (let i = 0; i < 4; i += 1) {
    const { messageQueue } = await producer.send(createMessage('orders', `later ${i}`));
    t.is(messageQueue.brokerName, 'broker-1');
  }
  const queue = { topic: 'orders', brokerName: 'broker-0', queueId: 0 };
  await t.throwsAsync(producer.send(createMessage('orders', 'x'), { queue }), { instanceOf: RemotingConnectError });
});

test('what a broker refuses is told with its code', async (t) => {
  const scenario = await startScenario(t);
  await scenario.createTopic('orders', 1);
  const producer = await scenario.producer();
  await producer.send(createMessage('orders', 'x'));
  const queue = { topic: 'orders', brokerName: 'broker-0', queueId: 99 };
  const error = await t.throwsAsync(producer.send(createMessage('orders', 'x'), { queue }), {
    instanceOf: MQBrokerError,
  });
  t.is(error?.brokerAddr, scenario.brokers[0]?.addr ?? '');
  t.true((error?.responseCode ?? 0) > 0);
});

test('consumers see a transaction only when it commits, also after the broker had to ask', async (t) => {
  const scenario = await startScenario(t, { config: { transactionTimeOut: 500, transactionCheckInterval: 500 } });
  await scenario.createTopic('orders', 1);
  const asked = new Inbox();
  const producer = await scenario.producer({
    transactionListener: {
      executeLocalTransaction: (_message, arg) => arg as LocalTransactionState,
      checkLocalTransaction: (message) => {
        asked.add(message.body.toString());
        return 'COMMIT_MESSAGE';
      },
    },
  });
  await producer.send(createMessage('orders', 'plain'));
  for (const state of Object.values(LocalTransactionState)) {
    const result = await producer.sendInTransaction(createMessage('orders', state), state);
    t.is(result.localTransactionState, state);
  }
  const messages = await readAll(scenario, 'orders', 3);
  t.deepEqual(messages.map(({ body }) => body.toString()).sort(), ['COMMIT_MESSAGE', 'UNKNOW', 'plain']);
  t.true(asked.bodies.every((body) => body === 'UNKNOW'));
  t.true(asked.bodies.length >= 1);
});

test('a delayed message comes later', async (t) => {
  const scenario = await startScenario(t);
  await scenario.createTopic('orders', 1);
  const producer = await scenario.producer();
  const sentAt = performance.now();
  await producer.send(createMessage('orders', 'later', { delayTimeLevel: 1 }));
  await readAll(scenario, 'orders', 1);
  t.true(performance.now() - sentAt >= 900);
});
