/**
 * The built console in a real terminal, over a cluster with live traffic: what is on the screen, and what is left of
 * the terminal afterwards. npm run build comes first.
 */
import { readdir, readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import { type Demo, startDemo } from '../../src/runtime/demo.js';
import { assertBuilt, BIN, mqadmin, programEnv, tempFolder } from '../helper/cli.js';
import { KEY, Terminal, type TerminalOptions } from '../helper/terminal.js';

let demo: Demo;

test.before(async () => {
  assertBuilt();
  demo = await startDemo({ clock: systemClock, random: systemRandom });
});
test.after.always(() => demo?.shutdown());

/** `mqadmin top` on the demo's cluster. */
function top(t: ExecutionContext, args: readonly string[] = [], options: TerminalOptions = {}): Terminal {
  const command = [BIN, 'top', '-n', demo.namesrvAddr, '--interval', '500ms', ...args];
  const terminal = new Terminal(process.execPath, command, {
    ...options,
    env: { ...programEnv(), TERM: 'xterm-256color', LANG: 'C.UTF-8', ...options.env },
  });
  t.teardown(() => terminal.close());
  return terminal;
}

/** The terminal is as it was: its own screen, and a cursor. */
function isRestored(t: ExecutionContext, terminal: Terminal): void {
  t.false(terminal.isAlternate);
  t.true(terminal.isCursorShown);
  t.false(/Groups|orders-search/.test(terminal.text), terminal.text);
}

test.serial('80x24: groups with states and words, down to a message and back', async (t) => {
  const terminal = top(t);
  await terminal.shows(/1 of 1 brokers/);
  await terminal.shows(/orders-search +● ok/);
  const text = await terminal.shows(/payments-mailer +(?:▲ behind|● ok)/);
  t.regex(text, /GROUP +STATE +LAG +AGE▼? +OUT\/s +DRAIN +CLIENTS/);
  t.true(terminal.isAlternate);
  t.false(terminal.isCursorShown);

  terminal.press('/');
  await terminal.shows(/^ \/▏/m);
  terminal.press('payments-m');
  await terminal.shows(/1 of 1 \(3 in all\)/);
  terminal.press(KEY.enter);
  await terminal.hides(/▏/);
  terminal.press(KEY.enter);
  await terminal.shows(/payments-mailer > queues/);
  // The owner of a queue, and who holds none says so: wait until the clients have answered.
  await terminal.shows(/▸ payments .*127\.0\.0\.1/);
  terminal.press(KEY.enter);
  await terminal.shows(/payments-mailer > 127\.0\.0\.1@/);
  await terminal.shows(/▸ payments /);
  terminal.press(KEY.enter);
  await terminal.shows(/waiting for payments-mailer/);
  await terminal.shows(/▸ \{"payment/);
  terminal.press(KEY.enter);
  await terminal.shows(/^ {3}"paymentId": "p-/m);
  terminal.press('f');
  await terminal.shows(/00000000 {2}7b 22/);
  terminal.press(KEY.esc);
  await terminal.shows(/waiting for payments-mailer/);
  terminal.press('q');
  t.is(await terminal.exited, 0);
  isRestored(t, terminal);
});

test.serial(
  '200x50: wide views, the pulse, going to a topic by name, a tail, an explanation, and a resize',
  async (t) => {
    const terminal = top(t, [], { columns: 200, rows: 50 });
    const groups = await terminal.shows(/orders-search +● ok/);
    t.regex(groups, /IN\/s.*TOPICS.*LAST 5 MIN/);
    terminal.press('2');
    await terminal.shows(/^ *▸? *orders +[\d–]/m);
    terminal.press('3');
    await terminal.shows(/broker-a +master +● ok/);
    terminal.press('4');
    await terminal.shows(/127\.0\.0\.1@.* +(?:orders|payments)-/);
    await terminal.shows(/V5_\d/);
    terminal.press('5');
    await terminal.shows(/┌─ in ─/);
    await terminal.shows(/broker-a +master/);
    terminal.press(':');
    await terminal.shows(/^ :▏/m);
    terminal.press('topic pay');
    await terminal.shows(/topic payments/);
    terminal.press(KEY.enter);
    await terminal.shows(/payments > queues/);
    terminal.press('t');
    await terminal.shows(/payments > tail/);
    await terminal.shows(/"paymentId":"p-\d+"/);
    terminal.press(':');
    await terminal.shows(/^ :▏/m);
    terminal.press('group orders-settlement\r');
    await terminal.shows(/orders-settlement > queues/);
    terminal.press('e');
    await terminal.shows(/orders-settlement > explain/);
    await terminal.shows(/orders-settlement is \w+: /);
    terminal.press('1');
    await terminal.shows(/orders-search/);
    terminal.resize(80, 24);
    await terminal.hides(/LAST 5 MIN/);
    t.is(terminal.lines.length, 24);
    await terminal.shows(/enter queues/);
    terminal.press(KEY.ctrlC);
    t.is(await terminal.exited, 0);
    isRestored(t, terminal);
  },
);

test.serial('a group whose members never commit is stuck, in words', async (t) => {
  const terminal = new Terminal(process.execPath, [BIN, 'demo'], { env: { ...programEnv(), LANG: 'C.UTF-8' } });
  t.teardown(() => terminal.close());
  await terminal.shows(/orders-settlement +✖ stuck/);
  await terminal.shows(/payments-mailer +▲ behind/);
  terminal.press('q');
  t.is(await terminal.exited, 0);
  // The summary stays on the terminal's own screen.
  t.regex(terminal.text, /The demo started a name server/);
});

test.serial('a write shows its plan with Cancel focused, and needs the name', async (t) => {
  const terminal = top(t);
  await terminal.shows(/payments-mailer/);
  terminal.press(':');
  await terminal.shows(/^ :▏/m);
  terminal.press('group payments-mailer\r');
  await terminal.shows(/▸ payments /);
  terminal.press('K');
  await terminal.shows(/let payments-mailer skip all that waits on payments/);
  await terminal.shows(/4 queues, .* waiting -> 0 waiting/);
  t.regex(terminal.text, /\[ Cancel \]/);
  terminal.press(KEY.enter);
  await terminal.shows(/cancelled: nothing was changed/);
  terminal.press('K');
  await terminal.shows(/4 queues, .* waiting -> 0 waiting/);
  terminal.press('payments-mailer');
  await terminal.shows(/apply: payments-mailer▏/);
  terminal.press(KEY.tab);
  await terminal.shows(/\[ Apply \]/);
  terminal.press(KEY.enter);
  await terminal.shows(/\[ Close \]/);
  t.regex(terminal.text, /done: 4 queues moved and read back/);
  terminal.press(KEY.enter);
  await terminal.hides(/\[ Close \]/);
  terminal.press('q');
  t.is(await terminal.exited, 0);
});

test.serial('a screen that stands still writes almost nothing', async (t) => {
  const terminal = top(t);
  await terminal.shows(/orders-search +● ok/);
  terminal.press(' ');
  await terminal.shows(/PAUSED/);
  const clock = () => /\d\d:\d\d:\d\d$/.exec(terminal.lines[0] ?? '')?.[0];
  const moves = async () => {
    const before = clock();
    await terminal.until(() => clock() !== before, 'the clock to move');
  };
  await moves();
  await moves();
  const from = terminal.raw.length;
  await moves();
  await moves();
  const written = terminal.raw.slice(from);
  t.notRegex(written, /orders-search|enter queues|\[2J/);
  t.true(written.length < 1500, `${written.length} characters for two ticks`);
  terminal.press('q');
  await terminal.exited;
});

test.serial('SIGTERM and a crash give the terminal back', async (t) => {
  const ended = top(t);
  await ended.shows(/orders-search/);
  ended.signal('SIGTERM');
  t.is(await ended.exited, 130);
  isRestored(t, ended);

  const crash = 'process.on("SIGUSR2",()=>{throw new Error("crashed on purpose")})';
  const crashed = top(t, [], { env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}` } });
  await crashed.shows(/orders-search/);
  crashed.signal('SIGUSR2');
  t.not(await crashed.exited, 0);
  isRestored(t, crashed);
  t.regex(crashed.text, /crashed on purpose/);
});

test.serial('Ctrl-Z gives the terminal to the shell, and fg comes back to the console', async (t) => {
  const shell = new Terminal('/bin/bash', ['--norc', '--noprofile', '-i'], {
    env: { ...programEnv(), LANG: 'C.UTF-8', PS1: 'prompt> ' },
  });
  t.teardown(() => shell.close());
  await shell.shows(/prompt>/);
  shell.press(`'${process.execPath}' '${BIN}' top -n ${demo.namesrvAddr}\r`);
  await shell.until(() => shell.isAlternate, 'the console');
  await shell.shows(/orders-search/);
  shell.press(KEY.ctrlZ);
  await shell.until(() => !shell.isAlternate, 'the shell');
  await shell.shows(/Stopped/);
  t.true(shell.isCursorShown);
  shell.press('echo still $((6 * 7))\r');
  await shell.shows(/^still 42$/m);
  shell.press('fg\r');
  await shell.until(() => shell.isAlternate, 'the console again');
  await shell.shows(/orders-search/);
  shell.press('2');
  await shell.shows(/ Topics /);
  shell.press('q');
  await shell.until(() => !shell.isAlternate, 'the shell at the end');
  await shell.until(() => shell.lines.findLast((line) => line !== '') === 'prompt>', 'the prompt');
  shell.press('echo ended with $?\r');
  await shell.shows(/^ended with 0$/m);
});

test.serial('no colour, plain ASCII, a snapshot, and sentences for a screen reader', async (t) => {
  const folder = await tempFolder(t);
  const plain = top(t, ['--ascii'], { env: { NO_COLOR: '1' }, cwd: folder });
  await plain.shows(/orders-search +\* ok/);
  plain.press(KEY.ctrlS);
  await plain.shows(/written to .*mqadmin-top-/);
  plain.press('q');
  t.is(await plain.exited, 0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is beyond ASCII, and colours, are looked for
  t.regex(plain.raw, /^[\x00-\x7f]*$/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  t.notRegex(plain.raw, /\u001b\[(?:1;)?[39]\d/);
  const [name = ''] = await readdir(folder);
  t.regex(await readFile(`${folder}/${name}`, 'utf8'), /orders-search +\* ok/);

  const spoken = top(t, ['--screen-reader']);
  await spoken.shows(/^Groups, 3 groups$/m);
  await spoken.shows(/^1 of 1 brokers answered$/m);
  spoken.press('3');
  await spoken.shows(/^row 1 of 1: broker-a, ROLE master/m);
  t.false(spoken.isAlternate);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing but text is written
  t.notRegex(spoken.raw.replaceAll('\u001b[?25h', ''), /\u001b\[\d*[ABCDHJK]/);
  spoken.press('q');
  t.is(await spoken.exited, 0);
});

test.serial('without a terminal it prints samples as NDJSON', async (t) => {
  const at = ['top', '-n', demo.namesrvAddr];
  const once = await mqadmin([...at, '--once', '--filter', 'group=orders-*', '--sort', 'group']);
  t.is(once.exitCode, 0, once.stderr);
  const lines = once.stdout.trimEnd().split('\n');
  t.is(lines.length, 1);
  const sample = JSON.parse(lines[0] ?? '');
  t.deepEqual(
    sample.groups.map(({ group }: { group: string }) => group),
    ['orders-search', 'orders-settlement'],
  );
  t.like(sample, { brokersAnswered: 1, brokersTotal: 1, complete: true, problems: [] });
  // One sample has no rates, and says so.
  t.is(sample.groups[0].inRate, null);

  const some = await mqadmin([...at, '--duration', '2s', '--interval', '200ms']);
  t.is(some.exitCode, 0, some.stderr);
  const samples = some.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.true(samples.length > 1);
  t.true(samples.at(-1).groups.some(({ inRate }: { inRate: number | null }) => (inRate ?? 0) > 0));

  const silent = await mqadmin(['top', '-n', '127.0.0.1:1', '--once', '--timeout', '2s']);
  t.is(silent.exitCode, 5);
  t.is(JSON.parse(silent.stdout).complete, false);
  const wrong = await mqadmin([...at, '--once', '--sort', 'nope']);
  t.is(wrong.exitCode, 2);
  t.regex(wrong.stderr, /there is no column "nope"/);
});
