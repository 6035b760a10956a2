import test from 'ava';
import { AdminError, type FailureKind, failureOf } from '../../src/admin/failure.js';
import { MQError } from '../../src/base/errors.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { ClientErrorCode, MQBrokerError, MQClientError } from '../../src/client/errors.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { RemotingConnectError, RemotingTimeoutError } from '../../src/remoting/errors.js';

const broker = (code: number, remark = 'text') => new MQBrokerError(code, remark, 'a:1');

/** What reaches us from code that is loaded beside the bundle: the same fields, another class. */
class ForeignError extends Error {
  readonly code = 'PORT_IN_USE';
  readonly hint = 'choose another';
}

const cases: Array<[title: string, error: unknown, kind: FailureKind, code: string]> = [
  ['an unknown topic', broker(ResponseCode.TOPIC_NOT_EXIST), 'not-found', 'TOPIC_NOT_EXIST'],
  ['an unknown group', broker(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST), 'not-found', 'SUBSCRIPTION_GROUP_NOT_EXIST'],
  ['no permission', broker(ResponseCode.NO_PERMISSION), 'not-permitted', 'NO_PERMISSION'],
  [
    'an ACL refusal of 4.9',
    broker(ResponseCode.SYSTEM_ERROR, 'org.apache.rocketmq.acl.common.AclException: no'),
    'not-permitted',
    'SYSTEM_ERROR',
  ],
  ['a busy broker', broker(ResponseCode.SYSTEM_BUSY), 'failed', 'SYSTEM_BUSY'],
  ['a refused connection', new RemotingConnectError('a:1', 'refused'), 'unreachable', 'REMOTING_CONNECT'],
  ['no answer', new RemotingTimeoutError('a:1', 'late', 10), 'unreachable', 'REMOTING_TIMEOUT'],
  [
    'no route',
    new MQClientError('no route', { responseCode: ClientErrorCode.NOT_FOUND_TOPIC_EXCEPTION }),
    'not-found',
    'NOT_FOUND',
  ],
  [
    'no name server',
    new MQClientError('none', { responseCode: ClientErrorCode.NO_NAME_SERVER_EXCEPTION }),
    'unreachable',
    'MQ_CLIENT',
  ],
  ['a bad message', new MQClientError('body is null'), 'failed', 'MQ_CLIENT'],
  ['wrong usage', new UsageError('flag'), 'usage', 'USAGE'],
  ['a bad config file', new MQError('CONFIG', 'line 3'), 'usage', 'CONFIG'],
  ['an own finding', new AdminError('not-found', 'none'), 'not-found', 'NOT_FOUND'],
  ['an unmet condition', new AdminError('condition-not-met', 'no'), 'condition-not-met', 'CONDITION_NOT_MET'],
  ['an interrupt', new DOMException('stop', 'AbortError'), 'interrupted', 'ABORTED'],
  ['an error of another copy of the classes', new ForeignError('port 1'), 'failed', 'PORT_IN_USE'],
  ['a fault', new TypeError('x is not a function'), 'failed', 'INTERNAL'],
  ['a system error', Object.assign(new Error('disk full'), { code: 'ENOSPC', syscall: 'write' }), 'failed', 'ENOSPC'],
  [
    'a broker set that a controller does not know',
    broker(ResponseCode.CONTROLLER_INVALID_CLEAN_BROKER_METADATA, 'Broker b is not existed,clean broker data failure.'),
    'not-found',
    'CONTROLLER_INVALID_CLEAN_BROKER_METADATA',
  ],
  [
    'a broker that a controller sees alive',
    broker(ResponseCode.CONTROLLER_INVALID_CLEAN_BROKER_METADATA, 'Broker b is still alive, clean up failure'),
    'failed',
    'CONTROLLER_INVALID_CLEAN_BROKER_METADATA',
  ],
  ['something thrown', 'text', 'failed', 'INTERNAL'],
];
for (const [title, error, kind, code] of cases) {
  test(`${title} is ${kind}`, (t) => {
    const failure = failureOf(error);
    t.is(failure.kind, kind);
    t.is(failure.code, code);
    t.true(failure.message.length > 0);
  });
}

test('of what a server says the first line is kept, and who said it', (t) => {
  const error = broker(ResponseCode.TOPIC_NOT_EXIST, 'No topic route info\nSee https://rocketmq.apache.org');
  t.is(failureOf(error).message, 'No topic route info (TOPIC_NOT_EXIST from a:1)');
});

test('hints of errors are passed on', (t) => {
  t.is(failureOf(new ForeignError('port 1')).hint, 'choose another');
  t.is(failureOf(new AdminError('failed', 'x', { hint: 'do y' })).hint, 'do y');
});
