import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLogger } from '../../../src/base/logger.js';
import { nodeFileSystem } from '../../../src/broker/store/file-system.js';
import { SealFile } from '../../../src/broker/store/store-seal.js';
import { openStore, put, putOf, readBodies, tempFolder } from '../../helper/store.js';

const COUNTS = { queueFiles: 3, indexFiles: 1, indexNamesCrc: 77, queueUnits: 40 };

/** A store that was shut down with a message in each of three queues. */
async function closedStore(t: ExecutionContext): Promise<string> {
  const { store, folder } = await openStore(t);
  for (const queueId of [0, 1, 2]) put(t, store, putOf('orders', queueId, `${queueId}`, { properties: { KEYS: 'k' } }));
  await store.shutdown();
  return folder;
}

async function startAgain(t: ExecutionContext, folder: string): Promise<{ warnings: string[]; bodies: string[] }> {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_fields: object, text: string) => warnings.push(text) };
  const { store } = await openStore(t, { folder, logger });
  const bodies: string[] = [];
  for (const queueId of [0, 1, 2]) bodies.push(...(await readBodies(store, 'orders', queueId)));
  t.is((await store.queryByKey('orders', 'k', 32, 0, Number.MAX_SAFE_INTEGER)).offsets.length, 3);
  return { warnings, bodies };
}

test('a seal is read as it was written, until it is cleared', (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'lock'), 'lock');
  const seal = new SealFile(nodeFileSystem, folder);
  t.is(seal.read(), null);
  seal.write(COUNTS, seal.clearings);
  t.deepEqual(new SealFile(nodeFileSystem, folder).read(), COUNTS);
  seal.clear();
  t.is(seal.read(), null);
});

test('counts that were taken before a file was removed are not written', (t) => {
  const seal = new SealFile(nodeFileSystem, tempFolder(t));
  const { clearings } = seal;
  seal.clear();
  seal.write(COUNTS, clearings);
  t.is(seal.read(), null);
});

test('a seal that was cut or changed is none', (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'lock');
  const seal = new SealFile(nodeFileSystem, folder);
  seal.write(COUNTS, seal.clearings);
  const whole = readFileSync(path);
  for (let length = 0; length < whole.length - 1; length++) {
    truncateSync(path, length);
    t.is(seal.read(), null);
    writeFileSync(path, whole);
  }
  for (let at = 0; at < whole.length - 1; at++) {
    writeFileSync(path, Buffer.from(whole.map((byte, i) => (i === at ? byte ^ 1 : byte))));
    t.is(seal.read(), null, `${at}`);
  }
});

test('after a shutdown a lost queue is noticed and built from the log', async (t) => {
  const folder = await closedStore(t);
  rmSync(join(folder, 'consumequeue', 'orders', '1'), { recursive: true });
  const { warnings, bodies } = await startAgain(t, folder);
  t.deepEqual(bodies, ['0', '1', '2']);
  t.true(warnings.some((text) => text.includes('missing')));
});

test("the seal ends when Apache's broker takes the folder: what it removed is not missed", async (t) => {
  const folder = await closedStore(t);
  // As store/DefaultMessageStore.java#start writes it, over what is there.
  const fd = nodeFileSystem.open(join(folder, 'lock'), 'write');
  nodeFileSystem.write(fd, Buffer.from('lock'), 0, 4, 0);
  nodeFileSystem.close(fd);
  rmSync(join(folder, 'consumequeue', 'orders', '0'), { recursive: true });
  const { warnings, bodies } = await startAgain(t, folder);
  t.deepEqual(bodies, ['1', '2']);
  t.deepEqual(warnings, []);
});

test('lone files that were cut short do not keep a store from starting', async (t) => {
  const folder = await closedStore(t);
  for (const queueId of ['1', '2']) rmSync(join(folder, 'consumequeue', 'orders', queueId), { recursive: true });
  const [index = ''] = readdirSync(join(folder, 'index'));
  truncateSync(join(folder, 'consumequeue', 'orders', '0', '00000000000000000000'), 20);
  truncateSync(join(folder, 'index', index), 100);
  truncateSync(join(folder, 'commitlog', '00000000000000000000'), 2_048);
  t.deepEqual((await startAgain(t, folder)).bodies, ['0', '1', '2']);
});
