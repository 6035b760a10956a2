import { brokerAddresses, brokerAt, inOrderOf, readCluster, type WriteTarget } from './cluster.js';
import { AdminError } from './failure.js';
import { askAll, FAN_OUT_LIMIT, type Partial, type Target } from './fan-out.js';
import { namesrvTargets } from './namesrv-write.js';
import type { AdminSession } from './session.js';

/** A property of one server before and after a write. */
export interface PropertyWrite {
  readonly brokerName: string | null;
  readonly addr: string;
  readonly key: string;
  /** Null where the server did not have the property. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface PropertyWrites extends Partial {
  readonly writes: readonly PropertyWrite[];
}

/** Reads and changes the configuration of one server. */
export interface ConfigAccess {
  read(addr: string): Promise<Readonly<Record<string, string>>>;
  write(addr: string, properties: Record<string, string>): Promise<void>;
}

/**
 * Changes properties of brokers (25) while they run, reads them back, and says what they were.
 *
 * @param withSlaves with a cluster: its slaves, too
 * @throws AdminError (not-found) for an unknown cluster; (failed) for a property that no server of them knows
 */
export async function updateBrokerConfig(
  session: AdminSession,
  request: {
    readonly target: WriteTarget;
    readonly withSlaves: boolean;
    readonly properties: Readonly<Record<string, string>>;
  },
): Promise<PropertyWrites> {
  const deadline = session.deadline();
  const { target, withSlaves, properties } = request;
  const targets: Target[] =
    'brokerAddr' in target
      ? [brokerAt(target.brokerAddr)]
      : inOrderOf(session, brokerAddresses(await readCluster(session, deadline), target.clusterName)).filter(
          ({ brokerId }) => withSlaves || brokerId === 0,
        );
  return writeConfigs(targets, properties, {
    read: async (addr) => (await session.api.getBrokerConfig(addr, deadline.call())).properties,
    write: (addr, values) => session.api.updateBrokerConfig(addr, values, deadline.call()),
  });
}

/** Changes properties of every name server (318) and reads them back. */
export async function updateNamesrvConfig(
  session: AdminSession,
  { properties }: { readonly properties: Readonly<Record<string, string>> },
): Promise<PropertyWrites> {
  const deadline = session.deadline();
  const at = (namesrvAddr: string) => ({ ...deadline.call(), namesrvAddr });
  return writeConfigs(namesrvTargets(session), properties, {
    read: (addr) => session.api.getNameServerConfig(at(addr)),
    write: (addr, values) => session.api.updateNameServerConfig(values, at(addr)),
  });
}

/** Writes the properties to every target and reads them back. @throws AdminError (failed) for one that nobody took */
export async function writeConfigs(
  targets: readonly Target[],
  properties: Readonly<Record<string, string>>,
  access: ConfigAccess,
): Promise<PropertyWrites> {
  const keys = Object.keys(properties);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, async ({ brokerName, addr }) => {
    const before = await access.read(addr);
    await access.write(addr, { ...properties });
    const after = await access.read(addr);
    return keys.map((key) => ({
      brokerName,
      addr,
      key,
      before: before[key] ?? null,
      after: after[key] ?? null,
    }));
  });
  const writes = answers.flatMap(({ value }) => value);
  // Servers take a property that they do not know without a word, and forget it.
  const ignored = writes.find(({ key, after }) => after !== properties[key]);
  if (ignored !== undefined) {
    const now = ignored.after === null ? 'does not know it' : `still has ${JSON.stringify(ignored.after)}`;
    throw new AdminError('failed', `${ignored.key} was not changed: ${ignored.addr} ${now}`, {
      hint: 'names are case-sensitive; some properties only count at the start and are refused',
    });
  }
  return { ...partial, writes };
}
