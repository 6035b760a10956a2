import { formatProperties, parseProperties } from '../../base/java-properties.js';
import {
  type BrokerStatsData,
  type CheckRocksdbCqWriteResult,
  decodeBrokerStatsData,
  decodeCheckRocksdbCqWriteResult,
  decodeEpochEntryCache,
  decodeHARuntimeInfo,
  decodeKVTable,
  decodeQueryConsumeQueueResponseBody,
  decodeTimerMetricsSerializeWrapper,
  type EpochEntryCache,
  type HARuntimeInfo,
  type QueryConsumeQueueResponseBody,
  type TimerMetricsSerializeWrapper,
} from '../../protocol/bodies.js';
import { decodeHeader, encodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import {
  AddBrokerRequestHeader,
  CheckRocksdbCqWriteProgressRequestHeader,
  ExportRocksDBConfigToJsonRequestHeader,
  GetBrokerConfigResponseHeader,
  QueryConsumeQueueRequestHeader,
  RemoveBrokerRequestHeader,
  ResetMasterFlushOffsetHeader,
  ViewBrokerStatsDataRequestHeader,
} from '../../protocol/headers.js';
import { RequestCode } from '../../protocol/request-code.js';
import type { CallOptions, Rpc } from '../rpc.js';

export interface BrokerConfigAnswer {
  properties: Record<string, string>;
  /** JSON text of the configuration's DataVersion; null from a peer that sends none. */
  dataVersionJson: string | null;
}

/**
 * Calls to one broker (or broker container) about itself: state, configuration, store upkeep, replication.
 *
 * Source: client/impl/MQClientAPIImpl.java
 */
export function brokerApi(rpc: Rpc) {
  const bodyText = async (addr: string, code: number, options?: CallOptions): Promise<string> =>
    (await rpc.call(addr, { code }, options)).body?.toString('utf8') ?? '';

  return {
    /** 28: names and values as reference KVTable; all values are text. */
    async getBrokerRuntimeInfo(addr: string, options?: CallOptions): Promise<Record<string, string>> {
      return decodeKVTable((await rpc.call(addr, { code: RequestCode.GET_BROKER_RUNTIME_INFO }, options)).body).table;
    },

    /** 26 */
    async getBrokerConfig(addr: string, options?: CallOptions): Promise<BrokerConfigAnswer> {
      const response = await rpc.call(addr, { code: RequestCode.GET_BROKER_CONFIG }, options);
      const hasVersion = response.extFields?.version !== undefined;
      return {
        properties: parseProperties(response.body?.toString('utf8') ?? '').values,
        dataVersionJson: hasVersion ? decodeHeader(GetBrokerConfigResponseHeader, response.extFields).version : null,
      };
    },

    /** 25: only the given keys change. */
    async updateBrokerConfig(addr: string, properties: Record<string, string>, options?: CallOptions): Promise<void> {
      const body = Buffer.from(formatProperties(properties), 'utf8');
      await rpc.call(addr, { code: RequestCode.UPDATE_BROKER_CONFIG, body }, options);
    },

    /** 306: deletes consume queue files that no commit log entry backs any more. */
    async cleanExpiredConsumeQueue(addr: string, options?: CallOptions): Promise<void> {
      await rpc.call(addr, { code: RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE }, options);
    },

    /** 329 */
    async deleteExpiredCommitLog(addr: string, options?: CallOptions): Promise<void> {
      await rpc.call(addr, { code: RequestCode.DELETE_EXPIRED_COMMITLOG }, options);
    },

    /** 316 */
    async cleanUnusedTopic(addr: string, options?: CallOptions): Promise<void> {
      await rpc.call(addr, { code: RequestCode.CLEAN_UNUSED_TOPIC }, options);
    },

    /** 315: one counter over the last minute, hour and day, e.g. TOPIC_PUT_NUMS of a topic. */
    async viewBrokerStatsData(
      addr: string,
      statsName: string,
      statsKey: string,
      options?: CallOptions,
    ): Promise<BrokerStatsData> {
      const header = encodeHeader(ViewBrokerStatsDataRequestHeader, { statsName, statsKey });
      const response = await rpc.call(addr, { code: RequestCode.VIEW_BROKER_STATS_DATA, header }, options);
      return decodeBrokerStatsData(response.body);
    },

    /** 321: entries of one consume queue from `index` on. */
    async queryConsumeQueue(
      addr: string,
      query: HeaderOf<typeof QueryConsumeQueueRequestHeader>,
      options?: CallOptions,
    ): Promise<QueryConsumeQueueResponseBody> {
      const header = encodeHeader(QueryConsumeQueueRequestHeader, query);
      const response = await rpc.call(addr, { code: RequestCode.QUERY_CONSUME_QUEUE, header }, options);
      return decodeQueryConsumeQueueResponseBody(response.body);
    },

    /** 907 (5.x) */
    async getBrokerHAStatus(addr: string, options?: CallOptions): Promise<HARuntimeInfo> {
      return decodeHARuntimeInfo((await rpc.call(addr, { code: RequestCode.GET_BROKER_HA_STATUS }, options)).body);
    },

    /** 1007 (5.x) */
    async getBrokerEpochCache(addr: string, options?: CallOptions): Promise<EpochEntryCache> {
      return decodeEpochEntryCache((await rpc.call(addr, { code: RequestCode.GET_BROKER_EPOCH_CACHE }, options)).body);
    },

    /** 908 (5.x). @param masterFlushOffset physical offset */
    async resetMasterFlushOffset(addr: string, masterFlushOffset: number, options?: CallOptions): Promise<void> {
      const header = encodeHeader(ResetMasterFlushOffsetHeader, { masterFlushOffset });
      await rpc.call(addr, { code: RequestCode.RESET_MASTER_FLUSH_OFFSET, header }, options);
    },

    /** 61 (5.x) */
    async getTimerMetrics(addr: string, options?: CallOptions): Promise<TimerMetricsSerializeWrapper> {
      const response = await rpc.call(addr, { code: RequestCode.GET_TIMER_METRICS }, options);
      return decodeTimerMetricsSerializeWrapper(response.body);
    },

    /** 902 (5.x container). @param configPath a file on the container's machine */
    async addBroker(addr: string, configPath: string, options?: CallOptions): Promise<void> {
      const header = encodeHeader(AddBrokerRequestHeader, { configPath });
      await rpc.call(addr, { code: RequestCode.ADD_BROKER, header }, options);
    },

    /** 903 (5.x container) */
    async removeBroker(
      addr: string,
      values: HeaderOf<typeof RemoveBrokerRequestHeader>,
      options?: CallOptions,
    ): Promise<void> {
      const header = encodeHeader(RemoveBrokerRequestHeader, values);
      await rpc.call(addr, { code: RequestCode.REMOVE_BROKER, header }, options);
    },

    /** 2001 (5.x): group to threshold in bytes per second, as text. */
    async updateColdDataFlowCtrGroupConfig(
      addr: string,
      properties: Record<string, string>,
      options?: CallOptions,
    ): Promise<void> {
      const body = Buffer.from(formatProperties(properties), 'utf8');
      await rpc.call(addr, { code: RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG, body }, options);
    },

    /** 2002 (5.x) */
    async removeColdDataFlowCtrGroupConfig(addr: string, consumerGroup: string, options?: CallOptions): Promise<void> {
      const body = Buffer.from(consumerGroup, 'utf8');
      await rpc.call(addr, { code: RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG, body }, options);
    },

    /** 2003 (5.x): JSON text as the broker wrote it; '' when it has none. */
    getColdDataFlowCtrInfo: (addr: string, options?: CallOptions): Promise<string> =>
      bodyText(addr, RequestCode.GET_COLD_DATA_FLOW_CTR_INFO, options),

    /** 2004 (5.x). @param mode a number of madvise(2), as text. @returns the broker's remark, null for none */
    async setCommitLogReadAheadMode(addr: string, mode: string, options?: CallOptions): Promise<string | null> {
      const header = { READ_AHEAD_MODE: mode };
      const response = await rpc.call(addr, { code: RequestCode.SET_COMMITLOG_READ_MODE, header }, options);
      return response.remark || null;
    },

    /** 354 (5.x). @param checkStoreTime ms since the epoch */
    async checkRocksdbCqWriteProgress(
      addr: string,
      topic: string,
      checkStoreTime: number,
      options?: CallOptions,
    ): Promise<CheckRocksdbCqWriteResult> {
      const header = encodeHeader(CheckRocksdbCqWriteProgressRequestHeader, { topic, checkStoreTime });
      const response = await rpc.call(addr, { code: RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS, header }, options);
      return decodeCheckRocksdbCqWriteResult(response.body);
    },

    /** 355 (5.x). @param configTypes of topics, subscriptionGroups, consumerOffsets */
    async exportRocksDBConfigToJson(
      addr: string,
      configTypes: readonly string[],
      options?: CallOptions,
    ): Promise<void> {
      const header = encodeHeader(ExportRocksDBConfigToJsonRequestHeader, { configType: configTypes.join(';') });
      await rpc.call(addr, { code: RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON, header }, options);
    },

    /** 200056 (5.x): writes the broker's pop records back to their topics. */
    async exportPopRecord(addr: string, options?: CallOptions): Promise<void> {
      await rpc.call(addr, { code: RequestCode.POP_ROLLBACK }, options);
    },
  };
}
