import type { ConsumerRunningInfo, ConsumeType, SubscriptionData } from '../protocol/bodies.js';
import { ConsumerRunningInfoProperty } from '../protocol/bodies.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import type { ConsumerStats } from './consume-stats.js';
import type { OffsetStore } from './offset-store.js';
import type { PopProcessQueue } from './pop-process-queue.js';
import type { ProcessQueue } from './process-queue.js';

const BYTES_OF_MIB = 1024 * 1024;

export interface RunningInfoSource {
  readonly consumeType: ConsumeType;
  readonly isOrderly: boolean;
  /** ms since the epoch. */
  readonly startTimestamp: number;
  /** What is shown of the settings; values that are no text, number or boolean are left out. */
  readonly config: object;
  /** Calls of the listener at a time. */
  readonly consumeThreads: number;
  readonly subscriptions: readonly SubscriptionData[];
  readonly queues: ReadonlyArray<{ mq: MessageQueue; pq: ProcessQueue }>;
  /** Queues that are popped. */
  readonly popped?: ReadonlyArray<{ mq: MessageQueue; pq: PopProcessQueue }>;
  readonly offsetStore: OffsetStore;
  readonly stats: ConsumerStats;
  readonly withStacks: boolean;
}

/**
 * What a consumer tells about itself (307). There are no threads to dump: with `withStacks` the text lists the
 * queues whose listener is at work.
 *
 * Source: client/impl/consumer/DefaultMQPushConsumerImpl.java#consumerRunningInfo
 */
export function consumerRunningInfo(source: RunningInfoSource): ConsumerRunningInfo {
  const mqTable = source.queues.map(({ mq, pq }) => {
    const isEmpty = pq.messageCount === 0;
    return {
      mq,
      commitOffset: source.offsetStore.table.get(mq) ?? -1,
      cachedMsgMinOffset: isEmpty ? 0 : (pq.minOffset ?? 0),
      cachedMsgMaxOffset: isEmpty ? 0 : pq.maxOffset,
      cachedMsgCount: pq.messageCount,
      cachedMsgSizeInMiB: Math.floor(pq.bodyBytes / BYTES_OF_MIB),
      transactionMsgMinOffset: 0,
      transactionMsgMaxOffset: 0,
      transactionMsgCount: 0,
      locked: pq.locked,
      tryUnlockTimes: pq.tryUnlockTimes,
      lastLockTimestamp: pq.lastLockTimestamp,
      droped: pq.dropped,
      lastPullTimestamp: pq.lastPullTimestamp,
      lastConsumeTimestamp: pq.lastConsumeTimestamp,
    };
  });
  const info: ConsumerRunningInfo = {
    properties: properties(source),
    subscriptionSet: [...source.subscriptions],
    mqTable,
    mqPopTable: (source.popped ?? []).map(({ mq, pq }) => {
      return { mq, waitAckCount: pq.waitAckCount, droped: pq.dropped, lastPopTimestamp: pq.lastPopTimestamp };
    }),
    statusTable: Object.create(null) as ConsumerRunningInfo['statusTable'],
    userConsumerInfo: {},
  };
  for (const { topic } of source.subscriptions) info.statusTable[topic] = source.stats.of(topic).status();
  if (source.withStacks) info.jstack = listenerText(source);
  return info;
}

function properties(source: RunningInfoSource): Record<string, string> {
  const shown: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(source.config)) {
    if (['string', 'number', 'boolean'].includes(typeof value)) shown[name] = String(value);
  }
  shown[ConsumerRunningInfoProperty.PROP_CONSUME_TYPE] = source.consumeType;
  shown[ConsumerRunningInfoProperty.PROP_CONSUME_ORDERLY] = String(source.isOrderly);
  shown[ConsumerRunningInfoProperty.PROP_THREADPOOL_CORE_SIZE] = String(source.consumeThreads);
  shown[ConsumerRunningInfoProperty.PROP_CONSUMER_START_TIMESTAMP] = String(source.startTimestamp);
  return shown;
}

function listenerText(source: RunningInfoSource): string {
  const busy = source.queues.filter(({ pq }) => pq.isListening);
  if (busy.length === 0) return 'no listener is at work\n';
  return busy
    .map(({ mq, pq }) => `listener at work: ${mq.topic} ${mq.brokerName} ${mq.queueId}, from offset ${pq.minOffset}\n`)
    .join('');
}
