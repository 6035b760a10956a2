import test from 'ava';
import fc from 'fast-check';
import { AssertionError } from '../../src/base/errors.js';
import { readInt64Clamped, writeInt64Clamped } from '../../src/protocol/int64-clamped.js';

const { MAX_SAFE_INTEGER, MIN_SAFE_INTEGER } = Number;

test('safe integers are written and read as they are', (t) => {
  const view = new DataView(new ArrayBuffer(12));
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      fc.pre(Math.abs(value) < MAX_SAFE_INTEGER);
      writeInt64Clamped(view, 3, value);
      t.is(view.getBigInt64(3), BigInt(value));
      t.is(readInt64Clamped(view, 3), value);
    }),
  );
});

test('every int64 is read as itself or clamped', (t) => {
  const view = new DataView(new ArrayBuffer(8));
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      view.setBigInt64(0, value);
      const clamped =
        value > BigInt(MAX_SAFE_INTEGER)
          ? MAX_SAFE_INTEGER
          : value < -BigInt(MAX_SAFE_INTEGER)
            ? MIN_SAFE_INTEGER
            : Number(value);
      t.is(readInt64Clamped(view, 0), clamped);
    }),
  );
});

test('the outermost safe integers are written as the limits of a Java long', (t) => {
  const view = new DataView(new ArrayBuffer(8));
  writeInt64Clamped(view, 0, MAX_SAFE_INTEGER);
  t.is(view.getBigInt64(0), 2n ** 63n - 1n);
  writeInt64Clamped(view, 0, MIN_SAFE_INTEGER);
  t.is(view.getBigInt64(0), -(2n ** 63n));
});

test('what is no safe integer is a bug of the caller', (t) => {
  const view = new DataView(new ArrayBuffer(8));
  for (const value of [1.5, Number.NaN, 2 ** 53]) {
    t.throws(() => writeInt64Clamped(view, 0, value), { instanceOf: AssertionError });
  }
});
