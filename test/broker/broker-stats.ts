import test from 'ava';
import { BrokerStats } from '../../src/broker/broker-stats.js';

function stats(): { stats: BrokerStats; advance(ms: number): void; now(): number } {
  let nowMs = 1_700_000_000_000;
  return {
    stats: new BrokerStats({
      clusterName: 'c1',
      detail: true,
      isSystemTopic: (topic) => topic.startsWith('RMQ_SYS'),
      now: () => nowMs,
    }),
    advance: (ms) => {
      nowMs += ms;
    },
    now: () => nowMs,
  };
}

test('nothing is known before the first sample', (t) => {
  const { stats: broker, now } = stats();
  broker.add('TOPIC_PUT_NUMS', 'T', 5);
  t.deepEqual(broker.find('TOPIC_PUT_NUMS', 'T')?.minute(now()), { sum: 0, tps: 0, avgpt: 0 });
});

test('the first sample counts from an empty one an interval earlier', (t) => {
  const { stats: broker, advance, now } = stats();
  broker.add('TOPIC_PUT_NUMS', 'T', 50);
  advance(10_000);
  t.deepEqual(broker.find('TOPIC_PUT_NUMS', 'T')?.minute(now()), { sum: 50, tps: 5, avgpt: 50 });
});

test('a minute is six intervals', (t) => {
  const { stats: broker, advance, now } = stats();
  for (let i = 0; i < 12; i++) {
    broker.add('TOPIC_PUT_NUMS', 'T', 10, 2);
    advance(10_000);
  }
  t.deepEqual(broker.find('TOPIC_PUT_NUMS', 'T')?.minute(now()), { sum: 60, tps: 1, avgpt: 5 });
});

test('silence lets the rate fall to zero without anybody sampling', (t) => {
  const { stats: broker, advance } = stats();
  broker.add('GROUP_GET_NUMS', 'T@g', 100);
  advance(10_000);
  t.is(broker.tps('GROUP_GET_NUMS', 'T@g'), 10);
  advance(20_000);
  t.is(broker.tps('GROUP_GET_NUMS', 'T@g'), 100 / 30, 'the burst is still within the minute');
  advance(3_600_000);
  t.is(broker.tps('GROUP_GET_NUMS', 'T@g'), 0);
});

test('what is added after a sample time belongs to the next interval', (t) => {
  const { stats: broker, advance, now } = stats();
  broker.add('TOPIC_PUT_NUMS', 'T', 10);
  advance(10_500);
  broker.add('TOPIC_PUT_NUMS', 'T', 90);
  t.is(broker.find('TOPIC_PUT_NUMS', 'T')?.minute(now()).sum, 10);
});

test('hours and days sum longer spans', (t) => {
  const { stats: broker, advance, now } = stats();
  for (let i = 0; i < 48; i++) {
    broker.add('TOPIC_PUT_NUMS', 'T', 1);
    advance(3_600_000);
  }
  const item = broker.find('TOPIC_PUT_NUMS', 'T');
  t.is(item?.hour(now()).sum, 1);
  t.is(item?.day(now()).sum, 24);
});

test('unknown names and keys are not found, not even those of Object', (t) => {
  const { stats: broker } = stats();
  t.is(broker.find('NO_SUCH', 'T'), null);
  t.is(broker.find('TOPIC_PUT_NUMS', 'T'), null);
  t.is(broker.find('__proto__', 'constructor'), null);
});

test('a put counts under all its keys', (t) => {
  const { stats: broker } = stats();
  broker.put('T', 3, 2, 200, 7);
  t.is(broker.find('TOPIC_PUT_NUMS', 'T')?.value, 2);
  t.is(broker.find('TOPIC_PUT_SIZE', 'T')?.value, 200);
  t.is(broker.find('QUEUE_PUT_NUMS', 'T@3')?.value, 2);
  t.is(broker.find('TOPIC_PUT_LATENCY', '3@T')?.value, 7);
  t.is(broker.find('BROKER_PUT_NUMS', 'c1')?.value, 2);
});

test('daily totals leave system topics out', (t) => {
  const { stats: broker } = stats();
  broker.put('T', 0, 3, 10, 0);
  broker.put('RMQ_SYS_TRACE_TOPIC', 0, 5, 10, 0);
  broker.got('g', 'T', 0, 2, 10, 0);
  t.deepEqual(broker.putTotals(), { yesterdayMorning: 0, todayMorning: 0, now: 3 });
  broker.recordMorning();
  broker.put('T', 0, 1, 10, 0);
  broker.recordMorning();
  t.deepEqual(broker.putTotals(), { yesterdayMorning: 3, todayMorning: 4, now: 4 });
  t.is(broker.getTotals().now, 2);
});

test('counters go with their topic and their group', (t) => {
  const { stats: broker } = stats();
  broker.put('T', 0, 1, 1, 0);
  broker.put('T2', 0, 1, 1, 0);
  broker.got('g', 'T', 0, 1, 1, 0);
  broker.got('g2', 'T2', 0, 1, 1, 0);
  broker.removeTopic('T');
  t.is(broker.find('TOPIC_PUT_NUMS', 'T'), null);
  t.is(broker.find('TOPIC_PUT_LATENCY', '0@T'), null);
  t.is(broker.find('GROUP_GET_NUMS', 'T@g'), null);
  t.is(broker.find('GROUP_GET_LATENCY', '0@T@g'), null);
  t.truthy(broker.find('TOPIC_PUT_NUMS', 'T2'));
  broker.removeGroup('g2');
  t.is(broker.find('GROUP_GET_NUMS', 'T2@g2'), null);
  t.is(broker.find('QUEUE_GET_SIZE', 'T2@0@g2'), null);
});
