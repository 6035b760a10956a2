/**
 * The examples of every command's help, run as they stand: by the built program, and on a terminal of 80 columns. Their
 * JSON is held against the schema.
 * Only addresses and ids are put in, see `exampleWorld`. npm run build comes first.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import test from 'ava';
import { execa } from 'execa';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import type { CommandClass } from '../../src/cli/command.js';
import { commandIds, findCommand } from '../../src/cli/command-files.js';
import { main } from '../../src/cli/main.js';
import { textWidth } from '../../src/cli/render/text-width.js';
import { readSchema } from '../../src/cli/schemas.js';
import { assertBuilt, fakeIo, programEnv, shellWords, startUpProgram, type UpHandle } from '../helper/cli.js';
import { type ExampleWorld, exampleWorld } from '../helper/example-world.js';

/** Examples that are not run at all, with what they need. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'mqadmin up': 'takes the usual ports of this machine',
  'mqadmin up --brokers 3 --advertise 192.168.1.20': 'takes the usual ports, and an address of this machine',
  'mqadmin namesrv start': 'takes the usual port of this machine',
  'mqadmin exporter start': 'takes the usual port of this machine',
  'mqadmin broker start -n 127.0.0.1:9876 --set brokerName=broker-b': 'takes the usual ports of this machine',
  'mqadmin sandbox --topic orders --group settlement -- npm test': 'runs the tests of a project',
  'mqadmin sandbox --topic orders -- bash': 'needs a person at a terminal',
  'mqadmin topic update-static ledger --map-file /tmp/ledger-1795000000000.after': 'needs the file of a change',
  'mqadmin tail orders --forward-to http://127.0.0.1:8080/orders --redact json:card': 'needs somebody who takes them',
  'mqadmin replay messages.ndjson --map orders=audit --speed max --rate 500 --yes': 'needs a second topic',
  'mqadmin consumer monitor --watch --interval 1m': 'says nothing while all is well',
};

/** Commands that are not run at all, with what they need. */
const COMMANDS_NOT_RUN: ReadonlyArray<readonly [line: RegExp, why: string]> = [
  [/^mqadmin sandbox fault /, 'needs a sandbox around it'],
  [/^mqadmin store /, 'needs the folder of a broker that has stopped'],
  [/\bmqadmin (?:acl|user) /, 'needs a broker that controls access'],
  [
    /^mqadmin (?:controller|container|ha sync-state-set) /,
    'needs a controller or a container at an address of its own',
  ],
  [/^mqadmin message dump-compaction-log /, 'needs a file of a compacted topic of Apache'],
];
const isRun = (line: string): boolean =>
  NOT_RUN[line] === undefined && !COMMANDS_NOT_RUN.some(([pattern]) => pattern.test(line));

/** Examples that go on until they are interrupted, here after their first output, and what they end with then. */
const ENDLESS: ReadonlyArray<readonly [line: RegExp, exitCode: number]> = [
  [/ --(?:watch|follow)\b|^mqadmin tail (?!.*--(?:from|count))/, 130],
  [/^mqadmin top\b(?!.*--(?:once|duration))/, 130],
  [/^mqadmin (?:up|demo|namesrv start|broker start|exporter start)\b(?!.*--duration)/, 0],
];

/** Exit codes other than 0, with the reason. */
const ENDS_WITH: Readonly<Record<string, readonly [code: number, why: string]>> = {
  'mqadmin broker get-epoch --broker-name broker-a': [1, 'needs a broker under a controller'],
  'mqadmin export rocksdb-config -c DefaultCluster': [1, 'needs a broker with RocksDB'],
  'mqadmin export rocksdb-config -b 127.0.0.1:10911 --types topics': [1, 'needs a broker with RocksDB'],
  'mqadmin queue check-rocksdb-progress -c DefaultCluster -t orders': [1, 'needs a broker with RocksDB'],
  'mqadmin plan -f cluster.yaml --prune --json': [6, 'finds groups that the file does not have'],
  'mqadmin export rocksdb-metadata /data/store/config/topics': [1, 'is not offered'],
};

/** What a command needs besides the world. */
const BEFORE: Readonly<Record<string, (world: ExampleWorld) => Promise<void>>> = {
  'consumer create': ({ removeGroup }) => removeGroup('audit'),
  'context create': ({ removeContexts }) => removeContexts(),
  expect: ({ sendPaid }) => sendPaid(2),
  // The group may have been deleted, and its dead letters with it.
  ...Object.fromEntries(
    ['drop', 'export', 'peek', 'redrive'].map((verb) => [`dlq ${verb}`, ({ bury }: ExampleWorld) => bury()]),
  ),
  'message query-by-offset': ({ fill }) => fill(0, 1),
  'offset reset': ({ fill }) => fill(3, 1300),
  'topic create': ({ removeTopic }) => removeTopic(),
  'topic create-static': ({ ledger }) => ledger(0),
  'topic remap-static': ({ ledger }) => ledger(8),
  'topic update-static': ({ ledger }) => ledger(8),
};

/** They take over the process: not run inside this one. */
const OWN_PROCESS = ['up', 'sandbox', 'demo', 'top', 'namesrv start', 'broker start', 'exporter start'];

/** They print a document for each message. */
const STREAMS = ['message consume', 'message print', 'message print-by-queue'];

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour begins with one
const ANSI = /\u001b\[[\d;]*[A-Za-z]/g;

/** Not made of lines for people. */
const NOT_FOR_PEOPLE = / --(?:json|output|format)\b|^mqadmin (?:completion|schema) /;

/** They wait for what is sent from now on. */
const LISTENS = /^mqadmin tail (?!.*--from)/;

interface Ending {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const commands = await Promise.all(
  commandIds().map(async (id) => ({ id, command: (await findCommand(id.split(' '))?.load()) as CommandClass })),
);

const ajv = new Ajv({ strict: false, validateFormats: false });

let up: UpHandle;
let folder: string;
let world: ExampleWorld;

test.before(async () => {
  assertBuilt();
  folder = await mkdtemp(join(tmpdir(), 'mqadmin-examples-'));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const entry = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
  await writeFile(join(bin, 'mqadmin'), `#!/bin/sh\nexec '${process.execPath}' '${entry}' "$@"\n`, { mode: 0o755 });
  up = await startUpProgram();
  world = await exampleWorld(up, folder);
});
test.after.always(async () => {
  await world?.close();
  await up?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Lets a shell run the line; one that is endless is interrupted after its first output. */
async function runBuilt(line: string, isEndless: boolean): Promise<Ending> {
  const child = execa('/bin/sh', ['-c', line.startsWith('mqadmin') ? `exec ${line}` : line], {
    reject: false,
    extendEnv: false,
    env: { ...programEnv(world.env), PATH: `${join(folder, 'bin')}:${process.env.PATH}` },
    cwd: folder,
    stdin: 'ignore',
  });
  if (isEndless) child.stdout.once('data', () => child.kill('SIGINT'));
  const { exitCode, stdout, stderr } = await child;
  return { exitCode, stdout, stderr };
}

/** Runs the line here, on a terminal of 80 columns whose user says yes. */
async function runOnTerminal(line: string, isEndless: boolean): Promise<Ending> {
  const [, input = '', words = ''] = /^(?:(?:echo|cat) (\S+) \| )?mqadmin (.*)$/.exec(line) ?? [];
  const answers = ['y', 'y', 'y'];
  const fake = fakeIo({ isTTY: true, columns: 80, answers, input, cwd: folder, home: folder, env: world.env });
  const stdin = { ...fake.stdin, isTTY: input === '' };
  const io = { ...fake, stdin, clock: systemClock, random: systemRandom };
  const write = io.stdout.write;
  io.stdout.write = async (text) => {
    await write(text);
    if (isEndless) fake.interrupt();
  };
  const exitCode = await main(shellWords(words), io);
  return { exitCode, stdout: fake.out.join(''), stderr: fake.err.join('') };
}

/** Sends messages as long as a line that listens is running. */
async function fed(line: string, running: Promise<Ending>): Promise<Ending> {
  let isRunning = LISTENS.test(line);
  const ended = running.finally(() => {
    isRunning = false;
  });
  while (isRunning) {
    await world.sendPaid(1);
    await Promise.race([ended, world.pause(100)]);
  }
  return ended;
}

for (const { id, command } of commands) {
  const isWrite = command.spec.writes === true || id.startsWith('context ');
  for (const { command: line } of command.examples.filter((example) => isRun(example.command))) {
    test.serial(line, async (t) => {
      t.timeout(60_000);
      const endless = ENDLESS.find(([pattern]) => pattern.test(line));
      const expected = ENDS_WITH[line]?.[0] ?? endless?.[1] ?? 0;

      await BEFORE[id]?.(world);
      const built = await fed(line, runBuilt(world.withReal(line), endless !== undefined));
      const asks = isWrite && built.exitCode === 2 && built.stderr.includes('--yes');
      t.is(built.exitCode, asks ? 2 : expected, built.stderr);
      if (isWrite) await world.restore();
      if (OWN_PROCESS.includes(id)) return;

      await BEFORE[id]?.(world);
      const shown = await fed(line, runOnTerminal(world.withReal(line), endless !== undefined));
      t.is(shown.exitCode, expected, shown.stderr);
      if (isWrite) await world.restore();
      if (endless === undefined && !/ --(?:output|format)\b|^mqadmin (?:completion|tail) /.test(line)) {
        await BEFORE[id]?.(world);
        const { stdout } = await runOnTerminal(`${world.withReal(line)} ${isWrite ? '--json --yes' : '--json'}`, false);
        if (stdout !== '') {
          const isValid = ajv.compile(await readSchema(id));
          for (const document of STREAMS.includes(id) ? stdout.trimEnd().split('\n') : [stdout]) {
            t.true(isValid(JSON.parse(document)), JSON.stringify(isValid.errors));
          }
        }
        if (isWrite) await world.restore();
      }
      if (NOT_FOR_PEOPLE.test(line)) return;
      const lines = shown.stdout.replaceAll(ANSI, '').split('\n');
      t.deepEqual(
        lines.filter((text) => textWidth(text) > 80),
        [],
        'wider than the terminal',
      );
    });
  }
}

test('examples that are not run are there', (t) => {
  const lines = commands.flatMap(({ command }) => command.examples.map((example) => example.command));
  for (const line of [...Object.keys(NOT_RUN), ...Object.keys(ENDS_WITH)]) t.true(lines.includes(line), line);
});
