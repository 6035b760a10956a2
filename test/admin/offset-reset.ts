import test from 'ava';
import { applyReset, planReset, type ResetRequest } from '../../src/admin/offset-reset.js';
import { resetByTime, resetOneQueue } from '../../src/admin/offset-reset-by-time.js';
import {
  encodeConsumerConnection,
  encodeConsumeStats,
  encodeResetOffsetBody,
  encodeSubscriptionGroupWrapper,
  encodeTopicStatsTable,
} from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { defaultSubscriptionGroupConfig } from '../../src/protocol/subscription-group-config.js';
import { BROKER_A, BROKER_B, clusterWire, type FakeWire, fakeSession } from '../helper/cli.js';

interface World {
  readonly wire: FakeWire;
  /** Committed offsets by `addr/queueId`. */
  readonly offsets: Map<string, number>;
}

/** Queues hold 10 to 50; offsets are committed by 15 and by 222. */
function world(options: { isServerSide?: boolean; isOnline?: boolean } = {}): World {
  const { isServerSide = true, isOnline = false } = options;
  const offsets = new Map<string, number>();
  const nameOf = (addr: string) => (addr === BROKER_A ? 'broker-a' : 'broker-b');
  const search = (timestamp: number) => (timestamp < 0 ? 50 : timestamp >= 1_700_000_000_000 ? 50 : 30);
  const wire = clusterWire()
    .on(RequestCode.GET_TOPIC_STATS_INFO, (_request, addr) => ({
      body: encodeTopicStatsTable({
        offsetTable: [0, 1].map((queueId) => ({
          mq: { topic: 'orders', brokerName: nameOf(addr), queueId },
          minOffset: 10,
          maxOffset: 50,
          lastUpdateTimestamp: 0,
        })),
        topicPutTps: 0,
      }),
    }))
    .on(RequestCode.GET_BROKER_CONFIG, () => ({
      body: Buffer.from(isServerSide ? 'useServerSideResetOffset=true\n' : 'brokerName=x\n'),
      extFields: { version: '{}' },
    }))
    .on(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, () => ({
      body: encodeSubscriptionGroupWrapper({
        subscriptionGroupTable: { g: defaultSubscriptionGroupConfig('g') },
        forbiddenTable: {},
        dataVersion: { counter: 0, timestamp: 0, stateVersion: 0 },
      }),
    }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () =>
      isOnline
        ? {
            body: encodeConsumerConnection({
              connectionSet: [{ clientId: 'c@1', clientAddr: '10.0.0.9:1', language: 'JAVA', version: 479 }],
              subscriptionTable: {},
              consumeType: 'CONSUME_PASSIVELY',
              messageModel: 'CLUSTERING',
              consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
            }),
          }
        : { code: ResponseCode.CONSUMER_NOT_ONLINE, remark: 'not online' },
    )
    .on(RequestCode.QUERY_CONSUMER_OFFSET, ({ extFields }, addr) => {
      const offset = offsets.get(`${addr}/${extFields?.queueId}`);
      return offset === undefined ? { code: ResponseCode.QUERY_NOT_FOUND } : { extFields: { offset: String(offset) } };
    })
    .on(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, ({ extFields }) => ({
      extFields: { offset: String(search(Number(extFields?.timestamp))) },
    }))
    .on(RequestCode.GET_MAX_OFFSET, () => ({ extFields: { offset: '50' } }))
    .on(RequestCode.UPDATE_CONSUMER_OFFSET, ({ extFields }, addr) => {
      offsets.set(`${addr}/${extFields?.queueId}`, Number(extFields?.commitOffset));
      return {};
    })
    .on(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, ({ extFields }, addr) => {
      const queueIds = extFields?.queueId === undefined ? [0, 1] : [Number(extFields.queueId)];
      const offset = Number(extFields?.offset ?? -1);
      const target = offset >= 0 ? offset : search(Number(extFields?.timestamp));
      for (const queueId of queueIds) offsets.set(`${addr}/${queueId}`, target);
      const offsetTable = queueIds.map((queueId) => ({
        mq: { topic: 'orders', brokerName: nameOf(addr), queueId },
        offset: target,
      }));
      return { body: encodeResetOffsetBody({ offsetTable }) };
    })
    .on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({
      body: encodeConsumeStats({
        consumeTps: 0,
        offsetTable: [...offsets]
          .filter(([key]) => key.startsWith(addr))
          .map(([key, consumerOffset]) => ({
            mq: { topic: 'orders', brokerName: nameOf(addr), queueId: Number(key.split('/')[1]) },
            brokerOffset: 50,
            consumerOffset,
            pullOffset: consumerOffset,
            lastTimestamp: 0,
          })),
      }),
    }));
  return { wire, offsets };
}

const request = (position: ResetRequest['position'], more: Partial<ResetRequest> = {}): ResetRequest => ({
  consumerGroup: 'g',
  topic: 'orders',
  position,
  ...more,
});

test('a plan counts what is replayed and what is skipped, and writes nothing', async (t) => {
  const { wire, offsets } = world();
  offsets.set(`${BROKER_A}/0`, 40);
  offsets.set(`${BROKER_A}/1`, 20);
  const plan = await planReset(fakeSession(wire), request({ kind: 'time', timestamp: 5 }));
  t.deepEqual(
    plan.queues.map(({ addr, queueId, before, target }) => [addr, queueId, before, target]),
    [
      [BROKER_A, 0, 40, 30],
      [BROKER_A, 1, 20, 30],
      [BROKER_B, 0, null, 30],
      [BROKER_B, 1, null, 30],
    ],
  );
  // Queues without an offset count from their oldest message.
  t.deepEqual([plan.replays, plan.skips], [10, 50]);
  t.is(
    wire.of(RequestCode.UPDATE_CONSUMER_OFFSET).length + wire.of(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET).length,
    0,
  );
});

test('a 5.x broker moves each queue to exactly the planned offset', async (t) => {
  const { wire, offsets } = world({ isOnline: true });
  const session = fakeSession(wire);
  const result = await applyReset(session, await planReset(session, request({ kind: 'before-end', count: 5 })));
  t.true(result.verified);
  t.deepEqual([...offsets.values()], [45, 45, 45, 45]);
  t.true(
    wire
      .of(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET)
      .every(({ fields }) => fields.offset === '45' && fields.queueId !== undefined),
  );
});

test('before 5.x the offsets of a group without members are committed', async (t) => {
  const { wire, offsets } = world({ isServerSide: false });
  const session = fakeSession(wire);
  const result = await applyReset(
    session,
    await planReset(session, request({ kind: 'queue-offset', queueOffset: 12 }, { broker: 'broker-b', queueId: 1 })),
  );
  t.true(result.verified);
  t.deepEqual([...offsets], [[`${BROKER_B}/1`, 12]]);
  t.is(wire.of(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET).length, 0);
});

test('before 5.x members are told by time, and only as a whole', async (t) => {
  const { wire } = world({ isServerSide: false, isOnline: true });
  const session = fakeSession(wire);
  const result = await applyReset(session, await planReset(session, request({ kind: 'end' })));
  t.true(result.verified);
  t.true(
    wire
      .of(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET)
      .every(({ fields }) => fields.timestamp === '-1' && fields.queueId === undefined),
  );
  await t.throwsAsync(planReset(session, request({ kind: 'before-end', count: 1 })), { message: /only as a whole/ });
  await t.throwsAsync(planReset(session, request({ kind: 'end' }, { queueId: 0 })), { message: /only as a whole/ });
});

const refusals: Array<[title: string, request: ResetRequest, code: string]> = [
  ['an offset below the queue', request({ kind: 'queue-offset', queueOffset: 9 }), 'USAGE'],
  ['an offset beyond the queue', request({ kind: 'queue-offset', queueOffset: 51 }), 'USAGE'],
  ['an unknown broker', request({ kind: 'end' }, { broker: 'broker-x' }), 'NOT_FOUND'],
  ['an unknown queue', request({ kind: 'end' }, { queueId: 9 }), 'NOT_FOUND'],
];
for (const [title, wrong, code] of refusals) {
  test(`${title} is refused with nothing written`, async (t) => {
    const { wire, offsets } = world();
    await t.throwsAsync(planReset(fakeSession(wire), wrong), { code });
    t.is(offsets.size, 0);
  });
}

test('a plan is whole or none', async (t) => {
  const { wire } = world();
  wire.down.add(BROKER_B);
  await t.throwsAsync(planReset(fakeSession(wire), request({ kind: 'end' })), { code: 'REMOTING_CONNECT' });
});

test('a group that a 5.x broker would refuse is not planned for', async (t) => {
  const plan = { ...request({ kind: 'end' }), consumerGroup: 'nobody' };
  await t.throwsAsync(planReset(fakeSession(world().wire), plan), {
    code: 'NOT_FOUND',
    message: 'there is no consumer group "nobody"',
  });
  t.is((await planReset(fakeSession(world({ isServerSide: false }).wire), plan)).queues.length, 4);
});

test('what reads back differently is not verified', async (t) => {
  const { wire } = world();
  const session = fakeSession(wire);
  const plan = await planReset(session, request({ kind: 'end' }));
  wire.on(RequestCode.QUERY_CONSUMER_OFFSET, () => ({ extFields: { offset: '11' } }));
  const result = await applyReset(session, plan);
  t.false(result.verified);
  t.true(result.queues.every(({ after, verified }) => after === 11 && !verified));
});

test('a member that has gone on from the target is fine', async (t) => {
  const { wire } = world({ isOnline: true });
  const session = fakeSession(wire);
  const plan = await planReset(session, request({ kind: 'start' }));
  wire.on(RequestCode.QUERY_CONSUMER_OFFSET, () => ({ extFields: { offset: '11' } }));
  t.true((await applyReset(session, plan)).verified);
});

test("Apache's reset asks the brokers by time", async (t) => {
  const { wire } = world();
  const result = await resetByTime(fakeSession(wire), {
    consumerGroup: 'g',
    topic: 'orders',
    timestamp: 5,
    isForce: true,
    isC: false,
  });
  t.is(result.kind, 'online');
  t.deepEqual(
    result.queues.map(({ brokerName, queueId }) => `${brokerName}/${queueId}`),
    ['broker-a/0', 'broker-a/1', 'broker-b/0', 'broker-b/1'],
  );
});

test("Apache's reset moves the brokers that answer and names the others", async (t) => {
  const { wire, offsets } = world();
  wire.silent.add(BROKER_B);
  const result = await resetByTime(fakeSession(wire), {
    consumerGroup: 'g',
    topic: 'orders',
    timestamp: -1,
    isForce: true,
    isC: false,
  });
  t.is(result.kind, 'online');
  t.deepEqual(
    result.unreachable.map(({ brokerName }) => brokerName),
    ['broker-b'],
  );
  t.is(offsets.get(`${BROKER_A}/0`), 50);
});

test("Apache's reset commits offsets itself when nobody is online, back only without force", async (t) => {
  const { wire, offsets } = world();
  offsets.set(`${BROKER_A}/0`, 40);
  offsets.set(`${BROKER_A}/1`, 20);
  wire.on(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, () => ({
    code: ResponseCode.CONSUMER_NOT_ONLINE,
    remark: 'offline',
  }));
  const reset = { consumerGroup: 'g', topic: 'orders', timestamp: 5, isForce: false, isC: false };
  const result = await resetByTime(fakeSession(wire), reset);
  t.is(result.kind, 'offline');
  t.is(offsets.get(`${BROKER_A}/0`), 30, 'moved back');
  t.is(offsets.get(`${BROKER_A}/1`), 20, 'not moved forward');
});

test('one queue is committed and reset, to offset 0 as well', async (t) => {
  const { wire, offsets } = world();
  const place = { brokerAddr: BROKER_A, consumerGroup: 'g', topic: 'orders', queueId: 1 };
  t.is(await resetOneQueue(fakeSession(wire), { ...place, place: { queueOffset: 0 } }), 0);
  t.is(offsets.get(`${BROKER_A}/1`), 0);
  t.is(await resetOneQueue(fakeSession(wire), { ...place, place: { timestamp: -1 } }), 50);
  t.is(await resetOneQueue(fakeSession(wire), { ...place, place: { timestamp: 5 } }), 30);
});

const targets = async (wire: FakeWire, position: ResetRequest['position']) => {
  const plan = await planReset(fakeSession(wire), request(position));
  return {
    moved: plan.queues.map(({ addr, queueId, target }) => [addr, queueId, target]),
    left: plan.left.map(({ brokerName, queueId }) => `${brokerName}/${queueId}`),
  };
};

test('a shift moves from where each queue is, and stays within what is stored', async (t) => {
  const { wire, offsets } = world();
  offsets.set(`${BROKER_A}/0`, 40).set(`${BROKER_A}/1`, 12).set(`${BROKER_B}/0`, 48);
  t.deepEqual((await targets(wire, { kind: 'shift', by: -5 })).moved, [
    [BROKER_A, 0, 35],
    [BROKER_A, 1, 10],
    [BROKER_B, 0, 43],
  ]);
  t.deepEqual((await targets(wire, { kind: 'shift', by: 5 })).left, ['broker-b/1']);
});

test('queues that a file does not name stay, and offsets that are gone become the oldest', async (t) => {
  const { wire } = world();
  const offsets = [{ brokerName: 'broker-b', queueId: 1, queueOffset: 3 }];
  const { moved, left } = await targets(wire, { kind: 'offsets', offsets });
  t.deepEqual(moved, [[BROKER_B, 1, 10]]);
  t.deepEqual(left, ['broker-a/0', 'broker-a/1', 'broker-b/0']);
});

test('without members a queue can be left without a committed offset, as it was before', async (t) => {
  const { wire, offsets } = world({ isServerSide: false });
  offsets.set(`${BROKER_A}/0`, 20);
  wire.on(RequestCode.QUERY_CONSUMER_OFFSET, ({ extFields }, addr) => {
    const offset = offsets.get(`${addr}/${extFields?.queueId}`) ?? -1;
    return offset < 0 ? { code: ResponseCode.QUERY_NOT_FOUND } : { extFields: { offset: String(offset) } };
  });
  const goal = { kind: 'offsets', offsets: [{ brokerName: 'broker-a', queueId: 0, queueOffset: null }] } as const;
  const session = fakeSession(wire);
  const result = await applyReset(session, await planReset(session, request(goal)));
  t.like(result, { verified: true, mode: 'offline', queues: [{ before: 20, target: null, after: null }] });
  t.is(offsets.get(`${BROKER_A}/0`), -1);
});
