import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { StoreLockedError } from '../../../src/broker/store/errors.js';
import { nodeFileSystem } from '../../../src/broker/store/file-system.js';
import { pidScope, processIdentity, StoreLock } from '../../../src/broker/store/store-lock.js';
import { openStore, put, putOf, tempFolder } from '../../helper/store.js';

const neverWait = () => Promise.reject(new Error('this start has to wait for nothing'));
const acquire = (folder: string, wait: (ms: number) => Promise<void> = neverWait) =>
  StoreLock.acquire(nodeFileSystem, folder, wait);
const claims = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('mqadmin-'));

test('a folder has one owner at a time, and the refusal names the process', async (t) => {
  const folder = tempFolder(t);
  const lock = await acquire(folder);
  const error = await t.throwsAsync(acquire(folder), { instanceOf: StoreLockedError });
  t.is(error.code, 'STORE_LOCKED');
  t.is(error.pid, process.pid);
  t.true(error.message.includes(String(process.pid)) && error.message.includes(folder));
  t.is(claims(folder).length, 1);
  lock.release();
  t.deepEqual(claims(folder), []);
  (await acquire(folder)).release();
});

test('the file that Java brokers lock is written as they write it', async (t) => {
  const folder = tempFolder(t);
  const lock = await acquire(folder);
  t.is(readFileSync(join(folder, 'lock'), 'latin1'), 'lock');
  lock.release();
});

test('the claim of a process that runs keeps others out, that of one that is gone does not', async (t) => {
  const folder = tempFolder(t);
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const { pid = 0 } = child;
  const identity = processIdentity(pid);
  const name = `mqadmin-${pid}-${identity?.start}-${pidScope()}-0.lock`;
  writeFileSync(join(folder, name), '');
  const error = await t.throwsAsync(acquire(folder), { instanceOf: StoreLockedError });
  t.is(error.pid, pid);
  t.deepEqual(claims(folder), [name]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = await acquire(folder);
  t.is(claims(folder).length, 1);
  t.not(claims(folder)[0], name);
  lock.release();
});

test('a claim by a process that had the pid of another that runs now is stale', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, `mqadmin-${process.pid}-abc-${pidScope()}-0.lock`), '');
  (await acquire(folder)).release();
  t.deepEqual(claims(folder), []);
});

test('other files are left alone', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'mqadmin.lock'), 'x');
  (await acquire(folder)).release();
  t.is(readFileSync(join(folder, 'mqadmin.lock'), 'latin1'), 'x');
});

const isPythonThere = process.platform === 'linux';

(isPythonThere ? test : test.skip)('the advisory lock that a Java broker holds keeps us out', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'lock');
  writeFileSync(path, 'lock');
  const script = `import fcntl,sys,time
f=open(sys.argv[1],'r+')
fcntl.lockf(f,fcntl.LOCK_EX,1,0)
print('locked',flush=True)
time.sleep(600)`;
  const child = spawn('python3', ['-c', script, path], { stdio: ['ignore', 'pipe', 'ignore'] });
  const started = await Promise.race([once(child.stdout, 'data'), once(child, 'error')]);
  t.teardown(() => child.kill('SIGKILL'));
  if (started[0] instanceof Error) {
    t.log('no python3 here to hold a lock');
    t.pass();
    return;
  }
  const error = await t.throwsAsync(acquire(folder), { instanceOf: StoreLockedError });
  t.is(error.pid, child.pid ?? 0);
  t.deepEqual(claims(folder), []);
});

/** A claim as a process in another container leaves it, which may well have our pid. */
function foreignClaim(folder: string): string {
  const start = processIdentity(process.pid)?.start;
  const path = join(folder, `mqadmin-${process.pid}-${start}-0123abcd.89abcdef-0.lock`);
  writeFileSync(path, '1');
  return path;
}

test('a claim from another container that is renewed keeps us out', async (t) => {
  const folder = tempFolder(t);
  const path = foreignClaim(folder);
  let waits = 0;
  const error = await t.throwsAsync(
    acquire(folder, async () => {
      waits += 1;
      if (waits === 4) writeFileSync(path, '2');
    }),
    { instanceOf: StoreLockedError },
  );
  t.is(waits, 4);
  t.true(error.message.includes('of another container or machine'), error.message);
  t.is(claims(folder).length, 1);
});

test('a claim from another container that is not renewed for ten seconds is stale', async (t) => {
  const folder = tempFolder(t);
  foreignClaim(folder);
  let waitedMs = 0;
  const lock = await acquire(folder, async (ms) => {
    waitedMs += ms;
  });
  t.is(waitedMs, 10_000);
  t.true(lock.isTakenOver);
  t.is(claims(folder).length, 1);
  lock.release();
});

test('a claim from another container that was not renewed for long is stale without waiting', async (t) => {
  const folder = tempFolder(t);
  const path = foreignClaim(folder);
  utimesSync(path, new Date(1_600_000_000_000), new Date(1_600_000_000_000));
  (await acquire(folder)).release();
  t.deepEqual(claims(folder), []);
});

test('a store that was taken for dead writes no more', async (t) => {
  const { store, clock, folder } = await openStore(t);
  put(t, store, putOf('orders', 0, 'mine'));
  const [claim] = claims(folder);
  clock.advance(2_000);
  t.true(store.isWriteable());
  rmSync(join(folder, claim as string));
  clock.advance(2_000);
  t.false(store.isWriteable());
  t.is(store.putMessage(putOf('orders', 0, 'too late')).status, 'SERVICE_NOT_AVAILABLE');
  t.deepEqual(claims(folder), []);
  await store.shutdown();
  t.true(existsSync(join(folder, 'abort')));
});

test('who has a folder is told without taking it, from another container too', async (t) => {
  const folder = tempFolder(t);
  const owner = (wait: (ms: number) => Promise<void> = async () => {}) =>
    StoreLock.owner(nodeFileSystem, folder, 1_700_000_000_000, wait);
  const touch = (path: string, text: string, atMs: number) => {
    writeFileSync(path, text);
    utimesSync(path, new Date(atMs), new Date(atMs));
  };
  t.is(await owner(), null);
  const path = foreignClaim(folder);
  touch(path, '1', 1_699_999_999_000);
  let waitedMs = 0;
  const renewed = await owner(async (ms) => {
    waitedMs += ms;
    if (waitedMs === 2_000) touch(path, '2', 1_700_000_001_000);
  });
  t.deepEqual(renewed, { pid: process.pid, isElsewhere: true });
  t.is(waitedMs, 2_000);
  waitedMs = 0;
  const isSilent = await owner(async (ms) => {
    waitedMs += ms;
  });
  t.is(isSilent, null);
  t.is(waitedMs, 10_000);
  touch(path, '3', 1_699_999_000_000);
  const isOld = await owner(async () => t.fail('an old claim is not watched'));
  t.is(isOld, null);
  t.is(claims(folder).length, 1, 'nothing was written or taken away');
  const lock = await acquire(folder);
  t.deepEqual(await owner(), { pid: process.pid, isElsewhere: false });
  lock.release();
});
