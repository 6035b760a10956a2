import { errorText, MQError } from '../base/errors.js';
import { ClientErrorCode, MQBrokerError, MQClientError } from '../client/errors.js';
import { ResponseCode, responseCodeName } from '../protocol/response-code.js';

/** What kind of end a use case came to; `cli` gives each an exit code. */
export type FailureKind =
  | 'failed'
  | 'usage'
  | 'not-found'
  | 'not-permitted'
  | 'unreachable'
  | 'condition-not-met'
  | 'partial'
  | 'interrupted';

/** A failure in the words a user gets. */
export interface Failure {
  readonly kind: FailureKind;
  /** Stable name for scripts: the peer's response code (`TOPIC_NOT_EXIST`) or an MQErrorCode. */
  readonly code: string;
  readonly message: string;
  /** What to do about it; null when there is nothing better to say than the message. */
  readonly hint: string | null;
}

/** An expected failure found by a use case itself, with advice for the user. */
export class AdminError extends MQError {
  readonly kind: FailureKind;
  readonly hint: string | null;

  constructor(kind: FailureKind, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(ADMIN_CODES[kind], message, { cause: options.cause });
    this.kind = kind;
    this.hint = options.hint ?? null;
  }
}

const ADMIN_CODES = {
  failed: 'MQ_CLIENT',
  usage: 'USAGE',
  'not-found': 'NOT_FOUND',
  'not-permitted': 'MQ_CLIENT',
  unreachable: 'REMOTING_CONNECT',
  'condition-not-met': 'CONDITION_NOT_MET',
  partial: 'MQ_CLIENT',
  interrupted: 'ABORTED',
} as const;

const NOT_FOUND_CODES: ReadonlySet<number> = new Set([
  ResponseCode.TOPIC_NOT_EXIST,
  ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
  ResponseCode.QUERY_NOT_FOUND,
  ResponseCode.CONSUMER_NOT_ONLINE,
  ResponseCode.NO_MESSAGE,
  ResponseCode.BROKER_NOT_EXIST,
  ResponseCode.USER_NOT_EXIST,
  ResponseCode.POLICY_NOT_EXIST,
  ClientErrorCode.NOT_FOUND_TOPIC_EXCEPTION,
]);
const UNREACHABLE_CODES: ReadonlySet<number> = new Set([
  ClientErrorCode.CONNECT_BROKER_EXCEPTION,
  ClientErrorCode.ACCESS_BROKER_TIMEOUT,
  ClientErrorCode.BROKER_NOT_EXIST_EXCEPTION,
  ClientErrorCode.NO_NAME_SERVER_EXCEPTION,
  ClientErrorCode.REQUEST_TIMEOUT_EXCEPTION,
]);
/** Brokers with ACL 1.0 answer code 1 and name the exception; 5.x auth does the same with its own. */
const ACCESS_REFUSED =
  /\b(?:Acl|Authentication|Authorization)Exception\b|Check signature failed|No accessKey is configured/;
const REACH_HINT =
  'is it running, and is this address reachable from here? -n names the name server, --timeout waits longer';

/** Sorts anything thrown into a kind, with a stable code, a message and advice. */
export function failureOf(error: unknown): Failure {
  if (error instanceof AdminError) {
    const code = error.kind === 'unreachable' ? 'UNREACHABLE' : error.code;
    return { kind: error.kind, code, message: error.message, hint: error.hint };
  }
  if (error instanceof MQBrokerError) return brokerFailure(error);
  if (error instanceof MQClientError) return clientFailure(error);
  if (error instanceof MQError) return { ...ofCode(error), message: error.message };
  if (error instanceof Error && error.name === 'AbortError') {
    return { kind: 'interrupted', code: 'ABORTED', message: 'interrupted', hint: null };
  }
  return {
    kind: 'failed',
    code: 'INTERNAL',
    message: errorText(error),
    hint: 'this looks like a fault of mqadmin; --debug shows the stack',
  };
}

function brokerFailure(error: MQBrokerError): Failure {
  const code = responseCodeName(error.responseCode);
  // Apache's servers append a line with a link.
  const said = (error.remark ?? '').split('\n', 1)[0]?.trim();
  const base = { code, message: `${said ? `${said} ` : ''}(${code} from ${error.brokerAddr})` };
  if (NOT_FOUND_CODES.has(error.responseCode)) return { ...base, kind: 'not-found', hint: notFoundHint(error) };
  if (error.responseCode === ResponseCode.NO_PERMISSION || ACCESS_REFUSED.test(error.remark ?? '')) {
    return { ...base, kind: 'not-permitted', hint: '--access-key and --secret-key-file sign requests' };
  }
  return { ...base, kind: 'failed', hint: null };
}

function notFoundHint(error: MQBrokerError): string | null {
  if (error.responseCode === ResponseCode.TOPIC_NOT_EXIST) return 'mqadmin topic list shows the topics';
  if (error.responseCode === ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST)
    return 'mqadmin consumer progress shows the groups';
  return null;
}

function clientFailure(error: MQClientError): Failure {
  const base = { code: 'MQ_CLIENT', message: error.message, hint: null };
  if (NOT_FOUND_CODES.has(error.responseCode)) return { ...base, code: 'NOT_FOUND', kind: 'not-found' };
  if (UNREACHABLE_CODES.has(error.responseCode)) return { ...base, kind: 'unreachable', hint: REACH_HINT };
  return { ...base, kind: 'failed' };
}

function ofCode(error: MQError): Omit<Failure, 'message'> {
  switch (error.code) {
    case 'REMOTING_CONNECT':
    case 'REMOTING_SEND_REQUEST':
    case 'REMOTING_TIMEOUT':
      return { kind: 'unreachable', code: error.code, hint: REACH_HINT };
    case 'REMOTING_TOO_MUCH_REQUEST':
      return { kind: 'unreachable', code: error.code, hint: null };
    case 'USAGE':
    case 'CONFIG':
      return { kind: 'usage', code: error.code, hint: hintOf(error) };
    case 'NOT_FOUND':
      return { kind: 'not-found', code: error.code, hint: hintOf(error) };
    case 'CONDITION_NOT_MET':
      return { kind: 'condition-not-met', code: error.code, hint: hintOf(error) };
    case 'ABORTED':
      return { kind: 'interrupted', code: error.code, hint: hintOf(error) };
    default:
      return { kind: 'failed', code: error.code, hint: hintOf(error) };
  }
}

function hintOf(error: MQError): string | null {
  return 'hint' in error && typeof error.hint === 'string' ? error.hint : null;
}
