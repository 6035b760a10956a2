import { errorText } from '../base/errors.js';
import { isBrokerError } from '../client/errors.js';
import type { ClusterInfo, ConsumeMessageDirectlyResult, ConsumerConnection } from '../protocol/bodies.js';
import { hostText } from '../protocol/host-address.js';
import { type MessageExt, messageTags } from '../protocol/message.js';
import { ResponseCode } from '../protocol/response-code.js';
import { brokerAddresses, readCluster, readTargets } from './cluster.js';
import { groupTargets, onlineOrNull } from './connections.js';
import type { Deadline } from './deadline.js';
import { AdminError, isSystemErrorAnswer } from './failure.js';
import { FAN_OUT_LIMIT, mapBounded } from './fan-out.js';
import type { AdminSession } from './session.js';

/** Whether a group has had a message. Source: tools/admin/api/TrackType.java */
export type TrackType =
  | 'CONSUMED'
  | 'CONSUMED_BUT_FILTERED'
  | 'PULL'
  | 'NOT_CONSUME_YET'
  | 'NOT_ONLINE'
  | 'CONSUME_BROADCASTING'
  | 'UNKNOWN';

export interface MessageTrack {
  readonly consumerGroup: string;
  readonly trackType: TrackType;
  /** Why it is not known better; null otherwise. */
  readonly exceptionDesc: string | null;
}

/**
 * What each group that reads the message's topic has made of it.
 *
 * Source: tools/admin/DefaultMQAdminExtImpl.java#messageTrackDetail
 */
export async function trackMessage(session: AdminSession, message: MessageExt): Promise<MessageTrack[]> {
  const deadline = session.deadline();
  const [route, info] = await Promise.all([
    session.api.getTopicRouteInfo(message.topic, deadline.call()),
    readCluster(session, deadline),
  ]);
  const [target] = readTargets(route.brokerDatas);
  if (target === undefined) return [];
  const { groupList } = await session.api.queryTopicConsumeByWho(target.addr, message.topic, deadline.call());
  return mapBounded(groupList, FAN_OUT_LIMIT, async (consumerGroup): Promise<MessageTrack> => {
    try {
      return await trackGroup(session, message, consumerGroup, info, deadline);
    } catch (error) {
      if (session.signal?.aborted) throw error;
      return { consumerGroup, trackType: 'UNKNOWN', exceptionDesc: errorText(error) };
    }
  });
}

async function trackGroup(
  session: AdminSession,
  message: MessageExt,
  consumerGroup: string,
  info: ClusterInfo,
  deadline: Deadline,
): Promise<MessageTrack> {
  const targets = await groupTargets(session, consumerGroup, deadline);
  const online = (
    await mapBounded(targets, FAN_OUT_LIMIT, ({ addr }) => onlineOrNull(session, addr, consumerGroup, deadline))
  ).find((each) => each !== null);
  if (!online) {
    const exceptionDesc = `CODE:${ResponseCode.CONSUMER_NOT_ONLINE} DESC:the consumer group[${consumerGroup}] not online`;
    return { consumerGroup, trackType: 'NOT_ONLINE', exceptionDesc };
  }
  if (online.consumeType === 'CONSUME_ACTIVELY') return { consumerGroup, trackType: 'PULL', exceptionDesc: null };
  if (online.messageModel === 'BROADCASTING') {
    return { consumerGroup, trackType: 'CONSUME_BROADCASTING', exceptionDesc: null };
  }
  const storeBroker = brokerAddresses(info).find(
    ({ addr, brokerId }) => brokerId === 0 && addr === hostText(message.storeHost),
  )?.brokerName;
  const stats = await mapBounded(targets, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.getConsumeStats(addr, { consumerGroup, topic: message.topic }, deadline.call()),
  );
  const isConsumed = stats
    .flatMap(({ offsetTable }) => offsetTable)
    .some(
      ({ mq, consumerOffset }) =>
        mq.topic === message.topic &&
        mq.queueId === message.queueId &&
        mq.brokerName === storeBroker &&
        consumerOffset > message.queueOffset,
    );
  if (!isConsumed) return { consumerGroup, trackType: 'NOT_CONSUME_YET', exceptionDesc: null };
  return {
    consumerGroup,
    trackType: isFiltered(online, message) ? 'CONSUMED_BUT_FILTERED' : 'CONSUMED',
    exceptionDesc: null,
  };
}

function isFiltered(online: ConsumerConnection, message: MessageExt): boolean {
  const tags = online.subscriptionTable[message.topic]?.tagsSet;
  if (tags === undefined || tags.length === 0 || tags.includes('*')) return false;
  return !tags.includes(messageTags(message) ?? '');
}

/**
 * Has one connected push consumer consume a stored message now (309, through the broker that stores it).
 *
 * @throws AdminError (not-found) when the client is not connected; (failed) when it is no push consumer
 */
export async function consumeDirectly(
  session: AdminSession,
  request: { message: MessageExt; consumerGroup: string; clientId: string },
): Promise<ConsumeMessageDirectlyResult> {
  const { message, consumerGroup, clientId } = request;
  const deadline = session.deadline();
  const targets = await groupTargets(session, consumerGroup, deadline);
  const infos = await mapBounded(targets, FAN_OUT_LIMIT, async ({ addr }) => {
    try {
      return await session.api.getConsumerRunningInfo(addr, consumerGroup, clientId, false, deadline.call());
    } catch (error) {
      if (isSystemErrorAnswer(error) || isBrokerError(error, ResponseCode.CONSUMER_NOT_ONLINE)) return null;
      throw error;
    }
  });
  const info = infos.find((each) => each !== null);
  if (!info) throw new AdminError('not-found', `client ${clientId} of group "${consumerGroup}" is not connected`);
  if (info.properties.PROP_CONSUME_TYPE !== 'CONSUME_PASSIVELY') {
    throw new AdminError('failed', `client ${clientId} is no push consumer`, {
      hint: 'only push consumers take a message directly',
    });
  }
  return session.api.consumeMessageDirectly(
    hostText(message.storeHost),
    { consumerGroup, clientId, msgId: message.offsetMsgId, topic: message.topic },
    deadline.call(),
  );
}
