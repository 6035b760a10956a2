import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  CheckpointFile,
  decodeCheckpoint,
  encodeCheckpoint,
  minTimestamp,
} from '../../../src/broker/store/checkpoint.js';
import { nodeFileSystem } from '../../../src/broker/store/file-system.js';
import { type GoldenCase, goldenCases, goldenInt64, goldenTitle } from '../../helper/golden.js';
import { tempFolder } from '../../helper/store.js';

interface CheckpointCase extends GoldenCase {
  input: Record<string, string>;
  minTimestamp: string;
  files: { size: number; base64: string }[];
}

const goldens = goldenCases<CheckpointCase>('store-files').filter(({ name }) => name.startsWith('checkpoint'));

const reads = test.macro({
  title: (_, golden: CheckpointCase) => `reads and writes Apache's ${goldenTitle(golden)}`,
  exec(t, golden: CheckpointCase) {
    const [file] = golden.files;
    const bytes = Buffer.alloc(file?.size ?? 0);
    Buffer.from(file?.base64 ?? '', 'base64').copy(bytes);
    const checkpoint = decodeCheckpoint(bytes);
    for (const [field, value] of Object.entries(golden.input)) {
      t.is(checkpoint[field as keyof typeof checkpoint], goldenInt64(value), field);
    }
    t.is(minTimestamp(checkpoint), Number(golden.minTimestamp));
    t.deepEqual(Buffer.from(encodeCheckpoint(checkpoint)), bytes);
  },
});

for (const golden of goldens) test(reads, golden);

test('a missing file is created, and an empty one gets its size', (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'checkpoint');
  for (const before of [null, '']) {
    if (before !== null) writeFileSync(path, before);
    const file = new CheckpointFile(nodeFileSystem, folder);
    file.open();
    t.deepEqual(file.values, decodeCheckpoint(new Uint8Array(0)));
    file.close();
    t.is(readFileSync(path).length, 4_096);
  }
});

test('what is written is read again', (t) => {
  const folder = tempFolder(t);
  const file = new CheckpointFile(nodeFileSystem, folder);
  file.open();
  file.values.physicMsgTimestamp = 1_700_000_000_123;
  file.values.confirmPhyOffset = 2 ** 40;
  file.write();
  file.close();
  const again = new CheckpointFile(nodeFileSystem, folder);
  again.open();
  t.deepEqual(again.values, file.values);
  again.close();
  t.true(existsSync(join(folder, 'checkpoint')));
});

test('a file of another size says nothing, and gets its size', (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'checkpoint');
  writeFileSync(path, Buffer.alloc(100, 7));
  const file = new CheckpointFile(nodeFileSystem, folder);
  file.open();
  t.is(file.values.physicMsgTimestamp, 0);
  t.deepEqual(readFileSync(path), Buffer.alloc(4_096));
  file.close();
});
