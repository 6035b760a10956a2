/** Calls between consumers, brokers and admins. Source: remoting/.../protocol/body */
import { messageQueueKey, messageQueueType } from '../message-queue.js';
import { MESSAGE_MODELS, subscriptionDataSetType } from './heartbeat.js';
import { queueTableOf } from './offset.js';
import {
  bean,
  bodyCodec,
  boolean,
  distinct,
  double,
  enumOf,
  int32,
  int64,
  type JsonOf,
  jsonText,
  listOf,
  mapped,
  misfit,
  named,
  optional,
  type ReadContext,
  recordOf,
  text,
} from './schema.js';

const messageQueueSetType = distinct(listOf(messageQueueType), messageQueueKey);

const lockBatchRequestFields = {
  consumerGroup: text(),
  clientId: text(),
  mqSet: messageQueueSetType,
  /** 5.x: false = also on the slaves of the group. */
  onlyThisBroker: boolean(),
};

const lockBatchRequestBodyType = bean('LockBatchRequestBody', lockBatchRequestFields);

/** Request of 41. */
export interface LockBatchRequestBody extends JsonOf<typeof lockBatchRequestBodyType> {}

export const { encode: encodeLockBatchRequestBody, decode: decodeLockBatchRequestBody } = bodyCodec(
  'LockBatchRequestBody',
  lockBatchRequestBodyType,
);

const unlockBatchRequestBodyType = bean('UnlockBatchRequestBody', lockBatchRequestFields);

/** Request of 42. */
export interface UnlockBatchRequestBody extends JsonOf<typeof unlockBatchRequestBodyType> {}

export const { encode: encodeUnlockBatchRequestBody, decode: decodeUnlockBatchRequestBody } = bodyCodec(
  'UnlockBatchRequestBody',
  unlockBatchRequestBodyType,
);

const lockBatchResponseBodyType = bean('LockBatchResponseBody', {
  /** The queues that the caller holds now. */
  lockOKMQSet: messageQueueSetType,
});

/** Answer to 41. */
export interface LockBatchResponseBody extends JsonOf<typeof lockBatchResponseBodyType> {}

export const { encode: encodeLockBatchResponseBody, decode: decodeLockBatchResponseBody } = bodyCodec(
  'LockBatchResponseBody',
  lockBatchResponseBodyType,
);

/** Names in `properties` of ConsumerRunningInfo. */
export const ConsumerRunningInfoProperty = {
  PROP_NAMESERVER_ADDR: 'PROP_NAMESERVER_ADDR',
  PROP_THREADPOOL_CORE_SIZE: 'PROP_THREADPOOL_CORE_SIZE',
  PROP_CONSUME_ORDERLY: 'PROP_CONSUMEORDERLY',
  PROP_CONSUME_TYPE: 'PROP_CONSUME_TYPE',
  PROP_CLIENT_VERSION: 'PROP_CLIENT_VERSION',
  PROP_CONSUMER_START_TIMESTAMP: 'PROP_CONSUMER_START_TIMESTAMP',
} as const;

const processQueueInfoFields = {
  /** Queue offsets. */
  commitOffset: int64(),
  cachedMsgMinOffset: int64(),
  cachedMsgMaxOffset: int64(),
  cachedMsgCount: int32(),
  cachedMsgSizeInMiB: int32(),
  transactionMsgMinOffset: int64(),
  transactionMsgMaxOffset: int64(),
  transactionMsgCount: int32(),
  locked: boolean(),
  tryUnlockTimes: int64(),
  /** ms since the epoch */
  lastLockTimestamp: int64(),
  droped: boolean(),
  /** ms since the epoch */
  lastPullTimestamp: int64(),
  /** ms since the epoch */
  lastConsumeTimestamp: int64(),
};

/** Codec of ProcessQueueInfo. */
export const processQueueInfoType = bean('ProcessQueueInfo', processQueueInfoFields);

/** State of one queue in a consumer. */
export interface ProcessQueueInfo extends JsonOf<typeof processQueueInfoType> {}

const popProcessQueueInfoFields = {
  waitAckCount: int32(),
  droped: boolean(),
  /** ms since the epoch */
  lastPopTimestamp: int64(),
};

/** Codec of PopProcessQueueInfo. */
export const popProcessQueueInfoType = bean('PopProcessQueueInfo', popProcessQueueInfoFields);

/** 5.x: state of one queue in a popping consumer. */
export interface PopProcessQueueInfo extends JsonOf<typeof popProcessQueueInfoType> {}

const consumeStatusType = bean('ConsumeStatus', {
  /** Mean time of a pull, ms. */
  pullRT: double(),
  /** Messages a second. */
  pullTPS: double(),
  /** Mean time of consuming a message, ms. */
  consumeRT: double(),
  consumeOKTPS: double(),
  consumeFailedTPS: double(),
  /** Failures in the last hour. */
  consumeFailedMsgs: int64(),
});

/** How a consumer does with one topic. */
export interface ConsumeStatus extends JsonOf<typeof consumeStatusType> {}

const consumerRunningInfoType = bean('ConsumerRunningInfo', {
  /** Config of the consumer and ConsumerRunningInfoProperty; values that are no text read as their JSON. */
  properties: recordOf(jsonText()),
  subscriptionSet: subscriptionDataSetType,
  mqTable: queueTableOf('ProcessQueueInfo', processQueueInfoFields),
  /** 5.x */
  mqPopTable: queueTableOf('PopProcessQueueInfo', popProcessQueueInfoFields),
  /** By topic. */
  statusTable: recordOf(consumeStatusType),
  /** 5.x */
  userConsumerInfo: recordOf(text()),
  /** Thread dump, only when asked for. */
  jstack: optional(text()),
});

/** Answer to 307. */
export interface ConsumerRunningInfo extends JsonOf<typeof consumerRunningInfoType> {}

export const { encode: encodeConsumerRunningInfo, decode: decodeConsumerRunningInfo } = bodyCodec(
  'ConsumerRunningInfo',
  consumerRunningInfoType,
);

/** Outcomes of a listener that consumed one message, by ordinal. Source: CMResult.java */
export const CM_RESULTS = [
  'CR_SUCCESS',
  'CR_LATER',
  'CR_ROLLBACK',
  'CR_COMMIT',
  'CR_THROW_EXCEPTION',
  'CR_RETURN_NULL',
] as const;
export type CMResult = (typeof CM_RESULTS)[number];

const consumeMessageDirectlyResultType = bean('ConsumeMessageDirectlyResult', {
  order: boolean(),
  autoCommit: boolean(true),
  consumeResult: enumOf(CM_RESULTS, null),
  remark: optional(text()),
  /** ms */
  spentTimeMills: int64(),
});

/** Answer to 309. */
export interface ConsumeMessageDirectlyResult extends JsonOf<typeof consumeMessageDirectlyResultType> {}

export const { encode: encodeConsumeMessageDirectlyResult, decode: decodeConsumeMessageDirectlyResult } = bodyCodec(
  'ConsumeMessageDirectlyResult',
  consumeMessageDirectlyResultType,
);

/** How a group gets its messages, by ordinal. Source: MessageRequestMode.java */
export const MESSAGE_REQUEST_MODES = ['PULL', 'POP'] as const;
export type MessageRequestMode = (typeof MESSAGE_REQUEST_MODES)[number];

const queryAssignmentRequestBodyType = bean('QueryAssignmentRequestBody', {
  topic: text(),
  consumerGroup: text(),
  clientId: text(),
  /** AVG, AVG_BY_CIRCLE, ... */
  strategyName: text('AVG'),
  messageModel: enumOf(MESSAGE_MODELS, 'CLUSTERING'),
});

/** Request of 400. */
export interface QueryAssignmentRequestBody extends JsonOf<typeof queryAssignmentRequestBodyType> {}

export const { encode: encodeQueryAssignmentRequestBody, decode: decodeQueryAssignmentRequestBody } = bodyCodec(
  'QueryAssignmentRequestBody',
  queryAssignmentRequestBodyType,
);

const messageQueueAssignmentType = bean('MessageQueueAssignment', {
  /** queueId -1 = all queues, to be popped. */
  messageQueue: messageQueueType,
  mode: enumOf(MESSAGE_REQUEST_MODES, 'PULL'),
  attachments: optional(recordOf(text())),
});

/** A queue that a consumer was given, and how it is to read it. */
export interface MessageQueueAssignment extends JsonOf<typeof messageQueueAssignmentType> {}

const queryAssignmentResponseBodyType = bean('QueryAssignmentResponseBody', {
  messageQueueAssignments: listOf(messageQueueAssignmentType),
});

/** Answer to 400. */
export interface QueryAssignmentResponseBody extends JsonOf<typeof queryAssignmentResponseBodyType> {}

export const { encode: encodeQueryAssignmentResponseBody, decode: decodeQueryAssignmentResponseBody } = bodyCodec(
  'QueryAssignmentResponseBody',
  queryAssignmentResponseBodyType,
);

const setMessageRequestModeRequestBodyType = bean('SetMessageRequestModeRequestBody', {
  topic: text(''),
  consumerGroup: text(''),
  mode: enumOf(MESSAGE_REQUEST_MODES, 'PULL'),
  /** 0 = every consumer pops all queues. */
  popShareQueueNum: int32(),
});

/** Request of 401. */
export interface SetMessageRequestModeRequestBody extends JsonOf<typeof setMessageRequestModeRequestBodyType> {}

export const { encode: encodeSetMessageRequestModeRequestBody, decode: decodeSetMessageRequestModeRequestBody } =
  bodyCodec('SetMessageRequestModeRequestBody', setMessageRequestModeRequestBodyType);

const messageRequestModeSerializeWrapperType = bean('MessageRequestModeSerializeWrapper', {
  /** By topic and group. */
  messageRequestModeMap: recordOf(recordOf(setMessageRequestModeRequestBodyType)),
});

/** Answer to 402; also `messageRequestMode.json`. */
export interface MessageRequestModeSerializeWrapper extends JsonOf<typeof messageRequestModeSerializeWrapperType> {}

export const {
  encode: encodeMessageRequestModeSerializeWrapper,
  format: formatMessageRequestModeSerializeWrapper,
  decode: decodeMessageRequestModeSerializeWrapper,
} = bodyCodec('MessageRequestModeSerializeWrapper', messageRequestModeSerializeWrapperType);

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function bytesFromBase64(base64: string, context: ReadContext): Buffer {
  if (!BASE64.test(base64)) throw misfit(context, 'base64', base64);
  return Buffer.from(base64, 'base64');
}

/** The indexes of the set bits, ascending; bit i is bit `i % 8` of byte `i / 8` as in Java's BitSet.toByteArray. */
export function bitSetIndexes(bitSet: Uint8Array): number[] {
  const indexes: number[] = [];
  for (const [at, byte] of bitSet.entries()) {
    for (let bit = 0; bit < 8; bit++) {
      if ((byte & (1 << bit)) !== 0) indexes.push(at * 8 + bit);
    }
  }
  return indexes;
}

/** The bit set of these indexes, each 0 or more. */
export function bitSetOf(indexes: readonly number[]): Buffer {
  const greatest = indexes.reduce((a, b) => Math.max(a, b), -1);
  const bitSet = Buffer.alloc(Math.ceil((greatest + 1) / 8));
  for (const index of indexes) bitSet[index >> 3] = (bitSet[index >> 3] as number) | (1 << (index & 7));
  return bitSet;
}

const batchAckType = bean('BatchAck', {
  consumerGroup: named('c', text()),
  topic: named('t', text()),
  /** "0" normal, "1" retry topic of version 1, "2" of version 2. */
  retry: named('r', text('0')),
  /** ckQueueOffset of the handle. */
  startOffset: named('so', int64()),
  queueId: named('q', int32()),
  reviveQueueId: named('rq', int32()),
  /** ms since the epoch */
  popTime: named('pt', int64()),
  /** ms */
  invisibleTime: named('it', int64()),
  /** The acked messages by queue offset - startOffset; see bitSetIndexes. */
  bitSet: named(
    'b',
    mapped(text(''), bytesFromBase64, (bitSet) => bitSet.toString('base64')),
  ),
});

/** Acks for one pop of one queue. */
export interface BatchAck extends JsonOf<typeof batchAckType> {}

const batchAckMessageRequestBodyType = bean('BatchAckMessageRequestBody', {
  brokerName: text(''),
  acks: listOf(batchAckType),
});

/** Request of 200151. */
export interface BatchAckMessageRequestBody extends JsonOf<typeof batchAckMessageRequestBodyType> {}

export const { encode: encodeBatchAckMessageRequestBody, decode: decodeBatchAckMessageRequestBody } = bodyCodec(
  'BatchAckMessageRequestBody',
  batchAckMessageRequestBodyType,
);
