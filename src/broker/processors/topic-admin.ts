/**
 * Topics: UPDATE_AND_CREATE_TOPIC 17, UPDATE_AND_CREATE_TOPIC_LIST 18, DELETE_TOPIC_IN_BROKER 215,
 * GET_TOPIC_CONFIG 351, GET_ALL_TOPIC_CONFIG 21, GET_SYSTEM_TOPIC_LIST_FROM_BROKER 305.
 *
 * Source: broker/processor/AdminBrokerProcessor.java.
 */
import {
  dataVersionFromJson,
  decodeCreateTopicListRequestBody,
  encodeTopicConfigAndMappingSerializeWrapper,
  encodeTopicConfigAndQueueMapping,
  encodeTopicList,
} from '../../protocol/bodies.js';
import { decodeHeader, defineHeader, encodeHeader, optional } from '../../protocol/header-schema.js';
import {
  CreateTopicRequestHeader,
  DeleteTopicRequestHeader,
  GetAllTopicConfigRequestHeader,
  GetAllTopicConfigResponseHeader,
  GetTopicConfigRequestHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { TopicConfig } from '../../protocol/topic-config.js';
import { checkTopicName, popRetryTopic } from '../../protocol/topic-validator.js';
import { AttributeError, MESSAGE_TYPE_ATTRIBUTE, parseAttributes } from '../attributes.js';
import type { BrokerContext, Handlers } from '../context.js';
import type { Refusal } from '../send-checks.js';
import { MAX_TOPIC_QUEUES, sameTopicConfig } from '../topic-table.js';

function systemTopicRefusal(context: BrokerContext, topic: string): Refusal | null {
  if (!context.config.validateSystemTopicWhenUpdateTopic || !context.topics.isSystemTopic(topic)) return null;
  return { code: ResponseCode.INVALID_PARAMETER, remark: `The topic[${topic}] is conflict with system topic.` };
}

/** Why a topic may not be created or changed so, or null. */
export function topicRefusal(context: BrokerContext, config: TopicConfig): Refusal | null {
  const nameProblem = checkTopicName(config.topicName);
  if (nameProblem) return { code: ResponseCode.INVALID_PARAMETER, remark: nameProblem };
  const system = systemTopicRefusal(context, config.topicName);
  if (system) return system;
  if (Math.max(config.readQueueNums, config.writeQueueNums) > MAX_TOPIC_QUEUES) {
    const remark = `The topic[${config.topicName}] may have at most ${MAX_TOPIC_QUEUES} queues.`;
    return { code: ResponseCode.INVALID_PARAMETER, remark };
  }
  if (!context.config.enableMixedMessageType && config.attributes[`+${MESSAGE_TYPE_ATTRIBUTE}`] === 'MIXED') {
    return { code: ResponseCode.INVALID_PARAMETER, remark: 'MIXED message type is not supported.' };
  }
  return null;
}

/** Applies all configs or none, and answers when they are on disk. */
async function applyTopics(
  context: BrokerContext,
  request: RemotingCommand,
  configs: readonly TopicConfig[],
): Promise<RemotingCommand> {
  for (const config of configs) {
    const refusal = topicRefusal(context, config);
    if (refusal) return createResponse(request, refusal.code, refusal.remark);
    const present = context.topics.get(config.topicName);
    // Apache's list stops here without applying the others, too.
    if (present && sameTopicConfig(present, config)) return createResponse(request, ResponseCode.SUCCESS);
  }
  try {
    context.topics.update(...configs);
  } catch (error) {
    if (!(error instanceof AttributeError)) throw error;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, error.message);
  }
  await context.files.saveTopics();
  return createResponse(request, ResponseCode.SUCCESS);
}

function createTopic(context: BrokerContext, request: RemotingCommand): RemotingCommand | Promise<RemotingCommand> {
  const header = decodeHeader(CreateTopicRequestHeader, request.extFields);
  let attributes: Record<string, string>;
  try {
    attributes = parseAttributes(header.attributes);
  } catch (error) {
    if (!(error instanceof AttributeError)) throw error;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, error.message);
  }
  return applyTopics(context, request, [
    {
      topicName: header.topic,
      readQueueNums: header.readQueueNums,
      writeQueueNums: header.writeQueueNums,
      perm: header.perm,
      topicFilterType: header.topicFilterType === 'MULTI_TAG' ? 'MULTI_TAG' : 'SINGLE_TAG',
      topicSysFlag: header.topicSysFlag ?? 0,
      order: header.order,
      attributes,
    },
  ]);
}

function createTopics(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  return applyTopics(context, request, decodeCreateTopicListRequestBody(request.body).topicConfigList);
}

/** Removes a topic with its offsets and consume queues; an unknown one succeeds, too. */
async function deleteTopic(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { topic } = decodeHeader(DeleteTopicRequestHeader, request.extFields);
  if (topic.trim() === '') {
    return createResponse(request, ResponseCode.INVALID_PARAMETER, 'The specified topic is blank.');
  }
  const system = systemTopicRefusal(context, topic);
  if (system) return createResponse(request, system.code, system.remark);
  const doomed = [topic];
  if (context.config.clearRetryTopicWhenDeleteTopic) {
    for (const group of context.offsets.groupsOf(topic)) {
      for (const retry of [popRetryTopic(topic, group, true), popRetryTopic(topic, group)]) {
        if (context.topics.has(retry)) doomed.push(retry);
      }
    }
  }
  const wasStatic = context.mappings.delete(topic);
  for (const name of doomed) {
    context.topics.delete(name);
    context.offsets.removeTopic(name);
    context.stats.removeTopic(name);
    context.inflight.removeTopic(name);
    context.timer?.metrics.remove(name);
  }
  await context.store.destroyTopic(doomed);
  if (wasStatic) await context.files.saveMappings();
  await context.files.saveTopics();
  return createResponse(request, ResponseCode.SUCCESS);
}

function getTopicConfig(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { topic, lo } = decodeHeader(GetTopicConfigRequestHeader, request.extFields);
  const config = context.topics.get(topic);
  if (!config) {
    return createResponse(request, ResponseCode.TOPIC_NOT_EXIST, `No topic in this broker. topic: ${topic}`);
  }
  const mappingDetail = lo === true ? context.mappings.get(topic) : undefined;
  const body = encodeTopicConfigAndQueueMapping({ ...config, mappingDetail });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

/** As GetAllTopicConfigRequestHeader, of which older callers send nothing: then they get all. */
const PageHeader = defineHeader(GetAllTopicConfigRequestHeader.name, {
  topicSeq: optional.int32,
  dataVersion: optional.string,
  maxTopicNum: optional.int32,
});

function getAllTopicConfig(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { topicSeq, dataVersion, maxTopicNum } = decodeHeader(PageHeader, request.extFields);
  const isPaged =
    context.config.enableSplitMetadata &&
    (topicSeq !== undefined || dataVersion !== undefined || maxTopicNum !== undefined);
  let topics = context.topics.entries();
  if (isPaged) {
    const callerVersion = dataVersion?.trim() ? dataVersionFromJson(dataVersion) : null;
    const max = Math.min(context.config.splitMetadataSize, maxTopicNum ?? Number.MAX_SAFE_INTEGER);
    ({ topics } = context.topics.page(callerVersion, topicSeq ?? 0, max));
  }
  const body = encodeTopicConfigAndMappingSerializeWrapper({
    topicConfigTable: Object.fromEntries(topics),
    dataVersion: context.topics.version,
    topicQueueMappingInfoMap: {},
    topicQueueMappingDetailMap: context.mappings.details(isPaged ? topics.keys() : undefined),
    mappingDataVersion: context.mappings.version,
  });
  const extFields = encodeHeader(GetAllTopicConfigResponseHeader, { totalTopicNum: context.topics.size });
  return createResponse(request, ResponseCode.SUCCESS, null, extFields, body);
}

function getSystemTopics(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const body = encodeTopicList({ topicList: context.topics.systemTopics() });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

/** Handlers of topic administration. */
export function topicAdminHandlers(context: BrokerContext): Handlers {
  return [
    [RequestCode.UPDATE_AND_CREATE_TOPIC, (request) => createTopic(context, request)],
    [RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, (request) => createTopics(context, request)],
    [RequestCode.DELETE_TOPIC_IN_BROKER, (request) => deleteTopic(context, request)],
    [RequestCode.GET_TOPIC_CONFIG, (request) => getTopicConfig(context, request)],
    [RequestCode.GET_ALL_TOPIC_CONFIG, (request) => getAllTopicConfig(context, request)],
    [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, (request) => getSystemTopics(context, request)],
  ];
}
