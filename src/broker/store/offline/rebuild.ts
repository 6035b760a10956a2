import { join } from 'node:path';
import type { Clock } from '../../../base/clock.js';
import { MQError } from '../../../base/errors.js';
import type { Logger } from '../../../base/logger.js';
import { delayLevelMs, delayLevels, parseDelayLevels } from '../../../protocol/delay-level.js';
import { MessageSysFlag } from '../../../protocol/sys-flag.js';
import { SystemTopic } from '../../../protocol/topic-validator.js';
import type { ConsumeQueue, TopicHandle } from '../consume-queue.js';
import { ConsumeQueueStore } from '../consume-queue-store.js';
import { IndexService } from '../index-service.js';
import { nextTurn } from '../next-turn.js';
import {
  delayLevelOf,
  forEachKeyHash,
  innerCountOf,
  isLmqParent,
  lmqPlaces,
  newPropertyRanges,
  scanProperties,
  tagsCodeOf,
} from '../property-scan.js';
import type { RecordView } from '../record-reader.js';
import { DEFAULT_STORE_CONFIG } from '../store-config.js';
import type { IndexParameters } from './index-scan.js';
import { walkLog } from './log-walk.js';
import { BATCH_QUEUE_FOLDER, INDEX_FOLDER, QUEUE_FOLDER, type StoreLayout } from './store-layout.js';

/** Saves what was built each time that so much log was read, so that memory stays bounded. */
const SAVE_EVERY_BYTES = 67_108_864;

/** What is to be built. */
export interface RebuildTask {
  /** Folders of consume queues: `<root>/[batch]consumequeue/<topic>/<queueId>`. */
  readonly queues: ReadonlySet<string>;
  /** null: no index. */
  readonly index: IndexParameters | null;
  /** Where to build: an empty folder, or none, that gets the parts of a store. */
  readonly folder: string;
  /** Ends the building. */
  readonly signal?: AbortSignal;
}

/**
 * Builds consume queues and index from the log, which is read once. The folder must be locked, and the log whole.
 *
 * @throws the operating system's error; the reason of the signal. What was built so far stays
 */
export async function rebuildFromLog(
  store: StoreLayout,
  task: RebuildTask,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<void> {
  const { fs, root, settings, log } = store;
  const batchTopics = new Set(store.queues.filter(({ isBatch }) => isBatch).map(({ topic }) => topic));
  // Of the files that are there, whatever the settings say: all of a store's have one size.
  const sizeOf = (isBatch: boolean) => store.queues.find((queue) => queue.isBatch === isBatch)?.files.fileBytes;
  const queues = new ConsumeQueueStore({
    fs,
    logger,
    folder: join(task.folder, QUEUE_FOLDER),
    fileBytes:
      sizeOf(false) || (settings.mappedFileSizeConsumeQueue ?? DEFAULT_STORE_CONFIG.mappedFileSizeConsumeQueue),
    batch: {
      folder: join(task.folder, BATCH_QUEUE_FOLDER),
      fileBytes:
        sizeOf(true) ||
        (settings.mapperFileSizeBatchConsumeQueue ?? DEFAULT_STORE_CONFIG.mapperFileSizeBatchConsumeQueue),
      isBatchTopic: (topic) => batchTopics.has(topic),
    },
    hotBytes: DEFAULT_STORE_CONFIG.hotQueueBytes,
  });
  const index = task.index
    ? new IndexService({ fs, logger, folder: join(task.folder, INDEX_FOLDER), ...task.index, now: () => clock.now() })
    : null;
  const levels = settings.messageDelayLevel === undefined ? delayLevels : parseDelayLevels(settings.messageDelayLevel);
  const ranges = newPropertyRanges();

  const queueFor = (
    handle: TopicHandle,
    queueId: number,
    queueOffset: number,
    record: RecordView,
  ): ConsumeQueue | null => {
    const folder = join(
      root,
      batchTopics.has(handle.name) ? BATCH_QUEUE_FOLDER : QUEUE_FOLDER,
      handle.name,
      String(queueId),
    );
    if (!task.queues.has(folder)) return null;
    const queue = queues.queue(handle, queueId);
    if (queueOffset !== 0 || queue.maxOffset === 0) return queueOffset < queue.maxOffset ? null : queue;
    // The topic was deleted and made again: its queue began anew.
    if (record.physicalOffset < queue.maxPhysicOffset) return null;
    queues.destroyQueue(queue);
    return queues.queue(handle, queueId);
  };

  const take = (record: RecordView, bytes: Uint8Array): void => {
    const transaction = record.sysFlag & MessageSysFlag.TRANSACTION_MASK;
    const name = Buffer.from(bytes.buffer, record.topicStart, record.topicEnd - record.topicStart).toString('utf8');
    const handle = queues.topic(name);
    scanProperties(bytes, record.propertiesStart, record.propertiesEnd, ranges);
    const { physicalOffset, size, storeTimestamp, queueId, queueOffset } = record;
    if (index && transaction !== MessageSysFlag.TRANSACTION_ROLLBACK_TYPE) {
      forEachKeyHash(bytes, ranges, handle.keySeed, (keyHash) => {
        if (!index.put(keyHash, physicalOffset, storeTimestamp)) throw index.error ?? unsaved('index');
      });
    }
    const isConsumed =
      transaction === MessageSysFlag.TRANSACTION_NOT_TYPE || transaction === MessageSysFlag.TRANSACTION_COMMIT_TYPE;
    if (!isConsumed || queueId < 0 || !(queueOffset >= 0)) return;
    const level = name === SystemTopic.SCHEDULE_TOPIC ? delayLevelOf(bytes, ranges) : 0;
    const tagsCode = level > 0 ? storeTimestamp + delayLevelMs(level, levels) : tagsCodeOf(bytes, ranges);
    const queue = queueFor(handle, queueId, queueOffset, record);
    if (queue) {
      const count = queue.batch ? innerCountOf(bytes, ranges) : 1;
      queues.appendAt(queue, queueOffset, physicalOffset, size, tagsCode, storeTimestamp, count);
    }
    if (!isLmqParent(name)) return;
    for (const place of lmqPlaces(bytes, ranges)) {
      const lmq = queueFor(queues.topic(place.topic), 0, place.queueOffset, record);
      if (lmq) queues.appendAt(lmq, place.queueOffset, physicalOffset, size, tagsCode, storeTimestamp);
    }
  };

  const save = async (onlyFullPages: boolean): Promise<void> => {
    if (!(await queues.save(onlyFullPages))) throw queues.error ?? unsaved('consume queues');
  };

  try {
    let savedAt = log.starts[0] ?? 0;
    for (const step of walkLog(store, savedAt, false)) {
      if (step.kind === 'record') take(step.record, step.bytes);
      if (step.kind !== 'pause') continue;
      task.signal?.throwIfAborted();
      if (step.physicalOffset - savedAt >= SAVE_EVERY_BYTES) {
        savedAt = step.physicalOffset;
        await save(true);
        if (index?.hasFullUnsaved) await index.save();
      }
      await nextTurn();
    }
    await save(false);
    await queues.sync();
    await index?.save();
  } finally {
    queues.close();
    await index?.close();
  }
}

function unsaved(what: string): MQError {
  return new MQError('STORE_IO', `${what} can not be written`);
}
