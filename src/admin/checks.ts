import { CHECK_METRICS, checkedText } from './checks/metrics.js';
import {
  type CheckedSubject,
  type CheckReport,
  checkedSubject,
  checkMetric,
  checkReport,
  type Thresholds,
} from './checks/report.js';
import { lookAtCluster } from './doctor/look.js';
import { examineCluster } from './doctor.js';
import { isClustering, lagOf, longestWaitMs } from './explain/evidence.js';
import { DEFAULT_THRESHOLDS } from './explain/finding.js';
import { gatherGroup } from './explain/gather.js';
import { AdminError, failureOf } from './failure.js';
import { mapBounded } from './fan-out.js';
import { givingUp } from './giving-up.js';
import type { AdminSession } from './session.js';
import { listGroupNames } from './topic-list.js';
import { topicStatus } from './topic-status.js';

export type { CheckedMetric, CheckedSubject, CheckLevel, CheckReport } from './checks/report.js';

/** Thresholds by metric name. */
export interface Limits {
  readonly warn: Thresholds;
  readonly crit: Thresholds;
}

/** Groups looked at at a time; each asks all its members. */
const GROUPS_AT_A_TIME = 8;

type Values = Readonly<Record<string, number | null>>;

function subjectOf(
  kind: CheckReport['kind'],
  subject: string,
  values: Values,
  limits: Limits,
  reason: string | null = null,
  isPartial = false,
): CheckedSubject {
  const metrics = CHECK_METRICS[kind].map((definition) =>
    checkMetric(definition, values[definition.name] ?? null, limits),
  );
  return checkedSubject(subject, metrics, checkedText, reason, isPartial);
}

/**
 * How one consumer group does, or every group.
 *
 * @throws AdminError (not-found) when no broker knows the group
 */
export async function checkConsumers(
  session: AdminSession,
  { consumerGroup, limits }: { readonly consumerGroup: string | null; readonly limits: Limits },
): Promise<CheckReport> {
  if (consumerGroup !== null) return checkReport('consumer', [await oneConsumer(session, consumerGroup, limits)]);
  const names = await listGroupNames(session);
  const quick = givingUp(session);
  const subjects = await mapBounded(names, GROUPS_AT_A_TIME, async (name) => {
    try {
      return await oneConsumer(quick, name, limits);
    } catch (error) {
      session.signal?.throwIfAborted();
      return subjectOf('consumer', name, {}, limits, failureOf(error).message);
    }
  });
  return checkReport('consumer', subjects);
}

async function oneConsumer(session: AdminSession, consumerGroup: string, limits: Limits): Promise<CheckedSubject> {
  const group = await gatherGroup(session, consumerGroup, DEFAULT_THRESHOLDS);
  // Of an empty queue without a committed offset it is known that nothing waits.
  const unknown = group.queues.filter(
    ({ lag, minOffset, maxOffset }) => lag === null && (maxOffset === null || maxOffset !== minOffset),
  );
  const isLagKnown = group.complete && unknown.length === 0;
  const isWaitKnown = group.queues.every(({ lag, waitingMs }) => waitingMs !== null || lag === null || lag <= 0);
  const values: Values = {
    lag: atLeast('lag', lagOf(group.queues), isLagKnown, limits),
    delay: atLeast('delay', longestWaitMs(group.queues), isLagKnown && isWaitKnown, limits),
    members: group.members.length > 0 || group.complete ? group.members.length : null,
    retries: atLeast(
      'retries',
      group.retries.reduce((sum, { recent }) => sum + recent, 0),
      group.complete,
      limits,
    ),
    'dead-letters': atLeast('dead-letters', group.deadLetters?.recent ?? 0, group.complete, limits),
  };
  const silent = group.unreachable.map(({ brokerName, addr }) => brokerName ?? addr);
  const topics = isClustering(group) ? [...new Set(unknown.map(({ topic }) => topic))] : [];
  const reasons = [
    ...(silent.length > 0 ? [`${silent.join(', ')} did not answer`] : []),
    ...(topics.length > 0 && silent.length === 0 ? [`it has committed no offset of ${topics.join(', ')}`] : []),
  ];
  const isPartial = silent.length > 0 || topics.length > 0;
  return subjectOf('consumer', consumerGroup, values, limits, reasons[0] ?? null, isPartial);
}

/** A number of which only a part is known is known when the part alone is bad. */
function atLeast(name: string, value: number, isKnown: boolean, limits: Limits): number | null {
  const definition = CHECK_METRICS.consumer.find((each) => each.name === name);
  const isBad = definition !== undefined && checkMetric(definition, value, limits).level !== 'ok';
  return isKnown || isBad ? value : null;
}

/** How a topic does. @throws MQBrokerError 17 when it has no route */
export async function checkTopic(
  session: AdminSession,
  { topic, limits }: { readonly topic: string; readonly limits: Limits },
): Promise<CheckReport> {
  const status = await topicStatus(session, { topic });
  const newest = Math.max(0, ...status.queues.map(({ lastUpdateTimestamp }) => lastUpdateTimestamp ?? 0));
  const values: Values = {
    idle: newest === 0 || !status.complete ? null : Math.max(0, session.clock.now() - newest),
    brokers: new Set(status.queues.map(({ brokerName }) => brokerName)).size,
    messages: status.complete ? status.messages : null,
  };
  const silent = status.unreachable.map(({ brokerName, addr }) => brokerName ?? addr);
  const reason =
    silent.length > 0 ? `${silent.join(', ')} did not answer` : newest === 0 ? 'it holds no message' : null;
  return checkReport('topic', [subjectOf('topic', topic, values, limits, reason, silent.length > 0)]);
}

/** How brokers do: all, those of a cluster, or the one with an address or name. @throws AdminError (not-found) */
export async function checkBrokers(
  session: AdminSession,
  query: { readonly broker: string | null; readonly clusterName: string | null; readonly limits: Limits },
): Promise<CheckReport> {
  const { brokers } = await lookAtCluster(session, query.clusterName);
  const wanted = brokers.filter(
    ({ brokerName, addr }) => query.broker === null || [brokerName, addr].includes(query.broker),
  );
  if (wanted.length === 0) {
    throw new AdminError(
      'not-found',
      query.broker === null ? 'no broker is registered' : `there is no broker "${query.broker}"`,
      {
        hint: `brokers: ${brokers.map(({ brokerName, addr }) => `${brokerName} (${addr})`).join(', ') || 'none'}`,
      },
    );
  }
  const number = (text: string | undefined): number | null =>
    text === undefined || text === '' || Number.isNaN(Number(text)) ? null : Number(text);
  return checkReport(
    'broker',
    wanted.map((broker) => {
      const table = broker.runtime ?? {};
      const ratios = Object.entries(table)
        .filter(([key]) => /^(?:commitLog|consumeQueue)DiskRatio/.test(key))
        .flatMap(([, text]) => (Number(text) >= 0 ? [Number(text)] : []));
      const values: Values = {
        disk: ratios.length === 0 ? null : 100 * Math.max(...ratios),
        'send-wait': number(table.sendThreadPoolQueueHeadWaitTimeMills),
        'page-cache': number(table.pageCacheLockTimeMills),
        behind: number(table.dispatchBehindBytes),
        up: broker.runtime === null ? 0 : 1,
      };
      const name = broker.brokerId === 0 ? broker.brokerName : `${broker.brokerName}#${broker.brokerId}`;
      return subjectOf('broker', name, values, query.limits, broker.failure?.message ?? null);
    }),
  );
}

/** How a whole cluster does, by what `doctor` finds. @throws as examineCluster */
export async function checkCluster(
  session: AdminSession,
  { clusterName, limits }: { readonly clusterName: string | null; readonly limits: Limits },
): Promise<CheckReport> {
  const [{ checks, problems, warnings }, { brokers }] = await Promise.all([
    examineCluster(session, { clusterName }),
    lookAtCluster(session, clusterName),
  ]);
  const values: Values = { problems, warnings, brokers: brokers.filter(({ runtime }) => runtime !== null).length };
  const bad = checks.filter(({ state }) => state === 'problem' || state === 'warning').map(({ title }) => title);
  const subject = clusterName ?? ([...new Set(brokers.map((broker) => broker.clusterName))].join(',') || 'cluster');
  return checkReport('cluster', [
    subjectOf('cluster', subject, values, limits, bad.length === 0 ? null : bad.join('; ')),
  ]);
}
