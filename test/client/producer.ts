import { inflateSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { ClientErrorCode, MQBrokerError, MQClientError } from '../../src/client/errors.js';
import { MQClientInstance } from '../../src/client/mq-client-instance.js';
import { Producer, type ProducerOptions } from '../../src/client/producer.js';
import { ZLIB_COMPRESSED_FLAGS } from '../../src/protocol/compression.js';
import { MessageFormatError } from '../../src/protocol/errors.js';
import type { HeaderOf } from '../../src/protocol/header-schema.js';
import type { SendMessageRequestHeaderV2 } from '../../src/protocol/headers.js';
import { createMessage } from '../../src/protocol/message.js';
import { decodeBatch } from '../../src/protocol/message-batch.js';
import { decodeProperties } from '../../src/protocol/message-property.js';
import { encodeRecallHandle } from '../../src/protocol/recall-handle.js';
import { decodeTraceRecords } from '../../src/protocol/trace-data.js';
import { RemotingConnectError, RemotingTimeoutError, RemotingTooMuchRequestError } from '../../src/remoting/errors.js';
import { addrOf, fakeCluster } from '../helper/client.js';
import { deferred } from '../helper/remoting.js';

type Header = HeaderOf<typeof SendMessageRequestHeaderV2>;
type Call = { kind: string; timeoutMs: number };

async function setUp(t: ExecutionContext, options: Partial<ProducerOptions> = {}) {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('orders', 2, ['broker-a', 'broker-b']);
  const producer = owned(new Producer({ group: 'g', ...cluster.options, ...options }, cluster.deps));
  await producer.start();
  const sends = () =>
    cluster.callsOf('sendMessage').map(({ args }) => {
      const [addr, header, body, call] = args as [string, Header, Buffer, Call];
      return { addr, header, body, call };
    });
  /** Fails sends to some brokers. */
  const fail = (error: (addr: string) => Error | null) => {
    cluster.overrides.set('sendMessage', (addr: string, header: Header) => {
      const failure = error(addr);
      if (failure !== null) throw failure;
      return { status: 'SEND_OK', msgId: 'id', queueId: header.e, queueOffset: 0, regionId: null, traceOn: true };
    });
  };
  return { cluster, owned, producer, sends, fail };
}

test('a message goes out with everything a broker wants to know', async (t) => {
  const { cluster, producer, sends } = await setUp(t);
  const message = createMessage('orders', 'hello', { tags: 'A', flag: 3 });
  const result = await producer.send(message);
  const [send] = sends();
  t.is(send?.addr, addrOf('broker-a'));
  t.like(send?.header, {
    a: 'g',
    b: 'orders',
    c: 'TBW102',
    d: 4,
    e: 0,
    f: 0,
    g: cluster.clock.now(),
    h: 3,
    j: 0,
    k: false,
    m: false,
    n: 'broker-a',
  });
  const properties = decodeProperties(send?.header.i);
  t.is(properties.get('TAGS'), 'A');
  t.is(properties.get('UNIQ_KEY'), result.msgId);
  t.deepEqual(result.messageQueue, { topic: 'orders', brokerName: 'broker-a', queueId: 0 });
  t.like(result, { sendStatus: 'SEND_OK', queueOffset: 0, regionId: 'DefaultRegion', traceOn: true });
});

test('messages go to the queues in turn', async (t) => {
  const { producer, sends } = await setUp(t);
  for (let i = 0; i < 4; i += 1) await producer.send(createMessage('orders', 'x'));
  t.deepEqual(
    sends().map(({ header }) => `${header.n}#${header.e}`),
    ['broker-a#0', 'broker-a#1', 'broker-b#0', 'broker-b#1'],
  );
});

test('a message sent again keeps its id', async (t) => {
  const { producer } = await setUp(t);
  const message = createMessage('orders', 'x');
  t.is((await producer.send(message)).msgId, (await producer.send(message)).msgId);
});

test('a large body is compressed, the message itself stays as it is', async (t) => {
  const { producer, sends } = await setUp(t);
  const message = createMessage('orders', 'y'.repeat(4096));
  await producer.send(message);
  const [send] = sends();
  t.is(send?.header.f, ZLIB_COMPRESSED_FLAGS);
  t.is(inflateSync(send?.body ?? '').toString(), message.body.toString());
  await producer.send(createMessage('orders', 'y'.repeat(4095)));
  t.is(sends()[1]?.header.f, 0);
});

test('an unknown topic is sent by the route of TBW102, with no more queues than asked for', async (t) => {
  const { cluster, producer, sends } = await setUp(t, { defaultTopicQueueNums: 3 });
  cluster.createTopic('TBW102', 8);
  const queues = await producer.fetchPublishMessageQueues('new-topic');
  t.is(queues.length, 3);
  await producer.send(createMessage('new-topic', 'x'));
  t.is(sends()[0]?.header.b, 'new-topic');
  t.is(sends()[0]?.header.d, 3);
});

test('without any route a send fails with 10005', async (t) => {
  const { producer } = await setUp(t);
  const error = await t.throwsAsync(producer.send(createMessage('nowhere', 'x')), { instanceOf: MQClientError });
  t.is(error?.responseCode, ClientErrorCode.NOT_FOUND_TOPIC_EXCEPTION);
  t.is(error?.message, 'No route info of this topic: nowhere');
  await t.throwsAsync(producer.fetchPublishMessageQueues('nowhere'), { instanceOf: MQClientError });
});

for (const [what, failure] of [
  ['that cannot be reached', new RemotingConnectError('x', 'refused')],
  ['that does not answer', new RemotingTimeoutError('x', 'late', 1)],
  ['that is busy', new MQBrokerError(2, 'busy', 'x')],
  ['that does not know the topic', new MQBrokerError(17, 'none', 'x')],
] as const) {
  test(`after a broker ${what} another one is tried`, async (t) => {
    const { producer, sends, fail } = await setUp(t);
    fail((addr) => (addr === addrOf('broker-a') ? failure : null));
    const result = await producer.send(createMessage('orders', 'x'));
    t.is(result.messageQueue.brokerName, 'broker-b');
    t.deepEqual(
      sends().map(({ addr }) => addr),
      [addrOf('broker-a'), addrOf('broker-b')],
    );
  });
}

test('a refusal that no retry helps is thrown at once', async (t) => {
  const { producer, sends, fail } = await setUp(t);
  fail(() => new MQBrokerError(13, 'illegal', 'x'));
  await t.throwsAsync(producer.send(createMessage('orders', 'x')), { instanceOf: MQBrokerError });
  t.is(sends().length, 1);
});

test('when all tries failed the error tells how often, where and why', async (t) => {
  const { producer, fail } = await setUp(t);
  fail(() => new RemotingConnectError('x', 'refused'));
  const error = await t.throwsAsync(producer.send(createMessage('orders', 'x')), { instanceOf: MQClientError });
  t.is(
    error?.message,
    'Send [3] times, still failed, cost [0]ms, Topic: orders, BrokersSent: [broker-a, broker-b, broker-a]',
  );
  t.is(error?.responseCode, ClientErrorCode.CONNECT_BROKER_EXCEPTION);
  t.true(error?.cause instanceof RemotingConnectError);
});

test('the deadline spans all tries', async (t) => {
  const { cluster, producer, sends, fail } = await setUp(t);
  fail((addr) => {
    cluster.clock.advance(2000);
    return new RemotingTimeoutError(addr, 'late', 2000);
  });
  const error = await t.throwsAsync(producer.send(createMessage('orders', 'x')), {
    instanceOf: RemotingTooMuchRequestError,
  });
  t.is(error?.message, 'sendDefaultImpl call timeout');
  t.true(error?.cause instanceof RemotingTimeoutError);
  t.deepEqual(
    sends().map(({ call }) => call.timeoutMs),
    [3000, 1000],
  );
});

test('one try may be bounded while more can follow', async (t) => {
  const { producer, sends, fail } = await setUp(t, { sendMsgMaxTimeoutPerRequest: 500, retryTimesWhenSendFailed: 1 });
  fail((addr) => new RemotingTimeoutError(addr, 'late', 1));
  await t.throwsAsync(producer.send(createMessage('orders', 'x')));
  t.deepEqual(
    sends().map(({ call }) => call.timeoutMs),
    [500, 3000],
  );
});

test('a status other than SEND_OK is a result, or a reason for another broker when asked for', async (t) => {
  const slow = () => ({
    status: 'FLUSH_DISK_TIMEOUT',
    msgId: 'id',
    queueId: 0,
    queueOffset: 0,
    regionId: null,
    traceOn: true,
  });
  const first = await setUp(t);
  first.cluster.overrides.set('sendMessage', slow);
  t.is((await first.producer.send(createMessage('orders', 'x'))).sendStatus, 'FLUSH_DISK_TIMEOUT');
  t.is(first.sends().length, 1);
  const second = await setUp(t, { retryAnotherBrokerWhenNotStoreOK: true });
  second.cluster.overrides.set('sendMessage', slow);
  t.is((await second.producer.send(createMessage('orders', 'x'))).sendStatus, 'FLUSH_DISK_TIMEOUT');
  t.is(second.sends().length, 3);
});

test('an explicit queue is not replaced', async (t) => {
  const { producer, sends, fail } = await setUp(t);
  fail(() => new RemotingConnectError('x', 'refused'));
  const queue = { topic: 'orders', brokerName: 'broker-b', queueId: 1 };
  await t.throwsAsync(producer.send(createMessage('orders', 'x'), { queue }), { instanceOf: RemotingConnectError });
  t.is(sends().length, 1);
  await t.throwsAsync(producer.send(createMessage('other', 'x'), { queue }), {
    message: "message's topic not equal mq's topic",
  });
});

test('a queue of a broker without a master is refused', async (t) => {
  const { producer } = await setUp(t);
  const queue = { topic: 'orders', brokerName: 'broker-z', queueId: 0 };
  const error = await t.throwsAsync(producer.send(createMessage('orders', 'x'), { queue }));
  t.is((error as MQClientError).responseCode, ClientErrorCode.BROKER_NOT_EXIST_EXCEPTION);
});

test('a selector chooses among the queues of the topic', async (t) => {
  const { producer, sends } = await setUp(t);
  await producer.send(createMessage('orders', 'x'), {
    selector: (queues, message, arg) => queues[(message.body.length + (arg as number)) % queues.length] as never,
    arg: 2,
  });
  t.is(`${sends()[0]?.header.n}#${sends()[0]?.header.e}`, 'broker-b#1');
  const stranger = { topic: 'orders', brokerName: 'broker-z', queueId: 0 };
  await t.throwsAsync(producer.send(createMessage('orders', 'x'), { selector: () => stranger }), {
    instanceOf: MQClientError,
  });
});

test('retry counts move from the properties into the header for a retry topic', async (t) => {
  const { cluster, producer, sends } = await setUp(t);
  cluster.createTopic('%RETRY%g');
  const message = createMessage('%RETRY%g', 'x');
  message.properties.set('RECONSUME_TIME', '3');
  message.properties.set('MAX_RECONSUME_TIMES', '16');
  await producer.send(message);
  const [send] = sends();
  t.is(send?.header.j, 3);
  t.is(send?.header.l, 16);
  t.false(decodeProperties(send?.header.i).has('RECONSUME_TIME'));
  t.is(message.properties.get('RECONSUME_TIME'), '3');
});

test('a reply is sent as one', async (t) => {
  const { producer, sends } = await setUp(t);
  const message = createMessage('orders', 'x');
  message.properties.set('MSG_TYPE', 'reply');
  await producer.send(message);
  t.is(sends()[0]?.call.kind, 'reply');
});

test('a batch is one request; its result names every message', async (t) => {
  const { producer, sends } = await setUp(t);
  const messages = [createMessage('orders', 'one', { tags: 'A' }), createMessage('orders', 'z'.repeat(5000))];
  const result = await producer.sendBatch(messages);
  const [send] = sends();
  t.is(send?.call.kind, 'batch');
  t.true(send?.header.m);
  t.is(send?.header.f, 0);
  const records = decodeBatch(send?.body ?? Buffer.alloc(0));
  t.deepEqual(
    records.map(({ body }) => body.length),
    [3, 5000],
  );
  t.is(result.msgId, messages.map(({ properties }) => properties.get('UNIQ_KEY')).join(','));
});

test('messages that cannot go together are no batch', async (t) => {
  const { producer } = await setUp(t);
  const messages = [createMessage('orders', 'x'), createMessage('other', 'x')];
  await t.throwsAsync(producer.sendBatch(messages), { instanceOf: MessageFormatError });
  await t.throwsAsync(producer.sendBatch([]), { instanceOf: MessageFormatError });
});

test('a one-way send is tried once and tells nothing', async (t) => {
  const { cluster, producer } = await setUp(t);
  t.is(await producer.sendOneway(createMessage('orders', 'x')), undefined);
  t.is(cluster.callsOf('sendMessageOneway').length, 1);
  cluster.overrides.set('sendMessageOneway', () => {
    throw new RemotingConnectError('x', 'refused');
  });
  await t.throwsAsync(producer.sendOneway(createMessage('orders', 'x')), { message: /^Send \[1\] times/ });
});

for (const [what, topic, body, text] of [
  ['an empty body', 'orders', '', 'the message body length is zero'],
  ['a body over the limit', 'orders', 'x'.repeat(101), 'the message body size over max value, MAX: 100'],
  ['a blank topic', ' ', 'x', 'The specified topic is blank.'],
  ['a system topic', 'SCHEDULE_TOPIC_XXXX', 'x', 'Sending message to topic[SCHEDULE_TOPIC_XXXX] is forbidden.'],
  ['a long retry topic', `%RETRY%${'g'.repeat(121)}`, 'x', 'The specified topic is longer than topic max length 127.'],
] as const) {
  test(`${what} is refused before anything is sent`, async (t) => {
    const { producer, sends } = await setUp(t, { maxMessageSize: 100 });
    await t.throwsAsync(producer.send(createMessage(topic, body)), { instanceOf: MQClientError, message: text });
    t.is(sends().length, 0);
  });
}

test('a delayed message is taken back at the broker that its handle names', async (t) => {
  const { cluster, producer } = await setUp(t);
  cluster.overrides.set('recallMessage', () => ({ msgId: 'K', regionId: 'r' }));
  const handle = { topic: 'orders', brokerName: 'broker-b', timestampText: '17', messageId: 'K' };
  const recallHandle = encodeRecallHandle(handle);
  t.is(await producer.recallMessage('orders', recallHandle), 'K');
  const [addr, query] = cluster.callsOf('recallMessage')[0]?.args ?? [];
  t.is(addr, addrOf('broker-b'));
  t.deepEqual(query, { producerGroup: 'g', topic: 'orders', recallHandle, bname: 'broker-b' });
  // Behind a proxy the handle may name a broker that this client never meets.
  await producer.recallMessage('orders', encodeRecallHandle({ ...handle, brokerName: 'broker-z' }));
  t.is(cluster.callsOf('recallMessage')[1]?.args[0], addrOf('broker-a'));
  await t.throwsAsync(producer.recallMessage('orders', 'x'), { message: 'recall handle is invalid' });
  await t.throwsAsync(producer.recallMessage('%DLQ%g', recallHandle), { message: 'topic is not supported' });
});

test('a bad group is refused', (t) => {
  for (const group of ['', 'DEFAULT_PRODUCER', 'g'.repeat(121), 'a b']) {
    t.throws(() => new Producer({ group, namesrvAddr: 'n:1' }), { instanceOf: MQClientError });
  }
  t.throws(() => new Producer({ group: 'g' }), { message: 'namesrvAddr names no name server' });
});

test('an abort ends a send with its reason', async (t) => {
  const { cluster, producer } = await setUp(t);
  const aborted = AbortSignal.abort(new Error('enough'));
  await t.throwsAsync(producer.send(createMessage('orders', 'x'), { signal: aborted }), { message: 'enough' });
  const controller = new AbortController();
  cluster.overrides.set(
    'sendMessage',
    (_addr: string, _header: Header, _body: Buffer, call: { signal: AbortSignal }) => {
      controller.abort(new Error('stop'));
      call.signal.throwIfAborted();
    },
  );
  const sent = producer.send(createMessage('orders', 'x'), { signal: controller.signal });
  await t.throwsAsync(sent, { message: 'stop' });
});

test('a producer is started once and shut down for good', async (t) => {
  const { cluster, producer } = await setUp(t);
  await t.throwsAsync(producer.start(), { instanceOf: MQClientError });
  await producer.send(createMessage('orders', 'x'));
  await Promise.all([producer.shutdown(), producer.shutdown()]);
  t.is(cluster.callsOf('unregisterClient').length, 2);
  t.true(cluster.remoting.isShutDown);
  t.is(cluster.clock.pendingTimers, 0);
  await t.throwsAsync(producer.send(createMessage('orders', 'x')), { instanceOf: MQClientError });
  await t.throwsAsync(producer.start(), { instanceOf: MQClientError });
});

test('a send under way when the producer is shut down is not tried again', async (t) => {
  const { cluster, producer, sends } = await setUp(t);
  const gate = deferred<never>();
  cluster.overrides.set('sendMessage', () => gate.promise);
  const sent = producer.send(createMessage('orders', 'x'));
  await cluster.settle();
  const closed = producer.shutdown();
  gate.reject(new RemotingConnectError('x', 'closed'));
  await t.throwsAsync(sent, { instanceOf: RemotingConnectError });
  await closed;
  t.is(sends().length, 1);
});

test('producers of one instance have different groups, and leave it running', async (t) => {
  const { cluster, owned } = fakeCluster(t);
  const instance = owned(new MQClientInstance(cluster.options, cluster.deps));
  const first = new Producer({ group: 'g', instance });
  await first.start();
  await t.throwsAsync(new Producer({ group: 'g', instance }).start(), {
    message: 'The producer group[g] has been created before, specify another name please.',
  });
  await first.shutdown();
  t.false(cluster.remoting.isShutDown);
  await new Producer({ group: 'g', instance }).start();
});

for (const [what, error, isSuccess] of [
  ['a recall', null, true],
  ['a refused recall', new MQBrokerError(1, 'too late', 'x'), false],
] as const) {
  test(`${what} is recorded when that was asked for`, async (t) => {
    const { cluster, producer } = await setUp(t, { enableTrace: true, enableRecallTrace: true });
    cluster.createTopic('RMQ_SYS_TRACE_TOPIC');
    cluster.overrides.set('recallMessage', () => {
      if (error !== null) throw error;
      return { msgId: 'K', regionId: 'DefaultRegion' };
    });
    const handle = { topic: 'orders', brokerName: 'broker-b', timestampText: '17', messageId: 'K' };
    await producer.recallMessage('orders', encodeRecallHandle(handle)).catch(() => {});
    await cluster.advance(5000);
    const [trace] = cluster.log({ topic: 'RMQ_SYS_TRACE_TOPIC', brokerName: 'broker-a', queueId: 0 });
    const [record] = decodeTraceRecords(trace?.body.toString() ?? '');
    t.like(record, {
      type: 'Recall',
      groupName: 'g',
      topic: 'orders',
      msgId: 'K',
      regionId: 'DefaultRegion',
      isSuccess,
    });
  });
}

test('with latency faults a broker that failed gets nothing for a while', async (t) => {
  const { cluster, producer, sends, fail } = await setUp(t, { sendLatencyFaultEnable: true });
  fail((addr) => (addr === addrOf('broker-a') ? new RemotingConnectError('x', 'refused') : null));
  await producer.send(createMessage('orders', 'x'));
  fail(() => null);
  const brokersOf = async () => {
    const before = sends().length;
    for (let i = 0; i < 4; i += 1) await producer.send(createMessage('orders', 'x'));
    const addrs = sends().map(({ addr }) => addr);
    return [...new Set(addrs.slice(before))].sort();
  };
  t.deepEqual(await brokersOf(), [addrOf('broker-b')]);
  await cluster.advance(10_000);
  t.deepEqual(await brokersOf(), [addrOf('broker-a'), addrOf('broker-b')]);
});

test('what is stored, if not safely, is the result when another broker refuses', async (t) => {
  const { cluster, producer, sends } = await setUp(t, { retryAnotherBrokerWhenNotStoreOK: true });
  cluster.overrides.set('sendMessage', (addr: string, header: Header) => {
    if (addr === addrOf('broker-b')) throw new MQBrokerError(13, 'illegal', 'x');
    const status = 'FLUSH_DISK_TIMEOUT';
    return { status, msgId: 'id', queueId: header.e, queueOffset: 0, regionId: null, traceOn: true };
  });
  t.is((await producer.send(createMessage('orders', 'x'))).sendStatus, 'FLUSH_DISK_TIMEOUT');
  t.is(sends().length, 2);
});
