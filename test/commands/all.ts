/** What every command promises, read from its table. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { CommandClass } from '../../src/cli/command.js';
import { findCommand } from '../../src/cli/command-files.js';
import { GLOBAL_FLAGS } from '../../src/cli/global-flags.js';
import { parseArgv } from '../../src/cli/parse-argv.js';
import { runCommand } from '../../src/cli/run-command.js';
import { fakeIo, runFake, shellWords } from '../helper/cli.js';

const root = fileURLToPath(new URL('../../src/commands', import.meta.url));
const ids = (await readdir(root, { recursive: true }))
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.slice(0, -3).replaceAll('\\', '/').replace('/', ' '))
  .sort();

async function load(id: string): Promise<CommandClass> {
  const found = findCommand(id.split(' '));
  if (found === null) throw new Error(`no command ${id}`);
  return found.load();
}

for (const id of ids) {
  test(`${id} explains itself`, async (t) => {
    const command = await load(id);
    t.true(command.summary.length > 0);
    t.false(command.summary.endsWith('.'));
    t.true(command.examples.length > 0);
    t.true(Object.values(command.allFlags).every(({ description }) => description.length > 0));
  });

  test(`${id} has no letter twice`, async (t) => {
    const command = await load(id);
    const letters = [
      ...Object.values(command.allFlags).map(({ char }) => char),
      ...Object.values(command.spec.args ?? {}).map(({ flag }) => flag?.char),
    ].filter((char) => char !== undefined);
    t.deepEqual(letters, [...new Set(letters)]);
  });

  test(`${id}: its examples are command lines that it takes`, async (t) => {
    const command = await load(id);
    for (const { command: line } of command.examples) {
      const words = shellWords(line.slice(line.indexOf('mqadmin')));
      t.is(words[0], 'mqadmin', line);
      t.deepEqual(words.slice(1, 1 + id.split(' ').length).join(' '), id, line);
      const argv = words.slice(1 + id.split(' ').length);
      t.notThrows(() => parseArgv(argv, { args: command.spec.args ?? {}, flags: command.allFlags }, { now: 0 }), line);
    }
  });

  test(`${id} refuses an unknown flag with 2, as text and as JSON`, async (t) => {
    const command = await load(id);
    const text = await runFake(command, ['--no-such-flag']);
    t.is(text.code, 2);
    t.regex(text.stderr, /^error: unknown flag --no-such-flag/);
    t.is(text.stdout, '');
    const json = await runFake(command, ['--no-such-flag', '--json']);
    t.is(json.code, 2);
    t.like(JSON.parse(json.stderr), { error: { code: 'USAGE', message: 'unknown flag --no-such-flag', exit: 2 } });
    t.is(json.stdout, '');
  });

  test(`${id} is data that oclif can pack`, async (t) => {
    const command = await load(id);
    const packed = JSON.parse(JSON.stringify(command));
    t.is(packed.summary, command.summary);
    t.false('spec' in packed);
    t.regex(command.description, /Exit codes: 0 done/);
    t.is(typeof command.run, 'function');
  });
}

test('commands that use the network have the global flags', async (t) => {
  const command = await load('topic list');
  for (const name of Object.keys(GLOBAL_FLAGS)) t.true(name in command.allFlags, name);
});

test('a fault of ours ends with 1 and shows its stack only under --debug', async (t) => {
  const command = await load('topic list');
  const fail = async () => {
    throw new TypeError('x is not a function');
  };
  const io = fakeIo();
  t.is(await runCommand(command, [], io, { connect: fail }), 1);
  t.regex(io.err.join(''), /^error: x is not a function\nhint: this looks like a fault of mqadmin/);
  t.false(io.err.join('').includes('at fail'));
  const debug = fakeIo();
  await runCommand(command, ['--debug'], debug, { connect: fail });
  t.regex(debug.err.join(''), /TypeError: x is not a function\n\s+at fail/);
});

test('an output format from the environment is checked', async (t) => {
  const { code, stderr } = await runFake(await load('topic list'), [], undefined, { env: { MQADMIN_OUTPUT: 'jsno' } });
  t.is(code, 2);
  t.regex(stderr, /MQADMIN_OUTPUT: there is no output format "jsno"/);
});

test('words after -- are refused where nothing takes them', async (t) => {
  t.is((await runFake(await load('topic list'), ['--', 'x'])).code, 2);
});
