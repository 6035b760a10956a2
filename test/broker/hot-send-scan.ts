import test from 'ava';
import fc from 'fast-check';
import { PropertyScan, unescapeProperties } from '../../src/broker/hot-properties.js';
import { SendHeaderScan, scanBinarySendHeader, scanSendHeader } from '../../src/broker/hot-send-scan.js';
import { createRequest, decodeFrame, encodeFrame } from '../../src/protocol/remoting-command.js';

const encoder = new TextEncoder();

function scan(text: string): SendHeaderScan | null {
  // Surrounded by bytes that would continue a header, so that reading past the end shows.
  const bytes = encoder.encode(`,"x":"y"${text},"opaque":99}`);
  const start = 8;
  const out = new SendHeaderScan();
  return scanSendHeader(bytes, start, start + encoder.encode(text).length, out) ? out : null;
}

interface Oracle {
  code: number;
  flag: number;
  opaque: number;
  version: number;
  topic: string;
  queueId: number;
  sysFlag: number;
  bornTimestamp: number;
  messageFlag: number;
  properties: string | null;
  reconsumeTimes: number;
  unitMode: boolean;
  batch: boolean;
}

function oracle(text: string): Oracle {
  const json = JSON.parse(text) as Record<string, unknown> & { extFields: Record<string, string> };
  const ext = json.extFields;
  return {
    code: Number(json.code),
    flag: Number(json.flag ?? 0),
    opaque: Number(json.opaque),
    version: Number(json.version ?? 0),
    topic: ext.b as string,
    queueId: Number(ext.e),
    sysFlag: Number(ext.f),
    bornTimestamp: Number(ext.g),
    messageFlag: Number(ext.h),
    properties: ext.i ?? null,
    reconsumeTimes: Number(ext.j ?? 0),
    unitMode: ext.k === 'true',
    batch: ext.m === 'true',
  };
}

function view(text: string, out: SendHeaderScan): Oracle {
  const bytes = encoder.encode(`,"x":"y"${text}`);
  const piece = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1');
  return {
    code: out.code,
    flag: out.flag,
    opaque: out.opaque,
    version: out.version,
    topic: piece(out.topicStart, out.topicEnd),
    queueId: out.queueId,
    sysFlag: out.sysFlag,
    bornTimestamp: out.bornTimestamp,
    messageFlag: out.messageFlag,
    properties:
      out.propertiesStart < 0 ? null : (JSON.parse(`"${piece(out.propertiesStart, out.propertiesEnd)}"`) as string),
    reconsumeTimes: out.reconsumeTimes,
    unitMode: out.unitMode,
    batch: out.batch,
  };
}

const JAVA =
  '{"code":310,"extFields":{"a":"p","b":"orders","c":"TBW102","d":"4","e":"3","f":"0","g":"1700000000123","h":"0","i":"UNIQ_KEY\\u0001AB\\u0002WAIT\\u0001true\\u0002","j":"0","k":"false","m":"false"},"flag":0,"language":"JAVA","opaque":7,"serializeTypeCurrentRPC":"JSON","version":479}';

test('a header as the Java client writes it is understood', (t) => {
  const out = scan(JAVA);
  t.truthy(out);
  t.deepEqual(view(JAVA, out as SendHeaderScan), oracle(JAVA));
});

test('the least and the greatest int32 are understood', (t) => {
  for (const flag of ['-2147483648', '2147483647']) {
    const text = JAVA.replace('"h":"0"', `"h":"${flag}"`);
    t.is(scan(text)?.messageFlag, Number(flag));
  }
  t.is(scan(JAVA.replace('"h":"0"', '"h":"-2147483649"')), null);
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
test('a duplicate field', refused, JAVA.replace('"j":"0"', '"j":"0","j":"1"'));
test('a duplicate opaque', refused, JAVA.replace('"flag":0', '"flag":0,"opaque":8'));
test('a non-ASCII topic', refused, JAVA.replace('orders', 'örders'));
test('an escaped topic', refused, JAVA.replace('orders', 'orders\\u0041'));
test('a queue id that is no number', refused, JAVA.replace('"e":"3"', '"e":"3x"'));
test('a queue id beyond int32', refused, JAVA.replace('"e":"3"', '"e":"30000000000"'));
test('a fraction', refused, JAVA.replace('"opaque":7', '"opaque":7.5'));
test('an opaque beyond int32', refused, JAVA.replace('"opaque":7', '"opaque":4294967295'));
test('a missing topic', refused, JAVA.replace('"b":"orders",', ''));
test('a value that is no string', refused, JAVA.replace('"e":"3"', '"e":3'));
test('a boolean in another spelling', refused, JAVA.replace('"m":"false"', '"m":"FALSE"'));
test('no ext fields', refused, '{"code":310,"flag":0,"language":"JAVA","opaque":7,"version":479}');
test('another key of the same length', refused, JAVA.replace('"flag":0', '"flog":0'));

const propertyText = fc
  .array(fc.tuple(fc.string({ minLength: 1, maxLength: 6 }), fc.string({ minLength: 1, maxLength: 8 })), {
    maxLength: 4,
  })
  .map((pairs) => pairs.map(([name, value]) => `${name}\u0001${value}\u0002`).join(''));

test('whatever is accepted means the same to JSON.parse', (t) => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(['code', 'flag', 'opaque', 'version', 'extFields', 'language'], { minLength: 4 }),
      fc.shuffledSubarray([...'abcdefghijklmn'], { minLength: 9 }),
      fc.integer(),
      fc.integer(),
      fc.nat(),
      propertyText,
      fc.boolean(),
      (top, fields, opaque, queueId, born, properties, yes) => {
        const ext: Record<string, string> = {};
        for (const field of fields) {
          ext[field] =
            field === 'i'
              ? properties
              : field === 'e' || field === 'h' || field === 'f' || field === 'j'
                ? String(queueId)
                : field === 'g'
                  ? String(born)
                  : field === 'k' || field === 'm'
                    ? String(yes)
                    : 'text';
        }
        const values: Record<string, unknown> = {
          code: 310,
          flag: 2,
          opaque,
          version: 401,
          extFields: ext,
          language: 'GO',
        };
        const text = JSON.stringify(Object.fromEntries(top.map((name) => [name, values[name]])));
        const out = scan(text);
        if (out !== null) t.deepEqual(view(text, out), oracle(text));
      },
    ),
    { numRuns: 500 },
  );
});

test('a mutated header is refused or means the same to JSON.parse', (t) => {
  const original = encoder.encode(JAVA);
  fc.assert(
    fc.property(fc.nat(original.length - 1), fc.integer({ min: 0, max: 127 }), (position, byte) => {
      const bytes = original.slice();
      bytes[position] = byte;
      const text = Buffer.from(bytes).toString('latin1');
      const out = scan(text);
      if (out === null) return;
      // Escapes inside the properties are stepped over here and judged when they are unescaped.
      const target = new Uint8Array(text.length + 1);
      const source = encoder.encode(`,"x":"y"${text}`);
      if (!unescapeProperties(source, out.propertiesStart, out.propertiesEnd, target, 0, new PropertyScan())) return;
      t.deepEqual(view(text, out), oracle(text));
    }),
    { numRuns: 2000 },
  );
});

const FRAME_HEADER_AT = 8;

function scanBinary(frame: Buffer): SendHeaderScan | null {
  const bytes = new Uint8Array(frame);
  const out = new SendHeaderScan();
  const view = new DataView(bytes.buffer);
  return scanBinarySendHeader(view, bytes, FRAME_HEADER_AT, bytes.length, out) ? out : null;
}

const BINARY_FIELDS = {
  ...{ a: 'p', b: 'orders', c: 'TBW102', d: '4', e: '3', f: '0', g: '1700000000123', h: '0' },
  ...{ i: 'UNIQ_KEY\u0001AB\u0002WAIT\u0001true\u0002', j: '0', k: 'false', m: 'false', bname: 'broker-a' },
};

function binaryFrame(extFields: Record<string, string>, remark: string | null = null): Buffer {
  const request = createRequest(310, extFields, null, { opaque: 7, serializeType: 'ROCKETMQ' });
  return encodeFrame({ ...request, remark });
}

/** As the decoder of all frames reads it. */
function binaryOracle(frame: Buffer): Oracle {
  const { code, flag, opaque, version, extFields } = decodeFrame(frame, 0, frame.length);
  return oracle(JSON.stringify({ code, flag, opaque, version, extFields }));
}

function binaryView(frame: Buffer, out: SendHeaderScan): Oracle {
  const text = (start: number, end: number) => (start < 0 ? null : frame.toString('latin1', start, end));
  const { propertiesStart, propertiesEnd, topicStart, topicEnd, ...rest } = out;
  return {
    ...rest,
    topic: text(topicStart, topicEnd) as string,
    properties: text(propertiesStart, propertiesEnd),
  };
}

test('a binary header is understood', (t) => {
  const frame = binaryFrame(BINARY_FIELDS);
  const out = scanBinary(frame);
  t.truthy(out);
  t.deepEqual(binaryView(frame, out as SendHeaderScan), binaryOracle(frame));
});

const binaryRefused = test.macro({
  exec(t, frame: Buffer) {
    t.is(scanBinary(frame), null);
  },
  title: (title) => `left to the slow way: a binary header with ${title}`,
});

test('a remark', binaryRefused, binaryFrame(BINARY_FIELDS, 'why'));
test('an empty value', binaryRefused, binaryFrame({ ...BINARY_FIELDS, i: '' }));
test('no topic', binaryRefused, binaryFrame({ ...BINARY_FIELDS, b: '' }));
test('a non-ASCII topic', binaryRefused, binaryFrame({ ...BINARY_FIELDS, b: 'örders' }));
test('a queue id that is no number', binaryRefused, binaryFrame({ ...BINARY_FIELDS, e: '3x' }));
test('a boolean in another spelling', binaryRefused, binaryFrame({ ...BINARY_FIELDS, m: 'FALSE' }));

test('a mutated binary header is refused or means the same to the decoder', (t) => {
  const original = binaryFrame(BINARY_FIELDS);
  fc.assert(
    fc.property(
      fc.integer({ min: FRAME_HEADER_AT, max: original.length - 1 }),
      fc.integer({ min: 0, max: 255 }),
      (position, byte) => {
        const frame = Buffer.from(original);
        frame[position] = byte;
        const out = scanBinary(frame);
        if (out === null) return;
        // Properties are judged when they are copied.
        const bytes = new Uint8Array(frame);
        const properties = new PropertyScan();
        const target = new Uint8Array(frame.length + 1);
        const { propertiesStart, propertiesEnd } = out;
        if (!unescapeProperties(bytes, propertiesStart, propertiesEnd, target, 0, properties, false)) return;
        t.deepEqual(binaryView(frame, out), binaryOracle(frame));
      },
    ),
    { numRuns: 4000 },
  );
});

test('any prefix of a binary header is refused', (t) => {
  const frame = binaryFrame(BINARY_FIELDS);
  for (let length = FRAME_HEADER_AT; length < frame.length; length++) {
    t.is(scanBinary(frame.subarray(0, length)), null);
  }
});
