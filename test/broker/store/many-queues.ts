/**
 * What many queues and many files cost, counted in calls of the operating system: none of it depends on the machine.
 */
import test, { type ExecutionContext } from 'ava';
import { silentLogger } from '../../../src/base/logger.js';
import { ConsumeQueueStore } from '../../../src/broker/store/consume-queue-store.js';
import { openFilesFor } from '../../../src/broker/store/fd-cache.js';
import { type FileSystem, nodeFileSystem } from '../../../src/broker/store/file-system.js';
import { DEFAULT_STORE_CONFIG, MessageStore } from '../../../src/broker/store/message-store.js';
import { NumberedFiles } from '../../../src/broker/store/numbered-files.js';
import { UNIT_BYTES } from '../../../src/broker/store/unit-slab.js';
import { ManualClock, settle } from '../../helper/manual-clock.js';
import { putOf, SMALL_STORE, STORE_HOST, tempFolder, until } from '../../helper/store.js';
import { DiskImage, SimulatedDisk } from '../../soak/crash/simulated-disk.js';

const TOPICS = 200;
const QUEUES = 4 * TOPICS;
const FOREVER = Number.POSITIVE_INFINITY;

interface Counted {
  fs: FileSystem;
  /** Calls so far, by name. */
  calls: Record<string, number>;
  /** Most files that were open at a time. */
  mostOpen: () => number;
}

function counted(base: FileSystem, more: Partial<FileSystem> = {}): Counted {
  const calls: Record<string, number> = {};
  let open = 0;
  let most = 0;
  const fs = new Proxy({ ...more } as FileSystem, {
    get(own, name: keyof FileSystem) {
      const method = own[name] ?? base[name];
      if (typeof method !== 'function') return method;
      return (...args: never[]) => {
        calls[name] = (calls[name] ?? 0) + 1;
        const result = (method as (...of: never[]) => unknown).apply(base, args);
        if (name === 'open') open += 1;
        if (name === 'close') open -= 1;
        most = Math.max(most, open);
        return result;
      };
    },
  });
  return { fs, calls, mostOpen: () => most };
}

function queuesOn(fs: FileSystem, folder: string): ConsumeQueueStore {
  return new ConsumeQueueStore({ fs, logger: silentLogger, folder, fileBytes: 8 * UNIT_BYTES, hotBytes: 0 });
}

/** A unit more for each of the queues of all topics. */
function fill(queues: ConsumeQueueStore, topics: number, perTopic: number): void {
  for (let i = 0; i < topics * perTopic; i++) {
    const topic = queues.topic(`t${Math.floor(i / perTopic)}`);
    queues.append(queues.queue(topic, i % perTopic), 100 * i, 50, 0);
  }
}

/** A folder with queues, of one unit each. */
async function filledFolder(t: ExecutionContext, topics: number, perTopic: number): Promise<string> {
  const folder = tempFolder(t);
  const queues = queuesOn(nodeFileSystem, folder);
  fill(queues, topics, perTopic);
  t.true(await queues.save(false));
  await queues.close();
  return folder;
}

function sumOf(calls: Record<string, number>): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

test('a start makes at most six calls for each queue, a shutdown with nothing new none', async (t) => {
  const folder = await filledFolder(t, TOPICS, QUEUES / TOPICS);
  const { fs, calls } = counted(nodeFileSystem);
  const queues = queuesOn(fs, folder);
  await queues.load();
  for (const queue of queues.all()) queues.recoverQueue(queue, FOREVER, false);
  t.is([...queues.all()].filter(({ maxOffset }) => maxOffset === 1).length, QUEUES);
  t.true((calls.list ?? 0) <= QUEUES + TOPICS + 1, `${calls.list}`);
  t.true((calls.info ?? 0) <= QUEUES, `${calls.info}`);
  t.true((calls.open ?? 0) <= QUEUES, `${calls.open}`);
  t.true((calls.read ?? 0) <= QUEUES, `${calls.read}`);
  t.true(sumOf(calls) <= 6 * QUEUES, `${sumOf(calls)}`);
  const before = sumOf(calls) - (calls.close ?? 0);
  t.true(await queues.save(false));
  await queues.sync();
  await queues.close();
  t.is(sumOf(calls) - (calls.close ?? 0), before);
});

test('files stay open for an eighth of the descriptors at most, however many queues are written and read', async (t) => {
  const { fs, mostOpen } = counted(nodeFileSystem, { descriptorLimit: () => 1_024 });
  const queues = queuesOn(fs, tempFolder(t));
  fill(queues, 100, 3);
  t.true(await queues.save(false));
  for (const queue of queues.all()) t.truthy(queues.unit(queue, 0));
  // A new file is there before the oldest is closed.
  t.true(mostOpen() <= 1_024 / 8 + 1, `${mostOpen()}`);
  await queues.close();
  t.is(openFilesFor(1_024), 128);
  t.is(openFilesFor(1_048_576), 1_000);
  t.is(openFilesFor(64), 32);
  t.true(nodeFileSystem.descriptorLimit() >= 64);
});

const readAheadOf = test.macro({
  title: (_, isCold: boolean) => `queues that come from the ${isCold ? 'disk are' : 'page cache are not'} read ahead`,
  async exec(t, isCold: boolean) {
    const topics = Array.from({ length: 1_300 }, (_, i) => `t${i}`);
    let blocks = 0;
    const asked: string[][] = [];
    let signalled: AbortSignal | null = null;
    const { fs } = counted(nodeFileSystem, {
      blocksRead: () => {
        blocks += isCold ? 5_000 : 10;
        return blocks;
      },
      list: (path) => (path === '/q' ? topics : topics.includes(path.slice(3)) ? ['0'] : []),
      readAhead: async (_folder, some, signal) => {
        asked.push([...some]);
        signalled = signal;
        return some.length;
      },
    });
    const queues = queuesOn(fs, '/q');
    await queues.load();
    t.is([...queues.all()].length, 1_300);
    t.is(asked.length, isCold ? 1 : 0);
    if (!isCold) return;
    // From the topic on at which it was noticed.
    t.deepEqual(asked[0], topics.slice(199));
    t.true((signalled as AbortSignal | null)?.aborted);
    await queues.close();
  },
});

test(readAheadOf, true);
test(readAheadOf, false);

test('a log of thousands of files costs a look at each when it is loaded, and none when a place is looked up', (t) => {
  const FILES = 3_000;
  const folder = tempFolder(t);
  const made = new NumberedFiles(nodeFileSystem, folder, 1_024);
  for (let n = 0; n < FILES; n++) nodeFileSystem.close(made.create(1_024 * n));
  const { fs, calls } = counted(nodeFileSystem);
  const files = new NumberedFiles(fs, folder, 1_024);
  files.load();
  t.deepEqual(calls, { list: 1, info: FILES });
  for (let n = 0; n < FILES; n += 7) t.is(files.startOf(1_024 * n + 500), 1_024 * n);
  t.is(files.startOf(1_024 * FILES), -1);
  t.deepEqual(calls, { list: 1, info: FILES });
});

test('after a save of thousands of files the disk has turns of rest', async (t) => {
  const { flushConsumeQueueThoroughInterval: turnMs } = DEFAULT_STORE_CONFIG;
  const clock = new ManualClock();
  const disk = new SimulatedDisk(new DiskImage(), () => clock.now());
  const config = { ...SMALL_STORE, storePathRootDir: '/store', messageIndexEnable: false };
  const store = new MessageStore(config, { clock, logger: silentLogger, storeHost: STORE_HOST, fs: disk });
  let flushed = 0;
  disk.fault = (operation, path) => {
    if (operation === 'sync' && path.endsWith('/0/00000000000000000000')) flushed += 1;
    return null;
  };
  const putAll = (count: number) => {
    for (let i = 0; i < count; i++) t.is(store.putMessage(putOf(`t${i}`, 0, 'x')).status, 'PUT_OK');
    store.commitTurn();
  };
  await store.start();
  putAll(4_100);
  clock.advance(turnMs);
  await until(() => store.isSaved(), 'all is saved');
  t.is(flushed, 4_100);
  putAll(10);
  // The files and their folders were three times as many.
  for (const turn of [1, 2, 3]) {
    clock.advance(turnMs);
    await settle();
    t.false(store.isSaved(), `${turn}`);
  }
  clock.advance(turnMs);
  await until(() => store.isSaved(), 'all is saved again');
  t.is(flushed, 4_110);
  await store.shutdown();
});

test('after a crash a log of hundreds of files is flushed without holding them open', async (t) => {
  const clock = new ManualClock();
  const disk = new SimulatedDisk(new DiskImage(), () => clock.now());
  const config = { ...SMALL_STORE, storePathRootDir: '/store', messageIndexEnable: false };
  const open = () => new MessageStore(config, { clock, logger: silentLogger, storeHost: STORE_HOST, fs: disk });
  const first = open();
  await first.start();
  for (let i = 0; i < 300; i++) {
    t.is(first.putMessage(putOf('orders', 0, 'x'.repeat(2_500))).status, 'PUT_OK');
    first.commitTurn();
    await settle();
  }
  await first.shutdown();
  const files = disk.list('/store/commitlog').length;
  t.true(files >= 300);
  disk.remove('/store/checkpoint');
  disk.close(disk.open('/store/abort', 'create'));
  const flushed = new Set<string>();
  disk.fault = (operation, path) => {
    if (operation === 'sync' && path.includes('commitlog/')) flushed.add(path);
    return null;
  };
  const store = open();
  await store.start();
  t.true(disk.openFiles.length < 100, `${disk.openFiles.length}`);
  await until(() => flushed.size >= files - 1, 'all files are flushed');
  t.true(disk.openFiles.length < 100, `${disk.openFiles.length}`);
  t.is(store.maxOffset('orders', 0), 300);
  await store.shutdown();
  t.deepEqual(disk.openFiles, []);
});

/** Turns of the event loop that pass while something is done. */
async function turnsOf(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isDone = true;
  return turns;
}

test('a save lets the event loop run between files that take long to make, and for few others', async (t) => {
  let nowMs = 0;
  const { fs, calls } = counted(nodeFileSystem, {
    truncate: (fd, size) => {
      nowMs += 5;
      nodeFileSystem.truncate(fd, size);
    },
  });
  const options = { logger: silentLogger, folder: tempFolder(t), fileBytes: 8 * UNIT_BYTES, hotBytes: 0 };
  const queues = new ConsumeQueueStore({ fs, ...options, monotonicMs: () => nowMs });
  t.teardown(() => queues.close());
  fill(queues, 20, 1);
  const turns = await turnsOf(() => queues.save(false));
  t.is(calls.truncate, 20);
  t.true(turns >= 19, `${turns} turns`);
  fill(queues, 20, 1);
  const later = await turnsOf(() => queues.save(false));
  t.true(later < 19, `${later} turns`);
});

test('a look at very many short tails, which stay in memory, lets the event loop run', async (t) => {
  const { fs, calls } = counted(nodeFileSystem);
  const queues = queuesOn(fs, tempFolder(t));
  t.teardown(() => queues.close());
  fill(queues, 5_000, 4);
  const turns = await turnsOf(() => queues.save(true));
  t.true(turns >= 4, `${turns} turns`);
  t.is(calls.open, undefined);
});
