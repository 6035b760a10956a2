/**
 * What applications and operators do with a cluster, one entry each, written once: every client plays every scenario,
 * against every server, but where an entry says what cannot.
 */
import type { SetMessageRequestModeRequestBody } from '../../src/protocol/bodies.js';
import type { OutMessage, PeerKind, SeenMessage } from './kit/peer.js';
import { isWithin, numbers, type Received, type Stage, uniqueName } from './kit/stage.js';
import { must, mustEqual, WAIT_MS, waitFor } from './kit/wait.js';

/** The line of a server. Ours is a 5.x. */
export type Line = '4.9' | '5.x';

export interface Scenario {
  readonly name: string;
  readonly run: (stage: Stage) => Promise<void>;
  /** Clients without it, and why. */
  readonly cannot?: Readonly<Partial<Record<PeerKind, string>>>;
  /** Why servers of 4.9 are not asked. */
  readonly not49?: string;
}

const TRACE_TOPIC = 'RMQ_SYS_TRACE_TOPIC';
const NO_MEMBER = 'commands read without joining a group';
const ONE_AT_A_TIME = 'message send has one way of sending';

const sorted = (texts: Iterable<string>) => [...texts].sort();
const times = (bodies: readonly string[], wanted: string) => bodies.filter((body) => body === wanted).length;

async function sendSync(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const count = stage.many(100);
  const results = await stage.fill(topic, count);
  mustEqual('ids', new Set(results.map(({ msgId }) => msgId)).size, count);
  must(
    results.every(({ offsetMsgId }) => /^[0-9A-F]{32}$/.test(offsetMsgId)),
    `offset ids such as ${results[0]?.offsetMsgId}`,
  );
  const { messages } = await stage.consumeAll(topic, numbers(count));
  for (const { msgId } of results)
    must(
      isWithin(
        [msgId],
        messages.map((one) => one.msgId),
      ),
      `message ${msgId}`,
    );
}

async function sendAsync(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const producer = await stage.producer();
  const results = await producer.send(
    topic,
    'async',
    numbers(500).map((body) => ({ body })),
  );
  mustEqual('acknowledged', results.filter(({ status }) => status === 'SEND_OK').length, 500);
  await stage.consumeAll(topic, numbers(500));
}

async function sendOneway(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const producer = await stage.producer();
  await producer.send(
    topic,
    'oneway',
    numbers(50).map((body) => ({ body })),
  );
  await stage.consumeAll(topic, numbers(50));
}

async function sendBatch(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const producer = await stage.producer();
  const batch = numbers(64).map((body) => ({ body, tags: 'A', keys: `k${body}` }));
  const [result] = await producer.send(topic, 'batch', batch);
  mustEqual('status', result?.status, 'SEND_OK');
  mustEqual('offset ids', result?.offsetMsgId.split(',').length, 64);
  const { messages } = await stage.consumeAll(topic, numbers(64));
  mustEqual('queues', new Set(messages.map(({ queueId }) => queueId)).size, 1);
  mustEqual('keys', new Set(messages.map(({ keys }) => keys)).size, 64);
}

async function sendCompressed(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  // As long as an argument of a command may be.
  const body = '0123456789'.repeat(stage.peer.isSlow ? 10_000 : 30_000);
  const producer = await stage.producer();
  const [result] = await producer.send(topic, 'sync', [{ body }]);
  mustEqual('status', result?.status, 'SEND_OK');
  await stage.consumeAll(topic, [body]);
}

async function autoCreate(stage: Stage): Promise<void> {
  const topic = uniqueName('t');
  const count = stage.many(20);
  await stage.fill(topic, count);
  await stage.routed(topic);
  await stage.consumeAll(topic, numbers(count));
}

async function pushConcurrently(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const group = uniqueName('g');
  const first = await stage.consume(topic, { group });
  await stage.fill(topic, 1000);
  await waitFor(
    () => `1000 messages, ${first.messages.length} came`,
    () => isWithin(numbers(1000), first.bodies),
  );
  mustEqual('each once', first.messages.length, 1000);
  await stage.leave(first);
  // The next member of the group goes on where the first stopped.
  await stage.fill(topic, 10, { tags: 'later' });
  const second = await stage.consume(topic, { group });
  await waitFor('10 messages', () => second.messages.length >= 10);
  mustEqual('tags', [...new Set(second.messages.map(({ tags }) => tags))], ['later']);
}

async function tagFilter(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const count = stage.many(20);
  for (const tags of ['A', 'B', 'C']) await stage.fill(topic, count, { tags });
  const received = await stage.consume(topic, { expression: 'A || C' });
  await waitFor(
    () => `${2 * count} messages, ${received.messages.length} came`,
    () => received.messages.length >= 2 * count,
  );
  mustEqual('tags', sorted(new Set(received.messages.map(({ tags }) => tags ?? ''))), ['A', 'C']);
}

async function sqlFilter(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const producer = await stage.producer();
  const messages = numbers(40).map((body) => ({ body, tags: 'A', properties: { price: body } }));
  await producer.send(topic, 'sync', messages);
  const expression = "price BETWEEN 10 AND 19 AND TAGS = 'A'";
  const received = await stage.consume(topic, { expression, expressionType: 'SQL92', group: uniqueName('g') });
  await waitFor('10 messages', () => received.messages.length >= 10);
  mustEqual('bodies', sorted(new Set(received.bodies)), numbers(20).slice(10));
}

async function orderly(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const producer = await stage.producer();
  const group = uniqueName('g');
  const order = { group, orderly: true, failTimes: 2, failBody: '3:25' };
  const members: Received[] = [await stage.consume(topic, order)];
  // Go's client never gives a lock back: a second member would wait a minute until it expires.
  if (stage.peer.kind !== 'go') members.push(await stage.consume(topic, order));
  const wanted = numbers(400).map((n) => `${Number(n) % 8}:${Math.floor(Number(n) / 8)}`);
  await producer.send(
    topic,
    'sync',
    wanted.map((body) => ({ body, shard: Number(body.split(':')[0]) })),
  );
  const bodies = () => members.flatMap((member) => member.bodies);
  await waitFor(
    () => `400 messages, ${new Set(bodies()).size} came`,
    () => isWithin(wanted, bodies()),
  );
  for (const { messages } of members) {
    const last = new Map<number, number>();
    for (const { queueId, queueOffset } of messages) {
      const before = last.get(queueId);
      // A queue that moves between members may begin again at what was committed, but never skip.
      must(before === undefined || queueOffset <= before + 1, `queue ${queueId}: ${before}, then ${queueOffset}`);
      last.set(queueId, queueOffset);
    }
  }
  must(times(bodies(), '3:25') >= 3, 'a suspended message comes again');
}

async function broadcast(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const group = uniqueName('g');
  const one = await stage.consume(topic, { group, broadcasting: true });
  const other = await stage.consume(topic, { group, broadcasting: true });
  await stage.fill(topic, 30);
  for (const { bodies } of [one, other]) must(bodies.length <= 30, 'each once');
  await waitFor('30 messages at both', () => [one, other].every(({ bodies }) => isWithin(numbers(30), bodies)));
}

async function rebalance(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const group = uniqueName('g');
  const producer = await stage.producer();
  const members: Received[] = [];
  let sent = 0;
  const send = () =>
    producer.send(
      topic,
      'sync',
      numbers(100).map(() => ({ body: String(sent++) })),
    );
  for (let member = 0; member < 3; member++) {
    members.push(await stage.consume(topic, { group }));
    await send();
  }
  await stage.leave(members[0] as Received);
  await send();
  const bodies = () => members.flatMap((member) => member.bodies);
  await waitFor(
    () => `${sent} messages, ${new Set(bodies()).size} came`,
    () => isWithin(numbers(sent), bodies()),
  );
}

async function retry(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  await stage.fill(topic, 5);
  const group = uniqueName('g');
  const { messages } = await stage.consume(topic, { group, failTimes: 2 });
  await waitFor(
    () => `15 attempts, ${messages.length} came`,
    () => messages.length >= 15,
  );
  const attempts = messages.map(({ topic: from, body, reconsumeTimes }) => `${from} ${body} ${reconsumeTimes}`);
  const wanted = numbers(5).flatMap((n) => [0, 1, 2].map((attempt) => `${topic} ${n} ${attempt}`));
  mustEqual('attempts', sorted(attempts), wanted);
}

async function deadLetter(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  await stage.fill(topic, 3);
  const group = uniqueName('g');
  const failing = await stage.consume(topic, { group, maxReconsumeTimes: 1, failTimes: 99 });
  const dlq = `%DLQ%${group}`;
  await stage.routed(dlq);
  const dead = await stage.consumeAll(dlq, numbers(3));
  mustEqual('attempts', failing.messages.length, 6);
  const from = dead.messages.map(({ properties }) => properties.RETRY_TOPIC);
  mustEqual('RETRY_TOPIC', [...new Set(from)], [topic]);
}

async function litePull(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  await stage.fill(topic, 100);
  const group = uniqueName('g');
  const puller = await stage.puller({ topic, group });
  const seen = new Set<string>();
  await waitFor(
    () => `100 messages, ${seen.size} came`,
    async () => {
      for (const { body } of await puller.poll()) seen.add(body);
      return seen.size === 100;
    },
  );
  await puller.commit();
  // Commits are one-way.
  await waitFor('100 committed', async () => {
    let committed = 0;
    for (const brokerAddr of stage.brokerAddrs) {
      for (let queueId = 0; queueId < 4; queueId++) {
        committed += (await stage.api.queryConsumerOffset(brokerAddr, group, { topic, queueId })) ?? 0;
      }
    }
    return committed === 100;
  });
}

async function litePullSeek(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const [count, from] = stage.peer.isSlow ? [8, 1] : [40, 5];
  const producer = await stage.producer();
  const sent = await producer.send(
    topic,
    'sync',
    numbers(count).map((body) => ({ body })),
  );
  const wanted = numbers(count).filter((n) => (sent[Number(n)]?.queueOffset ?? 0) >= from);
  const puller = await stage.puller({ topic, seekTo: from });
  const seen: SeenMessage[] = [];
  await waitFor(
    () => `${wanted.length} messages, ${seen.length} came`,
    async () => {
      seen.push(...(await puller.poll()));
      return seen.length >= wanted.length;
    },
  );
  mustEqual('bodies', sorted(seen.map(({ body }) => body)), sorted(wanted));
}

async function queryByKey(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  await stage.fill(topic, stage.many(10));
  // The index is built behind the sends.
  const found = await waitFor('the index', async () => {
    const bodies = await stage.query(topic, 'k3');
    return bodies.length > 0 ? bodies : null;
  });
  mustEqual('bodies', found, ['3']);
}

async function viewById(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const results = await stage.fill(topic, stage.many(10));
  mustEqual('by offset id', await stage.view(topic, results[2]?.offsetMsgId ?? ''), '2');
  const id = results[3]?.msgId ?? '';
  mustEqual('by unique id', await waitFor('the index', () => stage.view(topic, id)), '3');
}

/** Level 2 of the table in directions/clients.ts. */
const LEVEL_2_MS = 4000;
const TIMER_DELAY_MS = 3700;
/** The wheel has a slot a second, and Apache's delivers with the slot that a time is in. */
const TIMER_SLOT_MS = 1000;
/** A busy machine is no finding. */
const LATE_MS = 6000;

/** Sends it and waits for its delivery: not before it is due, and soon then. */
async function delayed(stage: Stage, topic: string, message: OutMessage, dueMs: number): Promise<void> {
  const received = await stage.consume(topic);
  const producer = await stage.producer();
  const beforeMs = Date.now();
  const [result] = await producer.send(topic, 'sync', [message]);
  const afterMs = Date.now();
  mustEqual('status', result?.status, 'SEND_OK');
  const { atMs } = await waitFor('the message', () => received.messages[0]);
  must(
    atMs - beforeMs >= dueMs - 100 && atMs - afterMs < dueMs + LATE_MS,
    `delivered ${atMs - beforeMs} ms after its send began, ${atMs - afterMs} ms after that ended, not ${dueMs}`,
  );
}

async function delayLevel(stage: Stage): Promise<void> {
  await delayed(stage, await stage.newTopic(), { body: 'later', delayLevel: 2 }, LEVEL_2_MS);
}

async function timerDelay(stage: Stage): Promise<void> {
  const topic = await stage.newTopic({ '+message.type': 'DELAY' });
  await delayed(stage, topic, { body: 'later', delayMs: TIMER_DELAY_MS }, TIMER_DELAY_MS - TIMER_SLOT_MS);
}

async function timerRecall(stage: Stage): Promise<void> {
  const topic = await stage.newTopic({ '+message.type': 'DELAY' });
  const received = await stage.consume(topic);
  const producer = await stage.producer();
  const [recalled] = await producer.send(topic, 'sync', [{ body: 'recalled', delayMs: TIMER_DELAY_MS }]);
  await producer.send(topic, 'sync', [{ body: 'kept', delayMs: TIMER_DELAY_MS + 2 * TIMER_SLOT_MS }]);
  await producer.recall(topic, recalled?.recallHandle ?? '');
  await waitFor('the other message', () => received.messages.length > 0);
  mustEqual('delivered', received.bodies, ['kept']);
}

async function transaction(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const producer = await stage.producer({ transactional: true });
  const received = await stage.consume(topic);
  const bodies = numbers(10).map((n) => `${Number(n) % 2 === 0 ? 'commit' : 'rollback'} none ${n}`);
  await producer.send(
    topic,
    'transaction',
    bodies.map((body) => ({ body })),
  );
  const wanted = bodies.filter((body) => body.startsWith('commit'));
  await waitFor('the commits', () => isWithin(wanted, received.bodies));
  mustEqual('delivered', sorted(received.bodies), sorted(wanted));
}

async function transactionCheck(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const producer = await stage.producer({ transactional: true });
  const received = await stage.consume(topic);
  const bodies = ['unknown commit', 'unknown rollback'];
  await producer.send(
    topic,
    'transaction',
    bodies.map((body) => ({ body })),
  );
  await waitFor('the commit', () => received.messages.length > 0);
  mustEqual('delivered', received.bodies, ['unknown commit']);
}

async function requestReply(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  await stage.consume(topic, { group: uniqueName('g'), replies: true });
  const group = uniqueName('p');
  const producer = await stage.producer({ group });
  // A reply is pushed to a producer that the broker knows by its heartbeat, and that goes to brokers of its topics.
  await producer.send(topic, 'sync', [{ body: 'no request' }]);
  await waitFor('a heartbeat', async () => {
    for (const brokerAddr of stage.brokerAddrs) await stage.api.getProducerConnectionList(brokerAddr, group);
    return true;
  });
  mustEqual('reply', await producer.request(topic, { body: 'ping' }, 20_000), 're:ping');
}

/** Waits for a trace record of that type about the message. */
async function traced(traces: Received, type: string, msgId: string): Promise<void> {
  const isIt = (record: string) => record.startsWith(type) && record.includes(msgId);
  await waitFor(`a ${type} record of ${msgId}`, () => {
    return traces.messages.some(({ body, keys }) => body.split('\u0002').some(isIt) && keys?.includes(msgId));
  });
}

async function traceSend(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const producer = await stage.producer({ traceTopic: TRACE_TOPIC });
  const [result] = await producer.send(topic, 'sync', [{ body: 'traced', keys: 'k' }]);
  await traced(await stage.consume(TRACE_TOPIC), 'Pub', result?.msgId ?? '');
}

async function traceConsume(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const [sent] = await stage.fill(topic, 1);
  await stage.consume(topic, { group: uniqueName('g'), traceTopic: TRACE_TOPIC });
  const traces = await stage.consume(TRACE_TOPIC);
  await traced(traces, 'SubBefore', sent?.msgId ?? '');
  await traced(traces, 'SubAfter', sent?.msgId ?? '');
}

async function offsetReset(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  await stage.fill(topic, 40, {}, stage.members);
  const group = uniqueName('g');
  const received = await stage.consume(topic, { group });
  await waitFor('all messages', () => isWithin(numbers(40), received.bodies));
  // Brokers of 4.9 refuse to reset a queue that has no committed offset.
  await stage.committed(topic, group);
  await stage.resetOffset(topic, group, 0);
  const again = () => numbers(40).filter((body) => times(received.bodies, body) >= 2).length;
  await waitFor(
    () => `all of them again, ${again()} came`,
    () => again() === 40,
  );
  // It goes on with what comes.
  await stage.fill(topic, 1, { tags: 'later' });
  await waitFor('a later message', () => received.messages.some(({ tags }) => tags === 'later'));
}

async function popMode(stage: Stage, topic: string, consumerGroup: string): Promise<void> {
  for (const brokerAddr of stage.brokerAddrs) {
    const mode: SetMessageRequestModeRequestBody = { topic, consumerGroup, mode: 'POP', popShareQueueNum: 0 };
    await stage.api.setMessageRequestMode(brokerAddr, mode);
  }
}

async function pop(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const group = uniqueName('g');
  await popMode(stage, topic, group);
  await stage.fill(topic, 100);
  const first = await stage.consume(topic, { group, pop: true });
  await waitFor(
    () => `100 messages, ${first.messages.length} came`,
    () => isWithin(numbers(100), first.bodies),
  );
  must(
    first.messages.every(({ properties }) => properties.POP_CK !== undefined),
    'each has its POP_CK',
  );
  await stage.leave(first);
  await stage.fill(topic, 10, { tags: 'later' });
  const second = await stage.consume(topic, { group, pop: true });
  await waitFor('10 later messages', () => second.messages.filter(({ tags }) => tags === 'later').length >= 10);
  mustEqual('acknowledged before', second.messages.filter(({ tags }) => tags !== 'later').length, 0);
}

/** Three members pop, one of them leaves, and what fails once comes back by the retry topic of pop. */
async function popRetry(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const group = uniqueName('g');
  await popMode(stage, topic, group);
  const members: Received[] = [];
  for (let member = 0; member < 3; member++) {
    members.push(await stage.consume(topic, { group, pop: true, failTimes: 1, failBody: '7' }));
  }
  await stage.fill(topic, 30);
  await stage.leave(members[0] as Received);
  await stage.fill(topic, 60);
  const bodies = () => members.flatMap((member) => member.bodies);
  // A failed message waits ten seconds, and a pop that waits is not told of the retry topic: Apache's takes 50 s.
  await waitFor(
    () => `60 messages and the failed ones again, ${new Set(bodies()).size} came, 7 ${times(bodies(), '7')} times`,
    () => {
      const again = members.flatMap(({ messages }) => messages).filter(({ reconsumeTimes }) => reconsumeTimes > 0);
      return isWithin(numbers(60), bodies()) && again.some(({ body }) => body === '7');
    },
    2 * WAIT_MS,
  );
}

/** Every queue of every broker is written and read. */
async function spread(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const sent = await stage.fill(topic, 400);
  const queues = new Set(sent.map(({ brokerName, queueId }) => `${brokerName} ${queueId}`));
  mustEqual('queues written', queues.size, 4 * stage.brokerAddrs.length);
  const received = await stage.consumeAll(topic, numbers(400));
  const ids = new Set(received.messages.map(({ msgId }) => msgId));
  mustEqual('messages', ids.size, 400);
}

const POP: Pick<Scenario, 'cannot' | 'not49'> = {
  cannot: {
    java4: 'POP is of 5.x',
    go: 'rocketmq-client-go/v2 has no POP',
    commands: NO_MEMBER,
  },
  not49: 'POP is of 5.x',
};
const GO_QUERY = 'rocketmq-client-go/v2 has no query';

export const SCENARIOS: readonly Scenario[] = [
  // The long ones first.
  { name: 'push-orderly', run: orderly, cannot: { commands: NO_MEMBER } },
  { name: 'offset-reset', run: offsetReset },
  { name: 'push-retry', run: retry, cannot: { commands: NO_MEMBER } },
  { name: 'dead-letter', run: deadLetter },
  { name: 'transaction-check', run: transactionCheck, cannot: { commands: ONE_AT_A_TIME } },
  { name: 'delay-level', run: delayLevel },
  { name: 'timer-delay', run: timerDelay, not49: 'timer messages are of 5.x' },
  {
    name: 'timer-recall',
    run: timerRecall,
    cannot: {
      java4: 'recall is of 5.x',
      go: 'rocketmq-client-go/v2 has no recall',
      commands: 'there is no command that recalls',
    },
    not49: 'timer messages are of 5.x',
  },
  { name: 'send-sync', run: sendSync },
  { name: 'send-async', run: sendAsync, cannot: { commands: ONE_AT_A_TIME } },
  { name: 'send-oneway', run: sendOneway, cannot: { commands: ONE_AT_A_TIME } },
  { name: 'send-batch', run: sendBatch, cannot: { commands: ONE_AT_A_TIME } },
  { name: 'send-large-compressed', run: sendCompressed },
  { name: 'auto-create-topic', run: autoCreate },
  { name: 'push-concurrently', run: pushConcurrently, cannot: { commands: NO_MEMBER } },
  { name: 'push-tag-filter', run: tagFilter },
  { name: 'push-sql-filter', run: sqlFilter, cannot: { commands: 'tail filters by tags' } },
  { name: 'push-broadcast', run: broadcast, cannot: { commands: NO_MEMBER } },
  { name: 'push-rebalance', run: rebalance, cannot: { commands: NO_MEMBER } },
  { name: 'lite-pull', run: litePull, cannot: { commands: NO_MEMBER } },
  { name: 'lite-pull-seek', run: litePullSeek },
  { name: 'query-by-key', run: queryByKey, cannot: { go: GO_QUERY } },
  { name: 'query-by-id', run: viewById, cannot: { go: GO_QUERY } },
  { name: 'transaction', run: transaction, cannot: { commands: ONE_AT_A_TIME } },
  { name: 'request-reply', run: requestReply, cannot: { commands: ONE_AT_A_TIME } },
  { name: 'trace-send', run: traceSend },
  { name: 'trace-consume', run: traceConsume, cannot: { commands: NO_MEMBER } },
  { name: 'pop', run: pop, ...POP },
  { name: 'pop-retry', run: popRetry, ...POP },
];

/** For a cluster of several brokers. */
export const SPREAD: Scenario = { name: 'spread', run: spread };
