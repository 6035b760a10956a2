import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { FdCache } from '../../../src/broker/store/fd-cache.js';
import { FaultyFileSystem, tempFolder } from '../../helper/store.js';

function setUp(t: import('ava').ExecutionContext, limit: number) {
  const folder = tempFolder(t);
  const paths = ['a', 'b', 'c'].map((name) => join(folder, name));
  for (const path of paths) writeFileSync(path, path);
  const fs = new FaultyFileSystem();
  const closed: number[] = [];
  const close = fs.close.bind(fs);
  fs.close = (fd) => {
    closed.push(fd);
    close(fd);
  };
  const cache = new FdCache(fs, limit);
  t.teardown(() => cache.clear());
  const [a = '', b = '', c = ''] = paths;
  return { cache, fs, closed, a, b, c };
}

test('a file is opened once while it is in use often', (t) => {
  const { cache, fs, a } = setUp(t, 2);
  const first = cache.hold(a);
  first.release();
  const second = cache.hold(a);
  t.is(second.fd, first.fd);
  second.release();
  t.is(fs.counts.open, 1);
});

test('beyond the limit the least recently used file is closed', (t) => {
  const { cache, closed, a, b, c } = setUp(t, 2);
  const fdA = cache.hold(a);
  fdA.release();
  const fdB = cache.hold(b);
  fdB.release();
  cache.hold(a).release();
  cache.hold(c).release();
  t.deepEqual(closed, [fdB.fd]);
  t.is(cache.size, 2);
});

test('a held file is never closed, neither by the limit nor by forgetting it, until it is released', (t) => {
  const { cache, closed, a, b, c } = setUp(t, 1);
  const held = cache.hold(a);
  cache.hold(b).release();
  cache.hold(c).release();
  t.false(closed.includes(held.fd));
  cache.forget(a);
  t.false(closed.includes(held.fd));
  held.release();
  t.true(closed.includes(held.fd));
});
