import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createRequest } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { PortInUseError } from '../../src/runtime/listen-error.js';
import { PropertiesFileError } from '../../src/runtime/properties-file.js';
import { type StartNamesrvOptions, startNamesrv } from '../../src/runtime/start-namesrv.js';
import { RecordingLogger, startClient } from '../helper/remoting.js';

async function setUp(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-start-namesrv-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const env = { XDG_DATA_HOME: join(folder, 'data') };
  const start = async (options: StartNamesrvOptions = {}) => {
    const running = await startNamesrv({ env, home: folder, host: '127.0.0.1', port: 0, ...options });
    t.teardown(running.shutdown);
    return running;
  };
  return { folder, start };
}

test('without a config file, data lies below the data home', async (t) => {
  const { folder, start } = await setUp(t);
  const { addr, config } = await start();
  t.is(config.kvConfigPath, join(folder, 'data', 'mqadmin', 'namesrv', 'kvConfig.json'));
  const { client } = startClient(t);
  const item = { namespace: 'ns', key: 'k', value: 'v' };
  t.is((await client.invoke(addr, createRequest(RequestCode.PUT_KV_CONFIG, item), 5000)).code, 0);
  t.is(await readFile(config.kvConfigPath, 'utf8'), '{"configTable":{"ns":{"k":"v"}}}');
});

test('with a config file, Apache names and places count, and updates go back to it', async (t) => {
  const { folder, start } = await setUp(t);
  const configFile = join(folder, 'namesrv.conf');
  await writeFile(configFile, `kvConfigPath=${folder}/kv.json\norderMessageEnable=true\nserverSelectorThreads=3\n`);
  const logger = new RecordingLogger();
  const { addr, config } = await start({ configFile, logger });
  t.true(config.orderMessageEnable);
  t.is(config.kvConfigPath, join(folder, 'kv.json'));
  t.deepEqual(logger.of('warn')[0]?.fields, { properties: ['serverSelectorThreads'] });
  const { client } = startClient(t);
  const update = createRequest(RequestCode.UPDATE_NAMESRV_CONFIG, {}, Buffer.from('enableTopicList=false'));
  t.is((await client.invoke(addr, update, 5000)).code, 0);
  const written = await readFile(configFile, 'utf8');
  t.regex(written, /^enableTopicList=false$/m);
  t.regex(written, /^serverSelectorThreads=3$/m, 'what we do not know is kept');
});

test('properties are stronger than the file, host and port than both', async (t) => {
  const { folder, start } = await setUp(t);
  const configFile = join(folder, 'namesrv.conf');
  await writeFile(configFile, 'waitSecondsForService=1\nlistenPort=1\nbindAddress=203.0.113.1\n');
  const { config } = await start({ configFile, dataDir: folder, properties: { waitSecondsForService: '2' } });
  t.is(config.waitSecondsForService, 2);
  t.is(config.bindAddress, '127.0.0.1');
});

test('a bad value names the file and the line', async (t) => {
  const { folder, start } = await setUp(t);
  const configFile = join(folder, 'namesrv.conf');
  await writeFile(configFile, '\nscanNotActiveBrokerInterval=soon\n');
  const error = await t.throwsAsync(start({ configFile }), { instanceOf: PropertiesFileError });
  t.true(error?.message.startsWith(`${configFile}:2: scanNotActiveBrokerInterval: "soon"`), error?.message);
});

test('a busy port is named, with the way out', async (t) => {
  const { folder, start } = await setUp(t);
  const { port } = await start();
  const error = await t.throwsAsync(start({ port, dataDir: folder }), { instanceOf: PortInUseError });
  t.is(error?.message, `port ${port} of the name server is already in use`);
  t.regex(error?.hint ?? '', /--port/);
  const hinted = start({ port, dataDir: folder, portHint: 'use --namesrv-port' });
  t.is((await t.throwsAsync(hinted, { instanceOf: PortInUseError }))?.hint, 'use --namesrv-port');
});

test('an address of another machine is a clear error', async (t) => {
  const { start } = await setUp(t);
  await t.throwsAsync(start({ host: '203.0.113.1' }), {
    code: 'CONFIG',
    message: '203.0.113.1 is no address of this machine: the name server cannot listen on it',
  });
});

test('an unreadable KV file is named', async (t) => {
  const { folder, start } = await setUp(t);
  await mkdir(join(folder, 'kvConfig.json'));
  const error = await t.throwsAsync(start({ dataDir: folder }), { code: 'CONFIG' });
  t.true(error?.message.includes(join(folder, 'kvConfig.json')));
});
