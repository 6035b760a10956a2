/** What monitoring systems get: expected texts are worked by hand from their own documentation. */
import test from 'ava';
import { checkedText } from '../../src/admin/checks/metrics.js';
import {
  type CheckReport,
  checkedSubject,
  checkMetric,
  checkReport,
  type MetricDefinition,
} from '../../src/admin/checks/report.js';
import { limitsOf } from '../../src/cli/check-command.js';
import { FORMATS } from '../../src/cli/check-formats.js';

const LAG: MetricDefinition = { name: 'lag', unit: 'count', bad: 'above', description: '', warn: null, crit: null };
const DELAY: MetricDefinition = { ...LAG, name: 'delay', unit: 'ms' };
const MEMBERS: MetricDefinition = { ...LAG, name: 'members', bad: 'below', crit: 1 };

function report(
  lag: number | null,
  delay: number | null,
  members: number | null,
  reason: string | null = null,
): CheckReport {
  const limits = { warn: { lag: 10, delay: 60_000 }, crit: { lag: 100 } };
  const metrics = [
    checkMetric(LAG, lag, limits),
    checkMetric(DELAY, delay, limits),
    checkMetric(MEMBERS, members, limits),
  ];
  return checkReport('consumer', [checkedSubject('a|b', metrics, checkedText, reason)]);
}

const print = (format: 'nagios' | 'prometheus' | 'junit' | 'github', given: CheckReport) =>
  FORMATS[format].text?.(given);

test('a value is bad from its limit on, or below it', (t) => {
  const levels = (values: ReadonlyArray<number | null>, definition: MetricDefinition) =>
    values.map((value) => checkMetric(definition, value, { warn: { lag: 10 }, crit: { lag: 100 } }).level);
  t.deepEqual(levels([0, 9, 10, 99, 100, null], LAG), ['ok', 'ok', 'warning', 'warning', 'critical', 'unknown']);
  t.deepEqual(levels([0, 1, null], MEMBERS), ['critical', 'ok', 'unknown']);
  t.is(checkMetric(DELAY, null, { warn: {}, crit: {} }).level, 'ok', 'nobody asked');
  t.is(checkMetric(MEMBERS, 0, { warn: {}, crit: { members: null } }).level, 'ok', 'switched off');
});

test('Nagios gets a line with its figures, and its exit codes', (t) => {
  t.is(
    print('nagios', report(12, 1500, 2)),
    "RMQ CONSUMER WARNING - a/b: lag 12 (warning from 10) | 'lag'=12;10;100;0 'delay'=1.5s;60;;0 'members'=2;;1:;0",
  );
  t.is(print('nagios', report(1, 0, 2))?.split(' | ')[0], 'RMQ CONSUMER OK - a/b: lag 1, delay 0ms, members 2');
  t.is(
    print('nagios', report(null, 0, 0, 'broker-b did not answer')),
    "RMQ CONSUMER CRITICAL - a/b: lag unknown; members 0 (critical below 1); broker-b did not answer | 'delay'=0s;60;;0 'members'=0;;1:;0",
  );
  t.deepEqual((['ok', 'warning', 'critical', 'unknown'] as const).map(FORMATS.nagios.exit), [0, 1, 2, 3]);
});

test('Prometheus gets gauges, and a writer that went well', (t) => {
  const quoted = { ...report(5, 2500, null) };
  const text = print('prometheus', {
    ...quoted,
    subjects: quoted.subjects.map((each) => ({ ...each, subject: 'a"\\' })),
  });
  t.deepEqual(text?.split('\n'), [
    '# HELP mqadmin_check_state 0 ok, 1 warning, 2 critical, 3 unknown.',
    '# TYPE mqadmin_check_state gauge',
    'mqadmin_check_state{check="consumer",subject="a\\"\\\\"} 3',
    '# TYPE mqadmin_check_consumer_lag gauge',
    'mqadmin_check_consumer_lag{subject="a\\"\\\\"} 5',
    '# TYPE mqadmin_check_consumer_delay_seconds gauge',
    'mqadmin_check_consumer_delay_seconds{subject="a\\"\\\\"} 2.5',
  ]);
  t.deepEqual((['ok', 'critical'] as const).map(FORMATS.prometheus.exit), [0, 0]);
});

test('JUnit gets a test for each limit', (t) => {
  const text = print('junit', report(200, 0, null, 'no <answer> & "none"'));
  t.regex(text ?? '', /<testsuite name="mqadmin check consumer" tests="3" failures="1" errors="1">/);
  t.true(text?.includes('<failure message="lag 200 (critical from 100)"/>'));
  t.true(text?.includes('&lt;answer&gt; &amp; &quot;none&quot;"/>'));
  t.true(text?.includes('<testcase classname="consumer.a|b" name="delay">'));
  t.deepEqual((['ok', 'warning', 'critical', 'unknown'] as const).map(FORMATS.junit.exit), [0, 0, 1, 1]);
});

test('GitHub Actions gets annotations', (t) => {
  t.is(
    print('github', report(12, 0, 1, '50 %\nnext')),
    '::warning title=consumer a|b is warning::lag 12 (warning from 10); 50 %25%0Anext',
  );
  t.is(print('github', report(200, 0, 1)), '::error title=consumer a|b is critical::lag 200 (critical from 100)');
  t.is(print('github', report(0, 0, 1)), '::notice title=consumer a|b is ok::lag 0, delay 0ms, members 1');
});

test('limits are numbers and durations, by name or for the first metric', (t) => {
  t.deepEqual(limitsOf('consumer', { warn: ['1000', 'delay=5m'], crit: ['lag=5000,members=off'] }), {
    warn: { lag: 1000, delay: 300_000 },
    crit: { lag: 5000, members: null },
  });
  t.deepEqual(limitsOf('broker', { warn: ['80%'], crit: ['send-wait=250'] }), {
    warn: { disk: 80 },
    crit: { 'send-wait': 250 },
  });
  t.throws(() => limitsOf('consumer', { warn: ['lagg=1'], crit: [] }), { message: /no metric "lagg"/ });
  t.throws(() => limitsOf('consumer', { warn: [], crit: ['lag=many'] }), { message: /"many" is no limit/ });
  t.throws(() => limitsOf('topic', { warn: ['soon'], crit: [] }), { message: /no duration/ });
});
