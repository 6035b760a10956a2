/**
 * Who is online and who consumes what: GET_CONSUMER_CONNECTION_LIST 203, GET_PRODUCER_CONNECTION_LIST 204,
 * GET_ALL_PRODUCER_INFO 328, QUERY_TOPIC_CONSUME_BY_WHO 300, QUERY_TOPICS_BY_CONSUMER 343,
 * QUERY_SUBSCRIPTION_BY_CONSUMER 345.
 *
 * Source: broker/processor/AdminBrokerProcessor.java.
 */
import {
  type Connection,
  encodeConsumerConnection,
  encodeGroupList,
  encodeProducerConnection,
  encodeProducerTableInfo,
  encodeQuerySubscriptionResponseBody,
  encodeTopicList,
  type ProducerInfo,
} from '../../protocol/bodies.js';
import { decodeHeader } from '../../protocol/header-schema.js';
import {
  GetConsumerConnectionListRequestHeader,
  GetProducerConnectionListRequestHeader,
  QuerySubscriptionByConsumerRequestHeader,
  QueryTopicConsumeByWhoRequestHeader,
  QueryTopicsByConsumerRequestHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { ClientChannel } from '../client-groups.js';
import type { BrokerContext, Handlers } from '../context.js';

function connectionOf(member: ClientChannel): Connection {
  return {
    clientId: member.clientId,
    clientAddr: member.connection.remoteText,
    language: member.language,
    version: member.version,
  };
}

function getConsumerConnections(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { consumerGroup } = decodeHeader(GetConsumerConnectionListRequestHeader, request.extFields);
  const group = context.consumers.get(consumerGroup);
  if (!group) {
    const remark = `the consumer group[${consumerGroup}] not online`;
    return createResponse(request, ResponseCode.CONSUMER_NOT_ONLINE, remark);
  }
  const body = encodeConsumerConnection({
    connectionSet: [...group.members.values()].map(connectionOf),
    subscriptionTable: Object.fromEntries(group.subscriptions),
    consumeType: group.consumeType,
    messageModel: group.messageModel,
    consumeFromWhere: group.consumeFromWhere,
  });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

function getProducerConnections(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { producerGroup } = decodeHeader(GetProducerConnectionListRequestHeader, request.extFields);
  const members = context.producers.get(producerGroup);
  if (!members) {
    const remark = `the producer group[${producerGroup}] not exist`;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, remark);
  }
  const body = encodeProducerConnection({ connectionSet: [...members.values()].map(connectionOf) });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

function getAllProducers(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const data: Record<string, ProducerInfo[]> = Object.create(null);
  for (const [group, members] of context.producers.entries()) {
    data[group] = [...members.values()].map((member) => ({
      clientId: member.clientId,
      // Java's text of a socket address.
      remoteIP: `/${member.connection.remoteText}`,
      language: member.language,
      version: member.version,
      lastUpdateTimestamp: member.lastUpdateMs,
    }));
  }
  return createResponse(request, ResponseCode.SUCCESS, null, null, encodeProducerTableInfo({ data }));
}

/** Groups that are online for the topic, or have offsets on it. */
function queryTopicConsumeByWho(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { topic } = decodeHeader(QueryTopicConsumeByWhoRequestHeader, request.extFields);
  const groupList = [...new Set([...context.consumers.groupsOf(topic), ...context.offsets.groupsOf(topic)])];
  return createResponse(request, ResponseCode.SUCCESS, null, null, encodeGroupList({ groupList }));
}

/** Topics on which the group has offsets. */
function queryTopicsByConsumer(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { group } = decodeHeader(QueryTopicsByConsumerRequestHeader, request.extFields);
  const body = encodeTopicList({ topicList: [...context.offsets.topicsOf(group)], brokerAddr: context.brokerAddr });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

function querySubscription(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { group, topic = '' } = decodeHeader(QuerySubscriptionByConsumerRequestHeader, request.extFields);
  const subscriptionData = context.consumers.findSubscription(group, topic);
  const body = encodeQuerySubscriptionResponseBody({ group, topic, subscriptionData });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

/** Handlers of questions about clients. */
export function connectionHandlers(context: BrokerContext): Handlers {
  return [
    [RequestCode.GET_CONSUMER_CONNECTION_LIST, (request) => getConsumerConnections(context, request)],
    [RequestCode.GET_PRODUCER_CONNECTION_LIST, (request) => getProducerConnections(context, request)],
    [RequestCode.GET_ALL_PRODUCER_INFO, (request) => getAllProducers(context, request)],
    [RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, (request) => queryTopicConsumeByWho(context, request)],
    [RequestCode.QUERY_TOPICS_BY_CONSUMER, (request) => queryTopicsByConsumer(context, request)],
    [RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, (request) => querySubscription(context, request)],
  ];
}
