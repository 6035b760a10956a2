import test from 'ava';
import { AttributeError } from '../../src/broker/attributes.js';
import { type BrokerConfig, createBrokerConfig } from '../../src/broker/broker-config.js';
import { TopicTable } from '../../src/broker/topic-table.js';
import type { TopicConfig } from '../../src/protocol/topic-config.js';

function table(overrides: Partial<BrokerConfig> = {}): TopicTable {
  const config = createBrokerConfig({ brokerName: 'broker-a', brokerClusterName: 'c1', ...overrides });
  let now = 1_700_000_000_000;
  return new TopicTable(config, () => now++);
}

function topic(topicName: string, overrides: Partial<TopicConfig> = {}): TopicConfig {
  return {
    topicName,
    readQueueNums: 4,
    writeQueueNums: 4,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
    ...overrides,
  };
}

const bootTopic = test.macro<[name: string, queues: number, perm: number]>({
  exec(t, name, queues, perm) {
    const config = table().get(name);
    t.is(config?.readQueueNums, queues);
    t.is(config?.writeQueueNums, queues);
    t.is(config?.perm, perm);
    t.true(table().isSystemTopic(name));
  },
  title: (_, name, queues, perm) => `boots with ${name}: ${queues} queues, perm ${perm}`,
});

// Source: broker/topic/TopicConfigManager.java#init with the defaults of BrokerConfig.
test(bootTopic, 'SELF_TEST_TOPIC', 1, 6);
test(bootTopic, 'TBW102', 8, 7);
test(bootTopic, 'BenchmarkTest', 1024, 6);
test(bootTopic, 'c1', 16, 7);
test(bootTopic, 'broker-a', 1, 7);
test(bootTopic, 'OFFSET_MOVED_EVENT', 1, 6);
test(bootTopic, 'SCHEDULE_TOPIC_XXXX', 18, 6);
test(bootTopic, 'c1_REPLY_TOPIC', 1, 6);
test(bootTopic, 'rmq_sys_REVIVE_LOG_c1', 8, 6);
test(bootTopic, 'rmq_sys_SYNC_BROKER_MEMBER_broker-a', 1, 1);
test(bootTopic, 'RMQ_SYS_TRANS_HALF_TOPIC', 1, 6);
test(bootTopic, 'RMQ_SYS_TRANS_OP_HALF_TOPIC', 1, 6);
test(bootTopic, 'rmq_sys_wheel_timer', 1, 6);

test('the trace topic boots only when it is switched on', (t) => {
  t.false(table().has('RMQ_SYS_TRACE_TOPIC'));
  t.true(table({ traceTopicEnable: true }).has('RMQ_SYS_TRACE_TOPIC'));
});

test('a topic is created after TBW102 with the smaller number of queues and without the right to inherit', (t) => {
  const topics = table();
  const created = topics.createForSend('new', 'TBW102', 4, 0);
  t.like(created, { readQueueNums: 4, writeQueueNums: 4, perm: 6 });
  t.is(topics.createForSend('wide', 'TBW102', 64, 0)?.writeQueueNums, 8, 'TBW102 has 8');
  t.is(topics.createForSend('none', 'TBW102', -3, 0)?.writeQueueNums, 0);
});

test('without autoCreateTopicEnable no topic is created after TBW102, even one left over in a file', (t) => {
  const topics = table({ autoCreateTopicEnable: false });
  t.is(topics.createForSend('new', 'TBW102', 4, 0), null);
  topics.load([topic('TBW102', { perm: 7 })], topics.version);
  t.is(topics.createForSend('new', 'TBW102', 4, 0), null);
  t.false(topics.has('new'));
});

test('a template without the right to inherit creates nothing', (t) => {
  const topics = table();
  topics.update(topic('template', { perm: 6 }));
  t.is(topics.createForSend('new', 'template', 4, 0), null);
});

test('retry topics are created whatever autoCreateTopicEnable says', (t) => {
  const topics = table({ autoCreateTopicEnable: false });
  t.like(topics.createForSendBack('%RETRY%g', 1, 6, 0), { readQueueNums: 1, writeQueueNums: 1, perm: 6 });
});

test('every change moves the version and is told, and reading does neither', (t) => {
  const topics = table();
  const told: string[][] = [];
  topics.onChange((names) => told.push([...names]));
  topics.get('TBW102');
  topics.createForSend('TBW102', 'TBW102', 4, 0);
  t.is(topics.version.counter, 0);
  topics.update(topic('a'));
  topics.createForSend('b', 'TBW102', 4, 0);
  topics.delete('a');
  topics.delete('a');
  t.is(topics.version.counter, 3);
  t.deepEqual(told, [['a'], ['b'], []]);
});

test('a list of topics is one change', (t) => {
  const topics = table();
  const told: string[][] = [];
  topics.onChange((names) => told.push([...names]));
  topics.update(topic('a'), topic('b'));
  t.deepEqual(told, [['a', 'b']]);
  t.is(topics.version.counter, 1);
});

test('one refused topic of a list refuses all of them', (t) => {
  const topics = table();
  t.throws(() => topics.update(topic('a'), topic('b', { attributes: { '+no.such': 'x' } })), {
    instanceOf: AttributeError,
    message: 'unsupported key: no.such',
  });
  t.false(topics.has('a'));
});

test('attributes are changes of the present ones', (t) => {
  const topics = table();
  topics.update(topic('a', { attributes: { '+message.type': 'FIFO' } }));
  t.deepEqual({ ...topics.get('a')?.attributes }, { 'message.type': 'FIFO' });
  topics.update(topic('a', { attributes: { '+message.type': 'DELAY' } }));
  t.deepEqual({ ...topics.get('a')?.attributes }, { 'message.type': 'DELAY' });
  topics.update(topic('a', { attributes: {} }));
  t.deepEqual({ ...topics.get('a')?.attributes }, { 'message.type': 'DELAY' }, 'leaving them out keeps them');
  topics.update(topic('a', { attributes: { '-message.type': '' } }));
  t.deepEqual({ ...topics.get('a')?.attributes }, {});
});

test('name servers can mark topics as ordered but never unmark them', (t) => {
  const topics = table();
  topics.update(topic('a', { order: true }), topic('b'));
  const { counter } = topics.version;
  topics.applyOrderTopics(['b', 'unknown']);
  t.true(topics.isOrderTopic('a'));
  t.true(topics.isOrderTopic('b'));
  t.is(topics.version.counter, counter + 1);
  topics.applyOrderTopics(['b']);
  t.is(topics.version.counter, counter + 1, 'nothing new is no change');
});

test('pages follow the names while the version is the same', (t) => {
  const topics = table();
  topics.update(...Array.from({ length: 30 }, (_, i) => topic(`t${String(i).padStart(2, '0')}`)));
  const all = [...topics.entries().keys()].sort();
  const first = topics.page(null, 99, 10);
  t.deepEqual([...first.topics.keys()], all.slice(0, 10), 'without a version the first page comes');
  const second = topics.page(topics.version, 10, 10);
  t.deepEqual([...second.topics.keys()], all.slice(10, 20));
  t.is(second.total, all.length);
  const stale = { ...topics.version, counter: topics.version.counter - 1 };
  t.deepEqual([...topics.page(stale, 10, 10).topics.keys()], all.slice(0, 10), 'a changed table begins anew');
  t.is(topics.page(topics.version, 10_000, 10).topics.size, 0);
});
