import test from 'ava';
import { consumerStatus } from '../../src/admin/consumer-status.js';
import { givingUp } from '../../src/admin/giving-up.js';
import { encodeConsumerConnection } from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { BROKER_A, BROKER_B, clusterWire, fakeSession } from '../helper/cli.js';

test('who was silent once is not asked again', async (t) => {
  const wire = clusterWire();
  wire.silent.add(BROKER_B);
  const session = givingUp(fakeSession(wire));
  const ask = () => session.api.getBrokerRuntimeInfo(BROKER_B, session.deadline().call());
  await t.throwsAsync(ask(), { code: 'REMOTING_TIMEOUT' });
  await t.throwsAsync(ask(), { code: 'REMOTING_TIMEOUT' });
  t.is(wire.calls.filter(({ addr }) => addr === BROKER_B).length, 1);
});

test('a client that is silent does not make its broker so', async (t) => {
  const wire = clusterWire();
  wire.silent.add(BROKER_B);
  const session = givingUp(fakeSession(wire));
  const ask = () => session.api.getConsumerRunningInfo(BROKER_B, 'g', 'c', false, session.deadline().call());
  await t.throwsAsync(ask(), { code: 'REMOTING_TIMEOUT' });
  await t.throwsAsync(ask(), { code: 'REMOTING_TIMEOUT' });
  t.is(wire.of(RequestCode.GET_CONSUMER_RUNNING_INFO).length, 2);
});

test('members are asked through brokers that answer', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({
    body: encodeConsumerConnection({
      connectionSet: [{ clientId: 'c', clientAddr: '10.0.0.9:5', language: 'JAVA', version: 479 }],
      ...{ subscriptionTable: {}, consumeType: 'CONSUME_PASSIVELY', messageModel: 'CLUSTERING' },
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    }),
  }));
  wire.silent.add(BROKER_A);
  const { complete } = await consumerStatus(fakeSession(wire), { consumerGroup: 'g', jstack: false });
  t.false(complete);
  t.deepEqual(
    wire.of(RequestCode.GET_CONSUMER_RUNNING_INFO).map(({ addr }) => addr),
    [BROKER_B],
  );
});
