/** The built program inside its own sandboxes. npm run build comes first. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { assertBuilt, mqadmin, tempFolder } from '../helper/cli.js';

const BIN = `'${process.execPath}' '${fileURLToPath(new URL('../../bin/run.js', import.meta.url))}'`;

test.before(() => assertBuilt());

test('topics, groups, messages, and a second broker that is killed and comes back', async (t) => {
  t.timeout(60_000);
  const cwd = await tempFolder(t);
  await writeFile(join(cwd, 'seed.ndjson'), '{"topic":"orders","body":"paid","keys":"o-1"}\n');
  await writeFile(join(cwd, 'cluster.yaml'), 'topics:\n  orders: { readQueueNums: 1, writeQueueNums: 1 }\n');
  const script = [
    `${BIN} message query-by-key orders o-1 --json`,
    `${BIN} sandbox fault kill --broker broker-b --json`,
    `${BIN} cluster list --output name`,
    `${BIN} sandbox fault restart --broker broker-b --json`,
    `${BIN} cluster list --output name`,
  ].join(' && echo && ');
  const args = ['sandbox', '--brokers', '2', '--topics', 'refunds', '--groups', 'settlement'];
  const { exitCode, stderr, stdout } = await mqadmin(
    [...args, '--apply', 'cluster.yaml', '--seed', 'seed.ndjson', '--', 'sh', '-c', script],
    {
      cwd,
    },
  );
  t.is(exitCode, 0, stderr);
  const [found = '', , without = '', , both = ''] = stdout.split('\n\n');
  t.regex(found, /"body": "paid"/);
  t.deepEqual(without.trim().split('\n').length, 1);
  t.deepEqual(both.trim().split('\n').length, 2);
});

test('a busy broker refuses sends until the fault is cleared', async (t) => {
  t.timeout(60_000);
  const script = [
    `${BIN} sandbox fault busy --json`,
    `! ${BIN} message send orders --body no --json`,
    `${BIN} sandbox fault list --output name`,
    `${BIN} sandbox fault clear --json`,
    `${BIN} message send orders --body yes --json`,
  ].join(' && ');
  const { exitCode, stderr, stdout } = await mqadmin(['sandbox', '-t', 'orders', '--', 'sh', '-c', script]);
  t.is(exitCode, 0, stderr);
  t.regex(stdout, /^broker-a\/1$/m);
  t.regex(stdout, /"sendStatus": "SEND_OK"/);
});

test('a seed file that is wrong is named with its line, and nothing is started', async (t) => {
  const cwd = await tempFolder(t);
  await writeFile(join(cwd, 'seed.ndjson'), '{"topic":"orders","body":"ok"}\n{"topic":"orders"}\n');
  const { exitCode, stderr } = await mqadmin(['sandbox', '--seed', 'seed.ndjson', '--', 'true'], { cwd });
  t.is(exitCode, 2);
  t.regex(stderr, /seed\.ndjson:2: body is missing/);
});

test('a fault outside a sandbox is an error that says so', async (t) => {
  const { exitCode, stderr } = await mqadmin(['sandbox', 'fault', 'list']);
  t.is(exitCode, 2);
  t.regex(stderr, /MQADMIN_SANDBOX is not set/);
});
