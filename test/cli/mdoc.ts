import test from 'ava';
import { literal, prose, word } from '../../src/cli/mdoc.js';

const proseBecomes = test.macro({
  exec: (t, text: string, lines: readonly string[]) => t.deepEqual(prose(text), lines),
  title: (name) => `prose: ${name}`,
});

test('each sentence starts on a new line', proseBecomes, 'Asks, and moves. (Or not.) Ends', [
  'Asks, and moves.',
  '(Or not.)',
  'Ends',
]);
test('an empty line parts paragraphs, a line end does not', proseBecomes, 'one\ntwo\n\nthree', [
  'one two',
  '.Pp',
  'three',
]);
test('a flag becomes a macro and keeps its punctuation', proseBecomes, 'needs --dry-run, or (-n). Ends', [
  'needs',
  '.Fl \\-dry\\-run ,',
  'or',
  '.Fl ( n ) .',
  'Ends',
]);
test('an environment variable becomes a macro', proseBecomes, 'with NAMESRV_ADDR set', [
  'with',
  '.Ev NAMESRV_ADDR',
  'set',
]);
test('minus signs can be copied, hyphens stay hyphens', proseBecomes, '-N, @-1h, read-only, -', [
  '\\-N, @\\-1h, read-only, \\-',
]);
test('a line is no request of roff', proseBecomes, ".mqadmin.yaml or. 'quoted'", [
  '\\&.mqadmin.yaml or.',
  "\\&'quoted'",
]);
test('identifiers are not parted', proseBecomes, "Apache's updateTopic", ["Apache's \\%updateTopic"]);
test('what is not ASCII is named', proseBecomes, '1s … 2h → é \\', ['1s ... 2h \\(-> \\[u00E9] \\e']);

test('prose lines are at most 78 characters long', (t) => {
  const lines = prose(Array.from({ length: 100 }, (_, i) => 'x'.repeat(1 + (i % 9))).join(' '));
  t.true(lines.length > 1);
  t.true(lines.every((line) => line.length <= 78));
});

test('a literal line keeps every character as a terminal shows it', (t) => {
  t.is(literal("a -p 'x{n}' ~/`^` \\"), 'a \\-p \\(aqx{n}\\(aq \\(ti/\\(ga\\(ha\\(ga \\e');
  t.is(literal('.mqadmin.yaml'), '\\&.mqadmin.yaml');
});

test('an argument of a macro is neither macro nor delimiter', (t) => {
  t.is(word('Ar'), '\\&Ar');
  t.is(word('|'), '\\&|');
  t.is(word('two words'), '"two words"');
  t.is(word('-no-tls'), '\\-no\\-tls');
  t.is(word('key="value"'), 'key=\\(dqvalue\\(dq');
});
