import test from 'ava';
import { LANGUAGE_NAMES, LanguageCode, languageName } from '../../src/protocol/language-code.js';

test('every wire number has its name', (t) => {
  for (const name of LANGUAGE_NAMES) {
    t.is(languageName(LanguageCode[name]), name);
    t.is(LANGUAGE_NAMES[LanguageCode[name]], name);
  }
  t.is(languageName(9), 'GO');
});

test('a number that no version knows has no name', (t) => {
  for (const code of [-1, 14, 127, 1.5]) t.is(languageName(code), null);
});
