/** The name server over real sockets. Bodies that it must produce are those of Java, written out by hand. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import type { NameServerDeps } from '../../src/namesrv/name-server.js';
import type { NamesrvConfig } from '../../src/namesrv/namesrv-config.js';
import { createRequest, type RemotingCommand } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import type { RemotingClient } from '../../src/remoting/client.js';
import { ManualClock } from '../helper/manual-clock.js';
import { startNamesrv } from '../helper/namesrv.js';
import { startClient, startServer, until } from '../helper/remoting.js';

function topic(name: string, more: object = {}): object {
  const config = { topicName: name, readQueueNums: 4, writeQueueNums: 4, perm: 6, topicFilterType: 'SINGLE_TAG' };
  return { ...config, order: false, topicSysFlag: 0, ...more };
}

function registerBody(topics: object[], counter = 1, more: object = {}): object {
  const topicConfigTable = Object.fromEntries(
    topics.map((config) => [(config as { topicName: string }).topicName, config]),
  );
  const wrapper = { dataVersion: { counter, timestamp: 0, stateVersion: 0 }, topicConfigTable, ...more };
  return { filterServerList: [], topicConfigSerializeWrapper: wrapper };
}

class Caller {
  readonly #client: RemotingClient;
  readonly #addr: string;

  constructor(t: ExecutionContext, addr: string) {
    this.#client = startClient(t).client;
    this.#addr = addr;
  }

  call(
    code: number,
    extFields: Record<string, string> = {},
    body: Buffer | string | object | null = null,
    init: Partial<RemotingCommand> = {},
  ): Promise<RemotingCommand> {
    const bytes =
      body === null || Buffer.isBuffer(body)
        ? body
        : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    return this.#client.invoke(this.#addr, createRequest(code, extFields, bytes, init), 5000);
  }

  register(
    fields: Record<string, string> = {},
    body: Buffer | string | object | null = registerBody([topic('T1'), topic('T2')]),
    init: Partial<RemotingCommand> = {},
  ): Promise<RemotingCommand> {
    const { brokerName = 'broker-a', brokerId = '0' } = fields;
    const identity = { brokerName, brokerAddr: `10.0.0.1:${10911 + Number(brokerId)}`, brokerId, clusterName: 'c1' };
    const header = { ...identity, haServerAddr: `10.0.0.1:${10912 + Number(brokerId)}`, ...fields };
    return this.call(RequestCode.REGISTER_BROKER, header, body, init);
  }

  unregister(fields: Record<string, string> = {}): Promise<RemotingCommand> {
    const identity = { brokerName: 'broker-a', brokerAddr: '10.0.0.1:10911', brokerId: '0', clusterName: 'c1' };
    return this.call(RequestCode.UNREGISTER_BROKER, { ...identity, ...fields });
  }

  route(topicName: string, extFields: Record<string, string> = {}, init: Partial<RemotingCommand> = {}) {
    return this.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: topicName, ...extFields }, null, init);
  }

  disconnect(): Promise<void> {
    return this.#client.shutdown();
  }
}

async function setUp(t: ExecutionContext, config?: Partial<NamesrvConfig>, deps?: Partial<NameServerDeps>) {
  const namesrv = await startNamesrv(t, config, deps);
  return { ...namesrv, caller: new Caller(t, namesrv.addr) };
}

function bodyText(response: RemotingCommand): string {
  return response.body?.toString() ?? '';
}

async function untilNoRoute(caller: Caller, topicName: string): Promise<void> {
  while ((await caller.route(topicName)).code === ResponseCode.SUCCESS);
}

const ROUTE_TAIL =
  '"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}';

test('routes are standard JSON for callers since 4.9.4 and on request, else as fastjson writes', async (t) => {
  const { caller } = await setUp(t);
  const registered = await caller.register();
  t.is(registered.code, ResponseCode.SUCCESS);
  t.is(registered.body, null);
  t.deepEqual({ ...registered.extFields }, {}, 'a master gets no master address');
  const head = (key: string) =>
    `{"brokerDatas":[{"brokerAddrs":{${key}:"10.0.0.1:10911"},"brokerName":"broker-a","cluster":"c1","enableActingMaster":false}],`;
  t.is(bodyText(await caller.route('T1', {}, { version: 401 })), head('"0"') + ROUTE_TAIL);
  t.is(bodyText(await caller.route('T1', {}, { version: 399 })), head('0') + ROUTE_TAIL);
  const asked = await caller.route('T1', { acceptStandardJsonOnly: 'true' }, { version: 399 });
  t.is(bodyText(asked), head('"0"') + ROUTE_TAIL);
});

test('an unknown topic is code 17 with the text of Java', async (t) => {
  const { caller } = await setUp(t);
  const response = await caller.route('Nope');
  t.is(response.code, ResponseCode.TOPIC_NOT_EXIST);
  t.is(
    response.remark,
    'No topic route info in name server for the topic: Nope\n' +
      'See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.',
  );
});

test('an unknown request code is answered with code 3', async (t) => {
  const { caller } = await setUp(t);
  const response = await caller.call(RequestCode.SEND_MESSAGE);
  t.is(response.code, ResponseCode.REQUEST_CODE_NOT_SUPPORTED);
  t.is(response.remark, ' request type 10 not supported');
});

test('a missing header field is code 1 and names it', async (t) => {
  const { caller } = await setUp(t);
  const response = await caller.call(RequestCode.GET_ROUTEINFO_BY_TOPIC);
  t.is(response.code, ResponseCode.SYSTEM_ERROR);
  t.regex(response.remark ?? '', /GetRouteInfoRequestHeader\.topic is missing/);
});

test('a registration whose checksum does not match is refused', async (t) => {
  const { caller } = await setUp(t);
  const wrong = await caller.register({ bodyCrc32: '1' });
  t.is(wrong.code, ResponseCode.SYSTEM_ERROR);
  t.is(wrong.remark, 'crc32 not match');
  // CRC-32 of "123456789" is 0xCBF43926, the check value of the algorithm; masked to 31 bits. It is no JSON object.
  const right = await caller.register({ bodyCrc32: String(0xcbf43926 & 0x7fffffff) }, '123456789');
  t.not(right.remark, 'crc32 not match');
  t.is(right.code, ResponseCode.SYSTEM_ERROR);
});

test('one topic alone is refused before the first registration', async (t) => {
  const { caller } = await setUp(t);
  const response = await caller.register({}, registerBody([topic('T1')]));
  t.is(response.code, ResponseCode.SYSTEM_ERROR);
  t.is(response.remark, 'register broker failed');
});

test('a registration without a body has no topics', async (t) => {
  const { caller } = await setUp(t);
  t.is((await caller.register({}, null)).code, ResponseCode.SUCCESS);
  t.is(bodyText(await caller.call(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)), '{"topicList":[]}');
});

test('brokers before 3.0.11 send the bare topic config wrapper', async (t) => {
  const { caller } = await setUp(t);
  const { topicConfigSerializeWrapper } = registerBody([topic('Old1'), topic('Old2')]) as Record<string, object>;
  const response = await caller.register({}, topicConfigSerializeWrapper as object, { version: 36 });
  t.is(response.code, ResponseCode.SUCCESS);
  t.is((await caller.route('Old1')).code, ResponseCode.SUCCESS);
});

/** The compressed form, put together as RegisterBrokerBody.java describes it. */
function compressedBody(): Buffer {
  const int = (n: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(n);
    return bytes;
  };
  const section = (text: string) => Buffer.concat([int(Buffer.byteLength(text)), Buffer.from(text)]);
  return deflateSync(
    Buffer.concat([
      section('{"counter":1,"stateVersion":0,"timestamp":0}'),
      int(2),
      section('Z1 8 4 6 SINGLE_TAG {}'),
      section('Z2 8 4 6 SINGLE_TAG {}'),
      section('[]'),
      int(0),
    ]),
  );
}

for (const compressed of ['true', 'false']) {
  test(`a compressed body is read when the header says compressed=${compressed}`, async (t) => {
    const { caller } = await setUp(t);
    t.is((await caller.register({ compressed }, compressedBody())).code, ResponseCode.SUCCESS);
    t.regex(bodyText(await caller.route('Z1')), /"readQueueNums":8,"topicSysFlag":0,"writeQueueNums":4/);
  });
}

test('a slave is told its master, and every broker the order topics', async (t) => {
  const { caller } = await setUp(t);
  await caller.call(RequestCode.PUT_KV_CONFIG, { namespace: 'ORDER_TOPIC_CONFIG', key: 'T1', value: 'broker-a:4' });
  await caller.register();
  const slave = await caller.register({ brokerId: '1' });
  t.deepEqual({ ...slave.extFields }, { masterAddr: '10.0.0.1:10911', haServerAddr: '10.0.0.1:10912' });
  t.is(bodyText(slave), '{"table":{"T1":"broker-a:4"}}');
  await caller.call(RequestCode.UPDATE_NAMESRV_CONFIG, {}, 'returnOrderTopicConfigToBroker=false');
  t.is((await caller.register({ brokerId: '1' })).body, null);
});

test('routes carry orderTopicConf when it is enabled', async (t) => {
  const { caller } = await setUp(t);
  await caller.call(RequestCode.PUT_KV_CONFIG, { namespace: 'ORDER_TOPIC_CONFIG', key: 'T1', value: 'broker-a:4' });
  await caller.register();
  t.false(bodyText(await caller.route('T1')).includes('orderTopicConf'));
  await caller.call(RequestCode.UPDATE_NAMESRV_CONFIG, {}, 'orderMessageEnable=true');
  t.regex(bodyText(await caller.route('T1')), /"orderTopicConf":"broker-a:4"/);
  t.false(bodyText(await caller.route('T2')).includes('orderTopicConf'));
});

test('a zone sees its own brokers and groups without master', async (t) => {
  const { caller } = await setUp(t);
  const body = registerBody([topic('T1'), topic('T2')]);
  for (const [brokerName, zone] of [
    ['near', 'Zone-A'],
    ['far', 'zone-b'],
    ['bare', ''],
  ] as const) {
    await caller.register({ brokerName, brokerAddr: `${brokerName}:1`, ...(zone && { __ZONE_NAME: zone }) }, body);
  }
  await caller.register(
    { brokerName: 'orphan', brokerAddr: 'orphan:1', brokerId: '1', enableActingMaster: 'true' },
    body,
  );
  const brokersSeen = async (fields: Record<string, string>) => {
    const route = JSON.parse(bodyText(await caller.route('T1', fields)));
    const names = (list: Array<{ brokerName: string }>) => list.map(({ brokerName }) => brokerName).sort();
    t.deepEqual(names(route.queueDatas), names(route.brokerDatas));
    return names(route.brokerDatas);
  };
  t.deepEqual(await brokersSeen({ __ZONE_MODE: 'true', __ZONE_NAME: 'zone-a' }), ['near', 'orphan']);
  const everybody = ['bare', 'far', 'near', 'orphan'];
  t.deepEqual(await brokersSeen({ __ZONE_NAME: 'zone-a' }), everybody, 'without zone mode');
  t.deepEqual(await brokersSeen({ __ZONE_MODE: 'true', __ZONE_NAME: ' ' }), everybody, 'without a zone name');
});

test('a broker goes when its connection closes', async (t) => {
  const { caller, addr, logger } = await setUp(t);
  const broker = new Caller(t, addr);
  await broker.register();
  t.is((await caller.route('T1')).code, ResponseCode.SUCCESS);
  await broker.disconnect();
  await untilNoRoute(caller, 'T1');
  t.true(logger.of('info').some((line) => line.message === 'broker unregistered'));
});

test('a broker that unregisters goes, though the answer only says accepted', async (t) => {
  const { caller } = await setUp(t);
  await caller.register();
  t.is((await caller.unregister()).code, ResponseCode.SUCCESS);
  await untilNoRoute(caller, 'T1');
  t.is(
    bodyText(await caller.call(RequestCode.GET_BROKER_CLUSTER_INFO)),
    '{"brokerAddrTable":{},"clusterAddrTable":{}}',
  );
});

test('a silent broker is dropped by the scan, and its connection closed', async (t) => {
  const clock = new ManualClock();
  const { caller, addr } = await setUp(t, {}, { clock });
  const { client } = startClient(t);
  let closed = 0;
  client.onDisconnect(() => closed++);
  const fields = { brokerName: 'b', brokerAddr: 'b:1', brokerId: '0', clusterName: 'c1', haServerAddr: 'b:2' };
  const body = Buffer.from(JSON.stringify(registerBody([topic('T1'), topic('T2')])));
  const header = { ...fields, heartbeatTimeoutMillis: '10000' };
  await client.invoke(addr, createRequest(RequestCode.REGISTER_BROKER, header, body), 5000);
  clock.advance(8000);
  await client.invoke(addr, createRequest(RequestCode.BROKER_HEARTBEAT, fields), 5000);
  clock.advance(9000);
  t.is((await caller.route('T1')).code, ResponseCode.SUCCESS, 'the heartbeat counted');
  clock.advance(6000);
  await untilNoRoute(caller, 'T1');
  await until(() => closed === 1);
  t.pass();
});

test('the scan follows its interval when that is updated', async (t) => {
  const clock = new ManualClock();
  const { caller, addr } = await setUp(t, {}, { clock });
  await caller.register({ heartbeatTimeoutMillis: '100' });
  await caller.call(RequestCode.UPDATE_NAMESRV_CONFIG, {}, 'scanNotActiveBrokerInterval=200');
  clock.advance(200);
  await untilNoRoute(new Caller(t, addr), 'T1');
  t.pass();
});

test('data versions: unknown, the same, changed; asking counts as a heartbeat', async (t) => {
  const { caller } = await setUp(t);
  const identity = { brokerName: 'broker-a', brokerAddr: '10.0.0.1:10911', brokerId: '0', clusterName: 'c1' };
  const query = (counter: number) =>
    caller.call(RequestCode.QUERY_DATA_VERSION, identity, { counter, timestamp: 0, stateVersion: 0 });
  const unknown = await query(1);
  t.is(unknown.extFields?.changed, 'true');
  t.is(unknown.body, null);
  await caller.register();
  const same = await query(1);
  t.is(same.extFields?.changed, 'false');
  t.is(bodyText(same), '{"counter":1,"stateVersion":0,"timestamp":0}');
  t.is((await query(2)).extFields?.changed, 'true');
});

test('cluster info and member groups have the form of Java', async (t) => {
  const { caller } = await setUp(t);
  await caller.register();
  await caller.register({ brokerId: '1' });
  t.is(
    bodyText(await caller.call(RequestCode.GET_BROKER_CLUSTER_INFO)),
    '{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"10.0.0.1:10911",1:"10.0.0.1:10912"},"brokerName":"broker-a",' +
      '"cluster":"c1","enableActingMaster":false}},"clusterAddrTable":{"c1":["broker-a"]}}',
  );
  const group = (brokerName: string) =>
    caller.call(RequestCode.GET_BROKER_MEMBER_GROUP, { clusterName: 'c1', brokerName });
  t.is(
    bodyText(await group('broker-a')),
    '{"brokerMemberGroup":{"brokerAddrs":{0:"10.0.0.1:10911",1:"10.0.0.1:10912"},"brokerName":"broker-a","cluster":"c1"}}',
  );
  const unknown = await group('ghost');
  t.is(unknown.code, ResponseCode.SUCCESS);
  t.is(bodyText(unknown), '{"brokerMemberGroup":{"brokerAddrs":{},"brokerName":"ghost","cluster":"c1"}}');
});

test('write permission is wiped and added, with the number of topics', async (t) => {
  const { caller } = await setUp(t);
  await caller.register();
  const wiped = await caller.call(RequestCode.WIPE_WRITE_PERM_OF_BROKER, { brokerName: 'broker-a' });
  t.is(wiped.extFields?.wipeTopicCount, '2');
  t.regex(bodyText(await caller.route('T1')), /"perm":4/);
  const added = await caller.call(RequestCode.ADD_WRITE_PERM_OF_BROKER, { brokerName: 'broker-a' });
  t.is(added.extFields?.addTopicCount, '2');
  t.regex(bodyText(await caller.route('T1')), /"perm":6/);
  const nobody = await caller.call(RequestCode.WIPE_WRITE_PERM_OF_BROKER, { brokerName: 'ghost' });
  t.is(nobody.extFields?.wipeTopicCount, '0');
});

test('topic lists', async (t) => {
  const { caller } = await setUp(t);
  await caller.register(
    {},
    registerBody([topic('N'), topic('U', { topicSysFlag: 1 }), topic('S', { topicSysFlag: 2 })]),
  );
  const list = async (code: number, extFields = {}) => bodyText(await caller.call(code, extFields));
  t.is(await list(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER), '{"topicList":["N","U","S"]}');
  t.is(await list(RequestCode.GET_TOPICS_BY_CLUSTER, { cluster: 'c1' }), '{"topicList":["N","U","S"]}');
  t.is(await list(RequestCode.GET_TOPICS_BY_CLUSTER, { cluster: 'ghost' }), '{"topicList":[]}');
  t.is(
    await list(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS),
    '{"brokerAddr":"10.0.0.1:10911","topicList":["c1","broker-a"]}',
  );
  t.is(await list(RequestCode.GET_UNIT_TOPIC_LIST), '{"topicList":["U"]}');
  t.is(await list(RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST), '{"topicList":["S"]}');
  t.is(await list(RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST), '{"topicList":["S"]}');
});

test('topic lists can be switched off', async (t) => {
  const { caller } = await setUp(t, { enableAllTopicList: false, enableTopicList: false });
  const codes = [
    RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
    RequestCode.GET_TOPICS_BY_CLUSTER,
    RequestCode.GET_UNIT_TOPIC_LIST,
    RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST,
    RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST,
  ];
  for (const code of codes) {
    const response = await caller.call(code, { cluster: 'c1' });
    t.is(response.code, ResponseCode.SYSTEM_ERROR);
    t.is(response.remark, 'disable');
  }
  t.is((await caller.call(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS)).code, ResponseCode.SUCCESS);
});

test('topics are registered and deleted by hand', async (t) => {
  const { caller } = await setUp(t);
  await caller.register();
  const queueDatas = [{ brokerName: 'broker-a', readQueueNums: 1, writeQueueNums: 1, perm: 6, topicSysFlag: 0 }];
  const added = await caller.call(RequestCode.REGISTER_TOPIC_IN_NAMESRV, { topic: 'New' }, { queueDatas });
  t.is(added.code, ResponseCode.SUCCESS);
  t.regex(bodyText(await caller.route('New')), /"readQueueNums":1/);
  const ghost = { queueDatas: [{ ...queueDatas[0], brokerName: 'ghost' }] };
  t.is((await caller.call(RequestCode.REGISTER_TOPIC_IN_NAMESRV, { topic: 'X' }, ghost)).code, ResponseCode.SUCCESS);
  t.is((await caller.route('X')).code, ResponseCode.TOPIC_NOT_EXIST);
  t.is(
    (await caller.call(RequestCode.REGISTER_TOPIC_IN_NAMESRV, { topic: 'X' })).code,
    ResponseCode.SUCCESS,
    'no body',
  );
  await caller.call(RequestCode.DELETE_TOPIC_IN_NAMESRV, { topic: 'New', clusterName: 'c1' });
  t.is((await caller.route('New')).code, ResponseCode.TOPIC_NOT_EXIST);
  await caller.call(RequestCode.DELETE_TOPIC_IN_NAMESRV, { topic: 'T1' });
  t.is((await caller.route('T1')).code, ResponseCode.TOPIC_NOT_EXIST);
});

test('KV config by request', async (t) => {
  const { caller, folder } = await setUp(t);
  const item = { namespace: 'ns', key: 'k' };
  const missing = await caller.call(RequestCode.GET_KV_CONFIG, item);
  t.is(missing.code, ResponseCode.QUERY_NOT_FOUND);
  t.is(missing.remark, 'No config item, Namespace: ns Key: k');
  const noNamespace = await caller.call(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace: 'ns' });
  t.is(noNamespace.code, ResponseCode.QUERY_NOT_FOUND);
  t.is(noNamespace.remark, 'No config item, Namespace: ns');
  const nameless = await caller.call(RequestCode.PUT_KV_CONFIG, { key: 'k', value: 'v' });
  t.is(nameless.code, ResponseCode.SYSTEM_ERROR);
  t.is(nameless.remark, 'namespace or key is null');

  t.is((await caller.call(RequestCode.PUT_KV_CONFIG, { ...item, value: 'v' })).code, ResponseCode.SUCCESS);
  t.is(
    await readFile(join(folder, 'kvConfig.json'), 'utf8'),
    '{"configTable":{"ns":{"k":"v"}}}',
    'on disk when answered',
  );
  t.is((await caller.call(RequestCode.GET_KV_CONFIG, item)).extFields?.value, 'v');
  t.is(bodyText(await caller.call(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace: 'ns' })), '{"table":{"k":"v"}}');
  t.is((await caller.call(RequestCode.DELETE_KV_CONFIG, item)).code, ResponseCode.SUCCESS);
  t.is((await caller.call(RequestCode.DELETE_KV_CONFIG, item)).code, ResponseCode.SUCCESS, 'twice');
  t.is(bodyText(await caller.call(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace: 'ns' })), '{"table":{}}');
});

test('a full KV table is answered with its bound', async (t) => {
  const { caller } = await setUp(t, {}, { kvLimits: { maxEntries: 2, maxChars: 100 } });
  await caller.call(RequestCode.PUT_KV_CONFIG, { namespace: 'ns', key: 'a', value: 'v' });
  const full = await caller.call(RequestCode.PUT_KV_CONFIG, { namespace: 'ns', key: 'b', value: 'v' });
  t.is(full.code, ResponseCode.SYSTEM_ERROR);
  t.is(full.remark, 'KV config is full: 2 entries');
});

test('the config is shown, updated and stored; the black list and bad values are refused', async (t) => {
  const { caller, folder, addr } = await setUp(t);
  const update = (text: string) => caller.call(RequestCode.UPDATE_NAMESRV_CONFIG, {}, text);
  t.is((await update('orderMessageEnable=true\nunknownKey=1\n')).code, ResponseCode.SUCCESS);
  const lines = bodyText(await caller.call(RequestCode.GET_NAMESRV_CONFIG)).split('\n');
  t.true(lines.includes('orderMessageEnable=true'));
  t.true(lines.includes(`listenPort=${addr.split(':')[1]}`), 'the port it took');
  t.false(lines.some((line) => line.startsWith('unknownKey')));
  t.deepEqual(lines.slice(0, -1), lines.slice(0, -1).sort());
  t.regex(await readFile(join(folder, 'namesrv.properties'), 'utf8'), /^orderMessageEnable=true$/m);

  const black = await update('kvConfigPath=/tmp/x');
  t.is(black.code, ResponseCode.NO_PERMISSION);
  t.is(black.remark, 'Can not update config in black list.');
  const unparsable = await update('a=\\u12');
  t.is(unparsable.code, ResponseCode.SYSTEM_ERROR);
  t.is(unparsable.remark, 'string2Properties error');
  const bad = await update('orderMessageEnable=false\nwaitSecondsForService=soon');
  t.is(bad.code, ResponseCode.SYSTEM_ERROR);
  t.regex(bad.remark ?? '', /waitSecondsForService: "soon" is not an integer/);
  t.true(bodyText(await caller.call(RequestCode.GET_NAMESRV_CONFIG)).includes('orderMessageEnable=true\n'));
  t.is((await caller.call(RequestCode.UPDATE_NAMESRV_CONFIG)).code, ResponseCode.SUCCESS, 'no body');
});

test('routes wait for the start-up time when asked to', async (t) => {
  const clock = new ManualClock();
  const { caller } = await setUp(t, { needWaitForService: true, waitSecondsForService: 45 }, { clock });
  await caller.register();
  clock.advance(44_999);
  const early = await caller.route('T1');
  t.is(early.code, ResponseCode.SYSTEM_ERROR);
  t.is(early.remark, 'name server not ready');
  clock.advance(1);
  t.is((await caller.route('T1')).code, ResponseCode.SUCCESS);
});

test('members of a group hear of a lost minimum, one-way', async (t) => {
  const { caller } = await setUp(t, { notifyMinBrokerIdChanged: true });
  const heard: RemotingCommand[] = [];
  const { server, addr } = await startServer(t);
  server.register(RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, (request) => {
    heard.push(request);
    return null;
  });
  await caller.register({ enableActingMaster: 'true' });
  await caller.register({ brokerId: '1', brokerAddr: addr, enableActingMaster: 'true' });
  await caller.unregister();
  await until(() => heard.length > 0);
  t.deepEqual(
    { ...heard[0]?.extFields },
    { minBrokerId: '1', minBrokerAddr: addr, offlineBrokerAddr: '10.0.0.1:10911' },
  );
  t.is((heard[0]?.flag ?? 0) & 2, 2);
});

test('a member that cannot be reached is logged and forgotten', async (t) => {
  const { caller, logger } = await setUp(t, { notifyMinBrokerIdChanged: true });
  await caller.register({ enableActingMaster: 'true' });
  await caller.register({ brokerId: '1', brokerAddr: '127.0.0.1:1', enableActingMaster: 'true' });
  await caller.unregister();
  await until(() => logger.of('warn').some((line) => line.message === 'broker not notified'));
  t.is((await caller.route('T1')).code, ResponseCode.SUCCESS);
});

test('in a test cluster unknown topics are looked up in the product environment', async (t) => {
  const asked: string[] = [];
  const queueDatas = [{ brokerName: 'far', readQueueNums: 1, writeQueueNums: 1, perm: 6, topicSysFlag: 0 }];
  const brokerDatas = [
    { cluster: 'c', brokerName: 'far', brokerAddrs: new Map([[0, 'far:1']]), enableActingMaster: false },
  ];
  const { caller } = await setUp(
    t,
    { clusterTest: true },
    {
      async productEnvironment(name) {
        asked.push(name);
        if (name === 'Down') throw new Error('environment is down');
        return name === 'Far' ? { queueDatas, brokerDatas, filterServerTable: {} } : null;
      },
    },
  );
  await caller.register();
  t.is((await caller.route('T1')).code, ResponseCode.SUCCESS);
  t.regex(bodyText(await caller.route('Far')), /"brokerAddrs":\{"0":"far:1"\}/);
  t.is((await caller.route('Nope')).code, ResponseCode.TOPIC_NOT_EXIST);
  t.is((await caller.route('Down')).code, ResponseCode.TOPIC_NOT_EXIST);
  t.deepEqual(asked, ['Far', 'Nope', 'Down']);
});

test('shutdown is repeatable and frees the port; a taken port is an error', async (t) => {
  const { server, addr } = await startNamesrv(t);
  const port = Number(addr.split(':')[1]);
  const second = await startNamesrv(t);
  await t.throwsAsync(second.server.start({ host: '127.0.0.1', port }), { code: 'REMOTING_CONNECT' });
  await server.shutdown();
  await server.shutdown();
  const { server: third } = await startNamesrv(t);
  t.is((await third.start({ host: '127.0.0.1', port })).port, port);
});
