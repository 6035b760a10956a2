/**
 * Brokers of all makes registered with name servers of all makes: through each, a topic that lies on all brokers is
 * written and read whole by clients of all makes.
 */
import type { Playground } from '../kit/children.js';
import { makePeer } from '../kit/peers.js';
import { play } from '../kit/play.js';
import type { Report } from '../kit/report.js';
import type { Server, Servers } from '../kit/servers.js';
import { SPREAD } from '../scenarios.js';

const MAKES = ['ours', 'apache', 'apache-4.9'] as const;

export async function mixedCluster(servers: Servers, playground: Playground, report: Report): Promise<void> {
  report.heading('mixed cluster');
  const namesrvs = await Promise.all(MAKES.map((make) => servers.namesrv(make)));
  const namesrvAddr = namesrvs.map(({ addr }) => addr).join(';');
  const brokers: Server[] = [];
  for (const make of MAKES) {
    const storeDir = await playground.newFolder(`store-${make}`);
    const broker = await report.test(`mixed: ${make} broker registers with name servers of all makes`, () =>
      servers.broker(make, { namesrvAddr, brokerName: `broker-${make}`, storeDir }),
    );
    if (broker !== null) brokers.push(broker);
  }
  for (const namesrv of namesrvs) {
    const session = await servers.session(namesrv.addr);
    const kinds = ['java4', 'java5', 'go', 'library'] as const;
    await play(report, {
      peers: await Promise.all(kinds.map((kind) => makePeer(playground, kind, namesrv.addr))),
      scenarios: [SPREAD],
      session,
      brokerAddrs: brokers.map(({ addr }) => addr),
      line: '5.x',
      titleOf: (peer) => `mixed: ${peer.name} writes and reads all brokers through ${namesrv.make} name server`,
    });
    await session.close();
  }
  for (const { child } of [...brokers, ...namesrvs]) await child.kill();
}
