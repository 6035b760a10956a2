/** Clients of all makes against one broker and its name server. */

import { COMMAND_SCENARIOS } from '../command-scenarios.js';
import { CLIENT_VERSIONS } from '../kit/artifacts.js';
import type { Playground } from '../kit/children.js';
import type { PeerKind } from '../kit/peer.js';
import { makePeer } from '../kit/peers.js';
import { play } from '../kit/play.js';
import type { Report } from '../kit/report.js';
import { BROKER_SETTINGS, type ServerMake, type Servers } from '../kit/servers.js';
import { SCENARIOS } from '../scenarios.js';

/** Level 1 for redeliveries, level 2 for delayed messages. */
const SETTINGS: Readonly<Record<string, string>> = {
  ...BROKER_SETTINGS,
  messageDelayLevel: '1s 4s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h',
  traceTopicEnable: 'true',
  recallMessageEnable: 'true',
};

/** The five kinds of client against ours. */
export async function clientsToOurs(servers: Servers, playground: Playground, report: Report): Promise<void> {
  await clientsTo('ours', ['java4', 'java5', 'go', 'library', 'commands'], servers, playground, report);
}

/** Our library and commands against Apache's servers of both lines. */
export async function oursToApache(servers: Servers, playground: Playground, report: Report): Promise<void> {
  await clientsTo('apache', ['library', 'commands'], servers, playground, report);
  await clientsTo('apache-4.9', ['library', 'commands'], servers, playground, report);
}

/** What the scenarios are worth: Apache's clients have to pass them against Apache's servers. */
export async function apacheToApache(servers: Servers, playground: Playground, report: Report): Promise<void> {
  await clientsTo('apache', ['java4', 'java5', 'go'], servers, playground, report);
  await clientsTo('apache-4.9', ['java4', 'java5', 'go'], servers, playground, report);
}

async function clientsTo(
  make: ServerMake,
  kinds: readonly PeerKind[],
  servers: Servers,
  playground: Playground,
  report: Report,
): Promise<void> {
  report.heading(`${kinds.map(nameOf).join(', ')} to ${make}`);
  const namesrv = await servers.namesrv(make);
  const storeDir = await playground.newFolder(`store-${make}`);
  // Of 5.x the wheel of arbitrary delays, too: a scenario has one.
  const settings = make !== 'apache-4.9' ? { ...SETTINGS, timerWheelEnable: 'true' } : SETTINGS;
  const broker = await servers.broker(make, {
    ...{ namesrvAddr: namesrv.addr, brokerName: 'broker-a', storeDir, settings },
  });
  const session = await servers.session(namesrv.addr);
  try {
    await play(report, {
      peers: await Promise.all(kinds.map((kind) => makePeer(playground, kind, namesrv.addr))),
      scenarios: kinds.includes('commands') ? [...SCENARIOS, ...COMMAND_SCENARIOS] : SCENARIOS,
      session,
      brokerAddrs: [broker.addr],
      line: make === 'apache-4.9' ? '4.9' : '5.x',
      titleOf: (peer, scenario) => `${peer.name} to ${make}: ${scenario.name}`,
    });
  } finally {
    await session.close();
    await broker.child.kill();
    await namesrv.child.kill();
  }
}

function nameOf(kind: PeerKind): string {
  return { ...CLIENT_VERSIONS, go: 'Go', library: 'our client', commands: 'our commands' }[kind];
}
