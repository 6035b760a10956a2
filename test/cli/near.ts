import test from 'ava';
import { editDistance, nearest, nearestFew } from '../../src/cli/near.js';

test('edits are inserts, deletes, replacements and swaps of neighbours', (t) => {
  t.is(editDistance('', 'abc'), 3);
  t.is(editDistance('abc', 'abc'), 0);
  t.is(editDistance('list', 'lits'), 1);
  t.is(editDistance('route', 'rotue'), 1);
  t.is(editDistance('status', 'stats'), 1);
});

test('the nearest candidate wins, and a far one is none', (t) => {
  t.is(nearest('crate', ['create', 'delete', 'route']), 'create');
  t.is(nearest('TOPICLST', ['topicList', 'topicRoute']), 'topicList');
  t.is(nearest('xyz', ['create', 'delete']), null);
  t.deepEqual(nearestFew('lst', ['list', 'last', 'route'], 2), ['last', 'list']);
});
