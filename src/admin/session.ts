import { readFileSync } from 'node:fs';
import type { Clock, Random } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import { type Logger, silentLogger } from '../base/logger.js';
import { type ClientApi, createClientApi } from '../client/client-api.js';
import type { RemotingPort } from '../client/client-config.js';
import { NameServers } from '../client/name-servers.js';
import { Rpc } from '../client/rpc.js';
import { RemotingClient, type TlsClientOptions } from '../remoting/client.js';
import { Deadline } from './deadline.js';
import { AdminError } from './failure.js';

/** How to reach a cluster. */
export interface SessionOptions {
  readonly namesrvAddrs: readonly string[];
  /** Deadline of one use case, ms, all its calls included. */
  readonly timeoutMs: number;
  /** Signs every request when both are given. */
  readonly accessKey?: string | null;
  readonly secretKey?: string | null;
  /** Advertised address (`host:port`, or a bare host for all its ports) to the one reachable from here. */
  readonly addressMap?: Readonly<Record<string, string>>;
  /** PEM files; null speaks plain text. */
  readonly tls?: {
    readonly caFile: string | null;
    readonly certFile: string | null;
    readonly keyFile: string | null;
    readonly insecure: boolean;
  } | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  /** Gives up whatever is under way. */
  readonly signal?: AbortSignal;
}

/** One connection of an operator to a cluster: what every use case of `admin` takes first. */
export interface AdminSession {
  readonly api: ClientApi;
  /** The wire below `api`, for producers. */
  readonly remoting: RemotingPort;
  readonly namesrvAddrs: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Addresses of a cluster come in the order of a Java set, in which Apache's tool goes through them. */
  readonly inSetOrder?: boolean;
  /** A new deadline for one use case, of `timeoutMs` unless told otherwise. */
  deadline(timeoutMs?: number): Deadline;
  /** Closes all connections. May be called again. */
  close(): Promise<void>;
}

/**
 * Makes a session. Nothing is connected before the first call.
 *
 * @throws AdminError (usage) when a TLS file cannot be read
 */
export async function openSession(options: SessionOptions): Promise<AdminSession> {
  const signer = await signerOf(options);
  const tls = tlsOf(options);
  const addressMap = mapperOf(options.addressMap ?? {});
  const remoting = new RemotingClient({
    logger: options.logger ?? silentLogger,
    clock: options.clock,
    random: options.random,
    connectTimeoutMs: Math.min(options.timeoutMs, 3000),
    ...(signer === null ? {} : { signer }),
    ...(tls === null ? {} : { tls }),
    ...(addressMap === null ? {} : { addressMap }),
  });
  return sessionOver(remoting, options, () => remoting.shutdown());
}

/** A session over any wire; tests bring a fake one. */
export function sessionOver(
  remoting: RemotingPort,
  options: Pick<SessionOptions, 'namesrvAddrs' | 'timeoutMs' | 'clock' | 'random' | 'signal'>,
  close: () => Promise<void> = async () => {},
): AdminSession {
  const { clock, random, timeoutMs, signal } = options;
  const nameServers = new NameServers(options.namesrvAddrs, random);
  const rpc = new Rpc({ remoting, nameServers, clock, timeoutMs });
  return {
    api: createClientApi(rpc),
    remoting,
    namesrvAddrs: options.namesrvAddrs,
    clock,
    random,
    timeoutMs,
    signal,
    deadline: (given = timeoutMs) => new Deadline(clock, given, signal),
    close,
  };
}

type Signer = NonNullable<ConstructorParameters<typeof RemotingClient>[0]['signer']>;

async function signerOf({ accessKey, secretKey }: SessionOptions): Promise<Signer | null> {
  if (!accessKey || !secretKey) return null;
  const { signRequest } = await import('../protocol/acl-signature.js');
  return (command) => {
    command.extFields = signRequest(command.extFields ?? {}, command.body, { accessKey, secretKey });
  };
}

function tlsOf({ tls }: SessionOptions): TlsClientOptions | null {
  if (tls === undefined || tls === null) return null;
  const read = (what: string, file: string | null): { [name: string]: Buffer } => {
    if (file === null) return {};
    try {
      return { [what]: readFileSync(file) };
    } catch (error) {
      throw new AdminError('usage', `TLS file ${file}: ${errorText(error)}`, { cause: error });
    }
  };
  return {
    ...read('ca', tls.caFile),
    ...read('cert', tls.certFile),
    ...read('key', tls.keyFile),
    insecure: tls.insecure,
  };
}

/** Exact addresses first, then bare hosts, which keep the port unless the target names one. */
function mapperOf(table: Readonly<Record<string, string>>): ((addr: string) => string) | null {
  if (Object.keys(table).length === 0) return null;
  return (addr) => {
    const exact = table[addr];
    if (exact !== undefined) return exact;
    const colon = addr.lastIndexOf(':');
    const host = table[addr.slice(0, colon)];
    if (host === undefined) return addr;
    return /:\d+$/.test(host) ? host : `${host}${addr.slice(colon)}`;
  };
}
