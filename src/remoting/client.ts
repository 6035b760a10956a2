import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock, Random, Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { LanguageName } from '../protocol/language-code.js';
import {
  createResponse,
  decodeFrame,
  FLAG_ONEWAY,
  FLAG_RESPONSE,
  isOneway,
  isResponse,
  MAX_FRAME_BYTES,
  type RemotingCommand,
  type SerializeType,
} from '../protocol/remoting-command.js';
import { ResponseCode } from '../protocol/response-code.js';
import { type Address, parseAddress, plainIp } from './address.js';
import { Connection, type ConnectionOwner } from './connection.js';
import { Deadlines } from './deadlines.js';
import { RemotingConnectError, RemotingTooMuchRequestError } from './errors.js';
import { ReadRegion } from './frame-decoder.js';
import { LogLimiter } from './log-limiter.js';
import type { InFlight } from './response-table.js';
import type { TlsClientOptions } from './tls-options.js';
import { TurnLoop } from './turn-loop.js';

export type { TlsClientOptions } from './tls-options.js';

/** Addresses whose failures are remembered; the oldest is forgotten first. */
const MAX_REMEMBERED_FAILURES = 1000;

const SHUTDOWN_GRACE_MS = 1000;

/** A peer that owes an answer beyond its time and has sent nothing for so long is taken for dead. */
const DEAD_PEER_SILENCE_MS = 5000;

/**
 * Handles a request from a server.
 *
 * @param addr the address by which we called the server
 * @returns the answer, or null for none
 */
export type ClientRequestProcessor = (
  request: RemotingCommand,
  addr: string,
) => RemotingCommand | null | Promise<RemotingCommand | null>;

export interface RemotingClientOptions {
  logger: Logger;
  clock: Clock;
  random: Random;
  /** How long one attempt to connect may take, TLS included; 3,000 ms by default. */
  connectTimeoutMs?: number;
  /** Requests that may wait for a connection or an answer at a time; 65,535 by default. */
  maxInFlight?: number;
  /** A connection without a byte read or written is closed after this; 120,000 ms by default. */
  idleTimeoutMs?: number;
  /** Unwritten bytes of one connection above which requests are refused; 64 MiB by default. */
  maxBufferedBytes?: number;
  /** Greatest frame taken, its length field included; 16 MiB by default. */
  maxFrameBytes?: number;
  /** The first failure to connect may be retried at once; then these bound the pause, which doubles. */
  reconnect?: { initialMs?: number; maxMs?: number };
  /** Sender language of all requests; that of the command unless given. */
  language?: LanguageName;
  /** Form of all headers; that of the command unless given. Both forms are read. */
  serializeType?: SerializeType;
  /** The last step before a request is encoded, on a copy of it; run again when it is sent again. */
  signer?: (command: RemotingCommand) => void;
  tls?: TlsClientOptions;
  /** Where to connect for an address, `host:port` to `host:port`. */
  addressMap?: (addr: string) => string;
}

/** Everything known about one address. */
interface Channel {
  readonly addr: string;
  connection: Connection | null;
  connecting: Promise<Connection> | null;
  /** Failures to connect in a row. */
  failures: number;
  /** No attempt before this; monotonic ms. */
  retryAtMs: number;
  lastError: RemotingConnectError | null;
}

/**
 * The calling side: one connection an address, made when first needed and shared by all callers.
 *
 * Reconnecting is the callers' doing, nothing goes on in the background. After the second failure in a row to
 * connect to an address, calls fail at once with that failure during a pause of 100 ms, doubling to 5 s, with jitter;
 * the first call after the pause tries again.
 *
 * Source: remoting/.../netty/NettyRemotingClient.java, NettyRemotingAbstract.java
 */
export class RemotingClient {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #connectTimeoutMs: number;
  readonly #idleTimeoutMs: number;
  readonly #reconnectInitialMs: number;
  readonly #reconnectMaxMs: number;
  readonly #language: LanguageName | undefined;
  readonly #serializeType: SerializeType | undefined;
  readonly #signer: ((command: RemotingCommand) => void) | undefined;
  readonly #tls: TlsClientOptions | undefined;
  readonly #addressMap: ((addr: string) => string) | undefined;
  readonly #deadlines: Deadlines;
  readonly #inFlight: InFlight;
  readonly #owner: ConnectionOwner;
  readonly #channels = new Map<string, Channel>();
  readonly #connections = new Set<Connection>();
  readonly #sockets = new Set<Socket>();
  /** Ends each attempt to connect that is under way. */
  readonly #attempts = new Set<(error: Error) => void>();
  readonly #processors = new Map<number, ClientRequestProcessor>();
  readonly #connectHooks: Array<(addr: string) => void> = [];
  readonly #disconnectHooks: Array<(addr: string) => void> = [];
  #nextConnectionId = 1;
  #sweepTimer: Timer | null = null;
  #shutdown: Promise<void> | null = null;

  constructor(options: RemotingClientOptions) {
    const { logger, clock, random } = options;
    this.#logger = logger;
    this.#clock = clock;
    this.#random = random;
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 3000;
    this.#idleTimeoutMs = options.idleTimeoutMs ?? 120_000;
    this.#reconnectInitialMs = options.reconnect?.initialMs ?? 100;
    this.#reconnectMaxMs = options.reconnect?.maxMs ?? 5000;
    this.#language = options.language;
    this.#serializeType = options.serializeType;
    this.#signer = options.signer;
    this.#tls = options.tls;
    this.#addressMap = options.addressMap;
    this.#deadlines = new Deadlines(clock);
    this.#inFlight = { count: 0, limit: options.maxInFlight ?? 65_535 };
    const peerFaults = new LogLimiter(clock);
    const maxBufferedBytes = options.maxBufferedBytes ?? 67_108_864;
    this.#owner = {
      turn: new TurnLoop(),
      region: ReadRegion.allocate(65_536),
      deadlines: this.#deadlines,
      inFlight: this.#inFlight,
      limits: {
        maxFrameBytes: options.maxFrameBytes ?? MAX_FRAME_BYTES,
        highWaterBytes: maxBufferedBytes,
        maxBufferedBytes,
      },
      handleFrame: (connection, bytes, start, end) => this.#handleFrame(connection, bytes, start, end),
      onBadFrame: (connection, error) => {
        const fields = { addr: connection.addr, cause: errorText(error) };
        peerFaults.attempt((suppressed) => logger.warn({ ...fields, suppressed }, 'connection closed: bad frame'));
      },
      onBackedUp: () => {},
      onEnd: (connection) => connection.close('closed by the peer'),
      onClosed: (connection, reason) => this.#onClosed(connection, reason),
      onTimeout: (connection, sentAtMs) => this.#onTimeout(connection, sentAtMs),
    };
  }

  /** Requests that wait for a connection or an answer. */
  get inFlight(): number {
    return this.#inFlight.count;
  }

  /**
   * Sends a request and waits for its answer, of whatever code. `request` is not changed and may be sent again.
   *
   * When the server answers GO_AWAY, the request is sent once more on a new connection; a second GO_AWAY is the
   * answer.
   *
   * @param addr `host:port`, `[v6]:port`
   * @param timeoutMs for all of it, connecting included
   * @param signal gives up waiting; the request may have been sent
   * @throws RemotingConnectError (not sent), RemotingTooMuchRequestError (not sent), RemotingTimeoutError,
   *   RemotingSendRequestError (the connection ended before the answer), RemotingCommandError (cannot be encoded),
   *   or the signal's reason
   */
  async invoke(
    addr: string,
    request: RemotingCommand,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<RemotingCommand> {
    signal?.throwIfAborted();
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    const open = this.#channels.get(addr)?.connection;
    const connection = open ?? (await this.#connected(addr, timeoutMs, signal));
    const response = await connection.request(this.#prepare(request), this.#leftMs(deadlineMs), signal);
    if (response.code !== ResponseCode.GO_AWAY) return response;
    this.#retire(connection);
    const next = await this.#connected(addr, this.#leftMs(deadlineMs), signal);
    return next.request(this.#prepare(request), this.#leftMs(deadlineMs), signal);
  }

  /**
   * Sends a one-way request: resolves when it is handed to the connection.
   *
   * @param timeoutMs for connecting; the connect timeout by default
   * @throws as invoke, for what happens before sending
   */
  async invokeOneway(addr: string, request: RemotingCommand, timeoutMs = this.#connectTimeoutMs): Promise<void> {
    const open = this.#channels.get(addr)?.connection;
    const connection = open ?? (await this.#connected(addr, timeoutMs));
    const command = this.#prepare(request);
    command.flag |= FLAG_ONEWAY;
    connection.oneway(command);
  }

  /** Has requests of `code` that servers send handled by `processor`. */
  registerProcessor(code: number, processor: ClientRequestProcessor): void {
    this.#processors.set(code, processor);
  }

  /** Tells the address of each connection that was made. */
  onConnect(fn: (addr: string) => void): void {
    this.#connectHooks.push(fn);
  }

  /** Tells the address of each connection that ended, whoever ended it, but not on shutdown. */
  onDisconnect(fn: (addr: string) => void): void {
    this.#disconnectHooks.push(fn);
  }

  /** Closes the connection to an address, if any, and forgets its failures: the next call connects. */
  closeConnection(addr: string): void {
    const channel = this.#channels.get(addr);
    if (channel === undefined) return;
    channel.failures = 0;
    channel.retryAtMs = 0;
    channel.connection?.close('closed by the caller');
  }

  /** Closes everything; calls in flight are rejected. Resolves when all sockets are gone. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#close();
    return this.#shutdown;
  }

  async #close(): Promise<void> {
    this.#sweepTimer?.cancel();
    this.#sweepTimer = null;
    // A one-way request of this turn still leaves: it ends what it began, as UNREGISTER_CLIENT does.
    for (const connection of [...this.#connections]) connection.closeAfterFlush('client shutdown');
    const closed = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const abandon of [...this.#attempts]) abandon(new Error('the client is shut down'));
    const grace = this.#clock.after(SHUTDOWN_GRACE_MS, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await Promise.all(closed);
    grace.cancel();
  }

  #leftMs(deadlineMs: number): number {
    return Math.max(0, deadlineMs - this.#clock.monotonicMs());
  }

  /** A copy of the request as it goes out, its opaque still to be set. */
  #prepare(request: RemotingCommand): RemotingCommand {
    const command = { ...request };
    if (this.#language !== undefined) command.language = this.#language;
    if (this.#serializeType !== undefined) command.serializeType = this.#serializeType;
    if (this.#signer !== undefined) {
      if (command.extFields !== null) command.extFields = { ...command.extFields };
      this.#signer(command);
    }
    return command;
  }

  /** An open connection to `addr`: waits for the attempt under way, or makes one. */
  async #connected(addr: string, timeoutMs: number, signal?: AbortSignal): Promise<Connection> {
    if (this.#shutdown !== null)
      throw new RemotingConnectError(addr, `cannot connect to ${addr}: the client is shut down`);
    const inFlight = this.#inFlight;
    if (inFlight.count >= inFlight.limit) {
      throw new RemotingTooMuchRequestError(addr, `${inFlight.count} requests wait for an answer already`);
    }
    const channel = this.#channel(addr);
    if (channel.connection !== null) return channel.connection;
    if (channel.connecting === null) {
      const pauseMs = channel.retryAtMs - this.#clock.monotonicMs();
      if (pauseMs > 0 && channel.lastError !== null) {
        const message = `${channel.lastError.message} (next attempt in ${Math.ceil(pauseMs)} ms)`;
        throw new RemotingConnectError(addr, message, { cause: channel.lastError });
      }
      channel.connecting = this.#connect(channel).finally(() => {
        channel.connecting = null;
      });
      // Every waiter may have given up before the attempt fails.
      channel.connecting.catch(() => {});
    }
    inFlight.count++;
    try {
      return await this.#within(channel.connecting, addr, timeoutMs, signal);
    } finally {
      inFlight.count--;
    }
  }

  /** Waits for `connecting` no longer than the caller's time. */
  #within(connecting: Promise<Connection>, addr: string, timeoutMs: number, signal?: AbortSignal): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const deadline = this.#deadlines.add(timeoutMs, () => {
        settled();
        const text = `cannot connect to ${addr} within ${Math.round(timeoutMs)} ms`;
        reject(new RemotingConnectError(addr, text));
      });
      const onAbort = () => {
        settled();
        reject(signal?.reason);
      };
      const settled = () => {
        this.#deadlines.cancel(deadline);
        signal?.removeEventListener('abort', onAbort);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      connecting.finally(settled).then(resolve, reject);
    });
  }

  #channel(addr: string): Channel {
    const known = this.#channels.get(addr);
    if (known !== undefined) return known;
    if (this.#channels.size >= MAX_REMEMBERED_FAILURES) {
      for (const [oldest, channel] of this.#channels) {
        if (channel.connection !== null || channel.connecting !== null) continue;
        this.#channels.delete(oldest);
        break;
      }
    }
    const channel: Channel = {
      addr,
      connection: null,
      connecting: null,
      failures: 0,
      retryAtMs: 0,
      lastError: null,
    };
    this.#channels.set(addr, channel);
    return channel;
  }

  async #connect(channel: Channel): Promise<Connection> {
    try {
      const connection = await this.#open(channel.addr);
      channel.failures = 0;
      channel.retryAtMs = 0;
      channel.lastError = null;
      channel.connection = connection;
      for (const hook of this.#connectHooks) hook(channel.addr);
      return connection;
    } catch (error) {
      const failure =
        error instanceof RemotingConnectError
          ? error
          : new RemotingConnectError(channel.addr, `cannot connect to ${channel.addr}: ${connectErrorText(error)}`, {
              cause: error,
            });
      channel.lastError = failure;
      channel.failures++;
      if (channel.failures > 1) {
        const pauseMs = Math.min(this.#reconnectMaxMs, this.#reconnectInitialMs * 2 ** (channel.failures - 2));
        channel.retryAtMs = this.#clock.monotonicMs() + pauseMs * (0.75 + 0.25 * this.#random.next());
      }
      throw failure;
    }
  }

  /** One attempt to connect. */
  #open(addr: string): Promise<Connection> {
    const address = parseAddress(this.#addressMap?.(addr) ?? addr);
    return new Promise((resolve, reject) => {
      let connection: Connection | null = null;
      const onRead = (readBytes: number) => {
        connection?.receiveRegion(readBytes);
        return true;
      };
      const socket = this.#tls === undefined ? this.#openPlain(address, onRead) : this.#openTls(address, this.#tls);
      this.#sockets.add(socket);
      const onFailure = (error: unknown) => {
        this.#deadlines.cancel(deadline);
        this.#attempts.delete(onFailure);
        socket.destroy();
        reject(error);
      };
      const onClose = () => onFailure(new Error('closed by the peer'));
      const deadline = this.#deadlines.add(this.#connectTimeoutMs, () =>
        onFailure(new Error(`no answer within ${this.#connectTimeoutMs} ms`)),
      );
      this.#attempts.add(onFailure);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.once('close', onClose);
      socket.once('error', onFailure);
      // What a destroyed attempt still reports concerns nobody.
      socket.on('error', () => {});
      socket.once(this.#tls === undefined ? 'connect' : 'secureConnect', () => {
        this.#deadlines.cancel(deadline);
        this.#attempts.delete(onFailure);
        connection = this.#begin(addr, address, socket);
        socket.off('error', onFailure);
        socket.off('close', onClose);
        if (this.#tls !== undefined) socket.on('data', (chunk: Buffer) => connection?.receive(chunk));
        resolve(connection);
      });
    });
  }

  #openPlain(address: Address, onRead: (readBytes: number) => boolean): Socket {
    const onread = { buffer: this.#owner.region.target, callback: onRead };
    return connect({ host: address.host, port: address.port, noDelay: true, onread });
  }

  #openTls(address: Address, tls: TlsClientOptions): Socket {
    const { ca, cert, key, passphrase, servername, insecure } = tls;
    const name = servername === undefined ? {} : { servername };
    const socket = connectTls({
      host: address.host,
      port: address.port,
      ca,
      cert,
      key,
      passphrase,
      rejectUnauthorized: insecure !== true,
      ...name,
    });
    socket.setNoDelay(true);
    return socket;
  }

  #begin(addr: string, address: Address, socket: Socket): Connection {
    const peer = {
      remoteAddress: plainIp(socket.remoteAddress ?? address.host),
      remotePort: socket.remotePort ?? address.port,
      localPort: socket.localPort ?? 0,
    };
    const connection = new Connection(this.#owner, this.#nextConnectionId++, peer, this.#clock.monotonicMs(), addr);
    this.#connections.add(connection);
    connection.attach(socket);
    connection.ready();
    const sweepMs = Math.min(1000, Math.max(10, this.#idleTimeoutMs / 4));
    this.#sweepTimer ??= this.#clock.every(sweepMs, () => this.#sweep());
    this.#logger.debug({ addr, peer: connection.remoteText }, 'connected');
    return connection;
  }

  #handleFrame(connection: Connection, bytes: Buffer, start: number, end: number): void {
    const command = decodeFrame(bytes, start, end);
    if (command.body !== null && bytes === this.#owner.region.bytes) command.body = Buffer.from(command.body);
    if (!isResponse(command)) {
      this.#dispatch(connection, command);
      return;
    }
    if (!connection.responses.complete(command)) {
      this.#logger.debug({ addr: connection.addr, opaque: command.opaque }, 'late answer dropped');
    }
    if (connection.responses.size === 0) this.#closeIfRetired(connection);
  }

  #dispatch(connection: Connection, request: RemotingCommand): void {
    const { opaque } = request;
    const reply = (response: RemotingCommand | null) => {
      if (response === null || isOneway(request)) return;
      response.opaque = opaque;
      response.flag |= FLAG_RESPONSE;
      connection.send(response);
    };
    const fail = (error: unknown) => {
      this.#logger.warn({ err: error, code: request.code, addr: connection.addr }, 'request of a server failed');
      reply(createResponse(request, ResponseCode.SYSTEM_ERROR, errorText(error)));
    };
    const processor = this.#processors.get(request.code);
    if (processor === undefined) {
      const remark = ` request type ${request.code} not supported`;
      reply(createResponse(request, ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark));
      return;
    }
    try {
      const result = processor(request, connection.addr);
      if (result instanceof Promise) result.then(reply).catch(fail);
      else reply(result);
    } catch (error) {
      fail(error);
    }
  }

  /** Takes a connection out of use: calls in flight on it may finish, then it is closed. */
  #retire(connection: Connection): void {
    const channel = this.#channels.get(connection.addr);
    if (channel?.connection === connection) channel.connection = null;
    if (connection.responses.size === 0) this.#closeIfRetired(connection);
  }

  #closeIfRetired(connection: Connection): void {
    if (this.#channels.get(connection.addr)?.connection === connection) return;
    connection.closeAfterFlush('the server goes away');
  }

  #onClosed(connection: Connection, reason: string): void {
    this.#connections.delete(connection);
    const channel = this.#channels.get(connection.addr);
    if (channel?.connection === connection) channel.connection = null;
    this.#logger.debug({ addr: connection.addr, reason }, 'disconnected');
    if (this.#connections.size === 0) {
      this.#sweepTimer?.cancel();
      this.#sweepTimer = null;
    }
    if (this.#shutdown !== null) return;
    for (const hook of this.#disconnectHooks) hook(connection.addr);
  }

  /** Closes a connection on which a request has timed out and nothing has come for long: its peer may be gone. */
  #onTimeout(connection: Connection, sentAtMs: number): void {
    const silentMs = this.#clock.monotonicMs() - connection.readMs;
    if (connection.readMs > sentAtMs || silentMs < DEAD_PEER_SILENCE_MS) return;
    connection.close(`a request timed out and nothing came for ${Math.round(silentMs)} ms`);
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const connection of [...this.#connections]) {
      const idleMs = connection.sweep(nowMs);
      if (idleMs >= this.#idleTimeoutMs) connection.close(`idle for ${Math.round(idleMs)} ms`);
    }
  }
}

const CONNECT_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name lookup failed',
  ETIMEDOUT: 'no answer',
};

/** Says in words why connecting failed. */
function connectErrorText(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return CONNECT_ERRORS[code] ?? errorText(error);
}
