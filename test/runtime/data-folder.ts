import test from 'ava';
import { dataFolder } from '../../src/runtime/data-folder.js';

test('data is kept below XDG_DATA_HOME', (t) => {
  t.is(dataFolder(['up'], { env: { XDG_DATA_HOME: '/data' }, home: '/home/u' }), '/data/mqadmin/up');
});

test('without it, or when it is relative, below ~/.local/share', (t) => {
  for (const env of [{}, { XDG_DATA_HOME: '' }, { XDG_DATA_HOME: 'rel' }]) {
    t.is(dataFolder(['broker', 'a'], { env, home: '/home/u' }), '/home/u/.local/share/mqadmin/broker/a');
  }
});
