import type { SubscriptionGroupConfig } from '../../protocol/subscription-group-config.js';
import { javaMap } from './java-text.js';

/** The fields of a group's config in the order of the Java class, each as its `toString` has it. */
export function groupConfigFields(config: SubscriptionGroupConfig): Array<readonly [name: string, value: unknown]> {
  const { groupRetryPolicy: policy } = config;
  const { exponentialRetryPolicy: growing, customizedRetryPolicy: listed } = policy;
  const growingText = growing && `ExponentialRetryPolicy{${memberText(growing, ['initial', 'max', 'multiplier'])}}`;
  const listedText = listed && `CustomizedRetryPolicy{next=[${listed.next.join(', ')}]}`;
  const subscriptions =
    config.subscriptionDataSet?.map(
      (data) => `SimpleSubscriptionData{${memberText(data, ['topic', 'expressionType', 'expression', 'version'])}}`,
    ) ?? null;
  const policyText =
    `GroupRetryPolicy{type=${policy.type}, exponentialRetryPolicy=${growingText ?? null}, ` +
    `customizedRetryPolicy=${listedText ?? null}}`;
  return [
    ['groupName', config.groupName],
    ['consumeEnable', config.consumeEnable],
    ['consumeFromMinEnable', config.consumeFromMinEnable],
    ['consumeBroadcastEnable', config.consumeBroadcastEnable],
    ['consumeMessageOrderly', config.consumeMessageOrderly],
    ['retryQueueNums', config.retryQueueNums],
    ['retryMaxTimes', config.retryMaxTimes],
    ['groupRetryPolicy', policyText],
    ['brokerId', config.brokerId],
    ['whichBrokerWhenConsumeSlowly', config.whichBrokerWhenConsumeSlowly],
    ['notifyConsumerIdsChangedEnable', config.notifyConsumerIdsChangedEnable],
    ['groupSysFlag', config.groupSysFlag],
    ['consumeTimeoutMinute', config.consumeTimeoutMinute],
    ['subscriptionDataSet', subscriptions && `[${subscriptions.join(', ')}]`],
    ['attributes', javaMap(Object.entries(config.attributes))],
  ];
}

/** Source: remoting/protocol/subscription/SubscriptionGroupConfig.java#toString */
export function groupConfigText(config: SubscriptionGroupConfig): string {
  const fields = groupConfigFields(config).map(([name, value]) => `${name}=${value}`);
  return `SubscriptionGroupConfig{${fields.join(', ')}}`;
}

/** `a=1, b=2` */
function memberText<T>(value: T, names: ReadonlyArray<keyof T & string>): string {
  return names.map((name) => `${name}=${value[name]}`).join(', ');
}
