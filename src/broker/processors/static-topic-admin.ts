/**
 * UPDATE_AND_CREATE_STATIC_TOPIC 513: a topic whose queues keep their number while they move between brokers.
 *
 * Source: broker/processor/AdminBrokerProcessor.java#updateAndCreateStaticTopic.
 */
import { decodeTopicQueueMappingDetail } from '../../protocol/bodies.js';
import { decodeHeader } from '../../protocol/header-schema.js';
import { CreateTopicRequestHeader } from '../../protocol/headers.js';
import { StaticTopicError } from '../../protocol/logic-queue.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { AttributeError } from '../attributes.js';
import type { BrokerContext, Handlers } from '../context.js';
import { topicRefusal } from './topic-admin.js';

/** Takes topic and mapping, or neither; answers when both are on disk. */
async function updateStaticTopic(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const header = decodeHeader(CreateTopicRequestHeader, request.extFields);
  const config = {
    topicName: header.topic,
    readQueueNums: header.readQueueNums,
    writeQueueNums: header.writeQueueNums,
    perm: header.perm,
    topicFilterType: header.topicFilterType === 'MULTI_TAG' ? ('MULTI_TAG' as const) : ('SINGLE_TAG' as const),
    topicSysFlag: header.topicSysFlag ?? 0,
    order: false,
    attributes: {},
  };
  const refusal = topicRefusal(context, config);
  if (refusal) return createResponse(request, refusal.code, refusal.remark);
  const detail = decodeTopicQueueMappingDetail(request.body);
  try {
    if (detail.topic !== header.topic) {
      throw new StaticTopicError(`The mapping is of topic ${detail.topic}, but the request of ${header.topic}`);
    }
    const mapping = context.mappings.checked(detail, header.force === true);
    context.mappings.set(mapping);
    // After the mapping: whoever listens to topics registers both, and looks the topic up anew.
    context.topics.update(config);
  } catch (error) {
    if (!(error instanceof StaticTopicError || error instanceof AttributeError)) throw error;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, error.message);
  }
  await Promise.all([context.files.saveTopics(), context.files.saveMappings()]);
  return createResponse(request, ResponseCode.SUCCESS);
}

/** Handlers of static topics. */
export function staticTopicAdminHandlers(context: BrokerContext): Handlers {
  return [[RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC, (request) => updateStaticTopic(context, request)]];
}
