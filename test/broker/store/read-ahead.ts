import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ColdReads, readAhead } from '../../../src/broker/store/read-ahead.js';
import { tempFolder } from '../../helper/store.js';

test('reads are cold if most of what was read came from the disk, and enough is left', (t) => {
  let blocks = 5_000;
  const reads = new ColdReads(() => blocks);
  t.false(reads.areMany(200, 5_000));
  blocks += 16 * 200;
  t.true(reads.areMany(400, 5_000));
  blocks += 200;
  t.false(reads.areMany(600, 5_000));
  blocks += 16 * 200;
  t.false(reads.areMany(800, 999));
});

test('threads read the newest file of each queue, and pass over what is not there', async (t) => {
  const folder = tempFolder(t);
  for (const queue of ['a/0', 'a/1', 'b/0', 'b/empty']) mkdirSync(join(folder, queue), { recursive: true });
  for (const file of ['a/0/00', 'a/0/16', 'a/1/00', 'b/0/00']) writeFileSync(join(folder, file), 'unit');
  writeFileSync(join(folder, 'a', 'stray'), '');
  t.is(await readAhead(folder, ['a', 'b', 'gone'], new AbortController().signal), 3);
});
