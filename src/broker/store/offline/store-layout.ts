import { basename, join } from 'node:path';
import { MQError } from '../../../base/errors.js';
import { type Checkpoint, decodeCheckpoint } from '../checkpoint.js';
import { type FileSystem, readFully } from '../file-system.js';
import { LogFolders } from '../log-folders.js';
import { nextTurn } from '../next-turn.js';
import { StoreLock } from '../store-lock.js';
import { BATCH_UNIT_BYTES, UNIT_BYTES } from '../unit-slab.js';

/** What is known of a store besides its folder; sizes are taken from the files where they are not given. */
export interface StoreSettings {
  readonly storePathRootDir: string;
  readonly storePathCommitLog?: string;
  readonly readOnlyCommitLogStorePaths?: string;
  readonly mappedFileSizeCommitLog?: number;
  readonly mappedFileSizeConsumeQueue?: number;
  readonly mapperFileSizeBatchConsumeQueue?: number;
  readonly maxHashSlotNum?: number;
  readonly maxIndexNum?: number;
  /** Delay levels, by which entries of the schedule topic get their times. */
  readonly messageDelayLevel?: string;
}

/** A file that its folder must not have: with another size, or with a name that is no offset. */
export interface OddFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Its name as an offset; null if it is none. */
  readonly start: number | null;
}

/** Files named by the offset of their first byte. */
export interface OffsetFiles {
  readonly folder: string;
  /** Size that the files have; 0 without files. */
  fileBytes: number;
  /** First offsets of the files that have this size, ascending. */
  starts: number[];
  odd: OddFile[];
  /** Folders of files that are not in `folder`. */
  readonly folderOf: Map<number, string> | null;
}

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

/** A store folder as it lies on the disk, of ours or of Apache's. Nothing is changed, and nothing taken. */
export interface StoreLayout {
  readonly fs: FileSystem;
  readonly root: string;
  readonly settings: StoreSettings;
  readonly log: OffsetFiles;
  readonly queues: QueueFiles[];
  readonly indexFiles: IndexFileEntry[];
  readonly timerLog: OffsetFiles;
  /** null: no such file. */
  readonly checkpoint: { readonly sizeBytes: number; readonly values: Checkpoint } | null;
  /** The file `abort` is there: a broker runs, or ended without a shutdown. */
  readonly hasAbort: boolean;
  /** Pid of the running process that has the folder; 0 if the system does not say which, null without one. */
  readonly ownerPid: number | null;
}

export const INDEX_FOLDER = 'index';
const SLICE = 200;

/**
 * Lists a store folder.
 *
 * @throws MQError NOT_FOUND if the folder has neither a commit log nor a checkpoint; the operating system's error
 */
export async function readLayout(fs: FileSystem, settings: StoreSettings): Promise<StoreLayout> {
  const root = settings.storePathRootDir;
  const folders = new LogFolders(settings).all;
  if (!folders.some((folder) => fs.info(folder)) && !fs.info(join(root, 'checkpoint'))) {
    throw new MQError('NOT_FOUND', `${root} is no store folder: it has neither commitlog nor checkpoint`);
  }
  const queues = [
    ...(await listQueues(fs, join(root, 'consumequeue'), false, settings.mappedFileSizeConsumeQueue)),
    ...(await listQueues(fs, join(root, 'batchconsumequeue'), true, settings.mapperFileSizeBatchConsumeQueue)),
  ];
  const indexNames = fs.list(join(root, INDEX_FOLDER)).filter((name) => /^\d+$/.test(name));
  return {
    fs,
    root,
    settings,
    log: listFiles(fs, folders, settings.mappedFileSizeCommitLog),
    queues,
    indexFiles: indexNames.map((name) => {
      const path = join(root, INDEX_FOLDER, name);
      return { path, sizeBytes: fs.info(path)?.sizeBytes ?? 0 };
    }),
    timerLog: listFiles(fs, [join(root, 'timerlog')]),
    checkpoint: readCheckpoint(fs, join(root, 'checkpoint')),
    hasAbort: fs.info(join(root, 'abort')) !== null,
    ownerPid: StoreLock.owner(fs, root),
  };
}

/** Path of the file that begins at `start`. */
export function pathOf(files: OffsetFiles, start: number): string {
  return join(files.folderOf?.get(start) ?? files.folder, String(start).padStart(20, '0'));
}

/** First offset of the file that covers `offset`, or -1. */
export function fileStartOf(files: OffsetFiles, offset: number): number {
  const { starts, fileBytes } = files;
  let low = 0;
  let high = starts.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const start = starts[middle] as number;
    if (offset < start) high = middle - 1;
    else if (offset >= start + fileBytes) low = middle + 1;
    else return start;
  }
  return -1;
}

/** Pieces `[from, to)` between files where one or more are missing. */
export function gapsOf({ starts, fileBytes }: OffsetFiles): Array<{ from: number; to: number }> {
  return starts.slice(1).flatMap((start, i) => {
    const from = (starts[i] as number) + fileBytes;
    return from === start ? [] : [{ from, to: start }];
  });
}

/** Reads a piece of a file. @returns bytes read, fewer only at its end */
export function readPiece(fs: FileSystem, path: string, position: number, target: Uint8Array, length: number): number {
  const fd = fs.open(path, 'read');
  try {
    return readFully(fs, fd, target, 0, length, position);
  } finally {
    fs.close(fd);
  }
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
      const files = listFiles(fs, [join(root, topic, name)], fileBytes);
      if (files.starts.length > 0) sizes.set(files.fileBytes, (sizes.get(files.fileBytes) ?? 0) + files.starts.length);
      queues.push({ topic, queueId: Number(name), isBatch, unitBytes, files });
      if (queues.length % SLICE === 0) await nextTurn();
    }
  }
  const common = fileBytes ?? commonest(sizes);
  for (const { files } of queues) keepSize(files, common);
  return queues.sort((a, b) => (a.topic === b.topic ? a.queueId - b.queueId : a.topic < b.topic ? -1 : 1));
}

/** Takes files of another size off the list. */
function keepSize(files: OffsetFiles, fileBytes: number): void {
  if (files.fileBytes === fileBytes) return;
  const { odd } = files;
  odd.push(...files.starts.map((start) => ({ path: pathOf(files, start), sizeBytes: files.fileBytes, start })));
  files.starts = odd.flatMap(({ start, sizeBytes }) => (start !== null && sizeBytes === fileBytes ? [start] : []));
  files.starts.sort((a, b) => a - b);
  files.odd = odd.filter(({ start, sizeBytes }) => start === null || sizeBytes !== fileBytes);
  files.fileBytes = fileBytes;
}

/** The size that most files have; of several the largest: a broken file is rather too short. */
function commonest(counts: ReadonlyMap<number, number>): number {
  let best = 0;
  for (const [size, count] of counts) {
    const most = counts.get(best) ?? 0;
    if (count > most || (count === most && size > best)) best = size;
  }
  return best;
}

function listFiles(fs: FileSystem, folders: readonly string[], size?: number): OffsetFiles {
  const folder = folders[0] as string;
  const found: OddFile[] = [];
  const counts = new Map<number, number>();
  for (const from of folders) {
    for (const name of fs.list(from)) {
      const path = join(from, name);
      const info = fs.info(path);
      if (!info || info.isDirectory) continue;
      const start = /^\d+$/.test(name) && Number.isSafeInteger(Number(name)) ? Number(name) : null;
      found.push({ path, sizeBytes: info.sizeBytes, start });
      if (start !== null && info.sizeBytes > 0) counts.set(info.sizeBytes, (counts.get(info.sizeBytes) ?? 0) + 1);
    }
  }
  found.sort((a, b) => (a.start ?? -1) - (b.start ?? -1));
  const fileBytes = size ?? commonest(counts);
  const folderOf = folders.length > 1 ? new Map<number, string>() : null;
  const files: OffsetFiles = { folder, fileBytes, starts: [], odd: [], folderOf };
  for (const file of found) {
    if (file.start === null || file.sizeBytes !== fileBytes || files.starts.at(-1) === file.start) files.odd.push(file);
    else {
      files.starts.push(file.start);
      folderOf?.set(file.start, file.path.slice(0, -basename(file.path).length - 1));
    }
  }
  return files;
}

function readCheckpoint(fs: FileSystem, path: string): StoreLayout['checkpoint'] {
  const info = fs.info(path);
  if (!info) return null;
  const bytes = new Uint8Array(Math.min(info.sizeBytes, 64));
  readPiece(fs, path, 0, bytes, bytes.length);
  return { sizeBytes: info.sizeBytes, values: decodeCheckpoint(bytes) };
}
