import test, { type ExecutionContext } from 'ava';
import { MQClientError } from '../../src/client/errors.js';
import { LitePullConsumer, type LitePullConsumerOptions } from '../../src/client/lite-pull-consumer.js';
import { decodeConsumerRunningInfo } from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { RemotingTimeoutError } from '../../src/remoting/errors.js';
import { fakeCluster } from '../helper/client.js';

const queue = (queueId = 0) => ({ topic: 'orders', brokerName: 'broker-a', queueId });

function setUp(t: ExecutionContext, options: Partial<LitePullConsumerOptions> = {}) {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('orders', 2);
  const create = (more: Partial<LitePullConsumerOptions> = {}) =>
    owned(
      new LitePullConsumer(
        { group: 'g', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET', ...cluster.options, ...options, ...more },
        cluster.deps,
      ),
    );
  const consumer = create();
  /** Polls while the clock moves on. */
  const poll = async (timeoutMs = 1000, from = consumer) => {
    const batch = from.poll(timeoutMs);
    await cluster.advance(timeoutMs);
    return (await batch).map(({ body }) => body.toString());
  };
  return { cluster, consumer, create, poll };
}

test('poll gives what was pulled, one pull at a time', async (t) => {
  const { cluster, consumer, poll } = setUp(t, { pullBatchSize: 2 });
  consumer.subscribe('orders');
  await consumer.start();
  for (const body of ['a', 'b', 'c']) cluster.append('orders', body);
  t.deepEqual(await poll(), ['a', 'b']);
  t.deepEqual(await poll(), ['c']);
  t.deepEqual(await poll(), []);
});

test('a pull is a lite pull with its subscription, and commits nothing', async (t) => {
  const { cluster, consumer, poll } = setUp(t);
  consumer.subscribe('orders', 'A');
  await consumer.start();
  cluster.append('orders', 'a', { properties: { TAGS: 'A' } });
  cluster.append('orders', 'b', { properties: { TAGS: 'B' } });
  t.deepEqual(await poll(), ['a']);
  t.like(cluster.callsOf('pullMessage')[0]?.args[1], {
    sysFlag: 2 | 4 | 16,
    subscription: 'A',
    subVersion: 0,
    commitOffset: 0,
    maxMsgNums: 10,
    suspendTimeoutMillis: 20_000,
  });
  const [data] = cluster.heartbeats[0]?.data.consumerDataSet ?? [];
  t.like(data, { consumeType: 'CONSUME_ACTIVELY', groupName: 'g' });
});

test('a poll that waits gets the next message at once', async (t) => {
  const { cluster, consumer } = setUp(t);
  consumer.subscribe('orders');
  await consumer.start();
  await cluster.advance(1000);
  const waiting = consumer.poll(5000);
  cluster.append('orders', 'a');
  await cluster.settle();
  t.is((await waiting)[0]?.body.toString(), 'a');
});

test('polls wait in turn', async (t) => {
  const { cluster, consumer } = setUp(t);
  consumer.subscribe('orders');
  await consumer.start();
  await cluster.advance(1000);
  const both = [consumer.poll(5000), consumer.poll(5000)];
  cluster.append('orders', 'a', { queueId: 0 });
  await cluster.settle();
  cluster.append('orders', 'b', { queueId: 1 });
  await cluster.settle();
  t.deepEqual(
    (await Promise.all(both)).map(([message]) => message?.body.toString()),
    ['a', 'b'],
  );
});

test('an abort ends a poll with its reason', async (t) => {
  const { consumer } = setUp(t);
  consumer.subscribe('orders');
  await consumer.start();
  const controller = new AbortController();
  const waiting = consumer.poll(5000, controller.signal);
  controller.abort(new Error('enough'));
  await t.throwsAsync(waiting, { message: 'enough' });
  await t.throwsAsync(consumer.poll(0, controller.signal), { message: 'enough' });
});

test('what poll returned is committed by later polls', async (t) => {
  const { cluster, consumer, poll } = setUp(t);
  consumer.subscribe('orders');
  await consumer.start();
  cluster.append('orders', 'a');
  await poll();
  await cluster.advance(4000);
  t.is(cluster.committed('g', 'orders'), undefined);
  await poll();
  await cluster.advance(5000);
  t.is(cluster.committed('g', 'orders'), 1);
});

test('without autoCommit only commit commits', async (t) => {
  const { cluster, consumer, poll } = setUp(t, { autoCommit: false });
  consumer.subscribe('orders');
  await consumer.start();
  for (const body of ['a', 'b']) cluster.append('orders', body);
  await poll();
  await poll(12_000);
  t.is(cluster.committed('g', 'orders'), undefined);
  t.is(await consumer.committed(queue()), null);
  await consumer.commit([{ mq: queue(), offset: 1 }]);
  t.is(cluster.committed('g', 'orders'), 1);
  await consumer.commit([{ mq: queue(7), offset: 1 }]);
  t.is(cluster.committed('g', 'orders', 7), undefined);
  await consumer.commit();
  t.is(cluster.committed('g', 'orders'), 2);
  t.is(await consumer.committed(queue()), 2);
});

test('shutdown commits what poll returned, unless it is left to the application', async (t) => {
  for (const autoCommit of [true, false]) {
    const { cluster, consumer, poll } = setUp(t, { autoCommit });
    consumer.subscribe('orders');
    await consumer.start();
    cluster.append('orders', 'a');
    await poll();
    await consumer.shutdown();
    t.is(cluster.committed('g', 'orders'), autoCommit ? 1 : undefined);
  }
});

test('what was filtered out counts as consumed', async (t) => {
  const { cluster, consumer, poll } = setUp(t);
  consumer.subscribe('orders', 'A');
  await consumer.start();
  cluster.append('orders', 'x', { properties: { TAGS: 'B' } });
  t.deepEqual(await poll(), []);
  await consumer.commit();
  t.is(cluster.committed('g', 'orders'), 1);
});

test('assigned queues are read without the group', async (t) => {
  const { cluster, consumer, poll } = setUp(t);
  await consumer.assign([queue(1)]);
  await consumer.start();
  cluster.append('orders', 'not ours', { queueId: 0 });
  cluster.append('orders', 'ours', { queueId: 1 });
  t.deepEqual(await poll(), ['ours']);
  await consumer.assign([queue(0)]);
  t.deepEqual(await poll(), ['not ours']);
  t.deepEqual(consumer.assignment, [queue(0)]);
  t.is(cluster.committed('g', 'orders', 1), 1);
});

test('assigned queues can be filtered by tags', async (t) => {
  const { cluster, consumer, poll } = setUp(t);
  consumer.setSubExpressionForAssign('orders', 'A');
  await consumer.assign([queue()]);
  await consumer.start();
  cluster.append('orders', 'a', { properties: { TAGS: 'A' } });
  cluster.append('orders', 'b', { properties: { TAGS: 'B' } });
  t.deepEqual(await poll(), ['a']);
  t.throws(() => consumer.setSubExpressionForAssign('orders', 'B'), { instanceOf: MQClientError });
});

test('subscribe and assign exclude each other', async (t) => {
  const { consumer, create } = setUp(t);
  consumer.subscribe('orders');
  await t.throwsAsync(consumer.assign([queue()]), { message: 'Subscribe and assign are mutually exclusive.' });
  const other = create();
  await other.assign([queue()]);
  t.throws(() => other.subscribe('orders'), { instanceOf: MQClientError });
  await t.throwsAsync(other.assign([]), { instanceOf: MQClientError });
});

test('seek goes on elsewhere; cached messages are forgotten', async (t) => {
  const { cluster, consumer, poll } = setUp(t, { pullBatchSize: 2 });
  await consumer.assign([queue()]);
  await consumer.start();
  for (const body of ['a', 'b', 'c', 'd', 'e']) cluster.append('orders', body);
  t.deepEqual(await poll(), ['a', 'b']);
  await consumer.seek(queue(), 3);
  t.deepEqual(await poll(), ['d', 'e']);
  await consumer.seekToBegin(queue());
  t.deepEqual(await poll(), ['a', 'b']);
  await consumer.seekToEnd(queue());
  t.deepEqual(await poll(), []);
  await consumer.commit();
  t.is(cluster.committed('g', 'orders'), 5);
  cluster.append('orders', 'f');
  t.deepEqual(await poll(), ['f']);
});

test('seek refuses what is not there', async (t) => {
  const { cluster, consumer } = setUp(t);
  await consumer.assign([queue()]);
  await consumer.start();
  cluster.append('orders', 'a');
  await t.throwsAsync(consumer.seek(queue(), 2), {
    message: 'Seek offset illegal, seek offset = 2, min offset = 0, max offset = 1',
  });
  await t.throwsAsync(consumer.seek(queue(), -1), { instanceOf: MQClientError });
  await t.throwsAsync(consumer.seek(queue(1), 0), { message: /not in assigned list/ });
});

test('a time is found as an offset', async (t) => {
  const { cluster, consumer } = setUp(t);
  await consumer.assign([queue()]);
  await consumer.start();
  cluster.append('orders', 'a');
  await cluster.advance(1000);
  const now = cluster.clock.now();
  cluster.append('orders', 'b');
  t.is(await consumer.offsetForTimestamp(queue(), now), 1);
});

test('a paused queue is not pulled', async (t) => {
  const { cluster, consumer, poll } = setUp(t);
  await consumer.assign([queue()]);
  await consumer.start();
  await cluster.advance(100);
  consumer.pause([queue()]);
  cluster.append('orders', 'a');
  t.deepEqual(await poll(), ['a']);
  cluster.append('orders', 'b');
  t.deepEqual(await poll(3000), []);
  consumer.resume([queue(), queue(9)]);
  t.deepEqual(await poll(2000), ['b']);
});

test('pulling pauses while too much is cached', async (t) => {
  const { cluster, consumer } = setUp(t, { pullThresholdForQueue: 5, pullBatchSize: 2 });
  await consumer.assign([queue()]);
  await consumer.start();
  for (let i = 0; i < 30; i += 1) cluster.append('orders', String(i));
  await cluster.advance(1000);
  t.is(cluster.callsOf('pullMessage').length, 3);
  const all = setUp(t, { pullThresholdForAll: 5, pullBatchSize: 2 });
  await all.consumer.assign([queue()]);
  await all.consumer.start();
  for (let i = 0; i < 30; i += 1) all.cluster.append('orders', String(i));
  await all.cluster.advance(1000);
  t.is(all.cluster.callsOf('pullMessage').length, 3);
});

test('a failed pull is repeated, an illegal offset goes on where the broker says', async (t) => {
  const { cluster, consumer, poll } = setUp(t);
  cluster.offsets.set('g@orders@0', 99);
  cluster.append('orders', 'a');
  await consumer.assign([queue()]);
  cluster.overrides.set('pullMessage', () => {
    throw new RemotingTimeoutError('b', 'late', 1);
  });
  await consumer.start();
  t.deepEqual(await poll(), []);
  cluster.overrides.clear();
  t.deepEqual(await poll(2000), []);
  cluster.append('orders', 'b');
  t.deepEqual(await poll(), ['b']);
});

test('two consumers share the queues of a topic', async (t) => {
  const { cluster, consumer, create } = setUp(t);
  consumer.subscribe('orders');
  await consumer.start();
  await cluster.advance(1000);
  t.is(consumer.assignment.length, 2);
  const second = create({ instanceName: 'second' });
  second.subscribe('orders');
  await second.start();
  await cluster.advance(25_000);
  t.is(consumer.assignment.length, 1);
  t.is(second.assignment.length, 1);
});

test('a topic can be left', async (t) => {
  const { cluster, consumer, poll } = setUp(t);
  consumer.subscribe('orders');
  await consumer.start();
  cluster.append('orders', 'a');
  await cluster.advance(1000);
  await consumer.unsubscribe('orders');
  await consumer.unsubscribe('orders');
  t.deepEqual(consumer.assignment, []);
  t.deepEqual(await poll(), []);
});

test('a topic can be subscribed while running', async (t) => {
  const { cluster, consumer, poll } = setUp(t);
  await consumer.start();
  cluster.append('orders', 'a');
  consumer.subscribe('orders');
  t.deepEqual(await poll(2000), ['a']);
  t.is((await consumer.fetchMessageQueues('orders')).length, 2);
  await t.throwsAsync(consumer.fetchMessageQueues('nowhere'), { instanceOf: MQClientError });
});

test('the running info names it a pulling consumer', async (t) => {
  const { cluster, consumer } = setUp(t);
  await consumer.assign([queue()]);
  await consumer.start();
  const header = { consumerGroup: 'g', clientId: consumer.clientId };
  const response = await cluster.remoting.request(RequestCode.GET_CONSUMER_RUNNING_INFO, header);
  const info = decodeConsumerRunningInfo(response?.body ?? null);
  t.is(info.properties.PROP_CONSUME_TYPE, 'CONSUME_ACTIVELY');
  t.is(info.mqTable.length, 1);
  const direct = await cluster.remoting.request(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, {
    topic: 'orders',
    group: 'g',
  });
  t.is(direct?.code, 0);
});

test('shutdown ends waiting polls and leaves nothing behind', async (t) => {
  const { cluster, consumer } = setUp(t);
  consumer.subscribe('orders');
  await consumer.start();
  await cluster.advance(1000);
  const waiting = consumer.poll(5000);
  await Promise.all([consumer.shutdown(), consumer.shutdown()]);
  t.deepEqual(await waiting, []);
  t.is(cluster.clock.pendingTimers, 0);
  t.deepEqual(cluster.members.get('g'), []);
  await t.throwsAsync(consumer.poll(), { instanceOf: MQClientError });
  t.throws(() => consumer.subscribe('orders'), { instanceOf: MQClientError });
  await t.throwsAsync(consumer.start(), { instanceOf: MQClientError });
});

test('bad settings are refused', (t) => {
  const options = { namesrvAddr: 'n:1' };
  t.throws(() => new LitePullConsumer({ ...options, group: 'DEFAULT_CONSUMER' }), { instanceOf: MQClientError });
  t.throws(() => new LitePullConsumer({ ...options, group: 'g', consumerTimeoutMillisWhenSuspend: 1 }), {
    instanceOf: MQClientError,
  });
});
