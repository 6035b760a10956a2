/** Commands that look after brokers and name servers, under both of their names. */
import test from 'ava';
import brokerCheckRt from '../../src/commands/broker/check-rt.js';
import cleanUnusedTopics from '../../src/commands/broker/clean-unused-topics.js';
import consumeStats from '../../src/commands/broker/consume-stats.js';
import getEpoch from '../../src/commands/broker/get-epoch.js';
import updateBrokerConfig from '../../src/commands/broker/update-config.js';
import haStatus from '../../src/commands/ha/status.js';
import deleteKv from '../../src/commands/namesrv/delete-kv.js';
import getKv from '../../src/commands/namesrv/get-kv.js';
import setKv from '../../src/commands/namesrv/set-kv.js';
import wipeWritePerm from '../../src/commands/namesrv/wipe-write-perm.js';
import statsAll from '../../src/commands/stats/all.js';
import {
  encodeBrokerStatsData,
  encodeConsumeStats,
  encodeConsumeStatsList,
  encodeEpochEntryCache,
  encodeGroupList,
  encodeHARuntimeInfo,
  encodeTopicList,
} from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { BROKER_A, BROKER_B, clusterWire, type FakeWire, NAMESRV, runApacheFake, runFake } from '../helper/cli.js';

const SLAVE = '10.0.0.4:10911';

/** Servers that keep their properties: what they know can be changed. */
function configWire(code: { get: number; update: number }, known: Record<string, string>): FakeWire {
  const configs = new Map<string, Map<string, string>>();
  const configOf = (addr: string) => {
    const config = configs.get(addr) ?? new Map(Object.entries(known));
    configs.set(addr, config);
    return config;
  };
  return clusterWire()
    .on(code.get, (_request, addr) => ({
      body: Buffer.from([...configOf(addr)].map(([key, value]) => `${key}=${value}\n`).join('')),
      extFields: { version: '{}' },
    }))
    .on(code.update, (request, addr) => {
      const config = configOf(addr);
      for (const line of String(request.body).split('\n')) {
        const [key = '', value = ''] = line.split('=');
        if (config.has(key)) config.set(key, value);
      }
      return {};
    });
}

const BROKER_CONFIG = { get: RequestCode.GET_BROKER_CONFIG, update: RequestCode.UPDATE_BROKER_CONFIG };
const NAMESRV_CONFIG = { get: RequestCode.GET_NAMESRV_CONFIG, update: RequestCode.UPDATE_NAMESRV_CONFIG };

test('a broker property is changed on the masters, and what it was is shown', async (t) => {
  const wire = configWire(BROKER_CONFIG, { fileReservedTime: '72' });
  const argv = ['-c', 'c1', '--set', 'fileReservedTime=48', '--yes', '--json'];
  const { code, stdout } = await runFake(updateBrokerConfig, argv, wire);
  t.is(code, 0);
  t.deepEqual(JSON.parse(stdout).writes, [
    { brokerName: 'broker-a', addr: BROKER_A, key: 'fileReservedTime', before: '72', after: '48' },
    { brokerName: 'broker-b', addr: BROKER_B, key: 'fileReservedTime', before: '72', after: '48' },
  ]);
});

test('slaves are changed with --slaves, and under the Apache name with -a', async (t) => {
  const wire = configWire(BROKER_CONFIG, { deleteWhen: '04' });
  await runFake(updateBrokerConfig, ['-c', 'c1', '--slaves', '--set', 'deleteWhen=03', '--yes'], wire);
  t.true(wire.of(BROKER_CONFIG.update).some(({ addr }) => addr === SLAVE));
  const { stdout } = await runApacheFake('updateBrokerConfig -c c1 -a 1 -k deleteWhen -v 05', wire);
  t.is(stdout, [BROKER_B, SLAVE, BROKER_A].map((addr) => `update broker config success, ${addr}\n`).join(''));
});

test('a property that a broker does not know is a failure, not a success', async (t) => {
  const wire = configWire(BROKER_CONFIG, { deleteWhen: '04' });
  const modern = await runFake(updateBrokerConfig, ['-b', BROKER_A, '--set', 'deletWhen=03', '--yes'], wire);
  t.is(modern.code, 1);
  t.regex(modern.stderr, /deletWhen was not changed: 10\.0\.0\.2:10911 does not know it/);
  const apache = await runApacheFake(`updateBrokerConfig -b ${BROKER_A} -k deletWhen -v 03`, wire);
  t.deepEqual([apache.code, apache.stdout], [1, '']);
});

test('a change of configuration needs a yes and well-formed pairs', async (t) => {
  const wire = configWire(BROKER_CONFIG, {});
  for (const argv of [
    ['-b', BROKER_A, '--set', 'a=b'],
    ['-b', BROKER_A, '--set', 'a', '--yes'],
    ['-b', BROKER_A, '--set', 'a=1', '--set', 'a=2', '--yes'],
    ['-b', BROKER_A, '--yes'],
  ]) {
    t.is((await runFake(updateBrokerConfig, argv, wire)).code, 2, argv.join(' '));
  }
  t.deepEqual(wire.of(BROKER_CONFIG.update), []);
});

test('updateNamesrvConfig names the name servers of -n, and none without', async (t) => {
  const wire = configWire(NAMESRV_CONFIG, { orderMessageEnable: 'false' });
  const line = 'updateNamesrvConfig -k orderMessageEnable -v true';
  t.is(
    (await runApacheFake(`${line} -n ${NAMESRV}`, wire)).stdout,
    `update name server config success![${NAMESRV}]\norderMessageEnable : true\n`,
  );
  t.is(
    (await runApacheFake(line, wire, { env: { NAMESRV_ADDR: NAMESRV } })).stdout,
    'update name server config success!\norderMessageEnable : true\n',
  );
});

/** A name server with one key. */
function kvWire(): FakeWire {
  let value: string | null = 'broker-a:4';
  return clusterWire()
    .on(RequestCode.GET_KV_CONFIG, () =>
      value === null ? { code: ResponseCode.QUERY_NOT_FOUND, remark: 'No config item' } : { extFields: { value } },
    )
    .on(RequestCode.PUT_KV_CONFIG, ({ extFields }) => {
      value = extFields?.value ?? '';
      return {};
    })
    .on(RequestCode.DELETE_KV_CONFIG, () => {
      value = null;
      return {};
    });
}

test('a key of the name servers is shown, set and taken away', async (t) => {
  const wire = kvWire();
  const key = ['ORDER_TOPIC_CONFIG', 'orders'];
  t.deepEqual(JSON.parse((await runFake(getKv, [...key, '--json'], wire)).stdout).namesrvs, [
    { addr: NAMESRV, value: 'broker-a:4' },
  ]);
  t.deepEqual(JSON.parse((await runFake(setKv, [...key, 'broker-a:8', '--json'], wire)).stdout).namesrvs, [
    { addr: NAMESRV, before: 'broker-a:4', after: 'broker-a:8' },
  ]);
  t.is((await runFake(deleteKv, [...key], wire)).code, 2);
  t.is((await runFake(deleteKv, [...key, '--yes'], wire)).code, 0);
  t.is((await runFake(getKv, key, wire)).code, 3);
});

test('the keys of name servers under the Apache names', async (t) => {
  const wire = kvWire();
  const set = await runApacheFake('updateKvConfig -s NS -k key -v value', wire);
  t.is(set.stdout, 'create or update kv config to namespace success.\n');
  const gone = await runApacheFake('deleteKvConfig -s NS -k key', wire);
  t.is(gone.stdout, 'delete kv config from namespace success.\n');
  t.deepEqual([set.code, gone.code], [0, 0]);
});

test('the write permission of a broker is told name server by name server', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.WIPE_WRITE_PERM_OF_BROKER, () => ({ extFields: { wipeTopicCount: '12' } }))
    .on(RequestCode.ADD_WRITE_PERM_OF_BROKER, () => ({ extFields: { addTopicCount: '3' } }));
  t.is(
    (await runApacheFake('wipeWritePerm -b broker-a', wire)).stdout,
    `wipe write perm of broker[broker-a] in name server[${NAMESRV}] OK, 12\n`,
  );
  t.is(
    (await runApacheFake('addWritePerm -b broker-a', wire)).stdout,
    `add write perm of broker[broker-a] in name server[${NAMESRV}] OK, 3\n`,
  );
});

test('taking the write permission of a broker that nobody knows is not found', async (t) => {
  const wire = clusterWire().on(RequestCode.WIPE_WRITE_PERM_OF_BROKER, () => ({ extFields: { wipeTopicCount: '0' } }));
  const { code, stderr } = await runFake(wipeWritePerm, ['broker-x', '--yes'], wire);
  t.is(code, 3);
  t.regex(stderr, /no name server knows a topic of a broker "broker-x"/);
});

test('brokers clean up where they are told to, and silent ones are named', async (t) => {
  const wire = clusterWire().on(RequestCode.CLEAN_UNUSED_TOPIC, () => ({}));
  const all = await runFake(cleanUnusedTopics, ['--yes', '--output', 'name'], wire);
  t.deepEqual(all.stdout.trim().split('\n'), [BROKER_A, SLAVE, BROKER_B]);
  wire.down.add(BROKER_B);
  const partial = await runApacheFake('cleanUnusedTopic', wire);
  t.deepEqual([partial.code, partial.stdout], [7, 'false']);
  t.regex(partial.stderr, /broker-b \(10\.0\.0\.3:10911\) did not answer/);
  const one = await runApacheFake(`cleanUnusedTopic -b ${BROKER_A}`, wire);
  t.deepEqual([one.code, one.stdout], [0, 'success']);
});

function consumeStatsWire(): FakeWire {
  const mq = { topic: 'orders', brokerName: 'broker-a' };
  const offset = { brokerOffset: 30, consumerOffset: 10, pullOffset: 10, lastTimestamp: 1_700_000_000_000 };
  const stats = {
    consumeTps: 0,
    offsetTable: [
      { mq: { ...mq, queueId: 1 }, ...offset, lastTimestamp: 0 },
      { mq: { ...mq, queueId: 0 }, ...offset },
    ],
  };
  return clusterWire().on(RequestCode.GET_BROKER_CONSUME_STATS, () => ({
    body: encodeConsumeStatsList({
      brokerAddr: BROKER_A,
      totalDiff: 40,
      totalInflightDiff: 0,
      consumeStatsList: [{ payments: [stats] }],
    }),
  }));
}

test('brokerConsumeStats leaves out queues that nobody consumed from, the modern command shows them as unknown', async (t) => {
  const { stdout } = await runApacheFake(`brokerConsumeStats -b ${BROKER_A}`, consumeStatsWire());
  const [head = '', row = '', ...rest] = stdout.split('\n');
  t.regex(
    head,
    /^#Topic {60}#Group {60}#Broker Name {22}#QID {2}#Broker Offset {8}#Consumer Offset {6}#Diff {17}#LastTime$/,
  );
  t.regex(row, /^orders {60}payments {58}broker-a {26}0 {5}30 {20}10 {20}20 {20}2023-11-1[45] \d\d:13:20$/);
  t.deepEqual(rest, ['', 'Diff Total: 40', '']);
  t.is(
    (await runApacheFake(`brokerConsumeStats -b ${BROKER_A} -l 21`, consumeStatsWire())).stdout.split('\n').length,
    4,
  );
  const modern = await runFake(consumeStats, ['-b', BROKER_A, '--json'], consumeStatsWire());
  t.deepEqual(
    JSON.parse(modern.stdout).queues.map(({ queueId, lag, lastTimestamp }: Record<string, unknown>) => [
      queueId,
      lag,
      lastTimestamp,
    ]),
    [
      [0, 20, 1_700_000_000_000],
      [1, 20, null],
    ],
  );
});

const EMPTY_CLIENT = {
  masterAddr: null,
  transferredByteInSecond: 0,
  maxOffset: 0,
  lastReadTimestamp: 0,
  lastWriteTimestamp: 0,
  masterFlushOffset: 0,
};

test('replication is shown slave by slave', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_BROKER_HA_STATUS, () => ({
    body: encodeHARuntimeInfo({
      master: true,
      masterCommitLogMaxOffset: 5000,
      inSyncSlaveNums: 0,
      haConnectionInfo: [
        {
          addr: SLAVE,
          slaveAckOffset: 3000,
          diff: 2000,
          inSync: false,
          transferredByteInSecond: 2048,
          transferFromWhere: 1000,
        },
      ],
      haClientRuntimeInfo: EMPTY_CLIENT,
    }),
  }));
  const { stdout } = await runApacheFake(`haStatus -b ${BROKER_A}`, wire);
  t.is(
    stdout,
    `\n#MasterAddr\t${BROKER_A}\n#MasterCommitLogMaxOffset\t5000\n#SlaveNum\t1\n#InSyncSlaveNum\t0\n` +
      '#SlaveAddr                        #SlaveAckOffset             #Diff #TransferSpeed(KB/s)          #Status #TransferFromWhere\n' +
      '10.0.0.4:10911                    3000                         2000             2.00      Fall Behind             1000\n',
  );
  const modern = await runFake(haStatus, ['-b', BROKER_A, '--output', 'csv'], wire);
  t.regex(modern.stdout, /10\.0\.0\.2:10911,10\.0\.0\.4:10911,5000,3000,2000,2048,false/);
});

test('a broker without replication says that it does not offer it', async (t) => {
  const { code, stderr } = await runFake(haStatus, ['-b', BROKER_A]);
  t.is(code, 1);
  t.regex(stderr, /not supported/);
});

test('the last epoch of a broker ends where its log does', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_BROKER_EPOCH_CACHE, () => ({
    body: encodeEpochEntryCache({
      clusterName: 'c1',
      brokerName: 'broker-b',
      brokerId: 0,
      maxOffset: 900,
      epochList: [
        { epoch: 1, startOffset: 0, endOffset: 500 },
        { epoch: 2, startOffset: 500, endOffset: Number.MAX_SAFE_INTEGER },
      ],
    }),
  }));
  t.is(
    (await runApacheFake('getBrokerEpoch -b broker-b', wire)).stdout,
    `\n#clusterName\tc1\n#brokerName\tbroker-b\n#brokerAddr\t${BROKER_B}\n#brokerId\t0` +
      '\n#Epoch: EpochEntry{epoch=1, startOffset=0, endOffset=500}' +
      '\n#Epoch: EpochEntry{epoch=2, startOffset=500, endOffset=900}\n',
  );
  t.is((await runFake(getEpoch, ['-b', 'broker-x'], wire)).code, 3);
});

const stats = (sum: number, tps: number) => ({ sum, tps, avgpt: 0 });

function trafficWire(): FakeWire {
  const mq = { topic: 'orders', brokerName: 'broker-a', queueId: 0 };
  return clusterWire()
    .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
      body: encodeTopicList({ topicList: ['orders', 'idle', '%RETRY%payments', '%DLQ%payments'] }),
    }))
    .on(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, ({ extFields }) => ({
      body: encodeGroupList({ groupList: extFields?.topic === 'orders' ? ['payments'] : [] }),
    }))
    .on(RequestCode.VIEW_BROKER_STATS_DATA, ({ extFields }) => {
      if (extFields?.statsKey === 'idle') {
        return { code: ResponseCode.SYSTEM_ERROR, remark: 'The stats <TOPIC_PUT_NUMS> <idle> not exist' };
      }
      const isPut = extFields?.statsName === 'TOPIC_PUT_NUMS';
      const body = { statsMinute: stats(60, isPut ? 1 : 0.5), statsHour: stats(300, 0), statsDay: stats(0, 0) };
      return { body: encodeBrokerStatsData(body) };
    })
    .on(RequestCode.GET_CONSUME_STATS, () => ({
      body: encodeConsumeStats({
        consumeTps: 0,
        offsetTable: [{ mq, brokerOffset: 9, consumerOffset: 2, pullOffset: 2, lastTimestamp: 0 }],
      }),
    }));
}

test('the traffic of a topic is the sum over its masters, group by group', async (t) => {
  const { code, stdout } = await runApacheFake('statsAll', trafficWire());
  t.is(code, 0);
  const row = (topic: string, group: string, ...cells: string[]) =>
    `${topic.padEnd(64)}  ${group.padEnd(64)} ${cells.map((cell, i) => cell.padStart([12, 11, 11, 14, 14][i] as number)).join(' ')}`;
  t.deepEqual(stdout.split('\n'), [
    row('#Topic', '#Consumer Group', '#Accumulation', '#InTPS', '#OutTPS', '#InMsg24Hour', '#OutMsg24Hour'),
    row('orders', 'payments', '14', '2.00', '1.00', '600', '600'),
    row('idle', '', '0', '0.00', '', '0', 'NO_CONSUMER'),
    '',
  ]);
  t.is((await runApacheFake('statsAll -a', trafficWire())).stdout.split('\n').length, 3);
});

test('what a silent broker would have added is unknown, not zero', async (t) => {
  const wire = trafficWire();
  wire.down.add(BROKER_B);
  const { code, stdout, stderr } = await runFake(statsAll, ['orders', '--json'], wire);
  t.is(code, 7);
  const { topics, complete } = JSON.parse(stdout);
  t.false(complete);
  t.like(topics[0], { topic: 'orders', inTps: null, in24h: null, lag: null });
  t.regex(stderr, /10\.0\.0\.3:10911/);
  t.is((await runFake(statsAll, ['nope'], wire)).code, 3);
});

test('probes go to the topic of the broker and are timed', async (t) => {
  const unknown = await runFake(brokerCheckRt, ['broker-x']);
  t.is(unknown.code, 3);
  t.regex(unknown.stderr, /brokers: broker-a, broker-b/);
});
