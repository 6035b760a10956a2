import { errorText } from '../base/errors.js';
import type { ConsumeMessageDirectlyResult } from '../protocol/bodies.js';
import type { MessageExt } from '../protocol/message.js';
import { MessageProperty } from '../protocol/message-property.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import { retryTopic } from '../protocol/topic-validator.js';
import type { ConsumerStats } from './consume-stats.js';
import type { ListenerOutcome } from './consume-trace.js';
import type { MQClientInstance } from './mq-client-instance.js';
import type { OffsetStore } from './offset-store.js';
import type { ProcessQueue } from './process-queue.js';
import type { PushConsumerConfig } from './push-consumer-config.js';

/** Hands pulled messages to the listener and settles them. */
export interface ConsumeService {
  start(): void;
  /** New messages were cached in `pq`. */
  submit(messages: readonly MessageExt[], pq: ProcessQueue, mq: MessageQueue): void;
  /** One message, now, without touching offsets (309). */
  consumeDirectly(message: MessageExt, brokerName: string | null): Promise<ConsumeMessageDirectlyResult>;
  /** Begins no more calls of the listener, and waits for those under way up to `awaitMs`. */
  shutdown(awaitMs: number): Promise<void>;
}

/** What a consume service needs of its consumer. */
export interface ConsumeHost {
  readonly group: string;
  readonly config: PushConsumerConfig;
  readonly instance: MQClientInstance;
  readonly offsetStore: OffsetStore;
  readonly stats: ConsumerStats;
  /** Queues held now. */
  queues(): Iterable<{ mq: MessageQueue; pq: ProcessQueue }>;
  /** Has a message delivered again later (36). @throws when neither the broker nor a new message could do it */
  sendMessageBack(message: MessageExt, delayLevel: number): Promise<void>;
  /** Sends a message to the group's retry topic as a new one. */
  sendToRetryTopic(message: MessageExt, maxReconsumeTimes: number): Promise<void>;
  /** Asks the broker for the lock of a queue. */
  lock(mq: MessageQueue): Promise<boolean>;
  /** Records a call of the listener, before it and by the result after it; null without tracing. */
  readonly trace: ((messages: readonly MessageExt[]) => (outcome: ListenerOutcome) => void) | null;
  /** Renews the locks of all queues. */
  lockAll(): Promise<void>;
}

/**
 * A message out of the retry topic gets the topic back that it was sent to, and all lose the namespace.
 *
 * Source: #resetRetryAndNamespace
 */
export function restoreTopics(messages: readonly MessageExt[], { group, instance }: ConsumeHost): void {
  for (const message of messages) {
    const original = message.properties.get(MessageProperty.RETRY_TOPIC);
    if (original !== undefined && message.topic === retryTopic(group)) message.topic = original;
    message.topic = instance.namespace.strip(message.topic);
  }
}

/** Runs a listener for CONSUME_MESSAGE_DIRECTLY and puts what happened into words. */
export async function consumeDirectly<S extends string>(
  instance: MQClientInstance,
  order: boolean,
  results: Readonly<Record<S, ConsumeMessageDirectlyResult['consumeResult']>>,
  run: () => S | null | Promise<S | null>,
): Promise<ConsumeMessageDirectlyResult> {
  const startMs = instance.clock.monotonicMs();
  const result: ConsumeMessageDirectlyResult = { order, autoCommit: true, consumeResult: null, spentTimeMills: 0 };
  try {
    const status = await run();
    result.consumeResult = status ? results[status] : 'CR_RETURN_NULL';
  } catch (error) {
    result.consumeResult = 'CR_THROW_EXCEPTION';
    result.remark = errorText(error);
  }
  result.spentTimeMills = Math.round(instance.clock.monotonicMs() - startMs);
  return result;
}
