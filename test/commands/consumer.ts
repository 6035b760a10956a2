import test from 'ava';
import brokerGetConfig from '../../src/commands/broker/get-config.js';
import brokerStatus from '../../src/commands/broker/status.js';
import clusterList from '../../src/commands/cluster/list.js';
import consumerConnections from '../../src/commands/consumer/connections.js';
import consumerCreate from '../../src/commands/consumer/create.js';
import consumerDelete from '../../src/commands/consumer/delete.js';
import consumerProgress from '../../src/commands/consumer/progress.js';
import consumerUpdate from '../../src/commands/consumer/update.js';
import namesrvGetConfig from '../../src/commands/namesrv/get-config.js';
import offsetReset from '../../src/commands/offset/reset.js';
import producerConnections from '../../src/commands/producer/connections.js';
import {
  decodeSubscriptionGroupConfig,
  encodeConsumerConnection,
  encodeConsumeStats,
  encodeKVTable,
  encodeProducerConnection,
  encodeResetOffsetBody,
  encodeSubscriptionGroupWrapper,
  encodeTopicList,
  encodeTopicStatsTable,
} from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { defaultSubscriptionGroupConfig } from '../../src/protocol/subscription-group-config.js';
import { BROKER_A, BROKER_B, clusterWire, type FakeWire, NAMESRV, runFake } from '../helper/cli.js';

const nameOf = (addr: string) => (addr === BROKER_A ? 'broker-a' : 'broker-b');

const OFFLINE = { code: ResponseCode.CONSUMER_NOT_ONLINE, remark: 'not online' };
const ONLINE = {
  body: encodeConsumerConnection({
    connectionSet: [{ clientId: '10.0.0.9@1', clientAddr: '10.0.0.9:5', language: 'JAVA', version: 479 }],
    subscriptionTable: {
      orders: {
        topic: 'orders',
        subString: 'paid',
        expressionType: 'TAG',
        tagsSet: ['paid'],
        codeSet: [1],
        subVersion: 1,
        classFilterMode: false,
      },
    },
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
  }),
};

const progressWire = () =>
  clusterWire()
    .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
      body: encodeTopicList({ topicList: ['%RETRY%g', 'orders'] }),
    }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, (_request, addr) => (addr === BROKER_A ? ONLINE : OFFLINE))
    .on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({
      body: encodeConsumeStats({
        consumeTps: 1.5,
        offsetTable: [
          {
            mq: { topic: 'orders', brokerName: nameOf(addr), queueId: 0 },
            brokerOffset: 41_090,
            consumerOffset: 40,
            pullOffset: 45,
            lastTimestamp: addr === BROKER_A ? 1_699_999_900_000 : 0,
          },
        ],
      }),
    }));

test('consumer progress shows queues, ages and sums of a group', async (t) => {
  t.is(
    (await runFake(consumerProgress, ['g'], progressWire())).stdout,
    [
      'TOPIC   BROKER    QUEUE  BROKER OFFSET  CONSUMER OFFSET    LAG  INFLIGHT  LAST CONSUMED',
      'orders  broker-a      0          41090               40  41050         5      1m40s ago',
      'orders  broker-b      0          41090               40  41050         5              -',
      '',
      'lag 82,100, inflight 10, 3 a second going out',
      '',
    ].join('\n'),
  );
});

test('consumer progress lists all groups, the worst first when sorted', async (t) => {
  const { code, stdout } = await runFake(consumerProgress, ['--sort', '-lag'], progressWire());
  t.is(code, 0);
  t.is(
    stdout,
    'GROUP  STATE   CLIENTS  VERSION  TYPE  MODEL       OUT/S    LAG\ng      online        1  V5_3_3   push  clustering      3  82100\n',
  );
});

test('consumer progress of nobody ends with 3', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_CONSUME_STATS, () => ({ body: encodeConsumeStats({ consumeTps: 0, offsetTable: [] }) }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => OFFLINE);
  t.is((await runFake(consumerProgress, ['nobody'], wire)).code, 3);
});

test('connections of consumers and producers', async (t) => {
  const consumers = await runFake(consumerConnections, ['g'], progressWire());
  t.regex(consumers.stdout, /^CLIENT ID {3}CLIENT ADDR {2}LANGUAGE {2}VERSION\n10\.0\.0\.9@1 {2}10\.0\.0\.9:5 {3}JAVA/);
  t.regex(consumers.stdout, /TOPIC {3}EXPRESSION {2}TYPE\norders {2}paid {8}TAG/);
  t.is((await runFake(consumerConnections, ['g', '--output', 'name'], progressWire())).stdout, '10.0.0.9@1\n');
  const wire = clusterWire().on(RequestCode.GET_PRODUCER_CONNECTION_LIST, () => ({
    body: encodeProducerConnection({
      connectionSet: [{ clientId: 'p@1', clientAddr: 'a:1', language: 'GO', version: 401 }],
    }),
  }));
  t.like(JSON.parse((await runFake(producerConnections, ['p', '-t', 'orders', '--json'], wire)).stdout), {
    producerGroup: 'p',
    connections: [{ clientId: 'p@1', version: 'V4_9_4' }],
  });
});

function groupWire(): FakeWire {
  const groups = new Map([[BROKER_A, defaultSubscriptionGroupConfig('g')]]);
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
    .on(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, () => ({}))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => OFFLINE)
    .on(RequestCode.DELETE_TOPIC_IN_BROKER, () => ({}))
    .on(RequestCode.DELETE_TOPIC_IN_NAMESRV, () => ({}))
    .on(RequestCode.DELETE_SUBSCRIPTIONGROUP, (_request, addr) => {
      groups.delete(addr);
      return {};
    });
}

test('consumer create and update send what the flags say', async (t) => {
  const wire = groupWire();
  const created = await runFake(
    consumerCreate,
    ['g', '-b', BROKER_B, '--retry-max', '3', '-d', 'false', '--json'],
    wire,
  );
  t.is(created.code, 0, created.stderr);
  t.like(decodeSubscriptionGroupConfig(wire.of(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP)[0]?.body ?? null), {
    groupName: 'g',
    retryMaxTimes: 3,
    consumeBroadcastEnable: false,
    consumeEnable: true,
  });
  t.is((await runFake(consumerUpdate, ['g', '-c', 'c1'], wire)).code, 2);
  const updated = await runFake(consumerUpdate, ['g', '-c', 'c1', '--enable', 'false', '--json'], wire);
  t.deepEqual(
    JSON.parse(updated.stdout).brokers.map(({ action }: { action: string }) => action),
    ['updated'],
  );
});

test('consumer delete shows its plan, asks, and verifies', async (t) => {
  const wire = groupWire();
  const refused = await runFake(consumerDelete, ['g', '-c', 'c1'], wire);
  t.is(refused.code, 2);
  t.regex(refused.stderr, /consumer group g, with %RETRY%g, %DLQ%g\n {2}broker-a: 0 clients connected\n/);
  t.is(wire.of(RequestCode.DELETE_SUBSCRIPTIONGROUP).length, 0);
  const done = await runFake(consumerDelete, ['g', '-c', 'c1', '-r', '--yes', '--json'], wire);
  t.is(done.code, 0, done.stderr);
  t.like(JSON.parse(done.stdout), { consumerGroup: 'g', verified: true });
});

test('consumer delete from brokers of which one is silent ends with 7 and says what may be left', async (t) => {
  const wire = groupWire();
  wire.silent.add(BROKER_B);
  const { code, stdout, stderr } = await runFake(consumerDelete, ['g', '-c', 'c1', '--yes'], wire);
  t.is(code, 7, stderr);
  t.is(stdout, 'deleted consumer group g from broker-a\n');
  t.regex(stderr, /not all of its topics are removed: broker-b did not answer/);
});

function resetWire(): FakeWire {
  const offsets = new Map<string, number>();
  return clusterWire()
    .on(RequestCode.GET_TOPIC_STATS_INFO, (_request, addr) => ({
      body: encodeTopicStatsTable({
        offsetTable: [0, 1].map((queueId) => ({
          mq: { topic: 'orders', brokerName: nameOf(addr), queueId },
          minOffset: 10,
          maxOffset: 1050,
          lastUpdateTimestamp: 0,
        })),
        topicPutTps: 0,
      }),
    }))
    .on(RequestCode.GET_BROKER_CONFIG, () => ({
      body: Buffer.from('useServerSideResetOffset=true\n'),
      extFields: { version: '{}' },
    }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => OFFLINE)
    .on(RequestCode.QUERY_CONSUMER_OFFSET, ({ extFields }, addr) => ({
      extFields: { offset: String(offsets.get(`${addr}/${extFields?.queueId}`) ?? 50) },
    }))
    .on(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, ({ extFields }, addr) => {
      offsets.set(`${addr}/${extFields?.queueId}`, Number(extFields?.offset));
      return { body: encodeResetOffsetBody({ offsetTable: [] }) };
    });
}

test('offset reset previews, names --yes off a terminal, and writes nothing', async (t) => {
  const wire = resetWire();
  const { code, stdout, stderr } = await runFake(offsetReset, ['g', 'orders', '--to', 'end', '-b', 'broker-b'], wire);
  t.is(code, 2);
  t.is(stdout, '');
  t.is(
    stderr,
    [
      'BROKER    QUEUE  BEFORE  AFTER  EFFECT',
      'broker-b      0      50   1050  SKIPS 1,000',
      'broker-b      1      50   1050  SKIPS 1,000',
      'replays 0 messages, skips 2,000, 0 clients connected',
      'error: will not reset g on orders to end without a yes',
      'hint: add --yes to do it without asking',
      '',
    ].join('\n'),
  );
  t.is(wire.of(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET).length, 0);
});

test('offset reset on a terminal moves after a yes and reads back', async (t) => {
  const { code, stdout, io } = await runFake(offsetReset, ['g', 'orders', '-s', '20', '-q', '0'], resetWire(), {
    isTTY: true,
    columns: 80,
    answers: ['yes'],
    env: { NO_COLOR: '1' },
  });
  t.is(code, 0);
  t.deepEqual(io.asked, ['reset g on orders to 20? [y/N] ']);
  t.is(
    stdout,
    'BROKER    QUEUE  BEFORE  TARGET  AFTER  VERIFIED\nbroker-a      0      50      20     20  yes\nbroker-b      0      50      20     20  yes\n',
  );
});

test('offset reset that does not read back ends with 1', async (t) => {
  const wire = resetWire().on(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, () => ({
    body: encodeResetOffsetBody({ offsetTable: [] }),
  }));
  const { code, stdout, stderr } = await runFake(
    offsetReset,
    ['g', 'orders', '--to', 'start', '--yes', '--json'],
    wire,
  );
  t.is(code, 1);
  t.false(JSON.parse(stdout).verified);
  t.regex(stderr, /not where they were moved/);
});

test('offset reset needs exactly one position', async (t) => {
  t.is((await runFake(offsetReset, ['g', 'orders', '--yes'], resetWire())).code, 2);
  t.is((await runFake(offsetReset, ['g', 'orders', '--to', 'end', '-o', '5', '--yes'], resetWire())).code, 2);
});

test('offset reset --dry-run gives the plan as the result', async (t) => {
  const { code, stdout } = await runFake(offsetReset, ['g', 'orders', '-o', '20', '--dry-run', '--json'], resetWire());
  t.is(code, 0);
  t.like(JSON.parse(stdout), { replays: 120, skips: 0, clients: 0, methods: { [BROKER_A]: 'server-side' } });
});

test('cluster list shows load, and totals with -m', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_BROKER_RUNTIME_INFO, (_request, addr) => ({
    body: encodeKVTable({
      table: {
        // Apache's slaves say so while all is well.
        brokerActive: String(addr === BROKER_A),
        brokerVersionDesc: 'V5_3_3',
        putTps: '12400.5 0 0',
        getTransferredTps: '3.0 0 0',
        commitLogDiskRatio: '0.5',
        earliestMessageTimeStamp: String(1_700_000_000_000 - 3_600_000),
        msgPutTotalTodayMorning: '1',
        msgPutTotalTodayNow: '10',
      },
    }),
  }));
  wire.down.add(BROKER_B);
  const list = await runFake(clusterList, [], wire);
  t.is(list.code, 7);
  t.is(
    list.stdout,
    [
      'CLUSTER  BROKER    ID  ADDR            STATE      VERSION   IN/S  OUT/S  OLDEST  DISK',
      'c1       broker-a   0  10.0.0.2:10911  ok         V5_3_3   12.4k      3      1h  50 %',
      'c1       broker-a   1  10.0.0.4:10911  ok         V5_3_3   12.4k      3      1h  50 %',
      'c1       broker-b   0  10.0.0.3:10911  no answer  -            -      -       -     -',
      '',
    ].join('\n'),
  );
  t.regex(
    (await runFake(clusterList, ['-m'], wire)).stdout,
    /IN YESTERDAY +OUT YESTERDAY +IN TODAY +OUT TODAY\nc1 +broker-a +0 +10\.0\.0\.2:10911 +ok +- +- +9 +-\n/,
  );
});

test('broker status and configurations', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_BROKER_RUNTIME_INFO, () => ({
      body: encodeKVTable({ table: { putTps: '0', brokerActive: 'true' } }),
    }))
    .on(RequestCode.GET_BROKER_CONFIG, () => ({ body: Buffer.from('brokerName=x\n'), extFields: { version: '{}' } }))
    .on(RequestCode.GET_NAMESRV_CONFIG, () => ({ body: Buffer.from('listenPort=9876\n') }));
  t.is(
    (await runFake(brokerStatus, ['-b', BROKER_A], wire)).stdout,
    'NAME          VALUE\nbrokerActive  true\nputTps        0\n',
  );
  t.regex(
    (await runFake(brokerStatus, ['-c', 'c1'], wire)).stdout,
    /^SERVER +NAME +VALUE\nbroker-a 10\.0\.0\.2:10911 +brokerActive/,
  );
  t.like(JSON.parse((await runFake(brokerGetConfig, ['-b', BROKER_A, '--json'], wire)).stdout), {
    servers: [{ properties: { brokerName: 'x' } }],
  });
  t.like(JSON.parse((await runFake(namesrvGetConfig, ['--json'], wire)).stdout), {
    servers: [{ addr: NAMESRV, properties: { listenPort: '9876' } }],
  });
});
