/** A start that is cut short, by a shutdown or by a crash. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { FaultyFileSystem, newStore, openStore, put, putOf, readBodies, systemError } from '../../helper/store.js';

test('a shutdown while the store starts leaves it closed, and the folder free and clean', async (t) => {
  const first = await openStore(t);
  put(t, first.store, putOf('orders', 0, 'x'));
  await first.store.shutdown();
  const { folder } = first;
  const { store, clock } = newStore(t, { folder });
  const started = store.start();
  const stopped = store.shutdown();
  await Promise.all([started, stopped]);
  t.false(store.isWriteable());
  t.is(clock.pendingTimers, 0);
  t.deepEqual(
    readdirSync(folder).filter((name) => name === 'abort' || name.endsWith('.lock')),
    [],
  );
  const again = await openStore(t, { folder });
  t.deepEqual(await readBodies(again.store, 'orders', 0), ['x']);
});

test('a shutdown before the start is all there is', async (t) => {
  const { store } = newStore(t);
  await store.shutdown();
  await t.throwsAsync(store.start(), { message: /started once/ });
});

test('a repair that is cut short is known as such by the next start', async (t) => {
  const first = await openStore(t);
  for (let i = 0; i < 40; i++) put(t, first.store, putOf('orders', i % 2, `${i}`.padEnd(200)));
  await first.store.shutdown();
  const { folder } = first;
  // The log's last records are gone, without a trace of a crash: the queues do not fit it.
  const files = readdirSync(join(folder, 'commitlog')).sort();
  writeFileSync(join(folder, 'commitlog', files.at(-1) ?? ''), Buffer.alloc(4_096));
  t.false(existsSync(join(folder, 'abort')));
  const fs = new FaultyFileSystem();
  let removed = 0;
  fs.fault = (operation, path) => {
    const isCut = operation === 'remove' && path.includes('/consumequeue/');
    return isCut && ++removed > 1 ? systemError('EIO') : null;
  };
  await t.throwsAsync(newStore(t, { folder, fs }).store.start(), { code: 'EIO' });
  t.true(existsSync(join(folder, 'abort')));
});
