import { errorText } from '../base/errors.js';
import type { SubscriptionData } from '../protocol/bodies.js';
import type { MessageExt } from '../protocol/message.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import { ResponseCode } from '../protocol/response-code.js';
import { buildPullSysFlag } from '../protocol/sys-flag.js';
import { isRetryTopic } from '../protocol/topic-validator.js';
import type { PullResult } from './client-api.js';
import type { ConsumerStats } from './consume-stats.js';
import { isBrokerError } from './errors.js';
import type { MQClientInstance } from './mq-client-instance.js';
import type { OffsetStore } from './offset-store.js';
import type { ProcessQueue } from './process-queue.js';
import type { PullKernel } from './pull-kernel.js';
import type { PushConsumerConfig } from './push-consumer-config.js';
import { QueueLoop } from './queue-loop.js';

/** Pause while the cache is full. */
export const FLOW_CONTROL_DELAY_MS = 50;
/** Pause after the broker's own flow control (215). */
export const BROKER_FLOW_CONTROL_DELAY_MS = 20;
/** Pause while the consumer is suspended. */
export const SUSPEND_DELAY_MS = 1000;

/** Answers of a broker that has no heartbeat of ours, or only an old one. */
const UNKNOWN_TO_BROKER = [
  ResponseCode.SUBSCRIPTION_NOT_EXIST,
  ResponseCode.SUBSCRIPTION_NOT_LATEST,
  ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
];

/** Whether the broker has to hear of us before it can answer. */
export const isUnknownToBroker = (error: unknown): boolean =>
  UNKNOWN_TO_BROKER.some((code) => isBrokerError(error, code));

const BYTES_OF_MIB = 1024 * 1024;

/** What a pull loop needs of its consumer. */
export interface PullHost {
  readonly instance: MQClientInstance;
  readonly kernel: PullKernel;
  readonly offsetStore: OffsetStore;
  readonly stats: ConsumerStats;
  readonly config: PushConsumerConfig;
  readonly isOrderly: boolean;
  readonly isPaused: boolean;
  /** The thresholds as they are now: they change with the number of queues. */
  readonly thresholds: { readonly messages: number; readonly mib: number };
  subscription(topic: string): SubscriptionData | null;
  /** Reads the stored offset again, after the lock was gained. */
  initialOffset(mq: MessageQueue): Promise<number>;
  /** Hands over messages that are cached in `pq`. */
  submit(messages: readonly MessageExt[], pq: ProcessQueue, mq: MessageQueue): void;
  /** The broker knows no such offset: the queue is to be given up and taken again from `nextOffset`. */
  onOffsetIllegal(mq: MessageQueue, pq: ProcessQueue, nextOffset: number): void;
}

/**
 * Pulls one queue, one request at a time, until the queue is dropped.
 *
 * Source: client/impl/consumer/DefaultMQPushConsumerImpl.java#pullMessage
 */
export class PullLoop {
  readonly #host: PullHost;
  readonly #mq: MessageQueue;
  readonly #pq: ProcessQueue;
  readonly #loop: QueueLoop;
  #nextOffset: number;
  /** Failed pulls in a row. */
  #failures = 0;
  /** The stored offset was read after the lock was gained. */
  #wasLocked = false;

  constructor(host: PullHost, mq: MessageQueue, pq: ProcessQueue, nextOffset: number) {
    this.#host = host;
    this.#mq = mq;
    this.#pq = pq;
    this.#nextOffset = nextOffset;
    this.#loop = new QueueLoop(host.instance.clock, {
      step: (signal) => this.#step(signal),
      failed: (error) => this.#failed(error),
    });
  }

  start(delayMs: number): void {
    this.#loop.start(delayMs);
  }

  /** Ends the loop; a pull under way is given up. */
  stop(): void {
    this.#loop.stop();
  }

  /** One turn: checks, and a pull when they allow it. @returns ms to wait before the next turn, null to end */
  async #step(signal: AbortSignal): Promise<number | null> {
    const { config } = this.#host;
    const pq = this.#pq;
    if (pq.dropped) return null;
    pq.lastPullTimestamp = this.#host.instance.clock.now();
    if (this.#host.isPaused) return SUSPEND_DELAY_MS;
    if (this.#isCacheFull()) return FLOW_CONTROL_DELAY_MS;
    if (this.#host.isOrderly && config.messageModel === 'CLUSTERING' && !(await this.#isReadyToPullOrderly())) {
      return config.pullTimeDelayMillsWhenException;
    }
    const subscription = this.#host.subscription(this.#mq.topic);
    if (subscription === null) return config.pullTimeDelayMillsWhenException;
    const startMs = this.#host.instance.clock.monotonicMs();
    const result = await this.#pull(subscription, signal);
    if (pq.dropped || signal.aborted) return null;
    return this.#handle(result, this.#host.instance.clock.monotonicMs() - startMs);
  }

  #isCacheFull(): boolean {
    const { thresholds, config, isOrderly } = this.#host;
    const pq = this.#pq;
    if (pq.messageCount > thresholds.messages) return true;
    if (Math.floor(pq.bodyBytes / BYTES_OF_MIB) > thresholds.mib) return true;
    return !isOrderly && pq.span > config.consumeConcurrentlyMaxSpan;
  }

  /** Before the first pull under a lock the stored offset is read again: the former owner may have moved it. */
  async #isReadyToPullOrderly(): Promise<boolean> {
    if (!this.#pq.locked) return false;
    if (!this.#wasLocked) {
      this.#nextOffset = await this.#host.initialOffset(this.#mq);
      this.#wasLocked = true;
    }
    return true;
  }

  #pull(subscription: SubscriptionData, signal: AbortSignal): Promise<PullResult> {
    const { config, offsetStore, kernel } = this.#host;
    const consumed = config.messageModel === 'CLUSTERING' ? (offsetStore.table.toCommit(this.#mq) ?? 0) : 0;
    const subExpression = config.postSubscriptionWhenPull ? subscription.subString : null;
    const query = {
      subscription,
      subExpression,
      subVersion: subscription.subVersion,
      queueOffset: this.#nextOffset,
      maxMsgNums: config.pullBatchSize,
      maxMsgBytes: config.pullBatchSizeInBytes,
      sysFlag: buildPullSysFlag({ commitOffset: consumed > 0, suspend: true, subscription: subExpression !== null }),
      commitOffset: consumed,
      suspendTimeoutMillis: config.brokerSuspendMaxTimeMillis,
      timeoutMs: config.consumerTimeoutMillisWhenSuspend,
    };
    return kernel.pull(this.#mq, query, signal);
  }

  #handle(result: PullResult, rtMs: number): number | null {
    this.#nextOffset = result.nextBeginOffset;
    this.#failures = 0;
    switch (result.status) {
      case 'FOUND': {
        if (result.messages.length === 0) {
          this.#correctOffset();
          return 0;
        }
        this.#host.stats.of(this.#mq.topic).pulled(rtMs, result.messages.length);
        this.#pq.put(result.messages);
        this.#host.submit(result.messages, this.#pq, this.#mq);
        return this.#host.config.pullInterval;
      }
      case 'NO_NEW_MSG':
      case 'NO_MATCHED_MSG':
        this.#correctOffset();
        return 0;
      case 'OFFSET_ILLEGAL':
        this.#host.instance.logger.warn({ ...this.#mq, ...result, messages: undefined }, 'the pull offset is illegal');
        this.#pq.drop();
        this.#host.onOffsetIllegal(this.#mq, this.#pq, result.nextBeginOffset);
        return null;
    }
  }

  /** With nothing in hand, what was filtered out counts as consumed. Source: #correctTagsOffset */
  #correctOffset(): void {
    if (this.#pq.messageCount === 0) this.#host.offsetStore.table.update(this.#mq, this.#nextOffset, true);
  }

  /** @returns ms to wait before the next turn */
  #failed(error: unknown): number {
    const { instance, config } = this.#host;
    const fields = { ...this.#mq, cause: errorText(error) };
    // A broker that is away fails every queue every second: once a minute is enough to say so.
    if (this.#failures % 60 === 0 && !isRetryTopic(this.#mq.topic)) instance.logger.warn(fields, 'pull failed');
    else instance.logger.debug(fields, 'pull failed');
    this.#failures += 1;
    // A broker that was restarted does not know us before the next heartbeat, which may be 30 s away.
    if (isUnknownToBroker(error)) instance.sendHeartbeatToAllBrokers().catch(() => {});
    const isFlowControl = isBrokerError(error, ResponseCode.FLOW_CONTROL);
    return isFlowControl ? BROKER_FLOW_CONTROL_DELAY_MS : config.pullTimeDelayMillsWhenException;
  }
}
