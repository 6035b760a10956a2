import test from 'ava';
import type { Paint } from '../../../src/cli/render/paint.js';
import { formatRecord } from '../../../src/cli/render/record.js';

const FIELDS = [
  ['topic', 'orders'],
  ['keys', null],
  ['properties', 'a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8'],
] as const;

test('off a terminal each value is one line, unknown ones are left out unless wide', async (t) => {
  t.is(
    await formatRecord(FIELDS, { width: null, withUnknown: false }),
    'topic       orders\nproperties  a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8\n',
  );
  t.regex(await formatRecord(FIELDS, { width: null, withUnknown: true }), /^keys {8}-$/m);
});

test('on a terminal that is wide enough the same is written', async (t) => {
  t.is(
    await formatRecord(FIELDS, { width: 80, withUnknown: false }),
    await formatRecord(FIELDS, { width: null, withUnknown: false }),
  );
});

test('on a narrow terminal long values are folded within their column', async (t) => {
  t.is(
    await formatRecord(FIELDS, { width: 36, withUnknown: false }),
    ['topic       orders', 'properties  a=1 b=2 c=3 d=4 e=5 f=6', '            g=7 h=8', ''].join('\n'),
  );
});

test('labels may be bold without shifting the values', async (t) => {
  const paint: Paint = { bold: (text) => `*${text}*`, tone: (_tone, text) => text };
  const text = await formatRecord(FIELDS, { width: 36, withUnknown: false, paint });
  t.is(text.split('\n')[1], '*properties*  a=1 b=2 c=3 d=4 e=5 f=6');
  t.is(text.replaceAll('*', ''), await formatRecord(FIELDS, { width: 36, withUnknown: false }));
});

test('no fields are no text', async (t) => {
  t.is(await formatRecord([], { width: 80, withUnknown: true }), '');
});
