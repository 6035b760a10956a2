import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { ConsumeConcurrentlyStatus, MessageListenerConcurrently } from '../../src/client/consume-listener.js';
import { MQBrokerError, MQClientError } from '../../src/client/errors.js';
import { PushConsumer } from '../../src/client/push-consumer.js';
import type { PushConsumerOptions } from '../../src/client/push-consumer-config.js';
import {
  decodeConsumeMessageDirectlyResult,
  decodeConsumerRunningInfo,
  encodeResetOffsetBody,
} from '../../src/protocol/bodies.js';
import { encodeStoredMessage } from '../../src/protocol/message-codec.js';
import type { MessageQueue } from '../../src/protocol/message-queue.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { RemotingTimeoutError } from '../../src/remoting/errors.js';
import { fakeCluster } from '../helper/client.js';
import { deferred } from '../helper/remoting.js';

interface Seen {
  topic: string;
  body: string;
  queueId: number;
}

/** A consumer of `orders` that keeps what it saw; `listener` decides. */
async function setUp(
  t: ExecutionContext,
  options: Partial<PushConsumerOptions> = {},
  listener: MessageListenerConcurrently = () => 'CONSUME_SUCCESS',
  start = true,
) {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('orders', 2);
  const seen: Seen[] = [];
  const record: MessageListenerConcurrently = (messages, context) => {
    seen.push(...messages.map(({ topic, body, queueId }) => ({ topic, body: body.toString(), queueId })));
    return listener(messages, context);
  };
  const create = (more: Partial<PushConsumerOptions> = {}) => {
    const all = { group: 'g', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' as const, ...cluster.options };
    const consumer = owned(new PushConsumer({ ...all, ...options, ...more }, cluster.deps));
    consumer.subscribe('orders');
    consumer.registerMessageListenerConcurrently(record);
    return consumer;
  };
  const consumer = create();
  if (start) await consumer.start();
  const bodies = () => seen.map(({ body }) => body);
  return { cluster, owned, consumer, create, seen, bodies };
}

const assigned = (consumer: PushConsumer, topic = 'orders') =>
  consumer.assignment
    .filter((mq) => mq.topic === topic)
    .map(({ queueId }) => queueId)
    .sort();

test('messages of all queues come to the listener, and are committed', async (t) => {
  const { cluster, seen } = await setUp(t);
  cluster.append('orders', 'a', { queueId: 0 });
  cluster.append('orders', 'b', { queueId: 1 });
  await cluster.advance(1000);
  t.deepEqual(seen.map(({ body, queueId }) => `${body}#${queueId}`).sort(), ['a#0', 'b#1']);
  cluster.append('orders', 'c', { queueId: 0 });
  await cluster.advance(100);
  t.is(seen.length, 3);
  await cluster.advance(5000);
  t.is(cluster.committed('g', 'orders', 0), 2);
  t.is(cluster.committed('g', 'orders', 1), 1);
});

test('the broker hears of the subscription, the retry topic included', async (t) => {
  const { cluster, consumer } = await setUp(t);
  const [heartbeat] = cluster.heartbeats;
  t.is(heartbeat?.data.clientID, consumer.clientId);
  const [data] = heartbeat?.data.consumerDataSet ?? [];
  t.like(data, { groupName: 'g', consumeType: 'CONSUME_PASSIVELY', messageModel: 'CLUSTERING' });
  t.deepEqual(data?.subscriptionDataSet.map(({ topic }) => topic).sort(), ['%RETRY%g', 'orders']);
});

test('tags are checked exactly', async (t) => {
  const { cluster, consumer, bodies } = await setUp(t, {}, undefined, false);
  consumer.subscribe('orders', 'A || B');
  await consumer.start();
  for (const tag of ['A', 'B', 'C']) cluster.append('orders', tag, { properties: { TAGS: tag } });
  cluster.append('orders', 'none');
  await cluster.advance(1000);
  t.deepEqual(bodies(), ['A', 'B']);
  t.is(cluster.committed('g', 'orders', 0), undefined);
  // The filtered ones behind them count as consumed with the next answer that brings nothing.
  await cluster.advance(21_000);
  t.is(cluster.committed('g', 'orders', 0), 4);
});

test('what was filtered out is committed when nothing else is in hand', async (t) => {
  const { cluster, consumer } = await setUp(t, {}, undefined, false);
  consumer.subscribe('orders', 'A');
  await consumer.start();
  cluster.append('orders', 'x', { properties: { TAGS: 'C' } });
  await cluster.advance(7000);
  t.is(cluster.committed('g', 'orders', 0), 1);
});

for (const [what, listener] of [
  ['RECONSUME_LATER', () => 'RECONSUME_LATER'],
  ['null', () => null],
  ['a throw', () => Promise.reject(new Error('no'))],
] as Array<[string, MessageListenerConcurrently]>) {
  test(`after ${what} the message goes back to the broker, and is done here`, async (t) => {
    const { cluster } = await setUp(t, {}, listener);
    cluster.append('orders', 'a');
    await cluster.advance(1000);
    const [call] = cluster.callsOf('consumerSendMessageBack');
    t.like(call?.args[1], {
      group: 'g',
      originTopic: 'orders',
      offset: 0,
      delayLevel: 0,
      maxReconsumeTimes: 16,
      bname: 'broker-a',
    });
    await cluster.advance(5000);
    t.is(cluster.committed('g', 'orders', 0), 1);
  });
}

test('only the messages after ackIndex have failed', async (t) => {
  const { cluster } = await setUp(t, { consumeMessageBatchMaxSize: 3, maxReconsumeTimes: 5 }, (_messages, context) => {
    context.ackIndex = 0;
    context.delayLevelWhenNextConsume = 4;
    return 'CONSUME_SUCCESS';
  });
  for (const body of ['a', 'b', 'c']) cluster.append('orders', body);
  await cluster.advance(1000);
  const back = cluster.callsOf('consumerSendMessageBack').map(({ args }) => args[1] as { offset: number });
  t.deepEqual(back.map(({ offset }) => offset).sort(), [100, 200]);
  t.like(back[0], { delayLevel: 4, maxReconsumeTimes: 5 });
});

test('a message the broker does not take back is sent to the retry topic', async (t) => {
  const { cluster } = await setUp(t, { maxReconsumeTimes: 7 }, () => 'RECONSUME_LATER');
  cluster.createTopic('%RETRY%g');
  cluster.overrides.set('consumerSendMessageBack', () => {
    throw new RemotingTimeoutError('b', 'late', 1);
  });
  cluster.append('orders', 'a', { reconsumeTimes: 2, properties: { KEYS: 'k' } });
  await cluster.advance(1000);
  const [message] = cluster.log({ topic: '%RETRY%g', brokerName: 'broker-a', queueId: 0 });
  t.is(message?.body.toString(), 'a');
  t.is(message?.properties.get('RETRY_TOPIC'), 'orders');
  t.is(message?.properties.get('DELAY'), '5');
  t.is(message?.properties.get('KEYS'), 'k');
  t.truthy(message?.properties.get('ORIGIN_MESSAGE_ID'));
  const [send] = cluster.callsOf('sendMessage');
  t.like(send?.args[1], { j: 3, l: 7 });
  await cluster.advance(5000);
  t.is(cluster.committed('g', 'orders', 0), 1);
});

test('a message that cannot be given back at all is tried again here', async (t) => {
  let failures = 1;
  const { cluster, bodies } = await setUp(t, {}, () => (failures-- > 0 ? 'RECONSUME_LATER' : 'CONSUME_SUCCESS'));
  for (const method of ['consumerSendMessageBack', 'sendMessage']) {
    cluster.overrides.set(method, () => {
      throw new RemotingTimeoutError('b', 'late', 1);
    });
  }
  cluster.append('orders', 'a');
  await cluster.advance(2000);
  t.deepEqual(bodies(), ['a']);
  t.is(cluster.committed('g', 'orders', 0), undefined);
  await cluster.advance(10_000);
  t.deepEqual(bodies(), ['a', 'a']);
  t.is(cluster.committed('g', 'orders', 0), 1);
});

test('a message of the retry topic has the topic back that it was sent to', async (t) => {
  const { cluster, seen } = await setUp(t);
  cluster.createTopic('%RETRY%g');
  cluster.append('%RETRY%g', 'again', { properties: { RETRY_TOPIC: 'orders' }, reconsumeTimes: 1 });
  await cluster.advance(5000);
  t.deepEqual(seen, [{ topic: 'orders', body: 'again', queueId: 0 }]);
});

test('a slow message holds the commit back, not the others', async (t) => {
  const gate = deferred<ConsumeConcurrentlyStatus>();
  const { cluster, bodies } = await setUp(t, {}, ([message]) =>
    message?.body.toString() === 'slow' ? gate.promise : 'CONSUME_SUCCESS',
  );
  for (const body of ['a', 'slow', 'c', 'd']) cluster.append('orders', body);
  await cluster.advance(7000);
  t.deepEqual(bodies().sort(), ['a', 'c', 'd', 'slow']);
  t.is(cluster.committed('g', 'orders', 0), 1);
  gate.resolve('CONSUME_SUCCESS');
  await cluster.advance(5000);
  t.is(cluster.committed('g', 'orders', 0), 4);
});

test('no more calls of the listener than consumeThreadMax run at a time', async (t) => {
  const gate = deferred<ConsumeConcurrentlyStatus>();
  const { cluster, seen } = await setUp(t, { consumeThreadMax: 3 }, () => gate.promise);
  for (let i = 0; i < 10; i += 1) cluster.append('orders', String(i));
  await cluster.advance(1000);
  t.is(seen.length, 3);
  gate.resolve('CONSUME_SUCCESS');
  await cluster.advance(1000);
  t.is(seen.length, 10);
});

test('pulling pauses while too much is cached', async (t) => {
  const gate = deferred<ConsumeConcurrentlyStatus>();
  const { cluster } = await setUp(t, { pullThresholdForQueue: 5, pullBatchSize: 3 }, () => gate.promise);
  for (let i = 0; i < 30; i += 1) cluster.append('orders', String(i));
  await cluster.advance(3000);
  const pulls = () =>
    cluster.callsOf('pullMessage').filter(({ args }) => (args[1] as { queueId: number }).queueId === 0);
  t.is(pulls().length, 2);
  gate.resolve('CONSUME_SUCCESS');
  await cluster.advance(3000);
  t.true(pulls().length >= 10);
});

test('pulling pauses while the cached offsets span too much', async (t) => {
  const gate = deferred<ConsumeConcurrentlyStatus>();
  const { cluster, bodies } = await setUp(
    t,
    { consumeConcurrentlyMaxSpan: 4, pullBatchSize: 2, consumeThreadMax: 2 },
    ([message]) => (message?.body.toString() === '0' ? gate.promise : 'CONSUME_SUCCESS'),
  );
  for (let i = 0; i < 30; i += 1) cluster.append('orders', String(i));
  await cluster.advance(3000);
  t.is(bodies().length, 6);
  gate.resolve('CONSUME_SUCCESS');
  await cluster.advance(3000);
  t.is(bodies().length, 30);
});

test('a message that hangs in the listener is given to another consumer after consumeTimeout', async (t) => {
  const gate = deferred<ConsumeConcurrentlyStatus>();
  const { cluster } = await setUp(t, { consumeTimeout: 1 }, () => gate.promise);
  cluster.append('orders', 'hangs');
  await cluster.advance(121_000);
  t.like(cluster.callsOf('consumerSendMessageBack')[0]?.args[1], { delayLevel: 3 });
  t.is(cluster.callsOf('consumerSendMessageBack').length, 1);
  gate.resolve('RECONSUME_LATER');
  await cluster.advance(6000);
  t.is(cluster.callsOf('consumerSendMessageBack').length, 1);
});

test('a message that nobody takes stays with the listener that has it', async (t) => {
  const { cluster } = await setUp(t, { consumeTimeout: 1 }, () => new Promise(() => {}));
  for (const method of ['consumerSendMessageBack', 'sendMessage']) {
    cluster.overrides.set(method, () => {
      throw new RemotingTimeoutError('b', 'late', 1);
    });
  }
  cluster.append('orders', 'hangs');
  await cluster.advance(125_000);
  t.true(cluster.logger.of('warn').some(({ message }) => message === 'could not send back'));
  t.is(cluster.committed('g', 'orders', 0), undefined);
});

test('suspend stops pulling, resume goes on', async (t) => {
  const { cluster, consumer, bodies } = await setUp(t);
  await cluster.advance(1000);
  consumer.suspend();
  cluster.append('orders', 'a');
  await cluster.advance(2000);
  t.deepEqual(bodies(), ['a']);
  cluster.append('orders', 'b');
  await cluster.advance(5000);
  t.deepEqual(bodies(), ['a']);
  consumer.resume();
  await cluster.advance(2000);
  t.deepEqual(bodies(), ['a', 'b']);
});

// Where to begin.

for (const [consumeFromWhere, expected] of [
  ['CONSUME_FROM_LAST_OFFSET', ['new']],
  ['CONSUME_FROM_FIRST_OFFSET', ['old', 'new']],
] as const) {
  test(`a queue without an offset begins as ${consumeFromWhere} says`, async (t) => {
    const { cluster, consumer, bodies } = await setUp(t, { consumeFromWhere }, undefined, false);
    cluster.append('orders', 'old');
    await consumer.start();
    await cluster.advance(1000);
    cluster.append('orders', 'new');
    await cluster.advance(1000);
    t.deepEqual(bodies(), [...expected]);
  });
}

test('a queue without an offset can begin at a time', async (t) => {
  const { cluster, create, bodies } = await setUp(t, {}, undefined, false);
  cluster.append('orders', 'old');
  cluster.clock.advance(60_000);
  const consumeTimestamp = cluster.clock.now();
  cluster.append('orders', 'new');
  const consumer = create({ group: 'h', consumeFromWhere: 'CONSUME_FROM_TIMESTAMP', consumeTimestamp });
  await consumer.start();
  await cluster.advance(1000);
  t.deepEqual(bodies(), ['new']);
});

test('a stored offset always wins', async (t) => {
  const { cluster, consumer, bodies } = await setUp(t, {}, undefined, false);
  for (const body of ['a', 'b', 'c']) cluster.append('orders', body);
  cluster.offsets.set('g@orders@0', 2);
  await consumer.start();
  await cluster.advance(1000);
  t.deepEqual(bodies(), ['c']);
});

test('a queue whose offset cannot be learned is left for the next round', async (t) => {
  const { cluster, consumer, bodies } = await setUp(t, {}, undefined, false);
  cluster.append('orders', 'a');
  cluster.overrides.set('queryConsumerOffset', () => {
    throw new RemotingTimeoutError('b', 'late', 1);
  });
  await consumer.start();
  await cluster.advance(3000);
  t.deepEqual(assigned(consumer), []);
  cluster.overrides.clear();
  await cluster.advance(3000);
  t.deepEqual(assigned(consumer), [0, 1]);
  t.deepEqual(bodies(), ['a']);
});

// The group.

test('two consumers share the queues, and the one that is left takes all', async (t) => {
  const { cluster, consumer, create, seen } = await setUp(t);
  await cluster.advance(1000);
  t.deepEqual(assigned(consumer), [0, 1]);
  const second = create({ instanceName: 'second' });
  await second.start();
  await cluster.remoting.request(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, { consumerGroup: 'g' });
  await cluster.advance(25_000);
  t.is(assigned(consumer).length, 1);
  t.is(assigned(second).length, 1);
  t.notDeepEqual(assigned(consumer), assigned(second));
  for (const queueId of [0, 1]) cluster.append('orders', 'x', { queueId });
  await cluster.advance(1000);
  t.is(seen.length, 2);
  await second.shutdown();
  await cluster.advance(25_000);
  t.deepEqual(assigned(consumer), [0, 1]);
});

test('a member that is not listed has no queues', async (t) => {
  const { cluster, consumer } = await setUp(t);
  await cluster.advance(1000);
  cluster.overrides.set('getConsumerIdListByGroup', () => ['someone-else']);
  await cluster.advance(21_000);
  t.deepEqual(assigned(consumer), []);
});

test('when the members cannot be listed everything stays as it is', async (t) => {
  const { cluster, consumer } = await setUp(t);
  await cluster.advance(1000);
  cluster.overrides.set('getConsumerIdListByGroup', () => {
    throw new RemotingTimeoutError('b', 'late', 1);
  });
  await cluster.advance(30_000);
  t.deepEqual(assigned(consumer), [0, 1]);
});

test('what was consumed is committed before a queue is given up', async (t) => {
  const { cluster, bodies } = await setUp(t);
  cluster.append('orders', 'a');
  await cluster.advance(1000);
  t.deepEqual(bodies(), ['a']);
  cluster.overrides.set('getConsumerIdListByGroup', () => ['someone-else']);
  await cluster.remoting.request(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, { consumerGroup: 'g' });
  await cluster.advance(2000);
  t.is(cluster.committed('g', 'orders', 0), 1);
});

test('what a listener does after its queue was given up does not count', async (t) => {
  const gate = deferred<ConsumeConcurrentlyStatus>();
  const { cluster, consumer } = await setUp(t, {}, () => gate.promise);
  cluster.append('orders', 'a');
  await cluster.advance(1000);
  cluster.overrides.set('getConsumerIdListByGroup', () => ['someone-else']);
  await cluster.advance(21_000);
  t.deepEqual(assigned(consumer), []);
  gate.resolve('RECONSUME_LATER');
  await cluster.advance(6000);
  t.is(cluster.callsOf('consumerSendMessageBack').length, 0);
  t.is(cluster.committed('g', 'orders', 0), undefined);
});

test('new queues of a topic are taken, the announced version of the subscription grows', async (t) => {
  const { cluster, consumer } = await setUp(t);
  await cluster.advance(1000);
  const versions = () => {
    const [data] = cluster.heartbeats.at(-1)?.data.consumerDataSet ?? [];
    return data?.subscriptionDataSet.find(({ topic }) => topic === 'orders')?.subVersion ?? 0;
  };
  const before = versions();
  cluster.createTopic('orders', 4);
  await cluster.advance(40_000);
  t.deepEqual(assigned(consumer), [0, 1, 2, 3]);
  t.true(versions() > before);
});

test('a topic can be subscribed and left while running', async (t) => {
  const { cluster, consumer, bodies } = await setUp(t);
  cluster.createTopic('more');
  await cluster.advance(1000);
  consumer.subscribe('more');
  await cluster.advance(3000);
  cluster.append('more', 'm');
  await cluster.advance(1000);
  t.deepEqual(bodies(), ['m']);
  consumer.unsubscribe('more');
  await cluster.advance(3000);
  t.deepEqual(assigned(consumer, 'more'), []);
  t.is(cluster.committed('g', 'more'), 1);
});

test('the thresholds of a topic are shared by its queues', async (t) => {
  const gate = deferred<ConsumeConcurrentlyStatus>();
  const { cluster, seen } = await setUp(
    t,
    { pullThresholdForTopic: 8, pullBatchSize: 2, consumeThreadMax: 100 },
    () => gate.promise,
  );
  for (let i = 0; i < 30; i += 1) cluster.append('orders', String(i));
  await cluster.advance(3000);
  // 8 for 2 queues: a pull of 2 follows while no more than 4 are cached.
  t.is(seen.length, 6);
});

test('a strategy that throws changes nothing', async (t) => {
  let isBroken = false;
  const strategy = {
    name: 'MINE',
    allocate: (_id: string, queues: readonly MessageQueue[]) => {
      if (isBroken) throw new Error('no idea');
      return [...queues];
    },
  };
  const { cluster, consumer } = await setUp(t, { allocateMessageQueueStrategy: strategy });
  await cluster.advance(1000);
  isBroken = true;
  await cluster.advance(25_000);
  t.deepEqual(assigned(consumer), [0, 1]);
  t.true(cluster.logger.of('error').length > 0);
});

test('broadcasting reads all queues, keeps its place in a file, and drops what fails', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-push-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const options = { messageModel: 'BROADCASTING', localOffsetStoreDir: folder } as const;
  const { cluster, consumer, create, bodies } = await setUp(t, options, () => 'RECONSUME_LATER');
  for (const queueId of [0, 1]) cluster.append('orders', `q${queueId}`, { queueId });
  await cluster.advance(1000);
  t.deepEqual(bodies().sort(), ['q0', 'q1']);
  t.is(consumer.clientId, '10.0.0.1@DEFAULT');
  t.deepEqual(assigned(consumer, '%RETRY%g'), []);
  t.is(cluster.callsOf('consumerSendMessageBack').length, 0);
  await consumer.shutdown();
  const second = create();
  await second.start();
  cluster.append('orders', 'next');
  await cluster.advance(1000);
  t.deepEqual(bodies().sort(), ['next', 'q0', 'q1']);
});

// Trouble with pulls.

test('an illegal offset is corrected, committed and used by the queue when it is taken again', async (t) => {
  const { cluster, consumer, bodies } = await setUp(t, {}, undefined, false);
  cluster.offsets.set('g@orders@0', 500);
  cluster.append('orders', 'a');
  await consumer.start();
  await cluster.advance(1000);
  t.is(cluster.committed('g', 'orders', 0), 1);
  await cluster.advance(3000);
  cluster.append('orders', 'b');
  await cluster.advance(1000);
  t.deepEqual(bodies(), ['b']);
});

test('a failed pull is repeated after a second, logged once', async (t) => {
  const { cluster, bodies } = await setUp(t);
  cluster.append('orders', 'a');
  cluster.overrides.set('pullMessage', () => {
    throw new RemotingTimeoutError('b', 'late', 1);
  });
  await cluster.advance(5600);
  const warnings = cluster.logger.of('warn').filter(({ message }) => message === 'pull failed');
  t.is(warnings.length, 2);
  const pulls = cluster.callsOf('pullMessage').length;
  t.true(pulls >= 8 && pulls <= 12, `${pulls} pulls`);
  cluster.overrides.clear();
  await cluster.advance(1500);
  t.deepEqual(bodies(), ['a']);
});

test('a broker that asks for less is asked again after 20 ms', async (t) => {
  const { cluster } = await setUp(t, { instanceName: 'i' });
  cluster.overrides.set('pullMessage', () => {
    throw new MQBrokerError(215, 'slow down', 'b');
  });
  await cluster.clock.advanceAsync(1000);
  await cluster.clock.advanceAsync(200);
  t.true(cluster.callsOf('pullMessage').length > 10);
});

test('a broker that does not know the subscription gets a heartbeat at once', async (t) => {
  const { cluster } = await setUp(t);
  await cluster.advance(400);
  const before = cluster.heartbeats.length;
  cluster.overrides.set('pullMessage', () => {
    throw new MQBrokerError(24, 'the consumer group is not here', 'b');
  });
  await cluster.advance(300);
  t.true(cluster.heartbeats.length > before);
});

test('the consumed offset travels with the pull', async (t) => {
  const { cluster } = await setUp(t);
  cluster.append('orders', 'a');
  await cluster.advance(1000);
  cluster.append('orders', 'b');
  await cluster.advance(100);
  const last = cluster
    .callsOf('pullMessage')
    .map(({ args }) => args[1] as { queueId: number; sysFlag: number; commitOffset: number; queueOffset: number })
    .findLast(({ queueId }) => queueId === 0);
  t.like(last, { sysFlag: 3, queueOffset: 2 });
  t.true((last?.commitOffset ?? 0) >= 1);
});

// Calls of brokers.

test('a broker can reset the offsets', async (t) => {
  const { cluster, bodies } = await setUp(t);
  for (const body of ['a', 'b']) cluster.append('orders', body);
  await cluster.advance(1000);
  const mq = { topic: 'orders', brokerName: 'broker-a', queueId: 0 };
  const body = encodeResetOffsetBody({ offsetTable: [{ mq, offset: 0 }] });
  const header = { topic: 'orders', group: 'g', timestamp: '0', isForce: 'true' };
  await cluster.remoting.request(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, header, body);
  t.is(cluster.committed('g', 'orders', 0), 0);
  await cluster.advance(3000);
  t.deepEqual(bodies(), ['a', 'b', 'a', 'b']);
});

test('a reset waits for the listener of the queue', async (t) => {
  const gate = deferred<ConsumeConcurrentlyStatus>();
  const { cluster, bodies } = await setUp(t, {}, () => gate.promise);
  cluster.append('orders', 'a');
  await cluster.advance(1000);
  const mq = { topic: 'orders', brokerName: 'broker-a', queueId: 0 };
  const body = encodeResetOffsetBody({ offsetTable: [{ mq, offset: 0 }] });
  const header = { topic: 'orders', group: 'g', timestamp: '0', isForce: 'true' };
  const reset = cluster.remoting.request(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, header, body);
  await cluster.advance(500);
  t.deepEqual(bodies(), ['a']);
  gate.resolve('CONSUME_SUCCESS');
  await reset;
  await cluster.advance(3000);
  t.deepEqual(bodies(), ['a', 'a']);
});

test('the running info tells settings, queues and rates', async (t) => {
  const { cluster, consumer } = await setUp(t, {}, ([message]) =>
    message?.body.toString() === 'hang' ? new Promise(() => {}) : 'CONSUME_SUCCESS',
  );
  cluster.append('orders', 'a');
  cluster.append('orders', 'hang');
  await cluster.advance(1000);
  const response = await cluster.remoting.request(RequestCode.GET_CONSUMER_RUNNING_INFO, {
    consumerGroup: 'g',
    clientId: consumer.clientId,
    jstackEnable: 'true',
  });
  const info = decodeConsumerRunningInfo(response?.body ?? null);
  t.like(info.properties, {
    PROP_NAMESERVER_ADDR: 'ns:9876;',
    PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY',
    PROP_CONSUMEORDERLY: 'false',
    PROP_CLIENT_VERSION: 'V5_3_3',
    PROP_THREADPOOL_CORE_SIZE: '20',
    consumerGroup: 'g',
    pullBatchSize: '32',
  });
  const first = info.mqTable.find(({ mq }) => mq.topic === 'orders' && mq.queueId === 0);
  t.like(first, { cachedMsgCount: 1, cachedMsgMinOffset: 1, cachedMsgMaxOffset: 1, commitOffset: 1, droped: false });
  t.true((info.statusTable.orders?.consumeOKTPS ?? 0) > 0);
  t.is(info.jstack, 'listener at work: orders broker-a 0, from offset 1\n');
});

for (const [listener, consumeResult] of [
  [() => 'CONSUME_SUCCESS', 'CR_SUCCESS'],
  [() => 'RECONSUME_LATER', 'CR_LATER'],
  [() => null, 'CR_RETURN_NULL'],
  [() => Promise.reject(new Error('no')), 'CR_THROW_EXCEPTION'],
] as Array<[MessageListenerConcurrently, string]>) {
  test(`a message consumed directly is answered with ${consumeResult}`, async (t) => {
    const { cluster, seen } = await setUp(t, {}, listener);
    const record = encodeStoredMessage({
      topic: '%RETRY%g',
      queueId: 0,
      flag: 0,
      queueOffset: 0,
      physicalOffset: 0,
      sysFlag: 0,
      bornTimestamp: 1,
      bornHost: { address: '127.0.0.1', port: 1 },
      storeTimestamp: 2,
      storeHost: { address: '127.0.0.1', port: 2 },
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: Buffer.from('direct'),
      propertiesText: 'RETRY_TOPIC\u0001orders\u0002',
    });
    const header = { consumerGroup: 'g', brokerName: 'broker-a' };
    const response = await cluster.remoting.request(RequestCode.CONSUME_MESSAGE_DIRECTLY, header, record);
    const result = decodeConsumeMessageDirectlyResult(response?.body ?? null);
    t.like(result, { order: false, autoCommit: true, consumeResult });
    if (consumeResult === 'CR_THROW_EXCEPTION') t.is(result.remark, 'no');
    t.deepEqual(seen, [{ topic: 'orders', body: 'direct', queueId: 0 }]);
  });
}

test('the offsets in memory are told', async (t) => {
  const { cluster } = await setUp(t);
  cluster.append('orders', 'a');
  await cluster.advance(1000);
  const header = { topic: 'orders', group: 'g' };
  const response = await cluster.remoting.request(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, header);
  t.true(response?.body?.toString().includes('{"brokerName":"broker-a","queueId":0,"topic":"orders"}:1'));
});

// Life.

test('shutdown waits for the listener, commits, unregisters and leaves nothing behind', async (t) => {
  const gate = deferred<ConsumeConcurrentlyStatus>();
  const { cluster, consumer } = await setUp(t, {}, () => gate.promise);
  cluster.append('orders', 'a');
  await cluster.advance(1000);
  const closed = consumer.shutdown();
  await cluster.advance(1000);
  t.is(cluster.callsOf('unregisterClient').length, 0);
  gate.resolve('CONSUME_SUCCESS');
  await closed;
  t.is(cluster.committed('g', 'orders', 0), 1);
  t.deepEqual(cluster.members.get('g'), []);
  t.true(cluster.remoting.isShutDown);
  t.is(cluster.clock.pendingTimers, 0);
  t.deepEqual(consumer.assignment, []);
});

test('shutdown does not wait for a listener for ever', async (t) => {
  const { cluster, consumer } = await setUp(
    t,
    { awaitTerminationMillisWhenShutdown: 2000 },
    () => new Promise(() => {}),
  );
  cluster.append('orders', 'a');
  await cluster.advance(1000);
  const closed = consumer.shutdown();
  await cluster.advance(2100);
  await t.notThrowsAsync(closed);
  t.is(cluster.committed('g', 'orders', 0), undefined);
});

test('a consumer needs a listener and is started once', async (t) => {
  const { cluster, owned } = fakeCluster(t);
  const consumer = owned(new PushConsumer({ group: 'g', ...cluster.options }, cluster.deps));
  await t.throwsAsync(consumer.start(), { message: 'messageListener is null' });
  consumer.registerMessageListenerConcurrently(() => 'CONSUME_SUCCESS');
  await consumer.start();
  await t.throwsAsync(consumer.start(), { instanceOf: MQClientError });
});

test('an expression the broker cannot compile ends the start', async (t) => {
  const { cluster, consumer } = await setUp(t, {}, undefined, false);
  cluster.overrides.set('checkClientConfig', () => {
    throw new MQBrokerError(23, 'parse error', 'b');
  });
  consumer.subscribe('orders', 'a >', 'SQL92');
  const error = await t.throwsAsync(consumer.start(), { instanceOf: MQBrokerError });
  t.is(error?.responseCode, 23);
  t.true(cluster.remoting.isShutDown);
  t.is(cluster.clock.pendingTimers, 0);
});

for (const [name, value] of [
  ['consumeThreadMax', 0],
  ['consumeThreadMax', 1001],
  ['pullBatchSize', 1025],
  ['pullThresholdForTopic', 0],
  ['pullThresholdSizeForTopic', 102_401],
  ['consumeMessageBatchMaxSize', 1.5],
  ['consumeTimestamp', '2024'],
  ['consumerTimeoutMillisWhenSuspend', 1],
  ['group', 'DEFAULT_CONSUMER'],
] as const) {
  test(`${name} = ${value} is refused`, (t) => {
    const options = { group: 'g', namesrvAddr: 'n:1', [name]: value };
    t.throws(() => new PushConsumer(options), { instanceOf: MQClientError });
  });
}
