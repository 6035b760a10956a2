import test from 'ava';
import { clientConfig } from '../../src/client/client-config.js';
import { LitePullConsumer } from '../../src/client/lite-pull-consumer.js';
import { Namespace } from '../../src/client/namespace.js';
import { Producer } from '../../src/client/producer.js';
import { PushConsumer } from '../../src/client/push-consumer.js';
import { createMessage, type MessageExt } from '../../src/protocol/message.js';
import { decodeTraceRecords } from '../../src/protocol/trace-data.js';
import { fakeCluster } from '../helper/client.js';

const namespace = new Namespace('ns');

// As in Apache's NamespaceUtil.
for (const [name, wrapped] of [
  ['orders', 'ns%orders'],
  ['%RETRY%g', '%RETRY%ns%g'],
  ['%DLQ%g', '%DLQ%ns%g'],
  ['ns%orders', 'ns%orders'],
  ['%RETRY%ns%g', '%RETRY%ns%g'],
  ['RMQ_SYS_TRACE_TOPIC', 'RMQ_SYS_TRACE_TOPIC'],
  ['CID_RMQ_SYS_TRANS', 'CID_RMQ_SYS_TRANS'],
  ['', ''],
] as const) {
  test(`${name || 'nothing'} travels as ${wrapped || 'nothing'}`, (t) => {
    t.is(namespace.wrap(name), wrapped);
    t.is(namespace.strip(wrapped), name.replace('ns%', ''));
    t.is(new Namespace(undefined).wrap(name), name);
    t.is(new Namespace(undefined).strip(wrapped), wrapped);
  });
}

test('names of other namespaces are not touched', (t) => {
  t.is(namespace.strip('other%orders'), 'other%orders');
  t.is(namespace.strip('%RETRY%other%g'), '%RETRY%other%g');
});

test('an instance endpoint names the namespace', (t) => {
  const of = (namesrvAddr: string) => clientConfig({ namesrvAddr, clientIP: '10.0.0.1' }).namespace;
  t.is(of('http://MQ_INST_123_abc.mq.example:80'), 'MQ_INST_123_abc');
  t.is(of('MQ_INST_123_abc.mq.example:80'), 'MQ_INST_123_abc');
  t.is(of('ns.example:9876'), undefined);
});

test('a producer sends into its namespace, and the application does not see it', async (t) => {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('ns%orders', 2);
  cluster.createTopic('RMQ_SYS_TRACE_TOPIC');
  const options = { group: 'g', ...cluster.options, namespace: 'ns', enableTrace: true };
  const producer = owned(new Producer(options, cluster.deps));
  await producer.start();
  const message = createMessage('orders', 'x');
  const result = await producer.send(message);
  t.deepEqual(result.messageQueue, { topic: 'orders', brokerName: 'broker-a', queueId: 0 });
  t.is(message.topic, 'orders');
  t.is(message.properties.get('UNIQ_KEY'), result.msgId);
  const queues = await producer.fetchPublishMessageQueues('orders');
  t.deepEqual(
    queues.map(({ topic }) => topic),
    ['orders', 'orders'],
  );
  await producer.send(message, { queue: queues[1] });
  await producer.send(message, {
    selector: (all) => all.find(({ topic, queueId }) => topic === 'orders' && queueId === 1)!,
  });
  await producer.sendBatch([createMessage('orders', 'y')]);
  const sent = cluster.callsOf('sendMessage').map(({ args }) => args[1] as { a: string; b: string; e: number });
  t.deepEqual(
    sent.map(({ a, b, e }) => `${a} ${b} ${e}`),
    ['ns%g ns%orders 0', 'ns%g ns%orders 1', 'ns%g ns%orders 1', 'ns%g ns%orders 1'],
  );
  const [stored] = cluster.log({ topic: 'ns%orders', brokerName: 'broker-a', queueId: 0 });
  t.is(stored?.properties.get('INSTANCE_ID'), 'ns');
  await cluster.advance(5000);
  const [trace] = cluster.log({ topic: 'RMQ_SYS_TRACE_TOPIC', brokerName: 'broker-a', queueId: 0 });
  t.like(decodeTraceRecords(trace?.body.toString() ?? '')[0], { type: 'Pub', groupName: 'g', topic: 'orders' });
});

test('a push consumer reads its namespace, and gives failed messages back there', async (t) => {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('ns%orders');
  cluster.createTopic('%RETRY%ns%g');
  const consumer = owned(
    new PushConsumer(
      { group: 'g', ...cluster.options, namespace: 'ns', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
      cluster.deps,
    ),
  );
  const seen: string[] = [];
  consumer.subscribe('orders');
  consumer.registerMessageListenerConcurrently((messages) => {
    seen.push(...messages.map(({ topic, body }) => `${topic} ${body}`));
    return 'RECONSUME_LATER';
  });
  await consumer.start();
  cluster.append('ns%orders', 'first');
  cluster.append('%RETRY%ns%g', 'again', { properties: { RETRY_TOPIC: 'ns%orders' } });
  await cluster.advance(1000);
  t.deepEqual(seen.sort(), ['orders again', 'orders first']);
  t.deepEqual(new Set(consumer.assignment.map(({ topic }) => topic)), new Set(['orders', '%RETRY%g']));
  const back = cluster.callsOf('consumerSendMessageBack').map(({ args }) => args[1]);
  for (const each of back) t.like(each, { group: 'ns%g', originTopic: 'ns%orders' });
  t.is(back.length, 2);
  const [data] = cluster.heartbeats.at(-1)?.data.consumerDataSet ?? [];
  t.is(data?.groupName, 'ns%g');
  t.deepEqual(data?.subscriptionDataSet.map(({ topic }) => topic).sort(), ['%RETRY%ns%g', 'ns%orders']);
  consumer.unsubscribe('orders');
  await cluster.advance(2000);
  t.deepEqual(
    consumer.assignment.map(({ topic }) => topic),
    ['%RETRY%g'],
  );
});

test('a lite pull consumer reads its namespace by the plain names', async (t) => {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('ns%orders');
  for (const body of ['a', 'b', 'c']) cluster.append('ns%orders', body);
  const options = { group: 'g', ...cluster.options, namespace: 'ns' };
  const consumer = owned(new LitePullConsumer(options, cluster.deps));
  await consumer.start();
  const queues = await consumer.fetchMessageQueues('orders');
  t.deepEqual(queues, [{ topic: 'orders', brokerName: 'broker-a', queueId: 0 }]);
  await consumer.assign(queues);
  t.deepEqual(consumer.assignment, queues);
  const [mq] = queues as [(typeof queues)[0]];
  await consumer.seek(mq, 1);
  consumer.pause([mq]);
  consumer.resume([mq]);
  const polled: Promise<MessageExt[]> = consumer.poll(1000);
  await cluster.advance(1100);
  t.deepEqual(
    (await polled).map(({ topic, body }) => `${topic} ${body}`),
    ['orders b', 'orders c'],
  );
  await consumer.commit();
  t.is(await consumer.committed(mq), 3);
  await cluster.advance(6000);
  t.is(cluster.committed('ns%g', 'ns%orders'), 3);
});
