import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ConfigFile } from '../../src/base/config-file.js';

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'mqadmin-config-file-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('the first save makes folder and file, the second keeps the first as .bak', async (t) => {
  const path = join(await folder(t), 'a', 'kv.json');
  const file = new ConfigFile(path);
  await file.save('one');
  t.deepEqual(await readdir(join(path, '..')), ['kv.json']);
  await file.save('two');
  t.is(await readFile(path, 'utf8'), 'two');
  t.is(await readFile(`${path}.bak`, 'utf8'), 'one');
  t.deepEqual((await readdir(join(path, '..'))).sort(), ['kv.json', 'kv.json.bak']);
});

test('saves during a write are merged and the newest text wins', async (t) => {
  const path = join(await folder(t), 'kv.json');
  const file = new ConfigFile(path);
  await Promise.all(['1', '2', '3', '4'].map((text) => file.save(text)));
  t.is(await readFile(path, 'utf8'), '4');
  t.is(await readFile(`${path}.bak`, 'utf8'), '1', 'texts 2 and 3 were never written');
});

test('load gives null without files, and the backup when the file is empty or broken', async (t) => {
  const path = join(await folder(t), 'kv.json');
  const file = new ConfigFile(path);
  t.is(await file.load(JSON.parse), null);
  await writeFile(`${path}.bak`, '{"a":1}');
  t.deepEqual(await file.load(JSON.parse), { a: 1 }, 'missing file');
  await writeFile(path, '');
  t.deepEqual(await file.load(JSON.parse), { a: 1 }, 'empty file');
  await writeFile(path, '{"a":');
  t.deepEqual(await file.load(JSON.parse), { a: 1 }, 'torn file');
  await writeFile(path, '{"a":2}');
  t.deepEqual(await file.load(JSON.parse), { a: 2 });
});

test('load throws the error of the file when the backup does not help', async (t) => {
  const path = join(await folder(t), 'kv.json');
  await writeFile(path, 'x');
  await t.throwsAsync(new ConfigFile(path).load(JSON.parse), { instanceOf: SyntaxError });
});

test('a failed save leaves the file unchanged and later saves work', async (t) => {
  const dir = await folder(t);
  const path = join(dir, 'kv.json');
  const file = new ConfigFile(path);
  await file.save('one');
  await rm(`${path}.bak`, { force: true });
  // A folder in the place of the temporary file makes the write fail.
  await mkdir(`${path}.tmp`);
  await t.throwsAsync(file.save('two'));
  t.is(await readFile(path, 'utf8'), 'one');
  await rm(`${path}.tmp`, { recursive: true, force: true });
  await file.save('three');
  t.is(await readFile(path, 'utf8'), 'three');
});
