import test from 'ava';
import { createBrokerConfig } from '../../src/broker/broker-config.js';
import { BrokerStats } from '../../src/broker/broker-stats.js';
import { HotTopics } from '../../src/broker/hot-topics.js';
import { TopicQueueMappingTable } from '../../src/broker/static-topic/mapping-table.js';
import { TopicHandle } from '../../src/broker/store/consume-queue.js';
import type { MessageStore } from '../../src/broker/store/message-store.js';
import { TopicTable } from '../../src/broker/topic-table.js';
import type { TopicConfig } from '../../src/protocol/topic-config.js';

function topicConfig(topicName: string, queues: number, perm = 6): TopicConfig {
  return {
    topicName,
    readQueueNums: queues,
    writeQueueNums: queues,
    perm,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
  };
}

function hotTopics() {
  const config = createBrokerConfig({ brokerIP1: '127.0.0.1' });
  const now = () => 1_700_000_000_000;
  const topics = new TopicTable(config, now);
  const stats = new BrokerStats({ clusterName: 'c', detail: true, isSystemTopic: () => false, now });
  const mappings = new TopicQueueMappingTable(config, now);
  const store = { topic: (name: string) => new TopicHandle(name, 0) } as unknown as MessageStore;
  const hot = new HotTopics({ config, store, topics, mappings, stats });
  // As the read region: every name comes at the place of the one before.
  const region = new Uint8Array(256);
  const find = (name: string) => {
    region.fill(0x78);
    return hot.find(region, 5, 5 + Buffer.from(region.buffer).write(name, 5, 'latin1'));
  };
  return { config, topics, find };
}

test('each of very many topics is found by its name, in memory that the next name overwrites', (t) => {
  const { topics, find } = hotTopics();
  const names = Array.from({ length: 3000 }, (_, i) => `many-${i}`);
  topics.update(...names.map((name) => topicConfig(name, 4)));
  for (const round of ['made', 'remembered']) {
    const wrong = names.filter((name) => {
      const topic = find(name);
      return topic?.config !== topics.get(name) || topic?.handle.name !== name;
    });
    t.deepEqual(wrong, [], round);
  }
  t.is(find('many-7'), find('many-7'));
  t.is(find('many-'), null);
  t.is(find('many-3000'), null);
  t.is(find(`many-${'x'.repeat(130)}`), null);
});

test('a topic that changes, goes and comes again is seen as it is', (t) => {
  const { topics, find } = hotTopics();
  topics.update(topicConfig('orders', 4), topicConfig('other', 4));
  const first = find('orders');
  t.is(first?.config.writeQueueNums, 4);
  topics.update(topicConfig('another', 4));
  t.is(find('orders'), first, 'a change of another topic takes nothing away');
  topics.update(topicConfig('orders', 8));
  t.is(find('orders')?.config.writeQueueNums, 8);
  t.is(find('other')?.config.writeQueueNums, 4);
  topics.delete('orders');
  t.is(find('orders'), null);
  t.is(find('orders'), null);
  topics.update(topicConfig('orders', 2));
  t.is(find('orders')?.config.writeQueueNums, 2);
  topics.update(topicConfig('orders', 2, 4));
  t.is(find('orders')?.config.perm, 4);
});

test('topics that come and go leave the table usable', (t) => {
  const { topics, find } = hotTopics();
  topics.update(topicConfig('stays', 4));
  for (let i = 0; i < 1000; i++) {
    topics.update(topicConfig(`passes-${i}`, 1));
    if (find(`passes-${i}`)?.config.topicName !== `passes-${i}`) t.fail(`passes-${i}`);
    topics.delete(`passes-${i}`);
    if (find(`passes-${i}`) !== null) t.fail(`passes-${i} is gone`);
  }
  t.is(find('stays')?.config.topicName, 'stays');
});

test('the fast way has no topics while there are light queues', (t) => {
  const { config, topics, find } = hotTopics();
  topics.update(topicConfig('orders', 4));
  t.truthy(find('orders'));
  config.enableLmq = true;
  t.is(find('orders'), null);
  t.is(find('%LMQ%a'), null);
  config.enableLmq = false;
  t.truthy(find('orders'));
  t.is(find('%LMQ%a'), null);
});
