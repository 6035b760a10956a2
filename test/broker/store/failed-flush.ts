/** What the log does when the disk fails to keep what was written to it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import test from 'ava';
import { ManualClock, settle } from '../../helper/manual-clock.js';
import {
  crashedCopy,
  FaultyFileSystem,
  openStore,
  putOf,
  readBodies,
  SMALL_STORE,
  systemError,
  until,
} from '../../helper/store.js';
import { orphanClaims } from '../../soak/crash/check.js';
import { DiskImage, SimulatedDisk } from '../../soak/crash/simulated-disk.js';
import { openOn } from '../../soak/crash/workload.js';

test('what a failed sync flush lost of a file that has ended since is written again, its filler too', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, clock, folder } = await openStore(t, {
    fs,
    config: { flushDiskType: 'SYNC_FLUSH', syncFlushTimeout: 60_000 },
  });
  const lost = new Set<string>();
  fs.fault = (operation, path) => {
    if (operation !== 'sync' || !path.includes('/commitlog/') || lost.has(path)) return null;
    // The kernel reports the error once and drops the pages: later syncs succeed.
    lost.add(path);
    writeFileSync(path, Buffer.alloc(readFileSync(path).length));
    return systemError('EIO');
  };
  const asked = ['a', 'b', 'c'].map((body) => {
    const { status, physicalOffset, size } = store.putMessage(putOf('orders', 0, body.repeat(1_500)));
    t.is(status, 'PUT_OK');
    return store.whenDurable(physicalOffset + size);
  });
  await until(() => !store.isWriteable(), 'the first failure shows');
  for (let second = 0; second < 10 && store.maxOffset('orders', 0) < 3; second++) {
    await clock.advanceAsync(1_000);
    for (let turn = 0; turn < 1_000 && store.maxOffset('orders', 0) < 3; turn++) await settle();
  }
  t.deepEqual(
    [...lost].map((path) => basename(path)),
    ['00000000000000000000', '00000000000000004096'],
  );
  t.deepEqual(await Promise.all(asked), ['PUT_OK', 'PUT_OK', 'PUT_OK']);
  const crashed = await openStore(t, { folder: crashedCopy(t, folder) });
  t.deepEqual(
    (await readBodies(crashed.store, 'orders', 0)).map((body) => body[0]),
    ['a', 'b', 'c'],
  );
});

test('what a failed async flush lost and memory has no more is read back and written again', async (t) => {
  const clock = new ManualClock();
  const disk = new SimulatedDisk(new DiskImage(), () => clock.now());
  const config = { ...SMALL_STORE, storePathRootDir: '/store', mappedFileSizeCommitLog: 16_384, windowBytes: 8_192 };
  const store = openOn(config, disk, clock);
  await store.start();
  t.teardown(() => store.shutdown());
  const bodies = Array.from({ length: 20 }, (_, i) => `${i}-`.padEnd(1_000, 'body'));
  for (const body of bodies) {
    t.is(store.putMessage(putOf('orders', 0, body)).status, 'PUT_OK');
    store.commitTurn();
  }
  let failures = 0;
  disk.fault = (operation, path) => {
    if (operation !== 'sync' || !path.endsWith('/commitlog/00000000000000000000') || failures > 0) return null;
    failures += 1;
    return systemError('EIO');
  };
  await clock.advanceAsync(config.flushIntervalCommitLog);
  await until(() => !store.isWriteable(), 'the failure shows');
  await clock.advanceAsync(1_000);
  await until(() => store.commitLog.flushedEnd === store.commitLog.writtenEnd, 'all of it is flushed');
  // Only what was flushed is there after the power failed.
  const image = disk.stoppedAt(disk.moment, 'power', () => 0);
  orphanClaims(image);
  const crashed = openOn(config, new SimulatedDisk(image, () => clock.now()), clock);
  await crashed.start();
  t.teardown(() => crashed.shutdown());
  t.deepEqual(await readBodies(crashed, 'orders', 0), bodies);
});
