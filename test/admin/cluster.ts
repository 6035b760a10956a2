import test from 'ava';
import { brokerAddresses, clusterList, readAddress, readRuntime, writeTargets } from '../../src/admin/cluster.js';
import { encodeKVTable } from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { BROKER_A, BROKER_B, CLUSTER, clusterWire, fakeSession } from '../helper/cli.js';

test('addresses come by broker name and id', (t) => {
  t.deepEqual(
    brokerAddresses(CLUSTER).map(({ brokerName, brokerId, addr }) => [brokerName, brokerId, addr]),
    [
      ['broker-a', 0, BROKER_A],
      ['broker-a', 1, '10.0.0.4:10911'],
      ['broker-b', 0, BROKER_B],
    ],
  );
});

test('an unknown cluster is not found, and the known ones are named', (t) => {
  t.throws(() => brokerAddresses(CLUSTER, 'c2'), { code: 'NOT_FOUND', message: /no cluster "c2"/ });
});

test('writes to a cluster go to its masters', async (t) => {
  const session = fakeSession(clusterWire());
  const targets = await writeTargets(session, { clusterName: 'c1' }, session.deadline());
  t.deepEqual(
    targets.map(({ addr }) => addr),
    [BROKER_A, BROKER_B],
  );
});

test('a broker is named by host:port', async (t) => {
  const session = fakeSession(clusterWire());
  const targets = writeTargets(session, { brokerAddr: 'broker-a' }, session.deadline());
  await t.throwsAsync(targets, { code: 'USAGE', message: '"broker-a" is not an address of the form host:port' });
});

test('reads go to the master, else to the first slave', (t) => {
  t.is(
    readAddress({
      brokerAddrs: new Map([
        [1, 'b'],
        [0, 'a'],
      ]),
    }),
    'a',
  );
  t.is(
    readAddress({
      brokerAddrs: new Map([
        [3, 'c'],
        [2, 'b'],
      ]),
    }),
    'b',
  );
  t.is(readAddress({ brokerAddrs: new Map() }), null);
});

test('a broker that does not answer keeps its row, with the reason and without numbers', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_BROKER_RUNTIME_INFO, () => ({
    body: encodeKVTable({ table: { brokerActive: 'true', putTps: '12.5 10.0 9.0', commitLogDiskRatio: '-1' } }),
  }));
  wire.down.add(BROKER_B);
  const list = await clusterList(fakeSession(wire), {});
  t.false(list.complete);
  t.is(list.brokers[0]?.runtime?.inTps, 12.5);
  t.is(list.brokers[0]?.runtime?.diskRatio, null);
  t.is(list.brokers[2]?.runtime, null);
  t.regex(list.brokers[2]?.reason ?? '', /refused/);
});

test('the list is shown even when no broker answers', async (t) => {
  const wire = clusterWire();
  for (const addr of [BROKER_A, BROKER_B, '10.0.0.4:10911']) wire.silent.add(addr);
  const list = await clusterList(fakeSession(wire), {});
  t.is(list.brokers.length, 3);
  t.is(list.unreachable.length, 3);
});

test('runtime values that are missing are unknown, not 0', (t) => {
  const runtime = readRuntime({
    msgPutTotalTodayNow: '10',
    msgPutTotalTodayMorning: '4',
    getTransferedTps: '3.0 2 1',
    putTps: '',
  });
  t.is(runtime.inTotalToday, 6);
  t.is(runtime.inTotalYesterday, null);
  t.is(runtime.inTps, null);
  t.is(runtime.outTps, 3);
  t.is(runtime.isActive, null);
});
