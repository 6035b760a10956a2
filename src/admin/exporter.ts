/**
 * The metrics of any cluster by its admin protocol: for brokers that have no exporter of their own (4.9), and for one
 * place to scrape. Names are those of Apache's broker of 5.x where it has them.
 */
import type { ClusterInfo, ConsumeStats } from '../protocol/bodies.js';
import { LOCAL_DISK, type MetricSample } from '../protocol/metrics.js';
import { versionDesc } from '../protocol/mq-version.js';
import { isDlqTopic, isRetryTopic, isSystemGroup } from '../protocol/topic-validator.js';
import type { Deadline } from './deadline.js';
import { type BrokerLook, type ClusterLook, lookAtCluster } from './doctor/look.js';
import { FAN_OUT_LIMIT, mapBounded } from './fan-out.js';
import type { AdminSession } from './session.js';
import { systemTopicTest } from './topic-list.js';

/** Requests to one broker under way at a time: an exporter is no load test. */
const A_BROKER = 8;
const CONSUME_MODES = { CONSUME_ACTIVELY: 'pull', CONSUME_PASSIVELY: 'push', CONSUME_POP: 'pop' } as const;

/**
 * One look at a cluster (106, 206; at each master 28, 26, 201, 21, 328, 317, and 203 for each group). What a broker does
 * not tell is left out; `mqadmin_up` says who answered.
 *
 * @throws AdminError (unreachable) when no name server answers
 */
export async function collectCluster(
  session: AdminSession,
  clusterName: string | null = null,
): Promise<MetricSample[]> {
  const started = session.clock.monotonicMs();
  const look = await lookAtCluster(session, clusterName);
  const deadline = session.deadline();
  const known = look.nameServers.find(({ info }) => info !== null)?.info as ClusterInfo;
  const brokers = await mapBounded(look.brokers, FAN_OUT_LIMIT, (broker) =>
    ofBroker(session, broker, systemTopicTest(known), deadline),
  );
  const seconds = (session.clock.monotonicMs() - started) / 1000;
  return [
    ...ofNameServers(look),
    ...brokers.flat(),
    { name: 'mqadmin_exporter_duration_seconds', labels: { node_type: 'exporter' }, value: seconds },
  ];
}

function ofNameServers({ nameServers }: ClusterLook): MetricSample[] {
  return nameServers.flatMap(({ addr, info, topics }): MetricSample[] => {
    const labels = { node_type: 'nameserver', node_id: addr };
    const up: MetricSample = { name: 'mqadmin_up', labels: { ...labels, addr }, value: info === null ? 0 : 1 };
    if (info === null) return [up];
    const addresses = Object.values(info.brokerAddrTable).reduce((sum, { brokerAddrs }) => sum + brokerAddrs.size, 0);
    return [
      up,
      { name: 'rocketmq_namesrv_clusters', labels, value: Object.keys(info.clusterAddrTable).length },
      { name: 'rocketmq_namesrv_brokers', labels, value: addresses },
      ...(topics === null ? [] : [{ name: 'rocketmq_namesrv_topics', labels, value: topics.length } as const]),
    ];
  });
}

async function ofBroker(
  session: AdminSession,
  broker: BrokerLook,
  isSystem: IsSystem,
  deadline: Deadline,
): Promise<MetricSample[]> {
  const { addr, brokerName, brokerId, clusterName, runtime } = broker;
  const common = {
    cluster: clusterName,
    node_type: 'broker',
    node_id: brokerId === 0 ? brokerName : `${brokerName}#${brokerId}`,
  };
  const sample = (name: MetricSample['name'], value: number, labels: Record<string, string> = {}): MetricSample => ({
    name,
    labels: { ...common, ...labels },
    value,
  });
  const up = sample('mqadmin_up', runtime === null ? 0 : 1, { addr });
  if (runtime === null) return [up];
  const samples = [up, ...ofTables(broker, session.clock.now(), sample)];
  // Slaves have the same topics and groups as their master.
  if (brokerId !== 0) return samples;
  const { api } = session;
  const attempt = async <T>(call: () => Promise<T>): Promise<T | null> => {
    try {
      return await call();
    } catch {
      session.signal?.throwIfAborted();
      return null;
    }
  };
  const [topics, groups, producers, stats] = await Promise.all([
    attempt(() => api.getAllTopicConfig(addr, deadline.call())),
    attempt(() => api.getAllSubscriptionGroup(addr, deadline.call())),
    attempt(() => api.getAllProducerInfo(addr, deadline.call())),
    attempt(() => api.fetchConsumeStatsInBroker(addr, false, deadline.call())),
  ]);
  if (topics !== null) samples.push(sample('rocketmq_topic_number', Object.keys(topics.topicConfigTable).length));
  const groupNames = Object.keys(groups?.subscriptionGroupTable ?? {});
  if (groups !== null) samples.push(sample('rocketmq_consumer_group_number', groupNames.length));
  const clients = new Map<string, MetricSample>();
  const count = (name: MetricSample['name'], labels: Record<string, string>): void => {
    const key = JSON.stringify([name, labels]);
    clients.set(key, sample(name, (clients.get(key)?.value ?? 0) + 1, labels));
  };
  for (const { language, version } of Object.values(producers?.data ?? {}).flat()) {
    count('rocketmq_producer_connections', clientLabels(language, version));
  }
  await mapBounded(groupNames, A_BROKER, async (consumer_group) => {
    const online = await attempt(() => api.getConsumerConnectionList(addr, consumer_group, deadline.call()));
    for (const { language, version } of online?.connectionSet ?? []) {
      count('rocketmq_consumer_connections', {
        consumer_group,
        consume_mode: online?.consumeType == null ? 'unknown' : CONSUME_MODES[online.consumeType],
        is_system: String(isSystemGroup(consumer_group)),
        ...clientLabels(language, version),
      });
    }
  });
  samples.push(...clients.values());
  for (const entry of stats?.consumeStatsList ?? []) {
    for (const [group, list] of Object.entries(entry)) samples.push(...ofGroup(group, list, isSystem, sample));
  }
  samples.push(
    ...(await ofTopics(session, broker, Object.keys(topics?.topicConfigTable ?? {}), isSystem, sample, deadline)),
  );
  return samples;
}

/** Knows the topics named after clusters and brokers, too. */
type IsSystem = (topic: string) => boolean;

type MakeSample = (name: MetricSample['name'], value: number, labels?: Record<string, string>) => MetricSample;

const clientLabels = (language: unknown, version: number): Record<string, string> => ({
  language: String(language).toLowerCase(),
  version: versionDesc(version).toLowerCase(),
  protocol_type: 'remoting',
});

/** Out of the runtime table and the configuration. */
function ofTables({ runtime, config }: BrokerLook, now: number, sample: MakeSample): MetricSample[] {
  const number = (key: string): number | null => {
    const value = Number(runtime?.[key]);
    return runtime?.[key] === undefined || runtime[key] === '' || Number.isNaN(value) ? null : value;
  };
  const samples: MetricSample[] = [];
  const add = (name: MetricSample['name'], value: number | null, labels?: Record<string, string>): void => {
    if (value !== null) samples.push(sample(name, Math.max(0, value), labels));
  };
  const permission = Number(config?.brokerPermission);
  if (!Number.isNaN(permission)) add('rocketmq_broker_permission', permission);
  add('rocketmq_processor_watermark', number('sendThreadPoolQueueSize'), { processor: 'send' });
  add('rocketmq_processor_watermark', number('pullThreadPoolQueueSize'), { processor: 'pull' });
  add('rocketmq_processor_watermark', number('queryThreadPoolQueueSize'), { processor: 'query_message' });
  add('rocketmq_processor_watermark', number('EndTransactionQueueSize'), { processor: 'transaction' });
  const [min, max] = [number('commitLogMinOffset'), number('commitLogMaxOffset')];
  add('rocketmq_storage_size_bytes', min === null || max === null ? null : max - Math.max(0, min), LOCAL_DISK);
  add('rocketmq_storage_dispatch_behind_bytes', number('dispatchBehindBytes'), LOCAL_DISK);
  const oldest = number('earliestMessageTimeStamp');
  const reserved = oldest === null || oldest <= 0 || oldest > now ? null : now - oldest;
  add('rocketmq_storage_message_reserve_time_milliseconds', reserved, LOCAL_DISK);
  add('rocketmq_timer_enqueue_lag', number('timerOffsetBehind'), LOCAL_DISK);
  const behind = number('timerReadBehind');
  add('rocketmq_timer_dequeue_latency_milliseconds', behind === null ? null : behind * 1000, LOCAL_DISK);
  const ratios = Object.entries(runtime ?? {}).flatMap(([key, text]) =>
    /^(?:commitLog|consumeQueue)DiskRatio/.test(key) && Number(text) >= 0 ? [Number(text)] : [],
  );
  add('mqadmin_broker_disk_ratio', ratios.length === 0 ? null : Math.max(...ratios));
  return samples;
}

/** How far a group is, a topic at a time. */
function ofGroup(
  consumer_group: string,
  list: readonly ConsumeStats[],
  isSystem: IsSystem,
  sample: MakeSample,
): MetricSample[] {
  const topics = new Map<string, { lag: number; inflight: number | null; ready: number | null }>();
  for (const { mq, brokerOffset, consumerOffset, pullOffset } of list.flatMap(({ offsetTable }) => offsetTable)) {
    const sum = topics.get(mq.topic) ?? { lag: 0, inflight: 0, ready: 0 };
    // Brokers before 5.x do not tell how far messages were handed out: 0, less than the committed offset.
    const pulled = pullOffset < consumerOffset ? null : pullOffset;
    topics.set(mq.topic, {
      lag: sum.lag + Math.max(0, brokerOffset - consumerOffset),
      inflight: pulled === null || sum.inflight === null ? null : sum.inflight + pulled - consumerOffset,
      ready: pulled === null || sum.ready === null ? null : sum.ready + Math.max(0, brokerOffset - pulled),
    });
  }
  return [...topics].flatMap(([topic, { lag, inflight, ready }]) => {
    const labels = {
      consumer_group,
      topic,
      is_retry: String(isRetryTopic(topic)),
      is_system: String(isSystem(topic) || isSystemGroup(consumer_group)),
    };
    return [
      sample('rocketmq_consumer_lag_messages', lag, labels),
      ...(inflight === null ? [] : [sample('rocketmq_consumer_inflight_messages', inflight, labels)]),
      ...(ready === null ? [] : [sample('rocketmq_consumer_ready_messages', ready, labels)]),
    ];
  });
}

/** Messages ever stored in a topic: its queues' ends. They outlive restarts, unlike the broker's own counters. */
async function ofTopics(
  session: AdminSession,
  { addr }: BrokerLook,
  topics: readonly string[],
  isSystem: IsSystem,
  sample: MakeSample,
  deadline: Deadline,
): Promise<MetricSample[]> {
  const samples = await mapBounded(topics, A_BROKER, async (topic): Promise<MetricSample[]> => {
    try {
      const { offsetTable } = await session.api.getTopicStatsInfo(addr, topic, deadline.call());
      const total = offsetTable.reduce((sum, { maxOffset }) => sum + maxOffset, 0);
      const labels = { topic, is_system: String(isSystem(topic)) };
      return [
        sample('rocketmq_messages_in_total', total, labels),
        ...(isDlqTopic(topic)
          ? [
              sample('rocketmq_send_to_dlq_messages_total', total, {
                consumer_group: topic.slice('%DLQ%'.length),
                topic,
                is_system: 'false',
              }),
            ]
          : []),
      ];
    } catch {
      session.signal?.throwIfAborted();
      return [];
    }
  });
  return samples.flat();
}
