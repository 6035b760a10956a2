import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { StoreCorruptError, StoreLockedError } from '../../../src/broker/store/errors.js';
import type { CopyResult } from '../../../src/broker/store/message-store.js';
import { tagsCode } from '../../../src/protocol/java-hash.js';
import { decodeMessage, decodeMessages } from '../../../src/protocol/message-codec.js';
import { ManualClock, settle } from '../../helper/manual-clock.js';
import {
  FaultyFileSystem,
  newStore,
  openStore,
  put,
  putOf,
  readBodies,
  readQueue,
  SMALL_STORE,
  tempFolder,
} from '../../helper/store.js';

const FOREVER = Number.MAX_SAFE_INTEGER;

test('a message is read back as it was put', async (t) => {
  const { store, clock } = await openStore(t);
  clock.advance(5);
  const body = Buffer.from('hello');
  const result = put(t, store, {
    ...putOf('orders', 3, body, { properties: { TAGS: 'TagA', KEYS: 'k1', UNIQ_KEY: 'U1' } }),
    flag: 9,
    sysFlag: 2,
    reconsumeTimes: 4,
    preparedTransactionOffset: 77,
  });
  body.fill(0);
  t.deepEqual(result, {
    status: 'PUT_OK',
    physicalOffset: 0,
    size: result.size,
    queueOffset: 0,
    storeTimestamp: 1_700_000_000_005,
  });
  const [message] = await readQueue(store, 'orders', 3);
  t.like(message, {
    topic: 'orders',
    queueId: 3,
    queueOffset: 0,
    physicalOffset: 0,
    flag: 9,
    sysFlag: 2,
    reconsumeTimes: 4,
    preparedTransactionOffset: 77,
    bornTimestamp: 1_700_000_000_000,
    storeTimestamp: 1_700_000_000_005,
    bornHost: { address: '10.1.2.3', port: 50_001 },
    storeHost: { address: '10.9.8.7', port: 10_911 },
    storeSize: result.size,
  });
  t.is(message?.body.toString(), 'hello');
  t.deepEqual(Object.fromEntries(message?.properties ?? []), { TAGS: 'TagA', KEYS: 'k1', UNIQ_KEY: 'U1' });
});

test('nothing is visible before the turn ends, everything after it', async (t) => {
  const { store } = await openStore(t);
  store.putMessage(putOf('orders', 0, 'a'));
  store.putMessage(putOf('orders', 0, 'b'));
  t.is(store.maxOffset('orders', 0), 0);
  t.is(store.stats().maxPhyOffset, 0);
  await settle();
  t.deepEqual(await readBodies(store, 'orders', 0), ['a', 'b']);
});

test('all messages of a turn are written at once', async (t) => {
  const fs = new FaultyFileSystem();
  const { store } = await openStore(t, { fs });
  put(t, store, putOf('orders', 0, 'first'));
  const before = fs.counts.write;
  for (let i = 0; i < 20; i++) store.putMessage(putOf('orders', i % 4, `m${i}`));
  await settle();
  t.is(fs.counts.write, before + 1);
});

test('offsets count for each queue of each topic', async (t) => {
  const { store } = await openStore(t);
  const offsets = [
    ['a', 0],
    ['a', 1],
    ['a', 0],
    ['b', 0],
    ['a', 0],
  ].map(([topic, queueId]) => store.putMessage(putOf(topic as string, queueId as number, 'x')).queueOffset);
  t.deepEqual(offsets, [0, 0, 1, 0, 2]);
  store.commitTurn();
  t.deepEqual(
    [...store.queues()].map(({ topic, queueId, maxOffset }) => `${topic}@${queueId}:${maxOffset}`),
    ['a@0:3', 'a@1:1', 'b@0:1'],
  );
});

test('prepared and rollback messages have no place in a queue, committed ones do', async (t) => {
  const { store } = await openStore(t);
  const put4 = (sysFlag: number, key: string) =>
    put(t, store, putOf('orders', 0, `body-${sysFlag}`, { sysFlag, properties: { UNIQ_KEY: key } }));
  t.deepEqual(
    [0, 4, 12, 8].map((sysFlag) => put4(sysFlag, `K${sysFlag}`).queueOffset),
    [0, 0, 0, 1],
  );
  t.deepEqual(await readBodies(store, 'orders', 0), ['body-0', 'body-8']);
  const found = async (key: string) => (await store.queryByKey('orders', key, 32, 0, FOREVER)).offsets.length;
  t.deepEqual([await found('K0'), await found('K4'), await found('K12'), await found('K8')], [1, 1, 0, 1]);
});

test('on the schedule topic the tags code is the time of delivery', async (t) => {
  const { store, clock } = await openStore(t);
  for (const level of ['3', '18', '99', 'x']) {
    put(t, store, putOf('SCHEDULE_TOPIC_XXXX', 2, 'later', { properties: { DELAY: level, TAGS: 'a' } }));
  }
  put(t, store, putOf('orders', 0, 'now', { properties: { DELAY: '3', TAGS: 'a' } }));
  t.deepEqual(
    store.queueUnits('SCHEDULE_TOPIC_XXXX', 2, 0, 10).map((unit) => unit.tagsCode),
    [clock.now() + 10_000, clock.now() + 7_200_000, clock.now() + 7_200_000, 97],
  );
  t.is(store.queueUnits('orders', 0, 0, 1)[0]?.tagsCode, 97);
});

test('given tags code and keys win over those of the properties', async (t) => {
  const { store } = await openStore(t);
  put(
    t,
    store,
    putOf('orders', 0, 'x', {
      tagsCode: 42,
      keys: { uniqKey: 'U', keys: 'a b' },
      properties: { TAGS: 'T', KEYS: 'c' },
    }),
  );
  t.is(store.queueUnits('orders', 0, 0, 1)[0]?.tagsCode, 42);
  for (const key of ['U', 'a', 'b']) t.is((await store.queryByKey('orders', key, 9, 0, FOREVER)).offsets.length, 1);
  t.is((await store.queryByKey('orders', 'c', 9, 0, FOREVER)).offsets.length, 0);
});

test('a batch has consecutive offsets and stays in one file', async (t) => {
  const { store } = await openStore(t);
  put(t, store, putOf('orders', 0, Buffer.alloc(2_500, 'x')));
  const common = putOf('orders', 0, '');
  const records = Array.from({ length: 10 }, (_, i) => ({
    flag: i,
    body: Buffer.from(`batch-${i}`.padEnd(100)),
    propertiesText: `UNIQ_KEY\u0001B${i}\u0002`,
  }));
  const results = store.putBatch(common, records);
  store.commitTurn();
  t.deepEqual(
    results.map(({ queueOffset }) => queueOffset),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  t.is(results[0]?.physicalOffset, 4_096);
  for (let i = 1; i < 10; i++) {
    const before = results[i - 1];
    t.is(results[i]?.physicalOffset, (before?.physicalOffset ?? 0) + (before?.size ?? 0));
  }
  const messages = await readQueue(store, 'orders', 0);
  t.deepEqual(
    messages.slice(1).map(({ flag, body }) => `${flag} ${body.toString().trim()}`),
    records.map((_, i) => `${i} batch-${i}`),
  );
  t.is((await store.queryByKey('orders', 'B7', 9, 0, FOREVER)).offsets[0], results[7]?.physicalOffset);
});

test('a batch may take more than one message may, also at the end of a file', async (t) => {
  const config = { maxMessageSize: 100, mappedFileSizeCommitLog: 200_000, windowBytes: 200_000 };
  const { store } = await openStore(t, { config });
  const records = Array.from({ length: 800 }, () => ({ flag: 0, body: Buffer.from('x'), propertiesText: '' }));
  for (let n = 0; n < 5; n++) {
    const results = store.putBatch(putOf('orders', 0, ''), records);
    t.is(results[0]?.status, 'PUT_OK');
    t.true((results[0]?.physicalOffset ?? 0) % 200_000 <= 200_000 - 800 * 98);
  }
  store.commitTurn();
  t.is(store.maxOffset('orders', 0), 4_000);
  t.is((await readQueue(store, 'orders', 0)).length, 4_000);
});

const illegal = test.macro({
  title: (title = '') => `refused: ${title}`,
  async exec(t, change: Partial<ReturnType<typeof putOf>>, status: string) {
    const { store } = await openStore(t, { config: { maxMessageSize: 1_000 } });
    const message = { ...putOf('orders', 0, 'x'), ...change };
    t.is(store.putMessage(message).status, status as never);
    t.deepEqual(
      store.putBatch(message, [message, message]).map((result) => result.status),
      [status, status] as never,
    );
    store.commitTurn();
    t.is(store.stats().maxPhyOffset, 0);
    t.is(store.stats().putFailures, 3);
    t.is(put(t, store, putOf('orders', 0, 'fine')).queueOffset, 0);
  },
});

test('a body over the limit', illegal, { body: Buffer.alloc(1_001) }, 'MESSAGE_ILLEGAL');
test('a topic of 128 bytes', illegal, { topic: 'x'.repeat(128) }, 'MESSAGE_ILLEGAL');
test('a retry topic of 256 bytes', illegal, { topic: '%RETRY%'.padEnd(256, 'x') }, 'MESSAGE_ILLEGAL');
test('no topic', illegal, { topic: '' }, 'MESSAGE_ILLEGAL');
test('a topic that leads out of the folder', illegal, { topic: '../x' }, 'MESSAGE_ILLEGAL');
test('a negative queue id', illegal, { queueId: -1 }, 'MESSAGE_ILLEGAL');
test('properties over 32,767 bytes', illegal, { propertiesText: 'x'.repeat(32_768) }, 'PROPERTIES_SIZE_EXCEEDED');

test('a record that no file can hold is refused, and the next one is taken', async (t) => {
  const { store } = await openStore(t);
  t.is(store.putMessage(putOf('orders', 0, Buffer.alloc(4_050))).status, 'MESSAGE_ILLEGAL');
  t.is(put(t, store, putOf('orders', 0, 'x')).queueOffset, 0);
});

test('a retry topic of more than 127 bytes is kept in V2 records', async (t) => {
  const { store } = await openStore(t);
  const topic = `%RETRY%${'g'.repeat(200)}`;
  put(t, store, putOf(topic, 0, 'again'));
  t.deepEqual(await readBodies(store, topic, 0), ['again']);
  const off = await openStore(t, { config: { autoMessageVersionOnTopicLen: false } });
  t.is(off.store.putMessage(putOf(topic, 0, 'again')).status, 'MESSAGE_ILLEGAL');
});

test('a file ends with a filler, for which eight bytes are always left', async (t) => {
  // A record of this topic has 97 bytes and its body.
  for (const leftBytes of [8, 9, 100, 104]) {
    const { store, folder } = await openStore(t);
    put(t, store, putOf('orders', 0, Buffer.alloc(4_096 - 97 - leftBytes)));
    const next = put(t, store, putOf('orders', 0, ''));
    t.is(next.physicalOffset, 4_096, `${leftBytes} bytes left`);
    const content = readFileSync(join(folder, 'commitlog', '00000000000000000000'));
    t.is(content.readInt32BE(4_096 - leftBytes), leftBytes);
    t.is(content.readInt32BE(4_096 - leftBytes + 4), -875_286_124);
  }
  const { store } = await openStore(t);
  put(t, store, putOf('orders', 0, Buffer.alloc(4_096 - 97 - 105)));
  t.is(put(t, store, putOf('orders', 0, '')).physicalOffset, 4_096 - 105);
  t.is(store.putMessage(putOf('orders', 0, Buffer.alloc(4_096 - 97 - 7))).status, 'MESSAGE_ILLEGAL');
});

test('messages are read from memory and from files alike while window and files go round', async (t) => {
  const { store } = await openStore(t, { config: { windowBytes: 3_000 } });
  const bodies: string[] = [];
  for (let i = 0; i < 200; i++) {
    const body = `${i}-`.padEnd(20 + ((i * 37) % 400), 'x');
    bodies.push(body);
    store.putMessage(putOf('orders', i % 3, body));
    if (i % 7 === 0) store.commitTurn();
  }
  store.commitTurn();
  t.true(store.stats().maxPhyOffset > 10 * 4_096);
  for (let q = 0; q < 3; q++) {
    t.deepEqual(
      await readBodies(store, 'orders', q),
      bodies.filter((_, i) => i % 3 === q),
    );
  }
});

test('a hot read copies what an ordinary read returns, or leaves it to that', async (t) => {
  const { store } = await openStore(t, { config: { windowBytes: 8_192, mappedFileSizeConsumeQueue: 6_000 } });
  for (let i = 0; i < 100; i++) store.putMessage(putOf('orders', i % 2, `body-${i}`.padEnd(50)));
  store.commitTurn();
  const handle = store.topic('orders');
  const target = new Uint8Array(20_000);
  let hot = 0;
  for (let offset = 0; offset <= 51; offset++) {
    const ordinary = await store.getMessage('orders', 1, offset, 10, 100_000, null);
    const copied = store.getter.copyMessages(handle, 1, offset, 10, 100_000, null, target, 3);
    if (!copied) continue;
    hot += 1;
    const { status, nextBeginOffset, minOffset, maxOffset, count } = ordinary;
    const bytesWritten = ordinary.bytes?.length ?? 0;
    t.deepEqual(copied, { status, nextBeginOffset, minOffset, maxOffset, count, bytesWritten } satisfies CopyResult);
    if (ordinary.bytes) t.deepEqual(Buffer.from(target.subarray(3, 3 + bytesWritten)), ordinary.bytes);
  }
  // All that is in the page cache, and nothing beyond the queue's end.
  t.true(hot > 40, `${hot}`);
  t.is(store.getter.copyMessages(handle, 1, 45, 10, 100_000, null, new Uint8Array(100), 0), null);
  t.is(store.getter.copyMessages(handle, 9, 0, 10, 100_000, null, target, 0), null);
});

test('a hot read into the log own buffer copies inside it', async (t) => {
  const buffer = new ArrayBuffer(20_000);
  const { store } = await openStore(t, { memory: { buffer, windowStart: 10_000, windowBytes: 10_000 } });
  for (let i = 0; i < 5; i++) store.putMessage(putOf('orders', 0, `body-${i}`));
  store.commitTurn();
  const target = new Uint8Array(buffer, 1_000, 5_000);
  const copied = store.getter.copyMessages(store.topic('orders'), 0, 1, 3, 100_000, null, target, 10);
  t.is(copied?.count, 3);
  const messages = decodeMessages(Buffer.from(target.subarray(10, 10 + (copied?.bytesWritten ?? 0))));
  t.deepEqual(
    messages.map(({ body }) => body.toString()),
    ['body-1', 'body-2', 'body-3'],
  );
});

test('records encoded straight into the window are messages like others', async (t) => {
  const { store } = await openStore(t);
  put(t, store, putOf('orders', 0, 'first', { properties: { UNIQ_KEY: 'U1', TAGS: 'a' } }));
  const log = store.commitLog;
  const template = await store.lookMessage(0);
  if (!template) throw new Error('no template');
  const handle = store.topic('orders');
  const queue = store.queueForPut(handle, 0);
  const at = log.reserve(template.length);
  t.true(at >= 0);
  log.bytes.set(template, at);
  log.view.setInt32(at + 20 + 4, queue.nextOffset);
  log.view.setInt32(at + 28 + 4, log.position);
  log.addKey(12_345);
  log.accept(queue, template.length, 97, store.stampTime());
  await settle();
  const messages = await readQueue(store, 'orders', 0);
  t.deepEqual(
    messages.map(({ queueOffset, physicalOffset }) => [queueOffset, physicalOffset]),
    [
      [0, 0],
      [1, template.length],
    ],
  );
});

test('filters see the tags code', async (t) => {
  const { store } = await openStore(t);
  for (let i = 0; i < 12; i++)
    store.putMessage(putOf('orders', 0, `${i}`, { properties: { TAGS: i % 3 ? 'a' : 'b' } }));
  store.commitTurn();
  const result = await store.getMessage('orders', 0, 0, 32, 10_000, (code) => code === tagsCode('b'));
  t.is(result.status, 'FOUND');
  // The consume-queue file here ends after eight entries.
  t.deepEqual(result.queueOffsets, [0, 3, 6]);
  t.is(result.nextBeginOffset, 8);
});

test('an unknown queue has no message and offsets 0', async (t) => {
  const { store } = await openStore(t);
  const result = await store.getMessage('none', 0, 5, 32, 10_000, null);
  t.like(result, { status: 'NO_MESSAGE_IN_QUEUE', nextBeginOffset: 0, minOffset: 0, maxOffset: 0, bytes: null });
  t.is(store.minOffset('none', 0), 0);
  t.is(store.maxOffset('none', 0), 0);
  t.is(await store.offsetByTime('none', 0, 5, 'lower'), 0);
  t.is(store.messageTime('none', 0, 0), -1);
  t.is(store.earliestMessageTime('none', 0), -1);
  t.false(store.isFirstMessageInMemory('none', 0));
  t.deepEqual(store.queueUnits('none', 0, 0, 5), []);
});

test('messages are found by time', async (t) => {
  const { store, clock } = await openStore(t);
  for (let i = 0; i < 30; i++) {
    put(t, store, putOf('orders', 0, `${i}`));
    clock.advance(1_000);
  }
  const start = 1_700_000_000_000;
  t.is(await store.offsetByTime('orders', 0, start + 10_000, 'lower'), 10);
  t.is(await store.offsetByTime('orders', 0, start + 10_001, 'lower'), 11);
  t.is(await store.offsetByTime('orders', 0, start + 10_999, 'upper'), 10);
  t.is(await store.offsetByTime('orders', 0, start + 99_000, 'lower'), 30);
  t.is(store.messageTime('orders', 0, 7), start + 7_000);
  t.is(store.messageTime('orders', 0, 30), -1);
  t.is(store.earliestMessageTime('orders', 0), start);
  t.is(store.stats().earliestMessageTimestamp, start);
  t.true(store.isFirstMessageInMemory('orders', 0));
});

test('a message is found by its physical offset, and nothing anywhere else', async (t) => {
  const { store } = await openStore(t, { config: { windowBytes: 4_096 } });
  const results = Array.from({ length: 12 }, (_, i) => put(t, store, putOf('orders', 0, Buffer.alloc(900, i))));
  const starts = new Set(results.map(({ physicalOffset }) => physicalOffset));
  const end = store.stats().maxPhyOffset;
  for (let offset = -10; offset < end + 20; offset += offset % 997 === 0 ? 1 : 3) {
    if (!starts.has(offset)) t.is(await store.lookMessage(offset), null, `${offset}`);
  }
  for (const [i, { physicalOffset, size }] of results.entries()) {
    const bytes = await store.lookMessage(physicalOffset);
    t.is(bytes?.length, size);
    if (bytes) t.deepEqual(decodeMessage(bytes).body, Buffer.alloc(900, i));
  }
  t.is(await store.lookMessage(Number.NaN), null);
  t.is(await store.lookMessage(1.5), null);
});

test('a message larger than the first look is found whole', async (t) => {
  const { store } = await openStore(t, { config: { mappedFileSizeCommitLog: 65_536, windowBytes: 20_000 } });
  const { physicalOffset, size } = put(t, store, putOf('orders', 0, Buffer.alloc(12_000, 'y')));
  t.is((await store.lookMessage(physicalOffset))?.length, size);
});

test('a query narrows the time range while what it finds is gone, and gives up', async (t) => {
  const { store } = await openStore(t);
  for (let i = 0; i < 5; i++) put(t, store, putOf('orders', 0, `${i}`, { properties: { KEYS: 'k' } }));
  const { offsets, messages, lastUpdatePhyOffset } = await store.queryByKey('orders', 'k', 3, 0, FOREVER);
  t.is(messages.length, 3);
  t.deepEqual(
    messages.map((bytes) => decodeMessage(bytes).body.toString()),
    ['2', '3', '4'],
  );
  t.is(lastUpdatePhyOffset, offsets[2] ?? -1);
  t.deepEqual((await store.queryByKey('orders', 'other', 3, 0, FOREVER)).offsets, []);
  t.deepEqual((await store.queryByKey('orders', 'k', 3, 0, 1_000)).offsets, []);
});

test('without an index there are no index files, and queries find nothing', async (t) => {
  const { store, folder } = await openStore(t, { config: { messageIndexEnable: false } });
  put(t, store, putOf('orders', 0, 'x', { properties: { KEYS: 'k' } }));
  t.deepEqual((await store.queryByKey('orders', 'k', 3, 0, FOREVER)).offsets, []);
  await store.shutdown();
  t.deepEqual(readdirSync(folder), ['checkpoint', 'commitlog', 'consumequeue', 'lock']);
});

test('arrivals are told once for each queue and commit, after durability', async (t) => {
  const { store, clock } = await openStore(t);
  const events: string[] = [];
  store.onDurable((end, status) => events.push(`durable ${end} ${status}`));
  store.onMessage((topic, queueId, max, code, time) => {
    events.push(`${topic}@${queueId} ${max} ${code} ${time - clock.now()}`);
    if (store.maxOffset(topic, queueId) !== max) throw new Error('not readable yet');
  });
  store.putMessage(putOf('a', 0, 'x', { tagsCode: 5 }));
  store.putMessage(putOf('a', 1, 'x', { tagsCode: 5 }));
  store.putMessage(putOf('a', 0, 'x', { tagsCode: 6 }));
  const { physicalOffset, size } = store.putMessage(putOf('a', 1, 'x', { tagsCode: 5 }));
  await settle();
  t.deepEqual(events, [`durable ${physicalOffset + size} PUT_OK`, 'a@0 2 null 0', 'a@1 2 5 0']);
});

test('a listener that throws does not disturb the store', async (t) => {
  const { store } = await openStore(t);
  store.onDurable(() => {
    throw new Error('listener');
  });
  store.onMessage(() => {
    throw new Error('listener');
  });
  const result = store.putMessage(putOf('a', 0, 'x'));
  t.is(await store.whenDurable(result.physicalOffset + result.size), 'PUT_OK');
  t.deepEqual(await readBodies(store, 'a', 0), ['x']);
});

test('a destroyed topic is gone, begins at 0 again, and does not come back at the next start', async (t) => {
  const { store, folder } = await openStore(t);
  for (let i = 0; i < 20; i++) put(t, store, putOf(i % 2 ? 'old' : 'other', 0, `${i}`));
  put(t, store, putOf('old', 0, 'last'));
  t.is(await store.destroyTopic(['old', 'unknown']), 1);
  t.is(store.maxOffset('old', 0), 0);
  await store.shutdown();
  t.deepEqual(readdirSync(join(folder, 'consumequeue')), ['other']);
  const second = await openStore(t, { folder });
  t.deepEqual(
    [...second.store.queues()].map(({ topic }) => topic),
    ['other'],
  );
  t.is(put(t, second.store, putOf('old', 0, 'new')).queueOffset, 0);
  t.deepEqual(await readBodies(second.store, 'old', 0), ['new']);
  await second.store.shutdown();
  const third = await openStore(t, { folder });
  t.deepEqual(await readBodies(third.store, 'old', 0), ['new']);
});

test('unused topics are those nobody keeps, but never system topics', async (t) => {
  const { store } = await openStore(t);
  for (const topic of ['a', 'b', 'SCHEDULE_TOPIC_XXXX', 'rmq_sys_x', '%LMQ%q']) put(t, store, putOf(topic, 0, 'x'));
  t.is(await store.cleanUnusedTopics(new Set(['b'])), 1);
  t.deepEqual(
    [...store.queues()].map(({ topic }) => topic),
    ['b', 'SCHEDULE_TOPIC_XXXX', 'rmq_sys_x', '%LMQ%q'],
  );
});

test('a second store on the folder is refused', async (t) => {
  const { store, folder } = await openStore(t);
  const second = newStore(t, { folder });
  const error = await t.throwsAsync(second.store.start(), { instanceOf: StoreLockedError });
  t.is(error.pid, process.pid);
  await store.shutdown();
  const third = await openStore(t, { folder });
  t.true(third.store.isWriteable());
});

test('a store made with other sizes does not start, names a file, and leaves the folder free', async (t) => {
  const { store, folder } = await openStore(t);
  for (const queueId of [0, 1]) put(t, store, putOf('orders', queueId, 'x', { properties: { KEYS: 'k' } }));
  await store.shutdown();
  const sizes = [
    [{ mappedFileSizeCommitLog: SMALL_STORE.mappedFileSizeCommitLog / 2 }, 'commitlog/00000000000000000000'],
    [{ mappedFileSizeConsumeQueue: 320 }, 'consumequeue/orders/0/00000000000000000000'],
    [{ maxIndexNum: SMALL_STORE.maxIndexNum - 1 }, 'index/2'],
  ] as const;
  for (const [config, name] of sizes) {
    const { store: wrong } = newStore(t, { folder, config });
    const error = await t.throwsAsync(wrong.start(), { instanceOf: StoreCorruptError });
    t.true(error.message.includes(join(folder, name)), error.message);
  }
  const { store: right } = await openStore(t, { folder });
  t.deepEqual(await readBodies(right, 'orders', 0), ['x']);
});

test('settings that make no sense are refused', (t) => {
  for (const config of [
    { mappedFileSizeConsumeQueue: 150 },
    { mappedFileSizeCommitLog: 0 },
    { windowBytes: -5 },
    { maxIndexNum: 1 },
    { messageDelayLevel: '1x' },
  ]) {
    t.throws(() => newStore(t, { config }), { code: 'CONFIG' });
  }
});

test('the abort file is there while the store runs', async (t) => {
  const { store, folder } = await openStore(t);
  t.is(readFileSync(join(folder, 'abort'), 'latin1'), String(process.pid));
  await store.shutdown();
  t.false(readdirSync(folder).includes('abort'));
  await store.shutdown();
});

test('puts and waits are refused before the start and after the end', async (t) => {
  const { store } = newStore(t);
  t.is(store.putMessage(putOf('a', 0, 'x')).status, 'SERVICE_NOT_AVAILABLE');
  t.false(store.isWriteable());
  await store.start();
  put(t, store, putOf('a', 0, 'x'));
  await store.shutdown();
  t.is(store.putMessage(putOf('a', 0, 'x')).status, 'SERVICE_NOT_AVAILABLE');
  t.is(await store.whenDurable(FOREVER), 'SERVICE_NOT_AVAILABLE');
});

test('a shutdown in the turn of a put still writes it', async (t) => {
  const { store, folder } = await openStore(t);
  const result = store.putMessage(putOf('a', 0, 'x'));
  const durable = store.whenDurable(result.physicalOffset + result.size);
  await store.shutdown();
  t.is(await durable, 'PUT_OK');
  const again = await openStore(t, { folder });
  t.deepEqual(await readBodies(again.store, 'a', 0), ['x']);
});

test('many restarts change nothing', async (t) => {
  const folder = tempFolder(t);
  const clock = new ManualClock();
  const bodies: string[] = [];
  for (let round = 0; round < 8; round++) {
    const { store } = await openStore(t, { folder, clock });
    t.deepEqual(await readBodies(store, 'orders', 0), bodies);
    for (let i = 0; i < 7; i++) {
      bodies.push(`${round}-${i}`);
      put(t, store, putOf('orders', 0, `${round}-${i}`.padEnd(round * 90), { properties: { KEYS: `k${round}` } }));
      bodies[bodies.length - 1] = `${round}-${i}`.padEnd(round * 90);
    }
    for (let key = 0; key <= round; key++) {
      t.is((await store.queryByKey('orders', `k${key}`, 32, 0, FOREVER)).offsets.length, 7);
    }
    await store.shutdown();
  }
});

test('stats count', async (t) => {
  const { store } = await openStore(t);
  const first = put(t, store, putOf('a', 0, 'x'));
  const second = put(t, store, putOf('a', 0, 'xyz'));
  await store.getMessage('a', 0, 0, 32, 10_000, null);
  await store.getMessage('a', 0, 2, 32, 10_000, null);
  await store.getMessage('b', 0, 0, 32, 10_000, null);
  t.like(store.stats(), {
    putMessages: 2,
    putBytes: first.size + second.size,
    putMessageSizeMax: second.size,
    putFailures: 0,
    getFoundTimes: 1,
    getMissTimes: 2,
    getMessages: 2,
    getBytes: first.size + second.size,
    minPhyOffset: 0,
    maxPhyOffset: first.size + second.size,
    dispatchBehindBytes: 0,
    runningFlags: 0,
    bootTimestamp: 1_700_000_000_000,
    commitLogDiskRatio: -1,
  });
  t.is(
    store.stats().putTimeDistribution.reduce((sum, count) => sum + count, 0),
    2,
  );
});

test('a stray file in the log folder is refused by name', async (t) => {
  const { store, folder } = await openStore(t);
  put(t, store, putOf('a', 0, 'x'));
  await store.shutdown();
  writeFileSync(join(folder, 'commitlog', '.DS_Store'), 'x');
  const error = await t.throwsAsync(newStore(t, { folder }).store.start(), { instanceOf: StoreCorruptError });
  t.true(error.message.includes('.DS_Store'));
});
