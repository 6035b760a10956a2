import test from 'ava';
import {
  addSample,
  emptyHistory,
  groupRows,
  type History,
  type HistoryOptions,
  topicRows,
} from '../../../src/console/state/history.js';
import type { GroupReading, Sample } from '../../../src/console/state/sample.js';

const start = 1_700_000_000_000;

function reading(values: Partial<GroupReading>): GroupReading {
  const brokerOffset = values.brokerOffset ?? 0;
  const consumerOffset = values.consumerOffset ?? 0;
  return {
    group: 'g',
    topics: ['orders'],
    brokerOffset,
    consumerOffset,
    lag: brokerOffset - consumerOffset,
    oldestConsumedAtMs: null,
    clients: 1,
    ...values,
  };
}

function sample(atMs: number, groups: GroupReading[], maxOffset: number | null = 0): Sample {
  return {
    atMs,
    groups,
    topics: [{ topic: 'orders', queues: 4, maxOffset, depth: maxOffset }],
    brokersAnswered: 1,
    brokersTotal: 1,
    problems: [],
  };
}

/** Samples a second apart: broker and consumer offsets at each. */
function addAll(
  offsets: Array<[broker: number, consumer: number]>,
  options: HistoryOptions,
  values: Partial<GroupReading> = {},
): History {
  return offsets.reduce(
    (h, [brokerOffset, consumerOffset], i) =>
      addSample(h, sample(start + i * 1000, [reading({ ...values, brokerOffset, consumerOffset })], brokerOffset)),
    emptyHistory(options),
  );
}

function history(offsets: Array<[broker: number, consumer: number]>, values: Partial<GroupReading> = {}): History {
  return addAll(offsets, { stuckAfterMs: 3000 }, values);
}

test('rates are taken over the window, not between two steps of a commit', (t) => {
  const [row] = groupRows(
    history([
      [0, 0],
      [100, 0],
      [200, 0],
      [300, 200],
      [400, 200],
    ]),
  );
  t.is(row?.inRate, 100);
  t.is(row?.outRate, 50);
  t.is(
    topicRows(
      history([
        [0, 0],
        [100, 0],
      ]),
    )[0]?.inRate,
    100,
  );
});

test('the first sample has no rates, and says unknown rather than zero', (t) => {
  const [row] = groupRows(history([[10, 0]]));
  t.is(row?.inRate, null);
  t.is(row?.drainMs, null);
});

test('a group without lag is ok and drained', (t) => {
  const [row] = groupRows(
    history([
      [10, 10],
      [20, 20],
    ]),
  );
  t.is(row?.state, 'ok');
  t.is(row?.drainMs, 0);
  t.is(row?.ageMs, 0);
});

test('a group that commits nothing for the configured time is stuck, and the line says for how long', (t) => {
  const offsets: Array<[number, number]> = [
    [1000, 50],
    [1010, 60],
    [1020, 60],
    [1030, 60],
    [1040, 60],
  ];
  const [row] = groupRows(history(offsets));
  t.is(row?.state, 'stuck');
  t.regex(row?.words ?? '', /not committed an offset for 3 s/);
  t.is(groupRows(history(offsets.slice(0, -1)))[0]?.state, 'behind');
});

test('what comes in within a commit interval is no backlog', (t) => {
  const [row] = groupRows(
    history([
      [1000, 700],
      [1100, 800],
    ]),
  );
  t.is(row?.state, 'ok');
});

test('a small lag that grows through the whole window is behind', (t) => {
  const growing = Array.from({ length: 12 }, (_, i): [number, number] => [i * 100, i * 85]);
  t.is(groupRows(history(growing))[0]?.state, 'behind');
  // Commits every five seconds: the lag goes up and down, and is none.
  const stepping = Array.from({ length: 13 }, (_, i): [number, number] => [
    1000 + i * 100,
    1000 + Math.floor(i / 5) * 500,
  ]);
  t.is(groupRows(addAll(stepping, { stuckAfterMs: 30_000 }))[0]?.state, 'ok');
});

test('a group that consumes slower than messages arrive is behind and never drains', (t) => {
  const [row] = groupRows(
    history([
      [9000, 0],
      [9200, 100],
      [9400, 200],
    ]),
  );
  t.is(row?.state, 'behind');
  t.is(row?.drainMs, Number.POSITIVE_INFINITY);
});

test('a group that catches up has a time to drain', (t) => {
  const [row] = groupRows(
    history([
      [1000, 0],
      [1000, 100],
      [1000, 200],
    ]),
  );
  t.is(row?.drainMs, 8000);
});

test('no member online is offline even with lag', (t) => {
  t.is(
    groupRows(
      history(
        [
          [100, 0],
          [100, 0],
          [100, 0],
          [100, 0],
          [100, 0],
        ],
        { clients: 0 },
      ),
    )[0]?.state,
    'offline',
  );
});

test('unknown lag is unknown with its reason, and has no rates', (t) => {
  const h = addSample(
    emptyHistory(),
    sample(start, [
      reading({ lag: null, brokerOffset: null, consumerOffset: null, reason: 'broker-b did not answer' }),
    ]),
  );
  const [row] = groupRows(h);
  t.is(row?.state, 'unknown');
  t.is(row?.lag, null);
  t.regex(row?.words ?? '', /broker-b did not answer/);
});

test('an offset that went back gives no negative rate', (t) => {
  t.is(
    groupRows(
      history([
        [100, 90],
        [100, 10],
      ]),
    )[0]?.outRate,
    null,
  );
});

test('the worst group comes first', (t) => {
  let h = emptyHistory({ stuckAfterMs: 1000 });
  for (let i = 0; i < 3; i++) {
    h = addSample(
      h,
      sample(start + i * 1000, [
        reading({ group: 'fine', brokerOffset: i, consumerOffset: i }),
        reading({ group: 'stuck', brokerOffset: 500, consumerOffset: 1 }),
        reading({ group: 'slow', brokerOffset: 5000, consumerOffset: i }),
      ]),
    );
  }
  t.deepEqual(
    groupRows(h).map((row) => row.group),
    ['stuck', 'slow', 'fine'],
  );
});

test('the history is bounded', (t) => {
  let h = emptyHistory({ keep: 3 });
  for (let i = 0; i < 10; i++) h = addSample(h, sample(start + i, []));
  t.is(h.samples.length, 3);
});
