import test from 'ava';
import { renderView, UnknownColumnError } from '../../../src/cli/render/render.js';
import { type OutputFormat, tableView } from '../../../src/cli/render/view.js';

const rows = [
  { name: 'b', lag: 10, note: 'x,"y"' },
  { name: 'a10', lag: null, note: '' },
  { name: 'a9', lag: 200, note: 'line\nbreak' },
];
const view = tableView({
  doc: { groups: rows, complete: true },
  rows,
  columns: [
    { key: 'name', title: 'GROUP NAME', value: ({ name }) => name },
    { key: 'lag', title: 'LAG', value: ({ lag }) => lag, text: ({ lag }) => (lag === null ? '-' : `${lag} msgs`) },
    { key: 'note', title: 'NOTE', value: ({ note }) => note, wide: true },
  ],
  name: ({ name }) => name,
  footer: ['3 groups'],
});
const render = (format: OutputFormat, more: { columns?: string[]; sort?: string[]; width?: number } = {}) =>
  renderView(view, { format, width: null, ...more });

test('table shows the columns for people and the footer', async (t) => {
  t.is(
    (await render('table')).text,
    'GROUP NAME       LAG\nb            10 msgs\na10                -\na9          200 msgs\n\n3 groups\n',
  );
});

test('wide shows all columns', async (t) => {
  t.regex((await render('wide')).text, /NOTE/);
});

test('json is one document with unknown as null', async (t) => {
  t.deepEqual(JSON.parse((await render('json')).text), { groups: rows, complete: true });
});

test('ndjson is one document a row', async (t) => {
  const lines = (await render('ndjson')).text.trimEnd().split('\n');
  t.deepEqual(
    lines.map((line) => JSON.parse(line)),
    rows,
  );
});

test('yaml is the document', async (t) => {
  const { parse } = await import('yaml');
  t.deepEqual(parse((await render('yaml')).text), { groups: rows, complete: true });
});

test('csv has raw values, quoted where need be, and tells unknown from empty', async (t) => {
  t.is((await render('csv')).text, 'name,lag,note\nb,10,"x,""y"""\na10,,""\na9,200,"line\nbreak"\n');
});

test('name is one name a line', async (t) => {
  t.is((await render('name')).text, 'b\na10\na9\n');
});

test('sort works by number and by name with numbers in it; unknown comes last', async (t) => {
  t.is((await render('name', { sort: ['-lag'] })).text, 'a9\nb\na10\n');
  t.is((await render('name', { sort: ['lag:asc'] })).text, 'b\na9\na10\n');
  t.is((await render('name', { sort: ['name'] })).text, 'a9\na10\nb\n');
  const doc = JSON.parse((await render('json', { sort: ['name:desc'] })).text);
  t.deepEqual(
    doc.groups.map(({ name }: { name: string }) => name),
    ['b', 'a10', 'a9'],
  );
});

test('columns are chosen by key or title, in any case and order', async (t) => {
  t.is((await render('csv', { columns: ['LAG', 'group-name'] })).text, 'lag,name\n10,b\n,a10\n200,a9\n');
});

test('an unknown column is named with the known ones', async (t) => {
  const error = await t.throwsAsync(render('table', { columns: ['x'] }), { instanceOf: UnknownColumnError });
  t.deepEqual((error as UnknownColumnError).known, ['name', 'lag', 'note']);
});

test('an empty table prints nothing and says so', async (t) => {
  const empty = tableView({ doc: [], rows: [], columns: [], name: () => '', empty: 'no groups' });
  t.deepEqual(await renderView(empty, { format: 'table', width: 80 }), { text: '', notes: ['no groups'] });
  t.is((await renderView(empty, { format: 'json', width: 80 })).text, '[]\n');
});

test('what was cut is said', async (t) => {
  const long = tableView({
    doc: null,
    rows: [{ name: 'n'.repeat(100) }],
    columns: [{ key: 'name', title: 'NAME', value: ({ name }: { name: string }) => name, cut: true }],
    name: ({ name }) => name,
  });
  const { text, notes } = await renderView(long, { format: 'table', width: 40 });
  t.is(text.split('\n')[1]?.length, 40);
  t.deepEqual(notes, ['to fit 40 columns: cut NAME (--output wide shows all)']);
  t.is((await renderView(long, { format: 'name', width: 40 })).text.length, 101);
});

test('a document whose list is not the rows is given whole, with a word about it', async (t) => {
  const flat = tableView({ ...view, doc: { groups: [{ rows }] } } as never);
  const { text, notes } = await renderView(flat, { format: 'json', width: null, filters: ['name=b'] });
  t.deepEqual(JSON.parse(text), { groups: [{ rows }] });
  t.regex(notes.join(), /this document is whole/);
  t.deepEqual((await renderView(flat, { format: 'ndjson', width: null, filters: ['name=b'] })).notes, []);
});

test('a body cannot move the cursor of a terminal, and goes into a pipe as it is', async (t) => {
  const body = '\nline\n\u001b[2J\tend\n';
  const record = { kind: 'record', doc: {}, fields: [], name: 'm', text: body } as const;
  t.true((await renderView(record, { format: 'table', width: 80 })).text.endsWith('\nline\n\\u001b[2J\tend\n'));
  t.true((await renderView(record, { format: 'table', width: null })).text.endsWith(body));
});
