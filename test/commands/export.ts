import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import exportConfigs from '../../src/commands/export/configs.js';
import exportMetadata from '../../src/commands/export/metadata.js';
import exportMetrics from '../../src/commands/export/metrics.js';
import {
  encodeKVTable,
  encodeSubscriptionGroupWrapper,
  encodeTopicConfigAndMappingSerializeWrapper,
  encodeTopicList,
} from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { defaultSubscriptionGroupConfig } from '../../src/protocol/subscription-group-config.js';
import { BROKER_A, clusterWire, type FakeWire, runApacheFake, runFake, tempFolder } from '../helper/cli.js';

const DATA_VERSION = { stateVersion: 0, timestamp: 0, counter: 0 };

function exportWire(): FakeWire {
  const topic = (topicName: string) => ({
    topicName,
    readQueueNums: 4,
    writeQueueNums: 2,
    perm: 6,
    topicFilterType: 'SINGLE_TAG' as const,
    topicSysFlag: 0,
    order: false,
    attributes: {},
  });
  const names = ['orders', '%RETRY%pay', 'TBW102', 'broker-a'];
  return clusterWire()
    .on(RequestCode.GET_ALL_TOPIC_CONFIG, () => ({
      body: encodeTopicConfigAndMappingSerializeWrapper({
        topicConfigTable: Object.fromEntries(names.map((name) => [name, topic(name)])),
        dataVersion: DATA_VERSION,
        topicQueueMappingInfoMap: {},
        topicQueueMappingDetailMap: {},
        mappingDataVersion: DATA_VERSION,
      }),
    }))
    .on(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, () => ({ body: encodeTopicList({ topicList: ['broker-a'] }) }))
    .on(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, () => ({
      body: encodeSubscriptionGroupWrapper({
        subscriptionGroupTable: Object.fromEntries(
          ['pay', 'TOOLS_CONSUMER', 'CID_RMQ_SYS_X'].map((name) => [name, defaultSubscriptionGroupConfig(name)]),
        ),
        forbiddenTable: {},
        dataVersion: DATA_VERSION,
      }),
    }))
    .on(RequestCode.GET_BROKER_CONFIG, (_request, addr) => ({
      body: Buffer.from(`brokerName=${addr === BROKER_A ? 'broker-a' : 'broker-b'}\nsecret=1\nuseTLS=false\n`),
    }))
    .on(RequestCode.GET_BROKER_RUNTIME_INFO, () => ({
      body: encodeKVTable({
        table: {
          putTps: '1.5 1 1',
          getTransferredTps: '2.5 1 1',
          msgPutTotalTodayMorning: '10',
          msgPutTotalYesterdayMorning: '4',
          brokerVersionDesc: 'V5_3_3',
        },
      }),
    }))
    .on(RequestCode.VIEW_BROKER_STATS_DATA, () => ({ code: ResponseCode.SYSTEM_ERROR, remark: 'not exist' }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({ code: ResponseCode.CONSUMER_NOT_ONLINE, remark: '' }));
}

test('metadata of a cluster are those of users, with queue counts added up', async (t) => {
  const folder = await tempFolder(t);
  const { code, stdout } = await runApacheFake(`exportMetadata -c c1 -f ${folder}/deep`, exportWire());
  t.deepEqual([code, stdout], [0, `export ${folder}/deep/metadata.json success\n`]);
  const { topicConfigTable, subscriptionGroupTable } = JSON.parse(
    await readFile(join(folder, 'deep/metadata.json'), 'utf8'),
  );
  t.deepEqual(Object.keys(topicConfigTable), ['orders']);
  t.like(topicConfigTable.orders, { readQueueNums: 8, writeQueueNums: 4 });
  t.deepEqual(Object.keys(subscriptionGroupTable), ['pay']);
  const one = await runApacheFake(`exportMetadata -b ${BROKER_A} -t -s -f ${folder}`, exportWire());
  t.is(one.stdout, `export ${folder}/topic.json success`);
  t.is(Object.keys(JSON.parse(await readFile(join(folder, 'topic.json'), 'utf8')).topicConfigTable).length, 2);
  t.is((await runApacheFake(`exportMetadata -b ${BROKER_A}`, exportWire())).code, 2);
  const modern = JSON.parse((await runFake(exportMetadata, ['-b', BROKER_A, '-s', '--json'], exportWire())).stdout);
  t.deepEqual(Object.keys(modern.topicConfigTable).sort(), ['%RETRY%pay', 'orders']);
});

test('configurations are exported by broker, chosen properties alone', async (t) => {
  const folder = await tempFolder(t);
  const { stdout } = await runApacheFake(`exportConfigs -c c1 -f ${folder}`, exportWire());
  t.is(stdout, `export ${folder}/configs.json success`);
  t.deepEqual(JSON.parse(await readFile(join(folder, 'configs.json'), 'utf8')), {
    brokerConfigs: {
      'broker-a': { brokerName: 'broker-a', useTLS: 'false' },
      'broker-b': { brokerName: 'broker-b', useTLS: 'false' },
    },
    clusterScale: { masterBrokerSize: 2, namesrvSize: 1, slaveBrokerSize: 1 },
  });
  t.is((await runFake(exportConfigs, ['-c', 'nowhere'], exportWire())).code, 3);
});

test('figures are exported by broker and added up', async (t) => {
  const folder = await tempFolder(t);
  await runApacheFake(`exportMetrics -c c1 -f ${folder}`, exportWire());
  const { evaluateReport, totalData } = JSON.parse(await readFile(join(folder, 'metrics.json'), 'utf8'));
  t.is(totalData.totalTps.totalNormalInTps, 3);
  t.is(totalData.totalOneDayNum.normalOneDayInNum, 12);
  t.like(evaluateReport['broker-a'].runtimeQuota, { topicSize: 1, groupSize: 1 });
  const modern = await runFake(exportMetrics, ['--json'], exportWire());
  t.is(JSON.parse(modern.stdout).totalData.totalTps.totalNormalOutTps, 5);
});
