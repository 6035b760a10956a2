import { authApi } from './api/auth-api.js';
import { brokerApi } from './api/broker-api.js';
import { controllerApi } from './api/controller-api.js';
import { groupApi } from './api/group-api.js';
import { memberApi } from './api/member-api.js';
import { messageApi } from './api/message-api.js';
import { nameServerApi } from './api/name-server-api.js';
import { offsetApi } from './api/offset-api.js';
import { popApi } from './api/pop-api.js';
import { topicApi } from './api/topic-api.js';
import type { NameServers } from './name-servers.js';
import type { Rpc } from './rpc.js';

export type { BrokerConfigAnswer } from './api/broker-api.js';
export type { HeartbeatResult } from './api/member-api.js';
export type {
  PullResult,
  PullStatus,
  QueryMessageResult,
  SendKind,
  SendResponse,
  SendStatus,
} from './api/message-api.js';
export type { ConsumeStatsQuery, QueueRef, ResetOffsetQuery } from './api/offset-api.js';
export type { PopResult, PopStatus } from './api/pop-api.js';
export { formatAttributes } from './api/topic-api.js';
export type { CallOptions, NameServerCallOptions, RemotingInvoker } from './rpc.js';
export { DEFAULT_CALL_TIMEOUT_MS, Rpc } from './rpc.js';

/**
 * Every request of the remoting protocol as one typed method: encode the header and body, call, decode.
 * Nothing is cached, retried or combined here.
 *
 * Every method takes `{timeoutMs, signal}` last and throws MQBrokerError for an error code, and
 * RemotingConnectError, RemotingSendRequestError, RemotingTimeoutError or RemotingTooMuchRequestError when
 * the peer could not be asked.
 */
export type ClientApi = ReturnType<typeof nameServerApi> &
  ReturnType<typeof topicApi> &
  ReturnType<typeof groupApi> &
  ReturnType<typeof offsetApi> &
  ReturnType<typeof messageApi> &
  ReturnType<typeof popApi> &
  ReturnType<typeof memberApi> &
  ReturnType<typeof brokerApi> &
  ReturnType<typeof controllerApi> &
  ReturnType<typeof authApi> & { readonly nameServers: NameServers };

/** Builds the API over one Rpc. */
export function createClientApi(rpc: Rpc): ClientApi {
  return {
    nameServers: rpc.nameServers,
    ...nameServerApi(rpc),
    ...topicApi(rpc),
    ...groupApi(rpc),
    ...offsetApi(rpc),
    ...messageApi(rpc),
    ...popApi(rpc),
    ...memberApi(rpc),
    ...brokerApi(rpc),
    ...controllerApi(rpc),
    ...authApi(rpc),
  };
}
