import test from 'ava';
import { createClientApi } from '../../src/client/client-api.js';
import { MQBrokerError } from '../../src/client/errors.js';
import { NameServers } from '../../src/client/name-servers.js';
import { Rpc } from '../../src/client/rpc.js';
import {
  encodeTopicConfigAndMappingSerializeWrapper,
  type TopicConfigAndMappingSerializeWrapper,
} from '../../src/protocol/bodies.js';
import type { ExtFields } from '../../src/protocol/header-schema.js';
import { encodeStoredMessage, type StoredMessage } from '../../src/protocol/message-codec.js';
import { createResponse, type RemotingCommand } from '../../src/protocol/remoting-command.js';
import { MessageSysFlag } from '../../src/protocol/sys-flag.js';
import { RemotingTimeoutError } from '../../src/remoting/errors.js';
import { ManualClock } from '../helper/manual-clock.js';

interface Reply {
  code?: number;
  remark?: string;
  extFields?: ExtFields;
  body?: Buffer | string;
}

function setUp(answer: (request: RemotingCommand) => Reply = () => ({})) {
  const clock = new ManualClock();
  const requests: RemotingCommand[] = [];
  const oneway: RemotingCommand[] = [];
  const remoting = {
    async invoke(_addr: string, request: RemotingCommand) {
      requests.push(request);
      const { code = 0, remark = null, extFields = null, body = null } = answer(request);
      return createResponse(request, code, remark, extFields, typeof body === 'string' ? Buffer.from(body) : body);
    },
    async invokeOneway(_addr: string, request: RemotingCommand) {
      oneway.push(request);
    },
  };
  const nameServers = new NameServers(['n:1'], { next: () => 0 });
  const api = createClientApi(new Rpc({ remoting, nameServers, clock }));
  return { api, requests, oneway, clock, last: () => requests.at(-1) as RemotingCommand };
}

const stored = (overrides: Partial<StoredMessage> = {}): Buffer =>
  encodeStoredMessage({
    topic: 'orders',
    queueId: 0,
    flag: 0,
    queueOffset: 7,
    physicalOffset: 1000,
    sysFlag: 0,
    bornTimestamp: 1,
    bornHost: { address: '127.0.0.1', port: 1 },
    storeTimestamp: 2,
    storeHost: { address: '127.0.0.1', port: 10911 },
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from('hello'),
    propertiesText: '',
    ...overrides,
  } as StoredMessage);

test('a topic is created by its header; attributes carry their sign', async (t) => {
  const { api, last } = setUp();
  await api.createTopic('b:1', {
    topicName: 'orders',
    readQueueNums: 4,
    writeQueueNums: 8,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: { '+message.type': 'FIFO', '-queue.type': '' },
  });
  t.is(last().code, 17);
  t.deepEqual(last().extFields, {
    topic: 'orders',
    defaultTopic: 'TBW102',
    readQueueNums: '4',
    writeQueueNums: '8',
    perm: '6',
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: '0',
    order: 'false',
    attributes: '+message.type=FIFO,-queue.type',
  });
});

test('a missing KV value and a missing offset are null', async (t) => {
  const { api } = setUp(() => ({ code: 22 }));
  t.is(await api.getKVConfig('ns', 'key'), null);
  t.is(await api.queryConsumerOffset('b:1', 'g', { topic: 't', queueId: 0 }), null);
});

test('a missing namespace is an error', async (t) => {
  const { api } = setUp(() => ({ code: 22, remark: 'none' }));
  await t.throwsAsync(api.getKVListByNamespace('ns'), { instanceOf: MQBrokerError });
});

test('configurations travel as Java properties', async (t) => {
  const { api, last } = setUp(() => ({ body: '# comment\nb=2\na = 1\n', extFields: { version: '{"counter":1}' } }));
  t.deepEqual({ ...(await api.getNameServerConfig()) }, { a: '1', b: '2' });
  const config = await api.getBrokerConfig('b:1');
  t.is(config.dataVersionJson, '{"counter":1}');
  await api.updateBrokerConfig('b:1', { flushDiskType: 'SYNC_FLUSH' });
  t.is(last().code, 25);
  t.is(last().body?.toString(), 'flushDiskType=SYNC_FLUSH\n');
});

for (const [code, status] of [
  [0, 'SEND_OK'],
  [10, 'FLUSH_DISK_TIMEOUT'],
  [11, 'SLAVE_NOT_AVAILABLE'],
  [12, 'FLUSH_SLAVE_TIMEOUT'],
] as const) {
  test(`a send answered with ${code} is ${status}`, async (t) => {
    const extFields = { msgId: 'id', queueId: '1', queueOffset: '5', MSG_REGION: 'r', TRACE_ON: 'false' };
    const { api } = setUp(() => ({ code, extFields }));
    const header = { a: 'g', b: 't', c: 'TBW102', d: 4, e: 0, f: 0, g: 1, h: 0 };
    const result = await api.sendMessage('b:1', header, Buffer.from('x'));
    t.like(result, { status, msgId: 'id', queueId: 1, queueOffset: 5, regionId: 'r', traceOn: false });
  });
}

test('a send has one code per kind, and long names only in the first version', async (t) => {
  const extFields = { msgId: 'id', queueId: '1', queueOffset: '5' };
  const { api, requests } = setUp(() => ({ extFields }));
  const header = { a: 'g', b: 't', c: 'TBW102', d: 4, e: 2, f: 0, g: 1, h: 0, j: 3 };
  for (const kind of ['message', 'batch', 'reply', 'v1'] as const) {
    await api.sendMessage('b:1', header, Buffer.from('x'), { kind });
  }
  t.deepEqual(
    requests.map(({ code }) => code),
    [310, 320, 325, 10],
  );
  t.is(requests[0]?.extFields?.e, '2');
  t.is(requests[3]?.extFields?.queueId, '2');
  t.is(requests[3]?.extFields?.reconsumeTimes, '3');
  t.is(requests[3]?.extFields?.e, undefined);
});

const pullHeader = {
  consumerGroup: 'g',
  topic: 'orders',
  queueId: 0,
  queueOffset: 7,
  maxMsgNums: 32,
  sysFlag: 2,
  commitOffset: 0,
  suspendTimeoutMillis: 0,
  subVersion: 0,
};
const pullAnswer = { suggestWhichBrokerId: '1', nextBeginOffset: '9', minOffset: '0', maxOffset: '20' };

test('a pull gives the messages and where to go on', async (t) => {
  const body = Buffer.concat([stored(), stored({ queueOffset: 8 })]);
  const { api, last } = setUp(() => ({ body, extFields: pullAnswer }));
  const result = await api.pullMessage('b:1', pullHeader);
  t.is(last().code, 11);
  t.like(result, { status: 'FOUND', nextBeginOffset: 9, minOffset: 0, maxOffset: 20, suggestWhichBrokerId: 1 });
  t.deepEqual(
    result.messages.map(({ queueOffset }) => queueOffset),
    [7, 8],
  );
});

test('queue offsets of a static topic are moved by the delta', async (t) => {
  const { api } = setUp(() => ({ body: stored(), extFields: { ...pullAnswer, offsetDelta: '100' } }));
  t.is((await api.pullMessage('b:1', pullHeader)).messages[0]?.queueOffset, 107);
});

test('a body that does not decompress is given as it was stored, its neighbours are not touched', async (t) => {
  const sysFlag = MessageSysFlag.COMPRESSED_FLAG | MessageSysFlag.COMPRESSION_ZLIB_TYPE;
  const body = Buffer.concat([stored({ sysFlag, body: Buffer.from('not zlib') }), stored({ queueOffset: 8 })]);
  const { api } = setUp(() => ({ body, extFields: pullAnswer }));
  const { messages } = await api.pullMessage('b:1', pullHeader);
  t.is(messages[0]?.body.toString(), 'not zlib');
  t.is((messages[0]?.sysFlag ?? 0) & MessageSysFlag.COMPRESSED_FLAG, 1);
  t.is(messages[1]?.body.toString(), 'hello');
});

for (const [code, status] of [
  [19, 'NO_NEW_MSG'],
  [20, 'NO_MATCHED_MSG'],
  [21, 'OFFSET_ILLEGAL'],
] as const) {
  test(`a pull answered with ${code} is ${status}`, async (t) => {
    const { api } = setUp(() => ({ code, extFields: pullAnswer }));
    t.like(await api.pullMessage('b:1', { ...pullHeader, sysFlag: 16 }), { status, messages: [] });
  });
}

test('a lite pull has a code of its own', async (t) => {
  const { api, last } = setUp(() => ({ code: 19, extFields: pullAnswer }));
  await api.pullMessage('b:1', { ...pullHeader, sysFlag: 2 | 4 | 16 });
  t.is(last().code, 361);
});

test('a broker that does not know lite pulls gets plain ones from then on', async (t) => {
  const { api, requests } = setUp(({ code }) => (code === 361 ? { code: 3 } : { code: 19, extFields: pullAnswer }));
  for (const addr of ['b:1', 'b:1', 'c:1']) {
    t.is((await api.pullMessage(addr, { ...pullHeader, sysFlag: 2 | 4 | 16 })).status, 'NO_NEW_MSG');
  }
  t.deepEqual(
    requests.map(({ code, extFields }) => [code, extFields?.sysFlag]),
    [
      [361, '22'],
      [11, '6'],
      [11, '6'],
      [361, '22'],
      [11, '6'],
    ],
  );
});

test('a query that finds nothing is an empty result', async (t) => {
  const { api, last } = setUp(() => ({ code: 22 }));
  const query = { topic: 't', key: 'k', maxNum: 1, beginTimestamp: 0, endTimestamp: 1 };
  t.deepEqual((await api.queryMessage('b:1', query, { isUniqueKey: true })).messages, []);
  t.is(last().extFields?._UNIQUE_KEY_QUERY, 'true');
});

test('a reset for C++ clients says so by its language', async (t) => {
  const { api, last } = setUp(() => ({ body: '{"offsetTable":{}}' }));
  const query = { topic: 't', group: 'g', timestamp: 1, isForce: true };
  await api.invokeBrokerToResetOffset('b:1', query);
  t.is(last().language, 'OTHER');
  t.is(last().extFields?.offset, '-1');
  await api.invokeBrokerToResetOffset('b:1', { ...query, isC: true });
  t.is(last().language, 'CPP');
  t.is(last().extFields?.isC, undefined);
});

test('a verdict goes one-way with its remark', async (t) => {
  const { api, oneway } = setUp();
  const header = { producerGroup: 'g', tranStateTableOffset: 1, commitLogOffset: 2, commitOrRollback: 8, msgId: 'id' };
  await api.endTransactionOneway('b:1', header, 'because');
  t.is(oneway[0]?.code, 37);
  t.is(oneway[0]?.remark, 'because');
});

// Paging.

function page(topics: string[], counter = 1): Buffer {
  const wrapper = {
    topicConfigTable: Object.fromEntries(
      topics.map((topicName) => [
        topicName,
        {
          topicName,
          readQueueNums: 1,
          writeQueueNums: 1,
          perm: 6,
          topicFilterType: 'SINGLE_TAG',
          topicSysFlag: 0,
          order: false,
          attributes: {},
        },
      ]),
    ),
    dataVersion: { counter, timestamp: 5, stateVersion: 0 },
    topicQueueMappingInfoMap: {},
    topicQueueMappingDetailMap: {},
    mappingDataVersion: { counter: 0, timestamp: 0, stateVersion: 0 },
  } as TopicConfigAndMappingSerializeWrapper;
  return encodeTopicConfigAndMappingSerializeWrapper(wrapper);
}

test('a broker that does not page gives everything at once', async (t) => {
  const { api, requests } = setUp(() => ({ body: page(['a', 'b']) }));
  t.deepEqual(Object.keys((await api.getAllTopicConfig('b:1')).topicConfigTable), ['a', 'b']);
  t.is(requests.length, 1);
});

test('pages are read until nothing is left, the last entry included', async (t) => {
  const all = ['a', 'b', 'c', 'd', 'e'];
  const { api, requests } = setUp((request) => {
    const seq = Number(request.extFields?.topicSeq);
    return { body: page(all.slice(seq, seq + 2)), extFields: { totalTopicNum: '5' } };
  });
  const result = await api.getAllTopicConfig('b:1', { pageSize: 2 });
  t.deepEqual(Object.keys(result.topicConfigTable), all);
  t.deepEqual(
    requests.map(({ extFields }) => [extFields?.topicSeq, extFields?.maxTopicNum]),
    [
      ['0', '2'],
      ['2', '2'],
      ['4', '2'],
    ],
  );
  t.is(requests[1]?.extFields?.dataVersion, '{"counter":1,"stateVersion":0,"timestamp":5}');
});

test('a table that changes meanwhile is read from the start', async (t) => {
  let counter = 1;
  const { api, requests } = setUp((request) => {
    const seq = Number(request.extFields?.topicSeq);
    if (seq === 2 && counter === 1) counter = 2;
    return { body: page(['a', 'b', 'c'].slice(seq, seq + 2), counter), extFields: { totalTopicNum: '3' } };
  });
  const result = await api.getAllTopicConfig('b:1', { pageSize: 2 });
  t.is(result.dataVersion.counter, 2);
  t.deepEqual(Object.keys(result.topicConfigTable), ['a', 'b', 'c']);
  t.deepEqual(
    requests.map(({ extFields }) => extFields?.topicSeq),
    ['0', '2', '0', '2'],
  );
});

test('a table that never rests is given as it was read last', async (t) => {
  let counter = 0;
  const { api, requests } = setUp((request) => {
    counter += 1;
    const seq = Number(request.extFields?.topicSeq);
    return { body: page(['a', 'b'].slice(seq, seq + 1), counter), extFields: { totalTopicNum: '2' } };
  });
  await api.getAllTopicConfig('b:1', { pageSize: 1 });
  t.true(requests.length < 30);
});

test('the deadline spans all pages', async (t) => {
  const { api, clock } = setUp((request) => {
    clock.advance(2000);
    const seq = Number(request.extFields?.topicSeq);
    return { body: page([`t${seq}`]), extFields: { totalTopicNum: '100' } };
  });
  await t.throwsAsync(api.getAllTopicConfig('b:1'), { instanceOf: RemotingTimeoutError });
});
