import test from 'ava';
import { decodeSubscriptionGroupConfig } from '../../src/protocol/bodies.js';
import { defaultSubscriptionGroupConfig } from '../../src/protocol/subscription-group-config.js';

test('a new group has the defaults of the Java class', (t) => {
  const config = defaultSubscriptionGroupConfig('g1');
  t.deepEqual(config, {
    groupName: 'g1',
    consumeEnable: true,
    consumeFromMinEnable: true,
    consumeBroadcastEnable: true,
    consumeMessageOrderly: false,
    retryQueueNums: 1,
    retryMaxTimes: 16,
    groupRetryPolicy: { type: 'CUSTOMIZED' },
    brokerId: 0,
    whichBrokerWhenConsumeSlowly: 1,
    notifyConsumerIdsChangedEnable: true,
    groupSysFlag: 0,
    consumeTimeoutMinute: 15,
    attributes: Object.create(null),
  });
  t.deepEqual(decodeSubscriptionGroupConfig(Buffer.from('{"groupName":"g1"}')), config);
});

test('two new groups share nothing', (t) => {
  const first = defaultSubscriptionGroupConfig('g1');
  first.groupRetryPolicy.type = 'EXPONENTIAL';
  first.attributes.a = 'x';
  t.is(defaultSubscriptionGroupConfig('g1').groupRetryPolicy.type, 'CUSTOMIZED');
  t.deepEqual(Object.keys(defaultSubscriptionGroupConfig('g1').attributes), []);
});

test('retry policies have the defaults of the Java classes', (t) => {
  const { groupRetryPolicy } = decodeSubscriptionGroupConfig(
    Buffer.from(
      '{"groupName":"g","groupRetryPolicy":{"type":"EXPONENTIAL","exponentialRetryPolicy":{},"customizedRetryPolicy":{}}}',
    ),
  );
  t.deepEqual(groupRetryPolicy.exponentialRetryPolicy, { initial: 5000, max: 7_200_000, multiplier: 2 });
  const next = groupRetryPolicy.customizedRetryPolicy?.next ?? [];
  t.is(next.length, 18);
  t.deepEqual([next[0], next[3], next[4], next[15], next[17]], [1000, 30_000, 60_000, 1_800_000, 7_200_000]);
});
