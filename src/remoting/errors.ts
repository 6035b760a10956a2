import { MQError, type MQErrorCode } from '../base/errors.js';

/** Base of what can go wrong between two addresses; `addr` is the peer as the caller named it (`host:port`). */
export class RemotingError extends MQError {
  readonly addr: string;

  constructor(code: MQErrorCode, addr: string, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.addr = addr;
  }
}

/**
 * No connection: refused, unreachable, name unknown, TLS handshake failed, or not ready in time (also when the
 * caller's deadline passed while connecting). The request never left, so trying elsewhere cannot repeat it.
 * A server throws it when it cannot listen.
 */
export class RemotingConnectError extends RemotingError {
  constructor(addr: string, message: string, options?: ErrorOptions) {
    super('REMOTING_CONNECT', addr, message, options);
  }
}

/** The connection ended before the answer came: the peer may or may not have done what was asked. */
export class RemotingSendRequestError extends RemotingError {
  constructor(addr: string, message: string, options?: ErrorOptions) {
    super('REMOTING_SEND_REQUEST', addr, message, options);
  }
}

/** The request was written and no answer came in time: the peer may or may not have done what was asked. */
export class RemotingTimeoutError extends RemotingError {
  /** What was waited for, ms. */
  readonly timeoutMs: number;

  constructor(addr: string, message: string, timeoutMs: number, options?: ErrorOptions) {
    super('REMOTING_TIMEOUT', addr, message, options);
    this.timeoutMs = timeoutMs;
  }
}

/** Too many requests in flight, or too many bytes waiting to be written. Nothing was sent. */
export class RemotingTooMuchRequestError extends RemotingError {
  constructor(addr: string, message: string, options?: ErrorOptions) {
    super('REMOTING_TOO_MUCH_REQUEST', addr, message, options);
  }
}
