/**
 * Whole stores of Apache's: we open them, and write the same bytes from the same messages.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { MessageStoreConfig } from '../../../src/broker/store/message-store.js';
import { parseHostText } from '../../../src/protocol/host-address.js';
import { type GoldenCase, goldenCases, goldenTitle } from '../../helper/golden.js';
import { ManualClock } from '../../helper/manual-clock.js';
import { openStore, putOf, readQueue, tempFolder } from '../../helper/store.js';

interface GoldenFile {
  path: string;
  size: number;
  base64: string;
}

interface StoredInput {
  topic: string;
  queueId: number;
  flag: number;
  sysFlag: number;
  queueOffset: string;
  bornTimestamp: string;
  bornHost: string;
  storeTimestamp: string;
  storeHost: string;
  reconsumeTimes: number;
  preparedTransactionOffset: string;
  bodyHex: string;
  propertiesString: string;
  commitLogOffset: string;
  wroteBytes: number;
}

interface WholeStore extends GoldenCase {
  input: Pick<
    MessageStoreConfig,
    'mappedFileSizeCommitLog' | 'mappedFileSizeConsumeQueue' | 'maxHashSlotNum' | 'maxIndexNum'
  > & { messages: StoredInput[] };
  maxPhyOffset: string;
  maxOffsetInQueue: Record<string, string>;
  queries: { topic: string; key: string; commitLogOffsets: string[] }[];
  files: GoldenFile[];
}

const stores = goldenCases<WholeStore>('store-files').filter(({ name }) => name.startsWith('whole store'));
const FOREVER = Number.MAX_SAFE_INTEGER;

function configOf({ input }: WholeStore): Partial<MessageStoreConfig> {
  const { messages: _, ...sizes } = input;
  return sizes;
}

/** The file with its trailing zeros. */
function contentOf(file: GoldenFile): Buffer {
  const content = Buffer.alloc(file.size);
  Buffer.from(file.base64, 'base64').copy(content);
  return content;
}

function unpack(t: ExecutionContext, golden: WholeStore): string {
  const folder = tempFolder(t);
  for (const file of golden.files) {
    const path = join(folder, file.path.replace(/<.*>/, '20231114221500123'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contentOf(file));
  }
  return folder;
}

const QUEUED = new Set([0, 8]);

const opens = test.macro({
  title: (_, golden: WholeStore, abort: boolean, without: string) =>
    `opens Apache's ${goldenTitle(golden)}${abort ? ' after a crash' : ''}${without ? `, without its ${without}` : ''}`,
  async exec(t, golden: WholeStore, abort: boolean, without: string) {
    const folder = unpack(t, golden);
    if (abort) writeFileSync(join(folder, 'abort'), '1');
    if (without) rmSync(join(folder, without), { recursive: true });
    const { store } = await openStore(t, { folder, config: configOf(golden) });
    t.is(store.stats().maxPhyOffset, Number(golden.maxPhyOffset));
    for (const [key, max] of Object.entries(golden.maxOffsetInQueue)) {
      const [topic = '', queueId = ''] = key.split('@');
      t.is(store.maxOffset(topic, Number(queueId)), Number(max));
      const expected = golden.input.messages.filter(
        (message) =>
          message.topic === topic && message.queueId === Number(queueId) && QUEUED.has(message.sysFlag & 0xc),
      );
      const messages = await readQueue(store, topic, Number(queueId));
      t.deepEqual(
        messages.map((message) => message.body.toString('hex')),
        expected.map((message) => message.bodyHex),
      );
    }
    for (const { topic, key, commitLogOffsets } of golden.queries) {
      const { offsets } = await store.queryByKey(topic, key, 32, 0, FOREVER);
      t.deepEqual(offsets.map(String), commitLogOffsets);
    }
  },
});

for (const golden of stores) {
  test(opens, golden, false, '');
  test(opens, golden, true, '');
  test(opens, golden, true, 'consumequeue');
  test(opens, golden, false, 'consumequeue');
  test(opens, golden, true, 'index');
  test(opens, golden, false, 'index');
  test(opens, golden, true, 'checkpoint');
}

const writes = test.macro({
  title: (_, golden: WholeStore) => `writes the files of Apache's ${goldenTitle(golden)} byte for byte`,
  async exec(t, golden: WholeStore) {
    const { messages } = golden.input;
    const clock = new ManualClock(Number(messages[0]?.storeTimestamp));
    const { store, folder } = await openStore(t, { clock, config: configOf(golden) });
    for (const message of messages) {
      clock.advance(Number(message.storeTimestamp) - clock.now());
      store.setStoreHost(parseHostText(message.storeHost));
      const result = store.putMessage(
        putOf(message.topic, message.queueId, Buffer.from(message.bodyHex, 'hex'), {
          flag: message.flag,
          sysFlag: message.sysFlag,
          bornTimestamp: Number(message.bornTimestamp),
          bornHost: parseHostText(message.bornHost),
          reconsumeTimes: message.reconsumeTimes,
          preparedTransactionOffset: Number(message.preparedTransactionOffset),
          propertiesText: message.propertiesString,
        }),
      );
      store.commitTurn();
      t.is(result.physicalOffset, Number(message.commitLogOffset));
      t.is(result.size, message.wroteBytes);
    }
    await store.shutdown();
    for (const file of golden.files) {
      const path = file.path.startsWith('index/')
        ? join('index', readdirSync(join(folder, 'index'))[0] as string)
        : file.path;
      const actual = readFileSync(join(folder, path));
      // The checkpoint's times depend on when flushes happen.
      if (path === 'checkpoint') t.is(actual.length, file.size);
      else t.deepEqual(actual, contentOf(file), path);
    }
    t.deepEqual(readdirSync(folder), ['checkpoint', 'commitlog', 'consumequeue', 'index', 'lock']);
  },
});

for (const golden of stores) test(writes, golden);
