import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { silentLogger } from '../../src/base/logger.js';
import { createBrokerConfig } from '../../src/broker/broker-config.js';
import type { MessageWriter } from '../../src/broker/message-writer.js';
import { ScheduleService } from '../../src/broker/schedule-service.js';
import type { MessageStore } from '../../src/broker/store/message-store.js';
import { decodeDelayOffsetSerializeWrapper } from '../../src/protocol/bodies.js';
import type { MessageExt } from '../../src/protocol/message.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { messagesOf, startTestBroker, type TestPeer } from '../helper/broker.js';
import { ManualClock } from '../helper/manual-clock.js';
import { turns, until } from '../helper/remoting.js';

const START = Date.UTC(2026, 0, 1);

async function delivered(peer: TestPeer, topic: string, queueId = 0): Promise<MessageExt[]> {
  return messagesOf(await peer.pull(topic, { queueId }));
}

/** Time goes on in small steps, so that reads and writes between the timers get their turns. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    await clock.advanceAsync(Math.min(100, left));
    await turns(3);
  }
}

test('a message of level 2 is delivered after five seconds and not before', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTestBroker(t, {}, { clock });
  await peer.createTopic('T', 2);
  await peer.send('T', 'later', { properties: { DELAY: '2', TAGS: 'A', UNIQ_KEY: 'K' }, header: { e: 1 } });
  await pass(clock, 4900);
  t.deepEqual(await delivered(peer, 'T', 1), []);
  await pass(clock, 400);
  const [message] = await delivered(peer, 'T', 1);
  t.is(message?.body.toString(), 'later');
  t.is(message?.msgId, 'K');
  t.is(message?.bornTimestamp, 1_700_000_000_000);
  t.true((message?.storeTimestamp ?? 0) >= START + 5000);
});

test('the delivered message still shows its delay but is not delayed again', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTestBroker(t, {}, { clock });
  await peer.createTopic('T', 1);
  await peer.send('T', 'x', { properties: { DELAY: '1', TAGS: 'A' } });
  await pass(clock, 2500);
  const [message] = await delivered(peer, 'T');
  t.like(Object.fromEntries(message?.properties ?? []), { DELAY: '1', REAL_TOPIC: 'T', REAL_QID: '0' });
  const tagged = await peer.pull('T', { subscription: 'A' });
  t.is(messagesOf(tagged).length, 1, 'the tag counts again, not the time of delivery');
  await pass(clock, 5000);
  t.is((await delivered(peer, 'T')).length, 1);
});

test('a delivered message counts as put into its topic', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTestBroker(t, {}, { clock });
  await peer.createTopic('T', 1);
  await peer.send('T', 'x', { properties: { DELAY: '1' } });
  await pass(clock, 2500);
  t.is((await delivered(peer, 'T')).length, 1);
  await pass(clock, 20_000);
  const key = { statsName: 'TOPIC_PUT_NUMS', statsKey: 'T' };
  const response = await peer.call(RequestCode.VIEW_BROKER_STATS_DATA, key);
  t.is(response.code, ResponseCode.SUCCESS, response.remark ?? '');
});

test('levels do not wait for each other and each keeps its order', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTestBroker(t, {}, { clock });
  await peer.createTopic('T', 1);
  await peer.send('T', 'slow', { properties: { DELAY: '4' } });
  for (const body of ['a', 'b', 'c']) await peer.send('T', body, { properties: { DELAY: '1' } });
  await pass(clock, 3000);
  t.deepEqual(
    (await delivered(peer, 'T')).map((message) => message.body.toString()),
    ['a', 'b', 'c'],
  );
});

test('more messages than one pass takes are all delivered', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTestBroker(t, {}, { clock });
  await peer.createTopic('T', 1);
  await Promise.all(Array.from({ length: 600 }, (_, i) => peer.send('T', `${i}`, { properties: { DELAY: '1' } })));
  await pass(clock, 3000);
  const max = await peer.call(RequestCode.GET_MAX_OFFSET, { topic: 'T', queueId: '0' });
  t.is(max.extFields?.offset, '600');
});

test('progress is written every ten seconds and a new start goes on from there', async (t) => {
  const clock = new ManualClock(START);
  const first = await startTestBroker(t, {}, { clock });
  const { peer, folder } = first;
  await peer.createTopic('T', 1);
  await peer.send('T', 'one', { properties: { DELAY: '1' } });
  await pass(clock, 12_000);
  const path = join(folder, 'config', 'delayOffset.json');
  await until(() => existsSync(path));
  const text = await readFile(path, 'utf8');
  t.is(decodeDelayOffsetSerializeWrapper(Buffer.from(text)).offsetTable.get(1), 1);
  await peer.send('T', 'two', { properties: { DELAY: '1' } });
  await first.broker.shutdown();

  const second = await startTestBroker(t, {}, { clock, folder });
  await pass(clock, 3000);
  t.deepEqual(
    (await delivered(second.peer, 'T')).map((message) => message.body.toString()),
    ['one', 'two'],
  );
  const runtime = await second.peer.call(RequestCode.GET_BROKER_RUNTIME_INFO);
  t.is(JSON.parse(runtime.body?.toString() ?? '').table.scheduleMessageOffset_1, '2,2');
});

test('the offsets of levels are told on demand', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTestBroker(t, {}, { clock });
  await peer.send('T', 'x', { properties: { DELAY: '1' } });
  await pass(clock, 3000);
  const response = await peer.call(RequestCode.GET_ALL_DELAY_OFFSET);
  t.is(response.code, ResponseCode.SUCCESS);
  t.is(decodeDelayOffsetSerializeWrapper(response.body).offsetTable.get(1), 1);
});

test('large messages are taken a few at a time', async (t) => {
  const clock = new ManualClock(START);
  const units = Array.from({ length: 9 }, (_, i) => ({
    queueOffset: i,
    physicalOffset: i * 3_000_000,
    size: 3_000_000,
    tagsCode: START,
    lostExtAddress: null,
  }));
  const looked: number[] = [];
  const store = {
    minOffset: () => 0,
    maxOffset: () => units.length,
    queueUnits: (_topic: string, queueId: number, from: number, count: number) =>
      queueId === 0 ? units.slice(from, from + count) : [],
    lookMessage: async (physicalOffset: number) => {
      looked.push(physicalOffset / 3_000_000);
      return null;
    },
  } as unknown as MessageStore;
  const writer = { delayLevels: [1_000] } as unknown as MessageWriter;
  const service = new ScheduleService({
    config: createBrokerConfig({}),
    clock,
    logger: silentLogger,
    store,
    writer,
    stats: { put: () => {} },
  });
  service.start();
  await clock.advanceAsync(1_000);
  t.deepEqual(looked, [0, 1]);
  await clock.advanceAsync(10);
  t.deepEqual(looked, [0, 1, 2, 3, 4, 5, 6, 7, 8], 'and goes on at once');
  await service.stop();
});

test('when time runs faster a level is that much shorter', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTestBroker(t, { timeScale: 100 }, { clock });
  await peer.createTopic('T', 1);
  await peer.send('T', 'an hour', { properties: { DELAY: '17' } });
  await pass(clock, 35_900);
  t.deepEqual(await delivered(peer, 'T'), []);
  await pass(clock, 200);
  t.is((await delivered(peer, 'T')).length, 1);
});
