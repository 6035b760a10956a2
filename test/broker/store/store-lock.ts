import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { StoreLockedError } from '../../../src/broker/store/errors.js';
import { nodeFileSystem } from '../../../src/broker/store/file-system.js';
import { processIdentity, StoreLock } from '../../../src/broker/store/store-lock.js';
import { tempFolder } from '../../helper/store.js';

const claims = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('mqadmin-'));

test('a folder has one owner at a time, and the refusal names the process', (t) => {
  const folder = tempFolder(t);
  const lock = StoreLock.acquire(nodeFileSystem, folder);
  const error = t.throws(() => StoreLock.acquire(nodeFileSystem, folder), { instanceOf: StoreLockedError });
  t.is(error.code, 'STORE_LOCKED');
  t.is(error.pid, process.pid);
  t.true(error.message.includes(String(process.pid)) && error.message.includes(folder));
  t.is(claims(folder).length, 1);
  lock.release();
  t.deepEqual(claims(folder), []);
  StoreLock.acquire(nodeFileSystem, folder).release();
});

test('the file that Java brokers lock is written as they write it', (t) => {
  const folder = tempFolder(t);
  const lock = StoreLock.acquire(nodeFileSystem, folder);
  t.is(readFileSync(join(folder, 'lock'), 'latin1'), 'lock');
  lock.release();
});

test('the claim of a process that runs keeps others out, that of one that is gone does not', async (t) => {
  const folder = tempFolder(t);
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const { pid = 0 } = child;
  const identity = processIdentity(pid);
  const name = `mqadmin-${pid}-${identity?.start}-0.lock`;
  writeFileSync(join(folder, name), '');
  const error = t.throws(() => StoreLock.acquire(nodeFileSystem, folder), { instanceOf: StoreLockedError });
  t.is(error.pid, pid);
  t.deepEqual(claims(folder), [name]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = StoreLock.acquire(nodeFileSystem, folder);
  t.is(claims(folder).length, 1);
  t.not(claims(folder)[0], name);
  lock.release();
});

test('a claim by a process that had the pid of another that runs now is stale', (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, `mqadmin-${process.pid}-abc-0.lock`), '');
  StoreLock.acquire(nodeFileSystem, folder).release();
  t.deepEqual(claims(folder), []);
});

test('other files are left alone', (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'mqadmin.lock'), 'x');
  StoreLock.acquire(nodeFileSystem, folder).release();
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
  const error = t.throws(() => StoreLock.acquire(nodeFileSystem, folder), { instanceOf: StoreLockedError });
  t.is(error.pid, child.pid ?? 0);
  t.deepEqual(claims(folder), []);
});
