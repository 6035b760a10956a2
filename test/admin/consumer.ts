import test from 'ava';
import { consumerConnections, producerConnections } from '../../src/admin/connections.js';
import { allGroupsProgress, committedProgress, groupProgress } from '../../src/admin/consumer-progress.js';
import { type AdminError, failureOf } from '../../src/admin/failure.js';
import { FAN_OUT_LIMIT } from '../../src/admin/fan-out.js';
import { createGroup, deleteGroup, overwriteGroup, planGroupDelete, updateGroup } from '../../src/admin/group-write.js';
import { queryById } from '../../src/admin/message-query.js';
import {
  type ConsumerConnection,
  decodeSubscriptionGroupConfig,
  encodeConsumerConnection,
  encodeConsumerRunningInfo,
  encodeConsumeStats,
  encodeProducerConnection,
  encodeSubscriptionGroupWrapper,
  encodeTopicList,
  encodeTopicStatsTable,
} from '../../src/protocol/bodies.js';
import { encodeOffsetMsgId } from '../../src/protocol/message-id.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import {
  defaultSubscriptionGroupConfig,
  type SubscriptionGroupConfig,
} from '../../src/protocol/subscription-group-config.js';
import { BROKER_A, BROKER_B, clusterWire, type FakeWire, fakeSession } from '../helper/cli.js';

const nameOf = (addr: string) => (addr === BROKER_A ? 'broker-a' : 'broker-b');

const online = (more: Partial<ConsumerConnection> = {}): ConsumerConnection => ({
  connectionSet: [{ clientId: '10.0.0.9@1', clientAddr: '10.0.0.9:5', language: 'JAVA', version: 479 }],
  subscriptionTable: {},
  consumeType: 'CONSUME_PASSIVELY',
  messageModel: 'CLUSTERING',
  consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
  ...more,
});
const OFFLINE = { code: ResponseCode.CONSUMER_NOT_ONLINE, remark: 'the consumer group[g] not online' };

const stats = (addr: string, consumerOffset = 40, pullOffset = 45) =>
  encodeConsumeStats({
    consumeTps: 2.5,
    offsetTable: [
      {
        mq: { topic: 'orders', brokerName: nameOf(addr), queueId: 0 },
        brokerOffset: 50,
        consumerOffset,
        pullOffset,
        lastTimestamp: addr === BROKER_A ? 1_700_000_000_000 : 0,
      },
    ],
  });

const isRouted = (topic: string) => topic !== '%RETRY%nobody';

test('the progress of a group sums its brokers; unknown times are null', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({ body: stats(addr) }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => OFFLINE);
  const progress = await groupProgress(fakeSession(wire), { consumerGroup: 'g' });
  t.like(progress, { complete: true, lag: 20, inflight: 10, consumeTps: 5 });
  t.deepEqual(
    progress.queues.map(({ brokerName, lag, lastTime }) => [brokerName, lag, lastTime]),
    [
      ['broker-a', 10, '2023-11-14T22:13:20.000Z'],
      ['broker-b', 10, null],
    ],
  );
});

test('a broker that does not know pull offsets gives no inflight', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({ body: stats(addr, 40, 0) }));
  const progress = await groupProgress(fakeSession(wire), { consumerGroup: 'g' });
  t.is(progress.inflight, null);
});

test('a broker that does not answer makes the progress partial', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({ body: stats(addr) }));
  wire.silent.add(BROKER_B);
  const progress = await groupProgress(fakeSession(wire), { consumerGroup: 'g' });
  t.like(progress, { complete: false, lag: null, committedLag: 10 });
  t.is(progress.unreachable[0]?.brokerName, 'broker-b');
});

test('clients are asked which queue they hold', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({ body: stats(addr) }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, (_request, addr) =>
      addr === BROKER_A ? { body: encodeConsumerConnection(online()) } : OFFLINE,
    )
    .on(RequestCode.GET_CONSUMER_RUNNING_INFO, () => ({
      body: encodeConsumerRunningInfo({
        properties: {},
        subscriptionSet: [],
        mqTable: [
          {
            mq: { topic: 'orders', brokerName: 'broker-a', queueId: 0 },
            commitOffset: 0,
            cachedMsgMinOffset: 0,
            cachedMsgMaxOffset: 0,
            cachedMsgCount: 0,
            cachedMsgSizeInMiB: 0,
            transactionMsgMinOffset: 0,
            transactionMsgMaxOffset: 0,
            transactionMsgCount: 0,
            locked: false,
            tryUnlockTimes: 0,
            lastLockTimestamp: 0,
            droped: false,
            lastPullTimestamp: 0,
            lastConsumeTimestamp: 0,
          },
        ],
        mqPopTable: [],
        statusTable: {},
        userConsumerInfo: {},
      }),
    }));
  const progress = await groupProgress(fakeSession(wire), { consumerGroup: 'g', withClients: true });
  t.deepEqual(
    progress.queues.map(({ clientId }) => clientId),
    ['10.0.0.9@1', null],
  );
});

test('a group without offsets and members is not found; a broadcasting one is told apart', async (t) => {
  const empty = encodeConsumeStats({ consumeTps: 0, offsetTable: [] });
  const wire = clusterWire()
    .on(RequestCode.GET_CONSUME_STATS, () => ({ body: empty }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => OFFLINE);
  await t.throwsAsync(groupProgress(fakeSession(wire), { consumerGroup: 'g' }), {
    code: 'NOT_FOUND',
    message: /nobody is connected/,
  });
  wire.on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({
    body: encodeConsumerConnection(online({ messageModel: 'BROADCASTING' })),
  }));
  await t.throwsAsync(groupProgress(fakeSession(wire), { consumerGroup: 'g' }), { message: /broadcasting/ });
  wire.on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({ body: encodeConsumerConnection(online()) }));
  t.is((await groupProgress(fakeSession(wire), { consumerGroup: 'g' })).queues.length, 0);
});

/** A topic of which the group has committed nothing on broker-b, and another of which it has nothing anywhere. */
function uncommittedWire(waiting: number): FakeWire {
  const subscription = (topic: string) => ({
    ...{ topic, subString: '*', subVersion: 1, expressionType: 'TAG', classFilterMode: false },
    ...{ tagsSet: [], codeSet: [] },
  });
  return clusterWire()
    .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({ body: encodeTopicList({ topicList: ['%RETRY%g'] }) }))
    .on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({
      body: addr === BROKER_A ? stats(addr) : encodeConsumeStats({ consumeTps: 0, offsetTable: [] }),
    }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({
      body: encodeConsumerConnection(
        online({ subscriptionTable: { orders: subscription('orders'), bills: subscription('bills') } }),
      ),
    }))
    .on(RequestCode.GET_TOPIC_STATS_INFO, (request, addr) => ({
      body: encodeTopicStatsTable({
        topicPutTps: 0,
        offsetTable: [
          {
            mq: { topic: request.extFields?.topic ?? '', brokerName: nameOf(addr), queueId: 0 },
            ...{ minOffset: 5, maxOffset: 5 + waiting, lastUpdateTimestamp: 0 },
          },
        ],
      }),
    }));
}

test('queues that a group reads and has committed nothing of are there, their lag unknown', async (t) => {
  const progress = await groupProgress(fakeSession(uncommittedWire(7)), { consumerGroup: 'g' });
  t.deepEqual(
    progress.queues.map((queue) => [
      queue.topic,
      queue.brokerName,
      queue.brokerOffset,
      queue.consumerOffset,
      queue.lag,
    ]),
    [
      ['bills', 'broker-a', 12, null, null],
      ['bills', 'broker-b', 12, null, null],
      ['orders', 'broker-a', 50, 40, 10],
      ['orders', 'broker-b', 12, null, null],
    ],
  );
  t.like(progress, { complete: true, lag: null, committedLag: 10 });
  const one = await groupProgress(fakeSession(uncommittedWire(7)), { consumerGroup: 'g', topic: 'bills' });
  t.deepEqual([one.lag, one.queues.length], [null, 2]);
  const { groups, complete } = await allGroupsProgress(fakeSession(uncommittedWire(7)));
  t.true(complete);
  t.like(groups[0], { lag: null, committedLag: 10, uncommitted: ['bills', 'orders'], reason: null });
});

test('nothing waits in an empty queue of which nothing was committed', async (t) => {
  const progress = await groupProgress(fakeSession(uncommittedWire(0)), { consumerGroup: 'g' });
  t.is(progress.lag, 10);
  t.is(progress.queues.length, 4);
  t.like((await allGroupsProgress(fakeSession(uncommittedWire(0)))).groups[0], { lag: 10, uncommitted: [] });
});

test('what Apache shows of a group is what it has committed', async (t) => {
  const wire = uncommittedWire(7);
  t.like(await committedProgress(fakeSession(wire), { consumerGroup: 'g' }), { lag: 10, queues: { length: 1 } });
  const { groups } = await allGroupsProgress(fakeSession(wire), { withUncommitted: false });
  t.is(groups[0]?.committedLag, 10);
  t.is(wire.of(RequestCode.GET_TOPIC_STATS_INFO).length, 0);
});

test('a topic that a connected group does not read is not found', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_CONSUME_STATS, () => ({ body: encodeConsumeStats({ consumeTps: 0, offsetTable: [] }) }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({ body: encodeConsumerConnection(online()) }));
  await t.throwsAsync(groupProgress(fakeSession(wire), { consumerGroup: 'g', topic: 'other' }), {
    code: 'NOT_FOUND',
    message: 'consumer group "g" does not read "other"',
  });
});

test('a group without a retry topic is looked for at every broker', async (t) => {
  const wire = clusterWire(isRouted).on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({ body: stats(addr) }));
  t.is((await groupProgress(fakeSession(wire), { consumerGroup: 'nobody' })).queues.length, 2);
});

test('all groups: what cannot be found out is null with a reason', async (t) => {
  const wire = clusterWire(isRouted)
    .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
      body: encodeTopicList({ topicList: ['orders', '%RETRY%g', '%RETRY%nobody', '%DLQ%g'] }),
    }))
    .on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({ body: stats(addr) }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, (_request, addr) =>
      addr === BROKER_A ? { body: encodeConsumerConnection(online()) } : OFFLINE,
    );
  const { groups, complete } = await allGroupsProgress(fakeSession(wire));
  t.false(complete);
  t.deepEqual(groups[0], {
    consumerGroup: 'g',
    clients: 1,
    version: 'V5_3_3',
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeTps: 5,
    lag: 20,
    committedLag: 20,
    uncommitted: [],
    reason: null,
  });
  t.like(groups[1], { consumerGroup: 'nobody', clients: null, lag: null, consumeTps: null });
  t.truthy(groups[1]?.reason);
});

test('a broker that is silent is asked once by those under way, and not by those that come later', async (t) => {
  const names = Array.from({ length: 200 }, (_, i) => `g${String(i).padStart(3, '0')}`);
  const wire = clusterWire()
    .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
      body: encodeTopicList({ topicList: names.map((name) => `%RETRY%${name}`) }),
    }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({ code: ResponseCode.CONSUMER_NOT_ONLINE, remark: 'none' }))
    .on(RequestCode.GET_CONSUME_STATS, () => ({ body: encodeConsumeStats({ consumeTps: 0, offsetTable: [] }) }));
  wire.silent.add(BROKER_B);
  const { groups, complete, unreachable } = await allGroupsProgress(fakeSession(wire));
  t.is(groups.length, names.length);
  t.true(groups.every(({ lag, reason }) => lag === null && reason !== null));
  t.false(complete);
  t.deepEqual(
    unreachable.map(({ brokerName }) => brokerName),
    ['broker-b'],
  );
  const asked = wire.calls.filter(({ addr }) => addr === BROKER_B).length;
  t.true(asked <= 2 * FAN_OUT_LIMIT, String(asked));
  t.is(wire.of(RequestCode.GET_CONSUME_STATS).filter(({ addr }) => addr === BROKER_A).length, names.length);
});

test('an offline group has no clients, which is known', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({ body: encodeTopicList({ topicList: ['%RETRY%g'] }) }))
    .on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({ body: stats(addr) }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => OFFLINE);
  const { groups, complete } = await allGroupsProgress(fakeSession(wire));
  t.true(complete);
  t.like(groups[0], { clients: 0, version: null, consumeType: null, reason: null });
});

test('members connected to several brokers are listed once', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({
    body: encodeConsumerConnection(online()),
  }));
  const result = await consumerConnections(fakeSession(wire), { consumerGroup: 'g' });
  t.deepEqual(result.connections, [
    { clientId: '10.0.0.9@1', clientAddr: '10.0.0.9:5', language: 'JAVA', version: 'V5_3_3', versionNumber: 479 },
  ]);
});

test('nobody connected is not found', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => OFFLINE)
    .on(RequestCode.GET_PRODUCER_CONNECTION_LIST, () => ({ code: ResponseCode.SYSTEM_ERROR, remark: 'not exist' }));
  await t.throwsAsync(consumerConnections(fakeSession(wire), { consumerGroup: 'g' }), { code: 'NOT_FOUND' });
  await t.throwsAsync(producerConnections(fakeSession(wire), { producerGroup: 'p', topic: 'orders' }), {
    code: 'NOT_FOUND',
  });
});

test('nobody connected is unknown while a broker is silent', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => OFFLINE)
    .on(RequestCode.GET_PRODUCER_CONNECTION_LIST, () => ({ code: ResponseCode.SYSTEM_ERROR, remark: 'not exist' }));
  wire.silent.add(BROKER_B);
  const session = fakeSession(wire);
  const consumers = await t.throwsAsync<AdminError>(consumerConnections(session, { consumerGroup: 'g' }));
  const producers = await t.throwsAsync<AdminError>(
    producerConnections(session, { producerGroup: 'g', topic: 'orders' }),
  );
  t.deepEqual([consumers.kind, producers.kind], ['partial', 'partial']);
});

test('who is refused does not learn that nobody is connected', async (t) => {
  const refusal = {
    code: ResponseCode.SYSTEM_ERROR,
    remark: 'org.apache.rocketmq.acl.common.AclException: No permission',
  };
  const wire = clusterWire()
    .on(RequestCode.GET_PRODUCER_CONNECTION_LIST, () => refusal)
    .on(RequestCode.VIEW_MESSAGE_BY_ID, () => refusal);
  const session = fakeSession(wire);
  const msgId = encodeOffsetMsgId({ address: '10.0.0.2', port: 10911 }, 1234);
  const errors = await Promise.all([
    t.throwsAsync(producerConnections(session, { producerGroup: 'p', topic: 'orders' })),
    t.throwsAsync(queryById(session, { msgId, topic: null })),
  ]);
  t.deepEqual(
    errors.map((error) => failureOf(error).kind),
    ['not-permitted', 'not-permitted'],
  );
});

test('producers of all brokers are listed', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_PRODUCER_CONNECTION_LIST, (_request, addr) => ({
    body: encodeProducerConnection({
      connectionSet: [{ clientId: `p@${nameOf(addr)}`, clientAddr: 'a:1', language: 'GO', version: 401 }],
    }),
  }));
  const { connections } = await producerConnections(fakeSession(wire), { producerGroup: 'p', topic: 'orders' });
  t.deepEqual(
    connections.map(({ clientId }) => clientId),
    ['p@broker-a', 'p@broker-b'],
  );
});

// ---- settings of groups ----

function groupWire(groups: Map<string, SubscriptionGroupConfig>): FakeWire {
  return clusterWire()
    .on(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, (_request, addr) => {
      const group = groups.get(addr);
      return {
        body: encodeSubscriptionGroupWrapper({
          subscriptionGroupTable: group === undefined ? {} : { g: group },
          dataVersion: { counter: 0, timestamp: 0, stateVersion: 0 },
          forbiddenTable: {},
        }),
      };
    })
    .on(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, ({ body }, addr) => {
      groups.set(addr, decodeSubscriptionGroupConfig(body));
      return {};
    })
    .on(RequestCode.DELETE_SUBSCRIPTIONGROUP, (_request, addr) => {
      groups.delete(addr);
      return {};
    })
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => OFFLINE)
    .on(RequestCode.DELETE_TOPIC_IN_BROKER, () => ({}))
    .on(RequestCode.DELETE_TOPIC_IN_NAMESRV, () => ({}));
}

const C1 = { clusterName: 'c1' };
const group = (more: Partial<SubscriptionGroupConfig> = {}) => ({ ...defaultSubscriptionGroupConfig('g'), ...more });

test('a group is created with the defaults of a broker and the settings given', async (t) => {
  const groups = new Map<string, SubscriptionGroupConfig>();
  const result = await createGroup(fakeSession(groupWire(groups)), {
    consumerGroup: 'g',
    target: C1,
    patch: { retryMaxTimes: 3 },
  });
  t.deepEqual(
    result.brokers.map(({ action }) => action),
    ['created', 'created'],
  );
  t.like(groups.get(BROKER_B), { groupName: 'g', retryMaxTimes: 3, consumeEnable: true, retryQueueNums: 1 });
});

test('creating a group again is fine with the same settings and refused with others', async (t) => {
  const wire = groupWire(
    new Map([
      [BROKER_A, group()],
      [BROKER_B, group()],
    ]),
  );
  const same = await createGroup(fakeSession(wire), { consumerGroup: 'g', target: C1, patch: {} });
  t.deepEqual(
    same.brokers.map(({ action }) => action),
    ['unchanged', 'unchanged'],
  );
  const other = { consumerGroup: 'g', target: C1, patch: { consumeEnable: false } };
  await t.throwsAsync(createGroup(fakeSession(wire), other), { message: /other settings/ });
  t.is(wire.of(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP).length, 0);
});

test('an update of a group leaves what is not given', async (t) => {
  const groups = new Map([[BROKER_A, group({ retryMaxTimes: 5 })]]);
  const result = await updateGroup(fakeSession(groupWire(groups)), {
    consumerGroup: 'g',
    target: C1,
    patch: { consumeEnable: false },
  });
  t.deepEqual(
    result.brokers.map(({ addr, action }) => [addr, action]),
    [[BROKER_A, 'updated']],
  );
  t.like(groups.get(BROKER_A), { retryMaxTimes: 5, consumeEnable: false });
  t.false(groups.has(BROKER_B));
  const nobody = { consumerGroup: 'x', target: C1, patch: { consumeEnable: false } };
  await t.throwsAsync(updateGroup(fakeSession(groupWire(new Map())), nobody), { code: 'NOT_FOUND' });
});

test('overwriting a group reads nothing', async (t) => {
  const wire = groupWire(new Map());
  await overwriteGroup(fakeSession(wire), { consumerGroup: 'g', target: { brokerAddr: BROKER_A }, patch: {} });
  t.is(wire.of(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG).length, 0);
  await t.throwsAsync(overwriteGroup(fakeSession(wire), { consumerGroup: 'a b', target: C1, patch: {} }), {
    code: 'USAGE',
  });
});

test('a group goes from a cluster with its retry and dead letter topics, slaves included', async (t) => {
  const groups = new Map([
    [BROKER_A, group()],
    [BROKER_B, group()],
  ]);
  const wire = groupWire(groups);
  const plan = await planGroupDelete(fakeSession(wire), { consumerGroup: 'g', target: C1 });
  t.deepEqual([plan.brokers.length, plan.withTopics], [2, true]);
  const result = await deleteGroup(fakeSession(wire), { consumerGroup: 'g', target: C1, removeOffset: true });
  t.like(result, { verified: true, topicsReason: null, complete: true });
  t.true(wire.of(RequestCode.DELETE_SUBSCRIPTIONGROUP).every(({ fields }) => fields.cleanOffset === 'true'));
  t.is(wire.of(RequestCode.DELETE_TOPIC_IN_BROKER).length, 6);
  t.deepEqual(
    wire.of(RequestCode.DELETE_TOPIC_IN_NAMESRV).map(({ fields }) => fields.topic),
    ['%RETRY%g', '%DLQ%g'],
  );
});

test('from one broker only the group goes', async (t) => {
  const wire = groupWire(new Map([[BROKER_A, group()]]));
  const target = { brokerAddr: BROKER_A };
  const result = await deleteGroup(fakeSession(wire), { consumerGroup: 'g', target, removeOffset: false });
  t.true(result.verified);
  t.is(wire.of(RequestCode.DELETE_TOPIC_IN_BROKER).length, 0);
});

test('a group that comes back is not verified, one that is nowhere not planned', async (t) => {
  const wire = groupWire(new Map([[BROKER_A, group()]])).on(RequestCode.DELETE_SUBSCRIPTIONGROUP, () => ({}));
  t.false((await deleteGroup(fakeSession(wire), { consumerGroup: 'g', target: C1, removeOffset: false })).verified);
  await t.throwsAsync(planGroupDelete(fakeSession(groupWire(new Map())), { consumerGroup: 'g', target: C1 }), {
    code: 'NOT_FOUND',
  });
});
