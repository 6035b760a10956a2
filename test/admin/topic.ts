import test from 'ava';
import type { AdminError } from '../../src/admin/failure.js';
import { deleteTopic, planTopicDelete } from '../../src/admin/topic-delete.js';
import { listTopics, listTopicUses } from '../../src/admin/topic-list.js';
import { topicStatus } from '../../src/admin/topic-status.js';
import { createTopic, overwriteTopic, parseAttributes, updateTopic } from '../../src/admin/topic-write.js';
import {
  encodeGroupList,
  encodeTopicConfigAndMappingSerializeWrapper,
  encodeTopicConfigAndQueueMapping,
  encodeTopicList,
  encodeTopicStatsTable,
} from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import type { TopicConfig } from '../../src/protocol/topic-config.js';
import { BROKER_A, BROKER_B, clusterWire, type FakeWire, fakeIo, fakeSession, NAMESRV } from '../helper/cli.js';
import type { ManualClock } from '../helper/manual-clock.js';

const config = (more: Partial<TopicConfig> = {}): TopicConfig => ({
  topicName: 'orders',
  readQueueNums: 8,
  writeQueueNums: 8,
  perm: 6,
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: 0,
  order: false,
  attributes: {},
  ...more,
});

/** Brokers that keep topics by address; 351 reads, 17 writes, 215 deletes. */
function topicWire(topics: Map<string, TopicConfig>): FakeWire {
  const isRouted = () => topics.size > 0;
  return clusterWire((topic) => topic !== 'orders' || isRouted())
    .on(RequestCode.GET_TOPIC_CONFIG, (_request, addr) => {
      const topic = topics.get(addr);
      if (topic === undefined)
        return { code: ResponseCode.TOPIC_NOT_EXIST, remark: 'No topic in this broker. topic: orders' };
      return { body: encodeTopicConfigAndQueueMapping(topic) };
    })
    .on(RequestCode.UPDATE_AND_CREATE_TOPIC, ({ extFields }, addr) => {
      topics.set(
        addr,
        config({
          readQueueNums: Number(extFields?.readQueueNums),
          writeQueueNums: Number(extFields?.writeQueueNums),
          perm: Number(extFields?.perm),
          order: extFields?.order === 'true',
        }),
      );
      return {};
    })
    .on(RequestCode.DELETE_TOPIC_IN_BROKER, (_request, addr) => {
      topics.delete(addr);
      return {};
    })
    .on(RequestCode.DELETE_TOPIC_IN_NAMESRV, () => ({}))
    .on(RequestCode.PUT_KV_CONFIG, () => ({}))
    .on(RequestCode.GET_KV_CONFIG, () => ({ extFields: { value: 'broker-b:4' } }))
    .on(RequestCode.DELETE_KV_CONFIG, () => ({}));
}

const C1 = { clusterName: 'c1' };

test('a new topic is created on all masters with 8 queues, and waited for at the name server', async (t) => {
  const topics = new Map<string, TopicConfig>();
  const wire = topicWire(topics);
  const result = await createTopic(fakeSession(wire), { topic: 'orders', target: C1, patch: {} });
  t.deepEqual(
    result.brokers.map(({ addr, action }) => [addr, action]),
    [
      [BROKER_A, 'created'],
      [BROKER_B, 'created'],
    ],
  );
  t.true(result.routed);
  t.deepEqual([topics.get(BROKER_A)?.readQueueNums, topics.get(BROKER_A)?.perm], [8, 6]);
});

test('creating what is there as wanted changes nothing', async (t) => {
  const wire = topicWire(
    new Map([
      [BROKER_A, config()],
      [BROKER_B, config()],
    ]),
  );
  const result = await createTopic(fakeSession(wire), { topic: 'orders', target: C1, patch: { readQueueNums: 8 } });
  t.deepEqual(
    result.brokers.map(({ action }) => action),
    ['unchanged', 'unchanged'],
  );
  t.is(wire.of(RequestCode.UPDATE_AND_CREATE_TOPIC).length, 0);
});

test('creating what is there with other settings fails and changes nothing', async (t) => {
  const wire = topicWire(new Map([[BROKER_B, config({ perm: 4 })]]));
  const request = { topic: 'orders', target: C1, patch: { perm: 6 } };
  await t.throwsAsync(createTopic(fakeSession(wire), request), { message: /exists on broker-b with other settings/ });
  t.is(wire.of(RequestCode.UPDATE_AND_CREATE_TOPIC).length, 0);
});

test('an update leaves what is not given, broker by broker', async (t) => {
  const topics = new Map([
    [BROKER_A, config({ perm: 4 })],
    [BROKER_B, config({ readQueueNums: 2 })],
  ]);
  const result = await updateTopic(fakeSession(topicWire(topics)), {
    topic: 'orders',
    target: C1,
    patch: { writeQueueNums: 16 },
  });
  t.deepEqual(
    result.brokers.map(({ action }) => action),
    ['updated', 'updated'],
  );
  t.like(topics.get(BROKER_A), { perm: 4, readQueueNums: 8, writeQueueNums: 16 });
  t.like(topics.get(BROKER_B), { perm: 6, readQueueNums: 2, writeQueueNums: 16 });
});

test('a broker that does not answer leaves time to write to the others', async (t) => {
  const io = fakeIo();
  const topics = new Map([[BROKER_A, config()]]);
  const wire = topicWire(topics);
  wire.silent.add(BROKER_B);
  const invoke = wire.invoke.bind(wire);
  const writes: number[] = [];
  wire.invoke = async (addr, command, timeoutMs, signal) => {
    if (addr === BROKER_B) (io.clock as ManualClock).advance(timeoutMs);
    if (command.code === RequestCode.UPDATE_AND_CREATE_TOPIC) writes.push(timeoutMs);
    return invoke(addr, command, timeoutMs, signal);
  };
  const request = { topic: 'orders', target: C1, patch: { perm: 4 } };
  const result = await updateTopic(fakeSession(wire, io, 8000), request);
  t.false(result.complete);
  t.is(topics.get(BROKER_A)?.perm, 4);
  t.deepEqual(writes, [2000]);
});

test('a topic may be on a broker that does not answer', async (t) => {
  const wire = topicWire(new Map());
  wire.silent.add(BROKER_B);
  const request = { topic: 'orders', target: C1, patch: { perm: 4 } };
  await t.throwsAsync(updateTopic(fakeSession(wire), request), {
    message: /there is no topic "orders" .*as far as brokers answered \(broker-b: /,
  });
  const plan = planTopicDelete(fakeSession(wire), { topic: 'orders', clusterName: 'c1' });
  t.is((await t.throwsAsync<AdminError>(plan)).kind, 'partial');
});

test('an update of a topic that nobody has is not found', async (t) => {
  const request = { topic: 'orders', target: C1, patch: { perm: 6 } };
  await t.throwsAsync(updateTopic(fakeSession(topicWire(new Map())), request), { code: 'NOT_FOUND' });
});

test("overwriting reads nothing and sends defaults, as Apache's tool does", async (t) => {
  const wire = topicWire(new Map([[BROKER_A, config({ readQueueNums: 2, perm: 4 })]]));
  await overwriteTopic(fakeSession(wire), { topic: 'orders', target: { brokerAddr: BROKER_A }, patch: {} });
  t.is(wire.of(RequestCode.GET_TOPIC_CONFIG).length, 0);
  const [sent] = wire.of(RequestCode.UPDATE_AND_CREATE_TOPIC);
  t.like(sent?.fields, { readQueueNums: '8', writeQueueNums: '8', perm: '6', order: 'false' });
});

test('a broker before 5.x is asked for all its topics', async (t) => {
  const wire = topicWire(new Map())
    .on(RequestCode.GET_TOPIC_CONFIG, () => ({ code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark: 'no' }))
    .on(RequestCode.GET_ALL_TOPIC_CONFIG, () => ({
      body: encodeTopicConfigAndMappingSerializeWrapper({
        topicConfigTable: { orders: config({ perm: 2 }) },
        topicQueueMappingInfoMap: {},
        topicQueueMappingDetailMap: {},
        mappingDataVersion: { counter: 0, timestamp: 0, stateVersion: 0 },
        dataVersion: { counter: 0, timestamp: 0, stateVersion: 0 },
      }),
    }));
  const request = { topic: 'orders', target: { brokerAddr: BROKER_A }, patch: { perm: 6 } };
  const result = await updateTopic(fakeSession(wire), request);
  t.deepEqual(
    result.brokers.map(({ action }) => action),
    ['updated'],
  );
});

test('an ordered topic gets its order conf on every name server', async (t) => {
  const wire = topicWire(new Map());
  const result = await createTopic(fakeSession(wire), {
    topic: 'orders',
    target: C1,
    patch: { order: true, writeQueueNums: 4 },
  });
  t.is(result.orderConf, 'broker-a:4;broker-b:4');
  const [put] = wire.of(RequestCode.PUT_KV_CONFIG);
  t.like(put, { addr: NAMESRV });
  t.like(put?.fields, { namespace: 'ORDER_TOPIC_CONFIG', key: 'orders', value: 'broker-a:4;broker-b:4' });
});

test('the order conf of one broker is merged with the others', async (t) => {
  const wire = topicWire(new Map());
  const patch = { order: true, writeQueueNums: 2 };
  const result = await overwriteTopic(fakeSession(wire), { topic: 'orders', target: { brokerAddr: BROKER_A }, patch });
  t.is(result.orderConf, 'broker-b:4;broker-a:2');
});

test('one master down makes a partial result', async (t) => {
  const wire = topicWire(new Map());
  wire.down.add(BROKER_B);
  const result = await createTopic(fakeSession(wire), { topic: 'orders', target: C1, patch: {} });
  t.false(result.complete);
  t.deepEqual(
    result.brokers.map(({ addr }) => addr),
    [BROKER_A],
  );
});

const names: Array<[topic: string, message: RegExp]> = [
  ['', /blank/],
  ['a b', /illegal characters/],
  ['x'.repeat(128), /longer than topic max length/],
];
for (const [topic, message] of names) {
  test(`the name "${topic.slice(0, 5)}" is refused before anything is sent`, async (t) => {
    const wire = topicWire(new Map());
    await t.throwsAsync(createTopic(fakeSession(wire), { topic, target: C1, patch: {} }), { code: 'USAGE', message });
    t.is(wire.calls.length, 0);
  });
}

test('attribute changes are read, and malformed ones refused', (t) => {
  t.deepEqual(parseAttributes('+a=b, -c,+d=e=f'), { '+a': 'b', '-c': '', '+d': 'e=f' });
  for (const text of ['a=b', 'c', '+a', '+=b', '-', '', '+a=b,-a'])
    t.throws(() => parseAttributes(text), { code: 'USAGE' });
});

test('a plan of a deletion tells queues, messages and readers', async (t) => {
  const wire = topicWire(
    new Map([
      [BROKER_A, config()],
      [BROKER_B, config()],
    ]),
  )
    .on(RequestCode.GET_TOPIC_STATS_INFO, (_request, addr) => ({
      body: encodeTopicStatsTable({
        offsetTable: [
          {
            mq: { topic: 'orders', brokerName: addr === BROKER_A ? 'broker-a' : 'broker-b', queueId: 0 },
            minOffset: 5,
            maxOffset: 25,
            lastUpdateTimestamp: 0,
          },
        ],
        topicPutTps: 0,
      }),
    }))
    .on(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, () => ({ body: encodeGroupList({ groupList: ['g2', 'g1'] }) }));
  const plan = await planTopicDelete(fakeSession(wire), { topic: 'orders', clusterName: 'c1' });
  t.deepEqual(
    plan.brokers.map(({ queues, messages }) => [queues, messages]),
    [
      [1, 20],
      [1, 20],
    ],
  );
  t.deepEqual(plan.consumerGroups, ['g1', 'g2']);
});

test('what is nowhere cannot be planned to go', async (t) => {
  const session = fakeSession(topicWire(new Map()));
  await t.throwsAsync(planTopicDelete(session, { topic: 'orders', clusterName: 'c1' }), { code: 'NOT_FOUND' });
  await t.throwsAsync(planTopicDelete(session, { topic: 'orders', clusterName: 'c9' }), {
    code: 'NOT_FOUND',
    message: /c9/,
  });
});

test('a deletion reaches masters and name servers and is read back', async (t) => {
  const topics = new Map([
    [BROKER_A, config()],
    [BROKER_B, config()],
  ]);
  const wire = topicWire(topics);
  const result = await deleteTopic(fakeSession(wire), { topic: 'orders', clusterName: 'c1', isOrdered: true });
  t.true(result.verified);
  t.is(topics.size, 0);
  t.like(wire.of(RequestCode.DELETE_TOPIC_IN_NAMESRV)[0], {
    addr: NAMESRV,
    fields: { topic: 'orders', clusterName: 'c1' },
  });
  t.is(wire.of(RequestCode.DELETE_KV_CONFIG).length, 1);
});

test('a topic that is back when read is not verified', async (t) => {
  const wire = topicWire(new Map([[BROKER_A, config()]])).on(RequestCode.DELETE_TOPIC_IN_BROKER, () => ({}));
  const result = await deleteTopic(fakeSession(wire), { topic: 'orders', clusterName: 'c1' });
  t.true(result.complete);
  t.false(result.verified);
});

test('topics are sorted and told by kind, clusters and brokers among them', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
    body: encodeTopicList({
      topicList: ['orders', '%RETRY%g', '%DLQ%g', 'c1', 'broker-a', 'c1_REPLY_TOPIC', 'TBW102', 'rmq_sys_x'],
    }),
  }));
  const { topics } = await listTopics(fakeSession(wire));
  t.deepEqual(
    topics.map(({ topic, kind }) => `${topic} ${kind}`),
    [
      '%DLQ%g dlq',
      '%RETRY%g retry',
      'TBW102 system',
      'broker-a system',
      'c1 system',
      'c1_REPLY_TOPIC system',
      'orders normal',
      'rmq_sys_x system',
    ],
  );
});

test('a topic whose readers are unknown says why', async (t) => {
  const wire = clusterWire((topic) => topic !== 'lost')
    .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
      body: encodeTopicList({ topicList: ['orders', 'lost', '%RETRY%g'] }),
    }))
    .on(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, () => ({ body: encodeGroupList({ groupList: ['g'] }) }));
  const { topics, complete } = await listTopicUses(fakeSession(wire));
  t.false(complete);
  t.like(topics[0], { topic: 'orders', clusterName: 'c1', consumerGroups: ['g'], reason: null });
  t.like(topics[1], { topic: 'lost', clusterName: null, consumerGroups: null });
  t.regex(topics[1]?.reason ?? '', /No topic route/);
  t.is(topics.length, 2);
});

test('the status sums over brokers, and an empty queue has no time', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_TOPIC_STATS_INFO, (_request, addr) => ({
    body: encodeTopicStatsTable({
      offsetTable: [
        {
          mq: { topic: 'orders', brokerName: addr === BROKER_A ? 'broker-a' : 'broker-b', queueId: 1 },
          minOffset: 0,
          maxOffset: addr === BROKER_A ? 0 : 7,
          lastUpdateTimestamp: addr === BROKER_A ? 0 : 1_700_000_000_000,
        },
      ],
      topicPutTps: 1.5,
    }),
  }));
  const status = await topicStatus(fakeSession(wire), { topic: 'orders' });
  t.deepEqual([status.messages, status.putTps, status.complete], [7, 3, true]);
  t.deepEqual(
    status.queues.map(({ brokerName, lastUpdateTime }) => [brokerName, lastUpdateTime]),
    [
      ['broker-a', null],
      ['broker-b', '2023-11-14T22:13:20.000Z'],
    ],
  );
});
