/**
 * Answers to the calls that brokers make on a client's connection.
 *
 * Source: client/impl/ClientRemotingProcessor.java
 */
import { errorText } from '../base/errors.js';
import {
  decodeResetOffsetBody,
  encodeConsumeMessageDirectlyResult,
  encodeConsumerRunningInfo,
  encodeGetConsumerStatusBody,
} from '../protocol/bodies.js';
import { decompressBody } from '../protocol/compression.js';
import { decodeHeader, type HeaderOf } from '../protocol/header-schema.js';
import {
  CheckTransactionStateRequestHeader,
  ConsumeMessageDirectlyResultRequestHeader,
  GetConsumerRunningInfoRequestHeader,
  GetConsumerStatusRequestHeader,
  NotifyConsumerIdsChangedRequestHeader,
  ReplyMessageRequestHeader,
  ResetOffsetRequestHeader,
} from '../protocol/headers.js';
import { parseHostText } from '../protocol/host-address.js';
import type { MessageExt } from '../protocol/message.js';
import { decodeMessage } from '../protocol/message-codec.js';
import { decodeProperties, MessageProperty } from '../protocol/message-property.js';
import { CURRENT_VERSION, versionDesc } from '../protocol/mq-version.js';
import { createResponse, type RemotingCommand } from '../protocol/remoting-command.js';
import { RequestCode } from '../protocol/request-code.js';
import { ResponseCode } from '../protocol/response-code.js';
import { MessageSysFlag } from '../protocol/sys-flag.js';
import type { RemotingPort } from './client-config.js';
import type { MQClientInstance } from './mq-client-instance.js';

const EMPTY = Buffer.alloc(0);

const groupUnknown = (request: RemotingCommand, group: string): RemotingCommand =>
  createResponse(request, ResponseCode.SYSTEM_ERROR, `The Consumer Group <${group}> not exist in this consumer`);

/** Registers a processor for each of the codes 39, 40, 220, 221, 307, 309 and 326. */
export function registerClientProcessors(remoting: RemotingPort, instance: MQClientInstance): void {
  remoting.registerProcessor(RequestCode.CHECK_TRANSACTION_STATE, (request, addr) => {
    const header = decodeHeader(CheckTransactionStateRequestHeader, request.extFields);
    const message = decodeMessage(request.body ?? EMPTY);
    const group = message.properties.get(MessageProperty.PRODUCER_GROUP);
    const producer = group === undefined ? null : instance.producer(group);
    if (producer === null) instance.logger.warn({ addr, group }, 'transaction check for a producer that is not here');
    else producer.checkTransactionState(addr, message, header);
    return null;
  });

  remoting.registerProcessor(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, (request, addr) => {
    const { consumerGroup } = decodeHeader(NotifyConsumerIdsChangedRequestHeader, request.extFields);
    instance.logger.info({ addr, consumerGroup }, 'the members of the group changed');
    instance.consumer(consumerGroup)?.onConsumerIdsChanged();
    return null;
  });

  remoting.registerProcessor(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, async (request, addr) => {
    const { topic, group } = decodeHeader(ResetOffsetRequestHeader, request.extFields);
    const offsets = request.body === null ? [] : decodeResetOffsetBody(request.body).offsetTable;
    instance.logger.info({ addr, topic, group, queues: offsets.length }, 'offsets are reset by a broker');
    await instance.consumer(group)?.resetOffset(topic, offsets);
    return null;
  });

  remoting.registerProcessor(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, (request) => {
    const { topic, group } = decodeHeader(GetConsumerStatusRequestHeader, request.extFields);
    const messageQueueTable = instance.consumer(group)?.offsets(topic) ?? [];
    const body = encodeGetConsumerStatusBody({ messageQueueTable, consumerTable: {} });
    return createResponse(request, ResponseCode.SUCCESS, null, null, body);
  });

  remoting.registerProcessor(RequestCode.GET_CONSUMER_RUNNING_INFO, async (request) => {
    const header = decodeHeader(GetConsumerRunningInfoRequestHeader, request.extFields);
    const consumer = instance.consumer(header.consumerGroup);
    if (consumer === null) return groupUnknown(request, header.consumerGroup);
    const info = await consumer.runningInfo(header.jstackEnable ?? false);
    info.properties.PROP_NAMESERVER_ADDR = instance.nameServers.addresses.map((addr) => `${addr};`).join('');
    info.properties.PROP_CLIENT_VERSION = versionDesc(CURRENT_VERSION);
    return createResponse(request, ResponseCode.SUCCESS, null, null, encodeConsumerRunningInfo(info));
  });

  remoting.registerProcessor(RequestCode.CONSUME_MESSAGE_DIRECTLY, async (request) => {
    const header = decodeHeader(ConsumeMessageDirectlyResultRequestHeader, request.extFields);
    const message = decodeMessage(request.body ?? EMPTY);
    const consumer = instance.consumer(header.consumerGroup);
    const result = await consumer?.consumeMessageDirectly(message, header.brokerName ?? null);
    if (!result) return groupUnknown(request, header.consumerGroup);
    return createResponse(request, ResponseCode.SUCCESS, null, null, encodeConsumeMessageDirectlyResult(result));
  });

  remoting.registerProcessor(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, (request) => {
    const header = decodeHeader(ReplyMessageRequestHeader, request.extFields);
    let message: MessageExt;
    try {
      message = replyMessage(header, request.body ?? EMPTY, instance.clock.now());
    } catch (error) {
      instance.logger.warn({ cause: errorText(error) }, 'a reply message cannot be read');
      return createResponse(request, ResponseCode.SYSTEM_ERROR, 'process reply message fail');
    }
    const isTaken = [...instance.producers()].some((producer) => producer.onReply(message));
    if (!isTaken) {
      const correlationId = message.properties.get(MessageProperty.CORRELATION_ID);
      instance.logger.warn({ correlationId }, 'a reply that nobody waits for');
    }
    return createResponse(request, ResponseCode.SUCCESS);
  });
}

/** A reply as the listener of `request` gets it. It was never stored under a queue offset that we know. */
function replyMessage(
  header: HeaderOf<typeof ReplyMessageRequestHeader>,
  body: Buffer,
  arriveTimestamp: number,
): MessageExt {
  const isCompressed = (header.sysFlag & MessageSysFlag.COMPRESSED_FLAG) !== 0;
  const properties = decodeProperties(header.properties);
  properties.set(MessageProperty.REPLY_MESSAGE_ARRIVE_TIME, String(arriveTimestamp));
  const msgId = properties.get(MessageProperty.UNIQ_KEY) ?? '';
  return {
    topic: header.topic,
    flag: header.flag,
    properties,
    body: isCompressed ? decompressBody(body, header.sysFlag) : body,
    brokerName: null,
    queueId: header.queueId,
    queueOffset: 0,
    physicalOffset: 0,
    sysFlag: header.sysFlag & ~MessageSysFlag.COMPRESSED_FLAG,
    bornTimestamp: header.bornTimestamp,
    bornHost: parseHostText(header.bornHost),
    storeTimestamp: header.storeTimestamp,
    storeHost: parseHostText(header.storeHost),
    reconsumeTimes: header.reconsumeTimes ?? 0,
    preparedTransactionOffset: 0,
    bodyCRC: 0,
    storeSize: 0,
    msgId,
    offsetMsgId: '',
  };
}
