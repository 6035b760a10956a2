import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { CommandClass } from '../../src/cli/command.js';
import configExplain from '../../src/commands/config/explain.js';
import contextCreate from '../../src/commands/context/create.js';
import contextDelete from '../../src/commands/context/delete.js';
import contextList from '../../src/commands/context/list.js';
import contextShow from '../../src/commands/context/show.js';
import contextUpdate from '../../src/commands/context/update.js';
import contextUse from '../../src/commands/context/use.js';
import topicCreate from '../../src/commands/topic/create.js';
import { clusterWire, type FakeIoOptions, runFake, tempFolder } from '../helper/cli.js';

async function world(t: ExecutionContext) {
  const home = await tempFolder(t);
  const file = join(home, '.config/mqadmin/config.yaml');
  const run = (command: CommandClass, argv: readonly string[], options: FakeIoOptions = {}) =>
    runFake(command, argv, clusterWire(), { home, cwd: home, ...options });
  return { home, file, run };
}

test('the first context that is created is used, a later one only with --use', async (t) => {
  const { run } = await world(t);
  await run(contextCreate, ['prod', '-n', 'a:1;b:2']);
  await run(contextCreate, ['dev', '-n', 'c']);
  const { stdout } = await run(contextList, ['--json']);
  const { contexts } = JSON.parse(stdout);
  t.deepEqual(
    contexts.map((context: { name: string; current: boolean; namesrvAddrs: string[] }) => [
      context.name,
      context.current,
      context.namesrvAddrs,
    ]),
    [
      ['prod', true, ['a:1', 'b:2']],
      ['dev', false, ['c:9876']],
    ],
  );
  await run(contextCreate, ['third', '-n', 'd', '--use']);
  t.is(JSON.parse((await run(contextShow, ['--json'])).stdout).name, 'third');
});

test('a command run with a context takes its values, and a read-only one refuses writes', async (t) => {
  const { run } = await world(t);
  await run(contextCreate, ['prod', '-n', 'a:1', '--read-only', 'true', '--timeout', '3s']);
  const { stdout } = await run(configExplain, ['--json']);
  const { settings } = JSON.parse(stdout);
  const of = (name: string) => settings.find(({ setting }: { setting: string }) => setting === name);
  t.like(of('namesrv'), { value: ['a:1'], origin: 'context prod' });
  t.like(of('timeout'), { value: 3000, origin: 'context prod' });
  const refused = await run(topicCreate, ['orders']);
  t.is(refused.code, 4);
  t.regex(refused.stderr, /context prod is read-only/);
});

test('a secret key is kept in a private file and shown nowhere', async (t) => {
  const { home, file, run } = await world(t);
  const created = await run(contextCreate, ['prod', '-n', 'a', '--access-key', 'ops', '--secret-key-stdin'], {
    input: 'very secret\n',
  });
  t.is(created.code, 0, created.stderr);
  const secret = join(home, '.config/mqadmin/secrets/prod');
  t.is(await readFile(secret, 'utf8'), 'very secret\n');
  t.is((await stat(secret)).mode & 0o777, 0o600);
  t.is((await stat(file)).mode & 0o777, 0o600);
  const shown = await Promise.all([
    run(contextShow, ['--json']),
    run(contextShow, ['--output', 'wide']),
    run(contextList, ['--json']),
    run(configExplain, ['--output', 'wide']),
    run(configExplain, ['--json']),
  ]);
  for (const { stdout } of [created, ...shown]) t.notRegex(stdout, /very secret/);
  t.notRegex(await readFile(file, 'utf8'), /very secret/);
  t.regex((await run(contextShow, [])).stdout, /Secret key\s+\(set\)/);
  await run(contextDelete, ['prod', '--yes']);
  await t.throwsAsync(stat(secret), { code: 'ENOENT' });
});

test('a secret key cannot be typed on the terminal, where it would be seen', async (t) => {
  const { run } = await world(t);
  const { code, stderr } = await run(contextCreate, ['prod', '-n', 'a', '--secret-key-stdin'], { isTTY: true });
  t.is(code, 2);
  t.regex(stderr, /pipe the key in/);
});

test('an update leaves what is not named, comments too', async (t) => {
  const { file, run } = await world(t);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(
    file,
    '# ours\ncontexts:\n  prod:\n    namesrv: a:1 # the old one\n    timeout: 3s\ncurrentContext: prod\n',
  );
  t.is((await run(contextUpdate, ['prod', '--protected', 'true', '--address-map', 'x=y'])).code, 0);
  const text = await readFile(file, 'utf8');
  t.regex(text, /^# ours\n/);
  t.regex(text, /namesrv: a:1 # the old one\n/);
  t.like(JSON.parse((await run(contextShow, ['--json'])).stdout), {
    namesrvAddrs: ['a:1'],
    timeoutMs: 3000,
    protected: true,
    addressMap: { x: 'y' },
  });
});

test('a value that cannot be used is refused, and the file stays as it was', async (t) => {
  const { file, run } = await world(t);
  await run(contextCreate, ['prod', '-n', 'a:1']);
  const before = await readFile(file, 'utf8');
  for (const argv of [
    ['prod', '--timeout', 'soon'],
    ['prod', '-n', 'a:99999999'],
    ['prod', '--address-map', 'a'],
    ['prod', '--secret-key-file', 'missing'],
  ]) {
    const { code, stderr } = await run(contextUpdate, argv);
    t.is(code, 2, argv.join(' '));
    t.not(stderr, '');
  }
  t.is(await readFile(file, 'utf8'), before);
});

test('names that are unknown, taken or unusable are told apart', async (t) => {
  const { run } = await world(t);
  await run(contextCreate, ['prod', '-n', 'a:1']);
  const unknown = await run(contextUse, ['prdo']);
  t.is(unknown.code, 3);
  t.regex(unknown.stderr, /did you mean prod\?/);
  const taken = await run(contextCreate, ['prod', '-n', 'b:1']);
  t.is(taken.code, 1);
  t.regex(taken.stderr, /context update prod/);
  t.is((await run(contextCreate, ['a b', '-n', 'b:1'])).code, 2);
  t.is((await run(contextCreate, ['fine'])).code, 2);
});

test('deleting the current context leaves none, and needs a yes', async (t) => {
  const { run } = await world(t);
  await run(contextCreate, ['prod', '-n', 'a:1']);
  t.is((await run(contextDelete, ['prod'])).code, 2);
  t.is((await run(contextDelete, ['prod', '--yes'])).code, 0);
  const { code, stderr } = await run(contextShow, []);
  t.is(code, 3);
  t.regex(stderr, /there is no current context/);
});

test('a broken configuration file is named', async (t) => {
  const { file, run } = await world(t);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, 'contexts: [1]\n');
  const { code, stderr } = await run(contextList, []);
  t.is(code, 2);
  t.true(stderr.includes(`${file}: contexts must be a mapping`), stderr);
});
