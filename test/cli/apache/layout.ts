/** Apache's text, line by line. Expected lines are worked by hand from the printf formats of Apache's commands. */
import test from 'ava';
import {
  encodeConsumerConnection,
  encodeConsumeStats,
  encodeGroupList,
  encodeKVTable,
  encodeProducerConnection,
  encodeResetOffsetBody,
  encodeTopicList,
  encodeTopicStatsTable,
} from '../../../src/protocol/bodies.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { BROKER_A, BROKER_B, clusterWire, type FakeWire, NAMESRV, runApacheFake } from '../../helper/cli.js';
import { storedMessage } from '../../helper/stored-message.js';

async function run(line: string, wire: FakeWire = clusterWire(), env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await runApacheFake(line, wire, { env });
  return { code, stdout, stderr, lines: stdout.split('\n') };
}

const pad = (...cells: Array<[text: string | number, width: number]>) =>
  cells.map(([text, width]) => (width < 0 ? String(text).padStart(-width) : String(text).padEnd(width)));

test('updateTopic names each broker in the order of a set, then the config', async (t) => {
  const wire = clusterWire().on(RequestCode.UPDATE_AND_CREATE_TOPIC, () => ({}));
  const { code, stdout } = await run('updateTopic -c c1 -t orders -r 4 -a +message.type=FIFO', wire);
  t.is(code, 0);
  t.is(
    stdout,
    `create topic to ${BROKER_B} success.\ncreate topic to ${BROKER_A} success.\n` +
      'TopicConfig [topicName=orders, readQueueNums=4, writeQueueNums=8, perm=RW-, topicFilterType=SINGLE_TAG, topicSysFlag=0, ' +
      'order=false, attributes={+message.type=FIFO}]\n',
  );
});

test('updateTopic puts the order conf where Apache does', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.UPDATE_AND_CREATE_TOPIC, () => ({}))
    .on(RequestCode.PUT_KV_CONFIG, () => ({}))
    .on(RequestCode.GET_KV_CONFIG, () => ({ code: ResponseCode.QUERY_NOT_FOUND, remark: 'no' }));
  const cluster = await run('updateTopic -c c1 -t orders -o true -w 2', wire);
  t.is(cluster.lines[2], 'set cluster orderConf. isOrder=true, orderConf=[broker-a:2;broker-b:2]');
  const broker = await run(`updateTopic -b ${BROKER_A} -t orders -o TRUE -w 2`, wire);
  t.is(broker.lines[0], 'set broker orderConf. isOrder=true, orderConf=[broker-a:2]');
});

test('an unknown cluster is named in the words of Apache, and ends with 3', async (t) => {
  const { code, stdout, stderr } = await run('updateTopic -c nope -t orders');
  t.is(code, 3);
  t.is(stdout, '');
  t.regex(stderr, /Make sure the specified clusterName exists or the name server connected to is correct\./);
});

test('a parse error prints the usage on stdout, the reason on stderr, and ends with 2', async (t) => {
  const { code, stdout, stderr } = await run('topicRoute');
  t.is(code, 2);
  t.regex(stdout, /^usage: mqadmin topicRoute \[-h\] \[-l\] \[-n <arg>\] -t <arg>\n/);
  t.is(stderr, 'error: Missing required option: t\n');
});

test('-h helps even when a flag is missing', async (t) => {
  const { code, stdout, stderr } = await run('topicRoute -h');
  t.deepEqual([code, stderr], [0, '']);
  t.regex(stdout, /^usage: mqadmin topicRoute/);
});

test('an error of a broker is worded as the Java client does, and the exit code is ours', async (t) => {
  const { code, stderr } = await run(
    'topicRoute -t nope',
    clusterWire(() => false),
  );
  t.is(code, 3);
  t.regex(stderr, /^error: CODE: 17 {2}DESC: No topic route info in name server for the topic: nope\n/);
});

test('topicList is one topic a line, in the order of the name server', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
      body: encodeTopicList({ topicList: ['z', 'a', '%RETRY%g'] }),
    }))
    .on(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, ({ extFields }) => ({
      body: Buffer.from(extFields?.topic === 'z' ? '{"groupList":["g1","g2"]}' : '{"groupList":[]}'),
    }));
  t.is((await run('topicList', wire)).stdout, 'z\na\n%RETRY%g\n');
  const { lines } = await run('topicList -c', wire);
  t.is(lines[0], pad(['#Cluster Name', 20], ['#Topic', 48], ['#Consumer Group', 48]).join('  '));
  t.is(lines[1], pad(['c1', 20], ['z', 64], ['g1', 64]).join('  '));
  t.is(lines[2], pad(['c1', 20], ['z', 64], ['g2', 64]).join('  '));
  t.is(lines[3], pad(['c1', 20], ['a', 64], ['', 64]).join('  '));
  t.is(lines.length, 5);
});

test('topicRoute -l ends in a line of totals', async (t) => {
  const { lines } = await run('topicRoute -l -t orders');
  const row = (...cells: Array<string | number>) =>
    cells.map((cell, i) => String(cell).padEnd([45, 32, 50, 10, 11, 5][i] as number)).join(' ');
  t.deepEqual(lines, [
    row('#ClusterName', '#BrokerName', '#BrokerAddrs', '#ReadQueue', '#WriteQueue', '#Perm'),
    row('c1', 'broker-a', `{0=${BROKER_A}, 1=10.0.0.4:10911}`, 2, 2, 6),
    row('c1', 'broker-b', `{0=${BROKER_B}}`, 2, 2, 6),
    '-'.repeat(158),
    row('Total:', 2, '', 4, 4, ''),
    '',
  ]);
});

test('topicStatus has a row for each queue and ends in the rate', async (t) => {
  const last = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();
  const wire = clusterWire().on(RequestCode.GET_TOPIC_STATS_INFO, (_request, addr) => ({
    body: encodeTopicStatsTable({
      offsetTable: [
        {
          mq: { topic: 'orders', brokerName: addr === BROKER_A ? 'broker-a' : 'broker-b', queueId: 0 },
          minOffset: 1,
          maxOffset: 12,
          lastUpdateTimestamp: addr === BROKER_A ? last : 0,
        },
      ],
      topicPutTps: 0.5,
    }),
  }));
  const row = (name: string, id: string | number, min: string | number, max: string | number, time: string) =>
    `${pad([name, 32], [id, 4], [min, 20], [max, 20]).join('  ')}    ${time}`;
  t.deepEqual((await run('topicStatus -t orders', wire)).lines, [
    row('#Broker Name', '#QID', '#Min Offset', '#Max Offset', '#Last Updated'),
    row('broker-a', 0, 1, 12, '2026-01-02 03:04:05,006'),
    row('broker-b', 0, 1, 12, ''),
    '',
    'Topic Put TPS: 1.0',
    '',
  ]);
});

test('deleteTopic prints two lines and asks nobody', async (t) => {
  let isThere = true;
  const wire = clusterWire(() => isThere)
    .on(RequestCode.DELETE_TOPIC_IN_BROKER, () => ({}))
    .on(RequestCode.GET_TOPIC_CONFIG, () => ({ code: ResponseCode.TOPIC_NOT_EXIST, remark: 'no' }))
    .on(RequestCode.DELETE_TOPIC_IN_NAMESRV, () => {
      isThere = false;
      return {};
    });
  const { code, stdout } = await run('deleteTopic -t orders -c c1', wire);
  t.is(code, 0);
  t.is(stdout, 'delete topic [orders] from cluster [c1] success.\ndelete topic [orders] from NameServer success.\n');
});

test('deleteTopic does not call a part of a cluster a success', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.DELETE_TOPIC_IN_BROKER, () => ({}))
    .on(RequestCode.GET_TOPIC_CONFIG, () => ({ code: ResponseCode.TOPIC_NOT_EXIST, remark: 'no' }))
    .on(RequestCode.DELETE_TOPIC_IN_NAMESRV, () => ({}));
  wire.silent.add(BROKER_B);
  const { code, stdout, stderr } = await run('deleteTopic -t orders -c c1', wire);
  t.is(code, 7);
  t.is(stdout, 'delete topic [orders] from NameServer success.\n');
  t.regex(stderr, /broker-b .* did not answer/);
});

test('queryMsgByOffset prints the bounds of the queue among the properties', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.PULL_MESSAGE, () => ({
      extFields: { suggestWhichBrokerId: '0', nextBeginOffset: '8', minOffset: '2', maxOffset: '9' },
      body: storedMessage({ topic: 'orders', keys: 'k1', tags: 'a', queueOffset: 7 }),
    }))
    .on(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, () => ({ body: encodeGroupList({ groupList: [] }) }));
  const { lines } = await run('queryMsgByOffset -t orders -b broker-a -i 0 -o 7', wire);
  const properties = lines.find((line) => line.startsWith('Properties:'));
  t.is(properties, `${'Properties:'.padEnd(20)} {MIN_OFFSET=2, TAGS=a, KEYS=k1, MAX_OFFSET=9}`);
});

test('queryMsgByKey has a right-aligned table', async (t) => {
  const wire = clusterWire().on(RequestCode.QUERY_MESSAGE, (_request, addr) =>
    addr === BROKER_A
      ? {
          extFields: { indexLastUpdateTimestamp: '0', indexLastUpdatePhyoffset: '0' },
          body: storedMessage({ topic: 'orders', keys: 'k1', uniqKey: 'AB', queueId: 3, queueOffset: 77 }),
        }
      : { code: ResponseCode.QUERY_NOT_FOUND, remark: 'none' },
  );
  t.deepEqual((await run('queryMsgByKey -t orders -k k1', wire)).lines, [
    pad(['#Message ID', 50], ['#QID', -4], ['#Offset', -40]).join(' '),
    pad(['AB', 50], [3, -4], [77, -40]).join(' '),
    '',
  ]);
});

const consumeStats = (addr: string) =>
  encodeConsumeStats({
    consumeTps: 1.234,
    offsetTable: [
      {
        mq: { topic: 'orders', brokerName: addr === BROKER_A ? 'broker-a' : 'broker-b', queueId: 0 },
        brokerOffset: 50,
        consumerOffset: 40,
        pullOffset: 45,
        lastTimestamp: addr === BROKER_A ? new Date(2026, 0, 2, 3, 4, 5).getTime() : 0,
      },
    ],
  });
const online = encodeConsumerConnection({
  connectionSet: [{ clientId: '10.0.0.9@1', clientAddr: '10.0.0.9:5', language: 'JAVA', version: 479 }],
  subscriptionTable: {
    orders: {
      topic: 'orders',
      subString: '*',
      expressionType: 'TAG',
      tagsSet: [],
      codeSet: [],
      subVersion: 1,
      classFilterMode: false,
    },
  },
  consumeType: 'CONSUME_PASSIVELY',
  messageModel: 'CLUSTERING',
  consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
});

test('consumerProgress -g ends in three sums', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({ body: consumeStats(addr) }));
  const head = pad(
    ['#Topic', 64],
    ['#Broker Name', 32],
    ['#QID', 4],
    ['#Broker Offset', 20],
    ['#Consumer Offset', 20],
  ).join('  ');
  const body = (name: string) => pad(['orders', 64], [name, 32], [0, 4], [50, 20], [40, 20]).join('  ');
  t.deepEqual((await run('consumerProgress -g g', wire)).lines, [
    `${head}  ${pad(['#Diff', 20], ['#Inflight', 20]).join(' ')}#LastTime`,
    `${body('broker-a')}  ${pad([10, 20], [5, 20]).join(' ')} 2026-01-02 03:04:05`,
    `${body('broker-b')}  ${pad([10, 20], [5, 20]).join(' ')} N/A`,
    '',
    'Consume TPS: 2.47',
    'Consume Diff Total: 20',
    'Consume Inflight Total: 10',
    '',
  ]);
  const withClients = (await run('consumerProgress -g g -s true', wire)).lines;
  t.is(withClients[0], `${head}  ${pad(['#Client IP', 20], ['#Diff', 20], ['#Inflight', 20]).join(' ')}#LastTime`);
  t.is(withClients[2], `${body('broker-b')}  ${pad(['N/A', 20], [10, 20], [5, 20]).join(' ')} N/A`);
});

test('consumerProgress without a group lists all, and unknown values end with 7', async (t) => {
  const wire = clusterWire((topic) => topic !== '%RETRY%lost')
    .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
      body: encodeTopicList({ topicList: ['%RETRY%g', 'orders', '%RETRY%lost'] }),
    }))
    .on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({ body: consumeStats(addr) }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({ body: online }));
  const { code, lines, stderr } = await run('consumerProgress', wire);
  const row = (cells: Array<string | number>) =>
    `${pad([cells[0] as string, 64], [cells[1] as string, 6], [cells[2] as string, 24]).join('  ')} ` +
    `${pad([cells[3] as string, 5], [cells[4] as string, 14], [cells[5] as string, 7]).join('  ')}  ${cells[6]}`;
  t.deepEqual(lines, [
    row(['#Group', '#Count', '#Version', '#Type', '#Model', '#TPS', '#Diff Total']),
    row(['g', 1, 'V5_3_3', 'PUSH', 'CLUSTERING', 2, 20]),
    row(['lost', 0, 'OFFLINE', '', '', 0, 0]),
    '',
  ]);
  t.is(code, 7);
  t.regex(stderr, /^lost: /);
});

test('consumerConnection and producerConnection', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({ body: online }))
    .on(RequestCode.GET_PRODUCER_CONNECTION_LIST, () => ({
      body: encodeProducerConnection({
        connectionSet: [{ clientId: 'p@1', clientAddr: 'a:1', language: 'GO', version: 401 }],
      }),
    }));
  t.deepEqual((await run('consumerConnection -g g', wire)).lines, [
    `${pad(['#ClientId', 36], ['#ClientAddr', 22], ['#Language', 10]).join(' ')} #Version`,
    `${pad(['10.0.0.9@1', 36], ['10.0.0.9:5', 22], ['JAVA', 10]).join(' ')} V5_3_3`,
    '',
    'Below is subscription:',
    `${'#Topic'.padEnd(20)} #SubExpression`,
    `${'orders'.padEnd(20)} *`,
    '',
    'ConsumeType: CONSUME_PASSIVELY',
    'MessageModel: CLUSTERING',
    'ConsumeFromWhere: CONSUME_FROM_LAST_OFFSET',
    '',
  ]);
  t.deepEqual((await run('producerConnection -g p -t orders', wire)).lines, [
    `0001  ${pad(['p@1', 32], ['a:1', 22], ['GO', 8]).join(' ')} V4_9_4`,
    '',
  ]);
});

test('resetOffsetByTime prints what the brokers moved', async (t) => {
  const wire = clusterWire().on(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, (_request, addr) => ({
    body: encodeResetOffsetBody({
      offsetTable: [
        { mq: { topic: 'orders', brokerName: addr === BROKER_A ? 'broker-a' : 'broker-b', queueId: 0 }, offset: 7 },
      ],
    }),
  }));
  const { lines } = await run('resetOffset -g g -t orders -s 5', wire);
  t.deepEqual(lines, [
    'start reset consumer offset by specified, group[g], topic[orders], force[true], timestamp(string)[5], timestamp(long)[5]',
    pad(['#brokerName', 40], ['#queueId', 40], ['#offset', 40]).join('  '),
    pad(['broker-a', 40], [0, 40], [7, 40]).join('  '),
    pad(['broker-b', 40], [0, 40], [7, 40]).join('  '),
    '',
  ]);
  t.is(wire.of(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET)[0]?.fields.isForce, 'true');
});

test('resetOffsetByTime -c names a route and does not speak C++, --cplus does', async (t) => {
  const languages: Array<string | null> = [];
  const wire = clusterWire().on(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, (request) => {
    languages.push(request.language);
    return {
      body: encodeResetOffsetBody({ offsetTable: [{ mq: { topic: 'o', brokerName: 'b', queueId: 0 }, offset: 1 }] }),
    };
  });
  await run('resetOffsetByTime -g g -t orders -s now -c c1', wire);
  await run('resetOffsetByTime -g g -t orders -s now --cplus', wire);
  t.false(languages.slice(0, 2).includes('CPP'));
  t.deepEqual(languages.slice(2), ['CPP', 'CPP']);
});

test('resetOffsetByTime moves one queue, to 0 as well', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.UPDATE_CONSUMER_OFFSET, () => ({}))
    .on(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, () => ({ body: encodeResetOffsetBody({ offsetTable: [] }) }));
  const { code, lines } = await run(`resetOffsetByTime -g g -t orders -s 5 -b ${BROKER_A} -q 1 -o 0`, wire);
  t.is(code, 0);
  t.is(lines[1], 'reset consumer offset to 0');
  t.is(wire.of(RequestCode.UPDATE_CONSUMER_OFFSET)[0]?.fields.commitOffset, '0');
  t.is((await run(`resetOffsetByTime -g g -t orders -s 5 -b ${BROKER_A}`, wire)).code, 2);
  t.is((await run('resetOffsetByTime -g g -t orders -s sometime', wire)).code, 2);
});

test('clusterList keeps the row of a broker that does not answer, and ends with 7', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_BROKER_RUNTIME_INFO, () => ({
    body: encodeKVTable({
      table: {
        brokerActive: 'true',
        brokerVersionDesc: 'V5_3_3',
        putTps: '1.5 0 0',
        getTransferredTps: '2.25 0 0',
        sendThreadPoolQueueSize: '0',
        sendThreadPoolQueueHeadWaitTimeMills: '1',
        pullThreadPoolQueueSize: '2',
        pullThreadPoolQueueHeadWaitTimeMills: '3',
        pageCacheLockTimeMills: '4',
        commitLogDiskRatio: '0.5',
        timerReadBehind: '1',
        timerOffsetBehind: '2',
        timerCongestNum: '15000',
        timerEnqueueTps: '0.5',
        timerDequeueTps: '1.5',
        msgPutTotalYesterdayMorning: '1',
        msgPutTotalTodayMorning: '11',
        msgPutTotalTodayNow: '13',
        msgGetTotalYesterdayMorning: '0',
        msgGetTotalTodayMorning: '5',
        msgGetTotalTodayNow: '9',
      },
    }),
  }));
  wire.down.add(BROKER_B);
  const { code, lines } = await run('clusterList', wire);
  t.is(code, 7);
  const line = (pads: number[], cells: string[]) => {
    const [cluster, name, id, addr, version, ...rest] = pad(
      ...cells.map((cell, i): [string, number] => [cell, pads[i] as number]),
    );
    return `${[cluster, name, id, addr].join('  ')} ${[version, ...rest].join('  ')}`;
  };
  const row = [22, 22, 4, 22, 16, -16, -30, 22, -11, 12, 8, -10];
  t.is(
    lines[1],
    line(row, [
      'c1',
      'broker-a',
      '0',
      BROKER_A,
      'V5_3_3',
      '     1.50(0,1ms)',
      '     2.25(2,3ms|N,Nms)',
      '1-2(1.5w, 0.5, 1.5)',
      '4',
      '0.00',
      '0.5000',
      'true',
    ]),
  );
  t.is(
    lines[3],
    line(row, [
      'c1',
      'broker-b',
      '0',
      BROKER_B,
      '',
      '     0.00(,ms)',
      '     0.00(,ms|N,Nms)',
      '0-0(0.0w, 0.0, 0.0)',
      '',
      '0.00',
      '0.0000',
      'false',
    ]),
  );
  const more = await run('clusterList -m', wire);
  t.is(
    more.lines[1],
    `${pad(['c1', 16], ['broker-a', 32]).join('  ')} ${pad([10, -14], [5, -14], [2, -14], [4, -14]).join(' ')}`,
  );
});

test('brokerStatus prints keys in order, with the address for a cluster', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_BROKER_RUNTIME_INFO, () => ({
    body: encodeKVTable({ table: { b: '2', a: '1' } }),
  }));
  t.is((await run(`brokerStatus -b ${BROKER_A}`, wire)).stdout, `${'a'.padEnd(32)}: 1\n${'b'.padEnd(32)}: 2\n`);
  const { lines } = await run('brokerStatus -c c1', wire);
  t.is(lines[0], `${BROKER_A.padEnd(24)} ${'a'.padEnd(32)}: 1`);
  t.is(lines.length, 7);
});

test('getBrokerConfig heads each broker, getNamesrvConfig each name server', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.GET_BROKER_CONFIG, () => ({ body: Buffer.from('brokerName=x\n'), extFields: { version: '{}' } }))
    .on(RequestCode.GET_NAMESRV_CONFIG, () => ({ body: Buffer.from('listenPort=9876\n') }));
  const row = `${'brokerName'.padEnd(50)}=  x`;
  t.deepEqual((await run('getBrokerConfig -c c1', wire)).lines, [
    `============Master: ${BROKER_A}============`,
    row,
    '',
    `============My Master: ${BROKER_A}=====Slave: 10.0.0.4:10911============`,
    row,
    '',
    `============Master: ${BROKER_B}============`,
    row,
    '',
    '',
  ]);
  t.is((await run(`getBrokerConfig -b ${BROKER_A}`, wire)).lines[0], `============${BROKER_A}============`);
  t.is((await run('getBrokerConfig', wire)).code, 2);
  t.deepEqual((await run('getNamesrvConfig', wire)).lines, [
    `============${NAMESRV}============`,
    `${'listenPort'.padEnd(50)}=  9876`,
    '',
  ]);
});

test('updateSubGroup and deleteSubGroup', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, () => ({}))
    .on(RequestCode.DELETE_SUBSCRIPTIONGROUP, () => ({}))
    .on(RequestCode.DELETE_TOPIC_IN_BROKER, () => ({}))
    .on(RequestCode.DELETE_TOPIC_IN_NAMESRV, () => ({}))
    .on(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, () => ({
      body: Buffer.from('{"dataVersion":{},"subscriptionGroupTable":{}}'),
    }));
  const { lines } = await run('updateSubGroup -c c1 -g g -r 3 -s false', wire);
  t.deepEqual(lines.slice(0, 2), [
    `create subscription group to ${BROKER_B} success.`,
    `create subscription group to ${BROKER_A} success.`,
  ]);
  t.regex(
    lines[2] ?? '',
    /^SubscriptionGroupConfig\{groupName=g, consumeEnable=false, consumeFromMinEnable=false, consumeBroadcastEnable=false, consumeMessageOrderly=false, retryQueueNums=1, retryMaxTimes=3, groupRetryPolicy=.*, brokerId=0, whichBrokerWhenConsumeSlowly=1, notifyConsumerIdsChangedEnable=true, groupSysFlag=0, consumeTimeoutMinute=15, subscriptionDataSet=null, attributes=\{\}\}$/,
  );
  t.is(
    (await run('deleteSubGroup -c c1 -g g', wire)).lines[1],
    `delete subscription group [g] from broker [${BROKER_A}] in cluster [c1] success.`,
  );
  t.is(
    (await run(`deleteSubGroup -b ${BROKER_A} -g g`, wire)).stdout,
    `delete subscription group [g] from broker [${BROKER_A}] success.\n`,
  );
  t.is((await run('deleteSubGroup -g g', wire)).code, 2);
});

test('setConsumeMode', async (t) => {
  const wire = clusterWire().on(RequestCode.SET_MESSAGE_REQUEST_MODE, () => ({}));
  const { stdout } = await run('setConsumeMode -c c1 -t orders -g g -m POP -q 2', wire);
  t.is(
    stdout,
    `set consume mode to ${BROKER_B} success.\nset consume mode to ${BROKER_A} success.\n` +
      'topic[orders] group[g] consume mode[POP] popShareQueueNum[2]',
  );
  t.is((await run('setConsumeMode -t orders -g g -m POP', wire)).code, 2);
  const wrong = await run('setConsumeMode -c c1 -t orders -g g -m PUSH', wire);
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /PUSH is neither PULL nor POP/);
});

test("updateSubGroup prints retry policies as Java does, with Java's defaults", async (t) => {
  const wire = clusterWire().on(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, () => ({}));
  const policy = async (json: string) =>
    /groupRetryPolicy=(.*), brokerId/.exec((await run(`updateSubGroup -c c1 -g g -p ${json}`, wire)).stdout)?.[1];
  t.is(
    await policy('{"type":"EXPONENTIAL","exponentialRetryPolicy":{"initial":600000}}'),
    'GroupRetryPolicy{type=EXPONENTIAL, exponentialRetryPolicy=ExponentialRetryPolicy{initial=600000, max=7200000, multiplier=2}, customizedRetryPolicy=null}',
  );
  t.is(
    await policy('{"customizedRetryPolicy":{"next":[1000,5000]}}'),
    'GroupRetryPolicy{type=CUSTOMIZED, exponentialRetryPolicy=null, customizedRetryPolicy=CustomizedRetryPolicy{next=[1000, 5000]}}',
  );
  t.is((await run('updateSubGroup -c c1 -g g -p []', wire)).code, 2);
  t.is((await run('updateSubGroup -c c1 -g g -p {', wire)).code, 2);
});

test('a read-only context refuses writes under Apache names too', async (t) => {
  const wire = clusterWire();
  t.is((await run('deleteTopic -t orders -c c1', wire, { MQADMIN_READ_ONLY: 'true' })).code, 4);
  const env = { MQADMIN_READ_ONLY: 'true' };
  t.is((await run('queryMsgById -t orders -i AB -s true', wire, env)).code, 4);
  t.is((await run('queryMsgByUniqueKey -t orders -i AB -g g -d c', wire, env)).code, 4);
  t.is(wire.calls.length, 0);
});
