import test from 'ava';
import {
  dateTime,
  dateTimeMillis,
  front,
  inHashOrder,
  javaDouble,
  javaHashMap,
  javaMap,
  left,
  right,
} from '../../../src/cli/apache/java-text.js';

// Expected values: java.lang.Double#toString, java.util.AbstractMap#toString, java.util.Formatter.

const doubles: Array<[value: number, text: string]> = [
  [0, '0.0'],
  [1, '1.0'],
  [-1, '-1.0'],
  [1.5, '1.5'],
  [0.001, '0.001'],
  [0.0001, '1.0E-4'],
  [0.000123, '1.23E-4'],
  [9_999_999, '9999999.0'],
  [10_000_000, '1.0E7'],
  [12_345_678.9, '1.23456789E7'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
];
for (const [value, text] of doubles) {
  test(`double ${text}`, (t) => {
    t.is(javaDouble(value), text);
  });
}

test('maps, padding and cutting', (t) => {
  t.is(
    javaMap([
      ['0', 'a:1'],
      ['1', 'b:2'],
    ]),
    '{0=a:1, 1=b:2}',
  );
  t.is(javaMap([]), '{}');
  t.is(javaMap(null), 'null');
  t.is(left('abc', 5), 'abc  ');
  t.is(left('abcdef', 5), 'abcdef');
  t.is(right(42, 5), '   42');
  t.is(front('abcdef', 3), 'abc');
});

test("the properties of a message come in the order of Java's HashMap", (t) => {
  const keys = 'MAX_OFFSET KEYS TAGS WAIT MIN_OFFSET UNIQ_KEY CLUSTER TRACE_ON MSG_REGION'.split(' ');
  // As Apache's queryMsgByOffset prints them.
  t.is(
    javaHashMap(keys.map((key) => [key, ''])),
    '{MSG_REGION=, UNIQ_KEY=, CLUSTER=, MIN_OFFSET=, TAGS=, KEYS=, WAIT=, TRACE_ON=, MAX_OFFSET=}',
  );
});

test('names come in the order of a HashSet', (t) => {
  // As Apache's mqadmin 5.3.3 printed them.
  const groups = ['mailer', 'orders', 'audit'];
  t.deepEqual(
    inHashOrder(groups, (group) => group),
    ['audit', 'orders', 'mailer'],
  );
});

test('times are local, padded and with milliseconds after a comma', (t) => {
  const time = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();
  t.is(dateTime(time), '2026-01-02 03:04:05');
  t.is(dateTimeMillis(time), '2026-01-02 03:04:05,006');
});
