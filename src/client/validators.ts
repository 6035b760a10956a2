/**
 * What the client refuses before it asks a broker.
 *
 * Source: client/Validators.java
 */
import type { Message } from '../protocol/message.js';
import { ResponseCode } from '../protocol/response-code.js';
import {
  checkGroupName,
  checkTopicName,
  isNotAllowedSendTopic,
  TOPIC_MAX_LENGTH,
} from '../protocol/topic-validator.js';
import { MQClientError } from './errors.js';

/** @throws MQClientError for a blank, too long or illegal topic name; retry topics are bound to 127 characters too */
export function validateTopic(topic: string): void {
  const problem = checkTopicName(topic);
  if (problem !== null) throw new MQClientError(problem);
  if (topic.length > TOPIC_MAX_LENGTH) {
    throw new MQClientError(`The specified topic is longer than topic max length ${TOPIC_MAX_LENGTH}.`);
  }
}

/** @throws MQClientError for a bad name or the reserved default group */
export function validateGroup(kind: 'producerGroup' | 'consumerGroup', group: string, reserved: string): void {
  const problem = checkGroupName(group);
  if (problem !== null) throw new MQClientError(problem);
  if (group === reserved) {
    throw new MQClientError(`${kind} can not equal ${reserved}, please specify another one.`);
  }
}

/** @throws MQClientError (13) for a body that is empty or over `maxMessageSize` bytes; as validateTopic for the topic */
export function validateMessage(message: Message, maxMessageSize: number): void {
  validateTopic(message.topic);
  if (isNotAllowedSendTopic(message.topic)) {
    throw new MQClientError(`Sending message to topic[${message.topic}] is forbidden.`);
  }
  const illegal = (text: string) => new MQClientError(text, { responseCode: ResponseCode.MESSAGE_ILLEGAL });
  if (message.body.length === 0) throw illegal('the message body length is zero');
  if (message.body.length > maxMessageSize) {
    throw illegal(`the message body size over max value, MAX: ${maxMessageSize}`);
  }
}

/** @throws MQClientError unless `value` is an integer in [min, max] */
export function validateRange(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new MQClientError(`${name} Out of range [${min}, ${max}]`);
  }
}
