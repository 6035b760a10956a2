import { MessageFormatError } from '../../protocol/errors.js';
import { decodeHeader, encodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import {
  ConsumerSendMsgBackRequestHeader,
  EndTransactionRequestHeader,
  PullMessageRequestHeader,
  PullMessageResponseHeader,
  QueryMessageRequestHeader,
  QueryMessageResponseHeader,
  RecallMessageRequestHeader,
  RecallMessageResponseHeader,
  ResumeCheckHalfMessageRequestHeader,
  SendMessageRequestHeader,
  SendMessageRequestHeaderV2,
  SendMessageResponseHeader,
  ViewMessageRequestHeader,
} from '../../protocol/headers.js';
import type { MessageExt } from '../../protocol/message.js';
import { decodeMessage, decodeMessages, unwrapInnerBatch } from '../../protocol/message-codec.js';
import type { RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { isInnerBatch, PullSysFlag } from '../../protocol/sys-flag.js';
import type { CallOptions, Rpc } from '../rpc.js';

/** How a stored message fared. All but SEND_OK: stored, but flush or replica did not answer in time. */
export type SendStatus = 'SEND_OK' | 'FLUSH_DISK_TIMEOUT' | 'FLUSH_SLAVE_TIMEOUT' | 'SLAVE_NOT_AVAILABLE';

const SEND_STATUS = new Map<number, SendStatus>([
  [ResponseCode.SUCCESS, 'SEND_OK'],
  [ResponseCode.FLUSH_DISK_TIMEOUT, 'FLUSH_DISK_TIMEOUT'],
  [ResponseCode.FLUSH_SLAVE_TIMEOUT, 'FLUSH_SLAVE_TIMEOUT'],
  [ResponseCode.SLAVE_NOT_AVAILABLE, 'SLAVE_NOT_AVAILABLE'],
]);

const SEND_ACCEPTED = [...SEND_STATUS.keys()];

/** Form of a send: one message (310), a batch (320), a reply (325), or one message with long field names (10). */
export type SendKind = 'message' | 'batch' | 'reply' | 'v1';

export interface SendResponse extends HeaderOf<typeof SendMessageResponseHeader> {
  status: SendStatus;
  /** The broker's region (MSG_REGION), null when it names none. */
  regionId: string | null;
  /** False when the broker switched tracing off (TRACE_ON=false). */
  traceOn: boolean;
}

export type PullStatus = 'FOUND' | 'NO_NEW_MSG' | 'NO_MATCHED_MSG' | 'OFFSET_ILLEGAL';

const PULL_STATUS = new Map<number, PullStatus>([
  [ResponseCode.SUCCESS, 'FOUND'],
  [ResponseCode.PULL_NOT_FOUND, 'NO_NEW_MSG'],
  [ResponseCode.PULL_RETRY_IMMEDIATELY, 'NO_MATCHED_MSG'],
  [ResponseCode.PULL_OFFSET_MOVED, 'OFFSET_ILLEGAL'],
]);

const PULL_ACCEPTED = [...PULL_STATUS.keys()];

export interface PullResult {
  status: PullStatus;
  /** Queue offset to go on with, whatever the status. */
  nextBeginOffset: number;
  minOffset: number;
  maxOffset: number;
  /** Broker id to ask next time: 0 the master. */
  suggestWhichBrokerId: number;
  /** Decoded and decompressed, in queue order; [] unless FOUND. Bodies are slices of the response. */
  messages: MessageExt[];
}

export interface QueryMessageResult {
  /** Store time of the last indexed message, ms. */
  indexLastUpdateTimestamp: number;
  /** Physical offset of the last indexed message. */
  indexLastUpdatePhyoffset: number;
  /** By hash of the key: check exact keys. [] when nothing was found. */
  messages: MessageExt[];
}

/**
 * The messages of a pull. A body that does not decompress is given as it was stored (sysFlag bit 0 stays set):
 * one bad message must neither hide its neighbours, as in Java, nor stop the queue.
 */
function decodePulled(body: Buffer): MessageExt[] {
  const messages: MessageExt[] = [];
  let position = 0;
  while (position < body.length) {
    const message = decodeOne(body, position);
    position += message.storeSize;
    if (isInnerBatch(message.sysFlag)) messages.push(...unwrapInnerBatch(message));
    else messages.push(message);
  }
  return messages;
}

function decodeOne(body: Buffer, position: number): MessageExt {
  try {
    return decodeMessage(body, position);
  } catch (error) {
    if (!(error instanceof MessageFormatError)) throw error;
    return decodeMessage(body, position, { decompress: false });
  }
}

/** V1 field names of the one-letter ones. Source: remoting/.../header/SendMessageRequestHeaderV2.java */
function toV1(header: HeaderOf<typeof SendMessageRequestHeaderV2>): HeaderOf<typeof SendMessageRequestHeader> {
  return {
    producerGroup: header.a,
    topic: header.b,
    defaultTopic: header.c,
    defaultTopicQueueNums: header.d,
    queueId: header.e,
    sysFlag: header.f,
    bornTimestamp: header.g,
    flag: header.h,
    properties: header.i,
    reconsumeTimes: header.j,
    unitMode: header.k,
    maxReconsumeTimes: header.l,
    batch: header.m,
    bname: header.n,
  };
}

const SEND_CODE: Readonly<Record<SendKind, number>> = {
  message: RequestCode.SEND_MESSAGE_V2,
  batch: RequestCode.SEND_BATCH_MESSAGE,
  reply: RequestCode.SEND_REPLY_MESSAGE_V2,
  v1: RequestCode.SEND_MESSAGE,
};

/**
 * Calls to one broker that store, read and settle messages.
 *
 * Source: client/impl/MQClientAPIImpl.java
 */
export function messageApi(rpc: Rpc) {
  const sendRequest = (kind: SendKind, header: HeaderOf<typeof SendMessageRequestHeaderV2>, body: Buffer) => ({
    code: SEND_CODE[kind],
    header:
      kind === 'v1'
        ? encodeHeader(SendMessageRequestHeader, toV1(header))
        : encodeHeader(SendMessageRequestHeaderV2, header),
    body,
    accept: SEND_ACCEPTED,
  });

  /** Brokers, by address, that refused 361. */
  const withoutLitePull = new Set<string>();

  const pull = async (
    addr: string,
    header: HeaderOf<typeof PullMessageRequestHeader>,
    options?: CallOptions,
  ): Promise<RemotingCommand> => {
    const isLite = (header.sysFlag & PullSysFlag.LITE_PULL_MESSAGE) !== 0;
    if (isLite && !withoutLitePull.has(addr)) {
      const request = { code: RequestCode.LITE_PULL_MESSAGE, header: encodeHeader(PullMessageRequestHeader, header) };
      const accept = [...PULL_ACCEPTED, ResponseCode.REQUEST_CODE_NOT_SUPPORTED];
      const response = await rpc.call(addr, { ...request, accept }, options);
      if (response.code !== ResponseCode.REQUEST_CODE_NOT_SUPPORTED) return response;
      withoutLitePull.add(addr);
    }
    const sysFlag = header.sysFlag & ~PullSysFlag.LITE_PULL_MESSAGE;
    const request = {
      code: RequestCode.PULL_MESSAGE,
      header: encodeHeader(PullMessageRequestHeader, { ...header, sysFlag }),
      accept: PULL_ACCEPTED,
    };
    return rpc.call(addr, request, options);
  };

  return {
    /**
     * 310, 320, 325 or 10.
     *
     * @param body the message body, or the batch records
     * @throws MQBrokerError for any response that is not one of the four statuses
     */
    async sendMessage(
      addr: string,
      header: HeaderOf<typeof SendMessageRequestHeaderV2>,
      body: Buffer,
      options: CallOptions & { kind?: SendKind } = {},
    ): Promise<SendResponse> {
      const response = await rpc.call(addr, sendRequest(options.kind ?? 'message', header, body), options);
      return {
        ...decodeHeader(SendMessageResponseHeader, response.extFields),
        status: SEND_STATUS.get(response.code) as SendStatus,
        regionId: response.extFields?.MSG_REGION ?? null,
        traceOn: response.extFields?.TRACE_ON !== 'false',
      };
    },

    /** The same without an answer. */
    async sendMessageOneway(
      addr: string,
      header: HeaderOf<typeof SendMessageRequestHeaderV2>,
      body: Buffer,
      options: CallOptions & { kind?: SendKind } = {},
    ): Promise<void> {
      await rpc.oneway(addr, sendRequest(options.kind ?? 'message', header, body), options);
    },

    /**
     * 11, or 361 when sysFlag has the lite bit and the broker knows that code; 4.9 does not, and gets 11 without the
     * bit from its first refusal on. A long poll: give a `timeoutMs` beyond suspendTimeoutMillis.
     */
    async pullMessage(
      addr: string,
      header: HeaderOf<typeof PullMessageRequestHeader>,
      options?: CallOptions,
    ): Promise<PullResult> {
      const response = await pull(addr, header, options);
      const values = decodeHeader(PullMessageResponseHeader, response.extFields);
      const status = PULL_STATUS.get(response.code) as PullStatus;
      const messages = status === 'FOUND' && response.body !== null ? decodePulled(response.body) : [];
      const delta = values.offsetDelta ?? 0;
      if (delta !== 0) for (const message of messages) message.queueOffset += delta;
      return {
        status,
        nextBeginOffset: values.nextBeginOffset,
        minOffset: values.minOffset,
        maxOffset: values.maxOffset,
        suggestWhichBrokerId: values.suggestWhichBrokerId,
        messages,
      };
    },

    /** 36: asks the broker to deliver a stored message again. delayLevel 0: the broker chooses; negative: straight to the DLQ. */
    async consumerSendMessageBack(
      addr: string,
      header: HeaderOf<typeof ConsumerSendMsgBackRequestHeader>,
      options?: CallOptions,
    ): Promise<void> {
      const request = {
        code: RequestCode.CONSUMER_SEND_MSG_BACK,
        header: encodeHeader(ConsumerSendMsgBackRequestHeader, header),
      };
      await rpc.call(addr, request, options);
    },

    /** 37, one-way: settles a half message. */
    async endTransactionOneway(
      addr: string,
      header: HeaderOf<typeof EndTransactionRequestHeader>,
      remark: string | null,
      options?: CallOptions,
    ): Promise<void> {
      const request = {
        code: RequestCode.END_TRANSACTION,
        header: encodeHeader(EndTransactionRequestHeader, header),
        ...(remark === null ? {} : { remark }),
      };
      await rpc.oneway(addr, request, options);
    },

    /** 33. @param physicalOffset byte in the commit log of the broker at `addr` */
    async viewMessage(
      addr: string,
      topic: string | null,
      physicalOffset: number,
      options?: CallOptions,
    ): Promise<MessageExt> {
      const header = encodeHeader(ViewMessageRequestHeader, { topic: topic ?? undefined, offset: physicalOffset });
      const response = await rpc.call(addr, { code: RequestCode.VIEW_MESSAGE_BY_ID, header }, options);
      return decodeMessage(response.body ?? Buffer.alloc(0));
    },

    /**
     * 12: by key, or by UNIQ_KEY with `isUniqueKey`. Times are ms.
     *
     * @returns no messages when the broker found none (code 22)
     */
    async queryMessage(
      addr: string,
      query: { topic: string; key: string; maxNum: number; beginTimestamp: number; endTimestamp: number },
      options: CallOptions & { isUniqueKey?: boolean } = {},
    ): Promise<QueryMessageResult> {
      const header = encodeHeader(QueryMessageRequestHeader, query);
      header._UNIQUE_KEY_QUERY = String(options.isUniqueKey ?? false);
      const accept = [ResponseCode.SUCCESS, ResponseCode.QUERY_NOT_FOUND];
      const response = await rpc.call(addr, { code: RequestCode.QUERY_MESSAGE, header, accept }, options);
      if (response.code === ResponseCode.QUERY_NOT_FOUND) {
        return { indexLastUpdateTimestamp: 0, indexLastUpdatePhyoffset: 0, messages: [] };
      }
      return {
        ...decodeHeader(QueryMessageResponseHeader, response.extFields),
        messages: response.body === null ? [] : decodeMessages(response.body),
      };
    },

    /** 323: lets the transaction check start over for a message whose checks ran out. @returns false when refused */
    async resumeCheckHalfMessage(
      addr: string,
      topic: string | null,
      msgId: string,
      options?: CallOptions,
    ): Promise<boolean> {
      const header = encodeHeader(ResumeCheckHalfMessageRequestHeader, { topic: topic ?? undefined, msgId });
      const accept = [ResponseCode.SUCCESS, ResponseCode.SYSTEM_ERROR];
      const response = await rpc.call(addr, { code: RequestCode.RESUME_CHECK_HALF_MESSAGE, header, accept }, options);
      return response.code === ResponseCode.SUCCESS;
    },

    /** 370 (5.x): takes back a delayed message by its recall handle. @returns its msgId */
    async recallMessage(
      addr: string,
      query: HeaderOf<typeof RecallMessageRequestHeader>,
      options?: CallOptions,
    ): Promise<{ msgId: string; regionId: string | null }> {
      const header = encodeHeader(RecallMessageRequestHeader, query);
      const response = await rpc.call(addr, { code: RequestCode.RECALL_MESSAGE, header }, options);
      const { msgId } = decodeHeader(RecallMessageResponseHeader, response.extFields);
      return { msgId, regionId: response.extFields?.MSG_REGION ?? null };
    },
  };
}
