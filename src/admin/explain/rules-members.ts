import { counted, formatDuration } from '../../base/units.js';
import {
  type GroupEvidence,
  isClustering,
  isLockMissing,
  isSettling,
  lagOf,
  lonelyQueues,
  type QueueEvidence,
  subscribersOf,
  youngestStart,
} from './evidence.js';
import { type ExplainThresholds, type Finding, queueText, shellWord, someLines } from './finding.js';

/** Rules about who is there and who holds what. */
export function memberFindings(group: GroupEvidence, thresholds: ExplainThresholds): Finding[] {
  if (group.members.length === 0) return noMembers(group);
  return [
    ...silentMembers(group),
    ...mixedSubscriptions(group),
    ...moreClientsThanQueues(group),
    ...queuesWithoutOwner(group, thresholds),
  ];
}

/** Nobody to consume. While a broker is silent that is not known. */
function noMembers(group: GroupEvidence): Finding[] {
  if (!group.complete || group.brokers.length === 0) return [];
  const lag = lagOf(group.queues);
  const last = Math.max(0, ...group.queues.map(({ lastConsumedTimestamp }) => lastConsumedTimestamp ?? 0));
  return [
    {
      rule: 'no-members',
      severity: lag > 0 ? 'problem' : 'warning',
      impact: lag > 0 ? 'stuck' : 'risk',
      title: `nobody of the group is connected${lag > 0 ? `, and ${counted(lag, 'message')} wait` : ''}`,
      evidence: [
        `asked ${group.brokers.map(({ brokerName, addr }) => `${brokerName} (${addr})`).join(', ')}`,
        last === 0
          ? 'no message that it consumed is still stored'
          : `the newest message that it consumed was stored ${formatDuration(group.now - last)} ago`,
      ],
      queues: [],
      clients: [],
      next: [{ command: `mqadmin consumer connections ${shellWord(group.consumerGroup)}`, why: 'see when it is back' }],
    },
  ];
}

/** A member that does not answer a broker's question is often one that hangs. */
function silentMembers(group: GroupEvidence): Finding[] {
  const silent = group.members.filter(({ info }) => info === null);
  if (silent.length === 0) return [];
  return [
    {
      rule: 'members-silent',
      severity: 'warning',
      impact: 'risk',
      title: `${counted(silent.length, 'member')} of ${group.members.length} did not tell about itself`,
      evidence: someLines(
        silent.map(
          ({ clientId, clientAddr, language, reason }) => `${clientId} (${clientAddr}, ${language}): ${reason}`,
        ),
      ),
      queues: [],
      clients: silent.map(({ clientId }) => clientId),
      next: [
        {
          command: `mqadmin consumer status ${shellWord(group.consumerGroup)}`,
          why: 'ask again: clients of some languages never answer, one that hangs does not either',
        },
      ],
    },
  ];
}

/** Members that differ in topics or expressions: each overwrites what the broker knows of the group. */
function mixedSubscriptions(group: GroupEvidence): Finding[] {
  const kinds = new Map<string, { texts: string[]; clients: string[] }>();
  const add = (subscriptions: ReadonlyMap<string, string>, who: string): void => {
    const texts = [...subscriptions].map(([topic, expression]) => `${topic} ${expression}`).sort();
    const key = JSON.stringify(texts);
    const kind = kinds.get(key) ?? { texts, clients: [] };
    kind.clients.push(who);
    kinds.set(key, kind);
  };
  const told = group.members.filter(({ subscriptions }) => subscriptions !== null);
  for (const { clientId, subscriptions } of told) add(subscriptions as ReadonlyMap<string, string>, clientId);
  // Of members that do not answer, brokers know the subscription that came last: they differ when members do.
  if (told.length === 0) {
    for (const broker of group.brokers)
      if (broker.clientIds !== null) add(broker.subscriptions, `broker ${broker.brokerName}`);
  }
  if (kinds.size < 2) return [];
  return [
    {
      rule: 'mixed-subscriptions',
      severity: 'problem',
      impact: 'losing',
      title: `members of the group subscribe to ${kinds.size} different things; all have to subscribe to the same`,
      evidence: [
        ...[...kinds.values()].map(
          ({ texts, clients }) =>
            `${someLines(clients, 3).join(', ')}: ${texts.length === 0 ? 'nothing' : texts.join('; ')}`,
        ),
        'brokers keep the subscription that came last: messages for the others are skipped or wait for ever',
      ],
      queues: [],
      clients: told.map(({ clientId }) => clientId),
      next: [
        {
          command: `mqadmin consumer status ${shellWord(group.consumerGroup)} --json`,
          why: 'see what each member subscribes to, then deploy one version or give the others a group of their own',
        },
      ],
    },
  ];
}

const holdsQueue = (queues: readonly QueueEvidence[], clientId: string): boolean =>
  queues.some(({ owners }) => owners.some((owner) => owner.clientId === clientId));

/** One queue has one consumer; the rest is idle. Members that pop share queues. */
function moreClientsThanQueues(group: GroupEvidence): Finding[] {
  if (!isClustering(group) || group.consumeType === 'CONSUME_POP') return [];
  return group.topics.flatMap(({ topic, isPopped }): Finding[] => {
    const queues = group.queues.filter((queue) => queue.topic === topic && queue.isReadable);
    const members = subscribersOf(group.members, topic);
    if (isPopped || queues.length === 0 || members.length <= queues.length) return [];
    const idle = members.filter(({ clientId }) => !holdsQueue(queues, clientId)).map(({ clientId }) => clientId);
    return [
      {
        rule: 'more-clients-than-queues',
        severity: 'warning',
        impact: 'risk',
        title: `${members.length} members share ${counted(queues.length, 'queue')} of ${topic}: ${members.length - queues.length} have nothing to do`,
        evidence: idle.length === 0 ? [] : [`without a queue: ${someLines(idle, 5).join(', ')}`],
        queues: [],
        clients: idle,
        next: [
          {
            command: `mqadmin topic update ${shellWord(topic)} -r ${members.length} -w ${members.length}`,
            why: 'a queue for each member (each broker gets so many; messages with an order key move)',
          },
        ],
      },
    ];
  });
}

/** Queues that nobody says to hold, while somebody should. */
function queuesWithoutOwner(group: GroupEvidence, { settleMs }: ExplainThresholds): Finding[] {
  if (!isClustering(group)) return [];
  const told = group.members.filter(({ info }) => info !== null);
  // Some clients never tell which queues they hold.
  if (
    told.every(({ info }) => (info?.mqTable.length ?? 0) + (info?.mqPopTable.length ?? 0) === 0) &&
    group.consumeType === 'CONSUME_ACTIVELY'
  )
    return [];
  if (told.length === 0) return [];
  const lonely = lonelyQueues(group).filter((queue) => !isLockMissing(group, queue));
  if (lonely.length === 0) return [];
  const silent = group.members.filter(({ info }) => info === null);
  const isSettled = !isSettling(group, settleMs);
  const isSure = silent.length === 0 && isSettled;
  const lag = lagOf(lonely);
  const behindOf = (queue: QueueEvidence): string =>
    queue.lag === null ? '' : `, ${counted(queue.lag, 'message')} behind`;
  return [
    {
      rule: 'queue-without-owner',
      severity: isSure ? 'problem' : 'warning',
      impact: isSure ? 'stuck' : 'risk',
      title: `${counted(lonely.length, 'queue')} of ${group.queues.length} ${lonely.length === 1 ? 'has' : 'have'} no owner${lag > 0 ? `: ${counted(lag, 'message')} wait there` : ''}`,
      evidence: [
        ...someLines(lonely.map((queue) => `${queueText(queue)}${behindOf(queue)}`)),
        ...(!isSettled
          ? [
              `a member joined ${formatDuration(group.now - youngestStart(group.members))} ago: the queues may still be on their way`,
            ]
          : []),
        ...silent.map(({ clientId }) => `${clientId} does not answer and may hold them`),
        ...unlikeSubscribers(group, lonely),
      ],
      queues: lonely.map(({ topic, brokerName, queueId }) => ({ topic, brokerName, queueId })),
      clients: silent.map(({ clientId }) => clientId),
      next: [
        {
          command: `mqadmin consumer status ${shellWord(group.consumerGroup)}`,
          why: 'see who holds what; members with other subscriptions or another allocation strategy leave queues out',
        },
      ],
    },
  ];
}

/** Members share queues out among all members, those without the topic too, which then nobody reads. */
function unlikeSubscribers(group: GroupEvidence, lonely: readonly QueueEvidence[]): string[] {
  return [...new Set(lonely.map(({ topic }) => topic))].flatMap((topic) => {
    const others = group.members.filter(({ subscriptions }) => subscriptions !== null && !subscriptions.has(topic));
    return others.length === 0
      ? []
      : [
          `${others.map(({ clientId }) => clientId).join(', ')} ${others.length === 1 ? 'does' : 'do'} not subscribe to ${topic} but ${others.length === 1 ? 'counts' : 'count'} when its queues are shared out`,
        ];
  });
}
