/**
 * REGISTER_BROKER: a broker tells who it is and which topics it holds.
 *
 * Source: namesrv/.../processor/DefaultRequestProcessor.java#registerBroker
 */
import {
  decodeRegisterBrokerBody,
  decodeTopicConfigSerializeWrapper,
  encodeKVTable,
  type RegisterBrokerBody,
} from '../../protocol/bodies.js';
import { crc32 } from '../../protocol/crc32.js';
import { decodeHeader, encodeHeader } from '../../protocol/header-schema.js';
import { RegisterBrokerRequestHeader, RegisterBrokerResponseHeader } from '../../protocol/headers.js';
import { MQVersion } from '../../protocol/mq-version.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { RequestContext } from '../../remoting/server.js';
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../kv-config.js';
import type { NamesrvContext, Processors } from './context.js';

/** Extra field beside the header class. Source: common/.../MixAll.java#ZONE_NAME */
const ZONE_NAME = '__ZONE_NAME';

const ZLIB_FIRST_BYTE = 0x78;

interface Registered {
  readonly wrapper: Pick<RegisterBrokerBody['topicConfigSerializeWrapper'], 'topicConfigTable' | 'dataVersion'> &
    Partial<RegisterBrokerBody['topicConfigSerializeWrapper']>;
  readonly filterServers: readonly string[] | null;
}

const ZERO_VERSION = { counter: 0, timestamp: 0, stateVersion: 0 };

function readBody(request: RemotingCommand, isCompressed: boolean): Registered {
  const { body, version } = request;
  const isOld = version < MQVersion.V3_0_11;
  if (body === null) {
    return { wrapper: { topicConfigTable: {}, dataVersion: ZERO_VERSION }, filterServers: isOld ? null : [] };
  }
  if (isOld) return { wrapper: decodeTopicConfigSerializeWrapper(body), filterServers: null };
  // 5.x brokers with compressedRegister compress the body and still say compressed=false.
  const compressed = isCompressed || body[0] === ZLIB_FIRST_BYTE;
  const decoded = decodeRegisterBrokerBody(body, { compressed, version });
  return { wrapper: decoded.topicConfigSerializeWrapper, filterServers: decoded.filterServerList };
}

export function registerBrokerProcessors(context: NamesrvContext): Processors {
  const { config, kv, logger, routes } = context;

  function registerBroker(request: RemotingCommand, { conn }: RequestContext): RemotingCommand {
    const header = decodeHeader(RegisterBrokerRequestHeader, request.extFields);
    const bodyCrc32 = header.bodyCrc32 ?? 0;
    if (bodyCrc32 !== 0 && bodyCrc32 !== (request.body ? crc32(request.body) : 0)) {
      logger.warn({ brokerAddr: header.brokerAddr, from: conn.remoteText }, 'registration with a wrong crc32');
      return createResponse(request, ResponseCode.SYSTEM_ERROR, 'crc32 not match');
    }
    const { wrapper, filterServers } = readBody(request, header.compressed === true);
    const outcome = routes.registerBroker(
      {
        clusterName: header.clusterName,
        brokerAddr: header.brokerAddr,
        brokerName: header.brokerName,
        brokerId: header.brokerId,
        haServerAddr: header.haServerAddr,
        zoneName: request.extFields?.[ZONE_NAME] ?? null,
        heartbeatTimeoutMs: header.heartbeatTimeoutMillis ?? null,
        enableActingMaster: header.enableActingMaster ?? null,
        topics: Object.values(wrapper.topicConfigTable),
        dataVersion: wrapper.dataVersion,
        queueMappings: Object.values(wrapper.topicQueueMappingInfoMap ?? {}),
        filterServers,
        connectionId: conn.id,
      },
      context.now(),
    );
    const who = { cluster: header.clusterName, brokerName: header.brokerName, brokerId: header.brokerId };
    const broker = { ...who, brokerAddr: header.brokerAddr, from: conn.remoteText };
    if (outcome.kind === 'refused') {
      logger.warn({ ...broker, reason: outcome.remark }, 'registration refused');
      return createResponse(request, ResponseCode.SYSTEM_ERROR, outcome.remark);
    }
    if (outcome.kind === 'superseded') logger.warn(broker, 'registration ignored: its id has a newer holder');
    else {
      if (outcome.isNew) logger.info({ ...broker, haServerAddr: header.haServerAddr }, 'new broker registered');
      context.notify(outcome.notifications);
    }
    const reply = outcome.kind === 'registered' ? outcome : { haServerAddr: null, masterAddr: null };
    const orderTopics = config.returnOrderTopicConfigToBroker ? kv.namespace(NAMESPACE_ORDER_TOPIC_CONFIG) : null;
    return createResponse(
      request,
      ResponseCode.SUCCESS,
      null,
      encodeHeader(RegisterBrokerResponseHeader, {
        haServerAddr: reply.haServerAddr ?? undefined,
        masterAddr: reply.masterAddr ?? undefined,
      }),
      orderTopics && encodeKVTable({ table: orderTopics }),
    );
  }

  return [[RequestCode.REGISTER_BROKER, registerBroker]];
}
