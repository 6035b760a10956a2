/** What the log does when the disk fails to keep what was written to it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import test from 'ava';
import { settle } from '../../helper/manual-clock.js';
import { crashedCopy, FaultyFileSystem, openStore, putOf, readBodies, systemError, until } from '../../helper/store.js';

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
