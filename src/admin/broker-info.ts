import { brokerAddresses, brokerAt, readCluster, type WriteTarget } from './cluster.js';
import type { Deadline } from './deadline.js';
import { askAll, FAN_OUT_LIMIT, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';

/** Names and values of one broker or name server. */
export interface PropertyTable {
  readonly brokerName: string | null;
  readonly addr: string;
  /** 0 for a master; null when only the address is known. */
  readonly brokerId: number | null;
  readonly properties: Readonly<Record<string, string>>;
}

export interface PropertyTables extends Partial {
  readonly servers: readonly PropertyTable[];
}

/** 28 of one broker, or of all brokers of a cluster, slaves too. */
export function brokerStatus(session: AdminSession, target: WriteTarget): Promise<PropertyTables> {
  return askBrokers(session, target, (addr, deadline) => session.api.getBrokerRuntimeInfo(addr, deadline.call()));
}

/** 26 of one broker, or of all brokers of a cluster, masters before their slaves. */
export function brokerConfig(session: AdminSession, target: WriteTarget): Promise<PropertyTables> {
  return askBrokers(
    session,
    target,
    async (addr, deadline) => (await session.api.getBrokerConfig(addr, deadline.call())).properties,
  );
}

/** 319 of every name server. */
export async function namesrvConfig(session: AdminSession): Promise<PropertyTables> {
  const deadline = session.deadline();
  const targets: Target[] = session.api.nameServers.addresses.map((addr) => ({ brokerName: null, addr }));
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.getNameServerConfig({ ...deadline.call(), namesrvAddr: addr }),
  );
  return {
    ...partial,
    servers: answers.map(({ target, value }) => ({ ...target, brokerId: null, properties: value })),
  };
}

async function askBrokers(
  session: AdminSession,
  target: WriteTarget,
  ask: (addr: string, deadline: Deadline) => Promise<Readonly<Record<string, string>>>,
): Promise<PropertyTables> {
  const deadline = session.deadline();
  const targets: Array<Target & { brokerId: number | null }> =
    'brokerAddr' in target
      ? [{ ...brokerAt(target.brokerAddr), brokerId: null }]
      : brokerAddresses(await readCluster(session, deadline), target.clusterName);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) => ask(addr, deadline));
  return {
    ...partial,
    servers: answers.map(({ target: { brokerName, addr, brokerId }, value }) => ({
      brokerName,
      addr,
      brokerId,
      properties: value,
    })),
  };
}
