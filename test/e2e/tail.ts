/** The built `mqadmin tail` against a cluster of this process: npm run build comes first. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createMessage } from '../../src/protocol/message.js';
import { assertBuilt, mqadmin } from '../helper/cli.js';
import { eventually, type Scenario, startScenario } from '../helper/client-scenario.js';

test.before(() => assertBuilt());

async function filled(t: ExecutionContext): Promise<{ scenario: Scenario; run: (...args: string[]) => Running }> {
  const scenario = await startScenario(t, { config: { enablePropertyFilter: true } });
  await scenario.createTopic('orders', 2);
  await scenario.createTopic('refunds', 1);
  return { scenario, run: (...args) => mqadmin(['tail', ...args], { env: { NAMESRV_ADDR: scenario.namesrvAddr } }) };
}

type Running = ReturnType<typeof mqadmin>;

/** The lines of a program so far. */
function linesOf({ stdout }: Running): () => string[] {
  let text = '';
  stdout.on('data', (chunk: Buffer) => {
    text += String(chunk);
  });
  return () => text.split('\n').slice(0, -1);
}

test('topics are read, filtered, redacted and written in the form asked for, without losing a byte', async (t) => {
  t.timeout(120_000);
  const { scenario, run } = await filled(t);
  const producer = await scenario.producer();
  const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
  const send = (topic: string, body: string | Buffer, more = {}) => producer.send(createMessage(topic, body, more));
  await send('orders', '{"n":1,"card":"4111"}', { keys: 'a b', tags: 'paid', properties: { region: 'eu' } });
  await send('orders', '{"n":2,"card":"4222"}', { keys: 'c', tags: 'open', properties: { region: 'us' } });
  await send('refunds', bytes);
  const out = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run(...args, '--from', 'start');
    t.is(exitCode, 0, stderr);
    return stdout;
  };

  t.deepEqual((await out('orders', 'refunds', '--format', '{topic}')).split('\n').slice(0, 3), [
    'orders',
    'orders',
    'refunds',
  ]);
  const [doc] = (await out('refunds', '--output', 'ndjson')).trim().split('\n');
  const { body, bodyEncoding } = JSON.parse(doc as string);
  t.deepEqual(Buffer.from(body, bodyEncoding), bytes);
  t.is(await out('refunds', '--format', '{body:hex} {body:base64}\\t{bytes}'), 'ff00c328 /wDDKA==\t4\n');
  t.is(await out('orders', '--sql', "region = 'us'", '--format', '{key} {tag} {property:region}'), 'c open us\n');
  t.is(await out('orders', '--key', 'b', '--format', '{key}'), 'a b\n');
  t.is(await out('orders', '--property', 'region=eu', '--format', '{key}'), 'a b\n');
  t.is(
    await out('orders', '--where', 'json.n>1', '--format', '{body:json}', '--redact', 'json:card'),
    '{"n":2,"card":"***"}\n',
  );
  t.is((await run('orders', '--sql', 'a ===')).exitCode, 2);
  t.is((await run('orders', 'nowhere')).exitCode, 3);
});

test('following goes on over a restart of the broker and into queues that appear', async (t) => {
  t.timeout(120_000);
  const { scenario, run } = await filled(t);
  const [broker] = scenario.brokers;
  const tail = run('orders', '--from', 'start', '--follow', '--format', '{queue} {body}');
  const lines = linesOf(tail);
  let producer = await scenario.producer();
  await producer.send(createMessage('orders', 'first'));
  await eventually(() => lines().length === 1);

  await producer.shutdown();
  await broker?.stop();
  await broker?.restart();
  await eventually(async () => (await scenario.api.getTopicRouteInfo('orders')).queueDatas.length === 1);
  producer = await scenario.producer({ instanceName: 'second' });
  const sent = async (body: string, queueId: number) => {
    const queue = { topic: 'orders', brokerName: 'broker-0', queueId };
    await eventually(async () => (await producer.send(createMessage('orders', body), { queue })).queueOffset >= 0);
  };
  await sent('second', 0);
  await eventually(() => lines().some((line) => line.endsWith('second')));
  await scenario.createTopic('orders', 3);
  await sent('third', 2);
  await eventually(() => lines().includes('2 third'));
  tail.kill('SIGINT');
  const { exitCode, stderr } = await tail;
  t.is(exitCode, 130);
  t.regex(stderr, /^(?:warning: broker-0: .*\n)*$/);
});

test('it ends with 0 at a time that lay ahead', async (t) => {
  t.timeout(120_000);
  const { scenario, run } = await filled(t);
  const producer = await scenario.producer();
  await producer.send(createMessage('orders', 'in time'));
  const { exitCode, stdout } = await run('orders', '--from', 'start', '--to', '@+1s', '--format', '{body}');
  t.is(exitCode, 0);
  t.is(stdout, 'in time\n');
});

test('messages are posted one after the other, again when the receiver is busy, and a refusal ends it', async (t) => {
  t.timeout(120_000);
  const { scenario, run } = await filled(t);
  const producer = await scenario.producer();
  const queue = { topic: 'refunds', brokerName: 'broker-0', queueId: 0 };
  for (const body of ['a', 'b', 'c']) await producer.send(createMessage('refunds', body), { queue });
  const taken: string[] = [];
  let isRefusing = false;
  let posts = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      posts += 1;
      response.statusCode = isRefusing ? 400 : posts % 2 === 1 ? 503 : 204;
      if (response.statusCode === 204) taken.push(JSON.parse(String(Buffer.concat(chunks))).body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  const all = await run('refunds', '--from', 'start', '--forward-to', url);
  t.is(all.exitCode, 0, all.stderr);
  t.is(all.stdout, '');
  t.deepEqual(taken, ['a', 'b', 'c']);
  const bounded = await run('refunds', '--from', 'start', '--forward-to', url, '--forward-retries', '0');
  t.is(bounded.exitCode, 5);
  isRefusing = true;
  const refused = await run('refunds', '--from', '+1', '--forward-to', url);
  t.is(refused.exitCode, 1);
  t.regex(refused.stderr, /refunds broker-0\/0@1: 400/);
});
