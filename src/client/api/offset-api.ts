import {
  type ConsumerOffsetSerializeWrapper,
  type ConsumeStats,
  type ConsumeStatsList,
  type DelayOffsetSerializeWrapper,
  decodeConsumerOffsetSerializeWrapper,
  decodeConsumeStats,
  decodeConsumeStatsList,
  decodeDelayOffsetSerializeWrapper,
  decodeGetConsumerStatusBody,
  decodeQueryConsumeTimeSpanBody,
  decodeQueryCorrectionOffsetBody,
  decodeResetOffsetBody,
  type GetConsumerStatusBody,
  type QueueTimeSpan,
  type ResetOffsetBody,
} from '../../protocol/bodies.js';
import { type BoundaryType, decodeHeader, encodeHeader } from '../../protocol/header-schema.js';
import {
  CloneGroupOffsetRequestHeader,
  GetConsumerStatusRequestHeader,
  GetConsumeStatsInBrokerHeader,
  GetConsumeStatsRequestHeader,
  GetEarliestMsgStoretimeRequestHeader,
  GetEarliestMsgStoretimeResponseHeader,
  GetMaxOffsetRequestHeader,
  GetMaxOffsetResponseHeader,
  GetMinOffsetRequestHeader,
  GetMinOffsetResponseHeader,
  QueryConsumerOffsetRequestHeader,
  QueryConsumerOffsetResponseHeader,
  QueryConsumeTimeSpanRequestHeader,
  QueryCorrectionOffsetHeader,
  ResetOffsetRequestHeader,
  SearchOffsetRequestHeader,
  SearchOffsetResponseHeader,
  UpdateConsumerOffsetRequestHeader,
} from '../../protocol/headers.js';
import type { MessageQueue } from '../../protocol/message-queue.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { CallOptions, Rpc } from '../rpc.js';

/** The parts of a queue that an offset call names; the broker is the one that is called. */
export type QueueRef = Pick<MessageQueue, 'topic' | 'queueId'> & { brokerName?: string | null };

/** What one group consumed where. */
export interface ConsumeStatsQuery {
  consumerGroup: string;
  /** Only this topic. */
  topic?: string | undefined;
  /** Only these topics (5.x). */
  topicList?: readonly string[] | undefined;
}

export interface ResetOffsetQuery {
  topic: string;
  group: string;
  /** ms since the epoch; -1 the end of the queue, -2 its beginning (broker side). */
  timestamp: number;
  /** Also move forward consumers that are behind. */
  isForce: boolean;
  /** With `offset`: only this queue (server-side reset, 5.x). */
  queueId?: number | undefined;
  /** Queue offset; default -1: by `timestamp`. */
  offset?: number | undefined;
  /** Asks the broker to tell the consumers in the C++ client's shape. */
  isC?: boolean | undefined;
}

/**
 * Calls to one broker about queue offsets and consumer progress. All offsets are queue offsets.
 *
 * Source: client/impl/MQClientAPIImpl.java
 */
export function offsetApi(rpc: Rpc) {
  const bname = (mq: QueueRef) => mq.brokerName ?? undefined;

  return {
    /**
     * 29: the first offset stored at or after `timestamp` (LOWER), or the last at or before it (UPPER, 5.x).
     *
     * @param timestamp ms since the epoch
     */
    async searchOffset(
      addr: string,
      mq: QueueRef,
      timestamp: number,
      options: CallOptions & { boundaryType?: BoundaryType } = {},
    ): Promise<number> {
      const header = encodeHeader(SearchOffsetRequestHeader, {
        topic: mq.topic,
        queueId: mq.queueId,
        timestamp,
        boundaryType: options.boundaryType,
        bname: bname(mq),
      });
      const response = await rpc.call(addr, { code: RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, header }, options);
      return decodeHeader(SearchOffsetResponseHeader, response.extFields).offset;
    },

    /** 30: the offset that the next message will get. */
    async getMaxOffset(addr: string, mq: QueueRef, options?: CallOptions): Promise<number> {
      const { topic, queueId } = mq;
      const header = encodeHeader(GetMaxOffsetRequestHeader, { topic, queueId, bname: bname(mq) });
      const response = await rpc.call(addr, { code: RequestCode.GET_MAX_OFFSET, header }, options);
      return decodeHeader(GetMaxOffsetResponseHeader, response.extFields).offset;
    },

    /** 31: the oldest offset that is still stored. */
    async getMinOffset(addr: string, mq: QueueRef, options?: CallOptions): Promise<number> {
      const { topic, queueId } = mq;
      const header = encodeHeader(GetMinOffsetRequestHeader, { topic, queueId, bname: bname(mq) });
      const response = await rpc.call(addr, { code: RequestCode.GET_MIN_OFFSET, header }, options);
      return decodeHeader(GetMinOffsetResponseHeader, response.extFields).offset;
    },

    /** 32: store time of the oldest message of the queue, ms; -1 when it is empty. */
    async getEarliestMsgStoretime(addr: string, mq: QueueRef, options?: CallOptions): Promise<number> {
      const { topic, queueId } = mq;
      const header = encodeHeader(GetEarliestMsgStoretimeRequestHeader, { topic, queueId, bname: bname(mq) });
      const response = await rpc.call(addr, { code: RequestCode.GET_EARLIEST_MSG_STORETIME, header }, options);
      return decodeHeader(GetEarliestMsgStoretimeResponseHeader, response.extFields).timestamp;
    },

    /** 14: the group's committed offset; null when the broker holds none (code 22). */
    async queryConsumerOffset(
      addr: string,
      consumerGroup: string,
      mq: QueueRef,
      options: CallOptions & { setZeroIfNotFound?: boolean } = {},
    ): Promise<number | null> {
      const header = encodeHeader(QueryConsumerOffsetRequestHeader, {
        consumerGroup,
        topic: mq.topic,
        queueId: mq.queueId,
        setZeroIfNotFound: options.setZeroIfNotFound,
        bname: bname(mq),
      });
      const accept = [ResponseCode.SUCCESS, ResponseCode.QUERY_NOT_FOUND];
      const response = await rpc.call(addr, { code: RequestCode.QUERY_CONSUMER_OFFSET, header, accept }, options);
      if (response.code === ResponseCode.QUERY_NOT_FOUND) return null;
      return decodeHeader(QueryConsumerOffsetResponseHeader, response.extFields).offset;
    },

    /** 15: commits; also backwards. */
    async updateConsumerOffset(
      addr: string,
      consumerGroup: string,
      mq: QueueRef,
      commitOffset: number,
      options?: CallOptions,
    ): Promise<void> {
      const header = updateOffsetHeader(consumerGroup, mq, commitOffset);
      await rpc.call(addr, { code: RequestCode.UPDATE_CONSUMER_OFFSET, header }, options);
    },

    /** 15 without an answer. */
    async updateConsumerOffsetOneway(
      addr: string,
      consumerGroup: string,
      mq: QueueRef,
      commitOffset: number,
      options?: CallOptions,
    ): Promise<void> {
      const header = updateOffsetHeader(consumerGroup, mq, commitOffset);
      await rpc.oneway(addr, { code: RequestCode.UPDATE_CONSUMER_OFFSET, header }, options);
    },

    /** 208: broker and consumer offsets of every queue the group reads on this broker. */
    async getConsumeStats(addr: string, query: ConsumeStatsQuery, options?: CallOptions): Promise<ConsumeStats> {
      const header = encodeHeader(GetConsumeStatsRequestHeader, {
        consumerGroup: query.consumerGroup,
        topic: query.topic,
        topicList: query.topicList?.join(';'),
      });
      const response = await rpc.call(addr, { code: RequestCode.GET_CONSUME_STATS, header }, options);
      return decodeConsumeStats(response.body);
    },

    /** 317: consume stats of every group of the broker. */
    async fetchConsumeStatsInBroker(addr: string, isOrder: boolean, options?: CallOptions): Promise<ConsumeStatsList> {
      const header = encodeHeader(GetConsumeStatsInBrokerHeader, { isOrder });
      const response = await rpc.call(addr, { code: RequestCode.GET_BROKER_CONSUME_STATS, header }, options);
      return decodeConsumeStatsList(response.body);
    },

    /** 222: resets and tells the group's consumers. @returns the new offset of each queue of this broker */
    async invokeBrokerToResetOffset(
      addr: string,
      query: ResetOffsetQuery,
      options?: CallOptions,
    ): Promise<ResetOffsetBody> {
      const { isC, ...values } = query;
      const header = encodeHeader(ResetOffsetRequestHeader, { ...values, offset: values.offset ?? -1 });
      const request = { code: RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, header };
      const response = await rpc.call(addr, isC ? { ...request, language: 'CPP' } : request, options);
      return decodeResetOffsetBody(response.body);
    },

    /** 223: the offsets that the consumers themselves hold. `clientAddr` '' or null asks all of them. */
    async invokeBrokerToGetConsumerStatus(
      addr: string,
      topic: string,
      group: string,
      clientAddr?: string | null,
      options?: CallOptions,
    ): Promise<GetConsumerStatusBody> {
      const header = encodeHeader(GetConsumerStatusRequestHeader, {
        topic,
        group,
        clientAddr: clientAddr ?? undefined,
      });
      const code = RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS;
      return decodeGetConsumerStatusBody((await rpc.call(addr, { code, header }, options)).body);
    },

    /** 303 */
    async queryConsumeTimeSpan(
      addr: string,
      topic: string,
      group: string,
      options?: CallOptions,
    ): Promise<QueueTimeSpan[]> {
      const header = encodeHeader(QueryConsumeTimeSpanRequestHeader, { topic, group });
      const response = await rpc.call(addr, { code: RequestCode.QUERY_CONSUME_TIME_SPAN, header }, options);
      return decodeQueryConsumeTimeSpanBody(response.body).consumeTimeSpanSet;
    },

    /** 308: queueId to the offset below which `group` would lose messages; MAX_SAFE_INTEGER when it needs no correction. */
    async queryCorrectionOffset(
      addr: string,
      topic: string,
      group: string,
      filterGroups?: readonly string[],
      options?: CallOptions,
    ): Promise<Map<number, number>> {
      const header = encodeHeader(QueryCorrectionOffsetHeader, {
        compareGroup: group,
        topic,
        filterGroups: filterGroups?.join(','),
      });
      const response = await rpc.call(addr, { code: RequestCode.QUERY_CORRECTION_OFFSET, header }, options);
      return decodeQueryCorrectionOffsetBody(response.body).correctionOffsets;
    },

    /** 314: copies committed offsets between groups; without `topic` those of all topics. */
    async cloneGroupOffset(
      addr: string,
      query: { srcGroup: string; destGroup: string; topic?: string | undefined; offline?: boolean | undefined },
      options?: CallOptions,
    ): Promise<void> {
      const header = encodeHeader(CloneGroupOffsetRequestHeader, query);
      await rpc.call(addr, { code: RequestCode.CLONE_GROUP_OFFSET, header }, options);
    },

    /** 43: the whole table of committed offsets. */
    async getAllConsumerOffset(addr: string, options?: CallOptions): Promise<ConsumerOffsetSerializeWrapper> {
      const response = await rpc.call(addr, { code: RequestCode.GET_ALL_CONSUMER_OFFSET }, options);
      return decodeConsumerOffsetSerializeWrapper(response.body);
    },

    /** 45: how far each delay level has been delivered. */
    async getAllDelayOffset(addr: string, options?: CallOptions): Promise<DelayOffsetSerializeWrapper> {
      const response = await rpc.call(addr, { code: RequestCode.GET_ALL_DELAY_OFFSET }, options);
      return decodeDelayOffsetSerializeWrapper(response.body);
    },
  };

  function updateOffsetHeader(consumerGroup: string, mq: QueueRef, commitOffset: number) {
    return encodeHeader(UpdateConsumerOffsetRequestHeader, {
      consumerGroup,
      topic: mq.topic,
      queueId: mq.queueId,
      commitOffset,
      bname: bname(mq),
    });
  }
}
