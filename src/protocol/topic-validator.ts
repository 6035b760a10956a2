/**
 * Names: reserved topics and groups, prefixes, and what a topic or group may be called.
 *
 * Source: common/.../topic/TopicValidator.java, common/.../MixAll.java, KeyBuilder.java
 */

export const SystemTopic = {
  /** Template for topics that a broker creates on their first message. */
  AUTO_CREATE_TOPIC_KEY_TOPIC: 'TBW102',
  SCHEDULE_TOPIC: 'SCHEDULE_TOPIC_XXXX',
  BENCHMARK_TOPIC: 'BenchmarkTest',
  TRANS_HALF_TOPIC: 'RMQ_SYS_TRANS_HALF_TOPIC',
  TRACE_TOPIC: 'RMQ_SYS_TRACE_TOPIC',
  TRANS_OP_HALF_TOPIC: 'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  TRANS_CHECK_MAX_TIME_TOPIC: 'TRANS_CHECK_MAX_TIME_TOPIC',
  SELF_TEST_TOPIC: 'SELF_TEST_TOPIC',
  OFFSET_MOVED_EVENT: 'OFFSET_MOVED_EVENT',
  ROCKSDB_OFFSET_TOPIC: 'CHECKPOINT_TOPIC',
} as const;

/** Topics with this prefix are system topics. */
export const SYSTEM_TOPIC_PREFIX = 'rmq_sys_';
export const TIMER_TOPIC = 'rmq_sys_wheel_timer';
export const SYNC_BROKER_MEMBER_GROUP_PREFIX = 'rmq_sys_SYNC_BROKER_MEMBER_';

export const RETRY_GROUP_TOPIC_PREFIX = '%RETRY%';
export const DLQ_GROUP_TOPIC_PREFIX = '%DLQ%';
export const LMQ_PREFIX = '%LMQ%';
/** Broker names of static topics' logical queues. */
export const LOGICAL_QUEUE_MOCK_BROKER_PREFIX = '__syslo__';

export const TOPIC_MAX_LENGTH = 127;
export const RETRY_OR_DLQ_TOPIC_MAX_LENGTH = 255;
/** Short enough for the group's retry and dead-letter topics. */
export const GROUP_MAX_LENGTH = 120;

export const SystemGroup = {
  DEFAULT_PRODUCER: 'DEFAULT_PRODUCER',
  DEFAULT_CONSUMER: 'DEFAULT_CONSUMER',
  TOOLS_CONSUMER: 'TOOLS_CONSUMER',
  SCHEDULE_CONSUMER: 'SCHEDULE_CONSUMER',
  FILTERSRV_CONSUMER: 'FILTERSRV_CONSUMER',
  MONITOR_CONSUMER: '__MONITOR_CONSUMER',
  CLIENT_INNER_PRODUCER: 'CLIENT_INNER_PRODUCER',
  SELF_TEST_PRODUCER: 'SELF_TEST_P_GROUP',
  SELF_TEST_CONSUMER: 'SELF_TEST_C_GROUP',
  ONS_HTTP_PROXY: 'CID_ONS-HTTP-PROXY',
  ONSAPI_PERMISSION: 'CID_ONSAPI_PERMISSION',
  ONSAPI_OWNER: 'CID_ONSAPI_OWNER',
  ONSAPI_PULL: 'CID_ONSAPI_PULL',
  SYS_RMQ_TRANS: 'CID_RMQ_SYS_TRANS',
} as const;

/** Groups with this prefix are system groups. */
export const CID_RMQ_SYS_PREFIX = 'CID_RMQ_SYS_';

/** The fixed system topics; a broker adds its cluster's, its own and its reply topic's name. */
export const SYSTEM_TOPICS: ReadonlySet<string> = new Set(Object.values(SystemTopic));

/** Topics that clients may not send to. */
export const NOT_ALLOWED_SEND_TOPICS: ReadonlySet<string> = new Set([
  SystemTopic.SCHEDULE_TOPIC,
  SystemTopic.TRANS_HALF_TOPIC,
  SystemTopic.TRANS_OP_HALF_TOPIC,
  SystemTopic.TRANS_CHECK_MAX_TIME_TOPIC,
  SystemTopic.SELF_TEST_TOPIC,
  SystemTopic.OFFSET_MOVED_EVENT,
]);

const PREDEFINED_GROUPS: ReadonlySet<string> = new Set(Object.values(SystemGroup));
const LEGAL_NAME = /^[%|a-zA-Z0-9_-]+$/;

/**
 * Is this a system topic?
 *
 * @param added names that count too, such as the cluster's and the broker's
 */
export function isSystemTopic(topic: string, added?: ReadonlySet<string>): boolean {
  return SYSTEM_TOPICS.has(topic) || topic.startsWith(SYSTEM_TOPIC_PREFIX) || added?.has(topic) === true;
}

/** May clients not send to this topic? */
export function isNotAllowedSendTopic(topic: string): boolean {
  return NOT_ALLOWED_SEND_TOPICS.has(topic);
}

/** A group that RocketMQ uses itself: a predefined one or one with the system prefix. */
export function isSystemGroup(group: string): boolean {
  return PREDEFINED_GROUPS.has(group) || group.startsWith(CID_RMQ_SYS_PREFIX);
}

/** Only the groups that every broker knows without being told. */
export function isPredefinedGroup(group: string): boolean {
  return PREDEFINED_GROUPS.has(group);
}

/** True if every character may stand in a topic or group name; true for an empty name. */
export function hasLegalCharacters(name: string): boolean {
  return name === '' || LEGAL_NAME.test(name);
}

/**
 * Checks a topic name as the broker does.
 *
 * @returns null if it is good, else Apache's text: what a broker answers with INVALID_PARAMETER
 */
export function checkTopicName(topic: string | null | undefined): string | null {
  if (!topic || topic.trim() === '') return 'The specified topic is blank.';
  if (!LEGAL_NAME.test(topic)) {
    return `The specified topic: ${topic}, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$`;
  }
  if (topic.startsWith(RETRY_GROUP_TOPIC_PREFIX) || topic.startsWith(DLQ_GROUP_TOPIC_PREFIX)) {
    return topic.length > RETRY_OR_DLQ_TOPIC_MAX_LENGTH
      ? `The specified topic is DLQ or Retry topic: ${topic}, and it's longer than topic max length: ${RETRY_OR_DLQ_TOPIC_MAX_LENGTH}`
      : null;
  }
  return topic.length > TOPIC_MAX_LENGTH
    ? `The specified topic: ${topic}, is longer than topic max length: ${TOPIC_MAX_LENGTH}`
    : null;
}

/**
 * Checks a group name as the broker does.
 *
 * @returns null if it is good, else Apache's text
 */
export function checkGroupName(group: string | null | undefined): string | null {
  if (!group || group.trim() === '') return 'The specified group is blank.';
  if (!LEGAL_NAME.test(group)) {
    return `The specified group: ${group}, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$`;
  }
  return group.length > GROUP_MAX_LENGTH
    ? `The specified group: ${group}, is longer than group max length: ${GROUP_MAX_LENGTH}`
    : null;
}

/** `%RETRY%group`. */
export function retryTopic(group: string): string {
  return RETRY_GROUP_TOPIC_PREFIX + group;
}

/** `%DLQ%group`. */
export function dlqTopic(group: string): string {
  return DLQ_GROUP_TOPIC_PREFIX + group;
}

/** `cluster_REPLY_TOPIC`, where a cluster's brokers take replies of the request-reply pattern. */
export function replyTopic(clusterName: string): string {
  return `${clusterName}_REPLY_TOPIC`;
}

/** The retry topic of pop consumption: `%RETRY%group_topic`, or with `+` in its second form. */
export function popRetryTopic(topic: string, group: string, isV2 = false): string {
  return `${RETRY_GROUP_TOPIC_PREFIX}${group}${isV2 ? '+' : '_'}${topic}`;
}

/** Whether a topic is the retry topic of pop consumption in its second form. (KeyBuilder#isPopRetryTopicV2) */
export function isPopRetryTopicV2(topic: string): boolean {
  return topic.startsWith(RETRY_GROUP_TOPIC_PREFIX) && topic.includes('+');
}

/** The topic whose failed messages a retry topic of pop holds; other topics as they are. (KeyBuilder#parseNormalTopic) */
export function normalTopicOf(topic: string, group: string): string {
  if (!topic.startsWith(RETRY_GROUP_TOPIC_PREFIX)) return topic;
  return topic.slice(RETRY_GROUP_TOPIC_PREFIX.length + group.length + 1);
}

/** The same without knowing the group: only the second form tells. */
export function normalTopicOfV2(topic: string): string {
  if (!isPopRetryTopicV2(topic)) return topic;
  const parts = topic.split('+');
  return parts.length === 2 && parts[1] !== '' ? (parts[1] as string) : topic;
}

export function isRetryTopic(topic: string): boolean {
  return topic.startsWith(RETRY_GROUP_TOPIC_PREFIX);
}

export function isDlqTopic(topic: string): boolean {
  return topic.startsWith(DLQ_GROUP_TOPIC_PREFIX);
}

/** Light queues live inside another topic's commit log records. */
export function isLmq(topic: string): boolean {
  return topic.startsWith(LMQ_PREFIX);
}
