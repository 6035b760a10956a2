import test from 'ava';
import { type ClusterFile, parseClusterFile } from '../../../src/admin/declared/cluster-file.js';
import { fileOf } from '../../../src/admin/declared/export.js';
import type { LiveAccess, LiveBroker, LiveCluster } from '../../../src/admin/declared/live-cluster.js';
import { type Change, comparePlan } from '../../../src/admin/declared/plan.js';
import { defaultSubscriptionGroupConfig } from '../../../src/protocol/subscription-group-config.js';
import type { TopicConfig } from '../../../src/protocol/topic-config.js';

function topic(topicName: string, patch: Partial<TopicConfig> = {}): TopicConfig {
  const queues = { readQueueNums: 8, writeQueueNums: 8, perm: 6 };
  return {
    topicName,
    ...queues,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
    ...patch,
  };
}

function broker(brokerName: string, patch: Partial<LiveBroker> = {}): LiveBroker {
  const where = { clusterName: 'c1', brokerName, brokerId: 0, addr: `${brokerName}:10911` };
  return { ...where, topics: {}, groups: {}, properties: { fileReservedTime: '72', brokerName }, ...patch };
}

function cluster(masters: readonly LiveBroker[], access: readonly LiveAccess[] = []): LiveCluster {
  return { clusterName: 'c1', masters, access, complete: true, unreachable: [] };
}

const plan = (yaml: string, live: LiveCluster, prune = false) =>
  comparePlan(parseClusterFile(yaml, 'c.yaml'), live, prune);

const lines = (changes: readonly Change[]): string[] =>
  changes.flatMap(({ action, brokerName, fields, kind, name }) =>
    fields.length === 0
      ? [`${action} ${kind} ${name} ${brokerName}`]
      : fields.map(({ after, before, field }) => `${action} ${kind} ${name} ${brokerName} ${field} ${before} ${after}`),
  );

test('what is missing is created with defaults, what differs is changed, what is left out stays', (t) => {
  const live = cluster([
    broker('a', { topics: { orders: topic('orders', { readQueueNums: 4 }), other: topic('other') } }),
    broker('b'),
  ]);
  const { changes, unchanged } = plan('topics:\n  orders: { readQueueNums: 4, perm: 4 }\n', live);
  t.deepEqual(lines(changes), [
    'update topic orders a perm 6 4',
    'create topic orders b readQueueNums null 4',
    'create topic orders b writeQueueNums null 8',
    'create topic orders b perm null 4',
  ]);
  t.is(changes[0]?.warning, 'nobody can send to it any more');
  t.is(unchanged, 0);
});

test('an entry may be for some brokers, and differ on one', (t) => {
  const yaml = `groups:
  g: { retryMaxTimes: 3, brokers: [a, b], perBroker: { b: { retryMaxTimes: 5, attributes: { x: 1 } } } }`;
  const g = { ...defaultSubscriptionGroupConfig('g'), retryMaxTimes: 3 };
  const live = cluster([broker('a', { groups: { g } }), broker('b', { groups: { g } }), broker('c')]);
  const { changes, unchanged } = plan(yaml, live);
  t.deepEqual(lines(changes), ['update group g b retryMaxTimes 3 5', 'update group g b attributes.x null 1']);
  t.is(unchanged, 1);
});

test('properties of one broker win over those of all', (t) => {
  const live = cluster([broker('a'), broker('b')]);
  const { changes } = plan("brokers:\n  '*': { fileReservedTime: 48 }\n  b: { fileReservedTime: 72 }\n", live);
  t.deepEqual(lines(changes), ['update broker a a fileReservedTime 72 48']);
});

test('a broker that the cluster lacks is an error', (t) => {
  t.throws(() => plan('brokers:\n  z: { a: 1 }\n', cluster([broker('a')])), {
    code: 'NOT_FOUND',
    message: /broker "z"/,
  });
});

test('nothing is deleted unless asked, and then only of sections that the file has', (t) => {
  const groups = { g: defaultSubscriptionGroupConfig('g') };
  const live = cluster([broker('a', { topics: { old: topic('old') }, groups })]);
  t.deepEqual(plan('topics: {}\n', live).changes, []);
  t.deepEqual(lines(plan('topics: {}\n', live, true).changes), ['delete topic old null']);
});

test('users and rules are compared at every broker; super users stay', (t) => {
  const at = { clusterName: 'c1', brokerName: 'a', addr: 'a:10911' };
  const acl = {
    subject: 'User:alice',
    policies: [
      {
        policyType: 'Custom',
        entries: [
          { resource: 'Topic:orders', actions: ['Sub', 'Pub'], decision: 'Allow', sourceIps: null },
          { resource: 'Topic:old', actions: ['Sub'], decision: 'Allow', sourceIps: null },
        ],
      },
    ],
  };
  const user = (username: string, userType: string) => ({ username, userType, userStatus: 'enable', password: null });
  const access = [
    { ...at, brokerId: 0, users: [user('alice', 'Normal'), user('root', 'Super'), user('bob', 'Normal')], acls: [acl] },
    { ...at, brokerId: 1, users: [user('alice', 'Normal')], acls: [acl] },
  ];
  const yaml = `users:
  alice: { userStatus: enable }
acls:
  User:alice:
    - { resources: ['Topic:orders'], actions: [Pub, Sub] }
    - { resources: ['*'], actions: [Get], decision: Deny }
`;
  const { changes } = plan(yaml, cluster([broker('a')], access), true);
  t.deepEqual(lines(changes), [
    'create acl User:alice * a actions null Get',
    'create acl User:alice * a decision null Deny',
    'create acl User:alice * a sourceIps null ',
    'create acl User:alice * a#1 actions null Get',
    'create acl User:alice * a#1 decision null Deny',
    'create acl User:alice * a#1 sourceIps null ',
    'delete acl User:alice Topic:old a',
    'delete user bob a',
    'delete acl User:alice Topic:old a#1',
  ]);
});

test('users for brokers that keep none are an error', (t) => {
  const access = [{ clusterName: 'c1', brokerName: 'a', brokerId: 0, addr: 'a:1', users: null, acls: null }];
  t.throws(() => plan('users: { alice: {} }\n', cluster([broker('a')], access)), { message: 'a:1 keeps no users' });
});

test('an exported file finds nothing to change, whatever differs between brokers', (t) => {
  const policy = { type: 'EXPONENTIAL', exponentialRetryPolicy: { initial: 1, max: 2, multiplier: 3 } } as const;
  const g = { ...defaultSubscriptionGroupConfig('g'), groupRetryPolicy: { ...policy, customizedRetryPolicy: null } };
  const live = cluster([
    broker('a', {
      topics: { orders: topic('orders'), fifo: topic('fifo', { attributes: { 'message.type': 'FIFO' } }) },
    }),
    broker('b', {
      topics: { orders: topic('orders', { order: true, attributes: { x: '1' } }) },
      groups: { g },
      properties: { fileReservedTime: '48', brokerName: 'b' },
    }),
    broker('c', { topics: { orders: topic('orders', { perm: 4 }) } }),
  ]);
  const file: ClusterFile = fileOf(live, ['fileReservedTime']);
  t.deepEqual(file.topics?.fifo, {
    ...{ readQueueNums: 8, writeQueueNums: 8, perm: 6, attributes: { 'message.type': 'FIFO' } },
    brokers: ['a'],
  });
  t.deepEqual(file.brokers, { '*': { fileReservedTime: '72' }, b: { fileReservedTime: '48' } });
  t.deepEqual(comparePlan(file, live, true).changes, []);
});
