import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createRequest } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { PortInUseError } from '../../src/runtime/listen-error.js';
import { PropertiesFileError } from '../../src/runtime/properties-file.js';
import { type StartBrokerOptions, startBroker } from '../../src/runtime/start-broker.js';
import { SMALL_FILES } from '../../src/runtime/start-up.js';
import { startNamesrv } from '../helper/namesrv.js';
import { RecordingLogger, startClient } from '../helper/remoting.js';

async function setUp(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-start-broker-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const env = { XDG_DATA_HOME: join(folder, 'data') };
  const start = async (options: StartBrokerOptions = {}) => {
    const { properties, ...others } = options;
    const running = await startBroker({
      env,
      home: folder,
      host: '127.0.0.1',
      port: 0,
      brokerName: 'broker-a',
      properties: { ...SMALL_FILES, ...properties },
      ...others,
    });
    t.teardown(running.shutdown);
    return running;
  };
  return { folder, start };
}

test('a broker registers under its advertised address and goes with its shutdown', async (t) => {
  const { addr: namesrvAddr } = await startNamesrv(t);
  const { start } = await setUp(t);
  const broker = await start({ namesrvAddr, clusterName: 'c1' });
  t.is(broker.addr, `127.0.0.1:${broker.port}`);
  const { client } = startClient(t);
  const clusterInfo = async () => {
    const response = await client.invoke(namesrvAddr, createRequest(RequestCode.GET_BROKER_CLUSTER_INFO), 5000);
    return response.body?.toString() ?? '';
  };
  t.true((await clusterInfo()).includes(`"brokerAddrs":{0:"${broker.addr}"}`));
  t.true((await clusterInfo()).includes('"clusterAddrTable":{"c1":["broker-a"]}'));
  await broker.shutdown();
  await broker.shutdown();
  while ((await clusterInfo()).includes('broker-a'));
  t.pass();
});

test('without a config file, the store lies below the data home', async (t) => {
  const { folder, start } = await setUp(t);
  const logger = new RecordingLogger();
  const { storeDir } = await start({ logger });
  t.is(storeDir, join(folder, 'data', 'mqadmin', 'broker', 'broker-a'));
  t.true((await stat(storeDir)).isDirectory());
  t.true(logger.of('warn').some((line) => line.message.startsWith('no name server')));
});

test('a config file of Apache says where the store is; what it has beside is named in the log', async (t) => {
  const { folder, start } = await setUp(t);
  const configFile = join(folder, 'broker.conf');
  const storeDir = join(folder, 'store');
  await writeFile(configFile, `storePathRootDir=${storeDir}\nbrokerName=from-file\nuseEpollNativeSelector=true\n`);
  const logger = new RecordingLogger();
  const broker = await start({ configFile, logger, brokerName: undefined });
  t.is(broker.storeDir, storeDir);
  t.is(broker.brokerName, 'from-file');
  t.is(broker.config.brokerConfigPath, configFile);
  t.true((await readdir(storeDir)).length > 0);
  const warned = logger.of('warn').find((line) => line.message === 'properties without effect');
  t.deepEqual(warned?.fields, { properties: ['useEpollNativeSelector'] });
});

test('a bad value names the file and the line', async (t) => {
  const { folder, start } = await setUp(t);
  const configFile = join(folder, 'broker.conf');
  await writeFile(configFile, 'brokerName=a\nflushDiskType=SOMETIMES\n');
  const error = await t.throwsAsync(start({ configFile }), { instanceOf: PropertiesFileError });
  t.true(error?.message.startsWith(`${configFile}:2: flushDiskType: "SOMETIMES"`), error?.message);
});

test('a busy port is named, with the way out, and the store stays free', async (t) => {
  const { folder, start } = await setUp(t);
  const first = await start();
  const storeDir = join(folder, 'second');
  const busy = { port: first.port, storeDir, properties: { haListenPort: '0', fastListenEnable: 'false' } };
  const error = await t.throwsAsync(start(busy), { instanceOf: PortInUseError });
  t.is(error?.message, `port ${first.port} of the broker broker-a is already in use`);
  t.regex(error?.hint ?? '', /--port/);
  await t.notThrowsAsync(start({ storeDir }));
});

test('a second broker on the same store is refused, and the first goes on', async (t) => {
  const { start } = await setUp(t);
  const first = await start();
  const error = await t.throwsAsync(start(), { code: 'STORE_LOCKED' });
  t.true(error?.message.includes(first.storeDir));
  const { client } = startClient(t);
  t.is((await client.invoke(first.addr, createRequest(RequestCode.GET_BROKER_CONFIG), 5000)).code, 0);
});

test('the advertised address is the given one, else the one that is listened on', async (t) => {
  const { folder, start } = await setUp(t);
  const given = await start({ advertise: '203.0.113.9' });
  t.is(given.addr, `203.0.113.9:${given.port}`);
  const inFile = join(folder, 'broker.conf');
  await writeFile(inFile, 'brokerIP1=203.0.113.8\n');
  const filed = await start({ configFile: inFile, storeDir: join(folder, 'b') });
  t.is(filed.addr, `203.0.113.8:${filed.port}`);
  const named = await start({ host: 'localhost', storeDir: join(folder, 'c') });
  t.is(named.addr, `127.0.0.1:${named.port}`);
});
