import { counted, formatCount, formatDuration, formatRate } from '../../base/units.js';
import {
  type GroupEvidence,
  isClustering,
  isLockMissing,
  isSettling,
  lagOf,
  lonelyQueues,
  longestWaitMs,
  type OwnerEvidence,
  type QueueEvidence,
} from './evidence.js';
import { type ExplainThresholds, type Finding, queueText, shellWord, someLines } from './finding.js';

/** A client that pulls asks at least once in the time that a broker holds a pull (15 s), and a little. */
const PULLS_WITHIN_MS = 45_000;
/** Messages done behind one that is not: from here on they are not just a busy listener's. */
const HOLE_MESSAGES = 100;

/** Rules about how queues move. */
export function queueFindings(group: GroupEvidence, thresholds: ExplainThresholds): Finding[] {
  return [
    ...lockHeld(group, thresholds),
    ...notPulling(group, thresholds),
    ...notCommitting(group, thresholds),
    ...slowConsume(group, thresholds),
    ...unevenLag(group, thresholds),
  ];
}

interface Held {
  readonly queue: QueueEvidence;
  readonly owner: OwnerEvidence;
}

/** Every queue with each owner that has not given it up. */
function heldQueues(group: GroupEvidence): Held[] {
  return group.queues.flatMap((queue) =>
    queue.owners.filter(({ dropped }) => !dropped).map((owner) => ({ queue, owner })),
  );
}

const nameOf = ({ queue: { topic, brokerName, queueId } }: Pick<Held, 'queue'>) => ({ topic, brokerName, queueId });
const clientsOf = (held: readonly Held[]): string[] => [...new Set(held.map(({ owner }) => owner.clientId))].sort();

/**
 * Orderly members consume a queue only while they hold its lock on the broker. A member that never got the lock does not
 * have the queue in its table; one that lost it does.
 */
function lockHeld(group: GroupEvidence, { stuckAfterMs }: ExplainThresholds): Finding[] {
  const orderly = new Set(group.members.filter(({ isOrderly }) => isOrderly).map(({ clientId }) => clientId));
  if (orderly.size === 0 || !isClustering(group)) return [];
  const lost = heldQueues(group).filter(
    ({ owner }) =>
      orderly.has(owner.clientId) &&
      owner.mode === 'pull' &&
      !owner.locked &&
      group.now - owner.lastLockTimestamp >= stuckAfterMs,
  );
  const refused = lonelyQueues(group).filter((queue) => isLockMissing(group, queue));
  const count = lost.length + refused.length;
  if (count === 0) return [];
  const formers = group.queues.flatMap((queue) =>
    queue.owners
      .filter(({ dropped, tryUnlockTimes }) => dropped && tryUnlockTimes > 0)
      .map(
        (owner) =>
          `${owner.clientId} has given up ${queueText(queue)} but has not unlocked it after ${owner.tryUnlockTimes} tries`,
      ),
  );
  return [
    {
      rule: 'lock-held',
      severity: isSettling(group, stuckAfterMs) ? 'warning' : 'problem',
      impact: 'stuck',
      title: `${counted(count, 'queue')} of orderly consumption ${count === 1 ? 'waits for its lock' : 'wait for their locks'}: somebody else holds ${count === 1 ? 'it' : 'them'}`,
      evidence: [
        ...someLines([
          ...lost.map(
            ({ queue, owner }) =>
              `${queueText(queue)}: ${owner.clientId} has been without the lock for ${formatDuration(group.now - owner.lastLockTimestamp)}`,
          ),
          ...refused.map((queue) => `${queueText(queue)}: no member of the group has got its lock`),
        ]),
        ...formers,
        'a broker gives up a lock 60 s after its holder last renewed it',
      ],
      queues: [...lost.map(nameOf), ...refused.map((queue) => nameOf({ queue }))],
      clients: lost.length > 0 ? clientsOf(lost) : [...orderly].sort(),
      next: [
        {
          command: `mqadmin consumer connections ${shellWord(group.consumerGroup)}`,
          why: 'look for a member that holds the lock and does not consume; it is free a minute after that one is gone',
        },
      ],
    },
  ];
}

/** Messages wait and the owner does not ask for them. */
function notPulling(group: GroupEvidence, { stuckAfterMs }: ExplainThresholds): Finding[] {
  const limit = Math.max(stuckAfterMs, PULLS_WITHIN_MS);
  const held = heldQueues(group).filter(
    ({ queue, owner }) =>
      (queue.lag ?? 0) > 0 &&
      owner.mode === 'pull' &&
      owner.lastPullTimestamp > 0 &&
      group.now - owner.lastPullTimestamp >= limit,
  );
  if (held.length === 0) return [];
  return [
    {
      rule: 'not-pulling',
      severity: 'problem',
      impact: 'stuck',
      title: `the owner of ${counted(held.length, 'queue')} has stopped pulling`,
      evidence: someLines(
        held.map(
          ({ queue, owner }) =>
            `${queueText(queue)}: ${owner.clientId} last pulled ${formatDuration(group.now - owner.lastPullTimestamp)} ago, ${formatCount(queue.lag ?? 0)} behind`,
        ),
      ),
      queues: held.map(nameOf),
      clients: clientsOf(held),
      next: statusCommands(group, held, 'a consumer that was suspended, or a pull that never comes back'),
    },
  ];
}

/**
 * Whether an orderly listener suspends the queue at its first message over and over. It is called all the time, so that it
 * does not look idle: what tells is that calls fail, and that nothing was done since the last commit.
 */
function isSuspended(group: GroupEvidence, { queue, owner }: Held): boolean {
  const member = group.members.find(({ clientId }) => clientId === owner.clientId);
  return (
    member?.isOrderly === true &&
    (member.info?.statusTable[queue.topic]?.consumeFailedTPS ?? 0) > 0 &&
    owner.cachedCount > 0 &&
    owner.cachedMinOffset === (queue.committedOffset ?? queue.minOffset)
  );
}

/** Why one queue does not move though its owner pulls; null when it moves. */
function standstill(group: GroupEvidence, { queue, owner }: Held, stuckAfterMs: number): string | null {
  const { now } = group;
  if (owner.mode !== 'pull') return null;
  // Of a queue where the group has never committed only its owner knows that something waits.
  if (queue.lag === null ? owner.cachedCount === 0 : queue.lag <= 0) return null;
  if ((queue.waitingMs ?? stuckAfterMs) < stuckAfterMs) return null;
  const idleMs = now - (owner.lastConsumeTimestamp ?? now);
  const isIdle = idleMs >= stuckAfterMs;
  const cached = `${counted(owner.cachedCount, 'message')} in its cache, offsets ${owner.cachedMinOffset} to ${owner.cachedMaxOffset}`;
  if (isSuspended(group, { queue, owner })) {
    return `its listener is called but gives the message at offset ${owner.cachedMinOffset} back every time, and those behind it wait (orderly)`;
  }
  if (isIdle && owner.cachedCount > 0) {
    return `its listener has finished nothing for ${formatDuration(idleMs)}; ${cached}`;
  }
  const done = owner.cachedMaxOffset - owner.cachedMinOffset + 1 - owner.cachedCount;
  if (owner.cachedCount > 0 && owner.cachedMinOffset === queue.committedOffset && done >= HOLE_MESSAGES) {
    return `${formatCount(done)} messages behind offset ${owner.cachedMinOffset} are done, but that one message is not: it holds up the offset`;
  }
  if (isIdle && owner.commitOffset > (queue.committedOffset ?? 0)) {
    return `it has consumed up to ${owner.commitOffset}, but the broker has ${queue.committedOffset}: its commits do not arrive`;
  }
  if (owner.cachedCount === 0 && (queue.inflight ?? 0) > 0) {
    return `it was given ${counted(queue.inflight as number, 'message')} beyond the committed offset and has not committed them`;
  }
  return null;
}

function committedText({ committedOffset, maxOffset, waitingMs }: QueueEvidence): string {
  if (committedOffset === null) return `nothing committed yet of ${maxOffset}`;
  const wait = waitingMs === null ? '' : `, the oldest message waits for ${formatDuration(waitingMs)}`;
  return `committed ${committedOffset} of ${maxOffset}${wait}`;
}

/** The owner pulls, the offset stands. */
function notCommitting(group: GroupEvidence, { stuckAfterMs }: ExplainThresholds): Finding[] {
  const pulls = ({ owner }: Held): boolean =>
    group.now - owner.lastPullTimestamp < Math.max(stuckAfterMs, PULLS_WITHIN_MS);
  const held = heldQueues(group)
    .filter(pulls)
    .flatMap((each) => {
      const why = standstill(group, each, stuckAfterMs);
      return why === null ? [] : [{ ...each, why }];
    });
  if (held.length === 0) return [];
  return [
    {
      rule: 'not-committing',
      severity: 'problem',
      impact: 'stuck',
      title: `the owner of ${counted(held.length, 'queue')} pulls but does not commit: the offset stands still`,
      evidence: someLines(
        held.map(
          ({ queue, owner, why }) =>
            `${queueText(queue)}: ${committedText(queue)}; ` +
            `${owner.clientId} pulled ${formatDuration(Math.max(0, group.now - owner.lastPullTimestamp))} ago; ${why}`,
        ),
      ),
      queues: held.map(nameOf),
      clients: clientsOf(held),
      next: [
        ...held
          .filter((each) => isSuspended(group, each))
          .slice(0, 1)
          .flatMap((each) => passOver(group, each)),
        ...statusCommands(group, held, 'its thread dump shows what the listener waits for'),
      ],
    },
  ];
}

/** How to see the message that a queue is suspended at, and how to do without it. */
function passOver(group: GroupEvidence, { queue, owner }: Held): Finding['next'] {
  const place = `${shellWord(queue.topic)} --broker ${shellWord(queue.brokerName)} --queue ${queue.queueId}`;
  return [
    {
      command: `mqadmin message query-by-offset ${place} --offset ${owner.cachedMinOffset}`,
      why: 'look at the message that is given back',
    },
    {
      command: `mqadmin offset reset ${shellWord(group.consumerGroup)} ${place} --shift 1`,
      why: 'pass over it, when it can be done without; the receipt takes that back',
    },
  ];
}

function statusCommands(group: GroupEvidence, held: readonly Held[], why: string): Finding['next'] {
  const [client] = clientsOf(held);
  return client === undefined
    ? []
    : [
        {
          command: `mqadmin consumer status ${shellWord(group.consumerGroup)} -i ${shellWord(client)} --jstack --json`,
          why,
        },
      ];
}

/** Listeners that take long for a call, while messages wait. */
function slowConsume(group: GroupEvidence, { slowConsumeMs }: ExplainThresholds): Finding[] {
  return group.topics.flatMap(({ topic, inTps }): Finding[] => {
    const queues = group.queues.filter((queue) => queue.topic === topic);
    const lag = lagOf(queues);
    if (lag === 0) return [];
    const slow = group.members.flatMap((member) => {
      const rt = member.info?.statusTable[topic]?.consumeRT ?? 0;
      return rt >= slowConsumeMs ? [{ member, rt }] : [];
    });
    if (slow.length === 0) return [];
    // An orderly queue is one call at a time, whatever the number of threads.
    const callsAtOnce = ({ member }: (typeof slow)[number]): number => {
      const own = queues.filter(({ owners }) => owners.some(({ clientId }) => clientId === member.clientId)).length;
      return member.isOrderly ? Math.min(own, member.consumeThreads ?? own) : (member.consumeThreads ?? 1);
    };
    const perSecond = slow.reduce((sum, each) => sum + (callsAtOnce(each) * 1000) / each.rt, 0);
    return [
      {
        rule: 'slow-consume',
        severity: inTps !== null && inTps > perSecond ? 'problem' : 'warning',
        impact: 'slow',
        title: `the listener of ${counted(slow.length, 'member')} takes ${formatDuration(Math.max(...slow.map(({ rt }) => rt)))} for a call on ${topic}`,
        evidence: [
          ...someLines(
            slow.map(
              (each) =>
                `${each.member.clientId}: ${formatDuration(each.rt)} a call on average over the last minute, ${counted(callsAtOnce(each), 'call')} at a time`,
            ),
          ),
          `so they make at most ${formatRate(perSecond)} calls a second${inTps === null ? '' : `, and ${formatRate(inTps)} messages a second come in`}; ${formatCount(lag)} wait, the oldest for ${formatDuration(longestWaitMs(queues))}`,
        ],
        queues: [],
        clients: slow.map(({ member }) => member.clientId),
        next: [
          {
            command: `mqadmin consumer status ${shellWord(group.consumerGroup)} -i ${shellWord(slow[0]?.member.clientId ?? '')} --jstack --json`,
            why: 'see what the listener does; more threads, batches or members help when it only waits',
          },
        ],
      },
    ];
  });
}

/** Most of what waits, waits in few queues: a slow member, or producers that prefer a queue. */
function unevenLag(group: GroupEvidence, thresholds: ExplainThresholds): Finding[] {
  return group.topics.flatMap(({ topic }): Finding[] => {
    const queues = group.queues.filter((queue) => queue.topic === topic && queue.lag !== null && queue.isReadable);
    const total = lagOf(queues);
    if (queues.length < 2 || total < thresholds.unevenLag) return [];
    const fair = 2 / queues.length;
    const uneven = queues
      .filter(({ lag }) => Math.max(0, lag ?? 0) / total >= Math.max(Math.min(fair, 0.9), 0.25))
      .sort((a, b) => (b.lag ?? 0) - (a.lag ?? 0));
    const share = lagOf(uneven) / total;
    if (uneven.length === 0 || uneven.length > queues.length / 2 || share < 0.5) return [];
    const owners = [...new Set(uneven.flatMap((queue) => queue.owners.map(({ clientId }) => clientId)))];
    const stored = (some: readonly QueueEvidence[]): number =>
      some.reduce((sum, { minOffset, maxOffset }) => sum + (maxOffset ?? 0) - (minOffset ?? 0), 0);
    const storedShare = stored(queues) === 0 ? 0 : stored(uneven) / stored(queues);
    const isSkewed = storedShare >= (1.5 * uneven.length) / queues.length;
    return [
      {
        rule: 'uneven-lag',
        severity: 'warning',
        impact: 'slow',
        title: `${Math.round(share * 100)} % of what waits in ${topic} waits in ${uneven.length} of ${queues.length} queues`,
        evidence: [
          ...someLines(
            uneven.map(
              (queue) =>
                `${queueText(queue)}: ${formatCount(queue.lag ?? 0)} of ${formatCount(total)}, owner ${queue.owners.map(({ clientId }) => clientId).join(', ') || 'unknown'}`,
            ),
          ),
          isSkewed
            ? `producers put ${Math.round(storedShare * 100)} % of the messages there: look at how they choose the queue`
            : 'producers spread the messages evenly: it is the consumer of these queues that is behind',
        ],
        queues: uneven.map((queue) => ({ topic, brokerName: queue.brokerName, queueId: queue.queueId })),
        clients: owners,
        next: [
          isSkewed || owners[0] === undefined
            ? { command: `mqadmin topic status ${shellWord(topic)}`, why: 'see how the messages are spread' }
            : {
                command: `mqadmin consumer status ${shellWord(group.consumerGroup)} -i ${shellWord(owners[0])}`,
                why: 'look at the member that is behind',
              },
        ],
      },
    ];
  });
}
