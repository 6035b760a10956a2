/**
 * What an MQClientInstance knows of the producers and consumers that share it.
 *
 * Source: client/impl/producer/MQProducerInner.java, client/impl/consumer/MQConsumerInner.java
 */
import type {
  ConsumeMessageDirectlyResult,
  ConsumerData,
  ConsumerRunningInfo,
  QueueOffset,
} from '../protocol/bodies.js';
import type { HeaderOf } from '../protocol/header-schema.js';
import type { CheckTransactionStateRequestHeader } from '../protocol/headers.js';
import type { MessageExt } from '../protocol/message.js';

export interface ProducerMember {
  readonly producerGroup: string;
  /** Topics whose routes are kept fresh. */
  publishTopics(): Iterable<string>;
  /** A broker asks how a transaction ended (39). Answers by itself; never throws. */
  checkTransactionState(
    brokerAddr: string,
    message: MessageExt,
    header: HeaderOf<typeof CheckTransactionStateRequestHeader>,
  ): void;
  /** A reply for one of this client's requests (326). @returns false when nobody of this producer waits for it */
  onReply(message: MessageExt): boolean;
}

export interface ConsumerMember {
  readonly consumerGroup: string;
  /** What the heartbeat tells. */
  consumerData(): ConsumerData;
  /** Topics whose routes are kept fresh. */
  subscribedTopics(): Iterable<string>;
  /** A route has changed. */
  onRouteChanged(topic: string): void;
  /** Members of the group have come or gone (40). */
  onConsumerIdsChanged(): void;
  /** 220: go on at these offsets. */
  resetOffset(topic: string, offsets: readonly QueueOffset[]): Promise<void>;
  /** 221 */
  offsets(topic: string): QueueOffset[];
  /** 307 */
  runningInfo(withStacks: boolean): Promise<ConsumerRunningInfo>;
  /** 309; null from a consumer that has no listener. */
  consumeMessageDirectly(message: MessageExt, brokerName: string | null): Promise<ConsumeMessageDirectlyResult | null>;
}
