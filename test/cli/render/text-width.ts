import test from 'ava';
import fc from 'fast-check';
import { cutMiddle, oneLine, textWidth } from '../../../src/cli/render/text-width.js';

test('wide characters count two, combining marks none', (t) => {
  t.is(textWidth('abc'), 3);
  t.is(textWidth('代理'), 4);
  t.is(textWidth('e\u0301'), 1);
  t.is(textWidth('😀'), 2);
});

test('the middle goes, start and end stay', (t) => {
  t.is(cutMiddle('orders-settlement', 9), 'orde…ment');
  t.is(cutMiddle('short', 9), 'short');
  t.is(cutMiddle('abcdef', 1), '…');
  t.is(cutMiddle('abcdef', 0), '');
  t.is(cutMiddle('代理代理代理', 5), '代…理');
});

test('cut text fits and one line is one line', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, width) => {
      t.true(textWidth(cutMiddle(text, width)) <= width);
      t.false(['\n', '\r', '\u001b', '\u009b'].some((char) => oneLine(text).includes(char)));
    }),
  );
});
