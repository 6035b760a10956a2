import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { StoreCorruptError } from '../../../src/broker/store/errors.js';
import { nodeFileSystem } from '../../../src/broker/store/file-system.js';
import { NumberedFiles } from '../../../src/broker/store/numbered-files.js';
import { FaultyFileSystem, systemError, tempFolder } from '../../helper/store.js';

const NAME_0 = '00000000000000000000';
const NAME_100 = '00000000000000000100';

test('a created file has its full size, its offset as name, and uses no disk space', (t) => {
  const folder = join(tempFolder(t), 'a', 'b');
  const files = new NumberedFiles(nodeFileSystem, folder, 1_048_576);
  nodeFileSystem.close(files.create(0));
  nodeFileSystem.close(files.create(1_048_576));
  t.deepEqual(readdirSync(folder), [NAME_0, '00000000000001048576']);
  t.is(statSync(files.path(0)).size, 1_048_576);
  t.true(statSync(files.path(0)).blocks < 16);
  t.is(files.startOf(1_048_575), 0);
  t.is(files.startOf(1_048_576), 1_048_576);
  t.is(files.startOf(2_097_152), -1);
  t.is(files.startOf(-1), -1);
});

test('loading finds the files in order and passes over folders', (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, NAME_100), Buffer.alloc(100));
  writeFileSync(join(folder, NAME_0), Buffer.alloc(100));
  mkdirSync(join(folder, '5'));
  const files = new NumberedFiles(nodeFileSystem, folder, 100);
  files.load();
  t.deepEqual(files.starts, [0, 100]);
  t.is(files.first, 0);
  t.is(files.last, 100);
});

test('a missing folder is an empty one', (t) => {
  const files = new NumberedFiles(nodeFileSystem, join(tempFolder(t), 'none'), 100);
  files.load();
  t.deepEqual(files.starts, []);
  t.is(files.first, -1);
});

test('an empty file is removed if it is the last, and refused elsewhere', (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, NAME_0), Buffer.alloc(100));
  writeFileSync(join(folder, NAME_100), '');
  const files = new NumberedFiles(nodeFileSystem, folder, 100);
  files.load();
  t.deepEqual(readdirSync(folder), [NAME_0]);
  writeFileSync(join(folder, NAME_0), '');
  writeFileSync(join(folder, NAME_100), Buffer.alloc(100));
  t.throws(() => files.load(), { instanceOf: StoreCorruptError });
});

test('a file of another size is refused by name', (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, NAME_0), Buffer.alloc(99));
  const files = new NumberedFiles(nodeFileSystem, folder, 100);
  const error = t.throws(() => files.load(), { instanceOf: StoreCorruptError });
  t.true(error.message.includes(join(folder, NAME_0)));
  t.regex(error.message, /99 bytes.*100/);
});

test('a file whose name is no offset is refused by name, whatever its size', (t) => {
  for (const [name, bytes] of [
    ['.DS_Store', 100],
    ['.DS_Store', 6],
    [`${NAME_100}.bak`, 100],
    ['100', 100],
  ] as const) {
    const folder = tempFolder(t);
    writeFileSync(join(folder, name), Buffer.alloc(bytes));
    writeFileSync(join(folder, NAME_0), Buffer.alloc(100));
    const odd: string[] = [];
    const files = new NumberedFiles(nodeFileSystem, folder, 100);
    const error = t.throws(() => files.load((path) => odd.push(path)), { instanceOf: StoreCorruptError });
    t.true(error.message.includes(join(folder, name)));
    t.deepEqual(odd, []);
  }
});

test('of two files of one name in two folders the one that was never written to goes', (t) => {
  const root = tempFolder(t);
  const all = ['a', 'b'].map((name) => join(root, name)) as [string, string];
  for (const [used, unused] of [all, [...all].reverse()] as [string, string][]) {
    for (const folder of all) mkdirSync(folder, { recursive: true });
    writeFileSync(join(used, NAME_0), Buffer.alloc(100, 1));
    writeFileSync(join(unused, NAME_0), Buffer.alloc(100));
    const files = new NumberedFiles(nodeFileSystem, all[0], 100, { all, forNew: () => all });
    files.load();
    t.deepEqual(files.starts, [0]);
    t.is(files.path(0), join(used, NAME_0));
    t.deepEqual(readdirSync(unused), []);
    writeFileSync(join(unused, NAME_0), Buffer.alloc(100, 2));
    const error = t.throws(() => files.load(), { instanceOf: StoreCorruptError });
    t.regex(error.message, /another folder/);
    rmSync(join(unused, NAME_0));
  }
});

test('a file that can not get its size is not left behind', (t) => {
  const folder = tempFolder(t);
  const fs = new FaultyFileSystem();
  fs.fault = (operation) => (operation === 'truncate' ? systemError('ENOSPC') : null);
  const files = new NumberedFiles(fs, folder, 100);
  t.throws(() => files.create(0), { code: 'ENOSPC' });
  t.deepEqual(readdirSync(folder), []);
  t.deepEqual(files.starts, []);
});
