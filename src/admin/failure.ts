import { errorText, MQError, type MQErrorCode } from '../base/errors.js';
import { ClientErrorCode, isBrokerError, type MQBrokerError, type MQClientError } from '../client/errors.js';
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
  ResponseCode.CONTROLLER_BROKER_METADATA_NOT_EXIST,
  ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED,
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
/** Source: auth/.../AuthenticationMetadataManagerImpl.java, AuthorizationMetadataManagerImpl.java */
const EXISTS = /^The (?:user|acl) is existed/;
/** The same, and controller/.../ReplicasInfoManager.java#cleanBrokerData */
const IS_NOT_THERE = /^The (?:user|acl|subject) (?:of \S+ )?is not exist|^Broker .* is not existed,/;
/** What brokers say when a permission of topic, broker or group is in the way, and no identity would help. */
const FORBIDDEN = / is forbidden|group no permission/i;
const FORBIDDEN_HINT =
  'a setting forbids it: mqadmin topic route shows perm of a topic (topic update --perm 6 allows all), broker get-config ' +
  'its brokerPermission, and consumer update --enable true lets a group consume';
/** All that brokers say when users or rules cannot be had. Source: broker/.../AdminBrokerProcessor.java#handleAuthException */
const AUTH_FAILED = /^An system error occurred/;
const AUTH_FAILED_HINT =
  'the broker keeps no users or rules unless its authenticationMetadataProvider and authorizationMetadataProvider are ' +
  'set; its log says more';
const NOT_OFFERED_HINT =
  'this server does not offer it, by its version or by its configuration; mqadmin cluster list --output wide shows versions';
const REACH_HINT =
  'is it running, and is this address reachable from here? -n names the name server, --timeout waits longer';

/**
 * Sorts anything thrown into a kind, with a stable code, a message and advice.
 *
 * Errors are told by their fields, not by their class: servers run from files of their own beside the bundle of plain
 * commands, and their errors come from the other copy of the same class.
 */
export function failureOf(error: unknown): Failure {
  if (isMQError(error)) {
    if ('kind' in error) return adminFailure(error as AdminError);
    if (error.code === 'MQ_BROKER') return brokerFailure(error as MQBrokerError);
    if (error.code === 'MQ_CLIENT' && 'responseCode' in error) return clientFailure(error as MQClientError);
    const kind = KINDS[error.code];
    const hint = hintOf(error) ?? (kind === 'unreachable' ? REACH_HINT : null);
    return { kind, code: error.code, message: error.message, hint };
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return { kind: 'interrupted', code: 'ABORTED', message: 'interrupted', hint: null };
  }
  if (isSystemError(error)) return { kind: 'failed', code: error.code, message: error.message, hint: null };
  return {
    kind: 'failed',
    code: 'INTERNAL',
    message: errorText(error),
    hint: 'this looks like a fault of mqadmin; --debug shows the stack',
  };
}

/**
 * Whether a broker answered SYSTEM_ERROR, with which it says of some things that they are not there. Refusals of an ACL
 * have the same code and are not meant.
 */
export function isSystemErrorAnswer(error: unknown): error is MQBrokerError {
  return isBrokerError(error, ResponseCode.SYSTEM_ERROR) && !ACCESS_REFUSED.test(error.remark ?? '');
}

/** The kinds of errors that have nothing more to tell than their code. */
const KINDS: Record<MQErrorCode, FailureKind> = {
  REMOTING_COMMAND: 'failed',
  REMOTING_CONNECT: 'unreachable',
  REMOTING_SEND_REQUEST: 'unreachable',
  REMOTING_TIMEOUT: 'unreachable',
  REMOTING_TOO_MUCH_REQUEST: 'unreachable',
  MESSAGE_FORMAT: 'failed',
  MQ_BROKER: 'failed',
  MQ_CLIENT: 'failed',
  STORE_CORRUPT: 'failed',
  STORE_LOCKED: 'failed',
  STORE_IO: 'failed',
  CONFIG: 'usage',
  PORT_IN_USE: 'failed',
  USAGE: 'usage',
  NOT_FOUND: 'not-found',
  CONDITION_NOT_MET: 'condition-not-met',
  ABORTED: 'interrupted',
};

function isMQError(error: unknown): error is MQError {
  return error instanceof Error && 'code' in error && Object.hasOwn(KINDS, String(error.code));
}

/** What the operating system refuses: a full disk, a folder that may not be written. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}

function adminFailure({ kind, code, message, hint }: AdminError): Failure {
  return { kind, code: kind === 'unreachable' ? 'UNREACHABLE' : code, message, hint };
}

function brokerFailure(error: MQBrokerError): Failure {
  const code = responseCodeName(error.responseCode);
  // Apache's servers append a line with a link.
  const said = (error.remark ?? '').split('\n', 1)[0]?.trim();
  const base = { code, message: `${said ? `${said} ` : ''}(${code} from ${error.brokerAddr})` };
  if (NOT_FOUND_CODES.has(error.responseCode)) return { ...base, kind: 'not-found', hint: notFoundHint(error) };
  if (error.responseCode === ResponseCode.REQUEST_CODE_NOT_SUPPORTED) {
    return { ...base, kind: 'failed', hint: NOT_OFFERED_HINT };
  }
  // Of users and rules brokers say so with the code of a refusal.
  if (EXISTS.test(said ?? '')) return { ...base, kind: 'failed', hint: null };
  if (IS_NOT_THERE.test(said ?? '')) return { ...base, kind: 'not-found', hint: null };
  if (error.responseCode === ResponseCode.NO_PERMISSION && FORBIDDEN.test(error.remark ?? '')) {
    return { ...base, kind: 'not-permitted', hint: FORBIDDEN_HINT };
  }
  if (error.responseCode === ResponseCode.NO_PERMISSION || ACCESS_REFUSED.test(error.remark ?? '')) {
    return { ...base, kind: 'not-permitted', hint: '--access-key and --secret-key-file sign requests' };
  }
  return { ...base, kind: 'failed', hint: AUTH_FAILED.test(said ?? '') ? AUTH_FAILED_HINT : null };
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
  // A send that failed for good tells how often it was tried, and its cause why.
  if (!isMQError(error.cause)) return { ...base, kind: 'failed' };
  const { kind, message, hint } = failureOf(error.cause);
  return { ...base, kind: kind === 'not-permitted' ? kind : 'failed', message: `${error.message}: ${message}`, hint };
}

function hintOf(error: MQError): string | null {
  return 'hint' in error && typeof error.hint === 'string' ? error.hint : null;
}
