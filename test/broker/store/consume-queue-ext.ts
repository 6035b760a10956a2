/** Extensions of consume-queue units. */
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { StoreCorruptError } from '../../../src/broker/store/errors.js';
import type { BitMapOf, MessageStore } from '../../../src/broker/store/message-store.js';
import { MessageSysFlag } from '../../../src/protocol/sys-flag.js';
import {
  crashedCopy,
  FaultyFileSystem,
  newStore,
  openStore,
  put,
  putOf,
  readBodies,
  type StoreOptions,
  systemError,
} from '../../helper/store.js';

/** Four units without, or two with a bit map of 8 bytes; and the end. */
const CONFIG = { enableConsumeQueueExt: true, mappedFileSizeConsumeQueueExt: 84 };
/** The bit map is the first byte of the property BITS, eight times. */
const bitMapOf: BitMapOf = (_topic, bytes, start, end) => {
  const at = Buffer.from(bytes).indexOf('BITS', start);
  return at < 0 || at > end ? null : Buffer.alloc(8, bytes[at + 5]);
};
const OPTIONS: StoreOptions = { config: CONFIG, bitMapOf };
const TAGS = ['A', 'B', 'C'];

function message(n: number, more: Record<string, string> = {}): ReturnType<typeof putOf> {
  return putOf('orders', 0, `${n}`, { properties: { TAGS: TAGS[n % 3] as string, BITS: `${n % 10}`, ...more } });
}

/** Hash and bits of each unit. */
function units(store: MessageStore, topic = 'orders'): unknown[] {
  return store
    .queueUnits(topic, 0, 0, 1_000)
    .map(({ tagsCode, extension }) => [
      String.fromCharCode(tagsCode),
      extension?.bitMap && Buffer.from(extension.bitMap).toString(),
    ]);
}

function expectedUnits(count: number): unknown[] {
  return Array.from({ length: count }, (_, n) => [TAGS[n % 3], `${n % 10}`.repeat(8)]);
}

async function tagged(store: MessageStore, tag: string): Promise<string[]> {
  const code = tag.charCodeAt(0);
  const bodies: string[] = [];
  for (let offset = 0; ; ) {
    const found = await store.getMessage('orders', 0, offset, 100, 1e6, (tagsCode) => tagsCode === code);
    if (found.status === 'OFFSET_OVERFLOW_ONE') return bodies;
    bodies.push(...found.queueOffsets.map(String));
    offset = found.nextBeginOffset;
  }
}

function every(count: number, step: number, first: number): string[] {
  return Array.from({ length: count }, (_, n) => n)
    .filter((n) => n % step === first)
    .map(String);
}

test('units and extensions have the bytes that Apache writes', async (t) => {
  const { store, folder } = await openStore(t, OPTIONS);
  const times = [0, 1, 2].map((n) => put(t, store, message(n)).storeTimestamp);
  await store.shutdown();
  const queue = readFileSync(join(folder, 'consumequeue/orders/0/00000000000000000000'));
  // Two units of 28 bytes, then 28 bytes and the 4 that stay free are too many for the file.
  t.deepEqual(
    [0, 1, 2].map((n) => queue.readBigInt64BE(n * 20 + 12)),
    [-(2n ** 63n), -(2n ** 63n) + 28n, -(2n ** 63n) + 84n],
  );
  const unit = (n: number) => {
    const bytes = Buffer.alloc(28);
    bytes.writeInt16BE(28, 0);
    bytes.writeBigInt64BE(BigInt('ABC'.charCodeAt(n)), 2);
    bytes.writeBigInt64BE(BigInt(times[n] as number), 10);
    bytes.writeInt16BE(8, 18);
    bytes.fill(`${n}`, 20);
    return bytes;
  };
  const extension = join(folder, 'consumequeue_ext/orders/0');
  const first = readFileSync(join(extension, '00000000000000000000'));
  const marker = Buffer.alloc(28);
  marker.writeInt16BE(-1, 0);
  t.deepEqual(first, Buffer.concat([unit(0), unit(1), marker]));
  const second = readFileSync(join(extension, '00000000000000000084'));
  t.deepEqual(second, Buffer.concat([unit(2), Buffer.alloc(56)]));
});

test('pulls by tag look into extensions, saved or not', async (t) => {
  const { store, clock, folder } = await openStore(t, OPTIONS);
  for (let n = 0; n < 50; n++) put(t, store, message(n));
  t.deepEqual(await tagged(store, 'B'), every(50, 3, 1));
  clock.advance(61_000);
  await store.shutdown();
  const again = await openStore(t, { ...OPTIONS, folder });
  for (let n = 50; n < 60; n++) put(t, again.store, message(n));
  t.deepEqual(await tagged(again.store, 'C'), every(60, 3, 2));
  t.deepEqual(units(again.store), expectedUnits(60));
});

test('a broker that takes no notice of extensions takes their addresses for no tags', async (t) => {
  const { store, folder } = await openStore(t, OPTIONS);
  for (let n = 0; n < 10; n++) put(t, store, message(n));
  await store.shutdown();
  const without = await openStore(t, { folder });
  put(t, without.store, message(10));
  put(t, without.store, message(11));
  t.deepEqual(await tagged(without.store, 'B'), [...every(10, 1, 0), '10'], 'consumers look at the tags themselves');
  const [old, young] = without.store.queueUnits('orders', 0, 9, 2);
  t.is(old?.lostExtAddress, -(2n ** 63n) + 4n * 84n + 28n);
  t.is(old?.extension, null);
  t.is(young?.lostExtAddress, null);
  await without.store.shutdown();
  const again = await openStore(t, { ...OPTIONS, folder });
  put(t, again.store, message(12));
  t.deepEqual(await tagged(again.store, 'B'), ['1', '4', '7', '10']);
  t.deepEqual(units(again.store).at(-1), ['A', '2'.repeat(8)]);
  t.deepEqual(units(again.store).slice(0, 10), expectedUnits(10));
});

test('extensions are as they were after a crash, and built anew with a lost queue', async (t) => {
  const { store, folder, clock } = await openStore(t, OPTIONS);
  for (let n = 0; n < 40; n++) put(t, store, message(n));
  clock.advance(61_000);
  await store.whenDurable(store.commitLog.position);
  for (let n = 40; n < 55; n++) put(t, store, message(n));
  const crashed = crashedCopy(t, folder);
  await store.shutdown();
  const lost = crashedCopy(t, folder);
  rmSync(join(lost, 'consumequeue'), { recursive: true });
  const lostExt = crashedCopy(t, folder);
  rmSync(join(lostExt, 'consumequeue_ext'), { recursive: true });
  for (const path of [crashed, lost]) {
    const again = await openStore(t, { ...OPTIONS, folder: path });
    put(t, again.store, message(55));
    t.deepEqual(units(again.store), expectedUnits(56));
    t.deepEqual(await tagged(again.store, 'B'), every(56, 3, 1));
    await again.store.shutdown();
  }
  const again = await openStore(t, { ...OPTIONS, folder: lostExt });
  put(t, again.store, message(55));
  t.is(again.store.queueUnits('orders', 0, 54, 1)[0]?.extension, null);
  t.deepEqual(units(again.store).at(-1), ['B', '5'.repeat(8)], 'no old address leads to a new unit');
  t.is((await readBodies(again.store, 'orders', 0)).length, 56);
  t.deepEqual((await tagged(again.store, 'B')).at(-1), '55');
});

test('extensions go with the units they belong to, and with their topic', async (t) => {
  const { store, folder, clock } = await openStore(t, OPTIONS);
  for (let n = 0; n < 60; n++) put(t, store, message(n, { PAD: 'x'.repeat(200) }));
  clock.advance(61_000);
  await store.shutdown();
  const again = await openStore(t, { ...OPTIONS, folder, clock });
  for (const name of readdirSync(join(folder, 'commitlog')).slice(0, 3)) {
    utimesSync(join(folder, 'commitlog', name), 1, 1);
  }
  t.is(await again.store.deleteExpiredFiles(), 3);
  const first = again.store.minOffset('orders', 0);
  t.true(first > 10);
  const [oldest] = readdirSync(join(folder, 'consumequeue_ext/orders/0'));
  t.is(Number(oldest), Math.floor(first / 2) * 84, 'two units a file');
  t.deepEqual(
    await tagged(again.store, 'B'),
    every(60, 3, 1).filter((n) => Number(n) >= first),
  );
  t.is(again.store.queueUnits('orders', 0, first, 1)[0]?.extension?.storeTimestamp, 1_700_000_000_000);
  await again.store.destroyTopic(['orders']);
  t.false(existsSync(join(folder, 'consumequeue_ext/orders')));
  put(t, again.store, message(0));
  t.deepEqual(units(again.store), expectedUnits(1));
});

test('what a full disk keeps out of an extension is written later', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, folder, clock } = await openStore(t, { ...OPTIONS, fs });
  fs.fault = (operation, path) =>
    operation === 'write' && path.includes('consumequeue_ext') ? systemError('ENOSPC') : null;
  for (let n = 0; n < 40; n++) put(t, store, message(n));
  clock.advance(61_000);
  await store.shutdown();
  t.false(existsSync(join(folder, 'consumequeue/orders/0/00000000000000000000')), 'no unit before its extension');
  t.true(existsSync(join(folder, 'abort')));
  const again = await openStore(t, { ...OPTIONS, folder });
  t.deepEqual(units(again.store), expectedUnits(40));
});

test('the folder of an extension is flushed, also if the first write to a new file failed', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, folder, clock } = await openStore(t, { ...OPTIONS, fs });
  const flushed: string[] = [];
  const { syncFolderAsync } = fs;
  fs.syncFolderAsync = async (path) => {
    flushed.push(path);
    await syncFolderAsync(path);
  };
  let failures = 0;
  fs.fault = (operation, path) => {
    if (operation !== 'write' || !path.includes('consumequeue_ext') || failures > 0) return null;
    failures += 1;
    return systemError('EIO');
  };
  put(t, store, message(0));
  await clock.advanceAsync(61_000);
  await store.shutdown();
  t.is(failures, 1);
  t.false(existsSync(join(folder, 'abort')));
  t.true(flushed.includes(join(folder, 'consumequeue_ext/orders/0')));
});

test('messages that an extension says nobody wants are not read', async (t) => {
  const { store } = await openStore(t, OPTIONS);
  for (let n = 0; n < 100; n++) put(t, store, message(n));
  put(t, store, putOf('orders', 0, '100'));
  let read = 0;
  const isMatched = (): boolean => {
    read += 1;
    return read > 1;
  };
  const isThree = (_time: number, bitMap: Uint8Array | null) => bitMap === null || bitMap[0] === 0x33;
  const get = (offset: number, takes = isThree) =>
    store.getMessage('orders', 0, offset, 32, 1e6, null, isMatched, takes);
  const found = await get(0);
  t.is(read, 11, 'those with a 3, and the one without bits');
  t.deepEqual(found.queueOffsets, [13, 23, 33, 43, 53, 63, 73, 83, 93, 100]);
  t.is(found.nextBeginOffset, 101);
  const none = await get(0, () => false);
  t.is(none.status, 'NO_MATCHED_MESSAGE');
  t.is(none.nextBeginOffset, 101);
  t.is(read, 11);
});

test('light queues have plain units', async (t) => {
  const config = { ...CONFIG, enableLmq: true, enableMultiDispatch: true };
  const { store, folder } = await openStore(t, { ...OPTIONS, config });
  for (let n = 0; n < 5; n++) put(t, store, message(n, { INNER_MULTI_DISPATCH: '%LMQ%a' }));
  const check = (opened: MessageStore): void => {
    t.is(opened.queueUnits('%LMQ%a', 0, 4, 1)[0]?.extension, null);
    t.is(opened.queueUnits('%LMQ%a', 0, 4, 1)[0]?.tagsCode, 66);
    t.deepEqual(units(opened), expectedUnits(5));
  };
  check(store);
  const crashed = crashedCopy(t, folder);
  check((await openStore(t, { ...OPTIONS, config, folder: crashed })).store);
});

test('a deliver time is found in the extension', async (t) => {
  const { store } = await openStore(t, OPTIONS);
  const delayed = putOf('SCHEDULE_TOPIC_XXXX', 2, 'late', { properties: { DELAY: '3' } });
  const { storeTimestamp } = put(t, store, delayed);
  put(t, store, putOf('orders', 0, 'half', { sysFlag: MessageSysFlag.TRANSACTION_PREPARED_TYPE }));
  const [unit] = store.queueUnits('SCHEDULE_TOPIC_XXXX', 2, 0, 1);
  t.is(unit?.tagsCode, storeTimestamp + 10_000);
  t.is(unit?.extension?.storeTimestamp, storeTimestamp);
  t.is(unit?.extension?.bitMap, null);
});

test('an extension of another file size is refused', async (t) => {
  const { store, folder } = await openStore(t, OPTIONS);
  put(t, store, message(0));
  await store.shutdown();
  const other = newStore(t, { folder, config: { ...CONFIG, mappedFileSizeConsumeQueueExt: 80 } });
  const error = await t.throwsAsync(other.store.start(), { instanceOf: StoreCorruptError });
  t.regex(error?.message ?? '', /consumequeue_ext\/orders\/0\/0{20} has 84 bytes/);
});

test('an extension that was cut short has its whole units and nothing else, and does not stop a start', async (t) => {
  const { store, folder } = await openStore(t, OPTIONS);
  for (let n = 0; n < 5; n++) put(t, store, message(n));
  await store.shutdown();
  // In the middle of the second bit map.
  truncateSync(join(folder, 'consumequeue_ext/orders/0/00000000000000000000'), 53);
  const { store: again } = await openStore(t, { ...OPTIONS, folder });
  const bits = again.queueUnits('orders', 0, 0, 5).map(({ extension }) => extension?.bitMap?.[0] ?? null);
  t.deepEqual(bits, [0x30, null, 0x32, 0x33, 0x34]);
  t.deepEqual(await readBodies(again, 'orders', 0), ['0', '1', '2', '3', '4']);
});
