/** Clients and what they subscribe to. Source: remoting/.../protocol/heartbeat, .../protocol/body */
import { stringifyFastjson } from '../fastjson.js';
import { LANGUAGE_NAMES } from '../language-code.js';
import {
  bean,
  bodyCodec,
  boolean,
  distinct,
  enumOf,
  int32,
  int64,
  type JsonOf,
  listOf,
  optional,
  recordOf,
  setOf,
  text,
} from './schema.js';

/** CONSUME_ACTIVELY pulls, CONSUME_PASSIVELY is pushed to, CONSUME_POP (5.x) pops. */
export const CONSUME_TYPES = ['CONSUME_ACTIVELY', 'CONSUME_PASSIVELY', 'CONSUME_POP'] as const;
export type ConsumeType = (typeof CONSUME_TYPES)[number];

/** Whether each member of a group gets every message, or they share them; by ordinal. Source: MessageModel.java */
export const MESSAGE_MODELS = ['BROADCASTING', 'CLUSTERING'] as const;
export type MessageModel = (typeof MESSAGE_MODELS)[number];

/** The second to fourth are deprecated. */
export const CONSUME_FROM_WHERES = [
  'CONSUME_FROM_LAST_OFFSET',
  'CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST',
  'CONSUME_FROM_MIN_OFFSET',
  'CONSUME_FROM_MAX_OFFSET',
  'CONSUME_FROM_FIRST_OFFSET',
  'CONSUME_FROM_TIMESTAMP',
] as const;
export type ConsumeFromWhere = (typeof CONSUME_FROM_WHERES)[number];

/** Codec of SubscriptionData. */
export const subscriptionDataType = bean('SubscriptionData', {
  topic: text(),
  /** The expression; `*` takes all. */
  subString: text('*'),
  /** `TAG` or `SQL92`; any other blank one means TAG. */
  expressionType: text('TAG'),
  /** Empty for `*`. */
  tagsSet: setOf(text()),
  /** Java's String.hashCode of each tag: what brokers filter by. */
  codeSet: setOf(int32()),
  /** ms since the epoch of the subscription; grows with every change. */
  subVersion: int64(),
  classFilterMode: boolean(),
});

/** One topic of a consumer group's subscription. */
export interface SubscriptionData extends JsonOf<typeof subscriptionDataType> {}

export const { encode: encodeSubscriptionData, decode: decodeSubscriptionData } = bodyCodec(
  'SubscriptionData',
  subscriptionDataType,
);

/** A set of subscriptions. Java's equality is over all fields, but tags and codes follow from the expression. */
export const subscriptionDataSetType = distinct(listOf(subscriptionDataType), (data) =>
  stringifyFastjson({ ...data, tagsSet: null, codeSet: null }),
);

/** Codec of ProducerData. */
export const producerDataType = bean('ProducerData', { groupName: text() });

/** A producer group of a client. */
export interface ProducerData extends JsonOf<typeof producerDataType> {}

const consumerDataType = bean('ConsumerData', {
  groupName: text(),
  consumeType: enumOf(CONSUME_TYPES, 'CONSUME_PASSIVELY'),
  messageModel: enumOf(MESSAGE_MODELS, 'CLUSTERING'),
  consumeFromWhere: enumOf(CONSUME_FROM_WHERES, 'CONSUME_FROM_LAST_OFFSET'),
  subscriptionDataSet: subscriptionDataSetType,
  unitMode: boolean(),
});

/** A consumer group of a client. Missing enums read as those of a push consumer. */
export interface ConsumerData extends JsonOf<typeof consumerDataType> {}

const heartbeatDataType = bean('HeartbeatData', {
  clientID: text(),
  producerDataSet: listOf(producerDataType),
  consumerDataSet: listOf(consumerDataType),
  /** 5.x: 0 = a full heartbeat of version 1; else a hash of the content, equal for equal content. */
  heartbeatFingerprint: int32(),
  /** 5.x: true = subscriptions are left out because the fingerprint has not changed. */
  withoutSub: boolean(),
});

/** Request of 34. Groups of one client. */
export interface HeartbeatData extends JsonOf<typeof heartbeatDataType> {}

export const { encode: encodeHeartbeatData, decode: decodeHeartbeatData } = bodyCodec(
  'HeartbeatData',
  heartbeatDataType,
);

const checkClientRequestBodyType = bean('CheckClientRequestBody', {
  clientId: text(''),
  group: text(''),
  subscriptionData: subscriptionDataType,
  /** 5.x */
  namespace: optional(text()),
});

/** Request of 46: may this client subscribe so? */
export interface CheckClientRequestBody extends JsonOf<typeof checkClientRequestBodyType> {}

export const { encode: encodeCheckClientRequestBody, decode: decodeCheckClientRequestBody } = bodyCodec(
  'CheckClientRequestBody',
  checkClientRequestBodyType,
);

const languageType = enumOf(LANGUAGE_NAMES, null, null);

const connectionType = bean('Connection', {
  clientId: text(''),
  /** `ip:port` */
  clientAddr: text(''),
  /** Null when the broker does not know it. */
  language: languageType,
  /** MQVersion ordinal. */
  version: int32(),
});

/** A client of a group. */
export interface Connection extends JsonOf<typeof connectionType> {}

const consumerConnectionType = bean('ConsumerConnection', {
  connectionSet: listOf(connectionType),
  /** By topic. */
  subscriptionTable: recordOf(subscriptionDataType),
  consumeType: enumOf(CONSUME_TYPES, null),
  messageModel: enumOf(MESSAGE_MODELS, null),
  consumeFromWhere: enumOf(CONSUME_FROM_WHERES, null),
});

/** Answer to 203: the live members of a consumer group. */
export interface ConsumerConnection extends JsonOf<typeof consumerConnectionType> {}

export const { encode: encodeConsumerConnection, decode: decodeConsumerConnection } = bodyCodec(
  'ConsumerConnection',
  consumerConnectionType,
);

const producerConnectionType = bean('ProducerConnection', { connectionSet: listOf(connectionType) });

/** Answer to 204. */
export interface ProducerConnection extends JsonOf<typeof producerConnectionType> {}

export const { encode: encodeProducerConnection, decode: decodeProducerConnection } = bodyCodec(
  'ProducerConnection',
  producerConnectionType,
);

const producerInfoType = bean('ProducerInfo', {
  clientId: text(''),
  /** `ip:port` */
  remoteIP: text(''),
  language: languageType,
  version: int32(),
  /** ms since the epoch of its last heartbeat */
  lastUpdateTimestamp: int64(),
});

/** A producer connected to a broker. */
export interface ProducerInfo extends JsonOf<typeof producerInfoType> {}

const producerTableInfoType = bean('ProducerTableInfo', {
  /** By producer group. */
  data: recordOf(listOf(producerInfoType)),
});

/** Answer to 328. */
export interface ProducerTableInfo extends JsonOf<typeof producerTableInfoType> {}

export const { encode: encodeProducerTableInfo, decode: decodeProducerTableInfo } = bodyCodec(
  'ProducerTableInfo',
  producerTableInfoType,
);

const getConsumerListByGroupResponseBodyType = bean('GetConsumerListByGroupResponseBody', {
  consumerIdList: listOf(text()),
});

/** Answer to 38: client ids of a group. */
export interface GetConsumerListByGroupResponseBody extends JsonOf<typeof getConsumerListByGroupResponseBodyType> {}

export const { encode: encodeGetConsumerListByGroupResponseBody, decode: decodeGetConsumerListByGroupResponseBody } =
  bodyCodec('GetConsumerListByGroupResponseBody', getConsumerListByGroupResponseBodyType);

const groupListType = bean('GroupList', { groupList: setOf(text()) });

/** Answer to 300. */
export interface GroupList extends JsonOf<typeof groupListType> {}

export const { encode: encodeGroupList, decode: decodeGroupList } = bodyCodec('GroupList', groupListType);

const bloomFilterDataType = bean('BloomFilterData', {
  /** Set bits, one for each hash. */
  bitPos: listOf(int32()),
  /** Length of the bit map. */
  bitNum: int32(),
});

/** Bits of a group in the bit maps of a topic's messages. */
export interface BloomFilterData extends JsonOf<typeof bloomFilterDataType> {}

const consumerFilterDataType = bean('ConsumerFilterData', {
  consumerGroup: text(''),
  topic: text(''),
  expression: text(''),
  /** `SQL92` */
  expressionType: text(''),
  /** ms since the epoch; messages stored later have the group's bits in their bit maps. */
  bornTime: int64(),
  /** ms since the epoch; 0 while the group is online. */
  deadTime: int64(),
  bloomFilterData: optional(bloomFilterDataType),
  /** subVersion of the subscription. */
  clientVersion: int64(),
  /** Follows from the times. */
  dead: boolean(),
});

/** What a group wants of a topic's messages. */
export interface ConsumerFilterData extends JsonOf<typeof consumerFilterDataType> {}

export const { format: formatConsumerFilterData } = bodyCodec('ConsumerFilterData', consumerFilterDataType);

const consumerFilterWrapperType = bean('ConsumerFilterManager', {
  filterDataByTopic: recordOf(
    bean('FilterDataMapByTopic', { topic: text(''), groupFilterData: recordOf(consumerFilterDataType) }),
  ),
});

/** `consumerFilter.json`: by topic, then by group. */
export interface ConsumerFilterWrapper extends JsonOf<typeof consumerFilterWrapperType> {}

/** Source: broker/.../filter/ConsumerFilterManager.java, ConsumerFilterData.java */
export const { format: formatConsumerFilterWrapper, decode: decodeConsumerFilterWrapper } = bodyCodec(
  'ConsumerFilterManager',
  consumerFilterWrapperType,
);
