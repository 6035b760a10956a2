import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { MQClientError } from '../../src/client/errors.js';
import { MQClientInstance } from '../../src/client/mq-client-instance.js';
import { LocalFileOffsetStore, RemoteOffsetStore } from '../../src/client/offset-store.js';
import { FakeCluster } from '../helper/client.js';

const mq = { topic: 'orders', brokerName: 'broker-a', queueId: 0 };

async function setUp(t: ExecutionContext) {
  const cluster = new FakeCluster();
  cluster.createTopic('orders', 2);
  const instance = new MQClientInstance({ ...cluster.options, keepInstanceName: true }, cluster.deps);
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-offsets-'));
  t.teardown(async () => {
    await instance.shutdown();
    await rm(folder, { recursive: true, force: true });
  });
  return { cluster, instance, folder };
}

test('a broker without an offset gives null, one with it also fills the memory', async (t) => {
  const { cluster, instance } = await setUp(t);
  const store = new RemoteOffsetStore(instance, 'g');
  t.is(await store.readStore(mq), null);
  t.is(store.table.get(mq), null);
  cluster.offsets.set('g@orders@0', 42);
  t.is(await store.readStore(mq), 42);
  t.is(store.table.get(mq), 42);
});

test('a broker that cannot be asked is no broker without an offset', async (t) => {
  const { cluster, instance } = await setUp(t);
  cluster.overrides.set('queryConsumerOffset', () => {
    throw new Error('down');
  });
  await t.throwsAsync(new RemoteOffsetStore(instance, 'g').readStore(mq), { message: 'down' });
});

test('an offset that was read is not committed back: the former owner may be further by now', async (t) => {
  const { cluster, instance } = await setUp(t);
  const store = new RemoteOffsetStore(instance, 'g');
  cluster.offsets.set('g@orders@0', 42);
  await store.readStore(mq);
  cluster.offsets.set('g@orders@0', 50);
  await store.persistAll([mq]);
  await store.persist(mq);
  t.is(cluster.committed('g', 'orders'), 50);
});

test('offsets of queues that are not ours any more are forgotten, not committed', async (t) => {
  const { cluster, instance } = await setUp(t);
  await instance.updateTopicRoute('orders');
  const store = new RemoteOffsetStore(instance, 'g');
  const other = { ...mq, queueId: 1 };
  store.table.update(mq, 5, false);
  store.table.update(other, 6, false);
  await store.persistAll([mq]);
  t.is(cluster.committed('g', 'orders', 0), 5);
  t.is(cluster.committed('g', 'orders', 1), undefined);
  t.is(store.table.get(other), null);
});

test('a commit that fails is logged and tried again next time', async (t) => {
  const { cluster, instance } = await setUp(t);
  const store = new RemoteOffsetStore(instance, 'g');
  store.table.update(mq, 5, false);
  cluster.overrides.set('updateConsumerOffset', () => {
    throw new Error('down');
  });
  await store.persist(mq);
  t.is(cluster.logger.of('warn').length, 1);
  cluster.overrides.clear();
  await store.persist(mq);
  t.is(cluster.committed('g', 'orders'), 5);
});

test('the file is in the form of the Java client, and is read back', async (t) => {
  const { instance, folder } = await setUp(t);
  const store = new LocalFileOffsetStore(instance, 'g', folder);
  await store.load();
  t.is(await store.readStore(mq), null);
  store.table.update({ ...mq, queueId: 1 }, 7, false);
  store.table.update(mq, 42, false);
  await store.persistAll([mq, { ...mq, queueId: 1 }]);
  t.is(store.path, join(folder, '10.0.0.1@DEFAULT', 'g', 'offsets.json'));
  const text = await readFile(store.path, 'utf8');
  t.is(
    text.replace(/\s/g, ''),
    '{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"orders"}:42,{"brokerName":"broker-a","queueId":1,"topic":"orders"}:7}}',
  );
  const again = new LocalFileOffsetStore(instance, 'g', folder);
  await again.load();
  t.is(again.table.get(mq), 42);
  t.is(await again.readStore({ ...mq, queueId: 1 }), 7);
});

test('a damaged file is replaced by its backup', async (t) => {
  const { instance, folder } = await setUp(t);
  const store = new LocalFileOffsetStore(instance, 'g', folder);
  store.table.update(mq, 1, false);
  await store.persist(mq);
  store.table.update(mq, 2, false);
  await store.persist(mq);
  await writeFile(store.path, '{"offsetTable":{');
  const again = new LocalFileOffsetStore(instance, 'g', folder);
  await again.load();
  t.is(again.table.get(mq), 1);
  await writeFile(`${store.path}.bak`, 'nothing');
  await t.throwsAsync(new LocalFileOffsetStore(instance, 'g', folder).load(), { instanceOf: MQClientError });
});

test('a file that cannot be written is logged', async (t) => {
  const { cluster, instance, folder } = await setUp(t);
  await writeFile(join(folder, 'file'), '');
  const store = new LocalFileOffsetStore(instance, 'g', join(folder, 'file'));
  store.table.update(mq, 1, false);
  await store.persist(mq);
  t.is(cluster.logger.of('warn').length, 1);
});
