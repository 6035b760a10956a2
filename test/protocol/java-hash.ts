import test from 'ava';
import fc from 'fast-check';
import { indexHash, indexKeyHash, javaHashCode, javaHashUtf8, tagsCode } from '../../src/protocol/java-hash.js';
import { type GoldenCase, goldenCases, goldenTitle } from '../helper/golden.js';

interface HashCase extends GoldenCase {
  input: { tags?: string | null; key?: string };
  tagsCode?: string;
  keyHash?: number;
  stringHash?: number;
}

for (const golden of goldenCases<HashCase>('tags-code')) {
  test(`golden ${goldenTitle(golden)} ${JSON.stringify(golden.input).slice(0, 40)}`, (t) => {
    const { tags, key } = golden.input;
    const text = tags ?? key ?? '';
    if (golden.tagsCode !== undefined) t.is(tagsCode(tags), Number(golden.tagsCode));
    if (golden.stringHash !== undefined) t.is(javaHashCode(text), golden.stringHash);
    if (golden.keyHash !== undefined) {
      t.is(indexHash(javaHashCode(text)), golden.keyHash);
      const separator = text.indexOf('#');
      if (separator >= 0) t.is(indexKeyHash(text.slice(0, separator), text.slice(separator + 1)), golden.keyHash);
    }
  });
}

test('hash of UTF-8 bytes equals the hash of the text, and a seed continues it', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, before) => {
      const bytes = Buffer.from(`..${text}.`);
      const seed = javaHashCode(before);
      t.is(javaHashUtf8(bytes, 2, bytes.length - 1, seed), javaHashCode(before + text));
    }),
  );
});

test('the index hash of Integer.MIN_VALUE is 0', (t) => {
  t.is(indexHash(-0x80000000), 0);
  t.is(indexHash(-5), 5);
  t.is(indexHash(0x7fffffff), 0x7fffffff);
});
