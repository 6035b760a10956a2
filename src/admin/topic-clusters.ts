import { readCluster } from './cluster.js';
import type { AdminSession } from './session.js';

export interface TopicClusters {
  readonly topic: string;
  /** Sorted. */
  readonly clusters: ReadonlyArray<{ readonly clusterName: string; readonly brokers: readonly string[] }>;
}

/**
 * The clusters that serve a topic (106, 105). All brokers of the route count, where Apache's command looks at one.
 *
 * @throws MQBrokerError 17 when the topic has no route
 */
export async function topicClusters(session: AdminSession, topic: string): Promise<TopicClusters> {
  const deadline = session.deadline();
  const [{ clusterAddrTable }, route] = await Promise.all([
    readCluster(session, deadline),
    session.api.getTopicRouteInfo(topic, deadline.call()),
  ]);
  const routed = route.brokerDatas.map(({ brokerName }) => brokerName).sort();
  const clusters = Object.keys(clusterAddrTable)
    .sort()
    .map((clusterName) => ({
      clusterName,
      brokers: routed.filter((brokerName) => clusterAddrTable[clusterName]?.includes(brokerName)),
    }))
    .filter(({ brokers }) => brokers.length > 0);
  return { topic, clusters };
}
