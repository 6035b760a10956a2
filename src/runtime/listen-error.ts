import { MQError } from '../base/errors.js';

/** A port that somebody else listens on. */
export class PortInUseError extends MQError {
  readonly port: number;
  /** How to choose another one. */
  readonly hint: string;

  constructor(port: number, what: string, hint: string, options?: ErrorOptions) {
    super('PORT_IN_USE', `port ${port} of the ${what} is already in use`, options);
    this.port = port;
    this.hint = hint;
  }
}

/** An interface that cannot be listened on. */
export class ListenError extends MQError {
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super('CONFIG', message, options);
    this.hint = hint;
  }
}

/** The system's error below `error`, as servers wrap it. */
function systemError(error: unknown): (NodeJS.ErrnoException & { port?: number; address?: string }) | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    const system: NodeJS.ErrnoException = cause;
    if (system.syscall === 'listen') return system;
  }
  return null;
}

/**
 * What to throw instead of `error` when a server could not listen; `error` itself when that was not the reason.
 *
 * @param what "name server" or "broker broker-a"
 * @param hint how to choose another port
 */
export function explainListenError(error: unknown, what: string, hint: string): unknown {
  const system = systemError(error);
  if (!system) return error;
  const { code, port = 0, address } = system;
  if (code === 'EADDRINUSE') return new PortInUseError(port, what, hint, { cause: error });
  if (code === 'EACCES') {
    const message = `port ${port} of the ${what} needs more rights than this user has`;
    return new ListenError(message, hint, { cause: error });
  }
  if (code === 'EADDRNOTAVAIL') {
    const message = `${address} is no address of this machine: the ${what} cannot listen on it`;
    return new ListenError(message, 'listen on 0.0.0.0, or on an address that `ip addr` shows', { cause: error });
  }
  return error;
}
