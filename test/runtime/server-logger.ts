import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createServerLogger, type ServerLoggerOptions } from '../../src/runtime/server-logger.js';

async function logTo(t: ExecutionContext, options: ServerLoggerOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-log-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'logs', 'broker.log');
  const { close, logger } = await createServerLogger({ file, ...options });
  t.teardown(close);
  return { logger, close, text: () => readFile(file, 'utf8') };
}

test('one JSON object a line with level, ISO time, pid, fields and message', async (t) => {
  const { logger, text } = await logTo(t);
  logger.info({ port: 9876 }, 'started');
  logger.child({ server: 'broker-a' }).warn({ err: new Error('x', { cause: new Error('y') }) }, 'odd');
  const [first, second] = (await text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.like(first, { level: 'info', pid: process.pid, port: 9876, msg: 'started' });
  t.regex(first.time, /^\d{4}-\d\d-\d\dT.*Z$/);
  t.like(second, { level: 'warn', server: 'broker-a', msg: 'odd' });
  t.is(second.err.type, 'Error');
  t.regex(second.err.message, /x.*y/);
});

test('lines below the level are not written', async (t) => {
  const { logger, text } = await logTo(t, { level: 'warn' });
  logger.debug({}, 'no');
  logger.info({}, 'no');
  logger.error({}, 'yes');
  t.is((await text()).trimEnd().split('\n').length, 1);
});

test('pretty lines are for people, without colour when told so', async (t) => {
  const { logger, text } = await logTo(t, { pretty: true, color: false });
  logger.info({ port: 9876 }, 'started');
  const lines = await text();
  t.regex(lines, /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: started\n +port: 9876\n$/);
});

test('closing is repeatable', async (t) => {
  const { close, logger, text } = await logTo(t);
  logger.info({}, 'last words');
  close();
  close();
  t.regex(await text(), /last words/);
});
