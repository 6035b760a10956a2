/**
 * Calls that the broker passes on to one consumer: GET_CONSUMER_RUNNING_INFO 307, CONSUME_MESSAGE_DIRECTLY 309.
 *
 * Source: broker/processor/AdminBrokerProcessor.java#callConsumer.
 */
import { errorText } from '../../base/errors.js';
import { MessageFormatError } from '../../protocol/errors.js';
import { decodeHeader, type ExtFields } from '../../protocol/header-schema.js';
import {
  ConsumeMessageDirectlyResultRequestHeader,
  GetConsumerRunningInfoRequestHeader,
} from '../../protocol/headers.js';
import { decodeOffsetMsgId } from '../../protocol/message-id.js';
import { versionDesc } from '../../protocol/mq-version.js';
import { createRequest, createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { RemotingTimeoutError } from '../../remoting/errors.js';
import { CALL_CLIENT_TIMEOUT_MS } from '../client-calls.js';
import type { BrokerContext, Handlers } from '../context.js';

/** Clients since V3_1_8 answer these calls. */
const CALLS_SINCE = 62;

async function callConsumer(
  context: BrokerContext,
  request: RemotingCommand,
  group: string,
  clientId: string,
  extFields: ExtFields,
  body: Buffer | null,
): Promise<RemotingCommand> {
  const member = context.consumers.findMember(group, clientId);
  if (!member) {
    const remark = `The Consumer <${group}> <${clientId}> not online`;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, remark);
  }
  if (member.version < CALLS_SINCE) {
    const version = versionDesc(member.version);
    const remark = `The Consumer <${clientId}> Version <${version}> too low to finish, please upgrade it to V3_1_8_SNAPSHOT`;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, remark);
  }
  try {
    const call = createRequest(request.code, extFields, body);
    const answer = await context.clients.invoke(member.connection, call, CALL_CLIENT_TIMEOUT_MS);
    return createResponse(request, answer.code, answer.remark, answer.extFields, answer.body);
  } catch (error) {
    if (error instanceof RemotingTimeoutError) {
      const remark = `consumer <${group}> <${clientId}> Timeout: ${errorText(error)}`;
      return createResponse(request, ResponseCode.CONSUME_MSG_TIMEOUT, remark);
    }
    const remark = `invoke consumer <${group}> <${clientId}> Exception: ${errorText(error)}`;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, remark);
  }
}

function getRunningInfo(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { consumerGroup, clientId } = decodeHeader(GetConsumerRunningInfoRequestHeader, request.extFields);
  return callConsumer(context, request, consumerGroup, clientId, { ...request.extFields }, request.body);
}

function physicalOffsetOf(msgId: string | undefined): number | null {
  try {
    return decodeOffsetMsgId(msgId ?? '').physicalOffset;
  } catch (error) {
    if (error instanceof MessageFormatError) return null;
    throw error;
  }
}

/** Has one consumer process one stored message; the broker supplies the message. */
async function consumeDirectly(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const header = decodeHeader(ConsumeMessageDirectlyResultRequestHeader, request.extFields);
  const extFields: ExtFields = { ...request.extFields, brokerName: context.config.brokerName };
  const topic = header.topic ? context.topics.get(header.topic) : undefined;
  if (topic) extFields.topicSysFlag = String(topic.topicSysFlag);
  const group = context.groups.find(header.consumerGroup);
  if (group) extFields.groupSysFlag = String(group.groupSysFlag);
  const physicalOffset = physicalOffsetOf(header.msgId);
  const body = physicalOffset === null ? null : await context.store.lookMessage(physicalOffset);
  if (!body) {
    const remark = `can not find message by the id, ${header.msgId}: it must be an offset id of this broker`;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, remark);
  }
  return callConsumer(context, request, header.consumerGroup, header.clientId ?? '', extFields, body);
}

/** Handlers of forwarded calls. */
export function consumerCallHandlers(context: BrokerContext): Handlers {
  return [
    [RequestCode.GET_CONSUMER_RUNNING_INFO, (request) => getRunningInfo(context, request)],
    [RequestCode.CONSUME_MESSAGE_DIRECTLY, (request) => consumeDirectly(context, request)],
  ];
}
