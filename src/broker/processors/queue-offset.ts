/**
 * Ends and times of one queue: SEARCH_OFFSET_BY_TIMESTAMP 29, GET_MAX_OFFSET 30, GET_MIN_OFFSET 31,
 * GET_EARLIEST_MSG_STORETIME 32. None of them asks whether the topic exists.
 *
 * Source: broker/processor/AdminBrokerProcessor.java.
 */
import { decodeHeader, encodeHeader } from '../../protocol/header-schema.js';
import {
  GetEarliestMsgStoretimeRequestHeader,
  GetEarliestMsgStoretimeResponseHeader,
  GetMaxOffsetRequestHeader,
  GetMaxOffsetResponseHeader,
  GetMinOffsetRequestHeader,
  GetMinOffsetResponseHeader,
  SearchOffsetRequestHeader,
  SearchOffsetResponseHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { BrokerContext, Handlers } from '../context.js';

async function searchOffset(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { topic, queueId, timestamp, boundaryType } = decodeHeader(SearchOffsetRequestHeader, request.extFields);
  const boundary = boundaryType === 'UPPER' ? 'upper' : 'lower';
  const offset = await context.store.offsetByTime(topic, queueId, timestamp, boundary);
  return createResponse(request, ResponseCode.SUCCESS, null, encodeHeader(SearchOffsetResponseHeader, { offset }));
}

function getMaxOffset(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { topic, queueId } = decodeHeader(GetMaxOffsetRequestHeader, request.extFields);
  const offset = Math.max(0, context.store.maxOffset(topic, queueId));
  return createResponse(request, ResponseCode.SUCCESS, null, encodeHeader(GetMaxOffsetResponseHeader, { offset }));
}

function getMinOffset(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { topic, queueId } = decodeHeader(GetMinOffsetRequestHeader, request.extFields);
  const offset = Math.max(0, context.store.minOffset(topic, queueId));
  return createResponse(request, ResponseCode.SUCCESS, null, encodeHeader(GetMinOffsetResponseHeader, { offset }));
}

function getEarliestStoreTime(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { topic, queueId } = decodeHeader(GetEarliestMsgStoretimeRequestHeader, request.extFields);
  const timestamp = context.store.earliestMessageTime(topic, queueId);
  const extFields = encodeHeader(GetEarliestMsgStoretimeResponseHeader, { timestamp });
  return createResponse(request, ResponseCode.SUCCESS, null, extFields);
}

/** Handlers of queue ends and times. */
export function queueOffsetHandlers(context: BrokerContext): Handlers {
  return [
    [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, (request) => searchOffset(context, request)],
    [RequestCode.GET_MAX_OFFSET, (request) => getMaxOffset(context, request)],
    [RequestCode.GET_MIN_OFFSET, (request) => getMinOffset(context, request)],
    [RequestCode.GET_EARLIEST_MSG_STORETIME, (request) => getEarliestStoreTime(context, request)],
  ];
}
