import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemRandom } from '../../src/base/clock.js';
import { MQError } from '../../src/base/errors.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { RemotingConnectError } from '../../src/remoting/errors.js';
import { messagesOf, startTestBroker, TestPeer } from '../helper/broker.js';
import { canListen } from '../helper/ports.js';
import { turns } from '../helper/remoting.js';

async function createFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-broker-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A free port whose fast port is free, too: below those that systems hand out, which others may be given meanwhile. */
async function findFreePorts(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(systemRandom.next() * 12_000);
    if ((await canListen(port)) && (await canListen(port - 2))) return port;
  }
}

test('a message that was sent can be pulled', async (t) => {
  const { peer } = await startTestBroker(t);
  t.is((await peer.createTopic('orders', 1)).code, ResponseCode.SUCCESS);
  const sent = await peer.send('orders', 'hello', { properties: { UNIQ_KEY: 'K1', TAGS: 'A' } });
  t.is(sent.code, ResponseCode.SUCCESS, sent.remark ?? '');
  const pulled = await peer.pull('orders');
  t.is(pulled.code, ResponseCode.SUCCESS, pulled.remark ?? '');
  t.deepEqual(
    messagesOf(pulled).map((message) => message.body.toString()),
    ['hello'],
  );
});

test('a code that nobody serves is answered 3 with a leading blank', async (t) => {
  const { peer } = await startTestBroker(t);
  const response = await peer.call(27);
  t.is(response.code, ResponseCode.REQUEST_CODE_NOT_SUPPORTED);
  t.is(response.remark, ' request type 27 not supported');
});

test('topics, groups and offsets survive a restart', async (t) => {
  const folder = await createFolder(t);
  const first = await startTestBroker(t, {}, { folder });
  await first.peer.createTopic('orders', 1);
  await first.peer.send('orders', 'one');
  await first.peer.send('orders', 'two');
  await first.peer.pull('orders', { group: 'billing' });
  const commit = { consumerGroup: 'billing', topic: 'orders', queueId: '0', commitOffset: '1' };
  t.is((await first.peer.call(RequestCode.UPDATE_CONSUMER_OFFSET, commit)).code, ResponseCode.SUCCESS);
  await first.broker.shutdown();

  const { peer } = await startTestBroker(t, {}, { folder });
  const query = { consumerGroup: 'billing', topic: 'orders', queueId: '0' };
  t.is((await peer.call(RequestCode.QUERY_CONSUMER_OFFSET, query)).extFields?.offset, '1');
  const pulled = await peer.pull('orders', { group: 'billing', offset: 1 });
  t.deepEqual(
    messagesOf(pulled).map((message) => message.body.toString()),
    ['two'],
  );
});

test('a start that fails for an unreadable table writes no table over it', async (t) => {
  const folder = await createFolder(t);
  const config = join(folder, 'config');
  await mkdir(config);
  await writeFile(join(config, 'topics.json'), '{"topicConfigTable":');
  await writeFile(join(config, 'topics.json.bak'), '{"topicConfig');
  await writeFile(join(config, 'consumerOffset.json'), '{"offsetTable":{"orders@billing":{0:7}}}');
  const error = await t.throwsAsync(startTestBroker(t, {}, { folder }), { instanceOf: MQError });
  t.true(error.message.includes('topics.json'), error.message);
  t.is(await readFile(join(config, 'topics.json'), 'utf8'), '{"topicConfigTable":');
  t.is(await readFile(join(config, 'consumerOffset.json'), 'utf8'), '{"offsetTable":{"orders@billing":{0:7}}}');
});

test('two brokers do not share a folder', async (t) => {
  const folder = await createFolder(t);
  const { peer } = await startTestBroker(t, {}, { folder });
  await t.throwsAsync(startTestBroker(t, {}, { folder }), { code: 'STORE_LOCKED' });
  t.is((await peer.createTopic('orders', 1)).code, ResponseCode.SUCCESS);
});

test('the fast port serves sends and refuses pulls', async (t) => {
  const port = await findFreePorts();
  const { addr } = await startTestBroker(t, { listenPort: port, fastListenEnable: true });
  t.is(addr, `127.0.0.1:${port}`);
  const fast = new TestPeer(t, `127.0.0.1:${port - 2}`);
  t.is((await fast.createTopic('orders', 1)).code, ResponseCode.SUCCESS);
  t.is((await fast.send('orders', 'x')).code, ResponseCode.SUCCESS);
  const pulled = await fast.pull('orders');
  t.is(pulled.code, ResponseCode.REQUEST_CODE_NOT_SUPPORTED);
  t.is(pulled.remark, ' request type 11 not supported');
  t.is(messagesOf(await new TestPeer(t, addr).pull('orders')).length, 1);
});

test('a busy fast port is told in the log, and the broker runs without it', async (t) => {
  const port = await findFreePorts();
  const blocker = createServer();
  await once(blocker.listen(port - 2, '127.0.0.1'), 'listening');
  t.teardown(() => blocker.close());
  const { peer, logger } = await startTestBroker(t, { listenPort: port, fastListenEnable: true });
  t.is((await peer.createTopic('orders', 1)).code, ResponseCode.SUCCESS);
  t.is(logger.of('warn').filter((line) => line.fields.port === port - 2).length, 1);
});

test('a busy port fails the start', async (t) => {
  const { port } = await startTestBroker(t);
  await t.throwsAsync(startTestBroker(t, { listenPort: port }), { instanceOf: RemotingConnectError });
});

test('while it starts a broker answers that it is not available, and serves afterwards', async (t) => {
  const port = await findFreePorts();
  const peer = new TestPeer(t, `127.0.0.1:${port}`);
  const starting = startTestBroker(t, { listenPort: port, fastListenEnable: false });
  const codes = new Set<number>();
  let isStarted = false;
  void starting.then(() => {
    isStarted = true;
  });
  while (!isStarted) {
    const response = await peer.createTopic('orders', 1).catch(() => null);
    if (response) codes.add(response.code);
    await turns();
  }
  codes.delete(ResponseCode.SERVICE_NOT_AVAILABLE);
  codes.delete(ResponseCode.SUCCESS);
  t.deepEqual([...codes], []);
  // A peer of its own: the first may still be in its pause after a refused connection.
  const { peer: later } = await starting;
  t.is((await later.createTopic('orders', 1)).code, ResponseCode.SUCCESS);
});

test('a shutdown answers the pulls it holds', async (t) => {
  const { broker, peer } = await startTestBroker(t);
  await peer.createTopic('orders', 1);
  const held = peer.pull('orders', { suspendMs: 15_000 });
  // Answered on the same connection, so the pull before it has arrived.
  await peer.createTopic('later', 1);
  const startedMs = Date.now();
  await broker.shutdown();
  const response = await held.catch((error: unknown) => error);
  t.true(Date.now() - startedMs < 5000);
  t.false(response instanceof Error && response.message.includes('timeout'), String(response));
});

test('sends that race a shutdown are stored if they were answered with success', async (t) => {
  const folder = await createFolder(t);
  const first = await startTestBroker(t, { flushDiskType: 'SYNC_FLUSH' }, { folder });
  await first.peer.createTopic('orders', 1);
  const sends = Array.from({ length: 50 }, (_, i) => first.peer.send('orders', `m${i}`).catch(() => null));
  await Promise.race(sends);
  await first.broker.shutdown();
  const stored = (await Promise.all(sends)).filter((response) => response?.code === ResponseCode.SUCCESS).length;
  const { peer } = await startTestBroker(t, {}, { folder });
  const found = messagesOf(await peer.pull('orders', { maxMsgNums: 64 })).length;
  t.true(found >= Math.min(stored, 32), `${found} of ${stored}`);
});

test('shutting down twice is harmless, and a start afterwards is refused', async (t) => {
  const { broker } = await startTestBroker(t);
  await Promise.all([broker.shutdown(), broker.shutdown()]);
  await broker.shutdown();
  await t.throwsAsync(broker.start(), { instanceOf: MQError });
});

test('what the broker does not bundle is named', async (t) => {
  const { peer } = await startTestBroker(t);
  const wanted: [number, string][] = [
    [RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS, 'RocksDB'],
    [RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON, 'RocksDB'],
    [RequestCode.ADD_BROKER, 'a broker container'],
    [RequestCode.NOTIFY_BROKER_ROLE_CHANGED, 'controller mode'],
  ];
  for (const [code, what] of wanted) {
    const response = await peer.call(code);
    t.is(response.code, ResponseCode.REQUEST_CODE_NOT_SUPPORTED);
    t.regex(response.remark ?? '', new RegExp(`this broker does not offer .*${what}`));
  }
});
