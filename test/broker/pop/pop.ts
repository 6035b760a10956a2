/** Pop consumption over a socket. Answers and times were compared with a broker of RocketMQ 5.3.3. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { BrokerConfig } from '../../../src/broker/broker-config.js';
import { bitSetOf, encodeBatchAckMessageRequestBody } from '../../../src/protocol/bodies.js';
import { decodeHeader, encodeHeader, type HeaderOf } from '../../../src/protocol/header-schema.js';
import {
  AckMessageRequestHeader,
  ChangeInvisibleTimeRequestHeader,
  ChangeInvisibleTimeResponseHeader,
  NotificationRequestHeader,
  PopMessageRequestHeader,
  PopMessageResponseHeader,
} from '../../../src/protocol/headers.js';
import type { MessageExt } from '../../../src/protocol/message.js';
import { formatPopHandle, parseMsgOffsetInfo } from '../../../src/protocol/pop-handle.js';
import type { RemotingCommand } from '../../../src/protocol/remoting-command.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { messagesOf, startTestBroker, type TestPeer } from '../../helper/broker.js';

const TOPIC = 'orders';
const GROUP = 'workers';

type PopHeader = HeaderOf<typeof PopMessageRequestHeader>;

function pop(peer: TestPeer, header: Partial<PopHeader> = {}): Promise<RemotingCommand> {
  const fields = {
    consumerGroup: GROUP,
    topic: TOPIC,
    queueId: -1,
    maxMsgNums: 32,
    invisibleTime: 60_000,
    pollTime: 0,
    bornTime: 0,
    initMode: 0,
    ...header,
  };
  return peer.call(RequestCode.POP_MESSAGE, encodeHeader(PopMessageRequestHeader, fields));
}

function bodies(response: RemotingCommand): string[] {
  return messagesOf(response).map(({ body }) => body.toString());
}

/** The handle of a message as a client makes it. */
function handleOf(response: RemotingCommand, message: MessageExt): string {
  const { popTime, invisibleTime, reviveQid, startOffsetInfo } = decodeHeader(
    PopMessageResponseHeader,
    response.extFields,
  );
  const { queueId, queueOffset } = message;
  const start = startOffsetInfo?.split(';').find((entry) => entry.startsWith(`0 ${queueId} `));
  const ckQueueOffset = Number(start?.split(' ')[2]);
  const retry = '0' as const;
  const brokerName = 'broker-a';
  return formatPopHandle({
    ckQueueOffset,
    popTime,
    invisibleTime,
    reviveQid,
    retry,
    brokerName,
    queueId,
    queueOffset,
  });
}

function ack(peer: TestPeer, response: RemotingCommand, message: MessageExt, group = GROUP): Promise<RemotingCommand> {
  const { queueId, queueOffset: offset } = message;
  const fields = { consumerGroup: group, topic: TOPIC, queueId, offset, extraInfo: handleOf(response, message) };
  return peer.call(RequestCode.ACK_MESSAGE, encodeHeader(AckMessageRequestHeader, fields));
}

async function startBroker(t: Parameters<typeof startTestBroker>[0], overrides: Partial<BrokerConfig> = {}, sent = 3) {
  // Otherwise one pop in five looks at the retry topic first, and orders of messages are left to chance.
  const started = await startTestBroker(t, { popFromRetryProbability: 0, ...overrides });
  const { peer } = started;
  await peer.createTopic(TOPIC, 1);
  for (let i = 0; i < sent; i++)
    await peer.send(TOPIC, `m${i}`, { header: { e: 0 }, properties: { TAGS: `t${i % 2}` } });
  return started;
}

test('what was popped is invisible to the group, and visible to others', async (t) => {
  const { peer } = await startBroker(t);
  const first = await pop(peer, { maxMsgNums: 2 });
  t.is(first.code, ResponseCode.SUCCESS);
  t.deepEqual(bodies(first), ['m0', 'm1']);
  t.deepEqual([...parseMsgOffsetInfo(first.extFields?.msgOffsetInfo)], [['0@0', [0, 1]]]);
  t.is(first.extFields?.restNum, '1');
  t.deepEqual(bodies(await pop(peer)), ['m2']);
  t.is((await pop(peer)).code, ResponseCode.POLLING_TIMEOUT);
  t.deepEqual(bodies(await pop(peer, { consumerGroup: 'auditors' })), ['m0', 'm1', 'm2']);
});

test('messages come back by the retry topic when their time is over, acknowledged ones do not', async (t) => {
  const { peer } = await startBroker(t);
  const first = await pop(peer, { invisibleTime: 1000 });
  const [m0, m1] = messagesOf(first) as [MessageExt, MessageExt];
  t.is((await ack(peer, first, m0)).code, ResponseCode.SUCCESS);
  t.is((await ack(peer, first, m1)).code, ResponseCode.SUCCESS);
  let back = await pop(peer, { pollTime: 500, bornTime: Date.now() });
  while (back.code !== ResponseCode.SUCCESS) back = await pop(peer, { pollTime: 500, bornTime: Date.now() });
  const [again] = messagesOf(back) as [MessageExt];
  t.deepEqual(bodies(back), ['m2']);
  t.is(again.topic, TOPIC);
  t.is(again.reconsumeTimes, 1);
  t.is(again.properties.get('1ST_POP_TIME'), first.extFields?.popTime);
  t.regex(again.properties.get('POP_CK') ?? '', /^0 \d+ 60000 [0-7] 1 broker-a 0 0$/);
});

test('a changed invisible time brings a message back then, under its new handle', async (t) => {
  const { peer } = await startBroker(t, {}, 1);
  const first = await pop(peer, { invisibleTime: 600_000 });
  const [message] = messagesOf(first) as [MessageExt];
  const response = await peer.call(
    RequestCode.CHANGE_MESSAGE_INVISIBLETIME,
    encodeHeader(ChangeInvisibleTimeRequestHeader, {
      consumerGroup: GROUP,
      topic: TOPIC,
      queueId: 0,
      offset: 0,
      extraInfo: handleOf(first, message),
      invisibleTime: 1000,
    }),
  );
  t.is(response.code, ResponseCode.SUCCESS);
  const { popTime, invisibleTime } = decodeHeader(ChangeInvisibleTimeResponseHeader, response.extFields);
  t.is(invisibleTime, 1000);
  t.true(popTime >= Number(first.extFields?.popTime));
  let back = await pop(peer, { pollTime: 500, bornTime: Date.now() });
  while (back.code !== ResponseCode.SUCCESS) back = await pop(peer, { pollTime: 500, bornTime: Date.now() });
  t.deepEqual(bodies(back), ['m0']);
});

test('several acks in one request count for their pop alone', async (t) => {
  const { peer, broker, folder } = await startBroker(t, { enablePopBufferMerge: true });
  const first = await pop(peer);
  const { popTime, invisibleTime, reviveQid } = decodeHeader(PopMessageResponseHeader, first.extFields);
  const batch = (indexes: number[]) =>
    peer.call(
      RequestCode.BATCH_ACK_MESSAGE,
      null,
      encodeBatchAckMessageRequestBody({
        brokerName: 'broker-a',
        acks: [
          {
            consumerGroup: GROUP,
            topic: TOPIC,
            retry: '0',
            startOffset: 0,
            queueId: 0,
            reviveQueueId: reviveQid,
            popTime,
            invisibleTime,
            bitSet: bitSetOf(indexes),
          },
        ],
      }),
    );
  t.is((await batch([0, 1])).code, ResponseCode.SUCCESS);
  t.is((await batch([2])).code, ResponseCode.SUCCESS);
  await broker.shutdown();
  const offsets = await readFile(join(folder, 'config/consumerOffset.json'), 'utf8');
  t.regex(offsets, /"orders@workers":\{0:3/);
});

test('a group without acks goes on behind its pops after a restart, as their check points are stored', async (t) => {
  const { peer, broker, folder } = await startBroker(t);
  await pop(peer, { maxMsgNums: 2 });
  await broker.shutdown();
  const again = await startTestBroker(t, { popFromRetryProbability: 0 }, { folder });
  t.deepEqual(bodies(await pop(again.peer)), ['m2']);
});

test('a pop waits for a message, and of two the one whose poll ends first gets it', async (t) => {
  const { peer, connect } = await startBroker(t, {}, 0);
  const bornTime = Date.now();
  const late = pop(peer, { pollTime: 15_000, bornTime });
  const soon = pop(connect(), { pollTime: 14_000, bornTime });
  const waiting = { consumerGroup: GROUP, topic: TOPIC, queueId: '-1' };
  while ((await peer.call(RequestCode.POLLING_INFO, waiting)).extFields?.pollingNum !== '2');
  await peer.send(TOPIC, 'first', { header: { e: 0 } });
  t.deepEqual(bodies(await soon), ['first']);
  await peer.send(TOPIC, 'second', { header: { e: 0 } });
  t.deepEqual(bodies(await late), ['second']);
});

test('a pop that finds nothing is answered when its poll ends', async (t) => {
  const { peer } = await startBroker(t, {}, 0);
  const answer = await pop(peer, { pollTime: 300, bornTime: Date.now() });
  t.is(answer.code, ResponseCode.POLLING_TIMEOUT);
  t.is(answer.body, null);
});

test('messages of other tags are passed over for good', async (t) => {
  const { peer } = await startBroker(t);
  t.deepEqual(bodies(await pop(peer, { exp: 't1', expType: 'TAG' })), ['m1']);
  t.is((await pop(peer)).code, ResponseCode.POLLING_TIMEOUT);
});

test('a pop with a selector waits through messages that it does not take', async (t) => {
  const { peer, connect } = await startBroker(t, { enablePropertyFilter: true }, 0);
  const waiting = pop(connect(), { pollTime: 30_000, exp: 'colour = 1', expType: 'SQL92' });
  const polling = { consumerGroup: GROUP, topic: TOPIC, queueId: '-1' };
  while ((await peer.call(RequestCode.POLLING_INFO, polling)).extFields?.pollingNum !== '1');
  const send = (body: string, colour: string) => peer.send(TOPIC, body, { header: { e: 0 }, properties: { colour } });
  await send('unwanted', '2');
  await send('wanted', '1');
  const response = await waiting;
  t.deepEqual(bodies(response), ['wanted']);
  t.is(response.extFields?.reviveQid, '1', 'revive queues take turns: it ran when it came, and once more');
});

test('in order, a queue gives nothing more until the last pop is done', async (t) => {
  const { peer } = await startBroker(t);
  const order = { order: true, queueId: 0, maxMsgNums: 2, attemptId: 'a' };
  const first = await pop(peer, order);
  t.deepEqual(bodies(first), ['m0', 'm1']);
  t.is(first.extFields?.reviveQid, '999');
  t.is(first.extFields?.orderCountInfo, '0 0 0');
  t.is((await pop(peer, { ...order, attemptId: 'b' })).code, ResponseCode.POLLING_TIMEOUT);
  const [m0, m1] = messagesOf(first) as [MessageExt, MessageExt];
  await ack(peer, first, m0);
  const waiting = pop(peer, { ...order, attemptId: 'b', pollTime: 10_000, bornTime: Date.now() });
  await ack(peer, first, m1);
  t.deepEqual(bodies(await waiting), ['m2']);
});

test('in order, an ack of a message that the pop did not give is refused', async (t) => {
  const { peer } = await startBroker(t);
  const first = await pop(peer, { order: true, queueId: 0, maxMsgNums: 1 });
  const [m0] = messagesOf(first) as [MessageExt];
  const wrong = await ack(peer, first, { ...m0, queueOffset: 2 });
  t.is(wrong.code, ResponseCode.MESSAGE_ILLEGAL);
  t.regex(wrong.remark ?? '', /^offset is illegal, key:orders@workers@0, old:0, commit:2, next:-1, /);
});

test('a pop in order survives a restart', async (t) => {
  const { peer, broker, folder } = await startBroker(t);
  const order = { order: true, queueId: 0, maxMsgNums: 2 };
  const first = await pop(peer, order);
  const [m0, m1] = messagesOf(first) as [MessageExt, MessageExt];
  await broker.shutdown();
  const again = await startTestBroker(t, { popFromRetryProbability: 0 }, { folder });
  t.is((await pop(again.peer, order)).code, ResponseCode.POLLING_TIMEOUT);
  await ack(again.peer, first, m0);
  await ack(again.peer, first, m1);
  t.deepEqual(bodies(await pop(again.peer, order)), ['m2']);
});

test('a notification tells at once of what is there, and later of what comes', async (t) => {
  const { peer } = await startBroker(t, {}, 1);
  const ask = (pollTime: number) =>
    peer.call(
      RequestCode.NOTIFICATION,
      encodeHeader(NotificationRequestHeader, {
        consumerGroup: GROUP,
        topic: TOPIC,
        queueId: -1,
        pollTime,
        bornTime: Date.now(),
      }),
    );
  t.is((await ask(0)).extFields?.hasMsg, 'true');
  await pop(peer);
  t.is((await ask(0)).extFields?.hasMsg, 'false');
  const waiting = ask(10_000);
  await peer.send(TOPIC, 'new', { header: { e: 0 } });
  t.is((await waiting).extFields?.hasMsg, 'true');
});

test('a reset takes pops back that nobody acknowledged', async (t) => {
  const { peer, broker } = await startBroker(t);
  await pop(peer);
  t.is((await pop(peer)).code, ResponseCode.POLLING_TIMEOUT);
  const reset = await peer.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, {
    topic: TOPIC,
    group: GROUP,
    timestamp: '-1',
    isForce: 'true',
    queueId: '0',
    offset: '1',
  });
  t.is(reset.code, ResponseCode.SUCCESS, reset.remark ?? '');
  t.deepEqual(bodies(await pop(peer)), ['m1', 'm2']);
  t.is(broker.config.useServerSideResetOffset, true);
});

const REFUSED: [string, Partial<PopHeader>, number, string][] = [
  ['more than 32 messages', { maxMsgNums: 33 }, 29, "the broker[127.0.0.1] pop message's num is greater than 32"],
  ['an unknown topic', { topic: 'nix' }, 17, 'topic[nix] not exist, apply first please!'],
  ['a queue that is none', { queueId: 1 }, 29, 'queueId[1] is illegal, topic:[orders] topicConfig.readQueueNums:[1]'],
  ['a poll that is over', { bornTime: 1, pollTime: 1 }, 210, 'the broker[127.0.0.1] pop message is timeout too much'],
  ['an expression that does not parse', { exp: '||', expType: 'TAG' }, 23, "parse the consumer's subscription failed"],
];
for (const [what, header, code, remark] of REFUSED) {
  test(`refused: ${what}`, async (t) => {
    const { peer } = await startBroker(t, {}, 0);
    const response = await pop(peer, header);
    t.is(response.code, code);
    t.true(response.remark?.startsWith(remark), response.remark ?? '');
    t.is(response.extFields?.popTime, '0');
  });
}

test('a handle that is none is an error of its request alone', async (t) => {
  const { peer } = await startBroker(t);
  const fields = { consumerGroup: GROUP, topic: TOPIC, queueId: 0, offset: 0, extraInfo: 'nonsense' };
  const response = await peer.call(RequestCode.ACK_MESSAGE, encodeHeader(AckMessageRequestHeader, fields));
  t.is(response.code, ResponseCode.SYSTEM_ERROR);
  t.regex(response.remark ?? '', /pop handle "nonsense"/);
  t.is((await pop(peer)).code, ResponseCode.SUCCESS);
});
