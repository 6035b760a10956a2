/**
 * GET_ROUTEINFO_BY_TOPIC: where a topic's queues are.
 *
 * Source: namesrv/.../processor/ClientRequestProcessor.java, ClusterTestRequestProcessor.java,
 * namesrv/.../route/ZoneRouteRPCHook.java
 */
import { errorText } from '../../base/errors.js';
import { encodeTopicRouteData, type TopicRouteData } from '../../protocol/bodies.js';
import { decodeHeader } from '../../protocol/header-schema.js';
import { GetRouteInfoRequestHeader } from '../../protocol/headers.js';
import { MQVersion } from '../../protocol/mq-version.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../kv-config.js';
import { FAQ_HINT, type NamesrvContext, type Processors } from './context.js';

const ZONE_NAME = '__ZONE_NAME';
const ZONE_MODE = '__ZONE_MODE';

/**
 * Leaves the brokers of one zone, names compared without case. A group without master stays whatever its zone:
 * reaching a far slave beats reaching nobody.
 */
export function filterByZone(route: TopicRouteData, zoneName: string): TopicRouteData {
  const zone = zoneName.toLowerCase();
  const dropped = route.brokerDatas.filter(
    (group) => group.brokerAddrs.has(0) && group.zoneName?.toLowerCase() !== zone,
  );
  const droppedNames = new Set(dropped.map((group) => group.brokerName));
  const droppedAddrs = new Set(dropped.flatMap((group) => [...group.brokerAddrs.values()]));
  const filterServerTable = Object.create(null) as TopicRouteData['filterServerTable'];
  for (const [addr, servers] of Object.entries(route.filterServerTable)) {
    if (!droppedAddrs.has(addr)) filterServerTable[addr] = servers;
  }
  return {
    ...route,
    brokerDatas: route.brokerDatas.filter((group) => !droppedNames.has(group.brokerName)),
    queueDatas: route.queueDatas.filter((queueData) => !droppedNames.has(queueData.brokerName)),
    filterServerTable,
  };
}

export function routeProcessors(context: NamesrvContext): Processors {
  const { config, kv, logger, routes } = context;

  /** Routes of the environment that a test cluster leans on. Without an answer the topic is simply unknown. */
  async function fromProductEnvironment(topic: string): Promise<TopicRouteData | null> {
    try {
      return (await context.productEnvironment?.(topic)) ?? null;
    } catch (error) {
      logger.info({ topic, envName: config.productEnvName, reason: errorText(error) }, 'no route from environment');
      return null;
    }
  }

  function answer(request: RemotingCommand, topic: string, route: TopicRouteData | null): RemotingCommand {
    if (route === null) {
      const remark = `No topic route info in name server for the topic: ${topic}${FAQ_HINT}`;
      return createResponse(request, ResponseCode.TOPIC_NOT_EXIST, remark);
    }
    const { extFields, version } = request;
    const zoneName = extFields?.[ZONE_MODE]?.toLowerCase() === 'true' ? extFields[ZONE_NAME]?.trim() : undefined;
    const standardJson = version >= MQVersion.V4_9_4 || extFields?.acceptStandardJsonOnly?.toLowerCase() === 'true';
    const body = encodeTopicRouteData(zoneName ? filterByZone(route, zoneName) : route, { standardJson });
    return createResponse(request, ResponseCode.SUCCESS, null, null, body);
  }

  function getRouteInfo(request: RemotingCommand): RemotingCommand | Promise<RemotingCommand> {
    const { topic } = decodeHeader(GetRouteInfoRequestHeader, request.extFields);
    const ageMs = context.now() - context.startedAtMs;
    if (config.needWaitForService && ageMs < config.waitSecondsForService * 1000) {
      return createResponse(request, ResponseCode.SYSTEM_ERROR, 'name server not ready');
    }
    const route = routes.pickupTopicRouteData(topic);
    if (route !== null) {
      const orderTopicConf =
        config.orderMessageEnable || config.clusterTest ? kv.get(NAMESPACE_ORDER_TOPIC_CONFIG, topic) : null;
      if (orderTopicConf !== null) route.orderTopicConf = orderTopicConf;
      return answer(request, topic, route);
    }
    if (!config.clusterTest) return answer(request, topic, null);
    return fromProductEnvironment(topic).then((found) => answer(request, topic, found));
  }

  return [[RequestCode.GET_ROUTEINFO_BY_TOPIC, getRouteInfo]];
}
