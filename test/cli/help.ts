import test from 'ava';
import { apacheNames } from '../../src/cli/apache/names.js';
import { commandIds, isNoun } from '../../src/cli/command-files.js';
import { main } from '../../src/cli/main.js';
import { textWidth } from '../../src/cli/render/text-width.js';
import { fakeIo } from '../helper/cli.js';

async function help(...words: string[]): Promise<string> {
  const io = fakeIo({ isTTY: true, columns: 80, env: { NO_COLOR: '1' } });
  endsWell(await main(words, io), io.err);
  return io.out.join('');
}

/** A noun alone is wrong usage, but shows its help. */
function endsWell(code: number, err: readonly string[]): void {
  if (code !== 0 && code !== 2) throw new Error(`${code}: ${err.join('')}`);
}

const tooWide = (text: string): string[] => text.split('\n').filter((line) => textWidth(line) > 80);

test('the root help has every noun and verb once, in a group that says what it is for', async (t) => {
  const text = await help();
  const words = [...new Set(commandIds().map((id) => id.split(' ', 1)[0] as string))];
  for (const word of words) {
    const rows = text.split('\n').filter((line) => new RegExp(`^  ${word}(?: …)? {2,}\\S`).test(line));
    t.is(rows.length, 1, word);
  }
  t.deepEqual(tooWide(text), []);
});

test('a noun shows its verbs, and a command its flags and examples, within 80 columns', async (t) => {
  const nouns = [...new Set(commandIds().map((id) => id.split(' ', 1)[0] as string))].filter(isNoun);
  for (const noun of nouns) {
    const text = await help(noun, '--help');
    t.deepEqual(tooWide(text), [], noun);
  }
  const text = await help('topic', 'create', '--help');
  t.deepEqual(tooWide(text), []);
  t.regex(text, /^create a topic\n\nUSAGE\n {2}\$ mqadmin topic create TOPIC \[FLAGS\]\n/);
  t.regex(text, /\nDESCRIPTION\n {2}Creates a topic /, 'the summary is said once');
  t.regex(text, /\n {2}-r, --read-queues=<value> {2,}readable queues on each broker\n/);
  t.notRegex(text, /\[default: \]/);
  t.regex(text, /EXAMPLES[\s\S]*\$ mqadmin topic create orders\n/);
});

test("the names of Apache's tool lead to its usage texts and to our commands", async (t) => {
  t.regex(await help('help', 'updateTopic'), /^usage: mqadmin updateTopic \[-a <arg>\] -b <arg> \| -c <arg>/);
  const lines = (await help('help', 'apache')).trimEnd().split('\n');
  t.deepEqual(
    lines.map((line) => line.split(/ +/)[0]),
    apacheNames(),
  );
  for (const line of lines) t.true(commandIds().includes(line.replace(/^\S+ +/, '')), line);
});
