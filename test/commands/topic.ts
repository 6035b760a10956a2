import test from 'ava';
import { isTopicAbsent } from '../../src/admin/topic-absence.js';
import topicCreate from '../../src/commands/topic/create.js';
import topicDelete from '../../src/commands/topic/delete.js';
import topicList from '../../src/commands/topic/list.js';
import topicRoute from '../../src/commands/topic/route.js';
import topicStatus from '../../src/commands/topic/status.js';
import topicUpdate from '../../src/commands/topic/update.js';
import { encodeTopicConfigAndQueueMapping, encodeTopicList, encodeTopicStatsTable } from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { BROKER_A, BROKER_B, clusterWire, fakeSession, NAMESRV, runFake } from '../helper/cli.js';

const listWire = () =>
  clusterWire().on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
    body: encodeTopicList({ topicList: ['orders', 'TBW102', '%RETRY%g'] }),
  }));

test('topic list prints a table, and the same as JSON', async (t) => {
  t.is(
    (await runFake(topicList, [], listWire())).stdout,
    'TOPIC     KIND\n%RETRY%g  retry\nTBW102    system\norders    normal\n',
  );
  const { code, stdout, stderr } = await runFake(topicList, ['--json'], listWire());
  t.is(code, 0);
  t.is(stderr, '');
  t.deepEqual(JSON.parse(stdout), {
    topics: [
      { topic: '%RETRY%g', kind: 'retry' },
      { topic: 'TBW102', kind: 'system' },
      { topic: 'orders', kind: 'normal' },
    ],
    complete: true,
  });
});

test('topic list keeps to the kinds asked for', async (t) => {
  t.is(
    (await runFake(topicList, ['--kind', 'normal,retry', '--output', 'name'], listWire())).stdout,
    '%RETRY%g\norders\n',
  );
  const { code, stderr } = await runFake(topicList, ['--kind', 'odd'], listWire());
  t.is(code, 2);
  t.regex(stderr, /no kind "odd".*\n.*normal, retry, dlq, system/);
});

test('sorting and columns work on every table', async (t) => {
  const { stdout } = await runFake(
    topicList,
    ['--sort', '-topic', '--columns', 'kind,topic', '--output', 'csv'],
    listWire(),
  );
  t.is(stdout, 'kind,topic\nsystem,TBW102\nnormal,orders\nretry,%RETRY%g\n');
  const wrong = await runFake(topicList, ['--columns', 'tpic'], listWire());
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /no column "tpic".*\n.*did you mean topic\?/);
});

test('topic route of an unknown topic ends with 3 and one JSON document on stderr', async (t) => {
  const { code, stdout, stderr } = await runFake(
    topicRoute,
    ['nope', '--json'],
    clusterWire(() => false),
  );
  t.is(code, 3);
  t.is(stdout, '');
  t.deepEqual(JSON.parse(stderr), {
    error: {
      code: 'TOPIC_NOT_EXIST',
      message: `No topic route info in name server for the topic: nope (TOPIC_NOT_EXIST from ${NAMESRV})`,
      hint: 'mqadmin topic list shows the topics',
      exit: 3,
    },
  });
});

test('topic route shows brokers with their addresses', async (t) => {
  const { stdout } = await runFake(topicRoute, ['orders']);
  t.is(
    stdout,
    [
      'CLUSTER  BROKER    ADDRS                              READ QUEUES  WRITE QUEUES  PERM',
      'c1       broker-a  0=10.0.0.2:10911 1=10.0.0.4:10911            2             2  RW-',
      'c1       broker-b  0=10.0.0.3:10911                             2             2  RW-',
      '',
    ].join('\n'),
  );
});

test('a name server that is down ends with 5', async (t) => {
  const wire = clusterWire();
  wire.down.add(NAMESRV);
  const { code, stderr } = await runFake(topicRoute, ['orders'], wire);
  t.is(code, 5);
  t.regex(stderr, /^error: cannot connect to 10\.0\.0\.1:9876: connection refused\nhint: /);
});

test('a broker that does not answer ends with 7, its part said to be missing', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_TOPIC_STATS_INFO, () => ({
    body: encodeTopicStatsTable({
      offsetTable: [
        {
          mq: { topic: 'orders', brokerName: 'broker-a', queueId: 0 },
          minOffset: 1,
          maxOffset: 3,
          lastUpdateTimestamp: 0,
        },
      ],
      topicPutTps: 0,
    }),
  }));
  wire.silent.add(BROKER_B);
  const { code, stdout, stderr } = await runFake(topicStatus, ['orders', '--json'], wire);
  t.is(code, 7);
  const status = JSON.parse(stdout);
  t.like(status, { topic: 'orders', complete: false, messages: 2 });
  t.is(status.unreachable[0].brokerName, 'broker-b');
  t.is(status.queues[0].lastUpdateTime, null);
  t.regex(stderr, /warning: broker-b \(10\.0\.0\.3:10911\) did not answer/);
});

const topicConfig = {
  topicName: 'orders',
  readQueueNums: 4,
  writeQueueNums: 4,
  perm: 6,
  topicFilterType: 'SINGLE_TAG' as const,
  topicSysFlag: 0,
  order: false,
  attributes: {},
};

test('topic create takes the only cluster, one that is named, or a broker, but not both', async (t) => {
  const both = await runFake(topicCreate, ['orders', '-b', BROKER_A, '-c', 'c1']);
  t.is(both.code, 2);
  t.regex(both.stderr, /only one of --cluster or --broker/);
  for (const argv of [['orders'], ['orders', '-c', 'c1']]) {
    const wire = clusterWire()
      .on(RequestCode.GET_TOPIC_CONFIG, () => ({ code: ResponseCode.TOPIC_NOT_EXIST, remark: 'no' }))
      .on(RequestCode.UPDATE_AND_CREATE_TOPIC, () => ({}));
    t.is((await runFake(topicCreate, argv, wire)).code, 0);
    t.deepEqual(
      wire.of(RequestCode.UPDATE_AND_CREATE_TOPIC).map(({ addr }) => addr),
      [BROKER_A, BROKER_B],
    );
  }
});

test('topic create writes what the flags say', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_TOPIC_CONFIG, () => ({ code: ResponseCode.TOPIC_NOT_EXIST, remark: 'no' }))
    .on(RequestCode.UPDATE_AND_CREATE_TOPIC, () => ({}));
  const argv = ['-t', 'orders', '-b', BROKER_A, '-r', '4', '--writeQueueNums=4', '-a', '+message.type=FIFO', '--json'];
  const { code, stdout } = await runFake(topicCreate, argv, wire);
  t.is(code, 0);
  t.like(JSON.parse(stdout), { topic: 'orders', complete: true, routed: true });
  t.like(wire.of(RequestCode.UPDATE_AND_CREATE_TOPIC)[0]?.fields, {
    topic: 'orders',
    readQueueNums: '4',
    writeQueueNums: '4',
    perm: '6',
    attributes: '+message.type=FIFO',
  });
});

test('topic create is no update', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_TOPIC_CONFIG, () => ({
    body: encodeTopicConfigAndQueueMapping(topicConfig),
  }));
  const { code, stderr } = await runFake(topicCreate, ['orders', '-b', BROKER_A, '-p', '4'], wire);
  t.is(code, 1);
  t.regex(stderr, /exists .* with other settings\nhint: mqadmin topic update orders/);
});

test('topic update without a setting is refused', async (t) => {
  const { code, stderr } = await runFake(topicUpdate, ['orders', '-c', 'c1']);
  t.is(code, 2);
  t.regex(stderr, /nothing to change/);
});

function deleteWire() {
  let isThere = true;
  const wire = clusterWire(() => isThere)
    .on(RequestCode.GET_TOPIC_STATS_INFO, () => ({
      body: encodeTopicStatsTable({
        offsetTable: [
          { mq: { topic: 'orders', brokerName: 'x', queueId: 0 }, minOffset: 0, maxOffset: 9, lastUpdateTimestamp: 0 },
        ],
        topicPutTps: 0,
      }),
    }))
    .on(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, () => ({ body: Buffer.from('{"groupList":["g1"]}') }))
    .on(RequestCode.GET_TOPIC_CONFIG, () => ({ code: ResponseCode.TOPIC_NOT_EXIST, remark: 'no' }))
    .on(RequestCode.DELETE_TOPIC_IN_BROKER, () => ({}))
    .on(RequestCode.DELETE_TOPIC_IN_NAMESRV, () => {
      isThere = false;
      return {};
    });
  return wire;
}

test('topic wait --absent holds only when no broker has the topic', async (t) => {
  const wire = clusterWire(() => false).on(RequestCode.GET_TOPIC_CONFIG, (_request, addr) =>
    addr === BROKER_A
      ? { code: ResponseCode.TOPIC_NOT_EXIST, remark: 'no' }
      : { body: encodeTopicConfigAndQueueMapping(topicConfig) },
  );
  t.false(await isTopicAbsent(fakeSession(wire), 'orders'));
  wire.on(RequestCode.GET_TOPIC_CONFIG, () => ({ code: ResponseCode.TOPIC_NOT_EXIST, remark: 'no' }));
  t.true(await isTopicAbsent(fakeSession(wire), 'orders'));
  wire.silent.add(BROKER_B);
  await t.throwsAsync(isTopicAbsent(fakeSession(wire), 'orders'));
});

test('topic delete off a terminal shows the plan, names --yes and changes nothing', async (t) => {
  const wire = deleteWire();
  const { code, stdout, stderr } = await runFake(topicDelete, ['orders', '-c', 'c1'], wire);
  t.is(code, 2);
  t.is(stdout, '');
  t.regex(stderr, /topic orders in c1, read by g1\n {2}broker-a: 1 queue, 9 messages\n/);
  t.regex(stderr, /hint: add --yes/);
  t.is(wire.of(RequestCode.DELETE_TOPIC_IN_BROKER).length, 0);
});

test('topic delete asks on a terminal and takes no for an answer', async (t) => {
  const wire = deleteWire();
  const { code, io } = await runFake(topicDelete, ['orders', '-c', 'c1'], wire, {
    isTTY: true,
    columns: 80,
    answers: ['n'],
  });
  t.is(code, 1);
  t.deepEqual(io.asked, ['delete topic orders from c1? [y/N] ']);
  t.is(wire.of(RequestCode.DELETE_TOPIC_IN_BROKER).length, 0);
});

test('topic delete --yes deletes and verifies', async (t) => {
  const wire = deleteWire();
  const { code, stdout } = await runFake(topicDelete, ['orders', '-c', 'c1', '--yes', '--json'], wire);
  t.is(code, 0);
  t.like(JSON.parse(stdout), { topic: 'orders', clusterName: 'c1', verified: true });
  t.deepEqual(
    wire.of(RequestCode.DELETE_TOPIC_IN_BROKER).map(({ addr }) => addr),
    [BROKER_A, BROKER_B],
  );
});

test('a read-only context refuses every write with 4 before anything is sent', async (t) => {
  const wire = deleteWire();
  const { code, stderr } = await runFake(topicDelete, ['orders', '-c', 'c1', '--yes'], wire, {
    env: { MQADMIN_READ_ONLY: 'true' },
  });
  t.is(code, 4);
  t.regex(stderr, /read-only/);
  t.is(wire.calls.length, 0);
});

test('an interrupt ends with 130 and prints no error', async (t) => {
  const wire = clusterWire();
  const { fakeIo, fakeSession } = await import('../helper/cli.js');
  const { runCommand } = await import('../../src/cli/run-command.js');
  const io = fakeIo();
  wire.on(RequestCode.GET_ROUTEINFO_BY_TOPIC, () => {
    io.interrupt();
    return io.signal.reason as Error;
  });
  t.is(await runCommand(topicRoute, ['orders'], io, { connect: async () => fakeSession(wire, io) }), 130);
  t.deepEqual(io.err, []);
});

test('--watch repeats until interrupted', async (t) => {
  const { fakeIo, fakeSession } = await import('../helper/cli.js');
  const { runCommand } = await import('../../src/cli/run-command.js');
  const io = fakeIo();
  let rounds = 0;
  const wire = listWire().on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => {
    rounds += 1;
    if (rounds === 3) io.interrupt();
    return { body: encodeTopicList({ topicList: [`round-${rounds}`] }) };
  });
  const argv = ['--watch', '--interval', '1ms', '--json'];
  t.is(await runCommand(topicList, argv, io, { connect: async () => fakeSession(wire, io) }), 130);
  t.true(io.out.join('').startsWith('{"topic":"round-1","kind":"normal"}\n{"topic":"round-2","kind":"normal"}\n'));
});

test('colour follows --no-color, FORCE_COLOR, NO_COLOR, TERM and the terminal', async (t) => {
  const colored = async (argv: string[], env: Record<string, string>, isTTY: boolean) =>
    (await runFake(topicList, argv, listWire(), { env, isTTY, columns: 80 })).stdout.includes('\u001b[');
  t.true(await colored([], {}, true));
  t.false(await colored([], {}, false));
  t.true(await colored([], { FORCE_COLOR: '1' }, false));
  t.false(await colored([], { NO_COLOR: '1' }, true));
  t.false(await colored([], { TERM: 'dumb' }, true));
  t.false(await colored(['--no-color'], { FORCE_COLOR: '1' }, true));
  t.false(await colored(['--json'], { FORCE_COLOR: '1' }, true));
});
