import test from 'ava';
import { decodeQueryConsumeQueueResponseBody } from '../../../src/protocol/bodies.js';
import type { ExtFields } from '../../../src/protocol/header-schema.js';
import { decodeOffsetMsgId } from '../../../src/protocol/message-id.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { messagesOf, startTestBroker, type TestPeer } from '../../helper/broker.js';

const FAR = String(Date.UTC(2100, 0, 1));

function query(peer: TestPeer, key: string, fields: ExtFields = {}) {
  const extFields = { topic: 'T', key, maxNum: '32', beginTimestamp: '0', endTimestamp: FAR, ...fields };
  return peer.call(RequestCode.QUERY_MESSAGE, extFields);
}

test('messages are found by each of their keys and by their unique key', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.send('T', 'a', { properties: { UNIQ_KEY: 'U1', KEYS: 'order-1 buyer-7' } });
  await peer.send('T', 'b', { properties: { UNIQ_KEY: 'U2', KEYS: 'order-2 buyer-7' } });
  const found = async (key: string, fields?: ExtFields) =>
    messagesOf(await query(peer, key, fields)).map((message) => message.body.toString());
  t.deepEqual(await found('order-1'), ['a']);
  t.deepEqual((await found('buyer-7')).sort(), ['a', 'b']);
  t.deepEqual(
    await found('U2', { _UNIQUE_KEY_QUERY: 'true', maxNum: '0' }),
    ['b'],
    'the asked number does not count then',
  );
  t.is((await query(peer, 'buyer-7')).extFields?.indexLastUpdatePhyoffset !== undefined, true);
});

test('nothing found is 22', async (t) => {
  const { peer } = await startTestBroker(t);
  const response = await query(peer, 'none');
  t.is(response.code, ResponseCode.QUERY_NOT_FOUND);
  t.is(response.remark, 'can not find message, maybe time range not correct');
});

test('a time range without the message finds nothing', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.send('T', 'a', { properties: { KEYS: 'k' } });
  t.is((await query(peer, 'k', { beginTimestamp: '0', endTimestamp: '1000' })).code, ResponseCode.QUERY_NOT_FOUND);
});

test('a message is viewed by its offset, and only by the offset where it starts', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.send('T', 'first');
  const sent = await peer.send('T', 'second');
  const { physicalOffset } = decodeOffsetMsgId(sent.extFields?.msgId ?? '');
  const view = (offset: number) => peer.call(RequestCode.VIEW_MESSAGE_BY_ID, { offset: String(offset) });
  t.deepEqual(
    messagesOf(await view(physicalOffset)).map((message) => message.body.toString()),
    ['second'],
  );
  for (const offset of [physicalOffset + 1, -1, 1_000_000_000_000]) {
    const response = await view(offset);
    t.is(response.code, ResponseCode.SYSTEM_ERROR);
    t.is(response.remark, `can not find message by the offset, ${offset}`);
  }
});

test('the units of a consume queue are shown, and none is matched without an extended queue', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  for (const tag of ['A', 'B', 'A']) await peer.send('T', tag, { properties: { TAGS: tag } });
  await peer.heartbeat('g', { T: 'A' });
  const ask = (fields: ExtFields = {}) =>
    peer.call(RequestCode.QUERY_CONSUME_QUEUE, { topic: 'T', queueId: '0', index: '1', count: '10', ...fields });
  const body = decodeQueryConsumeQueueResponseBody((await ask({ consumerGroup: 'g' })).body);
  t.like(body, { minQueueIndex: 0, maxQueueIndex: 3 });
  t.deepEqual(
    body.queueData.map((unit) => [Number(unit.tagsCode), unit.eval]),
    [
      [66, false],
      [65, false],
    ],
  );
  const offline = decodeQueryConsumeQueueResponseBody((await ask({ consumerGroup: 'h' })).body);
  t.is(offline.filterData, 'h@T is not online!');
  const missing = await ask({ queueId: '9' });
  t.is(missing.code, ResponseCode.SYSTEM_ERROR);
  t.is(missing.remark, '9@T is not exist!');
});

test('large answers asked for at once come one after the other, all of them', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  const sent = await peer.send('T', Buffer.alloc(4_000_000, 'x'), { properties: { KEYS: 'k' } });
  const { physicalOffset } = decodeOffsetMsgId(sent.extFields?.msgId ?? '');
  const view = () => peer.call(RequestCode.VIEW_MESSAGE_BY_ID, { offset: String(physicalOffset) });
  const asked = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? view() : query(peer, 'k')));
  const sizes = (await Promise.all(asked)).map((answer) => messagesOf(answer)[0]?.body.length);
  t.deepEqual(new Set(sizes), new Set([4_000_000]));
});

test('of messages that do not fit one answer as many come as fit', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  for (let i = 0; i < 5; i++) await peer.send('T', Buffer.alloc(4_000_000, 'x'), { properties: { KEYS: 'k' } });
  const response = await query(peer, 'k');
  t.is(response.code, ResponseCode.SUCCESS, response.remark ?? '');
  t.is(messagesOf(response).length, 3);
});
