import {
  closeSync,
  cpSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { BrokerConfig } from '../../src/broker/broker-config.js';
import { decodeTimerCheckpoint } from '../../src/broker/store/timer-checkpoint.js';
import { timerPrecisionMs } from '../../src/broker/timer-service.js';
import { decodeTimerMetricsSerializeWrapper } from '../../src/protocol/bodies.js';
import type { MessageExt } from '../../src/protocol/message.js';
import { decodeRecallHandle } from '../../src/protocol/recall-handle.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { messagesOf, startTestBroker, type TestBroker, type TestPeer } from '../helper/broker.js';
import { ManualClock } from '../helper/manual-clock.js';
import { turns, until } from '../helper/remoting.js';

const START = Date.UTC(2026, 0, 1);
const TIMER_TOPIC = 'rmq_sys_wheel_timer';
/** Files of a few units, so that tests cross their borders. */
const SMALL_TIMER: Partial<BrokerConfig> = { mappedFileSizeTimerLog: 52 * 4 + 30, recallMessageEnable: true };

/** Time goes on in small steps, so that reads and writes between the timers get their turns. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    await clock.advanceAsync(Math.min(100, left));
    await turns(3);
  }
}

async function bodies(peer: TestPeer, topic = 'T', queueId = 0): Promise<string[]> {
  return messagesOf(await peer.pull(topic, { queueId })).map((message) => message.body.toString());
}

async function delivered(peer: TestPeer, topic = 'T'): Promise<MessageExt[]> {
  return messagesOf(await peer.pull(topic));
}

function sendLater(peer: TestPeer, body: string, delaySec: number, properties: Record<string, string> = {}) {
  return peer.send('T', body, { properties: { TIMER_DELAY_SEC: String(delaySec), UNIQ_KEY: body, ...properties } });
}

async function startTimer(
  t: ExecutionContext,
  clock: ManualClock,
  config: Partial<BrokerConfig> = {},
  folder?: string,
): Promise<TestBroker> {
  const started = await startTestBroker(t, { ...SMALL_TIMER, ...config }, folder ? { clock, folder } : { clock });
  if (!folder) await started.peer.createTopic('T', 1);
  return started;
}

async function runtime(peer: TestPeer): Promise<Record<string, string>> {
  const response = await peer.call(RequestCode.GET_BROKER_RUNTIME_INFO);
  return JSON.parse(response.body?.toString() ?? '').table;
}

async function pending(peer: TestPeer): Promise<number | undefined> {
  const response = await peer.call(RequestCode.GET_TIMER_METRICS);
  return decodeTimerMetricsSerializeWrapper(response.body).timingCount.T?.count;
}

/** What the folder holds at this moment, as a killed broker would leave it. */
async function killedCopy(t: ExecutionContext, folder: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'mqadmin-timer-'));
  t.teardown(() => rm(copy, { recursive: true, force: true }));
  cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith('.lock') });
  return copy;
}

test('a timer message is delivered at its time, not before, and shows what it was', async (t) => {
  const clock = new ManualClock(START + 250);
  const { peer } = await startTimer(t, clock);
  const sent = await peer.send('T', 'later', {
    properties: { TIMER_DELIVER_MS: String(START + 7300), TAGS: 'A', UNIQ_KEY: 'K' },
  });
  t.is(sent.code, ResponseCode.SUCCESS);
  await pass(clock, 7600);
  t.deepEqual(await bodies(peer), [], 'the second that 7.3 lies in is not over');
  await pass(clock, 200);
  const [message] = await delivered(peer);
  t.is(message?.body.toString(), 'later');
  t.like(Object.fromEntries(message?.properties ?? []), {
    TIMER_DELIVER_MS: String(START + 7300),
    TIMER_OUT_MS: String(START + 7000),
    TIMER_ENQUEUE_MS: String(START),
    REAL_TOPIC: 'T',
    REAL_QID: '0',
    UNIQ_KEY: 'K',
  });
  t.true(Number(message?.properties.get('TIMER_DEQUEUE_MS')) >= START + 8000);
  t.is(messagesOf(await peer.pull('T', { subscription: 'A' })).length, 1);
  await pass(clock, 10_000);
  t.is((await delivered(peer)).length, 1, 'and it is not delayed again');
});

test('a time that is an exact multiple of the precision is met exactly', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTimer(t, clock);
  await peer.send('T', 'x', { properties: { TIMER_DELIVER_MS: String(START + 5000) } });
  await pass(clock, 4900);
  t.deepEqual(await bodies(peer), []);
  await pass(clock, 200);
  t.deepEqual(await bodies(peer), ['x']);
  t.is((await delivered(peer))[0]?.properties.get('TIMER_OUT_MS'), String(START + 4000));
});

test('delays in seconds win over those in ms, and these over absolute times', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTimer(t, clock);
  const TIMER_DELIVER_MS = String(START + 9000);
  await peer.send('T', 'a', { properties: { TIMER_DELAY_SEC: '2', TIMER_DELAY_MS: '5000', TIMER_DELIVER_MS } });
  await peer.send('T', 'b', { properties: { TIMER_DELAY_MS: '5000', TIMER_DELIVER_MS } });
  await pass(clock, 3100);
  t.deepEqual(await bodies(peer), ['a']);
  await pass(clock, 3000);
  t.deepEqual(await bodies(peer), ['a', 'b']);
});

test('messages of one second keep the order they were sent in, across files of the timer log', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTimer(t, clock);
  const names = Array.from({ length: 20 }, (_, i) => `m${i}`);
  for (const name of names) {
    await sendLater(peer, name, 3);
    await sendLater(peer, `later ${name}`, 60);
  }
  await pass(clock, 4100);
  t.deepEqual(await bodies(peer), names);
  t.is((await runtime(peer)).timerCongestNum, '20');
});

test('with a precision of 100 ms a message is late by less than that', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTimer(t, clock, { timerPrecisionMs: 100 });
  await peer.send('T', 'x', { properties: { TIMER_DELAY_MS: '250' } });
  await pass(clock, 200);
  t.deepEqual(await bodies(peer), []);
  await pass(clock, 100);
  t.deepEqual(await bodies(peer), ['x']);
});

for (const [configured, taken] of [
  [1, 100],
  [150, 100],
  [200, 200],
  [999, 500],
  [1000, 1000],
  [60_000, 1000],
] as const) {
  test(`a precision of ${configured} ms is taken as ${taken}`, (t) => {
    t.is(timerPrecisionMs(configured), taken);
  });
}

test('a message beyond the roll window is stored again half-way and arrives on time', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTimer(t, clock, { timerRollWindowSlot: 4 });
  await sendLater(peer, 'far', 11);
  await pass(clock, 6000);
  const [, rolled] = await delivered(peer, TIMER_TOPIC);
  t.is(rolled?.properties.get('TIMER_ROLL_TIMES'), '1');
  t.is(rolled?.properties.get('TIMER_OUT_MS'), String(START + 10_000));
  t.is(await pending(peer), 1);
  await pass(clock, 4900);
  t.deepEqual(await bodies(peer), []);
  await pass(clock, 200);
  t.deepEqual(await bodies(peer), ['far']);
  t.is(await pending(peer), 0);
});

test('the answer to a send carries a recall handle, and recalling keeps the message from being delivered', async (t) => {
  const clock = new ManualClock(START + 300);
  const { peer } = await startTimer(t, clock);
  const sent = await sendLater(peer, 'K1', 5);
  await sendLater(peer, 'K2', 5);
  const recallHandle = sent.extFields?.recallHandle ?? '';
  t.deepEqual(decodeRecallHandle(recallHandle), {
    topic: 'T',
    brokerName: 'broker-a',
    timestampText: String(START + 5001),
    messageId: 'K1',
  });
  t.is((await peer.send('T', 'now')).extFields?.recallHandle, undefined);
  await pass(clock, 1000);
  t.is(await pending(peer), 2);
  const recalled = await peer.call(RequestCode.RECALL_MESSAGE, { topic: 'T', producerGroup: 'p', recallHandle });
  t.is(recalled.code, ResponseCode.SUCCESS);
  t.is(recalled.extFields?.msgId, 'K1');
  await pass(clock, 1000);
  t.is(await pending(peer), 1);
  await pass(clock, 5000);
  t.deepEqual(await bodies(peer), ['now', 'K2']);
  t.is(await pending(peer), 0);
});

test('a recall meets the message of its topic only', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTimer(t, clock);
  await peer.createTopic('U', 1);
  await sendLater(peer, 'K', 5);
  await peer.send('U', 'other', { properties: { TIMER_DELAY_SEC: '5', UNIQ_KEY: 'K' } });
  const deletion = { TIMER_DELAY_SEC: '5', UNIQ_KEY: 'D', TIMER_DEL_UNIQKEY: 'U+K' };
  await peer.send('U', '0', { properties: deletion });
  const useless = { TIMER_DELAY_SEC: '5', UNIQ_KEY: 'E', TIMER_DEL_UNIQKEY: 'T+nobody' };
  await peer.send('T', '0', { properties: useless });
  await pass(clock, 6100);
  t.deepEqual(await bodies(peer), ['K']);
  t.deepEqual(await bodies(peer, 'U'), []);
  t.is(await pending(peer), 0, 'a deletion that meets nothing is not counted');
});

test('a recall is refused with the reason', async (t) => {
  const clock = new ManualClock(START);
  const { peer, broker } = await startTimer(t, clock);
  const handle = (await sendLater(peer, 'K', 5)).extFields?.recallHandle ?? '';
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  const refused = async (topic: string, recallHandle: string) => {
    const { code, remark } = await peer.call(RequestCode.RECALL_MESSAGE, { topic, recallHandle });
    return [code, remark];
  };
  t.deepEqual(await refused('none', handle), [17, 'recall failed, the topic[none] not exist']);
  await peer.createTopic('U', 1);
  t.deepEqual(await refused('U', handle), [604, 'recall failed, topic not match']);
  t.deepEqual(await refused('T', '!'), [604, 'recall handle is invalid']);
  t.deepEqual(await refused('T', encode('v2 T broker-a 1 K')), [604, 'recall handle is invalid']);
  const other = encode(`v1 T broker-b ${START + 5000} K`);
  t.deepEqual(await refused('T', other), [604, 'recall failed, broker service not available']);
  for (const time of [String(START), String(START + 259_200_000), 'soon']) {
    t.deepEqual(await refused('T', encode(`v1 T broker-a ${time} K`)), [604, 'recall failed, timestamp invalid']);
  }
  broker.config.recallMessageEnable = false;
  t.deepEqual(await refused('T', handle), [16, 'recall failed, operation is forbidden']);
});

test('from twice the limit of a slot on messages are refused, with the codes of flow control', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTimer(t, clock, { timerCongestNumEachSlot: 2 });
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
    await sendLater(peer, name, 50);
    await pass(clock, 100);
  }
  const refused = await peer.send('T', 'x', { properties: { TIMER_DELIVER_MS: String(START + 50_000) } });
  await pass(clock, 100);
  const count = Number((await runtime(peer)).timerCongestNum);
  t.true(count >= 3 && count <= 4 + 4, String(count));
  if (refused.code !== ResponseCode.SUCCESS) {
    t.is(refused.code, ResponseCode.SYSTEM_ERROR);
    t.is(
      refused.remark,
      'timer message is under flow control, max num limit is 4 or the current value is greater than 2 and less than 4, ' +
        'trigger random flow control',
    );
  }
});

test('a committed transaction is delayed by its timer properties', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTimer(t, clock);
  const sent = await sendLater(peer, 'half', 5, { TRAN_MSG: 'true', PGROUP: 'producers' });
  t.is(sent.extFields?.recallHandle, undefined);
  const half = messagesOf(await peer.pull('RMQ_SYS_TRANS_HALF_TOPIC'))[0];
  await pass(clock, 1000);
  const ended = await peer.call(RequestCode.END_TRANSACTION, {
    producerGroup: 'producers',
    tranStateTableOffset: String(half?.queueOffset),
    commitLogOffset: String(half?.physicalOffset),
    commitOrRollback: '8',
    msgId: 'half',
  });
  t.is(ended.code, ResponseCode.SUCCESS, ended.remark ?? '');
  await pass(clock, 4900);
  t.deepEqual(await bodies(peer), []);
  await pass(clock, 1200);
  t.deepEqual(await bodies(peer), ['half']);
});

test('pending messages survive a clean restart, and what was due meanwhile comes at once', async (t) => {
  const clock = new ManualClock(START);
  const first = await startTimer(t, clock);
  for (let i = 0; i < 10; i++) await sendLater(first.peer, `m${i}`, 5 + i);
  await pass(clock, 6200);
  t.deepEqual(await bodies(first.peer), ['m0', 'm1']);
  await first.broker.shutdown();
  clock.advance(3000);
  const second = await startTimer(t, clock, {}, first.folder);
  await pass(clock, 1000);
  t.deepEqual(await bodies(second.peer), ['m0', 'm1', 'm2', 'm3', 'm4', 'm5']);
  await pass(clock, 6000);
  t.deepEqual(
    await bodies(second.peer),
    Array.from({ length: 10 }, (_, i) => `m${i}`),
  );
  t.is(await pending(second.peer), 0);
});

test('a killed broker goes on where it was: nothing is lost, and no finished second comes twice', async (t) => {
  const clock = new ManualClock(START);
  const first = await startTimer(t, clock, { timerFlushIntervalMs: 1_000_000 });
  for (let i = 0; i < 10; i++) await sendLater(first.peer, `m${i}`, 3 + i);
  await pass(clock, 5200);
  t.deepEqual(await bodies(first.peer), ['m0', 'm1', 'm2']);
  const folder = await killedCopy(t, first.folder);
  const second = await startTimer(t, clock, {}, folder);
  t.is((await runtime(second.peer)).timerCongestNum, '7', 'the units behind the last flush are linked and counted');
  await pass(clock, 8000);
  t.deepEqual(
    await bodies(second.peer),
    Array.from({ length: 10 }, (_, i) => `m${i}`),
  );
});

for (const [what, damage] of Object.entries<(folder: string) => void>({
  'a lost wheel': (folder) => rmSync(join(folder, 'timerwheel')),
  'a torn wheel': (folder) => {
    const fd = openSync(join(folder, 'timerwheel'), 'r+');
    const units = START / 1000;
    writeSync(fd, Buffer.alloc(32 * 7), 0, 32 * 7, ((units + 3) % 1_209_600) * 32);
    closeSync(fd);
    // The flushed position lags as it does when a crash interrupts the flush of the wheel.
    const check = openSync(join(folder, 'config', 'timercheck'), 'r+');
    writeSync(check, Buffer.alloc(8), 0, 8, 8);
    closeSync(check);
  },
  'a lost timer log': (folder) => rmSync(join(folder, 'timerlog'), { recursive: true }),
  'a torn timer log': (folder) => {
    const fd = openSync(join(folder, 'timerlog', '00000000000000000476'), 'r+');
    writeSync(fd, Buffer.from([0xff]), 0, 1, 52 + 13);
    closeSync(fd);
  },
  'a lost checkpoint': (folder) => rmSync(join(folder, 'config', 'timercheck')),
  'an empty checkpoint': (folder) => truncateSync(join(folder, 'config', 'timercheck'), 0),
  'a checkpoint cut short': (folder) => truncateSync(join(folder, 'config', 'timercheck'), 20),
  'a wheel cut short': (folder) => truncateSync(join(folder, 'timerwheel'), 4096),
  'a lost file in the middle of the timer log': (folder) => rmSync(join(folder, 'timerlog', '00000000000000000238')),
  'a timer log whose last files are lost': (folder) => {
    for (const name of ['00000000000000000238', '00000000000000000476']) rmSync(join(folder, 'timerlog', name));
  },
  'a checkpoint from the future': (folder) => {
    const fd = openSync(join(folder, 'config', 'timercheck'), 'r+');
    writeSync(fd, Buffer.from([0x7f]), 0, 1, 0);
    closeSync(fd);
  },
  'a timer log cut short': (folder) => truncateSync(join(folder, 'timerlog', '00000000000000000238'), 60),
})) {
  test(`${what} is made good from what else there is`, async (t) => {
    const clock = new ManualClock(START);
    const first = await startTimer(t, clock, { timerRollWindowSlot: 8 });
    for (let i = 0; i < 14; i++) await sendLater(first.peer, `m${i}`, 2 + i);
    await pass(clock, 2100);
    t.deepEqual(await bodies(first.peer), ['m0']);
    await first.broker.shutdown();
    damage(first.folder);
    const second = await startTimer(t, clock, { timerRollWindowSlot: 8 }, first.folder);
    await pass(clock, 16_000);
    const all = Array.from({ length: 14 }, (_, i) => `m${i}`);
    const seen = await bodies(second.peer);
    t.deepEqual([...new Set(seen)].sort(), all.sort(), 'nothing is lost');
    if (!what.includes('checkpoint')) t.is(seen.length, all.length, 'and nothing comes twice');
  });
}

test('the checkpoint says how far both sides are, in the file and on demand', async (t) => {
  const clock = new ManualClock(START);
  const { peer, folder } = await startTimer(t, clock);
  await sendLater(peer, 'a', 2);
  await sendLater(peer, 'b', 20);
  await pass(clock, 4100);
  const path = join(folder, 'config', 'timercheck');
  await until(() => decodeTimerCheckpoint(readFileSync(path)).lastTimerQueueOffset === 2);
  const file = readFileSync(path);
  t.is(file.length, 4096);
  const told = await peer.call(RequestCode.GET_TIMER_CHECK_POINT);
  t.is(told.body?.length, 56);
  t.deepEqual(told.body, file.subarray(0, 56));
  const values = decodeTimerCheckpoint(file);
  t.like(values, { lastTimerLogFlushPos: 104, lastTimerQueueOffset: 2, masterTimerQueueOffset: 2 });
  t.true(values.lastReadTimeMs >= START + 2000 && values.lastReadTimeMs <= START + 4000);
});

test('messages whose slot passed while the broker was behind are delivered, marked as never enqueued', async (t) => {
  const clock = new ManualClock(START);
  const { peer, broker } = await startTimer(t, clock);
  broker.config.timerStopEnqueue = true;
  await sendLater(peer, 'late', 2);
  await pass(clock, 5000);
  t.deepEqual(await bodies(peer), []);
  t.is((await runtime(peer)).timerOffsetBehind, '1');
  broker.config.timerStopEnqueue = false;
  await pass(clock, 1100);
  t.is((await delivered(peer))[0]?.properties.get('TIMER_ENQUEUE_MS'), '9223372036854775807');
});

test('a message that names the timer topic as its real one does not go round for ever', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTimer(t, clock);
  const properties = { TIMER_OUT_MS: String(START - 5000), REAL_TOPIC: TIMER_TOPIC, REAL_QID: '0' };
  await peer.send(TIMER_TOPIC, 'x', { properties });
  await peer.send(TIMER_TOPIC, 'without properties');
  await sendLater(peer, 'a', 2);
  await pass(clock, 4000);
  t.is((await delivered(peer, TIMER_TOPIC)).length, 3);
  t.deepEqual(await bodies(peer), ['a'], 'and what follows is not held up');
});

test('waiting messages cost no timers', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTimer(t, clock);
  await pass(clock, 1000);
  const before = clock.pendingTimers;
  await Promise.all(Array.from({ length: 300 }, (_, i) => sendLater(peer, `m${i}`, 60 + i)));
  await pass(clock, 1000);
  t.is(clock.pendingTimers, before);
});

test('files of the timer log go when their messages have left the commit log', async (t) => {
  // Far ahead of the files' times, so that they have expired.
  const clock = new ManualClock(Date.UTC(2036, 0, 1));
  const config = {
    mappedFileSizeCommitLog: 4096,
    windowBytes: 1024 * 1024,
    fileReservedTime: 0,
    deleteCommitLogFilesInterval: 0,
    maxMessageSize: 1024,
  };
  const { peer, folder } = await startTimer(t, clock, config);
  const count = () => readdirSync(join(folder, 'timerlog')).length;
  for (let i = 0; i < 40; i++) await sendLater(peer, `m${i}`, 2);
  await pass(clock, 4000);
  await peer.call(RequestCode.DELETE_EXPIRED_COMMITLOG);
  const before = count();
  await pass(clock, 30_000);
  await until(() => count() < before);
  t.true(count() > 0);
});

test('pending messages are counted anew at five in the morning', async (t) => {
  const clock = new ManualClock(new Date(2026, 0, 1, 4, 30).getTime());
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-timer-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const first = await startTimer(t, clock, {}, folder);
  for (const topic of ['T', 'AaBB', 'BBAa']) await first.peer.createTopic(topic, 1);
  // Two names with one hash.
  const later = { TIMER_DELAY_SEC: '7200' };
  for (const topic of ['T', 'T', 'AaBB', 'BBAa', 'BBAa']) await first.peer.send(topic, 'x', { properties: later });
  await first.peer.send('T', 'soon', { properties: { TIMER_DELAY_SEC: '2' } });
  await pass(clock, 4000);
  await first.broker.shutdown();
  const file = join(folder, 'config', 'timermetrics');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/"count":\d+/g, '"count":77'));
  // Without what else goes on in 45 minutes.
  const second = await startTimer(t, clock, { messageDelayLevel: '1h', timerFlushIntervalMs: 3_600_000 }, folder);
  t.is(await pending(second.peer), 77);
  await clock.advanceAsync(45 * 60_000);
  while ((await pending(second.peer)) === 77) await turns();
  const response = await second.peer.call(RequestCode.GET_TIMER_METRICS);
  const { timingCount } = decodeTimerMetricsSerializeWrapper(response.body);
  const counts = ['T', 'AaBB', 'BBAa'].map((topic) => timingCount[topic]?.count);
  t.deepEqual(counts, [2, 1, 2]);
});

test('metrics of a deleted topic are forgotten', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTimer(t, clock);
  await sendLater(peer, 'a', 20);
  await pass(clock, 1000);
  t.is(await pending(peer), 1);
  await peer.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 'T' });
  t.is(await pending(peer), undefined);
});

test('when time runs faster a delay is that much shorter, and a recall still meets the message', async (t) => {
  const clock = new ManualClock(START);
  const { peer } = await startTimer(t, clock, { timeScale: 100, timerPrecisionMs: 100 });
  await sendLater(peer, 'minutes', 100);
  const recalled = await sendLater(peer, 'recalled', 100);
  const { recallHandle = '' } = recalled.extFields ?? {};
  const answer = await peer.call(RequestCode.RECALL_MESSAGE, { producerGroup: 'p', topic: 'T', recallHandle });
  t.is(answer.code, ResponseCode.SUCCESS, answer.remark ?? '');
  await pass(clock, 800);
  t.deepEqual(await bodies(peer), []);
  await pass(clock, 700);
  t.deepEqual(await bodies(peer), ['minutes']);
});
