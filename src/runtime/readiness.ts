import type { AdminSession } from '../admin/session.js';
import { sleep } from '../base/clock.js';
import { MQError } from '../base/errors.js';
import type { TopicConfig } from '../protocol/topic-config.js';

/** Made for the probe and deleted again. */
export const PROBE_TOPIC = 'mqadmin_readiness_probe';
const PROBE_GROUP = 'mqadmin_readiness_probe';
const RETRY_EVERY_MS = 5;

/** A topic as createTopic wants it. */
export function topicConfig(topicName: string, queues: number, attributes: Record<string, string> = {}): TopicConfig {
  return {
    topicName,
    readQueueNums: queues,
    writeQueueNums: queues,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes,
  };
}

/**
 * Tries until `attempt` gives a value.
 *
 * @param attempt null to be asked again
 * @throws MQError REMOTING_TIMEOUT naming `what` when the session's time is up; what `attempt` throws
 */
async function eventually<T>(session: AdminSession, what: string, attempt: () => Promise<T | null>): Promise<T> {
  const deadlineMs = session.clock.monotonicMs() + session.timeoutMs;
  for (;;) {
    session.signal?.throwIfAborted();
    const value = await attempt();
    if (value !== null) return value;
    if (session.clock.monotonicMs() >= deadlineMs) {
      throw new MQError('REMOTING_TIMEOUT', `${what} within ${session.timeoutMs} ms`);
    }
    await sleep(RETRY_EVERY_MS, session.signal);
  }
}

/**
 * Waits until the name server gives a route for the topic that leads to all these brokers.
 *
 * @throws MQError REMOTING_TIMEOUT when the session's time is up
 */
export async function waitForRoute(
  session: AdminSession,
  topic: string,
  brokerNames: readonly string[],
): Promise<void> {
  await eventually(session, `no route for topic ${topic}`, async () => {
    const info = await session.api.getBrokerClusterInfo({ signal: session.signal });
    if (!brokerNames.every((brokerName) => info.brokerAddrTable[brokerName])) return null;
    const topics = await session.api.getTopicListFromNameServer({ signal: session.signal });
    if (!topics.topicList.includes(topic)) return null;
    const route = await session.api.getTopicRouteInfo(topic, { signal: session.signal });
    const found = new Set(route.queueDatas.map((queueData) => queueData.brokerName));
    return brokerNames.every((brokerName) => found.has(brokerName)) ? true : null;
  });
}

/** Sends a message to queue 0 of the topic on one broker. @returns its offset in the queue */
async function produce(session: AdminSession, addr: string, topic: string, body: Buffer): Promise<number> {
  const { queueOffset } = await session.api.sendMessage(
    addr,
    {
      a: PROBE_GROUP,
      b: topic,
      c: 'TBW102',
      d: 1,
      e: 0,
      f: 0,
      g: session.clock.now(),
      h: 0,
      i: '',
      j: 0,
      k: false,
    },
    body,
    { signal: session.signal },
  );
  return queueOffset;
}

/** Reads the body of the message at an offset of queue 0, or null while it cannot be read yet. */
async function pull(session: AdminSession, addr: string, topic: string, queueOffset: number): Promise<Buffer | null> {
  const { messages } = await session.api.pullMessage(
    addr,
    {
      consumerGroup: PROBE_GROUP,
      topic,
      queueId: 0,
      queueOffset,
      maxMsgNums: 1,
      // Subscription in the request (bit 2); no commit, no long poll.
      sysFlag: 4,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
      expressionType: 'TAG',
    },
    { signal: session.signal },
  );
  return messages[0]?.body ?? null;
}

/**
 * Proves that a cluster works, over the wire and nothing else: on every broker a message is produced to a topic made
 * for it and pulled back. Topic and group are deleted afterwards.
 *
 * @param brokers advertised addresses by broker name
 * @throws MQError REMOTING_TIMEOUT when something does not come about in the session's time; MQBrokerError
 */
export async function proveReady(session: AdminSession, brokers: ReadonlyMap<string, string>): Promise<void> {
  const { api, signal } = session;
  await Promise.all(
    [...brokers.values()].map((addr) => api.createTopic(addr, topicConfig(PROBE_TOPIC, 1), { signal })),
  );
  await waitForRoute(session, PROBE_TOPIC, [...brokers.keys()]);
  await Promise.all(
    [...brokers.values()].map(async (addr) => {
      const body = Buffer.from(`ready? ${addr}`);
      const queueOffset = await produce(session, addr, PROBE_TOPIC, body);
      const read = await eventually(session, `message not readable on ${addr}`, () =>
        pull(session, addr, PROBE_TOPIC, queueOffset),
      );
      if (!read.equals(body)) throw new MQError('MESSAGE_FORMAT', `${addr} returned another message than it was sent`);
      await api.deleteTopicInBroker(addr, PROBE_TOPIC, { signal });
      await api.deleteSubscriptionGroup(addr, PROBE_GROUP, true, { signal });
    }),
  );
  await api.deleteTopicInNameServer(PROBE_TOPIC, null, { signal });
}
