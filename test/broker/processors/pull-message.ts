import test from 'ava';
import { createBrokerConfig } from '../../../src/broker/broker-config.js';
import { BrokerStats } from '../../../src/broker/broker-stats.js';
import { ConsumerGroups } from '../../../src/broker/client-groups.js';
import { ConsumerOffsetTable } from '../../../src/broker/consumer-offset-table.js';
import type { BrokerContext } from '../../../src/broker/context.js';
import { pullMessage, pullResponseCode } from '../../../src/broker/processors/pull-message.js';
import { SubscriptionGroupTable } from '../../../src/broker/subscription-group-table.js';
import { TopicTable } from '../../../src/broker/topic-table.js';
import { encodeSubscriptionGroupConfig } from '../../../src/protocol/bodies.js';
import { decodeHeader, encodeHeader } from '../../../src/protocol/header-schema.js';
import { PullMessageRequestHeader, PullMessageResponseHeader } from '../../../src/protocol/headers.js';
import { createRequest, type RemotingCommand } from '../../../src/protocol/remoting-command.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import {
  defaultSubscriptionGroupConfig,
  type SubscriptionGroupConfig,
} from '../../../src/protocol/subscription-group-config.js';
import { buildPullSysFlag } from '../../../src/protocol/sys-flag.js';
import type { ServerConnection } from '../../../src/remoting/server.js';
import { messagesOf, startTestBroker, type TestPeer } from '../../helper/broker.js';
import { ManualClock } from '../../helper/manual-clock.js';
import { turns } from '../../helper/remoting.js';

function bodies(response: RemotingCommand): string[] {
  return messagesOf(response).map((message) => message.body.toString());
}

function headerOf(response: RemotingCommand) {
  return decodeHeader(PullMessageResponseHeader, response.extFields);
}

function updateGroup(peer: TestPeer, group: string, config: Partial<SubscriptionGroupConfig>) {
  const body = encodeSubscriptionGroupConfig({ ...defaultSubscriptionGroupConfig(group), ...config });
  return peer.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, null, body);
}

/** Whether a call has been answered by now. */
function watch(call: Promise<RemotingCommand>): { done: boolean; call: Promise<RemotingCommand> } {
  const state = { done: false, call };
  call.then(
    () => {
      state.done = true;
    },
    () => {
      state.done = true;
    },
  );
  return state;
}

test("messages come with their queue's ends and where to go on", async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  for (const body of ['a', 'b', 'c']) await peer.send('T', body);
  const response = await peer.pull('T', { offset: 1, maxMsgNums: 1 });
  t.is(response.code, ResponseCode.SUCCESS);
  t.is(response.remark, 'FOUND');
  t.deepEqual(bodies(response), ['b']);
  t.like(headerOf(response), {
    nextBeginOffset: 2,
    minOffset: 0,
    maxOffset: 3,
    suggestWhichBrokerId: 0,
    topicSysFlag: 0,
    groupSysFlag: 0,
  });
});

test('topics and groups with names of one length do not meet on a connection', async (t) => {
  const { peer } = await startTestBroker(t);
  for (const topic of ['T', 'U']) {
    await peer.createTopic(topic, 1);
    await peer.send(topic, `of ${topic}`);
  }
  for (const topic of ['T', 'U', 'T']) t.deepEqual(bodies(await peer.pull(topic)), [`of ${topic}`]);
  await peer.pull('T', { group: 'group-a', commitOffset: 0 });
  await peer.pull('T', { group: 'group-b', commitOffset: 1 });
  for (const [consumerGroup, offset] of [
    ['group-a', '0'],
    ['group-b', '1'],
  ] as const) {
    const query = { consumerGroup, topic: 'T', queueId: '0' };
    t.is((await peer.call(RequestCode.QUERY_CONSUMER_OFFSET, query)).extFields?.offset, offset);
  }
});

// Source: broker/processor/PullMessageProcessor.java#composeResponseHeader.
const answered = test.macro<[status: Parameters<typeof pullResponseCode>[0], offset: number, code: number]>({
  exec: (t, status, offset, code) => t.is(pullResponseCode(status, offset), code),
  title: (_, status, offset, code) => `${status} at offset ${offset} is answered ${code}`,
});

test(answered, 'FOUND', 5, 0);
test(answered, 'NO_MATCHED_MESSAGE', 5, 20);
test(answered, 'MESSAGE_WAS_REMOVING', 5, 20);
test(answered, 'NO_MATCHED_LOGIC_QUEUE', 0, 19);
test(answered, 'NO_MATCHED_LOGIC_QUEUE', 5, 21);
test(answered, 'NO_MESSAGE_IN_QUEUE', 0, 19);
test(answered, 'NO_MESSAGE_IN_QUEUE', 5, 21);
test(answered, 'OFFSET_OVERFLOW_ONE', 5, 19);
test(answered, 'OFFSET_FOUND_NULL', 5, 19);
test(answered, 'OFFSET_OVERFLOW_BADLY', 5, 21);
test(answered, 'OFFSET_TOO_SMALL', 5, 21);
test(answered, 'OFFSET_RESET', 5, 21);

test('offsets outside the queue are corrected', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 2);
  await peer.send('T', 'a');
  const beyond = await peer.pull('T', { offset: 100, suspendMs: 15_000 });
  t.is(beyond.code, ResponseCode.PULL_OFFSET_MOVED);
  t.is(beyond.remark, 'OFFSET_OVERFLOW_BADLY');
  t.is(headerOf(beyond).nextBeginOffset, 1);
  const never = await peer.pull('T', { queueId: 1, offset: 7, suspendMs: 15_000 });
  t.is(never.code, ResponseCode.PULL_OFFSET_MOVED);
  t.is(headerOf(never).nextBeginOffset, 0);
  t.is((await peer.pull('T', { queueId: 1, offset: 0 })).code, ResponseCode.PULL_NOT_FOUND);
});

test('the next offset is past the last message scanned, filtered ones included', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  for (const tag of ['B', 'A', 'B', 'B']) await peer.send('T', tag, { properties: { TAGS: tag } });
  const some = await peer.pull('T', { subscription: 'A' });
  t.deepEqual(bodies(some), ['A']);
  t.is(headerOf(some).nextBeginOffset, 4);
  const none = await peer.pull('T', { subscription: 'C || D', suspendMs: 15_000 });
  t.is(none.code, ResponseCode.PULL_RETRY_IMMEDIATELY, 'filtered messages are progress, no reason to wait');
  t.is(headerOf(none).nextBeginOffset, 4);
});

test('tags are compared by their hash: equal hashes pass', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  // "Aa" and "BB" have the same String.hashCode.
  await peer.send('T', 'collision', { properties: { TAGS: 'Aa' } });
  t.deepEqual(bodies(await peer.pull('T', { subscription: 'BB' })), ['collision']);
});

test('one message is returned whatever its size, and a batch stops at 256 KiB', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.send('T', Buffer.alloc(600_000));
  for (let i = 0; i < 4; i++) await peer.send('T', Buffer.alloc(100_000));
  t.is(messagesOf(await peer.pull('T')).length, 1);
  t.is(messagesOf(await peer.pull('T', { offset: 1 })).length, 2);
});

const refused = test.macro<
  [
    prepare: (peer: TestPeer) => Promise<unknown>,
    pull: Parameters<TestPeer['pull']>,
    code: number,
    remark: string | RegExp,
    forbiddenType?: number,
  ]
>({
  async exec(t, prepare, pull, code, remark, forbiddenType) {
    const { peer } = await startTestBroker(t, { autoCreateTopicEnable: false });
    await peer.createTopic('T', 1);
    await prepare(peer);
    const response = await peer.pull(...pull);
    t.is(response.code, code);
    if (typeof remark === 'string') t.is(response.remark, remark);
    else t.regex(response.remark ?? '', remark);
    t.is(response.extFields?.forbiddenType, forbiddenType === undefined ? undefined : String(forbiddenType));
  },
  title: (title) => title ?? '',
});
const nothing = async () => undefined;

test(
  'a group that is switched off may not pull',
  refused,
  (peer) => updateGroup(peer, 'g', { consumeEnable: false }),
  ['T', { group: 'g' }],
  16,
  'subscription group no permission, g',
  2,
);
test(
  'a group with an invalid name is 26',
  refused,
  nothing,
  ['T', { group: 'no blanks' }],
  26,
  /^subscription group \[no blanks\] does not exist, /,
);
test('a missing topic is 17', refused, nothing, ['missing'], 17, /^topic\[missing\] not exist, apply first please! /);
test(
  'a topic without read permission is 16',
  refused,
  (peer) => peer.createTopic('T', 1, { perm: 2 }),
  ['T'],
  16,
  'the topic[T] pulling message is forbidden',
  3,
);
test(
  'a queue id outside the read queues is 29',
  refused,
  nothing,
  ['T', { queueId: 1 }],
  29,
  /^queueId\[1\] is illegal, topic:\[T\] topicConfig\.readQueueNums:\[1\] consumer:\[\/127\.0\.0\.1:\d+\]$/,
);
test('a negative queue id is 29', refused, nothing, ['T', { queueId: -1 }], 29, /^queueId\[-1\] is illegal/);
test(
  'a bad expression is 23',
  refused,
  nothing,
  ['T', { subscription: '||' }],
  23,
  "parse the consumer's subscription failed",
);
test(
  'an expression of SQL92 is refused by name',
  refused,
  nothing,
  ['T', { subscription: 'a > 1', expressionType: 'SQL92' }],
  1,
  'The broker does not support consumer to filter message by SQL92',
);
test(
  'a group that is offline must bring its subscription',
  refused,
  nothing,
  ['T', { subscription: null }],
  24,
  /^the consumer's group info not exist\nSee /,
);
test(
  'a topic outside the registered subscription is 24',
  refused,
  (peer) => peer.heartbeat('consumers', { other: '*' }),
  ['T', { subscription: null }],
  24,
  /^the consumer's subscription not exist\nSee /,
);
test(
  'a registered subscription older than the request is 25',
  refused,
  (peer) => peer.heartbeat('consumers', { T: '*' }, { subVersion: 5 }),
  ['T', { subscription: null, subVersion: 6 }],
  25,
  "the consumer's subscription not latest",
);
test(
  'broadcasting can be forbidden to a group',
  refused,
  async (peer) => {
    await updateGroup(peer, 'consumers', { consumeBroadcastEnable: false });
    await peer.heartbeat('consumers', { T: '*' }, { data: { messageModel: 'BROADCASTING' } });
  },
  ['T', { subscription: null }],
  16,
  'the consumer group[consumers] can not consume by broadcast way',
  4,
);
test(
  'a topic can be forbidden to a group',
  refused,
  async (peer) => {
    await peer.heartbeat('consumers', { T: '*' });
    await peer.call(RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, { group: 'consumers', topic: 'T', readable: 'false' });
  },
  ['T', { subscription: null }],
  16,
  'the consumer group[consumers] is forbidden for topic[T]',
  5,
);

test('a broker without read permission answers nobody', async (t) => {
  const { peer } = await startTestBroker(t, { brokerPermission: 2 });
  const response = await peer.pull('T');
  t.is(response.code, ResponseCode.NO_PERMISSION);
  t.is(response.remark, 'the broker[127.0.0.1] pulling message is forbidden');
  t.is(response.extFields?.forbiddenType, '1');
});

test('lite pull has a switch of its own', async (t) => {
  const { peer } = await startTestBroker(t, { litePullMessageEnable: false });
  await peer.createTopic('T', 1);
  const lite = await peer.pull('T', { code: RequestCode.LITE_PULL_MESSAGE });
  t.is(lite.code, ResponseCode.NO_PERMISSION);
  t.is((await peer.pull('T')).code, ResponseCode.PULL_NOT_FOUND);
});

test('the registered subscription filters when the request brings none', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.heartbeat('consumers', { T: 'A' }, { subVersion: 5 });
  for (const tag of ['A', 'B']) await peer.send('T', tag, { properties: { TAGS: tag } });
  t.deepEqual(bodies(await peer.pull('T', { subscription: null, subVersion: 5 })), ['A']);
});

test('without the suspend flag an empty queue is answered at once', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  const response = await peer.pull('T');
  t.is(response.code, ResponseCode.PULL_NOT_FOUND);
  t.is(headerOf(response).nextBeginOffset, 0);
});

test('a held pull is answered by the next message', async (t) => {
  const { peer, connect } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.send('T', 'old');
  const pull = watch(connect().pull('T', { offset: 1, suspendMs: 15_000 }));
  await peer.send('T', 'new', { header: { e: 0 } });
  t.deepEqual(bodies(await pull.call), ['new']);
});

test('a held pull waits through messages that its tags do not want', async (t) => {
  const { peer, connect } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  const pull = watch(connect().pull('T', { suspendMs: 15_000, subscription: 'A' }));
  // The pull must be held before anything is sent: two round trips on its own connection order would not tell.
  await turns(20);
  await peer.send('T', 'b', { properties: { TAGS: 'B' } });
  await turns(20);
  t.false(pull.done);
  await peer.send('T', 'a', { properties: { TAGS: 'A' } });
  t.deepEqual(bodies(await pull.call), ['a']);
});

test('a held pull whose time is up is answered with 19 and not held again', async (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const { peer } = await startTestBroker(t, {}, { clock });
  await peer.createTopic('T', 1);
  const pull = watch(peer.pull('T', { suspendMs: 7000 }));
  await turns(50);
  await clock.advanceAsync(5000);
  await turns(50);
  t.false(pull.done, 'the look at 5 s is too early');
  await clock.advanceAsync(5000);
  t.is((await pull.call).code, ResponseCode.PULL_NOT_FOUND);
});

test('without long polling a pull is held for a second at most', async (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const { peer } = await startTestBroker(t, { longPollingEnable: false }, { clock });
  await peer.createTopic('T', 1);
  const pull = watch(peer.pull('T', { suspendMs: 15_000 }));
  await turns(50);
  await clock.advanceAsync(2000);
  t.is((await pull.call).code, ResponseCode.PULL_NOT_FOUND);
});

test('the offset that comes with a pull is committed, once and whatever the pull finds', async (t) => {
  const { peer, connect } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.heartbeat('consumers', { T: '*' });
  const stored = async () =>
    (await peer.call(RequestCode.QUERY_CONSUMER_OFFSET, { consumerGroup: 'consumers', topic: 'T', queueId: '0' }))
      .extFields?.offset;
  const held = connect().pull('T', { suspendMs: 15_000, commitOffset: 3 });
  await turns(50);
  t.is(await stored(), '3', 'at the first pass, before it is held');
  const update = { consumerGroup: 'consumers', topic: 'T', queueId: '0', commitOffset: '9' };
  await peer.call(RequestCode.UPDATE_CONSUMER_OFFSET, update);
  await peer.send('T', 'x');
  await held;
  t.is(await stored(), '9', 'the second pass commits nothing');
});

test('a reset offset is handed to the next pull and outlives the offset that comes with it', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  for (const body of ['a', 'b', 'c']) await peer.send('T', body);
  await updateGroup(peer, 'consumers', {});
  await peer.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, {
    topic: 'T',
    group: 'consumers',
    timestamp: '0',
    isForce: 'true',
    queueId: '0',
    offset: '1',
  });
  const moved = await peer.pull('T', { offset: 3, commitOffset: 3, suspendMs: 15_000 });
  t.is(moved.code, ResponseCode.PULL_OFFSET_MOVED);
  t.is(moved.remark, 'OFFSET_RESET');
  t.like(headerOf(moved), { nextBeginOffset: 1, minOffset: 0, maxOffset: 3 });
  const query = { consumerGroup: 'consumers', topic: 'T', queueId: '0' };
  t.is((await peer.call(RequestCode.QUERY_CONSUMER_OFFSET, query)).extFields?.offset, '1');
  t.deepEqual(bodies(await peer.pull('T', { offset: 1 })), ['b', 'c'], 'the reset is used up');
});

test('more pulls than may be held are answered at once', async (t) => {
  const { peer, connect } = await startTestBroker(t, { pullThreadPoolQueueCapacity: 1 });
  await peer.createTopic('T', 1);
  const held = watch(connect().pull('T', { suspendMs: 15_000 }));
  await turns(50);
  t.is((await peer.pull('T', { suspendMs: 15_000 })).code, ResponseCode.PULL_NOT_FOUND);
  t.false(held.done);
});

test('a pull that waits for the disk holds back the next of its connection', async (t) => {
  const clock = new ManualClock();
  const config = createBrokerConfig({ brokerIP1: '127.0.0.1' });
  const topics = new TopicTable(config, () => clock.now());
  topics.createForSendBack('T', 1, 6, 0);
  const groups = new SubscriptionGroupTable(config, () => clock.now());
  const offsets = new ConsumerOffsetTable(config, () => clock.now());
  const stats = new BrokerStats({ clusterName: 'c', detail: true, isSystemTopic: () => false, now: () => clock.now() });
  const result = { status: 'FOUND', nextBeginOffset: 1, minOffset: 0, maxOffset: 1, bytes: Buffer.from('x'), count: 1 };
  let isCold = true;
  const store = { getMessage: () => (isCold ? Promise.resolve(result) : result), maxOffset: () => 1 };
  const consumers = new ConsumerGroups();
  const context = { config, clock, consumers, topics, groups, offsets, stats, store } as unknown as BrokerContext;
  let held = 0;
  const conn = { remoteText: '10.0.0.1:1', closed: false, holdFrames: () => held++ } as unknown as ServerConnection;
  const ctx = { conn, localPort: 0, reply: () => {}, replyShared: () => {} };
  const header = encodeHeader(PullMessageRequestHeader, {
    consumerGroup: 'consumers',
    topic: 'T',
    queueId: 0,
    queueOffset: 0,
    maxMsgNums: 32,
    sysFlag: buildPullSysFlag({ subscription: true }),
    commitOffset: 0,
    suspendTimeoutMillis: 0,
    subscription: '*',
    subVersion: 0,
  });
  const request = createRequest(RequestCode.PULL_MESSAGE, header);
  t.is((await pullMessage(context, null, request, ctx, true))?.code, ResponseCode.SUCCESS);
  t.is(held, 1);
  isCold = false;
  t.is((await pullMessage(context, null, request, ctx, true))?.code, ResponseCode.SUCCESS);
  t.is(held, 1, 'what memory has is counted as it is sent');
});

test('a shutdown answers held pulls', async (t) => {
  const { peer, broker } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  const pull = peer.pull('T', { suspendMs: 15_000 });
  await turns(50);
  const stopped = broker.shutdown();
  t.is((await pull).code, ResponseCode.PULL_NOT_FOUND);
  await stopped;
});
