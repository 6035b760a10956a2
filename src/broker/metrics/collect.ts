/**
 * What the broker is measured by, read from the counters and tables that it has anyway: nothing is added to the way of a
 * message.
 *
 * Source: broker/metrics/BrokerMetricsManager.java, ConsumerLagCalculator.java, store/metrics/DefaultStoreMetricsManager.java
 */
import { LOCAL_DISK, type MetricSample } from '../../protocol/metrics.js';
import { versionDesc } from '../../protocol/mq-version.js';
import { isDlqTopic, isRetryTopic, isSystemGroup } from '../../protocol/topic-validator.js';
import type { ClientChannel } from '../client-groups.js';
import type { BrokerContext } from '../context.js';

/** Queues looked at before others have a turn; each may read a record. */
const QUEUES_A_TURN = 32;

const CONSUME_MODES = { CONSUME_ACTIVELY: 'pull', CONSUME_PASSIVELY: 'push', CONSUME_POP: 'pop' } as const;

/** All samples of a broker, without its common labels. */
export async function collectBroker(context: BrokerContext): Promise<MetricSample[]> {
  return [
    ...general(context),
    ...traffic(context),
    ...connections(context),
    ...storage(context),
    ...(await lags(context)),
  ];
}

const sample = (name: MetricSample['name'], value: number, labels: Record<string, string> = {}): MetricSample => ({
  name,
  labels,
  value,
});

function general({ config, topics, groups, work }: BrokerContext): MetricSample[] {
  return [
    sample('rocketmq_processor_watermark', work.sends, { processor: 'send' }),
    sample('rocketmq_processor_watermark', work.queries, { processor: 'query_message' }),
    sample('rocketmq_processor_watermark', work.endTransactions, { processor: 'transaction' }),
    sample('rocketmq_broker_permission', config.brokerPermission),
    sample('rocketmq_topic_number', topics.entries().size),
    sample('rocketmq_consumer_group_number', groups.entries().size),
  ];
}

/** Counters since the start. */
function traffic({ stats, topics }: BrokerContext): MetricSample[] {
  const samples: MetricSample[] = [];
  for (const [topic, { value }] of stats.entries('TOPIC_PUT_NUMS')) {
    const labels = { topic, is_system: String(topics.isSystemTopic(topic)) };
    samples.push(sample('rocketmq_messages_in_total', value, labels));
    samples.push(sample('rocketmq_throughput_in_total', stats.find('TOPIC_PUT_SIZE', topic)?.value ?? 0, labels));
    if (isDlqTopic(topic)) {
      const consumer_group = topic.slice('%DLQ%'.length);
      samples.push(sample('rocketmq_send_to_dlq_messages_total', value, { consumer_group, topic, is_system: 'false' }));
    }
  }
  for (const [key, { value }] of stats.entries('GROUP_GET_NUMS')) {
    const at = key.lastIndexOf('@');
    const [topic, group] = [key.slice(0, at), key.slice(at + 1)];
    const labels = groupLabels(group, topic, topics);
    samples.push(sample('rocketmq_messages_out_total', value, labels));
    samples.push(sample('rocketmq_throughput_out_total', stats.find('GROUP_GET_SIZE', key)?.value ?? 0, labels));
  }
  return samples;
}

function groupLabels(consumer_group: string, topic: string, topics: BrokerContext['topics']): Record<string, string> {
  return {
    consumer_group,
    topic,
    is_retry: String(isRetryTopic(topic)),
    is_system: String(topics.isSystemTopic(topic) || isSystemGroup(consumer_group)),
  };
}

function connections({ producers, consumers }: BrokerContext): MetricSample[] {
  const counts = new Map<string, MetricSample>();
  const count = (name: MetricSample['name'], labels: Record<string, string>): void => {
    const key = JSON.stringify([name, labels]);
    counts.set(key, sample(name, (counts.get(key)?.value ?? 0) + 1, labels));
  };
  const clientLabels = ({
    language,
    version,
  }: Pick<ClientChannel, 'language' | 'version'>): Record<string, string> => ({
    language: (language ?? 'unknown').toLowerCase(),
    version: versionDesc(version).toLowerCase(),
    protocol_type: 'remoting',
  });
  for (const members of producers.entries().values()) {
    for (const member of members.values()) count('rocketmq_producer_connections', clientLabels(member));
  }
  for (const [consumer_group, { members, consumeType }] of consumers.entries()) {
    const is_system = String(isSystemGroup(consumer_group));
    const consume_mode = CONSUME_MODES[consumeType];
    for (const member of members.values()) {
      count('rocketmq_consumer_connections', { consumer_group, consume_mode, is_system, ...clientLabels(member) });
    }
  }
  return [...counts.values()];
}

function storage({ store, timer, clock }: BrokerContext): MetricSample[] {
  const stats = store.stats();
  const oldest = stats.earliestMessageTimestamp;
  const reserved = oldest > 0 ? Math.max(0, clock.now() - oldest) : 0;
  return [
    sample('rocketmq_storage_size_bytes', stats.maxPhyOffset - stats.minPhyOffset, LOCAL_DISK),
    sample('rocketmq_storage_flush_behind_bytes', Math.max(0, stats.maxPhyOffset - stats.flushedPhyOffset), LOCAL_DISK),
    sample('rocketmq_storage_dispatch_behind_bytes', Math.max(0, stats.dispatchBehindBytes), LOCAL_DISK),
    sample('rocketmq_storage_message_reserve_time_milliseconds', reserved, LOCAL_DISK),
    ...(timer === null
      ? []
      : [
          sample('rocketmq_timer_enqueue_lag', timer.offsetBehind, LOCAL_DISK),
          sample('rocketmq_timer_dequeue_latency_milliseconds', timer.readBehind * 1000, LOCAL_DISK),
          ...[...timer.metrics.counts()].map(([topic, value]) => sample('rocketmq_timing_messages', value, { topic })),
        ]),
  ];
}

/** How far groups are, by group and topic; in slices, so that sends go on. */
async function lags({ offsets, topics, groups, store, inflight, clock }: BrokerContext): Promise<MetricSample[]> {
  const samples: MetricSample[] = [];
  const now = clock.now();
  let done = 0;
  for (const [group, names] of offsets.topicsByGroup()) {
    if (!groups.has(group)) continue;
    for (const topic of names) {
      const config = topics.get(topic);
      if (config === undefined) continue;
      let [lag, flying, ready] = [0, 0, 0];
      let [waitingSince, queueingSince] = [now, now];
      for (let queueId = 0; queueId < config.readQueueNums; queueId += 1) {
        const committed = offsets.query(group, topic, queueId);
        if (committed < 0) continue;
        const max = Math.max(0, store.maxOffset(topic, queueId));
        const pulled = Math.max(committed, offsets.queryPulled(group, topic, queueId));
        lag += Math.max(0, max - committed);
        ready += Math.max(0, max - pulled);
        flying += pulled - committed + inflight.get(topic, group, queueId);
        if (committed < max) waitingSince = Math.min(waitingSince, timeAt(committed));
        if (pulled < max) queueingSince = Math.min(queueingSince, timeAt(pulled));
        done += 1;
        if (done % QUEUES_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));

        function timeAt(offset: number): number {
          const time = store.messageTime(topic, queueId, offset);
          return time > 0 ? time : now;
        }
      }
      const labels = groupLabels(group, topic, topics);
      samples.push(
        sample('rocketmq_consumer_lag_messages', lag, labels),
        sample('rocketmq_consumer_lag_latency_milliseconds', now - waitingSince, labels),
        sample('rocketmq_consumer_inflight_messages', flying, labels),
        sample('rocketmq_consumer_ready_messages', ready, labels),
        sample('rocketmq_consumer_queueing_latency_milliseconds', now - queueingSince, labels),
      );
    }
  }
  return samples;
}
