import test from 'ava';
import { decodeProperties } from '../../../src/protocol/message-property.js';
import { createRequest, createResponse, type RemotingCommand } from '../../../src/protocol/remoting-command.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { messagesOf, startTestBroker, type TestPeer } from '../../helper/broker.js';

const REPLY_TOPIC = 'DefaultCluster_REPLY_TOPIC';

function reply(peer: TestPeer, properties: Record<string, string>) {
  const { extFields, body } = peer.sendRequest(REPLY_TOPIC, 'answer', { properties });
  return peer.invoke(createRequest(RequestCode.SEND_REPLY_MESSAGE_V2, extFields, body));
}

test('a reply is pushed to the client that asked, and stored', async (t) => {
  const { peer, connect } = await startTestBroker(t);
  const asker = connect();
  const pushed: RemotingCommand[] = [];
  asker.client.registerProcessor(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, (request) => {
    pushed.push(request);
    return createResponse(request, ResponseCode.SUCCESS);
  });
  await asker.producerHeartbeat('askers', 'asker-1');
  const response = await reply(peer, { REPLY_TO_CLIENT: 'asker-1', CORRELATION_ID: 'c1', MSG_TYPE: 'reply' });
  t.is(response.code, ResponseCode.SUCCESS, response.remark ?? '');
  t.is(response.extFields?.queueOffset, '0');
  t.is(pushed[0]?.body?.toString(), 'answer');
  t.like(pushed[0]?.extFields, { topic: REPLY_TOPIC, producerGroup: 'producers' });
  t.regex(pushed[0]?.extFields?.bornHost ?? '', /^127\.0\.0\.1:\d+$/);
  const properties = decodeProperties(pushed[0]?.extFields?.properties);
  t.is(properties.get('CORRELATION_ID'), 'c1');
  t.true(properties.has('PUSH_REPLY_TIME'));
  const [stored] = messagesOf(await peer.pull(REPLY_TOPIC));
  t.is(stored?.body.toString(), 'answer');
  t.is(stored?.offsetMsgId, response.extFields?.msgId);
});

test('a reply to nobody is 1 but stored all the same', async (t) => {
  const { peer } = await startTestBroker(t);
  const nobody = await reply(peer, {});
  t.is(nobody.code, ResponseCode.SYSTEM_ERROR);
  t.is(nobody.remark, 'reply message properties[REPLY_TO_CLIENT] is null');
  const gone = await reply(peer, { REPLY_TO_CLIENT: 'gone' });
  t.is(gone.remark, 'push reply message fail, channel of <gone> not found.');
  t.is(messagesOf(await peer.pull(REPLY_TOPIC)).length, 2);
});

test('a client that refuses the reply makes it fail', async (t) => {
  const { peer, connect } = await startTestBroker(t, { storeReplyMessageEnable: false });
  const asker = connect();
  asker.client.registerProcessor(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, (request) =>
    createResponse(request, ResponseCode.SYSTEM_ERROR, 'no such request'),
  );
  await asker.producerHeartbeat('askers', 'asker-1');
  const response = await reply(peer, { REPLY_TO_CLIENT: 'asker-1' });
  t.is(response.code, ResponseCode.SYSTEM_ERROR);
  t.is(response.remark, 'push reply message to asker-1fail.');
  t.is(messagesOf(await peer.pull(REPLY_TOPIC)).length, 0);
});
