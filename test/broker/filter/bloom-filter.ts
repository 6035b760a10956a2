import test from 'ava';
import { BloomFilter } from '../../../src/broker/filter/bloom-filter.js';
import { type GoldenCase, goldenCases, goldenTitle } from '../../helper/golden.js';

interface Golden extends GoldenCase {
  readonly f: number;
  readonly n: number;
  readonly key: string;
  readonly k: number;
  readonly m: number;
  readonly bitPos: readonly number[];
}

for (const golden of goldenCases<Golden>('bloom-filter')) {
  test(`bits of ${goldenTitle(golden)}`, (t) => {
    const filter = new BloomFilter(golden.f, golden.n);
    t.is(filter.hashCount, golden.k);
    t.is(filter.bitCount, golden.m);
    t.deepEqual(filter.bitsOf(golden.key), { bitNum: golden.m, bitPos: [...golden.bitPos] });
  });
}

test('a bit map may hold what was added, and seldom more', (t) => {
  const filter = new BloomFilter(20, 32);
  const bitMap = filter.newBitMap();
  const added = Array.from({ length: 8 }, (_, i) => filter.bitsOf(`group${i}#topic`));
  for (const bits of added) filter.add(bits, bitMap);
  t.true(added.every((bits) => filter.mayHold(bits, bitMap)));
  const others = Array.from({ length: 200 }, (_, i) => filter.bitsOf(`other${i}#topic`));
  t.true(others.filter((bits) => filter.mayHold(bits, bitMap)).length < 40);
});

test('bits of a filter of another size are not valid', (t) => {
  const filter = new BloomFilter(20, 32);
  t.true(filter.isValid(filter.bitsOf('g#t')));
  t.false(filter.isValid(new BloomFilter(20, 64).bitsOf('g#t')));
  t.false(filter.isValid(null));
  t.throws(() => new BloomFilter(0, 32), { instanceOf: RangeError });
  t.throws(() => new BloomFilter(20, 0), { instanceOf: RangeError });
});
