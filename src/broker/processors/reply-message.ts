/**
 * Replies of the request-reply pattern: SEND_REPLY_MESSAGE 324, SEND_REPLY_MESSAGE_V2 325. The reply is pushed to
 * the client that asked (found among the producers), and stored besides.
 *
 * Source: broker/processor/ReplyMessageProcessor.java.
 */
import { errorText } from '../../base/errors.js';
import { encodeHeader } from '../../protocol/header-schema.js';
import { ReplyMessageRequestHeader, SendMessageResponseHeader } from '../../protocol/headers.js';
import { hostText } from '../../protocol/host-address.js';
import { encodeOffsetMsgId } from '../../protocol/message-id.js';
import { encodeProperties, MessageProperty } from '../../protocol/message-property.js';
import { createRequest, createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { RequestContext } from '../../remoting/server.js';
import { CALL_CLIENT_TIMEOUT_MS } from '../client-calls.js';
import type { BrokerContext, Handlers } from '../context.js';
import { type InnerMessage, isStored } from '../message-writer.js';
import {
  checkSend,
  chooseQueueId,
  isRefusal,
  parseSendHeader,
  type SendHeader,
  sendExtFields,
} from '../send-checks.js';
import { sentProperties } from './send-message.js';

/** Pushes a reply to who waits for it. @returns why that failed, or null */
async function pushReply(context: BrokerContext, header: SendHeader, message: InnerMessage): Promise<string | null> {
  const clientId = message.properties.get(MessageProperty.MESSAGE_REPLY_TO_CLIENT);
  if (clientId === undefined) {
    return `reply message properties[${MessageProperty.MESSAGE_REPLY_TO_CLIENT}] is null`;
  }
  const connection = context.producers.findConnection(clientId);
  if (!connection) return `push reply message fail, channel of <${clientId}> not found.`;
  const nowMs = context.clock.now();
  message.properties.set(MessageProperty.PUSH_REPLY_TIME, String(nowMs));
  const { batch: _batch, maxReconsumeTimes: _max, ...shared } = header;
  const extFields = encodeHeader(ReplyMessageRequestHeader, {
    ...shared,
    properties: encodeProperties(message.properties),
    bornHost: hostText(message.bornHost),
    storeHost: hostText(context.storeHost),
    storeTimestamp: nowMs,
  });
  try {
    const push = createRequest(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, extFields, Buffer.from(message.body));
    const answer = await context.clients.invoke(connection, push, CALL_CLIENT_TIMEOUT_MS);
    if (answer.code === ResponseCode.SUCCESS) return null;
    context.logger.warn({ clientId, remark: answer.remark }, 'a pushed reply was refused');
  } catch (error) {
    context.logger.warn({ clientId, reason: errorText(error) }, 'a reply could not be pushed');
  }
  return `push reply message to ${clientId}fail.`;
}

async function sendReply(
  context: BrokerContext,
  request: RemotingCommand,
  { conn }: RequestContext,
): Promise<RemotingCommand> {
  const header = parseSendHeader(request);
  const common = sendExtFields(context);
  const topic = checkSend(context, header, conn.remoteText);
  if (isRefusal(topic)) return createResponse(request, topic.code, topic.remark, common);
  const queueId = chooseQueueId(context, header.queueId, topic);
  const properties = sentProperties(context, header.properties);
  const message: InnerMessage = {
    topic: header.topic,
    queueId,
    flag: header.flag,
    sysFlag: header.sysFlag,
    bornTimestamp: header.bornTimestamp,
    bornHost: { address: conn.remoteAddress, port: conn.remotePort },
    reconsumeTimes: header.reconsumeTimes ?? 0,
    preparedTransactionOffset: 0,
    body: request.body ?? Buffer.alloc(0),
    properties,
    propertiesText: encodeProperties(properties),
  };
  const failure = await pushReply(context, header, message);
  let stored = { msgId: '0', queueId, queueOffset: 0 };
  if (context.config.storeReplyMessageEnable) {
    const result = await context.writer.write(message);
    if (isStored(result.status)) {
      const msgId = encodeOffsetMsgId(context.storeHost, result.physicalOffset);
      stored = { msgId, queueId, queueOffset: result.queueOffset };
      context.stats.put(message.topic, message.queueId, 1, result.size, 0);
    } else {
      context.logger.warn({ topic: message.topic, status: result.status }, 'a reply could not be stored');
    }
  }
  return createResponse(request, failure === null ? ResponseCode.SUCCESS : ResponseCode.SYSTEM_ERROR, failure, {
    ...common,
    ...encodeHeader(SendMessageResponseHeader, stored),
  });
}

/** Handlers of replies. */
export function replyMessageHandlers(context: BrokerContext): Handlers {
  const processor = (request: RemotingCommand, ctx: RequestContext) => sendReply(context, request, ctx);
  return [
    [RequestCode.SEND_REPLY_MESSAGE, processor],
    [RequestCode.SEND_REPLY_MESSAGE_V2, processor],
  ];
}
