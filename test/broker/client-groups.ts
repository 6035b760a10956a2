import test from 'ava';
import {
  type ClientChannel,
  type ClientConnection,
  ConsumerGroups,
  type ConsumerRegistration,
  ProducerGroups,
} from '../../src/broker/client-groups.js';
import { buildSubscriptionData } from '../../src/protocol/filter.js';

const NOW = 1_700_000_000_000;

let nextId = 1;

function connection(closed = false): ClientConnection {
  const id = nextId++;
  return { id, remoteText: `10.0.0.1:${id}`, closed };
}

function member(conn: ClientConnection, clientId: string, lastUpdateMs = NOW): ClientChannel {
  return { connection: conn, clientId, language: 'JAVA', version: 479, lastUpdateMs };
}

function registration(
  topics: readonly string[] | null,
  overrides: Partial<ConsumerRegistration> = {},
): ConsumerRegistration {
  return {
    group: 'g',
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    subscriptions: topics?.map((topic) => buildSubscriptionData(topic, '*', 'TAG', 1)) ?? null,
    ...overrides,
  };
}

test('a new member is told to all members, itself included', (t) => {
  const groups = new ConsumerGroups();
  const a = connection();
  const b = connection();
  t.deepEqual(groups.register(registration(['T']), member(a, 'a'))?.connections, [a]);
  t.deepEqual(groups.register(registration(['T']), member(b, 'b'))?.connections, [a, b]);
});

test('a repeated heartbeat is no change', (t) => {
  const groups = new ConsumerGroups();
  const a = connection();
  groups.register(registration(['T']), member(a, 'a'));
  t.is(groups.register(registration(['T']), member(a, 'a', NOW + 30_000)), null);
  t.is(groups.get('g')?.members.get(a)?.lastUpdateMs, NOW + 30_000);
});

test('topics that a heartbeat does not name are removed, whoever subscribed to them', (t) => {
  const groups = new ConsumerGroups();
  const a = connection();
  const b = connection();
  groups.register(registration(['T1', 'T2']), member(a, 'a'));
  groups.register(registration(['T1', 'T2']), member(b, 'b'));
  const change = groups.register(registration(['T1']), member(b, 'b'));
  t.deepEqual(change?.connections, [a, b]);
  t.is(groups.findSubscription('g', 'T2'), null);
  t.deepEqual([...groups.groupsOf('T2')], []);
});

test('a newer subVersion replaces the subscription silently, and an older one does nothing', (t) => {
  const groups = new ConsumerGroups();
  const a = connection();
  const at = (subVersion: number, expression: string) =>
    registration(null, { subscriptions: [buildSubscriptionData('T', expression, 'TAG', subVersion)] });
  groups.register(at(2, 'A'), member(a, 'a'));
  t.is(groups.register(at(3, 'B'), member(a, 'a')), null);
  t.is(groups.findSubscription('g', 'T')?.subString, 'B');
  t.is(groups.register(at(1, 'C'), member(a, 'a')), null);
  t.is(groups.findSubscription('g', 'T')?.subString, 'B');
});

test('the last heartbeat decides how the group consumes', (t) => {
  const groups = new ConsumerGroups();
  groups.register(registration(['T']), member(connection(), 'a'));
  groups.register(registration(['T'], { messageModel: 'BROADCASTING' }), member(connection(), 'b'));
  t.is(groups.get('g')?.messageModel, 'BROADCASTING');
});

test('members of a broadcasting group are not told anything', (t) => {
  const groups = new ConsumerGroups();
  const a = connection();
  t.is(groups.register(registration(['T'], { messageModel: 'BROADCASTING' }), member(a, 'a')), null);
  t.deepEqual(groups.removeConnection(a), []);
});

test('a heartbeat without subscriptions keeps those there are', (t) => {
  const groups = new ConsumerGroups();
  const a = connection();
  groups.register(registration(['T']), member(a, 'a'));
  t.is(groups.register(registration(null), member(a, 'a')), null);
  t.truthy(groups.findSubscription('g', 'T'));
});

test('a closed connection leaves all its groups and those who stay are told', (t) => {
  const groups = new ConsumerGroups();
  const a = connection();
  const b = connection();
  groups.register(registration(['T']), member(a, 'a'));
  groups.register(registration(['T']), member(b, 'b'));
  groups.register(registration(['T'], { group: 'h' }), member(b, 'b'));
  t.deepEqual(groups.removeConnection(b), [{ group: 'g', connections: [a] }]);
  t.is(groups.get('h'), undefined, 'a group without members is gone');
  t.is(groups.subscriptionCount('h'), 0);
  t.deepEqual([...groups.groupsOf('T')], ['g']);
});

test('unregistering needs the connection of the registration', (t) => {
  const groups = new ConsumerGroups();
  const a = connection();
  groups.register(registration(['T']), member(a, 'a'));
  t.is(groups.unregister('g', connection()), null);
  t.truthy(groups.get('g'));
  groups.unregister('g', a);
  t.is(groups.get('g'), undefined);
});

test('silence beyond the timeout expires a connection', (t) => {
  const groups = new ConsumerGroups();
  const a = connection();
  groups.register(registration(['T']), member(a, 'a'));
  t.is(groups.expired(NOW + 120_000, 120_000).size, 0);
  t.deepEqual([...groups.expired(NOW + 120_001, 120_000)], [a]);
});

test('another fingerprint in the group asks for the full heartbeat', (t) => {
  const groups = new ConsumerGroups();
  t.false(groups.noteFingerprint('g', 7), 'the first one');
  t.false(groups.noteFingerprint('g', 7));
  t.true(groups.noteFingerprint('g', 8));
  t.true(groups.noteFingerprint('g', 7), 'the other member');
});

test('producers take turns', (t) => {
  const producers = new ProducerGroups();
  const a = connection();
  const b = connection();
  producers.register('p', member(a, 'a'));
  producers.register('p', member(b, 'b'));
  const turns = [1, 2, 3, 4].map(() => producers.nextConnection('p'));
  t.deepEqual(
    turns.map((turn) => turn?.id),
    [b.id, a.id, b.id, a.id],
  );
});

test('a closed producer is not asked', (t) => {
  const producers = new ProducerGroups();
  producers.register('p', member(connection(true), 'a'));
  t.is(producers.nextConnection('p'), null);
  t.is(producers.nextConnection('unknown'), null);
});

test('a producer is found by its client id until it leaves', (t) => {
  const producers = new ProducerGroups();
  const a = connection();
  producers.register('p', member(a, 'a'));
  producers.register('q', member(a, 'a'));
  t.is(producers.findConnection('a'), a);
  producers.removeConnection(a);
  t.is(producers.findConnection('a'), null);
  t.is(producers.get('p'), undefined);
  t.is(producers.get('q'), undefined);
});
