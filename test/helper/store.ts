/**
 * Stores in temporary folders, and a file system that fails on demand.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { silentLogger } from '../../src/base/logger.js';
import { decodeCheckpoint } from '../../src/broker/store/checkpoint.js';
import { type FileSystem, nodeFileSystem } from '../../src/broker/store/file-system.js';
import {
  DEFAULT_STORE_CONFIG,
  MessageStore,
  type MessageStoreConfig,
  type MessageStoreDeps,
  type PutMessage,
  type PutResult,
} from '../../src/broker/store/message-store.js';
import type { MessageExt } from '../../src/protocol/message.js';
import { decodeMessages } from '../../src/protocol/message-codec.js';
import { encodeProperties } from '../../src/protocol/message-property.js';
import { ManualClock, settle } from './manual-clock.js';

/** Everything small, so that tests see files roll, windows wrap and indexes fill. */
export const SMALL_STORE: Omit<MessageStoreConfig, 'storePathRootDir'> = {
  ...DEFAULT_STORE_CONFIG,
  mappedFileSizeCommitLog: 4_096,
  mappedFileSizeConsumeQueue: 160,
  maxHashSlotNum: 7,
  maxIndexNum: 40,
  windowBytes: 65_536,
  deleteCommitLogFilesInterval: 0,
};

export const STORE_HOST = { address: '10.9.8.7', port: 10_911 };

/** An empty folder that is removed at the test's end. */
export function tempFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqadmin-store-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a crash of the process leaves: a copy of the folder as it is now. Claims of living processes are left out. */
export function crashedCopy(t: ExecutionContext, folder: string): string {
  const copy = tempFolder(t);
  cpSync(folder, copy, { recursive: true, filter: (path) => !/mqadmin-.*\.lock$/.test(path) });
  return copy;
}

export interface StoreOptions extends Partial<Omit<MessageStoreDeps, 'clock'>> {
  folder?: string;
  config?: Partial<MessageStoreConfig>;
  clock?: ManualClock;
}

export interface OpenStore {
  store: MessageStore;
  clock: ManualClock;
  folder: string;
}

/** A store that is not started. */
export function newStore(t: ExecutionContext, options: StoreOptions = {}): OpenStore {
  const { folder = tempFolder(t), config, clock = new ManualClock(), ...deps } = options;
  const store = new MessageStore(
    { ...SMALL_STORE, storePathRootDir: folder, ...config },
    { clock, logger: silentLogger, storeHost: STORE_HOST, ...deps },
  );
  t.teardown(() => store.shutdown());
  return { store, clock, folder };
}

/** A running store, closed at the test's end. */
export async function openStore(t: ExecutionContext, options: StoreOptions = {}): Promise<OpenStore> {
  const opened = newStore(t, options);
  await opened.store.start();
  return opened;
}

/** A message to put; `properties` win over `tags`, `keys`, `uniqKey`. */
export function putOf(
  topic: string,
  queueId: number,
  body: string | Uint8Array,
  more: Partial<PutMessage> & { properties?: Record<string, string> } = {},
): PutMessage {
  const { properties, ...rest } = more;
  return {
    topic,
    queueId,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    bornHost: { address: '10.1.2.3', port: 50_001 },
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: typeof body === 'string' ? Buffer.from(body) : body,
    propertiesText: encodeProperties(new Map(Object.entries(properties ?? {}))),
    ...rest,
  };
}

/** Puts a message and writes it. */
export function put(t: ExecutionContext, store: MessageStore, message: PutMessage): PutResult {
  const result = store.putMessage(message);
  t.is(result.status, 'PUT_OK');
  store.commitTurn();
  return result;
}

/** Lets the event loop run until something holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 100_000; turn++) {
    if (condition()) return;
    await settle();
  }
  throw new Error(`never: ${what}`);
}

/** Moves the clock to the next full save, and waits until the checkpoint says that it is done. */
export async function saveAll({ store, clock, folder }: OpenStore): Promise<void> {
  const checkpoint = () => decodeCheckpoint(readFileSync(join(folder, 'checkpoint')));
  const before = checkpoint().logicsMsgTimestamp;
  await clock.advanceAsync(DEFAULT_STORE_CONFIG.flushConsumeQueueThoroughInterval);
  await until(() => checkpoint().logicsMsgTimestamp > before, 'the checkpoint moves');
  await store.commitLog.flush();
  clock.advance(DEFAULT_STORE_CONFIG.flushIntervalConsumeQueue);
}

/** All messages of a queue from its min offset on, decoded and with their CRCs checked. */
export async function readQueue(store: MessageStore, topic: string, queueId: number): Promise<MessageExt[]> {
  const messages: MessageExt[] = [];
  let offset = store.minOffset(topic, queueId);
  const end = store.maxOffset(topic, queueId);
  while (offset < end) {
    const result = await store.getMessage(topic, queueId, offset, 32, 1_048_576, null);
    if (result.bytes) messages.push(...decodeMessages(result.bytes, { checkCRC: true }));
    if (result.nextBeginOffset <= offset) throw new Error(`no progress at ${offset}: ${result.status}`);
    offset = result.nextBeginOffset;
  }
  return messages;
}

/** Bodies of a queue as text. */
export async function readBodies(store: MessageStore, topic: string, queueId: number): Promise<string[]> {
  return (await readQueue(store, topic, queueId)).map((message) => message.body.toString());
}

export type FileOperation = 'open' | 'read' | 'write' | 'truncate' | 'sync' | 'remove';

/** An error as the operating system raises it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** Node's files, with failures where the test wants them. */
export class FaultyFileSystem implements FileSystem {
  readonly #paths = new Map<number, string>();
  /** Asked before each operation; an error makes it fail. */
  fault: (operation: FileOperation, path: string) => Error | null = () => null;
  /** Asked for each write: bytes that get to the file before it fails; null for all of them, without failure. */
  tornWrite: (path: string, length: number) => number | null = () => null;
  /** Waited for before each sync. */
  beforeSync: (path: string) => Promise<void> = async () => {};
  /** Number of operations so far, by kind. */
  readonly counts: Record<FileOperation, number> = { open: 0, read: 0, write: 0, truncate: 0, sync: 0, remove: 0 };

  #check(operation: FileOperation, path: string): void {
    this.counts[operation] += 1;
    const error = this.fault(operation, path);
    if (error) throw error;
  }

  #path(fd: number): string {
    return this.#paths.get(fd) ?? '';
  }

  open(path: string, mode: 'read' | 'write' | 'create'): number {
    this.#check('open', path);
    const fd = nodeFileSystem.open(path, mode);
    this.#paths.set(fd, path);
    return fd;
  }

  close(fd: number): void {
    this.#paths.delete(fd);
    nodeFileSystem.close(fd);
  }

  read(fd: number, target: Uint8Array, targetStart: number, length: number, filePosition: number): number {
    this.#check('read', this.#path(fd));
    return nodeFileSystem.read(fd, target, targetStart, length, filePosition);
  }

  async readAsync(fd: number, target: Uint8Array, start: number, length: number, position: number): Promise<number> {
    this.#check('read', this.#path(fd));
    return nodeFileSystem.readAsync(fd, target, start, length, position);
  }

  write(fd: number, source: Uint8Array, sourceStart: number, length: number, filePosition: number): number {
    this.#check('write', this.#path(fd));
    const torn = this.tornWrite(this.#path(fd), length);
    if (torn === null) return nodeFileSystem.write(fd, source, sourceStart, length, filePosition);
    if (torn > 0) nodeFileSystem.write(fd, source, sourceStart, torn, filePosition);
    throw systemError('ENOSPC');
  }

  truncate(fd: number, sizeBytes: number): void {
    this.#check('truncate', this.#path(fd));
    nodeFileSystem.truncate(fd, sizeBytes);
  }

  async sync(fd: number): Promise<void> {
    const path = this.#path(fd);
    await this.beforeSync(path);
    this.#check('sync', path);
    await nodeFileSystem.sync(fd);
  }

  remove(path: string): void {
    this.#check('remove', path);
    nodeFileSystem.remove(path);
  }

  async removeAsync(path: string): Promise<void> {
    this.#check('remove', path);
    await nodeFileSystem.removeAsync(path);
  }

  syncFolder = nodeFileSystem.syncFolder;
  syncFolderAsync = nodeFileSystem.syncFolderAsync;
  info = nodeFileSystem.info;
  list = nodeFileSystem.list;
  createFolder = nodeFileSystem.createFolder;
  rename = nodeFileSystem.rename;
  removeFolder = nodeFileSystem.removeFolder;
  usedRatio = nodeFileSystem.usedRatio;
  descriptorLimit = nodeFileSystem.descriptorLimit;
}
