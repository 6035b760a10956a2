/** When a put counts, and what happens when the disk does not do what it should. */
import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { decodeCheckpoint } from '../../../src/broker/store/checkpoint.js';
import type { MessageStore, PutStatus } from '../../../src/broker/store/message-store.js';
import { settle } from '../../helper/manual-clock.js';
import {
  crashedCopy,
  FaultyFileSystem,
  openStore,
  put,
  putOf,
  readBodies,
  saveAll,
  systemError,
  until,
} from '../../helper/store.js';

const SYNC = { flushDiskType: 'SYNC_FLUSH' } as const;
const isLog = (path: string) => path.includes('/commitlog/');

/** Puts and waits. */
async function ask(store: MessageStore, body: string): Promise<PutStatus> {
  const { status, physicalOffset, size } = store.putMessage(putOf('orders', 0, body));
  return status === 'PUT_OK' ? store.whenDurable(physicalOffset + size) : status;
}

test('with async flush a put counts when it is written', async (t) => {
  const fs = new FaultyFileSystem();
  const { store } = await openStore(t, { fs });
  const before = fs.counts.sync;
  t.deepEqual(await Promise.all([ask(store, 'a'), ask(store, 'b')]), ['PUT_OK', 'PUT_OK']);
  t.is(fs.counts.sync, before);
  t.is(await store.whenDurable(0), 'PUT_OK');
});

test('async flush comes with the interval, and the checkpoint follows it', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, clock, folder } = await openStore(t, { fs });
  put(t, store, putOf('orders', 0, 'x'));
  t.is(store.stats().flushedPhyOffset, 0);
  clock.advance(500);
  await until(() => store.stats().flushedPhyOffset > 0, 'the flush ends');
  t.is(store.stats().flushedPhyOffset, store.stats().maxPhyOffset);
  clock.advance(1_000);
  const { physicMsgTimestamp, logicsMsgTimestamp, confirmPhyOffset } = decodeCheckpoint(
    readFileSync(join(folder, 'checkpoint')),
  );
  t.deepEqual([physicMsgTimestamp, logicsMsgTimestamp], [1_700_000_000_000, 0]);
  t.is(confirmPhyOffset, store.stats().maxPhyOffset);
  const { sync } = fs.counts;
  clock.advance(5_000);
  await settle();
  t.is(fs.counts.sync, sync);
});

test('async flush leaves less than four pages to the thorough interval', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, clock } = await openStore(t, { fs, config: { mappedFileSizeCommitLog: 65_536 } });
  put(t, store, putOf('orders', 0, 'x'));
  // The first interval is a thorough one.
  clock.advance(500);
  await until(() => store.stats().flushedPhyOffset > 0, 'the first flush ends');
  const first = store.stats().flushedPhyOffset;
  put(t, store, putOf('orders', 0, 'y'));
  clock.advance(5_000);
  await settle();
  t.is(store.stats().flushedPhyOffset, first);
  put(t, store, putOf('orders', 0, Buffer.alloc(16_384)));
  clock.advance(500);
  await until(() => store.stats().flushedPhyOffset > first, 'four pages are flushed');
  const second = store.stats().flushedPhyOffset;
  t.is(second, store.stats().maxPhyOffset);
  put(t, store, putOf('orders', 0, 'z'));
  clock.advance(3_000);
  await settle();
  t.is(store.stats().flushedPhyOffset, second);
  clock.advance(1_500);
  await until(() => store.stats().flushedPhyOffset > second, 'the thorough interval ends');
});

test('async flush comes early when much is dirty', async (t) => {
  const { store } = await openStore(t, {
    config: { mappedFileSizeCommitLog: 67_108_864, windowBytes: 16_777_216 },
  });
  for (let i = 0; i < 9; i++) put(t, store, putOf('orders', 0, Buffer.alloc(1_000_000)));
  await until(() => store.stats().flushedPhyOffset > 8_000_000, 'the flush ends');
  t.pass();
});

test('with sync flush a put counts, and is visible, when it is on disk', async (t) => {
  const fs = new FaultyFileSystem();
  const { store } = await openStore(t, { fs, config: SYNC });
  let letGo = () => {};
  fs.beforeSync = () => new Promise((resolve) => (letGo = resolve));
  const events: string[] = [];
  const asked = ask(store, 'a').then((status) => events.push(status));
  await settle();
  await settle();
  t.deepEqual(events, []);
  t.is(store.maxOffset('orders', 0), 0);
  t.true(store.stats().maxPhyOffset > 0);
  letGo();
  await asked;
  t.deepEqual(events, ['PUT_OK']);
  t.deepEqual(await readBodies(store, 'orders', 0), ['a']);
  fs.beforeSync = async () => {};
});

test('with sync flush a put that does not wait for the disk counts when it is written', async (t) => {
  const fs = new FaultyFileSystem();
  const { store } = await openStore(t, { fs, config: SYNC });
  const letGo: (() => void)[] = [];
  fs.beforeSync = () => new Promise((resolve) => letGo.push(resolve));
  const { physicalOffset, size } = store.putMessage(putOf('orders', 0, 'a'));
  t.is(await store.whenWritten(physicalOffset + size), 'PUT_OK');
  t.is(store.stats().flushedPhyOffset, 0);
  t.is(store.maxOffset('orders', 0), 0, 'readers see it when it is on disk');
  fs.beforeSync = async () => {};
  for (const go of letGo) go();
  fs.fault = (operation) => (operation === 'write' ? systemError('EIO') : null);
  const failed = store.putMessage(putOf('orders', 0, 'b'));
  t.is(await store.whenWritten(failed.physicalOffset + failed.size), 'SERVICE_NOT_AVAILABLE');
  fs.fault = () => null;
});

test('puts that come while the disk is busy share the next flush', async (t) => {
  const fs = new FaultyFileSystem();
  const { store } = await openStore(t, { fs, config: SYNC });
  await ask(store, 'warm');
  const waiting: (() => void)[] = [];
  fs.beforeSync = (path) => (isLog(path) ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve());
  const before = fs.counts.sync;
  const asked = [ask(store, 'first')];
  await settle();
  for (let i = 0; i < 30; i++) {
    asked.push(ask(store, `${i}`));
    await settle();
  }
  t.is(waiting.length, 1);
  waiting[0]?.();
  await until(() => waiting.length === 2, 'the second flush begins');
  waiting[1]?.();
  t.deepEqual(new Set(await Promise.all(asked)), new Set(['PUT_OK']));
  t.is(fs.counts.sync, before + 2);
  fs.beforeSync = async () => {};
});

test('a sync flush that takes too long is told, and the messages come when it ends', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, clock } = await openStore(t, { fs, config: { ...SYNC, syncFlushTimeout: 5_000 } });
  const told: string[] = [];
  store.onDurable((_, status) => told.push(status));
  let letGo = () => {};
  fs.beforeSync = () => new Promise((resolve) => (letGo = resolve));
  const first = ask(store, 'a');
  await settle();
  clock.advance(3_000);
  const second = ask(store, 'b');
  await settle();
  clock.advance(2_000);
  t.is(await first, 'FLUSH_DISK_TIMEOUT');
  t.deepEqual(told, ['FLUSH_DISK_TIMEOUT']);
  clock.advance(3_000);
  t.is(await second, 'FLUSH_DISK_TIMEOUT');
  t.deepEqual(await readBodies(store, 'orders', 0), []);
  fs.beforeSync = async () => {};
  letGo();
  await until(() => store.maxOffset('orders', 0) === 2, 'the messages come');
  t.deepEqual(await readBodies(store, 'orders', 0), ['a', 'b']);
});

test('sync flush refuses messages when half the window waits for the disk', async (t) => {
  const fs = new FaultyFileSystem();
  const { store } = await openStore(t, { fs, config: { ...SYNC, windowBytes: 8_192 } });
  let letGo = () => {};
  fs.beforeSync = (path) => (isLog(path) ? new Promise((resolve) => (letGo = resolve)) : Promise.resolve());
  const asked: Promise<PutStatus>[] = [];
  for (let i = 0; i < 8; i++) {
    asked.push(ask(store, 'x'.repeat(1_000)));
    await settle();
  }
  fs.beforeSync = async () => {};
  letGo();
  const statuses = await Promise.all(asked);
  t.deepEqual(new Set(statuses), new Set(['PUT_OK', 'OS_PAGE_CACHE_BUSY']));
  t.is(store.maxOffset('orders', 0), statuses.filter((status) => status === 'PUT_OK').length);
  t.is(await ask(store, 'later'), 'PUT_OK');
});

for (const mode of ['ASYNC_FLUSH', 'SYNC_FLUSH'] as const) {
  test(`a full disk under ${mode}: nothing is acknowledged, reading goes on, and offsets have no hole`, async (t) => {
    const fs = new FaultyFileSystem();
    const { store, clock, folder } = await openStore(t, { fs, config: { flushDiskType: mode } });
    t.is(await ask(store, 'before'), 'PUT_OK');
    const told: string[] = [];
    store.onDurable((end, status) => told.push(`${end} ${status}`));
    const end = store.stats().maxPhyOffset;
    fs.fault = (operation) => (operation === 'write' ? systemError('ENOSPC') : null);
    const asked = [ask(store, 'lost 1'), ask(store, 'lost 2'), ask(store, 'lost 3')];
    t.deepEqual(await Promise.all(asked), ['SERVICE_NOT_AVAILABLE', 'SERVICE_NOT_AVAILABLE', 'SERVICE_NOT_AVAILABLE']);
    t.deepEqual(told, [`${end} SERVICE_NOT_AVAILABLE`]);
    t.false(store.isWriteable());
    t.is(store.stats().runningFlags, 2 | 16);
    t.is(await ask(store, 'refused'), 'SERVICE_NOT_AVAILABLE');
    t.deepEqual(await readBodies(store, 'orders', 0), ['before']);
    await clock.advanceAsync(3_000);
    t.false(store.isWriteable());
    fs.fault = () => null;
    await clock.advanceAsync(1_000);
    await until(() => store.isWriteable(), 'messages are taken again');
    t.is(store.stats().runningFlags, 0);
    const result = store.putMessage(putOf('orders', 0, 'after'));
    t.is(result.queueOffset, 1);
    t.is(result.physicalOffset, end);
    t.is(await store.whenDurable(result.physicalOffset + result.size), 'PUT_OK');
    t.deepEqual(await readBodies(store, 'orders', 0), ['before', 'after']);
    const again = await openStore(t, { folder: crashedCopy(t, folder) });
    t.deepEqual(await readBodies(again.store, 'orders', 0), ['before', 'after']);
  });
}

test('a write that stops anywhere leaves nothing of what was refused, neither before nor after a crash', async (t) => {
  const sizes: number[] = [];
  for (let kept = 0; kept < 330; kept += 7) {
    const fs = new FaultyFileSystem();
    const { store, clock, folder } = await openStore(t, { fs });
    await ask(store, 'before');
    const end = store.stats().maxPhyOffset;
    fs.tornWrite = (path, length) => {
      if (!isLog(path)) return null;
      sizes.push(length);
      return Math.min(kept, length);
    };
    const asked = await Promise.all([ask(store, 'lost 1'), ask(store, 'lost 2'), ask(store, 'lost 3')]);
    t.true(asked.every((status) => status === 'SERVICE_NOT_AVAILABLE'));
    fs.tornWrite = () => null;
    await clock.advanceAsync(1_000);
    await until(() => store.isWriteable(), 'messages are taken again');
    const crashed = await openStore(t, { folder: crashedCopy(t, folder) });
    t.deepEqual(await readBodies(crashed.store, 'orders', 0), ['before'], `${kept} bytes`);
    t.is(crashed.store.stats().maxPhyOffset, end);
    t.is(await ask(store, 'after'), 'PUT_OK');
    const again = await openStore(t, { folder: crashedCopy(t, folder) });
    t.deepEqual(await readBodies(again.store, 'orders', 0), ['before', 'after'], `${kept} bytes`);
    for (const opened of [store, crashed.store, again.store]) await opened.shutdown();
  }
  t.true(Math.max(...sizes) < 330);
});

test('a write that fails when the window wraps or a file ends takes back only what was not written', async (t) => {
  for (const config of [{ windowBytes: 2_048, mappedFileSizeCommitLog: 1_048_576 }, {}]) {
    const fs = new FaultyFileSystem();
    const { store, clock } = await openStore(t, { fs, config });
    const results: string[] = [];
    let isFull = false;
    fs.fault = (operation, path) => (isFull && operation === 'write' && isLog(path) ? systemError('EIO') : null);
    const asked: Promise<PutStatus>[] = [];
    for (let i = 0; i < 60; i++) {
      if (i === 20) isFull = true;
      const { status, physicalOffset, size } = store.putMessage(putOf('orders', 0, `${i}`.padEnd(150)));
      results.push(status);
      if (status === 'PUT_OK') asked.push(store.whenDurable(physicalOffset + size));
    }
    const statuses = await Promise.all(asked);
    const stored = statuses.filter((status) => status === 'PUT_OK').length;
    t.deepEqual(
      (await readBodies(store, 'orders', 0)).map(Number),
      Array.from({ length: stored }, (_, i) => i),
    );
    t.true(stored < 60 && results.includes('SERVICE_NOT_AVAILABLE'));
    isFull = false;
    await clock.advanceAsync(1_000);
    await until(() => store.isWriteable(), 'messages are taken again');
    t.is(put(t, store, putOf('orders', 0, 'more')).queueOffset, stored);
  }
});

test('when the next file can not be made the put says so, and works once it can', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, clock } = await openStore(t, { fs });
  fs.fault = (operation, path) => (operation === 'truncate' && isLog(path) ? systemError('ENOSPC') : null);
  t.is(await ask(store, 'first'), 'CREATE_MAPPED_FILE_FAILED');
  fs.fault = () => null;
  await clock.advanceAsync(1_000);
  t.is(await ask(store, 'x'.repeat(3_000)), 'PUT_OK');
  await settle();
  fs.fault = (operation, path) => (operation === 'open' && path.endsWith('8192') ? systemError('EMFILE') : null);
  t.is(await ask(store, 'y'.repeat(3_000)), 'PUT_OK');
  await settle();
  t.is(await ask(store, 'z'.repeat(3_000)), 'CREATE_MAPPED_FILE_FAILED');
  t.false(store.isWriteable());
  fs.fault = () => null;
  await clock.advanceAsync(1_000);
  await until(() => store.isWriteable(), 'messages are taken again');
  t.is(await ask(store, 'z'.repeat(3_000)), 'PUT_OK');
  t.deepEqual(
    (await readBodies(store, 'orders', 0)).map((body) => body[0]),
    ['x', 'y', 'z'],
  );
});

test('after a failed sync flush what it may have lost is written again before anything is acknowledged', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, clock } = await openStore(t, { fs, config: SYNC });
  t.is(await ask(store, 'first'), 'PUT_OK');
  fs.fault = (operation, path) => (operation === 'sync' && isLog(path) ? systemError('EIO') : null);
  const asked = ask(store, 'second');
  await until(() => !store.isWriteable(), 'the failure shows');
  t.is(await ask(store, 'refused'), 'SERVICE_NOT_AVAILABLE');
  t.deepEqual(await readBodies(store, 'orders', 0), ['first']);
  fs.fault = () => null;
  const { write } = fs.counts;
  await clock.advanceAsync(1_000);
  t.is(await asked, 'PUT_OK');
  t.true(fs.counts.write >= write + 2);
  t.true(store.isWriteable());
  t.deepEqual(await readBodies(store, 'orders', 0), ['first', 'second']);
});

test('consume queues that can not be saved stop new messages until they can; nothing is lost', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, clock } = await openStore(t, { fs });
  for (let i = 0; i < 40; i++) store.putMessage(putOf('orders', 0, `${i}`));
  store.commitTurn();
  fs.fault = (operation, path) =>
    operation === 'write' && path.includes('/consumequeue/') ? systemError('ENOSPC') : null;
  clock.advance(1_000);
  await settle();
  t.is(store.stats().runningFlags, 4);
  t.is(await ask(store, 'refused'), 'SERVICE_NOT_AVAILABLE');
  fs.fault = () => null;
  clock.advance(1_000);
  await until(() => store.isWriteable(), 'messages are taken again');
  t.is((await readBodies(store, 'orders', 0)).length, 40);
});

test('a short tail that could not be saved is tried every second, not with the next full save', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, clock } = await openStore(t, { fs });
  put(t, store, putOf('orders', 0, 'x'));
  fs.fault = (operation, path) =>
    operation !== 'read' && path.includes('/consumequeue/') ? systemError('ENOSPC') : null;
  await clock.advanceAsync(60_000);
  await until(() => store.stats().runningFlags === 4, 'the failure shows');
  fs.fault = () => null;
  await clock.advanceAsync(1_000);
  await until(() => store.isWriteable(), 'messages are taken again');
  t.is(await ask(store, 'y'), 'PUT_OK');
});

test('when the queue that could not be saved is gone, messages are taken again', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, clock } = await openStore(t, { fs });
  put(t, store, putOf('orders', 0, 'x'));
  fs.fault = (operation, path) => (operation === 'open' && path.includes('/orders/') ? systemError('EACCES') : null);
  await clock.advanceAsync(60_000);
  await until(() => store.stats().runningFlags === 4, 'the failure shows');
  await store.destroyTopic(['orders']);
  await clock.advanceAsync(1_000);
  await until(() => store.isWriteable(), 'messages are taken again');
  t.pass();
});

test('index keys that can not be added are added later, all of them', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, clock, folder } = await openStore(t, { fs });
  const keyed = (i: number) => putOf('orders', 0, `${i}`, { properties: { KEYS: `k${i}`, UNIQ_KEY: `u${i}` } });
  for (let i = 0; i < 10; i++) put(t, store, keyed(i));
  await until(() => store.commitLog.records.size === 0, 'the index has all');
  fs.fault = (operation, path) => (operation === 'open' && path.includes('/index/') ? systemError('ENOSPC') : null);
  for (let i = 10; i < 40; i++) store.putMessage(keyed(i));
  store.commitTurn();
  await until(() => (store.stats().runningFlags & 8) !== 0, 'the index fails');
  t.false(store.isWriteable());
  fs.fault = () => null;
  clock.advance(1_000);
  await until(() => store.isWriteable(), 'messages are taken again');
  for (let i = 0; i < 40; i++) {
    for (const key of [`k${i}`, `u${i}`]) {
      const { messages } = await store.queryByKey('orders', key, 32, 0, Number.MAX_SAFE_INTEGER);
      t.true(
        messages.some((bytes) => bytes.includes(`u${i}\u0002`)),
        key,
      );
    }
  }
  await store.shutdown();
  const again = await openStore(t, { folder });
  t.true((await again.store.queryByKey('orders', 'k39', 32, 0, Number.MAX_SAFE_INTEGER)).offsets.length > 0);
});

test('the checkpoint does not pass what could not be flushed, until a start has built that anew', async (t) => {
  const fs = new FaultyFileSystem();
  const opened = await openStore(t, { fs });
  const { store, clock, folder } = opened;
  const logics = () => decodeCheckpoint(readFileSync(join(folder, 'checkpoint'))).logicsMsgTimestamp;
  put(t, store, putOf('orders', 0, 'x'));
  fs.fault = (operation, path) => (operation === 'sync' && path.includes('/consumequeue/') ? systemError('EIO') : null);
  await clock.advanceAsync(120_000);
  await settle();
  t.is(logics(), 0);
  fs.fault = () => null;
  // The kernel may take for written what the failed flush did not bring to the disk.
  await clock.advanceAsync(120_000);
  await settle();
  t.is(logics(), 0);
  t.is(await ask(store, 'y'), 'PUT_OK');
  await store.shutdown();
  t.true(existsSync(join(folder, 'abort')));
  const again = await openStore(t, { folder, clock });
  t.deepEqual(await readBodies(again.store, 'orders', 0), ['x', 'y']);
  put(t, again.store, putOf('orders', 0, 'z'));
  await saveAll(again);
  t.true(logics() > 0);
});

test('a store that can not write its end keeps the abort file, and loses nothing', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, folder } = await openStore(t, { fs });
  for (let i = 0; i < 40; i++) put(t, store, putOf('orders', 0, `${i}`));
  fs.fault = (operation, path) =>
    operation === 'write' && path.includes('/consumequeue/') ? systemError('ENOSPC') : null;
  await store.shutdown();
  t.is(readFileSync(join(folder, 'abort'), 'latin1'), String(process.pid));
  const again = await openStore(t, { folder });
  t.is((await readBodies(again.store, 'orders', 0)).length, 40);
});

test('a reader passes over messages that are gone, and waits at those that the disk does not give', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, folder } = await openStore(t, {
    fs,
    config: { windowBytes: 4_096, mappedFileSizeConsumeQueue: 2_000 },
  });
  // Six messages fill a file of the log.
  for (let i = 0; i < 30; i++) put(t, store, putOf('orders', 0, `${i}`.padEnd(500)));
  const read = (offset: number) => store.getMessage('orders', 0, offset, 12, 100_000, null);
  fs.fault = (operation, path) => (operation === 'read' && path.endsWith('04096') ? systemError('EIO') : null);
  t.like(await read(6), { status: 'OFFSET_FOUND_NULL', nextBeginOffset: 6, bytes: null });
  t.like(await read(3), { status: 'FOUND', nextBeginOffset: 6, count: 3, queueOffsets: [3, 4, 5] });
  fs.fault = (operation) => (operation === 'read' ? systemError('EIO') : null);
  await t.throwsAsync(store.lookMessage(0), { code: 'STORE_IO' });
  fs.fault = () => null;
  t.like(await read(6), { status: 'FOUND', nextBeginOffset: 18 });
  truncateSync(join(folder, 'commitlog', '00000000000000004096'), 0);
  t.like(await read(3), { status: 'FOUND', nextBeginOffset: 15, queueOffsets: [3, 4, 5, 12, 13, 14] });
  const one = await store.getMessage('orders', 0, 6, 3, 100_000, null);
  t.like(one, { status: 'MESSAGE_WAS_REMOVING', nextBeginOffset: 9, bytes: null });
});
