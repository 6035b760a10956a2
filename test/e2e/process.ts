/** The built program as a process: exit codes, streams, signals, and what it leaves behind. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { assertBuilt, firstLine, mqadmin, startUpProgram, tempFolder } from '../helper/cli.js';
import { canListen } from '../helper/ports.js';

test.before(assertBuilt);

/** A server that accepts connections and never answers. */
async function blackHole(t: ExecutionContext): Promise<string> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

test('--version and help end with 0', async (t) => {
  const version = await mqadmin(['--version']);
  t.is(version.exitCode, 0);
  t.regex(version.stdout, /^mqadmin\/\d+\.\d+\.\d+ \w+-\w+ node-v\d+/);
  for (const args of [
    [],
    ['help'],
    ['--help'],
    ['help', 'topic'],
    ['help', 'topic', 'create'],
    ['topic', 'create', '--help'],
  ]) {
    const help = await mqadmin(args);
    t.is(help.exitCode, 0, args.join(' '));
    t.regex(help.stdout, /^usage/im, args.join(' '));
    t.is(help.stderr, '');
  }
  t.regex((await mqadmin(['topic', 'create', '-h'])).stdout, /EXAMPLES[\s\S]*mqadmin topic create orders/);
  t.regex((await mqadmin(['help', 'updateTopic'])).stdout, /^usage: mqadmin updateTopic /);
  t.regex((await mqadmin(['help', 'apache'])).stdout, /^updateTopic +topic update$/m);
});

const usage: Array<[title: string, args: string[], stderr: RegExp]> = [
  ['an unknown command, with near ones', ['topc', 'list'], /there is no command "topc"[\s\S]*mqadmin topic list/],
  ['an unknown verb, with near ones', ['topic', 'lst'], /there is no command "topic lst"[\s\S]*mqadmin topic list/],
  ['an unknown Apache name, with near ones', ['topicLst'], /mqadmin topicList/],
  ['an unknown flag', ['topic', 'list', '--jsn'], /unknown flag --jsn[\s\S]*--json/],
  ['an unknown flag of a command without a network', ['up', '--prot', '1'], /unknown flag --prot/],
  ['a missing argument', ['topic', 'route'], /TOPIC is missing/],
  ['a bad value', ['topic', 'list', '--timeout', '10'], /--timeout/],
  ['a bad address', ['topic', 'list', '-n', 'a:b:c'], /no host:port/],
  ['an Apache flag missing', ['topicRoute'], /Missing required option: t/],
  ['a verb that is a word of others', ['broker', 'config'], /did you mean mqadmin broker get-config or /],
  ['a verb like none', ['broker', 'zzz'], /hint: mqadmin help broker lists its commands/],
  ['a noun alone', ['help', 'nonsense'], /there is no command "nonsense"/],
];
for (const [title, args, stderr] of usage) {
  test(`${title} ends with 2`, async (t) => {
    const result = await mqadmin(args);
    t.is(result.exitCode, 2);
    t.regex(result.stderr, stderr);
  });
}

test('under --json errors are one document on stderr and stdout is empty', async (t) => {
  for (const args of [
    ['topic', 'list', '--jsn'],
    ['topc'],
    ['topic', 'route'],
    ['topic', 'list', '-n', '127.0.0.1:1'],
  ]) {
    const { stdout, stderr, exitCode } = await mqadmin([...args, '--json']);
    t.is(stdout, '', args.join(' '));
    const { error } = JSON.parse(stderr) as { error: Record<string, unknown> };
    t.deepEqual(Object.keys(error), ['code', 'message', 'hint', 'exit'], args.join(' '));
    t.is(error.exit, exitCode);
  }
});

test('nobody there ends with 5 at once', async (t) => {
  const { exitCode, stderr } = await mqadmin(['topic', 'list', '-n', '127.0.0.1:1']);
  t.is(exitCode, 5);
  t.regex(stderr, /connection refused/);
});

test('a server that never answers ends with 5 within the deadline', async (t) => {
  const addr = await blackHole(t);
  for (const args of [
    ['topic', 'list'],
    ['consumer', 'progress'],
    ['message', 'send', 'x', '-p', 'y'],
  ]) {
    const result = await mqadmin([...args, '-n', addr, '--timeout', '500ms']);
    t.is(result.exitCode, 5, `${args.join(' ')}: ${result.stderr}`);
    t.true(result.durationMs < 10_000, `${args.join(' ')} took ${result.durationMs} ms`);
  }
});

test('under an Apache name nobody there ends with 5 as well', async (t) => {
  t.is((await mqadmin(['topicList', '-n', '127.0.0.1:1'])).exitCode, 5);
});

test('settings come from the project file and the context', async (t) => {
  const home = await tempFolder(t);
  await mkdir(join(home, 'config/mqadmin'), { recursive: true });
  await mkdir(join(home, 'project/deep'), { recursive: true });
  await writeFile(
    join(home, 'config/mqadmin/config.yaml'),
    'currentContext: a\ncontexts:\n  a: { namesrv: 127.0.0.1:2 }\n',
  );
  const options = { env: { XDG_CONFIG_HOME: join(home, 'config') }, cwd: join(home, 'project/deep') };
  t.regex((await mqadmin(['topic', 'list'], options)).stderr, /127\.0\.0\.1:2/);
  await writeFile(join(home, 'project/.mqadmin.yaml'), 'namesrv: 127.0.0.1:3\n');
  t.regex((await mqadmin(['topic', 'list'], options)).stderr, /127\.0\.0\.1:3/);
  t.regex((await mqadmin(['topic', 'list', '-n', '127.0.0.1:4'], options)).stderr, /127\.0\.0\.1:4/);
  t.regex((await mqadmin(['-n', '127.0.0.1:5', 'topic', 'list'], options)).stderr, /127\.0\.0\.1:5/);
});

test('a second up on the same ports ends with an error that names the flag', async (t) => {
  const up = await startUpProgram();
  t.teardown(up.stop);
  const port = up.namesrvAddr.split(':')[1] as string;
  const args = ['up', '--namesrv-port', port, '--broker-port', '0', '--store-dir', await tempFolder(t)];
  const { exitCode, stderr, stdout } = await mqadmin(args);
  t.is(exitCode, 1);
  t.is(stdout, '');
  t.regex(stderr, new RegExp(`port ${port} .* in use\\nhint: .*--namesrv-port`));
});

test('up ends with 0 on SIGTERM and gives its ports back', async (t) => {
  const up = await startUpProgram();
  await up.stop();
  t.true(await canListen(Number(up.namesrvAddr.split(':')[1])));
  t.true(await canListen(Number(up.brokerAddr.split(':')[1])));
});

const sandboxes = async (folder: string) =>
  (await readdir(folder)).filter((name) => name.startsWith('mqadmin-sandbox-'));

test('sandbox gives its command a cluster, ends with its code, and leaves nothing behind', async (t) => {
  const tmp = await tempFolder(t);
  const script =
    'const { execFileSync } = require("node:child_process");' +
    'const run = (...args) => JSON.parse(execFileSync(process.execPath, [process.env.MQADMIN_BIN, ...args, "--json"]));' +
    'const sent = run("message", "send", "orders", "-p", "in the box");' +
    'console.log(sent.sendStatus, run("topic", "route", "orders").brokers[0].readQueueNums, process.env.NAMESRV_ADDR);' +
    'process.exit(42);';
  const bin = join(import.meta.dirname, '../../bin/run.js');
  const result = await mqadmin(['sandbox', '--topic', 'orders:3', '--', process.execPath, '-e', script], {
    env: { TMPDIR: tmp, MQADMIN_BIN: bin },
  });
  t.is(result.exitCode, 42, result.stderr);
  const [status, queues, addr = ''] = result.stdout.trim().split(' ');
  t.deepEqual([status, queues], ['SEND_OK', '3']);
  t.deepEqual(await sandboxes(tmp), []);
  t.true(await canListen(Number(addr.split(':')[1])));
});

test('sandbox without a command, or with one that does not exist', async (t) => {
  const tmp = await tempFolder(t);
  t.is((await mqadmin(['sandbox'], { env: { TMPDIR: tmp } })).exitCode, 2);
  const missing = await mqadmin(['sandbox', '--', 'no-such-command-here'], { env: { TMPDIR: tmp } });
  t.is(missing.exitCode, 3);
  t.regex(missing.stderr, /command not found: no-such-command-here/);
  t.deepEqual(await sandboxes(tmp), []);
});

test('sandbox passes a signal on and cleans up', async (t) => {
  const tmp = await tempFolder(t);
  const script = 'process.on("SIGTERM", () => process.exit(7)); console.log("ready"); setInterval(() => {}, 1000);';
  const sandbox = mqadmin(['sandbox', '--', process.execPath, '-e', script], { env: { TMPDIR: tmp } });
  for await (const line of sandbox) if (String(line) === 'ready') sandbox.kill('SIGTERM');
  t.is((await sandbox).exitCode, 7);
  t.deepEqual(await sandboxes(tmp), []);
});

test('an interrupt ends a command with 130', async (t) => {
  const addr = await blackHole(t);
  const command = mqadmin(['topic', 'list', '-n', addr, '--timeout', '30s']);
  // Once its connection is there it waits for the answer.
  const result = await new Promise<Awaited<typeof command>>((resolve) => {
    const poll = setInterval(() => command.kill('SIGINT'), 500);
    void command.then((ended) => {
      clearInterval(poll);
      resolve(ended);
    });
  });
  t.true(result.exitCode === 130 || result.signal === 'SIGINT', `${result.exitCode} ${result.signal}`);
});

test('namesrv start and broker start serve with files of Apache, and end with 0 on SIGINT', async (t) => {
  const folder = await tempFolder(t);
  const namesrvFile = join(folder, 'namesrv.properties');
  await writeFile(namesrvFile, `listenPort=0\nbindAddress=127.0.0.1\nkvConfigPath=${folder}/kvConfig.json\n`);
  const namesrv = mqadmin(['namesrv', 'start', '-c', namesrvFile, '--json', '--log-level', 'warn']);
  t.teardown(() => void namesrv.kill('SIGKILL'));
  const { namesrvAddr } = JSON.parse((await firstLine(namesrv.stdout)) ?? '{}') as { namesrvAddr: string };
  const brokerFile = join(folder, 'broker.conf');
  await writeFile(
    brokerFile,
    [
      'brokerClusterName = filed',
      'brokerName = broker-f',
      'brokerId = 0',
      'listenPort = 0',
      'bindAddress = 127.0.0.1',
      `storePathRootDir = ${folder}/store`,
      'mappedFileSizeCommitLog = 1048576',
      '',
    ].join('\n'),
  );
  const broker = mqadmin(['broker', 'start', '-c', brokerFile, '-n', namesrvAddr, '--json', '--log-level', 'warn']);
  t.teardown(() => void broker.kill('SIGKILL'));
  t.like(JSON.parse((await firstLine(broker.stdout)) ?? '{}'), { brokerName: 'broker-f', clusterName: 'filed' });
  const list = await mqadmin([
    'cluster',
    'list',
    '-n',
    namesrvAddr,
    '--output',
    'csv',
    '--columns',
    'cluster,broker,state',
  ]);
  t.is(list.stdout, 'cluster,broker,state\nfiled,broker-f,ok\n');
  broker.kill('SIGINT');
  t.is((await broker).exitCode, 0, String((await broker).stderr));
  namesrv.kill('SIGINT');
  t.is((await namesrv).exitCode, 0);
});

test('a config file with a bad line ends with 2 and names file and line', async (t) => {
  const file = join(await tempFolder(t), 'broker.conf');
  await writeFile(file, 'brokerName=a\nlistenPort=many\n');
  const { exitCode, stderr } = await mqadmin(['broker', 'start', '-c', file]);
  t.is(exitCode, 2);
  t.regex(stderr, /broker\.conf:2: .*listenPort/);
});
