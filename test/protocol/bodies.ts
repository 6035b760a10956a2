import test from 'ava';
import fc from 'fast-check';
import {
  type BatchAckMessageRequestBody,
  bitSetIndexes,
  bitSetOf,
  CONSUME_FROM_WHERES,
  CONSUME_TYPES,
  type ConsumerOffsetSerializeWrapper,
  type ConsumerRunningInfo,
  type ConsumeStats,
  dataVersionFromJson,
  dataVersionToJson,
  decodeGetConsumerStatusBody,
  decodeHeartbeatData,
  decodeQueryCorrectionOffsetBody,
  decodeResetOffsetBody,
  decodeTopicConfig,
  decodeTopicRouteData,
  decodeTopicStatsTable,
  encodeHeartbeatData,
  encodeQueryCorrectionOffsetBody,
  encodeTopicRouteData,
  type GetConsumerStatusBody,
  type HeartbeatData,
  MESSAGE_MODELS,
  type QueryConsumeQueueResponseBody,
  type SubscriptionData,
  type TopicRouteData,
  type TopicStatsTable,
} from '../../src/protocol/bodies.js';
import { RemotingCommandError } from '../../src/protocol/errors.js';
import { parseFastjson, stringifyFastjson } from '../../src/protocol/fastjson.js';
import { messageQueueKey } from '../../src/protocol/message-queue.js';
import { BODY_CLASSES, bodyCodecOf, bodyExamples, bodyGoldens } from '../helper/body-codecs.js';

/** Texts of the classes that have neither a golden nor an example, worked by hand from the Java classes' fields. */
const BY_HAND: Record<string, string> = {
  BrokerMemberGroup: '{"brokerAddrs":{0:"10.0.0.1:10911"},"brokerName":"broker-a","cluster":"c1"}',
  BrokerNameList: '["broker-a","broker-b"]',
  UserInfoList: '[{"userStatus":"enable","userType":"Super","username":"alice"},{"username":"bob"}]',
  AclInfoList: '[{"policies":[],"subject":"User:alice"}]',
  SetMessageRequestModeRequestBody: '{"consumerGroup":"g1","mode":"POP","popShareQueueNum":2,"topic":"orders"}',
  SubscriptionGroupList: '{"groupConfigList":[]}',
  TimerMetricsSerializeWrapper:
    '{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1700000000000},"timingCount":{"orders":{"count":3,"timeStamp":1700000000000}}}',
  AckMsg: '{"ao":43,"bn":"broker-a","c":"workers","pt":1700000000000,"q":3,"so":41,"t":"orders"}',
  BatchAckMsg: '{"ao":-1,"aol":[41,43],"bn":"broker-a","c":"workers","pt":1700000000000,"q":3,"so":41,"t":"orders"}',
  PopCheckPoint:
    '{"bm":0,"bn":"broker-a","c":"workers","d":[0,2],"it":60000,"n":2,"pt":1700000000000,"q":3,"reviveTime":1700000060000,"ro":0,"so":41,"t":"orders"}',
  TopicRemappingDetailWrapper:
    '{"brokerConfigMap":{},"brokerToMapIn":["broker-a"],"brokerToMapOut":[],"epoch":3,"topic":"st","type":"REMAPPING"}',
};

/** Texts by class: what the Java side writes. */
const TEXTS = new Map<string, string[]>();
for (const [name, json] of [
  ...Object.entries(BY_HAND),
  ...bodyGoldens().map(({ input, json }): [string, string] => [input.class, json ?? '{}']),
  ...bodyExamples().map((example): [string, string] => [example.class, example.json]),
]) {
  TEXTS.set(name, [...(TEXTS.get(name) ?? []), json]);
}

for (const [name, json] of Object.entries(BY_HAND)) {
  test(`decodes and encodes ${name}`, (t) => {
    const codec = bodyCodecOf(name);
    t.is(codec.encode(codec.decode(Buffer.from(json))).toString(), json);
  });
}

test('every body has a text of the Java side to be tested with', (t) => {
  t.deepEqual(
    BODY_CLASSES.filter((name) => !TEXTS.has(name)),
    [],
  );
});

for (const name of BODY_CLASSES) {
  test(`${name} refuses what is no such body`, (t) => {
    const codec = bodyCodecOf(name);
    t.throws(() => codec.decode(null), { instanceOf: RemotingCommandError, message: /no body/ });
    t.throws(() => codec.decode(Buffer.alloc(0)), { instanceOf: RemotingCommandError, message: /no body/ });
    const otherKind = TEXTS.get(name)?.[0]?.startsWith('[') ? '{}' : '[]';
    for (const json of ['null', '1', '"x"', 'true', '{', otherKind]) {
      t.throws(() => codec.decode(Buffer.from(json)), { instanceOf: RemotingCommandError }, json);
    }
  });
}

/** Values of every kind, to be put where they do not belong. */
const MISPLACED = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  2n ** 63n - 1n,
  2n ** 64n,
  1e300,
  '',
  'x',
  '7',
  '{"topic":"T","brokerName":"b"}',
  [],
  [null],
  [[1]],
  {},
  { x: 1 },
  new Map([[7, 'x']]),
  new Map([[{ topic: 'T', brokerName: 'b', queueId: 1 }, 5]]),
];

/** Every place in a JSON value where another value can be put. */
function places(value: unknown, out: [Record<string, unknown>, string][] = []): [Record<string, unknown>, string][] {
  if (typeof value !== 'object' || value === null) return out;
  const holder = value as Record<string, unknown>;
  for (const key of Object.keys(holder)) {
    out.push([holder, key]);
    places(holder[key], out);
  }
  return out;
}

test('whatever a decoder takes, its encoder writes so that it reads the same', (t) => {
  const cases = [...TEXTS].flatMap(([name, texts]) => texts.map((json) => ({ codec: bodyCodecOf(name), name, json })));
  const mutation = fc.record({ at: fc.nat(), value: fc.constantFrom(...MISPLACED), remove: fc.boolean() });
  let taken = 0;
  fc.assert(
    fc.property(fc.constantFrom(...cases), fc.array(mutation, { maxLength: 3 }), ({ codec, json }, mutations) => {
      const tree = { root: parseFastjson(json) };
      for (const { at, value, remove } of mutations) {
        const found = places(tree);
        if (found.length === 0) break;
        const [holder, key] = found[at % found.length] as [Record<string, unknown>, string];
        if (remove && !Array.isArray(holder)) delete holder[key];
        else holder[key] = structuredClone(value);
      }
      let value: unknown;
      try {
        value = codec.decode(Buffer.from(stringifyFastjson(tree.root ?? null)));
      } catch (error) {
        if (!(error instanceof RemotingCommandError)) throw error;
        return;
      }
      taken++;
      t.deepEqual(codec.decode(codec.encode(value)), value);
    }),
    { numRuns: 4000 },
  );
  t.true(taken > 1000);
});

test('every cut of a text is refused', (t) => {
  for (const [name, texts] of TEXTS) {
    const codec = bodyCodecOf(name);
    const body = Buffer.from(texts.at(-1) as string);
    for (let end = 1; end < body.length; end++) {
      t.throws(() => codec.decode(body.subarray(0, end)), { instanceOf: RemotingCommandError }, `${name} at ${end}`);
    }
  }
});

const name = () => fc.string({ unit: 'binary', maxLength: 12 });
const int32 = () => fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const double = () => fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0);
const messageQueue = () => fc.record({ topic: name(), brokerName: name(), queueId: int32() });

/** A reference or type metadata in fastjson's eyes, and no name of a topic, group or broker. */
const RESERVED = ['$ref', '@type'];

function record<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  const key = fc.oneof(name(), fc.constant('__proto__')).filter((text) => !RESERVED.includes(text));
  return fc.uniqueArray(fc.tuple(key, value), { selector: ([text]) => text, maxLength: 4 }).map((entries) => {
    const out: Record<string, T> = Object.create(null);
    for (const [text, part] of entries) out[text] = part;
    return out;
  });
}

function numberMap<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Map<number, T>> {
  // JSON objects list their integer keys in ascending order.
  return fc.dictionary(fc.nat().map(String), value, { maxKeys: 4 }).map((entries) => {
    const keys = Object.keys(entries);
    return new Map(keys.map((key) => [Number(key), entries[key] as T]));
  });
}

function table<T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.uniqueArray(fc.record({ mq: messageQueue(), ...fields }), {
    selector: (entry) => messageQueueKey(entry.mq as never),
    maxLength: 4,
  }) as fc.Arbitrary<({ mq: { topic: string; brokerName: string; queueId: number } } & T)[]>;
}

const subscriptionData: fc.Arbitrary<SubscriptionData> = fc.record({
  topic: name(),
  subString: name(),
  expressionType: fc.constantFrom('TAG', 'SQL92'),
  tagsSet: fc.uniqueArray(name(), { maxLength: 3 }),
  codeSet: fc.uniqueArray(int32(), { maxLength: 3 }),
  subVersion: fc.maxSafeInteger(),
  classFilterMode: fc.boolean(),
});

const BODIES = {
  TopicRouteData: fc.record({
    queueDatas: fc.array(
      fc.record({
        brokerName: name(),
        readQueueNums: int32(),
        writeQueueNums: int32(),
        perm: int32(),
        topicSysFlag: int32(),
      }),
      { maxLength: 3 },
    ),
    brokerDatas: fc.array(
      fc.record(
        {
          cluster: name(),
          brokerName: name(),
          brokerAddrs: numberMap(name()),
          zoneName: name(),
          enableActingMaster: fc.boolean(),
        },
        { requiredKeys: ['cluster', 'brokerName', 'brokerAddrs', 'enableActingMaster'], noNullPrototype: true },
      ),
      { maxLength: 3 },
    ),
    filterServerTable: record(fc.array(name(), { maxLength: 3 })),
    orderTopicConf: name(),
  }) as fc.Arbitrary<TopicRouteData>,
  HeartbeatData: fc.record({
    clientID: name(),
    producerDataSet: fc.array(fc.record({ groupName: name() }), { maxLength: 3 }),
    consumerDataSet: fc.array(
      fc.record({
        groupName: name(),
        consumeType: fc.constantFrom(...CONSUME_TYPES),
        messageModel: fc.constantFrom(...MESSAGE_MODELS),
        consumeFromWhere: fc.constantFrom(...CONSUME_FROM_WHERES),
        subscriptionDataSet: fc.uniqueArray(subscriptionData, { selector: (data) => data.topic, maxLength: 3 }),
        unitMode: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    heartbeatFingerprint: int32(),
    withoutSub: fc.boolean(),
  }) as fc.Arbitrary<HeartbeatData>,
  TopicStatsTable: fc.record({
    offsetTable: table({
      minOffset: fc.maxSafeInteger(),
      maxOffset: fc.maxSafeInteger(),
      lastUpdateTimestamp: fc.maxSafeInteger(),
    }),
    topicPutTps: double(),
  }) as fc.Arbitrary<TopicStatsTable>,
  ConsumeStats: fc.record({
    offsetTable: table({
      brokerOffset: fc.maxSafeInteger(),
      consumerOffset: fc.maxSafeInteger(),
      pullOffset: fc.maxSafeInteger(),
      lastTimestamp: fc.maxSafeInteger(),
    }),
    consumeTps: double(),
  }) as fc.Arbitrary<ConsumeStats>,
  GetConsumerStatusBody: fc.record({
    messageQueueTable: table({ offset: fc.maxSafeInteger() }),
    consumerTable: record(table({ offset: fc.maxSafeInteger() })),
  }) as fc.Arbitrary<GetConsumerStatusBody>,
  ConsumerOffsetSerializeWrapper: fc.record({
    offsetTable: record(numberMap(fc.maxSafeInteger())),
  }) as fc.Arbitrary<ConsumerOffsetSerializeWrapper>,
  QueryConsumeQueueResponseBody: fc.record({
    queueData: fc.array(
      fc.record({
        physicOffset: fc.maxSafeInteger(),
        physicSize: int32(),
        tagsCode: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        eval: fc.boolean(),
        msg: name(),
      }),
      { maxLength: 3 },
    ),
    minQueueIndex: fc.maxSafeInteger(),
    maxQueueIndex: fc.maxSafeInteger(),
  }) as fc.Arbitrary<QueryConsumeQueueResponseBody>,
  ConsumerRunningInfo: fc.record({
    properties: record(name()),
    subscriptionSet: fc.uniqueArray(subscriptionData, { selector: (data) => data.topic, maxLength: 3 }),
    mqTable: table({
      commitOffset: fc.maxSafeInteger(),
      cachedMsgMinOffset: fc.maxSafeInteger(),
      cachedMsgMaxOffset: fc.maxSafeInteger(),
      cachedMsgCount: int32(),
      cachedMsgSizeInMiB: int32(),
      transactionMsgMinOffset: fc.maxSafeInteger(),
      transactionMsgMaxOffset: fc.maxSafeInteger(),
      transactionMsgCount: int32(),
      locked: fc.boolean(),
      tryUnlockTimes: fc.maxSafeInteger(),
      lastLockTimestamp: fc.maxSafeInteger(),
      droped: fc.boolean(),
      lastPullTimestamp: fc.maxSafeInteger(),
      lastConsumeTimestamp: fc.maxSafeInteger(),
    }),
    mqPopTable: table({ waitAckCount: int32(), droped: fc.boolean(), lastPopTimestamp: fc.maxSafeInteger() }),
    statusTable: record(
      fc.record({
        pullRT: double(),
        pullTPS: double(),
        consumeRT: double(),
        consumeOKTPS: double(),
        consumeFailedTPS: double(),
        consumeFailedMsgs: fc.maxSafeInteger(),
      }),
    ),
    userConsumerInfo: record(name()),
  }) as fc.Arbitrary<ConsumerRunningInfo>,
  BatchAckMessageRequestBody: fc.record({
    brokerName: name(),
    acks: fc.array(
      fc.record({
        consumerGroup: name(),
        topic: name(),
        retry: fc.constantFrom('0', '1', '2'),
        startOffset: fc.maxSafeInteger(),
        queueId: int32(),
        reviveQueueId: int32(),
        popTime: fc.maxSafeInteger(),
        invisibleTime: fc.maxSafeInteger(),
        bitSet: fc.uniqueArray(fc.nat(100), { maxLength: 8 }).map(bitSetOf),
      }),
      { maxLength: 3 },
    ),
  }) as fc.Arbitrary<BatchAckMessageRequestBody>,
};

/** -0 and 0 are one in JSON, and fast-check makes objects without prototype that deepEqual tells apart. */
function normal(value: unknown): unknown {
  if (typeof value === 'number') return value + 0;
  if (Array.isArray(value)) return value.map(normal);
  if (value instanceof Map) return new Map(Array.from(value, ([key, part]) => [key, normal(part)]));
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, normal(part)]));
}

for (const [className, bodies] of Object.entries(BODIES) as [string, fc.Arbitrary<object>][]) {
  test(`${className} reads back what was written`, (t) => {
    const codec = bodyCodecOf(className);
    fc.assert(
      fc.property(bodies, (body) => {
        t.deepEqual(normal(codec.decode(codec.encode(body))), normal(body));
      }),
    );
  });
}

test('standard JSON and the plain form of a route read the same', (t) => {
  fc.assert(
    fc.property(BODIES.TopicRouteData, (route) => {
      const standard = encodeTopicRouteData(route, { standardJson: true });
      t.notThrows(() => JSON.parse(standard.toString()));
      t.regex(standard.toString(), /^[ -~]*$/);
      const plain = encodeTopicRouteData(route, { standardJson: false });
      // Standard JSON sorts the entries of maps.
      const sorted = (body: Buffer) =>
        stringifyFastjson(normal(decodeTopicRouteData(body)), { browserCompatible: true });
      t.is(sorted(standard), sorted(plain));
    }),
  );
});

test('maps of queues are read with bare keys and with text keys', (t) => {
  const bare = '{"offsetTable":{{"queueId":0,"topic":"T","brokerName":"b"}:{"maxOffset":5}}}';
  const text = '{"offsetTable":{"{\\"brokerName\\":\\"b\\",\\"queueId\\":0,\\"topic\\":\\"T\\"}":{"maxOffset":5}}}';
  const stats = decodeTopicStatsTable(Buffer.from(bare));
  t.deepEqual(stats, decodeTopicStatsTable(Buffer.from(text)));
  t.deepEqual(stats.offsetTable, [
    { mq: { topic: 'T', brokerName: 'b', queueId: 0 }, minOffset: 0, maxOffset: 5, lastUpdateTimestamp: 0 },
  ]);
});

for (const offsetTable of ['[]', '[[{"topic":"T"},5]]', '{"x":1}', '{"5":1}', '{"{}":1}', '{"[]":{}}', '5']) {
  test(`a map of queues is not ${offsetTable}`, (t) => {
    t.throws(() => decodeTopicStatsTable(Buffer.from(`{"offsetTable":${offsetTable}}`)), {
      instanceOf: RemotingCommandError,
      message: /^TopicStatsTable\.offsetTable/,
    });
  });
}

test('a key that refers to the key of another map is that queue', (t) => {
  const body = decodeGetConsumerStatusBody(
    Buffer.from(
      '{"consumerTable":{"c1":{{"brokerName":"b","queueId":0,"topic":"T"}:1},"c2":{{"$ref":"$.consumerTable.c1.null"}:2}},"messageQueueTable":{}}',
    ),
  );
  t.deepEqual(body.consumerTable.c2, [{ mq: { topic: 'T', brokerName: 'b', queueId: 0 }, offset: 2 }]);
});

test('an offset reset for C++ clients is read as one for Java clients', (t) => {
  const forC = '{"offsetTable":[{"brokerName":"b","offset":15,"queueId":1,"topic":"T"}]}';
  t.deepEqual(decodeResetOffsetBody(Buffer.from(forC)), {
    offsetTable: [{ mq: { topic: 'T', brokerName: 'b', queueId: 1 }, offset: 15 }],
  });
});

test('Long.MAX_VALUE is Number.MAX_SAFE_INTEGER', (t) => {
  const json = '{"correctionOffsets":{0:9223372036854775807,1:-9223372036854775808,2:12}}';
  const body = decodeQueryCorrectionOffsetBody(Buffer.from(json));
  t.deepEqual(
    [...body.correctionOffsets],
    [
      [0, Number.MAX_SAFE_INTEGER],
      [1, Number.MIN_SAFE_INTEGER],
      [2, 12],
    ],
  );
  t.is(encodeQueryCorrectionOffsetBody(body).toString(), json);
});

test('a shared instance is decoded for each place', (t) => {
  const { consumerDataSet } = decodeHeartbeatData(
    Buffer.from(
      '{"clientID":"c","consumerDataSet":[{"groupName":"g1","subscriptionDataSet":[{"topic":"T"}]},{"groupName":"g2","subscriptionDataSet":[{"$ref":"$.consumerDataSet[0].subscriptionDataSet[0]"}]}]}',
    ),
  );
  const [first, second] = consumerDataSet.map((data) => data.subscriptionDataSet[0]);
  t.deepEqual(first, second);
  t.not(first, second);
});

/** A heartbeat whose second to last groups refer to the content of the first. */
function heartbeatWithReferences(groups: number, content: string, path: string): Buffer {
  const reference = JSON.stringify({ $ref: `$.consumerDataSet[0].${path}` });
  const rest = Array.from({ length: groups }, (_, i) => `{"groupName":"g${i}","subscriptionDataSet":${reference}}`);
  return Buffer.from(`{"clientID":"c","consumerDataSet":[{"groupName":"g",${content}},${rest.join()}]}`);
}

test('references may not stand for more text than a frame could hold', (t) => {
  const topics = Array.from({ length: 5000 }, (_, i) => `{"topic":"t${i}"}`).join();
  const subscriptions = (groups: number) =>
    heartbeatWithReferences(groups, `"subscriptionDataSet":[${topics}]`, 'subscriptionDataSet');
  t.is(decodeHeartbeatData(subscriptions(10)).consumerDataSet.length, 11);
  t.throws(() => decodeHeartbeatData(subscriptions(5000)), {
    instanceOf: RemotingCommandError,
    message: /references stand for too much text/,
  });
  const longTopic = heartbeatWithReferences(100, `"x":[{"topic":"${'t'.repeat(1_000_000)}"}]`, 'x');
  t.throws(() => decodeHeartbeatData(longTopic), { message: /references stand for too much text/ });
  const manyUnknown = heartbeatWithReferences(100, `"x":[{"topic":"t",${'"y":{},'.repeat(10)}"z":0}]`, 'x');
  t.notThrows(() => decodeHeartbeatData(manyUnknown));
});

test('a subscription named twice is kept once', (t) => {
  const { consumerDataSet } = decodeHeartbeatData(
    Buffer.from(
      '{"clientID":"c","consumerDataSet":[{"groupName":"g","subscriptionDataSet":[{"topic":"T","tagsSet":["A","B","A"]},{"topic":"T","tagsSet":["B","A"]},{"topic":"U"}]}]}',
    ),
  );
  t.deepEqual(
    consumerDataSet[0]?.subscriptionDataSet.map((data) => [data.topic, data.tagsSet]),
    [
      ['T', ['A', 'B']],
      ['U', []],
    ],
  );
});

test('a number that does not fit its Java type is not written', (t) => {
  const heartbeat: HeartbeatData = {
    clientID: 'c',
    producerDataSet: [],
    consumerDataSet: [],
    heartbeatFingerprint: 2 ** 31,
    withoutSub: false,
  };
  t.throws(() => encodeHeartbeatData(heartbeat), {
    instanceOf: RemotingCommandError,
    message: 'HeartbeatData.heartbeatFingerprint: 2147483648 is not an int32',
  });
});

test('an error tells where the value is', (t) => {
  const decode = (json: string) => () => decodeTopicRouteData(Buffer.from(json));
  t.throws(decode('{"queueDatas":[{"brokerName":"b"},{"brokerName":"b","perm":"rw"}]}'), {
    message: 'TopicRouteData.queueDatas[1].perm: an int32 expected, "rw" found',
  });
  t.throws(decode('{"brokerDatas":[{"brokerAddrs":{}}]}'), {
    message: 'TopicRouteData.brokerDatas[0].brokerName: a value expected, nothing found',
  });
  t.throws(decode('{"brokerDatas":[{"brokerName":"b","brokerAddrs":{"x":"a"}}]}'), {
    message: 'TopicRouteData.brokerDatas[0].brokerAddrs: an integer key expected, "x" found',
  });
});

test('a topic named __proto__ is harmless', (t) => {
  const { attributes } = decodeTopicConfig(Buffer.from('{"topicName":"__proto__","attributes":{"__proto__":"x"}}'));
  t.is(Object.getPrototypeOf(attributes), null);
  t.deepEqual(Object.entries(attributes), [['__proto__', 'x']]);
});

test('the version in a header is the JSON of a DataVersion', (t) => {
  const version = { counter: 7, timestamp: 1_700_000_000_000, stateVersion: 0 };
  t.is(dataVersionToJson(version), '{"counter":7,"stateVersion":0,"timestamp":1700000000000}');
  t.deepEqual(dataVersionFromJson(dataVersionToJson(version)), version);
  t.deepEqual(dataVersionFromJson('{"counter":7,"timestamp":1}'), { counter: 7, timestamp: 1, stateVersion: 0 });
  t.throws(() => dataVersionFromJson('x'), { instanceOf: RemotingCommandError });
});

test('the bits of an ack are those of Java', (t) => {
  t.deepEqual(bitSetIndexes(Buffer.from('AQI=', 'base64')), [0, 9]);
  t.is(bitSetOf([9, 0]).toString('base64'), 'AQI=');
  t.is(bitSetOf([]).length, 0);
});
