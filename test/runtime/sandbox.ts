import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { sendMessages } from '../../src/admin/message-send.js';
import { openSession } from '../../src/admin/session.js';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import { PushConsumer } from '../../src/client/push-consumer.js';
import { RemotingError } from '../../src/remoting/errors.js';
import { PROBE_TOPIC } from '../../src/runtime/readiness.js';
import { type SandboxOptions, startSandbox } from '../../src/runtime/sandbox.js';
import { askSandbox } from '../../src/runtime/sandbox-control.js';
import { eventually } from '../helper/client-scenario.js';
import { canListen } from '../helper/ports.js';

async function setUp(t: ExecutionContext) {
  const tmp = await mkdtemp(join(tmpdir(), 'mqadmin-sandbox-test-'));
  t.teardown(() => rm(tmp, { recursive: true, force: true }));
  const start = async (options: SandboxOptions = {}) => {
    const sandbox = await startSandbox({ tmpDir: tmp, ...options });
    t.teardown(sandbox.stop);
    return sandbox;
  };
  return { tmp, start };
}

async function sessionOf(t: ExecutionContext, namesrvAddr: string) {
  const session = await openSession({
    namesrvAddrs: [namesrvAddr],
    timeoutMs: 5000,
    clock: systemClock,
    random: systemRandom,
  });
  t.teardown(() => session.close());
  return session;
}

test('a sandbox has the topics and groups asked for, and nothing of the probe', async (t) => {
  const { start } = await setUp(t);
  const attributes = { '+message.type': 'FIFO' };
  const { brokers, env, namesrvAddr } = await start({
    topics: ['orders', { name: 'pay', queues: 1, attributes }],
    groups: ['g1'],
    brokers: 2,
  });
  t.is(env.NAMESRV_ADDR, namesrvAddr);
  const { api } = await sessionOf(t, namesrvAddr);
  const route = await api.getTopicRouteInfo('orders');
  t.deepEqual(route.queueDatas.map((queueData) => queueData.brokerName).sort(), ['broker-a', 'broker-b']);
  t.true(route.queueDatas.every((queueData) => queueData.writeQueueNums === 4));
  for (const { addr } of brokers) {
    const pay = await api.getTopicConfig(addr, 'pay');
    t.is(pay.readQueueNums, 1);
    t.is(pay.attributes['message.type'], 'FIFO');
    const { subscriptionGroupTable } = await api.getAllSubscriptionGroup(addr);
    t.truthy(subscriptionGroupTable.g1);
    t.false(Object.keys(subscriptionGroupTable).some((name) => name.includes('probe')));
  }
  const { topicList } = await api.getTopicListFromNameServer();
  t.false(topicList.includes(PROBE_TOPIC));
});

test('stopping leaves no folder and no port, and is repeatable', async (t) => {
  const { start, tmp } = await setUp(t);
  const sandbox = await start();
  t.is((await readdir(tmp)).length, 1);
  await Promise.all([sandbox.stop(), sandbox.stop()]);
  t.deepEqual(await readdir(tmp), []);
  t.true(await canListen(Number(sandbox.namesrvAddr.split(':')[1])));
  for (const broker of sandbox.brokers) t.true(await canListen(broker.port));
});

test('a refused topic fails the start and leaves nothing', async (t) => {
  const { start, tmp } = await setUp(t);
  const error = await t.throwsAsync(start({ topics: ['bad name!'] }), { code: 'MQ_BROKER' });
  t.regex(error?.message ?? '', /bad name!/);
  t.deepEqual(await readdir(tmp), []);
});

test('a bad property fails the start and leaves nothing', async (t) => {
  const { start, tmp } = await setUp(t);
  await t.throwsAsync(start({ properties: { flushDiskType: 'NEVER' } }), { code: 'CONFIG' });
  t.deepEqual(await readdir(tmp), []);
});

test('an aborted start leaves nothing', async (t) => {
  const { start, tmp } = await setUp(t);
  const abort = new AbortController();
  const starting = start({ signal: abort.signal, topics: ['orders'] });
  const reason = new Error('changed my mind');
  setImmediate(() => abort.abort(reason));
  t.is(await t.throwsAsync(starting), reason);
  t.deepEqual(await readdir(tmp), []);
});

test('sandboxes do not meet', async (t) => {
  const { start } = await setUp(t);
  const [one, two] = await Promise.all([start({ topics: ['only-in-one'] }), start()]);
  const { api } = await sessionOf(t, two.namesrvAddr);
  t.not(one.namesrvAddr, two.namesrvAddr);
  t.false((await api.getTopicListFromNameServer()).topicList.includes('only-in-one'));
});

test('redeliveries take as many times less as time is faster, up to the dead letter queue', async (t) => {
  t.timeout(60_000);
  const { start } = await setUp(t);
  const { namesrvAddr } = await start({ topics: ['orders'], groups: ['settlement'], timeScale: 100_000 });
  const inbox: number[] = [];
  const consumer = new PushConsumer({
    group: 'settlement',
    namesrvAddr,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  });
  consumer.subscribe('orders', '*');
  consumer.registerMessageListenerConcurrently((messages) => {
    for (const message of messages) inbox.push(message.reconsumeTimes);
    return 'RECONSUME_LATER';
  });
  await consumer.start();
  t.teardown(() => consumer.shutdown());
  const session = await sessionOf(t, namesrvAddr);
  await sendMessages(session, [{ topic: 'orders', body: Buffer.from('paid') }], async () => {});
  const dead = async () => (await session.api.getTopicListFromNameServer()).topicList.includes('%DLQ%settlement');
  await eventually(dead);
  t.deepEqual(
    inbox,
    Array.from({ length: 17 }, (_, n) => n),
  );
});

test('messages to begin with are there, and faults come and go', async (t) => {
  const { start } = await setUp(t);
  const seed = [{ topic: 'orders', body: Buffer.from('first'), keys: 'o-1' }];
  const sandbox = await start({ topics: [{ name: 'orders', queues: 1 }], seed });
  const session = await sessionOf(t, sandbox.namesrvAddr);
  const addr = sandbox.brokers[0]?.addr ?? '';
  const stored = async () => (await session.api.getTopicStatsInfo(addr, 'orders')).offsetTable[0]?.maxOffset;
  t.is(await stored(), 1);

  const path = sandbox.env.MQADMIN_SANDBOX ?? '';
  await askSandbox(path, { op: 'add', fault: { kind: 'busy', count: 3 } });
  t.deepEqual(
    sandbox.faults.list().map(({ brokerName, kind, left }) => [brokerName, kind, left]),
    [['broker-a', 'busy', 3]],
  );
  await t.throwsAsync(
    sendMessages(session, seed, async () => {}),
    { message: /busy|still failed/ },
  );
  t.is(await stored(), 1);
  t.is((await askSandbox(path, { op: 'clear', selection: {} })).faults.length, 0);
  await sendMessages(session, seed, async () => {});
  t.is(await stored(), 2);

  await t.throwsAsync(askSandbox(path, { op: 'kill', brokerName: 'broker-z' }), { code: 'NOT_FOUND' });
  await t.throwsAsync(askSandbox(path, { op: 'dance' } as never), { code: 'USAGE' });
});

test('a killed broker is gone, and comes back with what it has acknowledged', async (t) => {
  const { start } = await setUp(t);
  const { brokers, kill, namesrvAddr, restart } = await start({ topics: [{ name: 'orders', queues: 1 }] });
  const session = await sessionOf(t, namesrvAddr);
  const addr = brokers[0]?.addr ?? '';
  await sendMessages(session, [{ topic: 'orders', body: Buffer.from('kept') }], async () => {});
  await kill('broker-a');
  await t.throwsAsync(session.api.getTopicStatsInfo(addr, 'orders'), { instanceOf: RemotingError });
  await t.throwsAsync(kill('broker-a'), { code: 'NOT_FOUND' });
  await restart('broker-a');
  t.is((await session.api.getTopicStatsInfo(addr, 'orders')).offsetTable[0]?.maxOffset, 1);
  await t.throwsAsync(restart('broker-a'), { code: 'USAGE' });
});

test('a sandbox in a deep folder can be told something, too', async (t) => {
  const { start, tmp } = await setUp(t);
  const tmpDir = join(tmp, 'x'.repeat(100));
  await mkdir(tmpDir);
  const { env } = await start({ tmpDir });
  t.deepEqual(await askSandbox(env.MQADMIN_SANDBOX ?? '', { op: 'list' }), { faults: [], cleared: 0 });
});

test('a folder that is to be kept stays', async (t) => {
  const { start, tmp } = await setUp(t);
  const sandbox = await start({ keep: true });
  await sandbox.stop();
  t.is(join(tmp, (await readdir(tmp))[0] ?? ''), sandbox.folder);
});
