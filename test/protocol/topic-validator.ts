import test from 'ava';
import {
  checkGroupName,
  checkTopicName,
  dlqTopic,
  hasLegalCharacters,
  isDlqTopic,
  isLmq,
  isNotAllowedSendTopic,
  isPredefinedGroup,
  isRetryTopic,
  isSystemGroup,
  isSystemTopic,
  popRetryTopic,
  replyTopic,
  retryTopic,
} from '../../src/protocol/topic-validator.js';

test('good topic names pass, up to their longest', (t) => {
  for (const topic of ['a', 'Orders_1-x', '%RETRY%g', 'a|b', 'x'.repeat(127), `%RETRY%${'x'.repeat(248)}`]) {
    t.is(checkTopicName(topic), null);
  }
});

for (const [topic, text] of [
  ['', 'The specified topic is blank.'],
  ['  ', 'The specified topic is blank.'],
  [null, 'The specified topic is blank.'],
  ['a.b', 'The specified topic: a.b, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$'],
  ['a\n', 'The specified topic: a\n, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$'],
  ['主题', 'The specified topic: 主题, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$'],
  ['x'.repeat(128), `The specified topic: ${'x'.repeat(128)}, is longer than topic max length: 127`],
  [
    `%DLQ%${'x'.repeat(251)}`,
    `The specified topic is DLQ or Retry topic: %DLQ%${'x'.repeat(251)}, and it's longer than topic max length: 255`,
  ],
] as const) {
  test(`topic ${JSON.stringify(topic)?.slice(0, 20)} is refused with Apache's text`, (t) => {
    t.is(checkTopicName(topic), text);
  });
}

for (const [group, text] of [
  ['g'.repeat(120), null],
  ['', 'The specified group is blank.'],
  [undefined, 'The specified group is blank.'],
  ['a b', 'The specified group: a b, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$'],
  ['g'.repeat(121), `The specified group: ${'g'.repeat(121)}, is longer than group max length: 120`],
] as const) {
  test(`group ${JSON.stringify(group)?.slice(0, 20)} of ${group?.length} characters is judged as Apache does`, (t) => {
    t.is(checkGroupName(group), text);
  });
}

test('system topics are the fixed ones, the prefixed ones and those that a broker adds', (t) => {
  t.true(isSystemTopic('TBW102'));
  t.true(isSystemTopic('rmq_sys_wheel_timer'));
  t.false(isSystemTopic('DefaultCluster'));
  t.true(isSystemTopic('DefaultCluster', new Set(['DefaultCluster'])));
  t.false(isSystemTopic('orders', new Set(['DefaultCluster'])));
  t.true(isNotAllowedSendTopic('SCHEDULE_TOPIC_XXXX'));
  t.false(isNotAllowedSendTopic('TBW102'));
});

test('system groups are the predefined ones and the prefixed ones', (t) => {
  t.true(isSystemGroup('TOOLS_CONSUMER'));
  t.true(isSystemGroup('CID_RMQ_SYS_x'));
  t.false(isPredefinedGroup('CID_RMQ_SYS_x'));
  t.true(isPredefinedGroup('CID_RMQ_SYS_TRANS'));
  t.false(isSystemGroup('orders'));
});

test('derived topic names', (t) => {
  t.is(retryTopic('g'), '%RETRY%g');
  t.is(dlqTopic('g'), '%DLQ%g');
  t.is(replyTopic('c'), 'c_REPLY_TOPIC');
  t.is(popRetryTopic('t', 'g'), '%RETRY%g_t');
  t.is(popRetryTopic('t', 'g', true), '%RETRY%g+t');
  t.true(isRetryTopic('%RETRY%g'));
  t.false(isRetryTopic('g'));
  t.true(isDlqTopic('%DLQ%g'));
  t.false(isDlqTopic('g'));
  t.true(isLmq('%LMQ%a'));
  t.false(isLmq('a'));
});

test('legal characters', (t) => {
  t.true(hasLegalCharacters(''));
  t.true(hasLegalCharacters('%|aZ09_-'));
  t.false(hasLegalCharacters('a+b'));
});
