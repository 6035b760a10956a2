import { errorText } from '../base/errors.js';
import { hostText } from '../protocol/host-address.js';
import { type Message, type MessageExt, messageTags } from '../protocol/message.js';
import { MessageProperty } from '../protocol/message-property.js';
import { retryTopic, SystemGroup } from '../protocol/topic-validator.js';
import { MQClientError } from './errors.js';
import type { MQClientInstance } from './mq-client-instance.js';
import { Producer } from './producer.js';

const SEND_BACK_TIMEOUT_MS = 5000;

/**
 * Has messages delivered again: by the broker that holds them, else as new messages to the group's retry topic.
 *
 * Source: client/impl/consumer/DefaultMQPushConsumerImpl.java#sendMessageBack, #sendMessageBackAsNormalMessage
 */
export class RetrySender {
  readonly #instance: MQClientInstance;
  readonly #group: string;
  #producer: Promise<Producer> | null = null;

  constructor(instance: MQClientInstance, group: string) {
    this.#instance = instance;
    this.#group = group;
  }

  /** @throws when neither way worked */
  async sendBack(message: MessageExt, delayLevel: number, maxReconsumeTimes: number): Promise<void> {
    try {
      const addr =
        message.brokerName === null
          ? hostText(message.storeHost)
          : this.#instance.findBrokerAddressInPublish(message.brokerName);
      if (addr === null) throw new MQClientError(`Broker[${message.brokerName}] master node does not exist`);
      await this.#instance.api.consumerSendMessageBack(
        addr,
        {
          group: this.#group,
          originTopic: this.#instance.namespace.wrap(message.topic),
          offset: message.physicalOffset,
          delayLevel,
          originMsgId: message.msgId,
          maxReconsumeTimes,
          bname: message.brokerName ?? undefined,
        },
        { timeoutMs: SEND_BACK_TIMEOUT_MS, signal: this.#instance.signal },
      );
    } catch (error) {
      if (this.#instance.signal.aborted) throw error;
      const fields = { group: this.#group, msgId: message.msgId, tags: messageTags(message), cause: errorText(error) };
      this.#instance.logger.warn(fields, 'the broker did not take a message back: sent as a new one');
      await this.sendToRetryTopic(message, maxReconsumeTimes);
    }
  }

  /** @throws as Producer.send */
  async sendToRetryTopic(message: MessageExt, maxReconsumeTimes: number): Promise<void> {
    this.#producer ??= this.#startProducer().catch((error: unknown) => {
      this.#producer = null;
      throw error;
    });
    const producer = await this.#producer;
    await producer.send(
      retryMessage(message, this.#instance.namespace.wrap(message.topic), this.#group, maxReconsumeTimes),
    );
  }

  async shutdown(): Promise<void> {
    const producer = await this.#producer?.catch(() => null);
    await producer?.shutdown();
  }

  /** Several consumers may share the instance: each has its own, by group. */
  async #startProducer(): Promise<Producer> {
    const group = `${SystemGroup.CLIENT_INNER_PRODUCER}-${this.#group}`.slice(0, 120);
    const producer = new Producer({ group, instance: this.#instance });
    await producer.start();
    return producer;
  }
}

/** The same message for the retry topic, one delivery further. */
function retryMessage(message: MessageExt, topic: string, group: string, maxReconsumeTimes: number): Message {
  const properties = new Map(message.properties);
  properties.set(MessageProperty.ORIGIN_MESSAGE_ID, properties.get(MessageProperty.ORIGIN_MESSAGE_ID) || message.msgId);
  properties.set(MessageProperty.RETRY_TOPIC, topic);
  properties.set(MessageProperty.RECONSUME_TIME, String(message.reconsumeTimes + 1));
  properties.set(MessageProperty.MAX_RECONSUME_TIMES, String(maxReconsumeTimes));
  properties.delete(MessageProperty.TRANSACTION_PREPARED);
  properties.set(MessageProperty.DELAY_TIME_LEVEL, String(3 + message.reconsumeTimes));
  return { topic: retryTopic(group), flag: message.flag, properties, body: message.body };
}
