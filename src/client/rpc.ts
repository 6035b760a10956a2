import type { Clock } from '../base/clock.js';
import type { ExtFields } from '../protocol/header-schema.js';
import { createRequest, type RemotingCommand } from '../protocol/remoting-command.js';
import { ResponseCode } from '../protocol/response-code.js';
import { RemotingConnectError, RemotingSendRequestError, RemotingTimeoutError } from '../remoting/errors.js';
import { MQBrokerError } from './errors.js';
import type { NameServers } from './name-servers.js';

/** What a call may be given besides its arguments. */
export interface CallOptions {
  /** Deadline of the whole call, connecting included, ms. Default: `timeoutMs` of the Rpc (3000). */
  timeoutMs?: number | undefined;
  /** Gives up early; the call then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Options of a call to a name server. */
export interface NameServerCallOptions extends CallOptions {
  /** Ask exactly this one. Default: the chosen one, and on a failure to reach it the next. */
  namesrvAddr?: string | undefined;
}

/** The two calls of RemotingClient that the client needs; a fake implements them in tests. */
export interface RemotingInvoker {
  invoke(addr: string, request: RemotingCommand, timeoutMs: number, signal?: AbortSignal): Promise<RemotingCommand>;
  invokeOneway(addr: string, request: RemotingCommand, timeoutMs?: number): Promise<void>;
}

/** One request, before it has an address. */
export interface RpcRequest {
  readonly code: number;
  readonly header?: ExtFields | null;
  readonly body?: Buffer | null;
  readonly remark?: string;
  readonly language?: RemotingCommand['language'];
  /** Response codes that are results. Default: only 0. */
  readonly accept?: readonly number[];
}

const ONLY_SUCCESS: readonly number[] = [ResponseCode.SUCCESS];

/** Default deadline of a call, ms. Source: client/ClientConfig.java#mqClientApiTimeout */
export const DEFAULT_CALL_TIMEOUT_MS = 3000;

/** Sends one request and judges the response code. Holds no state but the choice of the name server. */
export class Rpc {
  readonly nameServers: NameServers;
  readonly #remoting: RemotingInvoker;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(deps: { remoting: RemotingInvoker; nameServers: NameServers; clock: Clock; timeoutMs?: number }) {
    this.#remoting = deps.remoting;
    this.nameServers = deps.nameServers;
    this.#clock = deps.clock;
    this.#timeoutMs = deps.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;
  }

  /** Default deadline of a call, ms. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** Monotonic time, ms: for deadlines that span several calls. */
  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  /**
   * @returns the response, its code being one of `accept`
   * @throws MQBrokerError for any other code; RemotingConnectError, RemotingSendRequestError,
   *   RemotingTimeoutError, RemotingTooMuchRequestError from below
   */
  async call(addr: string, request: RpcRequest, options: CallOptions = {}): Promise<RemotingCommand> {
    const command = toCommand(request);
    const response = await this.#remoting.invoke(addr, command, options.timeoutMs ?? this.#timeoutMs, options.signal);
    if (!(request.accept ?? ONLY_SUCCESS).includes(response.code)) {
      throw new MQBrokerError(response.code, response.remark, addr);
    }
    return response;
  }

  /** Resolves when the frame has been handed to the connection; nobody answers. */
  async oneway(addr: string, request: RpcRequest, options: CallOptions = {}): Promise<void> {
    await this.#remoting.invokeOneway(addr, toCommand(request), options.timeoutMs ?? this.#timeoutMs);
  }

  /**
   * Calls the chosen name server. One that cannot be reached is left for the next, each at most once and
   * all within the deadline; one that does not answer in time is left for the next call.
   *
   * @throws MQClientError (10004) when no name server is known; otherwise as `call`
   */
  async callNameServer(request: RpcRequest, options: NameServerCallOptions = {}): Promise<RemotingCommand> {
    if (options.namesrvAddr !== undefined) return this.call(options.namesrvAddr, request, options);
    const deadline = this.monotonicMs() + (options.timeoutMs ?? this.#timeoutMs);
    for (let attempt = 1; ; attempt += 1) {
      const addr = this.nameServers.current();
      try {
        return await this.call(addr, request, { ...options, timeoutMs: Math.max(1, deadline - this.monotonicMs()) });
      } catch (error) {
        const unreachable = error instanceof RemotingConnectError || error instanceof RemotingSendRequestError;
        if (unreachable || error instanceof RemotingTimeoutError) this.nameServers.failed(addr);
        const spent = attempt >= this.nameServers.addresses.length || this.monotonicMs() >= deadline;
        if (!unreachable || spent) throw error;
      }
    }
  }
}

function toCommand(request: RpcRequest): RemotingCommand {
  const init: Partial<RemotingCommand> = {};
  if (request.remark !== undefined) init.remark = request.remark;
  if (request.language !== undefined) init.language = request.language;
  return createRequest(request.code, request.header ?? null, request.body ?? null, init);
}
