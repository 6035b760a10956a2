import { isBrokerError } from '../client/errors.js';
import { MessageFormatError } from '../protocol/errors.js';
import { hostText } from '../protocol/host-address.js';
import { type MessageExt, messageKeys, uniqKey } from '../protocol/message.js';
import { decodeOffsetMsgId } from '../protocol/message-id.js';
import { KEY_SEPARATOR } from '../protocol/message-property.js';
import { ResponseCode } from '../protocol/response-code.js';
import { isLmq, TIMER_TOPIC } from '../protocol/topic-validator.js';
import { readTargets } from './cluster.js';
import type { Deadline } from './deadline.js';
import { AdminError, isSystemErrorAnswer } from './failure.js';
import { askAll, FAN_OUT_LIMIT, nobodyHas, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';

export interface MessagesFound extends Partial {
  /** By store time. */
  readonly messages: readonly MessageExt[];
}

/** Which route to follow, and which brokers of it. */
export interface RouteScope {
  readonly topic: string;
  /** For light and timer topics the name whose route counts, else a cluster to stay in. */
  readonly cluster?: string | null;
}

export interface KeyQuery extends RouteScope {
  readonly key: string;
  /** Store times, ms, both included. Default: all. */
  readonly beginTimestamp?: number;
  readonly endTimestamp?: number;
  /** Messages asked of each broker; 64. */
  readonly maxNum?: number;
}

/**
 * Messages that carry a key, oldest first (12 at each broker group). Brokers search by hash; other keys are dropped
 * here.
 *
 * @throws AdminError (not-found) when there is none and all brokers answered; MQBrokerError 17 without a route
 */
export async function queryByKey(session: AdminSession, query: KeyQuery): Promise<MessagesFound> {
  const { topic, key } = query;
  const found = await queryAll(session, { ...query, isUniqueKey: false }, session.deadline());
  const messages = found.messages.filter(
    (message) => message.topic === topic && (messageKeys(message) ?? '').split(KEY_SEPARATOR).includes(key),
  );
  if (messages.length === 0 && found.complete) {
    throw new AdminError('not-found', `no message in "${topic}" has the key "${key}"`);
  }
  return { ...found, messages };
}

/**
 * Messages with a unique key, the `msgId` that a send gives back; usually one. All times are searched, also those
 * beyond the three days that Apache's queryMsgById looks back.
 *
 * @throws AdminError (not-found); MQBrokerError 17 without a route
 */
export async function queryByUniqueKey(
  session: AdminSession,
  query: RouteScope & { msgId: string },
): Promise<MessagesFound> {
  const search = { ...query, key: query.msgId, maxNum: 32, isUniqueKey: true };
  const found = await queryAll(session, search, session.deadline());
  const messages = found.messages.filter((message) => (uniqKey(message) ?? message.offsetMsgId) === query.msgId);
  if (messages.length === 0 && found.complete) {
    throw new AdminError('not-found', `there is no message ${query.msgId} in "${query.topic}"`);
  }
  return { ...found, messages };
}

/**
 * One message by its id: an offset id is asked of the broker that it names (33); anything else, and an offset id
 * that nothing is found for, is looked up as a unique key of the topic.
 *
 * @param query `topic` null is enough for offset ids
 * @throws AdminError (not-found), (partial) when a broker that did not answer may have it; (usage) for a unique key
 *   without a topic
 */
export async function queryById(
  session: AdminSession,
  query: { msgId: string; topic: string | null; cluster?: string | null },
): Promise<MessageExt> {
  const place = offsetIdPlace(query.msgId);
  if (place !== null) {
    try {
      return await session.api.viewMessage(place.addr, query.topic, place.physicalOffset, session.deadline().call());
    } catch (error) {
      const isMissing = isSystemErrorAnswer(error) || isBrokerError(error, ResponseCode.QUERY_NOT_FOUND);
      if (!isMissing || query.topic === null) {
        if (!isMissing) throw error;
        throw new AdminError('not-found', `there is no message ${query.msgId}`, { cause: error });
      }
    }
  }
  if (query.topic === null) {
    throw new AdminError('usage', `${query.msgId} is no offset id: to find a unique id, the topic is needed`, {
      hint: 'add -t TOPIC',
    });
  }
  const found = await queryByUniqueKey(session, { ...query, topic: query.topic });
  const [message] = found.messages;
  if (message === undefined) throw nobodyHas(found, `there is no message ${query.msgId} in "${query.topic}"`);
  return message;
}

/** Where an offset id points to; null when the text is none. Most unique ids decode to no valid port. */
function offsetIdPlace(id: string): { addr: string; physicalOffset: number } | null {
  try {
    const { host, physicalOffset } = decodeOffsetMsgId(id);
    return host.port === 0 || physicalOffset < 0 ? null : { addr: hostText(host), physicalOffset };
  } catch (error) {
    if (error instanceof MessageFormatError) return null;
    throw error;
  }
}

/**
 * The message at a queue offset.
 *
 * @throws AdminError (not-found) when there is none, or the broker does not serve the topic
 */
export async function queryByOffset(session: AdminSession, query: OffsetQuery): Promise<MessageExt> {
  return (await queryAtOffset(session, query)).message;
}

/** One place in a queue. */
export interface OffsetQuery {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly queueOffset: number;
}

/** As queryByOffset, with the bounds of the queue. */
export async function queryAtOffset(
  session: AdminSession,
  query: OffsetQuery,
): Promise<{ message: MessageExt; minOffset: number; maxOffset: number }> {
  const { topic, brokerName, queueId, queueOffset } = query;
  const deadline = session.deadline();
  const route = await session.api.getTopicRouteInfo(topic, deadline.call());
  const target = readTargets(route.brokerDatas).find((each) => each.brokerName === brokerName);
  if (target === undefined) {
    const known = route.brokerDatas.map((broker) => broker.brokerName).join(', ');
    throw new AdminError('not-found', `broker "${brokerName}" does not serve "${topic}"`, {
      hint: `brokers: ${known}`,
    });
  }
  const { pullOnce } = await import('./pull.js');
  const result = await pullOnce(session, target, { topic, queueId, queueOffset, maxMsgNums: 1 }, deadline);
  const message = result.messages.find((each) => each.queueOffset === queueOffset);
  if (message === undefined) {
    throw new AdminError(
      'not-found',
      `no message at offset ${queueOffset} of ${topic}, ${brokerName}, queue ${queueId}`,
      {
        hint:
          result.maxOffset <= result.minOffset
            ? 'the queue is empty'
            : `stored offsets: ${result.minOffset} to ${result.maxOffset - 1}`,
      },
    );
  }
  message.brokerName = brokerName;
  return { message, minOffset: result.minOffset, maxOffset: result.maxOffset };
}

async function queryAll(
  session: AdminSession,
  query: KeyQuery & { isUniqueKey: boolean },
  deadline: Deadline,
): Promise<MessagesFound> {
  const targets = await scopeTargets(session, query, deadline);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.queryMessage(
      addr,
      {
        topic: query.topic,
        key: query.key,
        maxNum: query.maxNum ?? 64,
        beginTimestamp: query.beginTimestamp ?? 0,
        endTimestamp: query.endTimestamp ?? Number.MAX_SAFE_INTEGER,
      },
      { ...deadline.call(), isUniqueKey: query.isUniqueKey },
    ),
  );
  const messages = answers.flatMap(({ target, value }) =>
    value.messages.map((message) => Object.assign(message, { brokerName: target.brokerName })),
  );
  messages.sort((a, b) => a.storeTimestamp - b.storeTimestamp || a.physicalOffset - b.physicalOffset);
  return { ...partial, messages };
}

async function scopeTargets(session: AdminSession, scope: RouteScope, deadline: Deadline): Promise<Target[]> {
  const { topic, cluster } = scope;
  const isBorrowed = Boolean(cluster) && (isLmq(topic) || topic === TIMER_TOPIC);
  const route = await session.api.getTopicRouteInfo(isBorrowed ? (cluster as string) : topic, deadline.call());
  const brokers =
    cluster && !isBorrowed ? route.brokerDatas.filter((broker) => broker.cluster === cluster) : route.brokerDatas;
  if (brokers.length === 0) throw new AdminError('not-found', `no broker of cluster "${cluster}" serves "${topic}"`);
  return readTargets(brokers);
}
