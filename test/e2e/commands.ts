/** The built program against the built `mqadmin up`: npm run build comes first. */
import test from 'ava';
import { assertBuilt, firstLine, mqadmin, startUpProgram, type UpHandle } from '../helper/cli.js';

let up: UpHandle;
test.before(async () => {
  assertBuilt();
  up = await startUpProgram();
});
test.after.always(() => up?.stop());

/** Runs a command against the cluster of this file. */
const run = (...args: string[]) => mqadmin(args, { env: { NAMESRV_ADDR: up.namesrvAddr } });

async function json(...args: string[]) {
  const result = await run(...args, '--json');
  return { ...result, doc: result.stdout === '' ? null : JSON.parse(result.stdout) };
}

test('a topic lives: create, route, status, list, delete', async (t) => {
  const created = await json('topic', 'create', 'life', '-c', 'DefaultCluster', '-r', '4', '-w', '4');
  t.is(created.exitCode, 0, created.stderr);
  t.like(created.doc, { topic: 'life', complete: true, routed: true, brokers: [{ action: 'created' }] });
  t.is(created.stderr, '');
  t.is((await json('topic', 'create', 'life', '-c', 'DefaultCluster')).doc.brokers[0].action, 'unchanged');
  t.like((await json('topic', 'route', 'life')).doc, {
    brokers: [{ brokerName: 'broker-a', readQueueNums: 4, perm: 6 }],
  });
  t.is((await json('topic', 'status', 'life')).doc.queues.length, 4);
  t.true((await json('topic', 'list')).doc.topics.some(({ topic }: { topic: string }) => topic === 'life'));

  const refused = await run('topic', 'delete', 'life', '-c', 'DefaultCluster');
  t.is(refused.exitCode, 2);
  t.regex(refused.stderr, /--yes/);
  const deleted = await json('topic', 'delete', 'life', '-c', 'DefaultCluster', '--yes');
  t.is(deleted.exitCode, 0, deleted.stderr);
  t.like(deleted.doc, { verified: true });
  t.is((await run('topic', 'route', 'life')).exitCode, 3);
});

test('a message is sent, found by key and both ids, and tailed', async (t) => {
  await run('topic', 'create', 'mail', '-c', 'DefaultCluster', '-r', '2', '-w', '2');
  const sent = await json('message', 'send', 'mail', '-p', 'hello', '-k', 'key-1', '-c', 'paid');
  t.is(sent.exitCode, 0, sent.stderr);
  t.like(sent.doc, { sendStatus: 'SEND_OK', brokerName: 'broker-a' });
  const { msgId, offsetMsgId } = sent.doc;

  const byKey = await json('message', 'query-by-key', 'mail', 'key-1');
  t.like(byKey.doc, { messages: [{ msgId, body: 'hello', tags: 'paid' }] });
  t.is((await json('message', 'query-by-id', msgId, '-t', 'mail')).doc.body, 'hello');
  t.is((await json('message', 'query-by-id', offsetMsgId)).doc.msgId, msgId);
  t.is((await run('message', 'query-by-key', 'mail', 'key-2')).exitCode, 3);

  const tailed = await run('tail', 'mail', '--from', 'start', '--output', 'ndjson');
  t.is(tailed.exitCode, 0);
  t.is(JSON.parse(tailed.stdout).msgId, msgId);
});

test('tail follows and ends after its count', async (t) => {
  await run('topic', 'create', 'live', '-c', 'DefaultCluster', '-r', '1', '-w', '1');
  await run('message', 'send', 'live', '-p', 'old');
  const tail = run('tail', 'live', '--from', 'start', '--follow', '--count', '2', '--format', '{body}');
  const lines: string[] = [];
  for await (const line of tail) {
    lines.push(String(line));
    // The first line shows that it reads; what comes now is new.
    if (lines.length === 1) await run('message', 'send', 'live', '-p', 'new');
  }
  t.deepEqual(lines, ['old', 'new']);
  t.is((await tail).exitCode, 0);
});

test('a reader that goes away ends tail quietly', async (t) => {
  await run('topic', 'create', 'pipe', '-c', 'DefaultCluster', '-r', '1', '-w', '1');
  await run('message', 'send', 'pipe', '-p', 'x', '--count', '50');
  const tail = run('tail', 'pipe', '--from', 'start', '--follow');
  await firstLine(tail.stdout);
  tail.stdout.destroy();
  await run('message', 'send', 'pipe', '-p', 'y', '--count', '2');
  const result = await tail;
  t.is(result.exitCode, 0, String(result.stderr));
  t.is(result.stderr, '');
});

test('offsets of a group are moved and verified', async (t) => {
  await run('topic', 'create', 'work', '-c', 'DefaultCluster', '-r', '1', '-w', '1');
  await run('message', 'send', 'work', '-p', 'x', '--count', '5');
  t.is((await run('consumer', 'create', 'workers', '-c', 'DefaultCluster')).exitCode, 0);
  t.is((await run('consumer', 'progress', 'workers')).exitCode, 3);

  const plan = await json('offset', 'reset', 'workers', 'work', '--to', '-2', '--dry-run');
  t.like(plan.doc, { queues: [{ target: 3, before: null }] });
  t.is((await run('offset', 'reset', 'workers', 'work', '--to', '-2')).exitCode, 2);
  const reset = await json('offset', 'reset', 'workers', 'work', '--to', '-2', '--yes');
  t.is(reset.exitCode, 0, reset.stderr);
  t.like(reset.doc, { verified: true, queues: [{ after: 3 }] });
  t.like((await json('consumer', 'progress', 'workers', '-t', 'work')).doc, { lag: 2 });
  t.is((await run('offset', 'reset', 'workers', 'work', '--to', '99', '--yes')).exitCode, 2);
});

test('clusters, brokers and name servers tell of themselves', async (t) => {
  const list = await json('cluster', 'list');
  t.like(list.doc, {
    complete: true,
    brokers: [{ clusterName: 'DefaultCluster', brokerName: 'broker-a', role: 'master' }],
  });
  t.is((await json('broker', 'status', '-b', up.brokerAddr)).doc.servers[0].properties.brokerActive, 'true');
  t.is((await json('broker', 'get-config', '-b', up.brokerAddr)).doc.servers[0].properties.brokerName, 'broker-a');
  t.is((await json('namesrv', 'get-config')).exitCode, 0);
});

test("Apache's names work in any case with Apache's flags", async (t) => {
  const created = await run(
    'updatetopic',
    '-tOLD',
    `-b=${up.brokerAddr}`,
    '--readQueueNums',
    '2',
    '-writeQueueNums',
    '2',
  );
  t.is(created.exitCode, 0, created.stderr);
  t.regex(
    created.stdout,
    /^create topic to .* success\.\nTopicConfig \[topicName=OLD, readQueueNums=2, writeQueueNums=2/,
  );
  t.regex((await run('sendMessage', '-t', 'OLD', '-p', 'x')).stdout, /SEND_OK/);
  t.regex((await run('TOPICLIST')).stdout, /^OLD$/m);
  t.regex((await run('topicStatus', '-t', 'OLD')).stdout, /^#Broker Name {22}#QID/);
  t.regex((await run('clusterList')).stdout, /^DefaultCluster +broker-a +0 /m);
  t.is((await run('deleteTopic', '-t', 'OLD', '-c', 'DefaultCluster')).exitCode, 0);
  t.is((await run('topicRoute', '-t', 'OLD')).exitCode, 3);
});

test('a partial result ends with 7', async (t) => {
  // The broker answers, a second name server does not.
  const result = await mqadmin(['namesrv', 'get-config', '--json', '-n', `${up.namesrvAddr};127.0.0.1:1`]);
  t.is(result.exitCode, 7);
  t.like(JSON.parse(result.stdout), { complete: false, unreachable: [{ addr: '127.0.0.1:1' }] });
  t.regex(result.stderr, /did not answer/);
});

test('colour, formats and columns', async (t) => {
  const env = { NAMESRV_ADDR: up.namesrvAddr };
  t.true((await mqadmin(['cluster', 'list'], { env: { ...env, FORCE_COLOR: '1' } })).stdout.includes('\u001b['));
  t.false(
    (await mqadmin(['cluster', 'list', '--no-color'], { env: { ...env, FORCE_COLOR: '1' } })).stdout.includes(
      '\u001b[',
    ),
  );
  t.is(
    (await run('cluster', 'list', '--output', 'csv', '--columns', 'cluster,broker')).stdout,
    'cluster,broker\nDefaultCluster,broker-a\n',
  );
  t.regex((await run('cluster', 'list', '--output', 'yaml')).stdout, /^brokers:\n {2}- /);
});
