/** A push consumer whose broker says that it is to pop. */
import test, { type ExecutionContext } from 'ava';
import type { ConsumeConcurrentlyStatus, MessageListenerConcurrently } from '../../src/client/consume-listener.js';
import { MQBrokerError } from '../../src/client/errors.js';
import { PushConsumer } from '../../src/client/push-consumer.js';
import type { PushConsumerOptions } from '../../src/client/push-consumer-config.js';
import { decodeConsumerRunningInfo, type MessageRequestMode } from '../../src/protocol/bodies.js';
import type { MessageExt } from '../../src/protocol/message.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { fakeCluster } from '../helper/client.js';
import { deferred } from '../helper/remoting.js';

interface PopCall {
  topic: string;
  queueId: number;
  maxMsgNums: number;
  invisibleTime: number;
  pollTime: number;
  initMode: number;
  exp: string;
}

async function setUp(
  t: ExecutionContext,
  options: Partial<PushConsumerOptions> = {},
  listener: MessageListenerConcurrently = () => 'CONSUME_SUCCESS',
  expression = '*',
) {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('orders', 2);
  const state: { mode: MessageRequestMode; waiting: MessageExt[]; wake: () => void } = {
    mode: 'POP',
    waiting: [],
    wake: () => {},
  };
  const assigned = (topic: string) => {
    if (topic !== 'orders') return [];
    const queueIds = state.mode === 'POP' ? [-1] : [0, 1];
    return queueIds.map((queueId) => ({
      messageQueue: { topic, brokerName: 'broker-a', queueId },
      mode: state.mode,
    }));
  };
  cluster.overrides.set('queryAssignment', (_addr: string, { topic }: { topic: string }) => assigned(topic));
  cluster.overrides.set('popMessage', async (...args: unknown[]) => {
    const { signal } = args[3] as { signal: AbortSignal };
    if (state.waiting.length === 0) {
      const woken = deferred<void>();
      state.wake = woken.resolve;
      signal.addEventListener('abort', () => woken.reject(signal.reason), { once: true });
      await woken.promise;
    }
    return { status: 'FOUND', popTime: 0, invisibleTime: 0, restNum: 0, messages: state.waiting.splice(0) };
  });
  for (const method of ['ackMessage', 'changeInvisibleTime']) cluster.overrides.set(method, () => undefined);
  /** Messages that the next pop gives. */
  const arrive = (
    ...messages: Array<{ body: string; tags?: string; times?: number; poppedMs?: number; retry?: number }>
  ) => {
    for (const { body, tags, times = 0, poppedMs = cluster.clock.now(), retry = 0 } of messages) {
      const at = cluster.append('orders', body, { reconsumeTimes: times, ...(tags && { properties: { TAGS: tags } }) });
      const message = cluster.log({ topic: 'orders', brokerName: 'broker-a', queueId: 0 })[at] as MessageExt;
      message.properties.set('POP_CK', `0 ${poppedMs} 60000 3 ${retry} broker-a 0 ${at}`);
      state.waiting.push(message);
    }
    state.wake();
  };
  const bodies: string[] = [];
  const all = { group: 'g', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' as const, ...cluster.options };
  const consumer = owned(new PushConsumer({ ...all, clientRebalance: false, ...options }, cluster.deps));
  consumer.subscribe('orders', expression);
  consumer.registerMessageListenerConcurrently((messages, context) => {
    bodies.push(...messages.map(({ body }) => body.toString()));
    return listener(messages, context);
  });
  await consumer.start();
  await cluster.advance(1000);
  const headersOf = (method: string) => cluster.callsOf(method).map(({ args }) => args[1]);
  return { cluster, consumer, state, arrive, bodies, headersOf };
}

test('what the broker assigns for popping is popped, consumed and acknowledged', async (t) => {
  const { cluster, consumer, arrive, bodies, headersOf } = await setUp(t, {}, undefined, 'A || B');
  t.deepEqual(consumer.assignment, [{ topic: 'orders', brokerName: 'broker-a', queueId: -1 }]);
  const [, , header] = cluster.callsOf('popMessage')[0]?.args ?? [];
  const expected = { topic: 'orders', queueId: -1, maxMsgNums: 32, invisibleTime: 60_000, pollTime: 15_000 };
  t.like(header as PopCall, { ...expected, initMode: 0, exp: 'A || B' });
  arrive({ body: 'a', tags: 'A' }, { body: 'b', tags: 'B', times: 1, retry: 2 });
  await cluster.advance(200);
  t.deepEqual(bodies, ['a', 'b']);
  const ack = { consumerGroup: 'g', queueId: 0, bname: 'broker-a' };
  t.like(headersOf('ackMessage')[0], { ...ack, topic: 'orders', offset: 0 });
  // It lies in the retry topic of pop.
  t.like(headersOf('ackMessage')[1], { ...ack, topic: '%RETRY%g+orders', offset: 1 });
  t.is(cluster.committed('g', 'orders'), undefined);
  t.deepEqual(cluster.callsOf('pullMessage'), []);
});

test('messages of other tags, and those that came too often, are acknowledged unseen', async (t) => {
  const { cluster, arrive, bodies, headersOf } = await setUp(t, { maxReconsumeTimes: 2 }, undefined, 'A');
  arrive({ body: 'other', tags: 'C' }, { body: 'often', tags: 'A', times: 3 }, { body: 'ours', tags: 'A', times: 2 });
  await cluster.advance(200);
  t.deepEqual(bodies, ['ours']);
  t.deepEqual(
    headersOf('ackMessage').map((header) => (header as { offset: number }).offset),
    [0, 1, 2],
  );
});

for (const [what, times, level, expectedMs] of [
  ['its first failure', 0, 0, 10_000],
  ['its third failure', 2, 0, 60_000],
  ['a failure that names a delay level', 0, 3, 120_000],
  ['a failure of a level beyond the table', 0, 99, 7_200_000],
] as const) {
  test(`after ${what} a popped message comes again later`, async (t) => {
    const { cluster, arrive, headersOf } = await setUp(t, {}, (_messages, context) => {
      context.delayLevelWhenNextConsume = level;
      return 'RECONSUME_LATER';
    });
    arrive({ body: 'a', times });
    await cluster.advance(200);
    t.like(headersOf('changeInvisibleTime')[0], { topic: 'orders', offset: 0, invisibleTime: expectedMs });
    t.deepEqual(headersOf('ackMessage'), []);
    t.deepEqual(headersOf('consumerSendMessageBack'), []);
  });
}

test('a message that failed as often as it may is given up only when it is old', async (t) => {
  const { cluster, state, arrive, headersOf } = await setUp(t, { maxReconsumeTimes: 1 }, () => null);
  arrive({ body: 'young', times: 1 });
  await cluster.advance(200);
  t.like(headersOf('changeInvisibleTime')[0], { offset: 0, invisibleTime: 10_000 });
  arrive({ body: 'old', times: 1 });
  (state.waiting[0] as MessageExt).bornTimestamp -= 4 * 3600_000 + 1;
  await cluster.advance(200);
  t.like(headersOf('ackMessage')[0], { offset: 1 });
});

test('only the messages after ackIndex come again', async (t) => {
  const { cluster, arrive, headersOf } = await setUp(t, { consumeMessageBatchMaxSize: 2 }, (_messages, context) => {
    context.ackIndex = 0;
    return 'CONSUME_SUCCESS';
  });
  arrive({ body: 'a' }, { body: 'b' });
  await cluster.advance(200);
  t.like(headersOf('ackMessage')[0], { offset: 0 });
  t.like(headersOf('changeInvisibleTime')[0], { offset: 1 });
});

test('a message whose time is up is neither consumed nor acknowledged', async (t) => {
  const { cluster, arrive, bodies, headersOf } = await setUp(t, {}, async (): Promise<ConsumeConcurrentlyStatus> => {
    await new Promise<void>((resolve) => cluster.clock.after(60_000, resolve));
    return 'CONSUME_SUCCESS';
  });
  arrive({ body: 'late', poppedMs: cluster.clock.now() - 60_000 });
  await cluster.advance(200);
  t.deepEqual(bodies, []);
  arrive({ body: 'slow' });
  await cluster.advance(61_000);
  t.deepEqual(bodies, ['slow']);
  t.deepEqual(headersOf('ackMessage'), []);
});

test('no more is popped while too much waits for its acknowledgement', async (t) => {
  const release = deferred<void>();
  const { cluster, consumer, arrive } = await setUp(
    t,
    { popThresholdForQueue: 1 },
    async (): Promise<ConsumeConcurrentlyStatus> => {
      await release.promise;
      return 'CONSUME_SUCCESS';
    },
  );
  arrive({ body: 'a' }, { body: 'b' });
  await cluster.advance(1000);
  t.is(cluster.callsOf('popMessage').length, 1);
  const fields = { consumerGroup: 'g', clientId: consumer.clientId, jstackEnable: 'false' };
  const answer = await cluster.remoting.request(RequestCode.GET_CONSUMER_RUNNING_INFO, fields);
  const { mqPopTable, mqTable } = decodeConsumerRunningInfo(answer?.body ?? null);
  t.like(mqPopTable, [{ mq: { topic: 'orders', queueId: -1 }, waitAckCount: 2, droped: false }]);
  t.deepEqual(mqTable, []);
  release.resolve();
  await cluster.advance(200);
  t.is(cluster.callsOf('popMessage').length, 2);
});

test('a broker whose polls are full is left alone for a second', async (t) => {
  const { cluster, state } = await setUp(t);
  let pops = 0;
  cluster.overrides.set('popMessage', () => {
    pops += 1;
    return { status: 'POLLING_FULL', popTime: 0, invisibleTime: 0, restNum: 0, messages: [] };
  });
  state.wake();
  await cluster.advance(950);
  t.is(pops, 1);
  await cluster.advance(100);
  t.is(pops, 2);
});

test('a group that is switched to pulling pulls, and reads what failed while it popped', async (t) => {
  const { cluster, consumer, state, bodies } = await setUp(t);
  cluster.append('orders', 'pulled', { queueId: 1 });
  state.mode = 'PULL';
  await cluster.advance(22_000);
  t.deepEqual(
    consumer.assignment.map(({ queueId }) => queueId),
    [0, 1],
  );
  t.deepEqual(bodies, ['pulled']);
  const topics = () => cluster.heartbeats.at(-1)?.data.consumerDataSet[0]?.subscriptionDataSet.map((s) => s.topic);
  t.true(topics()?.includes('%RETRY%g_orders'));
  state.mode = 'POP';
  await cluster.advance(22_000);
  t.deepEqual(
    consumer.assignment.map(({ queueId }) => queueId),
    [-1],
  );
  t.false(topics()?.includes('%RETRY%g_orders'));
});

test('a broker that cannot assign leaves everything as it is', async (t) => {
  const { cluster, consumer } = await setUp(t);
  cluster.overrides.set('queryAssignment', () => {
    throw new MQBrokerError(1, 'no', 'broker-a:10911');
  });
  await cluster.advance(25_000);
  t.is(consumer.assignment.length, 1);
});

test('a consumer in order shares the queues out itself', async (t) => {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('orders', 2);
  const consumer = owned(new PushConsumer({ group: 'g', ...cluster.options, clientRebalance: false }, cluster.deps));
  consumer.subscribe('orders');
  consumer.registerMessageListenerOrderly(() => 'SUCCESS');
  await consumer.start();
  await cluster.advance(1000);
  t.is(consumer.assignment.length, 2);
  t.deepEqual(cluster.callsOf('queryAssignment'), []);
});

test('shutdown waits until what is in the listener is acknowledged', async (t) => {
  const release = deferred<void>();
  const { cluster, consumer, arrive, headersOf } = await setUp(t, {}, async (): Promise<ConsumeConcurrentlyStatus> => {
    await release.promise;
    return 'CONSUME_SUCCESS';
  });
  arrive({ body: 'a' });
  await cluster.advance(200);
  const closed = consumer.shutdown();
  await cluster.settle();
  release.resolve();
  await cluster.advance(200);
  await closed;
  t.is(headersOf('ackMessage').length, 1);
});
