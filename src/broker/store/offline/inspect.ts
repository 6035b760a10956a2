import { join } from 'node:path';
import type { Checkpoint } from '../checkpoint.js';
import { nextTurn } from '../next-turn.js';
import { type IndexHeader, readIndexHeader } from './index-scan.js';
import { readRecordAt, walkLog } from './log-walk.js';
import { gapsOf, type OddFile, type OffsetFiles, pathOf } from './offset-files.js';
import { QueueReader } from './queue-reader.js';
import type { StoreLayout } from './store-layout.js';

/** One file, or the files of one kind. */
export interface StoredFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** On disk; less for a sparse file. */
  readonly allocatedBytes: number;
}

export interface StoredLogFile extends StoredFile {
  /** `[from, to)` of the commit log. */
  readonly from: number;
  readonly to: number;
  /** Store time of its first message, ms; null without one. */
  readonly firstStoreTimestamp: number | null;
}

export interface StoredQueue {
  readonly topic: string;
  readonly queueId: number;
  readonly type: 'SimpleCQ' | 'BatchCQ';
  /** First offset whose message is in the log, and the one after the last. */
  readonly minOffset: number;
  readonly maxOffset: number;
  readonly messages: number;
  readonly files: number;
  /** Bytes from the first file that are missing in between. */
  readonly gaps: ReadonlyArray<{ readonly from: number; readonly to: number }>;
}

/** What a store folder holds. */
export interface StoreInspection {
  readonly folder: string;
  /** Pid of the process that has the folder; 0 if the system does not say which, null without one. */
  readonly ownerPid: number | null;
  /** That process is in another container or on another machine. */
  readonly isOwnerElsewhere: boolean;
  /** A broker runs on it, or ended without a shutdown. */
  readonly hasAbort: boolean;
  readonly commitLog: {
    readonly fileBytes: number;
    readonly minPhyOffset: number;
    /** End of the last whole record. */
    readonly maxPhyOffset: number;
    /** Bytes behind it, up to the last that is not zero. */
    readonly tornBytes: number;
    /** Store times of the first and the last message, ms; null without messages. */
    readonly firstStoreTimestamp: number | null;
    readonly lastStoreTimestamp: number | null;
    readonly gaps: ReadonlyArray<{ readonly from: number; readonly to: number }>;
    readonly files: readonly StoredLogFile[];
  };
  readonly topics: number;
  /** In all queues together; light queues count what stands in others, too. */
  readonly messages: number;
  readonly queues: readonly StoredQueue[];
  readonly index: ReadonlyArray<StoredFile & { readonly header: IndexHeader | null }>;
  readonly checkpoint: Checkpoint | null;
  /** timerwheel and the files of timerlog. */
  readonly timer: readonly StoredFile[];
  readonly config: readonly StoredFile[];
  /** Files that their folder must not have. */
  readonly oddFiles: readonly OddFile[];
}

/**
 * Looks into a store without reading all of it: the last file of the log, and of each queue its ends.
 *
 * @throws the operating system's error
 */
export async function inspectStore(store: StoreLayout): Promise<StoreInspection> {
  const { log } = store;
  const end = await findEnd(store);
  const files = log.starts.map((start) => ({
    ...storedFile(store, pathOf(log, start)),
    from: start,
    to: start + log.fileBytes,
    firstStoreTimestamp: readRecordAt(store, start, false)?.record.storeTimestamp ?? null,
  }));
  const queues = await inspectQueues(store, log.starts[0] ?? 0);
  const configFolder = join(store.root, 'config');
  const timerFiles = [join(store.root, 'timerwheel'), ...pathsOf(store.timerLog)];
  return {
    folder: store.root,
    ownerPid: store.owner?.pid ?? null,
    isOwnerElsewhere: store.owner?.isElsewhere ?? false,
    hasAbort: store.hasAbort,
    commitLog: {
      fileBytes: log.fileBytes,
      minPhyOffset: log.starts[0] ?? 0,
      maxPhyOffset: end.maxPhyOffset,
      tornBytes: end.tornBytes,
      firstStoreTimestamp: files[0]?.firstStoreTimestamp ?? null,
      lastStoreTimestamp: end.lastStoreTimestamp,
      gaps: gapsOf(log),
      files,
    },
    topics: new Set(queues.map(({ topic }) => topic)).size,
    messages: queues.reduce((sum, { messages }) => sum + messages, 0),
    queues,
    index: store.indexFiles.map((file) => ({
      ...storedFile(store, file.path),
      header: readIndexHeader(store, file),
    })),
    checkpoint: store.checkpoint?.values ?? null,
    timer: timerFiles.filter((path) => store.fs.info(path)).map((path) => storedFile(store, path)),
    config: store.fs.list(configFolder).map((name) => storedFile(store, join(configFolder, name))),
    oddFiles: [...log.odd, ...store.queues.flatMap((queue) => queue.files.odd), ...store.timerLog.odd],
  };
}

function pathsOf(files: OffsetFiles): string[] {
  return files.starts.map((start) => pathOf(files, start));
}

function storedFile({ fs }: StoreLayout, path: string): StoredFile {
  const info = fs.info(path);
  return { path, sizeBytes: info?.sizeBytes ?? 0, allocatedBytes: info?.allocatedBytes ?? 0 };
}

/** Reads the newest file that has messages to its end. */
async function findEnd(
  store: StoreLayout,
): Promise<{ maxPhyOffset: number; tornBytes: number; lastStoreTimestamp: number | null }> {
  const { log } = store;
  // Files may be made ahead.
  const from = log.starts.findLast((start) => readRecordAt(store, start, false) !== null) ?? log.starts[0] ?? 0;
  let lastStoreTimestamp: number | null = null;
  for (const step of walkLog(store, from, false)) {
    if (step.kind === 'record') lastStoreTimestamp = step.record.storeTimestamp;
    if (step.kind === 'pause') await nextTurn();
    if (step.kind === 'end') {
      return { maxPhyOffset: step.physicalOffset, tornBytes: step.tornBytes, lastStoreTimestamp };
    }
  }
  return { maxPhyOffset: from, tornBytes: 0, lastStoreTimestamp };
}

async function inspectQueues(store: StoreLayout, minPhyOffset: number): Promise<StoredQueue[]> {
  const reader = new QueueReader(store);
  const queues: StoredQueue[] = [];
  for (const files of store.queues) {
    const queue = reader.open(files);
    const minOffset = reader.minOffset(queue, minPhyOffset);
    queues.push({
      topic: files.topic,
      queueId: files.queueId,
      type: files.isBatch ? 'BatchCQ' : 'SimpleCQ',
      minOffset,
      maxOffset: queue.maxOffset,
      messages: queue.maxOffset - minOffset,
      files: files.files.starts.length,
      gaps: gapsOf(files.files),
    });
    if (queues.length % 200 === 0) await nextTurn();
  }
  return queues;
}
