/**
 * A repair that is stopped anywhere can be repeated, and what its plan says is what it does.
 */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLogger } from '../../../src/base/logger.js';
import { type FileSystem, nodeFileSystem } from '../../../src/broker/store/file-system.js';
import { repairStore } from '../../../src/broker/store/offline/repair.js';
import { planRepair, type RepairPlan } from '../../../src/broker/store/offline/repair-plan.js';
import { readLayout } from '../../../src/broker/store/offline/store-layout.js';
import { type StoreReport, verifyStore } from '../../../src/broker/store/offline/verify.js';
import { ManualClock } from '../../helper/manual-clock.js';
import { openStore, put, putOf, readBodies, tempFolder } from '../../helper/store.js';

const verify = async (folder: string) => verifyStore(await readLayout(nodeFileSystem, { storePathRootDir: folder }));

async function repair(
  folder: string,
  { fs = nodeFileSystem, cutAtDamage = false }: { fs?: FileSystem; cutAtDamage?: boolean } = {},
): Promise<{ plan: RepairPlan; report: StoreReport }> {
  const store = await readLayout(fs, { storePathRootDir: folder });
  const options = { cutAtDamage };
  const plan = await planRepair(store, options, 1_700_000_000_000);
  return { plan, report: await repairStore(store, plan, options, { clock: new ManualClock(), logger: silentLogger }) };
}

/** Changes bytes of a file. */
function patch(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

const fileName = (start: number) => String(start).padStart(20, '0');
const MESSAGES = 24;

/** Two queues and a light one, over several files. */
async function filledStore(t: ExecutionContext): Promise<string> {
  const { store, folder } = await openStore(t, { config: { enableLmq: true, enableMultiDispatch: true } });
  for (let n = 0; n < MESSAGES; n++) {
    const properties = { UNIQ_KEY: `id${n}`, INNER_MULTI_DISPATCH: '%LMQ%light' };
    put(t, store, putOf('orders', n % 2, `body ${n} ${'x'.repeat(300)}`, { properties }));
  }
  await store.shutdown();
  mkdirSync(join(folder, 'config'));
  return folder;
}

/** Something of each kind that repair mends. */
async function harmedStore(t: ExecutionContext): Promise<string> {
  const folder = await filledStore(t);
  const { maxPhyOffset } = await verify(folder);
  const start = Math.floor(maxPhyOffset / 4_096) * 4_096;
  patch(join(folder, 'commitlog', fileName(start)), (bytes) => bytes.write('torn', maxPhyOffset - start + 3));
  patch(join(folder, 'consumequeue/orders/0', fileName(0)), (bytes) => bytes.writeInt32BE(7, 8));
  patch(join(folder, 'consumequeue/%LMQ%light/0', fileName(160)), (bytes) => bytes.fill(0));
  rmSync(join(folder, 'consumequeue/orders/1'), { recursive: true });
  const index = join(folder, 'index', readdirSync(join(folder, 'index'))[0] as string);
  patch(index, (bytes) => bytes.writeInt32BE(1, 40));
  patch(join(folder, 'checkpoint'), (bytes) => bytes.writeBigInt64BE(4_000_000_000_000n, 8));
  writeFileSync(join(folder, 'commitlog', '.DS_Store'), 'x');
  writeFileSync(join(folder, 'config/topics.json'), '{"topicConfigTable":{');
  writeFileSync(join(folder, 'config/topics.json.bak'), '{"topicConfigTable":{"orders":{"topicName":"orders"}}}');
  writeFileSync(join(folder, 'config/consumerOffset.json'), '{"offsetTable":{"orders@g":{0:99,1:13}}}');
  return folder;
}

async function contents(t: ExecutionContext, folder: string): Promise<string[][]> {
  const { store } = await openStore(t, { folder, config: { enableLmq: true, enableMultiDispatch: true } });
  const found = [
    await readBodies(store, 'orders', 0),
    await readBodies(store, 'orders', 1),
    await readBodies(store, '%LMQ%light', 0),
  ];
  await store.shutdown();
  return found.map((bodies) => bodies.map((body) => body.split(' ')[1] as string));
}

const numbers = (step: number, first = 0, count = MESSAGES) =>
  Array.from({ length: Math.ceil((count - first) / step) }, (_, i) => String(first + i * step));

class Stopped extends Error {}

/** A file system of a process that is killed before its n-th change. */
function stoppingAt(stopAt: number): { fs: FileSystem; changes: () => number } {
  let changes = 0;
  const change =
    <A extends unknown[], R>(call: (...args: A) => R) =>
    (...args: A): R => {
      changes += 1;
      if (changes >= stopAt) throw new Stopped();
      return call(...args);
    };
  const { open } = nodeFileSystem;
  const opened = change(open);
  const fs: FileSystem = {
    ...nodeFileSystem,
    open: (path, mode) => (mode === 'read' ? open(path, mode) : opened(path, mode)),
    write: change(nodeFileSystem.write),
    truncate: change(nodeFileSystem.truncate),
    createFolder: change(nodeFileSystem.createFolder),
    rename: change(nodeFileSystem.rename),
    remove: change(nodeFileSystem.remove),
    removeFolder: change(nodeFileSystem.removeFolder),
  };
  return { fs, changes: () => changes };
}

const copyOf = (t: ExecutionContext, folder: string) => {
  const copy = tempFolder(t);
  cpSync(folder, copy, { recursive: true });
  return copy;
};

/** Repairs until nothing is wrong any more. */
async function repairAll(folder: string): Promise<StoreReport> {
  const { plan, report } = await repair(folder);
  return plan.steps.some(({ kind }) => kind === 'finish-repair') ? (await repair(folder)).report : report;
}

/** Every so many changes, so that all of it takes some seconds only; each run of the suite takes the same. */
const STRIDE = 6;

test('a repair that is killed before any change is repeated, and nothing is missing', async (t) => {
  const harmed = await harmedStore(t);
  const whole = copyOf(t, harmed);
  const counting = stoppingAt(Number.POSITIVE_INFINITY);
  const { plan, report } = await repair(whole, { fs: counting.fs });
  t.deepEqual(report.faults, []);
  t.deepEqual([...new Set(plan.steps.map(({ kind }) => kind))].sort(), [
    'correct-offsets',
    'cut-log',
    'rebuild-index',
    'rebuild-queue',
    'restore-backup',
    'rewrite-checkpoint',
    'set-aside',
  ]);
  const expected = [numbers(2), numbers(2, 1), numbers(1)];
  t.deepEqual(await contents(t, whole), expected);
  t.log(`${counting.changes()} changes`);
  for (let stopAt = 1; stopAt <= counting.changes(); stopAt += STRIDE) {
    const folder = copyOf(t, harmed);
    await t.throwsAsync(repair(folder, { fs: stoppingAt(stopAt).fs }), undefined, `stopped before change ${stopAt}`);
    const after = await repairAll(folder);
    t.deepEqual(after.faults, [], `stopped before change ${stopAt}`);
    t.is(after.records, MESSAGES);
    t.is(after.queueEntries, 2 * MESSAGES, `stopped before change ${stopAt}: the light queue has its entries`);
    t.deepEqual(
      readdirSync(folder).filter((name) => existsSync(join(folder, name, 'unfinished.json'))),
      [],
    );
    rmSync(folder, { recursive: true });
  }
});

test('a repair that was stopped between taking out and putting in is named, and finished first', async (t) => {
  const folder = await harmedStore(t);
  const light = join(folder, 'consumequeue/%LMQ%light/0');
  const fs: FileSystem = {
    ...nodeFileSystem,
    rename(from, to) {
      if (to === light) throw new Stopped();
      nodeFileSystem.rename(from, to);
    },
  };
  await t.throwsAsync(repair(folder, { fs }), { instanceOf: Stopped });
  t.false(existsSync(light));
  const { faults } = await verify(folder);
  t.is(faults[0]?.kind, 'unfinished-repair');
  const { plan } = await repair(folder);
  t.deepEqual(
    plan.steps.map(({ kind }) => kind),
    ['finish-repair'],
  );
  t.regex(plan.unmended.join(), /repair again/);
  t.true(existsSync(light));
  t.is((await repair(folder)).report.faultCount, 0);
});

test('the plan of a repair that cuts the log has all that it does', async (t) => {
  const folder = await filledStore(t);
  writeFileSync(join(folder, 'config/consumerOffset.json'), '{"offsetTable":{"orders@g":{0:12,1:3}}}');
  const unit = readFileSync(join(folder, 'consumequeue/orders/0', fileName(0)));
  const at = Number(unit.readBigInt64BE(4 * 20));
  patch(join(folder, 'commitlog', fileName(Math.floor(at / 4_096) * 4_096)), (bytes) =>
    bytes.fill(0xee, at % 4_096, (at % 4_096) + 40),
  );
  const { plan, report } = await repair(folder, { cutAtDamage: true });
  t.deepEqual(
    plan.steps.map(({ kind, path }) => `${kind} ${path.slice(folder.length + 1)}`),
    [
      `cut-log commitlog/${fileName(Math.floor(at / 4_096) * 4_096)}`,
      'rebuild-queue consumequeue/%LMQ%light/0',
      'rebuild-queue consumequeue/orders/0',
      'rebuild-queue consumequeue/orders/1',
      'rebuild-index index',
      'rewrite-checkpoint checkpoint',
      'correct-offsets config/consumerOffset.json',
    ],
  );
  t.deepEqual(plan.unmended, []);
  t.deepEqual(report.faults, []);
  t.deepEqual(await contents(t, folder), [numbers(2, 0, 8), numbers(2, 1, 8), numbers(1, 0, 8)]);
  t.regex(readFileSync(join(folder, 'config/consumerOffset.json'), 'utf8'), /"?0"?:4,"?1"?:3/);
});

test('an interrupt ends a repair before anything is put in place', async (t) => {
  const folder = await harmedStore(t);
  const store = await readLayout(nodeFileSystem, { storePathRootDir: folder });
  const interrupt = new AbortController();
  const options = { cutAtDamage: false, signal: interrupt.signal };
  const plan = await planRepair(store, options, 0);
  interrupt.abort(new Stopped());
  const deps = { clock: new ManualClock(), logger: silentLogger };
  await t.throwsAsync(repairStore(store, plan, options, deps), { instanceOf: Stopped });
  t.true(existsSync(join(folder, 'consumequeue/orders/0')));
  t.false(existsSync(join(folder, 'consumequeue/orders/1')));
  appendFileSync(join(folder, 'config/topics.json.bak'), ' ');
  t.is((await repairAll(folder)).faultCount, 0);
});
