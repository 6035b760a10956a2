import test, { type ExecutionContext } from 'ava';
import { ClientErrorCode, MQClientError } from '../../src/client/errors.js';
import { Producer } from '../../src/client/producer.js';
import { createReplyMessage } from '../../src/client/request-reply.js';
import { compressBody, ZLIB_COMPRESSED_FLAGS } from '../../src/protocol/compression.js';
import { encodeHeader } from '../../src/protocol/header-schema.js';
import { ReplyMessageRequestHeader } from '../../src/protocol/headers.js';
import { createMessage } from '../../src/protocol/message.js';
import { encodeProperties } from '../../src/protocol/message-property.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { fakeCluster } from '../helper/client.js';

async function setUp(t: ExecutionContext) {
  const { cluster, owned } = fakeCluster(t);
  cluster.createTopic('orders');
  const producer = owned(new Producer({ group: 'g', ...cluster.options }, cluster.deps));
  await producer.start();
  const reply = (correlationId: string, body: Buffer, sysFlag = 0) => {
    const header = encodeHeader(ReplyMessageRequestHeader, {
      producerGroup: 'other',
      topic: 'c_REPLY_TOPIC',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId: 0,
      sysFlag,
      bornTimestamp: 1,
      flag: 0,
      properties: encodeProperties(new Map([['CORRELATION_ID', correlationId]])),
      bornHost: '10.0.0.2:5000',
      storeHost: '10.0.0.3:10911',
      storeTimestamp: 2,
    });
    return cluster.remoting.request(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, header, body);
  };
  return { cluster, producer, reply };
}

test('a request waits for its reply', async (t) => {
  const { cluster, producer, reply } = await setUp(t);
  const message = createMessage('orders', 'ping');
  const answer = producer.request(message, 3000);
  await cluster.settle();
  const { properties } = message;
  t.is(properties.get('REPLY_TO_CLIENT'), producer.clientId);
  t.is(properties.get('TTL'), '3000');
  t.is(cluster.heartbeats.length, 1);
  const body = Buffer.from('pong'.repeat(100));
  const response = await reply(properties.get('CORRELATION_ID') ?? '', compressBody(body), ZLIB_COMPRESSED_FLAGS);
  t.is(response?.code, 0);
  const received = await answer;
  t.is(received.body.toString(), body.toString());
  t.deepEqual(received.storeHost, { address: '10.0.0.3', port: 10911 });
  t.is(received.properties.get('ARRIVE_TIME'), String(cluster.clock.now()));
});

test('a reply that nobody waits for is answered too', async (t) => {
  const { cluster, reply } = await setUp(t);
  t.is((await reply('nobody', Buffer.from('x')))?.code, 0);
  t.is(cluster.logger.of('warn').length, 1);
});

test('a reply that cannot be read is answered with an error', async (t) => {
  const { reply } = await setUp(t);
  const response = await reply('any', Buffer.from('not zlib'), ZLIB_COMPRESSED_FLAGS);
  t.is(response?.code, 1);
  t.is(response?.remark, 'process reply message fail');
});

test('without a reply in time a request fails with 10006', async (t) => {
  const { cluster, producer, reply } = await setUp(t);
  const message = createMessage('orders', 'ping');
  const answer = producer.request(message, 3000);
  await cluster.settle();
  cluster.clock.advance(3000);
  const error = await t.throwsAsync(answer, { instanceOf: MQClientError });
  t.is(error?.responseCode, ClientErrorCode.REQUEST_TIMEOUT_EXCEPTION);
  await reply(message.properties.get('CORRELATION_ID') ?? '', Buffer.from('late'));
});

test('a request that cannot be sent does not wait', async (t) => {
  const { cluster, producer } = await setUp(t);
  cluster.overrides.set('sendMessage', () => {
    throw new Error('unexpected');
  });
  await t.throwsAsync(producer.request(createMessage('orders', 'ping'), 3000), { message: 'unexpected' });
});

test('an abort and a shutdown end the wait', async (t) => {
  const { cluster, producer } = await setUp(t);
  const controller = new AbortController();
  const first = producer.request(createMessage('orders', 'ping'), 3000, { signal: controller.signal });
  const second = producer.request(createMessage('orders', 'ping'), 3000);
  await cluster.settle();
  controller.abort(new Error('enough'));
  await t.throwsAsync(first, { message: 'enough' });
  const closed = producer.shutdown();
  await t.throwsAsync(second, { message: 'the producer was shut down' });
  await closed;
});

test('a reply goes to the reply topic of the cluster, with what finds its request', (t) => {
  const request = createMessage('orders', 'ping');
  request.properties.set('CLUSTER', 'c');
  request.properties.set('CORRELATION_ID', 'id');
  request.properties.set('REPLY_TO_CLIENT', 'client');
  const reply = createReplyMessage(request, 'pong');
  t.is(reply.topic, 'c_REPLY_TOPIC');
  t.is(reply.properties.get('MSG_TYPE'), 'reply');
  t.is(reply.properties.get('CORRELATION_ID'), 'id');
  t.is(reply.properties.get('REPLY_TO_CLIENT'), 'client');
  t.false(reply.properties.has('TTL'));
});

test('a message of no known cluster cannot be replied to', (t) => {
  const error = t.throws(() => createReplyMessage(createMessage('orders', 'ping'), 'pong'), {
    instanceOf: MQClientError,
  });
  t.is(error?.responseCode, ClientErrorCode.CREATE_REPLY_MESSAGE_EXCEPTION);
});
