/**
 * UNREGISTER_BROKER, QUERY_DATA_VERSION and BROKER_HEARTBEAT: what a registered broker says afterwards.
 *
 * Source: namesrv/.../processor/DefaultRequestProcessor.java#unregisterBroker, #queryBrokerTopicConfig,
 * #brokerHeartbeat
 */
import { decodeDataVersion, encodeDataVersion } from '../../protocol/bodies.js';
import { decodeHeader, encodeHeader } from '../../protocol/header-schema.js';
import {
  BrokerHeartbeatRequestHeader,
  QueryDataVersionRequestHeader,
  QueryDataVersionResponseHeader,
  UnRegisterBrokerRequestHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { NamesrvContext, Processors } from './context.js';

export function brokerLivenessProcessors(context: NamesrvContext): Processors {
  const { logger, routes } = context;

  /** Success means accepted: the batch worker does the rest. */
  function unregisterBroker(request: RemotingCommand): RemotingCommand {
    const { clusterName, brokerAddr, brokerName } = decodeHeader(UnRegisterBrokerRequestHeader, request.extFields);
    const isAccepted = routes.submitUnregistration({ clusterName, brokerAddr, brokerName, connectionId: null });
    if (!isAccepted) logger.warn({ brokerName, brokerAddr }, 'unregistration refused: too many are waiting');
    context.unregisterSoon();
    return createResponse(request, isAccepted ? ResponseCode.SUCCESS : ResponseCode.SYSTEM_ERROR);
  }

  /** Counts as a heartbeat too. */
  function queryDataVersion(request: RemotingCommand): RemotingCommand {
    const { clusterName, brokerAddr } = decodeHeader(QueryDataVersionRequestHeader, request.extFields);
    const version = decodeDataVersion(request.body);
    const changed = routes.isBrokerTopicConfigChanged(clusterName, brokerAddr, version);
    routes.heartbeat(clusterName, brokerAddr, context.now());
    const stored = routes.dataVersionOf(clusterName, brokerAddr);
    return createResponse(
      request,
      ResponseCode.SUCCESS,
      null,
      encodeHeader(QueryDataVersionResponseHeader, { changed }),
      stored && encodeDataVersion(stored),
    );
  }

  function brokerHeartbeat(request: RemotingCommand): RemotingCommand {
    const { clusterName, brokerAddr } = decodeHeader(BrokerHeartbeatRequestHeader, request.extFields);
    routes.heartbeat(clusterName, brokerAddr, context.now());
    return createResponse(request, ResponseCode.SUCCESS);
  }

  return [
    [RequestCode.UNREGISTER_BROKER, unregisterBroker],
    [RequestCode.QUERY_DATA_VERSION, queryDataVersion],
    [RequestCode.BROKER_HEARTBEAT, brokerHeartbeat],
  ];
}
