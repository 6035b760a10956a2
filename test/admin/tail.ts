import test from 'ava';
import type { Position } from '../../src/admin/position.js';
import { type TailRequest, tailTopics } from '../../src/admin/tail.js';
import { encodeTopicStatsTable } from '../../src/protocol/bodies.js';
import type { MessageExt } from '../../src/protocol/message.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { RemotingConnectError } from '../../src/remoting/errors.js';
import { BROKER_A, BROKER_B, clusterWire, type FakeWire, fakeIo, fakeSession } from '../helper/cli.js';
import type { ManualClock } from '../helper/manual-clock.js';
import { storedMessage } from '../helper/stored-message.js';

interface Stored {
  readonly storeTimestamp: number;
  readonly tags?: string;
  readonly keys?: string;
  readonly body?: string;
}

/** Two brokers with queues 0 and 1 in memory; the first offset stored is `min`. */
class Queues {
  readonly wire: FakeWire;
  readonly #queues = new Map<string, Stored[]>();
  #arrived: Array<() => void> = [];
  #dropped: Array<(reason: unknown) => void> = [];
  readonly min: number;

  constructor(min = 0) {
    this.min = min;
    this.wire = clusterWire()
      .on(RequestCode.GET_TOPIC_STATS_INFO, (_request, addr) => {
        const brokerName = addr === BROKER_A ? 'broker-a' : 'broker-b';
        const offsetTable = [0, 1].map((queueId) => ({
          mq: { topic: 'orders', brokerName, queueId },
          minOffset: this.min,
          maxOffset: this.min + this.of(addr, queueId).length,
          lastUpdateTimestamp: 0,
        }));
        return { body: encodeTopicStatsTable({ offsetTable, topicPutTps: 0 }) };
      })
      .on(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, ({ extFields }, addr) => {
        const messages = this.of(addr, Number(extFields?.queueId));
        const index = messages.findIndex(({ storeTimestamp }) => storeTimestamp >= Number(extFields?.timestamp));
        return { extFields: { offset: String(this.min + (index < 0 ? messages.length : index)) } };
      })
      .on(RequestCode.PULL_MESSAGE, async ({ extFields }, addr, signal) => {
        const fields = extFields ?? {};
        const isHeld = (Number(fields.sysFlag) & 2) !== 0;
        while (isHeld && this.#isAtEnd(fields, addr)) await this.#arrival(signal);
        return this.#pull(fields, addr);
      });
  }

  of(addr: string, queueId: number): Stored[] {
    const key = `${addr}/${queueId}`;
    const queue = this.#queues.get(key) ?? [];
    this.#queues.set(key, queue);
    return queue;
  }

  /** A message comes in: held requests look again. */
  push(addr: string, queueId: number, message: Stored): void {
    this.of(addr, queueId).push(message);
    const waiting = this.#arrived;
    this.#arrived = [];
    for (const wake of waiting) wake();
  }

  /** Resolves when the brokers hold so many requests. */
  async held(count: number): Promise<void> {
    while (this.#arrived.length < count) await new Promise(setImmediate);
  }

  /** Ends the requests that are held, as a connection does that breaks. */
  dropHeld(): void {
    const held = this.#dropped;
    this.#dropped = [];
    for (const drop of held) drop(new RemotingConnectError(BROKER_B, 'connection closed'));
  }

  #isAtEnd(fields: Record<string, string>, addr: string): boolean {
    return Number(fields.queueOffset) === this.min + this.of(addr, Number(fields.queueId)).length;
  }

  #arrival(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#arrived.push(resolve);
      this.#dropped.push(reject);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  #pull(fields: Record<string, string>, addr: string) {
    const queueId = Number(fields.queueId);
    const from = Number(fields.queueOffset);
    const messages = this.of(addr, queueId);
    const max = this.min + messages.length;
    const next = Math.min(max, from + Number(fields.maxMsgNums));
    const isIllegal = from < this.min || from > max;
    const extFields = {
      nextBeginOffset: String(isIllegal ? Math.max(this.min, Math.min(max, from)) : next),
      minOffset: String(this.min),
      maxOffset: String(max),
      suggestWhichBrokerId: '0',
    };
    if (isIllegal) return { code: ResponseCode.PULL_OFFSET_MOVED, extFields };
    if (from === max) return { code: ResponseCode.PULL_NOT_FOUND, extFields };
    const body = Buffer.concat(
      messages
        .slice(from - this.min, next - this.min)
        .map((message, i) => storedMessage({ topic: 'orders', queueId, queueOffset: from + i, ...message })),
    );
    return { extFields, body };
  }
}

const request = (more: Partial<TailRequest> = {}): TailRequest => ({
  topics: ['orders'],
  from: { kind: 'start' },
  to: null,
  follow: false,
  ...more,
});

async function read(queues: Queues, more: Partial<TailRequest> = {}): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of tailTopics(fakeSession(queues.wire), request(more))) texts.push(place(message));
  return texts;
}

const place = (message: MessageExt): string => `${message.brokerName}/${message.queueId}@${message.queueOffset}`;

function filled(): Queues {
  const queues = new Queues(100);
  queues
    .of(BROKER_A, 0)
    .push({ storeTimestamp: 10 }, { storeTimestamp: 40, tags: 'paid' }, { storeTimestamp: 41, keys: 'k1 k2' });
  queues.of(BROKER_A, 1).push({ storeTimestamp: 20, body: 'a needle here' });
  queues.of(BROKER_B, 0).push({ storeTimestamp: 15, tags: 'paid2' }, { storeTimestamp: 30 });
  return queues;
}

test('stored messages come in order of store time over all queues, and it ends', async (t) => {
  t.deepEqual(await read(filled()), [
    'broker-a/0@100',
    'broker-b/0@100',
    'broker-a/1@100',
    'broker-b/0@101',
    'broker-a/0@101',
    'broker-a/0@102',
  ]);
});

const bounds: Array<[title: string, more: Partial<TailRequest>, expected: string[]]> = [
  ['from the end there is nothing', { from: { kind: 'end' } }, []],
  [
    'the last of each queue',
    { from: { kind: 'before-end', count: 1 } },
    ['broker-a/1@100', 'broker-b/0@101', 'broker-a/0@102'],
  ],
  [
    'from the second of each queue',
    { from: { kind: 'after-start', count: 1 } },
    ['broker-b/0@101', 'broker-a/0@101', 'broker-a/0@102'],
  ],
  ['from a time', { from: { kind: 'time', timestamp: 30 } }, ['broker-b/0@101', 'broker-a/0@101', 'broker-a/0@102']],
  ['to a time', { to: { kind: 'time', timestamp: 20 } }, ['broker-a/0@100', 'broker-b/0@100']],
  [
    'to an offset',
    { to: { kind: 'queue-offset', queueOffset: 101 } },
    ['broker-a/0@100', 'broker-b/0@100', 'broker-a/1@100'],
  ],
  [
    'an end beyond the stored is the stored end',
    { to: { kind: 'queue-offset', queueOffset: 999 }, queueId: 1, brokerName: 'broker-a' },
    ['broker-a/1@100'],
  ],
  ['a count', { count: 2 }, ['broker-a/0@100', 'broker-b/0@100']],
  ['one queue', { brokerName: 'broker-b', queueId: 0 }, ['broker-b/0@100', 'broker-b/0@101']],
  ['a tag, exactly', { tags: 'paid || refunded' }, ['broker-a/0@101']],
  ['a key', { key: 'k2' }, ['broker-a/0@102']],
  ['a body', { bodyMatch: /needle/ }, ['broker-a/1@100']],
  [
    'a start that is too small',
    { from: { kind: 'queue-offset', queueOffset: 0 }, brokerName: 'broker-b' },
    ['broker-b/0@100', 'broker-b/0@101'],
  ],
];
for (const [title, more, expected] of bounds) {
  test(`bounds and filters: ${title}`, async (t) => {
    t.deepEqual(await read(filled(), more), expected);
  });
}

test('many messages come in batches, each once', async (t) => {
  const queues = new Queues();
  for (let i = 0; i < 100; i += 1) queues.of(BROKER_A, 0).push({ storeTimestamp: i });
  t.deepEqual(
    await read(queues),
    Array.from({ length: 100 }, (_, i) => `broker-a/0@${i}`),
  );
  t.is(queues.wire.of(RequestCode.PULL_MESSAGE).length, 4);
});

test('no group is joined and no offset moved', async (t) => {
  const queues = filled();
  await read(queues);
  for (const { fields } of queues.wire.of(RequestCode.PULL_MESSAGE)) {
    t.is(fields.consumerGroup, 'TOOLS_CONSUMER');
    t.is(Number(fields.sysFlag) & 1, 0, 'commits nothing');
    t.is(Number(fields.sysFlag) & 4, 4, 'brings its subscription');
  }
  const codes = new Set(queues.wire.calls.map(({ code }) => code));
  t.false(codes.has(RequestCode.HEART_BEAT));
  t.false(codes.has(RequestCode.UPDATE_CONSUMER_OFFSET));
});

test('following gives out what comes later', async (t) => {
  const queues = filled();
  const messages = tailTopics(fakeSession(queues.wire), request({ from: { kind: 'end' }, follow: true }));
  const next = messages.next();
  await new Promise(setImmediate);
  queues.push(BROKER_B, 1, { storeTimestamp: 99 });
  const { value } = await next;
  t.is(value && place(value), 'broker-b/1@100');
  await messages.return();
});

test('a slow reader is not read ahead of by more than a batch', async (t) => {
  const queues = new Queues();
  for (let i = 0; i < 200; i += 1) queues.of(BROKER_A, 0).push({ storeTimestamp: i });
  const messages = tailTopics(fakeSession(queues.wire), request({ brokerName: 'broker-a', queueId: 0 }));
  await messages.next();
  await new Promise(setImmediate);
  t.is(queues.wire.of(RequestCode.PULL_MESSAGE).length, 1);
  await messages.return();
});

test('an unknown topic or queue is not found', async (t) => {
  const queues = new Queues();
  await t.throwsAsync(read(queues, { brokerName: 'broker-x' }), { code: 'NOT_FOUND' });
  await t.throwsAsync(read(queues, { queueId: 7 }), { code: 'NOT_FOUND' });
});

test('an end in the future is waited for, and is no part of it', async (t) => {
  const queues = filled();
  const io = fakeIo();
  const now = io.clock.now();
  const to: Position = { kind: 'time', timestamp: now + 50 };
  queues.wire
    .on(RequestCode.GET_MIN_OFFSET, () => ({ extFields: { offset: '100' } }))
    .on(RequestCode.GET_MAX_OFFSET, ({ extFields }, addr) => ({
      extFields: { offset: String(100 + queues.of(addr, Number(extFields?.queueId)).length) },
    }));
  const found: string[] = [];
  const reading = (async () => {
    for await (const message of tailTopics(fakeSession(queues.wire, io), request({ from: { kind: 'end' }, to })))
      found.push(place(message));
  })();
  await queues.held(4);
  queues.push(BROKER_B, 1, { storeTimestamp: now + 10 });
  queues.push(BROKER_B, 1, { storeTimestamp: now + 60 });
  (io.clock as ManualClock).advance(50);
  await reading;
  t.deepEqual(found, ['broker-b/1@100']);
});

test('several topics come in order of store time over all of them', async (t) => {
  const topics = new Set<string>();
  for await (const { topic } of tailTopics(fakeSession(filled().wire), request({ topics: ['orders', 'orders'] })))
    topics.add(topic);
  t.deepEqual([...topics], ['orders']);
});

test('a broker that goes away while followed is told once, and read on when it is back', async (t) => {
  const queues = filled();
  const troubles: string[] = [];
  const messages = tailTopics(
    fakeSession(queues.wire),
    request({ from: { kind: 'end' }, follow: true, brokerName: 'broker-b' }),
    { onTrouble: ({ addr }) => troubles.push(addr) },
  );
  const next = messages.next();
  await queues.held(2);
  queues.wire.down.add(BROKER_B);
  queues.dropHeld();
  while (troubles.length === 0) await new Promise(setImmediate);
  queues.wire.down.delete(BROKER_B);
  queues.push(BROKER_B, 0, { storeTimestamp: 99 });
  const { value } = await next;
  t.is(value && place(value), 'broker-b/0@102');
  t.deepEqual(troubles, [BROKER_B]);
  await messages.return();
});

test('an interrupt ends it with its reason', async (t) => {
  const io = fakeIo();
  const messages = tailTopics(fakeSession(filled().wire, io), request({ from: { kind: 'end' }, follow: true }));
  const next = messages.next();
  io.interrupt();
  await t.throwsAsync(next, { code: 'ABORTED' });
});

test('a broker that goes away ends a bounded read', async (t) => {
  const queues = filled();
  const messages = tailTopics(fakeSession(queues.wire), request({ count: 10 }));
  await messages.next();
  const error = new Error('gone');
  queues.wire.on(RequestCode.PULL_MESSAGE, () => error);
  queues.of(BROKER_A, 0);
  await t.notThrowsAsync(async () => {
    for await (const _ of messages);
  }, 'all was read already');
});
