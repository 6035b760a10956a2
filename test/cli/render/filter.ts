import test from 'ava';
import { FilterError } from '../../../src/cli/render/filter.js';
import { renderView, UnknownColumnError } from '../../../src/cli/render/render.js';
import { type OutputFormat, tableView } from '../../../src/cli/render/view.js';

const rows = [
  { name: 'payments', lag: 10, state: 'online' },
  { name: 'settlement', lag: 2000, state: 'online' },
  { name: 'audit', lag: null, state: null },
];
const view = tableView({
  doc: { groups: rows, complete: false },
  rows,
  columns: [
    { key: 'consumerGroup', title: 'GROUP', value: ({ name }) => name },
    { key: 'lag', title: 'LAG', value: ({ lag }) => lag },
    { key: 'state', title: 'STATE', value: ({ state }) => state, wide: true },
  ],
  name: ({ name }) => name,
  footer: ['3 groups'],
});
const shown = async (...filters: string[]) =>
  (await renderView(view, { format: 'name', width: null, filters })).text.trimEnd().split('\n').filter(Boolean);

for (const [filter, wanted] of [
  ['group=payments', ['payments']],
  ['GROUP == PAYMENTS', ['payments']],
  ['group=*t*', ['payments', 'settlement', 'audit']],
  ['group=*t', ['settlement', 'audit']],
  ['group!=*t', ['payments']],
  ['consumerGroup~^(pay|aud)', ['payments', 'audit']],
  ['group!~^pay', ['settlement', 'audit']],
  ['lag>10', ['settlement']],
  ['lag>=10', ['payments', 'settlement']],
  ['lag<2000', ['payments']],
  ['lag<=10', ['payments']],
  ['lag=2000', ['settlement']],
  ['lag!=2000', ['payments', 'audit']],
  ['state=online', ['payments', 'settlement']],
  ['state!=online', ['audit']],
  ['SETTLE', ['settlement']],
  ['online', ['payments', 'settlement']],
] as const) {
  test(`--filter '${filter}' shows ${wanted.join(', ')}`, async (t) => {
    t.deepEqual(await shown(filter), [...wanted]);
  });
}

test('several filters must all hold', async (t) => {
  t.deepEqual(await shown('online', 'lag>100'), ['settlement']);
  t.deepEqual(await shown('online', 'lag>5000'), []);
});

test('every format is filtered, and a sum over all rows is not shown', async (t) => {
  const text = async (format: OutputFormat) =>
    (await renderView(view, { format, width: null, filters: ['lag>100'] })).text;
  t.deepEqual(JSON.parse(await text('json')), { groups: [rows[1]], complete: false });
  t.deepEqual(JSON.parse(await text('ndjson')), rows[1]);
  t.is(await text('csv'), 'consumerGroup,lag,state\nsettlement,2000,online\n');
  t.is(await text('table'), 'GROUP        LAG\nsettlement  2000\n');
});

test('when nothing fits, that is said', async (t) => {
  const { text, notes } = await renderView(view, { format: 'table', width: null, filters: ['group=x'] });
  t.is(text, '');
  t.deepEqual(notes, ['none of 3 rows fits --filter']);
});

test('what cannot be a filter is refused', async (t) => {
  await t.throwsAsync(shown('lag>many'), { instanceOf: FilterError, message: /"many" is no number/ });
  await t.throwsAsync(shown('group~('), { instanceOf: FilterError });
  await t.throwsAsync(shown('gruop=x'), { instanceOf: UnknownColumnError });
});
