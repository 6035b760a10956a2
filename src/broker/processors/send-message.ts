/**
 * SEND_MESSAGE 10, SEND_MESSAGE_V2 310 and SEND_BATCH_MESSAGE 320. The answer goes out when the message is
 * durable under the store's flush mode.
 *
 * Source: broker/processor/SendMessageProcessor.java, AbstractSendMessageProcessor.java.
 */
import { MessageFormatError } from '../../protocol/errors.js';
import { encodeHeader } from '../../protocol/header-schema.js';
import { SendMessageResponseHeader } from '../../protocol/headers.js';
import { type HostAddress, waitStoreMsgOK } from '../../protocol/message.js';
import { type BatchRecordView, readBatch } from '../../protocol/message-batch.js';
import { encodeOffsetMsgIds } from '../../protocol/message-id.js';
import { decodeProperties, encodeProperties, MessageProperty } from '../../protocol/message-property.js';
import { encodeRecallHandle } from '../../protocol/recall-handle.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { MessageSysFlag, transactionValue } from '../../protocol/sys-flag.js';
import type { TopicConfig } from '../../protocol/topic-config.js';
import { isRetryTopic } from '../../protocol/topic-validator.js';
import type { RequestContext, ServerConnection } from '../../remoting/server.js';
import { CLEANUP_POLICY_ATTRIBUTE, QUEUE_TYPE_ATTRIBUTE } from '../attributes.js';
import type { BrokerContext, Handlers } from '../context.js';
import { delayLevelOf, type InnerMessage, isStored, type WriteResult } from '../message-writer.js';
import {
  checkSend,
  chooseQueueId,
  isRefusal,
  parseSendHeader,
  putRefusal,
  type Refusal,
  redirectDeadLetter,
  type SendHeader,
  sendExtFields,
} from '../send-checks.js';
import type { PutCommon } from '../store/message-store.js';

const MAX_BATCH_TOPIC_CHARS = 127;
/** A consume queue counts them in an int16. */
const MAX_INNER_BATCH = 32_767;

/** A send on its way: what the answer needs. */
interface Sending {
  readonly request: RemotingCommand;
  readonly header: SendHeader;
  /** As the answer names it: the queue of the topic that the producer knows. */
  readonly queueId: number;
  readonly startedAtMs: number;
  /** Messages in the one record, if that is an inner batch: the producer is told so. */
  readonly innerBatch?: number;
}

const MESSAGE_ILLEGAL: WriteResult = {
  status: 'MESSAGE_ILLEGAL',
  physicalOffset: -1,
  size: -1,
  queueOffset: -1,
  storeTimestamp: -1,
};

function refuse(context: BrokerContext, request: RemotingCommand, refusal: Refusal): RemotingCommand {
  return createResponse(request, refusal.code, refusal.remark, sendExtFields(context));
}

function bornHost(conn: ServerConnection): HostAddress {
  return { address: conn.remoteAddress, port: conn.remotePort };
}

/** Refuses sends that could not be served anyway, before anything is stored. */
function overload(context: BrokerContext): Refusal | null {
  if (context.config.brokerRole === 'SLAVE') {
    return {
      code: ResponseCode.SYSTEM_BUSY,
      remark: '[REJECTREQUEST]system busy, start flow control for a while',
    };
  }
  if (context.work.sends >= context.config.sendThreadPoolQueueCapacity) {
    return { code: ResponseCode.SYSTEM_BUSY, remark: '[OVERLOAD]system busy, start flow control for a while' };
  }
  return null;
}

/**
 * Waits until the last of the results is durable, and answers.
 *
 * @param isWaiting false for messages that need only be written
 */
async function answer(
  context: BrokerContext,
  { request, queueId, startedAtMs, innerBatch }: Sending,
  stored: { topic: string; queueId: number; properties?: ReadonlyMap<string, string> },
  results: readonly WriteResult[],
  transactionId: string | undefined,
  isWaiting: boolean,
): Promise<RemotingCommand> {
  context.work.sends++;
  let final: WriteResult;
  try {
    const last = results.at(-1) ?? MESSAGE_ILLEGAL;
    final = await (isWaiting ? context.writer.durable(last) : context.writer.written(last));
  } finally {
    context.work.sends--;
  }
  const outcome = putRefusal(context, final.status);
  if (!isStored(final.status)) return refuse(context, request, outcome);
  const bytes = results.reduce((sum, result) => sum + result.size, 0);
  const latencyMs = Math.max(0, context.clock.now() - startedAtMs);
  context.stats.put(stored.topic, stored.queueId, innerBatch ?? results.length, bytes, latencyMs);
  const msgId = encodeOffsetMsgIds(
    context.storeHost,
    results.map((result) => result.physicalOffset),
  );
  const queueOffset = results[0]!.queueOffset;
  return createResponse(request, outcome.code, outcome.remark, {
    ...sendExtFields(context),
    ...encodeHeader(SendMessageResponseHeader, {
      ...{ msgId, queueId, queueOffset, transactionId },
      batchUniqId: innerBatch === undefined ? undefined : transactionId,
      recallHandle: stored.properties && recallHandle(context, stored.properties),
    }),
  });
}

/** How to take back a message that waits in the timer wheel; nothing for others. (#attachRecallHandle) */
function recallHandle(context: BrokerContext, properties: ReadonlyMap<string, string>): string | undefined {
  const outMs = Number(properties.get(MessageProperty.TIMER_OUT_MS) ?? Number.NaN);
  const topic = properties.get(MessageProperty.REAL_TOPIC);
  if (!Number.isSafeInteger(outMs) || topic === undefined || isRetryTopic(topic)) return undefined;
  // One more than the slot's time, which would be taken for the slot before.
  const timestampText = String(outMs + 1);
  const messageId = properties.get(MessageProperty.UNIQ_KEY) ?? '';
  return encodeRecallHandle({ topic, brokerName: context.config.brokerName, timestampText, messageId });
}

/** Properties as the producer sent them, with what the broker adds and without what clients may not set. */
export function sentProperties(context: BrokerContext, text: string | undefined): Map<string, string> {
  const properties = decodeProperties(text);
  properties.set(MessageProperty.MSG_REGION, context.config.regionId);
  properties.set(MessageProperty.TRACE_SWITCH, String(context.config.traceOn));
  properties.delete(MessageProperty.POP_CK);
  return properties;
}

function isMultiTag(topic: TopicConfig): boolean {
  return topic.topicFilterType === 'MULTI_TAG';
}

/**
 * Builds the message of a send.
 *
 * @returns the message as it goes to the store (a half message still under its real topic), or why not
 */
export function buildMessage(
  context: BrokerContext,
  header: SendHeader,
  request: RemotingCommand,
  conn: ServerConnection,
  topic: TopicConfig,
  queueId: number,
): InnerMessage | Refusal {
  const properties = sentProperties(context, header.properties);
  const message: InnerMessage = {
    topic: header.topic,
    queueId,
    flag: header.flag,
    sysFlag: isMultiTag(topic) ? header.sysFlag | MessageSysFlag.MULTI_TAGS_FLAG : header.sysFlag,
    bornTimestamp: header.bornTimestamp,
    bornHost: bornHost(conn),
    reconsumeTimes: header.reconsumeTimes ?? 0,
    preparedTransactionOffset: 0,
    body: request.body ?? Buffer.alloc(0),
    properties,
    propertiesText: '',
  };
  const refusal = redirectDeadLetter(context, header, request.version, message);
  if (refusal) return refusal;
  if (!properties.get(MessageProperty.UNIQ_KEY)) properties.set(MessageProperty.UNIQ_KEY, context.createUniqId());
  const isCompacted = topic.attributes[CLEANUP_POLICY_ATTRIBUTE] === 'COMPACTION';
  if (isCompacted && !properties.get(MessageProperty.KEYS)?.trim()) {
    return { code: ResponseCode.MESSAGE_ILLEGAL, remark: 'Required message key is missing' };
  }
  properties.set(MessageProperty.CLUSTER, context.config.brokerClusterName);
  message.propertiesText = encodeProperties(properties);
  return message;
}

/** Whether a message opens a transaction. (Clients under 4.6.1 send back half messages with both marks.) */
function isPrepared(message: InnerMessage): boolean {
  return (
    message.properties.get(MessageProperty.TRANSACTION_PREPARED)?.toLowerCase() === 'true' &&
    !(message.reconsumeTimes > 0 && delayLevelOf(message.properties) > 0)
  );
}

function sendMessage(
  context: BrokerContext,
  sending: Sending,
  topic: TopicConfig,
  conn: ServerConnection,
): RemotingCommand | Promise<RemotingCommand> {
  const { request, header, queueId } = sending;
  const message = buildMessage(context, header, request, conn, topic, queueId);
  if (isRefusal(message)) return refuse(context, request, message);
  if (request.body === null) return refuse(context, request, putRefusal(context, 'MESSAGE_ILLEGAL'));
  if (isPrepared(message)) {
    if (context.config.rejectTransactionMessage) {
      return refuse(context, request, {
        code: ResponseCode.NO_PERMISSION,
        remark: `the broker[${context.config.brokerIP1}] sending transaction message is forbidden`,
      });
    }
    context.writer.toHalf(message);
  }
  const uniqKey = message.properties.get(MessageProperty.UNIQ_KEY);
  const result = context.writer.put(message);
  return answer(context, sending, message, [result], uniqKey, waitStoreMsgOK(message));
}

function batchRecords(request: RemotingCommand): BatchRecordView[] | null {
  try {
    return readBatch(request.body ?? Buffer.alloc(0));
  } catch (error) {
    if (error instanceof MessageFormatError) return null;
    throw error;
  }
}

function sendBatch(
  context: BrokerContext,
  sending: Sending,
  topic: TopicConfig,
  conn: ServerConnection,
): RemotingCommand | Promise<RemotingCommand> {
  const { request, header, queueId } = sending;
  const illegal = (remark: string): RemotingCommand =>
    refuse(context, request, { code: ResponseCode.MESSAGE_ILLEGAL, remark });
  if (header.topic.length > MAX_BATCH_TOPIC_CHARS) {
    return illegal(`message topic length too long ${header.topic.length}`);
  }
  if (isRetryTopic(header.topic)) return illegal(`batch request does not support retry group ${header.topic}`);
  const properties = sentProperties(context, header.properties);
  const records = batchRecords(request);
  if (
    records === null ||
    records.length === 0 ||
    (request.body?.length ?? 0) > context.config.maxMessageSize ||
    transactionValue(header.sysFlag) !== MessageSysFlag.TRANSACTION_NOT_TYPE ||
    delayLevelOf(properties) > 0
  ) {
    return refuse(context, request, putRefusal(context, 'MESSAGE_ILLEGAL'));
  }
  const common: PutCommon = {
    topic: header.topic,
    queueId,
    sysFlag: isMultiTag(topic) ? header.sysFlag | MessageSysFlag.MULTI_TAGS_FLAG : header.sysFlag,
    bornTimestamp: header.bornTimestamp,
    bornHost: bornHost(conn),
    reconsumeTimes: header.reconsumeTimes ?? 0,
  };
  properties.set(MessageProperty.CLUSTER, context.config.brokerClusterName);
  const stored = { topic: header.topic, queueId };
  const uniqKey = properties.get(MessageProperty.UNIQ_KEY);
  const isWaiting = waitStoreMsgOK({ properties });
  if (topic.attributes[QUEUE_TYPE_ATTRIBUTE] === 'BatchCQ' && uniqKey !== undefined) {
    if (records.length > MAX_INNER_BATCH) return refuse(context, request, putRefusal(context, 'MESSAGE_ILLEGAL'));
    properties.set(MessageProperty.INNER_NUM, String(records.length));
    const message: InnerMessage = {
      ...common,
      sysFlag: common.sysFlag | MessageSysFlag.NEED_UNWRAP_FLAG | MessageSysFlag.INNER_BATCH_FLAG,
      flag: header.flag,
      preparedTransactionOffset: 0,
      body: request.body as Buffer,
      properties,
      propertiesText: encodeProperties(properties),
    };
    const result = context.writer.put(message);
    return answer(context, { ...sending, innerBatch: records.length }, stored, [result], uniqKey, isWaiting);
  }
  const results = context.writer.putBatch(common, records, encodeProperties(properties));
  return answer(context, sending, stored, results, uniqKey, isWaiting);
}

/** Serves one send of any form. */
export function send(
  context: BrokerContext,
  request: RemotingCommand,
  { conn }: RequestContext,
): RemotingCommand | Promise<RemotingCommand> {
  const header = parseSendHeader(request);
  const busy = overload(context);
  if (busy) return refuse(context, request, busy);
  const topic = checkSend(context, header, conn.remoteText);
  if (isRefusal(topic)) return refuse(context, request, topic);
  const sending: Sending = {
    request,
    header,
    queueId: chooseQueueId(context, header.queueId, topic),
    startedAtMs: context.clock.now(),
  };
  return header.batch ? sendBatch(context, sending, topic, conn) : sendMessage(context, sending, topic, conn);
}

/** Handlers of sends. */
export function sendMessageHandlers(context: BrokerContext): Handlers {
  const processor = (request: RemotingCommand, ctx: RequestContext) => send(context, request, ctx);
  return [
    [RequestCode.SEND_MESSAGE, processor],
    [RequestCode.SEND_MESSAGE_V2, processor],
    [RequestCode.SEND_BATCH_MESSAGE, processor],
  ];
}
