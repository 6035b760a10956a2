/**
 * Measures a store with many queues, or many log files: how long it takes to start and to shut down, its memory, and its
 * open files.
 *
 *   npm run soak:scale -- --topics 20000 --queues 4
 *   npm run soak:scale -- --files 5000
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { DEFAULT_STORE_CONFIG, MessageStore, type MessageStoreConfig } from '../../src/broker/store/message-store.js';
import { putOf, STORE_HOST } from '../helper/store.js';

/** Between them the log is written: no more is in memory at a time. */
const TURN_PUTS = 5_000;
/** Of the gaps that become log files of their own in `--files`, bytes. */
const LOG_FILE_BYTES = 1_073_741_824;

const MIB = 1_048_576;

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = systemClock.monotonicMs();
  const result = await work();
  const ms = Math.round(systemClock.monotonicMs() - began);
  const rss = Math.round(process.memoryUsage.rss() / MIB);
  process.stdout.write(
    `${what.padEnd(44)} ${String(ms).padStart(7)} ms   ${String(rss).padStart(5)} MiB   ${openFiles()} open files\n`,
  );
  return result;
}

function newStore(config: MessageStoreConfig): MessageStore {
  return new MessageStore(config, { clock: systemClock, logger: silentLogger, storeHost: STORE_HOST });
}

async function putAll(store: MessageStore, topics: number, queues: number): Promise<void> {
  let puts = 0;
  let end = 0;
  for (let topic = 0; topic < topics; topic++) {
    for (let queueId = 0; queueId < queues; queueId++) {
      const { status, physicalOffset, size } = store.putMessage(putOf(`topic-${topic}`, queueId, 'body'.repeat(25)));
      if (status !== 'PUT_OK') throw new Error(status);
      end = physicalOffset + size;
      puts += 1;
    }
    if (puts % TURN_PUTS < queues) await store.whenDurable(end);
  }
  await store.whenDurable(end);
}

async function measureQueues(config: MessageStoreConfig, topics: number, queues: number): Promise<void> {
  let store = newStore(config);
  await timed('start of an empty store', () => store.start());
  await timed(`a message to each of ${topics * queues} queues`, () => putAll(store, topics, queues));
  await timed('shutdown after it', () => store.shutdown());
  store = newStore(config);
  await timed('start after it', () => store.start());
  await timed('a message to each queue', () => putAll(store, topics, queues));
  await timed('shutdown after it', () => store.shutdown());
  store = newStore(config);
  await timed('start after it', () => store.start());
  // What recovery left in memory is saved in the background.
  await timed('all saved by and by', async () => {
    while (!store.isSaved()) await new Promise((resolve) => setTimeout(resolve, 100));
  });
  await timed('shutdown with nothing new', () => store.shutdown());
  store = newStore(config);
  await timed('start after a complete shutdown', () => store.start());
  const count = [...store.queues()].filter(({ maxOffset }) => maxOffset === 2).length;
  if (count !== topics * queues) throw new Error(`${count} queues have their messages`);
  await store.shutdown();
}

/** Sparse log files of the usual size, each full but for a message that is too large for the rest. */
async function measureFiles(config: MessageStoreConfig, files: number): Promise<void> {
  const folder = join(config.storePathRootDir, 'commitlog');
  mkdirSync(folder, { recursive: true });
  let store = newStore(config);
  await store.start();
  await putAll(store, 1, 1);
  await store.shutdown();
  for (let file = 1; file < files; file++) {
    const fd = openSync(join(folder, String(file * LOG_FILE_BYTES).padStart(20, '0')), 'w');
    ftruncateSync(fd, LOG_FILE_BYTES);
    closeSync(fd);
  }
  store = newStore(config);
  await timed(`start with ${files} log files, all but one empty`, () => store.start());
  await store.shutdown();
}

const { values } = parseArgs({
  options: {
    topics: { type: 'string', default: '20000' },
    queues: { type: 'string', default: '4' },
    files: { type: 'string' },
  },
});
const root = await mkdtemp(join(tmpdir(), 'mqadmin-scale-'));
try {
  const config = { ...DEFAULT_STORE_CONFIG, storePathRootDir: root };
  if (values.files) await measureFiles(config, Number(values.files));
  else await measureQueues(config, Number(values.topics), Number(values.queues));
} finally {
  await rm(root, { recursive: true, force: true });
}
