import { brokerAddresses, brokerAt, readCluster, type WriteTarget, writeTargets } from './cluster.js';
import { askAll, askEach, FAN_OUT_LIMIT, type Partial, type Target } from './fan-out.js';
import { offeredBy } from './offered.js';
import type { AdminSession } from './session.js';

/** What brokers can keep in RocksDB. */
export const ROCKSDB_CONFIG_TYPES = ['topics', 'subscriptionGroups', 'consumerOffsets'] as const;
export type RocksdbConfigType = (typeof ROCKSDB_CONFIG_TYPES)[number];

const HINT = 'it is served by brokers of Apache that keep their tables in RocksDB';

export interface BrokersDone extends Partial {
  readonly brokers: ReadonlyArray<{ readonly brokerName: string | null; readonly addr: string }>;
}

/** Has brokers write their RocksDB tables to JSON files of their own (355, 5.x). */
export async function exportRocksdbConfig(
  session: AdminSession,
  { target, types }: { readonly target: WriteTarget; readonly types: readonly RocksdbConfigType[] },
): Promise<BrokersDone> {
  const deadline = session.deadline(Math.max(session.timeoutMs, 30_000));
  const targets = await writeTargets(session, target, deadline);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    offeredBy(addr, 'tables in RocksDB', HINT, session.api.exportRocksDBConfigToJson(addr, types, deadline.call())),
  );
  return { ...partial, brokers: answers.map(({ target: { brokerName, addr } }) => ({ brokerName, addr })) };
}

/** How far the consume queues of a broker in RocksDB are. */
export interface RocksdbProgress {
  readonly brokerName: string | null;
  readonly addr: string;
  readonly status: 'ok' | 'not-ok' | 'in-progress' | 'error' | 'unknown';
  readonly result: string | null;
}

const STATUS = ['ok', 'not-ok', 'in-progress', 'error'] as const;

export interface RocksdbProgresses extends Partial {
  readonly brokers: readonly RocksdbProgress[];
}

/**
 * Has the masters of a cluster compare their consume queues in RocksDB with those in files (354, 5.x).
 *
 * @param query `topic` '' is all; `from` store time in ms
 */
export async function checkRocksdbProgress(
  session: AdminSession,
  query: { readonly clusterName: string; readonly topic: string; readonly from: number },
): Promise<RocksdbProgresses> {
  const deadline = session.deadline();
  const targets = await writeTargets(session, { clusterName: query.clusterName }, deadline);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    offeredBy(
      addr,
      'consume queues in RocksDB',
      HINT,
      session.api.checkRocksdbCqWriteProgress(addr, query.topic, query.from, deadline.call()),
    ),
  );
  const brokers = answers.map(({ target: { brokerName, addr }, value: { checkResult, checkStatus } }) => ({
    brokerName,
    addr,
    status: STATUS[checkStatus] ?? ('unknown' as const),
    result: checkResult ?? null,
  }));
  return { ...partial, brokers };
}

/** Every broker of a cluster, slaves too, or one by its address. */
export async function popRecordTargets(session: AdminSession, target: WriteTarget): Promise<Target[]> {
  const deadline = session.deadline();
  if ('clusterName' in target) return brokerAddresses(await readCluster(session, deadline), target.clusterName);
  const { addr } = brokerAt(target.brokerAddr);
  const { properties } = await session.api.getBrokerConfig(addr, deadline.call());
  return [{ brokerName: properties.brokerName ?? null, addr }];
}

/** Has brokers write POP records that are kept in RocksDB back to their topics (200056, 5.x). */
export async function exportPopRecords(session: AdminSession, targets: readonly Target[]): Promise<BrokersDone> {
  const deadline = session.deadline(Math.max(session.timeoutMs, 30_000));
  const { answers, complete, unreachable } = await askEach(targets, FAN_OUT_LIMIT, ({ addr }) =>
    offeredBy(addr, 'POP records apart from its topics', HINT, session.api.exportPopRecord(addr, deadline.call())),
  );
  return { complete, unreachable, brokers: answers.map(({ target: { brokerName, addr } }) => ({ brokerName, addr })) };
}
