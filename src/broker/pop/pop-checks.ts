/**
 * The checks in front of pops, peeks and notifications, in Apache's order.
 *
 * Source: broker/processor/PopMessageProcessor.java, NotificationProcessor.java, PollingInfoProcessor.java,
 * PeekMessageProcessor.java (#processRequest of each), AckMessageProcessor.java, ChangeInvisibleTimeProcessor.java.
 */
import type { ExtFields } from '../../protocol/header-schema.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { isReadable, type TopicConfig } from '../../protocol/topic-config.js';
import type { BrokerContext } from '../context.js';
import { FAQ } from '../remark.js';

/** What all of them name. */
export interface PopTarget {
  consumerGroup: string;
  topic: string;
  /** -1: every queue. */
  queueId: number;
}

/** An answer without looking at the queue. */
export interface PopRefusal {
  code: number;
  remark: string;
}

/** What stands in the remark of answers to which Apache gives none. (RemotingCommand#createResponseCommand) */
export const NO_REMARK = 'not set any response code';

/** Answers with a refusal. @param extFields the answer's header, as Apache sends it along */
export function refuse(
  request: RemotingCommand,
  { code, remark }: PopRefusal,
  extFields: ExtFields | null = null,
): RemotingCommand {
  return createResponse(request, code, remark, extFields && { ...extFields });
}

/** Whether the broker may be read at all. @param doing `pop` or `peeking`, for the remark */
export function checkBrokerReadable({ config }: BrokerContext, doing: string): PopRefusal | null {
  if (isReadable(config.brokerPermission)) return null;
  const remark = `the broker[${config.brokerIP1}] ${doing} message is forbidden`;
  return { code: ResponseCode.NO_PERMISSION, remark };
}

function queueRefusal(target: PopTarget, topic: TopicConfig, remoteText: string, code: number): PopRefusal {
  return {
    code,
    remark:
      `queueId[${target.queueId}] is illegal, topic:[${target.topic}] ` +
      `topicConfig.readQueueNums:[${topic.readQueueNums}] consumer:[/${remoteText}]`,
  };
}

function topicRefusal(topic: string): PopRefusal {
  return { code: ResponseCode.TOPIC_NOT_EXIST, remark: `topic[${topic}] not exist, apply first please! ${FAQ}` };
}

/**
 * Whether the group may read the topic. May create the group.
 *
 * @param remoteText the consumer's `ip:port`, for the remark
 * @returns the topic, or an answer
 */
export function checkPopTarget(
  context: BrokerContext,
  target: PopTarget,
  remoteText: string,
): TopicConfig | PopRefusal {
  const topic = context.topics.get(target.topic);
  if (!topic) return topicRefusal(target.topic);
  if (!isReadable(topic.perm)) {
    const remark = `the topic[${target.topic}] peeking message is forbidden`;
    return { code: ResponseCode.NO_PERMISSION, remark };
  }
  if (target.queueId >= topic.readQueueNums) {
    return queueRefusal(target, topic, remoteText, ResponseCode.INVALID_PARAMETER);
  }
  const group = context.groups.find(target.consumerGroup);
  if (!group) {
    const remark = `subscription group [${target.consumerGroup}] does not exist, ${FAQ}`;
    return { code: ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark };
  }
  if (!group.consumeEnable) {
    const remark = `subscription group no permission, ${target.consumerGroup}`;
    return { code: ResponseCode.NO_PERMISSION, remark };
  }
  return topic;
}

/** Whether an ack, or a change of the invisible time, names a queue of the topic. */
export function checkAckTarget(context: BrokerContext, target: PopTarget, remoteText: string): PopRefusal | null {
  const topic = context.topics.get(target.topic);
  if (!topic) return topicRefusal(target.topic);
  if (target.queueId >= topic.readQueueNums || target.queueId < 0) {
    return queueRefusal(target, topic, remoteText, ResponseCode.MESSAGE_ILLEGAL);
  }
  return null;
}

/** Tells a refusal from a topic. */
export function isPopRefusal(result: TopicConfig | PopRefusal): result is PopRefusal {
  return 'code' in result;
}

/** Fills in the time at which a request was made, where its sender did not say. */
export function withBornTime(request: RemotingCommand, nowMs: number): void {
  const { extFields } = request;
  if (extFields && (extFields.bornTime === undefined || extFields.bornTime === '0')) extFields.bornTime = String(nowMs);
}
