import test from 'ava';
import type { AdminError } from '../../src/admin/failure.js';
import { messageDoc } from '../../src/admin/message-doc.js';
import { queryById, queryByKey, queryByUniqueKey } from '../../src/admin/message-query.js';
import { encodeOffsetMsgId } from '../../src/protocol/message-id.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { BROKER_A, BROKER_B, clusterWire, fakeSession } from '../helper/cli.js';
import { storedMessage } from '../helper/stored-message.js';

const UNIQ = '7F000001C0A818B4AAC2128D3C3F0000';

const found = (messages: Buffer[]) => ({
  body: Buffer.concat(messages),
  extFields: { indexLastUpdateTimestamp: '0', indexLastUpdatePhyoffset: '0' },
});

test('by key: brokers search by hash, other keys and topics are dropped here', async (t) => {
  const wire = clusterWire().on(RequestCode.QUERY_MESSAGE, (_request, addr) =>
    found(
      addr === BROKER_A
        ? [
            storedMessage({ topic: 'orders', keys: 'k1 k2', storeTimestamp: 2000, physicalOffset: 10 }),
            storedMessage({ topic: 'orders', keys: 'k11', storeTimestamp: 1500 }),
            storedMessage({ topic: 'other', keys: 'k1', storeTimestamp: 1500 }),
          ]
        : [storedMessage({ topic: 'orders', keys: 'k1', storeTimestamp: 1000 })],
    ),
  );
  const result = await queryByKey(fakeSession(wire), { topic: 'orders', key: 'k1', maxNum: 7 });
  t.deepEqual(
    result.messages.map(({ brokerName, storeTimestamp }) => [brokerName, storeTimestamp]),
    [
      ['broker-b', 1000],
      ['broker-a', 2000],
    ],
  );
  t.like(wire.of(RequestCode.QUERY_MESSAGE)[0]?.fields, {
    topic: 'orders',
    key: 'k1',
    maxNum: '7',
    beginTimestamp: '0',
    _UNIQUE_KEY_QUERY: 'false',
  });
});

test('by key: no message anywhere is not found, but unknown while a broker is silent', async (t) => {
  const wire = clusterWire().on(RequestCode.QUERY_MESSAGE, () => ({
    code: ResponseCode.QUERY_NOT_FOUND,
    remark: 'none',
  }));
  await t.throwsAsync(queryByKey(fakeSession(wire), { topic: 'orders', key: 'k1' }), { code: 'NOT_FOUND' });
  wire.silent.add(BROKER_B);
  const result = await queryByKey(fakeSession(wire), { topic: 'orders', key: 'k1' });
  t.deepEqual([result.messages.length, result.complete], [0, false]);
});

test('by unique key: exactly that key', async (t) => {
  const wire = clusterWire().on(RequestCode.QUERY_MESSAGE, () =>
    found([
      storedMessage({ topic: 'orders', uniqKey: UNIQ }),
      storedMessage({ topic: 'orders', uniqKey: UNIQ.replace('7F', '80') }),
    ]),
  );
  const { messages } = await queryByUniqueKey(fakeSession(wire), { topic: 'orders', msgId: UNIQ });
  t.deepEqual(
    messages.map(({ msgId }) => msgId),
    [UNIQ, UNIQ],
  );
  t.is(wire.of(RequestCode.QUERY_MESSAGE)[0]?.fields._UNIQUE_KEY_QUERY, 'true');
});

const OFFSET_ID = encodeOffsetMsgId({ address: '10.0.0.2', port: 10911 }, 4096);

test('by offset id: the broker in the id is asked, and no topic is needed', async (t) => {
  const wire = clusterWire().on(RequestCode.VIEW_MESSAGE_BY_ID, () => ({
    body: storedMessage({ topic: 'orders', body: 'hi' }),
  }));
  const message = await queryById(fakeSession(wire), { msgId: OFFSET_ID, topic: null });
  t.is(message.body.toString(), 'hi');
  t.like(wire.calls[0], { addr: BROKER_A, fields: { offset: '4096' } });
});

test('by id: a unique key goes to the index, not to the address that it happens to spell', async (t) => {
  const wire = clusterWire().on(RequestCode.QUERY_MESSAGE, () =>
    found([storedMessage({ topic: 'orders', uniqKey: UNIQ })]),
  );
  const message = await queryById(fakeSession(wire), { msgId: UNIQ, topic: 'orders' });
  t.is(message.msgId, UNIQ);
  t.is(wire.of(RequestCode.VIEW_MESSAGE_BY_ID).length, 0);
});

test('by id: an offset id that is gone is looked for as a unique key when the topic is known', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.VIEW_MESSAGE_BY_ID, () => ({
      code: ResponseCode.SYSTEM_ERROR,
      remark: 'can not find message by the offset',
    }))
    .on(RequestCode.QUERY_MESSAGE, () => ({ code: ResponseCode.QUERY_NOT_FOUND, remark: 'none' }));
  await t.throwsAsync(queryById(fakeSession(wire), { msgId: OFFSET_ID, topic: 'orders' }), { code: 'NOT_FOUND' });
  t.is(wire.of(RequestCode.QUERY_MESSAGE).length, 2);
  await t.throwsAsync(queryById(fakeSession(wire), { msgId: OFFSET_ID, topic: null }), { code: 'NOT_FOUND' });
});

test('by id: nothing found is unknown while a broker is silent', async (t) => {
  const wire = clusterWire().on(RequestCode.QUERY_MESSAGE, () => ({ code: ResponseCode.QUERY_NOT_FOUND, remark: '' }));
  wire.silent.add(BROKER_B);
  const error = await t.throwsAsync<AdminError>(queryById(fakeSession(wire), { msgId: UNIQ, topic: 'orders' }));
  t.is(error.kind, 'partial');
});

test('by id: without a topic a unique key is wrong usage', async (t) => {
  await t.throwsAsync(queryById(fakeSession(clusterWire()), { msgId: UNIQ, topic: null }), { code: 'USAGE' });
  await t.throwsAsync(queryById(fakeSession(clusterWire()), { msgId: 'no id at all', topic: null }), { code: 'USAGE' });
});

test('a broker that cannot be asked by offset id is unreachable, not missing', async (t) => {
  const wire = clusterWire();
  wire.down.add(BROKER_A);
  await t.throwsAsync(queryById(fakeSession(wire), { msgId: OFFSET_ID, topic: 'orders' }), {
    code: 'REMOTING_CONNECT',
  });
});

test('a body that is no UTF-8 is shown as base64', async (t) => {
  const wire = clusterWire().on(RequestCode.VIEW_MESSAGE_BY_ID, () => ({
    body: storedMessage({ topic: 'orders', body: Buffer.from([0xff, 0x00]) }),
  }));
  const doc = messageDoc(await queryById(fakeSession(wire), { msgId: OFFSET_ID, topic: null }));
  t.like(doc, { body: '/wA=', bodyEncoding: 'base64', bodyBytes: 2 });
});
