/** The built `mqadmin bench` against a cluster of this process: npm run build comes first. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { assertBuilt, mqadmin } from '../helper/cli.js';
import { startScenario } from '../helper/client-scenario.js';

test.before(() => assertBuilt());

test('load is produced and consumed, counted, timed, and written second by second', async (t) => {
  t.timeout(120_000);
  const scenario = await startScenario(t);
  await scenario.createTopic('load', 2);
  const run = (...args: string[]) =>
    mqadmin(['bench', ...args], { env: { NAMESRV_ADDR: scenario.namesrvAddr }, cwd: scenario.folder });
  const json = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run(...args, '--json');
    t.is(exitCode, 0, stderr);
    return JSON.parse(stdout);
  };
  t.is((await run('produce', 'load', '--count', '1')).exitCode, 2, 'without a yes');
  t.is((await run('produce', 'load', '--size', '4k-1k', '--yes')).exitCode, 2);

  const produced = await json('produce', 'load', '--count', '200', '--size', '100-200', '--rate', '400', '--yes');
  t.like(produced, { topic: 'load', messages: 200, errors: 0, targetRate: 400 });
  t.true(produced.messagesPerSecond <= 410, 'no faster than wanted');
  t.true(produced.bytes >= 200 * 100 && produced.bytes <= 200 * 200);
  const { p50, p99, max } = produced.latencyMs;
  t.true(p50 > 0 && p50 <= p99 && p99 <= max);

  // One message more was sent before the clock ran.
  const consumed = await json('consume', 'load', '--from', 'start', '--csv', 'bench.csv');
  t.like(consumed, { messages: 201, errors: 0 });
  const csv = (await readFile(join(scenario.folder, 'bench.csv'), 'utf8')).trim().split('\n');
  t.regex(csv[0] as string, /^atMs,messages,errors,messagesPerSecond,bytesPerSecond,meanMs,p50Ms/);
  const counted = csv.slice(1).reduce((sum, line) => sum + Number(line.split(',')[1]), 0);
  t.is(counted, 201);
  t.is((await json('consume', 'load', '--from', 'start', '--count', '7')).messages, 7);
  t.is((await run('consume', 'nowhere', '--count', '1')).exitCode, 3);
});
