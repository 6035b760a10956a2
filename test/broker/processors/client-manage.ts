import test from 'ava';
import { encodeCheckClientRequestBody, encodeHeartbeatData } from '../../../src/protocol/bodies.js';
import { buildSubscriptionData } from '../../../src/protocol/filter.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { startTestBroker, type TestPeer } from '../../helper/broker.js';
import { ManualClock } from '../../helper/manual-clock.js';
import { turns, until } from '../../helper/remoting.js';

/** Groups of which that client was told that they changed. */
function notifications(peer: TestPeer): string[] {
  const groups: string[] = [];
  peer.client.registerProcessor(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, (request) => {
    groups.push(request.extFields?.consumerGroup ?? '');
    return null;
  });
  return groups;
}

test('a heartbeat says that the second version is understood, and makes group and retry topic', async (t) => {
  const { peer } = await startTestBroker(t);
  const response = await peer.heartbeat('g', { T: '*' });
  t.is(response.code, ResponseCode.SUCCESS);
  t.deepEqual({ ...response.extFields }, { IS_SUPPORT_HEART_BEAT_V2: 'true', IS_SUB_CHANGE: 'true' });
  t.is((await peer.call(RequestCode.GET_TOPIC_CONFIG, { topic: '%RETRY%g' })).code, ResponseCode.SUCCESS);
  t.is((await peer.call(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: 'g' })).code, ResponseCode.SUCCESS);
});

test('the retry topic is ordered when a subscribed topic is', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1, { order: true });
  await peer.heartbeat('g', { T: '*' });
  const config = await peer.call(RequestCode.GET_TOPIC_CONFIG, { topic: '%RETRY%g' });
  t.like(JSON.parse(config.body?.toString() ?? ''), { order: true });
});

test('a group that may not be created is skipped silently', async (t) => {
  const { peer } = await startTestBroker(t, { autoCreateSubscriptionGroup: false });
  t.is((await peer.heartbeat('g', { T: '*' })).code, ResponseCode.SUCCESS);
  const list = await peer.call(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup: 'g' });
  t.is(list.code, ResponseCode.SYSTEM_ERROR);
});

test('a new member is announced to everybody, once', async (t) => {
  const { peer, connect } = await startTestBroker(t);
  const other = connect();
  const told = notifications(peer);
  const otherTold = notifications(other);
  await peer.heartbeat('g', { T: '*' }, { clientId: 'a' });
  await until(() => told.length === 1);
  await other.heartbeat('g', { T: '*' }, { clientId: 'b' });
  await until(() => told.length === 2 && otherTold.length === 1);
  await other.heartbeat('g', { T: '*' }, { clientId: 'b' });
  await peer.heartbeat('g', { T: '*' }, { clientId: 'a' });
  t.deepEqual([told.length, otherTold.length], [2, 1], 'repetitions are no news');
});

test('a lost connection is announced at once to those who stay', async (t) => {
  const { peer, connect } = await startTestBroker(t);
  const other = connect();
  const told = notifications(peer);
  await peer.heartbeat('g', { T: '*' }, { clientId: 'a' });
  await other.heartbeat('g', { T: '*' }, { clientId: 'b' });
  await until(() => told.length === 2);
  other.client.closeConnection(other.addr);
  await until(() => told.length === 3);
  t.pass();
});

test('unregistering is announced, too', async (t) => {
  const { peer, connect } = await startTestBroker(t);
  const other = connect();
  const told = notifications(peer);
  await peer.heartbeat('g', { T: '*' }, { clientId: 'a' });
  await other.heartbeat('g', { T: '*' }, { clientId: 'b' });
  await until(() => told.length === 2);
  const response = await other.call(RequestCode.UNREGISTER_CLIENT, { clientID: 'b', consumerGroup: 'g' });
  t.is(response.code, ResponseCode.SUCCESS);
  await until(() => told.length === 3);
});

test('a group can switch announcements off', async (t) => {
  const { peer } = await startTestBroker(t, { notifyConsumerIdsChangedEnable: false });
  const told = notifications(peer);
  await peer.heartbeat('g', { T: '*' });
  await peer.heartbeat('g', { T: '*', U: '*' });
  await turns(20);
  t.is(told.length, 0);
});

test('without realTimeNotifyConsumerChange a group hears of its changes every 15 seconds, once', async (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const { peer } = await startTestBroker(t, { realTimeNotifyConsumerChange: false }, { clock });
  const told = notifications(peer);
  await peer.heartbeat('g', { T: '*' });
  await peer.heartbeat('g', { T: '*', U: '*' });
  await clock.advanceAsync(14_000);
  await turns(20);
  t.is(told.length, 0);
  await clock.advanceAsync(1000);
  await until(() => told.length === 1);
  await clock.advanceAsync(15_000);
  await turns(20);
  t.is(told.length, 1);
});

test('a client without heartbeats is dropped after two minutes', async (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const { peer, connect } = await startTestBroker(t, { serverChannelMaxIdleTimeSeconds: 100_000 }, { clock });
  const other = connect();
  await peer.heartbeat('g', { T: '*' }, { clientId: 'a' });
  await peer.producerHeartbeat('p', 'a');
  await clock.advanceAsync(120_000);
  const list = { consumerGroup: 'g' };
  t.is((await other.call(RequestCode.GET_CONSUMER_LIST_BY_GROUP, list)).code, ResponseCode.SUCCESS);
  await clock.advanceAsync(10_000);
  t.is((await other.call(RequestCode.GET_CONSUMER_LIST_BY_GROUP, list)).code, ResponseCode.SYSTEM_ERROR);
  const producers = await other.call(RequestCode.GET_PRODUCER_CONNECTION_LIST, { producerGroup: 'p' });
  t.is(producers.code, ResponseCode.SYSTEM_ERROR);
});

test('heartbeats of the second version may leave subscriptions out while nothing changed', async (t) => {
  const { peer, connect } = await startTestBroker(t);
  const short = (fingerprint: number) =>
    peer.call(
      RequestCode.HEART_BEAT,
      null,
      encodeHeartbeatData({
        clientID: 'a',
        producerDataSet: [],
        consumerDataSet: [
          {
            groupName: 'g',
            consumeType: 'CONSUME_PASSIVELY',
            messageModel: 'CLUSTERING',
            consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
            subscriptionDataSet: [],
            unitMode: false,
          },
        ],
        heartbeatFingerprint: fingerprint,
        withoutSub: true,
      }),
    );
  t.is((await short(7)).extFields?.IS_SUB_CHANGE, 'true', 'nothing is known of the group yet');
  t.is((await peer.heartbeat('g', { T: '*' }, { fingerprint: 7 })).extFields?.IS_SUB_CHANGE, 'false');
  t.is((await short(7)).extFields?.IS_SUB_CHANGE, 'false');
  const subscription = await peer.call(RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, { group: 'g', topic: 'T' });
  t.regex(subscription.body?.toString() ?? '', /"subString":"\*"/, 'the subscriptions stay');
  await connect().heartbeat('g', { T: 'A' }, { clientId: 'b', fingerprint: 8 });
  t.is((await short(7)).extFields?.IS_SUB_CHANGE, 'true', 'another member has others');
});

test('a heartbeat without a body or with a broken one is 1 and harms nobody', async (t) => {
  const { peer } = await startTestBroker(t);
  t.is((await peer.call(RequestCode.HEART_BEAT)).code, ResponseCode.SYSTEM_ERROR);
  t.is((await peer.call(RequestCode.HEART_BEAT, null, Buffer.from('{"clientID":'))).code, ResponseCode.SYSTEM_ERROR);
  t.is((await peer.heartbeat('g', { T: '*' })).code, ResponseCode.SUCCESS);
});

test('a filter by tags is fine, one by SQL92 is refused by name', async (t) => {
  const { peer } = await startTestBroker(t);
  const check = (type: string) =>
    peer.call(
      RequestCode.CHECK_CLIENT_CONFIG,
      null,
      encodeCheckClientRequestBody({
        clientId: 'a',
        group: 'g',
        subscriptionData: buildSubscriptionData('T', 'a > 1', type),
      }),
    );
  t.is((await check('TAG')).code, ResponseCode.SUCCESS);
  const sql = await check('SQL92');
  t.is(sql.code, ResponseCode.SYSTEM_ERROR);
  t.is(sql.remark, 'The broker does not support consumer to filter message by SQL92');
});
