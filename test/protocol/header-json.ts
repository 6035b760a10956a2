import test from 'ava';
import { RemotingCommandError } from '../../src/protocol/errors.js';
import { decodeJsonHeader, encodeJsonHeader } from '../../src/protocol/header-json.js';
import type { RemotingHeader } from '../../src/protocol/remoting-command.js';

const HEADER: RemotingHeader = {
  code: 105,
  language: 'JAVA',
  version: 479,
  opaque: 7,
  flag: 0,
  remark: null,
  extFields: null,
};

test('a header is one object with sorted properties', (t) => {
  t.is(
    encodeJsonHeader({ ...HEADER, remark: 'r', extFields: { topic: 'T' } }),
    '{"code":105,"extFields":{"topic":"T"},"flag":0,"language":"JAVA","opaque":7,"remark":"r","serializeTypeCurrentRPC":"JSON","version":479}',
  );
});

test('missing values of extFields are not written', (t) => {
  const extFields = { a: undefined, b: '1', c: null } as unknown as Record<string, string>;
  t.true(encodeJsonHeader({ ...HEADER, extFields }).includes('"extFields":{"b":"1"}'));
  t.true(encodeJsonHeader({ ...HEADER, extFields: { a: undefined } as never }).includes('"extFields":{},'));
});

test('extFields are escaped as fastjson does', (t) => {
  const extFields = { 'a"\u0001': ':null', b: '\u000b\u001f\u007f\u2028é😀', c: '\ud800' };
  t.true(
    encodeJsonHeader({ ...HEADER, extFields }).includes(
      '"extFields":{"a\\"\\u0001":":null","b":"\\u000B\\u001F\\u007F\\u2028é😀","c":"\ud800"}',
    ),
  );
  t.deepEqual({ ...decodeJsonHeader(encodeJsonHeader({ ...HEADER, extFields })).extFields }, extFields);
});

test('missing properties get the defaults of the Java class', (t) => {
  t.deepEqual(decodeJsonHeader('{}'), { ...HEADER, code: 0, version: 0, opaque: 0 });
});

test('a property named __proto__ is harmless', (t) => {
  const { extFields } = decodeJsonHeader(
    '{"code":1,"flag":0,"language":"GO","opaque":1,"version":1,"extFields":{"__proto__":"x","toString":"y"}}',
  );
  t.is(Object.getPrototypeOf(extFields), null);
  t.deepEqual(Object.keys(extFields ?? {}), ['__proto__', 'toString']);
  const slow = decodeJsonHeader('{extFields:{"__proto__":"x",n:1}}').extFields;
  t.is(Object.getPrototypeOf(slow), null);
  t.deepEqual(Object.entries(slow ?? {}), [
    ['__proto__', 'x'],
    ['n', '1'],
  ]);
});

test('numbers in extFields keep their text', (t) => {
  const { extFields } = decodeJsonHeader('{"extFields":{"a":1.50,"b":9223372036854775807,"c":-0,"d":{"q":[1.0,"x"]}}}');
  t.deepEqual({ ...extFields }, { a: '1.50', b: '9223372036854775807', c: '-0', d: '{"q":[1.0,"x"]}' });
});

test('names and numbers may be written loosely', (t) => {
  t.like(decodeJsonHeader("{'Code':'10',op_aque:8.0,\"flag\":true,remark:5}"), {
    code: 10,
    opaque: 8,
    flag: 1,
    remark: '5',
  });
});

const MALFORMED = [
  '',
  'null',
  '[]',
  '1',
  '"x"',
  '{',
  '{"code":}',
  '{"code":"x"}',
  '{"code":1.5}',
  '{"code":2147483648}',
  '{"opaque":-2147483649}',
  '{"flag":[]}',
  '{"version":{}}',
  '{"language":99}',
  '{"language":-1}',
  '{"language":[]}',
  '{"remark":{}}',
  '{"extFields":[]}',
  '{"extFields":"x"}',
  '{"extFields":{"a":{"$ref":"$"}}}',
  '{"extFields":{"a":{"$ref":"$.nothing"}}}',
  `{"zzz":${'['.repeat(100_000)}`,
];

for (const text of MALFORMED) {
  test(`header ${text.slice(0, 40)} is refused`, (t) => {
    t.throws(() => decodeJsonHeader(text), { instanceOf: RemotingCommandError });
  });
}
