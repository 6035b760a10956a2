import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.js';
import { type Logger, silentLogger } from '../../src/base/logger.js';
import { createBrokerConfig } from '../../src/broker/broker-config.js';
import { ConsumerOffsetTable } from '../../src/broker/consumer-offset-table.js';
import { ConsumerFilterTable } from '../../src/broker/filter/consumer-filter-table.js';
import type { DelayOffsets, ScheduleService } from '../../src/broker/schedule-service.js';
import { TopicQueueMappingTable } from '../../src/broker/static-topic/mapping-table.js';
import { SubscriptionGroupTable } from '../../src/broker/subscription-group-table.js';
import { BrokerTableFiles } from '../../src/broker/table-files.js';
import { TopicTable } from '../../src/broker/topic-table.js';
import { ManualClock } from '../helper/manual-clock.js';
import { tableCases } from '../soak/crash/tables.js';

const NOW_MS = 1_758_200_000_000;

/** Delay levels without a service behind them. */
class DelayLevels {
  offsets: DelayOffsets = {
    offsetTable: new Map(),
    dataVersion: { counter: 0, stateVersion: 0, timestamp: NOW_MS },
  };

  snapshot(): DelayOffsets {
    return this.offsets;
  }

  load(offsetTable: DelayOffsets['offsetTable'], dataVersion: DelayOffsets['dataVersion'] | null): void {
    this.offsets = { offsetTable, dataVersion: dataVersion ?? this.offsets.dataVersion };
  }
}

function tablesIn(folder: string, logger: Logger = silentLogger) {
  const config = createBrokerConfig({ brokerName: 'broker-a', storePathRootDir: folder });
  const now = () => NOW_MS;
  const topics = new TopicTable(config, now);
  const mappings = new TopicQueueMappingTable(config, now);
  const groups = new SubscriptionGroupTable(config, now);
  const offsets = new ConsumerOffsetTable(config, now);
  const delay = new DelayLevels();
  const filters = new ConsumerFilterTable(config, silentLogger, now);
  const files = new BrokerTableFiles(
    folder,
    { clock: systemClock, logger },
    { topics, mappings, groups, offsets, filters },
  );
  return {
    topics,
    groups,
    offsets,
    filters,
    delay,
    files,
    load: () => files.load(delay as unknown as ScheduleService),
  };
}

async function createFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-tables-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'config'));
  return folder;
}

const read = (folder: string, name: string) => readFile(join(folder, 'config', name), 'utf8');
const write = (folder: string, name: string, text: string) => writeFile(join(folder, 'config', name), text);

test('consumerOffset.json is written as the Java broker writes it: numeric keys without quotes', async (t) => {
  const folder = await createFolder(t);
  const { offsets, files, load } = tablesIn(folder);
  await load();
  offsets.commit('g1', 'orders', 0, 120);
  offsets.commit('g1', 'orders', 1, 118);
  await files.saveOffsets();
  t.is(
    await read(folder, 'consumerOffset.json'),
    [
      '{',
      '\t"dataVersion":{',
      '\t\t"counter":0,',
      '\t\t"stateVersion":0,',
      `\t\t"timestamp":${NOW_MS}`,
      '\t},',
      '\t"groupTopicMap":{',
      '\t\t"g1":["orders"]',
      '\t},',
      '\t"offsetTable":{',
      '\t\t"orders@g1":{0:120,1:118',
      '\t\t}',
      '\t}',
      '}',
    ].join('\n'),
  );
});

test('delayOffset.json holds levels, not queue ids, as keys', async (t) => {
  const folder = await createFolder(t);
  const { delay, files, load } = tablesIn(folder);
  await load();
  delay.offsets = { ...delay.offsets, offsetTable: new Map([[3, 41]]) };
  await files.saveAll();
  const text = await read(folder, 'delayOffset.json');
  t.true(text.endsWith('\t"offsetTable":{3:41\n\t}\n}'), text);
});

test('a topic is written with the fields of the Java broker in its order', async (t) => {
  const folder = await createFolder(t);
  const { topics, files, load } = tablesIn(folder);
  await load();
  topics.update({
    topicName: 'orders',
    readQueueNums: 4,
    writeQueueNums: 4,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
  });
  await files.saveTopics();
  const text = await read(folder, 'topics.json');
  const entry = [
    '\t\t"orders":{',
    '\t\t\t"attributes":{},',
    '\t\t\t"order":false,',
    '\t\t\t"perm":6,',
    '\t\t\t"readQueueNums":4,',
    '\t\t\t"topicFilterType":"SINGLE_TAG",',
    '\t\t\t"topicName":"orders",',
    '\t\t\t"topicSysFlag":0,',
    '\t\t\t"writeQueueNums":4',
    '\t\t}',
  ].join('\n');
  t.true(text.includes(entry), text);
});

test('a group that was created is written with the fields of the Java broker in its order', async (t) => {
  const folder = await createFolder(t);
  const { groups, files, load } = tablesIn(folder);
  await load();
  groups.find('g1');
  groups.setReadable('g1', 'orders', false);
  await files.saveGroups();
  const text = await read(folder, 'subscriptionGroup.json');
  const entry = [
    '\t\t"g1":{',
    '\t\t\t"attributes":{},',
    '\t\t\t"brokerId":0,',
    '\t\t\t"consumeBroadcastEnable":true,',
    '\t\t\t"consumeEnable":true,',
    '\t\t\t"consumeFromMinEnable":true,',
    '\t\t\t"consumeMessageOrderly":false,',
    '\t\t\t"consumeTimeoutMinute":15,',
    '\t\t\t"groupName":"g1",',
    '\t\t\t"groupRetryPolicy":{',
    '\t\t\t\t"type":"CUSTOMIZED"',
    '\t\t\t},',
    '\t\t\t"groupSysFlag":0,',
    '\t\t\t"notifyConsumerIdsChangedEnable":true,',
    '\t\t\t"retryMaxTimes":16,',
    '\t\t\t"retryQueueNums":1,',
    '\t\t\t"whichBrokerWhenConsumeSlowly":1',
    '\t\t}',
  ].join('\n');
  t.true(text.includes(entry), text);
  t.true(text.includes('"forbiddenTable":{\n\t\t"g1":{\n\t\t\t"orders":4\n\t\t}\n\t}'), text);
});

test('what was saved is loaded again, versions included', async (t) => {
  const folder = await createFolder(t);
  const first = tablesIn(folder);
  await first.load();
  first.groups.find('g1');
  first.groups.setReadable('g1', 'orders', false);
  first.offsets.commit('g1', 'orders', 3, 7);
  first.delay.offsets = { ...first.delay.offsets, offsetTable: new Map([[2, 9]]) };
  await first.files.saveAll();
  const second = tablesIn(folder);
  await second.load();
  t.deepEqual(second.topics.entries(), first.topics.entries());
  t.deepEqual(second.groups.entries(), first.groups.entries());
  t.deepEqual([...second.groups.forbiddenEntries()], [...first.groups.forbiddenEntries()]);
  t.deepEqual(second.groups.version, first.groups.version);
  t.is(second.offsets.query('g1', 'orders', 3), 7);
  t.is(second.delay.offsets.offsetTable.get(2), 9);
});

test('a file that a Java broker left behind is understood', async (t) => {
  const folder = await createFolder(t);
  await write(
    folder,
    'consumerOffset.json',
    '{"dataVersion":{"counter":5,"stateVersion":0,"timestamp":1758200000000},"offsetTable":{"orders@g1":{0:120,1:118}}}',
  );
  const { offsets, load } = tablesIn(folder);
  await load();
  t.is(offsets.query('g1', 'orders', 1), 118);
  t.is(offsets.version.counter, 5);
});

test('a damaged file gives way to its backup', async (t) => {
  const folder = await createFolder(t);
  await write(folder, 'consumerOffset.json', '{"offsetTable":{"orders@g1":{0:12');
  await write(folder, 'consumerOffset.json.bak', '{"offsetTable":{"orders@g1":{0:100}}}');
  const { offsets, load } = tablesIn(folder);
  await load();
  t.is(offsets.query('g1', 'orders', 0), 100);
});

test('a damaged file without a backup is kept aside, loudly, and its table begins anew', async (t) => {
  const folder = await createFolder(t);
  const torn = '{"topicConfigTable":{"orders":';
  await write(folder, 'topics.json', torn);
  const told: object[] = [];
  const logger = { ...silentLogger, error: (fields: object) => void told.push(fields) };
  const { topics, files, load } = tablesIn(folder, logger);
  await load();
  t.false(topics.has('orders'));
  t.is(told.length, 1);
  t.like(told[0], { keptAs: join(folder, 'config', 'topics.json.broken') });
  await files.saveTopics();
  t.is(await read(folder, 'topics.json.broken'), torn);
  await write(folder, 'topics.json', 'torn again');
  await rm(join(folder, 'config', 'topics.json.bak'), { force: true });
  await tablesIn(folder).load();
  t.is(await read(folder, 'topics.json.broken'), torn);
  t.is(await read(folder, 'topics.json.broken.2'), 'torn again');
});

test('tables whose files are cut, zeroed, flipped or removed keep what was saved', async (t) => {
  await t.notThrowsAsync(tableCases(100, 1));
});

test('a file that is damaged like its backup is named, and not taken for empty', async (t) => {
  const folder = await createFolder(t);
  await write(folder, 'topics.json', '{"topicConfigTable":');
  await write(folder, 'topics.json.bak', 'nothing');
  const { load } = tablesIn(folder);
  const error = await t.throwsAsync(load());
  t.true(error.message.includes('topics.json'), error.message);
});

test('the previous text is kept as a backup', async (t) => {
  const folder = await createFolder(t);
  const { offsets, files, load } = tablesIn(folder);
  await load();
  offsets.commit('g1', 'orders', 0, 1);
  await files.saveOffsets();
  offsets.commit('g1', 'orders', 0, 2);
  await files.saveOffsets();
  t.true((await read(folder, 'consumerOffset.json')).includes('{0:2'));
  t.true((await read(folder, 'consumerOffset.json.bak')).includes('{0:1'));
});

test('offsets that nobody changed are not written again', async (t) => {
  const folder = await createFolder(t);
  const { offsets, files, load } = tablesIn(folder);
  await load();
  offsets.commit('g1', 'orders', 0, 1);
  await files.saveOffsetsIfChanged();
  await rm(join(folder, 'config', 'consumerOffset.json'));
  await files.saveOffsetsIfChanged();
  await t.throwsAsync(read(folder, 'consumerOffset.json'), { code: 'ENOENT' });
  offsets.commit('g1', 'orders', 0, 2);
  await files.saveOffsetsIfChanged();
  t.true((await read(folder, 'consumerOffset.json')).includes('{0:2'));
});

test('saves asked for in one turn share one write, and the write has the last change', async (t) => {
  const folder = await createFolder(t);
  const { offsets, files, load } = tablesIn(folder);
  await load();
  const saves: Promise<void>[] = [];
  for (let offset = 1; offset <= 50; offset++) {
    offsets.commit('g1', 'orders', 0, offset);
    saves.push(files.saveOffsets());
  }
  t.is(new Set(saves).size, 1);
  await Promise.all(saves);
  t.true((await read(folder, 'consumerOffset.json')).includes('{0:50'));
});

test('a clock that stands still does not keep a first save waiting', async (t) => {
  const folder = await createFolder(t);
  const config = createBrokerConfig({ brokerName: 'broker-a', storePathRootDir: folder });
  const clock = new ManualClock(NOW_MS);
  const now = () => clock.now();
  const files = new BrokerTableFiles(
    folder,
    { clock, logger: silentLogger },
    {
      topics: new TopicTable(config, now),
      mappings: new TopicQueueMappingTable(config, now),
      groups: new SubscriptionGroupTable(config, now),
      offsets: new ConsumerOffsetTable(config, now),
      filters: new ConsumerFilterTable(config, silentLogger, now),
    },
  );
  await files.saveAll();
  t.true((await read(folder, 'topics.json')).startsWith('{'));
});
