import { counted, formatCount } from '../../base/units.js';
import type { GroupEvidence, QueueEvidence } from './evidence.js';
import { type Finding, queueText, shellWord, someLines } from './finding.js';

/** Rules about offsets that point outside their queue. */
export function offsetFindings(group: GroupEvidence): Finding[] {
  return [...belowMin(group), ...aboveMax(group)];
}

const nameOf = ({ topic, brokerName, queueId }: QueueEvidence) => ({ topic, brokerName, queueId });

/** What lay between the committed offset and the smallest one is gone. */
function belowMin(group: GroupEvidence): Finding[] {
  const below = group.queues.filter(
    ({ committedOffset, minOffset }) => committedOffset !== null && minOffset !== null && committedOffset < minOffset,
  );
  if (below.length === 0) return [];
  const lostOf = ({ minOffset, committedOffset }: QueueEvidence): number => (minOffset ?? 0) - (committedOffset ?? 0);
  const lost = below.reduce((sum, queue) => sum + lostOf(queue), 0);
  return [
    {
      rule: 'offset-below-min',
      severity: 'problem',
      impact: 'losing',
      title: `${formatCount(lost)} ${lost === 1 ? 'message was' : 'messages were'} deleted by retention before the group consumed ${lost === 1 ? 'it' : 'them'}`,
      evidence: someLines(
        below.map(
          (queue) =>
            `${queueText(queue)}: committed ${queue.committedOffset}, the oldest message left is ${queue.minOffset}: ${formatCount(lostOf(queue))} lost`,
        ),
      ),
      queues: below.map(nameOf),
      clients: [],
      next: [
        ...topicsIn(below).map((topic) => ({
          command: `mqadmin offset reset ${shellWord(group.consumerGroup)} ${shellWord(topic)} --to start --dry-run`,
          why: 'see what going on with the oldest message that is left would do',
        })),
        {
          command: `mqadmin broker get-config -b ${brokerAddr(group, below)}`,
          why: 'fileReservedTime is how many hours messages are kept',
        },
      ],
    },
  ];
}

/** Offsets beyond the end: messages that come are skipped until the queue has grown so far. */
function aboveMax(group: GroupEvidence): Finding[] {
  const above = group.queues.filter(
    ({ committedOffset, maxOffset }) => committedOffset !== null && maxOffset !== null && committedOffset > maxOffset,
  );
  if (above.length === 0) return [];
  return [
    {
      rule: 'offset-above-max',
      severity: 'problem',
      impact: 'losing',
      title: `the committed offset of ${counted(above.length, 'queue')} lies beyond the newest message`,
      evidence: [
        ...someLines(
          above.map(
            (queue) => `${queueText(queue)}: committed ${queue.committedOffset}, the queue ends at ${queue.maxOffset}`,
          ),
        ),
        'it comes of a topic that was deleted and made again, a broker that lost its store, or an offset set by hand',
      ],
      queues: above.map(nameOf),
      clients: [],
      next: topicsIn(above).map((topic) => ({
        command: `mqadmin offset reset ${shellWord(group.consumerGroup)} ${shellWord(topic)} --to start --dry-run`,
        why: 'see what going back to a message that exists would replay',
      })),
    },
  ];
}

const topicsIn = (queues: readonly QueueEvidence[]): string[] => [...new Set(queues.map(({ topic }) => topic))];

function brokerAddr(group: GroupEvidence, queues: readonly QueueEvidence[]): string {
  const name = queues[0]?.brokerName;
  return group.topics.flatMap(({ brokers }) => brokers).find(({ brokerName }) => brokerName === name)?.addr ?? 'ADDR';
}
