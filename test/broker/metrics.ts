/** The broker's and the name server's metrics over HTTP. */
import test from 'ava';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import { Broker } from '../../src/broker/broker.js';
import { createBrokerConfig } from '../../src/broker/broker-config.js';
import { METRICS, parseMetricsLabel } from '../../src/protocol/metrics.js';
import { serveMetrics } from '../../src/remoting/metrics-server.js';
import { startTestBroker } from '../helper/broker.js';
import { startNamesrv } from '../helper/namesrv.js';
import { RecordingLogger } from '../helper/remoting.js';

/** Values by `name{label="value",…}`, labels sorted, without those of the process. */
async function scrape(port: number): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await response.text();
  if (response.status !== 200) throw new Error(text);
  return new Map(
    text
      .split('\n')
      .filter((line) => /^(?:rocketmq|mqadmin)_/.test(line))
      .map((line) => {
        const at = line.lastIndexOf(' ');
        const [, name = '', labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(line.slice(0, at)) ?? [];
        return [
          `${name}{${labels
            .split(/,(?=\w+=)/)
            .sort()
            .join(',')}}`,
          Number(line.slice(at + 1)),
        ] as const;
      }),
  );
}

const portIn = (logger: RecordingLogger): number => {
  const entry = logger.lines.find(({ message }) => message === 'metrics are served');
  return Number((entry?.fields as { port?: number } | undefined)?.port);
};

test('a broker with metricsExporterType=PROM tells what went through it, by the names of Apache', async (t) => {
  const { peer, logger } = await startTestBroker(t, {
    metricsExporterType: 'PROM',
    metricsPromExporterPort: 0,
    metricsLabel: 'zone:north,env:test',
  });
  const port = portIn(logger);
  await peer.createTopic('orders', 1);
  for (const body of ['a', 'b', 'c']) await peer.send('orders', body);
  await peer.heartbeat('g', { orders: '*' });
  await peer.pull('orders', { group: 'g', maxMsgNums: 2, commitOffset: 1 });
  const values = await scrape(port);
  const labels = (more: string) =>
    `{${`cluster="DefaultCluster",node_id="broker-a",node_type="broker",zone="north",env="test"${more && ','}${more}`
      .split(/,(?=\w+=)/)
      .sort()
      .join(',')}}`;
  t.is(values.get(`rocketmq_messages_in_total${labels('topic="orders",is_system="false"')}`), 3);
  const group = labels('consumer_group="g",topic="orders",is_retry="false",is_system="false"');
  t.is(values.get(`rocketmq_messages_out_total${group}`), 2);
  t.is(values.get(`rocketmq_consumer_lag_messages${group}`), 2);
  t.is(values.get(`rocketmq_consumer_ready_messages${group}`), 1);
  t.is(values.get(`rocketmq_consumer_inflight_messages${group}`), 1);
  t.true((values.get(`rocketmq_consumer_lag_latency_milliseconds${group}`) ?? -1) >= 0);
  t.is(values.get(`rocketmq_broker_permission${labels('')}`), 6);
  t.true((values.get(`rocketmq_topic_number${labels('')}`) ?? 0) > 1);
  t.true(
    [...values.keys()].some(
      (key) => key.startsWith('rocketmq_consumer_connections') && key.includes('consumer_group="g"'),
    ),
  );
  const names = new Set([...values.keys()].map((key) => key.slice(0, key.indexOf('{'))));
  for (const name of names) t.true(name in METRICS, name);

  await peer.send('orders', 'd');
  const again = await scrape(port);
  t.is(again.get(`rocketmq_messages_in_total${labels('topic="orders",is_system="false"')}`), 4, 'not added up twice');
  t.is((await fetch(`http://127.0.0.1:${port}/other`)).status, 404);
  t.is((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status, 405);
});

test('a broker serves no metrics unless it is told to', async (t) => {
  const { logger } = await startTestBroker(t);
  t.false(logger.lines.some(({ message }) => message === 'metrics are served'));
});

test('a port of metrics that is taken is told by its name', async (t) => {
  const { port, folder } = await startTestBroker(t);
  const config = createBrokerConfig({
    brokerIP1: '127.0.0.1',
    bindAddress: '127.0.0.1',
    listenPort: 0,
    storePathRootDir: `${folder}-2`,
    metricsExporterType: 'PROM',
    metricsPromExporterPort: port,
    mappedFileSizeCommitLog: 1024 * 1024,
  });
  const broker = new Broker(config, { logger: new RecordingLogger(), clock: systemClock, random: systemRandom });
  t.teardown(() => broker.shutdown());
  await t.throwsAsync(broker.start(), {
    code: 'CONFIG',
    message: /metrics cannot be served on 127\.0\.0\.1:\d+: .*EADDRINUSE/,
  });
});

test('a name server tells its brokers and topics', async (t) => {
  const { addr, logger } = await startNamesrv(t, { metricsExporterType: 'PROM', metricsPromExporterPort: 0 });
  const port = portIn(logger);
  await startTestBroker(t, { namesrvAddr: addr });
  const values = await scrape(port);
  t.is(values.get('rocketmq_namesrv_brokers{node_type="nameserver"}'), 1);
  t.is(values.get('rocketmq_namesrv_clusters{node_type="nameserver"}'), 1);
  t.true((values.get('rocketmq_namesrv_topics{node_type="nameserver"}') ?? 0) > 0);
  t.true((values.get('rocketmq_namesrv_connections{node_type="nameserver"}') ?? 0) > 0);
});

test('what cannot be collected is an error of the scrape, and the next one is tried', async (t) => {
  let isBroken = true;
  const { port, close } = await serveMetrics({
    host: '127.0.0.1',
    port: 0,
    labels: {},
    withProcess: false,
    logger: new RecordingLogger(),
    collect: async () => {
      if (isBroken) throw new Error('nobody answers');
      return [{ name: 'mqadmin_up', labels: { addr: 'a' }, value: 1 }];
    },
  });
  t.teardown(close);
  const failed = await fetch(`http://127.0.0.1:${port}/metrics`);
  t.deepEqual([failed.status, await failed.text()], [500, 'nobody answers\n']);
  isBroken = false;
  t.deepEqual([...(await scrape(port))], [['mqadmin_up{addr="a"}', 1]]);
});

test('labels of a configuration are pairs; others are left out', (t) => {
  t.deepEqual(parseMetricsLabel('a:b, c:d,:x,bad,e:,1f:g'), { a: 'b', c: 'd' });
  t.deepEqual(parseMetricsLabel(''), {});
});
