import test from 'ava';
import { decodeMessage } from '../../../src/protocol/message-codec.js';
import { createResponse, type RemotingCommand } from '../../../src/protocol/remoting-command.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { startTestBroker } from '../../helper/broker.js';
import { ManualClock } from '../../helper/manual-clock.js';
import { until } from '../../helper/remoting.js';

test('a question is passed on to the consumer and its answer back', async (t) => {
  const { peer, connect } = await startTestBroker(t);
  const consumer = connect();
  consumer.client.registerProcessor(RequestCode.GET_CONSUMER_RUNNING_INFO, (request) => {
    const text = JSON.stringify({ asked: request.extFields?.jstackEnable });
    return createResponse(request, ResponseCode.SUCCESS, null, null, Buffer.from(text));
  });
  await consumer.heartbeat('g', { T: '*' }, { clientId: 'a' });
  const extFields = { consumerGroup: 'g', clientId: 'a', jstackEnable: 'true' };
  const response = await peer.call(RequestCode.GET_CONSUMER_RUNNING_INFO, extFields);
  t.is(response.code, ResponseCode.SUCCESS);
  t.is(response.body?.toString(), '{"asked":"true"}');
});

test('an offline consumer is 1', async (t) => {
  const { peer } = await startTestBroker(t);
  const response = await peer.call(RequestCode.GET_CONSUMER_RUNNING_INFO, { consumerGroup: 'g', clientId: 'a' });
  t.is(response.code, ResponseCode.SYSTEM_ERROR);
  t.is(response.remark, 'The Consumer <g> <a> not online');
});

test('a consumer that does not answer is 207 after ten seconds', async (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const { peer, connect } = await startTestBroker(t, {}, { clock });
  const consumer = connect();
  let asked = false;
  consumer.client.registerProcessor(RequestCode.GET_CONSUMER_RUNNING_INFO, () => {
    asked = true;
    return null;
  });
  await consumer.heartbeat('g', { T: '*' }, { clientId: 'a' });
  const call = peer.call(RequestCode.GET_CONSUMER_RUNNING_INFO, { consumerGroup: 'g', clientId: 'a' });
  await until(() => asked);
  await clock.advanceAsync(10_500);
  const response = await call;
  t.is(response.code, ResponseCode.CONSUME_MSG_TIMEOUT);
  t.regex(response.remark ?? '', /^consumer <g> <a> Timeout: /);
});

test('a message is loaded by its id and given to one consumer with what it needs to know', async (t) => {
  const { peer, connect } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  const sent = await peer.send('T', 'again', { properties: { UNIQ_KEY: 'K' } });
  const consumer = connect();
  const calls: RemotingCommand[] = [];
  consumer.client.registerProcessor(RequestCode.CONSUME_MESSAGE_DIRECTLY, (request) => {
    calls.push(request);
    return createResponse(request, ResponseCode.SUCCESS, null, null, Buffer.from('{}'));
  });
  await consumer.heartbeat('g', { T: '*' }, { clientId: 'a' });
  const extFields = { consumerGroup: 'g', clientId: 'a', msgId: sent.extFields?.msgId ?? '', topic: 'T' };
  t.is((await peer.call(RequestCode.CONSUME_MESSAGE_DIRECTLY, extFields)).code, ResponseCode.SUCCESS);
  t.like(calls[0]?.extFields, { brokerName: 'broker-a', topicSysFlag: '0', groupSysFlag: '0', clientId: 'a' });
  t.is(decodeMessage(calls[0]?.body as Buffer).body.toString(), 'again');
});

test('an id that leads to no message is 1 and reaches no consumer', async (t) => {
  const { peer } = await startTestBroker(t);
  for (const msgId of ['nonsense', '7F00000100002A9F00000000000F4240']) {
    const extFields = { consumerGroup: 'g', clientId: 'a', msgId };
    const response = await peer.call(RequestCode.CONSUME_MESSAGE_DIRECTLY, extFields);
    t.is(response.code, ResponseCode.SYSTEM_ERROR);
    t.regex(response.remark ?? '', /^can not find message by the id, /);
  }
});
