import test from 'ava';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { messagesOf, startTestBroker } from '../helper/broker.js';

test('a message that was sent can be pulled', async (t) => {
  const { peer } = await startTestBroker(t);
  t.is((await peer.createTopic('orders', 1)).code, ResponseCode.SUCCESS);
  const sent = await peer.send('orders', 'hello', { properties: { UNIQ_KEY: 'K1', TAGS: 'A' } });
  t.is(sent.code, ResponseCode.SUCCESS, sent.remark ?? '');
  const pulled = await peer.pull('orders');
  t.is(pulled.code, ResponseCode.SUCCESS, pulled.remark ?? '');
  t.deepEqual(
    messagesOf(pulled).map((message) => message.body.toString()),
    ['hello'],
  );
});

test('a code that nobody serves is answered 3 with a leading blank', async (t) => {
  const { peer } = await startTestBroker(t);
  const response = await peer.call(27);
  t.is(response.code, ResponseCode.REQUEST_CODE_NOT_SUPPORTED);
  t.is(response.remark, ' request type 27 not supported');
  t.is((await peer.call(RequestCode.POP_MESSAGE)).code, ResponseCode.REQUEST_CODE_NOT_SUPPORTED);
});
