import type { Clock } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import { type ConsumeQueueStore, nextTurn } from './consume-queue-store.js';
import { decideSpace, forciblyRatio, isDeleteHour } from './disk-space.js';
import type { FileSystem } from './file-system.js';
import type { IndexService } from './index-service.js';
import type { LogFolders } from './log-folders.js';
import type { MessageStoreConfig } from './store-config.js';

export interface StoreCleanerOptions {
  config: MessageStoreConfig;
  clock: Clock;
  logger: Logger;
  fs: FileSystem;
  /** Of the commit log. */
  folders: LogFolders;
  /** Of the partition that holds a path, 0..1. */
  usedRatio: (path: string) => Promise<number>;
  log: CommitLog<ConsumeQueue>;
  queues: ConsumeQueueStore;
  index: IndexService | null;
}

const HOUR_MS = 3_600_000;
/** Rounds of deletion that one request asks for (CleanCommitLogService.java#MAX_MANUAL_DELETE_FILE_TIMES). */
const MANUAL_ROUNDS = 20;

/**
 * Watches the disk, and deletes what has expired: log files, and what consume queues and index have of them.
 *
 * Source: store/DefaultMessageStore.java#CleanCommitLogService, #CleanConsumeQueueService
 */
export class StoreCleaner {
  readonly #options: StoreCleanerOptions;
  #isDiskFull = false;
  #logRatio = -1;
  #queueRatio = -1;
  #isCleaning = false;
  /** Files that the log has let go of, to be removed: more than one only after a failure. */
  #toRemove: string[] = [];
  /** The log begins later than what queues and index were last cleaned up to. */
  #areQueuesBehind = false;
  /** Rounds to come that delete whatever the hour. */
  #manualRounds = 0;

  constructor(options: StoreCleanerOptions) {
    this.#options = options;
  }

  /** True while the disk is so full that no messages are to be taken. */
  get isDiskFull(): boolean {
    return this.#isDiskFull;
  }

  /** Used part of the commit log's partition, 0..1; -1 before the first look. */
  get commitLogDiskRatio(): number {
    return this.#logRatio;
  }

  get consumeQueueDiskRatio(): number {
    return this.#queueRatio;
  }

  /** Looks at the disk and deletes what has expired, if it is time. Never rejects. */
  async clean(): Promise<void> {
    if (this.#isCleaning) return;
    this.#isCleaning = true;
    const { config, clock, logger, usedRatio } = this.#options;
    try {
      const root = config.storePathRootDir;
      this.#logRatio = await this.#lookAtLogFolders();
      this.#queueRatio = await usedRatio(root);
      const decision = decideSpace(this.#logRatio, this.#queueRatio, config);
      if (decision.isFull !== null && decision.isFull !== this.#isDiskFull) {
        this.#isDiskFull = decision.isFull;
        const usage = { commitLogDiskRatio: this.#logRatio, consumeQueueDiskRatio: this.#queueRatio };
        if (decision.isFull) logger.error(usage, 'disk is almost full: messages are refused');
        else logger.info(usage, 'disk has room again: messages are taken');
      }
      const isManual = this.#manualRounds > 0;
      if (isManual) this.#manualRounds -= 1;
      if (decision.reclaim || isManual || isDeleteHour(config.deleteWhen, clock.now())) {
        await this.deleteExpired(decision.immediately && config.cleanFileForciblyEnable);
      }
    } catch (error) {
      logger.error({ error: errorText(error) }, 'expired files could not be cleaned');
    } finally {
      this.#isCleaning = false;
    }
  }

  /**
   * Deletes expired log files whatever the hour: as many as one round may now, and more in the rounds to come.
   *
   * @returns log files deleted now
   */
  deleteManually(): Promise<number> {
    this.#manualRounds = MANUAL_ROUNDS - 1;
    return this.deleteExpired(false);
  }

  /** The used part of the least full disk, 0..1; folders on nearly full ones get no new files from now on. */
  async #lookAtLogFolders(): Promise<number> {
    const { config, folders, usedRatio } = this.#options;
    const full = new Set<string>();
    let least = 1;
    for (const folder of folders.all) {
      const ratio = await usedRatio(this.#options.fs.info(folder) ? folder : config.storePathRootDir);
      least = Math.min(least, ratio);
      if (ratio > forciblyRatio(config)) full.add(folder);
    }
    folders.setFull(full);
    return least;
  }

  /**
   * Deletes expired log files now, whatever the hour, and what consume queues and index have of them.
   *
   * @param whateverAge delete the oldest files even if they are young
   * @returns log files deleted
   */
  async deleteExpired(whateverAge: boolean): Promise<number> {
    const { config, clock, fs, log } = this.#options;
    const expiredBefore = clock.now() - config.fileReservedTime * HOUR_MS;
    let deleted = 0;
    let isRemoving = await this.#removeForgotten();
    while (isRemoving && deleted < config.deleteFileBatchMax) {
      const info = fs.info(log.files.path(log.files.first));
      if (!info || (!whateverAge && info.modifiedAtMs > expiredBefore)) break;
      const path = log.forgetFirstFile();
      if (path === null) break;
      this.#toRemove.push(path);
      this.#areQueuesBehind = true;
      isRemoving = await this.#removeForgotten();
      if (isRemoving) deleted += 1;
    }
    if (this.#areQueuesBehind) this.#areQueuesBehind = !(await this.#deleteFromQueues());
    return deleted;
  }

  /** @returns false if one could not be removed: tried again in the next round */
  async #removeForgotten(): Promise<boolean> {
    const { fs, logger } = this.#options;
    for (let path = this.#toRemove[0]; path !== undefined; path = this.#toRemove[0]) {
      try {
        await fs.removeAsync(path);
      } catch (error) {
        logger.error({ path, error: errorText(error) }, 'an expired commit log file can not be removed');
        return false;
      }
      logger.info({ path }, 'expired commit log file deleted');
      this.#toRemove = this.#toRemove.filter((other) => other !== path);
    }
    return true;
  }

  /** Deletes what queues and index have of the files that are gone. @returns false if some of it failed */
  async #deleteFromQueues(): Promise<boolean> {
    const { logger, log, queues, index } = this.#options;
    let failure: unknown = null;
    let count = 0;
    for (const queue of [...queues.all()]) {
      try {
        if (!queue.isDestroyed) queues.deleteExpired(queue, log.minOffset);
      } catch (error) {
        failure = error;
      }
      count += 1;
      if (count % 100 === 0) await nextTurn();
    }
    try {
      await index?.deleteExpired(log.minOffset);
    } catch (error) {
      failure = error;
    }
    if (failure === null) return true;
    logger.error({ error: errorText(failure) }, 'expired files of consume queues or index can not be removed');
    return false;
  }
}
