/**
 * Looking into, checking and mending store folders without a broker: on stores of ours and on stores that Apache's
 * classes wrote, each damaged on purpose.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLogger } from '../../../src/base/logger.js';
import { nodeFileSystem } from '../../../src/broker/store/file-system.js';
import { dumpStore } from '../../../src/broker/store/offline/dump.js';
import type { StoreFaultKind } from '../../../src/broker/store/offline/faults.js';
import { inspectStore } from '../../../src/broker/store/offline/inspect.js';
import { holdStore, repairStore } from '../../../src/broker/store/offline/repair.js';
import { planRepair } from '../../../src/broker/store/offline/repair-plan.js';
import { readLayout } from '../../../src/broker/store/offline/store-layout.js';
import { verifyStore } from '../../../src/broker/store/offline/verify.js';
import type { PutResult } from '../../../src/broker/store/store-types.js';
import { encodeProperties } from '../../../src/protocol/message-property.js';
import { type GoldenCase, goldenCases } from '../../helper/golden.js';
import { ManualClock } from '../../helper/manual-clock.js';
import { crashedCopy, openStore, put, putOf, readBodies, saveAll, tempFolder } from '../../helper/store.js';

const open = (folder: string) => readLayout(nodeFileSystem, { storePathRootDir: folder });
const verify = async (folder: string) => verifyStore(await open(folder));
const kindsOf = async (folder: string) => {
  const { faults } = await verify(folder);
  return [...new Set(faults.filter(({ severity }) => severity === 'fault').map(({ kind }) => kind))].sort();
};

async function repair(folder: string, cutAtDamage = false) {
  const options = { cutAtDamage };
  const store = await open(folder);
  const plan = await planRepair(store, options, 1_700_000_000_000);
  const report = await repairStore(store, plan, options, { clock: new ManualClock(), logger: silentLogger });
  return { plan, report };
}

const orderOf = (n: number) =>
  putOf('orders', n % 2, `body ${n} ${'x'.repeat(100)}`, {
    propertiesText: encodeProperties(
      new Map([
        ['TAGS', n % 3 === 0 ? 'paid' : 'open'],
        ['KEYS', `key${n} all`],
        ['UNIQ_KEY', `id${n}`],
      ]),
    ),
  });

/** 60 messages in two queues of one topic and 20 in another, over several files of each kind; closed properly. */
async function filledStore(t: ExecutionContext): Promise<string> {
  const { store, folder } = await openStore(t);
  for (let n = 0; n < 60; n++) put(t, store, orderOf(n));
  for (let n = 0; n < 20; n++) put(t, store, putOf('bills', 0, `bill ${n}`));
  await store.shutdown();
  return folder;
}

/** What the store serves: bodies of all queues. */
async function contents(t: ExecutionContext, folder: string): Promise<Record<string, string[]>> {
  const { store } = await openStore(t, { folder });
  const found = {
    'orders/0': await readBodies(store, 'orders', 0),
    'orders/1': await readBodies(store, 'orders', 1),
    'bills/0': await readBodies(store, 'bills', 0),
  };
  t.is((await store.queryByKey('orders', 'key7', 10, 0, Number.MAX_SAFE_INTEGER)).messages.length, 1);
  await store.shutdown();
  return found;
}

const expected = {
  'orders/0': Array.from({ length: 30 }, (_, i) => `body ${2 * i} ${'x'.repeat(100)}`),
  'orders/1': Array.from({ length: 30 }, (_, i) => `body ${2 * i + 1} ${'x'.repeat(100)}`),
  'bills/0': Array.from({ length: 20 }, (_, i) => `bill ${i}`),
};

/** Changes bytes of a file. */
function patch(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

const fileName = (start: number) => String(start).padStart(20, '0');
const logFile = (folder: string, start: number) => join(folder, 'commitlog', fileName(start));
const queueFile = (folder: string, start: number, queueId = 0) =>
  join(folder, 'consumequeue', 'orders', String(queueId), fileName(start));

test('a store that was closed properly is clean, and inspect shows what it holds', async (t) => {
  const folder = await filledStore(t);
  const report = await verify(folder);
  t.deepEqual(report.faults, []);
  t.is(report.faultCount, 0);
  t.is(report.records, 80);
  t.is(report.queueEntries, 80);
  t.is(report.indexEntries, 180);
  const found = await inspectStore(await open(folder));
  t.is(found.commitLog.maxPhyOffset, report.maxPhyOffset);
  t.is(found.commitLog.files.length, readdirSync(join(folder, 'commitlog')).length);
  t.is(found.commitLog.lastStoreTimestamp, report.lastStoreTimestamp);
  t.false(found.hasAbort);
  t.is(found.ownerPid, null);
  t.is(found.messages, 80);
  t.deepEqual(
    found.queues.map(({ topic, queueId, minOffset, maxOffset }) => [topic, queueId, minOffset, maxOffset]),
    [
      ['bills', 0, 0, 20],
      ['orders', 0, 0, 30],
      ['orders', 1, 0, 30],
    ],
  );
});

test('a store in use is read, its owner named, and not repaired', async (t) => {
  const opened = await openStore(t);
  for (let n = 0; n < 60; n++) put(t, opened.store, orderOf(n));
  const store = await open(opened.folder);
  t.deepEqual(store.owner, { pid: process.pid, isElsewhere: false });
  const report = await verifyStore(store);
  t.is(report.faultCount, 0, 'entries in memory are no faults');
  t.is(report.records, 60);
  await t.throwsAsync(holdStore(nodeFileSystem, opened.folder, new ManualClock()), { code: 'STORE_LOCKED' });
});

test('a folder that is no store is refused', async (t) => {
  await t.throwsAsync(open(tempFolder(t)), { code: 'NOT_FOUND' });
});

/** Damage, the kinds that verify must name, and what a repair has to bring back. */
interface Damage {
  readonly title: string;
  readonly harm: (folder: string, end: number) => void;
  readonly kinds: readonly StoreFaultKind[];
  readonly place?: (fault: { path: string; filePosition: number | null; detail: string }) => boolean;
}

const END_FILE = 4_096;
const damages: readonly Damage[] = [
  {
    title: 'a torn tail',
    harm: (folder, end) => {
      const start = Math.floor(end / END_FILE) * END_FILE;
      patch(logFile(folder, start), (bytes) => bytes.write('torn', end - start + 3));
    },
    kinds: ['torn-tail'],
    place: ({ detail }) => detail.startsWith('7 bytes behind'),
  },
  {
    title: 'half a record at the end',
    harm: (folder, end) => {
      const start = Math.floor(end / END_FILE) * END_FILE;
      patch(logFile(folder, start), (bytes) => bytes.copyWithin(end - start, 0, 60));
    },
    kinds: ['torn-tail'],
    place: ({ detail }) => /a record that belongs at/.test(detail),
  },
  {
    title: 'an entry that leads behind the log',
    harm: (folder) => patch(queueFile(folder, 160), (bytes) => bytes.writeBigInt64BE(99_999_999n, 40)),
    kinds: ['queue-entry'],
    place: ({ path, filePosition }) => path.endsWith('/orders/0/00000000000000000160') && filePosition === 40,
  },
  {
    title: 'an entry of another message',
    harm: (folder) => copyFileSync(queueFile(folder, 160, 1), queueFile(folder, 160, 0)),
    kinds: ['queue-entry'],
    place: ({ detail }) => /where message orders\/1@8 is/.test(detail),
  },
  {
    title: 'an entry of no message',
    harm: (folder) =>
      patch(queueFile(folder, 160), (bytes) => bytes.writeBigInt64BE(bytes.readBigInt64BE(20) + 4n, 20)),
    kinds: ['queue-entry'],
    place: ({ filePosition, detail }) => filePosition === 20 && /where no record is/.test(detail),
  },
  {
    title: 'an entry with a wrong size and tags code',
    harm: (folder) =>
      patch(queueFile(folder, 0), (bytes) => {
        bytes.writeInt32BE(bytes.readInt32BE(8) + 1, 8);
        bytes.writeBigInt64BE(12n, 12);
      }),
    kinds: ['queue-entry'],
    place: ({ filePosition, detail }) =>
      filePosition === 0 && /size \d+ instead of \d+, tags code 12 instead/.test(detail),
  },
  {
    title: 'an entry of zeros',
    harm: (folder) => patch(queueFile(folder, 0), (bytes) => bytes.fill(0, 60, 80)),
    kinds: ['queue-entry', 'queue-missing'],
    place: ({ filePosition, detail }) => filePosition === 60 && /is none/.test(detail),
  },
  {
    title: 'a missing file in a queue',
    harm: (folder) => rmSync(queueFile(folder, 160)),
    kinds: ['file-gap', 'queue-missing'],
    place: ({ path, detail }) => path.endsWith('/orders/0/00000000000000000160') && /160 to 320/.test(detail),
  },
  {
    title: 'the first file of a queue missing',
    harm: (folder) => rmSync(queueFile(folder, 0)),
    kinds: ['queue-missing'],
  },
  {
    title: 'the last files of a queue missing',
    harm: (folder) => {
      for (const start of [320, 480]) rmSync(queueFile(folder, start));
    },
    kinds: ['queue-missing'],
    place: ({ detail }) => /14 messages of the log have no entry, the first of them 16/.test(detail),
  },
  {
    title: 'a queue of another file size',
    harm: (folder) => truncateSync(queueFile(folder, 160), 100),
    kinds: ['file-gap', 'file-size', 'queue-missing'],
  },
  {
    title: 'a queue that is gone',
    harm: (folder) => rmSync(join(folder, 'consumequeue', 'orders', '1'), { recursive: true }),
    kinds: ['queue-missing'],
    place: ({ path, detail }) => path.endsWith('/orders/1') && /30 of its messages/.test(detail),
  },
  {
    title: 'an index entry that leads nowhere',
    harm: (folder) =>
      patch(indexFile(folder), (bytes) =>
        bytes.writeBigInt64BE(bytes.readBigInt64BE(itemAt(4) + 4) + 1n, itemAt(4) + 4),
      ),
    kinds: ['index-entry', 'index-missing'],
    place: ({ filePosition, detail }) => filePosition === itemAt(4) && /where no record is/.test(detail),
  },
  {
    title: 'an index entry of a key that its message has not',
    harm: (folder) =>
      patch(indexFile(folder), (bytes) => bytes.writeInt32BE(bytes.readInt32BE(itemAt(2)) + 7, itemAt(2))),
    kinds: ['index-entry', 'index-missing'],
    place: ({ filePosition, detail }) => filePosition === itemAt(2) && /is of no key of the message/.test(detail),
  },
  {
    title: 'an index slot that leads elsewhere',
    harm: (folder) => patch(indexFile(folder), (bytes) => bytes.writeInt32BE(1, 40)),
    kinds: ['index-entry'],
    place: ({ filePosition }) => filePosition === 40,
  },
  {
    title: 'an index file that is gone',
    harm: (folder) => rmSync(indexFile(folder)),
    kinds: ['index-missing'],
  },
  {
    title: 'an index file that is too short',
    harm: (folder) => truncateSync(join(folder, 'index', readdirSync(join(folder, 'index')).at(-1) as string), 500),
    kinds: ['index-file', 'index-missing'],
  },
  {
    title: 'a checkpoint from the future',
    harm: (folder) =>
      patch(join(folder, 'checkpoint'), (bytes) => {
        bytes.writeBigInt64BE(4_000_000_000_000n, 8);
        bytes.writeBigInt64BE(99_999_999n, 32);
      }),
    kinds: ['checkpoint'],
    place: ({ filePosition, detail }) => filePosition === 8 && detail.startsWith('logicsMsgTimestamp 4000000000000'),
  },
  {
    title: 'a table that can not be read',
    harm: (folder) => {
      mkdirSync(join(folder, 'config'));
      writeFileSync(join(folder, 'config', 'topics.json'), '{"topicConfigTable":{');
      const topic = (name: string) => `"${name}":{"topicName":"${name}","readQueueNums":2,"writeQueueNums":2,"perm":6}`;
      const table = `{"topicConfigTable":{${topic('orders')},${topic('bills')}}}`;
      writeFileSync(join(folder, 'config', 'topics.json.bak'), table);
    },
    kinds: ['config-json'],
    place: ({ path }) => path.endsWith('/config/topics.json'),
  },
  {
    title: 'committed offsets that no queue has',
    harm: (folder) => {
      mkdirSync(join(folder, 'config'));
      writeFileSync(join(folder, 'config', 'consumerOffset.json'), '{"offsetTable":{"orders@g":{0:31,1:30}}}');
    },
    kinds: ['consumer-offset'],
    place: ({ detail }) => /group g: 31 is beyond 30/.test(detail),
  },
  {
    title: 'a stray file in the log',
    harm: (folder) => writeFileSync(join(folder, 'commitlog', '.DS_Store'), 'x'),
    kinds: ['stray-file'],
  },
];

const itemAt = (number: number) => 40 + 7 * 4 + number * 20;
const indexFile = (folder: string) => join(folder, 'index', readdirSync(join(folder, 'index'))[0] as string);

for (const { title, harm, kinds, place } of damages) {
  test(`${title}: verify names it, repair mends it, and all messages are there`, async (t) => {
    const folder = await filledStore(t);
    const { maxPhyOffset } = await verify(folder);
    harm(folder, maxPhyOffset);
    t.deepEqual(await kindsOf(folder), [...kinds].sort());
    if (place) t.true((await verify(folder)).faults.some(place), JSON.stringify((await verify(folder)).faults));
    const { plan, report } = await repair(folder);
    t.deepEqual(report.faults, []);
    t.deepEqual(plan.unmended, []);
    t.deepEqual(await kindsOf(folder), []);
    t.deepEqual(await contents(t, folder), expected);
    t.deepEqual(await kindsOf(folder), [], 'the store agrees with what repair built');
  });
}

test('what repair takes out is in the side folder', async (t) => {
  const folder = await filledStore(t);
  const { maxPhyOffset: end } = await verify(folder);
  const start = Math.floor(end / END_FILE) * END_FILE;
  patch(logFile(folder, start), (bytes) => bytes.write('torn', end - start + 3));
  const wrong = readFileSync(queueFile(folder, 0));
  wrong.writeInt32BE(5, 8);
  writeFileSync(queueFile(folder, 0), wrong);
  const { plan } = await repair(folder);
  t.true(plan.sideFolder.endsWith('mqadmin-repair-20231114T221320Z'));
  const torn = readFileSync(join(plan.sideFolder, 'commitlog', `${fileName(start)}.from-${end}`));
  t.is(torn.toString('latin1'), '\0\0\0torn');
  t.deepEqual(readFileSync(join(plan.sideFolder, 'consumequeue', 'orders', '0', fileName(0))), wrong);
});

/** Physical offset and size of the record of `orders/0@offset`. */
function entryOf(folder: string, offset: number): { physicalOffset: number; size: number } {
  const bytes = readFileSync(queueFile(folder, Math.floor(offset / 8) * 160));
  const at = (offset % 8) * 20;
  return { physicalOffset: Number(bytes.readBigInt64BE(at)), size: bytes.readInt32BE(at + 8) };
}

for (const [what, kind, harm] of [
  ['a flipped bit in a body', 'log-crc', (bytes: Buffer, at: number) => bytes.writeUInt8(0xff, at + 90)],
  ['a bad magic', 'log-damage', (bytes: Buffer, at: number) => bytes.writeInt32BE(1, at + 4)],
  ['a bad size', 'log-damage', (bytes: Buffer, at: number) => bytes.writeInt32BE(12, at)],
] as const) {
  test(`${what} in the middle of the log is named and left alone, unless the log is to end there`, async (t) => {
    const folder = await filledStore(t);
    const { physicalOffset } = entryOf(folder, 5);
    const harmed = logFile(folder, Math.floor(physicalOffset / END_FILE) * END_FILE);
    patch(harmed, (bytes) => harm(bytes, physicalOffset % END_FILE));
    const report = await verify(folder);
    const fault = report.faults.find((found) => found.kind === kind);
    t.is(fault?.physicalOffset, physicalOffset);
    t.is(fault?.path, harmed);
    t.is(report.firstDamage, physicalOffset);
    const before = readFileSync(harmed);
    const { plan } = await repair(folder);
    t.is(plan.steps.length, 0);
    t.regex(plan.unmended.join(), /the log is damaged/);
    t.deepEqual(readFileSync(harmed), before);

    const damaged: string[] = [];
    const bodies: string[] = [];
    const all = { from: { kind: 'after-start', bytes: 0 }, to: { kind: 'before-end', bytes: 0 } } as const;
    const listener = { onDamage: (path: string, from: number) => damaged.push(`${path} ${from}`) };
    for await (const message of dumpStore(await open(folder), { ...all, topic: 'orders', queueId: null }, listener)) {
      bodies.push(message.body.toString('latin1'));
    }
    t.is(bodies.length, kind === 'log-crc' ? 60 : 59, 'dump saves the messages behind');
    t.deepEqual(damaged, kind === 'log-crc' ? [] : [`${harmed} ${physicalOffset}`]);

    const { report: after } = await repair(folder, true);
    t.deepEqual(after.faults, []);
    t.is(after.maxPhyOffset, physicalOffset);
    t.deepEqual((await contents10(t, folder)).length, 10);
  });
}

/** Bodies that are left of the first ten messages. */
async function contents10(t: ExecutionContext, folder: string): Promise<string[]> {
  const { store } = await openStore(t, { folder });
  const bodies = [...(await readBodies(store, 'orders', 0)), ...(await readBodies(store, 'orders', 1))];
  await store.shutdown();
  return bodies;
}

test('a missing file of the log is named with its range, and what derives from it is left alone', async (t) => {
  const folder = await filledStore(t);
  renameSync(logFile(folder, END_FILE), join(tempFolder(t), 'aside'));
  const report = await verify(folder);
  const gap = report.faults.find(({ kind }) => kind === 'file-gap');
  t.is(gap?.path, logFile(folder, END_FILE));
  t.regex(gap?.detail ?? '', /from 4096 to 8192/);
  t.deepEqual((await inspectStore(await open(folder))).commitLog.gaps, [{ from: 4096, to: 8192 }]);
  const { plan } = await repair(folder);
  t.deepEqual(plan.steps, []);
});

test('a folder that a crash left is named behind, mended, and has all that was written', async (t) => {
  const opened = await openStore(t);
  for (let n = 0; n < 20; n++) put(t, opened.store, orderOf(n));
  await saveAll(opened);
  for (let n = 20; n < 60; n++) put(t, opened.store, orderOf(n));
  const folder = crashedCopy(t, opened.folder);
  t.true((await open(folder)).hasAbort);
  t.deepEqual(await kindsOf(folder), ['index-missing', 'queue-missing']);
  const { report } = await repair(folder);
  t.deepEqual(report.faults, []);
  const { store } = await openStore(t, { folder });
  t.deepEqual(await readBodies(store, 'orders', 0), expected['orders/0']);
  t.deepEqual(await readBodies(store, 'orders', 1), expected['orders/1']);
});

test('a topic that was deleted, and one that was made again, are no faults', async (t) => {
  const { store, folder } = await openStore(t);
  for (let n = 0; n < 20; n++) put(t, store, orderOf(n));
  await store.destroyTopic(['orders']);
  for (let n = 20; n < 26; n++) put(t, store, orderOf(n));
  put(t, store, putOf('gone', 0, 'x'));
  await store.destroyTopic(['gone']);
  await store.shutdown();
  mkdirSync(join(folder, 'config'));
  writeFileSync(join(folder, 'config', 'topics.json'), '{"topicConfigTable":{"orders":{"topicName":"orders"}}}');
  t.deepEqual(await kindsOf(folder), []);
  const { faults } = await verify(folder);
  t.deepEqual(
    faults.map(({ kind, topic }) => [kind, topic]),
    [['queue-missing', 'gone']],
  );
  patch(queueFile(folder, 0), (bytes) => bytes.writeInt32BE(5, 8));
  const { report } = await repair(folder);
  t.is(report.faultCount, 0);
  const again = await openStore(t, { folder });
  t.is((await readBodies(again.store, 'orders', 0)).length, 3);
});

test('batch queues are checked and built anew', async (t) => {
  const isBatchTopic = (topic: string) => topic === 'batched';
  const { store, folder } = await openStore(t, { isBatchTopic, config: { mapperFileSizeBatchConsumeQueue: 230 } });
  const properties = { INNER_NUM: '3', UNIQ_KEY: 'u' };
  for (let n = 0; n < 12; n++) put(t, store, putOf('batched', 0, `b${n}`, { properties }));
  await store.shutdown();
  t.deepEqual(await kindsOf(folder), []);
  const queues = (await inspectStore(await open(folder))).queues;
  t.deepEqual(
    queues.map(({ type, maxOffset, files }) => [type, maxOffset, files]),
    [['BatchCQ', 36, 3]],
  );
  const second = join(folder, 'batchconsumequeue', 'batched', '0', fileName(230));
  patch(second, (bytes) => bytes.writeInt16BE(2, 36));
  t.deepEqual(await kindsOf(folder), ['queue-entry']);
  t.deepEqual((await repair(folder)).report.faults, []);
  rmSync(second);
  t.deepEqual(await kindsOf(folder), ['file-gap', 'queue-missing']);
  t.deepEqual((await repair(folder)).report.faults, []);
  const again = await openStore(t, { folder, isBatchTopic, config: { mapperFileSizeBatchConsumeQueue: 230 } });
  t.is(again.store.maxOffset('batched', 0), 36);
});

test('dump keeps to offsets, times and topics, and begins anywhere', async (t) => {
  const { store, folder, clock } = await openStore(t);
  const results: PutResult[] = [];
  for (let n = 0; n < 60; n++) {
    results.push(put(t, store, n % 10 === 0 ? putOf('bills', 0, `bill ${n}`) : orderOf(n)));
    clock.advance(1000);
  }
  await store.shutdown();
  const layout = await open(folder);
  const numbers = async (range: Partial<Parameters<typeof dumpStore>[1]>) => {
    const found: number[] = [];
    const all = { from: { kind: 'after-start', bytes: 0 }, to: { kind: 'before-end', bytes: 0 } } as const;
    const listener = { onDamage: () => t.fail() };
    for await (const { body } of dumpStore(layout, { ...all, topic: null, queueId: null, ...range }, listener)) {
      found.push(Number(body.toString().split(' ')[1]));
    }
    return found;
  };
  const at = (n: number) => results[n] as PutResult;
  t.is((await numbers({})).length, 60);
  t.deepEqual(await numbers({ topic: 'bills' }), [0, 10, 20, 30, 40, 50]);
  t.deepEqual(
    await numbers({ topic: 'orders', queueId: 1, to: { kind: 'physical-offset', physicalOffset: 900 } }),
    [1, 3],
  );
  const from = { kind: 'physical-offset', physicalOffset: at(40).physicalOffset + 1 } as const;
  t.deepEqual(
    await numbers({ from, to: { kind: 'physical-offset', physicalOffset: at(43).physicalOffset } }),
    [41, 42],
  );
  t.deepEqual(
    await numbers({
      from: { kind: 'time', timestamp: at(30).storeTimestamp },
      to: { kind: 'time', timestamp: at(33).storeTimestamp },
    }),
    [30, 31, 32],
  );
  t.deepEqual(await numbers({ from: { kind: 'before-end', bytes: at(59).size + at(58).size } }), [58, 59]);
  const opened: string[] = [];
  const fs = {
    ...nodeFileSystem,
    open: (...args: Parameters<typeof nodeFileSystem.open>) => {
      opened.push(args[0]);
      return nodeFileSystem.open(...args);
    },
  };
  const all = { from: { kind: 'after-start', bytes: 0 }, topic: null, queueId: null } as const;
  const to = { kind: 'time', timestamp: at(3).storeTimestamp } as const;
  for await (const message of dumpStore({ ...layout, fs }, { ...all, to }, { onDamage: () => t.fail() })) {
    t.true(message.storeTimestamp < to.timestamp);
  }
  t.is(opened.at(-1), logFile(folder, END_FILE), 'it ends with the first file that begins later');
});

interface WholeStore extends GoldenCase {
  input: { mappedFileSizeCommitLog: number; messages: unknown[] };
  files: Array<{ path: string; size: number; base64: string }>;
}

const goldens = goldenCases<WholeStore>('store-files').filter(({ name }) => name.startsWith('whole store'));

for (const [i, { name, input, files }] of goldens.entries()) {
  test(`Apache's ${name} (${i}): clean as it is; cut in its last record, mended with all before`, async (t) => {
    const folder = tempFolder(t);
    for (const { path, size, base64 } of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      const bytes = Buffer.alloc(size);
      Buffer.from(base64, 'base64').copy(bytes);
      writeFileSync(join(folder, path), bytes);
    }
    const { faults, records, maxPhyOffset } = await verify(folder);
    t.deepEqual(
      faults.filter(({ severity }) => severity === 'fault'),
      [],
    );
    t.true(records >= input.messages.length);
    const fileBytes = input.mappedFileSizeCommitLog;
    const start = Math.floor(maxPhyOffset / fileBytes) * fileBytes;
    patch(logFile(folder, start), (bytes) => bytes.fill(0, maxPhyOffset - start - 20, maxPhyOffset - start));
    const kinds = await kindsOf(folder);
    t.true(kinds.includes('torn-tail'), kinds.join());
    const { report } = await repair(folder);
    t.is(report.faultCount, 0);
    t.is(report.records, records - 1);
    t.true(existsSync(join(folder, 'commitlog')));
  });
}
