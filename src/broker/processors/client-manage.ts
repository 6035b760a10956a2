/**
 * Heartbeats and farewells of clients, and their check of a filter: HEART_BEAT 34, UNREGISTER_CLIENT 35,
 * CHECK_CLIENT_CONFIG 46.
 *
 * Source: broker/processor/ClientManageProcessor.java.
 */
import {
  type ConsumerData,
  decodeCheckClientRequestBody,
  decodeHeartbeatData,
  type HeartbeatData,
} from '../../protocol/bodies.js';
import { isTagType, SubscriptionParseError } from '../../protocol/filter.js';
import { decodeHeader } from '../../protocol/header-schema.js';
import { UnregisterClientRequestHeader } from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { TopicSysFlag } from '../../protocol/sys-flag.js';
import { PermName } from '../../protocol/topic-config.js';
import { retryTopic } from '../../protocol/topic-validator.js';
import type { RequestContext, ServerConnection } from '../../remoting/server.js';
import { notifyConsumerIdsChanged } from '../client-calls.js';
import type { ClientChannel } from '../client-groups.js';
import type { BrokerContext, Handlers } from '../context.js';
import { unsupportedFilter } from '../remark.js';

const READ_WRITE = PermName.PERM_READ | PermName.PERM_WRITE;

function registerConsumer(
  context: BrokerContext,
  data: ConsumerData,
  channel: ClientChannel<ServerConnection>,
  keepSubscriptions: boolean,
): void {
  const groupConfig = context.groups.find(data.groupName);
  if (!groupConfig) return;
  const hasOrderTopic = data.subscriptionDataSet.some(({ topic }) => context.topics.isOrderTopic(topic));
  context.topics.createForSendBack(
    retryTopic(data.groupName),
    groupConfig.retryQueueNums,
    READ_WRITE,
    data.unitMode ? TopicSysFlag.UNIT_SUB : 0,
    hasOrderTopic,
  );
  if (!keepSubscriptions) context.filters.register(data.groupName, data.subscriptionDataSet);
  const change = context.consumers.register(
    {
      group: data.groupName,
      consumeType: data.consumeType ?? 'CONSUME_PASSIVELY',
      messageModel: data.messageModel ?? 'CLUSTERING',
      consumeFromWhere: data.consumeFromWhere ?? 'CONSUME_FROM_LAST_OFFSET',
      subscriptions: keepSubscriptions ? null : data.subscriptionDataSet,
    },
    channel,
  );
  notifyConsumerIdsChanged(context, change, groupConfig.notifyConsumerIdsChangedEnable);
}

function heartBeat(
  context: BrokerContext,
  request: RemotingCommand,
  ctx: RequestContext,
): RemotingCommand | Promise<RemotingCommand> {
  const data = decodeHeartbeatData(request.body);
  const preparing = context.filters.prepare(data.consumerDataSet.flatMap((consumer) => consumer.subscriptionDataSet));
  return preparing
    ? preparing.then(() => register(context, request, ctx, data))
    : register(context, request, ctx, data);
}

function register(
  context: BrokerContext,
  request: RemotingCommand,
  { conn }: RequestContext,
  data: HeartbeatData,
): RemotingCommand {
  const channel: ClientChannel<ServerConnection> = {
    connection: conn,
    clientId: data.clientID,
    language: request.language,
    version: request.version,
    lastUpdateMs: context.clock.now(),
  };
  const isV2 = data.heartbeatFingerprint !== 0;
  let isSubChange = !isV2;
  for (const consumer of data.consumerDataSet) {
    if (context.config.rejectPullConsumerEnable && consumer.consumeType === 'CONSUME_ACTIVELY') continue;
    const keepSubscriptions = isV2 && data.withoutSub;
    if (context.consumers.noteFingerprint(consumer.groupName, data.heartbeatFingerprint)) isSubChange = true;
    // After a restart nobody here knows what the group subscribes to: ask for the full heartbeat.
    if (keepSubscriptions && context.consumers.subscriptionCount(consumer.groupName) === 0) isSubChange = true;
    registerConsumer(context, consumer, channel, keepSubscriptions);
  }
  for (const producer of data.producerDataSet) context.producers.register(producer.groupName, channel);
  return createResponse(request, ResponseCode.SUCCESS, null, {
    IS_SUPPORT_HEART_BEAT_V2: 'true',
    IS_SUB_CHANGE: String(isSubChange),
  });
}

function unregisterClient(context: BrokerContext, request: RemotingCommand, { conn }: RequestContext): RemotingCommand {
  const header = decodeHeader(UnregisterClientRequestHeader, request.extFields);
  if (header.producerGroup !== undefined) context.producers.unregister(header.producerGroup, conn);
  if (header.consumerGroup !== undefined) {
    const isEnabled = context.groups.get(header.consumerGroup)?.notifyConsumerIdsChangedEnable ?? true;
    notifyConsumerIdsChanged(context, context.consumers.unregister(header.consumerGroup, conn), isEnabled);
  }
  return createResponse(request, ResponseCode.SUCCESS);
}

async function checkClientConfig(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { subscriptionData } = decodeCheckClientRequestBody(request.body);
  if (!subscriptionData || isTagType(subscriptionData.expressionType)) {
    return createResponse(request, ResponseCode.SUCCESS);
  }
  if (!context.config.enablePropertyFilter) {
    return createResponse(request, ResponseCode.SYSTEM_ERROR, unsupportedFilter(subscriptionData.expressionType));
  }
  await context.filters.prepare([subscriptionData]);
  try {
    context.filters.compile(subscriptionData.expressionType, subscriptionData.subString);
  } catch (error) {
    if (!(error instanceof SubscriptionParseError)) throw error;
    return createResponse(request, ResponseCode.SUBSCRIPTION_PARSE_FAILED, error.message);
  }
  return createResponse(request, ResponseCode.SUCCESS);
}

/** Handlers of the client's own registration. */
export function clientManageHandlers(context: BrokerContext): Handlers {
  return [
    [RequestCode.HEART_BEAT, (request, ctx) => heartBeat(context, request, ctx)],
    [RequestCode.UNREGISTER_CLIENT, (request, ctx) => unregisterClient(context, request, ctx)],
    [RequestCode.CHECK_CLIENT_CONFIG, (request) => checkClientConfig(context, request)],
  ];
}
