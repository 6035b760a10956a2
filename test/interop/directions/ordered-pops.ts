/** Pops in order by Java's own calls, at Apache's broker and at ours: every step has to come to the same. */
import { CLIENT_VERSIONS, orderedPopsClassPath } from '../kit/artifacts.js';
import type { Playground } from '../kit/children.js';
import type { Report } from '../kit/report.js';
import { BROKER_SETTINGS, type Make, type Servers } from '../kit/servers.js';
import { uniqueName } from '../kit/stage.js';
import { must, mustEqual, waitFor } from '../kit/wait.js';

const BROKER_NAME = 'broker-a';

export async function orderedPops(servers: Servers, playground: Playground, report: Report): Promise<void> {
  report.heading('pops in order');
  const name = `Java ${CLIENT_VERSIONS.java5} to ours: pops in order, as from Apache's broker`;
  await report.test(name, async () => {
    const [wanted, had] = await Promise.all(
      (['apache', 'ours'] as const).map((make) => play(make, servers, playground)),
    );
    must((wanted?.length ?? 0) > 0, 'steps');
    mustEqual('steps', had, wanted);
  });
}

/** @returns what came of each step */
async function play(make: Make, servers: Servers, playground: Playground): Promise<string[]> {
  const namesrv = await servers.namesrv(make);
  const storeDir = await playground.newFolder(`store-pops-${make}`);
  // Pops need the wheel.
  const settings = { ...BROKER_SETTINGS, timerWheelEnable: 'true' };
  const broker = await servers.broker(make, {
    ...{ namesrvAddr: namesrv.addr, brokerName: BROKER_NAME, storeDir, settings },
  });
  const session = await servers.session(namesrv.addr);
  try {
    const topicName = uniqueName('t');
    await session.api.createTopic(broker.addr, {
      ...{ topicName, readQueueNums: 1, writeQueueNums: 1, perm: 6, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0 },
      ...{ order: false, attributes: {} },
    });
    await waitFor('the route', async () => (await session.api.getTopicRouteInfo(topicName)).queueDatas.length > 0);
    const steps: string[] = [];
    const onLine = (line: string) => void (line.startsWith('step ') && steps.push(line.slice('step '.length)));
    const home = await playground.newFolder('ordered-pops');
    const flags = [`-Duser.home=${home}`, '-cp', await orderedPopsClassPath(playground)];
    const args = [namesrv.addr, broker.addr, BROKER_NAME, topicName, uniqueName('g')];
    const child = playground.spawn('ordered pops', 'java', [...flags, 'mqadmin.interop.OrderedPops', ...args], {
      ...{ cwd: home, onLine },
    });
    const code = await child.ended;
    if (code !== 0) throw new Error(`with ${make} it ended with ${code} after ${steps.join('; ')}: ${child.tail()}`);
    return steps;
  } finally {
    await session.close();
    await broker.child.kill();
    await namesrv.child.kill();
  }
}
