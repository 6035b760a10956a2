/** What is deleted, and when. */
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { QueueUnit } from '../../../src/broker/store/message-store.js';
import { decodeMessage } from '../../../src/protocol/message-codec.js';
import { ManualClock, settle } from '../../helper/manual-clock.js';
import {
  FaultyFileSystem,
  type OpenStore,
  openStore,
  put,
  putOf,
  readBodies,
  type StoreOptions,
  tempFolder,
  until,
} from '../../helper/store.js';

const HOUR_MS = 3_600_000;
/** A quarter past five in the morning: no hour of deletion. */
const FIVE = new Date(2024, 4, 1, 5, 15).getTime();

/** Ten log files, of which the first `old` were last written 73 hours ago. */
async function setUp(t: ExecutionContext, old: number, options: StoreOptions = {}): Promise<OpenStore> {
  const clock = new ManualClock(FIVE);
  const opened = await openStore(t, { clock, ...options });
  for (let i = 0; i < 100; i++) {
    put(t, opened.store, putOf('orders', i % 2, `${i}`.padEnd(290), { properties: { KEYS: `k${i}` } }));
  }
  await settle();
  age(opened.folder, old);
  return opened;
}

/** Makes the first files 73 hours old, the others 71. */
function age(folder: string, old: number): void {
  for (const [i, name] of logFiles(folder).entries()) {
    const seconds = (FIVE - (i < old ? 73 : 71) * HOUR_MS) / 1_000;
    utimesSync(join(folder, 'commitlog', name), seconds, seconds);
  }
}

function logFiles(folder: string): string[] {
  return readdirSync(join(folder, 'commitlog'));
}

const stays = async () => 0.5;

test('expired files go, oldest first, and the queues and index begin where the log does', async (t) => {
  const { store, folder } = await setUp(t, 3);
  const before = logFiles(folder);
  t.is(await store.deleteExpiredFiles(), 3);
  t.deepEqual(logFiles(folder), before.slice(3));
  const { minPhyOffset } = store.stats();
  t.is(minPhyOffset, 3 * 4_096);
  for (const queueId of [0, 1]) {
    const [unit] = store.queueUnits('orders', queueId, store.minOffset('orders', queueId), 1);
    t.true((unit?.physicalOffset ?? 0) >= minPhyOffset);
    t.is((await store.getMessage('orders', queueId, 0, 32, 10_000, null)).status, 'OFFSET_TOO_SMALL');
  }
  const left = [...(await readBodies(store, 'orders', 0)), ...(await readBodies(store, 'orders', 1))].map(Number);
  t.deepEqual(
    left.sort((a, b) => a - b),
    Array.from({ length: left.length }, (_, i) => 100 - left.length + i),
  );
  t.deepEqual((await store.queryByKey('orders', 'k0', 9, 0, Number.MAX_SAFE_INTEGER)).messages, []);
  t.is((await store.queryByKey('orders', 'k99', 9, 0, Number.MAX_SAFE_INTEGER)).messages.length, 1);
});

test('the last file always stays, and at most as many go at once as are set', async (t) => {
  const { store, folder } = await setUp(t, 99, { config: { deleteFileBatchMax: 4 } });
  t.is(await store.deleteExpiredFiles(), 4);
  while ((await store.deleteExpiredFiles()) > 0);
  const { minPhyOffset, maxPhyOffset } = store.stats();
  t.is(minPhyOffset, maxPhyOffset - (maxPhyOffset % 4_096));
  t.true(logFiles(folder).length >= 1);
  t.is(store.maxOffset('orders', 0), 50);
  t.is(put(t, store, putOf('orders', 0, 'x')).queueOffset, 50);
});

test('a request to delete goes on in the next rounds until nothing has expired', async (t) => {
  const { store, folder, clock } = await setUp(t, 6, { usedRatio: stays, config: { deleteFileBatchMax: 2 } });
  const before = logFiles(folder);
  t.is(await store.deleteExpiredFiles(), 2);
  const gone = () => before.length - logFiles(folder).length;
  await clock.advanceAsync(60_000);
  await until(() => gone() === 4, '4 files are gone');
  // A round that comes while the one before is still at work is left out.
  while (gone() < 6) await clock.advanceAsync(10_000);
  for (let round = 0; round < 6; round++) await clock.advanceAsync(10_000);
  t.is(gone(), 6);
});

test('a folder from which files expired opens again with the same offsets', async (t) => {
  const { store, folder, clock } = await setUp(t, 6);
  await store.deleteExpiredFiles();
  const expected = [...store.queues()];
  await store.shutdown();
  const again = await openStore(t, { folder, clock });
  t.deepEqual([...again.store.queues()], expected);
  t.true(expected.every(({ minOffset }) => minOffset > 10));
});

test('consume queue files go when all their messages have', async (t) => {
  const { store, folder, clock } = await setUp(t, 6);
  await clock.advanceAsync(1_000);
  await until(() => existsSync(join(folder, 'consumequeue/orders/0')), 'queues are saved');
  const files = () => readdirSync(join(folder, 'consumequeue/orders/0')).length;
  const before = files();
  await store.deleteExpiredFiles();
  t.true(files() < before);
  t.is(files(), 7 - Math.floor(store.minOffset('orders', 0) / 8));
});

test('a queue of which nothing is left keeps its offset, until it is cleaned away', async (t) => {
  const { store, folder } = await setUp(t, 0);
  put(t, store, putOf('rare', 0, 'x'));
  for (let i = 0; i < 30; i++) put(t, store, putOf('orders', 0, `${i}`.padEnd(290)));
  age(folder, 99);
  while ((await store.deleteExpiredFiles()) > 0);
  t.is(store.minOffset('rare', 0), 1);
  t.is(store.maxOffset('rare', 0), 1);
  const result = await store.getMessage('rare', 0, 1, 32, 10_000, null);
  t.is(result.status, 'OFFSET_OVERFLOW_ONE');
  t.is(store.minOffset('orders', 1), 50);
  t.is(await store.cleanExpiredConsumeQueues(), 2);
  t.is(store.maxOffset('rare', 0), 0);
  t.is(store.maxOffset('orders', 0), 80);
});

test('deletion comes by itself in its hour only', async (t) => {
  const { store, folder, clock } = await setUp(t, 3, { usedRatio: stays });
  const before = logFiles(folder).length;
  await clock.advanceAsync(80_000);
  t.is(logFiles(folder).length, before);
  t.is(store.stats().commitLogDiskRatio, 0.5);
  const four = await setUp(t, 3, {
    usedRatio: stays,
    clock: new ManualClock(FIVE - HOUR_MS),
    config: { fileReservedTime: 71 },
  });
  await four.clock.advanceAsync(61_000);
  await until(() => four.store.stats().minPhyOffset === 3 * 4_096, 'three files go');
  t.pass();
});

test('above 75 % of the disk expired files go at any hour', async (t) => {
  const { store, clock } = await setUp(t, 2, { usedRatio: async () => 0.76 });
  await clock.advanceAsync(61_000);
  await until(() => store.stats().minPhyOffset === 2 * 4_096, 'two files go');
  t.true(store.isWriteable());
});

test('above 90 % messages are refused and the oldest files go whatever their age, until there is room', async (t) => {
  let ratio = 0.91;
  const { store, clock } = await setUp(t, 0, { usedRatio: async () => ratio });
  await clock.advanceAsync(61_000);
  const first = () => store.queueUnits('orders', 0, store.minOffset('orders', 0), 1)[0]?.physicalOffset ?? 0;
  await until(() => store.stats().minPhyOffset > 0 && first() >= store.stats().minPhyOffset, 'files go');
  t.false(store.isWriteable());
  t.is(store.stats().runningFlags, 16);
  t.is(store.putMessage(putOf('orders', 0, 'x')).status, 'SERVICE_NOT_AVAILABLE');
  t.is((await store.getMessage('orders', 0, store.minOffset('orders', 0), 1, 10_000, null)).status, 'FOUND');
  ratio = 0.87;
  await clock.advanceAsync(10_000);
  t.false(store.isWriteable());
  ratio = 0.85;
  await until(() => {
    clock.advance(10_000);
    return store.isWriteable();
  }, 'messages are taken again');
  t.pass();
});

test('young files stay when forcible deletion is off', async (t) => {
  const { store, clock } = await setUp(t, 0, {
    usedRatio: async () => 0.91,
    config: { cleanFileForciblyEnable: false },
  });
  await clock.advanceAsync(80_000);
  await settle();
  t.is(store.stats().minPhyOffset, 0);
});

test('a disk that can not be asked is no reason to stop, nor to keep what has expired', async (t) => {
  const { store, clock } = await setUp(t, 3, {
    usedRatio: () => Promise.reject(new Error('no statfs here')),
  });
  await clock.advanceAsync(61_000);
  await until(() => store.stats().minPhyOffset === 3 * 4_096, 'three files go');
  t.true(store.isWriteable());
  t.is(store.stats().commitLogDiskRatio, -1);
});

test('log files that went while nobody ran take their consume queue and index files along', async (t) => {
  const { store, folder, clock } = await setUp(t, 0);
  await store.shutdown();
  const queueFiles = () => readdirSync(join(folder, 'consumequeue/orders/0')).length;
  const indexFiles = () => readdirSync(join(folder, 'index')).length;
  const before = { queueFiles: queueFiles(), indexFiles: indexFiles() };
  for (const name of logFiles(folder).slice(0, 6)) rmSync(join(folder, 'commitlog', name));
  const again = await openStore(t, { folder, clock, usedRatio: stays });
  const { minPhyOffset } = again.store.stats();
  t.is(minPhyOffset, 6 * 4_096);
  const [unit] = again.store.queueUnits('orders', 0, again.store.minOffset('orders', 0), 1);
  t.true((unit?.physicalOffset ?? 0) >= minPhyOffset);
  await clock.advanceAsync(61_000);
  await until(() => indexFiles() < before.indexFiles, 'index files go');
  t.true(queueFiles() < before.queueFiles);
});

test('between two files that are deleted there is a pause, which a shutdown ends', async (t) => {
  const { store, folder, clock } = await setUp(t, 5, { config: { deleteCommitLogFilesInterval: 100 } });
  const all = logFiles(folder);
  const before = all.length;
  const deleted = store.deleteExpiredFiles();
  await until(() => logFiles(folder).length === before - 1, 'the first goes');
  // The pause begins when the first is gone for good, which takes the disk some time.
  let pausedMs = 0;
  for (; logFiles(folder).length === before - 1; pausedMs++) await clock.advanceAsync(1);
  t.true(pausedMs >= 100);
  t.is(logFiles(folder).length, before - 2);
  await store.shutdown();
  t.is(await deleted, 2);
  t.is(logFiles(folder)[0], all[2]);
});

test('room for the commit log is what the folders have that it may be written to', async (t) => {
  const root = tempFolder(t);
  const [a, b, old] = ['a', 'b', 'old'].map((name) => join(root, name)) as [string, string, string];
  const ratios = new Map([
    [a, 0.95],
    [b, 0.95],
    [old, 0.1],
    [join(root, 'store'), 0.5],
  ]);
  for (const folder of [a, b, old]) mkdirSync(folder);
  const asked = new Set<string>();
  const usedRatio = async (path: string) => {
    asked.add(path);
    return ratios.get(path) ?? 0;
  };
  const config = { storePathCommitLog: `${a},${b}`, readOnlyCommitLogStorePaths: old, deleteWhen: '' };
  const { store, clock } = await openStore(t, { folder: join(root, 'store'), usedRatio, config });
  await until(() => store.stats().consumeQueueDiskRatio === 0.5, 'a first look is taken');
  t.is(store.stats().commitLogDiskRatio, 0.95);
  put(t, store, putOf('orders', 0, 'x'));
  await clock.advanceAsync(61_000);
  await until(() => !store.isWriteable(), 'both are full');
  t.deepEqual(asked, new Set([a, b, join(root, 'store'), join(root, 'store', 'consumequeue')]));
  ratios.set(b, 0.4);
  await clock.advanceAsync(10_000);
  await until(() => store.isWriteable(), 'one has room');
  t.is(store.stats().commitLogDiskRatio, 0.4);
  for (let i = 0; i < 100; i++) put(t, store, putOf('orders', 0, `${i}`.padEnd(290)));
  await settle();
  t.true(readdirSync(a).length <= 2, 'a full folder gets no new files, but one that was made ahead');
  t.true(readdirSync(b).length > 6);
  ratios.set(join(root, 'store', 'consumequeue'), 0.91);
  await clock.advanceAsync(60_000);
  await until(() => !store.isWriteable(), 'consume queues have no room');
  t.is(store.stats().consumeQueueDiskRatio, 0.91);
});

/** Reads wait until they are let go. */
class SlowReads extends FaultyFileSystem {
  #waiting: (() => void)[] = [];
  isSlow = false;

  readonly #open = new Map<number, string>();

  isOpen(path: string): boolean {
    return [...this.#open.values()].includes(path);
  }

  override open(path: string, mode: 'read' | 'write' | 'create'): number {
    const fd = super.open(path, mode);
    this.#open.set(fd, path);
    return fd;
  }

  override close(fd: number): void {
    this.#open.delete(fd);
    super.close(fd);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  override async readAsync(fd: number, target: Uint8Array, at: number, length: number, from: number): Promise<number> {
    if (this.isSlow) await new Promise<void>((go) => this.#waiting.push(go));
    return super.readAsync(fd, target, at, length, from);
  }

  letGo(): void {
    this.isSlow = false;
    for (const go of this.#waiting.splice(0)) go();
  }
}

test('a file goes while it is read: the reader gets what it began to read, and then it is closed', async (t) => {
  const fs = new SlowReads();
  const { store, folder } = await setUp(t, 6, { fs, config: { windowBytes: 8_192 } });
  await store.commitLog.flush();
  age(folder, 6);
  const before = logFiles(folder).length;
  const [unit] = store.queueUnits('orders', 0, 1, 1) as [QueueUnit];
  const target = Buffer.alloc(unit.size);
  fs.isSlow = true;
  const reading = store.commitLog.readAsync(unit.physicalOffset, unit.size, target, 0);
  await until(() => fs.waiting > 0, 'the read is under way');
  t.is(await store.deleteExpiredFiles(), 6);
  t.is(logFiles(folder).length, before - 6);
  const first = join(folder, 'commitlog', '0'.repeat(20));
  t.true(fs.isOpen(first));
  fs.letGo();
  t.true(await reading);
  t.is(decodeMessage(target).body.toString().trim(), '2');
  t.false(fs.isOpen(first));
  t.false(await store.commitLog.readAsync(unit.physicalOffset, unit.size, target, 0));
  t.deepEqual(await store.readRecords([unit]), [null]);
});
