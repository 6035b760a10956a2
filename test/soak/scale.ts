/**
 * Measures a store with many queues, or many log files: how long it takes to start and to shut down, its memory, and its
 * open files.
 *
 *   npm run soak:scale -- --topics 20000 --queues 4
 *   npm run soak:scale -- --topics 20000 --queues 4 --cold      the last start with an empty page cache
 *   npm run soak:scale -- --files 5000
 */
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { DEFAULT_STORE_CONFIG, MessageStore, type MessageStoreConfig } from '../../src/broker/store/message-store.js';
import {
  BLANK_HEADER_BYTES,
  PHYSICAL_OFFSET_AT,
  QUEUE_OFFSET_AT,
  STORE_TIMESTAMP_AT,
  writeOffset,
} from '../../src/broker/store/record-layout.js';
import { writeBlankHeader } from '../../src/broker/store/record-writer.js';
import { putOf, STORE_HOST } from '../helper/store.js';

/** Between them the log is written: no more is in memory at a time. */
const TURN_PUTS = 5_000;
/** Of the files of `--files`. */
const LOG_FILE_BYTES = 1_073_741_824;

const MIB = 1_048_576;

/** Empties the page cache, where the system lets us: as after a start of the machine. */
function dropCaches(): void {
  if (!values.cold) return;
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3');
  } catch (error) {
    throw new Error('--cold needs Linux, and root', { cause: error });
  }
}

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
  dropCaches();
  store = newStore(config);
  await timed('start after a complete shutdown', () => store.start());
  const count = [...store.queues()].filter(({ maxOffset }) => maxOffset === 2).length;
  if (count !== topics * queues) throw new Error(`${count} queues have their messages`);
  await store.shutdown();
}

/** An hour lies between the messages of two files. */
const FILE_MS = 3_600_000;

/**
 * Log files of the usual size that take a block or two each: a message, and a filler for the rest.
 *
 * @param record of the first message of queue 0
 */
function writeLogFiles(folder: string, files: number, record: Buffer, newestMs: number): void {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const filler = new DataView(new ArrayBuffer(BLANK_HEADER_BYTES));
  writeBlankHeader(filler, 0, LOG_FILE_BYTES - record.length);
  for (let file = 0; file < files; file++) {
    writeOffset(view, QUEUE_OFFSET_AT, file);
    writeOffset(view, PHYSICAL_OFFSET_AT, file * LOG_FILE_BYTES);
    writeOffset(view, STORE_TIMESTAMP_AT, newestMs - (files - file) * FILE_MS);
    const fd = openSync(join(folder, String(file * LOG_FILE_BYTES).padStart(20, '0')), 'w');
    ftruncateSync(fd, LOG_FILE_BYTES);
    writeSync(fd, record, 0, record.length, 0);
    // The newest ends with its message.
    if (file < files - 1) writeSync(fd, filler, 0, BLANK_HEADER_BYTES, record.length);
    closeSync(fd);
  }
}

/** Sparse log files of the usual size, with a message in each. */
async function measureFiles(config: MessageStoreConfig, files: number): Promise<void> {
  const folder = join(config.storePathRootDir, 'commitlog');
  let store = newStore(config);
  await store.start();
  const put = store.putMessage(putOf('orders', 0, 'body'.repeat(25)));
  await store.whenDurable(put.physicalOffset + put.size);
  const record = await store.lookMessage(put.physicalOffset);
  await store.shutdown();
  if (!record) throw new Error('the message is gone');
  await rm(config.storePathRootDir, { recursive: true });
  mkdirSync(folder, { recursive: true });
  const newestMs = systemClock.now();
  writeLogFiles(folder, files, record, newestMs);
  store = newStore(config);
  await timed(`start with ${files} log files and nothing else`, () => store.start());
  if (store.maxOffset('orders', 0) !== files) throw new Error(`${store.maxOffset('orders', 0)} messages`);
  await timed('all saved by and by', async () => {
    while (!store.isSaved()) await new Promise((resolve) => setTimeout(resolve, 100));
  });
  await timed('shutdown', () => store.shutdown());
  store = newStore(config);
  await timed('start after it', () => store.start());
  await timed('1,000 messages looked up by place', async () => {
    for (let i = 0; i < 1_000; i++) {
      const file = (i * 7_919) % files;
      if (!(await store.lookMessage(file * LOG_FILE_BYTES))) throw new Error(`no message in file ${file}`);
    }
  });
  await timed('1,000 messages looked up by time', async () => {
    for (let i = 0; i < 1_000; i++) {
      const file = (i * 7_919) % files;
      const found = await store.offsetByTime('orders', 0, newestMs - (files - file) * FILE_MS, 'lower');
      if (found !== file) throw new Error(`message ${found} instead of ${file}`);
    }
  });
  await timed('all messages pulled', async () => {
    for (let offset = 0; offset < files; ) {
      const { nextBeginOffset } = await store.getMessage('orders', 0, offset, 32, MIB, null);
      if (nextBeginOffset <= offset) throw new Error(`no progress at ${offset}`);
      offset = nextBeginOffset;
    }
  });
  await timed('shutdown', () => store.shutdown());
  const old = new Date(newestMs - 100 * FILE_MS);
  for (const name of readdirSync(folder).slice(0, files / 2)) utimesSync(join(folder, name), old, old);
  store = newStore(config);
  await store.start();
  const deleted = await timed('a round of deletion with half of them expired', () => store.deleteExpiredFiles());
  process.stdout.write(`${deleted} files deleted\n`);
  await store.shutdown();
}

const { values } = parseArgs({
  options: {
    topics: { type: 'string', default: '20000' },
    queues: { type: 'string', default: '4' },
    files: { type: 'string' },
    cold: { type: 'boolean', default: false },
  },
});
// The store's own timers keep no process alive.
const alive = setInterval(() => undefined, 1_000);
const root = await mkdtemp(join(tmpdir(), 'mqadmin-scale-'));
try {
  const config = { ...DEFAULT_STORE_CONFIG, storePathRootDir: root };
  if (values.files) await measureFiles(config, Number(values.files));
  else await measureQueues(config, Number(values.topics), Number(values.queues));
} finally {
  clearInterval(alive);
  await rm(root, { recursive: true, force: true });
}
