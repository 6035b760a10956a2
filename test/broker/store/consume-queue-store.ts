import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { silentLogger } from '../../../src/base/logger.js';
import type { ConsumeQueue } from '../../../src/broker/store/consume-queue.js';
import { ConsumeQueueStore } from '../../../src/broker/store/consume-queue-store.js';
import { type FileSystem, nodeFileSystem } from '../../../src/broker/store/file-system.js';
import {
  BLANK_UNIT_SIZE,
  UNIT_BYTES,
  UnitSlab,
  unitPhysicalOffset,
  unitSize,
  unitTagsCode,
  writeUnit,
} from '../../../src/broker/store/unit-slab.js';
import { FaultyFileSystem, systemError, tempFolder } from '../../helper/store.js';

const FILE_UNITS = 8;
const FOREVER = Number.POSITIVE_INFINITY;

interface Options {
  folder?: string;
  hotBytes?: number;
  fs?: FileSystem;
}

function setUp(t: ExecutionContext, { folder = tempFolder(t), hotBytes = 8_192, fs = nodeFileSystem }: Options = {}) {
  const queues = new ConsumeQueueStore({
    fs,
    logger: silentLogger,
    folder,
    fileBytes: FILE_UNITS * UNIT_BYTES,
    hotBytes,
  });
  t.teardown(() => queues.close());
  return { queues, folder };
}

/** Unit n: record of 50 bytes at n * 100, tagsCode n - 3. */
function fill(queues: ConsumeQueueStore, queue: ConsumeQueue, count: number): void {
  const from = queue.maxOffset;
  for (let n = from; n < from + count; n++) queues.append(queue, n * 100, 50, n - 3);
}

function readAll(queues: ConsumeQueueStore, queue: ConsumeQueue): number[] {
  const target = new Uint8Array(FILE_UNITS * UNIT_BYTES);
  const view = new DataView(target.buffer);
  const found: number[] = [];
  for (let offset = queue.minOffset; offset < queue.maxOffset; ) {
    const count = queues.read(queue, offset, FILE_UNITS, target);
    if (count === 0) throw new Error(`nothing at ${offset}`);
    for (let i = 0; i < count; i++) {
      found.push(unitPhysicalOffset(view, i * UNIT_BYTES));
      if (unitTagsCode(view, i * UNIT_BYTES) !== offset + i - 3) throw new Error('wrong tagsCode');
      if (unitSize(view, i * UNIT_BYTES) !== 50) throw new Error('wrong size');
    }
    offset += count;
  }
  return found;
}

const upTo = (count: number, from = 0) => Array.from({ length: count - from }, (_, i) => (from + i) * 100);

const unitRoundTrip = test.macro({
  title: (_, tagsCode: number) => `a unit keeps tagsCode ${tagsCode}`,
  exec(t, tagsCode: number) {
    const view = new DataView(new ArrayBuffer(UNIT_BYTES));
    writeUnit(view, 0, 2 ** 40 + 5, 77, tagsCode);
    t.is(view.getBigInt64(0), 2n ** 40n + 5n);
    t.is(view.getInt32(8), 77);
    t.is(view.getBigInt64(12), BigInt(tagsCode));
    t.is(unitTagsCode(view, 0), tagsCode);
  },
});

for (const tagsCode of [0, 1, -1, 2_598_919, -847_619_372, 0x7fffffff, -0x80000000, 1_700_000_024_007]) {
  test(unitRoundTrip, tagsCode);
}

test('pages of the slab are reused after their release', (t) => {
  const slab = new UnitSlab(UNIT_BYTES);
  const pages = Array.from({ length: 2_000 }, () => slab.allocate());
  t.is(new Set(pages).size, 2_000);
  t.is(slab.used, 2_000);
  for (const page of pages) slab.release(page);
  t.is(slab.used, 0);
  const again = Array.from({ length: 2_000 }, () => slab.allocate());
  t.true(again.every((page) => pages.includes(page)));
});

test('units are in the files as Apache has them', async (t) => {
  const { queues, folder } = setUp(t);
  const queue = queues.queue(queues.topic('orders'), 3);
  queues.append(queue, 0, 155, 2_598_919);
  queues.append(queue, 316, 145, -5);
  t.true(await queues.save(false));
  const expected = Buffer.alloc(FILE_UNITS * UNIT_BYTES);
  Buffer.from('00000000000000000000009b000000000027a807', 'hex').copy(expected);
  Buffer.from('000000000000013c00000091fffffffffffffffb', 'hex').copy(expected, 20);
  t.deepEqual(readFileSync(join(folder, 'orders', '3', '00000000000000000000')), expected);
});

test('a file comes with its first unit, and one for each eight units here', async (t) => {
  const { queues, folder } = setUp(t);
  const queue = queues.queue(queues.topic('orders'), 0);
  t.false(existsSync(join(folder, 'orders')));
  fill(queues, queue, 8);
  await queues.save(false);
  t.is(readdirSync(join(folder, 'orders', '0')).length, 1);
  fill(queues, queue, 1);
  await queues.save(false);
  t.deepEqual(readdirSync(join(folder, 'orders', '0')), ['00000000000000000000', '00000000000000000160']);
});

test('short tails wait for the full save', async (t) => {
  const { queues, folder } = setUp(t);
  const short = queues.queue(queues.topic('short'), 0);
  const long = queues.queue(queues.topic('long'), 0);
  fill(queues, short, 31);
  fill(queues, long, 32);
  await queues.save(true);
  t.is(short.savedUnit, 0);
  t.is(long.savedUnit, 32);
  t.deepEqual(readdirSync(folder), ['long']);
  await queues.save(false);
  t.is(short.savedUnit, 31);
});

test('what is read does not depend on what is saved, dropped from memory or recovered', async (t) => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('append' as const),
      queue: fc.integer({ min: 0, max: 2 }),
      count: fc.integer({ min: 1, max: 70 }),
    }),
    fc.record({
      kind: fc.constantFrom('saveFull' as const, 'saveAll' as const, 'reopen' as const),
      queue: fc.constant(0),
      count: fc.constant(0),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const folder = tempFolder(t);
      const hotBytes = 2 * 32 * UNIT_BYTES;
      let { queues } = setUp(t, { folder, hotBytes });
      const counts = [0, 0, 0];
      for (const { kind, queue, count } of steps) {
        if (kind === 'append') {
          fill(queues, queues.queue(queues.topic('t'), queue), count);
          counts[queue] = (counts[queue] as number) + count;
        } else if (kind === 'reopen') {
          await queues.save(false);
          queues.close();
          ({ queues } = setUp(t, { folder, hotBytes }));
          await queues.load();
          for (const loaded of queues.all()) queues.recoverQueue(loaded, FOREVER, false);
        } else {
          await queues.save(kind === 'saveFull');
          if (kind === 'saveAll' && queues.pages > 2 + 3) throw new Error(`${queues.pages} pages are kept`);
        }
        for (const [queueId, expected] of counts.entries()) {
          const queue = queues.find('t', queueId);
          const found = queue ? readAll(queues, queue) : [];
          if (found.join() !== upTo(expected).join()) throw new Error(`queue ${queueId}: ${found}`);
        }
      }
    }),
    { numRuns: 60 },
  );
  t.pass();
});

test('a read stops at the end of a file', (t) => {
  const { queues } = setUp(t);
  const queue = queues.queue(queues.topic('t'), 0);
  fill(queues, queue, 20);
  const target = new Uint8Array(20 * UNIT_BYTES);
  t.is(queues.read(queue, 3, 20, target), 5);
  t.is(queues.read(queue, 16, 20, target), 4);
});

test('with many queues only some files stay open, and all are written', async (t) => {
  const { queues, folder } = setUp(t);
  for (let q = 0; q < 450; q++) fill(queues, queues.queue(queues.topic(`t${q % 3}`), q), 2);
  await queues.save(false);
  await queues.sync();
  t.is(readdirSync(folder).flatMap((topic) => readdirSync(join(folder, topic))).length, 450);
});

test('a queue that can not be saved keeps its units, and saves them when the disk works again', async (t) => {
  const fs = new FaultyFileSystem();
  const { queues } = setUp(t, { fs });
  const queue = queues.queue(queues.topic('t'), 0);
  fill(queues, queue, 40);
  let writes = 0;
  fs.tornWrite = () => (++writes === 3 ? 7 : null);
  t.false(await queues.save(false));
  t.regex(queues.error?.message ?? '', /ENOSPC/);
  t.deepEqual(readAll(queues, queue), upTo(40));
  t.true(await queues.save(false));
  t.is(queues.error, null);
  t.is(queue.savedUnit, 40);
  queues.recoverQueue(queue, FOREVER, false);
  t.deepEqual(readAll(queues, queue), upTo(40));
});

test('a failed flush is reported, and done again', async (t) => {
  const fs = new FaultyFileSystem();
  const { queues } = setUp(t, { fs });
  fill(queues, queues.queue(queues.topic('t'), 0), 3);
  await queues.save(false);
  fs.fault = (operation) => (operation === 'sync' ? systemError('EIO') : null);
  await t.throwsAsync(queues.sync(), { message: /EIO/ });
  fs.fault = () => null;
  const before = fs.counts.sync;
  await queues.sync();
  t.is(fs.counts.sync, before + 1);
  await queues.sync();
  t.is(fs.counts.sync, before + 1);
});

test('after a failed flush the folders of new files are flushed with the next', async (t) => {
  const fs = new FaultyFileSystem();
  const { queues, folder } = setUp(t, { fs });
  const flushed: string[] = [];
  fs.syncFolderAsync = async (path) => {
    flushed.push(path);
  };
  fill(queues, queues.queue(queues.topic('t'), 0), 3);
  await queues.save(false);
  fs.fault = (operation) => (operation === 'sync' ? systemError('EIO') : null);
  await t.throwsAsync(queues.sync(), { message: /EIO/ });
  fs.fault = () => null;
  await queues.sync();
  t.deepEqual(flushed.sort(), [dirname(folder), folder, join(folder, 't'), join(folder, 't', '0')]);
  await queues.sync();
  t.is(flushed.length, 4);
});

test('a queue with the greatest id costs no more than others', (t) => {
  const { queues } = setUp(t);
  const handle = queues.topic('t');
  const ids = [0, 2_147_483_646];
  for (const id of ids) queues.queue(handle, id);
  t.deepEqual(
    [...queues.all()].map(({ queueId }) => queueId),
    ids,
  );
  queues.destroyTopic(handle);
  t.deepEqual([...queues.all()], []);
});

async function saved(t: ExecutionContext, count: number): Promise<string> {
  const { queues, folder } = setUp(t);
  fill(queues, queues.queue(queues.topic('t'), 0), count);
  await queues.save(false);
  queues.close();
  return folder;
}

async function recovered(t: ExecutionContext, folder: string, physicalEnd: number, clear = true) {
  const { queues } = setUp(t, { folder });
  await queues.load();
  const queue = queues.find('t', 0);
  if (!queue) throw new Error('no queue');
  queues.recoverQueue(queue, physicalEnd, clear);
  return { queues, queue };
}

test('recovery cuts at any physical offset, and leaves zeros and no empty file behind', async (t) => {
  for (let end = 0; end <= 20; end++) {
    const folder = await saved(t, 20);
    const { queues, queue } = await recovered(t, folder, end * 100);
    t.is(queue.maxOffset, end);
    t.is(queue.nextOffset, end);
    t.is(queue.maxPhysicOffset, end === 0 ? -1 : (end - 1) * 100 + 50);
    t.deepEqual(readAll(queues, queue), upTo(end));
    const names = readdirSync(join(folder, 't', '0'));
    t.is(names.length, Math.ceil(end / FILE_UNITS));
    if (end % FILE_UNITS > 0) {
      const last = readFileSync(join(folder, 't', '0', names.at(-1) as string));
      t.true(last.subarray((end % FILE_UNITS) * UNIT_BYTES).every((byte) => byte === 0));
    }
  }
});

test('a hole that a power failure left behind the safe point is cut off', async (t) => {
  const folder = await saved(t, 20);
  const path = join(folder, 't', '0', '00000000000000000160');
  const content = readFileSync(path);
  content.fill(0, 2 * UNIT_BYTES, 5 * UNIT_BYTES);
  writeFileSync(path, content);
  const { queue } = await recovered(t, folder, 900);
  t.is(queue.maxOffset, 9);
});

test('an empty last file, as a crash leaves it, is removed', async (t) => {
  const folder = await saved(t, 8);
  const path = join(folder, 't', '0', '00000000000000000160');
  writeFileSync(path, Buffer.alloc(FILE_UNITS * UNIT_BYTES));
  const { queue } = await recovered(t, folder, FOREVER, false);
  t.is(queue.maxOffset, 8);
  t.false(existsSync(path));
});

test('names that are no queue are passed over', async (t) => {
  const folder = await saved(t, 8);
  mkdirSync(join(folder, 't', 'x'));
  writeFileSync(join(folder, 'file'), 'x');
  const { queues } = await recovered(t, folder, FOREVER);
  t.deepEqual(
    [...queues.all()].map(({ topic, queueId }) => `${topic}@${queueId}`),
    ['t@0'],
  );
});

test('a queue whose first records are gone starts with blank units and keeps its offsets', async (t) => {
  const { queues, folder } = setUp(t);
  const queue = queues.queue(queues.topic('t'), 0);
  queues.appendAt(queue, 11, 1_100, 50, 8);
  queues.appendAt(queue, 12, 1_200, 50, 9);
  t.is(queue.minOffset, 11);
  t.is(queue.nextOffset, 13);
  await queues.save(false);
  const content = readFileSync(join(folder, 't', '0', '00000000000000000160'));
  const blank = Buffer.from('00000000000000007fffffff0000000000000000', 'hex');
  for (let i = 0; i < 3; i++) t.deepEqual(content.subarray(i * 20, i * 20 + 20), blank);
  queues.close();
  const { queues: again, queue: loaded } = await recovered(t, folder, FOREVER);
  t.is(loaded.maxOffset, 13);
  again.correctMinOffset(loaded, 0);
  t.is(loaded.minOffset, 11);
  t.deepEqual(readAll(again, loaded), [1_100, 1_200]);
});

test('appending what is there does nothing, and a gap is filled with blank units', (t) => {
  const { queues } = setUp(t);
  const queue = queues.queue(queues.topic('t'), 0);
  fill(queues, queue, 3);
  queues.appendAt(queue, 1, 999, 50, 0);
  t.is(queue.maxOffset, 3);
  queues.appendAt(queue, 5, 500, 50, 2);
  t.is(queue.maxOffset, 6);
  const sizes = [0, 1, 2, 3, 4, 5].map((offset) => unitSize(queues.unit(queue, offset) as DataView, 0));
  t.deepEqual(sizes, [50, 50, 50, BLANK_UNIT_SIZE, BLANK_UNIT_SIZE, 50]);
});

test('the min offset goes to the first record that is left, and never back', (t) => {
  for (let min = 0; min <= 20; min++) {
    const { queues } = setUp(t);
    const queue = queues.queue(queues.topic('t'), 0);
    fill(queues, queue, 20);
    queues.correctMinOffset(queue, min * 100 - 50);
    t.is(queue.minOffset, min);
    queues.correctMinOffset(queue, 0);
    t.is(queue.minOffset, min);
  }
});

test('files go when all their records are gone, the last one stays and keeps the max offset', async (t) => {
  const { queues, folder } = setUp(t);
  const queue = queues.queue(queues.topic('t'), 0);
  fill(queues, queue, 20);
  await queues.save(false);
  t.is(queues.deleteExpired(queue, 750), 1);
  t.is(queue.minOffset, 8);
  t.is(queues.deleteExpired(queue, 1_000_000), 1);
  t.is(queue.minOffset, 20);
  t.is(queue.maxOffset, 20);
  t.deepEqual(readdirSync(join(folder, 't', '0')), ['00000000000000000320']);
});

test('a destroyed topic leaves no files, and begins at 0 when it comes again', async (t) => {
  const { queues, folder } = setUp(t);
  const handle = queues.topic('t');
  fill(queues, queues.queue(handle, 0), 20);
  fill(queues, queues.queue(handle, 5), 2);
  await queues.save(false);
  queues.destroyTopic(handle);
  t.deepEqual(readdirSync(folder), []);
  t.is(queues.pages, 0);
  t.is(queues.find('t', 0), undefined);
  t.is(queues.topic('t'), handle);
  fill(queues, queues.queue(handle, 0), 1);
  await queues.save(false);
  t.deepEqual(readdirSync(join(folder, 't')), ['0']);
});

test('a missing file reads as nothing, an unreadable one is an error', async (t) => {
  const fs = new FaultyFileSystem();
  const { queues } = setUp(t, { fs, hotBytes: 640 });
  const queue = queues.queue(queues.topic('t'), 0);
  fill(queues, queue, 64);
  await queues.save(false);
  t.is(queue.hotUnit, 32);
  fs.fault = (operation) => (operation === 'read' ? systemError('EIO') : null);
  t.throws(() => queues.unit(queue, 3), { code: 'STORE_IO', message: /00000000000000000000 can not be read/ });
  fs.fault = () => null;
  queue.files.forget(0);
  t.is(queues.unit(queue, 3), null);
});

test('folders that are not flushed yet count as unsaved, also after a flush that failed', async (t) => {
  let isBroken = true;
  const syncFolderAsync = async (path: string) => {
    if (isBroken) throw systemError('EIO');
    await nodeFileSystem.syncFolderAsync(path);
  };
  const { queues } = setUp(t, { fs: { ...nodeFileSystem, syncFolderAsync } });
  fill(queues, queues.queue(queues.topic('orders'), 0), 3);
  t.true(await queues.save(false));
  await t.throwsAsync(queues.sync(), { code: 'EIO' });
  t.true(queues.unsavedFiles > 0);
  isBroken = false;
  await queues.sync();
  t.is(queues.unsavedFiles, 0);
});
