import test from 'ava';
import type { GroupReading } from '../../../src/admin/cluster-sample.js';
import { groupWords, lagAgeMs } from '../../../src/console/state/group-state.js';
import { addSample, emptyHistory, type History, latest } from '../../../src/console/state/history.js';
import { group, START_MS, sample, topic } from '../../helper/console-samples.js';

/** Samples two seconds apart: broker and consumer offsets at each. */
function history(offsets: Array<[broker: number, consumer: number]>, values: Partial<GroupReading> = {}): History {
  return offsets.reduce(
    (h, [brokerOffset, consumerOffset], i) =>
      addSample(
        h,
        sample(i * 2, {
          groups: [group({ ...values, brokerOffset, consumerOffset })],
          topics: [topic({ maxOffset: brokerOffset, size: brokerOffset })],
        }),
      ),
    emptyHistory({ stuckAfterMs: 5000 }),
  );
}

const rowOf = (h: History) => latest(h)?.groups.get('mailer');
const wordsOf = (h: History): string => {
  const row = rowOf(h);
  return row === undefined ? '' : groupWords(row, latest(h)?.atMs ?? 0);
};

test('rates are taken over the window, not between two steps of a commit', (t) => {
  const h = history([
    [0, 0],
    [200, 0],
    [400, 0],
    [600, 400],
    [800, 400],
  ]);
  t.is(rowOf(h)?.inRate, 100);
  t.is(rowOf(h)?.outRate, 50);
  t.is(latest(h)?.topics.get('orders')?.inRate, 100);
});

test('the first sample has no rates, and says unknown rather than zero', (t) => {
  const row = rowOf(history([[100, 50]]));
  t.is(row?.inRate, null);
  t.is(row?.outRate, null);
  t.is(row?.drainMs, null);
});

test('a group that keeps up within a commit interval is ok', (t) => {
  const h = history([
    [0, 0],
    [200, 150],
    [400, 350],
  ]);
  t.is(rowOf(h)?.state, 'ok');
  t.regex(wordsOf(h), /keeps up/);
});

test('a group that consumes slower than messages come in is behind, and its lag grows', (t) => {
  const h = history([
    [0, 0],
    [2000, 100],
    [4000, 200],
    [6000, 300],
  ]);
  t.is(rowOf(h)?.state, 'behind');
  t.is(rowOf(h)?.drainMs, Number.POSITIVE_INFINITY);
  t.regex(wordsOf(h), /slower than messages come in/);
});

test('a group that catches up is behind with a time to go', (t) => {
  const h = history([
    [10_000, 0],
    [10_000, 1000],
    [10_000, 2000],
  ]);
  t.is(rowOf(h)?.drainMs, 16_000);
  t.regex(wordsOf(h), /catching up, about 16s to go/);
});

test('members that do not commit while messages wait are stuck, in words with the time', (t) => {
  const h = history([
    [100, 50],
    [200, 60],
    [300, 60],
    [400, 60],
    [500, 60],
  ]);
  t.is(rowOf(h)?.state, 'stuck');
  t.regex(wordsOf(h), /1 member is online but no offset was committed for 6s/);
});

test('offsets that stand still because nothing comes in are no standstill', (t) => {
  const idle: Array<[number, number]> = [
    [50, 50],
    [50, 50],
    [50, 50],
    [50, 50],
  ];
  t.is(rowOf(history(idle))?.state, 'ok');
  t.not(rowOf(history([...idle, [5000, 50]]))?.state, 'stuck');
});

test('nobody online is offline, and what waits is said', (t) => {
  const h = history([[100, 60]], { clients: [] });
  t.is(rowOf(h)?.state, 'offline');
  t.regex(wordsOf(h), /no member is online, 40 messages are waiting/);
});

test('lag that is not known is unknown with its reason, never zero', (t) => {
  const h = history([[100, 60]], { lag: null, knownLag: 12, reason: 'broker-b did not answer' });
  t.is(rowOf(h)?.state, 'unknown');
  t.is(wordsOf(h), 'mailer: lag is unknown: broker-b did not answer; at least 12 messages wait');
});

test('members that never committed an offset of a topic with messages are stuck, not without lag', (t) => {
  const values = { lag: null, consumerOffset: null, uncommitted: ['orders'], topics: [], reason: 'no offset' };
  const mute = (size: number) =>
    [0, 2, 4, 6].reduce(
      (h, at) => addSample(h, sample(at, { groups: [group({ ...values, knownLag: 0 })], topics: [topic({ size })] })),
      emptyHistory({ stuckAfterMs: 5000 }),
    );
  t.is(rowOf(mute(200))?.state, 'stuck');
  t.regex(wordsOf(mute(200)), /no offset of orders was ever committed; up to 200 messages wait/);
  t.is(rowOf(mute(0))?.state, 'ok');
  t.is(rowOf(mute(0))?.lag, 0);
});

test('nothing has been waiting for longer than since the lag was last zero', (t) => {
  const h = history(
    [
      [50, 50],
      [60, 50],
    ],
    { oldestConsumedAtMs: START_MS - 3_600_000 },
  );
  const row = rowOf(h);
  t.is(row === undefined ? null : lagAgeMs(row, START_MS + 5000), 5000);
});

test('dead letters of a group count for the topics it reads', (t) => {
  const h = addSample(
    emptyHistory(),
    sample(0, { topics: [topic(), topic({ topic: '%DLQ%mailer', kind: 'dlq', size: 3 })] }),
  );
  t.is(rowOf(h)?.dead, 3);
  t.is(latest(h)?.topics.get('orders')?.dead, 3);
});

test('an hour is kept: all of the last five minutes, before that one sample every half minute', (t) => {
  let h = emptyHistory();
  for (let second = 0; second <= 4000; second += 2) h = addSample(h, sample(second));
  const times = h.frames.map(({ atMs }) => (atMs - START_MS) / 1000);
  t.is(times.filter((at) => at >= 3700).length, 151);
  t.true((times[0] ?? 0) >= 400);
  t.true(h.frames.length < 280);
  // Rows that say the same are kept once, whatever the number of samples.
  const again = addSample(h, { ...sample(4000), atMs: START_MS + 4_002_000 });
  t.is(again.frames.at(-1)?.groups.get('mailer'), again.frames.at(-2)?.groups.get('mailer'));
});
