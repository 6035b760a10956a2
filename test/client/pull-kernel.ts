import test, { type ExecutionContext } from 'ava';
import { MQClientError } from '../../src/client/errors.js';
import { MQClientInstance } from '../../src/client/mq-client-instance.js';
import { PullKernel } from '../../src/client/pull-kernel.js';
import { buildSubscriptionData } from '../../src/protocol/filter.js';
import { addrOf, fakeCluster } from '../helper/client.js';

const mq = { topic: 'orders', brokerName: 'broker-a', queueId: 0 };

function setUp(t: ExecutionContext) {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('orders');
  cluster.routes.get('orders')?.brokerDatas[0]?.brokerAddrs.set(1, 'slave:10911');
  const instance = owned(new MQClientInstance(cluster.options, cluster.deps));
  const kernel = new PullKernel(instance, 'g');
  const pull = (subscription = buildSubscriptionData('orders', '*')) =>
    kernel.pull(
      mq,
      {
        subscription,
        subExpression: null,
        subVersion: 7,
        queueOffset: 0,
        maxMsgNums: 32,
        sysFlag: 3,
        commitOffset: 5,
        suspendTimeoutMillis: 0,
        timeoutMs: 1000,
      },
      instance.signal,
    );
  const calls = () =>
    cluster.callsOf('pullMessage').map(({ args }) => ({ addr: args[0], ...(args[1] as { sysFlag: number }) }));
  return { cluster, instance, kernel, pull, calls };
}

test('messages know their broker and the range of their queue', async (t) => {
  const { cluster, pull } = setUp(t);
  cluster.append('orders', 'a');
  cluster.append('orders', 'b');
  const { messages } = await pull();
  t.is(messages[0]?.brokerName, 'broker-a');
  t.is(messages[0]?.properties.get('MIN_OFFSET'), '0');
  t.is(messages[0]?.properties.get('MAX_OFFSET'), '2');
});

test('the next pull goes to the broker that was suggested, and commits nothing to a slave', async (t) => {
  const { cluster, kernel, pull, calls } = setUp(t);
  cluster.overrides.set('pullMessage', () => ({
    status: 'NO_NEW_MSG',
    nextBeginOffset: 0,
    minOffset: 0,
    maxOffset: 0,
    suggestWhichBrokerId: 1,
    messages: [],
  }));
  await pull();
  await pull();
  kernel.forget(mq);
  await pull();
  t.deepEqual(
    calls().map(({ addr, sysFlag }) => [addr, sysFlag]),
    [
      [addrOf('broker-a'), 3],
      ['slave:10911', 2],
      [addrOf('broker-a'), 3],
    ],
  );
});

test('messages whose tag only has the same hash are left out', async (t) => {
  const { cluster, pull } = setUp(t);
  // "Aa" and "BB" have the same hash code in Java.
  cluster.append('orders', 'a', { properties: { TAGS: 'Aa' } });
  cluster.append('orders', 'b', { properties: { TAGS: 'BB' } });
  const { messages } = await pull(buildSubscriptionData('orders', 'Aa'));
  t.deepEqual(
    messages.map(({ body }) => body.toString()),
    ['a'],
  );
});

test('an old broker is not asked to filter by SQL', async (t) => {
  const { cluster, instance, pull } = setUp(t);
  await instance.updateTopicRoute('orders');
  instance.registerProducer({
    producerGroup: 'p',
    publishTopics: () => [],
    checkTransactionState: () => {},
    onReply: () => false,
  });
  cluster.overrides.set('sendHeartbeat', () => ({ version: 231, supportsV2: false, isSubChange: false }));
  await instance.sendHeartbeatToAllBrokers();
  const error = await t.throwsAsync(pull(buildSubscriptionData('orders', 'a > 1', 'SQL92')), {
    instanceOf: MQClientError,
  });
  t.regex(error?.message ?? '', /does not upgrade to support for filter message by SQL92/);
});

test('a broker name that is nowhere is an error', async (t) => {
  const { cluster, pull } = setUp(t);
  cluster.routes.clear();
  await t.throwsAsync(pull(), { message: 'The broker[broker-a] not exist' });
});
