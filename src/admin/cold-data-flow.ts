import { parseFastjson } from '../protocol/fastjson.js';
import { brokerAddresses, brokerAt, inOrderOf, readCluster, type WriteTarget, writeTargets } from './cluster.js';
import { AdminError } from './failure.js';
import { askAll, FAN_OUT_LIMIT, type Partial, type Target } from './fan-out.js';
import { offeredBy } from './offered.js';
import type { AdminSession } from './session.js';

const WHAT = 'the control of cold reads (5.x)';
const HINT = 'brokers before 5.x read cold data without a limit';

/** A broker, and the master of its group, which is itself for a master. */
export interface Replica extends Target {
  readonly brokerName: string | null;
  readonly addr: string;
  /** Null for a broker that was named by its address. */
  readonly masterAddr: string | null;
}

/** Every broker of a cluster, masters before their slaves, or one by its address. */
export async function replicasOf(session: AdminSession, target: WriteTarget): Promise<Replica[]> {
  if ('brokerAddr' in target) return [{ ...brokerAt(target.brokerAddr), masterAddr: null }];
  const all = brokerAddresses(await readCluster(session, session.deadline()), target.clusterName);
  const masterOf = (name: string) => all.find((each) => each.brokerName === name && each.brokerId === 0);
  const firsts = all.filter((each) => each === (masterOf(each.brokerName) ?? each));
  return inOrderOf(session, firsts)
    .flatMap((first) => [first, ...all.filter((each) => each !== first && each.brokerName === first.brokerName)])
    .filter((each, i, list) => list.indexOf(each) === i)
    .map(({ brokerName, addr }) => ({ brokerName, addr, masterAddr: masterOf(brokerName)?.addr ?? 'NO_MASTER' }));
}

/** What one broker says of cold reads. */
export interface ColdDataFlow extends Replica {
  /** As the broker wrote it; null when it has none. */
  readonly info: Readonly<Record<string, unknown>> | null;
}

export interface ColdDataFlows extends Partial {
  readonly brokers: readonly ColdDataFlow[];
}

/** The limits of cold reads, and who reached them (2003, 5.x), of one broker or of all of a cluster. */
export async function coldDataFlow(session: AdminSession, target: WriteTarget): Promise<ColdDataFlows> {
  const replicas = await replicasOf(session, target);
  const deadline = session.deadline();
  const { answers, ...partial } = await askAll(replicas, FAN_OUT_LIMIT, async ({ addr }) => {
    const text = await offeredBy(addr, WHAT, HINT, session.api.getColdDataFlowCtrInfo(addr, deadline.call()));
    return text === '' ? null : objectOf(addr, parseFastjson(text));
  });
  return { ...partial, brokers: answers.map(({ target: replica, value: info }) => ({ ...replica, info })) };
}

function objectOf(addr: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new AdminError('failed', `${addr} answered something else than an object`);
}

export interface ColdLimitWrites extends Partial {
  readonly consumerGroup: string;
  /** Bytes a second; null takes the limit away. */
  readonly threshold: number | null;
  readonly brokers: ReadonlyArray<{ readonly brokerName: string | null; readonly addr: string }>;
}

/** Limits the cold reads of a group (2001, 5.x), or takes its limit away (2002), on one broker or on masters. */
export async function setColdLimit(
  session: AdminSession,
  {
    target,
    consumerGroup,
    threshold,
  }: { readonly target: WriteTarget; readonly consumerGroup: string; readonly threshold: number | null },
): Promise<ColdLimitWrites> {
  const deadline = session.deadline();
  const targets = await writeTargets(session, target, deadline);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) => {
    const call =
      threshold === null
        ? session.api.removeColdDataFlowCtrGroupConfig(addr, consumerGroup, deadline.call())
        : session.api.updateColdDataFlowCtrGroupConfig(addr, { [consumerGroup]: String(threshold) }, deadline.call());
    return offeredBy(addr, WHAT, HINT, call);
  });
  const brokers = answers.map(({ target: { brokerName, addr } }) => ({ brokerName, addr }));
  return { consumerGroup, threshold, ...partial, brokers };
}

export interface ReadAheads extends Partial {
  /** 0 normal, 1 random. */
  readonly mode: 0 | 1;
  readonly brokers: ReadonlyArray<Replica & { readonly remark: string | null }>;
}

/** Tells brokers how their commit log is read: in order, or here and there (2004, 5.x). */
export async function setReadAhead(
  session: AdminSession,
  { target, mode }: { readonly target: WriteTarget; readonly mode: 0 | 1 },
): Promise<ReadAheads> {
  const replicas = await replicasOf(session, target);
  const deadline = session.deadline();
  const { answers, ...partial } = await askAll(replicas, FAN_OUT_LIMIT, ({ addr }) =>
    offeredBy(
      addr,
      'modes of reading ahead (5.x)',
      HINT,
      session.api.setCommitLogReadAheadMode(addr, String(mode), deadline.call()),
    ),
  );
  return { mode, ...partial, brokers: answers.map(({ target: replica, value: remark }) => ({ ...replica, remark })) };
}
