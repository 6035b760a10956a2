import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { dataVersionFromJson, decodeKVTable } from '../../../src/protocol/bodies.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { startTestBroker, type TestPeer } from '../../helper/broker.js';
import { ManualClock } from '../../helper/manual-clock.js';

function update(peer: TestPeer, text: string) {
  return peer.call(RequestCode.UPDATE_BROKER_CONFIG, null, Buffer.from(text));
}

async function configOf(peer: TestPeer): Promise<Map<string, string>> {
  const response = await peer.call(RequestCode.GET_BROKER_CONFIG);
  const lines = response.body?.toString().trimEnd().split('\n') ?? [];
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

test('a changed value takes effect at once and moves the version', async (t) => {
  const { peer } = await startTestBroker(t);
  const version = async () =>
    dataVersionFromJson((await peer.call(RequestCode.GET_BROKER_CONFIG)).extFields?.version ?? '').counter;
  const before = await version();
  t.is((await update(peer, 'autoCreateTopicEnable=false\ntraceOn=false\n')).code, ResponseCode.SUCCESS);
  t.is(await version(), before + 1);
  t.is((await configOf(peer)).get('traceOn'), 'false');
  const sent = await peer.send('auto', 'x');
  t.is(sent.code, ResponseCode.TOPIC_NOT_EXIST);
  t.is(sent.extFields?.TRACE_ON, 'false');
});

test('limits of messages and of pulls change at once', async (t) => {
  const { peer } = await startTestBroker(t, { maxMessageSize: 1_000 });
  await peer.createTopic('T', 1);
  t.is((await peer.send('T', Buffer.alloc(1_001))).code, ResponseCode.MESSAGE_ILLEGAL);
  await update(peer, 'maxMessageSize=2000\nmaxTransferCountOnMessageInMemory=2\n');
  t.is((await peer.send('T', Buffer.alloc(2_000))).code, ResponseCode.SUCCESS);
  const refused = await peer.send('T', Buffer.alloc(2_001));
  t.is(refused.code, ResponseCode.MESSAGE_ILLEGAL);
  t.regex(refused.remark ?? '', /body length limit 2000B/);
  for (const body of ['a', 'b', 'c']) await peer.send('T', body);
  t.is((await peer.pull('T', { offset: 1 })).extFields?.nextBeginOffset, '3');
  await update(peer, 'maxTransferBytesOnMessageInMemory=100\n');
  t.is((await peer.pull('T', { offset: 1 })).extFields?.nextBeginOffset, '2');
});

test('values of the next start are shown but not applied', async (t) => {
  const { peer, port } = await startTestBroker(t);
  await update(peer, 'listenPort=12345\n');
  t.is((await configOf(peer)).get('listenPort'), '12345');
  t.is((await peer.send('T', 'x')).code, ResponseCode.SUCCESS);
  t.not(port, 12345);
});

test('a broker on a free port shows which one it took', async (t) => {
  const { peer, port } = await startTestBroker(t, { haListenPort: 0 });
  const shown = await configOf(peer);
  t.is(shown.get('listenPort'), String(port));
  t.is(shown.get('haListenPort'), String(port + 1));
});

test('black-listed names refuse the whole change', async (t) => {
  const { peer } = await startTestBroker(t, { configBlackList: 'brokerName;traceOn' });
  for (const name of ['brokerConfigPath', 'configBlackList', 'rocketmqHome', 'traceOn']) {
    const response = await update(peer, `regionId=elsewhere\n${name}=false\n`);
    t.is(response.code, ResponseCode.NO_PERMISSION, name);
    t.is(response.remark, 'Can not update config in black list.');
  }
  t.is((await configOf(peer)).get('regionId'), 'DefaultRegion');
});

test('unknown names are ignored, bad values refuse the whole change and are named', async (t) => {
  const { peer } = await startTestBroker(t);
  t.is((await update(peer, 'noSuchThing=1\n')).code, ResponseCode.SUCCESS);
  t.false((await configOf(peer)).has('noSuchThing'));
  const response = await update(peer, 'regionId=elsewhere\nfileReservedTime=long\n');
  t.is(response.code, ResponseCode.SYSTEM_ERROR);
  t.is(response.remark, 'fileReservedTime: "long" is not an int32');
  t.is((await configOf(peer)).get('regionId'), 'DefaultRegion');
});

test('the config file is rewritten with the changed values only', async (t) => {
  const { folder } = await startTestBroker(t);
  const brokerConfigPath = join(folder, 'broker.conf');
  await writeFile(brokerConfigPath, 'brokerName=broker-b\nregionId=here\n');
  const { peer } = await startTestBroker(t, { brokerConfigPath });
  await update(peer, 'regionId=there\ntraceOn=false\n');
  const lines = (await readFile(brokerConfigPath, 'utf8')).trimEnd().split('\n');
  t.deepEqual(lines.filter((line) => !line.startsWith('#')).sort(), [
    'brokerName=broker-b',
    'regionId=there',
    'traceOn=false',
  ]);
});

test('runtime info tells what administrators read from it, with true values', async (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const { peer } = await startTestBroker(t, {}, { clock });
  await peer.createTopic('T', 1);
  for (let i = 0; i < 30; i++) await peer.send('T', 'x'.repeat(100), { properties: { UNIQ_KEY: `K${i}` } });
  await peer.pull('T');
  await clock.advanceAsync(60_000);
  const { table } = decodeKVTable((await peer.call(RequestCode.GET_BROKER_RUNTIME_INFO)).body);
  t.like(table, {
    brokerActive: 'true',
    brokerVersionDesc: 'V5_3_3',
    bootTimestamp: String(Date.UTC(2026, 0, 1)),
    runtime: '[ 0 days, 0 hours, 1 minutes, 0 seconds ]',
    putMessageTimesTotal: '30',
    putMessageFailedTimes: '0',
    msgPutTotalTodayNow: '30',
    msgGetTotalTodayNow: '30',
    msgPutTotalTodayMorning: '0',
    dispatchBehindBytes: '0',
    commitLogMinOffset: '0',
    sendThreadPoolQueueSize: '0',
    sendThreadPoolQueueHeadWaitTimeMills: '0',
    pullThreadPoolQueueSize: '0',
    EndTransactionQueueSize: '0',
    timerCongestNum: '0',
    timerEnqueueTps: '0.0',
  });
  t.is(table.putMessageSizeTotal, table.commitLogMaxOffset);
  t.true(Number(table.commitLogMaxOffset) > 3000);
  t.is(Number(table.putMessageAverageSize), Number(table.commitLogMaxOffset) / 30);
  t.regex(table.putTps ?? '', /^\d+\.\d+ \d+\.\d+ \d+\.\d+$/);
  t.regex(table.commitLogDirCapacity ?? '', /^Total : [\d.]+ .?i?B, Free : [\d.]+ .?i?B\.$/);
  t.true(Number(table.commitLogDiskRatio) > 0 && Number(table.commitLogDiskRatio) <= 1);
  t.true(Number(table.earliestMessageTimeStamp) >= Date.UTC(2026, 0, 1));
});

test('runtime info has the disk of each folder of the commit log, and of an empty log that it has no begin', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-broker-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  const { peer } = await startTestBroker(t, { storePathCommitLog: `${a},${b}` });
  const { table } = decodeKVTable((await peer.call(RequestCode.GET_BROKER_RUNTIME_INFO)).body);
  t.is(table.commitLogMinOffset, '-1');
  for (const path of [a, b]) t.true(Number(table[`commitLogDiskRatio_${path}`]) > 0);
  t.is(table.commitLogDiskRatio, table[`commitLogDiskRatio_${a}`]);
  t.true(Number(table.consumeQueueDiskRatio) > 0);
});

test('cleaning by hand is answered 0', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  await peer.send('T', 'x');
  const codes = [
    RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE,
    RequestCode.DELETE_EXPIRED_COMMITLOG,
    RequestCode.CLEAN_UNUSED_TOPIC,
  ];
  for (const code of codes) t.is((await peer.call(code)).code, ResponseCode.SUCCESS);
  t.is((await peer.pull('T')).code, ResponseCode.SUCCESS, 'what is used stays');
});
