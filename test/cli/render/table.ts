import test from 'ava';
import type { Paint } from '../../../src/cli/render/paint.js';
import { formatTable } from '../../../src/cli/render/table.js';
import type { Column } from '../../../src/cli/render/view.js';

interface Row {
  topic: string;
  broker: string;
  queueId: number;
  lag: number | null;
  state: string;
}

const ROWS: Row[] = [
  { topic: 'orders', broker: 'broker-a', queueId: 0, lag: 41_090, state: 'stuck' },
  {
    topic: 'a-topic-with-a-very-long-name-that-no-terminal-of-eighty-columns-can-show-whole',
    broker: 'broker-with-a-long-name',
    queueId: 11,
    lag: null,
    state: 'ok',
  },
  { topic: '%RETRY%заказы', broker: '代理', queueId: 3, lag: 0, state: 'ok' },
];

const COLUMNS: ReadonlyArray<Column<Row>> = [
  { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, cut: true },
  { key: 'broker', title: 'BROKER', value: ({ broker }) => broker, cut: true },
  { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
  { key: 'lag', title: 'LAG', value: ({ lag }) => lag },
  { key: 'state', title: 'STATE', value: ({ state }) => state, tone: ({ state }) => (state === 'ok' ? 'good' : 'bad') },
];

const GOLDENS: Array<[width: number, cut: string[], lines: string[]]> = [
  [
    200,
    [],
    [
      'TOPIC                                                                            BROKER                   QUEUE    LAG  STATE',
      'orders                                                                           broker-a                     0  41090  stuck',
      'a-topic-with-a-very-long-name-that-no-terminal-of-eighty-columns-can-show-whole  broker-with-a-long-name     11      -  ok',
      '%RETRY%заказы                                                                    代理                         3      0  ok',
    ],
  ],
  [
    80,
    ['TOPIC'],
    [
      'TOPIC                               BROKER                   QUEUE    LAG  STATE',
      'orders                              broker-a                     0  41090  stuck',
      'a-topic-with-a-v…ns-can-show-whole  broker-with-a-long-name     11      -  ok',
      '%RETRY%заказы                       代理                         3      0  ok',
    ],
  ],
  [
    60,
    ['TOPIC', 'BROKER'],
    [
      'TOPIC               BROKER               QUEUE    LAG  STATE',
      'orders              broker-a                 0  41090  stuck',
      'a-topic-…how-whole  broker-wi…long-name     11      -  ok',
      '%RETRY%заказы       代理                     3      0  ok',
    ],
  ],
];
for (const [width, cut, lines] of GOLDENS) {
  test(`at ${width} columns names lose their middle as far as need be, numbers never`, (t) => {
    const table = formatTable(ROWS, COLUMNS, { width });
    t.is(table.text, `${lines.join('\n')}\n`);
    t.deepEqual(table.cut, cut);
  });
}

test('the terminal may be narrower than all columns at their least', (t) => {
  const { text } = formatTable(ROWS, COLUMNS, { width: 10 });
  t.true(text.startsWith('TOPIC'));
});

test('a name cannot move the cursor or break the line', (t) => {
  const { text } = formatTable(
    [{ name: 'a\u001b[2Jb\nc\td' }],
    [{ key: 'name', title: 'NAME', value: (row) => row.name }],
    {
      width: null,
    },
  );
  t.is(text, 'NAME\na\\u001b[2Jb\\nc\\td\n');
});

test('colour goes around the text and does not shift columns', (t) => {
  const paint: Paint = { bold: (text) => `*${text}*`, tone: (tone, text) => `<${tone}:${text}>` };
  const { text } = formatTable(ROWS.slice(0, 1), COLUMNS.slice(2), { width: null, paint });
  t.is(text, '*QUEUE*    *LAG*  *STATE*\n    0  41090  <bad:stuck>\n');
});

test('columns without room are left out: the expendable first, then from the right', (t) => {
  const columns = COLUMNS.map((column) => (column.key === 'broker' ? { ...column, expendable: true } : column));
  const at = (width: number | null, keepAll = false) => formatTable(ROWS, columns, { width, keepAll });
  t.deepEqual(at(41).leftOut, ['BROKER']);
  t.is(at(41).text.split('\n')[0], 'TOPIC                 QUEUE    LAG  STATE');
  t.deepEqual(at(30).leftOut, ['BROKER', 'STATE']);
  t.deepEqual(at(10).leftOut, ['BROKER', 'QUEUE', 'LAG', 'STATE']);
  t.deepEqual(at(10, true).leftOut, []);
  t.deepEqual(at(null).leftOut, []);
});
