import { compareMessageQueue } from '../protocol/message-queue.js';
import { brokerAt } from './cluster.js';
import type { AdminSession } from './session.js';

/** How far one group is on one queue of a broker. */
export interface BrokerConsumeQueue {
  readonly topic: string;
  readonly consumerGroup: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly brokerOffset: number;
  readonly consumerOffset: number;
  /** brokerOffset - consumerOffset */
  readonly lag: number;
  /** Store time of the last message consumed, ms; null when none was. */
  readonly lastTimestamp: number | null;
  readonly lastTime: string | null;
}

export interface BrokerConsumeStats {
  readonly brokerAddr: string;
  /** Sum over all groups and queues, as the broker reckons it. */
  readonly totalLag: number;
  readonly queues: readonly BrokerConsumeQueue[];
}

interface BrokerConsumeQuery {
  readonly brokerAddr: string;
  /** Only of ordered topics. */
  readonly ordered: boolean;
  /** ms; the session's by default. A broker with many groups takes its time. */
  readonly timeoutMs?: number;
}

/** The offsets of all groups of a broker (317): groups in the broker's order, their queues sorted. */
export async function brokerConsumeStats(
  session: AdminSession,
  { brokerAddr, ordered, timeoutMs }: BrokerConsumeQuery,
): Promise<BrokerConsumeStats> {
  const { addr } = brokerAt(brokerAddr);
  const stats = await session.api.fetchConsumeStatsInBroker(addr, ordered, session.deadline(timeoutMs).call());
  return {
    brokerAddr: addr,
    totalLag: stats.totalDiff,
    queues: stats.consumeStatsList.flatMap((byGroup) =>
      Object.entries(byGroup).flatMap(([consumerGroup, tables]) =>
        tables.flatMap(({ offsetTable }) =>
          offsetTable
            .toSorted((a, b) => compareMessageQueue(a.mq, b.mq))
            .map(({ mq, brokerOffset, consumerOffset, lastTimestamp }) => ({
              topic: mq.topic ?? '',
              consumerGroup,
              brokerName: mq.brokerName ?? '',
              queueId: mq.queueId,
              brokerOffset,
              consumerOffset,
              lag: brokerOffset - consumerOffset,
              lastTimestamp: lastTimestamp > 0 ? lastTimestamp : null,
              lastTime: lastTimestamp > 0 ? new Date(lastTimestamp).toISOString() : null,
            })),
        ),
      ),
    ),
  };
}
