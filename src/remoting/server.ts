import { createServer, type Server, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../base/clock.js';
import { AssertionError, errorText } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { RemotingCommandError } from '../protocol/errors.js';
import {
  createResponse,
  decodeFrame,
  FLAG_ONEWAY,
  FLAG_RESPONSE,
  isOneway,
  isResponse,
  MAX_FRAME_BYTES,
  type RemotingCommand,
} from '../protocol/remoting-command.js';
import { ResponseCode } from '../protocol/response-code.js';
import { formatAddress, plainIp } from './address.js';
import { Connection, type ConnectionLimits, type ConnectionOwner, type ServerConnection } from './connection.js';
import { Deadlines } from './deadlines.js';
import { RemotingConnectError, RemotingSendRequestError } from './errors.js';
import { ReadRegion } from './frame-decoder.js';
import { LogLimiter } from './log-limiter.js';
import { readProxyHeader } from './proxy-protocol.js';
import { probeReadPath, type ReadPath, takeConnection } from './read-path.js';
import type { InFlight } from './response-table.js';
import { serverSecureContext, type TlsServerOptions } from './tls-options.js';
import { TurnLoop } from './turn-loop.js';

export type { ServerConnection } from './connection.js';
export type { ReadPath } from './read-path.js';
export type { TlsMode, TlsServerOptions } from './tls-options.js';

/** First byte of a TLS handshake record; no frame begins with it, for its length is at most 16 MiB. */
const TLS_HANDSHAKE = 0x16;

/** Codes named once each in the log when nobody handles them; more are not remembered. */
const MAX_REMEMBERED_CODES = 1000;

const BACKLOG = 1024;
const ANY_IPV4 = '0.0.0.0';
const ANY_IPV6 = '::';
/** What a machine without IPv6 says. */
const NO_IPV6 = new Set<unknown>(['EAFNOSUPPORT', 'EADDRNOTAVAIL']);
const SHUTDOWN_GRACE_MS = 1000;

/** What a processor may know and do beside its request. */
export interface RequestContext {
  readonly conn: ServerConnection;
  /** The port that the request came to. */
  readonly localPort: number;
  /**
   * Answers later, after the processor returned null. The first answer counts; none is sent for a one-way request
   * or on a closed connection. The opaque is set here.
   */
  reply(response: RemotingCommand): void;
  /**
   * The same with a whole frame, opaque and response flag included, which the caller may overwrite afterwards. Between
   * it and the processor's return nothing else may answer.
   */
  replyShared(bytes: Uint8Array, start: number, end: number): void;
}

/**
 * Handles one request. Its body is the processor's to keep.
 *
 * @returns the answer; null if it comes later by `ctx.reply`. What it throws becomes an answer of code SYSTEM_ERROR
 *   with its text, but an AssertionError ends the process
 */
export type RequestProcessor = (
  request: RemotingCommand,
  ctx: RequestContext,
) => RemotingCommand | null | Promise<RemotingCommand | null>;

/** Looks at a request before its processor, as an access check does. @returns an answer instead, or null to go on */
export type BeforeHook = (request: RemotingCommand, ctx: RequestContext) => RemotingCommand | null;

/**
 * Takes a frame without decoding it into a command.
 *
 * @param view, bytes the whole ArrayBuffer of the read region, in which the frame lies until the hook returns
 * @param frameStart its length field
 * @param frameEnd after its last byte
 * @returns true if it was taken; false to have it decoded and dispatched. What it throws closes the connection, but
 *   an AssertionError ends the process
 */
export type RawFrameHook = (
  conn: ServerConnection,
  view: DataView,
  bytes: Uint8Array,
  frameStart: number,
  frameEnd: number,
) => boolean;

export interface RemotingServerOptions {
  logger: Logger;
  clock: Clock;
  /** Greatest frame taken, its length field included; 16 MiB by default. */
  maxFrameBytes?: number;
  /** A connection without a byte read or written is closed after this; 120,000 ms by default. */
  idleTimeoutMs?: number;
  /** Further connections are closed at once; 20,000 by default. */
  maxConnections?: number;
  /** Unwritten bytes above which a connection is not read; 1 MiB by default. */
  highWaterBytes?: number;
  /** Unwritten bytes above which a connection is closed; 64 MiB by default. */
  maxBufferedBytes?: number;
  /** Unwritten bytes of all connections above which the worst ones are closed; 256 MiB by default. */
  maxTotalBufferedBytes?: number;
  /** Unanswered requests of one connection above which the next are answered SYSTEM_BUSY; 65,536 by default. */
  maxOutstandingPerConnection?: number;
  /** The same for all connections together; 262,144 by default. */
  maxOutstanding?: number;
  /** Our own requests to clients that may wait for an answer at a time; 65,535 by default. */
  maxInFlight?: number;
  /** Memory that all reads go to, headroom included, in a buffer of the caller's; 128 KiB of its own by default. */
  readRegion?: { buffer: ArrayBuffer; start: number; end: number };
  /** Sees each whole frame that lies in the read region first. */
  rawFrame?: RawFrameHook;
  /** How connections are read; 'auto' tries whether 'onread' works, and is the default. TLS always is 'data'. */
  readPath?: ReadPath | 'auto';
  /** Whether a PROXY protocol header names the peer, as in Java from 5.0; true by default. */
  proxyProtocol?: boolean;
  tls?: TlsServerOptions;
}

/**
 * The listening side: connections, requests to processors, answers back, and requests to clients.
 *
 * Source: remoting/.../netty/NettyRemotingServer.java, NettyRemotingAbstract.java
 */
export class RemotingServer {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #idleTimeoutMs: number;
  readonly #maxConnections: number;
  readonly #maxTotalBufferedBytes: number;
  readonly #maxOutstandingPerConnection: number;
  readonly #maxOutstanding: number;
  readonly #rawFrame: RawFrameHook | undefined;
  readonly #proxyProtocol: boolean;
  readonly #tlsEnforced: boolean;
  readonly #secureContext: SecureContext | null;
  readonly #tls: TlsServerOptions | undefined;
  readonly #turn: TurnLoop;
  readonly #owner: ConnectionOwner;
  readonly #processors = new Map<number, RequestProcessor>();
  readonly #beforeHooks: BeforeHook[] = [];
  readonly #connectHooks: Array<(conn: ServerConnection) => void> = [];
  readonly #closeHooks: Array<(conn: ServerConnection) => void> = [];
  readonly #connections = new Map<number, Connection>();
  readonly #sockets = new Set<Socket>();
  readonly #listeners = new Set<Server>();
  readonly #outstanding: Outstanding = { count: 0 };
  readonly #peerFaults: LogLimiter;
  readonly #ownFaults: LogLimiter;
  readonly #unsupportedCodes = new Set<number>();
  #defaultProcessor: RequestProcessor | null = null;
  readonly #requestedReadPath: ReadPath | 'auto';
  #readPath: Promise<ReadPath> | null = null;
  #currentReadPath: ReadPath = 'data';
  #nextConnectionId = 1;
  #sweepTimer: Timer | null = null;
  #shutdown: Promise<void> | null = null;

  /** @throws MQError CONFIG if the TLS material is unusable */
  constructor(options: RemotingServerOptions) {
    const { logger, clock } = options;
    this.#logger = logger;
    this.#clock = clock;
    this.#idleTimeoutMs = options.idleTimeoutMs ?? 120_000;
    this.#maxConnections = options.maxConnections ?? 20_000;
    this.#maxTotalBufferedBytes = options.maxTotalBufferedBytes ?? 268_435_456;
    this.#maxOutstandingPerConnection = options.maxOutstandingPerConnection ?? 65_536;
    this.#maxOutstanding = options.maxOutstanding ?? 262_144;
    this.#rawFrame = options.rawFrame;
    this.#proxyProtocol = options.proxyProtocol ?? true;
    this.#tls = options.tls;
    this.#tlsEnforced = options.tls?.mode === 'enforcing';
    this.#secureContext = options.tls === undefined ? null : serverSecureContext(options.tls);
    this.#requestedReadPath = options.readPath ?? 'auto';
    this.#turn = new TurnLoop();
    this.#peerFaults = new LogLimiter(clock);
    this.#ownFaults = new LogLimiter(clock);
    const { readRegion } = options;
    const region =
      readRegion === undefined
        ? ReadRegion.allocate(65_536)
        : new ReadRegion(readRegion.buffer, readRegion.start, readRegion.end);
    const limits: ConnectionLimits = {
      maxFrameBytes: options.maxFrameBytes ?? MAX_FRAME_BYTES,
      highWaterBytes: options.highWaterBytes ?? 1_048_576,
      maxBufferedBytes: options.maxBufferedBytes ?? 67_108_864,
    };
    const inFlight: InFlight = { count: 0, limit: options.maxInFlight ?? 65_535 };
    this.#owner = {
      turn: this.#turn,
      region,
      deadlines: new Deadlines(clock),
      inFlight,
      limits,
      handleFrame: (connection, bytes, start, end) => this.#handleFrame(connection, bytes, start, end),
      onBadFrame: (connection, error) => this.#onBadFrame(connection, error),
      onBackedUp: () => this.#boundTotalBacklog(),
      onEnd: (connection) => connection.closeAfterFlush('closed by the peer'),
      onClosed: (connection, reason) => this.#onClosed(connection, reason),
      onTimeout: () => {},
    };
  }

  /** How connections are read: known once `listen` has resolved. */
  get readPath(): ReadPath {
    return this.#currentReadPath;
  }

  /** Requests that wait for their answer from us. */
  get outstanding(): number {
    return this.#outstanding.count;
  }

  /** Has requests of `code` handled by `processor`, instead of an earlier one. */
  register(code: number, processor: RequestProcessor): void {
    this.#processors.set(code, processor);
  }

  /** Has all requests handled by `processor` whose code nobody else handles. */
  registerDefault(processor: RequestProcessor): void {
    this.#defaultProcessor = processor;
  }

  /** Adds a hook before the processors; hooks run in order until one answers. */
  registerBefore(hook: BeforeHook): void {
    this.#beforeHooks.push(hook);
  }

  /** Tells of each connection when it is accepted. */
  onConnect(fn: (conn: ServerConnection) => void): void {
    this.#connectHooks.push(fn);
  }

  /** Tells of each connection when it is closed, whoever closed it; on shutdown too. */
  onClose(fn: (conn: ServerConnection) => void): void {
    this.#closeHooks.push(fn);
  }

  /**
   * Adds a function to be called at the end of each turn of the event loop in which frames came: after all reads of
   * the turn and all processors that answered at once, before any answer of the turn is written. It may send.
   *
   * It must not throw: that ends the process, so that no answer leaves which it should have made true.
   */
  onTurnEnd(fn: () => void): void {
    this.#turn.onTurnEnd(fn);
  }

  /** Has the turn-end functions called at the end of this turn, frames or not. */
  requestTurnEnd(): void {
    this.#turn.requestTurnEnd();
  }

  /** The open connections. */
  connections(): IterableIterator<ServerConnection> {
    return this.#connections.values();
  }

  /**
   * Listens on one more address. As in Java, 0.0.0.0 stands for all addresses of both families, if there is IPv6.
   *
   * @param o.host all interfaces unless given
   * @param o.port 0 for any free one
   * @throws RemotingConnectError if the address cannot be had
   */
  async listen(o: { host?: string; port: number }): Promise<{ host: string; port: number }> {
    this.#readPath ??= this.#chooseReadPath();
    this.#currentReadPath = await this.#readPath;
    const text = formatAddress(o.host ?? '*', o.port);
    if (this.#shutdown !== null) throw new RemotingConnectError(text, `cannot listen on ${text}: shut down`);
    let server: Server;
    try {
      server = await this.#bind(o.host === ANY_IPV4 ? ANY_IPV6 : o.host, o.port).catch((error: unknown) => {
        const isWithoutIPv6 = error instanceof Error && 'code' in error && NO_IPV6.has(error.code);
        if (o.host === ANY_IPV4 && isWithoutIPv6) return this.#bind(o.host, o.port);
        throw error;
      });
    } catch (cause) {
      throw new RemotingConnectError(text, `cannot listen on ${text}: ${errorText(cause)}`, { cause });
    }
    server.on('error', (error) => this.#logPeerFault({ err: error }, 'cannot accept a connection'));
    this.#listeners.add(server);
    const address = server.address();
    if (address === null || typeof address === 'string') throw new AssertionError('a TCP server has an address');
    const sweepMs = Math.min(1000, Math.max(10, this.#idleTimeoutMs / 4));
    this.#sweepTimer ??= this.#clock.every(sweepMs, () => this.#sweep());
    return { host: o.host === ANY_IPV4 ? ANY_IPV4 : address.address, port: address.port };
  }

  /** Rejects with the operating system's error. */
  #bind(host: string | undefined, port: number): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog: BACKLOG }, () => {
        server.off('error', reject);
        resolve(server);
      });
    });
  }

  async #chooseReadPath(): Promise<ReadPath> {
    if (this.#requestedReadPath !== 'auto') return this.#requestedReadPath;
    const readPath = await probeReadPath(this.#clock);
    if (readPath === 'data' && process.platform !== 'win32') {
      this.#logger.warn({ node: process.version }, "connections are read by 'data' events: onread does not work here");
    }
    return readPath;
  }

  /**
   * Sends a request to a client and waits for its answer, of whatever code.
   *
   * @returns rejects with RemotingTimeoutError, RemotingSendRequestError or RemotingTooMuchRequestError
   */
  invoke(conn: ServerConnection, request: RemotingCommand, timeoutMs: number): Promise<RemotingCommand> {
    const connection = this.#connections.get(conn.id);
    if (connection !== conn) return Promise.reject(notConnected(conn));
    return connection.request({ ...request }, timeoutMs);
  }

  /** Sends a one-way request to a client; nothing is sent when it is gone or does not read. */
  invokeOneway(conn: ServerConnection, request: RemotingCommand): void {
    const connection = this.#connections.get(conn.id);
    if (connection !== conn) return;
    try {
      connection.oneway({ ...request, flag: request.flag | FLAG_ONEWAY });
    } catch (error) {
      this.#logger.debug({ err: error, peer: conn.remoteText, code: request.code }, 'one-way request not sent');
    }
  }

  /** Listens no more, writes what is due and closes every connection. Resolves when all sockets are gone. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#close();
    return this.#shutdown;
  }

  async #close(): Promise<void> {
    this.#sweepTimer?.cancel();
    this.#sweepTimer = null;
    const closed: Array<Promise<void>> = [];
    for (const server of this.#listeners) {
      closed.push(new Promise((resolve) => server.close(() => resolve())));
    }
    for (const connection of [...this.#connections.values()]) connection.closeAfterFlush('server shutdown');
    for (const socket of this.#sockets) closed.push(new Promise((resolve) => socket.once('close', () => resolve())));
    const grace = this.#clock.after(SHUTDOWN_GRACE_MS, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await Promise.all(closed);
    grace.cancel();
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort, localPort } = socket;
    if (remoteAddress === undefined || remotePort === undefined || localPort === undefined || this.#shutdown !== null) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const peer = { remoteAddress: plainIp(remoteAddress), remotePort, localPort };
    if (this.#connections.size >= this.#maxConnections) {
      socket.on('error', () => {});
      socket.destroy();
      const text = formatAddress(peer.remoteAddress, remotePort);
      this.#logPeerFault({ peer: text, connections: this.#connections.size }, 'connection refused: too many');
      return;
    }
    const connection = new Connection(this.#owner, this.#nextConnectionId++, peer, this.#clock.monotonicMs());
    this.#connections.set(connection.id, connection);
    this.#attach(connection, socket);
    this.#tell(this.#connectHooks, connection);
    this.#sniff(connection, socket);
  }

  #attach(connection: Connection, socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    connection.attach(socket);
  }

  /** Reads the first bytes, to find out whether a proxy, TLS or plain frames speak. */
  #sniff(connection: Connection, socket: Socket): void {
    let head: Buffer = Buffer.alloc(0);
    let proxyMayCome = this.#proxyProtocol;
    const onData = (chunk: Buffer) => {
      if (connection.closed) return;
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      if (proxyMayCome) {
        try {
          const proxy = readProxyHeader(head);
          if (proxy.kind === 'more') return;
          proxyMayCome = false;
          if (proxy.kind === 'proxy') {
            if (proxy.source !== null) connection.setRemote(proxy.source.address, proxy.source.port);
            head = head.subarray(proxy.byteCount);
          }
        } catch (error) {
          this.#onBadFrame(connection, error);
          connection.close(errorText(error));
          return;
        }
      }
      if (head.length === 0) return;
      socket.off('data', onData);
      this.#begin(connection, socket, head);
    };
    socket.on('data', onData);
  }

  /** Starts reading frames, the first bytes of which are in `head`. */
  #begin(connection: Connection, socket: Socket, head: Buffer): void {
    if (head[0] === TLS_HANDSHAKE) {
      this.#beginTls(connection, socket, head);
      return;
    }
    if (this.#tlsEnforced) {
      this.#refuse(connection, 'plain text on a port that requires TLS');
      return;
    }
    const taken =
      this.#currentReadPath === 'onread'
        ? takeConnection(socket, {
            target: this.#owner.region.target,
            onRead: (readBytes) => connection.receiveRegion(readBytes),
            writableHighWaterMark: this.#owner.limits.highWaterBytes,
          })
        : null;
    if (taken === null) socket.on('data', (chunk: Buffer) => connection.receive(chunk));
    else this.#attach(connection, taken);
    connection.ready();
    connection.receive(head);
  }

  #beginTls(connection: Connection, socket: Socket, head: Buffer): void {
    if (this.#secureContext === null) {
      const disabled = this.#tls?.mode === 'disabled';
      this.#refuse(connection, `TLS handshake, but TLS is ${disabled ? 'disabled' : 'not configured: no certificate'}`);
      return;
    }
    const required = this.#tls?.requireClientCertificate === true;
    socket.pause();
    socket.unshift(head);
    socket.on('error', () => {});
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: this.#secureContext,
      requestCert: required,
      rejectUnauthorized: required,
      allowHalfOpen: true,
    } as object);
    this.#attach(connection, secure);
    secure.once('error', (error) => {
      this.#logPeerFault({ peer: connection.remoteText, cause: errorText(error) }, 'TLS connection failed');
    });
    secure.once('secure', () => {
      const error = required ? verifyError(secure) : null;
      if (error !== null) {
        this.#refuse(connection, `client certificate refused: ${error}`);
        return;
      }
      connection.ready();
      secure.on('data', (chunk: Buffer) => connection.receive(chunk));
    });
  }

  #refuse(connection: Connection, reason: string): void {
    this.#logPeerFault({ peer: connection.remoteText, cause: reason }, 'connection refused');
    connection.close(reason);
  }

  #handleFrame(connection: Connection, bytes: Buffer, start: number, end: number): void {
    this.#turn.requestTurnEnd();
    const { region } = this.#owner;
    const shared = bytes === region.bytes;
    if (shared && this.#rawFrame?.(connection, region.view, bytes, start, end) === true) return;
    const command = decodeFrame(bytes, start, end);
    if (shared && command.body !== null) command.body = Buffer.from(command.body);
    if (isResponse(command)) {
      if (!connection.responses.complete(command)) {
        this.#logger.debug({ peer: connection.remoteText, opaque: command.opaque }, 'late answer dropped');
      }
      return;
    }
    this.#dispatch(connection, command);
  }

  #dispatch(connection: Connection, request: RemotingCommand): void {
    const answer = new Answer(this.#outstanding, connection, request);
    if (
      connection.outstanding >= this.#maxOutstandingPerConnection ||
      this.#outstanding.count >= this.#maxOutstanding
    ) {
      const remark = `[OVERLOAD]system busy, too many requests wait for their answer: ${this.#outstanding.count}`;
      answer.reply(createResponse(request, ResponseCode.SYSTEM_BUSY, remark));
      return;
    }
    try {
      for (const hook of this.#beforeHooks) {
        const response = hook(request, answer);
        if (response !== null) {
          answer.reply(response);
          return;
        }
      }
      const processor = this.#processors.get(request.code) ?? this.#defaultProcessor;
      if (processor === null) {
        this.#answerUnsupported(request, answer);
        return;
      }
      const result = processor(request, answer);
      if (result === null) {
        if (!isOneway(request)) answer.defer();
      } else if (result instanceof Promise) {
        answer.defer();
        result.then(
          (response) => {
            if (response !== null) answer.reply(response);
            else if (isOneway(request)) answer.release();
          },
          (error) => this.#answerFailed(request, answer, error),
        );
      } else {
        answer.reply(result);
      }
    } catch (error) {
      this.#answerFailed(request, answer, error);
    }
  }

  #answerUnsupported(request: RemotingCommand, answer: Answer): void {
    const { code } = request;
    if (!this.#unsupportedCodes.has(code) && this.#unsupportedCodes.size < MAX_REMEMBERED_CODES) {
      this.#unsupportedCodes.add(code);
      this.#logger.warn({ code, peer: answer.conn.remoteText }, 'request code not supported');
    }
    const remark = ` request type ${code} not supported`;
    answer.reply(createResponse(request, ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark));
  }

  /** A processor failed. A broken invariant is not answered: it surfaces as an uncaught exception. */
  #answerFailed(request: RemotingCommand, answer: Answer, error: unknown): void {
    if (error instanceof AssertionError) {
      queueMicrotask(() => {
        throw error;
      });
      return;
    }
    const fields = { err: error, code: request.code, peer: answer.conn.remoteText };
    if (error instanceof RemotingCommandError) this.#logger.debug(fields, 'bad request');
    else this.#logger.warn(fields, 'request failed');
    answer.reply(createResponse(request, ResponseCode.SYSTEM_ERROR, errorText(error)));
  }

  #onBadFrame(connection: Connection, error: unknown): void {
    const fields = { peer: connection.remoteText, cause: errorText(error) };
    if (error instanceof RemotingCommandError) {
      this.#logPeerFault(fields, 'connection closed: bad frame');
      return;
    }
    this.#ownFaults.attempt((suppressed) => {
      this.#logger.error({ ...fields, err: error, suppressed }, 'connection closed: its frame could not be handled');
    });
  }

  #logPeerFault(fields: object, message: string): void {
    this.#peerFaults.attempt((suppressed) => {
      this.#logger.warn(suppressed === 0 ? fields : { ...fields, suppressed }, message);
    });
  }

  #onClosed(connection: Connection, reason: string): void {
    this.#connections.delete(connection.id);
    this.#outstanding.count -= connection.outstanding;
    connection.outstanding = 0;
    this.#logger.debug({ peer: connection.remoteText, reason }, 'connection closed');
    this.#tell(this.#closeHooks, connection);
  }

  /** Calls hooks; one that fails keeps neither the others nor the connection from going on. */
  #tell(hooks: ReadonlyArray<(conn: ServerConnection) => void>, connection: Connection): void {
    for (const hook of hooks) {
      try {
        hook(connection);
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        this.#logger.error({ err: error, peer: connection.remoteText }, 'connection hook failed');
      }
    }
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const connection of [...this.#connections.values()]) {
      const idleMs = connection.sweep(nowMs);
      if (idleMs >= this.#idleTimeoutMs) connection.close(`idle for ${Math.round(idleMs)} ms`);
    }
    this.#boundTotalBacklog();
  }

  /** Closes the slowest readers while all of them together hold too much. */
  #boundTotalBacklog(): void {
    let totalBytes = 0;
    for (const connection of this.#connections.values()) totalBytes += connection.bufferedBytes;
    if (totalBytes <= this.#maxTotalBufferedBytes) return;
    const worstFirst = [...this.#connections.values()].sort((a, b) => b.bufferedBytes - a.bufferedBytes);
    for (const connection of worstFirst) {
      if (totalBytes <= this.#maxTotalBufferedBytes) return;
      totalBytes -= connection.bufferedBytes;
      this.#refuse(connection, `${connection.bufferedBytes} bytes wait for the peer to read them`);
    }
  }
}

/** Requests of all connections that are answered later. */
interface Outstanding {
  count: number;
}

/** One request's way back. */
class Answer implements RequestContext {
  readonly conn: Connection;
  readonly #outstanding: Outstanding;
  readonly #request: RemotingCommand;
  readonly #opaque: number;
  #state: 'open' | 'deferred' | 'done' = 'open';

  constructor(outstanding: Outstanding, connection: Connection, request: RemotingCommand) {
    this.conn = connection;
    this.#outstanding = outstanding;
    this.#request = request;
    this.#opaque = request.opaque;
  }

  get localPort(): number {
    return this.conn.localPort;
  }

  /** The processor has returned without an answer: the request counts as outstanding until it comes. */
  defer(): void {
    if (this.#state !== 'open' || this.conn.closed) return;
    this.#state = 'deferred';
    this.conn.outstanding++;
    this.#outstanding.count++;
  }

  /** No answer is to come any more. A closed connection's requests are not counted. */
  release(): void {
    if (this.#state === 'deferred' && !this.conn.closed) {
      this.conn.outstanding--;
      this.#outstanding.count--;
    }
    this.#state = 'done';
  }

  replyShared(bytes: Uint8Array, start: number, end: number): void {
    if (this.#state === 'done') return;
    this.release();
    // What the kernel does not take is copied and counted: the peer is to read that before it asks for more.
    if (!isOneway(this.#request) && !this.conn.writeShared(bytes, start, end)) this.conn.holdFrames();
  }

  reply(response: RemotingCommand): void {
    if (this.#state === 'done') return;
    this.release();
    if (isOneway(this.#request) || this.conn.closed) return;
    response.opaque = this.#opaque;
    response.flag |= FLAG_RESPONSE;
    try {
      this.conn.send(response);
    } catch (error) {
      const failure = createResponse(this.#request, ResponseCode.SYSTEM_ERROR, errorText(error));
      failure.opaque = this.#opaque;
      this.conn.send(failure);
    }
  }
}

function notConnected(conn: ServerConnection): RemotingSendRequestError {
  return new RemotingSendRequestError(conn.remoteText, `${conn.remoteText} is not connected`);
}

/** Why a client's certificate is not acceptable; null if it is. */
function verifyError(socket: TLSSocket): string | null {
  const handle = (socket as unknown as { _handle?: { verifyError?(): Error | null } })._handle;
  return handle?.verifyError?.()?.message ?? null;
}
