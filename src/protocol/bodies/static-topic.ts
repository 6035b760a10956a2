/** Static topics of 5.x: logical queues mapped to those of brokers. Source: remoting/.../protocol/statictopic */
import { dataVersionType } from '../data-version.js';
import { topicConfigFields } from '../topic-config.js';
import {
  bean,
  bodyCodec,
  boolean,
  emptyBean,
  enumOf,
  int32,
  int64,
  type JsonOf,
  listOf,
  numberMapOf,
  optional,
  recordOf,
  setOf,
  text,
} from './schema.js';

const mappingInfoFields = {
  topic: text(''),
  scope: text('__global__'),
  totalQueues: int32(),
  /** Name of the broker that owns the mapping. */
  bname: text(''),
  epoch: int64(),
  dirty: boolean(),
  /** Physical queue id by logical one. */
  currIdMap: numberMapOf(int32()),
};

/** Codec of TopicQueueMappingInfo. */
export const topicQueueMappingInfoType = bean('TopicQueueMappingInfo', mappingInfoFields);

/** Which physical queues of one broker stand for logical ones now. */
export interface TopicQueueMappingInfo extends JsonOf<typeof topicQueueMappingInfoType> {}

const logicQueueMappingItemType = bean('LogicQueueMappingItem', {
  gen: int32(),
  /** Physical queue on `bname`. */
  queueId: int32(),
  bname: text(''),
  /** Queue offset of the logical queue at which this item begins; -1 until decided. */
  logicOffset: int64(),
  /** Physical queue offsets `[startOffset, endOffset)`; -1 = open. */
  startOffset: int64(),
  endOffset: int64(-1),
  /** ms since the epoch; -1 = unknown */
  timeOfStart: int64(-1),
  timeOfEnd: int64(-1),
});

/** A stretch of a logical queue, on one physical queue. */
export interface LogicQueueMappingItem extends JsonOf<typeof logicQueueMappingItemType> {}

/** Codec of TopicQueueMappingDetail. */
export const topicQueueMappingDetailType = bean('TopicQueueMappingDetail', {
  ...mappingInfoFields,
  /** History of each logical queue, oldest item first. */
  hostedQueues: numberMapOf(listOf(logicQueueMappingItemType)),
});

/** Request body of 513. */
export interface TopicQueueMappingDetail extends JsonOf<typeof topicQueueMappingDetailType> {}

export const { encode: encodeTopicQueueMappingDetail, decode: decodeTopicQueueMappingDetail } = bodyCodec(
  'TopicQueueMappingDetail',
  topicQueueMappingDetailType,
);

const topicQueueMappingSerializeWrapperType = bean('TopicQueueMappingSerializeWrapper', {
  /** By topic. */
  topicQueueMappingInfoMap: recordOf(topicQueueMappingDetailType),
  dataVersion: emptyBean(dataVersionType),
});

/** The static topics of a broker: `topicQueueMapping.json`. */
export interface TopicQueueMappingSerializeWrapper extends JsonOf<typeof topicQueueMappingSerializeWrapperType> {}

export const { format: formatTopicQueueMappingSerializeWrapper, decode: decodeTopicQueueMappingSerializeWrapper } =
  bodyCodec('TopicQueueMappingSerializeWrapper', topicQueueMappingSerializeWrapperType);

const topicConfigAndQueueMappingType = bean('TopicConfigAndQueueMapping', {
  ...topicConfigFields,
  mappingDetail: optional(topicQueueMappingDetailType),
});

/** A topic's config, with its mapping if it is a static topic. Answer to 351. */
export interface TopicConfigAndQueueMapping extends JsonOf<typeof topicConfigAndQueueMappingType> {}

export const { encode: encodeTopicConfigAndQueueMapping, decode: decodeTopicConfigAndQueueMapping } = bodyCodec(
  'TopicConfigAndQueueMapping',
  topicConfigAndQueueMappingType,
);

/** What a TopicRemappingDetailWrapper is about. */
export const TOPIC_REMAPPING_TYPES = ['CREATE_OR_UPDATE', 'REMAPPING'] as const;

const topicRemappingDetailWrapperType = bean('TopicRemappingDetailWrapper', {
  topic: text(),
  type: enumOf(TOPIC_REMAPPING_TYPES, 'CREATE_OR_UPDATE'),
  epoch: int64(),
  /** By broker name. */
  brokerConfigMap: recordOf(topicConfigAndQueueMappingType),
  /** Broker names. */
  brokerToMapIn: setOf(text()),
  brokerToMapOut: setOf(text()),
});

/** A change of a static topic's mapping, as mqadmin keeps it in a file before and after. */
export interface TopicRemappingDetailWrapper extends JsonOf<typeof topicRemappingDetailWrapperType> {}

export const { encode: encodeTopicRemappingDetailWrapper, decode: decodeTopicRemappingDetailWrapper } = bodyCodec(
  'TopicRemappingDetailWrapper',
  topicRemappingDetailWrapperType,
);
