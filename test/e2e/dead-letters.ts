/** The built `mqadmin dlq`, `record` and `replay` against a cluster of this process: npm run build comes first. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { createMessage } from '../../src/protocol/message.js';
import { assertBuilt, mqadmin } from '../helper/cli.js';
import { eventually, startScenario } from '../helper/client-scenario.js';

test.before(() => assertBuilt());

async function world(t: ExecutionContext) {
  const scenario = await startScenario(t);
  await scenario.createTopic('orders', 2);
  const addr = scenario.brokers[0]?.addr ?? '';
  const env = { NAMESRV_ADDR: scenario.namesrvAddr, XDG_STATE_HOME: join(scenario.folder, 'state') };
  const run = (...args: string[]) => mqadmin(args, { env, cwd: scenario.folder });
  const done = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run(...args);
    t.is(exitCode, 0, stderr);
    return stdout;
  };
  const json = async (...args: string[]) => JSON.parse(await done(...args, '--json'));
  const read = async (topic: string, format = '{msgId}') =>
    (await done('tail', topic, '--from', 'start', '--format', format)).split('\n').slice(0, -1);
  const producer = await scenario.producer();
  const send = async (count: number) => {
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1) {
      const message = createMessage('orders', `body ${n}`, {
        keys: `k${n}`,
        tags: n % 2 === 0 ? 'even' : 'odd',
        properties: { n: String(n) },
      });
      ids.push((await producer.send(message)).msgId ?? '');
    }
    return ids.toSorted();
  };
  return { scenario, addr, run, done, json, read, send };
}

/** The same with messages of `orders` that group g could not consume. */
async function deadWorld(t: ExecutionContext, count: number) {
  const world_ = await world(t);
  const { scenario, addr, done, json, send } = world_;
  await done('consumer', 'create', 'g', '-b', addr);
  const ids = await send(count);
  const stored = (await done('tail', 'orders', '--from', 'start', '--output', 'ndjson')).trim().split('\n');
  for (const line of stored) {
    const { physicalOffset, msgId } = JSON.parse(line);
    await scenario.api.consumerSendMessageBack(addr, {
      group: 'g',
      originTopic: 'orders',
      offset: physicalOffset,
      delayLevel: -1,
      originMsgId: msgId,
      unitMode: false,
      maxReconsumeTimes: 16,
    });
  }
  await eventually(async () => (await json('dlq', 'list')).groups[0]?.stored === count);
  return { ...world_, ids };
}

test('dead letters are listed, shown, sent to the group alone or to their topic, dropped and exported', async (t) => {
  t.timeout(120_000);
  const { scenario, run, done, json, read, ids } = await deadWorld(t, 6);
  t.like(await json('dlq', 'list'), { complete: true, groups: [{ consumerGroup: 'g', stored: 6, pending: 6 }] });
  const { messages } = await json('dlq', 'peek', 'g', '--tag', 'odd');
  // In which order messages are given up is up to the consumer's threads.
  t.deepEqual(
    messages.map(({ body, originTopic }: { body: string; originTopic: string }) => [body, originTopic]).sort(),
    [
      ['body 1', 'orders'],
      ['body 3', 'orders'],
      ['body 5', 'orders'],
    ],
  );
  t.is((await json('dlq', 'peek', 'g', '--tag', 'odd', '--count', '2')).messages.length, 2);
  t.is((await run('dlq', 'peek', 'nobody')).exitCode, 3);

  await done('dlq', 'export', 'g', '-f', 'dead.ndjson');
  t.is((await run('dlq', 'export', 'g', '-f', 'dead.ndjson')).exitCode, 2, 'it is there');
  t.is((await readFile(join(scenario.folder, 'dead.ndjson'), 'utf8')).split('\n').length, 7);

  t.is((await run('dlq', 'redrive', 'g')).exitCode, 2, 'without a yes');
  t.like(await json('dlq', 'redrive', 'g', '--where', 'n>=4', '--dry-run'), { done: 2, dryRun: true });
  t.like(await json('dlq', 'redrive', 'g', '--where', 'n>=4', '--yes'), { done: 2, topics: { '%RETRY%g': 2 } });
  t.deepEqual((await read('%RETRY%g', '{key} {tag} {property:n} {property:RETRY_TOPIC}')).sort(), [
    'k4 even 4 orders',
    'k5 odd 5 orders',
  ]);
  t.like(await json('dlq', 'redrive', 'g', '--to', 'origin', '--count', '2', '--yes'), {
    done: 2,
    topics: { orders: 2 },
  });
  t.deepEqual((await read('orders')).length, 8);
  t.like(await json('dlq', 'drop', 'g', '--yes'), { done: 2, action: 'drop' });
  t.like(await json('dlq', 'redrive', 'g', '--yes'), { done: 0 });
  t.like(await json('dlq', 'list'), { groups: [{ stored: 6, pending: 0 }] });
  t.is((await json('dlq', 'peek', 'g', '--all')).messages.length, 6);
  t.is(new Set([...(await read('orders')), ...(await read('%RETRY%g'))]).size, ids.length);
});

test('a redrive that is killed half-way loses nothing, and goes on', async (t) => {
  t.timeout(120_000);
  const { run, json, read, ids } = await deadWorld(t, 30);
  const killed = run('dlq', 'redrive', 'g', '--rate', '20', '--yes');
  await eventually(async () => (await read('%RETRY%g')).length >= 3);
  killed.kill('SIGKILL');
  await killed;
  const before = (await read('%RETRY%g')).length;
  t.true(before < ids.length);
  const rest = await json('dlq', 'redrive', 'g', '--yes');
  const again = await read('%RETRY%g');
  t.deepEqual([...new Set(again)].toSorted(), ids);
  t.true(again.length <= ids.length + 1, 'the one under way may come twice');
  t.true(rest.done >= ids.length - before);
  t.like(await json('dlq', 'list'), { groups: [{ pending: 0 }] });
});

test('what was recorded is sent again with its properties, to another topic and without secrets', async (t) => {
  t.timeout(120_000);
  const { scenario, run, done, json, read, send } = await world(t);
  await scenario.createTopic('copy', 2);
  const ids = await send(10);
  t.like(await json('record', 'orders', '--from', 'start', '-f', 'orders.ndjson.gz'), { messages: 10, complete: true });
  t.is((await run('record', 'orders', '--from', 'start', '-f', 'orders.ndjson.gz')).exitCode, 2);
  await done('record', 'orders', '--from', 'start', '--count', '1', '-f', 'orders.ndjson.gz', '--append');
  t.is(String(gunzipSync(await readFile(join(scenario.folder, 'orders.ndjson.gz')))).split('\n').length, 12);

  const replay = ['replay', '-f', 'orders.ndjson.gz', '--map', 'orders=copy', '--speed', 'max'];
  t.like(await json(...replay, '--dry-run'), { sent: 11, dryRun: true });
  t.is((await run(...replay)).exitCode, 2, 'without a yes');
  t.like(await json(...replay, '--count', '4', '--rate', '200', '--yes'), { sent: 4, topics: { copy: 4 } });
  t.like(await json(...replay, '--skip', '4', '--count', '6', '--redact', 'body', '--yes'), { sent: 6, skipped: 4 });
  t.deepEqual((await read('copy')).toSorted(), ids);
  // Messages of one millisecond come from their queues in any order.
  const copied = await read('copy', '{key} {tag} {property:n} {body}');
  t.is(copied.filter((line) => /^k(\d) (even|odd) \1 body \1$/.test(line)).length, 4);
  t.is(copied.filter((line) => /^k(\d) (even|odd) \1 \*\*\*$/.test(line)).length, 6);
  t.is((await run('replay', 'nowhere.ndjson', '--yes')).exitCode, 2);
});
