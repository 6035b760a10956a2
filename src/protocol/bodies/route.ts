/** Routes and clusters: what name servers tell. Source: remoting/.../protocol/route, .../protocol/body */
import { stringifyFastjson } from '../fastjson.js';
import {
  bean,
  bodyCodec,
  boolean,
  int32,
  type JsonOf,
  listOf,
  numberMapOf,
  optional,
  recordOf,
  setOf,
  text,
} from './schema.js';
import { topicQueueMappingInfoType } from './static-topic.js';

/** Codec of QueueData. */
export const queueDataType = bean('QueueData', {
  brokerName: text(),
  readQueueNums: int32(),
  writeQueueNums: int32(),
  /** PermName bits. */
  perm: int32(),
  topicSysFlag: int32(),
});

/** The queues of one topic on one group of brokers. */
export interface QueueData extends JsonOf<typeof queueDataType> {}

/** Codec of BrokerData. */
export const brokerDataType = bean('BrokerData', {
  cluster: text(''),
  brokerName: text(),
  /** `host:port` by broker id; 0 is the master, or the slave that acts as one. */
  brokerAddrs: numberMapOf(text()),
  /** 5.x */
  zoneName: optional(text()),
  /** 5.x */
  enableActingMaster: boolean(),
});

/** One group of brokers: a master and its slaves. */
export interface BrokerData extends JsonOf<typeof brokerDataType> {}

const topicRouteDataType = bean('TopicRouteData', {
  queueDatas: listOf(queueDataType),
  brokerDatas: listOf(brokerDataType),
  filterServerTable: recordOf(listOf(text())),
  /** `broker-a:4;broker-b:4`, from the KV namespace ORDER_TOPIC_CONFIG. */
  orderTopicConf: optional(text()),
  /** 5.x static topics, by broker name. */
  topicQueueMappingByBroker: optional(recordOf(topicQueueMappingInfoType)),
});

/** Where the queues of a topic are. Answer to 105, request of 217. */
export interface TopicRouteData extends JsonOf<typeof topicRouteDataType> {}

const topicRouteData = bodyCodec('TopicRouteData', topicRouteDataType);

/** Reads both forms. @throws RemotingCommandError as every decoder of bodies.ts */
export const decodeTopicRouteData = topicRouteData.decode;

/** Form of the route to write. */
export interface TopicRouteDataOptions {
  /**
   * True writes standard JSON: numeric keys quoted and sorted, `\uXXXX`, `\/`. Name servers send it to callers of
   * V4_9_4 and later and to those that ask by `acceptStandardJsonOnly`; every client reads it.
   */
  standardJson: boolean;
}

/** @throws RemotingCommandError if a number does not fit its Java type */
export function encodeTopicRouteData(route: TopicRouteData, options: TopicRouteDataOptions): Buffer {
  return Buffer.from(stringifyFastjson(topicRouteDataType.write(route), { browserCompatible: options.standardJson }));
}

const clusterInfoType = bean('ClusterInfo', {
  brokerAddrTable: recordOf(brokerDataType),
  /** Broker names by cluster; a set in Java. */
  clusterAddrTable: recordOf(setOf(text())),
});

/** All brokers of a name server. Answer to 106. */
export interface ClusterInfo extends JsonOf<typeof clusterInfoType> {}

export const { encode: encodeClusterInfo, decode: decodeClusterInfo } = bodyCodec('ClusterInfo', clusterInfoType);

const topicListType = bean('TopicList', {
  /** A set in Java. */
  topicList: setOf(text()),
  /** Set in lists of system topics (304, 305). */
  brokerAddr: optional(text()),
});

/** Topic names; of 343, 206, 224, 304, 305 and 311 to 313 the answer. */
export interface TopicList extends JsonOf<typeof topicListType> {}

export const { encode: encodeTopicList, decode: decodeTopicList } = bodyCodec('TopicList', topicListType);

const kvTableType = bean('KVTable', { table: recordOf(text()) });

/** Names and values, all text. Answer to 28 and 219. */
export interface KVTable extends JsonOf<typeof kvTableType> {}

export const { encode: encodeKVTable, decode: decodeKVTable } = bodyCodec('KVTable', kvTableType);

/** Codec of BrokerMemberGroup. */
export const brokerMemberGroupType = bean('BrokerMemberGroup', {
  cluster: text(''),
  brokerName: text(''),
  /** `host:port` by broker id. */
  brokerAddrs: numberMapOf(text()),
});

/** 5.x: the brokers that share a name. */
export interface BrokerMemberGroup extends JsonOf<typeof brokerMemberGroupType> {}

export const { encode: encodeBrokerMemberGroup, decode: decodeBrokerMemberGroup } = bodyCodec(
  'BrokerMemberGroup',
  brokerMemberGroupType,
);

const getBrokerMemberGroupResponseBodyType = bean('GetBrokerMemberGroupResponseBody', {
  /** Absent when the name server does not know the group. */
  brokerMemberGroup: optional(brokerMemberGroupType),
});

/** Answer to 901. */
export interface GetBrokerMemberGroupResponseBody extends JsonOf<typeof getBrokerMemberGroupResponseBodyType> {}

export const { encode: encodeGetBrokerMemberGroupResponseBody, decode: decodeGetBrokerMemberGroupResponseBody } =
  bodyCodec('GetBrokerMemberGroupResponseBody', getBrokerMemberGroupResponseBodyType);
