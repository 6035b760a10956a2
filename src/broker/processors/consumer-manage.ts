/**
 * What consumers ask of their group: GET_CONSUMER_LIST_BY_GROUP 38, QUERY_CONSUMER_OFFSET 14,
 * UPDATE_CONSUMER_OFFSET 15.
 *
 * Source: broker/processor/ConsumerManageProcessor.java.
 */
import { encodeGetConsumerListByGroupResponseBody } from '../../protocol/bodies.js';
import { decodeHeader, defineHeader, encodeHeader, optional, required } from '../../protocol/header-schema.js';
import {
  GetConsumerListByGroupRequestHeader,
  QueryConsumerOffsetRequestHeader,
  QueryConsumerOffsetResponseHeader,
  UpdateConsumerOffsetRequestHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { BrokerContext, Handlers } from '../context.js';

function getConsumerListByGroup(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { consumerGroup } = decodeHeader(GetConsumerListByGroupRequestHeader, request.extFields);
  const members = [...(context.consumers.get(consumerGroup)?.members.values() ?? [])];
  if (members.length === 0) {
    return createResponse(request, ResponseCode.SYSTEM_ERROR, `no consumer for this group, ${consumerGroup}`);
  }
  const body = encodeGetConsumerListByGroupResponseBody({ consumerIdList: members.map((member) => member.clientId) });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

/** As UpdateConsumerOffsetRequestHeader, whose numbers Apache lets be missing to refuse them with a code of its own. */
const LenientHeader = defineHeader(UpdateConsumerOffsetRequestHeader.name, {
  consumerGroup: required.string,
  topic: required.string,
  queueId: optional.int32,
  commitOffset: optional.int64,
});

function updateConsumerOffset(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { consumerGroup: group, topic, queueId, commitOffset } = decodeHeader(LenientHeader, request.extFields);
  if (!context.groups.has(group)) {
    return createResponse(request, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${group} not exist!`);
  }
  if (!context.topics.has(topic)) {
    return createResponse(request, ResponseCode.TOPIC_NOT_EXIST, `Topic ${topic} not exist!`);
  }
  if (queueId === undefined) {
    return createResponse(request, ResponseCode.INVALID_PARAMETER, `QueueId is null, topic is ${topic}`);
  }
  if (commitOffset === undefined) {
    return createResponse(request, ResponseCode.INVALID_PARAMETER, `Offset is null, topic is ${topic}`);
  }
  if (context.config.useServerSideResetOffset && context.offsets.hasReset(topic, group, queueId)) {
    return createResponse(request, ResponseCode.SUCCESS, 'Offset has been previously reset');
  }
  context.offsets.commit(group, topic, queueId, commitOffset);
  return createResponse(request, ResponseCode.SUCCESS);
}

/**
 * The stored offset. Without one a group that meets a small, fresh queue starts at 0, whatever
 * ConsumeFromWhere it has; otherwise it is told to decide for itself.
 */
function queryConsumerOffset(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const header = decodeHeader(QueryConsumerOffsetRequestHeader, request.extFields);
  const { consumerGroup, topic, queueId } = header;
  const found = (offset: number): RemotingCommand =>
    createResponse(request, ResponseCode.SUCCESS, null, encodeHeader(QueryConsumerOffsetResponseHeader, { offset }));
  const stored = context.offsets.query(consumerGroup, topic, queueId);
  if (stored >= 0) return found(stored);
  if (header.setZeroIfNotFound === false) {
    return createResponse(
      request,
      ResponseCode.QUERY_NOT_FOUND,
      'Not found, do not set to zero, maybe this group boot first',
    );
  }
  if (context.store.minOffset(topic, queueId) <= 0 && context.store.isFirstMessageInMemory(topic, queueId)) {
    return found(0);
  }
  return createResponse(
    request,
    ResponseCode.QUERY_NOT_FOUND,
    'Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first',
  );
}

/** Handlers of membership and committed offsets. */
export function consumerManageHandlers(context: BrokerContext): Handlers {
  return [
    [RequestCode.GET_CONSUMER_LIST_BY_GROUP, (request) => getConsumerListByGroup(context, request)],
    [RequestCode.UPDATE_CONSUMER_OFFSET, (request) => updateConsumerOffset(context, request)],
    [RequestCode.QUERY_CONSUMER_OFFSET, (request) => queryConsumerOffset(context, request)],
  ];
}
