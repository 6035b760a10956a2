/** What is left of a store after every kind of stop. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { silentLogger } from '../../../src/base/logger.js';
import type { MessageStore } from '../../../src/broker/store/message-store.js';
import { ManualClock, settle } from '../../helper/manual-clock.js';
import {
  crashedCopy,
  openStore,
  put,
  putOf,
  readBodies,
  SMALL_STORE,
  saveAll,
  tempFolder,
} from '../../helper/store.js';
import { DiskImage, SimulatedDisk } from '../../soak/crash/simulated-disk.js';
import { openOn } from '../../soak/crash/workload.js';

const FOREVER = Number.MAX_SAFE_INTEGER;
const LOG_0 = 'commitlog/00000000000000000000';

/** Puts `count` messages with one key each into two queues; bodies are their numbers. */
function fill(t: ExecutionContext, store: MessageStore, count: number, from = 0) {
  return Array.from({ length: count }, (_, i) =>
    put(t, store, putOf('orders', i % 2, `${from + i}`.padEnd(40), { properties: { KEYS: `k${from + i}` } })),
  );
}

/** Everything that can be read, as numbers in order; each must be found by its key too. */
async function everything(t: ExecutionContext, store: MessageStore, indexed = true): Promise<number[]> {
  const numbers: number[] = [];
  for (const queueId of [0, 1]) {
    for (const body of await readBodies(store, 'orders', queueId)) numbers.push(Number(body));
  }
  numbers.sort((a, b) => a - b);
  for (const number of indexed ? numbers : []) {
    const { messages } = await store.queryByKey('orders', `k${number}`, 32, 0, FOREVER);
    const isFound = messages.some((bytes) => bytes.includes(`\u0001k${number}\u0002`) || bytes.includes(`k${number}`));
    t.true(isFound, `k${number}`);
  }
  return numbers;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

test('after a crash without anything saved all messages are there', async (t) => {
  const { store, folder } = await openStore(t);
  fill(t, store, 100);
  t.false(existsSync(join(folder, 'consumequeue')));
  const copy = crashedCopy(t, folder);
  const again = await openStore(t, { folder: copy });
  t.deepEqual(await everything(t, again.store), range(100));
  const next = put(t, again.store, putOf('orders', 0, '100'));
  t.is(next.queueOffset, 50);
  t.is(next.physicalOffset, store.stats().maxPhyOffset);
});

test('a last record that was torn at any byte is cut off, all others stay', async (t) => {
  const { store, folder } = await openStore(t);
  const results = fill(t, store, 8);
  const last = results[7];
  if (!last) throw new Error('no record');
  const crashed = crashedCopy(t, folder);
  const log = readFileSync(join(crashed, LOG_0));
  for (let kept = 0; kept < last.size; kept++) {
    const copy = crashedCopy(t, crashed);
    const torn = Buffer.from(log);
    torn.fill(0, last.physicalOffset + kept);
    writeFileSync(join(copy, LOG_0), torn);
    const again = await openStore(t, { folder: copy });
    t.deepEqual(await everything(t, again.store), range(7), `${kept} bytes kept`);
    t.is(again.store.stats().maxPhyOffset, last.physicalOffset);
    const after = readFileSync(join(copy, LOG_0)).subarray(last.physicalOffset);
    t.true(
      after.every((byte) => byte === 0),
      `${kept} bytes kept`,
    );
    t.is(put(t, again.store, putOf('orders', 1, '7')).queueOffset, 3);
    await again.store.shutdown();
    rmSync(copy, { recursive: true });
  }
});

test('records behind a damaged one are given up, and never come back', async (t) => {
  const { store, folder } = await openStore(t);
  const results = fill(t, store, 60);
  const copy = crashedCopy(t, folder);
  const log = readFileSync(join(copy, LOG_0));
  log.writeUInt8(0xff, (results[5]?.physicalOffset ?? 0) + 90);
  writeFileSync(join(copy, LOG_0), log);
  const second = await openStore(t, { folder: copy });
  t.deepEqual(await everything(t, second.store), range(5));
  t.deepEqual(readdirSync(join(copy, 'commitlog')), ['00000000000000000000']);
  put(t, second.store, putOf('orders', 1, '5', { properties: { KEYS: 'k5' } }));
  const third = await openStore(t, { folder: crashedCopy(t, copy) });
  t.deepEqual(await everything(t, third.store), range(6));
});

const lacking = test.macro({
  title: (_, part: string, isClean: boolean) => `${part} is built anew after ${isClean ? 'a proper end' : 'a crash'}`,
  async exec(t, part: string, isClean: boolean) {
    const opened = await openStore(t);
    const { store, folder } = opened;
    fill(t, store, 90);
    await saveAll(opened);
    fill(t, store, 10, 90);
    if (isClean) await store.shutdown();
    const copy = isClean ? folder : crashedCopy(t, folder);
    rmSync(join(copy, part), { recursive: true, force: true });
    const again = await openStore(t, { folder: copy });
    t.deepEqual(await everything(t, again.store), range(100));
    t.is(again.store.maxOffset('orders', 0), 50);
  },
});

test(lacking, 'index', false);
test(lacking, 'index', true);
test(lacking, 'consumequeue', false);
test(lacking, 'consumequeue', true);
test(lacking, 'checkpoint', false);
test(lacking, 'consumequeue/orders/1', false);

test('wherever a crash comes, what was written is there', async (t) => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), count: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ kind: fc.constant('wait' as const), count: fc.integer({ min: 1, max: 70 }) }),
    fc.record({ kind: fc.constantFrom('crash' as const, 'close' as const), count: fc.constant(0) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const clock = new ManualClock();
      let { store, folder } = await openStore(t, { clock });
      let count = 0;
      for (const { kind, count: amount } of steps) {
        if (kind === 'put') {
          for (let i = 0; i < amount; i++) {
            const body = `${count}`.padEnd(20 + ((count * 53) % 300));
            put(t, store, putOf('orders', count % 2, body, { properties: { KEYS: `k${count}` } }));
            count += 1;
          }
        } else if (kind === 'wait') {
          await clock.advanceAsync(amount * 1_000);
        } else {
          if (kind === 'close') await store.shutdown();
          const copy = crashedCopy(t, folder);
          await store.shutdown();
          rmSync(folder, { recursive: true });
          ({ store, folder } = await openStore(t, { clock, folder: copy }));
          const found = await everything(t, store);
          if (found.join() !== range(count).join()) throw new Error(`${found} of ${count}`);
        }
      }
      await store.shutdown();
    }),
    { numRuns: 25 },
  );
});

test('after a crash only what the checkpoint does not cover is read', async (t) => {
  const opened = await openStore(t);
  const { store, folder, clock } = opened;
  for (let i = 0; i < 100; i++) {
    fill(t, store, 1, 2 * i);
    put(t, store, putOf('orders', 1, `${2 * i + 1}`.padEnd(40), { properties: { KEYS: `k${2 * i + 1}` } }));
    clock.advance(100);
  }
  await saveAll(opened);
  fill(t, store, 10, 200);
  const logged: object[] = [];
  const logger = { ...silentLogger, info: (fields: object) => logged.push(fields) };
  const again = await openStore(t, { folder: crashedCopy(t, folder), logger });
  t.deepEqual(await everything(t, again.store), range(210));
  const { records } = logged.find((fields) => 'records' in fields) as { records: number };
  // Three seconds back are 60 messages, and 28 go into a file.
  t.true(records >= 60 && records <= 60 + 28 + 10 + 1, `${records} records`);
});

test('consume queues and index that are ahead of the log are cut back to it', async (t) => {
  const opened = await openStore(t);
  const { store, folder } = opened;
  const results = fill(t, store, 27);
  await saveAll(opened);
  const copy = crashedCopy(t, folder);
  // The power failed: queues and index got to the disk, the end of the log did not.
  const lost = results[25]?.physicalOffset ?? 0;
  const start = lost - (lost % 4_096);
  const path = join(copy, 'commitlog', String(start).padStart(20, '0'));
  const log = readFileSync(path);
  log.fill(0, lost - start);
  writeFileSync(path, log);
  for (const isClean of [false, true]) {
    const again = crashedCopy(t, copy);
    if (isClean) rmSync(join(again, 'abort'));
    const { store: recovered } = await openStore(t, { folder: again });
    t.deepEqual(await everything(t, recovered), range(25));
    t.is(recovered.stats().maxPhyOffset, lost);
    for (const [i, { physicalOffset }] of fill(t, recovered, 5, 25).entries()) {
      if (i === 0) t.is(physicalOffset, lost);
    }
    t.deepEqual(await everything(t, recovered), range(30));
  }
});

test('a queue of a topic that was made again begins where its second life began', async (t) => {
  const { store, folder } = await openStore(t);
  fill(t, store, 30);
  await store.destroyTopic(['orders']);
  for (let i = 0; i < 5; i++) put(t, store, putOf('orders', 0, `new-${i}`));
  const again = await openStore(t, { folder: crashedCopy(t, folder) });
  t.deepEqual(await readBodies(again.store, 'orders', 0), ['new-0', 'new-1', 'new-2', 'new-3', 'new-4']);
});

test('queues built from a log whose start has expired begin at their first message that is left', async (t) => {
  const { store, folder } = await openStore(t);
  const results = fill(t, store, 100);
  await store.shutdown();
  rmSync(join(folder, 'commitlog', '00000000000000000000'));
  rmSync(join(folder, 'commitlog', '00000000000000004096'));
  rmSync(join(folder, 'consumequeue'), { recursive: true });
  rmSync(join(folder, 'index'), { recursive: true });
  const first = results.findIndex(({ physicalOffset }) => physicalOffset >= 8_192);
  for (const round of ['built', 'loaded']) {
    const { store: again } = await openStore(t, { folder });
    t.deepEqual(await everything(t, again), range(100).slice(first), round);
    t.is(again.minOffset('orders', 0), Math.ceil(first / 2));
    t.is(again.maxOffset('orders', 0), 50);
    t.is(again.stats().minPhyOffset, 8_192);
    await again.shutdown();
  }
});

test('damage in old files costs index entries when the index is built anew, and nothing of the log', async (t) => {
  const { store, folder } = await openStore(t);
  const results = fill(t, store, 100);
  await store.shutdown();
  rmSync(join(folder, 'index'), { recursive: true });
  const log = readFileSync(join(folder, LOG_0));
  log.writeUInt8(0xff, (results[3]?.physicalOffset ?? 0) + 4);
  writeFileSync(join(folder, LOG_0), log);
  const { store: again } = await openStore(t, { folder });
  t.is(again.stats().maxPhyOffset, store.stats().maxPhyOffset);
  t.is(again.maxOffset('orders', 0), 50);
  t.is((await again.queryByKey('orders', 'k2', 9, 0, FOREVER)).offsets.length, 1);
  t.is((await again.queryByKey('orders', 'k3', 9, 0, FOREVER)).offsets.length, 0);
  t.is((await again.queryByKey('orders', 'k99', 9, 0, FOREVER)).offsets.length, 1);
});

test('without a log there are no queues and no index', async (t) => {
  const { store, folder } = await openStore(t);
  fill(t, store, 30);
  await store.shutdown();
  rmSync(join(folder, 'commitlog'), { recursive: true });
  const { store: again } = await openStore(t, { folder });
  t.deepEqual([...again.queues()], []);
  t.deepEqual(readdirSync(folder), [
    'abort',
    'checkpoint',
    'consumequeue',
    'index',
    'lock',
    ...readdirSync(folder).filter((name) => name.startsWith('mqadmin-')),
  ]);
  t.deepEqual(readdirSync(join(folder, 'consumequeue')), []);
  t.is(put(t, again, putOf('orders', 0, '0', { properties: { KEYS: 'k0' } })).physicalOffset, 0);
  t.deepEqual(await everything(t, again), [0]);
});

test('a file that was created ahead is used after a crash, and removed by a proper end', async (t) => {
  const { store, folder } = await openStore(t);
  fill(t, store, 26);
  await settle();
  t.deepEqual(readdirSync(join(folder, 'commitlog')), ['00000000000000000000', '00000000000000004096']);
  t.true(store.stats().maxPhyOffset < 4_096);
  const copy = crashedCopy(t, folder);
  const again = await openStore(t, { folder: copy });
  t.deepEqual(await everything(t, again.store), range(26));
  fill(t, again.store, 30, 26);
  t.deepEqual(await everything(t, again.store), range(56));
  await store.shutdown();
  t.deepEqual(readdirSync(join(folder, 'commitlog')), ['00000000000000000000']);
});

test('a crash right behind a file end goes on in the next file', async (t) => {
  for (const isNextThere of [false, true]) {
    const { store, folder } = await openStore(t);
    put(t, store, putOf('orders', 0, '0'.padEnd(3_900)));
    put(t, store, putOf('orders', 0, '1'.padEnd(3_900)));
    const copy = crashedCopy(t, folder);
    const second = join(copy, 'commitlog', '00000000000000004096');
    if (isNextThere) writeFileSync(second, Buffer.alloc(4_096));
    else rmSync(second);
    rmSync(join(copy, 'commitlog', '00000000000000008192'), { force: true });
    const again = await openStore(t, { folder: copy });
    t.deepEqual(await everything(t, again.store, false), [0]);
    t.is(again.store.stats().maxPhyOffset, 4_096);
    t.is(put(t, again.store, putOf('orders', 0, '1')).physicalOffset, 4_096);
    t.deepEqual(await everything(t, again.store, false), [0, 1]);
  }
});

test('a start that was interrupted can be repeated', async (t) => {
  const opened = await openStore(t);
  const { store, folder } = opened;
  fill(t, store, 40);
  await saveAll(opened);
  fill(t, store, 40, 40);
  let copy = crashedCopy(t, folder);
  for (let i = 0; i < 4; i++) {
    const again = await openStore(t, { folder: copy });
    t.deepEqual(await everything(t, again.store), range(80));
    copy = crashedCopy(t, copy);
  }
});

const CHILD = fileURLToPath(new URL('../../helper/store-child.ts', import.meta.url));

const killed = test.macro({
  title: (_, flushType: string) => `what a process was promised under ${flushType} survives its SIGKILL`,
  async exec(t, flushType: string) {
    const folder = tempFolder(t);
    let promised = -1;
    // Each round kills the process somewhere else: by the number of promises, not by time.
    for (const after of [1, 150, 777, 2_500]) {
      const child = spawn(process.execPath, ['--import=tsx', CHILD, folder, flushType], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      t.teardown(() => child.kill('SIGKILL'));
      const stopAt = promised + after;
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        const lines = text.split('\n');
        promised = Math.max(promised, Number(lines.at(-2) ?? -1));
        text = lines.slice(-2).join('\n');
        if (promised >= stopAt) child.kill('SIGKILL');
      });
      await once(child, 'close');
      const copy = tempFolder(t);
      cpSync(folder, copy, { recursive: true });
      const { store } = await openStore(t, {
        folder: copy,
        config: { mappedFileSizeCommitLog: 65_536, mappedFileSizeConsumeQueue: 2_000 },
      });
      const bodies = await readBodies(store, 'orders', 0);
      t.true(bodies.length > promised, `${bodies.length} messages, but ${promised} was promised`);
      t.true(bodies.every((body, i) => body.startsWith(`${i}-`)));
      for (const key of [0, promised]) {
        t.is((await store.queryByKey('orders', `K${key}`, 32, 0, FOREVER)).offsets.length > 0, true, `K${key}`);
      }
      await store.shutdown();
    }
  },
});

test(killed, 'ASYNC_FLUSH');
test(killed, 'SYNC_FLUSH');

test('a shutdown does not flush thousands of queues: the next start reads what they lack from the log', async (t) => {
  const clock = new ManualClock();
  const config = { ...SMALL_STORE, storePathRootDir: '/store', messageIndexEnable: false };
  const disk = new SimulatedDisk(new DiskImage(), () => clock.now());
  const store = openOn(config, disk, clock);
  await store.start();
  for (let i = 0; i < 4_100; i++) put(t, store, putOf(`topic-${i}`, 0, `${i}`));
  await store.shutdown();
  t.deepEqual(disk.list('/store'), ['abort', 'checkpoint', 'commitlog', 'lock']);
  const again = openOn(config, disk, clock);
  await again.start();
  const queues = [...again.queues()];
  t.is(queues.length, 4_100);
  t.true(queues.every(({ maxOffset }) => maxOffset === 1));
  t.deepEqual(await readBodies(again, 'topic-4099', 0), ['4099']);
  await again.shutdown();
});
