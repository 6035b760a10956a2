/** Files of configs, permissions, order confs, clusters, and looks at queues, over a fake wire. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import consumerGetConfig from '../../src/commands/consumer/get-config.js';
import producerList from '../../src/commands/producer/list.js';
import queueAllocate from '../../src/commands/queue/allocate.js';
import queueQuery from '../../src/commands/queue/query.js';
import topicClusters from '../../src/commands/topic/clusters.js';
import getOrderConf from '../../src/commands/topic/get-order-conf.js';
import topicImport from '../../src/commands/topic/import.js';
import setOrderConf from '../../src/commands/topic/set-order-conf.js';
import setPerm from '../../src/commands/topic/set-perm.js';
import {
  decodeCreateTopicListRequestBody,
  encodeProducerTableInfo,
  encodeQueryConsumeQueueResponseBody,
  encodeSubscriptionGroupWrapper,
  encodeTopicConfigAndMappingSerializeWrapper,
} from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { defaultSubscriptionGroupConfig } from '../../src/protocol/subscription-group-config.js';
import type { TopicConfig } from '../../src/protocol/topic-config.js';
import { BROKER_A, BROKER_B, clusterWire, type FakeWire, runApacheFake, runFake, tempFolder } from '../helper/cli.js';

const ORDERS: TopicConfig = {
  topicName: 'orders',
  readQueueNums: 4,
  writeQueueNums: 4,
  perm: 6,
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: 0,
  order: false,
  attributes: { 'message.type': 'NORMAL' },
};
const DATA_VERSION = { stateVersion: 0, timestamp: 0, counter: 0 };

/** Brokers that keep topics; one has "orders" already. */
function topicWire(): FakeWire {
  const tables = new Map<string, Record<string, TopicConfig>>([
    [BROKER_A, { orders: ORDERS }],
    [BROKER_B, {}],
  ]);
  const put = (addr: string, config: TopicConfig) => {
    const table = tables.get(addr) ?? {};
    const attributes = { ...table[config.topicName]?.attributes };
    for (const [key, value] of Object.entries(config.attributes)) attributes[key.slice(1)] = value;
    table[config.topicName] = { ...config, attributes };
  };
  return clusterWire()
    .on(RequestCode.GET_ALL_TOPIC_CONFIG, (_request, addr) => ({
      body: encodeTopicConfigAndMappingSerializeWrapper({
        topicConfigTable: tables.get(addr) ?? {},
        dataVersion: DATA_VERSION,
        topicQueueMappingInfoMap: {},
        topicQueueMappingDetailMap: {},
        mappingDataVersion: DATA_VERSION,
      }),
    }))
    .on(RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, (request, addr) => {
      for (const config of decodeCreateTopicListRequestBody(request.body).topicConfigList) put(addr, config);
      return {};
    });
}

test('an import keeps what the file leaves out, asks before it changes what exists, and reads back', async (t) => {
  const file = join(await tempFolder(t), 'topics.json');
  await writeFile(file, '[{"topicName":"orders","readQueueNums":9,"attributes":{"a":"b"}},{topicName:"new"}]');
  const wire = topicWire();
  const unasked = await runFake(topicImport, [file, '-c', 'c1'], wire);
  t.is(unasked.code, 2);
  t.regex(unasked.stderr, /change 1 topics that exist/);
  t.deepEqual(wire.of(RequestCode.UPDATE_AND_CREATE_TOPIC_LIST), []);
  const { code, stdout } = await runFake(topicImport, [file, '-c', 'c1', '--yes', '--json'], wire);
  t.is(code, 0);
  const { brokers, verified } = JSON.parse(stdout);
  t.true(verified);
  t.like(brokers[0], { addr: BROKER_A, created: ['new'], updated: ['orders'], unchanged: [] });
  t.like(brokers[1], { addr: BROKER_B, created: ['orders', 'new'], updated: [] });
  const [sent] = wire.of(RequestCode.UPDATE_AND_CREATE_TOPIC_LIST);
  t.like(decodeCreateTopicListRequestBody(sent?.body ?? null).topicConfigList[0], {
    readQueueNums: 9,
    writeQueueNums: 4,
    attributes: { '+a': 'b' },
  });
  const again = await runFake(topicImport, [file, '-c', 'c1', '--json'], wire);
  t.is(again.code, 0);
  t.deepEqual(JSON.parse(again.stdout).brokers[0].unchanged, ['orders', 'new']);
});

test('a file that is no list of configs is refused by name', async (t) => {
  const file = join(await tempFolder(t), 'topics.json');
  for (const [text, words] of [
    ['{}', /no JSON array/],
    ['[{', /no JSON/],
    ['[{"perm":6}]', /entry 0 of the file has no topicName/],
    ['[{"topicName":"a b"}]', /entry 0/],
    ['[{"topicName":"a"},{"topicName":"a"}]', /has "a" twice/],
  ] as const) {
    await writeFile(file, text);
    const { code, stderr } = await runFake(topicImport, [file, '-c', 'c1', '--yes'], topicWire());
    t.is(code, 2, text);
    t.regex(stderr, words);
  }
  const missing = await runApacheFake('updateTopicList -c c1 -f /nowhere/topics.json', topicWire());
  t.deepEqual([missing.code, missing.stdout], [3, 'the file path /nowhere/topics.json does not exists\n']);
});

test('updateTopicList and updateSubGroupList submit to every master', async (t) => {
  const folder = await tempFolder(t);
  await writeFile(join(folder, 'topics.json'), '[{"topicName":"t1"}]');
  await writeFile(join(folder, 'groups.json'), '[{"groupName":"g1"}]');
  const wire = topicWire().on(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, () => ({}));
  t.is(
    (await runApacheFake(`updateTopicList -c c1 -f ${folder}/topics.json`, wire)).stdout,
    // In the order of Java's HashSet of addresses.
    [BROKER_B, BROKER_A]
      .map((addr) => `submit batch of topic config to ${addr} success, please check the result later.\n`)
      .join(''),
  );
  t.is(
    (await runApacheFake(`updateSubGroupList -b ${BROKER_A} -f ${folder}/groups.json`, wire)).stdout,
    `submit batch of group config to ${BROKER_A} success, please check the result later.\n`,
  );
});

test('brokers before 5.x get the configs one by one', async (t) => {
  const file = join(await tempFolder(t), 'topics.json');
  await writeFile(file, '[{"topicName":"t1"},{"topicName":"t2"}]');
  const wire = clusterWire().on(RequestCode.UPDATE_AND_CREATE_TOPIC, () => ({}));
  t.is((await runApacheFake(`updateTopicList -b ${BROKER_A} -f ${file}`, wire)).code, 0);
  t.deepEqual(
    wire.of(RequestCode.UPDATE_AND_CREATE_TOPIC).map(({ fields }) => fields.topic),
    ['t1', 't2'],
  );
});

function permWire(): FakeWire {
  return clusterWire((topic) => topic === 'orders')
    .on(RequestCode.GET_TOPIC_CONFIG, () => ({ body: Buffer.from(JSON.stringify(ORDERS)) }))
    .on(RequestCode.UPDATE_AND_CREATE_TOPIC, () => ({}));
}

test('a permission is changed alone, the other settings stay', async (t) => {
  const wire = permWire();
  t.is((await runFake(setPerm, ['orders', 'R', '-c', 'c1'], wire)).code, 2);
  t.is((await runFake(setPerm, ['orders', 'R', '-c', 'c1', '--yes'], wire)).code, 0);
  t.like(wire.of(RequestCode.UPDATE_AND_CREATE_TOPIC)[0]?.fields, { perm: '4', readQueueNums: '4' });
  const { stdout } = await runApacheFake(`updateTopicPerm -b ${BROKER_A} -t orders -p 4`, wire);
  t.is(
    stdout,
    `update topic perm from 6 to 4 in ${BROKER_A} success.\n` +
      'TopicConfig [topicName=orders, readQueueNums=4, writeQueueNums=4, perm=R--, topicFilterType=SINGLE_TAG, ' +
      'topicSysFlag=0, order=false, attributes={}].\n',
  );
  t.is((await runApacheFake('updateTopicPerm -c c1 -t orders -p 2', wire)).stdout.split('\n').length, 3);
});

test('updateTopicPerm wants a master of the topic and another permission', async (t) => {
  const wire = permWire();
  const slave = await runApacheFake('updateTopicPerm -b 10.0.0.4:10911 -t orders -p 4', wire);
  t.deepEqual([slave.code, slave.stdout], [3, 'updateTopicPerm error broker not exit or broker is not master!.\n']);
  const same = await runApacheFake(`updateTopicPerm -b ${BROKER_A} -t orders -p 6`, wire);
  t.deepEqual([same.code, same.stdout], [0, 'new perm equals to the old one!\n']);
  t.is((await runApacheFake('updateTopicPerm -t orders -p 6', wire)).code, 2);
  t.is((await runApacheFake('updateTopicPerm -t nope -p 6 -c c1', wire)).code, 3);
});

test('an order conf is put, got and deleted', async (t) => {
  let conf: string | null = null;
  const wire = clusterWire()
    .on(RequestCode.GET_KV_CONFIG, () =>
      conf === null ? { code: ResponseCode.QUERY_NOT_FOUND, remark: 'none' } : { extFields: { value: conf } },
    )
    .on(RequestCode.PUT_KV_CONFIG, ({ extFields }) => {
      conf = extFields?.value ?? '';
      return {};
    })
    .on(RequestCode.DELETE_KV_CONFIG, () => {
      conf = null;
      return {};
    });
  t.is((await runFake(setOrderConf, ['orders', 'broker-a'], wire)).code, 2);
  const put = await runApacheFake('updateOrderConf -t orders -m put -v broker-a:4', wire);
  t.is(put.stdout, 'update orderConf success. topic=[orders], orderConf=[broker-a:4]');
  const got = await runApacheFake('updateOrderConf -t orders -m get', wire);
  t.is(got.stdout, 'get orderConf success. topic=[orders], orderConf=[broker-a:4] ');
  t.is(JSON.parse((await runFake(getOrderConf, ['orders', '--json'], wire)).stdout).namesrvs[0].value, 'broker-a:4');
  const gone = await runApacheFake('updateOrderConf -t orders -m delete', wire);
  t.is(gone.stdout, 'delete orderConf success. topic=[orders]');
  t.is((await runApacheFake('updateOrderConf -t orders -m get', wire)).code, 3);
  t.is((await runApacheFake('updateOrderConf -t orders -m put', wire)).code, 2);
  t.is((await runApacheFake('updateOrderConf -t orders -m list', wire)).code, 2);
});

test('the clusters of a topic, and queues shared out to members', async (t) => {
  t.is((await runApacheFake('topicClusterList -t orders')).stdout, 'c1\n');
  t.is((await runFake(topicClusters, ['orders', '--output', 'name'])).stdout, 'c1\n');
  const { stdout } = await runApacheFake('allocateMQ -t orders -i a,b,c');
  const q = (broker: string, id: number) => `{"brokerName":"${broker}","queueId":${id},"topic":"orders"}`;
  // Queues in the order of Java's HashSet of them, as Apache's tool hands them to the strategy.
  t.is(
    stdout,
    `{"result":{"a":[${q('broker-a', 0)},${q('broker-b', 1)}],"b":[${q('broker-a', 1)}],"c":[${q('broker-b', 0)}]}}\n`,
  );
  t.is((await runFake(queueAllocate, ['orders', '-i', 'a,a'])).code, 2);
  const five = JSON.parse((await runFake(queueAllocate, ['orders', '-i', 'a,b,c,d,e', '--json'])).stdout);
  t.deepEqual(five.members.at(-1), { clientId: 'e', queues: [] });
});

test('units of a consume queue are shown as stored', async (t) => {
  const unit = { physicOffset: 100, physicSize: 200, tagsCode: 99n, eval: true };
  const wire = clusterWire().on(RequestCode.QUERY_CONSUME_QUEUE, () => ({
    body: encodeQueryConsumeQueueResponseBody({ queueData: [unit], minQueueIndex: 0, maxQueueIndex: 8 }),
  }));
  const rule = '======================================\n';
  t.is(
    (await runApacheFake('queryCq -t orders -q 1 -i 7 -c 1', wire)).stdout,
    `Queue data: \nmax: 8, min: 0\n${rule}idx: 7\nConsumeQueueData{physicOffset=100, physicSize=200, tagsCode=99, ` +
      `extendDataJson='null', bitMap='null', eval=true, msg='null'}\n${rule}`,
  );
  t.is(wire.of(RequestCode.QUERY_CONSUME_QUEUE)[0]?.addr, BROKER_A);
  const modern = await runFake(queueQuery, ['orders', '-q', '1', '--index', '7', '-b', BROKER_B, '--json'], wire);
  t.like(JSON.parse(modern.stdout), { addr: BROKER_B, maxQueueIndex: 8 });
  t.like(JSON.parse(modern.stdout).units[0], { index: 7, tagsCode: '99' });
});

test('the settings of a group are shown broker by broker; an unknown one is not found', async (t) => {
  const config = { ...defaultSubscriptionGroupConfig('payments'), retryMaxTimes: 3 };
  const wire = clusterWire().on(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, (_request, addr) => ({
    body: encodeSubscriptionGroupWrapper({
      subscriptionGroupTable: addr === BROKER_A ? { payments: config } : {},
      forbiddenTable: {},
      dataVersion: DATA_VERSION,
    }),
  }));
  const { stdout } = await runApacheFake('getConsumerConfig -g payments', wire);
  const rule = '='.repeat(29);
  t.true(stdout.startsWith(`${rule}c1:broker-a${rule}\n${'groupName'.padEnd(40)}=  payments\n`));
  t.true(stdout.includes(`${'subscriptionDataSet'.padEnd(40)}=  \n${'attributes'.padEnd(40)}=  {}\n`));
  const modern = await runFake(consumerGetConfig, ['payments', '--json'], wire);
  t.is(JSON.parse(modern.stdout).brokers[0].config.retryMaxTimes, 3);
  const unknown = await runFake(consumerGetConfig, ['payment'], wire);
  t.is(unknown.code, 3);
  t.regex(unknown.stderr, /groups: payments/);
  wire.down.add(BROKER_B);
  t.is((await runFake(consumerGetConfig, ['payments'], wire)).code, 7);
});

test('connected producers are listed, empty groups are named', async (t) => {
  const info = { clientId: 'c@1', remoteIP: '10.1.1.1:5', language: 'JAVA', version: 455, lastUpdateTimestamp: 7 };
  const wire = clusterWire().on(RequestCode.GET_ALL_PRODUCER_INFO, () => ({
    body: encodeProducerTableInfo({ data: { shop: [info], idle: [] } } as Parameters<
      typeof encodeProducerTableInfo
    >[0]),
  }));
  t.is(
    (await runApacheFake(`producer -b ${BROKER_A}`, wire)).stdout,
    'producer group (idle) instances are empty\nproducer group (shop) instance : clientId=c@1,remoteIP=10.1.1.1:5, ' +
      'language=JAVA, version=455, lastUpdateTimestamp=7\n',
  );
  const { producers } = JSON.parse((await runFake(producerList, ['--json'], wire)).stdout);
  t.deepEqual(
    producers.map(({ brokerName }: { brokerName: string }) => brokerName),
    ['broker-a', 'broker-b'],
  );
});
