/**
 * What is known of clusters and brokers, and the write permission of a broker's topics.
 *
 * Source: namesrv/.../processor/DefaultRequestProcessor.java#getBrokerClusterInfo, #getBrokerMemberGroup,
 * #wipeWritePermOfBroker, #addWritePermOfBroker
 */
import { encodeClusterInfo, encodeGetBrokerMemberGroupResponseBody } from '../../protocol/bodies.js';
import { decodeHeader, encodeHeader } from '../../protocol/header-schema.js';
import {
  AddWritePermOfBrokerRequestHeader,
  AddWritePermOfBrokerResponseHeader,
  GetBrokerMemberGroupRequestHeader,
  WipeWritePermOfBrokerRequestHeader,
  WipeWritePermOfBrokerResponseHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { RequestContext } from '../../remoting/server.js';
import type { NamesrvContext, Processors } from './context.js';

export function clusterProcessors({ logger, routes }: NamesrvContext): Processors {
  function getBrokerClusterInfo(request: RemotingCommand): RemotingCommand {
    return createResponse(request, ResponseCode.SUCCESS, null, null, encodeClusterInfo(routes.clusterInfo()));
  }

  function getBrokerMemberGroup(request: RemotingCommand): RemotingCommand {
    const { clusterName, brokerName } = decodeHeader(GetBrokerMemberGroupRequestHeader, request.extFields);
    const brokerMemberGroup = routes.brokerMemberGroup(clusterName, brokerName);
    const body = encodeGetBrokerMemberGroupResponseBody({ brokerMemberGroup });
    return createResponse(request, ResponseCode.SUCCESS, null, null, body);
  }

  function wipeWritePerm(request: RemotingCommand, { conn }: RequestContext): RemotingCommand {
    const { brokerName } = decodeHeader(WipeWritePermOfBrokerRequestHeader, request.extFields);
    const wipeTopicCount = routes.wipeWritePerm(brokerName);
    logger.info({ brokerName, wipeTopicCount, from: conn.remoteText }, 'write permission of broker wiped');
    const header = encodeHeader(WipeWritePermOfBrokerResponseHeader, { wipeTopicCount });
    return createResponse(request, ResponseCode.SUCCESS, null, header);
  }

  function addWritePerm(request: RemotingCommand, { conn }: RequestContext): RemotingCommand {
    const { brokerName } = decodeHeader(AddWritePermOfBrokerRequestHeader, request.extFields);
    const addTopicCount = routes.addWritePerm(brokerName);
    logger.info({ brokerName, addTopicCount, from: conn.remoteText }, 'write permission of broker added');
    const header = encodeHeader(AddWritePermOfBrokerResponseHeader, { addTopicCount });
    return createResponse(request, ResponseCode.SUCCESS, null, header);
  }

  return [
    [RequestCode.GET_BROKER_CLUSTER_INFO, getBrokerClusterInfo],
    [RequestCode.GET_BROKER_MEMBER_GROUP, getBrokerMemberGroup],
    [RequestCode.WIPE_WRITE_PERM_OF_BROKER, wipeWritePerm],
    [RequestCode.ADD_WRITE_PERM_OF_BROKER, addWritePerm],
  ];
}
