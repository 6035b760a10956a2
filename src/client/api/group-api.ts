import {
  type ConsumerConnection,
  decodeConsumerConnection,
  decodeGetConsumerListByGroupResponseBody,
  decodeGroupForbidden,
  decodeGroupList,
  decodeMessageRequestModeSerializeWrapper,
  decodeProducerConnection,
  decodeProducerTableInfo,
  decodeQuerySubscriptionResponseBody,
  decodeSubscriptionGroupConfig,
  decodeSubscriptionGroupWrapper,
  decodeTopicList,
  encodeSetMessageRequestModeRequestBody,
  encodeSubscriptionGroupConfig,
  encodeSubscriptionGroupList,
  type GroupForbidden,
  type GroupList,
  type MessageRequestModeSerializeWrapper,
  type ProducerConnection,
  type ProducerTableInfo,
  type SetMessageRequestModeRequestBody,
  type SubscriptionData,
  type SubscriptionGroupWrapper,
  type TopicList,
} from '../../protocol/bodies.js';
import { sameDataVersion } from '../../protocol/data-version.js';
import { encodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import {
  DeleteSubscriptionGroupRequestHeader,
  GetAllSubscriptionGroupRequestHeader,
  GetConsumerConnectionListRequestHeader,
  GetConsumerListByGroupRequestHeader,
  GetProducerConnectionListRequestHeader,
  GetSubscriptionGroupConfigRequestHeader,
  QuerySubscriptionByConsumerRequestHeader,
  QueryTopicConsumeByWhoRequestHeader,
  QueryTopicsByConsumerRequestHeader,
  UpdateGroupForbiddenRequestHeader,
} from '../../protocol/headers.js';
import { RequestCode } from '../../protocol/request-code.js';
import type { SubscriptionGroupConfig } from '../../protocol/subscription-group-config.js';
import type { CallOptions, Rpc } from '../rpc.js';
import { pageThrough } from './paging.js';

/**
 * Calls to one broker about groups, their members and their subscriptions.
 *
 * Source: client/impl/MQClientAPIImpl.java
 */
export function groupApi(rpc: Rpc) {
  return {
    /** 200: creates or updates. Attribute keys start with `+` or `-` as for topics. */
    async createSubscriptionGroup(addr: string, config: SubscriptionGroupConfig, options?: CallOptions): Promise<void> {
      const body = encodeSubscriptionGroupConfig(config);
      await rpc.call(addr, { code: RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, body }, options);
    },

    /** 225 (5.x) */
    async createSubscriptionGroupList(
      addr: string,
      groupConfigList: SubscriptionGroupConfig[],
      options?: CallOptions,
    ): Promise<void> {
      const body = encodeSubscriptionGroupList({ groupConfigList });
      await rpc.call(addr, { code: RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, body }, options);
    },

    /** 207 */
    async deleteSubscriptionGroup(
      addr: string,
      groupName: string,
      cleanOffset: boolean,
      options?: CallOptions,
    ): Promise<void> {
      const header = encodeHeader(DeleteSubscriptionGroupRequestHeader, { groupName, cleanOffset });
      await rpc.call(addr, { code: RequestCode.DELETE_SUBSCRIPTIONGROUP, header }, options);
    },

    /** 352 (5.x). @throws MQBrokerError 26 when the broker does not have the group */
    async getSubscriptionGroupConfig(
      addr: string,
      group: string,
      options?: CallOptions,
    ): Promise<SubscriptionGroupConfig> {
      const header = encodeHeader(GetSubscriptionGroupConfigRequestHeader, { group });
      const response = await rpc.call(addr, { code: RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, header }, options);
      return decodeSubscriptionGroupConfig(response.body);
    },

    /** 201: every group config, page by page where the broker pages; `timeoutMs` spans all pages. */
    getAllSubscriptionGroup(
      addr: string,
      options: CallOptions & { pageSize?: number } = {},
    ): Promise<SubscriptionGroupWrapper> {
      return pageThrough(rpc, addr, options, {
        request: (groupSeq, maxGroupNum, dataVersion) => ({
          code: RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG,
          header: encodeHeader(GetAllSubscriptionGroupRequestHeader, { groupSeq, maxGroupNum, dataVersion }),
        }),
        totalField: 'totalGroupNum',
        decode: decodeSubscriptionGroupWrapper,
        count: (page) => Object.keys(page.subscriptionGroupTable).length,
        versionOf: (page) => page.dataVersion,
        sameVersion: (a, b) => sameDataVersion(a.dataVersion, b.dataVersion),
        merge(all, page) {
          Object.assign(all.subscriptionGroupTable, page.subscriptionGroupTable);
          Object.assign(all.forbiddenTable, page.forbiddenTable);
          return all;
        },
      });
    },

    /** 353 (5.x): reads, and with `readable` given also sets, whether the group may read the topic. */
    async updateAndGetGroupForbidden(
      addr: string,
      values: HeaderOf<typeof UpdateGroupForbiddenRequestHeader>,
      options?: CallOptions,
    ): Promise<GroupForbidden> {
      const header = encodeHeader(UpdateGroupForbiddenRequestHeader, values);
      const response = await rpc.call(addr, { code: RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, header }, options);
      return decodeGroupForbidden(response.body);
    },

    /** 38: clientIds of the group on this broker. @throws MQBrokerError 1 when nobody of the group is connected */
    async getConsumerIdListByGroup(addr: string, consumerGroup: string, options?: CallOptions): Promise<string[]> {
      const header = encodeHeader(GetConsumerListByGroupRequestHeader, { consumerGroup });
      const response = await rpc.call(addr, { code: RequestCode.GET_CONSUMER_LIST_BY_GROUP, header }, options);
      return decodeGetConsumerListByGroupResponseBody(response.body).consumerIdList;
    },

    /** 203. @throws MQBrokerError 206 when nobody of the group is connected */
    async getConsumerConnectionList(
      addr: string,
      consumerGroup: string,
      options?: CallOptions,
    ): Promise<ConsumerConnection> {
      const header = encodeHeader(GetConsumerConnectionListRequestHeader, { consumerGroup });
      const response = await rpc.call(addr, { code: RequestCode.GET_CONSUMER_CONNECTION_LIST, header }, options);
      return decodeConsumerConnection(response.body);
    },

    /** 204. @throws MQBrokerError 1 when nobody of the group is connected */
    async getProducerConnectionList(
      addr: string,
      producerGroup: string,
      options?: CallOptions,
    ): Promise<ProducerConnection> {
      const header = encodeHeader(GetProducerConnectionListRequestHeader, { producerGroup });
      const response = await rpc.call(addr, { code: RequestCode.GET_PRODUCER_CONNECTION_LIST, header }, options);
      return decodeProducerConnection(response.body);
    },

    /** 328 */
    async getAllProducerInfo(addr: string, options?: CallOptions): Promise<ProducerTableInfo> {
      const response = await rpc.call(addr, { code: RequestCode.GET_ALL_PRODUCER_INFO }, options);
      return decodeProducerTableInfo(response.body);
    },

    /** 300: groups that read the topic, online or by their offsets. */
    async queryTopicConsumeByWho(addr: string, topic: string, options?: CallOptions): Promise<GroupList> {
      const header = encodeHeader(QueryTopicConsumeByWhoRequestHeader, { topic });
      const response = await rpc.call(addr, { code: RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, header }, options);
      return decodeGroupList(response.body);
    },

    /** 343 (5.x): topics for which the broker holds offsets of the group. */
    async queryTopicsByConsumer(addr: string, group: string, options?: CallOptions): Promise<TopicList> {
      const header = encodeHeader(QueryTopicsByConsumerRequestHeader, { group });
      const response = await rpc.call(addr, { code: RequestCode.QUERY_TOPICS_BY_CONSUMER, header }, options);
      return decodeTopicList(response.body);
    },

    /** 345 (5.x): null when the group does not subscribe to the topic. */
    async querySubscriptionByConsumer(
      addr: string,
      group: string,
      topic: string,
      options?: CallOptions,
    ): Promise<SubscriptionData | null> {
      const header = encodeHeader(QuerySubscriptionByConsumerRequestHeader, { group, topic });
      const response = await rpc.call(addr, { code: RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, header }, options);
      return decodeQuerySubscriptionResponseBody(response.body).subscriptionData ?? null;
    },

    /** 401 (5.x) */
    async setMessageRequestMode(
      addr: string,
      mode: SetMessageRequestModeRequestBody,
      options?: CallOptions,
    ): Promise<void> {
      const body = encodeSetMessageRequestModeRequestBody(mode);
      await rpc.call(addr, { code: RequestCode.SET_MESSAGE_REQUEST_MODE, body }, options);
    },

    /** 402 (5.x) */
    async getAllMessageRequestMode(addr: string, options?: CallOptions): Promise<MessageRequestModeSerializeWrapper> {
      const response = await rpc.call(addr, { code: RequestCode.GET_ALL_MESSAGE_REQUEST_MODE }, options);
      return decodeMessageRequestModeSerializeWrapper(response.body);
    },
  };
}
