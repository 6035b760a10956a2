import {
  decodeTopicConfigAndMappingSerializeWrapper,
  decodeTopicConfigAndQueueMapping,
  decodeTopicList,
  decodeTopicStatsTable,
  encodeCreateTopicListRequestBody,
  encodeTopicQueueMappingDetail,
  type TopicConfigAndMappingSerializeWrapper,
  type TopicConfigAndQueueMapping,
  type TopicList,
  type TopicQueueMappingDetail,
  type TopicStatsTable,
} from '../../protocol/bodies.js';
import { sameDataVersion } from '../../protocol/data-version.js';
import { encodeHeader } from '../../protocol/header-schema.js';
import {
  CreateTopicRequestHeader,
  DeleteTopicRequestHeader,
  GetAllTopicConfigRequestHeader,
  GetTopicConfigRequestHeader,
  GetTopicStatsInfoRequestHeader,
} from '../../protocol/headers.js';
import { RequestCode } from '../../protocol/request-code.js';
import type { TopicConfig } from '../../protocol/topic-config.js';
import type { CallOptions, Rpc } from '../rpc.js';
import { pageThrough } from './paging.js';

/** `+k=v,-k`: attribute changes as they travel; the keys carry their `+` or `-`. Source: common/attribute/AttributeParser.java */
export function formatAttributes(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
    .join(',');
}

/**
 * Topic calls to one broker (`addr` = `host:port`). Each throws MQBrokerError for an error code.
 *
 * Source: client/impl/MQClientAPIImpl.java
 */
export function topicApi(rpc: Rpc) {
  const createHeader = (defaultTopic: string, config: TopicConfig, force?: boolean) =>
    encodeHeader(CreateTopicRequestHeader, {
      topic: config.topicName,
      defaultTopic,
      readQueueNums: config.readQueueNums,
      writeQueueNums: config.writeQueueNums,
      perm: config.perm,
      topicFilterType: config.topicFilterType,
      topicSysFlag: config.topicSysFlag,
      order: config.order,
      attributes: formatAttributes(config.attributes),
      force,
    });

  return {
    /** 17: creates or updates. Attribute keys start with `+` (set) or `-` (remove). `defaultTopic` is legacy: TBW102. */
    async createTopic(
      addr: string,
      config: TopicConfig,
      options: CallOptions & { defaultTopic?: string } = {},
    ): Promise<void> {
      const header = createHeader(options.defaultTopic ?? 'TBW102', config);
      await rpc.call(addr, { code: RequestCode.UPDATE_AND_CREATE_TOPIC, header }, options);
    },

    /** 18 (5.x) */
    async createTopicList(addr: string, topicConfigList: TopicConfig[], options?: CallOptions): Promise<void> {
      const body = encodeCreateTopicListRequestBody({ topicConfigList });
      await rpc.call(addr, { code: RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, body }, options);
    },

    /** 513 (5.x) */
    async createStaticTopic(
      addr: string,
      config: TopicConfig,
      mappingDetail: TopicQueueMappingDetail,
      options: CallOptions & { defaultTopic?: string; force?: boolean } = {},
    ): Promise<void> {
      const header = createHeader(options.defaultTopic ?? 'TBW102', config, options.force ?? false);
      const body = encodeTopicQueueMappingDetail(mappingDetail);
      await rpc.call(addr, { code: RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC, header, body }, options);
    },

    /** 215 */
    async deleteTopicInBroker(addr: string, topic: string, options?: CallOptions): Promise<void> {
      const header = encodeHeader(DeleteTopicRequestHeader, { topic });
      await rpc.call(addr, { code: RequestCode.DELETE_TOPIC_IN_BROKER, header }, options);
    },

    /** 351 (5.x). @throws MQBrokerError 17 when the broker does not have the topic */
    async getTopicConfig(addr: string, topic: string, options?: CallOptions): Promise<TopicConfigAndQueueMapping> {
      const header = encodeHeader(GetTopicConfigRequestHeader, { topic, lo: true });
      const response = await rpc.call(addr, { code: RequestCode.GET_TOPIC_CONFIG, header }, options);
      return decodeTopicConfigAndQueueMapping(response.body);
    },

    /** 21: every topic config, page by page where the broker pages; `timeoutMs` spans all pages. */
    getAllTopicConfig(
      addr: string,
      options: CallOptions & { pageSize?: number } = {},
    ): Promise<TopicConfigAndMappingSerializeWrapper> {
      return pageThrough(rpc, addr, options, {
        request: (topicSeq, maxTopicNum, dataVersion) => ({
          code: RequestCode.GET_ALL_TOPIC_CONFIG,
          header: encodeHeader(GetAllTopicConfigRequestHeader, { topicSeq, maxTopicNum, dataVersion }),
        }),
        totalField: 'totalTopicNum',
        decode: decodeTopicConfigAndMappingSerializeWrapper,
        count: (page) => Object.keys(page.topicConfigTable).length,
        sameVersion: (a, b) => sameDataVersion(a.dataVersion, b.dataVersion),
        versionOf: (page) => page.dataVersion,
        merge(all, page) {
          Object.assign(all.topicConfigTable, page.topicConfigTable);
          Object.assign(all.topicQueueMappingInfoMap, page.topicQueueMappingInfoMap);
          Object.assign(all.topicQueueMappingDetailMap, page.topicQueueMappingDetailMap);
          return all;
        },
      });
    },

    /** 305: system topics of one broker. */
    async getSystemTopicListFromBroker(addr: string, options?: CallOptions): Promise<TopicList> {
      const response = await rpc.call(addr, { code: RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER }, options);
      return decodeTopicList(response.body);
    },

    /** 202: min and max offsets of every queue of the topic on this broker. */
    async getTopicStatsInfo(addr: string, topic: string, options?: CallOptions): Promise<TopicStatsTable> {
      const header = encodeHeader(GetTopicStatsInfoRequestHeader, { topic });
      const response = await rpc.call(addr, { code: RequestCode.GET_TOPIC_STATS_INFO, header }, options);
      return decodeTopicStatsTable(response.body);
    },
  };
}
