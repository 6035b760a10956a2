/**
 * What every producer and consumer can be told about its environment.
 *
 * Source: client/ClientConfig.java
 */
import { networkInterfaces } from 'node:os';
import { pid } from 'node:process';
import { type Clock, type Random, systemClock, systemRandom } from '../base/clock.js';
import { type Logger, silentLogger } from '../base/logger.js';
import { type SessionCredentials, signRequest } from '../protocol/acl-signature.js';
import { RemotingClient, type TlsClientOptions } from '../remoting/client.js';
import { MQClientError } from './errors.js';
import { parseNameServerAddresses } from './name-servers.js';
import { namespaceOfEndpoint } from './namespace.js';
import { DEFAULT_CALL_TIMEOUT_MS, type RemotingInvoker } from './rpc.js';

/** Names are Apache's. Times are ms. */
export interface ClientOptions {
  /** `host:port;host:port`, or a list of `host:port`. Needed unless an instance is given. */
  namesrvAddr?: string | readonly string[];
  /** IP text that goes into clientId and message ids. Default: the first IPv4 address that is not loopback. */
  clientIP?: string;
  /** Default `DEFAULT`, which all but broadcasting consumers replace by `<pid>#<number>`. */
  instanceName?: string;
  /** Appended to clientId. */
  unitName?: string;
  /** Of all topics and groups; that of an endpoint `MQ_INST_…` in namesrvAddr, else none. */
  namespace?: string;
  /** How often routes are refreshed; 30,000. */
  pollNameServerInterval?: number;
  /** How often every broker hears of us; 30,000. */
  heartbeatBrokerInterval?: number;
  /** Deadline of a call without one of its own; 3,000. */
  mqClientApiTimeout?: number;
  /** Leaves subscriptions out of heartbeats while a 5.x broker has them; false. */
  useHeartbeatV2?: boolean;
  /** Signs every request. */
  credentials?: SessionCredentials;
  /** Speaks TLS to name servers and brokers. */
  tls?: TlsClientOptions;
  /** Default: silent. */
  logger?: Logger;
  clock?: Clock;
  random?: Random;
}

/** Calls and the answers to calls of brokers: what a client needs of RemotingClient. */
export interface RemotingPort
  extends RemotingInvoker,
    Pick<RemotingClient, 'registerProcessor' | 'closeConnection' | 'onConnect' | 'onDisconnect'> {
  shutdown(): Promise<void>;
}

/** ClientOptions with nothing left open. */
export interface ClientConfig {
  readonly namesrvAddrs: readonly string[];
  readonly clientId: string;
  readonly clientIP: string;
  readonly namespace: string | undefined;
  readonly pid: number;
  readonly pollNameServerInterval: number;
  readonly heartbeatBrokerInterval: number;
  readonly mqClientApiTimeout: number;
  readonly useHeartbeatV2: boolean;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

export const DEFAULT_INSTANCE_NAME = 'DEFAULT';

/** The first IPv4 address of this machine that is not loopback, else 127.0.0.1. Source: UtilAll.java#getIP */
export function localAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    const found = addresses?.find(({ family, internal }) => family === 'IPv4' && !internal);
    if (found) return found.address;
  }
  return '127.0.0.1';
}

/**
 * Fills in the defaults.
 *
 * @param keepInstanceName true for broadcasting consumers: the path of their offset file holds the clientId
 * @throws MQClientError if no name server is given
 */
export function clientConfig(options: ClientOptions, keepInstanceName = false): ClientConfig {
  const namesrvAddr = options.namesrvAddr ?? [];
  const addrText = typeof namesrvAddr === 'string' ? namesrvAddr : namesrvAddr.join(';');
  const namesrvAddrs = parseNameServerAddresses(addrText);
  if (namesrvAddrs.length === 0) throw new MQClientError('namesrvAddr names no name server');
  const random = options.random ?? systemRandom;
  const clientIP = options.clientIP ?? localAddress();
  const given = options.instanceName ?? DEFAULT_INSTANCE_NAME;
  const isUnique = given !== DEFAULT_INSTANCE_NAME || keepInstanceName;
  const instanceName = isUnique ? given : `${pid}#${Math.floor(random.next() * Number.MAX_SAFE_INTEGER)}`;
  const unit = options.unitName ? `@${options.unitName}` : '';
  return {
    namesrvAddrs,
    clientId: `${clientIP}@${instanceName}${unit}`,
    clientIP,
    namespace: options.namespace ?? namespaceOfEndpoint(addrText),
    pid,
    pollNameServerInterval: options.pollNameServerInterval ?? 30_000,
    heartbeatBrokerInterval: options.heartbeatBrokerInterval ?? 30_000,
    mqClientApiTimeout: options.mqClientApiTimeout ?? DEFAULT_CALL_TIMEOUT_MS,
    useHeartbeatV2: options.useHeartbeatV2 ?? false,
    logger: options.logger ?? silentLogger,
    clock: options.clock ?? systemClock,
    random,
  };
}

/** A RemotingClient as the options ask for: signing and TLS included. */
export function createRemotingClient(options: ClientOptions, config: ClientConfig): RemotingClient {
  const { credentials } = options;
  return new RemotingClient({
    logger: config.logger,
    clock: config.clock,
    random: config.random,
    ...(options.tls ? { tls: options.tls } : {}),
    ...(credentials
      ? {
          signer(command) {
            command.extFields = signRequest(command.extFields, command.body, credentials);
          },
        }
      : {}),
  });
}
