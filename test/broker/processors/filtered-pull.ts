import test from 'ava';
import type { SubscriptionData } from '../../../src/protocol/bodies.js';
import { decodeQueryConsumeQueueResponseBody, encodeCheckClientRequestBody } from '../../../src/protocol/bodies.js';
import { buildSubscriptionData } from '../../../src/protocol/filter.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { messagesOf, type PullOptions, startTestBroker, type TestPeer } from '../../helper/broker.js';
import { ManualClock } from '../../helper/manual-clock.js';

const SQL = { enablePropertyFilter: true };

function sql(expression: string, subVersion = 1): SubscriptionData {
  return buildSubscriptionData('orders', expression, 'SQL92', subVersion);
}

async function subscribe(peer: TestPeer, expression: string, subVersion = 1): Promise<void> {
  await peer.heartbeat('g', {}, { data: { subscriptionDataSet: [sql(expression, subVersion)] } });
}

const pullOf = (options: PullOptions = {}): PullOptions => ({
  group: 'g',
  subscription: null,
  subVersion: 1,
  ...options,
});

async function sendNumbers(peer: TestPeer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await peer.send('orders', `m${i}`, { properties: { a: String(i) } });
}

function bodies(response: Parameters<typeof messagesOf>[0]): string[] {
  return messagesOf(response).map(({ body }) => body.toString());
}

test('a pull takes what its selector matches, and goes on behind what it looked at', async (t) => {
  const { peer } = await startTestBroker(t, SQL);
  await peer.createTopic('orders', 1);
  await sendNumbers(peer, 10);
  await subscribe(peer, 'a BETWEEN 3 AND 5');
  const found = await peer.pull('orders', pullOf());
  t.is(found.code, ResponseCode.SUCCESS);
  t.deepEqual(bodies(found), ['m3', 'm4', 'm5']);
  t.is(found.extFields?.nextBeginOffset, '10');
  const two = await peer.pull('orders', pullOf({ maxMsgNums: 2 }));
  t.deepEqual(bodies(two), ['m3', 'm4']);
  t.is(two.extFields?.nextBeginOffset, '5');
  const none = await peer.pull('orders', pullOf({ offset: 6 }));
  t.is(none.code, ResponseCode.PULL_RETRY_IMMEDIATELY);
  t.is(none.remark, 'NO_MATCHED_MESSAGE');
  t.is(none.extFields?.nextBeginOffset, '10');
  t.is((await peer.pull('orders', pullOf({ offset: 10 }))).code, ResponseCode.PULL_NOT_FOUND);
  t.is((await peer.pull('orders', pullOf({ offset: 12 }))).code, ResponseCode.PULL_OFFSET_MOVED);
});

test('a pull looks no further than maxFilterMessageSize of its queue', async (t) => {
  const { peer } = await startTestBroker(t, { ...SQL, maxFilterMessageSize: 100 * 20 });
  await peer.createTopic('orders', 1);
  await Promise.all(Array.from({ length: 250 }, () => peer.send('orders', 'x', { properties: { a: '1' } })));
  await subscribe(peer, 'a > 1');
  const offsets: string[] = [];
  for (let offset = 0; offset < 250; ) {
    const none = await peer.pull('orders', pullOf({ offset }));
    offset = Number(none.extFields?.nextBeginOffset);
    offsets.push(`${none.remark} ${offset}`);
  }
  t.deepEqual(offsets, ['NO_MATCHED_MESSAGE 100', 'NO_MATCHED_MESSAGE 200', 'NO_MATCHED_MESSAGE 250']);
});

test('a selector that travels with the pull counts for that pull', async (t) => {
  const { peer } = await startTestBroker(t, SQL);
  await peer.createTopic('orders', 1);
  await sendNumbers(peer, 5);
  const found = await peer.pull('orders', { subscription: "a IN ('1', '4')", expressionType: 'SQL92' });
  t.deepEqual(bodies(found), ['m1', 'm4']);
  const refused = await peer.pull('orders', { subscription: 'a IN (1)', expressionType: 'SQL92' });
  t.is(refused.code, ResponseCode.SUBSCRIPTION_PARSE_FAILED);
  t.is(refused.remark, "parse the consumer's subscription failed");
});

test('a waiting pull is woken by a message that it wants, not by others', async (t) => {
  const { peer, connect } = await startTestBroker(t, SQL);
  await peer.createTopic('orders', 1);
  await subscribe(peer, 'a > 5');
  const state = { isAnswered: false };
  const other = connect();
  const waiting = other.pull('orders', pullOf({ suspendMs: 20_000 })).finally(() => {
    state.isAnswered = true;
  });
  // Answered after the other began to wait.
  await other.pull('orders', pullOf());
  await sendNumbers(peer, 5);
  t.false(state.isAnswered);
  await peer.send('orders', 'wanted', { properties: { a: '6' } });
  t.deepEqual(bodies(await waiting), ['wanted']);
});

test('pulls are refused while the broker has no filter, or an older one', async (t) => {
  const { peer } = await startTestBroker(t, SQL);
  await peer.createTopic('orders', 1);
  await subscribe(peer, 'a >');
  const wrong = await peer.pull('orders', pullOf());
  t.is(wrong.code, ResponseCode.FILTER_DATA_NOT_EXIST);
  t.is(wrong.remark, "The broker's consumer filter data is not exist!Your expression may be wrong!");
  await subscribe(peer, 'a > 1', 2);
  const old = await peer.pull('orders', pullOf({ subVersion: 3 }));
  t.is(old.code, ResponseCode.SUBSCRIPTION_NOT_LATEST);
});

test('without enablePropertyFilter selectors are refused', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('orders', 1);
  await subscribe(peer, 'a > 1');
  const remark = 'The broker does not support consumer to filter message by SQL92';
  const pulled = await peer.pull('orders', pullOf());
  t.is(pulled.code, ResponseCode.SYSTEM_ERROR);
  t.is(pulled.remark, remark);
  const body = encodeCheckClientRequestBody({ clientId: 'c', group: 'g', subscriptionData: sql('a > 1') });
  const checked = await peer.call(RequestCode.CHECK_CLIENT_CONFIG, null, body);
  t.is(checked.code, ResponseCode.SYSTEM_ERROR);
  t.is(checked.remark, remark);
});

test('a client learns what is wrong with its selector', async (t) => {
  const { peer } = await startTestBroker(t, SQL);
  const check = (subscriptionData: SubscriptionData) =>
    peer.call(
      RequestCode.CHECK_CLIENT_CONFIG,
      null,
      encodeCheckClientRequestBody({ clientId: 'c', group: 'g', subscriptionData }),
    );
  t.is((await check(sql('a > 1'))).code, ResponseCode.SUCCESS);
  t.is((await check(buildSubscriptionData('orders', 'A', 'TAG', 1))).code, ResponseCode.SUCCESS);
  const wrong = await check(sql("a > 'x'"));
  t.is(wrong.code, ResponseCode.SUBSCRIPTION_PARSE_FAILED);
  t.is(wrong.remark, "java.lang.RuntimeException: Value ''x'' cannot be compared.");
  const unknown = await check(buildSubscriptionData('orders', 'a', 'XPATH', 1));
  t.is(unknown.code, ResponseCode.SUBSCRIPTION_PARSE_FAILED);
});

test('filters of groups survive a restart', async (t) => {
  const first = await startTestBroker(t, SQL);
  await first.peer.createTopic('orders', 1);
  await sendNumbers(first.peer, 5);
  await subscribe(first.peer, 'a > 3');
  await first.broker.shutdown();
  const second = await startTestBroker(t, SQL, { folder: first.folder });
  await second.peer.heartbeat('g', {}, { data: { subscriptionDataSet: [sql('a > 3')] } });
  t.deepEqual(bodies(await second.peer.pull('orders', pullOf())), ['m4']);
});

test('what nobody wants is told by the extensions of consume-queue units', async (t) => {
  const settings = { ...SQL, enableConsumeQueueExt: true, enableCalcFilterBitMap: true };
  const clock = new ManualClock();
  const { peer } = await startTestBroker(t, settings, { clock });
  await peer.createTopic('orders', 1);
  await peer.send('orders', 'early', { properties: { a: '9' } });
  await subscribe(peer, 'a > 7');
  clock.advance(5);
  await sendNumbers(peer, 10);
  const found = await peer.pull('orders', pullOf());
  t.deepEqual(bodies(found), ['early', 'm8', 'm9']);
  const header = { topic: 'orders', queueId: '0', index: '0', count: '20', consumerGroup: 'g' };
  const { body } = await peer.call(RequestCode.QUERY_CONSUME_QUEUE, header);
  const { queueData, filterData } = decodeQueryConsumeQueueResponseBody(body ?? Buffer.alloc(0));
  t.deepEqual(
    queueData.map((unit) => unit.eval),
    [true, ...Array.from({ length: 10 }, (_, n) => n > 7)],
    'the first was stored before the group came',
  );
  t.regex(filterData ?? '', /"expression":"a > 7"/);
  // 112 bits for 32 groups at 20 %: fourteen bytes, a new line behind the ninth and the first.
  t.is(queueData[1]?.bitMap, `${'0'.repeat(48)}\n${'0'.repeat(64)}\n`);
  t.regex(queueData[9]?.bitMap ?? '', /1/);
  const { filterBitMap, size, tagsCode } = JSON.parse(queueData[9]?.extendDataJson ?? '');
  t.is(Buffer.from(filterBitMap, 'base64').length, 14);
  t.is(size, 34);
  t.is(tagsCode, 0);
});
