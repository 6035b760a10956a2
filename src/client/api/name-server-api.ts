import { formatProperties, parseProperties } from '../../base/java-properties.js';
import {
  type BrokerMemberGroup,
  type ClusterInfo,
  decodeClusterInfo,
  decodeGetBrokerMemberGroupResponseBody,
  decodeKVTable,
  decodeTopicList,
  decodeTopicRouteData,
  encodeTopicRouteData,
  type TopicList,
  type TopicRouteData,
} from '../../protocol/bodies.js';
import { decodeHeader, encodeHeader } from '../../protocol/header-schema.js';
import {
  AddWritePermOfBrokerRequestHeader,
  AddWritePermOfBrokerResponseHeader,
  DeleteKVConfigRequestHeader,
  DeleteTopicFromNamesrvRequestHeader,
  GetBrokerMemberGroupRequestHeader,
  GetKVConfigRequestHeader,
  GetKVConfigResponseHeader,
  GetKVListByNamespaceRequestHeader,
  GetRouteInfoRequestHeader,
  GetTopicsByClusterRequestHeader,
  PutKVConfigRequestHeader,
  RegisterTopicRequestHeader,
  WipeWritePermOfBrokerRequestHeader,
  WipeWritePermOfBrokerResponseHeader,
} from '../../protocol/headers.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { NameServerCallOptions, Rpc } from '../rpc.js';

/**
 * Calls to a name server. Each goes to the chosen name server unless `options.namesrvAddr` names one, and
 * throws MQBrokerError for an error code, MQClientError 10004 when no name server is known.
 *
 * Source: client/impl/MQClientAPIImpl.java
 */
export function nameServerApi(rpc: Rpc) {
  const topicList = async (code: number, options?: NameServerCallOptions): Promise<TopicList> =>
    decodeTopicList((await rpc.callNameServer({ code }, options)).body);

  return {
    /** 105. @throws MQBrokerError 17 when the topic has no route */
    async getTopicRouteInfo(topic: string, options?: NameServerCallOptions): Promise<TopicRouteData> {
      const header = encodeHeader(GetRouteInfoRequestHeader, { topic, acceptStandardJsonOnly: true });
      const response = await rpc.callNameServer({ code: RequestCode.GET_ROUTEINFO_BY_TOPIC, header }, options);
      return decodeTopicRouteData(response.body);
    },

    /** 106: every cluster, broker and address. */
    async getBrokerClusterInfo(options?: NameServerCallOptions): Promise<ClusterInfo> {
      const response = await rpc.callNameServer({ code: RequestCode.GET_BROKER_CLUSTER_INFO }, options);
      return decodeClusterInfo(response.body);
    },

    /** 901: the addresses of one broker name; null when the name server knows none. */
    async getBrokerMemberGroup(
      clusterName: string,
      brokerName: string,
      options?: NameServerCallOptions,
    ): Promise<BrokerMemberGroup | null> {
      const header = encodeHeader(GetBrokerMemberGroupRequestHeader, { clusterName, brokerName });
      const response = await rpc.callNameServer({ code: RequestCode.GET_BROKER_MEMBER_GROUP, header }, options);
      return decodeGetBrokerMemberGroupResponseBody(response.body).brokerMemberGroup ?? null;
    },

    /** 206: every topic name. */
    getTopicListFromNameServer: (options?: NameServerCallOptions): Promise<TopicList> =>
      topicList(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, options),

    /** 224: topics that some broker of the cluster serves. */
    async getTopicsByCluster(cluster: string, options?: NameServerCallOptions): Promise<TopicList> {
      const header = encodeHeader(GetTopicsByClusterRequestHeader, { cluster });
      const response = await rpc.callNameServer({ code: RequestCode.GET_TOPICS_BY_CLUSTER, header }, options);
      return decodeTopicList(response.body);
    },

    /** 304: cluster names, broker names and one broker address; the brokers' own list is 305. */
    getSystemTopicList: (options?: NameServerCallOptions): Promise<TopicList> =>
      topicList(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS, options),

    /** 311 */
    getUnitTopicList: (options?: NameServerCallOptions): Promise<TopicList> =>
      topicList(RequestCode.GET_UNIT_TOPIC_LIST, options),

    /** 312 */
    getHasUnitSubTopicList: (options?: NameServerCallOptions): Promise<TopicList> =>
      topicList(RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST, options),

    /** 313 */
    getHasUnitSubUnUnitTopicList: (options?: NameServerCallOptions): Promise<TopicList> =>
      topicList(RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, options),

    /** 100, at one name server: callers that mean all of them loop over `nameServers.addresses`. */
    async putKVConfig(namespace: string, key: string, value: string, options?: NameServerCallOptions): Promise<void> {
      const header = encodeHeader(PutKVConfigRequestHeader, { namespace, key, value });
      await rpc.callNameServer({ code: RequestCode.PUT_KV_CONFIG, header }, options);
    },

    /** 101: the value, null when there is none (code 22). */
    async getKVConfig(namespace: string, key: string, options?: NameServerCallOptions): Promise<string | null> {
      const header = encodeHeader(GetKVConfigRequestHeader, { namespace, key });
      const accept = [ResponseCode.SUCCESS, ResponseCode.QUERY_NOT_FOUND];
      const response = await rpc.callNameServer({ code: RequestCode.GET_KV_CONFIG, header, accept }, options);
      if (response.code === ResponseCode.QUERY_NOT_FOUND) return null;
      return decodeHeader(GetKVConfigResponseHeader, response.extFields).value ?? null;
    },

    /** 102 */
    async deleteKVConfig(namespace: string, key: string, options?: NameServerCallOptions): Promise<void> {
      const header = encodeHeader(DeleteKVConfigRequestHeader, { namespace, key });
      await rpc.callNameServer({ code: RequestCode.DELETE_KV_CONFIG, header }, options);
    },

    /** 219: all keys of a namespace. @throws MQBrokerError 22 when the namespace does not exist */
    async getKVListByNamespace(namespace: string, options?: NameServerCallOptions): Promise<Record<string, string>> {
      const header = encodeHeader(GetKVListByNamespaceRequestHeader, { namespace });
      const response = await rpc.callNameServer({ code: RequestCode.GET_KVLIST_BY_NAMESPACE, header }, options);
      return decodeKVTable(response.body).table;
    },

    /** 319: the configuration as Java properties. */
    async getNameServerConfig(options?: NameServerCallOptions): Promise<Record<string, string>> {
      const response = await rpc.callNameServer({ code: RequestCode.GET_NAMESRV_CONFIG }, options);
      return parseProperties(response.body?.toString('utf8') ?? '').values;
    },

    /** 318 */
    async updateNameServerConfig(properties: Record<string, string>, options?: NameServerCallOptions): Promise<void> {
      const body = Buffer.from(formatProperties(properties), 'utf8');
      await rpc.callNameServer({ code: RequestCode.UPDATE_NAMESRV_CONFIG, body }, options);
    },

    /** 216, with `clusterName` only the queues of that cluster. */
    async deleteTopicInNameServer(
      topic: string,
      clusterName?: string | null,
      options?: NameServerCallOptions,
    ): Promise<void> {
      const header = encodeHeader(DeleteTopicFromNamesrvRequestHeader, {
        topic,
        clusterName: clusterName ?? undefined,
      });
      await rpc.callNameServer({ code: RequestCode.DELETE_TOPIC_IN_NAMESRV, header }, options);
    },

    /** 217: registers a route without a broker doing it. */
    async registerTopicInNameServer(
      topic: string,
      route: TopicRouteData,
      options?: NameServerCallOptions,
    ): Promise<void> {
      const header = encodeHeader(RegisterTopicRequestHeader, { topic });
      const body = encodeTopicRouteData(route, { standardJson: false });
      await rpc.callNameServer({ code: RequestCode.REGISTER_TOPIC_IN_NAMESRV, header, body }, options);
    },

    /** 205. @returns how many topics lost write permission */
    async wipeWritePermOfBroker(brokerName: string, options?: NameServerCallOptions): Promise<number> {
      const header = encodeHeader(WipeWritePermOfBrokerRequestHeader, { brokerName });
      const response = await rpc.callNameServer({ code: RequestCode.WIPE_WRITE_PERM_OF_BROKER, header }, options);
      return decodeHeader(WipeWritePermOfBrokerResponseHeader, response.extFields).wipeTopicCount;
    },

    /** 327. @returns how many topics were made readable and writable */
    async addWritePermOfBroker(brokerName: string, options?: NameServerCallOptions): Promise<number> {
      const header = encodeHeader(AddWritePermOfBrokerRequestHeader, { brokerName });
      const response = await rpc.callNameServer({ code: RequestCode.ADD_WRITE_PERM_OF_BROKER, header }, options);
      return decodeHeader(AddWritePermOfBrokerResponseHeader, response.extFields).addTopicCount;
    },
  };
}
