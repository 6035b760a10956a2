import test from 'ava';
import {
  concurrentMapOf,
  dateTime,
  dateTimeMillis,
  front,
  hashMapOf,
  javaDouble,
  javaHashMap,
  javaMap,
  jsonObjectOf,
  left,
  right,
} from '../../../src/cli/apache/java-text.js';
import { inHashOrder } from '../../../src/protocol/java-hash.js';

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

test('twelve keys: in a HashMap of 16 buckets, in a ConcurrentHashMap of 32 already, as Java 17 lists them', (t) => {
  const table = Object.fromEntries(
    [
      ...['brokerClusterName', 'brokerId', 'brokerName', 'brokerRole', 'fileReservedTime', 'filterServerNums'],
      ...['flushDiskType', 'maxMessageSize', 'messageDelayLevel', 'msgTraceTopicName', 'slaveReadEnable', 'traceOn'],
    ].map((key) => [key, key.length]),
  );
  t.is(
    [...hashMapOf(table).keys()].join(' '),
    'brokerId traceOn brokerRole flushDiskType slaveReadEnable brokerClusterName fileReservedTime ' +
      'msgTraceTopicName messageDelayLevel brokerName filterServerNums maxMessageSize',
  );
  t.is(
    [...concurrentMapOf(table).keys()].join(' '),
    'brokerId traceOn flushDiskType msgTraceTopicName messageDelayLevel brokerRole slaveReadEnable ' +
      'fileReservedTime brokerClusterName brokerName filterServerNums maxMessageSize',
  );
  t.is(concurrentMapOf(table).get('traceOn'), 7);
});

test('ints in the order of a HashSet, as Java 17 lists them', (t) => {
  t.deepEqual(
    inHashOrder([476_588_369, -5, 3_433_164, 17], (each) => each),
    [17, -5, 3_433_164, 476_588_369],
  );
});

test('objects inside a parsed one are HashMaps, too; lists stay', (t) => {
  const parsed = jsonObjectOf({ a: [{ traceOn: 1, brokerId: 2 }], text: 'x', none: null }) as Map<string, unknown>;
  t.deepEqual(
    [...((parsed.get('a') as Array<Map<string, number>>)[0] as Map<string, number>).keys()],
    ['brokerId', 'traceOn'],
  );
  t.is(parsed.get('text'), 'x');
  t.is(parsed.get('none'), null);
});
