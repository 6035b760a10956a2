import test, { type ExecutionContext } from 'ava';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import { createBrokerConfig } from '../../src/broker/broker-config.js';
import { BrokerOuterApi, maskedTopics, nameServerAddresses } from '../../src/broker/broker-outer-api.js';
import { TopicQueueMappingTable } from '../../src/broker/static-topic/mapping-table.js';
import { TopicTable } from '../../src/broker/topic-table.js';
import { decodeRegisterBrokerBody, decodeTopicRouteData, encodeKVTable } from '../../src/protocol/bodies.js';
import { createRequest, createResponse, type RemotingCommand } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import type { TopicConfig } from '../../src/protocol/topic-config.js';
import { RemotingClient } from '../../src/remoting/client.js';
import { RemotingServer, type RequestProcessor } from '../../src/remoting/server.js';
import { startTestBroker, TestPeer } from '../helper/broker.js';
import { startNamesrv } from '../helper/namesrv.js';
import { deferred, RecordingLogger, turns } from '../helper/remoting.js';

const SOON_MS = 5000;

function topicConfig(topicName: string, perm = 6): TopicConfig {
  return {
    topicName,
    readQueueNums: 1,
    writeQueueNums: 1,
    perm,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
  };
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + SOON_MS;
  while (!(await isTrue())) {
    if (Date.now() > endMs) throw new Error('it did not become true');
    await turns();
  }
}

/** A request that no broker sends: it only marks a place among the others of its connection. */
const MARK_CODE = RequestCode.GET_NAMESRV_CONFIG;

/** A name server that keeps what it is told and answers as it is told. */
class FakeNamesrv {
  readonly requests: RemotingCommand[] = [];
  answer: RequestProcessor = (request) => createResponse(request, 0);
  addr = '';
  readonly #server = new RemotingServer({ logger: new RecordingLogger(), clock: systemClock });

  static async start(t: ExecutionContext): Promise<FakeNamesrv> {
    const fake = new FakeNamesrv();
    t.teardown(() => fake.#server.shutdown());
    fake.#server.register(MARK_CODE, (request) => createResponse(request, 0));
    fake.#server.registerDefault((request, ctx) => {
      fake.requests.push(request);
      return fake.answer(request, ctx);
    });
    const { port } = await fake.#server.listen({ host: '127.0.0.1', port: 0 });
    fake.addr = `127.0.0.1:${port}`;
    return fake;
  }

  /** The topics of each registration, in order. */
  registrations(): string[][] {
    return this.requests
      .filter((request) => request.code === RequestCode.REGISTER_BROKER)
      .map((request) => {
        const { topicConfigSerializeWrapper } = decodeRegisterBrokerBody(request.body as Buffer, {
          compressed: request.extFields?.compressed === 'true',
          version: request.version,
        });
        return Object.keys(topicConfigSerializeWrapper.topicConfigTable);
      });
  }
}

function outerApi(t: ExecutionContext, namesrvAddr: string) {
  const config = createBrokerConfig({ brokerName: 'broker-a', namesrvAddr, registerBrokerTimeoutMills: 2000 });
  const topics = new TopicTable(config, Date.now);
  const logger = new RecordingLogger();
  const client = new RemotingClient({ logger, clock: systemClock, random: systemRandom });
  const api = new BrokerOuterApi({
    config,
    topics,
    mappings: new TopicQueueMappingTable(config, Date.now),
    client,
    clock: systemClock,
    logger,
    brokerAddr: '127.0.0.1:10911',
    haServerAddr: '127.0.0.1:10912',
  });
  t.teardown(async () => {
    await api.stop();
    await client.shutdown();
  });
  /** Resolves when the name server has all that was sent until now. */
  const allArrived = async () => {
    await turns();
    await client.invoke(namesrvAddr, createRequest(MARK_CODE), SOON_MS);
  };
  return { api, config, topics, logger, allArrived };
}

async function routePerm(peer: TestPeer, topic: string): Promise<number | undefined> {
  const response = await peer.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic });
  if (response.code !== ResponseCode.SUCCESS) return undefined;
  return decodeTopicRouteData(response.body as Buffer).queueDatas[0]?.perm;
}

test('addresses are trimmed, and each is used once', (t) => {
  t.deepEqual(nameServerAddresses(' a:9876;b:9876; ;a:9876;'), ['a:9876', 'b:9876']);
});

test('a broker that may not be written to masks its topics, and one that may leaves them as they are', (t) => {
  const topics = [topicConfig('orders', 6), topicConfig('inherited', 7)];
  t.deepEqual(
    Object.values(maskedTopics(topics, 4)).map((topic) => topic.perm),
    [4, 4],
  );
  t.deepEqual(
    Object.values(maskedTopics(topics, 6)).map((topic) => topic.perm),
    [6, 7],
  );
});

test('a started broker is in the route, and a stopped one is not', async (t) => {
  const namesrv = await startNamesrv(t);
  const { broker, peer } = await startTestBroker(t, { namesrvAddr: namesrv.addr });
  await peer.createTopic('orders', 2);
  const reader = new TestPeer(t, namesrv.addr);
  await until(async () => (await routePerm(reader, 'orders')) === 6);
  await broker.shutdown();
  t.is(await routePerm(reader, 'orders'), undefined);
});

test('a topic that a send creates is in the route at once, not with the next period', async (t) => {
  const namesrv = await startNamesrv(t);
  const { peer } = await startTestBroker(t, { namesrvAddr: namesrv.addr });
  t.is((await peer.send('created', 'x')).code, ResponseCode.SUCCESS);
  const reader = new TestPeer(t, namesrv.addr);
  await until(async () => (await routePerm(reader, 'created')) === 6);
  t.pass();
});

test('a change announces the changed topic alone, and changes of one turn go together', async (t) => {
  const namesrv = await FakeNamesrv.start(t);
  const { api, topics } = outerApi(t, namesrv.addr);
  await api.start(0);
  const all = namesrv.registrations()[0] ?? [];
  t.true(all.length > 5);
  topics.onChange((names) => api.topicsChanged(names));
  topics.update(topicConfig('one'));
  topics.update(topicConfig('two'));
  await until(() => namesrv.registrations().length > 1);
  t.deepEqual(namesrv.registrations().slice(1), [['one', 'two']]);
});

test('changes while a registration is under way wait for it and go together', async (t) => {
  const namesrv = await FakeNamesrv.start(t);
  const { api, topics, allArrived } = outerApi(t, namesrv.addr);
  await api.start(0);
  topics.onChange((names) => api.topicsChanged(names));
  const first = deferred<void>();
  let held = 0;
  namesrv.answer = (request) => {
    if (held++ > 0) return createResponse(request, 0);
    return first.promise.then(() => createResponse(request, 0));
  };
  topics.update(topicConfig('one'));
  await until(() => held === 1);
  topics.update(topicConfig('two'));
  await allArrived();
  topics.update(topicConfig('three'));
  await allArrived();
  t.is(held, 1);
  first.resolve();
  await until(() => held === 2);
  t.deepEqual(namesrv.registrations().slice(1), [['one'], ['two', 'three']]);
});

test('after a failure everything is registered, not only what the failed request had', async (t) => {
  const namesrv = await FakeNamesrv.start(t);
  const { api, topics, logger } = outerApi(t, namesrv.addr);
  await api.start(0);
  topics.onChange((names) => api.topicsChanged(names));
  namesrv.answer = (request) => createResponse(request, ResponseCode.SYSTEM_BUSY, 'no room');
  topics.update(topicConfig('one'));
  await until(() => namesrv.registrations().length === 2);
  namesrv.answer = (request) => createResponse(request, 0);
  await until(() => namesrv.registrations().length === 3);
  const last = namesrv.registrations().at(-1) ?? [];
  t.true(last.includes('one'));
  t.true(last.includes('TBW102'));
  t.is(logger.of('warn').length, 1);
});

test('a name server that never answers delays neither the start nor the others', async (t) => {
  const silent = await FakeNamesrv.start(t);
  silent.answer = (request) => (request.code === RequestCode.REGISTER_BROKER ? null : createResponse(request, 0));
  const namesrv = await FakeNamesrv.start(t);
  const { api, topics } = outerApi(t, `${silent.addr};${namesrv.addr};127.0.0.1:1`);
  const startedMs = Date.now();
  await api.start(50);
  t.true(Date.now() - startedMs < 1500, `${Date.now() - startedMs} ms`);
  topics.onChange((names) => api.topicsChanged(names));
  topics.update(topicConfig('one'));
  await until(() => namesrv.registrations().length === 2);
  t.deepEqual(namesrv.registrations()[1], ['one']);
});

test('a start without any name server that answers does not wait for ever', async (t) => {
  const { api, logger } = outerApi(t, '127.0.0.1:1');
  await api.start(50);
  t.is(logger.of('warn')[0]?.fields.namesrvAddr, '127.0.0.1:1');
});

test('name servers added by a change of the configuration are registered with', async (t) => {
  const first = await FakeNamesrv.start(t);
  const second = await FakeNamesrv.start(t);
  const { broker, peer } = await startTestBroker(t, { namesrvAddr: first.addr });
  const text = Buffer.from(`namesrvAddr=${first.addr};${second.addr}`);
  const response = await peer.call(RequestCode.UPDATE_BROKER_CONFIG, null, text);
  t.is(response.code, ResponseCode.SUCCESS, response.remark ?? '');
  await until(() => second.registrations().length === 1);
  await broker.shutdown();
  for (const namesrv of [first, second]) t.is(namesrv.requests.at(-1)?.code, RequestCode.UNREGISTER_BROKER);
});

test('taking the write permission away shows in the route of every topic', async (t) => {
  const namesrv = await startNamesrv(t);
  const { peer } = await startTestBroker(t, { namesrvAddr: namesrv.addr });
  await peer.createTopic('orders', 1);
  const reader = new TestPeer(t, namesrv.addr);
  await until(async () => (await routePerm(reader, 'orders')) === 6);
  await peer.call(RequestCode.UPDATE_BROKER_CONFIG, null, Buffer.from('brokerPermission=4'));
  await until(async () => (await routePerm(reader, 'orders')) === 4);
  t.pass();
});

test('topics that the name server has an order for become ordered', async (t) => {
  const namesrv = await FakeNamesrv.start(t);
  namesrv.answer = (request) => {
    const response = createResponse(request, 0);
    response.body = encodeKVTable({ table: { orders: 'broker-a:4', elsewhere: 'broker-b:4' } });
    return response;
  };
  const { api, topics } = outerApi(t, namesrv.addr);
  topics.update(topicConfig('orders'));
  t.false(topics.isOrderTopic('orders'));
  await api.start(0);
  t.true(topics.isOrderTopic('orders'));
  t.false(topics.has('elsewhere'));
});

test('nothing is announced before the start and after the stop', async (t) => {
  const namesrv = await FakeNamesrv.start(t);
  const { api, allArrived } = outerApi(t, namesrv.addr);
  api.topicsChanged(['one']);
  await api.registerAll();
  await allArrived();
  t.is(namesrv.requests.length, 0);
  await api.start(0);
  await api.stop();
  const { length } = namesrv.requests;
  api.topicsChanged(['one']);
  await allArrived();
  t.is(namesrv.requests.length, length);
});
