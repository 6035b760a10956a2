import test from 'ava';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import { createClientApi, Rpc } from '../../src/client/client-api.js';
import { NameServers } from '../../src/client/name-servers.js';
import { startTestBroker } from '../helper/broker.js';

test('popped messages carry the handle by which they are acknowledged, or get another time', async (t) => {
  const { peer, addr } = await startTestBroker(t, { popFromRetryProbability: 0 });
  await peer.createTopic('orders', 1);
  for (const body of ['a', 'b']) await peer.send('orders', body, { header: { e: 0 } });
  const nameServers = new NameServers([], systemRandom);
  const api = createClientApi(new Rpc({ remoting: peer.client, nameServers, clock: systemClock }));
  const pop = (maxMsgNums: number) =>
    api.popMessage(addr, 'broker-a', {
      consumerGroup: 'workers',
      topic: 'orders',
      queueId: 0,
      maxMsgNums,
      invisibleTime: 60_000,
      pollTime: 0,
      bornTime: 0,
      initMode: 0,
    });
  const { status, messages, popTime, restNum } = await pop(2);
  t.is(status, 'FOUND');
  t.is(restNum, 0);
  t.deepEqual(
    messages.map(({ body }) => body.toString()),
    ['a', 'b'],
  );
  const handles = messages.map(({ properties }) => properties.get('POP_CK') ?? '');
  t.deepEqual(
    handles.map((handle) => handle.replace(/ [0-7] 0 /, ' Q 0 ')),
    [`0 ${popTime} 60000 Q 0 broker-a 0 0`, `0 ${popTime} 60000 Q 0 broker-a 0 1`],
  );
  const target = { consumerGroup: 'workers', topic: 'orders', queueId: 0 };
  await api.ackMessage(addr, { ...target, offset: 0, extraInfo: handles[0] as string });
  const change = { ...target, offset: 1, extraInfo: handles[1] as string, invisibleTime: 30_000 };
  const changed = await api.changeInvisibleTime(addr, change);
  t.is(changed.invisibleTime, 30_000);
  t.true(changed.popTime >= popTime);
  t.deepEqual(await pop(2).then((again) => [again.status, again.messages.length]), ['POLLING_NOT_FOUND', 0]);
});
