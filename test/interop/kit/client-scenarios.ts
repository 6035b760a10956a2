/**
 * What an application does with our client library, one named scenario each, against any cluster: Apache's and ours
 * have to behave the same.
 */
import type { AdminSession } from '../../../src/admin/session.js';
import { createReplyMessage } from '../../../src/client/request-reply.js';
import { createMessage } from '../../../src/protocol/message.js';
import { type Clients, collectInto } from './clients.js';
import { must, mustEqual, waitFor } from './wait.js';

export interface ScenarioCluster {
  readonly clients: Clients;
  readonly session: AdminSession;
  /** Of its one broker. */
  readonly brokerAddr: string;
  /** For files of clients. */
  readonly folder: string;
}

type Scenario = (cluster: ScenarioCluster) => Promise<void>;

const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n));

/** A topic of four queues. @returns its name */
async function newTopic({ clients, session, brokerAddr }: ScenarioCluster): Promise<string> {
  const topicName = clients.unique('t');
  await session.api.createTopic(brokerAddr, {
    ...{ topicName, readQueueNums: 4, writeQueueNums: 4, perm: 6, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0 },
    ...{ order: false, attributes: {} },
  });
  await waitFor('the route', async () => (await session.api.getTopicRouteInfo(topicName)).queueDatas.length > 0);
  return topicName;
}

/** Sends bodies "0" to "count-1" with keys `k0`, …. */
async function fill(cluster: ScenarioCluster, topic: string, count: number, tags = 'A'): Promise<void> {
  const producer = await cluster.clients.producer();
  const sends = numbers(count).map((n) => producer.send(createMessage(topic, n, { tags, keys: `k${n}` })));
  for (const { sendStatus } of await Promise.all(sends)) mustEqual('status', sendStatus, 'SEND_OK');
  await producer.shutdown();
}

/** Consumes with a fresh group until every wanted body was seen. */
async function consumeAll(cluster: ScenarioCluster, topic: string, wanted: readonly string[]): Promise<void> {
  const seen: string[] = [];
  const consumer = cluster.clients.push();
  consumer.subscribe(topic);
  consumer.registerMessageListenerConcurrently(collectInto(seen));
  await consumer.start();
  await waitFor(`${wanted.length} messages`, () => {
    const bodies = new Set(seen);
    return wanted.every((body) => bodies.has(body));
  });
  await consumer.shutdown();
}

const sendSync: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  const producer = await cluster.clients.producer();
  const ids = new Set<string>();
  for (const n of numbers(100)) ids.add((await producer.send(createMessage(topic, n))).msgId);
  mustEqual('ids', ids.size, 100);
  await consumeAll(cluster, topic, numbers(100));
};

const sendMany: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  await fill(cluster, topic, 1000);
  await consumeAll(cluster, topic, numbers(1000));
};

const sendOneway: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  const producer = await cluster.clients.producer();
  for (const n of numbers(50)) await producer.sendOneway(createMessage(topic, n));
  await consumeAll(cluster, topic, numbers(50));
};

const sendBatch: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  const producer = await cluster.clients.producer();
  const result = await producer.sendBatch(numbers(64).map((n) => createMessage(topic, n, { keys: `k${n}` })));
  mustEqual('ids', result.msgId.split(',').length, 64);
  mustEqual('offset ids', result.offsetMsgId.split(',').length, 64);
  await consumeAll(cluster, topic, numbers(64));
};

const sendCompressed: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  const producer = await cluster.clients.producer();
  const body = '0123456789'.repeat(30_000);
  await producer.send(createMessage(topic, body));
  await consumeAll(cluster, topic, [body]);
};

const autoCreate: Scenario = async (cluster) => {
  const topic = cluster.clients.unique('t');
  await fill(cluster, topic, 20);
  await consumeAll(cluster, topic, numbers(20));
};

/** Needs timerWheelEnable and recallMessageEnable. */
const timerMessages: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  const producer = await cluster.clients.producer();
  const seen: string[] = [];
  const arrivedAt = new Map<string, number>();
  const consumer = cluster.clients.push();
  consumer.subscribe(topic);
  consumer.registerMessageListenerConcurrently(
    collectInto(seen, ({ body }) => void arrivedAt.set(body.toString(), Date.now())),
  );
  await consumer.start();
  const deliverTimeMs = Date.now() + 6000;
  const { recallHandle } = await producer.send(createMessage(topic, 'recalled', { deliverTimeMs }));
  must(recallHandle !== null, 'the answer carries a recall handle');
  await producer.send(createMessage(topic, 'in 6 s', { deliverTimeMs }));
  await producer.send(createMessage(topic, 'in 3 s', { delayTimeSec: 3 }));
  await producer.recallMessage(topic, recallHandle ?? '');
  await waitFor('two messages', () => seen.length >= 2);
  mustEqual('order', seen.join(), 'in 3 s,in 6 s');
  const lateMs = (arrivedAt.get('in 6 s') ?? 0) - deliverTimeMs;
  must(lateMs >= 0 && lateMs < 3000, `delivered ${lateMs} ms after its time`);
};

const pushConcurrently: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  const group = cluster.clients.unique('g');
  const seen: string[] = [];
  const first = cluster.clients.push({ group, consumeMessageBatchMaxSize: 4 });
  first.subscribe(topic);
  first.registerMessageListenerConcurrently(collectInto(seen));
  await first.start();
  await fill(cluster, topic, 500);
  await waitFor('500 messages', () => seen.length >= 500);
  await first.shutdown();
  mustEqual('each once', new Set(seen).size, seen.length);
  // The next member of the group goes on where the first stopped.
  await fill(cluster, topic, 10, 'later');
  const rest: string[] = [];
  const tags = new Set<string | undefined>();
  const second = cluster.clients.push({ group });
  second.subscribe(topic);
  second.registerMessageListenerConcurrently(
    collectInto(rest, ({ properties }) => void tags.add(properties.get('TAGS'))),
  );
  await second.start();
  await waitFor('10 messages', () => rest.length >= 10);
  mustEqual('tags', [...tags], ['later']);
};

const pushTagFilter: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  for (const tag of ['A', 'B', 'C']) await fill(cluster, topic, 20, tag);
  const tags: Array<string | undefined> = [];
  const consumer = cluster.clients.push();
  consumer.subscribe(topic, 'A || C');
  consumer.registerMessageListenerConcurrently(
    collectInto([], ({ properties }) => void tags.push(properties.get('TAGS'))),
  );
  await consumer.start();
  await waitFor('40 messages', () => tags.length >= 40);
  mustEqual('tags', [...new Set(tags)].sort(), ['A', 'C']);
};

const pushSqlFilter: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  const producer = await cluster.clients.producer();
  for (const n of numbers(40)) await producer.send(createMessage(topic, n, { properties: { price: n } }));
  const seen: string[] = [];
  const consumer = cluster.clients.push();
  consumer.subscribe(topic, 'price BETWEEN 10 AND 19', 'SQL92');
  consumer.registerMessageListenerConcurrently(collectInto(seen));
  await consumer.start();
  await waitFor('10 messages', () => seen.length >= 10);
  mustEqual('bodies', [...new Set(seen)].sort(), numbers(20).slice(10));
};

const pushOrderly: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  const producer = await cluster.clients.producer();
  const queues = await producer.fetchPublishMessageQueues(topic);
  for (const n of numbers(200)) {
    const queue = queues[Number(n) % queues.length];
    if (queue !== undefined) await producer.send(createMessage(topic, n), { queue });
  }
  const group = cluster.clients.unique('g');
  const last = new Map<number, number>();
  const seen = new Set<string>();
  const disorder: string[] = [];
  let suspends = 0;
  for (let member = 0; member < 2; member++) {
    const consumer = cluster.clients.push({ group, rebalanceInterval: 1000 });
    consumer.subscribe(topic);
    consumer.registerMessageListenerOrderly((messages, context) => {
      context.suspendCurrentQueueTimeMillis = 50;
      for (const { body, queueId, queueOffset } of messages) {
        if (queueOffset === 10 && suspends++ < 2) return 'SUSPEND_CURRENT_QUEUE_A_MOMENT';
        const before = last.get(queueId) ?? -1;
        // A queue that moves between members may begin again at what was committed, but never skip.
        if (queueOffset > before + 1) disorder.push(`${queueId}: ${before} then ${queueOffset}`);
        last.set(queueId, queueOffset);
        seen.add(body.toString());
      }
      return 'SUCCESS';
    });
    await consumer.start();
  }
  await waitFor('200 messages', () => seen.size === 200);
  mustEqual('out of order', disorder, []);
};

const pushBroadcast: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  const group = cluster.clients.unique('g');
  const seen: string[][] = [];
  for (let member = 0; member < 2; member++) {
    const bodies: string[] = [];
    seen.push(bodies);
    const consumer = cluster.clients.push({
      group,
      messageModel: 'BROADCASTING',
      localOffsetStoreDir: cluster.folder,
    });
    consumer.subscribe(topic);
    consumer.registerMessageListenerConcurrently(collectInto(bodies));
    await consumer.start();
  }
  await fill(cluster, topic, 30);
  await waitFor('30 messages at both', () => seen.every((bodies) => new Set(bodies).size === 30));
};

const pushRetry: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  await fill(cluster, topic, 5);
  const attempts: string[] = [];
  const group = cluster.clients.unique('g');
  const consumer = cluster.clients.push({ group, maxReconsumeTimes: 2 });
  consumer.subscribe(topic);
  consumer.registerMessageListenerConcurrently(([message], context) => {
    context.delayLevelWhenNextConsume = 1;
    attempts.push(`${message?.topic} ${message?.body} ${message?.reconsumeTimes}`);
    return 'RECONSUME_LATER';
  });
  await consumer.start();
  await waitFor('15 attempts', () => attempts.length >= 15);
  const wanted = numbers(5).flatMap((n) => [0, 1, 2].map((times) => `${topic} ${n} ${times}`));
  mustEqual('attempts', [...attempts].sort(), wanted);
  const reader = cluster.clients.litePull();
  await reader.start();
  const queues = await waitFor('the dead-letter topic', () => reader.fetchMessageQueues(`%DLQ%${group}`));
  await reader.assign(queues);
  for (const mq of queues) await reader.seekToBegin(mq);
  const dead = new Set<string>();
  await waitFor('5 dead letters', async () => {
    for (const { body, properties } of await reader.poll(500)) {
      mustEqual('RETRY_TOPIC', properties.get('RETRY_TOPIC'), topic);
      dead.add(body.toString());
    }
    return dead.size === 5;
  });
};

const litePull: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  await fill(cluster, topic, 100);
  const group = cluster.clients.unique('g');
  const consumer = cluster.clients.litePull({ group });
  consumer.subscribe(topic);
  await consumer.start();
  const seen = new Set<string>();
  await waitFor('100 messages', async () => {
    for (const { body } of await consumer.poll(500)) seen.add(body.toString());
    return seen.size === 100;
  });
  await consumer.commit();
  // Commits are one-way.
  await waitFor('100 committed', async () => {
    let committed = 0;
    for (let queueId = 0; queueId < 4; queueId++) {
      const offset = await cluster.session.api.queryConsumerOffset(cluster.brokerAddr, group, { topic, queueId });
      committed += offset ?? 0;
    }
    return committed === 100;
  });
};

const litePullSeek: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  await fill(cluster, topic, 40);
  const consumer = cluster.clients.litePull();
  await consumer.start();
  const queues = await consumer.fetchMessageQueues(topic);
  await consumer.assign(queues);
  for (const mq of queues) await consumer.seek(mq, 5);
  const offsets: number[] = [];
  await waitFor('20 messages', async () => {
    for (const { queueOffset } of await consumer.poll(500)) offsets.push(queueOffset);
    return offsets.length >= 20;
  });
  must(
    offsets.every((queueOffset) => queueOffset >= 5),
    `offsets ${offsets}`,
  );
};

const offsetReset: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  await fill(cluster, topic, 40);
  const group = cluster.clients.unique('g');
  const seen: string[] = [];
  const consumer = cluster.clients.push({ group });
  consumer.subscribe(topic);
  consumer.registerMessageListenerConcurrently(collectInto(seen));
  await consumer.start();
  await waitFor('40 messages', () => seen.length >= 40);
  const query = { topic, group, timestamp: 0, isForce: true };
  const { offsetTable } = await cluster.session.api.invokeBrokerToResetOffset(cluster.brokerAddr, query);
  mustEqual('queues', offsetTable.length, 4);
  await waitFor('all of them again', () => numbers(40).every((n) => seen.filter((body) => body === n).length >= 2));
};

const delayLevel: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  const arrived: number[] = [];
  const consumer = cluster.clients.push();
  consumer.subscribe(topic);
  consumer.registerMessageListenerConcurrently(collectInto([], () => void arrived.push(Date.now())));
  await consumer.start();
  const producer = await cluster.clients.producer();
  const sentAt = Date.now();
  await producer.send(createMessage(topic, 'later', { delayTimeLevel: 1 }));
  const at = await waitFor('the message', () => arrived[0]);
  must(at - sentAt >= 900 && at - sentAt < 5000, `delivered after ${at - sentAt} ms instead of 1000`);
};

const transaction: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  const checked = new Set<string>();
  const verdictOf = (text: string) => (text.startsWith('rollback') ? 'ROLLBACK_MESSAGE' : 'COMMIT_MESSAGE');
  const producer = await cluster.clients.producer({
    heartbeatBrokerInterval: 1000,
    transactionListener: {
      executeLocalTransaction: ({ body }) =>
        body.toString().endsWith('later') ? 'UNKNOW' : verdictOf(body.toString()),
      checkLocalTransaction: ({ body }) => {
        checked.add(body.toString());
        return verdictOf(body.toString());
      },
    },
  });
  const seen: string[] = [];
  const consumer = cluster.clients.push();
  consumer.subscribe(topic);
  consumer.registerMessageListenerConcurrently(collectInto(seen));
  await consumer.start();
  for (const body of ['commit', 'rollback', 'commit later', 'rollback later']) {
    await producer.sendInTransaction(createMessage(topic, body));
  }
  // Apache's broker may also ask about what is settled: it notes verdicts in batches, after 3 s.
  await waitFor('the checks', () => checked.has('commit later') && checked.has('rollback later'));
  await waitFor('the commits', () => seen.includes('commit') && seen.includes('commit later'));
  must(!seen.some((body) => body.startsWith('rollback')), `delivered: ${seen}`);
};

const requestReply: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  const replier = await cluster.clients.producer();
  const consumer = cluster.clients.push();
  consumer.subscribe(topic);
  consumer.registerMessageListenerConcurrently(async (messages) => {
    for (const message of messages) await replier.send(createReplyMessage(message, Buffer.from(`re:${message.body}`)));
    return 'CONSUME_SUCCESS' as const;
  });
  await consumer.start();
  const producer = await cluster.clients.producer();
  const reply = await producer.request(createMessage(topic, 'ping'), 20_000);
  mustEqual('reply', reply.body.toString(), 're:ping');
};

const queryByKey: Scenario = async (cluster) => {
  const topic = await newTopic(cluster);
  await fill(cluster, topic, 10);
  const { api } = cluster.session;
  const found = await waitFor('the index', async () => {
    const query = { topic, key: 'k7', maxNum: 32, beginTimestamp: 0, endTimestamp: Date.now() + 60_000 };
    const { messages } = await api.queryMessage(cluster.brokerAddr, query);
    return messages.length > 0 ? messages : null;
  });
  mustEqual(
    'bodies',
    found.map(({ body }) => body.toString()),
    ['7'],
  );
  const byOffset = await api.viewMessage(cluster.brokerAddr, topic, found[0]?.physicalOffset ?? -1);
  mustEqual('by offset', byOffset.body.toString(), '7');
};

export const CLIENT_SCENARIOS: Readonly<Record<string, Scenario>> = {
  'send-sync': sendSync,
  'send-many': sendMany,
  'send-oneway': sendOneway,
  'send-batch': sendBatch,
  'send-large-compressed': sendCompressed,
  'auto-create-topic': autoCreate,
  'push-concurrently': pushConcurrently,
  'push-tag-filter': pushTagFilter,
  'push-sql-filter': pushSqlFilter,
  'push-orderly': pushOrderly,
  'push-broadcast': pushBroadcast,
  'push-retry-and-dead-letter': pushRetry,
  'lite-pull': litePull,
  'lite-pull-seek': litePullSeek,
  'offset-reset': offsetReset,
  'delay-level': delayLevel,
  'timer-messages': timerMessages,
  transaction,
  'request-reply': requestReply,
  'query-by-key': queryByKey,
};
