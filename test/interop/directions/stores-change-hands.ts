/**
 * A folder written by one make of broker is opened and served by the other, and goes back: nothing may be missing, and
 * whatever was under way goes on.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AdminSession } from '../../../src/admin/session.js';
import { sleep } from '../../../src/base/clock.js';
import type { PopResult } from '../../../src/client/client-api.js';
import type { Producer } from '../../../src/client/producer.js';
import { createMessage, type MessageExt } from '../../../src/protocol/message.js';
import { decodeOffsetMsgId } from '../../../src/protocol/message-id.js';
import { defaultSubscriptionGroupConfig } from '../../../src/protocol/subscription-group-config.js';
import type { Playground } from '../kit/children.js';
import { Clients, collectInto } from '../kit/clients.js';
import type { Report } from '../kit/report.js';
import { BROKER_SETTINGS, type Make, type Server, type Servers } from '../kit/servers.js';
import {
  changedSettings,
  countRecords,
  missingRecords,
  readContents,
  type StoreContents,
} from '../kit/store-contents.js';
import { must, mustEqual, waitFor } from '../kit/wait.js';

const BROKER_NAME = 'broker-a';
const TOPICS = ['normal', 'typed', 'batches', 'retried', 'later', 'settled'] as const;
/** Progress of this group is written, not consumed, so that the rest is known exactly. */
const READER = 'reader';
const RETRIER = 'retrier';
const TRANSACTOR = 'transactor';
/** Together too long for records of the first version: those of their topic of retries are of the second. */
const POPPED = 'popped'.padEnd(90, '-popped');
/** Pops two messages and acknowledges the first. */
const POPPER = 'popper'.padEnd(60, '-popper');
const POP_INVISIBLE_MS = 12_000;
const NORMAL_MESSAGES = 900;
const LAST_MESSAGES = 300;
/** Of the level table: one that is over when the store changes hands, and one that is not. */
const SHORT_LEVEL = 1;
const LONG_LEVEL = 2;
const LONG_DELAY_MS = 12_000;
/** A timer message is not due yet when the store changes hands. */
const TIMER_DELAY_MS = 25_000;
/** Both makes keep the timer wheel, which costs Apache's some seconds at its start. */
const TIMER_SETTINGS = { timerWheelEnable: 'true', recallMessageEnable: 'true' };
const TOPIC_QUEUES = 4;
const COMMITTED = 50;
const ALL_TOPICS: readonly string[] = [...TOPICS, POPPED];
/** The groups' topics of retries, and the dead ones, too. */
const isOurTopic = (name: string) =>
  ALL_TOPICS.includes(name) || [READER, RETRIER].some((group) => name.endsWith(group)) || name.includes(POPPER);

/** How the first broker ends: asked to, or by SIGKILL right after the last acknowledgement. */
type Ending = 'clean' | 'kill';

interface Filled {
  readonly contents: StoreContents;
  /** Offset ids of messages that were acknowledged after `contents` was read, and their bodies. */
  readonly last: ReadonlyMap<string, string>;
  /** A moment between two sends, and what each queue of `normal` says about it. */
  readonly momentMs: number;
  readonly offsetsAtMoment: readonly number[];
}

interface Place {
  readonly servers: Servers;
  readonly report: Report;
  readonly namesrvAddr: string;
  readonly storeDir: string;
  /** Start of the names of tests. */
  readonly title: string;
}

/** Both makes as the first, each with both endings. */
export async function storesChangeHands(servers: Servers, playground: Playground, report: Report): Promise<void> {
  const namesrv = await servers.namesrv('ours');
  for (const first of ['ours', 'apache'] as const) {
    for (const ending of ['kill', 'clean'] as const) {
      const second: Make = first === 'ours' ? 'apache' : 'ours';
      const title = `store ${first} to ${second}, ${ending}`;
      report.heading(title);
      const storeDir = join(await playground.newFolder('store'), 'store');
      const place: Place = { servers, report, namesrvAddr: namesrv.addr, storeDir, title };
      await report.test(`${title}: runs to its end`, () => changeHands(place, first, second, ending));
    }
  }
  await namesrv.child.kill();
}

async function changeHands(place: Place, first: Make, second: Make, ending: Ending): Promise<void> {
  const { servers, namesrvAddr } = place;
  const clients = new Clients(namesrvAddr);
  const session = await servers.session(namesrvAddr);
  const running: Server[] = [];
  const start = async (make: Make) => {
    const { storeDir } = place;
    const options = { namesrvAddr, brokerName: BROKER_NAME, storeDir, settings: TIMER_SETTINGS };
    const server = await servers.broker(make, options);
    running.push(server);
    return server;
  };
  try {
    const broker = await start(first);
    const work = new Unfinished(clients);
    const filled = await fill(place, session, broker, work, ending);
    const end = ({ child }: Server) => (ending === 'kill' ? child.kill() : child.stop());
    await end(broker);
    await work.pause();
    const deleted = ending === 'clean' ? await deleteFirstFile(place.storeDir) : 0;

    const other = await start(second);
    await checkServed(place, session, other, filled, deleted);
    await checkGoesOn(place, session, other, clients, work, filled, deleted);
    const after = await readContents(session, other.addr, isOurTopic);
    await clients.close();
    await end(other);

    const back = await start(first);
    await place.report.test(`${place.title}: and back, every record at its place`, async () => {
      const contents = await readContents(session, back.addr, isOurTopic);
      mustEqual('missing', missingRecords(after, contents), []);
      mustEqual('topics', changedSettings(after.topics, contents.topics), []);
    });
  } finally {
    await clients.close();
    await session.close();
    for (const { child } of running) await child.kill();
  }
}

/** What is under way when the store changes hands, and the clients that see it through. */
class Unfinished {
  readonly retried: MessageExt[] = [];
  /** The message with the long delay, once it was delivered. */
  late: MessageExt | null = null;
  /** The timer message, as often as it was delivered; and the one that was taken back. */
  readonly timed: MessageExt[] = [];
  readonly recalled: MessageExt[] = [];
  readonly settled: string[] = [];
  readonly #clients: Clients;
  #transactor: Producer | null = null;
  #knowsVerdict = false;

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  /** Reads `retried` and fails every message the first time. */
  async consumeRetried(): Promise<void> {
    const consumer = this.#clients.push({ group: RETRIER, persistConsumerOffsetInterval: 500 });
    consumer.subscribe('retried');
    consumer.registerMessageListenerConcurrently((messages, context) => {
      context.delayLevelWhenNextConsume = LONG_LEVEL;
      this.retried.push(...messages);
      return messages[0]?.reconsumeTimes === 0 ? 'RECONSUME_LATER' : 'CONSUME_SUCCESS';
    });
    await consumer.start();
  }

  async consume(topic: 'later' | 'settled'): Promise<void> {
    const consumer = this.#clients.push();
    consumer.subscribe(topic);
    const bodies = topic === 'settled' ? this.settled : [];
    consumer.registerMessageListenerConcurrently(
      collectInto(bodies, (message) => {
        const body = message.body.toString();
        if (body === 'late') this.late = message;
        if (body === 'timed') this.timed.push(message);
        if (body === 'recalled') this.recalled.push(message);
      }),
    );
    await consumer.start();
  }

  /** A producer, known to the broker, that does not know how its transactions ended before `knowVerdict`. */
  async transactor(): Promise<Producer> {
    if (this.#transactor !== null) return this.#transactor;
    const producer = await this.#clients.producer({
      group: TRANSACTOR,
      heartbeatBrokerInterval: 1000,
      transactionListener: {
        executeLocalTransaction: ({ body }) => {
          const text = body.toString();
          if (text === 'commit at once') return 'COMMIT_MESSAGE';
          return text === 'rollback at once' ? 'ROLLBACK_MESSAGE' : 'UNKNOW';
        },
        checkLocalTransaction: ({ body }) => {
          if (!this.#knowsVerdict) return 'UNKNOW';
          return body.toString() === 'commit later' ? 'COMMIT_MESSAGE' : 'ROLLBACK_MESSAGE';
        },
      },
    });
    // Brokers hear of a producer only after it has looked for one of their topics.
    await producer.fetchPublishMessageQueues('settled');
    this.#transactor = producer;
    return producer;
  }

  knowVerdict(): void {
    this.#knowsVerdict = true;
  }

  /** Clients go when their broker has: the next ones are to start afresh. */
  async pause(): Promise<void> {
    this.#transactor = null;
    await this.#clients.close();
  }
}

/** Every kind of message, over several files. Ends right before the broker is to. */
async function fill(
  { title, report, namesrvAddr, storeDir }: Place,
  session: AdminSession,
  { addr }: Server,
  work: Unfinished,
  ending: Ending,
): Promise<Filled> {
  const { api } = session;
  const clients = new Clients(namesrvAddr);
  for (const topicName of ALL_TOPICS) {
    const queues = topicName === 'typed' ? 8 : TOPIC_QUEUES;
    const attributes: Record<string, string> = topicName === 'typed' ? { '+message.type': 'FIFO' } : {};
    await api.createTopic(addr, {
      ...{ topicName, readQueueNums: queues, writeQueueNums: TOPIC_QUEUES, perm: 6, order: topicName === 'typed' },
      ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, attributes },
    });
  }
  for (const groupName of [READER, RETRIER]) {
    const config = { ...defaultSubscriptionGroupConfig(groupName), retryMaxTimes: 5 };
    await api.createSubscriptionGroup(addr, config);
  }
  await waitFor('the routes', async () => {
    for (const topic of ALL_TOPICS) await api.getTopicRouteInfo(topic);
    return true;
  });
  const producer = await clients.producer();
  await sendNormal(producer, 0, NORMAL_MESSAGES / 2);
  await sleep(20);
  const momentMs = Date.now();
  await sleep(20);
  await sendNormal(producer, NORMAL_MESSAGES / 2, NORMAL_MESSAGES);
  for (let batch = 0; batch < 3; batch++) {
    const messages = Array.from({ length: 50 }, (_, i) => createMessage('batches', `${batch}-${i}`, { keys: `b${i}` }));
    await producer.sendBatch(messages);
  }
  await producer.send(createMessage('typed', 'x', { properties: { shape: 'square', colour: 'grün' } }));
  for (let i = 0; i < 3; i++) await producer.send(createMessage('retried', String(i), { tags: 'R' }));
  await producer.send(createMessage('later', 'soon', { delayTimeLevel: SHORT_LEVEL }));
  const transactor = await work.transactor();
  for (const body of ['commit at once', 'rollback at once', 'commit later', 'rollback later']) {
    await transactor.sendInTransaction(createMessage('settled', body));
  }
  for (let queueId = 0; queueId < TOPIC_QUEUES; queueId++) {
    await api.updateConsumerOffset(addr, READER, { topic: 'normal', queueId }, COMMITTED);
  }
  await waitFor('the short delay', async () => {
    const { offsetTable } = await api.getTopicStatsInfo(addr, 'later');
    return offsetTable.some(({ maxOffset }) => maxOffset > 0);
  });
  await work.consumeRetried();
  await waitFor('failures', () => work.retried.length >= 3);
  await producer.send(createMessage('later', 'late', { delayTimeLevel: LONG_LEVEL }));
  const deliverTimeMs = Date.now() + TIMER_DELAY_MS;
  await producer.send(createMessage('later', 'timed', { deliverTimeMs }));
  const { recallHandle } = await producer.send(createMessage('later', 'recalled', { deliverTimeMs }));
  await producer.recallMessage('later', recallHandle ?? '');
  // The wheel is filled and written behind the answer.
  await waitFor('the timer wheel', async () => {
    const { timerOffsetBehind } = await api.getBrokerRuntimeInfo(addr);
    return timerOffsetBehind === '0';
  });
  // A killed broker may forget what it has not written yet: these files are written in intervals.
  await waitFor('committed offsets on disk', async () => {
    const text = await readFile(join(storeDir, 'config/consumerOffset.json'), 'utf8');
    return text.includes(`normal@${READER}`) && text.includes(`retried@${RETRIER}`);
  });
  await popTwo(session, addr, producer);
  const offsetsAtMoment = await searchMoment(session, addr, momentMs);
  const contents = await readContents(session, addr, isOurTopic);
  report.note(`${title}: ${countRecords(contents)} messages in ${contents.queues.size} queues`);
  const last = new Map<string, string>();
  if (ending === 'kill') {
    const sends = Array.from({ length: LAST_MESSAGES }, async (_, i) => {
      const { offsetMsgId } = await producer.send(createMessage('normal', `last ${i}`));
      last.set(offsetMsgId, `last ${i}`);
    });
    await Promise.all(sends);
  } else {
    await clients.close();
  }
  return { contents, last, momentMs, offsetsAtMoment };
}

/** Bodies of about 4 KB, every tenth larger and so compressed by the producer; keys `k<n>`. */
async function sendNormal(producer: Producer, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += 50) {
    const sends = Array.from({ length: Math.min(50, to - start) }, (_, i) => {
      const n = start + i;
      const body = n % 10 === 0 ? `${n} `.repeat(4000) : `${n} ${'x'.repeat(3900)}`;
      return producer.send(createMessage('normal', body, { tags: `T${n % 3}`, keys: [`k${n}`, 'all'] }));
    });
    await Promise.all(sends);
  }
}

function pop({ api }: AdminSession, addr: string, pollTime: number): Promise<PopResult> {
  const query = { consumerGroup: POPPER, topic: POPPED, queueId: 0, maxMsgNums: 2, initMode: 0, pollTime };
  const header = { ...query, invisibleTime: POP_INVISIBLE_MS, bornTime: Date.now() };
  return api.popMessage(addr, BROKER_NAME, header, { timeoutMs: pollTime + 10_000 });
}

/** Leaves one message without an ack. */
async function popTwo(session: AdminSession, addr: string, producer: Producer): Promise<void> {
  const queue = { topic: POPPED, brokerName: BROKER_NAME, queueId: 0 };
  for (const body of ['acknowledged', 'not acknowledged']) await producer.send(createMessage(POPPED, body), { queue });
  const { messages } = await waitFor('two popped messages', async () => {
    const result = await pop(session, addr, 1000);
    return result.messages.length === 2 ? result : null;
  });
  const [{ queueOffset: offset, properties }] = messages as [MessageExt];
  const extraInfo = properties.get('POP_CK') ?? '';
  await session.api.ackMessage(addr, { consumerGroup: POPPER, topic: POPPED, queueId: 0, offset, extraInfo });
}

function searchMoment({ api }: AdminSession, addr: string, momentMs: number): Promise<number[]> {
  const queueIds = Array.from({ length: TOPIC_QUEUES }, (_, queueId) => queueId);
  return Promise.all(queueIds.map((queueId) => api.searchOffset(addr, { topic: 'normal', queueId }, momentMs)));
}

/** What both makes do with expired files, oldest first. @returns the physical offset that the log begins with now */
async function deleteFirstFile(storeDir: string): Promise<number> {
  const folder = join(storeDir, 'commitlog');
  const files = (await readdir(folder)).sort();
  must(files.length >= 3, `several commit log files: ${files}`);
  await rm(join(folder, files[0] as string));
  return Number(BROKER_SETTINGS.mappedFileSizeCommitLog);
}

/** What was stored is served. */
async function checkServed(
  { title, report }: Place,
  session: AdminSession,
  { addr, make }: Server,
  filled: Filled,
  minPhysicalOffset: number,
): Promise<void> {
  const { api } = session;
  const indexed = make === 'ours' ? (messages: readonly MessageExt[]) => messages : distinct;
  const contents = await report.test(`${title}: every record is at its place`, async () => {
    const found = await readContents(session, addr, isOurTopic);
    mustEqual('missing', missingRecords(filled.contents, found, minPhysicalOffset).slice(0, 3), []);
    return found;
  });
  if (filled.last.size > 0) {
    await report.test(`${title}: what was acknowledged last is there`, async () => {
      mustEqual('acknowledged', filled.last.size, LAST_MESSAGES);
      for (const [offsetMsgId, body] of filled.last) {
        const message = await api.viewMessage(addr, 'normal', decodeOffsetMsgId(offsetMsgId).physicalOffset);
        mustEqual(offsetMsgId, message.body.toString(), body);
      }
      const before = queuesOf(filled.contents, 'normal').reduce((sum, { maxOffset }) => sum + maxOffset, 0);
      const stats = await api.getTopicStatsInfo(addr, 'normal');
      const after = stats.offsetTable.reduce((sum, { maxOffset }) => sum + maxOffset, 0);
      mustEqual('messages in the queues', after, before + LAST_MESSAGES);
    });
  } else {
    await report.test(`${title}: after a delete queues begin with the first message that is left`, async () => {
      must(contents !== null, 'contents were read');
      const minOffsets = queuesOf(contents as StoreContents, 'normal').map(({ minOffset }) => minOffset);
      must(
        minOffsets.every((minOffset) => minOffset > 0),
        `min offsets ${minOffsets}`,
      );
    });
  }
  await report.test(`${title}: topics and groups are as they were`, async () => {
    must(contents !== null, 'contents were read');
    mustEqual('topics', changedSettings(filled.contents.topics, (contents as StoreContents).topics), []);
    mustEqual('groups', changedSettings(filled.contents.groups, (contents as StoreContents).groups), []);
  });
  await report.test(`${title}: messages are found by key and by id`, async () => {
    const range = { beginTimestamp: 0, endTimestamp: Date.now() + 60_000 };
    for (const n of [NORMAL_MESSAGES - 1, NORMAL_MESSAGES - 40, NORMAL_MESSAGES / 2]) {
      const byKey = await api.queryMessage(addr, { topic: 'normal', key: `k${n}`, maxNum: 32, ...range });
      const found = indexed(byKey.messages);
      mustEqual(`k${n}`, found.map(({ body }) => Number.parseInt(body.toString(), 10)).join(), String(n));
      const id = byKey.messages[0]?.properties.get('UNIQ_KEY') ?? '';
      const query = { topic: 'normal', key: id, maxNum: 32, ...range };
      const byId = await api.queryMessage(addr, query, { isUniqueKey: true });
      mustEqual(
        id,
        indexed(byId.messages)
          .map(({ msgId }) => msgId)
          .join(),
        id,
      );
    }
    const batched = await api.queryMessage(addr, { topic: 'batches', key: 'b7', maxNum: 32, ...range });
    mustEqual(
      'b7',
      indexed(batched.messages)
        .map(({ body }) => body.toString())
        .sort()
        .join(),
      '0-7,1-7,2-7',
    );
  });
  await report.test(`${title}: a time leads to the same offsets`, async () => {
    mustEqual('offsets', await searchMoment(session, addr, filled.momentMs), filled.offsetsAtMoment);
  });
  await report.test(`${title}: committed offsets are as they were`, async () => {
    for (let queueId = 0; queueId < TOPIC_QUEUES; queueId++) {
      mustEqual('offset', await api.queryConsumerOffset(addr, READER, { topic: 'normal', queueId }), COMMITTED);
    }
  });
}

/**
 * Each record once. Apache's broker indexes the last indexed record a second time when it starts after a kill: its
 * IndexService.buildIndex passes over records before endPhyOffset, not over the one at it.
 */
function distinct(messages: readonly MessageExt[]): readonly MessageExt[] {
  return [...new Map(messages.map((message) => [message.physicalOffset, message])).values()];
}

function queuesOf({ queues }: StoreContents, topic: string) {
  return [...queues].filter(([name]) => name.startsWith(`${topic}-`)).map(([, queue]) => queue);
}

/** What was under way goes on. */
async function checkGoesOn(
  { title, report, namesrvAddr }: Place,
  session: AdminSession,
  { addr }: Server,
  clients: Clients,
  work: Unfinished,
  filled: Filled,
  minPhysicalOffset: number,
): Promise<void> {
  const { api } = session;
  work.knowVerdict();
  await work.transactor();
  await work.consumeRetried();
  await work.consume('later');
  await work.consume('settled');
  // It must not depend on the order of these: all wait at the same time.
  await Promise.all([
    report.test(`${title}: appending goes on`, async () => {
      const producer = await new Clients(namesrvAddr).producer();
      try {
        const [queue] = await producer.fetchPublishMessageQueues('batches');
        if (queue === undefined) throw new Error('no queue of "batches"');
        const max = await api.getMaxOffset(addr, queue);
        const { queueOffset } = await producer.send(createMessage('batches', 'more', { keys: 'more' }), { queue });
        mustEqual('offset', queueOffset, max);
        await waitFor('the message by its key', async () => {
          const query = {
            topic: 'batches',
            key: 'more',
            maxNum: 9,
            beginTimestamp: 0,
            endTimestamp: Date.now() + 9999,
          };
          return (await api.queryMessage(addr, query)).messages.length === 1;
        });
      } finally {
        await producer.shutdown();
      }
    }),
    report.test(`${title}: a group goes on where it stopped`, async () => {
      const consumer = clients.litePull({ group: READER });
      consumer.subscribe('normal');
      await consumer.start();
      const stats = await api.getTopicStatsInfo(addr, 'normal');
      const rest = stats.offsetTable.map(({ minOffset, maxOffset }) => maxOffset - Math.max(minOffset, COMMITTED));
      const expected = rest.reduce((sum, count) => sum + count, 0);
      const seen = new Set<string>();
      const again: number[] = [];
      await waitFor(`${expected} messages`, async () => {
        for (let batch = await consumer.poll(500); batch.length > 0; batch = await consumer.poll(500)) {
          for (const { msgId, queueOffset } of batch) {
            if (queueOffset < COMMITTED) again.push(queueOffset);
            seen.add(msgId);
          }
        }
        return seen.size >= expected;
      });
      mustEqual('consumed before', again, []);
      mustEqual('messages', seen.size, expected);
    }),
    report.test(`${title}: a delayed message is delivered`, async () => {
      const { bornTimestamp, storeTimestamp } = await waitFor('the long delay', () => work.late);
      // It is stored anew when it is due.
      const delayMs = storeTimestamp - bornTimestamp;
      must(delayMs >= LONG_DELAY_MS - 1000 && delayMs < LONG_DELAY_MS + 20_000, `delivered after ${delayMs} ms`);
    }),
    report.test(`${title}: a timer message is delivered on time, one that was taken back is not`, async () => {
      const { properties, storeTimestamp } = await waitFor('the timer message', () => work.timed[0]);
      const lateMs = storeTimestamp - Number(properties.get('TIMER_DELIVER_MS'));
      must(lateMs >= 0 && lateMs < 10_000, `delivered ${lateMs} ms after its time`);
      await sleep(2000);
      mustEqual('taken back', work.recalled.length, 0);
      if (filled.last.size === 0) mustEqual('deliveries', work.timed.length, 1);
    }),
    report.test(`${title}: half messages are asked about and settled`, async () => {
      await waitFor('the transaction', () => work.settled.includes('commit later'));
      must(!work.settled.some((body) => body.startsWith('rollback')), `delivered: ${work.settled}`);
      must(minPhysicalOffset > 0 || work.settled.includes('commit at once'), `delivered: ${work.settled}`);
    }),
    report.test(`${title}: a message popped before comes back`, async () => {
      const isBack = ({ body }: MessageExt) => body.toString() === 'not acknowledged';
      await waitFor('the message without an ack', async () => (await pop(session, addr, 1000)).messages.some(isBack));
    }),
    report.test(`${title}: failed messages are delivered again`, async () => {
      const again = () => work.retried.filter(({ reconsumeTimes }) => reconsumeTimes === 1);
      await waitFor('three redeliveries', () => new Set(again().map(({ msgId }) => msgId)).size === 3);
      must(
        again().every(({ topic }) => topic === 'retried'),
        'topic of redeliveries',
      );
      must(queuesOf(filled.contents, 'SCHEDULE_TOPIC_XXXX').length > 0, 'they were scheduled before');
    }),
  ]);
}
