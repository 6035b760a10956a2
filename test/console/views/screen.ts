import test from 'ava';
import { textWidth } from '../../../src/cli/render/text-width.js';
import { spokenChanges, spokenState } from '../../../src/console/views/spoken.js';
import { broker, group, START_MS, sample, TestConsole, topic } from '../../helper/console-samples.js';

const crowd = () =>
  sample(0, {
    groups: [
      group({
        group: 'orders-settlement-of-the-european-region-with-a-long-name',
        brokerOffset: 41_090,
        consumerOffset: 0,
        worst: { queue: 'orders@broker-a/3', lag: 41_090 },
        oldestConsumedAtMs: START_MS - 1_102_000,
      }),
      group({ group: 'mailer', brokerOffset: 100, consumerOffset: 100 }),
      group({ group: 'archive', lag: null, reason: 'broker-b did not answer', clients: null }),
      group({ group: 'name-with-wide-文字列-in-it' }),
    ],
    topics: [topic(), topic({ topic: 'payments', size: null, reason: 'broker-b did not answer' })],
    brokers: [
      broker({ diskRatio: 0.83 }),
      broker({
        brokerName: 'broker-b',
        isAnswering: false,
        reason: 'timed out',
        silentSinceMs: START_MS - 12_000,
        inRate: null,
      }),
    ],
    problems: ['broker-b at 10.0.0.8:10911 does not answer: timed out'],
  });

for (const [columns, rows] of [
  [80, 24],
  [100, 30],
  [200, 50],
  [320, 60],
  [40, 10],
] as const) {
  test(`every view fills ${columns}x${rows} and no more`, (t) => {
    for (const isAscii of [false, true]) {
      for (const key of ['1', '2', '3', '4', '5', '?', ':', '/', 'K']) {
        const c = new TestConsole({ size: { columns, rows }, isAscii }).samples(crowd(), crowd()).keys(key);
        t.is(c.screen.length, rows, key);
        t.deepEqual(
          c.screen.filter((line) => textWidth(line) > columns),
          [],
          key,
        );
        // biome-ignore lint/suspicious/noControlCharactersInRegex: what is beyond ASCII is looked for
        if (isAscii) t.regex(c.text.replace(/[文字列]/g, ''), /^[\x00-\x7f]*$/, key);
      }
    }
  });
}

test('at 80 columns names are cut in the middle, and numbers never', (t) => {
  const { text } = new TestConsole().samples(crowd());
  t.regex(text, /orders-\S*…\S*name/);
  t.regex(text, /41,090/);
  t.notRegex(text, /IN\/s|LAST 5 MIN/);
  t.regex(text, /18m22s/);
});

test('a wide terminal shows rates, trend and topics', (t) => {
  const { text } = new TestConsole({ size: { columns: 200, rows: 50 } }).samples(crowd());
  t.regex(text, /IN\/s/);
  t.regex(text, /LAST 5 MIN/);
  t.regex(text, /TOPICS/);
  t.regex(text, /7 req 12ms/);
});

test('the header says who answered and how old the data is', (t) => {
  const c = new TestConsole({ size: { columns: 140, rows: 24 } }).samples(crowd());
  c.send({ kind: 'tick', nowMs: START_MS + 14_000 });
  t.regex(c.screen[0] ?? '', /prod-east {2}1 of 2 brokers answered {2}age 14s/);
});

test('unknown is said to be unknown, with the reason', (t) => {
  const c = new TestConsole().samples(crowd());
  t.regex(c.text, /archive +\? unknown +unknown/);
  c.keys('/').type('archive').keys('enter');
  t.regex(c.text, /archive: lag is unknown: broker-b did not answer/);
  c.keys('2', 'end');
  t.regex(c.text, /payments: broker-b did not answer/);
  c.keys('3', 'end');
  t.regex(c.text, /broker-b .* silent .* –/);
  t.regex(c.text, /broker-b at 10.0.0.9:10911 does not answer: timed out/);
});

test('pulse shows totals, brokers, and what needs a look, the worst first', (t) => {
  const c = new TestConsole({ size: { columns: 120, rows: 30 } }).samples(crowd()).keys('5');
  t.regex(c.text, /┌─ in /);
  t.regex(c.text, /needs a look:\n +broker-b does not answer for 12s\n +broker-a: disk 83% full/);
});

test('a cluster that is gone is shown as such and the rows stay', (t) => {
  const c = new TestConsole().samples(crowd());
  const brokers = [broker({ isAnswering: false, reason: 'refused', inRate: null })];
  const groups = [
    group({ lag: null, brokerOffset: null, consumerOffset: null, clients: null, reason: 'broker-a did not answer' }),
  ];
  const namesrvProblem = 'name server 10.0.0.1:9876: refused';
  c.samples(sample(2, { brokers, groups, namesrvProblem, problems: [namesrvProblem] }));
  t.regex(c.screen[0] ?? '', /name server silent/);
  t.regex(c.screen[0] ?? '', /lag unknown/);
  t.regex(c.screen[0] ?? '', /0 of 1 brokers/);
  t.regex(c.text, /mailer +\? unknown +unknown/);
  c.samples(sample(4));
  t.regex(c.screen[0] ?? '', /1 of 1 brokers/);
  t.regex(c.text, /mailer +● ok/);
});

test('a screen reader is told sentences, and only what changed', (t) => {
  const c = new TestConsole().samples(sample(0));
  const first = spokenState(c.state);
  t.is(
    first.row,
    'row 1 of 1: mailer, STATE ● ok, LAG 0, AGE 0s, IN/s unknown, OUT/s unknown, DRAIN 0s, CLIENTS 1, DEAD 0, TOPICS orders',
  );
  t.is(first.states, 'all groups are well');
  t.deepEqual(spokenChanges(first, spokenState(c.state), true), []);
  c.keys('3');
  t.deepEqual(spokenChanges(first, spokenState(c.state), true)[0], 'Brokers, 1 brokers');
});
