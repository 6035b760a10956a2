/** The built `mqadmin offset reset` against a cluster of this process: npm run build comes first. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createMessage } from '../../src/protocol/message.js';
import { assertBuilt, mqadmin } from '../helper/cli.js';
import { eventually, startScenario } from '../helper/client-scenario.js';

test.before(() => assertBuilt());

/** Ten messages in each of two queues, and group g, which has read five of queue 0 and none of queue 1. */
async function world(t: ExecutionContext) {
  const scenario = await startScenario(t);
  await scenario.createTopic('orders', 2);
  const producer = await scenario.producer();
  for (let n = 0; n < 20; n += 1) {
    const queue = { topic: 'orders', brokerName: 'broker-0', queueId: n % 2 };
    await producer.send(createMessage('orders', String(n)), { queue });
  }
  const env = { NAMESRV_ADDR: scenario.namesrvAddr, XDG_STATE_HOME: join(scenario.folder, 'state') };
  const [broker] = scenario.brokers;
  const addr = broker?.addr ?? '';
  const run = (...args: string[]) => mqadmin(args, { env, cwd: scenario.folder });
  for (const group of ['g', 'other']) t.is((await run('consumer', 'create', group, '-b', addr)).exitCode, 0);
  await scenario.api.updateConsumerOffset(addr, 'g', { topic: 'orders', queueId: 0 }, 5);
  const committed = (group: string) =>
    Promise.all(
      [0, 1].map((queueId) =>
        scenario.api.queryConsumerOffset(addr, group, { topic: 'orders', queueId }, { setZeroIfNotFound: false }),
      ),
    );
  const reset = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run('offset', 'reset', ...args, '--yes', '--json');
    t.is(exitCode, 0, stderr);
    return JSON.parse(stdout);
  };
  return { scenario, run, reset, committed };
}

test('a reset is taken back by its receipt, and the way back too', async (t) => {
  t.timeout(120_000);
  const { scenario, reset, committed } = await world(t);
  const done = await reset('g', 'orders', '--to', 'end');
  t.like(done, { mode: 'offline', verified: true });
  t.deepEqual(await committed('g'), [10, 10]);
  t.deepEqual(await readdir(join(scenario.folder, 'state/mqadmin/receipts')), [done.receipt.split('/').at(-1)]);
  t.like(JSON.parse(await readFile(done.receipt, 'utf8')), { done: true, queues: [{ before: 5, after: 10 }] });

  const undone = await reset('--undo', done.receipt);
  t.is((await committed('g'))[0], 5);
  await reset('--undo', undone.receipt);
  t.deepEqual(await committed('g'), [10, 10]);
});

test('offsets come from a shift, another group, or a file', async (t) => {
  t.timeout(120_000);
  const { scenario, run, reset, committed } = await world(t);
  await reset('g', 'orders', '--shift', '-3');
  t.is((await committed('g'))[0], 2);
  await reset('other', 'orders', '--to', '7', '--receipt', 'none');
  const progress = await run('consumer', 'progress', 'other', '--json');
  await reset('g', 'orders', '--from-group', 'other');
  t.deepEqual(await committed('g'), [7, 7]);
  await reset('g', 'orders', '--to', 'start');
  await writeFile(join(scenario.folder, 'progress.json'), progress.stdout);
  await reset('g', 'orders', '--from-file', 'progress.json');
  t.deepEqual(await committed('g'), [7, 7]);
  await writeFile(join(scenario.folder, 'wrong.json'), '{"queues":[{"topic":"orders","queueId":0}]}');
  t.is((await run('offset', 'reset', 'g', 'orders', '--from-file', 'wrong.json', '--yes')).exitCode, 2);
});

test('a group with members is moved while they go on, and it says so', async (t) => {
  t.timeout(120_000);
  const { scenario, reset, run } = await world(t);
  const seen: string[] = [];
  const consumer = scenario.pushConsumer({ group: 'g' });
  consumer.subscribe('orders', '*');
  consumer.registerMessageListenerConcurrently((messages) => {
    seen.push(...messages.map(({ body }) => String(body)));
    return 'CONSUME_SUCCESS';
  });
  await consumer.start();
  await eventually(() => new Set(seen).size === 15);
  await eventually(async () => JSON.parse((await run('consumer', 'progress', 'g', '--json')).stdout).lag === 0);
  const before = seen.length;
  const done = await reset('g', 'orders', '--to', 'start', '--receipt', 'here.json');
  t.like(done, { mode: 'online', verified: true });
  // What comes in ends the requests that the broker holds: the members hear of it with their next ones.
  const producer = await scenario.producer({ instanceName: 'wake' });
  for (const queueId of [0, 1]) {
    await producer.send(createMessage('orders', 'new'), {
      queue: { topic: 'orders', brokerName: 'broker-0', queueId },
    });
  }
  await eventually(() => new Set(seen.slice(before)).size === 21);
  t.like(JSON.parse(await readFile(join(scenario.folder, 'here.json'), 'utf8')), { mode: 'online', done: true });
});
