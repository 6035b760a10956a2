import test from 'ava';
import fc from 'fast-check';
import { RemotingCommandError } from '../../src/protocol/errors.js';
import {
  decodeHeader,
  defineHeader,
  encodeHeader,
  type FieldDef,
  type HeaderSchema,
  optional,
  required,
} from '../../src/protocol/header-schema.js';
import { headerTable } from '../../src/protocol/headers.js';
import { type FrameCase, type GoldenHeader, headerSchema, headerValues } from '../helper/frames.js';
import { goldenCases, goldenTitle } from '../helper/golden.js';

const SCHEMAS: HeaderSchema[] = Object.values(headerTable);

/** Fields of a header class as Java writes them: its toString() of each. */
function texts(header: GoldenHeader): Record<string, string> {
  return Object.fromEntries(Object.entries(header).map(([name, value]) => [name, String(value)]));
}

for (const file of ['remoting-json', 'remoting-binary']) {
  for (const golden of goldenCases<FrameCase>(file)) {
    const { headerClass, header } = golden.input;
    if (headerClass === undefined || header === undefined) continue;
    test(`${file} header object to extFields: ${goldenTitle(golden)}`, (t) => {
      const schema = headerSchema(headerClass);
      const extFields = encodeHeader(schema, headerValues(schema, header));
      t.deepEqual(extFields, texts(header));
      t.like(golden.decoded?.extFields, extFields);
    });
    const { decoded, decodedHeader } = golden;
    if (decoded === undefined || decodedHeader === undefined) continue;
    test(`${file} extFields to header object: ${goldenTitle(golden)}`, (t) => {
      const schema = headerSchema(headerClass);
      const fields = decoded.extFields as Record<string, string>;
      t.deepEqual(decodeHeader(schema, fields), headerValues(schema, decodedHeader) as never);
    });
  }
}

test('every header class is defined under its own name', (t) => {
  for (const [name, schema] of Object.entries(headerTable)) t.is(schema.name, name);
});

const SAMPLE = defineHeader('Sample', {
  text: required.string,
  count: required.int32,
  offset: optional.int64,
  flag: optional.boolean,
  boundaryType: optional.boundary,
});

test('undefined and null fields are not written', (t) => {
  t.deepEqual(encodeHeader(SAMPLE, { text: 'x', count: 1, flag: undefined, offset: null as never }), {
    text: 'x',
    count: '1',
  });
});

test('booleans are true in any case and else false', (t) => {
  const read = (flag: string) => decodeHeader(SAMPLE, { text: '', count: '0', flag }).flag;
  t.deepEqual([read('true'), read('TRUE'), read('false'), read('1'), read('')], [true, true, false, false, false]);
});

test('a boundary is UPPER in any case and else LOWER', (t) => {
  const read = (boundaryType: string) => decodeHeader(SAMPLE, { text: '', count: '0', boundaryType }).boundaryType;
  t.deepEqual([read('upper'), read('UPPER'), read('LOWER'), read('x')], ['UPPER', 'UPPER', 'LOWER', 'LOWER']);
});

test('an int64 beyond 2^53-1 stands for the limits of a Java long', (t) => {
  const read = (offset: string) => decodeHeader(SAMPLE, { text: '', count: '0', offset }).offset;
  const write = (offset: number) => encodeHeader(SAMPLE, { text: '', count: 0, offset }).offset;
  t.is(read('9223372036854775807'), Number.MAX_SAFE_INTEGER);
  t.is(read('-9223372036854775808'), Number.MIN_SAFE_INTEGER);
  t.is(write(Number.MAX_SAFE_INTEGER), '9223372036854775807');
  t.is(write(Number.MIN_SAFE_INTEGER), '-9223372036854775808');
  t.is(read('-1'), -1);
  t.is(write(1_700_000_000_000), '1700000000000');
});

test('an inherited property is no field', (t) => {
  const schema = defineHeader('Odd', { toString: optional.string });
  t.deepEqual(Object.keys(decodeHeader(schema, {})), []);
});

test('a missing required field is named', (t) => {
  t.throws(() => decodeHeader(SAMPLE, { text: 'x' }), {
    instanceOf: RemotingCommandError,
    message: 'Sample.count is missing',
  });
  t.throws(() => decodeHeader(SAMPLE, null), { message: 'Sample.text is missing' });
  t.throws(() => decodeHeader(SAMPLE, undefined), { message: 'Sample.text is missing' });
});

for (const count of ['', ' 1', '1.0', '1e3', '0x10', '2147483648', '-2147483649', 'x', '١']) {
  test(`${JSON.stringify(count)} is no int32`, (t) => {
    t.throws(() => decodeHeader(SAMPLE, { text: '', count }), {
      instanceOf: RemotingCommandError,
      message: /^Sample\.count: /,
    });
  });
}

for (const offset of ['', '1.5', '9'.repeat(21), 'Infinity', 'NaN']) {
  test(`${JSON.stringify(offset)} is no int64`, (t) => {
    t.throws(() => decodeHeader(SAMPLE, { text: '', count: '0', offset }), { message: /^Sample\.offset: / });
  });
}

test('a number that does not fit its Java type is not written', (t) => {
  for (const count of [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN]) {
    t.throws(() => encodeHeader(SAMPLE, { text: '', count }), { message: /is not an int32/ });
  }
  for (const offset of [0.5, Number.NaN]) {
    t.throws(() => encodeHeader(SAMPLE, { text: '', count: 0, offset }), { message: /is not an int64/ });
  }
});

function fieldValue(def: FieldDef): fc.Arbitrary<unknown> {
  switch (def.type) {
    case 'string':
      return fc.string({ unit: 'binary' });
    case 'boolean':
      return fc.boolean();
    case 'int32':
      return fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
    case 'int64':
      return fc.maxSafeInteger();
    case 'boundary':
      return fc.constantFrom('LOWER', 'UPPER');
  }
}

test('every header class reads back what it wrote', (t) => {
  const anyHeader = fc.constantFrom(...SCHEMAS).chain((schema) => {
    const fields = Object.entries(schema.fields);
    const values = Object.fromEntries(fields.map(([name, def]) => [name, fieldValue(def)]));
    const requiredKeys = fields.filter(([, def]) => def.required).map(([name]) => name);
    return fc.record({
      schema: fc.constant(schema),
      values: fc.record(values, { requiredKeys, noNullPrototype: true }),
    });
  });
  fc.assert(
    fc.property(anyHeader, ({ schema, values }) => {
      t.deepEqual(decodeHeader(schema, encodeHeader(schema, values)), values);
    }),
    { numRuns: 500 },
  );
});
