import test from 'ava';
import fc from 'fast-check';
import {
  decodeProperties,
  encodeProperties,
  isReservedProperty,
  MessageProperty,
  propertyOf,
} from '../../src/protocol/message-property.js';
import { type GoldenCase, goldenCases, goldenTitle } from '../helper/golden.js';

interface PropertiesCase extends GoldenCase {
  input: { properties?: [string, string | null][] | null; text?: string | null; hex?: string };
  text?: string;
  hex?: string;
  readBack?: Record<string, string>;
  properties?: Record<string, string>;
}

function sorted(properties: Map<string, string> | Record<string, string>): [string, string][] {
  const entries = properties instanceof Map ? [...properties] : Object.entries(properties);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

for (const golden of goldenCases<PropertiesCase>('message-properties')) {
  test(`golden ${goldenTitle(golden)}`, (t) => {
    if (golden.text !== undefined) {
      let text = encodeProperties(new Map(golden.input.properties ?? []));
      // 4.9 drops the last separator; we write 5.x's form.
      if (golden.version.startsWith('4.9') && text.endsWith('\u0002')) text = text.slice(0, -1);
      t.is(text, golden.text);
      t.is(Buffer.from(text).toString('hex'), golden.hex ?? '');
      if (golden.readBack) t.deepEqual(sorted(decodeProperties(golden.text)), sorted(golden.readBack));
    } else {
      const { text } = golden.input;
      const decoded = decodeProperties(text);
      t.deepEqual(sorted(decoded), sorted(golden.properties ?? {}));
      for (const name of [...decoded.keys(), 'a', 'missing', '']) {
        t.is(propertyOf(text ?? '', name), decoded.get(name) ?? null);
      }
    }
  });
}

const word = fc.string({ minLength: 1 }).filter((text) => !text.includes('\u0001') && !text.includes('\u0002'));

test('encode then decode gives the same properties, with and without the last separator', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word)), (pairs) => {
      const properties = new Map(pairs);
      const text = encodeProperties(properties);
      t.deepEqual([...decodeProperties(text)], [...properties]);
      t.deepEqual([...decodeProperties(text.slice(0, -1))], [...properties]);
    }),
  );
});

test('one property is found exactly as decoding all finds it, in any text', (t) => {
  const piece = fc.constantFrom('\u0001', '\u0002', 'a', 'b', 'ab', 'ba', 'KEYS', 'é');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const text = pieces.join('');
      const decoded = decodeProperties(text);
      for (const name of ['a', 'b', 'ab', 'KEYS', '']) t.is(propertyOf(text, name), decoded.get(name) ?? null);
    }),
    { numRuns: 2000 },
  );
});

test('names of RocketMQ are reserved, others are not', (t) => {
  t.true(isReservedProperty(MessageProperty.UNIQ_KEY));
  t.true(isReservedProperty('__CRC32#'));
  t.false(isReservedProperty('orderId'));
  t.false(isReservedProperty('constructor'));
});
