/**
 * Topic lists, and topics added or removed by hand.
 *
 * Source: namesrv/.../processor/DefaultRequestProcessor.java#getAllTopicListFromNameserver, #getTopicsByCluster,
 * #getSystemTopicListFromNs, #getUnitTopicList and its kin, #registerTopicToNamesrv, #deleteTopicInNamesrv
 */
import { decodeTopicRouteData, encodeTopicList, type TopicList } from '../../protocol/bodies.js';
import { decodeHeader } from '../../protocol/header-schema.js';
import {
  DeleteTopicFromNamesrvRequestHeader,
  GetTopicsByClusterRequestHeader,
  RegisterTopicRequestHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { RequestContext, RequestProcessor } from '../../remoting/server.js';
import type { NamesrvContext, Processors } from './context.js';

export function topicProcessors({ config, logger, routes }: NamesrvContext): Processors {
  /** Answers with a list unless its switch is off. */
  function listOf(isEnabled: () => boolean, list: (request: RemotingCommand) => TopicList): RequestProcessor {
    return (request) =>
      isEnabled()
        ? createResponse(request, ResponseCode.SUCCESS, null, null, encodeTopicList(list(request)))
        : createResponse(request, ResponseCode.SYSTEM_ERROR, 'disable');
  }
  const allTopicList = () => config.enableAllTopicList;
  const topicList = () => config.enableTopicList;
  const always = () => true;

  function registerTopic(request: RemotingCommand, { conn }: RequestContext): RemotingCommand {
    const { topic } = decodeHeader(RegisterTopicRequestHeader, request.extFields);
    const queueDatas = request.body ? decodeTopicRouteData(request.body).queueDatas : [];
    if (queueDatas.length > 0) {
      const refusal = routes.registerTopic(topic, queueDatas);
      if (refusal === null) logger.info({ topic, from: conn.remoteText }, 'topic registered by hand');
      else logger.warn({ topic, from: conn.remoteText, reason: refusal }, 'topic not fully registered');
    }
    return createResponse(request, ResponseCode.SUCCESS);
  }

  function deleteTopic(request: RemotingCommand, { conn }: RequestContext): RemotingCommand {
    const { topic, clusterName } = decodeHeader(DeleteTopicFromNamesrvRequestHeader, request.extFields);
    routes.deleteTopic(topic, clusterName || null);
    logger.info({ topic, cluster: clusterName, from: conn.remoteText }, 'topic deleted');
    return createResponse(request, ResponseCode.SUCCESS);
  }

  return [
    [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, listOf(allTopicList, () => routes.allTopics())],
    [
      RequestCode.GET_TOPICS_BY_CLUSTER,
      listOf(topicList, (request) =>
        routes.topicsByCluster(decodeHeader(GetTopicsByClusterRequestHeader, request.extFields).cluster),
      ),
    ],
    [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS, listOf(always, () => routes.systemTopics())],
    [RequestCode.GET_UNIT_TOPIC_LIST, listOf(topicList, () => routes.unitTopics())],
    [RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST, listOf(topicList, () => routes.hasUnitSubTopics())],
    [RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, listOf(topicList, () => routes.hasUnitSubUnUnitTopics())],
    [RequestCode.REGISTER_TOPIC_IN_NAMESRV, registerTopic],
    [RequestCode.DELETE_TOPIC_IN_NAMESRV, deleteTopic],
  ];
}
