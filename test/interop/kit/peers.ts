/** Makes the peers of a cluster. */

import { AgentPeer } from './agent-peer.js';
import { agentClassPath, CLIENT_VERSIONS, goAgent, type JavaKind } from './artifacts.js';
import type { Playground } from './children.js';
import { CommandPeer } from './command-peer.js';
import { LibraryPeer } from './library-peer.js';
import type { Peer, PeerKind } from './peer.js';

export async function makePeer(playground: Playground, kind: PeerKind, namesrvAddr: string): Promise<Peer> {
  if (kind === 'go') return goPeer(playground, namesrvAddr);
  if (kind === 'java4' || kind === 'java5') return javaPeer(playground, kind, namesrvAddr);
  const library = new LibraryPeer(namesrvAddr, await playground.newFolder('client'));
  return kind === 'library' ? library : new CommandPeer(playground, namesrvAddr, library);
}

async function javaPeer(playground: Playground, kind: JavaKind, namesrvAddr: string): Promise<Peer> {
  const classPath = await agentClassPath(playground, kind);
  const home = await playground.newFolder('java-client');
  const name = `Java ${CLIENT_VERSIONS[kind]}`;
  const flags = [
    ...['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Duser.home=${home}`],
    '-Drocketmq.client.logUseSlf4j=true',
    // Members of a group share its queues anew so often, and hold the locks of queues in order; 20 s by default.
    ...['-Drocketmq.client.rebalance.waitInterval=3000', '-Drocketmq.client.rebalance.lockInterval=3000'],
    // No data of broadcasting consumers outside of the run.
    `-Drocketmq.client.localOffsetStoreDir=${home}`,
  ];
  const args = [...flags, '-cp', classPath, 'mqadmin.interop.Agent', namesrvAddr];
  return new AgentPeer(kind, name, (onLine) =>
    playground.spawn(name, 'java', args, { cwd: home, onLine, takesInput: true }),
  );
}

async function goPeer(playground: Playground, namesrvAddr: string): Promise<Peer> {
  const command = await goAgent(playground);
  const home = await playground.newFolder('go-client');
  return new AgentPeer('go', 'Go 2.1.2', (onLine) =>
    playground.spawn('Go client', command, [namesrvAddr], { cwd: home, env: { HOME: home }, onLine, takesInput: true }),
  );
}
