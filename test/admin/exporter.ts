/** The exporter's look at a cluster of our own. */
import test from 'ava';
import { collectCluster } from '../../src/admin/exporter.js';
import { openSession } from '../../src/admin/session.js';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import { encodeConsumeStatsList, encodeKVTable, encodeTopicList } from '../../src/protocol/bodies.js';
import { METRICS } from '../../src/protocol/metrics.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { BROKER_A, clusterWire, fakeSession } from '../helper/cli.js';
import { type ExplainWorld, startExplainWorld } from '../helper/explain.js';

let world: ExplainWorld;
test.before(async () => {
  world = await startExplainWorld({ brokers: 2 });
});
test.after.always(() => world?.stop());

test('brokers are told apart, with lag, members and what was stored', async (t) => {
  await world.createTopic('orders', 1);
  await world.send('orders', 4, 0);
  await world.commit('g', 'orders', [1]);
  const samples = await collectCluster(world.session);
  const value = (name: string, labels: Record<string, string>) =>
    samples.find(
      (sample) => sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
    )?.value;
  for (const node_id of ['broker-a', 'broker-b']) {
    t.is(value('mqadmin_up', { node_id, node_type: 'broker' }), 1);
    t.is(value('rocketmq_broker_permission', { node_id }), 6);
  }
  const stored = ['broker-a', 'broker-b'].map(
    (node_id) => value('rocketmq_messages_in_total', { node_id, topic: 'orders' }) ?? 0,
  );
  t.is((stored[0] ?? 0) + (stored[1] ?? 0), 4);
  t.is(
    value('rocketmq_consumer_lag_messages', { node_id: 'broker-a', consumer_group: 'g', topic: 'orders' }),
    (stored[0] ?? 0) - 1,
  );
  t.is(value('rocketmq_namesrv_brokers', { node_type: 'nameserver' }), 2);
  for (const { name, labels } of samples) {
    const known = ['cluster', 'node_type', 'node_id', ...METRICS[name].labels];
    t.deepEqual(
      Object.keys(labels).filter((label) => !known.includes(label)),
      [],
      name,
    );
  }
  const keys = samples.map(({ name, labels }) => JSON.stringify([name, Object.entries(labels).sort()]));
  t.is(new Set(keys).size, keys.length, 'each series once');
});

test('what was handed out is left out where brokers do not tell it, as before 5.x', async (t) => {
  const queue = (queueId: number, pullOffset: number) => ({
    mq: { topic: 'orders', brokerName: 'broker-a', queueId },
    ...{ brokerOffset: 50, consumerOffset: 40, pullOffset, lastTimestamp: 0 },
  });
  const namesOf = async (pullOffset: number) => {
    const wire = clusterWire()
      .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({ body: encodeTopicList({ topicList: [] }) }))
      .on(RequestCode.GET_BROKER_RUNTIME_INFO, () => ({ body: encodeKVTable({ table: { brokerActive: 'true' } }) }))
      .on(RequestCode.GET_BROKER_CONSUME_STATS, () => ({
        body: encodeConsumeStatsList({
          consumeStatsList: [{ g: [{ consumeTps: 0, offsetTable: [queue(0, 45), queue(1, pullOffset)] }] }],
          ...{ brokerAddr: BROKER_A, totalDiff: 0, totalInflightDiff: 0 },
        }),
      }));
    const samples = await collectCluster(fakeSession(wire));
    return new Set(samples.map(({ name }) => name).filter((name) => /consumer_/.test(name)));
  };
  t.deepEqual([...(await namesOf(0))], ['rocketmq_consumer_lag_messages']);
  t.deepEqual(
    [...(await namesOf(41))],
    ['rocketmq_consumer_lag_messages', 'rocketmq_consumer_inflight_messages', 'rocketmq_consumer_ready_messages'],
  );
});

test('a broker that is silent is down, and the others go on', async (t) => {
  const [, far = ''] = world.addrs;
  const session = await openSession({
    namesrvAddrs: [world.namesrvAddr],
    timeoutMs: 20_000,
    clock: systemClock,
    random: systemRandom,
    addressMap: { [far]: '127.0.0.1:1' },
  });
  t.teardown(() => session.close());
  const samples = await collectCluster(session);
  const up = samples.filter(({ name, labels }) => name === 'mqadmin_up' && labels.node_type === 'broker');
  t.deepEqual(
    up.map(({ labels, value }) => [labels.node_id, value]),
    [
      ['broker-a', 1],
      ['broker-b', 0],
    ],
  );
  t.false(samples.some(({ name, labels }) => name === 'rocketmq_topic_number' && labels.node_id === 'broker-b'));
});
