/** What brokers do not let a group do, really so. */
import test from 'ava';
import { type ExplainWorld, startExplainWorld, until } from '../../helper/explain.js';

let world: ExplainWorld;
test.before(async () => {
  world = await startExplainWorld({ brokers: 2 });
  for (const addr of world.addrs) {
    await world.session.api.updateBrokerConfig(addr, { autoCreateSubscriptionGroup: 'false' });
  }
});
test.after.always(() => world?.stop());

async function member(consumerGroup: string, topic: string) {
  const consumer = world.consumer({ group: consumerGroup });
  consumer.subscribe(topic);
  consumer.registerMessageListenerConcurrently(() => 'CONSUME_SUCCESS');
  await consumer.start();
  return consumer;
}

test('a group that may not consume is told so, with the command that lets it', async (t) => {
  await world.createTopic('off', 1);
  await world.createGroup('off-g', { consumeEnable: false });
  await member('off-g', 'off');
  await world.send('off', 1);
  const { verdict, findings, next } = await world.untilFound('off-g', 'consumption-disabled');
  t.is(verdict.state, 'stuck');
  t.is(findings.find(({ rule }) => rule === 'consumption-disabled')?.evidence.length, 2);
  t.true(next.some(({ command }) => command === `mqadmin consumer update off-g -b ${world.addrs[0]} --enable true`));
});

test('a topic that may not be read, and one that is forbidden to the group, are told', async (t) => {
  await world.createTopic('closed', 1, { perm: 2, addr: world.addrs[0] as string });
  await world.createTopic('secret', 1);
  await world.createGroup('closed-g');
  const consumer = world.consumer({ group: 'closed-g' });
  consumer.subscribe('closed');
  consumer.subscribe('secret');
  consumer.registerMessageListenerConcurrently(() => 'CONSUME_SUCCESS');
  await consumer.start();
  await world.session.api.updateAndGetGroupForbidden(world.addrs[1] as string, {
    group: 'closed-g',
    topic: 'secret',
    readable: false,
  });
  const { findings } = await world.untilFound('closed-g', 'permission');
  const titles = findings.filter(({ rule }) => rule === 'permission').map(({ title }) => title);
  t.deepEqual(titles, ['closed may not be read on 1 broker of 1', 'the group is forbidden to read secret on broker-b']);
});

test('a broker that does not have the group refuses its pulls', async (t) => {
  await world.createTopic('half', 1);
  await world.createGroup('half-g', {}, world.addrs[0] as string);
  await member('half-g', 'half');
  const { findings, next } = await world.untilFound('half-g', 'group-missing');
  const finding = findings.find(({ rule }) => rule === 'group-missing');
  t.is(finding?.title, '1 broker of 2 does not have the group and refuses its pulls');
  t.true(next.some(({ command }) => command === `mqadmin consumer create half-g -b ${world.addrs[1]}`));
});

test('a topic without a route is told', async (t) => {
  await world.createTopic('there', 1);
  await world.createGroup('gone-g');
  const consumer = world.consumer({ group: 'gone-g' });
  consumer.subscribe('there');
  consumer.subscribe('gone');
  consumer.registerMessageListenerConcurrently(() => 'CONSUME_SUCCESS');
  await consumer.start();
  const { findings } = await world.untilFound('gone-g', 'no-route');
  t.is(findings.find(({ rule }) => rule === 'no-route')?.title, 'the name server knows no broker that has gone');
});

test('a broker that answers nobody leaves an unreachable address', async (t) => {
  await world.createTopic('far', 1);
  await world.createGroup('far-g');
  await member('far-g', 'far');
  await until(async () => (await world.explain('far-g')).clients.length === 1);
  const [near = '', far = ''] = world.addrs;
  const { explainConsumer } = await import('../../../src/admin/consumer-explain.js');
  const { openSession } = await import('../../../src/admin/session.js');
  const { systemClock, systemRandom } = await import('../../../src/base/clock.js');
  const session = await openSession({
    namesrvAddrs: [world.namesrvAddr],
    timeoutMs: 20_000,
    clock: systemClock,
    random: systemRandom,
    // From here its address leads to a port where nobody listens.
    addressMap: { [far]: '127.0.0.1:1' },
  });
  t.teardown(() => session.close());
  const { findings, complete, unreachable } = await explainConsumer(session, 'far-g');
  t.false(complete);
  t.deepEqual(
    unreachable.map(({ addr }) => addr),
    [far],
  );
  const finding = findings.find(({ rule }) => rule === 'address-unreachable');
  t.is(finding?.title, 'the advertised address of 1 broker cannot be reached from here');
  t.regex(finding?.evidence[0] ?? '', new RegExp(`^broker-b advertises ${far}: `));
  t.false(JSON.stringify(finding).includes(near));
});
