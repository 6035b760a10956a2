import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ConsumeOrderlyStatus, type MessageListenerOrderly } from '../../src/client/consume-listener.js';
import { PushConsumer } from '../../src/client/push-consumer.js';
import type { PushConsumerOptions } from '../../src/client/push-consumer-config.js';
import { decodeConsumeMessageDirectlyResult } from '../../src/protocol/bodies.js';
import { encodeStoredMessage } from '../../src/protocol/message-codec.js';
import { messageQueueKey } from '../../src/protocol/message-queue.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { RemotingTimeoutError } from '../../src/remoting/errors.js';
import { fakeCluster } from '../helper/client.js';
import { deferred } from '../helper/remoting.js';

const mq = { topic: 'orders', brokerName: 'broker-a', queueId: 0 };
const key = messageQueueKey(mq);

async function setUp(
  t: ExecutionContext,
  listener: MessageListenerOrderly,
  options: Partial<PushConsumerOptions> = {},
) {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('orders');
  const seen: string[] = [];
  const create = (more: Partial<PushConsumerOptions> = {}) => {
    const consumer = owned(
      new PushConsumer(
        { group: 'g', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET', ...cluster.options, ...options, ...more },
        cluster.deps,
      ),
    );
    consumer.subscribe('orders');
    consumer.registerMessageListenerOrderly((messages, context) => {
      seen.push(messages.map(({ body }) => body.toString()).join('+'));
      return listener(messages, context);
    });
    return consumer;
  };
  const consumer = create();
  await consumer.start();
  return { cluster, consumer, create, seen };
}

const listed = (consumer: PushConsumer) => consumer.assignment.filter(({ topic }) => topic === 'orders').length;

test('the messages of a queue come one after the other', async (t) => {
  let running = 0;
  let overlaps = 0;
  const { cluster, seen } = await setUp(t, async () => {
    running += 1;
    if (running > 1) overlaps += 1;
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return ConsumeOrderlyStatus.SUCCESS;
  });
  for (let i = 0; i < 50; i += 1) cluster.append('orders', String(i));
  await cluster.advance(3000);
  t.deepEqual(
    seen,
    Array.from({ length: 50 }, (_, i) => String(i)),
  );
  t.is(overlaps, 0);
  await cluster.advance(5000);
  t.is(cluster.committed('g', 'orders'), 50);
});

test('batches have at most consumeMessageBatchMaxSize messages', async (t) => {
  const { cluster, seen } = await setUp(t, () => 'SUCCESS', { consumeMessageBatchMaxSize: 3 });
  for (let i = 0; i < 7; i += 1) cluster.append('orders', String(i));
  await cluster.advance(2000);
  t.deepEqual(seen, ['0+1+2', '3+4+5', '6']);
});

for (const [what, fail] of [
  ['SUSPEND', () => 'SUSPEND_CURRENT_QUEUE_A_MOMENT'],
  ['null', () => null],
  ['a throw', () => Promise.reject(new Error('no'))],
] as Array<[string, MessageListenerOrderly]>) {
  test(`after ${what} the same message comes again, later ones wait`, async (t) => {
    let failures = 2;
    const { cluster, seen } = await setUp(
      t,
      (messages, context) => (failures-- > 0 ? fail(messages, context) : 'SUCCESS'),
      { suspendCurrentQueueTimeMillis: 400 },
    );
    cluster.append('orders', 'a');
    cluster.append('orders', 'b');
    await cluster.advance(700);
    t.deepEqual(seen, ['a']);
    await cluster.advance(400);
    t.deepEqual(seen, ['a', 'a']);
    await cluster.advance(400);
    t.deepEqual(seen, ['a', 'a', 'a', 'b']);
    await cluster.advance(5000);
    t.is(cluster.committed('g', 'orders'), 2);
  });
}

test('the listener sees how often, and can choose the pause', async (t) => {
  const times: number[] = [];
  const { cluster } = await setUp(t, ([message], context) => {
    times.push(message?.reconsumeTimes ?? -1);
    context.suspendCurrentQueueTimeMillis = 2000;
    return times.length < 3 ? 'SUSPEND_CURRENT_QUEUE_A_MOMENT' : 'SUCCESS';
  });
  cluster.append('orders', 'a');
  await cluster.advance(1000);
  t.deepEqual(times, [0]);
  await cluster.advance(4000);
  t.deepEqual(times, [0, 1, 2]);
});

test('a message that failed too often goes to the retry topic, the next one comes', async (t) => {
  const { cluster, seen } = await setUp(
    t,
    ([message]) => (message?.body.toString() === 'bad' ? 'SUSPEND_CURRENT_QUEUE_A_MOMENT' : 'SUCCESS'),
    { maxReconsumeTimes: 2, suspendCurrentQueueTimeMillis: 10 },
  );
  cluster.createTopic('%RETRY%g');
  cluster.append('orders', 'bad');
  cluster.append('orders', 'good');
  await cluster.advance(1500);
  t.deepEqual(seen.slice(0, 4), ['bad', 'bad', 'bad', 'good']);
  const [dead] = cluster.log({ ...mq, topic: '%RETRY%g' });
  t.is(dead?.body.toString(), 'bad');
  t.like(cluster.callsOf('sendMessage')[0]?.args[1], { j: 3, l: 2 });
});

test('a message that cannot be given up is consumed again', async (t) => {
  const { cluster, seen } = await setUp(t, () => 'SUSPEND_CURRENT_QUEUE_A_MOMENT', {
    maxReconsumeTimes: 0,
    suspendCurrentQueueTimeMillis: 100,
  });
  cluster.createTopic('%RETRY%g');
  cluster.overrides.set('sendMessage', () => {
    throw new RemotingTimeoutError('b', 'late', 1);
  });
  cluster.append('orders', 'bad');
  await cluster.advance(1500);
  t.true(seen.length > 3);
  t.is(cluster.committed('g', 'orders'), undefined);
});

test('without autoCommit only COMMIT commits, and ROLLBACK brings everything back', async (t) => {
  const answers: ConsumeOrderlyStatus[] = ['SUCCESS', 'ROLLBACK', 'SUCCESS', 'COMMIT', 'SUCCESS'];
  const { cluster, seen } = await setUp(
    t,
    (_messages, context) => {
      context.autoCommit = false;
      return answers.shift() ?? 'SUCCESS';
    },
    { suspendCurrentQueueTimeMillis: 10 },
  );
  for (const body of ['a', 'b', 'c']) cluster.append('orders', body);
  await cluster.advance(8000);
  t.deepEqual(seen, ['a', 'b', 'a', 'b', 'c']);
  t.is(cluster.committed('g', 'orders'), 2);
});

test('with autoCommit a ROLLBACK commits, as in Java', async (t) => {
  const { cluster, seen } = await setUp(t, () => 'ROLLBACK');
  cluster.append('orders', 'a');
  await cluster.advance(8000);
  t.deepEqual(seen, ['a']);
  t.is(cluster.committed('g', 'orders'), 1);
});

// Locks.

test('a queue that another consumer holds is not consumed until it is free', async (t) => {
  const { cluster, consumer, create, seen } = await setUp(t, () => 'SUCCESS');
  await consumer.shutdown();
  cluster.locks.set(key, 'someone-else');
  const second = create({ instanceName: 'second' });
  await second.start();
  cluster.append('orders', 'a');
  await cluster.advance(5000);
  t.is(listed(second), 0);
  t.deepEqual(seen, []);
  cluster.locks.delete(key);
  await cluster.advance(3000);
  t.is(listed(second), 1);
  t.deepEqual(seen, ['a']);
});

test('locks are renewed, and given back on shutdown', async (t) => {
  const { cluster, consumer } = await setUp(t, () => 'SUCCESS');
  await cluster.advance(1500);
  t.is(cluster.locks.get(key), consumer.clientId);
  const before = cluster.callsOf('lockBatchMQ').length;
  await cluster.advance(40_000);
  t.is(cluster.callsOf('lockBatchMQ').length, before + 2);
  await consumer.shutdown();
  t.false(cluster.locks.has(key));
});

test('a lost lock stops consumption until it is ours again', async (t) => {
  const { cluster, seen } = await setUp(t, () => 'SUCCESS');
  cluster.append('orders', 'a');
  await cluster.advance(1500);
  cluster.locks.set(key, 'someone-else');
  await cluster.advance(20_000);
  cluster.append('orders', 'b');
  await cluster.advance(4000);
  t.deepEqual(seen, ['a']);
  cluster.locks.delete(key);
  await cluster.advance(8000);
  t.deepEqual(seen, ['a', 'b']);
});

test('a lock that cannot be renewed is trusted for 30 s', async (t) => {
  const { cluster, seen } = await setUp(t, () => 'SUCCESS');
  await cluster.advance(1500);
  cluster.overrides.set('lockBatchMQ', () => {
    throw new RemotingTimeoutError('b', 'late', 1);
  });
  await cluster.advance(20_000);
  cluster.append('orders', 'a');
  await cluster.advance(100);
  t.deepEqual(seen, ['a']);
  await cluster.advance(15_000);
  cluster.append('orders', 'b');
  await cluster.advance(2000);
  t.deepEqual(seen, ['a']);
  cluster.overrides.clear();
  await cluster.advance(8000);
  t.deepEqual(seen, ['a', 'b']);
});

test('a queue is given up only after its listener, or 20 s after the last lock', async (t) => {
  const gate = deferred<ConsumeOrderlyStatus>();
  const { cluster, consumer } = await setUp(t, () => gate.promise);
  cluster.append('orders', 'a');
  await cluster.advance(1500);
  cluster.overrides.set('getConsumerIdListByGroup', () => ['someone-else']);
  await cluster.remoting.request(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, { consumerGroup: 'g' });
  await cluster.advance(3000);
  t.is(listed(consumer), 0);
  t.is(cluster.locks.get(key), consumer.clientId);
  gate.resolve('SUCCESS');
  await cluster.advance(25_000);
  t.false(cluster.locks.has(key));
  t.is(cluster.committed('g', 'orders'), undefined);
});

test('two consumers of one queue never overlap when it moves', async (t) => {
  let running = 0;
  let overlaps = 0;
  const { cluster, consumer, create, seen } = await setUp(t, async () => {
    running += 1;
    if (running > 1) overlaps += 1;
    for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return ConsumeOrderlyStatus.SUCCESS;
  });
  for (let i = 0; i < 10; i += 1) cluster.append('orders', String(i));
  await cluster.advance(1500);
  const second = create({ instanceName: '0' });
  await second.start();
  await cluster.remoting.request(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, { consumerGroup: 'g' });
  for (let i = 10; i < 40; i += 1) {
    cluster.append('orders', String(i));
    await cluster.advance(1000);
  }
  await cluster.advance(5000);
  t.is(listed(consumer) + listed(second), 1);
  t.is(overlaps, 0);
  t.is(new Set(seen).size, 40);
  t.is(cluster.committed('g', 'orders'), 40);
});

test('broadcasting needs no locks', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-orderly-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const { cluster, seen } = await setUp(t, () => 'SUCCESS', {
    messageModel: 'BROADCASTING',
    localOffsetStoreDir: folder,
  });
  cluster.append('orders', 'a');
  await cluster.advance(2000);
  t.deepEqual(seen, ['a']);
  t.is(cluster.callsOf('lockBatchMQ').length, 0);
});

test('a queue that never ends lets the others have their turn after a minute', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-orderly-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  let advance = (_ms: number) => {};
  const { cluster, seen } = await setUp(
    t,
    ([message]) => {
      if (message?.body.toString() === '1') advance(61_000);
      return 'SUCCESS';
    },
    { messageModel: 'BROADCASTING', localOffsetStoreDir: folder },
  );
  advance = (ms) => cluster.clock.advance(ms);
  for (let i = 0; i < 4; i += 1) cluster.append('orders', String(i));
  await cluster.advance(600);
  await cluster.settle();
  const before = seen.length;
  await cluster.advance(100);
  t.true(before >= 2);
  t.deepEqual(seen, ['0', '1', '2', '3']);
});

test('a lock that cannot be given back is only logged', async (t) => {
  const { cluster, consumer } = await setUp(t, () => 'SUCCESS');
  await cluster.advance(1500);
  cluster.overrides.set('unlockBatchMQOneway', () => {
    throw new RemotingTimeoutError('b', 'late', 1);
  });
  await consumer.shutdown();
  t.true(cluster.logger.of('warn').some(({ message }) => message === 'could not unlock queues'));
});

test('the result of direct consumption names order and commit', async (t) => {
  const { cluster } = await setUp(t, (_messages, context) => {
    context.autoCommit = false;
    return 'COMMIT';
  });
  const record = encodeStoredMessage({
    topic: 'orders',
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
    propertiesText: '',
  });
  const response = await cluster.remoting.request(
    RequestCode.CONSUME_MESSAGE_DIRECTLY,
    { consumerGroup: 'g', brokerName: 'broker-a' },
    record,
  );
  const result = decodeConsumeMessageDirectlyResult(response?.body ?? null);
  t.like(result, { order: true, autoCommit: false, consumeResult: 'CR_COMMIT' });
});
