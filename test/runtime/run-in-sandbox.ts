import { EventEmitter } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { type RunInSandboxOptions, runInSandbox } from '../../src/runtime/run-in-sandbox.js';
import type { Sandbox } from '../../src/runtime/sandbox.js';
import { canListen } from '../helper/ports.js';
import { RecordingLogger, until } from '../helper/remoting.js';

async function setUp(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-run-in-sandbox-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const signals = new EventEmitter();
  const seen: Sandbox[] = [];
  /** Runs a script of Node that may use `out`, the path of a file. */
  const run = (script: string, options: RunInSandboxOptions = {}) => {
    const head = `const fs = require('node:fs'); const out = ${JSON.stringify(join(folder, 'out'))};`;
    return runInSandbox(process.execPath, ['-e', head + script], {
      tmpDir: folder,
      signals,
      isInteractive: false,
      onReady: (sandbox) => seen.push(sandbox),
      ...options,
    });
  };
  const output = () => readFile(join(folder, 'out'), 'utf8').catch(() => null);
  const nothingLeft = async () => {
    t.deepEqual(
      (await readdir(folder)).filter((name) => name !== 'out'),
      [],
    );
    for (const { namesrvAddr } of seen) t.true(await canListen(Number(namesrvAddr.split(':')[1])));
    t.is(signals.eventNames().length, 0, 'no signal listener stays');
  };
  return { folder, signals, run, output, nothingLeft };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('the child finds the sandbox by its environment', async (t) => {
  const { nothingLeft, output, run } = await setUp(t);
  const script = `
    const { NAMESRV_ADDR, ROCKETMQ_NAMESRV_ADDR, MQADMIN_CONTEXT, MY_OWN } = process.env;
    const [host, port] = NAMESRV_ADDR.split(':');
    require('node:net').connect(Number(port), host, function () {
      fs.writeFileSync(out, JSON.stringify([NAMESRV_ADDR === ROCKETMQ_NAMESRV_ADDR, MQADMIN_CONTEXT ?? null, MY_OWN]));
      this.destroy();
    });`;
  const env = { ...process.env, MY_OWN: 'kept', MQADMIN_CONTEXT: 'production', NAMESRV_ADDR: 'elsewhere:9876' };
  t.deepEqual(await run(script, { env }), { exitCode: 0, signal: null });
  t.deepEqual(JSON.parse((await output()) ?? ''), [true, null, 'kept']);
  await nothingLeft();
});

test("the child's exit code is ours", async (t) => {
  const { nothingLeft, run } = await setUp(t);
  t.deepEqual(await run('process.exit(42)'), { exitCode: 42, signal: null });
  await nothingLeft();
});

test('a child that a signal ends counts as 128 plus the signal', async (t) => {
  const { nothingLeft, run } = await setUp(t);
  t.deepEqual(await run(`process.kill(process.pid, 'SIGKILL')`), { exitCode: 137, signal: 'SIGKILL' });
  await nothingLeft();
});

test('a command that does not exist is an error, and nothing stays', async (t) => {
  const { folder, nothingLeft, signals } = await setUp(t);
  const running = runInSandbox('no-such-command-at-all', [], { tmpDir: folder, signals, isInteractive: false });
  await t.throwsAsync(running, { code: 'NOT_FOUND', message: 'command not found: no-such-command-at-all' });
  await nothingLeft();
});

test('a file that may not be executed is an error, and nothing stays', async (t) => {
  const { folder, nothingLeft, signals } = await setUp(t);
  await writeFile(join(folder, 'out'), 'no program', { mode: 0o600 });
  const running = runInSandbox(join(folder, 'out'), [], { tmpDir: folder, signals, isInteractive: false });
  await t.throwsAsync(running, { code: 'USAGE', message: /may not be executed/ });
  await nothingLeft();
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} goes on to the child`, async (t) => {
    const { nothingLeft, output, run, signals } = await setUp(t);
    const running = run(
      `process.on('${signal}', () => process.exit(7)); setInterval(() => {}, 1000); fs.writeFileSync(out, '')`,
    );
    while ((await output()) === null);
    signals.emit(signal, signal);
    t.deepEqual(await running, { exitCode: 7, signal: null });
    await nothingLeft();
  });
}

test('a second signal kills a child that ignores the first', async (t) => {
  const { nothingLeft, output, run, signals } = await setUp(t);
  const running = run(`
    process.on('SIGTERM', () => fs.writeFileSync(out, 'ignored'));
    setInterval(() => {}, 1000);
    fs.writeFileSync(out, 'up');`);
  while ((await output()) !== 'up');
  signals.emit('SIGTERM', 'SIGTERM');
  while ((await output()) !== 'ignored');
  signals.emit('SIGTERM', 'SIGTERM');
  t.deepEqual(await running, { exitCode: 137, signal: 'SIGKILL' });
  await nothingLeft();
});

test('a signal during the start ends it, and no child is started', async (t) => {
  const { nothingLeft, output, run, signals } = await setUp(t);
  const running = run(`fs.writeFileSync(out, '')`);
  await until(() => signals.listenerCount('SIGINT') === 1);
  signals.emit('SIGINT', 'SIGINT');
  t.deepEqual(await running, { exitCode: 130, signal: 'SIGINT' });
  t.is(await output(), null);
  await nothingLeft();
});

test('a second signal while the sandbox is being removed forces the end', async (t) => {
  const { nothingLeft, run, signals } = await setUp(t);
  const forced: number[] = [];
  const logger = new RecordingLogger();
  logger.info = (_fields, message) => {
    if (message !== 'name server stopped') return;
    signals.emit('SIGTERM', 'SIGTERM');
    t.deepEqual(forced, [], 'the first one changes nothing: it is under way');
    signals.emit('SIGINT', 'SIGINT');
  };
  await run('', { logger, force: (exitCode) => forced.push(exitCode) });
  t.deepEqual(forced, [130]);
  await nothingLeft();
});

test('processes that the child leaves in its group are ended', async (t) => {
  const { nothingLeft, output, run } = await setUp(t);
  const { exitCode } = await run(`
    const { spawn } = require('node:child_process');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    child.unref();
    fs.writeFileSync(out, String(child.pid));
    process.exit(0);`);
  t.is(exitCode, 0);
  const pid = Number(await output());
  t.true(pid > 0);
  await until(() => !isRunning(pid));
  await nothingLeft();
});

test('on a terminal Ctrl-C is left to the terminal, other signals go on', async (t) => {
  const { nothingLeft, output, run, signals } = await setUp(t);
  const script = `
    process.on('SIGINT', () => process.exit(1)).on('SIGTERM', () => process.exit(9));
    setInterval(() => {}, 1000);
    fs.writeFileSync(out, '');`;
  const running = run(script, { isInteractive: true });
  while ((await output()) === null);
  signals.emit('SIGINT', 'SIGINT');
  signals.emit('SIGTERM', 'SIGTERM');
  const { exitCode } = await running;
  t.is(exitCode, 137, 'the second signal, whatever it is, kills');
  await nothingLeft();
});

test('a process that exits without stopping its sandbox leaves no folder', async (t) => {
  const { folder } = await setUp(t);
  const module = fileURLToPath(new URL('../../src/runtime/sandbox.ts', import.meta.url));
  const script = `
    const { startSandbox } = await import(${JSON.stringify(module)});
    await startSandbox({ tmpDir: ${JSON.stringify(folder)} });
    throw new Error('crash');`;
  const { exitCode, stderr } = await execa(process.execPath, ['--import=tsx', '--input-type=module', '-e', script], {
    reject: false,
  });
  t.is(exitCode, 1);
  t.regex(stderr, /crash/);
  t.deepEqual(await readdir(folder), []);
});
