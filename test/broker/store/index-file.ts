import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { silentLogger } from '../../../src/base/logger.js';
import { StoreCorruptError } from '../../../src/broker/store/errors.js';
import { type FileSystem, nodeFileSystem } from '../../../src/broker/store/file-system.js';
import { IndexFile, indexFileBytes } from '../../../src/broker/store/index-file.js';
import { IndexService, indexFileName } from '../../../src/broker/store/index-service.js';
import { indexHash, javaHashCode } from '../../../src/protocol/java-hash.js';
import { type GoldenCase, goldenCases, goldenTitle } from '../../helper/golden.js';
import { FaultyFileSystem, systemError, tempFolder } from '../../helper/store.js';

interface IndexCase extends GoldenCase {
  input: {
    hashSlotNum: number;
    indexNum: number;
    endPhyOffset: string;
    endTimestamp: string;
    puts: { key: string; phyOffset: string; storeTimestamp: string; accepted: boolean }[];
  };
  queries: { key: string; maxNum?: number; begin?: string; end?: string; phyOffsets: string[] }[];
  isWriteFull: boolean;
  files: { size: number; base64: string }[];
}

const goldens = goldenCases<IndexCase>('store-files').filter(({ name }) => name.startsWith('index file'));
const hash = (key: string) => indexHash(javaHashCode(key));
const noPause = () => Promise.resolve();
const FOREVER = Number.MAX_SAFE_INTEGER;

const matches = test.macro({
  title: (_, golden: IndexCase) => `writes Apache's ${goldenTitle(golden)} byte for byte`,
  async exec(t, { input, isWriteFull, files }: IndexCase) {
    const path = join(tempFolder(t), 'index');
    const { hashSlotNum, indexNum } = input;
    const file = IndexFile.create(
      nodeFileSystem,
      path,
      hashSlotNum,
      indexNum,
      Number(input.endPhyOffset),
      Number(input.endTimestamp),
    );
    for (const put of input.puts) {
      t.is(file.put(hash(put.key), Number(put.phyOffset), Number(put.storeTimestamp)), put.accepted);
    }
    t.is(file.isFull, isWriteFull);
    await file.saveAll(noPause);
    file.close();
    const expected = Buffer.alloc(files[0]?.size ?? 0);
    Buffer.from(files[0]?.base64 ?? '', 'base64').copy(expected);
    t.deepEqual(readFileSync(path), expected);
  },
});

const queries = test.macro({
  title: (_, golden: IndexCase) => `answers from Apache's ${goldenTitle(golden)} what Apache does`,
  async exec(t, golden: IndexCase) {
    const folder = tempFolder(t);
    const content = Buffer.alloc(golden.files[0]?.size ?? 0);
    Buffer.from(golden.files[0]?.base64 ?? '', 'base64').copy(content);
    writeFileSync(join(folder, '20231114221500123'), content);
    const index = service(folder, golden.input);
    index.load();
    for (const { key, maxNum = 64, begin = '0', end = String(FOREVER), phyOffsets } of golden.queries) {
      t.deepEqual((await index.query(hash(key), maxNum, Number(begin), Number(end))).map(String), phyOffsets);
    }
    await index.close();
  },
});

for (const golden of goldens) {
  test(matches, golden);
  test(queries, golden);
}

function service(
  folder: string,
  { hashSlotNum = 7, indexNum = 40 }: { hashSlotNum?: number; indexNum?: number } = {},
  fs: FileSystem = nodeFileSystem,
): IndexService {
  return new IndexService({ fs, logger: silentLogger, folder, hashSlotNum, indexNum, now: () => 1_700_000_000_123 });
}

async function closed(t: ExecutionContext, index: IndexService): Promise<void> {
  await index.save();
  await index.close();
  t.is(index.error, null);
}

test('files are named by local time, and never twice the same', async (t) => {
  const folder = tempFolder(t);
  const index = service(folder, { indexNum: 3 });
  for (let i = 1; i <= 4; i++) index.put(i, i * 100, 1_700_000_000_000 + i * 1_000);
  await closed(t, index);
  const name = indexFileName(1_700_000_000_123);
  t.regex(name, /^2023111[45]\d{4}20123$/);
  t.deepEqual(nodeFileSystem.list(folder), [name, indexFileName(1_700_000_000_124)]);
});

test('a query goes through all files, newest first', async (t) => {
  const index = service(tempFolder(t), { indexNum: 5 });
  for (let i = 0; i < 30; i++) index.put(i % 3, i * 100, 1_700_000_000_000 + i * 1_000);
  t.deepEqual(
    await index.query(1, 64, 0, FOREVER),
    Array.from({ length: 10 }, (_, i) => 2_800 - i * 300),
  );
  t.deepEqual(await index.query(1, 3, 0, FOREVER), [2_800, 2_500, 2_200]);
  // Apache counts the time of a file's first key from the end of the file before, here a second too much.
  t.deepEqual(await index.query(1, 64, 1_700_000_010_000, 1_700_000_016_999), [1_300, 1_000]);
  t.deepEqual(await index.query(1, 64, 1_700_000_010_000, 1_700_000_017_000), [1_600, 1_300, 1_000]);
  t.deepEqual(await index.query(5, 64, 0, FOREVER), []);
  await closed(t, index);
});

test('what is found does not depend on what is saved, reopened or unloaded', async (t) => {
  const key = fc.integer({ min: 0, max: 30 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(key, fc.constantFrom(-1, -2)), { maxLength: 120 }),
      fc.integer({ min: 2, max: 60 }),
      async (steps, indexNum) => {
        const folder = tempFolder(t);
        let index = service(folder, { indexNum });
        const put: { key: number; physical: number }[] = [];
        for (const step of steps) {
          if (step === -1) {
            await index.save();
          } else if (step === -2) {
            await closed(t, index);
            index = service(folder, { indexNum });
            index.load();
          } else {
            index.put(step, put.length * 10, 1_700_000_000_000 + put.length);
            put.push({ key: step, physical: put.length * 10 });
          }
        }
        for (let wanted = 0; wanted <= 30; wanted++) {
          const expected = put.filter((entry) => entry.key === wanted).map((entry) => entry.physical);
          const found = await index.query(wanted, 1_000, 0, FOREVER);
          if (found.reverse().join() !== expected.join()) throw new Error(`key ${wanted}: ${found} not ${expected}`);
        }
        await closed(t, index);
      },
    ),
    { numRuns: 40 },
  );
  t.pass();
});

test('a new file uses little disk space', (t) => {
  const path = join(tempFolder(t), 'index');
  const file = IndexFile.create(nodeFileSystem, path, 5_000_000, 20_000_000, 0, 0);
  t.is(statSync(path).size, 420_000_040);
  t.true(statSync(path).blocks < 64);
  file.close();
});

test('a file of another size is refused by name', (t) => {
  const path = join(tempFolder(t), '20231114221500123');
  IndexFile.create(nodeFileSystem, path, 7, 40, 0, 0).close();
  const error = t.throws(() => IndexFile.open(nodeFileSystem, path, 7, 41), { instanceOf: StoreCorruptError });
  t.true(error.message.includes(path));
  t.regex(error.message, /maxHashSlotNum 7 and maxIndexNum 41/);
});

const storeTimeOf = (physical: number) => 1_700_000_000_000 + physical * 10;

test('repair drops the last record, of which keys may be missing', async (t) => {
  const folder = tempFolder(t);
  const index = service(folder);
  for (let i = 0; i < 7; i++) {
    index.put(1, i * 100, storeTimeOf(i * 100));
    index.put(2, i * 100, storeTimeOf(i * 100));
  }
  await closed(t, index);
  const again = service(folder);
  again.load();
  again.repair(0, storeTimeOf);
  t.is(again.endPhyOffset, 500);
  t.is(again.endTimestamp, 1_700_000_005_000);
  t.deepEqual(await again.query(1, 64, 0, FOREVER), [500, 400, 300, 200, 100, 0]);
  t.deepEqual(await again.query(2, 64, 0, FOREVER), [500, 400, 300, 200, 100, 0]);
  again.put(2, 600, 1_700_000_006_000);
  t.deepEqual(await again.query(2, 2, 0, FOREVER), [600, 500]);
  await closed(t, again);
});

test('truncation keeps all records before the end of the log, saved or not', async (t) => {
  const index = service(tempFolder(t), { indexNum: 5 });
  for (let i = 0; i < 10; i++) index.put(1, i * 100, storeTimeOf(i * 100));
  index.truncate(650, storeTimeOf);
  t.is(index.endPhyOffset, 600);
  t.is(index.endTimestamp, 1_700_000_006_000);
  t.deepEqual(await index.query(1, 64, 0, FOREVER), [600, 500, 400, 300, 200, 100, 0]);
  index.truncate(0, storeTimeOf);
  t.true(index.isEmpty);
  await closed(t, index);
});

test('repair stops at items that can not be, and drops the files behind', async (t) => {
  for (const indexNum of [40, 8]) {
    const folder = tempFolder(t);
    const index = service(folder, { indexNum });
    for (let i = 1; i <= 10; i++) index.put(i % 3, i * 100, 1_700_000_000_000);
    await closed(t, index);
    const path = join(folder, nodeFileSystem.list(folder)[0] as string);
    const fd = nodeFileSystem.open(path, 'write');
    // A page that the power failure took: item 6 and what follows are zeros.
    nodeFileSystem.write(fd, new Uint8Array(40), 0, 40, 40 + 7 * 4 + 6 * 20);
    nodeFileSystem.close(fd);
    const again = service(folder, { indexNum });
    again.load();
    again.repair(0, () => -1);
    t.is(again.endPhyOffset, indexNum === 40 ? 400 : 500);
    t.deepEqual(await again.query(1, 64, 0, FOREVER), [400, 100]);
    await closed(t, again);
  }
});

test('repair loses nothing of a full file before the last', async (t) => {
  const folder = tempFolder(t);
  const index = service(folder, { indexNum: 5 });
  for (let i = 1; i <= 10; i++) index.put(1, i * 100, 1_700_000_000_000);
  await closed(t, index);
  const again = service(folder, { indexNum: 5 });
  again.load();
  again.repair(0, () => -1);
  t.deepEqual(await again.query(1, 64, 0, FOREVER), [900, 800, 700, 600, 500, 400, 300, 200, 100]);
  await closed(t, again);
});

test('a file that the checkpoint trusts is left as it is, unless its slots run ahead of its header', async (t) => {
  const folder = tempFolder(t);
  const index = service(folder);
  for (let i = 1; i <= 10; i++) index.put(i % 3, i * 100, 1_700_000_000_000 + i);
  await index.save();
  const saved = index.endTimestamp;
  const path = join(folder, nodeFileSystem.list(folder)[0] as string);
  const before = readFileSync(path);
  await index.close();
  const again = service(folder);
  again.load();
  again.repair(saved, () => -1);
  t.is(again.endPhyOffset, 1_000);
  await closed(t, again);
  t.deepEqual(readFileSync(path), before);

  const fd = nodeFileSystem.open(path, 'write');
  nodeFileSystem.write(fd, Uint8Array.of(0, 0, 0, 12), 0, 4, 40 + 4);
  nodeFileSystem.close(fd);
  const third = service(folder);
  third.load();
  third.repair(saved, () => -1);
  t.deepEqual(await third.query(1, 64, 0, FOREVER), [700, 400, 100]);
  await closed(t, third);
});

test('a broker of Apache that takes over at any moment of a save finds every key before the end of the file', async (t) => {
  const [hashSlotNum, indexNum] = [25_000, 1_000];
  const fs = new FaultyFileSystem();
  const path = join(tempFolder(t), '20231114221500123');
  const file = IndexFile.create(fs, path, hashSlotNum, indexNum, 0, 0);
  let puts = 0;
  const putSome = (count: number) => {
    for (const last = puts + count; puts < last; ) {
      puts += 1;
      // Every hash comes again and again; the slots lie on every other page, which are written one by one.
      file.put((puts % 11) * 2_048, puts * 100, 1_700_000_000_000 + puts);
    }
  };
  let checkpoint = 0;
  let moments = 0;
  const check = () => {
    moments += 1;
    const bytes = readFileSync(path);
    const indexCount = bytes.readInt32BE(36);
    if (indexCount <= 1) return;
    t.true(Number(bytes.readBigInt64BE(8)) <= checkpoint, 'the file is kept');
    const end = Number(bytes.readBigInt64BE(24));
    const found = new Set<number>();
    for (let key = 0; key < 11; key++) {
      const first = bytes.readInt32BE(40 + key * 2_048 * 4);
      // Apache takes what points beyond the count for nothing.
      t.true(first <= indexCount);
      for (let number = first; number > 0; ) {
        const at = 40 + hashSlotNum * 4 + number * 20;
        found.add(Number(bytes.readBigInt64BE(at + 4)));
        number = bytes.readInt32BE(at + 16);
      }
    }
    for (let offset = 100; offset <= end; offset += 100) t.true(found.has(offset), `${offset} before ${end}`);
  };
  fs.fault = () => {
    check();
    return null;
  };
  for (let round = 0; round < 4; round++) {
    putSome(20);
    const pause = () => Promise.resolve(putSome(3));
    const save = file.saveAll(pause, (endTimestamp) => {
      checkpoint = endTimestamp;
    });
    await save;
    check();
  }
  await file.saveAll(noPause, (endTimestamp) => {
    checkpoint = endTimestamp;
  });
  check();
  t.is(Number(readFileSync(path).readBigInt64BE(24)), puts * 100);
  t.true(moments > 20);
  file.close();
});

test('what a stop in the middle of a save left is mended, with no key twice', async (t) => {
  const folder = tempFolder(t);
  const fs = new FaultyFileSystem();
  const index = service(folder, {}, fs);
  const key = (i: number) => (i % 3) * 2;
  for (let i = 1; i <= 6; i++) index.put(key(i), i * 100, 1_700_000_000_000 + i);
  await index.save();
  for (let i = 7; i <= 12; i++) index.put(key(i), i * 100, 1_700_000_000_000 + i);
  let writes = 0;
  // The items, the count and the slots get to the file, the end does not.
  fs.fault = (operation) => (operation === 'write' && ++writes === 4 ? systemError('EIO') : null);
  await t.throwsAsync(index.save());
  fs.fault = () => null;
  const copy = tempFolder(t);
  for (const name of nodeFileSystem.list(folder)) writeFileSync(join(copy, name), readFileSync(join(folder, name)));
  await index.close();
  const again = service(copy);
  again.load();
  t.is(again.endPhyOffset, 600);
  again.repair(FOREVER, (physicalOffset) => 1_700_000_000_000 + physicalOffset / 100);
  // The last record may lack keys: it is for the log to add.
  t.is(again.endPhyOffset, 1_100);
  t.is(again.endTimestamp, 1_700_000_000_011);
  t.deepEqual(await again.query(key(1), 64, 0, FOREVER), [1_000, 700, 400, 100]);
  await closed(t, again);
});

test('a count ahead of the slots shows also for the record that the header began with', async (t) => {
  for (const isSecond of [false, true]) {
    const folder = tempFolder(t);
    const fs = new FaultyFileSystem();
    const index = service(folder, {}, fs);
    let offset = 0;
    if (isSecond) {
      while (index.fileCount < 2) {
        offset += 1;
        index.put(2, offset, 1_700_000_000_000);
      }
      await index.save();
    }
    // The first record of the log; or another key of the record that was the last when the file was saved.
    index.put(2, offset, 1_700_000_000_000);
    let writes = 0;
    // The item and the count get to the file, the slots do not.
    fs.fault = (operation) => (operation === 'write' && ++writes === 3 ? systemError('EIO') : null);
    await t.throwsAsync(index.save());
    fs.fault = () => null;
    const copy = tempFolder(t);
    for (const name of nodeFileSystem.list(folder)) writeFileSync(join(copy, name), readFileSync(join(folder, name)));
    await index.close();
    const again = service(copy);
    again.load();
    again.repair(FOREVER, () => 1_700_000_000_000);
    // The record goes; with it a file that has no other, and then also the last record of the file before.
    t.is(again.endPhyOffset, isSecond ? offset - 2 : -1);
    await closed(t, again);
  }
});

test('an empty file is removed by repair', async (t) => {
  const folder = tempFolder(t);
  IndexFile.create(nodeFileSystem, join(folder, '20231114221500123'), 7, 40, 0, 0).close();
  const index = service(folder);
  index.load();
  index.repair(0, () => -1);
  t.true(index.isEmpty);
  t.deepEqual(nodeFileSystem.list(folder), []);
  await index.close();
});

test('expired files go, but never the last', async (t) => {
  const folder = tempFolder(t);
  const index = service(folder, { indexNum: 4 });
  for (let i = 1; i <= 9; i++) index.put(1, i * 100, 1_700_000_000_000 + i * 1_000);
  await index.save();
  t.is(await index.deleteExpired(350), 1);
  t.deepEqual(await index.query(1, 64, 0, FOREVER), [900, 800, 700, 600, 500, 400]);
  t.is(await index.deleteExpired(FOREVER), 1);
  t.is(nodeFileSystem.list(folder).length, 1);
  await closed(t, index);
});

test('a put that can not be written says so, and works again when the disk does', async (t) => {
  const fs = new FaultyFileSystem();
  const index = service(tempFolder(t), {}, fs);
  fs.fault = (operation) => (operation === 'open' ? systemError('ENOSPC') : null);
  t.false(index.put(1, 100, 1_700_000_000_000));
  t.regex(index.error?.message ?? '', /ENOSPC/);
  fs.fault = () => null;
  t.true(index.put(1, 100, 1_700_000_000_000));
  t.is(index.error, null);
  t.deepEqual(await index.query(1, 64, 0, FOREVER), [100]);
  fs.fault = (operation) => (operation === 'sync' ? systemError('EIO') : null);
  await t.throwsAsync(index.save(), { message: /EIO/ });
  fs.fault = () => null;
  await closed(t, index);
});

test('a closed index takes no keys, and opens no file for them', async (t) => {
  const folder = tempFolder(t);
  const options = { logger: silentLogger, folder, hashSlotNum: 10, indexNum: 5, now: () => 0 };
  const index = new IndexService({ fs: nodeFileSystem, ...options });
  t.true(index.put(hash('a'), 100, 1_000));
  await index.save();
  const closed = index.close();
  t.false(index.put(hash('b'), 200, 2_000));
  await closed;
  t.is(index.fileCount, 1);
  const again = new IndexService({ fs: nodeFileSystem, ...options });
  again.load();
  t.is(again.endPhyOffset, 100);
  await again.close();
});

test('a truncated file is an error of reading, not a hang', (t) => {
  const path = join(tempFolder(t), 'index');
  const file = IndexFile.create(nodeFileSystem, path, 7, 40, 0, 0);
  truncateSync(path, indexFileBytes(7, 40) - 100);
  t.throws(() => file.item(39), { message: /ends before position/ });
  file.close();
});
