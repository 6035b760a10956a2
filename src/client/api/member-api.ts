import {
  type CheckClientRequestBody,
  type ConsumeMessageDirectlyResult,
  type ConsumerRunningInfo,
  decodeConsumeMessageDirectlyResult,
  decodeConsumerRunningInfo,
  decodeLockBatchResponseBody,
  decodeQueryAssignmentResponseBody,
  encodeCheckClientRequestBody,
  encodeHeartbeatData,
  encodeLockBatchRequestBody,
  encodeQueryAssignmentRequestBody,
  encodeUnlockBatchRequestBody,
  type HeartbeatData,
  type LockBatchRequestBody,
  type MessageQueueAssignment,
  type QueryAssignmentRequestBody,
  type UnlockBatchRequestBody,
} from '../../protocol/bodies.js';
import { encodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import {
  ConsumeMessageDirectlyResultRequestHeader,
  GetConsumerRunningInfoRequestHeader,
  HeartbeatRequestHeader,
  LockBatchMqRequestHeader,
  UnlockBatchMqRequestHeader,
  UnregisterClientRequestHeader,
} from '../../protocol/headers.js';
import type { MessageQueue } from '../../protocol/message-queue.js';
import { RequestCode } from '../../protocol/request-code.js';
import type { CallOptions, Rpc } from '../rpc.js';

/** What the answer to a heartbeat tells. */
export interface HeartbeatResult {
  /** The broker's MQVersion ordinal. */
  version: number;
  /** 5.x: the broker takes heartbeats without subscriptions. */
  supportsV2: boolean;
  /** 5.x: the broker wants the subscriptions again. */
  isSubChange: boolean;
}

/**
 * What a producer or consumer tells one broker about itself, and what an admin asks a member through it.
 *
 * Source: client/impl/MQClientAPIImpl.java
 */
export function memberApi(rpc: Rpc) {
  return {
    /** 34 */
    async sendHeartbeat(addr: string, data: HeartbeatData, options?: CallOptions): Promise<HeartbeatResult> {
      const header = encodeHeader(HeartbeatRequestHeader, {});
      const body = encodeHeartbeatData(data);
      const response = await rpc.call(addr, { code: RequestCode.HEART_BEAT, header, body }, options);
      return {
        version: response.version,
        supportsV2: response.extFields?.IS_SUPPORT_HEART_BEAT_V2 === 'true',
        isSubChange: response.extFields?.IS_SUB_CHANGE === 'true',
      };
    },

    /** 35: one producer group, one consumer group or one of each. */
    async unregisterClient(
      addr: string,
      values: HeaderOf<typeof UnregisterClientRequestHeader>,
      options?: CallOptions,
    ): Promise<void> {
      const header = encodeHeader(UnregisterClientRequestHeader, values);
      await rpc.call(addr, { code: RequestCode.UNREGISTER_CLIENT, header }, options);
    },

    /** 46: lets the broker compile the expression. @throws MQBrokerError 23 when it does not parse */
    async checkClientConfig(addr: string, body: CheckClientRequestBody, options?: CallOptions): Promise<void> {
      await rpc.call(
        addr,
        { code: RequestCode.CHECK_CLIENT_CONFIG, body: encodeCheckClientRequestBody(body) },
        options,
      );
    },

    /** 41. @returns the queues that the caller holds now */
    async lockBatchMQ(addr: string, body: LockBatchRequestBody, options?: CallOptions): Promise<MessageQueue[]> {
      const header = encodeHeader(LockBatchMqRequestHeader, {});
      const request = { code: RequestCode.LOCK_BATCH_MQ, header, body: encodeLockBatchRequestBody(body) };
      return decodeLockBatchResponseBody((await rpc.call(addr, request, options)).body).lockOKMQSet;
    },

    /** 42 */
    async unlockBatchMQ(addr: string, body: UnlockBatchRequestBody, options?: CallOptions): Promise<void> {
      await rpc.call(addr, unlockRequest(body), options);
    },

    /** 42 without an answer. */
    async unlockBatchMQOneway(addr: string, body: UnlockBatchRequestBody, options?: CallOptions): Promise<void> {
      await rpc.oneway(addr, unlockRequest(body), options);
    },

    /** 307: what a consumer tells about itself; asked at a broker it is connected to, or at the consumer. */
    async getConsumerRunningInfo(
      addr: string,
      consumerGroup: string,
      clientId: string,
      jstackEnable: boolean,
      options?: CallOptions,
    ): Promise<ConsumerRunningInfo> {
      const header = encodeHeader(GetConsumerRunningInfoRequestHeader, { consumerGroup, clientId, jstackEnable });
      const response = await rpc.call(addr, { code: RequestCode.GET_CONSUMER_RUNNING_INFO, header }, options);
      return decodeConsumerRunningInfo(response.body);
    },

    /** 309: makes one consumer consume one stored message now; offsets stay. */
    async consumeMessageDirectly(
      addr: string,
      values: HeaderOf<typeof ConsumeMessageDirectlyResultRequestHeader>,
      options?: CallOptions,
    ): Promise<ConsumeMessageDirectlyResult> {
      const header = encodeHeader(ConsumeMessageDirectlyResultRequestHeader, values);
      const response = await rpc.call(addr, { code: RequestCode.CONSUME_MESSAGE_DIRECTLY, header }, options);
      return decodeConsumeMessageDirectlyResult(response.body);
    },

    /** 400 (5.x): lets the broker choose the queues. */
    async queryAssignment(
      addr: string,
      body: QueryAssignmentRequestBody,
      options?: CallOptions,
    ): Promise<MessageQueueAssignment[]> {
      const request = { code: RequestCode.QUERY_ASSIGNMENT, body: encodeQueryAssignmentRequestBody(body) };
      return decodeQueryAssignmentResponseBody((await rpc.call(addr, request, options)).body).messageQueueAssignments;
    },
  };
}

function unlockRequest(body: UnlockBatchRequestBody) {
  return {
    code: RequestCode.UNLOCK_BATCH_MQ,
    header: encodeHeader(UnlockBatchMqRequestHeader, {}),
    body: encodeUnlockBatchRequestBody(body),
  };
}
