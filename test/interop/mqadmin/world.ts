/** A cluster with content that is the same whoever made it: name server, one master, topics, groups, clients. */
import type { AdminSession } from '../../../src/admin/session.js';
import { systemClock } from '../../../src/base/clock.js';
import { createMessage } from '../../../src/protocol/message.js';
import { ApacheTool } from '../kit/apache-tool.js';
import type { ApacheVersion } from '../kit/artifacts.js';
import type { Playground } from '../kit/children.js';
import { Clients, collectInto } from '../kit/clients.js';
import { CLUSTER, type Make, type Servers } from '../kit/servers.js';
import { waitFor } from '../kit/wait.js';

const BROKER_NAME = 'broker-a';
/** The message whose ids are `{msgId}` and `{offsetMsgId}`. */
const ASKED_FOR = 4;
/** Both makes know them: all that the commands ask for is served without anybody having to sign in. */
const SETTINGS = {
  ...{ traceTopicEnable: 'true', fileReservedTime: '72', deleteWhen: '04' },
  // Users and permissions are kept only with a provider of each.
  authenticationMetadataProvider:
    'org.apache.rocketmq.auth.authentication.provider.LocalAuthenticationMetadataProvider',
  authorizationMetadataProvider: 'org.apache.rocketmq.auth.authorization.provider.LocalAuthorizationMetadataProvider',
};
const APACHE_SETTINGS = {
  // The suite leaves the wheel out elsewhere to start faster; without it Apache's broker cannot delete topics.
  timerWheelEnable: 'true',
  // Not to turn sends away on a busy machine.
  waitTimeMillsInSendQueue: '20000',
};

export interface World {
  readonly make: Make;
  /** Placeholder of the command lines to its value here. */
  readonly names: ReadonlyMap<string, string>;
  /** Apache's tool. Its commands run one after the other. */
  apacheTool(version: ApacheVersion): ApacheTool;
  close(): Promise<void>;
}

export async function openWorld(make: Make, servers: Servers, playground: Playground): Promise<World> {
  const namesrv = await servers.namesrv(make);
  const storeDir = await playground.newFolder(`store-${make}`);
  const broker = await servers.broker(make, {
    namesrvAddr: namesrv.addr,
    brokerName: BROKER_NAME,
    storeDir,
    settings: make === 'apache' ? { ...SETTINGS, ...APACHE_SETTINGS } : SETTINGS,
  });
  const session = await servers.session(namesrv.addr);
  const clients = new Clients(namesrv.addr);
  const tools = new Map<ApacheVersion, ApacheTool>();
  const apacheTool = (version: ApacheVersion) => {
    const tool = tools.get(version) ?? new ApacheTool(playground, version, systemClock);
    tools.set(version, tool);
    return tool;
  };
  const ids = await fill(session, broker.addr, clients);
  return {
    make,
    names: new Map([
      ['namesrv', namesrv.addr],
      ['broker', broker.addr],
      ['brokerName', BROKER_NAME],
      ['cluster', CLUSTER],
      ['storeDir', storeDir],
      ...ids,
      ['tracedMsgId', await sendTraced(apacheTool('5.3.3'), namesrv.addr)],
    ]),
    apacheTool,
    async close() {
      await session.close();
      await clients.close();
      await Promise.all([...tools.values()].map((tool) => tool.stop()));
      await broker.child.kill();
      await namesrv.child.kill();
    },
  };
}

/** Two topics, two groups, a producer and a consumer that stay. @returns names of ids in it */
async function fill(session: AdminSession, brokerAddr: string, clients: Clients): Promise<Array<[string, string]>> {
  for (const [topicName, queues] of [['orders', 4] as const, ['events', 1] as const]) {
    await session.api.createTopic(brokerAddr, {
      ...{ topicName, readQueueNums: queues, writeQueueNums: queues, perm: 6, topicFilterType: 'SINGLE_TAG' },
      ...{ topicSysFlag: 0, order: false, attributes: {} },
    });
    await waitFor('the route', async () => (await session.api.getTopicRouteInfo(topicName)).queueDatas.length > 0);
  }
  const producer = await clients.producer({ group: 'shop' });
  const ids: Array<[string, string]> = [];
  for (let n = 0; n < 12; n++) {
    const message = createMessage('orders', `order ${n}`, { tags: n % 2 === 0 ? 'paid' : 'cancelled', keys: `o-${n}` });
    const result = await producer.send(message, {
      queue: { topic: 'orders', brokerName: BROKER_NAME, queueId: n % 4 },
    });
    const suffix = n === ASKED_FOR ? '' : `-${n}`;
    ids.push([`msgId${suffix}`, result.msgId], [`offsetMsgId${suffix}`, result.offsetMsgId]);
  }
  // One that has gone again, and one that stays.
  const audit = await consumeAll(clients, 'audit', 12);
  await audit.shutdown();
  const mailer = await consumeAll(clients, 'mailer', 12);
  await waitFor('the offsets of mailer', async () => {
    const { offsetTable } = await session.api.getConsumeStats(brokerAddr, { consumerGroup: 'mailer', topic: 'orders' });
    return [...offsetTable].every(({ brokerOffset, consumerOffset }) => brokerOffset === consumerOffset);
  });
  return [...ids, ['clientId', mailer.clientId], ['producerId', producer.clientId]];
}

async function consumeAll(clients: Clients, group: string, count: number) {
  const seen: string[] = [];
  const consumer = clients.push({ group });
  consumer.subscribe('orders', group === 'mailer' ? 'paid || cancelled' : '*');
  consumer.registerMessageListenerConcurrently(collectInto(seen));
  await consumer.start();
  await waitFor(`${group} to have read`, () => new Set(seen).size === count);
  return consumer;
}

/** Only Apache's producers write traces. @returns the id of the message */
async function sendTraced(tool: ApacheTool, namesrvAddr: string): Promise<string> {
  const args = ['-t', 'events', '-p', 'traced', '-k', 't-1', '-m', 'true', '-n', namesrvAddr];
  return waitFor('a traced message', async () => {
    const { stdout } = await tool.run(['sendMessage', ...args]);
    return /\b[0-9A-F]{32,56}\b/.exec(stdout)?.[0];
  });
}
