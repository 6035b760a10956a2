/**
 * Settings of a push consumer: names, ranges and defaults are Apache's.
 *
 * Source: client/consumer/DefaultMQPushConsumer.java, client/impl/consumer/DefaultMQPushConsumerImpl.java#checkConfig
 */
import type { Clock } from '../base/clock.js';
import type { ConsumeFromWhere, MessageModel } from '../protocol/bodies.js';
import { SystemGroup } from '../protocol/topic-validator.js';
import { type AllocateMessageQueueStrategy, allocateAveragely } from './allocate-strategy.js';
import type { ClientOptions } from './client-config.js';
import { MQClientError } from './errors.js';
import type { MQClientInstance } from './mq-client-instance.js';
import { defaultOffsetStoreDir } from './offset-store.js';
import type { TraceOptions } from './trace-dispatcher.js';
import { validateGroup, validateRange } from './validators.js';

/** Times are ms and sizes bytes unless the comment says otherwise. */
export interface PushConsumerSettings {
  /** CLUSTERING: the group shares the messages; BROADCASTING: each member gets all of them. */
  messageModel: MessageModel;
  /** Where a queue without a stored offset begins; CONSUME_FROM_LAST_OFFSET. */
  consumeFromWhere: ConsumeFromWhere;
  /** For CONSUME_FROM_TIMESTAMP: ms since the epoch, or `yyyyMMddHHmmss` local time. Default: 30 minutes ago. */
  consumeTimestamp: number | string;
  allocateMessageQueueStrategy: AllocateMessageQueueStrategy;
  /** Calls of the listener at a time, 1..1000; 20. */
  consumeThreadMax: number;
  /** Concurrent: no pull while the cached offsets of a queue span more, 1..65,535; 2,000. */
  consumeConcurrentlyMaxSpan: number;
  /** No pull while a queue has more messages cached, 1..65,535; 1,000. */
  pullThresholdForQueue: number;
  /** No pull while a queue has more MiB cached, 1..1,024; 100. */
  pullThresholdSizeForQueue: number;
  /** Sets pullThresholdForQueue to its share of this, 1..6,553,500; -1, unused. */
  pullThresholdForTopic: number;
  /** Sets pullThresholdSizeForQueue to its share of this, 1..102,400 MiB; -1, unused. */
  pullThresholdSizeForTopic: number;
  /** Pause between pulls that found something, 0..65,535; 0. */
  pullInterval: number;
  /** Messages of one call of the listener, 1..1,024; 1. */
  consumeMessageBatchMaxSize: number;
  /** Messages of one pull, 1..1,024; 32. */
  pullBatchSize: number;
  /** Bytes of one pull; 262,144. */
  pullBatchSizeInBytes: number;
  /** Send the subscription with every pull; false. */
  postSubscriptionWhenPull: boolean;
  /** Redeliveries of a message before it goes to the DLQ; -1: 16, and without end when orderly. */
  maxReconsumeTimes: number;
  /** Orderly: pause after SUSPEND, 10..30,000; 1,000. */
  suspendCurrentQueueTimeMillis: number;
  /** MINUTES after which a message in the listener is given to another consumer; 15. */
  consumeTimeout: number;
  /** How often offsets are committed; 5,000. */
  persistConsumerOffsetInterval: number;
  /** How long a broker may hold a pull; 15,000. */
  brokerSuspendMaxTimeMillis: number;
  /** Deadline of a pull; 30,000. */
  consumerTimeoutMillisWhenSuspend: number;
  /** Pause after a failed pull; 1,000. */
  pullTimeDelayMillsWhenException: number;
  /**
   * True: members share the queues out themselves and pull them. False: brokers (5.x) share them out and say whether
   * to pull or to pop; not when orderly or broadcasting. Default true.
   */
  clientRebalance: boolean;
  /** Messages of one pop, 1..32; 32. */
  popBatchNums: number;
  /** How long a popped message belongs to us, 5,000..300,000; 60,000. */
  popInvisibleTime: number;
  /** No pop while more messages of a queue are neither acknowledged nor put off; 96. */
  popThresholdForQueue: number;
  /** Pause between rebalance rounds; 20,000. */
  rebalanceInterval: number;
  /** How long shutdown waits for calls of the listener; 10,000. Apache's default is 0. */
  awaitTerminationMillisWhenShutdown: number;
  /** Broadcasting: folder of the offset files; `~/.rocketmq_offsets`. */
  localOffsetStoreDir: string;
  unitMode: boolean;
}

export interface PushConsumerOptions extends ClientOptions, TraceOptions, Partial<PushConsumerSettings> {
  group: string;
  /** Share this instance, which its owner starts and shuts down, instead of making one. */
  instance?: MQClientInstance;
}

/** The settings with `consumeTimestamp` as a number. */
export type PushConsumerConfig = Readonly<Omit<PushConsumerSettings, 'consumeTimestamp'>> & {
  readonly consumeTimestamp: number;
};

const DEFAULTS: Omit<PushConsumerSettings, 'consumeTimestamp' | 'localOffsetStoreDir'> = {
  messageModel: 'CLUSTERING',
  consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
  allocateMessageQueueStrategy: allocateAveragely,
  consumeThreadMax: 20,
  consumeConcurrentlyMaxSpan: 2000,
  pullThresholdForQueue: 1000,
  pullThresholdSizeForQueue: 100,
  pullThresholdForTopic: -1,
  pullThresholdSizeForTopic: -1,
  pullInterval: 0,
  consumeMessageBatchMaxSize: 1,
  pullBatchSize: 32,
  pullBatchSizeInBytes: 256 * 1024,
  postSubscriptionWhenPull: false,
  maxReconsumeTimes: -1,
  suspendCurrentQueueTimeMillis: 1000,
  consumeTimeout: 15,
  persistConsumerOffsetInterval: 5000,
  brokerSuspendMaxTimeMillis: 15_000,
  consumerTimeoutMillisWhenSuspend: 30_000,
  pullTimeDelayMillsWhenException: 1000,
  clientRebalance: true,
  popBatchNums: 32,
  popInvisibleTime: 60_000,
  popThresholdForQueue: 96,
  rebalanceInterval: 20_000,
  awaitTerminationMillisWhenShutdown: 10_000,
  unitMode: false,
};

const RANGES: ReadonlyArray<readonly [keyof typeof DEFAULTS, number, number]> = [
  ['consumeThreadMax', 1, 1000],
  ['consumeConcurrentlyMaxSpan', 1, 65_535],
  ['pullThresholdForQueue', 1, 65_535],
  ['pullThresholdSizeForQueue', 1, 1024],
  ['pullInterval', 0, 65_535],
  ['consumeMessageBatchMaxSize', 1, 1024],
  ['pullBatchSize', 1, 1024],
  ['popBatchNums', 1, 32],
  ['popInvisibleTime', 5000, 300_000],
  ['popThresholdForQueue', 0, 0x7fffffff],
  ['rebalanceInterval', 1, 0x7fffffff],
];

const HALF_HOUR_MS = 30 * 60 * 1000;

/** @throws MQClientError for a bad group, a value out of range or a bad time stamp */
export function pushConsumerConfig(options: PushConsumerOptions, clock: Clock): PushConsumerConfig {
  validateGroup('consumerGroup', options.group, SystemGroup.DEFAULT_CONSUMER);
  const given = Object.fromEntries(
    Object.keys(DEFAULTS)
      .map((name) => [name, options[name as keyof typeof DEFAULTS]] as const)
      .filter(([, value]) => value !== undefined),
  );
  const config: PushConsumerConfig = {
    ...DEFAULTS,
    ...given,
    consumeTimestamp: parseConsumeTimestamp(options.consumeTimestamp ?? clock.now() - HALF_HOUR_MS),
    localOffsetStoreDir: options.localOffsetStoreDir ?? defaultOffsetStoreDir(),
  };
  for (const [name, min, max] of RANGES) validateRange(name, config[name] as number, min, max);
  if (config.pullThresholdForTopic !== -1) {
    validateRange('pullThresholdForTopic', config.pullThresholdForTopic, 1, 6_553_500);
  }
  if (config.pullThresholdSizeForTopic !== -1) {
    validateRange('pullThresholdSizeForTopic', config.pullThresholdSizeForTopic, 1, 102_400);
  }
  if (config.consumerTimeoutMillisWhenSuspend < config.brokerSuspendMaxTimeMillis) {
    throw new MQClientError('consumerTimeoutMillisWhenSuspend must not be less than brokerSuspendMaxTimeMillis');
  }
  return config;
}

/** ms since the epoch. @param value ms, or `yyyyMMddHHmmss` in local time */
export function parseConsumeTimestamp(value: number | string): number {
  if (typeof value === 'number') return value;
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(value)?.slice(1).map(Number);
  if (parts === undefined) {
    throw new MQClientError(`consumeTimestamp is invalid, the valid format is yyyyMMddHHmmss,but received ${value}`);
  }
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}

/** `yyyyMMddHHmmss` in local time. @param timestamp ms since the epoch */
export function consumeTimestampText(timestamp: number): string {
  const date = new Date(timestamp);
  const parts = [date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${date.getFullYear()}${parts.map((part) => String(part).padStart(2, '0')).join('')}`;
}

/** Redeliveries of a message before it is given up, when not orderly. */
export function maxReconsumeTimesOf({ maxReconsumeTimes }: Pick<PushConsumerConfig, 'maxReconsumeTimes'>): number {
  return maxReconsumeTimes === -1 ? 16 : maxReconsumeTimes;
}
