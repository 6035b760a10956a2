/** Our client library against Apache's servers and ours; and a cluster of both makes. */
import { systemClock } from '../../../src/base/clock.js';
import { type ApacheVersion, VERSIONS } from '../kit/artifacts.js';
import type { Playground } from '../kit/children.js';
import { CLIENT_SCENARIOS } from '../kit/client-scenarios.js';
import { Clients } from '../kit/clients.js';
import { runJavaScenarios } from '../kit/java-scenarios.js';
import type { Report } from '../kit/report.js';
import type { Make, Server, Servers } from '../kit/servers.js';
import { waitFor } from '../kit/wait.js';

/** The scenarios mostly wait, so several run at a time. */
const AT_A_TIME = 6;

/** Every scenario against Apache's name server and broker, and against ours. */
export async function ourClients(servers: Servers, playground: Playground, report: Report): Promise<void> {
  for (const make of ['apache', 'ours'] as const) {
    report.heading(`our client to ${make}`);
    const namesrv = await servers.namesrv(make);
    const broker = await startBroker(servers, playground, make, 'broker-a', namesrv.addr);
    await runScenarios(servers, playground, report, make, namesrv, broker);
    await broker.child.kill();
    await namesrv.child.kill();
  }
}

async function startBroker(
  servers: Servers,
  playground: Playground,
  make: Make,
  brokerName: string,
  namesrvAddr: string,
): Promise<Server> {
  const storeDir = await playground.newFolder(`store-${make}`);
  const settings = { timerWheelEnable: 'true', recallMessageEnable: 'true' };
  return servers.broker(make, { namesrvAddr, brokerName, storeDir, settings });
}

async function runScenarios(
  servers: Servers,
  playground: Playground,
  report: Report,
  make: Make,
  namesrv: Server,
  broker: Server,
): Promise<void> {
  const session = await servers.session(namesrv.addr);
  const folder = await playground.newFolder('client');
  const waiting = Object.entries(CLIENT_SCENARIOS);
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, scenario] = next;
      const clients = new Clients(namesrv.addr);
      await report.test(`our client to ${make}: ${name}`, () =>
        scenario({ clients, session, brokerAddr: broker.addr, folder }),
      );
      await clients.close();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  await session.close();
}

/**
 * Both makes of broker registered with both makes of name server: through either, a topic that lies on both brokers is
 * written and read whole, by Java clients and by ours.
 */
export async function mixedCluster(
  servers: Servers,
  playground: Playground,
  classPathOf: (version: ApacheVersion) => Promise<string>,
  report: Report,
): Promise<void> {
  report.heading('mixed cluster');
  const namesrvs = [await servers.namesrv('ours'), await servers.namesrv('apache')];
  const namesrvAddr = namesrvs.map(({ addr }) => addr).join(';');
  const brokers: Server[] = [];
  for (const make of ['ours', 'apache'] as const) {
    const broker = await report.test(`mixed: ${make} broker registers with both makes of name server`, () =>
      startBroker(servers, playground, make, `broker-${make}`, namesrvAddr),
    );
    if (broker !== null) brokers.push(broker);
  }
  for (const namesrv of namesrvs) {
    const via = `${namesrv.make} name server`;
    const topic = await report.test(`mixed: a topic on both brokers has its route at ${via}`, () =>
      createSpreadTopic(servers, namesrv, brokers),
    );
    if (topic === null) continue;
    for (const version of VERSIONS) {
      await runJavaScenarios(playground, report, {
        classPath: await classPathOf(version),
        namesrvAddr: namesrv.addr,
        scenarios: ['spread'],
        properties: { 'interop.topic': topic, 'interop.brokers': String(brokers.length) },
        titleOf: () => `mixed: Java ${version} writes and reads both brokers through ${via}`,
        clock: systemClock,
      });
    }
    await report.test(`mixed: our client reads both brokers through ${via}`, () =>
      readSpread(namesrv, topic, brokers.length),
    );
  }
  for (const { child } of [...brokers, ...namesrvs]) await child.kill();
}

async function createSpreadTopic(servers: Servers, namesrv: Server, brokers: readonly Server[]): Promise<string> {
  const topicName = new Clients(namesrv.addr).unique(`spread-${namesrv.make}`);
  const session = await servers.session(namesrv.addr);
  try {
    for (const { addr } of brokers) {
      await session.api.createTopic(addr, {
        ...{ topicName, readQueueNums: 4, writeQueueNums: 4, perm: 6, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0 },
        ...{ order: false, attributes: {} },
      });
    }
    await waitFor('the route', async () => {
      const { brokerDatas } = await session.api.getTopicRouteInfo(topicName);
      return brokerDatas.length === brokers.length;
    });
    return topicName;
  } finally {
    await session.close();
  }
}

/** What the Java clients have written: 400 messages each. */
async function readSpread(namesrv: Server, topic: string, brokers: number): Promise<void> {
  const clients = new Clients(namesrv.addr);
  try {
    const ids = new Set<string>();
    const from = new Set<string | null>();
    const consumer = clients.push();
    consumer.subscribe(topic);
    consumer.registerMessageListenerConcurrently((messages, { messageQueue }) => {
      for (const { msgId } of messages) ids.add(msgId);
      from.add(messageQueue.brokerName);
      return 'CONSUME_SUCCESS';
    });
    await consumer.start();
    await waitFor('everything from all brokers', () => ids.size === 400 * VERSIONS.length && from.size === brokers);
  } finally {
    await clients.close();
  }
}
