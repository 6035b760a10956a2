import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ConfigFile } from '../../src/base/config-file.js';
import { KvConfig, type KvLimits } from '../../src/namesrv/kv-config.js';

async function kvPath(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-kv-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'namesrv', 'kvConfig.json');
}

async function openKv(path: string, limits?: KvLimits): Promise<KvConfig> {
  const kv = new KvConfig(new ConfigFile(path), limits);
  await kv.load();
  return kv;
}

test('values survive a restart, in the file shape of Apache', async (t) => {
  const path = await kvPath(t);
  const kv = await openKv(path);
  t.is(await kv.put('ORDER_TOPIC_CONFIG', 'orders', 'broker-a:4'), null);
  t.is(await readFile(path, 'utf8'), '{"configTable":{"ORDER_TOPIC_CONFIG":{"orders":"broker-a:4"}}}');
  const again = await openKv(path);
  t.is(again.get('ORDER_TOPIC_CONFIG', 'orders'), 'broker-a:4');
  t.deepEqual({ ...again.namespace('ORDER_TOPIC_CONFIG') }, { orders: 'broker-a:4' });
});

test('the former file is kept as .bak and used when the file is broken', async (t) => {
  const path = await kvPath(t);
  const kv = await openKv(path);
  await kv.put('ns', 'k', '1');
  await kv.put('ns', 'k', '2');
  await writeFile(path, '{"configTable":{"ns":');
  t.is((await openKv(path)).get('ns', 'k'), '1');
});

test('a broken file without backup stops the start and is named', async (t) => {
  const path = await kvPath(t);
  const kv = await openKv(path);
  await kv.put('ns', 'k', '1');
  for (const text of ['{"configTable":{"ns":', '[]', '{"configTable":[]}', '{"configTable":{"ns":1}}']) {
    await writeFile(path, text);
    const error = await t.throwsAsync(openKv(path), { code: 'CONFIG' }, text);
    t.true(error?.message.includes(path));
  }
});

test('deleting leaves the namespace, unknown ones are null', async (t) => {
  const kv = await openKv(await kvPath(t));
  await kv.put('ns', 'k', 'v');
  await kv.delete('ns', 'k');
  await kv.delete('ns', 'other');
  await kv.delete('ghost', 'k');
  t.is(kv.get('ns', 'k'), null);
  t.deepEqual({ ...kv.namespace('ns') }, {});
  t.is(kv.namespace('ghost'), null);
});

test('names of Object.prototype are plain names', async (t) => {
  const path = await kvPath(t);
  const kv = await openKv(path);
  await kv.put('__proto__', 'constructor', 'v');
  const again = await openKv(path);
  t.is(again.get('__proto__', 'constructor'), 'v');
  t.is(again.get('toString', 'x'), null);
});

test('names that Java JSON takes for its own are refused', async (t) => {
  const kv = await openKv(await kvPath(t));
  t.is(await kv.put('ns', '$ref', '$'), '$ref is a reserved name');
  t.is(await kv.put('@type', 'k', 'v'), '@type is a reserved name');
  t.is(kv.namespace('ns'), null);
});

test('the table is bounded in entries and characters, over restarts too', async (t) => {
  const path = await kvPath(t);
  const limits = { maxEntries: 3, maxChars: 20 };
  const kv = await openKv(path, limits);
  t.is(await kv.put('ns', 'a', '1'), null);
  t.is(await kv.put('ns', 'b', '1'), null);
  t.is(await kv.put('ns', 'c', '1'), 'KV config is full: 3 entries');
  t.is(await kv.put('ns', 'b', 'x'.repeat(20)), 'KV config is full: 20 characters');
  t.is(kv.get('ns', 'b'), '1');
  const again = await openKv(path, limits);
  t.is(await again.put('ns', 'c', '1'), 'KV config is full: 3 entries');
  await again.delete('ns', 'a');
  t.is(await again.put('ns', 'c', '1'), null);
  t.is(await again.put('ns', 'c', '2'), null, 'replacing takes no room');
});

test('a value that cannot be written is reported', async (t) => {
  const path = await kvPath(t);
  const kv = await openKv(path);
  await kv.put('ns', 'k', '1');
  await rm(path);
  // A folder in place of the file cannot be replaced by it.
  await mkdir(join(path, 'x'), { recursive: true });
  await t.throwsAsync(kv.put('ns', 'k', '2'));
});
