/**
 * Names, types and labels of metrics, as Apache's broker of 5.x gives them to Prometheus (its exporter puts the unit
 * behind the name), and of ours where Apache has none (`rocketmq_namesrv_…`, `mqadmin_…`).
 *
 * Source: broker/metrics/BrokerMetricsConstant.java, store/metrics/DefaultStoreMetricsConstant.java
 */

/** One family of metrics. */
export interface MetricFamily {
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** Besides COMMON_LABELS. */
  readonly labels: readonly string[];
}

/** Where a metric was measured. `node_type`: broker, nameserver or exporter; `node_id`: name of the broker. */
export const COMMON_LABELS = ['cluster', 'node_type', 'node_id'] as const;

const gauge = (help: string, ...labels: string[]): MetricFamily => ({ type: 'gauge', help, labels });
const counter = (help: string, ...labels: string[]): MetricFamily => ({ type: 'counter', help, labels });

const GROUP_LABELS = ['consumer_group', 'topic', 'is_retry', 'is_system'];
const STORE_LABELS = ['storage_type', 'storage_medium'];

export const METRICS = {
  rocketmq_processor_watermark: gauge('Requests that wait, by processor.', 'processor'),
  rocketmq_broker_permission: gauge('Permission bits of the broker: 4 read, 2 write.'),
  rocketmq_topic_number: gauge('Topics of the broker.'),
  rocketmq_consumer_group_number: gauge('Consumer groups of the broker.'),
  rocketmq_messages_in_total: counter('Messages stored.', 'topic', 'is_system'),
  rocketmq_messages_out_total: counter('Messages handed out.', 'topic', 'consumer_group', 'is_system', 'is_retry'),
  rocketmq_throughput_in_total: counter('Bytes of messages stored.', 'topic', 'is_system'),
  rocketmq_throughput_out_total: counter(
    'Bytes of messages handed out.',
    ...['topic', 'consumer_group', 'is_system', 'is_retry'],
  ),
  rocketmq_producer_connections: gauge('Connected producers.', 'language', 'version', 'protocol_type'),
  rocketmq_consumer_connections: gauge(
    'Connected consumers.',
    ...['consumer_group', 'language', 'version', 'consume_mode', 'protocol_type', 'is_system'],
  ),
  rocketmq_consumer_lag_messages: gauge('Messages that a group has not consumed.', ...GROUP_LABELS),
  rocketmq_consumer_lag_latency_milliseconds: gauge('Age of the oldest of them.', ...GROUP_LABELS),
  rocketmq_consumer_inflight_messages: gauge('Messages handed out and not committed.', ...GROUP_LABELS),
  rocketmq_consumer_ready_messages: gauge('Messages not handed out yet.', ...GROUP_LABELS),
  rocketmq_consumer_queueing_latency_milliseconds: gauge('Age of the oldest message not handed out.', ...GROUP_LABELS),
  rocketmq_send_to_dlq_messages_total: counter('Messages given up.', 'consumer_group', 'topic', 'is_system'),
  rocketmq_storage_size_bytes: gauge('Bytes between the oldest and the newest message of the log.', ...STORE_LABELS),
  rocketmq_storage_flush_behind_bytes: gauge('Bytes written and not flushed.', ...STORE_LABELS),
  rocketmq_storage_dispatch_behind_bytes: gauge('Bytes stored and not in the queues yet.', ...STORE_LABELS),
  rocketmq_storage_message_reserve_time_milliseconds: gauge('Age of the oldest message.', ...STORE_LABELS),
  rocketmq_timer_enqueue_lag: gauge('Timed messages that are not in the wheel yet.', ...STORE_LABELS),
  rocketmq_timer_dequeue_latency_milliseconds: gauge('How far timed delivery is behind.', ...STORE_LABELS),
  rocketmq_timing_messages: gauge('Messages that wait for their time.', 'topic'),
  rocketmq_namesrv_brokers: gauge('Registered broker addresses.'),
  rocketmq_namesrv_clusters: gauge('Clusters with a registered broker.'),
  rocketmq_namesrv_topics: gauge('Topics with a route.'),
  rocketmq_namesrv_connections: gauge('Connections to the name server.'),
  mqadmin_up: gauge('1 when the server answered the exporter.', 'addr'),
  mqadmin_broker_disk_ratio: gauge('Use of the fullest disk, 0 to 1.'),
  mqadmin_exporter_duration_seconds: gauge('How long the last look at the cluster took.'),
} as const satisfies Readonly<Record<string, MetricFamily>>;

export type MetricName = keyof typeof METRICS;

/** One value. Labels that a family does not have are an error. */
export interface MetricSample {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Labels of what lies on a disk here. */
export const LOCAL_DISK = { storage_type: 'local', storage_medium: 'disk' } as const;

/** `metricsLabel`: `key:value,key:value`, labels that every metric gets. */
export function parseMetricsLabel(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split(',')
      .map((pair) => pair.split(':', 2).map((part) => part.trim()))
      .filter(([key, value]) => key !== undefined && /^[a-zA-Z_]\w*$/.test(key) && value !== undefined && value !== ''),
  );
}
