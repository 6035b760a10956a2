import test from 'ava';
import { silentLogger } from '../../src/base/logger.js';
import { traceConsumption } from '../../src/client/consume-trace.js';
import type { MQClientInstance } from '../../src/client/mq-client-instance.js';
import { MAX_TRACE_BYTES, TraceDispatcher, traceMessages } from '../../src/client/trace-dispatcher.js';
import type { Message, MessageExt } from '../../src/protocol/message.js';
import { decodeTraceRecords, type TraceRecord } from '../../src/protocol/trace-data.js';
import { ManualClock } from '../helper/manual-clock.js';

const NOW_MS = 1_758_200_000_000;

function dispatcher(traceMsgBatchNum?: number) {
  const clock = new ManualClock(NOW_MS);
  const sent: Message[] = [];
  const calls: string[] = [];
  const producer = {
    start: async () => void calls.push('start'),
    send: async (message: Message) => void sent.push(message),
    shutdown: async () => void calls.push('shutdown'),
  };
  let ids = 0;
  const instance = { clock, logger: silentLogger, nextUniqId: () => `id${++ids}` } as unknown as MQClientInstance;
  const made = new TraceDispatcher({ instance, traceTopic: 'TRACE', traceMsgBatchNum, producer });
  return { clock, sent, calls, instance, dispatcher: made };
}

const recall = (msgId: string, topic = 'orders'): TraceRecord => ({
  type: 'Recall',
  timestamp: 1,
  regionId: 'r',
  groupName: 'g',
  topic,
  msgId,
  isSuccess: true,
});

const ids = (messages: readonly Message[]): string[][] =>
  messages.map(({ body }) => decodeTraceRecords(body.toString()).map(({ msgId }) => msgId));

test('a full batch is one trace message, found by all its ids and keys', async (t) => {
  const { calls, dispatcher: trace, sent } = dispatcher(2);
  trace.append('orders', [{ ...recall('a'), keys: 'k1 k2' }]);
  t.deepEqual(sent, []);
  trace.append('orders', [recall('b')]);
  await trace.flush();
  t.deepEqual(ids(sent), [['a', 'b']]);
  t.is(sent[0]?.topic, 'TRACE');
  t.is(sent[0]?.properties.get('KEYS'), 'a k1 k2 b');
  t.deepEqual(calls, ['start']);
});

test('records wait no longer than five seconds', async (t) => {
  const { clock, dispatcher: trace, sent } = dispatcher();
  trace.append('orders', [recall('a')]);
  clock.advance(4999);
  t.deepEqual(sent, []);
  clock.advance(1);
  await trace.flush();
  t.deepEqual(ids(sent), [['a']]);
});

test('topics do not share a trace message, and none is too long', (t) => {
  const contexts = [
    { topic: 'orders', records: [recall('a')] },
    { topic: 'bills', records: [recall('b', 'bills')] },
    { topic: 'orders', records: [recall('c')] },
  ];
  t.deepEqual(ids(traceMessages('TRACE', contexts)), [['a', 'c'], ['b']]);
  const long = Array.from({ length: 5 }, (_, i) => ({ ...recall(`m${i}`), groupName: 'g'.repeat(50_000) }));
  const messages = traceMessages('TRACE', [{ topic: 'orders', records: long }]);
  t.deepEqual(ids(messages), [['m0', 'm1'], ['m2', 'm3'], ['m4']]);
  t.true(messages.every(({ body }) => body.length <= MAX_TRACE_BYTES));
});

test('what is appended beyond the bound is dropped, and shutdown sends the rest', async (t) => {
  const { calls, dispatcher: trace, sent } = dispatcher(20);
  for (let i = 0; i < 25; i++) trace.append('orders', [recall(`m${i}`)]);
  await trace.shutdown();
  t.is(ids(sent).flat().length, 25);
  t.deepEqual(calls, ['start', 'shutdown']);
});

test('a consumption is recorded before and after, for messages that are traced', async (t) => {
  const { clock, dispatcher: trace, instance, sent } = dispatcher();
  const message = (msgId: string, properties: Record<string, string>) =>
    ({ topic: 'orders', msgId, reconsumeTimes: 1, properties: new Map(Object.entries(properties)) }) as MessageExt;
  const after = traceConsumption(trace, instance, 'g', [
    message('a', { MSG_REGION: 'r', TRACE_ON: 'true', KEYS: 'k' }),
    message('b', { MSG_REGION: 'r', TRACE_ON: 'false' }),
  ]);
  clock.advance(10);
  after({ isSuccess: false, hasThrown: false, hasReturnedNull: false, isLate: false });
  await trace.flush();
  const common = { requestId: 'id1', groupName: 'g', msgId: 'a', keys: 'k' };
  t.deepEqual(
    sent.flatMap(({ body }) => decodeTraceRecords(body.toString())),
    [
      { ...common, type: 'SubBefore', timestamp: NOW_MS, regionId: 'r', retryTimes: 1 },
      { ...common, type: 'SubAfter', timestamp: NOW_MS + 10, costMs: 5, isSuccess: false, contextCode: 4 },
    ],
  );
});

test('a message of a broker that names no region is recorded under the default one', async (t) => {
  const { dispatcher: trace, instance, sent } = dispatcher();
  const message = { topic: 'orders', msgId: 'a', reconsumeTimes: 0, properties: new Map() } as unknown as MessageExt;
  traceConsumption(trace, instance, 'g', [message]);
  await trace.flush();
  const [record] = sent.flatMap(({ body }) => decodeTraceRecords(body.toString()));
  t.like(record, { type: 'SubBefore', regionId: 'DefaultRegion', msgId: 'a' });
});
