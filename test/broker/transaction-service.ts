import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { BrokerConfig } from '../../src/broker/broker-config.js';
import { commitRefusal } from '../../src/broker/processors/end-transaction.js';
import { immunityMs, opOffsets } from '../../src/broker/transaction-service.js';
import { decodeHeader, encodeHeader, type HeaderOf } from '../../src/protocol/header-schema.js';
import { CheckTransactionStateRequestHeader, EndTransactionRequestHeader } from '../../src/protocol/headers.js';
import type { MessageExt } from '../../src/protocol/message.js';
import { decodeMessage } from '../../src/protocol/message-codec.js';
import type { RemotingCommand } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { messagesOf, startTestBroker, type TestPeer } from '../helper/broker.js';
import { ManualClock } from '../helper/manual-clock.js';
import { turns } from '../helper/remoting.js';

const HALF = 'RMQ_SYS_TRANS_HALF_TOPIC';
const OP = 'RMQ_SYS_TRANS_OP_HALF_TOPIC';
const COMMIT = 8;
const ROLLBACK = 12;
const START = 1_700_000_000_000;

interface Scene {
  readonly peer: TestPeer;
  readonly clock: ManualClock;
  /** Questions that the producer was asked. */
  readonly asked: RemotingCommand[];
  stop(): Promise<void>;
  halves(): Promise<MessageExt[]>;
  pass(ms: number): Promise<void>;
}

async function start(
  t: ExecutionContext,
  overrides: Partial<BrokerConfig> = {},
  { clock = new ManualClock(START), folder }: { clock?: ManualClock; folder?: string } = {},
): Promise<Scene> {
  const started = await startTestBroker(
    t,
    { serverChannelMaxIdleTimeSeconds: 100_000, ...overrides },
    { clock, ...(folder !== undefined && { folder }) },
  );
  const { peer } = started;
  await peer.createTopic('T', 4);
  const asked: RemotingCommand[] = [];
  peer.client.registerProcessor(RequestCode.CHECK_TRANSACTION_STATE, (request) => {
    asked.push(request);
    return null;
  });
  await peer.producerHeartbeat('producers');
  return {
    stop: () => started.broker.shutdown(),
    peer,
    clock,
    asked,
    halves: async () => messagesOf(await peer.pull(HALF)),
    pass: async (ms) => {
      for (let left = ms; left > 0; left -= 1000) {
        await clock.advanceAsync(Math.min(1000, left));
        await turns(10);
        // The producer lives on.
        await peer.producerHeartbeat('producers');
      }
    },
  };
}

function prepare(peer: TestPeer, body: string, properties: Record<string, string> = {}, bornTimestamp = START) {
  return peer.send('T', body, {
    properties: { TRAN_MSG: 'true', PGROUP: 'producers', UNIQ_KEY: `KEY-${body}`, TAGS: 'A', ...properties },
    header: { e: 2, f: 4, g: bornTimestamp },
  });
}

function end(
  peer: TestPeer,
  half: MessageExt,
  decision: number,
  header: Partial<HeaderOf<typeof EndTransactionRequestHeader>> = {},
) {
  return peer.call(
    RequestCode.END_TRANSACTION,
    encodeHeader(EndTransactionRequestHeader, {
      producerGroup: 'producers',
      tranStateTableOffset: half.queueOffset,
      commitLogOffset: half.physicalOffset,
      commitOrRollback: decision,
      fromTransactionCheck: false,
      msgId: half.msgId,
      ...header,
    }),
  );
}

async function bodies(peer: TestPeer, queueId = 2): Promise<string[]> {
  return messagesOf(await peer.pull('T', { queueId })).map((message) => message.body.toString());
}

test('a half message is hidden, remembers where it belongs and is no transaction by its flags', async (t) => {
  const { peer, halves } = await start(t);
  await prepare(peer, 'first');
  const response = await prepare(peer, 'x');
  t.is(response.code, ResponseCode.SUCCESS);
  t.is(response.extFields?.queueOffset, '1', 'the offset of the half queue: it comes back with the end');
  t.is(response.extFields?.queueId, '2');
  t.is(response.extFields?.transactionId, 'KEY-x');
  t.deepEqual(await bodies(peer), []);
  const half = (await halves())[1];
  t.is((half?.sysFlag ?? 4) & 12, 0);
  t.like(Object.fromEntries(half?.properties ?? []), { REAL_TOPIC: 'T', REAL_QID: '2', __transactionId__: 'KEY-x' });
});

test('a commit delivers the message under its own topic, tags and keys', async (t) => {
  const { peer, halves } = await start(t);
  await prepare(peer, 'x');
  const half = (await halves())[0] as MessageExt;
  t.is((await end(peer, half, COMMIT)).code, ResponseCode.SUCCESS);
  const [message] = messagesOf(await peer.pull('T', { queueId: 2, subscription: 'A' }));
  t.is(message?.body.toString(), 'x');
  t.is((message?.sysFlag ?? 0) & 12, COMMIT);
  t.is(message?.preparedTransactionOffset, half.physicalOffset);
  t.is(message?.properties.get('TRAN_MSG'), 'true', 'the text still shows it');
});

test('a rollback delivers nothing', async (t) => {
  const { peer, halves } = await start(t);
  await prepare(peer, 'x');
  t.is((await end(peer, (await halves())[0] as MessageExt, ROLLBACK)).code, ResponseCode.SUCCESS);
  t.deepEqual(await bodies(peer), []);
});

test('ends are noted together after three seconds', async (t) => {
  const { peer, halves, pass } = await start(t);
  for (const body of ['a', 'b', 'c']) await prepare(peer, body);
  for (const half of await halves()) await end(peer, half, ROLLBACK);
  t.deepEqual(messagesOf(await peer.pull(OP)), []);
  await pass(3000);
  const [op] = messagesOf(await peer.pull(OP));
  t.is(op?.body.toString(), '0,1,2,');
  t.is(op?.properties.get('TAGS'), 'd');
});

test('an end that does not fit its half message is refused', async (t) => {
  const { peer, halves } = await start(t);
  await prepare(peer, 'x');
  await peer.send('T', 'no half', { properties: { UNIQ_KEY: 'N' } });
  const half = (await halves())[0] as MessageExt;
  const remark = async (header: Partial<HeaderOf<typeof EndTransactionRequestHeader>>) => {
    const response = await end(peer, half, COMMIT, header);
    t.is(response.code, ResponseCode.SYSTEM_ERROR);
    return response.remark;
  };
  t.is(await remark({ producerGroup: 'others' }), 'The producer group wrong');
  t.is(await remark({ tranStateTableOffset: 9 }), 'The transaction state table offset wrong');
  t.is(await remark({ commitLogOffset: 1 }), 'Find prepared transaction message failed');
  const [plain] = messagesOf(await peer.pull('T', { queueId: 0 }));
  t.is(await remark({ commitLogOffset: plain?.physicalOffset ?? -1 }), 'Find prepared transaction message failed');
});

test('an undecided end is not answered', async (t) => {
  const { peer, halves } = await start(t);
  await prepare(peer, 'x');
  let isAnswered = false;
  end(peer, (await halves())[0] as MessageExt, 0).then(
    () => {
      isAnswered = true;
    },
    () => undefined,
  );
  for (let i = 0; i < 5; i++) await peer.pull('T');
  t.false(isAnswered);
});

test('transactions can be switched off', async (t) => {
  const { peer } = await start(t, { rejectTransactionMessage: true });
  const response = await prepare(peer, 'x');
  t.is(response.code, ResponseCode.NO_PERMISSION);
  t.is(response.remark, 'the broker[127.0.0.1] sending transaction message is forbidden');
});

test('a delayed transaction is delayed when it commits, not before', async (t) => {
  const { peer, halves, pass } = await start(t);
  await prepare(peer, 'x', { DELAY: '1' });
  const half = (await halves())[0] as MessageExt;
  t.truthy(half);
  await end(peer, half, COMMIT);
  t.deepEqual(await bodies(peer), []);
  await pass(3000);
  t.deepEqual(await bodies(peer), ['x']);
});

test('a silent producer is asked with the new place of its half message, and its answer counts', async (t) => {
  const { peer, halves, asked, pass } = await start(t);
  await prepare(peer, 'x');
  await pass(31_000);
  t.is(asked.length, 1);
  const question = asked[0] as RemotingCommand;
  const header = decodeHeader(CheckTransactionStateRequestHeader, question.extFields);
  t.like(header, { tranStateTableOffset: 1, msgId: 'KEY-x', transactionId: 'KEY-x', bname: 'broker-a' });
  const copies = await halves();
  t.is(copies.length, 2, 'it was stored again');
  t.is(copies[1]?.physicalOffset, header.commitLogOffset);
  t.is(copies[1]?.properties.get('TRANSACTION_CHECK_TIMES'), '1');
  const message = decodeMessage(question.body as Buffer);
  t.is(message.topic, 'T');
  t.is(message.queueId, 2);
  t.is(message.body.toString(), 'x');
  t.is(message.queueOffset, 1);

  const answer = await end(peer, copies[1] as MessageExt, COMMIT, { fromTransactionCheck: true });
  t.is(answer.code, ResponseCode.SUCCESS);
  await pass(60_000);
  t.is(asked.length, 1, 'nobody is asked again');
  t.deepEqual(await bodies(peer), ['x']);
});

test('ended transactions are not asked about, however they are spread', async (t) => {
  const { peer, halves, asked, pass } = await start(t);
  for (const body of ['a', 'b', 'c', 'd']) await prepare(peer, body);
  const all = await halves();
  await end(peer, all[0] as MessageExt, COMMIT);
  await end(peer, all[2] as MessageExt, ROLLBACK);
  await pass(31_000);
  const ids = asked.map((question) => decodeHeader(CheckTransactionStateRequestHeader, question.extFields).msgId);
  t.deepEqual(ids, ['KEY-b', 'KEY-d']);
});

test('young half messages are left alone', async (t) => {
  const { peer, asked, pass } = await start(t);
  await pass(27_000);
  await prepare(peer, 'young', {}, START + 27_000);
  await pass(4000);
  t.is(asked.length, 0);
  await pass(30_000);
  t.is(asked.length, 1);
});

test('a message with a grace of its own waits that long', async (t) => {
  const { peer, asked, pass, halves } = await start(t);
  await prepare(peer, 'x', { CHECK_IMMUNITY_TIME_IN_SECONDS: '45' });
  await pass(31_000);
  t.is(asked.length, 0);
  const postponed = (await halves())[1];
  t.is(postponed?.properties.get('TRAN_PREPARED_QUEUE_OFFSET'), '0');
  await pass(30_000);
  t.is(asked.length, 1);
});

test('an end after the grace is refused unless it answers the question', async (t) => {
  const { peer, halves, pass } = await start(t);
  await prepare(peer, 'x', { CHECK_IMMUNITY_TIME_IN_SECONDS: '10' });
  const half = (await halves())[0] as MessageExt;
  await pass(11_000);
  t.is((await end(peer, half, COMMIT)).code, ResponseCode.ILLEGAL_OPERATION);
  t.is((await end(peer, half, COMMIT, { fromTransactionCheck: true })).code, ResponseCode.SUCCESS);
});

test('after enough questions a transaction is given up', async (t) => {
  const { peer, asked, pass } = await start(t, { transactionCheckMax: 2, transactionCheckInterval: 10_000 });
  await prepare(peer, 'x');
  await pass(60_000);
  t.is(asked.length, 2);
  const [given] = messagesOf(await peer.pull('TRANS_CHECK_MAX_TIME_TOPIC'));
  t.is(given?.body.toString(), 'x');
  t.is(given?.properties.get('REAL_TOPIC'), 'T');
});

test('a transaction that was given up can be put back to the check', async (t) => {
  const { peer, asked, pass } = await start(t, { transactionCheckMax: 1, transactionCheckInterval: 10_000 });
  await prepare(peer, 'x');
  await pass(40_000);
  t.is(asked.length, 1);
  const [given] = messagesOf(await peer.pull('TRANS_CHECK_MAX_TIME_TOPIC'));
  const response = await peer.call(RequestCode.RESUME_CHECK_HALF_MESSAGE, { msgId: given?.offsetMsgId ?? '' });
  t.is(response.code, ResponseCode.SUCCESS);
  await pass(20_000);
  t.is(asked.length, 2);
});

test('transactions go on over a restart: ends that waited for their note count, and the silent are asked', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-transactions-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const clock = new ManualClock(START);
  const before = await start(t, {}, { clock, folder });
  for (const body of ['committed', 'rolled back', 'ended later', 'silent']) await prepare(before.peer, body);
  const halves = await before.halves();
  await end(before.peer, halves[0] as MessageExt, COMMIT);
  await end(before.peer, halves[1] as MessageExt, ROLLBACK);
  await before.stop();
  const { peer, asked, pass } = await start(t, {}, { clock, folder });
  t.is((await end(peer, halves[2] as MessageExt, COMMIT)).code, ResponseCode.SUCCESS);
  t.deepEqual(await bodies(peer), ['committed', 'ended later']);
  await pass(31_000);
  t.deepEqual(
    asked.map(({ extFields }) => extFields?.msgId),
    ['KEY-silent'],
  );
});

/** Of the check, in both of its queues. */
async function progress(peer: TestPeer): Promise<Record<string, number>> {
  const offsets: Record<string, number> = {};
  for (const topic of [HALF, OP]) {
    const fields = { consumerGroup: 'CID_RMQ_SYS_TRANS', topic, queueId: '0' };
    offsets[topic] = Number((await peer.call(RequestCode.QUERY_CONSUMER_OFFSET, fields)).extFields?.offset);
  }
  return offsets;
}

async function setProgress(peer: TestPeer, commitOffset: number): Promise<void> {
  for (const topic of [HALF, OP]) {
    const fields = { consumerGroup: 'CID_RMQ_SYS_TRANS', topic, queueId: '0', commitOffset: String(commitOffset) };
    expectSuccess(await peer.call(RequestCode.UPDATE_CONSUMER_OFFSET, fields));
  }
}

function expectSuccess({ code, remark }: RemotingCommand): void {
  if (code !== ResponseCode.SUCCESS) throw new Error(`${code} ${remark}`);
}

test('offsets of the check that are beyond their queues, whose log was lost, are brought back', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-transactions-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const clock = new ManualClock(START);
  const before = await start(t, {}, { clock, folder });
  await setProgress(before.peer, 50);
  await before.stop();
  const { peer, halves, asked, pass } = await start(t, {}, { clock, folder });
  for (const body of ['a', 'b', 'c', 'd']) await prepare(peer, body);
  const all = await halves();
  await end(peer, all[0] as MessageExt, COMMIT);
  await end(peer, all[2] as MessageExt, ROLLBACK);
  await pass(31_000);
  t.deepEqual(
    asked.map(({ extFields }) => extFields?.msgId),
    ['KEY-b', 'KEY-d'],
  );
  t.deepEqual(await progress(peer), { [HALF]: 4, [OP]: 1 });
});

test('offsets of the check whose records have expired go on where their queues begin', async (t) => {
  // Far ahead of the files' times, so that they have expired.
  const now = Date.UTC(2036, 0, 1);
  const small = { mappedFileSizeCommitLog: 8192, maxMessageSize: 4096, deleteCommitLogFilesInterval: 0 };
  const { peer, halves, asked, pass } = await start(t, small, { clock: new ManualClock(now) });
  await prepare(peer, 'long ago', {}, now);
  await end(peer, (await halves())[0] as MessageExt, COMMIT);
  await pass(31_000);
  t.deepEqual(await progress(peer), { [HALF]: 1, [OP]: 1 });
  await setProgress(peer, 0);
  for (let i = 0; i < 10; i++) await peer.send('T', Buffer.alloc(4000));
  expectSuccess(await peer.call(RequestCode.DELETE_EXPIRED_COMMITLOG));
  t.is((await peer.call(RequestCode.GET_MIN_OFFSET, { topic: OP, queueId: '0' })).extFields?.offset, '1');
  for (const body of ['b', 'd']) await prepare(peer, body, {}, now + 31_000);
  const [b] = messagesOf(await peer.pull(HALF, { offset: 1 }));
  await end(peer, b as MessageExt, COMMIT);
  await pass(60_000);
  t.deepEqual([...new Set(asked.map(({ extFields }) => extFields?.msgId))], ['KEY-d']);
  t.is((await progress(peer))[OP], 2);
});

test('nobody online means that the next round asks', async (t) => {
  const { peer, asked, pass } = await start(t);
  await prepare(peer, 'x', { PGROUP: 'elsewhere' });
  await pass(31_000);
  t.is(asked.length, 0);
  await peer.producerHeartbeat('elsewhere');
  await pass(30_000);
  t.is(asked.length, 1);
});

test('a commit that can not be stored is refused in words of its own', (t) => {
  const context = { config: { maxMessageSize: 100 } } as unknown as Parameters<typeof commitRefusal>[0];
  t.deepEqual(commitRefusal(context, 'PROPERTIES_SIZE_EXCEEDED'), {
    code: ResponseCode.MESSAGE_ILLEGAL,
    remark:
      'The message is illegal, maybe msg body or properties length not matched. ' +
      'msg body length limit 100B, msg properties length limit 32KB.',
  });
  t.deepEqual(commitRefusal(context, 'OS_PAGE_CACHE_BUSY'), {
    code: ResponseCode.SYSTEM_ERROR,
    remark: 'OS page cache busy, please try another machine',
  });
  const stats = { commitLogDiskRatio: 0.91, consumeQueueDiskRatio: 0.91 };
  const store = { stats: () => stats } as unknown as typeof context.store;
  t.deepEqual(commitRefusal({ ...context, store }, 'SERVICE_NOT_AVAILABLE'), {
    code: ResponseCode.SERVICE_NOT_AVAILABLE,
    remark: 'Service not available now.',
  });
});

test('the grace is in seconds, and -1 or nonsense means the default', (t) => {
  t.is(immunityMs('45', 6000), 45_000);
  t.is(immunityMs('-1', 6000), 6000);
  t.is(immunityMs('soon', 6000), 6000);
});

test('op records of old and new brokers are read', (t) => {
  t.deepEqual(opOffsets(Buffer.from('12')), [12]);
  t.deepEqual(opOffsets(Buffer.from('12,15,')), [12, 15]);
  t.deepEqual(opOffsets(Buffer.from('12,x,,7,')), [12, 7]);
});

test('when time runs faster a silent producer is asked that much sooner, but not in a rush', async (t) => {
  const { asked, clock, peer } = await start(t, { timeScale: 100 });
  await prepare(peer, 'x');
  await clock.advanceAsync(499);
  await turns(10);
  t.is(asked.length, 0);
  await clock.advanceAsync(1);
  while (asked.length === 0) await turns(1);
  t.is(asked.length, 1);
});
