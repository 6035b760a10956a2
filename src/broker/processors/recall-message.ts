/**
 * RECALL_MESSAGE 370: takes back a delayed message, by a second one that meets it in its slot of the timer wheel.
 *
 * Source: broker/processor/RecallMessageProcessor.java.
 */
import { MessageFormatError } from '../../protocol/errors.js';
import { decodeHeader, encodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import { RecallMessageRequestHeader, RecallMessageResponseHeader } from '../../protocol/headers.js';
import { encodeProperties, MessageProperty } from '../../protocol/message-property.js';
import { decodeRecallHandle, type RecallHandle } from '../../protocol/recall-handle.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { isWriteable } from '../../protocol/topic-config.js';
import type { RequestContext, ServerConnection } from '../../remoting/server.js';
import type { BrokerContext, Handlers } from '../context.js';
import { type InnerMessage, isStored } from '../message-writer.js';
import type { Refusal } from '../send-checks.js';
import { timerDeleteKey } from '../timer-service.js';

type RecallHeader = HeaderOf<typeof RecallMessageRequestHeader>;

const RECALL_MESSAGE_TAG = '_RECALL_TAG_';
const BODY = Buffer.from('0');

const illegal = (remark: string): Refusal => ({ code: ResponseCode.ILLEGAL_OPERATION, remark });

/** Why nothing is taken back now, whatever the handle. */
function serviceRefusal(context: BrokerContext, topic: string): Refusal | null {
  const { config } = context;
  if (!config.recallMessageEnable) {
    return { code: ResponseCode.NO_PERMISSION, remark: 'recall failed, operation is forbidden' };
  }
  const remark = 'recall failed, broker service not available';
  if (config.brokerRole === 'SLAVE') return { code: ResponseCode.SLAVE_NOT_AVAILABLE, remark };
  const isClosed = !isWriteable(config.brokerPermission) && !config.allowRecallWhenBrokerNotWriteable;
  if (isClosed || context.clock.now() < config.startAcceptSendRequestTimeStamp) {
    return { code: ResponseCode.SERVICE_NOT_AVAILABLE, remark };
  }
  if (!context.topics.get(topic)) {
    return { code: ResponseCode.TOPIC_NOT_EXIST, remark: `recall failed, the topic[${topic}] not exist` };
  }
  return null;
}

/** Why a handle does not name a message that waits here. */
function handleRefusal(context: BrokerContext, header: RecallHeader, handle: RecallHandle): Refusal | null {
  const { config, clock } = context;
  if (handle.topic !== header.topic) return illegal('recall failed, topic not match');
  if (handle.brokerName !== config.brokerName) return illegal('recall failed, broker service not available');
  const timeLeftMs = (/^\d{1,15}$/.test(handle.timestampText) ? Number(handle.timestampText) : -1) - clock.now();
  if (timeLeftMs <= 0 || timeLeftMs >= config.timerMaxDelaySec * 1000) {
    return illegal('recall failed, timestamp invalid');
  }
  return null;
}

function buildMessage(
  context: BrokerContext,
  header: RecallHeader,
  handle: RecallHandle,
  conn: ServerConnection,
): InnerMessage {
  const nowMs = context.clock.now();
  const properties = new Map<string, string>([
    [MessageProperty.TAGS, RECALL_MESSAGE_TAG],
    [MessageProperty.TIMER_DEL_UNIQKEY, timerDeleteKey(handle.topic, handle.messageId)],
    [MessageProperty.UNIQ_KEY, handle.messageId],
    [MessageProperty.TIMER_DELIVER_MS, handle.timestampText],
    [MessageProperty.BORN_TIMESTAMP, String(nowMs)],
  ]);
  if (header.producerGroup) properties.set(MessageProperty.PRODUCER_GROUP, header.producerGroup);
  return {
    topic: handle.topic,
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: nowMs,
    bornHost: { address: conn.remoteAddress, port: conn.remotePort },
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: BODY,
    properties,
    propertiesText: encodeProperties(properties),
  };
}

async function recall(
  context: BrokerContext,
  request: RemotingCommand,
  { conn }: RequestContext,
): Promise<RemotingCommand> {
  const header = decodeHeader(RecallMessageRequestHeader, request.extFields);
  const common = { [MessageProperty.MSG_REGION]: context.config.regionId };
  const refuse = ({ code, remark }: Refusal): RemotingCommand => createResponse(request, code, remark, common);
  const refusal = serviceRefusal(context, header.topic);
  if (refusal) return refuse(refusal);
  let handle: RecallHandle;
  try {
    handle = decodeRecallHandle(header.recallHandle);
  } catch (error) {
    if (!(error instanceof MessageFormatError)) throw error;
    return refuse(illegal(error.message));
  }
  const mismatch = handleRefusal(context, header, handle);
  if (mismatch) return refuse(mismatch);
  const message = buildMessage(context, header, handle, conn);
  const result = await context.writer.write(message);
  if (!isStored(result.status)) {
    return refuse({ code: ResponseCode.SYSTEM_ERROR, remark: 'recall failed, execute error' });
  }
  context.stats.put(message.topic, message.queueId, 1, result.size, 0);
  const extFields = encodeHeader(RecallMessageResponseHeader, { msgId: handle.messageId });
  return createResponse(request, ResponseCode.SUCCESS, null, { ...common, ...extFields });
}

/** Handler of recalls. */
export function recallMessageHandlers(context: BrokerContext): Handlers {
  return [[RequestCode.RECALL_MESSAGE, (request, ctx) => recall(context, request, ctx)]];
}
