import test from 'ava';
import {
  bean,
  bodyCodec,
  boolean,
  distinct,
  double,
  emptyBean,
  enumOf,
  int32,
  int64,
  type JsonType,
  jsonText,
  listOf,
  longBits,
  mapped,
  named,
  numberMapOf,
  optional,
  parseJson,
  recordOf,
  setOf,
  text,
} from '../../../src/protocol/bodies/schema.js';
import { RemotingCommandError } from '../../../src/protocol/errors.js';
import { stringifyFastjson } from '../../../src/protocol/fastjson.js';

/** Reads `{"v":json}`, so that missing values can be tested. */
function read<T>(type: JsonType<T, false>, json: string): unknown {
  const value = parseJson(bean('Sample', { v: type }), 'Sample', json === '' ? '{}' : `{"v":${json}}`);
  return (value as { v: unknown }).v;
}

function reads<T>(title: string, type: JsonType<T, false>, cases: readonly (readonly [string, unknown])[]): void {
  for (const [json, expected] of cases) {
    test(`${title} reads ${json === '' ? 'a missing value' : json}`, (t) => t.deepEqual(read(type, json), expected));
  }
}

function refuses<T>(title: string, type: JsonType<T, false>, cases: readonly string[]): void {
  for (const json of cases) {
    test(`${title} refuses ${json === '' ? 'a missing value' : json}`, (t) => {
      t.throws(() => read(type, json), {
        instanceOf: RemotingCommandError,
        message: /^Sample\.v.*: .* expected, .* found$/,
      });
    });
  }
}

reads('text', text(), [
  ['"x"', 'x'],
  ['5', '5'],
  ['true', 'true'],
  ['9223372036854775807', '9223372036854775807'],
  ['""', ''],
]);
reads('text with a default', text('d'), [
  ['', 'd'],
  ['null', 'd'],
  ['"x"', 'x'],
]);
refuses('text', text(), ['', 'null', '{}', '[]']);

reads('JSON text', jsonText(), [
  ['"x"', 'x'],
  ['1.5', '1.5'],
  ['{"b":1,"a":[true]}', '{"a":[true],"b":1}'],
  ['[null]', '[null]'],
]);
refuses('JSON text', jsonText(), ['', '{"a":{},"b":{"$ref":"$.v.a"}}']);

reads('int32', int32(3), [
  ['', 3],
  ['null', 3],
  ['""', 3],
  ['4', 4],
  ['"4"', 4],
  ['"+4"', 4],
  ['4.0', 4],
  ['"4.0"', 4],
  ['1e3', 1000],
  ['true', 1],
  ['false', 0],
  ['2147483647', 2147483647],
  ['-2147483648', -2147483648],
]);
refuses('int32', int32(), [
  '2147483648',
  '-2147483649',
  '9223372036854775807',
  '1.5',
  '"x"',
  '" 4"',
  '"4.5"',
  '[]',
  '{}',
  '1e400',
]);

reads('int64', int64(), [
  ['', 0],
  ['"17"', 17],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['9007199254740992', Number.MAX_SAFE_INTEGER],
  ['9223372036854775807', Number.MAX_SAFE_INTEGER],
  ['"9223372036854775807"', Number.MAX_SAFE_INTEGER],
  ['-9223372036854775808', Number.MIN_SAFE_INTEGER],
]);
refuses('int64', int64(), ['9223372036854775808', '-9223372036854775809', '1.5', '1e300', '"x"', '[]']);

reads('64 bits', longBits(), [
  ['', 0n],
  ['5', 5n],
  ['""', 0n],
  ['9223372036854775807', 2n ** 63n - 1n],
  ['-9223372036854775808', -(2n ** 63n)],
]);
refuses('64 bits', longBits(), ['9223372036854775808', '1.5', '{}']);

reads('double', double(), [
  ['', 0],
  ['null', 0],
  ['""', 0],
  ['1.0E-7', 1e-7],
  ['"1.5"', 1.5],
  ['12345678901234567890', 12345678901234567000],
]);
refuses('double', double(), ['"x"', '" "', '[]', 'true']);

reads('boolean', boolean(true), [
  ['', true],
  ['""', true],
  ['false', false],
  ['"TRUE"', true],
  ['"false"', false],
  ['1', true],
  ['0', false],
]);
refuses('boolean', boolean(), ['"yes"', '2', '[]']);

const COLOURS = ['RED', 'GREEN'] as const;
reads('enum', enumOf(COLOURS, 'RED', null), [
  ['', 'RED'],
  ['"GREEN"', 'GREEN'],
  ['"green"', 'GREEN'],
  ['1', 'GREEN'],
  ['"BLUE"', null],
]);
reads('enum without a null', enumOf(COLOURS, 'RED'), [['"BLUE"', 'RED']]);
refuses('enum', enumOf(COLOURS, 'RED'), ['2', '-1', '1.5', 'true', '[]', '{}']);

reads('list', listOf(int32()), [
  ['', []],
  ['null', []],
  ['[1,"2",null]', [1, 2, 0]],
]);
refuses('list', listOf(text()), ['{}', '1', '["x",null]', '["x",[]]']);

reads('set', setOf(text()), [['["b","a","b"]', ['b', 'a']]]);
refuses('set', setOf(text()), ['{}', '[null]']);
reads(
  'set of objects',
  distinct(listOf(bean('B', { n: int32() })), (b) => String(b.n)),
  [['[{"n":2},{"n":1},{"n":2}]', [{ n: 2 }, { n: 1 }]]],
);

test('a map drops nulls and has no prototype', (t) => {
  const record = read(recordOf(int32()), '{"a":1,"b":null,"constructor":2}') as object;
  t.is(Object.getPrototypeOf(record), null);
  t.deepEqual(Object.entries(record), [
    ['a', 1],
    ['constructor', 2],
  ]);
  t.is(Object.getPrototypeOf(read(recordOf(int32()), '')), null);
});
refuses('map', recordOf(int32()), ['[]', '1', '{"a":"x"}']);

reads('map with numeric keys', numberMapOf(text()), [
  ['', new Map()],
  [
    '{0:"a","1":"b",-1:"c"}',
    new Map([
      [0, 'a'],
      [1, 'b'],
      [-1, 'c'],
    ]),
  ],
  ['{0:null}', new Map()],
]);
refuses('map with numeric keys', numberMapOf(text()), [
  '[]',
  '{"x":"a"}',
  '{"1.5":"a"}',
  '{"":"a"}',
  '{1:[]}',
  '{99999999999999999:"a"}',
]);

const SAMPLE = bean('Sample', {
  order: boolean(),
  brokerName: text('b'),
  remark: optional(text()),
  next: optional(listOf(int32())),
});

test('a bean reads names loosely, and an exact name first', (t) => {
  const from = (json: string) => parseJson(SAMPLE, 'Sample', json);
  t.deepEqual(from('{"isOrder":true,"Broker_Name":"x"}'), { order: true, brokerName: 'x' });
  t.deepEqual(from('{"BROKERNAME":"x","brokerName":"y","other":{}}'), { order: false, brokerName: 'y' });
});

test('an optional property is left out when it is missing or null', (t) => {
  t.deepEqual(parseJson(SAMPLE, 'Sample', '{"remark":null}'), { order: false, brokerName: 'b' });
  const value = { order: false, brokerName: 'b', remark: null, next: undefined };
  t.is(stringifyFastjson(SAMPLE.write(value)), '{"brokerName":"b","order":false}');
});

test('a bean is no list, text or number', (t) => {
  for (const json of ['[]', '"x"', '1', 'null']) {
    t.throws(() => parseJson(SAMPLE, 'Sample', json), { instanceOf: RemotingCommandError, message: /^Sample: / });
  }
});

test('a named property is written under its JSON name and read under both', (t) => {
  const type = bean('Sample', { queueId: named('q', int32()), a: named('z', int32()) });
  t.is(stringifyFastjson(type.write({ queueId: 1, a: 2 })), '{"q":1,"z":2}');
  t.deepEqual(parseJson(type, 'Sample', '{"queueId":1,"z":2}'), { queueId: 1, a: 2 });
});

test('a missing bean may stand for one with every default', (t) => {
  const type = bean('Outer', { inner: emptyBean(SAMPLE) });
  t.deepEqual(parseJson(type, 'Outer', '{}'), { inner: { order: false, brokerName: 'b' } });
});

test('a mapped type has another shape in TypeScript', (t) => {
  const type = mapped(
    text(''),
    (hex) => Buffer.from(hex, 'hex'),
    (bytes) => bytes.toString('hex'),
  );
  t.deepEqual(read(type, '"0102"'), Buffer.from([1, 2]));
  t.deepEqual(read(type, ''), Buffer.alloc(0));
  t.is(type.write(Buffer.from([3])), '03');
});

test('numbers that do not fit are not written', (t) => {
  for (const value of [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN]) {
    t.throws(() => int32().write(value), { instanceOf: RemotingCommandError });
  }
  for (const value of [0.5, Number.NaN]) t.throws(() => int64().write(value), { instanceOf: RemotingCommandError });
  for (const value of [2n ** 63n, -(2n ** 63n) - 1n]) {
    t.throws(() => longBits().write(value), { instanceOf: RemotingCommandError });
  }
  t.is(int64().write(Number.MAX_SAFE_INTEGER), 2n ** 63n - 1n);
  t.is(int64().write(Number.MIN_SAFE_INTEGER), -(2n ** 63n));
});

test('names in an error are cut', (t) => {
  const codec = bodyCodec('Sample', recordOf(int32()));
  const error = t.throws(() => codec.decode(Buffer.from(`{"${'x'.repeat(100_000)}":"${'y'.repeat(100_000)}"}`)));
  t.true((error?.message.length ?? 0) < 300);
});
