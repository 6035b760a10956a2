import test from 'ava';
import type { HeartbeatResult } from '../../src/client/api/member-api.js';
import { HeartbeatsV2, heartbeatFingerprint } from '../../src/client/heartbeat-v2.js';
import type { HeartbeatData } from '../../src/protocol/bodies.js';
import { buildSubscriptionData } from '../../src/protocol/filter.js';

function heartbeat(expression: string, subVersion = 1, clientID = 'c1'): HeartbeatData {
  return {
    clientID,
    producerDataSet: [],
    consumerDataSet: [
      {
        groupName: 'g',
        consumeType: 'CONSUME_PASSIVELY',
        messageModel: 'CLUSTERING',
        consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
        subscriptionDataSet: [buildSubscriptionData('orders', expression, 'TAG', subVersion)],
        unitMode: false,
      },
    ],
    heartbeatFingerprint: 0,
    withoutSub: false,
  };
}

/** A broker that answers with `answer`. */
function broker(answer: Partial<HeartbeatResult> = {}) {
  const received: HeartbeatData[] = [];
  const state = { answer: { version: 1, supportsV2: true, isSubChange: false, ...answer } };
  const send = async (data: HeartbeatData): Promise<HeartbeatResult> => {
    received.push(data);
    return state.answer;
  };
  return { received, send, state, kinds: () => received.map(({ withoutSub }) => (withoutSub ? 'short' : 'full')) };
}

test('the fingerprint depends on groups and subscriptions, not on client and time', (t) => {
  const first = heartbeatFingerprint(heartbeat('A'));
  t.is(heartbeatFingerprint(heartbeat('A', 99, 'c2')), first);
  t.not(heartbeatFingerprint(heartbeat('B')), first);
  t.not(first, 0);
});

test('subscriptions are left out once the broker has them', async (t) => {
  const { received, send, kinds } = broker();
  const heartbeats = new HeartbeatsV2();
  for (let i = 0; i < 3; i++) await heartbeats.send('b', heartbeat('A'), send);
  t.deepEqual(kinds(), ['full', 'short', 'short']);
  t.deepEqual(received[1]?.consumerDataSet[0]?.subscriptionDataSet, []);
  t.is(received[1]?.heartbeatFingerprint, received[0]?.heartbeatFingerprint);
  await heartbeats.send('b', heartbeat('A', 2), send);
  await heartbeats.send('other', heartbeat('A', 2), send);
  await heartbeats.send('b', heartbeat('A || B', 2), send);
  t.deepEqual(kinds().slice(3), ['full', 'full', 'full']);
});

test('a broker that lost them or knows no short heartbeats gets full ones', async (t) => {
  const old = broker({ supportsV2: false });
  const heartbeats = new HeartbeatsV2();
  for (let i = 0; i < 2; i++) await heartbeats.send('old', heartbeat('A'), old.send);
  t.deepEqual(old.kinds(), ['full', 'full']);
  const restarted = broker();
  await heartbeats.send('b', heartbeat('A'), restarted.send);
  restarted.state.answer = { ...restarted.state.answer, isSubChange: true };
  for (let i = 0; i < 2; i++) await heartbeats.send('b', heartbeat('A'), restarted.send);
  t.deepEqual(restarted.kinds(), ['full', 'short', 'full']);
});

test('a heartbeat that failed is followed by a full one', async (t) => {
  const { send, kinds } = broker();
  const heartbeats = new HeartbeatsV2();
  await heartbeats.send('b', heartbeat('A'), send);
  await t.throwsAsync(heartbeats.send('b', heartbeat('A'), () => Promise.reject(new Error('down'))));
  await heartbeats.send('b', heartbeat('A'), send);
  t.deepEqual(kinds(), ['full', 'full']);
});
