import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { createBrokerConfig } from '../../src/broker/broker-config.js';
import { BrokerStats } from '../../src/broker/broker-stats.js';
import { HOT_SCRATCH_BYTES, HotSend } from '../../src/broker/hot-send.js';
import { TopicQueueMappingTable } from '../../src/broker/static-topic/mapping-table.js';
import { TopicTable } from '../../src/broker/topic-table.js';
import { decodeMessages } from '../../src/protocol/message-codec.js';
import {
  createRequest,
  decodeFrame,
  encodeFrame,
  type RemotingCommand,
  type SerializeType,
} from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import type { ServerConnection } from '../../src/remoting/server.js';
import { messagesOf, startTestBroker } from '../helper/broker.js';
import { FaultyFileSystem, openStore, STORE_HOST, systemError } from '../helper/store.js';

/** The patched reply begins with the message id; the rendered one does not. */
const tookFastWay = (answer: RemotingCommand) => Object.keys(answer.extFields ?? {})[0] === 'msgId';

const UNIQ_KEY = 'C0000202178D809F6E346D38937B0001';

const likeASlowOne = test.macro(async (t, serializeType: SerializeType) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('fast', 4);
  await peer.createTopic('slow', 4);
  const text = fc
    .string({ minLength: 1, maxLength: 20 })
    .filter((value) => [...value].every((char) => char >= ' ' && char <= '~'));
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 3000 }),
      fc.record({ TAGS: text, KEYS: text, note: text }, { requiredKeys: [] }),
      fc.nat(3),
      fc.integer(),
      fc.constantFrom(0, 2),
      async (body, properties, queueId, flag, sysFlag) => {
        const options = {
          properties: { UNIQ_KEY, WAIT: 'true', ...properties },
          header: { e: queueId, h: flag, f: sysFlag, m: false },
        };
        const init = { serializeType };
        const fast = await peer.send('fast', Buffer.from(body), { ...options, init });
        const slowRequest = peer.sendRequest('slow', Buffer.from(body), { ...options, init });
        // Java's spelling differs, and the fast way takes no other.
        const slow = await peer.invoke({ ...slowRequest, extFields: { ...slowRequest.extFields, k: 'FALSE' } });
        t.is(fast.serializeType, serializeType);
        t.true(tookFastWay(fast));
        t.false(tookFastWay(slow));
        t.is(fast.code, slow.code);
        t.is(fast.remark, slow.remark);
        const { msgId: fastId, ...fastFields } = { ...fast.extFields };
        const { msgId: slowId, ...slowFields } = { ...slow.extFields };
        t.deepEqual(fastFields, slowFields);
        t.is(fastId?.length, slowId?.length);
        const offset = Number(fast.extFields?.queueOffset);
        const [one] = messagesOf(await peer.pull('fast', { queueId, offset, maxMsgNums: 1 }));
        const [other] = messagesOf(await peer.pull('slow', { queueId, offset, maxMsgNums: 1 }));
        t.truthy(one);
        t.is(one?.offsetMsgId, fastId);
        const plain = (message: typeof one) => ({
          ...message,
          topic: '',
          offsetMsgId: '',
          physicalOffset: 0,
          storeTimestamp: 0,
          storeSize: 0,
          properties: Object.fromEntries([...(message?.properties ?? [])].sort()),
        });
        t.deepEqual(plain(one), plain(other));
      },
    ),
    { numRuns: 60 },
  );
});

test('a fast send stores and answers what a slow one does', likeASlowOne, 'JSON');
test('a fast send with a binary header stores and answers what a slow one does', likeASlowOne, 'ROCKETMQ');

test('a fast message is found by its unique key and by each of its keys', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('orders', 1);
  const answer = await peer.send('orders', 'x', { properties: { UNIQ_KEY, KEYS: 'k1 k2' } });
  t.true(tookFastWay(answer));
  for (const key of [UNIQ_KEY, 'k1', 'k2']) {
    const fields = { topic: 'orders', key, maxNum: '4', beginTimestamp: '0', endTimestamp: '9223372036854775807' };
    t.is((await peer.call(RequestCode.QUERY_MESSAGE, fields)).code, 0, key);
  }
});

const slowly = test.macro({
  async exec(t: ExecutionContext, properties: Record<string, string>, header: Record<string, unknown>) {
    const { peer } = await startTestBroker(t);
    await peer.createTopic('orders', 1);
    t.false(tookFastWay(await peer.send('orders', 'x', { properties, header })));
  },
  title: (title) => `left to the slow way: ${title}`,
});

test('a message without unique key, which gets one', slowly, {}, {});
test('a delayed message', slowly, { UNIQ_KEY, DELAY: '1' }, {});
test('a half message', slowly, { UNIQ_KEY, TRAN_MSG: 'true', PGROUP: 'g' }, {});
test('a queue that the topic does not have', slowly, { UNIQ_KEY }, { e: 9 });
test('any queue', slowly, { UNIQ_KEY }, { e: -1 });
test('transaction bits', slowly, { UNIQ_KEY }, { f: 4 });

test('a topic that was deleted is not served from memory', async (t) => {
  const { peer } = await startTestBroker(t, { autoCreateTopicEnable: false });
  await peer.createTopic('orders', 1);
  t.is((await peer.send('orders', 'x', { properties: { UNIQ_KEY } })).code, 0);
  await peer.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 'orders' });
  t.is((await peer.send('orders', 'x', { properties: { UNIQ_KEY } })).code, 17);
});

/** The fast way alone, on a store with a disk that can be broken, and a connection that keeps what it is sent. */
async function alone(t: ExecutionContext, flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH') {
  const region = 131_072;
  const windowBytes = 1024 * 1024;
  const buffer = new ArrayBuffer(region + HOT_SCRATCH_BYTES + windowBytes);
  const fs = new FaultyFileSystem();
  const { store, clock } = await openStore(t, {
    fs,
    config: { flushDiskType },
    memory: { buffer, windowStart: region + HOT_SCRATCH_BYTES, windowBytes },
  });
  const config = createBrokerConfig({ brokerIP1: STORE_HOST.address });
  const topics = new TopicTable(config, () => clock.now());
  topics.createForSendBack('orders', 4, 6, 0);
  const work = { sends: 0, endTransactions: 0, queries: 0 };
  const stats = new BrokerStats({ clusterName: 'c', detail: true, isSystemTopic: () => false, now: () => clock.now() });
  const mappings = new TopicQueueMappingTable(config, () => clock.now());
  const hot = new HotSend({ config, clock, store, topics, mappings, stats, work, storeHost: STORE_HOST }, region);
  const answers: RemotingCommand[] = [];
  const conn = {
    remoteAddress: '10.0.0.9',
    remotePort: 4711,
    closed: false,
    send: (command: RemotingCommand) => answers.push(command),
    writeShared(bytes: Uint8Array, start: number, end: number) {
      const frames = Buffer.from(bytes.slice(start, end));
      for (let at = 0; at < frames.length; ) {
        const next = at + 4 + frames.readInt32BE(at);
        answers.push(decodeFrame(frames, at, next));
        at = next;
      }
      return true;
    },
  } as unknown as ServerConnection;
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  const send = (opaque: number, body: string): boolean => {
    const fields = {
      a: 'p',
      b: 'orders',
      c: 'TBW102',
      d: '4',
      e: '0',
      f: '0',
      g: '1',
      h: '0',
      i: `UNIQ_KEY\u0001${UNIQ_KEY}\u0002`,
    };
    const frame = encodeFrame(createRequest(RequestCode.SEND_MESSAGE_V2, fields, Buffer.from(body), { opaque }));
    bytes.set(frame, 100);
    return hot.take(conn, view, bytes, 100, 100 + frame.length);
  };
  return { store, fs, answers, work, stats, send };
}

test('nothing is answered before it is written, and then in order', async (t) => {
  const { store, answers, work, send } = await alone(t, 'ASYNC_FLUSH');
  t.true(send(1, 'a'));
  t.true(send(2, 'b'));
  t.is(answers.length, 0);
  t.is(work.sends, 2);
  store.commitTurn();
  t.deepEqual(
    answers.map(({ opaque, code, extFields }) => [opaque, code, extFields?.queueOffset]),
    [
      [1, 0, '0'],
      [2, 0, '1'],
    ],
  );
  t.is(work.sends, 0);
});

test('what is stored counts, anew after the counters of the topic were removed', async (t) => {
  const { store, stats, send } = await alone(t, 'ASYNC_FLUSH');
  const values = () => [
    stats.find('TOPIC_PUT_NUMS', 'orders')?.value,
    stats.find('TOPIC_PUT_LATENCY', '0@orders')?.value,
    stats.find('QUEUE_PUT_NUMS', 'orders@0')?.value,
    stats.find('BROKER_PUT_NUMS', 'c')?.value,
  ];
  t.true(send(1, 'a'));
  t.true(send(2, 'b'));
  store.commitTurn();
  t.deepEqual(values(), [2, 0, 2, 2]);
  t.is(stats.find('TOPIC_PUT_SIZE', 'orders')?.value, stats.find('QUEUE_PUT_SIZE', 'orders@0')?.value);
  stats.removeTopic('orders');
  t.true(send(3, 'c'));
  store.commitTurn();
  t.deepEqual(values(), [1, 0, 1, 3]);
});

test('a failed write is answered as such, and its queue offsets are given out again', async (t) => {
  const { store, fs, answers, work, send } = await alone(t, 'ASYNC_FLUSH');
  t.true(send(1, 'a'));
  store.commitTurn();
  fs.fault = (operation) => (operation === 'write' ? systemError('ENOSPC') : null);
  t.true(send(2, 'b'));
  t.true(send(3, 'c'));
  store.commitTurn();
  t.deepEqual(
    answers.map(({ opaque, code }) => [opaque, code]),
    [
      [1, 0],
      [2, 14],
      [3, 14],
    ],
  );
  t.is(work.sends, 0);
  t.is(store.maxOffset('orders', 0), 1);
  t.false(send(4, 'd'));
});

test('under sync flush the answer waits for the disk', async (t) => {
  const { store, answers, send } = await alone(t, 'SYNC_FLUSH');
  t.true(send(1, 'a'));
  store.commitTurn();
  t.is(answers.length, 0);
  const end = store.commitLog.position;
  t.is(await store.whenDurable(end), 'PUT_OK');
  t.is(answers.length, 1);
  const found = await store.getMessage('orders', 0, 0, 1, 1000, null);
  t.is(decodeMessages(found.bytes ?? Buffer.alloc(0))[0]?.body.toString(), 'a');
});

test('a failed write does not touch what is written already and waits for the disk', async (t) => {
  const { store, fs, answers, work, send } = await alone(t, 'SYNC_FLUSH');
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  fs.beforeSync = () => held;
  t.true(send(1, 'a'));
  store.commitTurn();
  const end = store.commitLog.position;
  const durable = store.whenDurable(end);
  fs.fault = (operation) => (operation === 'write' ? systemError('ENOSPC') : null);
  t.true(send(2, 'b'));
  store.commitTurn();
  t.deepEqual(
    answers.map(({ opaque, code }) => [opaque, code]),
    [[2, 14]],
  );
  t.is(work.sends, 1);
  release();
  t.is(await durable, 'PUT_OK');
  t.deepEqual(
    answers.map(({ opaque, code }) => [opaque, code]),
    [
      [2, 14],
      [1, 0],
    ],
  );
});
