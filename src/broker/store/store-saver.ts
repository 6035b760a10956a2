import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { CheckpointFile } from './checkpoint.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import { type ConsumeQueueStore, nextTurn } from './consume-queue-store.js';
import type { IndexFeed } from './index-feed.js';
import type { IndexService } from './index-service.js';
import type { SealFile } from './store-seal.js';

export interface StoreSaverOptions {
  logger: Logger;
  log: CommitLog<ConsumeQueue>;
  queues: ConsumeQueueStore;
  index: IndexService | null;
  feed: IndexFeed;
  checkpoint: CheckpointFile;
  seal: SealFile;
}

/** Full pages are saved early when so many units were added. */
const SAVE_AFTER_UNITS = 200_000;
/** Everything is saved and the checkpoint moved when the log grew by so much: bounds what recovery reads. */
const SAVE_ALL_AFTER_BYTES = 1_073_741_824;
/** For each so many files that a full save flushes, at up to a millisecond for each, the next one comes a turn later. */
const FILES_PER_REST = 4_000;
const MAX_RESTS = 9;

/**
 * Brings consume queues and index to the disk, some of them often and all of them now and then, and moves the checkpoint
 * behind what is durable.
 *
 * Source: store/DefaultMessageStore.java#FlushConsumeQueueService
 */
export class StoreSaver {
  readonly #logger: Logger;
  readonly #log: CommitLog<ConsumeQueue>;
  readonly #queues: ConsumeQueueStore;
  readonly #index: IndexService | null;
  readonly #feed: IndexFeed;
  readonly #checkpoint: CheckpointFile;
  readonly #seal: SealFile;
  /** The claim on the folder is lost: nothing is written any more. */
  isFenced = false;
  /** Store time of the newest record that queues and index got, ms. */
  dispatchedTime = 0;
  #durableEnd = 0;
  #unsavedUnits = 0;
  #savedAllAt = 0;
  #savingAll: Promise<boolean> | null = null;
  /** Turns of the timer that full saves leave out. */
  #rests = 0;

  constructor(options: StoreSaverOptions) {
    this.#logger = options.logger;
    this.#log = options.log;
    this.#queues = options.queues;
    this.#index = options.index;
    this.#feed = options.feed;
    this.#checkpoint = options.checkpoint;
    this.#seal = options.seal;
  }

  /** What recovery found: where the log ends, and its last store time. */
  startAt(physicalEnd: number, storeTimestamp: number): void {
    this.#durableEnd = this.#savedAllAt = physicalEnd;
    this.dispatchedTime = storeTimestamp;
  }

  /** Queues got `units` more entries, of records up to `physicalEnd`: saves when that is much. */
  dispatched(units: number, physicalEnd: number): void {
    this.#durableEnd = physicalEnd;
    this.#unsavedUnits += units;
    if (this.#unsavedUnits >= SAVE_AFTER_UNITS) this.saveSome();
    if (physicalEnd - this.#savedAllAt >= SAVE_ALL_AFTER_BYTES) void this.saveAll();
  }

  /** True while a full save is under way. */
  get isSavingAll(): boolean {
    return this.#savingAll !== null;
  }

  /** Resolves when no full save is under way. */
  async settled(): Promise<void> {
    while (this.#savingAll) await this.#savingAll;
  }

  /** Every second: saves long tails, writes the checkpoint, and tries again what failed. */
  saveSome(): void {
    if (this.isFenced) return;
    this.#unsavedUnits = 0;
    this.#feed.retry();
    void this.#queues.save(true);
    if (this.#index?.hasFullUnsaved) void this.saveAll();
    try {
      this.updateCheckpoint();
    } catch (error) {
      this.#logger.warn({ error: errorText(error) }, 'checkpoint could not be written');
    }
  }

  /**
   * Every minute: saves everything. After a save of very many files the disk has some turns of rest, which cost a
   * recovery no more than SAVE_ALL_AFTER_BYTES.
   */
  saveAllInTurn(): void {
    if (this.#rests > 0) this.#rests -= 1;
    else void this.saveAll();
  }

  /**
   * Saves consume queues and index and makes them durable; only then the checkpoint says so.
   *
   * @returns false if something failed; it will be tried again
   */
  saveAll(): Promise<boolean> {
    this.#savingAll ??= this.#saveEverything().finally(() => {
      this.#savingAll = null;
    });
    return this.#savingAll;
  }

  async #saveEverything(): Promise<boolean> {
    if (this.isFenced) return false;
    const time = this.dispatchedTime;
    this.#savedAllAt = this.#durableEnd;
    try {
      while (this.#feed.isBehind) {
        if (!this.#feed.slice()) return false;
        await nextTurn();
      }
      if (!(await this.#queues.save(false))) return false;
      this.#rests = Math.min(MAX_RESTS, Math.floor(this.#queues.unsavedFiles / FILES_PER_REST));
      const { clearings } = this.#seal;
      const indexFiles = this.#index?.fileCount ?? 0;
      const indexNamesCrc = this.#index?.namesCrc(indexFiles) ?? 0;
      const count = { ...this.#queues.count(), indexFiles, indexNamesCrc };
      await this.#queues.sync();
      const { values } = this.#checkpoint;
      if (!(await this.#saveIndex()) || this.#queues.hasFailedFlush) return false;
      if (time > 0) values.logicsMsgTimestamp = time;
      if (this.#index) values.indexMsgTimestamp = this.#index.savedEndTimestamp;
      this.updateCheckpoint();
      this.#seal.write(count, clearings);
      return true;
    } catch (error) {
      this.#logger.error({ error: errorText(error) }, 'consume queues and index could not be saved');
      if (this.#queues.hasFailedFlush || this.#index?.hasFailedFlush) {
        this.#logger.error(
          {},
          'a flush of consume queues or index failed: the next start builds anew what it may lack',
        );
      }
      return false;
    }
  }

  /**
   * Saves the index, with the checkpoint ahead of it: a broker of Apache's that takes over removes the files that end
   * later than the checkpoint says.
   *
   * @returns false if a flush has failed; rejects with the operating system's error
   */
  async #saveIndex(): Promise<boolean> {
    const index = this.#index;
    if (!index) return true;
    const { values } = this.#checkpoint;
    const before = values.indexMsgTimestamp;
    let isSaved = false;
    try {
      await index.save((endTimestamp) => {
        values.indexMsgTimestamp = Math.max(values.indexMsgTimestamp, endTimestamp);
        this.updateCheckpoint();
      });
      isSaved = !index.hasFailedFlush;
    } finally {
      if (!isSaved) values.indexMsgTimestamp = before;
    }
    if (!isSaved) this.updateCheckpoint();
    return isSaved;
  }

  /** Writes how far the log is flushed, and what the last full save said. @throws the operating system's error */
  updateCheckpoint(): void {
    if (this.isFenced) return;
    const { values } = this.#checkpoint;
    const { flushedTime, flushedEnd } = this.#log;
    // Before the first flush nothing is known of what a recovery found.
    if (flushedTime > 0) {
      values.physicMsgTimestamp = flushedTime;
      values.confirmPhyOffset = flushedEnd;
    }
    this.#checkpoint.write();
  }
}
