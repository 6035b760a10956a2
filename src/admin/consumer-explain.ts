/**
 * Why a consumer group stands still or is slow: `consumer explain`, and the console's `e`.
 *
 * `explainConsumer` gathers evidence once and lets each rule look at it. The result is plain data: a verdict in one
 * sentence, the findings behind it (worst first, each with what was seen and what to do), and the next commands of all
 * findings, each once.
 */
import { counted, formatDuration } from '../base/units.js';
import { type GroupEvidence, isClustering, lagOf, longestWaitMs, type QueueEvidence } from './explain/evidence.js';
import {
  DEFAULT_THRESHOLDS,
  type ExplainThresholds,
  type Finding,
  type Impact,
  type NextCommand,
  type Severity,
} from './explain/finding.js';
import { gatherGroup } from './explain/gather.js';
import { memberFindings } from './explain/rules-members.js';
import { offsetFindings } from './explain/rules-offsets.js';
import { queueFindings } from './explain/rules-queues.js';
import { reachFindings } from './explain/rules-reach.js';
import { retryFindings } from './explain/rules-retries.js';
import { settingFindings } from './explain/rules-settings.js';
import type { Partial } from './fan-out.js';
import type { AdminSession } from './session.js';

export {
  DEFAULT_THRESHOLDS,
  type ExplainThresholds,
  type Finding,
  type Impact,
  type NextCommand,
  type QueueName,
  type RuleName,
  type Severity,
} from './explain/finding.js';

/** How a group does: `offline` has nobody connected, `risk` works but has something to look at. */
export type GroupState = 'healthy' | 'risk' | 'slow' | 'stuck' | 'losing' | 'offline' | 'unknown';

export interface Verdict {
  readonly state: GroupState;
  /** One sentence. */
  readonly text: string;
}

/** A queue as the explanation saw it. Offsets are queue offsets, times ms since the epoch; null is unknown. */
export interface ExplainedQueue
  extends Pick<
    QueueEvidence,
    | 'topic'
    | 'brokerName'
    | 'queueId'
    | 'minOffset'
    | 'maxOffset'
    | 'committedOffset'
    | 'lag'
    | 'inflight'
    | 'waitingMs'
  > {
  /** clientIds. */
  readonly owners: readonly string[];
  /** Of the first owner. */
  readonly lastPullTimestamp: number | null;
  readonly lastConsumeTimestamp: number | null;
  /** Store time of the last message that was consumed and committed. */
  readonly lastCommittedStoreTimestamp: number | null;
}

/** A member as the explanation saw it. */
export interface ExplainedClient {
  readonly clientId: string;
  readonly clientAddr: string;
  readonly language: string;
  readonly version: string;
  /** ms since the epoch; null when it does not say. */
  readonly startedAt: number | null;
  /** `TAG A || B` by topic; null when it does not say. */
  readonly subscriptions: Readonly<Record<string, string>> | null;
  /** Queues that it holds; null when it does not say. */
  readonly queues: number | null;
  /** Why it does not say. */
  readonly reason: string | null;
}

export interface ConsumerExplanation extends Partial {
  readonly consumerGroup: string;
  readonly verdict: Verdict;
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** Commands of all findings, each once, those of the worst finding first. */
  readonly next: readonly NextCommand[];
  /** Messages behind, over the queues for which that is known; null when it is of none. */
  readonly lag: number | null;
  /** Messages a second that the group takes. */
  readonly consumeTps: number;
  readonly queues: readonly ExplainedQueue[];
  readonly clients: readonly ExplainedClient[];
}

export interface ExplainOptions {
  /** From when on something counts; DEFAULT_THRESHOLDS where nothing is given. */
  readonly thresholds?: { readonly [K in keyof ExplainThresholds]?: ExplainThresholds[K] | undefined };
}

/**
 * Looks at a group once and says why it is stuck or slow. Reads only: nothing on brokers or members changes. Works with
 * brokers of 4.9 and 5.x; what a broker or client cannot tell is left out, and `complete` says whether a broker was
 * silent.
 *
 * @param session its `timeoutMs` bounds the whole look
 * @throws AdminError (not-found) when no broker knows the group, (partial) when one that is silent may;
 *   remoting errors when no name server answers; the reason of the session's signal
 */
export async function explainConsumer(
  session: AdminSession,
  consumerGroup: string,
  options: ExplainOptions = {},
): Promise<ConsumerExplanation> {
  const given = Object.entries(options.thresholds ?? {}).filter(([, value]) => value !== undefined);
  const thresholds: ExplainThresholds = { ...DEFAULT_THRESHOLDS, ...Object.fromEntries(given) };
  return explainEvidence(await gatherGroup(session, consumerGroup, thresholds), thresholds);
}

/** What the rules say of a group that was looked at. Pure. */
export function explainEvidence(
  group: GroupEvidence,
  thresholds: ExplainThresholds = DEFAULT_THRESHOLDS,
): ConsumerExplanation {
  const findings = [
    ...reachFindings(group),
    ...settingFindings(group),
    ...offsetFindings(group),
    ...memberFindings(group, thresholds),
    ...queueFindings(group, thresholds),
    ...retryFindings(group, thresholds),
  ].sort(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      IMPACTS.indexOf(a.impact) - IMPACTS.indexOf(b.impact),
  );
  return {
    consumerGroup: group.consumerGroup,
    complete: group.complete,
    unreachable: group.unreachable,
    verdict: verdictOf(group, findings),
    findings,
    next: eachOnce(findings.flatMap(({ next }) => next)),
    lag: group.queues.some(({ lag }) => lag !== null) ? lagOf(group.queues) : null,
    consumeTps: group.consumeTps,
    queues: group.queues.map(explainedQueue),
    clients: explainedClients(group),
  };
}

function eachOnce(commands: readonly NextCommand[]): NextCommand[] {
  return commands.filter(({ command }, index) => commands.findIndex((each) => each.command === command) === index);
}

const SEVERITIES: readonly Severity[] = ['problem', 'warning', 'note'];
/** What stands still comes before what is lost for good, and both before what is slow. */
const IMPACTS: readonly Impact[] = ['stuck', 'losing', 'slow', 'risk'];

function verdictOf(group: GroupEvidence, findings: readonly Finding[]): Verdict {
  const counting = findings.filter(({ severity }) => severity !== 'note');
  const [worst] = counting;
  if (worst === undefined) {
    if (!group.complete)
      return { state: 'unknown', text: 'not every broker answered; those that did show nothing wrong' };
    return { state: 'healthy', text: `nothing is wrong: ${healthyText(group)}` };
  }
  const more = counting.length - 1;
  const text = `${worst.title}${more === 0 ? '' : ` (and ${counted(more, 'more finding')})`}`;
  if (worst.rule === 'no-members') return { state: 'offline', text };
  return {
    state: worst.severity === 'problem' ? worst.impact : worst.impact === 'stuck' ? 'slow' : worst.impact,
    text,
  };
}

function healthyText(group: GroupEvidence): string {
  const lag = lagOf(group.queues);
  const isKnown = group.queues.length === 0 || group.queues.some((queue) => queue.lag !== null);
  const waits =
    lag === 0
      ? 'nothing waits'
      : `${counted(lag, 'message')} wait, the oldest for ${formatDuration(longestWaitMs(group.queues))}`;
  return [
    counted(group.members.length, 'member'),
    ...(isClustering(group) ? [counted(group.queues.length, 'queue')] : ['broadcasting']),
    isKnown ? waits : 'nothing committed yet',
  ].join(', ');
}

function explainedQueue(queue: QueueEvidence): ExplainedQueue {
  const { topic, brokerName, queueId, minOffset, maxOffset, committedOffset, lag, inflight, waitingMs } = queue;
  const [owner] = queue.owners;
  const time = (value: number | null | undefined): number | null => (value != null && value > 0 ? value : null);
  return {
    topic,
    brokerName,
    queueId,
    minOffset,
    maxOffset,
    committedOffset,
    lag,
    inflight,
    waitingMs,
    owners: queue.owners.map(({ clientId }) => clientId),
    lastPullTimestamp: time(owner?.lastPullTimestamp),
    lastConsumeTimestamp: time(owner?.lastConsumeTimestamp),
    lastCommittedStoreTimestamp: queue.lastConsumedTimestamp,
  };
}

function explainedClients({ members, queues }: GroupEvidence): ExplainedClient[] {
  return members.map(({ clientId, clientAddr, language, version, startedAt, subscriptions, info, reason }) => ({
    clientId,
    clientAddr,
    language,
    version,
    startedAt,
    subscriptions: subscriptions === null ? null : Object.fromEntries(subscriptions),
    queues:
      info === null ? null : queues.filter(({ owners }) => owners.some((owner) => owner.clientId === clientId)).length,
    reason,
  }));
}
