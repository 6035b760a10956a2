import type { Socket } from 'node:net';
import { AssertionError, errorText } from '../base/errors.js';
import { encodeFrame, type RemotingCommand } from '../protocol/remoting-command.js';
import { formatAddress } from './address.js';
import type { Deadlines } from './deadlines.js';
import { RemotingSendRequestError, RemotingTooMuchRequestError } from './errors.js';
import { FrameDecoder, type ReadRegion } from './frame-decoder.js';
import { type InFlight, ResponseTable } from './response-table.js';
import type { TurnLoop } from './turn-loop.js';

/** How long the peer of a connection that we end may take to read what was written. */
const LINGER_MS = 10_000;

/** One peer, as processors and hooks see it. */
export interface ServerConnection {
  /** Unique within its server. */
  readonly id: number;
  /** The peer's IP text; that of the original client when a proxy announced it. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** `ip:port`, `[ip]:port` for IPv6. */
  readonly remoteText: string;
  /** The port of ours that the peer has connected to: tells the fast port from the normal one. */
  readonly localPort: number;
  readonly closed: boolean;
  /** Whatever processors want to remember about this peer. */
  readonly attributes: Map<string, unknown>;
  /** Bytes not yet taken by the kernel. */
  readonly bufferedBytes: number;
  /** Encodes and sends a command at the end of this turn; dropped when the connection is closed. */
  send(command: RemotingCommand): void;
  /** Sends a whole frame at the end of this turn; `frame` must not be changed any more. */
  sendFrame(frame: Buffer): void;
  /**
   * Writes whole frames, bytes [start, end), at once. The memory is the caller's again on return, in every case.
   *
   * @returns false if bytes remain queued: the peer reads slower than we write
   */
  writeShared(bytes: Uint8Array, start: number, end: number): boolean;
  /**
   * Memory to make a frame in that `writeTaken` writes without copying it; null while output of the connection waits to
   * be taken by the kernel. It is the caller's until anything else is sent to any connection.
   */
  takeOutput(): Uint8Array | null;
  /**
   * Writes [start, end) of what `takeOutput` has just given.
   *
   * @returns as `writeShared`
   */
  writeTaken(start: number, end: number): boolean;
  /**
   * Handles no more frames of this connection in this turn, and reads none. It goes on when the output of the turn
   * is written, if no more than the high-water mark is left of it. For answers that `bufferedBytes` does not show.
   */
  holdFrames(): void;
  /** Closes at once. What waits to be written is lost; calls in flight on it are rejected. */
  close(reason: string): void;
}

/** Bounds of one connection. */
export interface ConnectionLimits {
  /** Greatest frame, its length field included. */
  maxFrameBytes: number;
  /** Above this many unwritten bytes no frame of the connection is handled, and nothing read, until they are gone. */
  highWaterBytes: number;
  /** Above this many unwritten bytes the connection is closed, or a request refused. */
  maxBufferedBytes: number;
}

/** What a connection is part of: a server or a client. */
export interface ConnectionOwner {
  readonly turn: TurnLoop;
  readonly region: ReadRegion;
  readonly deadlines: Deadlines;
  readonly inFlight: InFlight;
  readonly limits: ConnectionLimits;
  /** Handles one frame, as OnFrame. @throws RemotingCommandError if it is no command: the connection is closed */
  handleFrame(connection: Connection, bytes: Buffer, start: number, end: number): void;
  /** Bytes could not be handled, for RemotingCommandError by the peer's fault; the connection is closed next. */
  onBadFrame(connection: Connection, error: unknown): void;
  /** Unwritten bytes have passed the high-water mark. */
  onBackedUp(connection: Connection): void;
  /** The peer sends no more; the owner closes. */
  onEnd(connection: Connection): void;
  /** Called once, whoever closed it and why. */
  onClosed(connection: Connection, reason: string): void;
  /** The time of a request to the peer is up. */
  onTimeout(connection: Connection, sentAtMs: number): void;
}

/** What the peer's end of the connection is. */
export interface PeerAddress {
  remoteAddress: string;
  remotePort: number;
  localPort: number;
}

/**
 * One TCP or TLS connection, either end of it: frames in, frames out, and requests that wait for their answer.
 *
 * Output collects until the end of the turn; before the connection is ready it waits for that.
 */
export class Connection implements ServerConnection {
  readonly id: number;
  readonly attributes = new Map<string, unknown>();
  readonly responses: ResponseTable;
  /** Requests of the peer that have not been answered yet. */
  outstanding = 0;
  /** When the last bytes came; monotonic ms. */
  readMs: number;
  readonly #owner: ConnectionOwner;
  readonly #name: string | undefined;
  readonly #decoder: FrameDecoder;
  readonly #onFrame: (bytes: Buffer, start: number, end: number) => void;
  #peer: PeerAddress;
  #remoteText: string;
  #socket: Socket | null = null;
  #output: Buffer[] = [];
  #outputBytes = 0;
  #ready = false;
  #dirty = false;
  #paused = false;
  #closing: string | null = null;
  #closeReason: string | null = null;
  #active = true;
  #activeMs: number;
  #backlogBytes = 0;

  /** @param name what errors call the peer; its address unless given */
  constructor(owner: ConnectionOwner, id: number, peer: PeerAddress, nowMs: number, name?: string) {
    this.id = id;
    this.readMs = nowMs;
    this.#activeMs = nowMs;
    this.#owner = owner;
    this.#name = name;
    this.#peer = peer;
    this.#remoteText = formatAddress(peer.remoteAddress, peer.remotePort);
    this.#decoder = new FrameDecoder(owner.region, owner.limits.maxFrameBytes);
    this.responses = new ResponseTable(name ?? this.#remoteText, owner.deadlines, owner.inFlight);
    this.#onFrame = (bytes, start, end) => {
      owner.handleFrame(this, bytes, start, end);
      if (this.#outputBytes > owner.limits.highWaterBytes) this.#pauseReading();
    };
  }

  get remoteAddress(): string {
    return this.#peer.remoteAddress;
  }

  get remotePort(): number {
    return this.#peer.remotePort;
  }

  get remoteText(): string {
    return this.#remoteText;
  }

  get localPort(): number {
    return this.#peer.localPort;
  }

  /** What errors call the peer. */
  get addr(): string {
    return this.#name ?? this.#remoteText;
  }

  get closed(): boolean {
    return this.#closeReason !== null;
  }

  /** Why it was closed; null while it is open. */
  get closeReason(): string | null {
    return this.#closeReason;
  }

  get bufferedBytes(): number {
    return this.#outputBytes + (this.#socket?.writableLength ?? 0);
  }

  /** A proxy has told whom it speaks for. */
  setRemote(remoteAddress: string, remotePort: number): void {
    this.#peer = { ...this.#peer, remoteAddress, remotePort };
    this.#remoteText = formatAddress(remoteAddress, remotePort);
  }

  /**
   * Gives the connection its socket: a second one when the first was only listened to, to find out what it speaks.
   * The first one's events no longer count then.
   */
  attach(socket: Socket): void {
    if (this.closed) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    const current = (fn: () => void) => () => {
      if (this.#socket === socket) fn();
    };
    socket.on('error', (error) => {
      if (this.#socket === socket) this.close(errorText(error));
    });
    socket.on(
      'end',
      current(() => this.#owner.onEnd(this)),
    );
    socket.on(
      'close',
      current(() => this.close('closed')),
    );
    socket.on(
      'drain',
      current(() => this.#onDrain()),
    );
  }

  /** Lets output go to the attached socket: from here on it stays the same. */
  ready(): void {
    this.#ready = true;
    if (this.#output.length > 0) this.#markDirty();
  }

  /** Takes bytes that a read has put into the shared region. */
  receiveRegion(readBytes: number): void {
    this.#active = true;
    this.readMs = this.#owner.deadlines.nowMs();
    try {
      this.#decoder.feedRegion(readBytes, this.#onFrame);
    } catch (error) {
      this.#receiveFailed(error);
    }
  }

  /** Takes bytes from elsewhere, by copying them. */
  receive(chunk: Uint8Array): void {
    this.#active = true;
    this.readMs = this.#owner.deadlines.nowMs();
    try {
      this.#decoder.feed(chunk, this.#onFrame);
    } catch (error) {
      this.#receiveFailed(error);
    }
  }

  send(command: RemotingCommand): void {
    if (!this.closed) this.sendFrame(encodeFrame(command));
  }

  sendFrame(frame: Buffer): void {
    if (this.closed) return;
    this.#output.push(frame);
    this.#outputBytes += frame.length;
    if (this.bufferedBytes > this.#owner.limits.maxBufferedBytes) {
      this.close(`${this.bufferedBytes} bytes wait for the peer to read them`);
      return;
    }
    if (this.#ready) this.#markDirty();
  }

  writeShared(bytes: Uint8Array, start: number, end: number): boolean {
    const socket = this.#socket;
    if (this.closed) return true;
    const { output } = this.#owner.turn;
    const byteCount = end - start;
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset + start, byteCount);
    if (socket === null || !this.#ready || socket.writableLength > 0 || byteCount > output.length) {
      this.sendFrame(Buffer.from(view));
      return false;
    }
    output.set(view);
    this.#owner.turn.writeOutput(socket, 0, byteCount);
    this.#noteWritten(socket);
    return socket.writableLength === 0;
  }

  takeOutput(): Uint8Array | null {
    const socket = this.#socket;
    if (this.closed || socket === null || !this.#ready || socket.writableLength > 0) return null;
    return this.#owner.turn.output;
  }

  writeTaken(start: number, end: number): boolean {
    const socket = this.#socket;
    if (this.closed || socket === null) return true;
    this.#owner.turn.writeOutput(socket, start, end);
    this.#noteWritten(socket);
    return socket.writableLength === 0;
  }

  holdFrames(): void {
    this.#pauseReading();
    if (this.#ready) this.#markDirty();
  }

  /**
   * Sends a request and waits for its answer. The request's opaque is set here.
   *
   * @returns rejects with RemotingTimeoutError, RemotingSendRequestError (the connection ended), the signal's
   *   reason, or RemotingTooMuchRequestError (nothing was sent)
   * @throws RemotingCommandError if the command cannot be encoded
   */
  request(command: RemotingCommand, timeoutMs: number, signal?: AbortSignal): Promise<RemotingCommand> {
    const { inFlight, deadlines } = this.#owner;
    if (inFlight.count >= inFlight.limit) {
      const message = `${inFlight.count} requests wait for an answer already`;
      return Promise.reject(new RemotingTooMuchRequestError(this.addr, message));
    }
    command.opaque = this.responses.takeOpaque();
    const frame = encodeFrame(command);
    const refused = this.#refusal(frame.length);
    if (refused !== null) return Promise.reject(refused);
    const sentAtMs = deadlines.nowMs();
    const answer = this.responses.wait(command.opaque, timeoutMs, signal, () => this.#owner.onTimeout(this, sentAtMs));
    this.sendFrame(frame);
    return answer;
  }

  /** Sends a command that gets no answer. @throws as `request` rejects */
  oneway(command: RemotingCommand): void {
    command.opaque = this.responses.takeOpaque();
    const frame = encodeFrame(command);
    const refused = this.#refusal(frame.length);
    if (refused !== null) throw refused;
    this.sendFrame(frame);
  }

  /** Writes what has collected, in one write. Called by the turn loop. */
  flush(): void {
    this.#dirty = false;
    const socket = this.#socket;
    const frames = this.#output;
    const byteCount = this.#outputBytes;
    if (this.closed || socket === null) return;
    this.#output = [];
    this.#outputBytes = 0;
    if (frames.length > 0) this.#write(socket, frames, byteCount);
    if (socket.writableLength <= this.#owner.limits.highWaterBytes) this.#resumeReading();
    this.#finish();
  }

  /**
   * Looks whether the connection was in use since the last sweep.
   *
   * @returns ms without a byte read or written, to the accuracy of the sweeps
   */
  sweep(nowMs: number): number {
    const backlogBytes = this.#socket?.writableLength ?? 0;
    if (this.#active || backlogBytes < this.#backlogBytes) this.#activeMs = nowMs;
    this.#active = false;
    this.#backlogBytes = backlogBytes;
    return nowMs - this.#activeMs;
  }

  close(reason: string): void {
    if (this.closed) return;
    this.#end(reason);
    this.#socket?.destroy();
  }

  /**
   * Reads no more, and closes at the end of this turn, when its output, that of the turn-end hooks included, is
   * written; the socket goes when the kernel has taken it.
   */
  closeAfterFlush(reason: string): void {
    if (this.closed || this.#closing !== null) return;
    this.#closing = reason;
    this.#decoder.release();
    if (this.#ready) this.#markDirty();
    else this.#finish();
  }

  #finish(): void {
    if (this.closed || this.#closing === null) return;
    this.#end(this.#closing);
    const socket = this.#socket;
    if (socket === null) return;
    const linger = this.#owner.deadlines.add(LINGER_MS, () => socket.destroy());
    socket.once('close', () => this.#owner.deadlines.cancel(linger));
    socket.destroySoon();
  }

  #end(reason: string): void {
    this.#closeReason = reason;
    this.#decoder.release();
    this.#output = [];
    this.#outputBytes = 0;
    this.responses.failAll(
      () =>
        new RemotingSendRequestError(this.addr, `the connection to ${this.addr} ended before the answer: ${reason}`),
    );
    this.#owner.onClosed(this, reason);
  }

  #refusal(frameBytes: number): RemotingSendRequestError | RemotingTooMuchRequestError | null {
    const reason = this.#closeReason ?? this.#closing;
    if (reason !== null) {
      return new RemotingSendRequestError(this.addr, `the connection to ${this.addr} is closed: ${reason}`);
    }
    if (this.bufferedBytes + frameBytes > this.#owner.limits.maxBufferedBytes) {
      const message = `${this.addr} is not reading: ${this.bufferedBytes} bytes wait to be written`;
      return new RemotingTooMuchRequestError(this.addr, message);
    }
    return null;
  }

  #markDirty(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    this.#owner.turn.markDirty(this);
  }

  #write(socket: Socket, frames: Buffer[], byteCount: number): void {
    const { turn } = this.#owner;
    if (frames.length === 1) {
      socket.write(frames[0]!);
    } else if (byteCount <= turn.output.length && socket.writableLength === 0) {
      let at = 0;
      for (const frame of frames) {
        turn.output.set(frame, at);
        at += frame.length;
      }
      turn.writeOutput(socket, 0, byteCount);
    } else {
      socket.cork();
      for (const frame of frames) socket.write(frame);
      socket.uncork();
    }
    this.#noteWritten(socket);
  }

  #noteWritten(socket: Socket): void {
    if (socket.writableLength === 0) this.#active = true;
    if (socket.writableLength <= this.#owner.limits.highWaterBytes) return;
    this.#pauseReading();
    this.#owner.onBackedUp(this);
  }

  #onDrain(): void {
    this.#active = true;
    this.#resumeReading();
  }

  /**
   * Neither reads nor handles what was read already: one read may ask for far more than the mark. Goes on when the
   * turn's output is flushed or the socket has drained; never from a write, which may happen inside a turn-end hook.
   */
  #pauseReading(): void {
    if (this.#paused || this.closed) return;
    this.#paused = true;
    this.#decoder.pause();
    this.#socket?.pause();
  }

  #resumeReading(): void {
    if (!this.#paused || this.closed) return;
    this.#paused = false;
    try {
      this.#decoder.resume(this.#onFrame);
    } catch (error) {
      this.#receiveFailed(error);
    }
    if (!this.#paused && !this.closed) this.#socket?.resume();
  }

  /** The decoder or the frame's handler has thrown: costs this connection, unless an invariant is broken. */
  #receiveFailed(error: unknown): void {
    if (error instanceof AssertionError) throw error;
    if (this.closed) return;
    this.#owner.onBadFrame(this, error);
    this.close(errorText(error));
  }
}
