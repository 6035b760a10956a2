/**
 * Folders with the less usual kinds of queues and records change hands: batch queues, light queues, records with a CRC
 * property, from IPv6 peers and with bodies as large as may be, extensions of consume queues with bit maps, a commit log
 * over several folders.
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { AdminSession } from '../../../src/admin/session.js';
import { MQBrokerError } from '../../../src/client/errors.js';
import type { PushConsumer } from '../../../src/client/push-consumer.js';
import { createMessage } from '../../../src/protocol/message.js';
import { encodeBatch } from '../../../src/protocol/message-batch.js';
import { encodeProperties, MessageProperty } from '../../../src/protocol/message-property.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { MessageSysFlag } from '../../../src/protocol/sys-flag.js';
import { formatAddress, parseAddress } from '../../../src/remoting/address.js';
import type { Playground } from '../kit/children.js';
import { Clients, collectInto } from '../kit/clients.js';
import type { Report } from '../kit/report.js';
import type { Make, Server, Servers } from '../kit/servers.js';
import { countRecords, missingRecords, readContents, readQueue, type StoreContents } from '../kit/store-contents.js';
import { must, mustEqual, waitFor } from '../kit/wait.js';

const BROKER_NAME = 'broker-a';
const BATCHED = 'batched';
const PARENT = 'parent';
const LIGHT_QUEUES = ['%LMQ%a', '%LMQ%b'];
const QUEUE_FOLDERS = ['consumequeue', 'batchconsumequeue', 'consumequeue_ext'];
const GROUP = 'picky';
/** Every third of the messages that have the property. */
const SELECTOR = 'third = 0';
const ROUNDS = 60;
const BATCH = 5;
/** Of one filling in the parent's first queue. */
const ENTRIES = ROUNDS / 2;
/** Messages of one filling that the selector takes. */
const PICKED = ROUNDS / 3;
const PADDING = 'x'.repeat(9_000);
const MAX_BODY_BYTES = 100_000;

/** How the first broker ends; `rebuilt` is a proper stop, after which the queues are removed. */
type Ending = 'kill' | 'rebuilt';

export async function specialStores(servers: Servers, playground: Playground, report: Report): Promise<void> {
  const namesrv = await servers.namesrv('ours');
  for (const first of ['ours', 'apache'] as const) {
    for (const ending of ['kill', 'rebuilt'] as const) {
      const second: Make = first === 'ours' ? 'apache' : 'ours';
      const title = `special store ${first} to ${second}, ${ending}`;
      report.heading(title);
      const folder = await playground.newFolder('store');
      await report.test(`${title}: runs to its end`, () =>
        changeHands(servers, report, namesrv.addr, folder, title, first, second, ending),
      );
    }
  }
  await namesrv.child.kill();
}

async function changeHands(
  servers: Servers,
  report: Report,
  namesrvAddr: string,
  folder: string,
  title: string,
  first: Make,
  second: Make,
  ending: Ending,
): Promise<void> {
  const storeDir = join(folder, 'store');
  const settings = {
    // That is, for Java, of both families.
    bindAddress: '0.0.0.0',
    maxMessageSize: String(MAX_BODY_BYTES),
    storePathCommitLog: [join(folder, 'log-b'), join(folder, 'log-a')].join(),
    mapperFileSizeBatchConsumeQueue: String(46 * 20),
    enableLmq: 'true',
    enableMultiDispatch: 'true',
    enabledAppendPropCRC: 'true',
    forceVerifyPropCRC: 'true',
    enablePropertyFilter: 'true',
    enableCalcFilterBitMap: 'true',
    enableConsumeQueueExt: 'true',
    mappedFileSizeConsumeQueueExt: '1000',
  };
  const running: Server[] = [];
  const clients = new Clients(namesrvAddr);
  const session = await servers.session(namesrvAddr);
  const start = async (make: Make) => {
    const server = await servers.broker(make, { namesrvAddr, brokerName: BROKER_NAME, storeDir, settings });
    running.push(server);
    return server;
  };
  try {
    const broker = await start(first);
    await createTopics(session, broker.addr);
    const picky = await startPicky(session, broker.addr, clients);
    const momentMs = await fill(namesrvAddr, session, broker.addr);
    await report.test(`${title}: a consumer gets what it selects`, () => checkPicked(picky, PICKED));
    await picky.consumer.shutdown();
    const extended = await entriesOf(session, broker.addr, 0);
    checkExtended(extended);
    await report.test(`${title}: what is too large or makes no sense is refused`, () =>
      checkRefused(session, broker.addr),
    );
    const before = await contentsOf(session, broker.addr);
    const searched = await searchTime(session, broker.addr, momentMs);
    report.note(`${title}: ${countRecords(before)} messages in ${before.queues.size} queues`);
    const end = ({ child }: Server) => (ending === 'kill' ? child.kill() : child.stop());
    await end(broker);
    const units = ending === 'rebuilt' ? await unitsOf(storeDir) : new Map<string, Buffer>();
    for (const path of ['log-a', 'log-b']) must((await readdir(join(folder, path))).length > 0, `files in ${path}`);
    if (ending === 'rebuilt') {
      for (const name of [...QUEUE_FOLDERS, 'checkpoint']) await rm(join(storeDir, name), { recursive: true });
      await writeFile(join(storeDir, 'abort'), '1');
    }

    const other = await start(second);
    await report.test(`${title}: every record is at its place`, async () => {
      const found = await contentsOf(session, other.addr);
      mustEqual('missing', missingRecords(before, found).slice(0, 3), []);
    });
    await report.test(`${title}: every entry has its extension`, async () => {
      const found = await entriesOf(session, other.addr, 0);
      // What the groups want is saved after ten seconds only: entries that are built anew after a kill lack the bits.
      if (ending === 'kill') mustEqual('entries', found.map(withoutBits), extended.map(withoutBits));
      else mustEqual('entries', found, extended);
    });
    await report.test(`${title}: messages are found by key and by time`, () =>
      checkFound(session, other.addr, momentMs, searched),
    );
    await report.test(`${title}: appending goes on`, async () => {
      const again = await startPicky(session, other.addr, clients);
      await fill(namesrvAddr, session, other.addr);
      await checkPicked(again, PICKED);
      await again.consumer.shutdown();
      checkExtended(await entriesOf(session, other.addr, ENTRIES));
      const found = await contentsOf(session, other.addr);
      for (const [name, { maxOffset }] of before.queues)
        mustEqual(name, found.queues.get(name)?.maxOffset, maxOffset * 2);
    });
    await report.test(`${title}: refused again`, () => checkRefused(session, other.addr));
    const after = await contentsOf(session, other.addr);
    await end(other);
    if (ending === 'rebuilt') {
      await report.test(`${title}: the queues are built of the same bytes`, async () => {
        const rebuilt = await unitsOf(storeDir);
        for (const [path, bytes] of units) {
          const now = rebuilt.get(path);
          must(now !== undefined, `${path} is there`);
          // A file that was not full has more units now.
          const used = bytes.findLastIndex((byte) => byte !== 0) + 1;
          must((now as Buffer).subarray(0, used).equals(bytes.subarray(0, used)), `${path}: ${used} bytes are equal`);
        }
      });
    }

    const back = await start(first);
    await report.test(`${title}: and back, every record at its place`, async () => {
      mustEqual('missing', missingRecords(after, await contentsOf(session, back.addr)).slice(0, 3), []);
    });
  } finally {
    await clients.close();
    await session.close();
    for (const { child } of running) await child.kill();
  }
}

async function createTopics({ api }: AdminSession, addr: string): Promise<void> {
  for (const topicName of [BATCHED, PARENT]) {
    const attributes: Record<string, string> = topicName === BATCHED ? { '+queue.type': 'BatchCQ' } : {};
    await api.createTopic(addr, {
      ...{ topicName, readQueueNums: 2, writeQueueNums: 2, perm: 6, order: false },
      ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, attributes },
    });
  }
  await waitFor('the routes', async () => {
    for (const topic of [BATCHED, PARENT]) await api.getTopicRouteInfo(topic);
    return true;
  });
}

interface Picky {
  consumer: PushConsumer;
  picked: string[];
}

/** A consumer that selects, once the broker knows it. */
async function startPicky(session: AdminSession, addr: string, clients: Clients): Promise<Picky> {
  const picked: string[] = [];
  const consumer = clients.push({ group: GROUP });
  consumer.subscribe(PARENT, SELECTOR, 'SQL92');
  consumer.registerMessageListenerConcurrently(collectInto(picked));
  await consumer.start();
  await waitFor('the consumer', async () => (await session.api.getConsumerIdListByGroup(addr, GROUP)).length > 0);
  return { consumer, picked };
}

async function checkPicked({ picked }: Picky, count: number): Promise<void> {
  await waitFor(`${count} messages`, () => picked.length >= count);
  const wrong = picked.filter((body) => Number(body) % 3 !== 0);
  mustEqual('messages that were not selected', wrong, []);
}

interface Entry {
  tagsCode: string;
  msg?: string | null;
  bitMap?: string | null;
  filterBitMap?: string;
  msgStoreTime?: number;
}

function withoutBits({ tagsCode, msg, msgStoreTime }: Entry): Entry {
  return { tagsCode, msg, msgStoreTime };
}

/** What the entries of the parent's first queue, those of one filling, say of tags and bits. */
async function entriesOf({ api }: AdminSession, addr: string, index: number): Promise<Entry[]> {
  const query = { topic: PARENT, queueId: 0, index, count: ENTRIES, consumerGroup: undefined };
  const { queueData } = await api.queryConsumeQueue(addr, query);
  return queueData.map(({ tagsCode, bitMap, extendDataJson, msg }) => ({
    ...{ tagsCode: String(tagsCode), bitMap, msg },
    ...(JSON.parse(extendDataJson ?? '{}') as object),
  }));
}

function checkExtended(entries: readonly Entry[]): void {
  mustEqual('entries', entries.length, ENTRIES);
  const maps = entries.map(({ bitMap }) => bitMap?.includes('1'));
  // The first queue has the even messages.
  mustEqual(
    'bits',
    maps,
    entries.map((_, i) => (i * 2) % 3 === 0),
  );
}

/** The same messages with each call. @returns a time in between, ms */
async function fill(namesrvAddr: string, session: AdminSession, addr: string): Promise<number> {
  const clients = new Clients(namesrvAddr);
  try {
    const producer = await clients.producer();
    const batches = await producer.fetchPublishMessageQueues(BATCHED);
    const queues = await producer.fetchPublishMessageQueues(PARENT);
    let momentMs = 0;
    for (let n = 0; n < ROUNDS; n++) {
      const messages = Array.from({ length: BATCH }, (_, i) =>
        createMessage(BATCHED, `${n}-${i} ${PADDING}`, { tags: `T${i}`, keys: `b${n}` }),
      );
      await producer.sendBatch(messages, { queue: batches[n % batches.length] });
      const message = createMessage(PARENT, `${n}`, { tags: 'P', keys: `p${n}` });
      message.properties.set('third', String(n % 3));
      // Not for users to set, but what makes light queues does.
      const lightQueues = n % 3 === 0 ? LIGHT_QUEUES.slice(0, 1) : LIGHT_QUEUES;
      if (n % 4 !== 3) message.properties.set(MessageProperty.INNER_MULTI_DISPATCH, lightQueues.join());
      const { queueOffset } = await producer.send(message, { queue: queues[n % queues.length] });
      must(queueOffset >= 0, 'a queue offset');
      if (n === ROUNDS / 2) momentMs = Date.now() + 5;
      if (n === ROUNDS / 2) await waitFor('the clock', () => Date.now() > momentMs + 5);
    }
    const single = createMessage(BATCHED, 'single', { tags: 'S', keys: 'single' });
    await producer.send(single, { queue: batches[0] });
    await sendUncommon(session, addr);
    return momentMs;
  } finally {
    await clients.close();
  }
}

interface Uncommon {
  queueId?: number;
  body?: Buffer;
  sysFlag?: number;
  properties?: Readonly<Record<string, string>>;
  isBatch?: boolean;
}

function sendByHand({ api }: AdminSession, addr: string, topic: string, message: Uncommon) {
  const { queueId = 1, body = Buffer.from('by hand'), sysFlag = 0, properties = {}, isBatch = false } = message;
  const text = encodeProperties(new Map(Object.entries(properties)));
  const header = {
    ...{
      a: 'by-hand',
      b: topic,
      c: 'TBW102',
      d: 4,
      e: queueId,
      f: sysFlag,
      g: Date.now(),
      h: -1,
      i: text,
      j: 3,
      m: isBatch,
    },
  };
  return api.sendMessage(addr, header, body, { kind: isBatch ? 'batch' : 'message' });
}

/** Messages that only few producers send. */
async function sendUncommon(session: AdminSession, addr: string): Promise<void> {
  await sendByHand(session, addr, PARENT, { body: Buffer.alloc(MAX_BODY_BYTES, 'm') });
  await sendByHand(session, addr, PARENT, { properties: { [MessageProperty.WAIT_STORE_MSG_OK]: 'false' } });
  const classic = encodeBatch(['c1', 'c2'].map((body) => createMessage(BATCHED, body, { tags: 'C' })));
  await sendByHand(session, addr, BATCHED, { body: classic, isBatch: true });
  const addresses = Object.values(networkInterfaces()).flatMap((of) => of?.map(({ address }) => address) ?? []);
  if (addresses.includes('::1')) await sendByHand(session, formatAddress('::1', parseAddress(addr).port), PARENT, {});
}

/** Both makes refuse these, with the same code and remark, and store nothing. */
async function checkRefused(session: AdminSession, addr: string): Promise<void> {
  const batch = encodeBatch([createMessage(BATCHED, 'x')]);
  const wrong: readonly [topic: string, Uncommon][] = [
    [PARENT, { body: Buffer.alloc(MAX_BODY_BYTES + 1) }],
    [PARENT, { properties: { long: 'p'.repeat(32_700) } }],
    [PARENT, { properties: { [MessageProperty.INNER_NUM]: '2' } }],
    [PARENT, { sysFlag: MessageSysFlag.INNER_BATCH_FLAG }],
    [PARENT, { body: batch, isBatch: true, sysFlag: MessageSysFlag.TRANSACTION_PREPARED_TYPE }],
    [PARENT, { body: batch, isBatch: true, properties: { [MessageProperty.DELAY_TIME_LEVEL]: '1' } }],
    // Light queues make the whole record count, not the body alone.
    [PARENT, { body: Buffer.alloc(MAX_BODY_BYTES), properties: { [MessageProperty.INNER_MULTI_DISPATCH]: '%LMQ%a' } }],
  ];
  const { api } = session;
  const max = await api.getMaxOffset(addr, { topic: PARENT, queueId: 1 });
  for (const [topic, message] of wrong) {
    const error: unknown = await sendByHand(session, addr, topic, message).then(
      () => null,
      (cause: unknown) => cause,
    );
    const answer = error instanceof MQBrokerError ? [error.responseCode, error.remark] : error;
    mustEqual(JSON.stringify(message).slice(0, 100), answer, [
      ResponseCode.MESSAGE_ILLEGAL,
      'the message is illegal, maybe msg body or properties length not matched. ' +
        `msg body length limit ${MAX_BODY_BYTES}B, msg properties length limit 32KB.`,
    ]);
  }
  mustEqual('max offset', await api.getMaxOffset(addr, { topic: PARENT, queueId: 1 }), max);
}

async function contentsOf(session: AdminSession, addr: string): Promise<StoreContents> {
  const contents = await readContents(session, addr, (topic) => topic === BATCHED || topic === PARENT);
  const queues = new Map(contents.queues);
  for (const topic of LIGHT_QUEUES) {
    const queue = { topic, queueId: 0 };
    const minOffset = await session.api.getMinOffset(addr, queue);
    const maxOffset = await session.api.getMaxOffset(addr, queue);
    queues.set(topic, {
      minOffset,
      maxOffset,
      records: await readQueue(session, addr, topic, 0, minOffset, maxOffset),
    });
  }
  return { ...contents, queues };
}

function searchTime({ api }: AdminSession, addr: string, momentMs: number): Promise<number[]> {
  const queues = [BATCHED, PARENT].flatMap((topic) => [0, 1].map((queueId) => ({ topic, queueId })));
  queues.push(...LIGHT_QUEUES.map((topic) => ({ topic, queueId: 0 })));
  return Promise.all(queues.map((queue) => api.searchOffset(addr, queue, momentMs)));
}

async function checkFound(
  session: AdminSession,
  addr: string,
  momentMs: number,
  searched: readonly number[],
): Promise<void> {
  mustEqual('offsets', await searchTime(session, addr, momentMs), searched);
  const range = { maxNum: 32, beginTimestamp: 0, endTimestamp: Date.now() + 60_000 };
  const parents = await session.api.queryMessage(addr, { topic: PARENT, key: 'p7', ...range });
  mustEqual('p7', parents.messages.map(({ body }) => body.toString()).join(), '7');
  const single = await session.api.queryMessage(addr, { topic: BATCHED, key: 'single', ...range });
  mustEqual('single', single.messages.length, 1);
}

/** The bytes of all consume queue files by path. */
async function unitsOf(storeDir: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const folder of QUEUE_FOLDERS) {
    for (const entry of await readdir(join(storeDir, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const isOurs = [BATCHED, PARENT, ...LIGHT_QUEUES].some((topic) => path.includes(`/${topic}/`));
      if (isOurs) files.set(path, await readFile(path));
    }
  }
  return files;
}
