/**
 * END_TRANSACTION 37 and RESUME_CHECK_HALF_MESSAGE 323.
 *
 * Source: broker/processor/EndTransactionProcessor.java, AdminBrokerProcessor.java#resumeCheckHalfMessage.
 */
import { MessageFormatError } from '../../protocol/errors.js';
import { decodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import { EndTransactionRequestHeader, ResumeCheckHalfMessageRequestHeader } from '../../protocol/headers.js';
import type { MessageExt } from '../../protocol/message.js';
import { decodeMessage } from '../../protocol/message-codec.js';
import { decodeOffsetMsgId } from '../../protocol/message-id.js';
import { encodeProperties, MessageProperty } from '../../protocol/message-property.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { MessageSysFlag, resetTransactionValue } from '../../protocol/sys-flag.js';
import { SystemTopic } from '../../protocol/topic-validator.js';
import type { BrokerContext, Handlers } from '../context.js';
import { type InnerMessage, innerFrom, isStored, type WriteStatus } from '../message-writer.js';
import { putRefusal, type Refusal } from '../send-checks.js';
import { immunityMs, type TransactionService } from '../transaction-service.js';

type EndHeader = HeaderOf<typeof EndTransactionRequestHeader>;

async function lookHalf(context: BrokerContext, physicalOffset: number): Promise<MessageExt | null> {
  const bytes = await context.store.lookMessage(physicalOffset);
  return bytes ? decodeMessage(bytes, 0, { decompress: false }) : null;
}

/** Why a commit could not be stored: a send's codes, but for a busy disk, and remarks of its own. (#sendFinalMessage) */
export function commitRefusal(context: Pick<BrokerContext, 'config' | 'store'>, status: WriteStatus): Refusal {
  const refusal = putRefusal(context, status);
  switch (status) {
    case 'CREATE_MAPPED_FILE_FAILED':
      return { ...refusal, remark: 'Create mapped file failed.' };
    case 'MESSAGE_ILLEGAL':
    case 'PROPERTIES_SIZE_EXCEEDED':
      return { ...refusal, remark: `T${refusal.remark?.slice(1)}` };
    case 'SERVICE_NOT_AVAILABLE':
      return { ...refusal, remark: 'Service not available now.' };
    case 'OS_PAGE_CACHE_BUSY':
      return { code: ResponseCode.SYSTEM_ERROR, remark: 'OS page cache busy, please try another machine' };
    default:
      return refusal;
  }
}

/** Why the half message and the request do not belong together, or come too late. */
function endRefusal(context: BrokerContext, header: EndHeader, half: MessageExt): Refusal | null {
  const wrong = (remark: string): Refusal => ({ code: ResponseCode.SYSTEM_ERROR, remark });
  const immunity = half.properties.get(MessageProperty.CHECK_IMMUNITY_TIME_IN_SECONDS);
  if (!header.fromTransactionCheck && immunity) {
    const ageMs = context.clock.now() - half.bornTimestamp;
    if (ageMs > immunityMs(immunity, context.config.transactionTimeOut)) {
      return { code: ResponseCode.ILLEGAL_OPERATION, remark: null };
    }
  }
  if (half.properties.get(MessageProperty.PRODUCER_GROUP) !== header.producerGroup) {
    return wrong('The producer group wrong');
  }
  if (half.queueOffset !== header.tranStateTableOffset) return wrong('The transaction state table offset wrong');
  if (half.physicalOffset !== header.commitLogOffset) return wrong('The commit log offset wrong');
  return null;
}

/** The message that consumers see. Its text still shows TRAN_MSG, REAL_TOPIC and REAL_QID. */
function committed(half: MessageExt, header: EndHeader): InnerMessage | null {
  const topic = half.properties.get(MessageProperty.REAL_TOPIC);
  const queueId = Number(half.properties.get(MessageProperty.REAL_QUEUE_ID) ?? Number.NaN);
  if (topic === undefined || !Number.isInteger(queueId)) return null;
  const message = innerFrom(half, topic, queueId);
  message.sysFlag = resetTransactionValue(half.sysFlag, MessageSysFlag.TRANSACTION_COMMIT_TYPE);
  message.preparedTransactionOffset = header.commitLogOffset;
  message.properties.delete(MessageProperty.REAL_TOPIC);
  message.properties.delete(MessageProperty.REAL_QUEUE_ID);
  message.properties.delete(MessageProperty.TRANSACTION_PREPARED);
  return message;
}

async function endTransaction(
  context: BrokerContext,
  transactions: TransactionService,
  request: RemotingCommand,
): Promise<RemotingCommand | null> {
  const header = decodeHeader(EndTransactionRequestHeader, request.extFields);
  if (context.config.brokerRole === 'SLAVE') return createResponse(request, ResponseCode.SLAVE_NOT_AVAILABLE);
  const isCommit = header.commitOrRollback === MessageSysFlag.TRANSACTION_COMMIT_TYPE;
  const isRollback = header.commitOrRollback === MessageSysFlag.TRANSACTION_ROLLBACK_TYPE;
  // "Unknown" gets no answer at all: the check will ask.
  if (!isCommit && !isRollback) return null;
  if (context.work.endTransactions >= context.config.endTransactionPoolQueueCapacity) {
    return createResponse(request, ResponseCode.SYSTEM_BUSY, '[OVERLOAD]system busy, start flow control for a while');
  }
  context.work.endTransactions++;
  try {
    const half = await lookHalf(context, header.commitLogOffset);
    const isHalf = half?.topic === SystemTopic.TRANS_HALF_TOPIC;
    if (!half || !isHalf) {
      return createResponse(request, ResponseCode.SYSTEM_ERROR, 'Find prepared transaction message failed');
    }
    const refusal = endRefusal(context, header, half);
    if (refusal) return createResponse(request, refusal.code, refusal.remark);
    if (isCommit) {
      const message = committed(half, header);
      if (!message) return createResponse(request, ResponseCode.SYSTEM_ERROR, 'the half message names no real topic');
      const result = await context.writer.write(message);
      if (!isStored(result.status)) {
        const { code, remark } = commitRefusal(context, result.status);
        return createResponse(request, code, remark);
      }
      context.stats.put(message.topic, message.queueId, 1, result.size, 0);
    }
    transactions.remove(half.queueOffset);
    return createResponse(request, ResponseCode.SUCCESS);
  } finally {
    context.work.endTransactions--;
  }
}

/** Puts a half message that was given up, or not, back to the check as if it had never been asked about. */
async function resumeCheck(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { msgId } = decodeHeader(ResumeCheckHalfMessageRequestHeader, request.extFields);
  let physicalOffset: number;
  try {
    ({ physicalOffset } = decodeOffsetMsgId(msgId ?? ''));
  } catch (error) {
    if (!(error instanceof MessageFormatError)) throw error;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, error.message);
  }
  const half = await lookHalf(context, physicalOffset);
  if (!half) {
    const remark = 'Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC.';
    return createResponse(request, ResponseCode.SYSTEM_ERROR, remark);
  }
  const message = innerFrom(half, SystemTopic.TRANS_HALF_TOPIC, 0);
  message.properties.set(MessageProperty.TRANSACTION_CHECK_TIMES, '0');
  message.propertiesText = encodeProperties(message.properties);
  const result = await context.writer.write(message);
  if (isStored(result.status)) return createResponse(request, ResponseCode.SUCCESS);
  return createResponse(request, ResponseCode.SYSTEM_ERROR, 'Put message back to RMQ_SYS_TRANS_HALF_TOPIC failed.');
}

/** Handlers of transactions. */
export function endTransactionHandlers(context: BrokerContext, transactions: TransactionService): Handlers {
  return [
    [RequestCode.END_TRANSACTION, (request) => endTransaction(context, transactions, request)],
    [RequestCode.RESUME_CHECK_HALF_MESSAGE, (request) => resumeCheck(context, request)],
  ];
}
