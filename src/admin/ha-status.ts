import type { EpochEntryCache, HARuntimeInfo } from '../protocol/bodies.js';
import {
  type BrokerAddress,
  brokerAddresses,
  brokerAt,
  inOrderOf,
  readCluster,
  type WriteTarget,
  writeTargets,
} from './cluster.js';
import { AdminError } from './failure.js';
import { askAll, FAN_OUT_LIMIT, type Partial } from './fan-out.js';
import type { AdminSession } from './session.js';

/** How replication of one broker stands. */
export interface HaState extends HARuntimeInfo {
  readonly brokerName: string | null;
  readonly addr: string;
}

export interface HaStates extends Partial {
  readonly brokers: readonly HaState[];
}

/** 907 (5.x) of one broker, or of the masters of a cluster. */
export async function haStatus(session: AdminSession, target: WriteTarget): Promise<HaStates> {
  const deadline = session.deadline();
  const targets = await writeTargets(session, target, deadline);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.getBrokerHAStatus(addr, deadline.call()),
  );
  return {
    ...partial,
    brokers: answers.map(({ target: { brokerName, addr }, value }) => ({ brokerName, addr, ...value })),
  };
}

/** Under which masters a broker's commit log was written. */
export interface BrokerEpochs extends EpochEntryCache {
  readonly addr: string;
}

export interface EpochLists extends Partial {
  readonly brokers: readonly BrokerEpochs[];
}

/** 1007 (5.x, controller mode) of all replicas of a broker name, or of a cluster. @throws AdminError (not-found) */
export async function brokerEpochs(
  session: AdminSession,
  query: { readonly brokerName: string } | { readonly clusterName: string },
): Promise<EpochLists> {
  const deadline = session.deadline();
  const info = await readCluster(session, deadline);
  const all = inOrderOf(session, brokerAddresses(info, 'clusterName' in query ? query.clusterName : null));
  const targets: readonly BrokerAddress[] =
    'brokerName' in query ? all.filter(({ brokerName }) => brokerName === query.brokerName) : all;
  if (targets.length === 0 && 'brokerName' in query) {
    throw new AdminError('not-found', `there is no broker named "${query.brokerName}"`, {
      hint: `brokers: ${[...new Set(all.map(({ brokerName }) => brokerName))].join(', ')}`,
    });
  }
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.getBrokerEpochCache(addr, deadline.call()),
  );
  const brokers = answers.map(({ target: { addr }, value }) => {
    const epochList = value.epochList.map((entry, index) =>
      // The last epoch goes on: it ends where the log does.
      index === value.epochList.length - 1 ? { ...entry, endOffset: value.maxOffset } : entry,
    );
    return { addr, ...value, epochList };
  });
  return { ...partial, brokers };
}

/** Sets from where a slave takes the master's log as flushed (908, 5.x). @param offset physical offset */
export async function resetMasterFlushOffset(
  session: AdminSession,
  { brokerAddr, offset }: { readonly brokerAddr: string; readonly offset: number },
): Promise<void> {
  await session.api.resetMasterFlushOffset(brokerAt(brokerAddr).addr, offset, session.deadline().call());
}
