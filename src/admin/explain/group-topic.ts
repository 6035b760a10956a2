import type { ConsumeStats } from '../../protocol/bodies.js';
import type { MessageExt } from '../../protocol/message.js';
import { MessageProperty } from '../../protocol/message-property.js';
import type { Deadline } from '../deadline.js';
import { FAN_OUT_LIMIT, mapBounded, type Target } from '../fan-out.js';
import { pullOnce } from '../pull.js';
import type { AdminSession } from '../session.js';
import type { GroupTopicEvidence } from './evidence.js';

export interface GroupTopicQuery {
  readonly topic: string;
  readonly targets: ReadonlyArray<Target & { readonly brokerName: string }>;
  /** How far back messages count, ms. */
  readonly windowMs: number;
  /** The group's progress, for what waits. */
  readonly stats: ConsumeStats['offsetTable'];
  /** Makes the calls to a broker; null when it does not have the topic, or fails, which is noted elsewhere. */
  readonly ask: <T>(target: Target, call: () => Promise<T>) => Promise<T | null>;
}

/**
 * What came lately into a topic of the group's own (202 and 29 at each broker, and a pull of the newest message).
 * Counts by store time, so that it is right from the first second on, unlike the brokers' statistics.
 *
 * @returns null when no broker that answers has the topic
 */
export async function groupTopic(
  session: AdminSession,
  { topic, targets, windowMs, stats, ask }: GroupTopicQuery,
  deadline: Deadline,
): Promise<GroupTopicEvidence | null> {
  const since = session.clock.now() - windowMs;
  const parts = await mapBounded(targets, FAN_OUT_LIMIT, (target) =>
    ask(target, async () => {
      const { offsetTable } = await session.api.getTopicStatsInfo(target.addr, topic, deadline.call());
      const queues = offsetTable.filter(({ minOffset, maxOffset }) => maxOffset > minOffset);
      const recent = await mapBounded(
        queues,
        FAN_OUT_LIMIT,
        async ({ mq, minOffset, maxOffset, lastUpdateTimestamp }) => {
          if (lastUpdateTimestamp < since) return 0;
          const ref = { topic, queueId: mq.queueId, brokerName: target.brokerName };
          const first = await session.api.searchOffset(target.addr, ref, since, deadline.call());
          return Math.max(0, maxOffset - Math.max(minOffset, first));
        },
      );
      const newestOf = queues.toSorted((a, b) => b.lastUpdateTimestamp - a.lastUpdateTimestamp)[0];
      return { target, recent: recent.reduce((sum, each) => sum + each, 0), newestOf };
    }),
  );
  const known = parts.filter((part) => part !== null);
  if (known.length === 0) return null;
  const progress = stats.filter(({ mq }) => mq.topic === topic);
  const newest = known
    .filter(({ newestOf }) => newestOf !== undefined)
    .sort((a, b) => (b.newestOf?.lastUpdateTimestamp ?? 0) - (a.newestOf?.lastUpdateTimestamp ?? 0))[0];
  return {
    topic,
    recent: known.reduce((sum, { recent }) => sum + recent, 0),
    waiting:
      progress.length === 0
        ? null
        : progress.reduce(
            (sum, { brokerOffset, consumerOffset }) => sum + Math.max(0, brokerOffset - consumerOffset),
            0,
          ),
    newest:
      newest?.newestOf === undefined
        ? null
        : await newestMessage(session, newest.target, topic, newest.newestOf, deadline),
  };
}

async function newestMessage(
  session: AdminSession,
  target: Target,
  topic: string,
  queue: { readonly mq: { readonly queueId: number }; readonly maxOffset: number },
  deadline: Deadline,
): Promise<GroupTopicEvidence['newest']> {
  try {
    const { messages } = await pullOnce(
      session,
      target,
      { topic, queueId: queue.mq.queueId, queueOffset: queue.maxOffset - 1, maxMsgNums: 1 },
      deadline,
    );
    const message = messages.at(-1);
    return message === undefined ? null : described(message);
  } catch {
    session.signal?.throwIfAborted();
    return null;
  }
}

function described(message: MessageExt) {
  const { properties, msgId, topic, reconsumeTimes, storeTimestamp } = message;
  return {
    msgId: properties.get(MessageProperty.ORIGIN_MESSAGE_ID) ?? msgId,
    originTopic:
      properties.get(MessageProperty.RETRY_TOPIC) ?? properties.get(MessageProperty.DLQ_ORIGIN_TOPIC) ?? topic,
    reconsumeTimes,
    storeTimestamp,
  };
}
