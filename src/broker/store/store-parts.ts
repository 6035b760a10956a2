/** The files of a store as its settings have them. */
import { join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { CommitLog, type LogMemory } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import { ConsumeQueueStore } from './consume-queue-store.js';
import type { FileSystem } from './file-system.js';
import { IndexService } from './index-service.js';
import type { LogFolders } from './log-folders.js';
import type { MessageStoreConfig } from './store-config.js';
import type { SealFile } from './store-seal.js';

export interface StoreParts {
  config: MessageStoreConfig;
  fs: FileSystem;
  clock: Clock;
  logger: Logger;
  folders: LogFolders;
  seal: SealFile;
}

/** @param memory for the newest part of the log; allocated by default */
export function newCommitLog(parts: StoreParts, memory?: LogMemory): CommitLog<ConsumeQueue> {
  const { config, fs, clock, logger, folders } = parts;
  const { windowBytes } = config;
  return new CommitLog<ConsumeQueue>({
    fs,
    clock,
    logger,
    folders,
    fileBytes: config.mappedFileSizeCommitLog,
    flushDiskType: config.flushDiskType,
    flushIntervalMs: config.flushIntervalCommitLog,
    flushLeastPages: config.flushCommitLogLeastPages,
    flushThoroughIntervalMs: config.flushCommitLogThoroughInterval,
    syncFlushTimeoutMs: config.syncFlushTimeout,
    memory: memory ?? { buffer: new ArrayBuffer(windowBytes), windowStart: 0, windowBytes },
  });
}

/** @param isBatchTopic whether a topic's queues are batch consume queues; none by default */
export function newConsumeQueues(
  { config, fs, clock, logger, seal }: StoreParts,
  isBatchTopic: (topic: string) => boolean = () => false,
): ConsumeQueueStore {
  const root = config.storePathRootDir;
  return new ConsumeQueueStore({
    fs,
    logger,
    folder: join(root, 'consumequeue'),
    fileBytes: config.mappedFileSizeConsumeQueue,
    batch: {
      folder: join(root, 'batchconsumequeue'),
      fileBytes: config.mapperFileSizeBatchConsumeQueue,
      isBatchTopic,
    },
    ext: config.enableConsumeQueueExt
      ? { folder: join(root, 'consumequeue_ext'), fileBytes: config.mappedFileSizeConsumeQueueExt }
      : undefined,
    hotBytes: config.hotQueueBytes,
    seal,
    monotonicMs: () => clock.monotonicMs(),
  });
}

/** null if messages are not indexed. */
export function newIndex({ config, fs, clock, logger, seal }: StoreParts): IndexService | null {
  if (!config.messageIndexEnable) return null;
  return new IndexService({
    fs,
    logger,
    folder: join(config.storePathRootDir, 'index'),
    hashSlotNum: config.maxHashSlotNum,
    indexNum: config.maxIndexNum,
    now: () => clock.now(),
    seal,
  });
}
