import { AdminError } from './failure.js';
import { askAll, FAN_OUT_LIMIT, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';

/** The name servers of the session. They do not tell each other: what one is to know, all must be told. */
export function namesrvTargets(session: AdminSession): Target[] {
  return session.api.nameServers.addresses.map((addr) => ({ brokerName: null, addr }));
}

/** A value of the key-value configuration on one name server. */
export interface KvValue {
  readonly addr: string;
  /** Null where there is none. */
  readonly value: string | null;
}

export interface KvValues extends Partial {
  readonly namespace: string;
  readonly key: string;
  readonly namesrvs: readonly KvValue[];
}

export interface KvWrite {
  readonly addr: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface KvWrites extends Partial {
  readonly namespace: string;
  readonly key: string;
  readonly namesrvs: readonly KvWrite[];
}

interface KvKey {
  readonly namespace: string;
  readonly key: string;
}

/** 101 at every name server. @throws AdminError (not-found) when none that answered has the key */
export async function kvConfig(session: AdminSession, { namespace, key }: KvKey): Promise<KvValues> {
  const deadline = session.deadline();
  const { answers, ...partial } = await askAll(namesrvTargets(session), FAN_OUT_LIMIT, ({ addr }) =>
    session.api.getKVConfig(namespace, key, { ...deadline.call(), namesrvAddr: addr }),
  );
  const namesrvs = answers.map(({ target: { addr }, value }) => ({ addr, value }));
  if (partial.complete && namesrvs.every(({ value }) => value === null)) {
    throw new AdminError('not-found', `no name server has the key "${key}" in the namespace "${namespace}"`);
  }
  return { namespace, key, ...partial, namesrvs };
}

/**
 * Sets a key at every name server, or takes it away with null, and reads it back.
 *
 * @throws AdminError (failed) when a name server took the write and has another value afterwards
 */
export async function writeKvConfig(
  session: AdminSession,
  { namespace, key, value }: KvKey & { readonly value: string | null },
): Promise<KvWrites> {
  const deadline = session.deadline();
  const { answers, ...partial } = await askAll(namesrvTargets(session), FAN_OUT_LIMIT, async ({ addr }) => {
    const at = () => ({ ...deadline.call(), namesrvAddr: addr });
    const before = await session.api.getKVConfig(namespace, key, at());
    if (value === null) await session.api.deleteKVConfig(namespace, key, at());
    else await session.api.putKVConfig(namespace, key, value, at());
    const after = await session.api.getKVConfig(namespace, key, at());
    if (after !== value) throw new AdminError('failed', `${addr} has ${JSON.stringify(after)} after the write`);
    return { before, after };
  });
  return {
    namespace,
    key,
    ...partial,
    namesrvs: answers.map(({ target: { addr }, value: write }) => ({ addr, ...write })),
  };
}

export interface WritePermChange {
  readonly addr: string;
  /** Topics of the broker that the name server changed. */
  readonly topics: number;
}

export interface WritePermChanges extends Partial {
  readonly brokerName: string;
  /** In the order of the session's name servers. */
  readonly namesrvs: readonly WritePermChange[];
}

/**
 * Takes the write permission from all routes to a broker (205), or gives it back (327), at every name server. The
 * broker is not told: it registers its own permissions again with its next change.
 */
export async function changeWritePerm(
  session: AdminSession,
  { brokerName, writable }: { readonly brokerName: string; readonly writable: boolean },
): Promise<WritePermChanges> {
  const deadline = session.deadline();
  const { answers, ...partial } = await askAll(namesrvTargets(session), FAN_OUT_LIMIT, ({ addr }) => {
    const at = { ...deadline.call(), namesrvAddr: addr };
    return writable
      ? session.api.addWritePermOfBroker(brokerName, at)
      : session.api.wipeWritePermOfBroker(brokerName, at);
  });
  return { brokerName, ...partial, namesrvs: answers.map(({ target: { addr }, value: topics }) => ({ addr, topics })) };
}
