/**
 * What masters, slaves, name servers and tools ask about replication: NOTIFY_MIN_BROKER_ID_CHANGE 905,
 * EXCHANGE_BROKER_HA_INFO 906, GET_BROKER_HA_STATUS 907, RESET_MASTER_FLUSH_OFFSET 908, GET_BROKER_EPOCH_CACHE 1007.
 * The answers are those of a master that no slave has connected to.
 *
 * Source: broker/processor/AdminBrokerProcessor.java, store/ha/DefaultHAService.java#getRuntimeInfo.
 */
import { encodeHARuntimeInfo } from '../../protocol/bodies.js';
import { decodeHeader, encodeHeader } from '../../protocol/header-schema.js';
import { ExchangeHAInfoRequestHeader, ExchangeHAInfoResponseHeader } from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { BrokerContext, Handlers } from '../context.js';

const MASTER_ID = 0;

/** Of the replication of a broker. */
export interface ReplicationInfo {
  /** `host:port` of replication, as the broker registers it. */
  haServerAddr: string;
  /** Where the log ended when the broker started, a physical offset. */
  initMaxPhyOffset: number;
}

function getHaStatus({ config, store }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const master = config.brokerRole !== 'SLAVE';
  const { maxPhyOffset } = store.stats();
  const client = { transferredByteInSecond: 0, lastReadTimestamp: 0, lastWriteTimestamp: 0, masterFlushOffset: 0 };
  const body = encodeHARuntimeInfo({
    master,
    masterCommitLogMaxOffset: master ? maxPhyOffset : 0,
    inSyncSlaveNums: 0,
    haConnectionInfo: [],
    haClientRuntimeInfo: { ...client, maxOffset: master ? 0 : maxPhyOffset },
  });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

/** Tells a master's addresses. A request that brings those of a master is meant for slaves, and taken without effect. */
function exchangeHaInfo(context: BrokerContext, info: ReplicationInfo, request: RemotingCommand): RemotingCommand {
  const { masterHaAddress } = decodeHeader(ExchangeHAInfoRequestHeader, request.extFields);
  if (masterHaAddress !== undefined || context.config.brokerId !== MASTER_ID) {
    return createResponse(request, ResponseCode.SUCCESS);
  }
  const extFields = encodeHeader(ExchangeHAInfoResponseHeader, {
    masterHaAddress: info.haServerAddr,
    masterFlushOffset: info.initMaxPhyOffset,
    masterAddress: context.brokerAddr,
  });
  return createResponse(request, ResponseCode.SUCCESS, null, extFields);
}

/** What concerns slaves alone succeeds on a master and changes nothing. */
function takeNote(request: RemotingCommand): RemotingCommand {
  return createResponse(request, ResponseCode.SUCCESS);
}

/** Handlers of replication. */
export function replicationHandlers(context: BrokerContext, info: ReplicationInfo): Handlers {
  const noController = 'this request only for controllerMode ';
  return [
    [RequestCode.GET_BROKER_HA_STATUS, (request) => getHaStatus(context, request)],
    [RequestCode.EXCHANGE_BROKER_HA_INFO, (request) => exchangeHaInfo(context, info, request)],
    [RequestCode.RESET_MASTER_FLUSH_OFFSET, takeNote],
    [RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, takeNote],
    [RequestCode.GET_BROKER_EPOCH_CACHE, (request) => createResponse(request, ResponseCode.SYSTEM_ERROR, noController)],
  ];
}
