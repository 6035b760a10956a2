import {
  bean,
  boolean,
  defaulted,
  emptyBean,
  enumOf,
  int32,
  int64,
  type JsonOf,
  listOf,
  optional,
  readJson,
  recordOf,
  text,
} from './bodies/schema.js';

/** Kinds of retry policy, by ordinal. Source: GroupRetryPolicyType.java */
export const GROUP_RETRY_POLICY_TYPES = ['EXPONENTIAL', 'CUSTOMIZED'] as const;
export type GroupRetryPolicyType = (typeof GROUP_RETRY_POLICY_TYPES)[number];

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Delays before the second and each further delivery, ms; the last one repeats. Source: CustomizedRetryPolicy.java */
export const DEFAULT_RETRY_DELAYS_MS: readonly number[] = [
  ...[1, 5, 10, 30].map((n) => n * SECOND),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30].map((n) => n * MINUTE),
  ...[1, 2].map((n) => n * HOUR),
];

const groupRetryPolicyType = bean('GroupRetryPolicy', {
  type: enumOf(GROUP_RETRY_POLICY_TYPES, 'CUSTOMIZED'),
  /** Delay `initial * multiplier^n`, at most `max`; ms. */
  exponentialRetryPolicy: optional(
    bean('ExponentialRetryPolicy', { initial: int64(5000), max: int64(7_200_000), multiplier: int64(2) }),
  ),
  /** Delay in ms by number of the attempt. */
  customizedRetryPolicy: optional(
    bean('CustomizedRetryPolicy', { next: defaulted(listOf(int64()), () => [...DEFAULT_RETRY_DELAYS_MS]) }),
  ),
});

/** When a failed message of a group is delivered again. Source: remoting/.../subscription/GroupRetryPolicy.java */
export interface GroupRetryPolicy extends JsonOf<typeof groupRetryPolicyType> {}

const simpleSubscriptionDataType = bean('SimpleSubscriptionData', {
  topic: text(),
  expressionType: text('TAG'),
  expression: text('*'),
  version: int64(),
});

/** One topic of a prescribed subscription. */
export interface SimpleSubscriptionData extends JsonOf<typeof simpleSubscriptionDataType> {}

/** Codec of SubscriptionGroupConfig. */
export const subscriptionGroupConfigType = bean('SubscriptionGroupConfig', {
  groupName: text(),
  consumeEnable: boolean(true),
  consumeFromMinEnable: boolean(true),
  consumeBroadcastEnable: boolean(true),
  /** 5.x */
  consumeMessageOrderly: boolean(),
  retryQueueNums: int32(1),
  /** Deliveries after which a message goes to the dead letter topic. */
  retryMaxTimes: int32(16),
  /** 5.x */
  groupRetryPolicy: emptyBean(groupRetryPolicyType),
  /** Broker that the group reads from; 0 = master. */
  brokerId: int64(),
  whichBrokerWhenConsumeSlowly: int64(1),
  notifyConsumerIdsChangedEnable: boolean(true),
  /** 5.x */
  groupSysFlag: int32(),
  /** 5.x; minutes */
  consumeTimeoutMinute: int32(15),
  /** 5.x; subscriptions that clients may not differ from */
  subscriptionDataSet: optional(listOf(simpleSubscriptionDataType)),
  /** 5.x; in a request of code 200 the keys carry + or - as prefix; no prototype */
  attributes: recordOf(text()),
});

/**
 * One consumer group on one broker. Missing fields read as the defaults of the Java class.
 *
 * Source: remoting/.../protocol/subscription/SubscriptionGroupConfig.java
 */
export interface SubscriptionGroupConfig extends JsonOf<typeof subscriptionGroupConfigType> {}

/** What a broker assumes of a group that it creates on its own. */
export function defaultSubscriptionGroupConfig(groupName: string): SubscriptionGroupConfig {
  return readJson(subscriptionGroupConfigType, 'SubscriptionGroupConfig', { groupName });
}
