import test from 'ava';
import { frameDiff } from '../../../src/console/terminal/frame-diff.js';
import { keyNames } from '../../../src/console/terminal/key-name.js';
import { FullScreen } from '../../../src/console/terminal/screen.js';

const noKey = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
  super: false,
  hyper: false,
  capsLock: false,
  numLock: false,
};

test('only lines that differ are written, each at its place', (t) => {
  const diff = frameDiff(['head 1s', 'row a', 'row b'], ['head 2s', 'row a', 'row b']);
  t.true(diff.includes('\u001B[1;1H'));
  t.true(diff.includes('head 2s'));
  t.false(diff.includes('row'));
});

test('a frame like the last writes nothing at all', (t) => {
  t.is(frameDiff(['a', 'b'], ['a', 'b']), '');
});

test('a line that is gone is cleared', (t) => {
  t.regex(frameDiff(['a', 'b'], ['a']), /\[2;1H.*\[K/);
});

test('the screen is entered, drawn anew after a stop, and given back once', (t) => {
  const written: string[] = [];
  const screen = new FullScreen({ columns: 40, rows: 2, write: (text) => written.push(text) });
  screen.write('before it is shown\nb\nc');
  t.deepEqual(written, []);
  screen.enter();
  screen.enter();
  t.is(written.filter((text) => text.includes('?1049h')).length, 1);
  // A third line would make the terminal scroll.
  t.false(written.join('').includes('[3;1H'));
  screen.write('before it is shown\nb');
  t.is(written.length, 2);
  screen.leave();
  screen.leave();
  t.is(written.filter((text) => text.includes('?1049l')).length, 1);
  screen.write('unseen\n');
  t.false(written.join('').includes('unseen'));
  screen.enter();
  t.true(written.join('').includes('unseen'));
});

test('keys have names, typed ahead or one by one', (t) => {
  t.deepEqual(keyNames('', { ...noKey, return: true }), ['enter']);
  t.deepEqual(keyNames('s', { ...noKey, ctrl: true }), ['ctrl-s']);
  t.deepEqual(keyNames('', { ...noKey, tab: true, shift: true }), ['shift-tab']);
  t.deepEqual(keyNames('a b\r', noKey), ['a', 'space', 'b', 'enter']);
  t.deepEqual(keyNames('\r\r', noKey), ['enter', 'enter']);
  t.deepEqual(keyNames('two\r\nlines', noKey), ['t', 'w', 'o', 'l', 'i', 'n', 'e', 's']);
  t.deepEqual(keyNames('x', { ...noKey, meta: true }), ['esc', 'x']);
});
