import test, { type ExecutionContext } from 'ava';
import { clientConfig } from '../../src/client/client-config.js';
import type { ConsumerMember } from '../../src/client/members.js';
import { type InstanceOptions, MQClientInstance } from '../../src/client/mq-client-instance.js';
import type { BrokerData, TopicRouteData } from '../../src/protocol/bodies.js';
import { createResponse } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { fakeCluster } from '../helper/client.js';
import { deferred, startServer } from '../helper/remoting.js';

function setUp(t: ExecutionContext, options: Partial<InstanceOptions> = {}) {
  const { cluster, owned } = fakeCluster(t);
  const instance = owned(new MQClientInstance({ ...cluster.options, ...options }, cluster.deps));
  return { cluster, instance };
}

const consumer = (consumerGroup: string, topics: string[] = [], changed: string[] = []): ConsumerMember => ({
  consumerGroup,
  consumerData: () => ({
    groupName: consumerGroup,
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    subscriptionDataSet: [],
    unitMode: false,
  }),
  subscribedTopics: () => topics,
  onRouteChanged: (topic) => changed.push(topic),
  onConsumerIdsChanged: () => changed.push('ids'),
  resetOffset: async () => {},
  offsets: () => [],
  runningInfo: () => Promise.reject(new Error('none')),
  consumeMessageDirectly: async () => null,
});

const producer = (producerGroup: string) => ({
  producerGroup,
  publishTopics: () => [],
  checkTransactionState: () => {},
  onReply: () => false,
});

/** A route with a master and slaves. */
function routeWith(...brokers: Array<[string, Record<number, string>]>): TopicRouteData {
  const brokerDatas: BrokerData[] = brokers.map(([brokerName, addrs]) => ({
    cluster: 'c',
    brokerName,
    brokerAddrs: new Map(Object.entries(addrs).map(([id, addr]) => [Number(id), addr])),
    enableActingMaster: false,
  }));
  const queueDatas = brokers.map(([brokerName]) => ({
    brokerName,
    readQueueNums: 1,
    writeQueueNums: 1,
    perm: 6,
    topicSysFlag: 0,
  }));
  return { brokerDatas, queueDatas, filterServerTable: {} };
}

test('a clientId is made of address, instance and unit', (t) => {
  const options = { namesrvAddr: 'n:1', clientIP: '10.0.0.1', random: { next: () => 0.5 } };
  t.is(clientConfig({ ...options, instanceName: 'i', unitName: 'u' }).clientId, '10.0.0.1@i@u');
  t.regex(clientConfig(options).clientId, /^10\.0\.0\.1@\d+#\d+$/);
  t.is(clientConfig(options, true).clientId, '10.0.0.1@DEFAULT');
  t.regex(clientConfig({ namesrvAddr: 'n:1' }).clientId, /^\d+\.\d+\.\d+\.\d+@/);
});

test('name servers can be given as a list', (t) => {
  t.deepEqual(clientConfig({ namesrvAddr: ['a:1', 'b:2'] }).namesrvAddrs, ['a:1', 'b:2']);
});

test('calls for the same route share one request', async (t) => {
  const { cluster, instance } = setUp(t);
  const gate = deferred<TopicRouteData>();
  cluster.overrides.set('getTopicRouteInfo', () => gate.promise);
  const updates = [instance.updateTopicRoute('orders'), instance.updateTopicRoute('orders')];
  gate.resolve(routeWith(['broker-a', { 0: 'a:1' }]));
  t.deepEqual(await Promise.all(updates), [true, true]);
  t.is(cluster.callsOf('getTopicRouteInfo').length, 1);
  t.false(await instance.updateTopicRoute('orders'));
});

test('a topic without route is no reason to warn, an unreachable name server is', async (t) => {
  const { cluster, instance } = setUp(t);
  t.false(await instance.updateTopicRoute('nowhere'));
  t.is(cluster.logger.of('warn').length, 0);
  cluster.overrides.set('getTopicRouteInfo', () => {
    throw new Error('down');
  });
  t.false(await instance.updateTopicRoute('nowhere'));
  t.is(cluster.logger.of('warn').length, 1);
});

test('routes of all members are refreshed, and consumers told what changed', async (t) => {
  const { cluster, instance } = setUp(t);
  cluster.createTopic('orders');
  const changed: string[] = [];
  instance.registerConsumer(consumer('g', ['orders'], changed));
  instance.start();
  instance.start();
  await cluster.advance(100);
  t.deepEqual(changed, ['orders']);
  await cluster.advance(30_000);
  t.is(cluster.callsOf('getTopicRouteInfo').length, 2);
  cluster.createTopic('orders', 4);
  await cluster.advance(30_000);
  t.deepEqual(changed, ['orders', 'orders']);
  t.is(instance.subscribeQueues('orders')?.length, 4);
});

test('slaves hear of us only when there are consumers', async (t) => {
  const { cluster, instance } = setUp(t);
  cluster.routes.set('orders', routeWith(['broker-a', { 0: 'a:0', 1: 'a:1' }]));
  await instance.updateTopicRoute('orders');
  await instance.sendHeartbeatToAllBrokers();
  t.is(cluster.heartbeats.length, 0);
  instance.registerProducer(producer('p'));
  await instance.sendHeartbeatToAllBrokers();
  t.deepEqual(
    cluster.heartbeats.map(({ addr }) => addr),
    ['a:0'],
  );
  instance.registerConsumer(consumer('g'));
  await instance.sendHeartbeatToAllBrokers();
  t.deepEqual(
    cluster.heartbeats.slice(1).map(({ addr }) => addr),
    ['a:0', 'a:1'],
  );
  t.like(cluster.heartbeats.at(-1)?.data, { clientID: instance.clientId, producerDataSet: [{ groupName: 'p' }] });
  t.is(instance.findBrokerAddressInSubscribe('broker-a', 0, true)?.version, 479);
});

test('a heartbeat asked for while one is under way comes after it, once', async (t) => {
  const { cluster, instance } = setUp(t);
  cluster.createTopic('orders');
  instance.registerProducer(producer('p'));
  await instance.updateTopicRoute('orders');
  const gate = deferred<{ version: number }>();
  cluster.overrides.set('sendHeartbeat', () => gate.promise);
  const all = [1, 2, 3].map(() => instance.sendHeartbeatToAllBrokers());
  await cluster.settle();
  t.is(cluster.callsOf('sendHeartbeat').length, 1);
  gate.resolve({ version: 1 });
  await Promise.all(all);
  t.is(cluster.callsOf('sendHeartbeat').length, 2);
});

test('a broker that takes no heartbeat does not keep it from the others', async (t) => {
  const { cluster, instance } = setUp(t);
  cluster.routes.set('orders', routeWith(['broker-a', { 0: 'a:0' }], ['broker-b', { 0: 'b:0' }]));
  instance.registerProducer(producer('p'));
  await instance.updateTopicRoute('orders');
  const heard: string[] = [];
  cluster.overrides.set('sendHeartbeat', (addr: string) => {
    if (addr === 'a:0') throw new Error('down');
    heard.push(addr);
    return { version: 1 };
  });
  await instance.sendHeartbeatToAllBrokers();
  t.deepEqual(heard, ['b:0']);
  t.is(cluster.logger.of('warn').length, 1);
});

test('a broker that left all routes is forgotten with the next heartbeat', async (t) => {
  const { cluster, instance } = setUp(t);
  cluster.routes.set('orders', routeWith(['broker-a', { 0: 'a:0', 1: 'a:1' }], ['broker-b', { 0: 'b:0' }]));
  const topics = ['orders'];
  instance.registerConsumer(consumer('g', topics));
  instance.start();
  await cluster.advance(1100);
  t.is(instance.findBrokerAddressInPublish('broker-b'), 'b:0');
  cluster.routes.set('orders', routeWith(['broker-a', { 0: 'a:0' }]));
  await cluster.advance(60_000);
  t.is(instance.findBrokerAddressInPublish('broker-b'), null);
  t.is(instance.findBrokerAddressInSubscribe('broker-a', 1, true), null);
  t.true(cluster.remoting.closed.includes('b:0'));
});

test('readers are sent to the slave asked for, the next one, or any', async (t) => {
  const { cluster, instance } = setUp(t);
  cluster.routes.set('orders', routeWith(['broker-a', { 2: 'a:2' }]));
  await instance.updateTopicRoute('orders');
  t.like(instance.findBrokerAddressInSubscribe('broker-a', 2, true), { addr: 'a:2', slave: true });
  t.like(instance.findBrokerAddressInSubscribe('broker-a', 1, true), { addr: 'a:2', slave: true });
  t.is(instance.findBrokerAddressInSubscribe('broker-a', 0, true), null);
  t.like(instance.findBrokerAddressInSubscribe('broker-a', 0, false), { addr: 'a:2', slave: true });
  t.is(instance.findBrokerAddressInSubscribe('broker-z', 0, false), null);
  t.is(instance.findBrokerAddressInPublish('broker-a'), null);
  const mq = { topic: 'orders', brokerName: 'broker-z', queueId: 0 };
  await t.throwsAsync(instance.findOrFetchBroker(mq, 0, false), { message: 'The broker[broker-z] not exist' });
});

test('members that cannot be listed are not nobody', async (t) => {
  const { cluster, instance } = setUp(t);
  t.is(await instance.findConsumerIdList('nowhere', 'g'), null);
  cluster.createTopic('orders');
  cluster.members.set('g', ['b', 'a']);
  t.deepEqual(await instance.findConsumerIdList('orders', 'g'), ['b', 'a']);
  cluster.overrides.set('getConsumerIdListByGroup', () => {
    throw new Error('down');
  });
  t.is(await instance.findConsumerIdList('orders', 'g'), null);
});

test('a group has one consumer in an instance', (t) => {
  const { instance } = setUp(t);
  instance.registerConsumer(consumer('g'));
  t.throws(() => instance.registerConsumer(consumer('g')), { message: /has been created before/ });
});

test('leaving is told to every broker, and a broker that is away is only logged', async (t) => {
  const { cluster, instance } = setUp(t);
  cluster.routes.set('orders', routeWith(['broker-a', { 0: 'a:0', 1: 'a:1' }]));
  await instance.updateTopicRoute('orders');
  instance.registerConsumer(consumer('g'));
  cluster.overrides.set('unregisterClient', (addr: string) => {
    if (addr === 'a:1') throw new Error('down');
  });
  await instance.unregisterConsumer('g');
  await instance.unregisterConsumer('g');
  t.is(cluster.callsOf('unregisterClient').length, 2);
  t.is(cluster.logger.of('warn').length, 1);
});

test('the members of a group are told when others come or go', async (t) => {
  const { cluster, instance } = setUp(t);
  const changed: string[] = [];
  instance.registerConsumer(consumer('g', [], changed));
  const code = RequestCode.NOTIFY_CONSUMER_IDS_CHANGED;
  t.is(await cluster.remoting.request(code, { consumerGroup: 'g' }), null);
  await cluster.remoting.request(code, { consumerGroup: 'other' });
  t.deepEqual(changed, ['ids']);
});

test('questions about a group that is not here are answered so', async (t) => {
  const { cluster } = setUp(t);
  const running = await cluster.remoting.request(RequestCode.GET_CONSUMER_RUNNING_INFO, {
    consumerGroup: 'g',
    clientId: 'c',
  });
  t.is(running?.code, 1);
  t.is(running?.remark, 'The Consumer Group <g> not exist in this consumer');
  const status = await cluster.remoting.request(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, {
    topic: 't',
    group: 'g',
  });
  t.is(status?.body?.toString(), '{"consumerTable":{},"messageQueueTable":{}}');
  t.is(
    await cluster.remoting.request(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, {
      topic: 't',
      group: 'g',
      timestamp: '0',
      isForce: 'true',
    }),
    null,
  );
});

test('after shutdown nothing is left to run, and nothing starts again', async (t) => {
  const { cluster, instance } = setUp(t);
  instance.start();
  await cluster.advance(1100);
  await instance.shutdown();
  t.is(cluster.clock.pendingTimers, 0);
  t.true(instance.signal.aborted);
  t.throws(() => instance.start(), { message: 'the client instance was shut down' });
});

test('with credentials every request is signed', async (t) => {
  const { addr, server } = await startServer(t);
  const seen: Array<Record<string, string> | null> = [];
  server.register(RequestCode.GET_BROKER_RUNTIME_INFO, (request) => {
    seen.push(request.extFields);
    return createResponse(request, 0, null, null, Buffer.from('{"table":{}}'));
  });
  const credentials = { accessKey: 'key', secretKey: 'secret' };
  const instance = new MQClientInstance({ namesrvAddr: addr, credentials });
  t.teardown(() => instance.shutdown());
  await instance.api.getBrokerRuntimeInfo(addr);
  t.is(seen[0]?.AccessKey, 'key');
  t.regex(seen[0]?.Signature ?? '', /^[A-Za-z0-9+/]{27}=$/);
});

test('a broker hears of the members again, in full, as soon as its connection is back', async (t) => {
  const { cluster, instance } = setUp(t, { useHeartbeatV2: true });
  cluster.createTopic('orders', 1, ['broker-a', 'broker-b']);
  const changed: string[] = [];
  instance.registerConsumer(consumer('g', ['orders'], changed));
  await instance.updateTopicRoute('orders');
  for (let i = 0; i < 2; i++) await instance.sendHeartbeatToAllBrokers();
  const kinds = () => cluster.heartbeats.splice(0).map(({ addr, data }) => `${addr} ${data.withoutSub}`);
  t.deepEqual(kinds().slice(2), ['broker-a:10911 true', 'broker-b:10911 true']);
  changed.length = 0;
  // A first connection is made for a heartbeat, or is followed by one.
  cluster.remoting.connect('broker-a:10911');
  cluster.remoting.disconnect('ns:9876');
  cluster.remoting.connect('ns:9876');
  cluster.remoting.disconnect('broker-a:10911');
  await cluster.settle();
  t.deepEqual(kinds(), []);
  cluster.remoting.connect('broker-a:10911');
  await cluster.settle();
  t.deepEqual(kinds(), ['broker-a:10911 false']);
  t.deepEqual(changed, ['ids']);
  cluster.remoting.connect('broker-a:10911');
  cluster.remoting.disconnect('broker-b:10911');
  await instance.sendHeartbeatToAllBrokers();
  t.deepEqual(kinds(), ['broker-a:10911 true', 'broker-b:10911 false']);
});
