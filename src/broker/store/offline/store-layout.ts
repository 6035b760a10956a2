import { join } from 'node:path';
import { sleep, systemClock } from '../../../base/clock.js';
import { MQError } from '../../../base/errors.js';
import { type Checkpoint, decodeCheckpoint } from '../checkpoint.js';
import type { FileSystem } from '../file-system.js';
import { LogFolders } from '../log-folders.js';
import { nextTurn } from '../next-turn.js';
import { StoreLock, type StoreOwner } from '../store-lock.js';
import { BATCH_UNIT_BYTES, UNIT_BYTES } from '../unit-slab.js';
import { commonest, keepSize, listFiles, type OffsetFiles, readPiece } from './offset-files.js';

import { type UnfinishedRepair, unfinishedRepairs } from './unfinished-repair.js';

/** What is known of a store besides its folder; sizes are taken from the files where they are not given. */
export interface StoreSettings {
  readonly storePathRootDir: string;
  readonly storePathCommitLog?: string;
  readonly readOnlyCommitLogStorePaths?: string;
  readonly mappedFileSizeCommitLog?: number;
  readonly mappedFileSizeConsumeQueue?: number;
  readonly mapperFileSizeBatchConsumeQueue?: number;
  readonly mappedFileSizeConsumeQueueExt?: number;
  readonly mappedFileSizeTimerLog?: number;
  readonly timerPrecisionMs?: number;
  readonly maxHashSlotNum?: number;
  readonly maxIndexNum?: number;
  /** Delay levels, by which entries of the schedule topic get their times. */
  readonly messageDelayLevel?: string;
}

type Wait = (ms: number) => Promise<void>;

/** Files of one consume queue. */
export interface QueueFiles {
  readonly topic: string;
  readonly queueId: number;
  readonly isBatch: boolean;
  readonly unitBytes: number;
  readonly files: OffsetFiles;
}

export interface IndexFileEntry {
  readonly path: string;
  readonly sizeBytes: number;
}

/** A part of a store that is in a form which is not read here. */
export interface UnreadablePart {
  readonly path: string;
  /** What it is, in words. */
  readonly what: string;
}

/** Files have another size than the configuration says. */
export interface SizeMismatch {
  readonly folder: string;
  /** The setting. */
  readonly name: string;
  readonly configuredBytes: number;
  readonly fileBytes: number;
}

/** A store folder as it lies on the disk, of ours or of Apache's. Nothing is changed, and nothing taken. */
export interface StoreLayout {
  readonly fs: FileSystem;
  readonly root: string;
  readonly settings: StoreSettings;
  readonly log: OffsetFiles;
  readonly queues: QueueFiles[];
  /** Extensions of consume queues by `queueFolder`. */
  readonly extensions: ReadonlyMap<string, OffsetFiles>;
  /** consumequeue is a RocksDB only: nothing can be said of queues. */
  readonly hasRocksQueues: boolean;
  readonly unreadable: readonly UnreadablePart[];
  /** Repairs that were stopped. */
  readonly unfinished: readonly UnfinishedRepair[];
  readonly sizeMismatches: readonly SizeMismatch[];
  readonly indexFiles: IndexFileEntry[];
  readonly timerLog: OffsetFiles;
  /** null: no such file. */
  readonly checkpoint: { readonly sizeBytes: number; readonly values: Checkpoint } | null;
  /** The file `abort` is there: a broker runs, or ended without a shutdown. */
  readonly hasAbort: boolean;
  /** The running process that has the folder; null without one. */
  readonly owner: StoreOwner | null;
}

export const INDEX_FOLDER = 'index';
export const EXT_FOLDER = 'consumequeue_ext';
export const QUEUE_FOLDER = 'consumequeue';
export const BATCH_QUEUE_FOLDER = 'batchconsumequeue';
export const DLEDGER_PREFIX = 'dledger-';
const SLICE = 200;

/**
 * Lists a store folder. Takes some seconds if a process of another container or machine seems to have it.
 *
 * @param wait resolves after so many ms
 * @throws MQError NOT_FOUND if the folder has neither a commit log nor a checkpoint; the operating system's error
 */
export async function readLayout(fs: FileSystem, settings: StoreSettings, wait: Wait = sleep): Promise<StoreLayout> {
  const root = settings.storePathRootDir;
  const folders = new LogFolders(settings).all;
  const unreadable = findUnreadable(fs, root);
  if (!folders.some((folder) => fs.info(folder)) && !fs.info(join(root, 'checkpoint'))) {
    const parts = unreadable.map(({ path, what }) => `${path} is ${what}, which can not be read`).join('; ');
    const reason = parts === '' ? 'it has neither commitlog nor checkpoint' : parts;
    throw new MQError('NOT_FOUND', `${root} is no store folder: ${reason}`);
  }
  const log = listFiles(fs, folders, settings.mappedFileSizeCommitLog);
  const plain = await listQueues(fs, join(root, QUEUE_FOLDER), false, settings.mappedFileSizeConsumeQueue);
  const batch = await listQueues(fs, join(root, BATCH_QUEUE_FOLDER), true, settings.mapperFileSizeBatchConsumeQueue);
  const ext = await listQueues(fs, join(root, EXT_FOLDER), false, settings.mappedFileSizeConsumeQueueExt);
  const timerLog = listFiles(fs, [join(root, 'timerlog')], settings.mappedFileSizeTimerLog);
  const mismatchOf = (folder: string, name: keyof StoreSettings, files: OffsetFiles | undefined): SizeMismatch[] => {
    const configuredBytes = settings[name];
    const fileBytes = files?.fileBytes ?? 0;
    if (typeof configuredBytes !== 'number' || fileBytes === 0 || fileBytes === configuredBytes) return [];
    return [{ folder, name, configuredBytes, fileBytes }];
  };
  const indexNames = fs.list(join(root, INDEX_FOLDER)).filter((name) => /^\d+$/.test(name));
  return {
    fs,
    root,
    settings,
    log,
    queues: [...plain, ...batch],
    extensions: new Map(ext.map(({ topic, queueId, files }) => [queueFolder(topic, queueId), files])),
    // Both are there if the broker writes to both.
    hasRocksQueues: plain.length === 0 && isRocksDb(fs, join(root, QUEUE_FOLDER)),
    unreadable,
    unfinished: unfinishedRepairs(fs, root),
    sizeMismatches: [
      ...mismatchOf(log.folder, 'mappedFileSizeCommitLog', log),
      ...mismatchOf(join(root, QUEUE_FOLDER), 'mappedFileSizeConsumeQueue', plain[0]?.files),
      ...mismatchOf(join(root, BATCH_QUEUE_FOLDER), 'mapperFileSizeBatchConsumeQueue', batch[0]?.files),
      ...mismatchOf(join(root, EXT_FOLDER), 'mappedFileSizeConsumeQueueExt', ext[0]?.files),
      ...mismatchOf(timerLog.folder, 'mappedFileSizeTimerLog', timerLog),
    ],
    indexFiles: indexNames.map((name) => {
      const path = join(root, INDEX_FOLDER, name);
      return { path, sizeBytes: fs.info(path)?.sizeBytes ?? 0 };
    }),
    timerLog,
    checkpoint: readCheckpoint(fs, join(root, 'checkpoint')),
    hasAbort: fs.info(join(root, 'abort')) !== null,
    owner: await StoreLock.owner(fs, root, systemClock.now(), wait),
  };
}

/** `<topic>/<queueId>` */
export function queueFolder(topic: string, queueId: number): string {
  return join(topic, String(queueId));
}

/** Every RocksDB has a file that names its newest manifest. */
function isRocksDb(fs: FileSystem, folder: string): boolean {
  return fs.info(folder)?.isDirectory === true && fs.info(join(folder, 'CURRENT')) !== null;
}

function findUnreadable(fs: FileSystem, root: string): UnreadablePart[] {
  const found: UnreadablePart[] = [];
  for (const name of fs.list(root)) {
    const path = join(root, name);
    if (name.startsWith(DLEDGER_PREFIX)) found.push({ path, what: 'a commit log of DLedger' });
    else if (name === QUEUE_FOLDER && isRocksDb(fs, path)) found.push({ path, what: 'consume queues in RocksDB' });
    else if (name === 'tiered_index_file') found.push({ path, what: 'an index of the tiered store' });
    else if (isRocksDb(fs, path)) found.push({ path, what: 'a RocksDB' });
  }
  for (const name of fs.list(join(root, 'config'))) {
    const path = join(root, 'config', name);
    if (isRocksDb(fs, path)) found.push({ path, what: 'a table in RocksDB' });
  }
  return found;
}

async function listQueues(
  fs: FileSystem,
  root: string,
  isBatch: boolean,
  fileBytes: number | undefined,
): Promise<QueueFiles[]> {
  const unitBytes = isBatch ? BATCH_UNIT_BYTES : UNIT_BYTES;
  const queues: QueueFiles[] = [];
  const sizes = new Map<number, number>();
  for (const topic of fs.list(root)) {
    for (const name of fs.list(join(root, topic))) {
      if (!/^\d+$/.test(name) || !Number.isSafeInteger(Number(name))) continue;
      const files = listFiles(fs, [join(root, topic, name)]);
      if (files.starts.length > 0) sizes.set(files.fileBytes, (sizes.get(files.fileBytes) ?? 0) + files.starts.length);
      queues.push({ topic, queueId: Number(name), isBatch, unitBytes, files });
      if (queues.length % SLICE === 0) await nextTurn();
    }
  }
  // With files all of another size than the configured one, that is what is wrong, and told once.
  const common = fileBytes !== undefined && (sizes.has(fileBytes) || sizes.size === 0) ? fileBytes : commonest(sizes);
  for (const { files } of queues) keepSize(files, common);
  return queues.sort((a, b) => (a.topic === b.topic ? a.queueId - b.queueId : a.topic < b.topic ? -1 : 1));
}

function readCheckpoint(fs: FileSystem, path: string): StoreLayout['checkpoint'] {
  const info = fs.info(path);
  if (!info) return null;
  const bytes = new Uint8Array(Math.min(info.sizeBytes, 64));
  readPiece(fs, path, 0, bytes, bytes.length);
  return { sizeBytes: info.sizeBytes, values: decodeCheckpoint(bytes) };
}
