import test, { type ExecutionContext } from 'ava';
import { Producer } from '../../src/client/producer.js';
import type { LocalTransactionState } from '../../src/client/transaction.js';
import { encodeHeader, type HeaderOf } from '../../src/protocol/header-schema.js';
import { CheckTransactionStateRequestHeader, type EndTransactionRequestHeader } from '../../src/protocol/headers.js';
import { createMessage, type MessageExt } from '../../src/protocol/message.js';
import { encodeStoredMessage } from '../../src/protocol/message-codec.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { fakeCluster } from '../helper/client.js';
import { deferred } from '../helper/remoting.js';

type Verdict = HeaderOf<typeof EndTransactionRequestHeader>;

async function setUp(
  t: ExecutionContext,
  listener: {
    execute?: () => LocalTransactionState | null | Promise<LocalTransactionState | null>;
    check?: (message: MessageExt) => LocalTransactionState | null | Promise<LocalTransactionState | null>;
  } = {},
) {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('orders');
  const producer = owned(
    new Producer(
      {
        group: 'g',
        ...cluster.options,
        transactionListener: {
          executeLocalTransaction: () => listener.execute?.() ?? 'COMMIT_MESSAGE',
          checkLocalTransaction: (message) => listener.check?.(message) ?? 'UNKNOW',
        },
      },
      cluster.deps,
    ),
  );
  await producer.start();
  const verdicts = () =>
    cluster.callsOf('endTransactionOneway').map(({ args }) => {
      const [addr, header, remark] = args as [string, Verdict, string | null];
      return { addr, header, remark };
    });
  /** A broker's question about a half message. */
  const check = (tranStateTableOffset: number, group = 'g') => {
    const extFields = encodeHeader(CheckTransactionStateRequestHeader, { tranStateTableOffset, commitLogOffset: 900 });
    const body = encodeStoredMessage({
      topic: 'orders',
      queueId: 0,
      flag: 0,
      queueOffset: tranStateTableOffset,
      physicalOffset: 900,
      sysFlag: 4,
      bornTimestamp: 1,
      bornHost: { address: '127.0.0.1', port: 1 },
      storeTimestamp: 2,
      storeHost: { address: '127.0.0.1', port: 10911 },
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: Buffer.from('half'),
      propertiesText: `PGROUP\u0001${group}\u0002UNIQ_KEY\u0001unique\u0002`,
    });
    return cluster.remoting.request(RequestCode.CHECK_TRANSACTION_STATE, extFields, body, 'broker-a:10911');
  };
  return { cluster, producer, verdicts, check };
}

for (const [state, bits] of [
  ['COMMIT_MESSAGE', 8],
  ['ROLLBACK_MESSAGE', 12],
  ['UNKNOW', 0],
] as const) {
  test(`the verdict ${state} is told to the broker as ${bits}`, async (t) => {
    const { producer, verdicts } = await setUp(t, { execute: () => state });
    const message = createMessage('orders', 'x', { delayTimeLevel: 3 });
    const result = await producer.sendInTransaction(message);
    t.is(result.localTransactionState, state);
    t.is(message.properties.get('TRAN_MSG'), 'true');
    t.is(message.properties.get('PGROUP'), 'g');
    t.false(message.properties.has('DELAY'));
    t.like(verdicts()[0]?.header, {
      producerGroup: 'g',
      tranStateTableOffset: result.queueOffset,
      commitLogOffset: 0,
      commitOrRollback: bits,
      msgId: result.msgId,
    });
    t.is(verdicts()[0]?.header.fromTransactionCheck, undefined);
  });
}

test('a half message is marked as prepared', async (t) => {
  const { cluster, producer } = await setUp(t);
  await producer.sendInTransaction(createMessage('orders', 'x'));
  t.like(cluster.callsOf('sendMessage')[0]?.args[1], { f: 4 });
});

test('a listener that throws leaves it open, and its text goes along', async (t) => {
  const { producer, verdicts } = await setUp(t, { execute: () => Promise.reject(new Error('database down')) });
  t.is((await producer.sendInTransaction(createMessage('orders', 'x'))).localTransactionState, 'UNKNOW');
  t.is(verdicts()[0]?.remark, 'executeLocalTransactionBranch exception: database down');
});

test('a half message that may be lost is rolled back without running the transaction', async (t) => {
  let ran = 0;
  const { cluster, producer, verdicts } = await setUp(t, {
    execute: () => {
      ran += 1;
      return 'COMMIT_MESSAGE';
    },
  });
  cluster.overrides.set('sendMessage', () => ({
    status: 'FLUSH_SLAVE_TIMEOUT',
    msgId: '7F00000100002A9F00000000000004D2',
    queueId: 0,
    queueOffset: 5,
    regionId: null,
    traceOn: true,
  }));
  const result = await producer.sendInTransaction(createMessage('orders', 'x'));
  t.is(result.localTransactionState, 'ROLLBACK_MESSAGE');
  t.is(ran, 0);
  t.like(verdicts()[0]?.header, { commitOrRollback: 12, commitLogOffset: 1234 });
});

test('a verdict that cannot be told is left to the check', async (t) => {
  const { cluster, producer } = await setUp(t);
  cluster.overrides.set('endTransactionOneway', () => {
    throw new Error('down');
  });
  t.is((await producer.sendInTransaction(createMessage('orders', 'x'))).localTransactionState, 'COMMIT_MESSAGE');
  t.is(cluster.logger.of('warn').length, 1);
});

test('a producer without a listener sends no transactions', async (t) => {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('orders');
  const producer = owned(new Producer({ group: 'g', ...cluster.options }, cluster.deps));
  await producer.start();
  await t.throwsAsync(producer.sendInTransaction(createMessage('orders', 'x')), { message: /transactionListener/ });
});

test('a check is answered to who asked, with the offsets of the question', async (t) => {
  const { cluster, verdicts, check } = await setUp(t, { check: () => 'COMMIT_MESSAGE' });
  t.is(await check(77), null);
  await cluster.settle();
  t.is(verdicts()[0]?.addr, 'broker-a:10911');
  t.like(verdicts()[0]?.header, {
    tranStateTableOffset: 77,
    commitLogOffset: 900,
    commitOrRollback: 8,
    fromTransactionCheck: true,
    msgId: 'unique',
  });
});

test('a check that throws is answered as unknown', async (t) => {
  const { cluster, verdicts, check } = await setUp(t, { check: () => Promise.reject(new Error('no idea')) });
  await check(1);
  await cluster.settle();
  t.is(verdicts()[0]?.header.commitOrRollback, 0);
  t.is(verdicts()[0]?.remark, 'checkLocalTransactionState Exception: no idea');
});

test('an answer that cannot be sent is only logged', async (t) => {
  const { cluster, check } = await setUp(t, { check: () => 'COMMIT_MESSAGE' });
  cluster.overrides.set('endTransactionOneway', () => {
    throw new Error('down');
  });
  await check(1);
  await cluster.settle();
  t.is(cluster.logger.of('warn').length, 1);
});

test('a verdict for a broker that has left meanwhile is not told', async (t) => {
  const { cluster, producer, verdicts } = await setUp(t);
  cluster.overrides.set('sendMessage', () => {
    // The master leaves while the half message is on its way.
    cluster.routes.get('orders')?.brokerDatas[0]?.brokerAddrs.delete(0);
    return {
      status: 'SEND_OK',
      msgId: '7F00000100002A9F00000000000004D2',
      queueId: 0,
      queueOffset: 5,
      regionId: null,
      traceOn: true,
    };
  });
  t.is((await producer.sendInTransaction(createMessage('orders', 'x'))).localTransactionState, 'COMMIT_MESSAGE');
  t.is(verdicts().length, 0);
  t.is(cluster.logger.of('warn').length, 1);
});

test('checks run one at a time, and not without bound', async (t) => {
  const gate = deferred<LocalTransactionState>();
  let running = 0;
  const { cluster, verdicts, check } = await setUp(t, {
    check: () => {
      running += 1;
      return running === 1 ? gate.promise : 'COMMIT_MESSAGE';
    },
  });
  for (let i = 0; i < 2003; i += 1) await check(i);
  await cluster.settle();
  t.is(running, 1);
  t.is(cluster.logger.of('warn').length, 2);
  gate.resolve('COMMIT_MESSAGE');
  while (verdicts().length < 2001) await cluster.settle();
  t.is(verdicts().length, 2001);
});

test('a check for a group that is not here is ignored', async (t) => {
  const { cluster, check, verdicts } = await setUp(t);
  t.is(await check(1, 'other'), null);
  await cluster.settle();
  t.is(verdicts().length, 0);
  t.is(cluster.logger.of('warn').length, 1);
});
