/**
 * What a check of a store folder says of the less usual: extensions, places in the log without records, records with
 * their own CRC, parts that are not read, files of other sizes than the configuration says.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLogger } from '../../../src/base/logger.js';
import { nodeFileSystem } from '../../../src/broker/store/file-system.js';
import type { BitMapOf } from '../../../src/broker/store/message-store.js';
import { repairStore } from '../../../src/broker/store/offline/repair.js';
import { planRepair } from '../../../src/broker/store/offline/repair-plan.js';
import { readLayout, type StoreSettings } from '../../../src/broker/store/offline/store-layout.js';
import { verifyStore } from '../../../src/broker/store/offline/verify.js';
import { SystemTopic } from '../../../src/protocol/topic-validator.js';
import { ManualClock } from '../../helper/manual-clock.js';
import { openStore, put, putOf, readBodies, type StoreOptions, tempFolder } from '../../helper/store.js';

const open = (folder: string, settings: Partial<StoreSettings> = {}) =>
  readLayout(nodeFileSystem, { ...settings, storePathRootDir: folder });
const verify = async (folder: string, settings: Partial<StoreSettings> = {}) =>
  verifyStore(await open(folder, settings));

/** Kind and detail of each fault, warnings left out. */
const faultsOf = async (folder: string, settings: Partial<StoreSettings> = {}) =>
  (await verify(folder, settings)).faults
    .filter(({ severity }) => severity === 'fault')
    .map(({ kind, detail }) => `${kind}: ${detail}`);

async function repair(folder: string, settings: Partial<StoreSettings> = {}) {
  const store = await open(folder, settings);
  const options = { cutAtDamage: false };
  const plan = await planRepair(store, options, 1_700_000_000_000);
  const report = await repairStore(store, plan, options, { clock: new ManualClock(), logger: silentLogger });
  return { plan, report };
}

/** Changes bytes of a file. */
function patch(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

const fileName = (start: number) => String(start).padStart(20, '0');
const orderOf = (n: number) =>
  putOf('orders', n % 2, `body ${n} ${'x'.repeat(100)}`, { properties: { TAGS: `T${n % 3}`, UNIQ_KEY: `id${n}` } });

/** 60 messages in two queues, over several files of each kind; closed properly. */
async function filledStore(t: ExecutionContext, options: StoreOptions = {}): Promise<string> {
  const { store, folder } = await openStore(t, options);
  for (let n = 0; n < 60; n++) put(t, store, orderOf(n));
  await store.shutdown();
  return folder;
}

/** Physical offset and size of the record of `orders/0@offset`. */
function entryOf(folder: string, offset: number): { physicalOffset: number; size: number } {
  const path = join(folder, 'consumequeue/orders/0', fileName(Math.floor(offset / 8) * 160));
  const bytes = readFileSync(path);
  const at = (offset % 8) * 20;
  return { physicalOffset: Number(bytes.readBigInt64BE(at)), size: bytes.readInt32BE(at + 8) };
}

const bitMapOf: BitMapOf = () => Buffer.alloc(8, 0x55);
/** Two units of 28 bytes a file. */
const EXTENDED: StoreOptions = {
  config: { enableConsumeQueueExt: true, mappedFileSizeConsumeQueueExt: 84 },
  bitMapOf,
};

async function extendedStore(t: ExecutionContext): Promise<string> {
  const { store, folder } = await openStore(t, EXTENDED);
  for (let n = 0; n < 6; n++) put(t, store, putOf('orders', 0, `${n}`, { properties: { TAGS: 'A' } }));
  put(t, store, putOf(SystemTopic.SCHEDULE_TOPIC, 1, 'later', { properties: { TAGS: 'A', DELAY: '2' } }));
  await store.shutdown();
  return folder;
}

const extension = (folder: string, start: number, topic = 'orders', queueId = 0) =>
  join(folder, 'consumequeue_ext', topic, String(queueId), fileName(start));

test('entries with an extension are sound, those of the schedule topic too', async (t) => {
  const folder = await extendedStore(t);
  t.true(readFileSync(extension(folder, 0, SystemTopic.SCHEDULE_TOPIC, 1)).some((byte) => byte !== 0));
  t.deepEqual((await verify(folder)).faults, []);
});

for (const [title, harm, expected] of [
  [
    'with another tags code',
    (folder: string) => patch(extension(folder, 84), (bytes) => bytes.writeBigInt64BE(7n, 2)),
    /^ext-entry: the extension at 84 has tags code 7 instead of 65$/,
  ],
  [
    'with another store time',
    (folder: string) => patch(extension(folder, 0), (bytes) => bytes.writeBigInt64BE(7n, 28 + 10)),
    /^ext-entry: the extension at 28 has store time 7 instead of \d+$/,
  ],
  [
    'of zeros',
    (folder: string) => patch(extension(folder, 168), (bytes) => bytes.fill(0, 0, 28)),
    /^ext-entry: the extension at 168 has nothing$/,
  ],
  ['whose file is gone', (folder: string) => rmSync(extension(folder, 168)), /^ext-entry: the extension at 168/],
  [
    'whose folder is gone',
    (folder: string) => rmSync(dirname(extension(folder, 0)), { recursive: true }),
    /^ext-entry: the extension at 0 has nothing$/,
  ],
  [
    'with a stray file beside it',
    (folder: string) => writeFileSync(join(dirname(extension(folder, 0)), 'x.tmp'), ''),
    /^stray-file: /,
  ],
] as const) {
  test(`an extension ${title} is named, and repair builds the queue without`, async (t) => {
    const folder = await extendedStore(t);
    harm(folder);
    t.regex((await faultsOf(folder))[0] ?? '', expected);
    const { plan, report } = await repair(folder);
    t.deepEqual(
      plan.steps.map(({ kind, path }) => [kind, path]),
      [['rebuild-queue', join(folder, 'consumequeue/orders/0')]],
    );
    t.deepEqual(report.faults, []);
    const { store } = await openStore(t, { ...EXTENDED, folder });
    t.deepEqual(await readBodies(store, 'orders', 0), ['0', '1', '2', '3', '4', '5']);
    t.is(store.maxOffset(SystemTopic.SCHEDULE_TOPIC, 1), 1);
  });
}

test('damage in the middle of the log is told with its end, what leads there and what follows', async (t) => {
  const folder = await filledStore(t);
  const first = entryOf(folder, 2);
  const last = entryOf(folder, 4);
  const end = last.physicalOffset + last.size;
  patch(join(folder, 'commitlog', fileName(0)), (bytes) => bytes.fill(0, first.physicalOffset, end));
  const { faults, damages, firstDamage } = await verify(folder);
  const place = { physicalOffset: first.physicalOffset, end };
  // Messages 4 to 8: three of queue 0, two of queue 1, each with one key.
  t.deepEqual(damages, [
    { kind: 'log-damage', ...place, reason: 'zeros', recordsBehind: 51, queueEntries: 5, indexEntries: 5 },
  ]);
  t.is(firstDamage, first.physicalOffset);
  t.deepEqual(
    faults.map(({ kind, detail }) => [kind, detail]),
    [
      [
        'log-damage',
        `${end - first.physicalOffset} bytes without a record, up to ${end}: zeros; ` +
          '5 queue and 5 index entries lead there, 51 messages follow',
      ],
    ],
    'entries that lead there are not wrong themselves',
  );
});

test('a missing file of the log is told with what leads there and what follows', async (t) => {
  const folder = await filledStore(t);
  renameSync(join(folder, 'commitlog', fileName(4_096)), join(tempFolder(t), 'aside'));
  const { faults, damages } = await verify(folder);
  t.deepEqual(
    faults.map(({ kind }) => kind),
    ['file-gap'],
  );
  const [{ queueEntries, recordsBehind } = { queueEntries: 0, recordsBehind: 0 }] = damages;
  t.regex(
    faults[0]?.detail ?? '',
    new RegExp(`from 4096 to 8192; ${queueEntries} queue and ${queueEntries} index .* ${recordsBehind} messages`),
  );
  t.true(queueEntries > 0 && recordsBehind > 0);
});

test('a log that is not where it is looked for is named, and nothing is repaired', async (t) => {
  const folder = await filledStore(t);
  renameSync(join(folder, 'commitlog'), join(folder, 'elsewhere'));
  const faults = await faultsOf(folder);
  t.is(faults.length, 1);
  t.regex(
    faults[0] ?? '',
    /^log-missing: no file is there, but queues have 60 entries: .*storePathCommitLog.* \(-c\)$/,
  );
  const { plan } = await repair(folder);
  t.deepEqual(plan.steps, []);
  t.regex(plan.unmended.join(), /storePathCommitLog/);
  t.deepEqual(await faultsOf(folder, { storePathCommitLog: join(folder, 'elsewhere') }), []);
});

test('a record whose own CRC is wrong is named, though its body is right', async (t) => {
  const folder = await filledStore(t, { config: { enabledAppendPropCRC: true } });
  t.deepEqual(await faultsOf(folder), []);
  const { physicalOffset } = entryOf(folder, 3);
  // The port of the born host.
  patch(join(folder, 'commitlog', fileName(0)), (bytes) => bytes.writeUInt8(0xee, physicalOffset + 55));
  t.regex((await faultsOf(folder)).join(), /^log-crc: the record \(\d+ bytes\) does not fit its property __CRC32#$/);
  t.is((await verify(folder)).firstDamage, physicalOffset);
});

test('a property that only looks like a CRC is none where the store writes none', async (t) => {
  const { store, folder } = await openStore(t);
  put(t, store, putOf('orders', 0, 'x', { propertiesText: `TAGS\u0001A\u0002__CRC32#\u00010123456789\u0002` }));
  await store.shutdown();
  t.deepEqual(await faultsOf(folder), []);
});

test('an empty file at the end of a queue is named and mended', async (t) => {
  const folder = await filledStore(t);
  const path = join(folder, 'consumequeue/orders/0', fileName(640));
  writeFileSync(path, Buffer.alloc(160));
  t.regex((await faultsOf(folder)).join(), /^queue-empty-file: has no entry/);
  t.deepEqual((await repair(folder)).report.faults, []);
});

test('a piece of zeros in a queue is told once', async (t) => {
  const folder = await filledStore(t);
  patch(join(folder, 'consumequeue/orders/0', fileName(160)), (bytes) => bytes.fill(0));
  patch(join(folder, 'consumequeue/orders/0', fileName(320)), (bytes) => bytes.fill(0, 0, 40));
  const faults = await faultsOf(folder);
  t.is(faults.length, 2);
  t.is(faults[0], 'queue-entry: the entry is none: it has 0 (0 bytes), nor are the 9 behind it');
});

test('files of another size than the configuration says are told once, and what setting would do', async (t) => {
  const folder = await filledStore(t);
  const settings = { mappedFileSizeCommitLog: 8_192, mappedFileSizeConsumeQueue: 6_000_000 };
  const faults = await faultsOf(folder, settings);
  t.deepEqual(faults, [
    'file-size: its files have 4096 bytes, but mappedFileSizeCommitLog is 8192: a broker with this configuration does not start',
    'file-size: its files have 160 bytes, but mappedFileSizeConsumeQueue is 6000000: a broker with this configuration does not start',
  ]);
  rmSync(join(folder, 'consumequeue/orders/1'), { recursive: true });
  const { plan, report } = await repair(folder, settings);
  t.true(
    plan.unmended.includes(
      `${join(folder, 'consumequeue')}: set mappedFileSizeConsumeQueue to 160, the size that its files have`,
    ),
  );
  t.is(report.faultCount, 2, 'the queue is built with files of the same size as the others');
  t.deepEqual(await faultsOf(folder), []);
});

test('a log of one file that was cut short is suspected', async (t) => {
  const { store, folder } = await openStore(t);
  put(t, store, orderOf(0));
  await store.shutdown();
  truncateSync(join(folder, 'commitlog', fileName(0)), 3_000);
  const { faults } = await verify(folder);
  t.deepEqual(
    faults.map(({ kind, severity, detail }) => [kind, severity, detail]),
    [['file-size', 'warning', 'its files have 3000 bytes, which is no whole number of pages: were they cut?']],
  );
});

test('parts in other forms are named as such, and their queues are not taken for lost', async (t) => {
  const folder = await filledStore(t);
  rmSync(join(folder, 'consumequeue'), { recursive: true });
  for (const part of ['consumequeue', 'config/topics', 'kvStore']) {
    mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(join(folder, part, 'CURRENT'), 'MANIFEST-000005\n');
  }
  const { faults } = await verify(folder);
  t.deepEqual(
    faults.map(({ kind, severity, detail }) => [kind, severity, detail]),
    [
      ['unreadable', 'warning', 'is consume queues in RocksDB: it is not checked'],
      ['unreadable', 'warning', 'is a RocksDB: it is not checked'],
      ['unreadable', 'warning', 'is a table in RocksDB: it is not checked'],
    ],
  );
  t.deepEqual((await repair(folder)).plan.steps, []);
});

test('a store whose log is that of DLedger is named as such', async (t) => {
  const folder = await filledStore(t);
  renameSync(join(folder, 'commitlog'), join(folder, 'dledger-n0'));
  const { faults } = await verify(folder);
  t.deepEqual(
    faults.map(({ kind, severity }) => [kind, severity]),
    [['unreadable', 'warning']],
  );
  t.deepEqual((await repair(folder)).plan.steps, []);
  for (const name of readdirSync(folder)) {
    if (name !== 'dledger-n0') rmSync(join(folder, name), { recursive: true });
  }
  const error = await t.throwsAsync(open(folder), { code: 'NOT_FOUND' });
  t.regex(error?.message ?? '', /dledger-n0 is a commit log of DLedger, which can not be read/);
});
