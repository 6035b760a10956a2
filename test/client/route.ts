import test from 'ava';
import { capQueueNums, isRouteChanged, publishQueues, subscribeQueues } from '../../src/client/route.js';
import type { TopicRouteData } from '../../src/protocol/bodies.js';

function routeOf(
  brokers: Array<{ name: string; perm?: number; read?: number; write?: number; ids?: number[] }>,
  orderTopicConf?: string,
): TopicRouteData {
  return {
    queueDatas: brokers.map(({ name, perm = 6, read = 2, write = 2 }) => ({
      brokerName: name,
      readQueueNums: read,
      writeQueueNums: write,
      perm,
      topicSysFlag: 0,
    })),
    brokerDatas: brokers.map(({ name, ids = [0] }) => ({
      cluster: 'c',
      brokerName: name,
      brokerAddrs: new Map(ids.map((id) => [id, `${name}-${id}:1`])),
      enableActingMaster: false,
    })),
    filterServerTable: {},
    ...(orderTopicConf === undefined ? {} : { orderTopicConf }),
  };
}

const names = (queues: readonly { brokerName: string; queueId: number }[]) =>
  queues.map(({ brokerName, queueId }) => `${brokerName}#${queueId}`).join(' ');

test('publish queues are those of writable brokers with a master, by broker name', (t) => {
  const route = routeOf([{ name: 'b' }, { name: 'a', write: 1 }, { name: 'r', perm: 4 }, { name: 's', ids: [1] }]);
  t.is(names(publishQueues('t', route)), 'a#0 b#0 b#1');
});

test('an order configuration gives the publish queues exactly', (t) => {
  const route = routeOf([{ name: 'a', perm: 4 }], 'b:2;a:1');
  t.is(names(publishQueues('t', route)), 'b#0 b#1 a#0');
});

test('subscribe queues are those of readable brokers, with or without a master', (t) => {
  const route = routeOf(
    [
      { name: 'b', ids: [1] },
      { name: 'a', read: 1 },
      { name: 'w', perm: 2 },
    ],
    'a:9',
  );
  t.is(names(subscribeQueues('t', route)), 'a#0 b#0 b#1');
});

test('the route of TBW102 is capped for a new topic', (t) => {
  const route = capQueueNums(routeOf([{ name: 'a', read: 8, write: 8 }]), 4);
  t.is(publishQueues('t', route).length, 4);
  const small = capQueueNums(routeOf([{ name: 'a', read: 2, write: 8 }]), 4);
  t.is(publishQueues('t', small).length, 2);
});

test('the order of brokers and queues is no change, an address or a permission is', (t) => {
  const route = routeOf([{ name: 'a', ids: [0, 1] }, { name: 'b' }]);
  t.false(isRouteChanged(route, routeOf([{ name: 'b' }, { name: 'a', ids: [1, 0] }])));
  t.true(isRouteChanged(route, routeOf([{ name: 'a' }, { name: 'b' }])));
  t.true(isRouteChanged(route, routeOf([{ name: 'a', ids: [0, 1], perm: 4 }, { name: 'b' }])));
  t.true(isRouteChanged(route, routeOf([{ name: 'a', ids: [0, 1] }, { name: 'b' }], 'a:1')));
});
