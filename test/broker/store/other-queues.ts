/** Batch consume queues and light message queues. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { silentLogger } from '../../../src/base/logger.js';
import type { MessageStore, PutMessage } from '../../../src/broker/store/message-store.js';
import { createMessage } from '../../../src/protocol/message.js';
import { encodeBatch } from '../../../src/protocol/message-batch.js';
import { decodeMessage } from '../../../src/protocol/message-codec.js';
import { MessageSysFlag } from '../../../src/protocol/sys-flag.js';
import { ManualClock } from '../../helper/manual-clock.js';
import {
  crashedCopy,
  FaultyFileSystem,
  openStore,
  put,
  putOf,
  readBodies,
  readQueue,
  systemError,
  until,
} from '../../helper/store.js';

const BATCH_UNIT = 46;
const CONFIG = { mapperFileSizeBatchConsumeQueue: 4 * BATCH_UNIT };
const isBatchTopic = (topic: string) => topic === 'batches';
const OPTIONS = { config: CONFIG, isBatchTopic };

function innerBatch(...bodies: string[]): PutMessage {
  const body = encodeBatch(bodies.map((text) => createMessage('batches', text, { tags: 'in' })));
  return putOf('batches', 0, body, {
    sysFlag: MessageSysFlag.INNER_BATCH_FLAG | MessageSysFlag.NEED_UNWRAP_FLAG,
    properties: { UNIQ_KEY: `K${bodies[0]}`, TAGS: 'out', INNER_NUM: String(bodies.length) },
  });
}

test('an inner batch is one record that takes an offset for each of its messages', async (t) => {
  const { store } = await openStore(t, OPTIONS);
  t.is(put(t, store, innerBatch('a', 'b', 'c')).queueOffset, 0);
  t.is(put(t, store, innerBatch('d', 'e')).queueOffset, 3);
  t.is(store.putMessage(putOf('batches', 0, 'f')).queueOffset, 5, 'a single message has one');
  store.commitTurn();
  t.is(store.maxOffset('batches', 0), 6);
  const messages = await readQueue(store, 'batches', 0);
  t.deepEqual(
    messages.map((message) => [message.queueOffset, message.body.toString()]),
    ['a', 'b', 'c', 'd', 'e', 'f'].map((body, i) => [i, body]),
  );
  t.is((await store.getMessage('batches', 0, 4, 32, 1e6, null)).queueOffsets.join(), '3,5', 'the whole batch comes');
});

test('a batch consume queue has the unit that Apache writes', async (t) => {
  const { store, folder } = await openStore(t, OPTIONS);
  put(t, store, innerBatch('a', 'b', 'c'));
  const { physicalOffset, size, storeTimestamp } = put(t, store, innerBatch('d', 'e'));
  await store.shutdown();
  const file = readFileSync(join(folder, 'batchconsumequeue/batches/0/00000000000000000000'));
  t.is(file.length, 4 * BATCH_UNIT);
  const unit = file.subarray(BATCH_UNIT, 2 * BATCH_UNIT);
  // String.hashCode of "out" is 110414; msgBaseOffset 3, batchSize 2, compactedOffset -1, reserved 0.
  const expected = Buffer.alloc(BATCH_UNIT);
  expected.writeBigInt64BE(BigInt(physicalOffset), 0);
  expected.writeInt32BE(size, 8);
  expected.writeBigInt64BE(110_414n, 12);
  expected.writeBigInt64BE(BigInt(storeTimestamp), 20);
  expected.writeBigInt64BE(3n, 28);
  expected.writeInt16BE(2, 36);
  expected.writeInt32BE(-1, 38);
  t.deepEqual(unit, expected);
  t.true(file.subarray(2 * BATCH_UNIT).every((byte) => byte === 0));
});

test('the record says where its batch begins', async (t) => {
  const { store } = await openStore(t, OPTIONS);
  put(t, store, innerBatch('a', 'b'));
  const { physicalOffset } = put(t, store, innerBatch('c'));
  const message = decodeMessage((await store.lookMessage(physicalOffset)) as Buffer);
  t.is(message.queueOffset, 2);
  t.is(message.properties.get('INNER_BASE'), '2');
  t.is(message.properties.get('INNER_NUM'), '1');
});

test('an inner batch for a topic with simple queues is refused, and so is one whose count is no part of it', async (t) => {
  const { store } = await openStore(t, OPTIONS);
  t.is(store.putMessage({ ...innerBatch('a'), topic: 'simple' }).status, 'MESSAGE_ILLEGAL');
  t.is(store.maxOffset('simple', 0), 0);
});

test('batches are as they were after a crash, and when their queue is lost', async (t) => {
  const opened = await openStore(t, OPTIONS);
  for (let n = 0; n < 30; n++) put(t, opened.store, innerBatch(`${n}a`, `${n}b`, `${n}c`));
  const expected = await readBodies(opened.store, 'batches', 0);
  const crashed = crashedCopy(t, opened.folder);
  await opened.store.shutdown();
  const lost = crashedCopy(t, opened.folder);
  rmSync(join(lost, 'batchconsumequeue'), { recursive: true });
  for (const folder of [crashed, opened.folder, lost]) {
    const { store } = await openStore(t, { ...OPTIONS, folder });
    t.deepEqual(await readBodies(store, 'batches', 0), expected);
    t.is(put(t, store, innerBatch('last')).queueOffset, 90);
    await store.shutdown();
    t.true(readdirSync(join(folder, 'batchconsumequeue/batches/0')).length > 1, 'over several files');
  }
});

test('after a proper stop a store whose newest message is a batch is not recovered as after a crash', async (t) => {
  const { store, folder } = await openStore(t, OPTIONS);
  put(t, store, innerBatch('a', 'b', 'c'));
  await store.shutdown();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_fields: object, text?: string) => void warnings.push(text ?? '') };
  const again = await openStore(t, { ...OPTIONS, folder, logger });
  t.deepEqual(warnings, []);
  t.is(put(t, again.store, innerBatch('d')).queueOffset, 3);
});

test('a batch unit that is damaged does not stop a reader', async (t) => {
  const { store, folder } = await openStore(t, OPTIONS);
  for (let n = 0; n < 4; n++) put(t, store, innerBatch(`${n}a`, `${n}b`));
  await store.shutdown();
  const path = join(folder, 'batchconsumequeue/batches/0/00000000000000000000');
  const file = readFileSync(path);
  // msgBaseOffset of the third unit: 0 in place of 4.
  file.writeBigInt64BE(0n, 2 * BATCH_UNIT + 28);
  writeFileSync(path, file);
  const again = await openStore(t, { ...OPTIONS, folder });
  for (let offset = 0; offset < 8; ) {
    const { nextBeginOffset } = await again.store.getMessage('batches', 0, offset, 1, 1e6, null);
    t.true(nextBeginOffset > offset, `reading goes on from ${offset}`);
    offset = nextBeginOffset;
  }
});

test('a batch is found by the time it was stored', async (t) => {
  const { store, clock } = await openStore(t, OPTIONS);
  const times: number[] = [];
  for (const body of ['a', 'b', 'c']) {
    times.push(put(t, store, innerBatch(body, body)).storeTimestamp);
    clock.advance(1_000);
  }
  const [, second = 0, last = 0] = times;
  t.is(await store.offsetByTime('batches', 0, second, 'lower'), 2);
  t.is(await store.offsetByTime('batches', 0, second - 1, 'lower'), 2);
  t.is(await store.offsetByTime('batches', 0, second + 1, 'upper'), 2);
  t.is(await store.offsetByTime('batches', 0, last + 5_000, 'lower'), 4, 'after the last: the last, as Apache has it');
  t.is(await store.offsetByTime('batches', 0, 0, 'lower'), 0);
  t.is(store.messageTime('batches', 0, 3), second);
});

test('after expiry a batch queue begins with the first batch that is left', async (t) => {
  // Files are as old as the machine's clock says; by the store's they are ten years older.
  const clock = new ManualClock(Date.now() + 315_360_000_000);
  const { store } = await openStore(t, { ...OPTIONS, clock });
  for (let n = 0; n < 40; n++) put(t, store, innerBatch(`${n}`, `${n}`, `${n}`));
  t.true((await store.deleteExpiredFiles()) > 0);
  const { minOffset, maxOffset } = [...store.queues()].find(({ topic }) => topic === 'batches') ?? t.fail();
  t.true(minOffset > 0 && minOffset % 3 === 0);
  t.is((await readQueue(store, 'batches', 0)).length, maxOffset - minOffset);
});

test('a rolled back batch gives all its offsets back', async (t) => {
  const fs = new FaultyFileSystem();
  const { store, clock } = await openStore(t, { ...OPTIONS, fs });
  put(t, store, innerBatch('a', 'b'));
  fs.fault = (operation, path) => (operation === 'write' && path.includes('commitlog') ? systemError('EIO') : null);
  t.is(store.putMessage(innerBatch('x', 'y', 'z')).queueOffset, 2);
  store.commitTurn();
  fs.fault = () => null;
  await clock.advanceAsync(1_000);
  await until(() => store.isWriteable(), 'the disk is tried again');
  t.is(put(t, store, innerBatch('c')).queueOffset, 2);
});

const LMQ = { enableLmq: true, enableMultiDispatch: true };
const toQueues = (body: string, names: string) =>
  putOf('parent', 1, body, { properties: { INNER_MULTI_DISPATCH: names } });

test('a message stands in the light queues that it names, too', async (t) => {
  const { store } = await openStore(t, { config: LMQ });
  put(t, store, toQueues('1', '%LMQ%a'));
  put(t, store, putOf('parent', 1, '2'));
  const both = put(t, store, toQueues('3', '%LMQ%a,other,%LMQ%b'));
  t.deepEqual(await readBodies(store, 'parent', 1), ['1', '2', '3']);
  t.deepEqual(await readBodies(store, '%LMQ%a', 0), ['1', '3']);
  t.deepEqual(await readBodies(store, '%LMQ%b', 0), ['3']);
  const message = decodeMessage((await store.lookMessage(both.physicalOffset)) as Buffer);
  t.is(message.properties.get('INNER_MULTI_QUEUE_OFFSET'), '1,,0');
  t.is(store.maxOffset('other', 0), 0, 'only light queues are written to');
  t.is(store.stats().putMessages, 3);
  const open = put(t, store, toQueues('4', ',%LMQ%b,,'));
  const { properties } = decodeMessage((await store.lookMessage(open.physicalOffset)) as Buffer);
  t.is(properties.get('INNER_MULTI_QUEUE_OFFSET'), ',1', 'what is empty at the end counts as little as in Java');
});

test('retry and system topics, and stores without it, know no light queues', async (t) => {
  const { store } = await openStore(t, { config: LMQ });
  put(t, store, { ...toQueues('1', '%LMQ%a'), topic: '%RETRY%g' });
  put(t, store, { ...toQueues('1', '%LMQ%a'), topic: 'rmq_sys_x' });
  t.is(store.maxOffset('%LMQ%a', 0), 0);
  const without = await openStore(t);
  put(t, without.store, toQueues('1', '%LMQ%a'));
  t.is(without.store.maxOffset('%LMQ%a', 0), 0);
});

test('light queues are as they were after a crash, and when they are lost', async (t) => {
  const opened = await openStore(t, { config: LMQ });
  for (let n = 0; n < 30; n++) put(t, opened.store, toQueues(`${n}`, n % 2 ? '%LMQ%a' : '%LMQ%a,%LMQ%b'));
  const [a, b] = [await readBodies(opened.store, '%LMQ%a', 0), await readBodies(opened.store, '%LMQ%b', 0)];
  t.deepEqual([a.length, b.length], [30, 15]);
  const crashed = crashedCopy(t, opened.folder);
  await opened.store.shutdown();
  const lost = crashedCopy(t, opened.folder);
  rmSync(join(lost, 'consumequeue/%LMQ%a'), { recursive: true });
  for (const folder of [crashed, opened.folder, lost]) {
    const { store } = await openStore(t, { folder, config: LMQ });
    t.deepEqual(await readBodies(store, '%LMQ%b', 0), b);
    if (folder !== lost) t.deepEqual(await readBodies(store, '%LMQ%a', 0), a);
    put(t, store, toQueues('more', '%LMQ%b'));
    t.is(store.maxOffset('%LMQ%b', 0), 16);
    await store.shutdown();
  }
});

test('too many light queues, or too large a message, are refused', async (t) => {
  const { store } = await openStore(t, { config: { ...LMQ, maxLmqConsumeQueueNum: 1, maxMessageSize: 300 } });
  put(t, store, toQueues('1', '%LMQ%a,%LMQ%b'));
  t.is(store.putMessage(toQueues('1', '%LMQ%c')).status, 'LMQ_CONSUME_QUEUE_NUM_EXCEEDED');
  const small = await openStore(t, { config: { ...LMQ, maxMessageSize: 150 } });
  t.is(small.store.putMessage(toQueues('x'.repeat(100), '%LMQ%a')).status, 'MESSAGE_ILLEGAL');
});

async function bodiesOf(store: MessageStore, queueIds: readonly number[]): Promise<string[]> {
  const bodies: string[] = [];
  for (const queueId of queueIds) bodies.push(...(await readBodies(store, 'orders', queueId)));
  return bodies;
}

test('a commit log over several folders is read from all and written to those that are not read only', async (t) => {
  const opened = await openStore(t);
  const { folder } = opened;
  await opened.store.shutdown();
  const [one, two, old] = [join(folder, 'one'), join(folder, 'two'), join(folder, 'commitlog')];
  const config = { storePathCommitLog: `${two},${one}`, readOnlyCommitLogStorePaths: old };
  const body = 'x'.repeat(1_500);
  const first = await openStore(t, { folder });
  for (let n = 0; n < 6; n++) put(t, first.store, putOf('orders', 0, `${n} ${body}`));
  await first.store.shutdown();
  const before = readdirSync(old);
  const { store } = await openStore(t, { folder, config });
  for (let n = 6; n < 20; n++) put(t, store, putOf('orders', 0, `${n} ${body}`));
  await store.shutdown();
  t.deepEqual(readdirSync(old), before);
  // File number n goes to the sorted folder n modulo two.
  const numbers = (path: string) => readdirSync(path).map((name) => (Number(name) / 4_096) % 2);
  t.true(numbers(one).length > 1 && numbers(one).every((number) => number === 0));
  t.true(numbers(two).length > 1 && numbers(two).every((number) => number === 1));
  const again = await openStore(t, { folder, config });
  const bodies = await bodiesOf(again.store, [0]);
  t.deepEqual(
    bodies.map((text) => Number.parseInt(text, 10)),
    Array.from({ length: 20 }, (_, n) => n),
  );
});
