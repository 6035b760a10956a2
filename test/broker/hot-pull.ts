import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { createBrokerConfig } from '../../src/broker/broker-config.js';
import { BrokerStats } from '../../src/broker/broker-stats.js';
import { ConsumerGroups } from '../../src/broker/client-groups.js';
import { ConsumerOffsetTable } from '../../src/broker/consumer-offset-table.js';
import type { BrokerContext, Handlers } from '../../src/broker/context.js';
import { HotPullFrames } from '../../src/broker/hot-pull-frames.js';
import { pullMessageHandlers } from '../../src/broker/processors/pull-message.js';
import { PullRequestHold } from '../../src/broker/pull-request-hold.js';
import { TopicQueueMappingTable } from '../../src/broker/static-topic/mapping-table.js';
import type { MessageStoreConfig } from '../../src/broker/store/store-config.js';
import { SubscriptionGroupTable } from '../../src/broker/subscription-group-table.js';
import { TopicTable } from '../../src/broker/topic-table.js';
import { encodeHeader } from '../../src/protocol/header-schema.js';
import { PullMessageRequestHeader } from '../../src/protocol/headers.js';
import {
  createRequest,
  decodeFrame,
  encodeFrame,
  FLAG_RESPONSE,
  type RemotingCommand,
  type SerializeType,
} from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { buildPullSysFlag } from '../../src/protocol/sys-flag.js';
import type { RequestContext, ServerConnection } from '../../src/remoting/server.js';
import { ManualClock } from '../helper/manual-clock.js';
import { openStore, put, putOf } from '../helper/store.js';

const MESSAGES = 300;
const MIB = 1024 * 1024;
const LARGE_TRANSFERS = {
  maxTransferBytesOnMessageInMemory: MIB,
  maxTransferBytesOnMessageInDisk: MIB,
  maxTransferCountOnMessageInDisk: 32,
};
const TAGS = ['red', 'green', 'blue'];
/** Names of one length: their requests differ by nothing else. */
const TOPICS = ['T', 'U'];
const GROUPS = ['consumers', 'customers'];

interface Ask {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly offset: number;
  readonly maxMsgNums: number;
  readonly subscription: string;
  readonly queueId: number;
  readonly serializeType: SerializeType;
}

/** Messages of three tags in two queues of each topic, and both ways of pulling them. */
async function setUp(t: ExecutionContext, config: Partial<MessageStoreConfig>, bodyBytes: number) {
  const clock = new ManualClock();
  const { store } = await openStore(t, { config: { mappedFileSizeCommitLog: 16 * MIB, ...config } });
  for (let i = 0; i < MESSAGES; i++) {
    const properties = { TAGS: TAGS[i % TAGS.length] as string };
    for (const topic of TOPICS) {
      put(t, store, putOf(topic, i % 2, `${topic}${i}`.padEnd(bodyBytes), { properties }));
    }
  }
  const brokerConfig = createBrokerConfig({ brokerIP1: '127.0.0.1' });
  const topics = new TopicTable(brokerConfig, () => clock.now());
  for (const topic of TOPICS) topics.createForSendBack(topic, 2, 6, 0);
  const parts = {
    ...{ config: brokerConfig, clock, topics, store },
    groups: new SubscriptionGroupTable(brokerConfig, () => clock.now()),
    offsets: new ConsumerOffsetTable(brokerConfig, () => clock.now()),
    consumers: new ConsumerGroups(),
    hold: new PullRequestHold(),
    mappings: new TopicQueueMappingTable(brokerConfig, () => clock.now()),
    logger: { info: () => {} },
  };
  const way = (isPlain: boolean) => {
    const stats = new BrokerStats({
      ...{ clusterName: 'c', detail: true, isSystemTopic: () => false, now: () => clock.now() },
    });
    const context = { ...parts, stats } as unknown as BrokerContext;
    return { stats, context, pull: (ask: Ask) => pull(pullMessageHandlers(context, isPlain), ask) };
  };
  const frames = way(true);
  const take = framesTaker(new HotPullFrames(frames.context));
  return {
    store,
    offsets: parts.offsets,
    fast: way(false),
    slow: way(true),
    /** From the bytes of a frame; by the plain way if it is not for the fast one. */
    frames: { stats: frames.stats, pull: async (ask: Ask) => take(ask) ?? frames.pull(ask) },
  };
}

function requestOf(ask: Ask): RemotingCommand {
  const fields = encodeHeader(PullMessageRequestHeader, {
    ...{ consumerGroup: ask.consumerGroup, topic: ask.topic, queueId: ask.queueId, queueOffset: ask.offset },
    ...{ maxMsgNums: ask.maxMsgNums, sysFlag: buildPullSysFlag({ subscription: true }), commitOffset: 0 },
    ...{ suspendTimeoutMillis: 0, subscription: ask.subscription, subVersion: 0 },
  });
  return createRequest(RequestCode.PULL_MESSAGE, fields, null, { opaque: 77, serializeType: ask.serializeType });
}

const output = new Uint8Array(300_000);

type Answer = { answer: RemotingCommand; isFast: boolean };

/** Pulls of one connection, each in the same read region; null for what is not answered from the bytes of its frame. */
function framesTaker(hot: HotPullFrames): (ask: Ask) => Answer | null {
  const region = Buffer.alloc(4096);
  const view = new DataView(region.buffer, region.byteOffset, region.length);
  let written: Buffer | null = null;
  const conn = {
    ...{ remoteText: '10.0.0.1:1', closed: false, holdFrames: () => {}, takeOutput: () => output },
    writeTaken: (start: number, end: number) => {
      written = Buffer.from(output.subarray(start, end));
      return true;
    },
  } as unknown as ServerConnection;
  return (ask) => {
    const frame = encodeFrame(requestOf(ask));
    region.fill(0);
    region.set(frame, 5);
    written = null;
    if (!hot.take(conn, view, region, 5, 5 + frame.length)) return null;
    const answered = written as Buffer | null;
    if (answered === null) throw new Error('taken, but not answered');
    return { answer: decodeFrame(answered, 0, answered.length), isFast: true };
  };
}

/** The answer as the consumer gets it, and whether it took the fast way. */
async function pull(handlers: Handlers, ask: Ask): Promise<Answer> {
  const request = requestOf(ask);
  const frames: Buffer[] = [];
  const ctx: RequestContext = {
    conn: { remoteText: '10.0.0.1:1', closed: false, holdFrames: () => {} } as unknown as ServerConnection,
    localPort: 0,
    reply: () => {},
    replyShared: (bytes, start, end) => void frames.push(Buffer.from(bytes.subarray(start, end))),
  };
  const handler = handlers.find(([code]) => code === RequestCode.PULL_MESSAGE);
  const returned = await handler?.[1](request, ctx);
  const frame = frames[0] ?? encodeFrame({ ...(returned as RemotingCommand), opaque: 77, flag: FLAG_RESPONSE });
  return { answer: decodeFrame(frame, 0, frame.length), isFast: frames.length > 0 };
}

const ask = fc.record({
  consumerGroup: fc.constantFrom(...GROUPS),
  topic: fc.constantFrom(...TOPICS),
  offset: fc.integer({ min: 0, max: MESSAGES / 2 + 2 }),
  maxMsgNums: fc.integer({ min: 0, max: 40 }),
  subscription: fc.constantFrom('*', 'red', 'red || blue', 'black'),
  queueId: fc.constantFrom(0, 1),
  serializeType: fc.constantFrom<SerializeType[]>('JSON', 'ROCKETMQ'),
});

/** Memory holds all of it; or the newest 64 KiB, and the page cache the rest. */
for (const [where, windowBytes] of [
  ['in memory', 16 * MIB],
  ['in the page cache', 65_536],
] as const) {
  test(`a fast pull of messages ${where} answers what a slow one does`, async (t) => {
    const { fast, slow, frames, offsets } = await setUp(t, { windowBytes }, 500);
    let fastAnswers = 0;
    let frameAnswers = 0;
    await fc.assert(
      fc.asyncProperty(ask, async (one) => {
        const one1 = await fast.pull(one);
        const fastNext = offsets.query(one.consumerGroup, one.topic, one.queueId);
        const other = await slow.pull(one);
        t.false(other.isFast);
        t.deepEqual(one1.answer, other.answer);
        t.is(fastNext, offsets.query(one.consumerGroup, one.topic, one.queueId));
        if (one1.isFast) fastAnswers++;
        const framed = await frames.pull(one);
        t.deepEqual(framed.answer, other.answer);
        if (framed.isFast) frameAnswers++;
      }),
      { numRuns: 300 },
    );
    t.true(fastAnswers > 100, `${fastAnswers}`);
    t.is(frameAnswers, fastAnswers);
    const counted = ({ stats }: Pick<typeof fast, 'stats'>) => stats.find('GROUP_GET_NUMS', 'T@consumers')?.value;
    t.true((counted(fast) ?? 0) > 0);
    t.is(counted(fast), counted(slow));
    t.is(counted(frames), counted(slow));
  });
}

test('an answer that is larger than the shared memory takes the slow way', async (t) => {
  const { fast } = await setUp(t, { windowBytes: 16 * MIB, ...LARGE_TRANSFERS }, 40_000);
  const one: Ask = {
    consumerGroup: 'consumers',
    topic: 'T',
    offset: 0,
    maxMsgNums: 32,
    subscription: '*',
    queueId: 0,
    serializeType: 'JSON',
  };
  const large = await fast.pull(one);
  t.false(large.isFast);
  t.is(large.answer.code, 0);
  t.true((await fast.pull({ ...one, maxMsgNums: 4 })).isFast);
});
