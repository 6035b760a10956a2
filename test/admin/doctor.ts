/** A cluster of two brokers that something is wrong with, really so. */
import test from 'ava';
import { checkClocks, checkDisks, runningMs } from '../../src/admin/doctor/check-brokers.js';
import { checkDrift } from '../../src/admin/doctor/check-drift.js';
import { lookAtCluster } from '../../src/admin/doctor/look.js';
import { examineCluster } from '../../src/admin/doctor.js';
import { explainError } from '../../src/admin/error-explain.js';
import { type AdminSession, openSession, type SessionOptions } from '../../src/admin/session.js';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import { encodeKVTable, encodeTopicList } from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { clusterWire, fakeSession } from '../helper/cli.js';
import { type ExplainWorld, startExplainWorld } from '../helper/explain.js';

let world: ExplainWorld;
test.before(async () => {
  world = await startExplainWorld({ brokers: 2 });
});
test.after.always(() => world?.stop());

async function withSession<T>(more: Partial<SessionOptions>, use: (session: AdminSession) => Promise<T>): Promise<T> {
  const session = await openSession({
    namesrvAddrs: [world.namesrvAddr],
    timeoutMs: 20_000,
    clock: systemClock,
    random: systemRandom,
    ...more,
  });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

test.serial('a cluster as it should be has nothing wrong', async (t) => {
  const { healthy, verdict, checks } = await examineCluster(world.session);
  t.deepEqual(
    checks.filter(({ state }) => state !== 'ok').map(({ title, evidence }) => [title, evidence]),
    // The disk is that of the machine.
    checks
      .filter(({ state, area }) => state !== 'ok' && area === 'disk')
      .map(({ title, evidence }) => [title, evidence]),
  );
  if (healthy) t.is(verdict, 'nothing is wrong with 2 brokers');
  const areas = new Set(checks.map(({ area }) => area));
  for (const area of [
    'name-servers',
    'routes',
    'addresses',
    'clocks',
    'versions',
    'disk',
    'permission',
    'load',
    'drift',
  ]) {
    t.true(areas.has(area), area);
  }
});

test.serial('a name server that is silent, and a broker that cannot be reached, are problems', async (t) => {
  const [, far = ''] = world.addrs;
  const namesrvAddrs = [world.namesrvAddr, '127.0.0.1:1'];
  const checks = await withSession({ namesrvAddrs, addressMap: { [far]: '127.0.0.1:1' } }, async (session) => {
    const { checks: all, healthy } = await examineCluster(session);
    t.false(healthy);
    return all;
  });
  t.like(
    checks.find(({ area }) => area === 'name-servers'),
    { state: 'problem', title: '1 name server of 2 did not answer' },
  );
  const addresses = checks.find(({ area }) => area === 'addresses');
  t.is(addresses?.title, '1 advertised address of 2 cannot be reached from here');
  t.regex(addresses?.evidence[0] ?? '', new RegExp(`^broker-b \\(${far}\\): `));
});

test('what brokers do not tell of topics and slaves is unknown, not well', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({ body: encodeTopicList({ topicList: [] }) }))
    .on(RequestCode.GET_BROKER_RUNTIME_INFO, () => ({ body: encodeKVTable({ table: { brokerActive: 'true' } }) }));
  const session = fakeSession(wire);
  const checks = await checkDrift(session, await lookAtCluster(session));
  t.deepEqual(
    checks.filter(({ area }) => area !== 'settings').map(({ state, title }) => [state, title]),
    [
      ['unknown', 'topics are not compared everywhere'],
      ['unknown', 'it is not known whether slaves follow'],
    ],
  );
});

test.serial('no name server at all is a failure of its own', async (t) => {
  await withSession({ namesrvAddrs: ['127.0.0.1:1'] }, async (session) => {
    await t.throwsAsync(examineCluster(session), { message: /no name server answers/ });
    const { verdict, checks } = await explainError(session, { text: 'No route info of this topic: x' });
    t.regex(verdict, /no name server answers/);
    t.is(checks.length, 1);
  });
});

test.serial('brokers that differ, and one that may not be written, are told', async (t) => {
  const [, far = ''] = world.addrs;
  await world.session.api.updateBrokerConfig(far, { brokerPermission: '4', maxMessageSize: '1000000' });
  await world.createTopic('uneven', 2);
  const { attributes: _, ...config } = await world.session.api.getTopicConfig(far, 'uneven');
  await world.session.api.createTopic(far, { ...config, readQueueNums: 5, attributes: {} });
  const { checks, problems } = await examineCluster(world.session);
  t.is(problems, checks.filter(({ state }) => state === 'problem').length);
  t.regex(checks.find(({ area }) => area === 'permission')?.title ?? '', /^broker-b \(.*\) may not be written$/);
  const drift = checks.filter(({ area }) => area === 'drift');
  t.true(
    drift.some(({ evidence }) =>
      evidence.some((line) => /^brokerPermission: 6 on broker-a; 4 on broker-b$/.test(line)),
    ),
  );
  t.true(drift.some(({ evidence }) => evidence.some((line) => line.startsWith('maxMessageSize: '))));
  t.true(
    drift.some(({ evidence }) =>
      evidence.some((line) => /^uneven: .*2 read .* on broker-a; .*5 read .* on broker-b$/.test(line)),
    ),
  );
  const said = await explainError(world.session, { text: 'CODE: 16 DESC: the broker[x] sending message is forbidden' });
  t.regex(said.verdict, /may not be written$/);
  await world.session.api.updateBrokerConfig(far, { brokerPermission: '6', maxMessageSize: '4194304' });
});

test.serial('an error is checked against what it is about', async (t) => {
  await world.createTopic('orders', 1);
  const route = await explainError(world.session, { text: 'No route info of this topic: ordres' });
  t.is(route.verdict, 'the topic "ordres" does not exist');
  t.true(route.checks[0]?.evidence.includes('there is: orders'));
  t.deepEqual(route.next[0], { command: 'mqadmin topic create ordres', why: 'create it' });

  const fine = await explainError(world.session, { text: 'No route info of this topic: orders' });
  t.regex(fine.verdict, /^nothing of the cluster explains it now/);
  t.like(
    fine.checks.find(({ area }) => area === 'topic'),
    { state: 'ok' },
  );

  const group = await explainError(world.session, { text: '26', group: 'nobody' });
  t.is(group.verdict, 'the consumer group "nobody" does not exist');
  t.is(group.codeName, 'SUBSCRIPTION_GROUP_NOT_EXIST');

  const offline = await explainError(world.session, { text: 'the consumer group[TOOLS_CONSUMER] not online' });
  t.is(offline.verdict, 'nobody of consumer group "TOOLS_CONSUMER" is connected');

  const address = await explainError(world.session, { text: 'connect to <127.0.0.1:1> failed' });
  t.is(address.verdict, '127.0.0.1:1 (not an address of this cluster) cannot be reached from here');

  await t.throwsAsync(explainError(world.session, { text: 'hello' }), { code: 'NOT_FOUND' });
});

test.serial('clocks that are off and disks that are full are told by what brokers say', async (t) => {
  const look = await lookAtCluster(world.session);
  const change = (values: Record<string, string>) => ({
    ...look,
    brokers: look.brokers.map((broker) => ({ ...broker, runtime: { ...broker.runtime, ...values } })),
  });
  t.like(checkClocks(look)[0], { state: 'ok' });
  const early = {
    bootTimestamp: String(systemClock.now() - 3_600_000),
    runtime: '[ 0 days, 0 hours, 59 minutes, 40 seconds ]',
  };
  t.like(checkClocks(change(early))[0], { state: 'warning' });
  const late = { bootTimestamp: String(systemClock.now()), runtime: '[ 0 days, 1 hours, 0 minutes, 0 seconds ]' };
  t.like(checkClocks(change(late))[0], { state: 'problem' });
  t.like(checkDisks(change({ commitLogDiskRatio: '0.95' }))[0], { state: 'problem' });
  t.like(checkDisks(change({ commitLogDiskRatio: '0.8', consumeQueueDiskRatio: '0.1' }))[0], { state: 'warning' });
  t.is(runningMs('[ 1 days, 2 hours, 3 minutes, 4 seconds ]'), 93_784_000);
  t.is(runningMs('soon'), null);
});
