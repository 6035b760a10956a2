import test from 'ava';
import fc from 'fast-check';
import { RemotingCommandError } from '../../src/protocol/errors.js';
import {
  JavaDouble,
  javaDoubleText,
  MAX_JSON_DEPTH,
  NumberText,
  parseFastjson,
  parseFastjsonNumbersAsText,
  stringifyFastjson,
} from '../../src/protocol/fastjson.js';
import { type GoldenCase, goldenCases } from '../helper/golden.js';

interface BodyCase extends GoldenCase {
  json?: string;
}

/** Copies to objects with a prototype, so that deepEqual looks at the content alone. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

/** Reads past the fast path: JSON.parse does not take a byte order mark. */
function parseSlowly(text: string): unknown {
  return parseFastjson(`\ufeff${text}`);
}

/** What JSON.parse makes of integers that parseFastjson keeps exact. */
function rounded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, rounded(part)]));
}

function reads(title: string, text: string, expected: unknown): void {
  test(`reads ${title}`, (t) => t.deepEqual(plain(parseFastjson(text)), expected));
}

reads('bare numeric keys', '{0:"a",-1:"b",10:{2:3}}', { 0: 'a', '-1': 'b', 10: { 2: 3 } });
reads('quoted numeric keys', '{"0":"a","1":"b"}', { 0: 'a', 1: 'b' });
reads('bare words as names', '{abc:1,$d_2:2,\u00e9t\u00e9:3}', { abc: 1, $d_2: 2, été: 3 });
reads('single quotes', `{'a':'it\\'s "x"'}`, { a: `it's "x"` });
reads('white space anywhere', ' { "a" : [ 1 ,\t2 ]\r\n, b : { } } \n', { a: [1, 2], b: {} });
reads('raw control characters in text', '{"a":"x\ny\u0001"}', { a: 'x\ny\u0001' });
reads('every escape', `['\\u00e9\\xe9\\b\\t\\n\\v\\f\\F\\r\\"\\'\\/\\\\\\0\\7']`, [
  'éé\b\t\n\u000b\f\f\r"\'/\\\u0000\u0007',
]);
reads('Java doubles', '[0.0,1.0E10,1.0E-7,-12.5]', [0, 1e10, 1e-7, -12.5]);
reads('the last of properties with one name', '{"a":1,a:2}', { a: 2 });
reads('scalars', 'null', null);
reads('integers exactly', '[9007199254740991,9007199254740992,-9223372036854775808,9223372036854775807]', [
  9007199254740991,
  9007199254740992n,
  -9223372036854775808n,
  9223372036854775807n,
]);
reads('a key that is an object, as its text with sorted names', '{{"topic":"T","queueId":0,"brokerName":"b"}:5}', {
  '{"brokerName":"b","queueId":0,"topic":"T"}': 5,
});
reads('a key that is an object with a big integer', '{{a:9223372036854775807,b:[1.50,null,{c:{}}]}:5}', {
  '{"a":9223372036854775807,"b":[1.5,null,{"c":{}}]}': 5,
});
reads('a key within a key', '{{{"a":1}:2}:3}', { '{"{\\"a\\":1}":2}': 3 });
reads('no type metadata', '{"@type":"java.lang.Object","a":1}', { a: 1 });
reads('a reference to an element', '{"a":[{"x":1}],"b":{"$ref":"$.a[0]"}}', { a: [{ x: 1 }], b: { x: 1 } });
reads('a reference in a list', '[{"x":1},{"$ref":"$[0]"}]', [{ x: 1 }, { x: 1 }]);
reads('a reference to what comes later', '{"b":{"$ref":"$.z.a[0]"},"z":{"a":[{"x":1}]}}', {
  b: { x: 1 },
  z: { a: [{ x: 1 }] },
});
reads('a reference that a later property replaces', '{"b":{"$ref":"$.nowhere"},"b":1}', { b: 1 });
reads('a reference through a reference', '{"a":{"x":{"y":1}},"b":{"$ref":"$.a"},"c":{"$ref":"$.b.x"}}', {
  a: { x: { y: 1 } },
  b: { x: { y: 1 } },
  c: { y: 1 },
});
reads('a reference with escaped characters', '{"a-b.c":{"x":1},"r":{"$ref":"$.a\\\\-b\\\\.c"}}', {
  'a-b.c': { x: 1 },
  r: { x: 1 },
});
reads('$ref beside other properties as an ordinary name', '{"$ref":"$","a":1}', { $ref: '$', a: 1 });
reads('$ref that is no text as an ordinary name', '{"$ref":1}', { $ref: 1 });
reads('a key that refers to the first key of another map', '{"a":{{"q":1}:5,{"q":2}:6},"b":{{"$ref":"$.a.null"}:7}}', {
  a: { '{"q":1}': 5, '{"q":2}': 6 },
  b: { '{"q":1}': 7 },
});
reads('a key that refers into what is still open', '{"m":{"a":{{"q":1}:5},"b":{{"$ref":"$.m.a.null"}:7}}}', {
  m: { a: { '{"q":1}': 5 }, b: { '{"q":1}': 7 } },
});
reads('a reference within dropped metadata', '{"@type":{"x":{"y":1},"z":[{"$ref":"@"}]},"a":1}', { a: 1 });
reads('a value that refers to a key', '{"a":{{"q":1}:5},"b":{"$ref":"$.a.null"}}', {
  a: { '{"q":1}': 5 },
  b: { q: 1 },
});

test('references share the instance', (t) => {
  const value = parseFastjson('{"a":{"x":1},"b":[{"$ref":"$.a"},{"$ref":"@"},{"c":{"$ref":".."}},{"$ref":"$"}]}');
  const { a, b } = value as { a: object; b: unknown[] };
  t.is(b[0], a);
  t.is(b[1], b);
  t.is((b[2] as { c: unknown }).c, b);
  t.is(b[3], value);
});

test('a name is harmless whatever it is', (t) => {
  for (const text of ['{"__proto__":{"x":1}}', '{__proto__:{x:1}}']) {
    const value = parseFastjson(text) as object;
    t.deepEqual(Object.keys(value), ['__proto__']);
    t.is((value as { x?: number }).x, undefined);
  }
});

const MALFORMED: Record<string, string> = {
  nothing: '',
  'a lone brace': '{',
  'a lone bracket': '[',
  'a property without value': '{"a":}',
  'a property without colon': '{"a"}',
  'a property without name': '{:1}',
  'a comma at the end': '{"a":1,}',
  'a comma at the end of a list': '[1,]',
  'a list without commas': '[1 2]',
  'text behind the value': '{} x',
  'two values': '{}{}',
  'text without end': '"abc',
  'text that ends in an escape': '"abc\\',
  'an unknown escape': '"\\q"',
  'a short unicode escape': '"\\u12"',
  'a broken unicode escape': '"\\u12g4"',
  'a broken word': 'nul',
  'a bare word': 'abc',
  'a lone sign': '-',
  'a number that starts with a point': '.5',
  'a list as name': '{[1]:2}',
  'a name after a sign': '{-:2}',
  'a reference to nothing': '{"a":{"$ref":"$.b"}}',
  'a reference to a text': '{"b":"x","a":{"$ref":"$.b"}}',
  'a reference by no path': '{"a":{"$ref":"b"}}',
  'a reference by a broken index': '[{"$ref":"$[x]"}]',
  'a reference by an open index': '[{"$ref":"$[0"}]',
  'a reference to itself': '{"$ref":"$"}',
  'a property that refers to itself': '{"a":{"$ref":"$.a"}}',
  'a reference to a reference that waits': '{"a":{"$ref":"$.b.x"},"b":{"$ref":"$.a.x"}}',
  'a key that refers to nothing': '{{"$ref":"$.b.null"}:1}',
  'a key that refers to what is no key': '{"a":{"x":1},"b":{{"$ref":"$.a"}:1}}',
  'a key that holds a reference': '{"a":{"x":1},"b":{{"k":{"$ref":"$.a"}}:1}}',
  'an integer of many digits': `[${'1'.repeat(101)}]`,
};

for (const [title, text] of Object.entries(MALFORMED)) {
  test(`refuses ${title}`, (t) => {
    t.throws(() => parseFastjson(text), { instanceOf: RemotingCommandError });
  });
}

test('errors tell the position', (t) => {
  t.throws(() => parseFastjson('{"a":x}'), { message: `JSON at 5: a value expected, "x" found` });
  t.throws(() => parseFastjson('[1'), { message: `JSON at 2: ',' or ']' expected, the end found` });
});

test('nesting is bounded, not the stack', (t) => {
  const nested = (depth: number, open: string, close: string) => `{x:${open.repeat(depth)}1${close.repeat(depth)}}`;
  t.notThrows(() => parseFastjson(nested(MAX_JSON_DEPTH - 1, '[', ']')));
  for (const [open, close] of [
    ['[', ']'],
    ['{a:', '}'],
    ['{', ':1}'],
  ] as const) {
    t.throws(() => parseFastjson(nested(1_000_000, open, close)), { message: /deep/ });
    t.throws(() => parseFastjson(`{x:${open.repeat(1_000_000)}`), { message: /deep/ });
  }
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  t.throws(() => stringifyFastjson(deep), { instanceOf: RemotingCommandError });
});

test('many references to one large instance are one instance', (t) => {
  const big = `[${Array.from({ length: 20_000 }, (_, i) => i).join()}]`;
  const refs = Array.from({ length: 20_000 }, () => '{"$ref":"$.big"}').join();
  const value = parseFastjson(`{"big":${big},"refs":[${refs}]}`) as { big: unknown; refs: unknown[] };
  t.true(value.refs.every((ref) => ref === value.big));
});

test('numbers may be kept as text', (t) => {
  const value = parseFastjsonNumbersAsText('[1.50,{2:1}]') as [NumberText, Record<string, NumberText>];
  t.deepEqual(value[0], new NumberText('1.50'));
  t.is(stringifyFastjson(value), '[1.50,{"2":1}]');
});

const DOUBLES: [number, string][] = [
  [0, '0.0'],
  [-0, '-0.0'],
  [1, '1.0'],
  [12.5, '12.5'],
  [-12.5, '-12.5'],
  [0.001, '0.001'],
  [0.0009, '9.0E-4'],
  [1e-7, '1.0E-7'],
  [1.25e-7, '1.25E-7'],
  [9_999_999, '9999999.0'],
  [1e7, '1.0E7'],
  [12_345_678.5, '1.23456785E7'],
  [1e10, '1.0E10'],
  [0.1 + 0.2, '0.30000000000000004'],
  [Number.MAX_VALUE, '1.7976931348623157E308'],
  [Number.NaN, 'null'],
  [Number.POSITIVE_INFINITY, 'null'],
];

for (const [value, text] of DOUBLES) {
  test(`the double ${Object.is(value, -0) ? '-0' : value} is written ${text}`, (t) => {
    t.is(javaDoubleText(value), text);
    t.is(stringifyFastjson([new JavaDouble(value)]), `[${text}]`);
  });
}

function writes(title: string, value: unknown, expected: string): void {
  test(`writes ${title}`, (t) => t.is(stringifyFastjson(value), expected));
}

writes('properties by name, without nulls', { b: 1, a: 'x', c: null, d: undefined, B: 2 }, '{"B":2,"a":"x","b":1}');
writes(
  'map entries in their order',
  new Map([
    ['b', 1],
    ['a', 2],
  ]),
  '{"b":1,"a":2}',
);
writes(
  'number keys bare',
  new Map([
    [1, 'x'],
    [0, 'y'],
  ]),
  '{1:"x",0:"y"}',
);
writes('object keys bare', new Map([[{ topic: 'T', queueId: 0 }, 5n]]), '{{"queueId":0,"topic":"T"}:5}');
writes(
  'no null values of maps',
  new Map([
    ['a', null],
    ['b', undefined],
  ]),
  '{}',
);
writes('lists and sets', [[], [1, null, undefined], new Set(['a', 'b'])], '[[],[1,null,null],["a","b"]]');
writes(
  'integers whole and others as doubles',
  [1, -5, 1.5, 2 ** 60, 1e300],
  '[1,-5,1.5,1.15292150460684698E18,1.0E300]'.replace('1.15292150460684698E18', javaDoubleText(2 ** 60)),
);
writes('big integers', [2n ** 63n - 1n, -(2n ** 63n)], '[9223372036854775807,-9223372036854775808]');
writes('numbers that are none as null', [Number.NaN, Number.NEGATIVE_INFINITY], '[null,null]');
writes('scalars', true, 'true');
writes(
  'escapes',
  '"\\/\b\t\n\f\r\u0000\u000b\u001f\u007f\u009f\u00a0\u2028\u2029é😀',
  '"\\"\\\\/\\b\\t\\n\\f\\r\\u0000\\u000B\\u001F\\u007F\\u009F\u00a0\\u2028\\u2029é😀"',
);

test('the browser form is standard ASCII JSON', (t) => {
  const value = new Map<unknown, unknown>([
    [10, 2n ** 53n],
    [2, 2n ** 53n - 1n],
    [
      1,
      new Map<unknown, unknown>([
        ['b', '/é😀<'],
        ['a', '"\\\n\u0001\u007f'],
      ]),
    ],
  ]);
  t.is(
    stringifyFastjson(value, { browserCompatible: true }),
    '{"1":{"a":"\\"\\\\\\n\\u0001\\u007F","b":"\\/\\u00E9\\uD83D\\uDE00<"},"2":9007199254740991,"10":"9007199254740992"}',
  );
  t.is(stringifyFastjson(new Map([[{ q: 1 }, 1]]), { browserCompatible: true }), '{"{\\"q\\":1}":1}');
});

test('the pretty form is that of config files', (t) => {
  const value = {
    empty: {},
    list: [1, { a: 1 }],
    map: new Map([
      [3, 1],
      [5, 2],
    ]),
    names: new Map<string, unknown>([
      ['t', new Set(['x', 'y'])],
      ['u', []],
    ]),
    none: new Map(),
  };
  const expected = [
    '{',
    '\t"empty":{},',
    '\t"list":[',
    '\t\t1,',
    '\t\t{',
    '\t\t\t"a":1',
    '\t\t}',
    '\t],',
    '\t"map":{3:1,5:2',
    '\t},',
    '\t"names":{',
    '\t\t"t":["x","y"],',
    '\t\t"u":[]',
    '\t},',
    '\t"none":{}',
    '}',
  ];
  t.is(stringifyFastjson(value, { pretty: true }), expected.join('\n'));
});

test('the slow reader reads standard JSON as JSON.parse does', (t) => {
  fc.assert(
    fc.property(
      fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 }),
      fc.integer({ min: 0, max: 3 }),
      (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        t.deepEqual(rounded(parseSlowly(text)), plain(JSON.parse(text)));
      },
    ),
    { numRuns: 500 },
  );
});

/** Values that stringifyFastjson writes without loss, with what the reader makes of them. */
const writable = fc.letrec<{ value: [unknown, unknown] }>((tie) => {
  const same = <T>(value: T): [T, T] => [value, value];
  const pairs = fc.array(fc.tuple(fc.string({ unit: 'binary' }), tie('value')), { maxLength: 4 });
  const numbered = fc.array(fc.tuple(fc.nat(), tie('value')), { maxLength: 4 });
  const key = fc.record({ brokerName: fc.string(), queueId: fc.nat(), topic: fc.string() });
  const record = (entries: [string, [unknown, unknown]][]) => Object.fromEntries(entries.map(([k, v]) => [k, v[1]]));
  // A property of that name would be a reference or dropped.
  const ordinary = (entries: [string, unknown][]) => entries.every(([k]) => k !== '$ref' && k !== '@type');
  return {
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.string({ unit: 'binary' }).map(same),
      fc.maxSafeInteger().map(same),
      fc.boolean().map(same),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }).map(same),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n): [unknown, unknown] => [new JavaDouble(n), n]),
      fc
        .array(tie('value'), { maxLength: 4 })
        .map((items): [unknown, unknown] => [items.map((item) => item[0]), items.map((item) => item[1])]),
      pairs
        .filter(ordinary)
        .map((entries): [unknown, unknown] => [
          Object.fromEntries(entries.map(([k, v]) => [k, v[0]])),
          record(entries),
        ]),
      pairs
        .filter(ordinary)
        .map((entries): [unknown, unknown] => [new Map(entries.map(([k, v]) => [k, v[0]])), record(entries)]),
      numbered.map((entries): [unknown, unknown] => [
        new Map(entries.map(([k, v]) => [k, v[0]])),
        record(entries.map(([k, v]) => [String(k), v])),
      ]),
      fc
        .tuple(key, tie('value'))
        .map(([k, v]): [unknown, unknown] => [new Map([[k, v[0]]]), record([[stringifyFastjson(k), v]])]),
    ),
  };
});

/** -0 and 0 are one integer in JSON. */
function withoutNegativeZero(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNegativeZero);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutNegativeZero(part)]));
  }
  return Object.is(value, -0) ? 0 : value;
}

test('what was written is read back', (t) => {
  fc.assert(
    fc.property(writable.value, fc.boolean(), ([value, expected], pretty) => {
      const read = plain(parseFastjson(stringifyFastjson(value, { pretty })));
      t.deepEqual(withoutNegativeZero(read), withoutNegativeZero(plain(expected)));
    }),
    { numRuns: 500 },
  );
});

const BODIES = goldenCases<BodyCase>('bodies-json').flatMap(({ json }) => json ?? []);

test("every text of the goldens is written back as fastjson's reader sees it", (t) => {
  for (const json of BODIES) {
    const value = plain(parseFastjson(json));
    t.deepEqual(plain(parseFastjson(stringifyFastjson(value))), value);
  }
});

test('any text is a value or a RemotingCommandError', (t) => {
  const fragments = [
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    "'",
    '\\',
    '\\u',
    '"a"',
    '$ref',
    '"$ref"',
    '{"$ref":"$"}',
    '{"$ref":"$.a"}',
    'a',
    '1',
    '-',
    '.',
    'E',
    'null',
    'true',
    ' ',
  ];
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...fragments), { maxLength: 30 }).map((parts) => parts.join('')),
    fc.tuple(fc.constantFrom(...BODIES), fc.nat(), fc.constantFrom(...fragments)).map(([json, at, fragment]) => {
      const position = at % json.length;
      return json.slice(0, position) + fragment + json.slice(position + 1);
    }),
  );
  fc.assert(
    fc.property(anyText, (text) => {
      try {
        parseSlowly(text);
      } catch (error) {
        if (!(error instanceof RemotingCommandError)) t.fail(`${String(error)} for ${text}`);
      }
    }),
    { numRuns: 3000 },
  );
  t.pass();
});
