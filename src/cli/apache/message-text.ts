import { hostText } from '../../protocol/host-address.js';
import type { MessageExt } from '../../protocol/message.js';
import { javaHashMap } from './java-text.js';

/** Source: common/message/MessageQueue.java#toString */
export function messageQueueText(mq: { topic: string; brokerName: string | null; queueId: number }): string {
  return `MessageQueue [topic=${mq.topic}, brokerName=${mq.brokerName}, queueId=${mq.queueId}]`;
}

/**
 * A message as Java's client prints it.
 *
 * @param bounds of its queue, which a pull adds to the properties; null leaves them out
 * @param withBody false for a message that was decoded without its body
 * Source: common/message/MessageExt.java#toString, Message.java#toString
 */
export function messageText(
  message: MessageExt,
  bounds: { readonly minOffset: number; readonly maxOffset: number } | null,
  withBody = true,
): string {
  const properties = new Map(message.properties);
  const isPrepared = properties.get('TRAN_MSG') === 'true';
  if (bounds !== null) {
    properties.set('MIN_OFFSET', String(bounds.minOffset));
    properties.set('MAX_OFFSET', String(bounds.maxOffset));
  }
  const body = withBody ? `[${[...new Int8Array(message.body)].join(', ')}]` : 'null';
  const transactionId = bounds !== null && isPrepared ? (properties.get('UNIQ_KEY') ?? 'null') : 'null';
  const base =
    `Message{topic='${message.topic}', flag=${message.flag}, properties=${javaHashMap(properties)}, body=${body}, ` +
    `transactionId='${transactionId}'}`;
  return (
    `MessageExt [brokerName=${message.brokerName}, queueId=${message.queueId}, storeSize=${message.storeSize}, ` +
    `queueOffset=${message.queueOffset}, sysFlag=${message.sysFlag}, bornTimestamp=${message.bornTimestamp}, ` +
    `bornHost=/${hostText(message.bornHost)}, storeTimestamp=${message.storeTimestamp}, ` +
    `storeHost=/${hostText(message.storeHost)}, msgId=${message.offsetMsgId}, ` +
    `commitLogOffset=${message.physicalOffset}, bodyCRC=${message.bodyCRC}, reconsumeTimes=${message.reconsumeTimes}, ` +
    `preparedTransactionOffset=${message.preparedTransactionOffset}, toString()=${base}]`
  );
}
