import test from 'ava';
import fc from 'fast-check';
import { toJson } from '../../../src/cli/render/json.js';

test('big integers, maps and missing fields', (t) => {
  t.is(
    toJson({ a: 9_223_372_036_854_775_807n, b: new Map([[0, 'x']]), c: undefined, d: [undefined] }),
    '{"a":9223372036854775807,"b":{"0":"x"},"d":[null]}',
  );
});

test('is what JSON.stringify writes, compact and indented', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      t.is(toJson(value), JSON.stringify(value));
      t.is(toJson(value, 2), JSON.stringify(value, null, 2));
    }),
  );
});
