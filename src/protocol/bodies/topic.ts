/** Topic configs between brokers, name servers and admins. Source: remoting/.../protocol/body */
import { type DataVersion, dataVersionType } from '../data-version.js';
import { stringifyFastjson } from '../fastjson.js';
import { topicConfigType } from '../topic-config.js';
import { bean, bodyCodec, emptyBean, int64, type JsonOf, listOf, parseJson, recordOf } from './schema.js';
import { topicQueueMappingDetailType, topicQueueMappingInfoType } from './static-topic.js';

/** Request of 322, and its optional answer. */
export const { encode: encodeDataVersion, decode: decodeDataVersion } = bodyCodec('DataVersion', dataVersionType);

/** The text of a version inside header fields (`version` of 26, `dataVersion` of 21 and 201). */
export function dataVersionToJson(version: DataVersion): string {
  return stringifyFastjson(dataVersionType.write(version));
}

/** @throws RemotingCommandError if the text is no DataVersion */
export function dataVersionFromJson(json: string): DataVersion {
  return parseJson(dataVersionType, 'DataVersion', json);
}

/** Body of no request of its own: the entry of a topic in files and tables. */
export const { encode: encodeTopicConfig, decode: decodeTopicConfig } = bodyCodec('TopicConfig', topicConfigType);

const serializeWrapperFields = {
  topicConfigTable: recordOf(topicConfigType),
  dataVersion: emptyBean(dataVersionType),
};

const topicConfigSerializeWrapperType = bean('TopicConfigSerializeWrapper', serializeWrapperFields);

/** All topics of a broker. Answer to 21 of 4.9; request of 103 of brokers before V3_0_11; also `topics.json`. */
export interface TopicConfigSerializeWrapper extends JsonOf<typeof topicConfigSerializeWrapperType> {}

export const {
  encode: encodeTopicConfigSerializeWrapper,
  format: formatTopicConfigSerializeWrapper,
  decode: decodeTopicConfigSerializeWrapper,
} = bodyCodec('TopicConfigSerializeWrapper', topicConfigSerializeWrapperType);

/** Codec of TopicConfigAndMappingSerializeWrapper. */
export const topicConfigAndMappingSerializeWrapperType = bean('TopicConfigAndMappingSerializeWrapper', {
  ...serializeWrapperFields,
  /** By topic; empty unless there are static topics, but a 5.x slave fails if it is missing. */
  topicQueueMappingInfoMap: recordOf(topicQueueMappingInfoType),
  topicQueueMappingDetailMap: recordOf(topicQueueMappingDetailType),
  mappingDataVersion: emptyBean(dataVersionType),
});

/** All topics of a 5.x broker. Answer to 21, part of 103. */
export interface TopicConfigAndMappingSerializeWrapper
  extends JsonOf<typeof topicConfigAndMappingSerializeWrapperType> {}

export const {
  encode: encodeTopicConfigAndMappingSerializeWrapper,
  decode: decodeTopicConfigAndMappingSerializeWrapper,
} = bodyCodec('TopicConfigAndMappingSerializeWrapper', topicConfigAndMappingSerializeWrapperType);

const createTopicListRequestBodyType = bean('CreateTopicListRequestBody', {
  topicConfigList: listOf(topicConfigType),
});

/** Request of 18. */
export interface CreateTopicListRequestBody extends JsonOf<typeof createTopicListRequestBodyType> {}

export const { encode: encodeCreateTopicListRequestBody, decode: decodeCreateTopicListRequestBody } = bodyCodec(
  'CreateTopicListRequestBody',
  createTopicListRequestBodyType,
);

const metricType = bean('Metric', {
  count: int64(),
  /** ms since the epoch */
  timeStamp: int64(),
});

const timerMetricsSerializeWrapperType = bean('TimerMetricsSerializeWrapper', {
  /** Pending timer messages by topic. */
  timingCount: recordOf(metricType),
  dataVersion: emptyBean(dataVersionType),
});

/** Answer to 61. */
export interface TimerMetricsSerializeWrapper extends JsonOf<typeof timerMetricsSerializeWrapperType> {}

export const { encode: encodeTimerMetricsSerializeWrapper, decode: decodeTimerMetricsSerializeWrapper } = bodyCodec(
  'TimerMetricsSerializeWrapper',
  timerMetricsSerializeWrapperType,
);
