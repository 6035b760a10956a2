import test from 'ava';
import fc from 'fast-check';
import { PullHeaderScan, scanBinaryPullHeader, scanPullHeader } from '../../src/broker/hot-pull-scan.js';
import { createRequest, decodeFrame, encodeFrame } from '../../src/protocol/remoting-command.js';

const encoder = new TextEncoder();
const PREFIX = ',"x":"y"';

function scan(text: string): ReturnType<typeof view> | null {
  // Surrounded by bytes that would continue a header, so that reading past the end shows.
  const bytes = encoder.encode(`${PREFIX}${text},"opaque":99}`);
  const out = new PullHeaderScan();
  const end = PREFIX.length + encoder.encode(text).length;
  return scanPullHeader(bytes, PREFIX.length, end, out) ? view(bytes, out) : null;
}

function view(bytes: Uint8Array, out: PullHeaderScan) {
  const piece = (start: number, end: number) =>
    start < 0 ? undefined : Buffer.from(bytes.subarray(start, end)).toString('latin1');
  const { code, flag, opaque, version, queueId, queueOffset, maxMsgNums, sysFlag, commitOffset, subVersion } = out;
  return {
    ...{ code, flag, opaque, version, queueId, queueOffset, maxMsgNums, sysFlag, commitOffset, subVersion },
    consumerGroup: piece(out.groupStart, out.groupEnd),
    topic: piece(out.topicStart, out.topicEnd),
    subscription: piece(out.subscriptionStart, out.subscriptionEnd),
    expressionType: piece(out.typeStart, out.typeEnd),
  };
}

function oracle(header: { code: number; flag: number; opaque: number; version: number; extFields: unknown }) {
  const { code, flag, opaque, version } = header;
  const ext = header.extFields as Record<string, string>;
  const { consumerGroup, topic, subscription, expressionType } = ext;
  const numbers = ['queueId', 'queueOffset', 'maxMsgNums', 'sysFlag', 'commitOffset', 'subVersion'];
  return {
    ...{ code, flag, opaque, version, consumerGroup, topic, subscription, expressionType },
    ...Object.fromEntries(numbers.map((name) => [name, Number(ext[name])])),
  };
}

const JAVA =
  '{"code":11,"extFields":{"queueId":"3","maxMsgNums":"32","sysFlag":"3","suspendTimeoutMillis":"15000",' +
  '"commitOffset":"4096","topic":"orders","queueOffset":"4128","subVersion":"1763800000000","expressionType":"TAG",' +
  '"consumerGroup":"billing","bname":"broker-a"},"flag":0,"language":"JAVA","opaque":7,' +
  '"serializeTypeCurrentRPC":"JSON","version":479}';

test('a header as the Java client writes it is understood', (t) => {
  t.deepEqual(scan(JAVA), oracle(JSON.parse(JAVA)) as never);
});

test('any prefix of a header is refused and nothing behind its end is read', (t) => {
  for (let length = 0; length < JAVA.length; length++) t.is(scan(JAVA.slice(0, length)), null);
});

const refused = test.macro({
  exec(t, text: string) {
    t.is(scan(text), null);
  },
  title: (title) => `left to the slow way: ${title}`,
});

test('white space', refused, JAVA.replace('"flag":0', '"flag": 0'));
test('a duplicate field', refused, JAVA.replace('"queueId":"3"', '"queueId":"3","queueId":"4"'));
test('a non-ASCII topic', refused, JAVA.replace('orders', 'örders'));
test('an escaped group', refused, JAVA.replace('billing', 'billing\\u0041'));
test('a queue id that is no number', refused, JAVA.replace('"queueId":"3"', '"queueId":"3x"'));
test('a queue id beyond int32', refused, JAVA.replace('"queueId":"3"', '"queueId":"30000000000"'));
test('an offset beyond 2^53', refused, JAVA.replace('"4128"', '"9223372036854775807"'));
test('an empty number', refused, JAVA.replace('"commitOffset":"4096"', '"commitOffset":""'));
test('a wait that is no number', refused, JAVA.replace('"15000"', '"soon"'));
test('a missing topic', refused, JAVA.replace('"topic":"orders",', ''));
test('a topic by another name of that length', refused, JAVA.replace('"topic":', '"tonic":'));
test('a value that is no string', refused, JAVA.replace('"queueId":"3"', '"queueId":3'));
test('no ext fields', refused, '{"code":11,"flag":0,"language":"JAVA","opaque":7,"version":479}');

const fields = fc.record(
  {
    consumerGroup: fc.stringMatching(/^[\w%-]{1,12}$/),
    topic: fc.stringMatching(/^[\w%-]{1,12}$/),
    queueId: fc.integer({ min: -1, max: 1000 }).map(String),
    queueOffset: fc.maxSafeNat().map((n) => String(n % 1e15)),
    maxMsgNums: fc.integer({ min: -5, max: 1e6 }).map(String),
    sysFlag: fc.nat(31).map(String),
    commitOffset: fc.integer({ min: -1, max: 1e9 }).map(String),
    suspendTimeoutMillis: fc.nat(30_000).map(String),
    subVersion: fc.nat(1e9).map(String),
    subscription: fc.constantFrom('*', 'a || b', 'a'),
    expressionType: fc.constantFrom('TAG', 'SQL92'),
    bname: fc.constant('broker-a'),
    tonic: fc.constant('water'),
  },
  {
    requiredKeys: [
      ...(['consumerGroup', 'topic', 'queueId', 'queueOffset', 'maxMsgNums', 'sysFlag', 'commitOffset'] as const),
      ...(['suspendTimeoutMillis', 'subVersion'] as const),
    ],
  },
);

for (const serializeType of ['JSON', 'ROCKETMQ'] as const) {
  test(`a ${serializeType} header with its fields in any order reads as the plain decoder reads it`, (t) => {
    const anyOrder = fields.chain((values) =>
      fc
        .shuffledSubarray(Object.entries(values), { minLength: Object.keys(values).length })
        .map((entries) => Object.fromEntries(entries) as Record<string, string>),
    );
    fc.assert(
      fc.property(anyOrder, fc.nat(0x7fffffff), (extFields, opaque) => {
        const frame = encodeFrame(createRequest(11, extFields, null, { opaque, serializeType }));
        const bytes = new Uint8Array(frame.length + 4);
        bytes.set(frame, 2);
        const out = new PullHeaderScan();
        const [start, end] = [2 + 8, 2 + frame.length];
        const isPlain =
          serializeType === 'JSON'
            ? scanPullHeader(bytes, start, end, out)
            : scanBinaryPullHeader(new DataView(bytes.buffer), bytes, start, end, out);
        t.true(isPlain);
        t.deepEqual(view(bytes, out) as unknown, oracle(decodeFrame(frame, 0, frame.length)));
      }),
    );
  });
}

test('a binary header that is cut or changed is refused or still reads inside its frame', (t) => {
  const { extFields } = JSON.parse(JAVA) as { extFields: Record<string, string> };
  const frame = encodeFrame(createRequest(11, extFields, null, { opaque: 7, serializeType: 'ROCKETMQ' }));
  fc.assert(
    fc.property(fc.nat(frame.length - 1), fc.nat(255), fc.nat(frame.length - 8), (at, byte, cut) => {
      const bytes = Uint8Array.from(frame);
      bytes[at] = byte;
      const out = new PullHeaderScan();
      const end = frame.length - cut;
      if (!scanBinaryPullHeader(new DataView(bytes.buffer), bytes, 8, end, out)) return;
      for (const position of [out.groupEnd, out.topicEnd, out.subscriptionEnd, out.typeEnd]) t.true(position <= end);
    }),
  );
});
