/**
 * Queues out of routes.
 *
 * Source: client/impl/factory/MQClientInstance.java#topicRouteData2TopicPublishInfo, #topicRouteData2TopicSubscribeInfo
 */
import type { QueueData, TopicRouteData } from '../protocol/bodies.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import { queuesOf } from '../protocol/queue-allocation.js';
import { isWriteable } from '../protocol/topic-config.js';

export { subscribeQueues } from '../protocol/queue-allocation.js';

/** Broker id of a master. */
export const MASTER_ID = 0;

function byBrokerName(a: QueueData, b: QueueData): number {
  return a.brokerName < b.brokerName ? -1 : a.brokerName > b.brokerName ? 1 : 0;
}

/**
 * Queues to send to: those of an order configuration exactly, else those of writable brokers that have a master,
 * by broker name and queue id.
 */
export function publishQueues(topic: string, route: TopicRouteData): MessageQueue[] {
  if (route.orderTopicConf) {
    return route.orderTopicConf
      .split(';')
      .filter((part) => part.trim() !== '')
      .flatMap((part) => {
        const [brokerName = '', count = ''] = part.split(':');
        return queuesOf(topic, brokerName, Number(count) || 0);
      });
  }
  const masters = new Set(
    route.brokerDatas.filter(({ brokerAddrs }) => brokerAddrs.has(MASTER_ID)).map(({ brokerName }) => brokerName),
  );
  return [...route.queueDatas]
    .sort(byBrokerName)
    .filter(({ perm, brokerName }) => isWriteable(perm) && masters.has(brokerName))
    .flatMap(({ brokerName, writeQueueNums }) => queuesOf(topic, brokerName, writeQueueNums));
}

/**
 * The route of TBW102 as a route for a topic that does not exist yet: no more queues than asked for.
 *
 * Source: MQClientInstance.java#updateTopicRouteInfoFromNameServer
 */
export function capQueueNums(route: TopicRouteData, maxQueueNums: number): TopicRouteData {
  const queueDatas = route.queueDatas.map((data) => {
    const queueNums = Math.min(maxQueueNums, data.readQueueNums);
    return { ...data, readQueueNums: queueNums, writeQueueNums: queueNums };
  });
  return { ...route, queueDatas };
}

/** True unless both routes name the same queues, brokers and order configuration. */
export function isRouteChanged(a: TopicRouteData, b: TopicRouteData): boolean {
  return canonical(a) !== canonical(b);
}

function canonical(route: TopicRouteData): string {
  const brokers = route.brokerDatas.map(
    ({ brokerName, brokerAddrs }) => `${brokerName} ${[...brokerAddrs].sort(([a], [b]) => a - b).join(' ')}`,
  );
  const queues = route.queueDatas.map(
    ({ brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag }) =>
      `${brokerName} ${readQueueNums} ${writeQueueNums} ${perm} ${topicSysFlag}`,
  );
  return JSON.stringify([brokers.sort(), queues.sort(), route.orderTopicConf ?? '']);
}
