import { errorText } from '../base/errors.js';
import type { SubscriptionData } from '../protocol/bodies.js';
import { tagMatches } from '../protocol/filter.js';
import { type MessageExt, messageTags } from '../protocol/message.js';
import { type MessageQueue, messageQueueKey } from '../protocol/message-queue.js';
import { ResponseCode } from '../protocol/response-code.js';
import type { ConsumerStats } from './consume-stats.js';
import { isBrokerError } from './errors.js';
import type { MQClientInstance } from './mq-client-instance.js';
import type { PopKernel } from './pop-kernel.js';
import { PopProcessQueue } from './pop-process-queue.js';
import {
  BROKER_FLOW_CONTROL_DELAY_MS,
  FLOW_CONTROL_DELAY_MS,
  isUnknownToBroker,
  SUSPEND_DELAY_MS,
} from './pull-loop.js';
import { maxReconsumeTimesOf, type PushConsumerConfig } from './push-consumer-config.js';
import { QueueLoop } from './queue-loop.js';

/** Pause before the first pop of a queue. */
const FIRST_POP_DELAY_MS = 500;
/** Where a group without an offset begins. Source: common/constant/ConsumeInitMode.java */
const ConsumeInitMode = { MIN: 0, MAX: 1 } as const;

/** What popping needs of its consumer. */
export interface PopHost {
  readonly group: string;
  readonly instance: MQClientInstance;
  readonly kernel: PopKernel;
  readonly stats: ConsumerStats;
  readonly config: PushConsumerConfig;
  readonly isPaused: boolean;
  subscription(topic: string): SubscriptionData | null;
  /** Hands over messages that `pq` counts. */
  submit(messages: readonly MessageExt[], pq: PopProcessQueue, mq: MessageQueue): void;
}

export interface PoppedQueue {
  readonly mq: MessageQueue;
  readonly pq: PopProcessQueue;
}

/**
 * The queues that a consumer pops, each by a loop of long polls.
 *
 * Source: client/impl/consumer/RebalanceImpl.java#updateMessageQueueAssignment, DefaultMQPushConsumerImpl.java#popMessage
 */
export class PopQueues {
  readonly #host: PopHost;
  readonly #held = new Map<string, PoppedQueue & { readonly loop: QueueLoop }>();

  constructor(host: PopHost) {
    this.#host = host;
  }

  /** The queues that are popped now. */
  list(): PoppedQueue[] {
    return [...this.#held.values()];
  }

  /** Makes `wanted` the queues of a topic. @returns whether that changed anything */
  update(topic: string, wanted: readonly MessageQueue[]): boolean {
    const keys = new Set(wanted.map(messageQueueKey));
    let isChanged = false;
    for (const [key, { mq, pq }] of [...this.#held]) {
      if (mq.topic !== topic || (keys.has(key) && !pq.isPopExpired)) continue;
      this.#release(key);
      isChanged = true;
    }
    for (const mq of wanted) {
      const key = messageQueueKey(mq);
      if (this.#held.has(key)) continue;
      const pq = new PopProcessQueue(this.#host.instance.clock);
      const loop = this.#newLoop(mq, pq);
      this.#held.set(key, { mq, pq, loop });
      this.#host.instance.logger.info({ group: this.#host.group, ...mq }, 'the queue is popped by us');
      loop.start(FIRST_POP_DELAY_MS);
      isChanged = true;
    }
    return isChanged;
  }

  /** Gives up all queues of topics that are not subscribed. */
  keepTopics(isSubscribed: (topic: string) => boolean): void {
    for (const [key, { mq }] of [...this.#held]) if (!isSubscribed(mq.topic)) this.#release(key);
  }

  /** Pops no more. What is in hand may still be settled. */
  stop(): void {
    for (const { loop } of this.#held.values()) loop.stop();
  }

  /** Gives up everything. */
  clear(): void {
    for (const key of [...this.#held.keys()]) this.#release(key);
  }

  #release(key: string): void {
    const held = this.#held.get(key);
    held?.loop.stop();
    held?.pq.drop();
    this.#held.delete(key);
  }

  #newLoop(mq: MessageQueue, pq: PopProcessQueue): QueueLoop {
    let failures = 0;
    const { instance, config } = this.#host;
    return new QueueLoop(instance.clock, {
      step: async (signal) => {
        const delayMs = await this.#step(mq, pq, signal);
        failures = 0;
        return delayMs;
      },
      failed: (error) => {
        const fields = { group: this.#host.group, ...mq, cause: errorText(error) };
        // A broker that is away fails every queue every second: once a minute is enough to say so.
        if (failures % 60 === 0) instance.logger.warn(fields, 'pop failed');
        failures += 1;
        if (isUnknownToBroker(error)) instance.sendHeartbeatToAllBrokers().catch(() => {});
        const isFlowControl = isBrokerError(error, ResponseCode.FLOW_CONTROL);
        return isFlowControl ? BROKER_FLOW_CONTROL_DELAY_MS : config.pullTimeDelayMillsWhenException;
      },
    });
  }

  /** @returns ms to wait before the next turn, null to end */
  async #step(mq: MessageQueue, pq: PopProcessQueue, signal: AbortSignal): Promise<number | null> {
    const { instance, config, stats, kernel } = this.#host;
    if (pq.dropped) return null;
    pq.lastPopTimestamp = instance.clock.now();
    if (this.#host.isPaused) return SUSPEND_DELAY_MS;
    if (pq.waitAckCount > config.popThresholdForQueue) return FLOW_CONTROL_DELAY_MS;
    const subscription = this.#host.subscription(mq.topic);
    if (subscription === null) return config.pullTimeDelayMillsWhenException;
    const startMs = instance.clock.monotonicMs();
    const query = {
      maxMsgNums: config.popBatchNums,
      invisibleTime: config.popInvisibleTime,
      pollTime: config.brokerSuspendMaxTimeMillis,
      initMode: config.consumeFromWhere === 'CONSUME_FROM_FIRST_OFFSET' ? ConsumeInitMode.MIN : ConsumeInitMode.MAX,
      expressionType: subscription.expressionType,
      expression: subscription.subString,
    };
    const { status, messages } = await kernel.pop(mq, query, signal);
    if (pq.dropped || signal.aborted) return null;
    if (status === 'POLLING_FULL') return config.pullTimeDelayMillsWhenException;
    const taken = this.#takenOf(messages, subscription);
    if (taken.length === 0) return 0;
    stats.of(mq.topic).pulled(instance.clock.monotonicMs() - startMs, taken.length);
    pq.found(taken.length);
    this.#host.submit(taken, pq, mq);
    return config.pullInterval;
  }

  /** Messages to consume; the others are acknowledged at once. Source: #processPopResult */
  #takenOf(messages: readonly MessageExt[], subscription: SubscriptionData): MessageExt[] {
    const maxReconsumeTimes = maxReconsumeTimesOf(this.#host.config);
    const taken: MessageExt[] = [];
    for (const message of messages) {
      const isOurs = tagMatches(subscription, messageTags(message)) && message.reconsumeTimes <= maxReconsumeTimes;
      if (isOurs) taken.push(message);
      else void this.#host.kernel.ack(message);
    }
    return taken;
  }
}
