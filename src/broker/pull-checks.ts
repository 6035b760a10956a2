/**
 * The checks in front of every pull, in Apache's order, without any input or output.
 *
 * Source: broker/processor/PullMessageProcessor.java#processRequest.
 */
import type { SubscriptionData } from '../protocol/bodies.js';
import { buildSubscriptionData, isTagType, SUB_ALL, SubscriptionParseError } from '../protocol/filter.js';
import type { HeaderOf } from '../protocol/header-schema.js';
import type { PullMessageRequestHeader } from '../protocol/headers.js';
import { RequestCode } from '../protocol/request-code.js';
import { ResponseCode } from '../protocol/response-code.js';
import type { SubscriptionGroupConfig } from '../protocol/subscription-group-config.js';
import { PullSysFlag } from '../protocol/sys-flag.js';
import { isReadable, type TopicConfig } from '../protocol/topic-config.js';
import { isRetryTopic } from '../protocol/topic-validator.js';
import type { BrokerContext } from './context.js';
import { FAQ, unsupportedFilter } from './remark.js';
import type { ExtFilter, PropertiesFilter, TagFilter } from './store/message-store.js';

/** Most bytes of one answer: it must fit into a frame with its header. The store's own limits are lower. */
export const MAX_PULL_BYTES = 12 * 1024 * 1024;

export type PullHeader = HeaderOf<typeof PullMessageRequestHeader>;

/** Who forbids a pull: the `forbiddenType` of a NO_PERMISSION answer. (ForbiddenType.java) */
export const ForbiddenType = {
  BROKER: 1,
  GROUP: 2,
  TOPIC: 3,
  BROADCASTING: 4,
  SUBSCRIPTION: 5,
} as const;

/** An answer without looking at the queue. */
export interface PullRefusal {
  code: number;
  remark: string;
  forbiddenType?: number;
}

/** What a permitted pull goes on with. */
export interface PullPermission {
  topic: TopicConfig;
  group: SubscriptionGroupConfig;
  /** By tags; null takes everything. */
  filter: TagFilter;
  /** By a message selector; null takes everything. */
  propertiesFilter: PropertiesFilter | null;
  /** What spares reading messages that it would not take; null takes everything. */
  extFilter: ExtFilter | null;
}

/** Tells the two results of `checkPull` apart. */
export function isPullRefusal(result: PullRefusal | PullPermission): result is PullRefusal {
  return 'code' in result;
}

/** The broker's part of filtering: 32-bit hashes of tags. Consumers compare the tags themselves. */
export function tagFilterOf(subscription: SubscriptionData): TagFilter {
  if (subscription.classFilterMode || subscription.subString === SUB_ALL) return null;
  const { codeSet } = subscription;
  if (codeSet.length === 1) {
    const only = codeSet[0];
    return (tagsCode) => tagsCode === only;
  }
  const codes = new Set(codeSet);
  return (tagsCode) => codes.has(tagsCode);
}

interface Wanted {
  subscription: SubscriptionData;
  /** null for tags. */
  propertiesFilter: PropertiesFilter | null;
  extFilter: ExtFilter | null;
}

/** The subscription that counts for a pull: the request's own, or what the group registered by heartbeat. */
function findSubscription(
  context: BrokerContext,
  header: PullHeader,
  group: SubscriptionGroupConfig,
): Wanted | PullRefusal {
  const { consumerGroup, topic } = header;
  if ((header.sysFlag & PullSysFlag.SUBSCRIPTION) !== 0) {
    try {
      const { subscription: expression, expressionType, subVersion } = header;
      const subscription = buildSubscriptionData(topic, expression, expressionType, subVersion);
      const isTag = isTagType(subscription.expressionType);
      const { filters } = context;
      const propertiesFilter = isTag ? null : filters.compile(subscription.expressionType, subscription.subString);
      return { subscription, propertiesFilter, extFilter: null };
    } catch (error) {
      if (!(error instanceof SubscriptionParseError)) throw error;
      return { code: ResponseCode.SUBSCRIPTION_PARSE_FAILED, remark: "parse the consumer's subscription failed" };
    }
  }
  const online = context.consumers.get(consumerGroup);
  if (!online) {
    return { code: ResponseCode.SUBSCRIPTION_NOT_EXIST, remark: `the consumer's group info not exist${FAQ}` };
  }
  if (!group.consumeBroadcastEnable && online.messageModel === 'BROADCASTING') {
    return {
      code: ResponseCode.NO_PERMISSION,
      forbiddenType: ForbiddenType.BROADCASTING,
      remark: `the consumer group[${consumerGroup}] can not consume by broadcast way`,
    };
  }
  if (context.groups.isReadForbidden(group.groupName, topic)) {
    return {
      code: ResponseCode.NO_PERMISSION,
      forbiddenType: ForbiddenType.SUBSCRIPTION,
      remark: `the consumer group[${consumerGroup}] is forbidden for topic[${topic}]`,
    };
  }
  const subscription = online.subscriptions.get(topic);
  if (!subscription) {
    return { code: ResponseCode.SUBSCRIPTION_NOT_EXIST, remark: `the consumer's subscription not exist${FAQ}` };
  }
  if (subscription.subVersion < header.subVersion) {
    return { code: ResponseCode.SUBSCRIPTION_NOT_LATEST, remark: "the consumer's subscription not latest" };
  }
  if (isTagType(subscription.expressionType)) return { subscription, propertiesFilter: null, extFilter: null };
  const filter = context.filters.get(topic, consumerGroup);
  if (!filter) {
    return {
      code: ResponseCode.FILTER_DATA_NOT_EXIST,
      remark: "The broker's consumer filter data is not exist!Your expression may be wrong!",
    };
  }
  if (filter.clientVersion < header.subVersion) {
    return { code: ResponseCode.FILTER_DATA_NOT_LATEST, remark: "the consumer's consumer filter data not latest" };
  }
  return {
    subscription,
    propertiesFilter: filter.matches,
    extFilter: (storeTimestamp, bitMap) => context.filters.mayWant(filter, storeTimestamp, bitMap),
  };
}

/**
 * Decides whether a pull may read its queue. May create the group.
 *
 * @param code PULL_MESSAGE or LITE_PULL_MESSAGE
 * @param remoteText the consumer's `ip:port`, for the remark
 */
export function checkPull(
  context: BrokerContext,
  code: number,
  header: PullHeader,
  remoteText: string,
): PullPermission | PullRefusal {
  const { config } = context;
  const { consumerGroup } = header;
  if (!isReadable(config.brokerPermission)) {
    return {
      code: ResponseCode.NO_PERMISSION,
      forbiddenType: ForbiddenType.BROKER,
      remark: `the broker[${config.brokerIP1}] pulling message is forbidden`,
    };
  }
  if (code === RequestCode.LITE_PULL_MESSAGE && !config.litePullMessageEnable) {
    return {
      code: ResponseCode.NO_PERMISSION,
      forbiddenType: ForbiddenType.BROKER,
      remark: `the broker[${config.brokerIP1}] for lite pull consumer is forbidden`,
    };
  }
  const group = context.groups.find(consumerGroup);
  if (!group) {
    return {
      code: ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
      remark: `subscription group [${consumerGroup}] does not exist, ${FAQ}`,
    };
  }
  if (!group.consumeEnable) {
    return {
      code: ResponseCode.NO_PERMISSION,
      forbiddenType: ForbiddenType.GROUP,
      remark: `subscription group no permission, ${consumerGroup}`,
    };
  }
  const topic = context.topics.get(header.topic);
  if (!topic) {
    return {
      code: ResponseCode.TOPIC_NOT_EXIST,
      remark: `topic[${header.topic}] not exist, apply first please! ${FAQ}`,
    };
  }
  if (!isReadable(topic.perm)) {
    return {
      code: ResponseCode.NO_PERMISSION,
      forbiddenType: ForbiddenType.TOPIC,
      remark: `the topic[${header.topic}] pulling message is forbidden`,
    };
  }
  if (header.queueId < 0 || header.queueId >= topic.readQueueNums) {
    return {
      code: ResponseCode.INVALID_PARAMETER,
      remark:
        `queueId[${header.queueId}] is illegal, topic:[${header.topic}] ` +
        `topicConfig.readQueueNums:[${topic.readQueueNums}] consumer:[/${remoteText}]`,
    };
  }
  const wanted = findSubscription(context, header, group);
  if ('code' in wanted) return wanted;
  const { subscription } = wanted;
  if (isTagType(subscription.expressionType)) {
    return { topic, group, filter: tagFilterOf(subscription), propertiesFilter: null, extFilter: null };
  }
  if (!config.enablePropertyFilter) {
    return { code: ResponseCode.SYSTEM_ERROR, remark: unsupportedFilter(subscription.expressionType) };
  }
  const isOfRetries = config.filterSupportRetry && isRetryTopic(header.topic);
  const propertiesFilter = isOfRetries ? context.filters.ofRetries(header.topic) : wanted.propertiesFilter;
  return { topic, group, filter: null, propertiesFilter, extFilter: isOfRetries ? null : wanted.extFilter };
}
