/** Texts as clients and brokers of Apache write them. */
import test from 'ava';
import { KNOWN_ERRORS } from '../../src/admin/errors/known-errors.js';
import { recogniseError } from '../../src/admin/errors/recognise.js';

const TEXTS: ReadonlyArray<readonly [text: string, id: string, subject?: Record<string, string>]> = [
  [
    'org.apache.rocketmq.client.exception.MQClientException: No route info of this topic: orders\nSee http://rocketmq',
    'no-route',
    { topic: 'orders' },
  ],
  ['Can not find Message Queue for this topic, orders See', 'no-route', { topic: 'orders' }],
  ['CODE: 17  DESC: topic[orders] not exist, apply first please! See', 'topic-not-exist', { topic: 'orders' }],
  ['CODE: 17  DESC: No topic route info in name server for the topic: %RETRY%g See', 'no-route', { topic: '%RETRY%g' }],
  [
    'CODE: 2  DESC: [TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while, period in queue: 201ms, size of queue: 9',
    'send-queue-timeout',
  ],
  ['CODE: 2  DESC: [PCBUSY_CLEAN_QUEUE]broker busy, start flow control for a while', 'page-cache-busy'],
  ['[PC_SYNCHRONIZED]broker busy, start flow control for a while', 'page-cache-busy'],
  ['CODE: 2  DESC: [OVERLOAD]system busy, start flow control for a while', 'thread-pool-full'],
  ['CODE: 2  DESC: [REJECTREQUEST]system busy, start flow control for a while', 'thread-pool-full'],
  [
    "CODE: 14  DESC: service not available now. It may be caused by one of the following reasons: the broker's disk is full",
    'store-not-writable',
  ],
  ['CODE: 14', 'store-not-writable'],
  ['CODE: 26  DESC: subscription group [billing] does not exist, See', 'group-not-exist', { group: 'billing' }],
  ['26', 'group-not-exist'],
  ['CODE: 16  DESC: the broker[10.0.0.1] sending message is forbidden', 'send-forbidden', { broker: '10.0.0.1' }],
  ['CODE: 16  DESC: subscription group no permission, billing', 'pull-forbidden', { group: 'billing' }],
  [
    'CODE: 16 DESC: the consumer group[billing] is forbidden for topic[orders]',
    'pull-forbidden',
    { group: 'billing', topic: 'orders' },
  ],
  ['CODE: 1  DESC: org.apache.rocketmq.acl.common.AclException: No accessKey is configured', 'access-refused'],
  ['NO_PERMISSION', 'no-permission'],
  ['CODE: 13  DESC: the message is illegal, maybe msg body or properties length not matched.', 'message-illegal'],
  ['CODE: 13  DESC: the message body size over max value, MAX: 4194304', 'message-illegal'],
  ['CODE: 206  DESC: the consumer group[billing] not online', 'consumer-not-online', { group: 'billing' }],
  ["CODE: 25 DESC: the consumer's subscription not latest", 'subscription-differs'],
  ['CODE: 1 DESC: The broker does not support consumer to filter message by SQL92', 'filter'],
  [
    'org.apache.rocketmq.remoting.exception.RemotingConnectException: connect to <10.0.0.1:10911> failed',
    'connect-failed',
    { addr: '10.0.0.1:10911' },
  ],
  ['connect ECONNREFUSED 127.0.0.1:9876', 'connect-failed', { addr: '127.0.0.1:9876' }],
  ['wait response on the channel <10.0.0.1:10911> timeout, 3000(ms)', 'timeout', { addr: '10.0.0.1:10911' }],
  ['RemotingTooMuchRequestException: sendDefaultImpl call timeout', 'timeout'],
  ['send request to <10.0.0.1:10911> failed', 'send-request-failed', { addr: '10.0.0.1:10911' }],
  ['No name server address, please set it.', 'no-name-server'],
  ['The broker[broker-a] not exist', 'broker-not-exist', { broker: 'broker-a' }],
  [
    'The producer group[shop] has been created before, specify another instanceName please.',
    'name-taken',
    { group: 'shop' },
  ],
  ['CODE: 3  DESC:  request type 351 not supported', 'request-not-supported'],
  ['SendStatus: FLUSH_DISK_TIMEOUT', 'not-flushed'],
  ['sendStatus=SLAVE_NOT_AVAILABLE', 'not-replicated'],
  ['CODE: 22 DESC: query message by key finished, but no message.', 'not-found'],
  [
    'CODE: 29  DESC: The specified topic: a b, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$',
    'illegal-name',
  ],
];

for (const [text, id, subject = {}] of TEXTS) {
  test(`"${text.slice(0, 70)}" is ${id}`, (t) => {
    const found = recogniseError(text);
    t.is(found?.error.id, id);
    for (const [name, value] of Object.entries(subject)) t.is(found?.subject[name as 'topic'], value);
  });
}

test('what is no error of RocketMQ is none', (t) => {
  for (const text of ['', 'hello', 'NullPointerException at line 17', 'code: 9999']) t.is(recogniseError(text), null);
});

test('ids are there once', (t) => {
  const ids = KNOWN_ERRORS.map(({ id }) => id);
  t.deepEqual([...new Set(ids)], ids);
});
