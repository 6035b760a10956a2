/** One broker of two takes connections and never answers: what commands that ask all brokers make of it. */
import { createServer, type Server, type Socket } from 'node:net';
import test from 'ava';
import { openSession } from '../../src/admin/session.js';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import { main } from '../../src/cli/main.js';
import { type Sandbox, startSandbox } from '../../src/runtime/sandbox.js';
import { fakeIo } from '../helper/cli.js';

const GROUPS = ['audit', 'mailer', 'settlement'];
const MSG_KEY = 'order-1';

let sandbox: Sandbox;
let hole: Server;
let env: Record<string, string>;
const connections = new Set<Socket>();

test.before(async () => {
  sandbox = await startSandbox({
    brokers: 2,
    topics: ['orders', 'payments'],
    groups: GROUPS,
    seed: Array.from({ length: 8 }, (_, i) => ({
      ...{ topic: 'orders', body: Buffer.from('{}'), keys: MSG_KEY, tags: 'paid' },
      queue: { brokerName: `broker-${i % 2 === 0 ? 'a' : 'b'}`, queueId: 0 },
    })),
  });
  hole = createServer((socket) => {
    connections.add(socket);
    socket.on('error', () => {}).on('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
  const { port } = hole.address() as { port: number };
  const session = await openSession({
    ...{ namesrvAddrs: [sandbox.namesrvAddr], timeoutMs: 10_000, clock: systemClock, random: systemRandom },
  });
  for (const { addr } of sandbox.brokers) {
    for (const consumerGroup of GROUPS) {
      await session.api.updateConsumerOffset(addr, consumerGroup, { topic: 'orders', queueId: 0 }, 1);
    }
  }
  await session.close();
  const lost = sandbox.brokers.find(({ brokerName }) => brokerName === 'broker-b')?.addr;
  env = { NAMESRV_ADDR: sandbox.namesrvAddr, MQADMIN_ADDRESS_MAP: `${lost}=127.0.0.1:${port}` };
});
test.after.always(async () => {
  for (const socket of connections) socket.destroy();
  hole?.close();
  await sandbox?.stop();
});

/** Long enough for the other broker on a busy machine; half of it where a silent one is given up. */
const TIMEOUT = '8s';

async function run(line: string) {
  const fake = fakeIo({ env });
  const io = { ...fake, clock: systemClock, random: systemRandom };
  const code = await main([...line.split(' '), '--timeout', TIMEOUT], io);
  return { code, stdout: fake.out.join(''), stderr: fake.err.join('') };
}

/** All that put a result together from several brokers. */
const LISTS = [
  'broker get-cold-ctr -c DefaultCluster',
  'broker get-config -c DefaultCluster',
  'broker status -c DefaultCluster',
  'cluster list',
  'cluster list --more-stats',
  'consumer get-config mailer',
  'consumer monitor',
  'consumer progress',
  'consumer progress mailer',
  'export configs',
  'export metadata',
  'export metrics',
  'ha status -c DefaultCluster',
  'message query-by-key orders order-1',
  'producer list',
  'stats all',
  'topic status orders',
];

for (const line of LISTS) {
  test(`${line}: what the others hold, and that a broker is missing`, async (t) => {
    const { code, stdout, stderr } = await run(`${line} --json`);
    t.is(code, 7, stderr);
    const doc = JSON.parse(stdout);
    t.false(doc.complete);
    t.deepEqual(
      doc.unreachable.map(({ brokerName, code: why }: Record<string, string>) => [brokerName, why]),
      [['broker-b', 'REMOTING_TIMEOUT']],
    );
    const warnings = stderr.split('\n').filter((text) => text.includes('did not answer'));
    t.is(warnings.length, 1, stderr);
    t.regex(warnings[0] ?? '', /^warning: broker-b \(127\.0\.0\.1:\d+\) did not answer within \d+ ms$/);
  });
}

test('topic list --with-groups asks one broker of each topic, and says of which it knows nothing', async (t) => {
  const { code, stdout } = await run('topic list --with-groups --json');
  const { topics, complete, unreachable } = JSON.parse(stdout);
  const byName = new Map(topics.map((each: { topic: string }) => [each.topic, each]));
  t.like(byName.get('orders'), { consumerGroups: ['audit', 'mailer', 'settlement'], reason: null });
  t.like(byName.get('broker-b'), { consumerGroups: null });
  t.is(code, 7);
  t.false(complete);
  t.is(unreachable.length, 1);
});

test('unknown is never zero', async (t) => {
  const [progress, stats, table] = await Promise.all(
    ['consumer progress --json', 'stats all --json', 'consumer progress'].map(run),
  );
  for (const group of JSON.parse(progress?.stdout ?? '').groups) {
    t.like(group, { lag: null, clients: null, consumeTps: null });
    t.regex(group.reason, /did not answer/);
  }
  const { topics } = JSON.parse(stats?.stdout ?? '');
  for (const row of topics.filter(({ topic }: { topic: string }) => topic === 'orders')) {
    t.like(row, { inTps: null, in24h: null, lag: null, outTps: null });
  }
  t.regex(table?.stdout ?? '', /^mailer +unknown +- +- +- +- +- +-$/m);
});

test('a broker alone that is silent: unreachable', async (t) => {
  const addr = sandbox.brokers.find(({ brokerName }) => brokerName === 'broker-b')?.addr;
  const lines = [`broker status -b ${addr}`, `broker get-config -b ${addr}`];
  for (const { code, stdout, stderr } of await Promise.all(lines.map(run))) {
    t.is(code, 5, stderr);
    t.is(stdout, '');
    t.regex(stderr, /^error: .* did not answer within \d+ ms/);
  }
});

test('a check of what a silent broker has a part of is unknown, not ok', async (t) => {
  for (const line of ['check topic orders', 'check consumer mailer --crit members=off']) {
    const { code, stdout } = await run(`${line} --format text --json`);
    t.is(code, 7, stdout);
    const [subject] = JSON.parse(stdout).subjects;
    t.is(subject.level, 'unknown');
    t.regex(subject.reason, /broker-b did not answer/);
  }
});
