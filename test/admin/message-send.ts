import test from 'ava';
import { sendMessage } from '../../src/admin/message-send.js';
import { type BrokerData, encodeTopicRouteData } from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { BROKER_A, BROKER_B, CLUSTER, clusterWire, fakeIo, fakeSession } from '../helper/cli.js';
import type { ManualClock } from '../helper/manual-clock.js';

const SENT = { extFields: { msgId: '0A0000020000AA9F0000000000000000', queueId: '0', queueOffset: '5' } };
const request = { topic: 'orders', body: Buffer.from('x') };

test('a broker that does not serve the topic is not found, not unreachable', async (t) => {
  const wire = clusterWire().on(RequestCode.SEND_MESSAGE_V2, () => SENT);
  const queue = { brokerName: 'nobody', queueId: 0 };
  await t.throwsAsync(sendMessage(fakeSession(wire), { ...request, queue }), {
    code: 'NOT_FOUND',
    message: 'broker "nobody" does not serve "orders"',
  });
  t.is(wire.of(RequestCode.SEND_MESSAGE_V2).length, 0);
});

test('a broker that does not answer gets a third of the time, then another one is tried', async (t) => {
  const io = fakeIo();
  const clock = io.clock as ManualClock;
  const wire = clusterWire().on(RequestCode.SEND_MESSAGE_V2, () => SENT);
  wire.silent.add(BROKER_A);
  const sends: Array<readonly [addr: string, timeoutMs: number]> = [];
  const invoke = wire.invoke.bind(wire);
  wire.invoke = async (addr, command, timeoutMs, signal) => {
    if (command.code === RequestCode.SEND_MESSAGE_V2) {
      sends.push([addr, timeoutMs]);
      if (addr === BROKER_A) clock.advance(timeoutMs);
    }
    return invoke(addr, command, timeoutMs, signal);
  };
  const sent = await sendMessage(fakeSession(wire, io, 9000), request);
  t.is(sent.brokerName, 'broker-b');
  t.deepEqual(sends, [
    [BROKER_A, 3000],
    [BROKER_B, 3000],
  ]);
});

test('the only broker of a topic gets all the time, and the message once', async (t) => {
  const io = fakeIo();
  const clock = io.clock as ManualClock;
  const wire = clusterWire()
    .on(RequestCode.SEND_MESSAGE_V2, () => SENT)
    .on(RequestCode.GET_ROUTEINFO_BY_TOPIC, () => {
      const queue = { brokerName: 'broker-b', readQueueNums: 2, writeQueueNums: 2, perm: 6, topicSysFlag: 0 };
      const broker = CLUSTER.brokerAddrTable['broker-b'] as BrokerData;
      const route = { brokerDatas: [broker], queueDatas: [queue], filterServerTable: {} };
      return { body: encodeTopicRouteData(route, { standardJson: true }) };
    });
  wire.silent.add(BROKER_B);
  const timeouts: number[] = [];
  const invoke = wire.invoke.bind(wire);
  wire.invoke = async (addr, command, timeoutMs, signal) => {
    if (command.code === RequestCode.SEND_MESSAGE_V2) {
      timeouts.push(timeoutMs);
      clock.advance(timeoutMs);
    }
    return invoke(addr, command, timeoutMs, signal);
  };
  await t.throwsAsync(sendMessage(fakeSession(wire, io, 9000), request));
  t.deepEqual(timeouts, [9000]);
});

test('a broker that does not note the leaving holds up nobody', async (t) => {
  const io = fakeIo();
  const clock = io.clock as ManualClock;
  const wire = clusterWire()
    .on(RequestCode.SEND_MESSAGE_V2, () => SENT)
    .on(RequestCode.UNREGISTER_CLIENT, () => {
      setImmediate(() => clock.advance(300));
      return new Promise(() => {});
    });
  t.is((await sendMessage(fakeSession(wire, io), request)).queueOffset, 5);
  t.true(clock.monotonicMs() < 1000);
});
