import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openSession } from '../../src/admin/session.js';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import { PortInUseError } from '../../src/runtime/listen-error.js';
import { brokerNameOf, type StartUpOptions, startUp } from '../../src/runtime/start-up.js';
import { startNamesrv } from '../helper/namesrv.js';
import { canListen } from '../helper/ports.js';

async function setUp(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-start-up-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const env = { XDG_DATA_HOME: join(folder, 'data') };
  const start = async (options: StartUpOptions = {}) => {
    const cluster = await startUp({ env, home: folder, namesrvPort: 0, brokerPort: 0, ...options });
    t.teardown(cluster.shutdown);
    return cluster;
  };
  return { folder, start };
}

test('a name server and brokers come up together, on loopback, below the data home', async (t) => {
  const { folder, start } = await setUp(t);
  const { brokers, namesrvAddr, storeDir } = await start({ brokers: 2, clusterName: 'c1' });
  t.is(storeDir, join(folder, 'data', 'mqadmin', 'up'));
  t.deepEqual((await readdir(storeDir)).sort(), ['broker-a', 'broker-b'], 'the name server has written nothing yet');
  const session = await openSession({
    namesrvAddrs: [namesrvAddr],
    timeoutMs: 5000,
    clock: systemClock,
    random: systemRandom,
  });
  t.teardown(() => session.close());
  const info = await session.api.getBrokerClusterInfo();
  t.deepEqual({ ...info.clusterAddrTable }, { c1: ['broker-a', 'broker-b'] });
  for (const broker of brokers) {
    t.is(info.brokerAddrTable[broker.brokerName]?.brokerAddrs.get(0), broker.addr);
    t.regex(broker.addr, /^127\.0\.0\.1:\d+$/);
  }
});

test('shutdown frees ports and stores', async (t) => {
  const { start } = await setUp(t);
  const first = await start();
  const { namesrv, brokers } = first;
  await first.shutdown();
  await first.shutdown();
  t.true(await canListen(namesrv.port));
  t.true(await canListen(brokers[0]!.port));
  await t.notThrowsAsync(start());
});

test('a busy name server port is named, with the flag that changes it', async (t) => {
  const { addr } = await startNamesrv(t);
  const { start } = await setUp(t);
  const error = await t.throwsAsync(start({ namesrvPort: Number(addr.split(':')[1]) }), {
    instanceOf: PortInUseError,
  });
  t.regex(error?.hint ?? '', /--namesrv-port/);
});

test('a busy broker port is named with its broker, and the name server does not stay', async (t) => {
  const { folder, start } = await setUp(t);
  const first = await start();
  const port = first.brokers[0]!.port;
  const second = start({ brokerPort: port, storeDir: join(folder, 'second') });
  const error = await t.throwsAsync(second, { instanceOf: PortInUseError });
  t.regex(error?.message ?? '', /broker broker-a/);
  t.regex(error?.hint ?? '', /--broker-port/);
});

test('an aborted start leaves nothing running', async (t) => {
  const { folder, start } = await setUp(t);
  const reason = new Error('changed my mind');
  t.is(await t.throwsAsync(start({ signal: AbortSignal.abort(reason) })), reason);
  t.deepEqual(await readdir(folder), []);
});

test('the number of brokers is bounded', async (t) => {
  const { start } = await setUp(t);
  for (const brokers of [0, 65, 1.5]) await t.throwsAsync(start({ brokers }), { code: 'USAGE' });
});

test('with an advertised address clients are told that one', async (t) => {
  const { start } = await setUp(t);
  const { brokers, namesrvAddr, namesrv } = await start({ advertise: '127.0.0.2' });
  t.is(namesrvAddr, `127.0.0.2:${namesrv.port}`);
  t.is(brokers[0]?.addr, `127.0.0.2:${brokers[0]?.port}`);
});

test('broker names follow the alphabet, then numbers', (t) => {
  t.deepEqual([0, 1, 25, 26].map(brokerNameOf), ['broker-a', 'broker-b', 'broker-z', 'broker-27']);
});
