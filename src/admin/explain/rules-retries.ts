import { counted, formatCount, formatDuration } from '../../base/units.js';
import { retryTopic } from '../../protocol/topic-validator.js';
import type { GroupEvidence, GroupTopicEvidence } from './evidence.js';
import { type ExplainThresholds, type Finding, queueText, shellWord, someLines } from './finding.js';

/** Rules about messages that come again, are given up, or hang between pop and acknowledgement. */
export function retryFindings(group: GroupEvidence, thresholds: ExplainThresholds): Finding[] {
  return [...retryStorm(group, thresholds), ...deadLetters(group, thresholds), ...popUnacknowledged(group, thresholds)];
}

function newestText({ newest }: GroupTopicEvidence, now: number): string[] {
  return newest === null
    ? []
    : [
        `the newest is ${newest.msgId} of ${newest.originTopic}, delivered again ${newest.reconsumeTimes} times, stored ${formatDuration(Math.max(0, now - newest.storeTimestamp))} ago`,
      ];
}

/** Messages that fail are stored anew and delivered again: with many of them the group works for nothing. */
function retryStorm(group: GroupEvidence, { retries, windowMs }: ExplainThresholds): Finding[] {
  const own = group.retries.find(({ topic }) => topic === retryTopic(group.consumerGroup));
  if (own === undefined || own.recent < retries) return [];
  const failing = group.members.flatMap(({ clientId, info }) =>
    Object.entries(info?.statusTable ?? {}).flatMap(([topic, { consumeFailedTPS, consumeOKTPS }]) =>
      consumeFailedTPS > 0
        ? [
            `${clientId}: ${Math.round((100 * consumeFailedTPS) / (consumeFailedTPS + consumeOKTPS))} % of its messages of ${topic} failed in the last minute`,
          ]
        : [],
    ),
  );
  const maxTimes = group.brokers.flatMap(({ config }) => (config === null ? [] : [config.retryMaxTimes]));
  return [
    {
      rule: 'retry-storm',
      severity: 'problem',
      impact: 'slow',
      title: `${formatCount(own.recent)} messages failed and came again within ${formatDuration(windowMs)}`,
      evidence: [
        `${own.topic}: ${formatCount(own.recent)} stored lately${own.waiting === null ? '' : `, ${formatCount(own.waiting)} wait to be consumed again`}`,
        ...newestText(own, group.now),
        ...someLines(failing),
        ...(maxTimes.length === 0 ? [] : [`given up after ${Math.max(...maxTimes)} deliveries (retryMaxTimes)`]),
      ],
      queues: [],
      clients: [],
      next: [
        { command: `mqadmin tail ${shellWord(own.topic)} --from -5`, why: 'see the newest messages that failed' },
        ...(own.newest === null
          ? []
          : [
              {
                command: `mqadmin message query-by-id ${own.newest.msgId} -t ${shellWord(own.newest.originTopic)}`,
                why: 'look at one of them',
              },
            ]),
      ],
    },
  ];
}

/** Messages that were given up. */
function deadLetters(
  { consumerGroup, deadLetters: dead, now }: GroupEvidence,
  { windowMs }: ExplainThresholds,
): Finding[] {
  if (dead === null || dead.recent === 0) return [];
  return [
    {
      rule: 'dead-letters',
      severity: 'warning',
      impact: 'losing',
      title: `${counted(dead.recent, 'message')} of the group ${dead.recent === 1 ? 'was' : 'were'} given up within ${formatDuration(windowMs)}`,
      evidence: [`${dead.topic}: ${formatCount(dead.recent)} stored lately`, ...newestText(dead, now)],
      queues: [],
      clients: [],
      next: [
        {
          command: `mqadmin tail ${shellWord(dead.topic)} --from -5`,
          why: `see what ${consumerGroup} could not consume`,
        },
      ],
    },
  ];
}

/** Popped messages belong to a client for a while; without an acknowledgement they come again. */
function popUnacknowledged(group: GroupEvidence, { popWaiting, windowMs }: ExplainThresholds): Finding[] {
  const held = group.members.flatMap(({ clientId, info }) =>
    (info?.mqPopTable ?? [])
      .filter(({ droped, waitAckCount }) => !droped && waitAckCount > 0)
      .map(({ mq, waitAckCount, lastPopTimestamp }) => ({ clientId, mq, waitAckCount, lastPopTimestamp })),
  );
  const revived = group.retries.filter(({ topic, recent }) => topic !== retryTopic(group.consumerGroup) && recent > 0);
  if (held.length === 0 && revived.length === 0) return [];
  const waiting = held.reduce((sum, { waitAckCount }) => sum + waitAckCount, 0);
  const again = revived.reduce((sum, { recent }) => sum + recent, 0);
  const isFull = held.some(({ waitAckCount }) => waitAckCount >= popWaiting);
  return [
    {
      rule: 'pop-unacknowledged',
      severity: isFull || again > 0 ? 'problem' : 'note',
      impact: isFull ? 'stuck' : again > 0 ? 'slow' : 'risk',
      title:
        again > 0
          ? `${counted(again, 'popped message')} ${again === 1 ? 'was' : 'were'} not acknowledged in time and came again within ${formatDuration(windowMs)}`
          : `${counted(waiting, 'popped message')} ${waiting === 1 ? 'is' : 'are'} not acknowledged${isFull ? ': the client has stopped popping' : ''}`,
      evidence: [
        ...someLines(
          held.map(
            ({ clientId, mq, waitAckCount, lastPopTimestamp }) =>
              `${clientId} holds ${counted(waitAckCount, 'message')} of ${mq.queueId < 0 ? `${mq.topic} on ${mq.brokerName}` : queueText(mq)}, last popped ${formatDuration(Math.max(0, group.now - lastPopTimestamp))} ago`,
          ),
        ),
        ...revived.flatMap((retry) => [
          `${retry.topic}: ${formatCount(retry.recent)} stored lately${retry.waiting === null ? '' : `, ${formatCount(retry.waiting)} wait`}`,
          ...newestText(retry, group.now),
        ]),
      ],
      queues: held
        .filter(({ mq }) => mq.queueId >= 0)
        .map(({ mq: { topic, brokerName, queueId } }) => ({ topic, brokerName, queueId })),
      clients: [...new Set(held.map(({ clientId }) => clientId))],
      next: [
        {
          command: `mqadmin consumer status ${shellWord(group.consumerGroup)} --jstack --json`,
          why: 'see what the listeners wait for; a listener slower than popInvisibleTime gets its messages twice',
        },
        ...revived.slice(0, 1).map(({ topic }) => ({
          command: `mqadmin tail ${shellWord(topic)} --from -5`,
          why: 'see what came again',
        })),
      ],
    },
  ];
}
