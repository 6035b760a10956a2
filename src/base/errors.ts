/** Every kind of failure that mqadmin raises on purpose. Only `cli` turns one into text and an exit code. */
export type MQErrorCode =
  | 'REMOTING_COMMAND'
  | 'REMOTING_CONNECT'
  | 'REMOTING_SEND_REQUEST'
  | 'REMOTING_TIMEOUT'
  | 'REMOTING_TOO_MUCH_REQUEST'
  | 'MESSAGE_FORMAT'
  | 'MQ_BROKER'
  | 'MQ_CLIENT'
  | 'STORE_CORRUPT'
  | 'STORE_LOCKED'
  | 'STORE_IO'
  | 'CONFIG'
  | 'PORT_IN_USE'
  | 'USAGE'
  | 'NOT_FOUND'
  | 'CONDITION_NOT_MET'
  | 'ABORTED';

/** Base of all expected failures: a closed code, a message that names the thing, and the `cause` kept. */
export class MQError extends Error {
  readonly code: MQErrorCode;

  constructor(code: MQErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** A broken invariant of our own: never reachable from a peer's bytes. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(`assertion failed: ${message}`);
    this.name = 'AssertionError';
  }
}

/** Throws AssertionError unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The message of anything thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
