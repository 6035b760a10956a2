import { isBrokerError, isTopicNotExist } from '../client/errors.js';
import type { ConsumerConnection } from '../protocol/bodies.js';
import { versionDesc } from '../protocol/mq-version.js';
import { ResponseCode } from '../protocol/response-code.js';
import { retryTopic } from '../protocol/topic-validator.js';
import { brokerAt, readCluster, readTargets } from './cluster.js';
import type { Deadline } from './deadline.js';
import { isSystemErrorAnswer } from './failure.js';
import { askAll, FAN_OUT_LIMIT, nobodyHas, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';

/** A connected client. */
export interface ClientConnection {
  readonly clientId: string;
  /** `ip:port` */
  readonly clientAddr: string;
  readonly language: string;
  /** `V5_3_3` */
  readonly version: string;
  readonly versionNumber: number;
}

export interface ConsumerConnections extends Partial {
  readonly consumerGroup: string;
  readonly consumeType: ConsumerConnection['consumeType'];
  readonly messageModel: ConsumerConnection['messageModel'];
  readonly consumeFromWhere: ConsumerConnection['consumeFromWhere'];
  /** By clientId; a client that is connected to several brokers is listed once. */
  readonly connections: readonly ClientConnection[];
  readonly subscriptions: ReadonlyArray<{ topic: string; expression: string; expressionType: string; version: number }>;
}

/**
 * Members of a consumer group and what they subscribe to (203 at each broker that may hold it, or at one address).
 *
 * @throws AdminError (not-found) when nobody of the group is connected; (partial) when a broker that did not answer may
 *   know better
 */
export async function consumerConnections(
  session: AdminSession,
  query: { consumerGroup: string; brokerAddr?: string | null },
): Promise<ConsumerConnections> {
  const { consumerGroup, brokerAddr } = query;
  const deadline = session.deadline();
  const targets: Target[] = brokerAddr ? [brokerAt(brokerAddr)] : await groupTargets(session, consumerGroup, deadline);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    onlineOrNull(session, addr, consumerGroup, deadline),
  );
  const tables = answers.flatMap(({ value }) => (value === null ? [] : [value]));
  const [first] = tables;
  if (first === undefined) {
    throw nobodyHas(partial, `nobody of consumer group "${consumerGroup}" is connected`, {
      hint: `mqadmin consumer progress ${consumerGroup} shows where it stands`,
    });
  }
  const connections = new Map(
    tables.flatMap(({ connectionSet }) => connectionSet.map((each) => [each.clientId, each])),
  );
  const subscriptions = new Map(
    tables.flatMap(({ subscriptionTable }) => Object.values(subscriptionTable).map((each) => [each.topic, each])),
  );
  return {
    consumerGroup,
    ...partial,
    consumeType: first.consumeType,
    messageModel: first.messageModel,
    consumeFromWhere: first.consumeFromWhere,
    connections: [...connections.values()].map(toConnection).sort(byClientId),
    subscriptions: [...subscriptions.values()]
      .map(({ topic, subString, expressionType, subVersion }) => ({
        topic: topic ?? '',
        expression: subString,
        expressionType,
        version: subVersion,
      }))
      .sort((a, b) => (a.topic < b.topic ? -1 : 1)),
  };
}

/**
 * The brokers that may hold a consumer group: those of its retry topic's route; of a group without one, every broker.
 */
export async function groupTargets(
  session: AdminSession,
  consumerGroup: string,
  deadline: Deadline,
): Promise<Array<Target & { brokerName: string }>> {
  try {
    const route = await session.api.getTopicRouteInfo(retryTopic(consumerGroup), deadline.call());
    return readTargets(route.brokerDatas);
  } catch (error) {
    if (!isTopicNotExist(error)) throw error;
    const { brokerAddrTable } = await readCluster(session, deadline);
    return readTargets(Object.values(brokerAddrTable));
  }
}

/** 203, null when nobody of the group is connected to this broker. */
export async function onlineOrNull(
  session: AdminSession,
  addr: string,
  consumerGroup: string,
  deadline: Deadline,
): Promise<ConsumerConnection | null> {
  try {
    return await session.api.getConsumerConnectionList(addr, consumerGroup, deadline.call());
  } catch (error) {
    if (isBrokerError(error, ResponseCode.CONSUMER_NOT_ONLINE)) return null;
    throw error;
  }
}

export interface ProducerConnections extends Partial {
  readonly producerGroup: string;
  readonly connections: readonly ClientConnection[];
}

/**
 * Members of a producer group (204 at each broker of a topic).
 *
 * @throws AdminError (not-found) when nobody is connected, (partial) when not every broker said so; MQBrokerError 17
 *   without a route
 */
export async function producerConnections(
  session: AdminSession,
  query: { producerGroup: string; topic: string },
): Promise<ProducerConnections> {
  const { producerGroup } = query;
  const deadline = session.deadline();
  const route = await session.api.getTopicRouteInfo(query.topic, deadline.call());
  const { answers, ...partial } = await askAll(readTargets(route.brokerDatas), FAN_OUT_LIMIT, async ({ addr }) => {
    try {
      return (await session.api.getProducerConnectionList(addr, producerGroup, deadline.call())).connectionSet;
    } catch (error) {
      if (isSystemErrorAnswer(error)) return [];
      throw error;
    }
  });
  const connections = new Map(answers.flatMap(({ value }) => value.map((each) => [each.clientId, each])));
  if (connections.size === 0) {
    throw nobodyHas(partial, `nobody of producer group "${producerGroup}" is connected`, {
      hint: 'mqadmin producer list shows who is',
    });
  }
  return { producerGroup, ...partial, connections: [...connections.values()].map(toConnection).sort(byClientId) };
}

function toConnection(connection: ConsumerConnection['connectionSet'][number]): ClientConnection {
  return {
    clientId: connection.clientId,
    clientAddr: connection.clientAddr,
    language: String(connection.language),
    version: versionDesc(connection.version),
    versionNumber: connection.version,
  };
}

const byClientId = (a: ClientConnection, b: ClientConnection): number => (a.clientId < b.clientId ? -1 : 1);
