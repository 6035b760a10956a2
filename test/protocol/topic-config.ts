import test from 'ava';
import {
  isInherited,
  isPriority,
  isReadable,
  isValidPerm,
  isWriteable,
  permText,
} from '../../src/protocol/topic-config.js';

for (const [perm, text] of [
  [0, '---'],
  [1, '--X'],
  [2, '-W-'],
  [4, 'R--'],
  [6, 'RW-'],
  [7, 'RWX'],
  [15, 'RWX'],
] as const) {
  test(`permission ${perm} is ${text}`, (t) => {
    t.is(permText(perm), text);
    t.is(isReadable(perm), text[0] === 'R');
    t.is(isWriteable(perm), text[1] === 'W');
    t.is(isInherited(perm), text[2] === 'X');
    t.is(isPriority(perm), perm >= 8);
  });
}

test('a topic permission is 0 to 7', (t) => {
  t.deepEqual([-1, 0, 7, 8, 1.5, Number.NaN].map(isValidPerm), [false, true, true, false, false, false]);
});
