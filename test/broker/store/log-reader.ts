import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { silentLogger } from '../../../src/base/logger.js';
import { BLOCK_BYTES, MAX_BLOCKS } from '../../../src/broker/store/log-blocks.js';
import { LogReader, type WantedRecord } from '../../../src/broker/store/log-reader.js';
import { settle } from '../../helper/manual-clock.js';
import { FaultyFileSystem, openStore, put, putOf, systemError } from '../../helper/store.js';

const FILE_BYTES = 33_554_432;

/** A log of records of `bodyBytes` whose newest 256 KiB are in memory. */
async function setUp(t: ExecutionContext, count: number, bodyBytes: number, fileBytes = FILE_BYTES, warmBytes = 0) {
  const fs = new FaultyFileSystem();
  const { store } = await openStore(t, {
    fs,
    config: { mappedFileSizeCommitLog: fileBytes, mappedFileSizeConsumeQueue: 200_000, windowBytes: 262_144 },
  });
  const body = Buffer.alloc(bodyBytes);
  const results = Array.from({ length: count }, (_, i) => {
    body.writeInt32BE(i);
    return put(t, store, putOf('orders', 0, body));
  });
  const reader = new LogReader(store.commitLog, silentLogger, warmBytes);
  const want = (numbers: readonly number[]) => {
    let targetStart = 0;
    const wanted: WantedRecord[] = [];
    for (const n of numbers) {
      const { physicalOffset = 0, size = 0 } = results[n] ?? {};
      wanted.push({ physicalOffset, size, targetStart });
      targetStart += size;
    }
    return { wanted, target: Buffer.alloc(targetStart) };
  };
  const numbersIn = (target: Buffer, wanted: readonly WantedRecord[]) =>
    wanted.map(({ targetStart }) => target.readInt32BE(targetStart + 88));
  return { fs, store, reader, want, numbersIn, results };
}

for (const kind of ['readSync', 'read'] as const) {
  test(`${kind} copies near, far and newest records to their places`, async (t) => {
    const { reader, want, numbersIn } = await setUp(t, 3_000, 1_000);
    const numbers = [0, 1, 2, 9, 10, 500, 501, 502, 600, 1_500, 2_990, 2_999];
    const { wanted, target } = want(numbers);
    t.deepEqual(
      await reader[kind](wanted, target),
      numbers.map(() => 'found' as const),
    );
    t.deepEqual(numbersIn(target, wanted), numbers);
  });

  test(`${kind} tells what is gone from what the disk does not give`, async (t) => {
    const { fs, reader, store, want } = await setUp(t, 600, 1_000, 16_384);
    const { wanted, target } = want([1, 20, 599]);
    const [first, second, third] = wanted as [WantedRecord, WantedRecord, WantedRecord];
    store.commitLog.forgetFirstFile();
    const shifted = { ...second, physicalOffset: second.physicalOffset + 1 };
    const beyond = { ...third, physicalOffset: third.physicalOffset + third.size };
    t.deepEqual(await reader[kind]([first, shifted, beyond], target), ['gone', 'gone', 'gone']);
    fs.fault = (operation) => (operation === 'open' || operation === 'read' ? systemError('EIO') : null);
    const old = { physicalOffset: 16_384, size: second.size, targetStart: 0 };
    t.deepEqual(await reader[kind]([old], target), ['error']);
    fs.fault = () => null;
  });
}

test('records close to each other are read in one go', async (t) => {
  const { fs, reader, want } = await setUp(t, 2_000, 1_000);
  const before = fs.counts.read;
  const { wanted, target } = want(Array.from({ length: 32 }, (_, i) => i * 5));
  reader.readSync(wanted, target);
  t.is(fs.counts.read, before + 1);
});

test('readers that catch up share blocks, of which a bounded number is kept', async (t) => {
  const { fs, reader, want, numbersIn } = await setUp(t, 24_000, 1_000);
  const run = async (from: number) => {
    for (let start = from; start < 22_000; start += 96) {
      const numbers = Array.from({ length: 32 }, (_, i) => start + i * 3);
      const { wanted, target } = want(numbers);
      const outcomes = await reader.read(wanted, target);
      if (outcomes.some((outcome) => outcome !== 'found')) throw new Error(`${start}: ${outcomes}`);
      if (numbersIn(target, wanted).join() !== numbers.join()) throw new Error(`${start}: wrong records`);
    }
  };
  const before = fs.counts.read;
  await Promise.all([run(0), run(1), run(2)]);
  // 24 MB are 92 blocks; a record across two of them is read alone.
  t.true(fs.counts.read - before < 92 * 6, `${fs.counts.read - before} reads`);
  t.true(reader.blocks <= MAX_BLOCKS);
});

test('a block that can not be read is tried again', async (t) => {
  const { fs, reader, want } = await setUp(t, 2_000, 1_000);
  const { wanted, target } = want(Array.from({ length: 32 }, (_, i) => i));
  fs.fault = (operation) => (operation === 'read' ? systemError('EIO') : null);
  t.true((await reader.read(wanted, target)).every((outcome) => outcome === 'error'));
  fs.fault = () => null;
  t.true((await reader.read(wanted, target)).every((outcome) => outcome === 'found'));
});

test('many far records of several consumers do not read whole blocks', async (t) => {
  const { fs, reader, want } = await setUp(t, 20_000, 1_000);
  const { wanted, target } = want(Array.from({ length: 32 }, (_, i) => i * 600));
  const before = fs.counts.read;
  t.true((await reader.read(wanted, target)).every((outcome) => outcome === 'found'));
  t.is(fs.counts.read, before + 32);
  t.is(reader.blocks, 0);
});

test('reads beyond a number wait for their turn, and go on in order whatever becomes of the others', async (t) => {
  const { reader } = await setUp(t, 1, 10);
  const begun: number[] = [];
  const ends: Array<(error: Error | null) => void> = [];
  const reads = Array.from({ length: 100 }, (_, i) =>
    reader.inTurn(() => {
      begun.push(i);
      return new Promise<number>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve(i))));
    }),
  );
  const outcomes = Promise.allSettled(reads);
  await settle();
  const atOnce = begun.length;
  t.true(atOnce > 1 && atOnce < 50, `${atOnce}`);
  for (let i = 0; i < 100; i++) {
    t.is(begun.length, Math.min(100, atOnce + i));
    ends[i]?.(i % 3 === 0 ? new Error('no') : null);
    await settle();
  }
  t.deepEqual(
    begun,
    Array.from({ length: 100 }, (_, i) => i),
  );
  t.is((await outcomes).filter(({ status }) => status === 'fulfilled').length, 66);
});

/** `copyAtHand` of these records; null if they are not at hand. */
function copied(reader: LogReader<never>, wanted: readonly WantedRecord[]): Buffer | null {
  const bytes = wanted.reduce((sum, { size }) => sum + size, 0);
  const target = Buffer.alloc(bytes + 5);
  const physicalOffsets = wanted.map(({ physicalOffset }) => physicalOffset);
  const sizes = wanted.map(({ size }) => size);
  return reader.copyAtHand(physicalOffsets, sizes, wanted.length, target, 5) ? target.subarray(5) : null;
}

for (const [where, warmBytes] of [
  ['written lately', FILE_BYTES],
  ['that others have read', 0],
] as const) {
  test(`records ${where} are copied at once as a plain read gives them, also across blocks and files`, async (t) => {
    // Two records in three lie across the end of a block; files end behind two of these.
    const { reader, want } = await setUp(t, 60, 100_000, 600_000, warmBytes);
    if (warmBytes === 0) {
      const all = want(Array.from({ length: 60 }, (_, i) => i));
      await reader.read(all.wanted, all.target);
    }
    let copies = 0;
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(59), { minLength: 1, maxLength: 8 }), async (numbers) => {
        const { wanted, target } = want(numbers.sort((a, b) => a - b));
        const atHand = copied(reader as never, wanted);
        t.true((await reader.read(wanted, target)).every((outcome) => outcome === 'found'));
        if (atHand === null) return;
        copies += 1;
        t.true(atHand.equals(target));
      }),
    );
    t.true(copies > 10, `${copies}`);
  });
}

test('nothing is copied at once of what is not at hand, or not there', async (t) => {
  const { reader, want } = await setUp(t, 3_000, 1_000);
  const { wanted } = want([0, 1, 2]);
  t.is(copied(reader as never, wanted), null);
  const warm = await setUp(t, 3_000, 1_000, FILE_BYTES, FILE_BYTES);
  const shifted = warm.want([10, 11, 12]).wanted.map((one) => ({ ...one, physicalOffset: one.physicalOffset + 1 }));
  t.is(copied(warm.reader as never, shifted), null);
  t.not(copied(warm.reader as never, warm.want([10, 11, 12]).wanted), null);
});

test('blocks are read ahead of a reader that goes on, and not of one that looks here and there', async (t) => {
  const { fs, reader, want, results } = await setUp(t, 16_000, 1_000);
  const inBlock = (block: number) => {
    const first = results.findIndex(({ physicalOffset }) => physicalOffset >= block * BLOCK_BYTES);
    return want(Array.from({ length: 32 }, (_, i) => first + i));
  };
  const readsOf = async (block: number) => {
    const before = fs.counts.read;
    const { wanted, target } = inBlock(block);
    t.true((await reader.read(wanted, target)).every((outcome) => outcome === 'found'));
    return fs.counts.read - before;
  };
  for (const block of [3, 40, 20, 60]) {
    t.is(await readsOf(block), 1);
    t.is(copied(reader as never, inBlock(block + 1).wanted), null);
  }
  t.true((await readsOf(61)) > 1);
  while (copied(reader as never, inBlock(62).wanted) === null) await settle();
  t.pass();
});

test('readers at many places keep to the bounded number of blocks', async (t) => {
  const { reader, want, numbersIn } = await setUp(t, 12_500, 1_000);
  await Promise.all(
    Array.from({ length: 30 }, async (_, place) => {
      for (let step = 0; step < 12; step++) {
        const numbers = Array.from({ length: 32 }, (_, i) => place * 400 + step * 32 + i);
        const { wanted, target } = want(numbers);
        const outcomes = await reader.inTurn(() => reader.read(wanted, target));
        if (outcomes.some((outcome) => outcome !== 'found')) throw new Error(`${place}: ${outcomes}`);
        if (numbersIn(target, wanted).join() !== numbers.join()) throw new Error(`${place}: wrong records`);
      }
    }),
  );
  t.true(reader.blocks <= MAX_BLOCKS);
});
