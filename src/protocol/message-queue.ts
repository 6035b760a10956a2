import { bean, int32, type JsonOf, text } from './bodies/schema.js';
import { javaHashCode } from './java-hash.js';

/** Codec of a queue's identity, both as a value and as the key of a map. */
export const messageQueueType = bean('MessageQueue', {
  topic: text(),
  brokerName: text(),
  /** Index of the queue within its topic on that broker; -1 in a pop assignment means all of them. */
  queueId: int32(),
});

/**
 * Identity of a queue; equality is over all three.
 *
 * Source: common/.../message/MessageQueue.java
 */
export interface MessageQueue extends JsonOf<typeof messageQueueType> {}

/** True if both name the same queue. */
export function sameMessageQueue(a: MessageQueue, b: MessageQueue): boolean {
  return a.queueId === b.queueId && a.brokerName === b.brokerName && a.topic === b.topic;
}

/** A text that is equal for equal queues and for no others: a key for Map and Set. */
export function messageQueueKey(mq: MessageQueue): string {
  return `${mq.queueId},${mq.topic.length},${mq.topic}${mq.brokerName}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Order of queues in every list that is sorted before it is shared out: topic, broker, queueId (Java's compareTo). */
export function compareMessageQueue(a: MessageQueue, b: MessageQueue): number {
  return compareText(a.topic, b.topic) || compareText(a.brokerName, b.brokerName) || a.queueId - b.queueId;
}

/** Java's hashCode of it, an int32: decides the order in sets. */
export function messageQueueHash({ brokerName, queueId, topic }: MessageQueue): number {
  const ofBroker = (31 + javaHashCode(brokerName)) | 0;
  const ofQueue = (Math.imul(31, ofBroker) + queueId) | 0;
  return (Math.imul(31, ofQueue) + javaHashCode(topic)) | 0;
}
