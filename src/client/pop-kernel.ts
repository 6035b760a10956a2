import { errorText } from '../base/errors.js';
import type { MessageExt } from '../protocol/message.js';
import { MessageProperty } from '../protocol/message-property.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import { parsePopHandle, popRealTopic } from '../protocol/pop-handle.js';
import type { PopResult } from './client-api.js';
import type { MQClientInstance } from './mq-client-instance.js';
import { MASTER_ID } from './route.js';

/** Deadline of acknowledgements. Source: DefaultMQPushConsumerImpl.java#ASYNC_TIMEOUT */
const ASYNC_TIMEOUT_MS = 3000;
/** A pop is waited for this much longer than the broker may hold it. Source: MQClientAPIImpl.java#popMessageAsync */
const POP_MARGIN_MS = 10_000;

export interface PopQuery {
  readonly maxMsgNums: number;
  /** ms. */
  readonly invisibleTime: number;
  /** How long the broker may hold the request, ms. */
  readonly pollTime: number;
  /** Where a group without an offset begins: ConsumeInitMode. */
  readonly initMode: number;
  readonly expressionType: string;
  readonly expression: string;
}

/**
 * Pops of one consumer group, always at the master, and what becomes of the messages.
 *
 * Source: client/impl/consumer/PullAPIWrapper.java#popAsync, DefaultMQPushConsumerImpl.java#ackAsync
 */
export class PopKernel {
  readonly #instance: MQClientInstance;
  readonly #group: string;

  constructor(instance: MQClientInstance, group: string) {
    this.#instance = instance;
    this.#group = group;
  }

  /** @throws MQBrokerError, MQClientError without a broker, remoting errors, the signal's reason */
  async pop(mq: MessageQueue, query: PopQuery, signal: AbortSignal): Promise<PopResult> {
    const { addr } = await this.#instance.findOrFetchBroker(mq, MASTER_ID, true);
    return this.#instance.api.popMessage(
      addr,
      mq.brokerName,
      {
        consumerGroup: this.#group,
        topic: mq.topic,
        queueId: mq.queueId,
        maxMsgNums: query.maxMsgNums,
        invisibleTime: query.invisibleTime,
        pollTime: query.pollTime,
        bornTime: this.#instance.clock.now(),
        initMode: query.initMode,
        expType: query.expressionType,
        exp: query.expression,
        order: false,
        bname: mq.brokerName,
      },
      { timeoutMs: query.pollTime + POP_MARGIN_MS, signal },
    );
  }

  /** Tells the broker that a message is done. A failure is logged: the message then comes again. */
  ack(message: MessageExt): Promise<void> {
    return this.#settle('acknowledge a popped message', message, async (addr, target) => {
      await this.#instance.api.ackMessage(addr, target, { timeoutMs: ASYNC_TIMEOUT_MS, signal: this.#instance.signal });
    });
  }

  /** Has the message come again after `invisibleTime` ms. A failure is logged: it then comes when its time is up. */
  changeInvisibleTime(message: MessageExt, invisibleTime: number): Promise<void> {
    return this.#settle('put off a popped message', message, async (addr, target) => {
      const options = { timeoutMs: ASYNC_TIMEOUT_MS, signal: this.#instance.signal };
      await this.#instance.api.changeInvisibleTime(addr, { ...target, invisibleTime }, options);
    });
  }

  async #settle(what: string, message: MessageExt, call: (addr: string, target: Target) => Promise<void>) {
    const wireTopic = this.#instance.namespace.wrap(message.topic);
    const extraInfo = message.properties.get(MessageProperty.POP_CK) ?? '';
    try {
      const { brokerName, queueId, queueOffset, retry } = parsePopHandle(extraInfo);
      const { addr } = await this.#instance.findOrFetchBroker(
        { topic: wireTopic, brokerName, queueId },
        MASTER_ID,
        true,
      );
      await call(addr, {
        consumerGroup: this.#group,
        topic: popRealTopic(wireTopic, this.#group, retry),
        queueId,
        extraInfo,
        offset: queueOffset ?? message.queueOffset,
        bname: brokerName,
      });
    } catch (error) {
      const { logger, signal } = this.#instance;
      if (signal.aborted) return;
      logger.warn(
        { group: this.#group, msgId: message.msgId, extraInfo, cause: errorText(error) },
        `could not ${what}`,
      );
    }
  }
}

/** What an acknowledgement and a new time name a message by. */
interface Target {
  consumerGroup: string;
  topic: string;
  queueId: number;
  extraInfo: string;
  /** Queue offset. */
  offset: number;
  bname: string;
}
