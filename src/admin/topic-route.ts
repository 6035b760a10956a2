import type { TopicRouteData } from '../protocol/bodies.js';
import { permText } from '../protocol/topic-config.js';
import type { AdminSession } from './session.js';

/** The queues of a topic on one broker. */
export interface TopicRouteBroker {
  readonly clusterName: string;
  readonly brokerName: string;
  /** `host:port` by broker id; `"0"` is the master. */
  readonly brokerAddrs: Readonly<Record<string, string>>;
  /** Null when the broker is in the route without queues. */
  readonly readQueueNums: number | null;
  readonly writeQueueNums: number | null;
  readonly perm: number | null;
  /** `RW-` */
  readonly permText: string | null;
  readonly topicSysFlag: number | null;
}

export interface TopicRoute {
  readonly topic: string;
  /** `broker-a:4;broker-b:4` of an ordered topic. */
  readonly orderTopicConf: string | null;
  readonly brokers: readonly TopicRouteBroker[];
  /** As the name server sent it. */
  readonly raw: TopicRouteData;
}

/** 105. @throws MQBrokerError 17 when the topic has no route */
export async function topicRoute(session: AdminSession, topic: string): Promise<TopicRoute> {
  const raw = await session.api.getTopicRouteInfo(topic, session.deadline().call());
  const queues = new Map(raw.queueDatas.map((queue) => [queue.brokerName, queue]));
  const brokers = raw.brokerDatas
    .map((broker): TopicRouteBroker => {
      const queue = queues.get(broker.brokerName);
      return {
        clusterName: broker.cluster,
        brokerName: broker.brokerName,
        brokerAddrs: Object.fromEntries([...broker.brokerAddrs].sort(([a], [b]) => a - b)),
        readQueueNums: queue?.readQueueNums ?? null,
        writeQueueNums: queue?.writeQueueNums ?? null,
        perm: queue?.perm ?? null,
        permText: queue === undefined ? null : permText(queue.perm),
        topicSysFlag: queue?.topicSysFlag ?? null,
      };
    })
    .sort((a, b) => (a.brokerName < b.brokerName ? -1 : 1));
  return { topic, orderTopicConf: raw.orderTopicConf ?? null, brokers, raw };
}
