import type { SubscriptionData } from '../protocol/bodies.js';
import { isTagType, tagMatches } from '../protocol/filter.js';
import { type MessageExt, messageTags } from '../protocol/message.js';
import { MessageProperty } from '../protocol/message-property.js';
import { type MessageQueue, messageQueueKey } from '../protocol/message-queue.js';
import { MQVersion, versionDesc } from '../protocol/mq-version.js';
import { PullSysFlag } from '../protocol/sys-flag.js';
import type { PullResult } from './client-api.js';
import { MQClientError } from './errors.js';
import type { MQClientInstance } from './mq-client-instance.js';
import { MASTER_ID } from './route.js';

export interface PullQuery {
  readonly subscription: SubscriptionData;
  /** Travels with the pull; null when the broker has it from the heartbeat. */
  readonly subExpression: string | null;
  readonly subVersion: number;
  readonly queueOffset: number;
  readonly maxMsgNums: number;
  /** Bytes; undefined: the broker's own bound. */
  readonly maxMsgBytes?: number;
  /** PullSysFlag bits. */
  readonly sysFlag: number;
  /** Queue offset that the broker stores when sysFlag says so. */
  readonly commitOffset: number;
  /** How long the broker may hold the request, ms. */
  readonly suspendTimeoutMillis: number;
  /** Deadline of the call, ms. */
  readonly timeoutMs: number;
}

/**
 * Pulls of one consumer group: chooses master or slave as the broker last suggested for the queue, and checks
 * tags exactly, where the broker compares hashes.
 *
 * Source: client/impl/consumer/PullAPIWrapper.java
 */
export class PullKernel {
  readonly #instance: MQClientInstance;
  readonly #group: string;
  readonly #brokerIds = new Map<string, number>();

  constructor(instance: MQClientInstance, group: string) {
    this.#instance = instance;
    this.#group = group;
  }

  /** Forgets what was suggested for a queue. */
  forget(mq: MessageQueue): void {
    this.#brokerIds.delete(messageQueueKey(mq));
  }

  /**
   * @returns messages that match, with brokerName and the properties MIN_OFFSET and MAX_OFFSET set; their number
   *   may be 0 also when FOUND
   * @throws MQBrokerError, MQClientError without a broker, remoting errors, the signal's reason
   */
  async pull(mq: MessageQueue, query: PullQuery, signal: AbortSignal): Promise<PullResult> {
    const brokerId = this.#brokerIds.get(messageQueueKey(mq)) ?? MASTER_ID;
    const broker = await this.#instance.findOrFetchBroker(mq, brokerId, false);
    const { expressionType } = query.subscription;
    if (!isTagType(expressionType) && broker.version > 0 && broker.version < MQVersion.V4_1_0_SNAPSHOT) {
      throw new MQClientError(
        `The broker[${mq.brokerName}, ${versionDesc(broker.version)}] does not upgrade to support for filter message by ${expressionType}`,
      );
    }
    const result = await this.#instance.api.pullMessage(
      broker.addr,
      {
        consumerGroup: this.#group,
        topic: mq.topic,
        queueId: mq.queueId,
        queueOffset: query.queueOffset,
        maxMsgNums: query.maxMsgNums,
        maxMsgBytes: query.maxMsgBytes ?? 0x7fffffff,
        sysFlag: broker.slave ? query.sysFlag & ~PullSysFlag.COMMIT_OFFSET : query.sysFlag,
        commitOffset: query.commitOffset,
        suspendTimeoutMillis: query.suspendTimeoutMillis,
        subscription: query.subExpression ?? undefined,
        subVersion: query.subVersion,
        expressionType,
        bname: mq.brokerName,
      },
      { timeoutMs: query.timeoutMs, signal },
    );
    this.#brokerIds.set(messageQueueKey(mq), result.suggestWhichBrokerId);
    const messages = result.messages.filter((message) => tagMatches(query.subscription, messageTags(message)));
    for (const message of messages) complete(message, mq, result);
    return { ...result, messages };
  }
}

function complete(message: MessageExt, mq: MessageQueue, result: PullResult): void {
  message.brokerName = mq.brokerName;
  message.queueId = mq.queueId;
  message.properties.set(MessageProperty.MIN_OFFSET, String(result.minOffset));
  message.properties.set(MessageProperty.MAX_OFFSET, String(result.maxOffset));
}
