import { dirname, join } from 'node:path';
import type { Clock, Timer } from '../../base/clock.js';
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
  /** Of the partition that holds an existing path, 0..1; may reject, or be -1 if that can not be told. */
  usedRatio: (path: string) => Promise<number>;
  log: CommitLog<ConsumeQueue>;
  queues: ConsumeQueueStore;
  index: IndexService | null;
}

const HOUR_MS = 3_600_000;
/** Rounds of deletion that one request asks for (CleanCommitLogService.java#MAX_MANUAL_DELETE_FILE_TIMES). */
const MANUAL_ROUNDS = 20;
/** Queues without a file to remove that one turn of the event loop looks at: each takes a few small reads. */
const QUEUES_A_SLICE = 25;

/**
 * Watches the disk, and deletes what has expired: log files, and what consume queues and index have of them.
 *
 * Deleting takes a name away: who reads a file meanwhile has it open, and reads on. So nothing hangs that would have to
 * be forced later, as Apache's destroyMapedFileIntervalForcibly and redeleteHangedFileInterval do.
 *
 * Source: store/DefaultMessageStore.java#CleanCommitLogService, #CleanConsumeQueueService
 */
export class StoreCleaner {
  readonly #options: StoreCleanerOptions;
  #isDiskFull = false;
  #logRatio = -1;
  #queueRatio = -1;
  /** The newest piece of work: each waits for the one before it. */
  #last: Promise<unknown> = Promise.resolve();
  #isCleaning = false;
  #isStopped = false;
  #pause: { timer: Timer; end: () => void } | null = null;
  /** Files that the log has let go of, to be removed: more than one only after a failure. */
  #toRemove: string[] = [];
  /** Where the log began when queues and index were cleaned last; 0: not since the start. */
  #cleanedTo = 0;
  /** Rounds to come that delete whatever the hour. */
  #manualRounds = 0;
  /** Folders whose disks could not be asked. */
  readonly #unasked = new Set<string>();

  constructor(options: StoreCleanerOptions) {
    this.#options = options;
  }

  /** True while the disk is so full that no messages are to be taken. */
  get isDiskFull(): boolean {
    return this.#isDiskFull;
  }

  /** Used part of the commit log's partition, 0..1; -1 before the first look, or if it can not be told. */
  get commitLogDiskRatio(): number {
    return this.#logRatio;
  }

  get consumeQueueDiskRatio(): number {
    return this.#queueRatio;
  }

  /** Looks at the disk, without anything else. Never rejects. */
  async look(): Promise<void> {
    this.#logRatio = await this.#lookAtLogFolders();
    this.#queueRatio = await this.#usedRatio(join(this.#options.config.storePathRootDir, 'consumequeue'));
  }

  /** Looks at the disk and deletes what has expired, if it is time. Never rejects. */
  async clean(): Promise<void> {
    if (this.#isCleaning) return;
    this.#isCleaning = true;
    try {
      await this.#inTurn(() => this.#cleanOnce());
    } catch (error) {
      this.#options.logger.error({ error: errorText(error) }, 'expired files could not be cleaned');
    } finally {
      this.#isCleaning = false;
    }
  }

  async #cleanOnce(): Promise<void> {
    const { config, clock, logger, folders } = this.#options;
    await this.look();
    const decision = decideSpace(this.#logRatio, this.#queueRatio, config);
    if (decision.isFull !== null && decision.isFull !== this.#isDiskFull) {
      this.#isDiskFull = decision.isFull;
      const usage = {
        folders: folders.own,
        commitLogDiskRatio: this.#logRatio,
        consumeQueueDiskRatio: this.#queueRatio,
      };
      if (decision.isFull) logger.error(usage, 'disk is almost full: messages are refused');
      else logger.info(usage, 'disk has room again: messages are taken');
    }
    const isManual = this.#manualRounds > 0;
    if (isManual) this.#manualRounds -= 1;
    if (decision.reclaim || isManual || isDeleteHour(config.deleteWhen, clock.now())) {
      const deleted = await this.#deleteFromLog(decision.immediately && config.cleanFileForciblyEnable);
      if (deleted === 0 && decision.immediately) {
        logger.warn({ folders: folders.own }, 'disk is nearly full, but there is no log file that may be deleted');
      }
    }
    await this.#deleteFromQueues();
  }

  /**
   * Deletes expired log files whatever the hour: as many as one round may now, and more in the rounds to come.
   *
   * @returns log files deleted now
   */
  deleteManually(): Promise<number> {
    this.#manualRounds = MANUAL_ROUNDS - 1;
    return this.#inTurn(async () => {
      const deleted = await this.#deleteFromLog(false);
      await this.#deleteFromQueues();
      return deleted;
    });
  }

  /** Ends what is under way; resolves when nothing is deleted any more. May be called again. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#pause?.timer.cancel();
    this.#pause?.end();
    await this.#last;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #wait(ms: number): Promise<void> {
    if (ms <= 0 || this.#isStopped) return;
    await new Promise<void>((end) => {
      this.#pause = { timer: this.#options.clock.after(ms, end), end };
    });
    this.#pause = null;
  }

  /** The used part of the least full disk, 0..1; folders on nearly full ones get no new files from now on. */
  async #lookAtLogFolders(): Promise<number> {
    const { config, folders } = this.#options;
    const full = new Set<string>();
    let least = 1;
    for (const folder of folders.own) {
      const ratio = await this.#usedRatio(folder);
      least = Math.min(least, ratio);
      if (ratio > forciblyRatio(config)) full.add(folder);
    }
    folders.setFull(full);
    return least;
  }

  /** Of the partition that has the folder, or will have it when it is made; -1 if that can not be told. */
  async #usedRatio(folder: string): Promise<number> {
    const { fs, logger, usedRatio } = this.#options;
    try {
      let path = folder;
      while (fs.info(path) === null && path !== dirname(path)) path = dirname(path);
      const ratio = await usedRatio(path);
      this.#unasked.delete(folder);
      return ratio;
    } catch (error) {
      if (!this.#unasked.has(folder)) logger.error({ folder, error: errorText(error) }, 'the disk can not be asked');
      this.#unasked.add(folder);
      return -1;
    }
  }

  /**
   * Deletes expired log files now, whatever the hour.
   *
   * @param whateverAge delete the oldest files even if they are young
   * @returns log files deleted
   */
  async #deleteFromLog(whateverAge: boolean): Promise<number> {
    const { config, clock, fs, log } = this.#options;
    let deleted = 0;
    let isRemoving = await this.#removeForgotten();
    while (isRemoving && deleted < Math.max(1, config.deleteFileBatchMax)) {
      const info = fs.info(log.files.path(log.files.first));
      const expiredBefore = clock.now() - config.fileReservedTime * HOUR_MS;
      if (!info || (!whateverAge && info.modifiedAtMs > expiredBefore)) break;
      // A disk may be busy with a large file for long.
      if (deleted > 0) await this.#wait(config.deleteCommitLogFilesInterval);
      if (this.#isStopped) break;
      const path = log.forgetFirstFile();
      if (path === null) break;
      this.#toRemove.push(path);
      isRemoving = await this.#removeForgotten();
      if (isRemoving) deleted += 1;
    }
    return deleted;
  }

  /** @returns false if one could not be removed: tried again in the next round */
  async #removeForgotten(): Promise<boolean> {
    const { fs, logger } = this.#options;
    for (let path = this.#toRemove[0]; path !== undefined; path = this.#toRemove[0]) {
      try {
        await fs.removeAsync(path);
        // With several folders a power failure would else bring back this file without those that went after it.
        await fs.syncFolderAsync(dirname(path));
      } catch (error) {
        logger.error({ path, error: errorText(error) }, 'an expired commit log file can not be removed');
        return false;
      }
      logger.info({ path }, 'expired commit log file deleted');
      this.#toRemove = this.#toRemove.filter((other) => other !== path);
    }
    return true;
  }

  /**
   * Deletes what queues and index have of log files that are gone, whoever removed them: also those that went while
   * nobody ran.
   */
  async #deleteFromQueues(): Promise<void> {
    const { logger, log, queues, index } = this.#options;
    const { minOffset } = log;
    if (minOffset <= this.#cleanedTo) return;
    let failure: unknown = null;
    let count = 0;
    for (const queue of [...queues.all()]) {
      if (this.#isStopped) return;
      let removed = 0;
      try {
        if (!queue.isDestroyed) removed = queues.deleteExpired(queue, minOffset);
      } catch (error) {
        failure = error;
      }
      count += 1;
      if (removed > 0 || count % QUEUES_A_SLICE === 0) await nextTurn();
    }
    try {
      await index?.deleteExpired(minOffset);
    } catch (error) {
      failure = error;
    }
    if (failure === null) this.#cleanedTo = minOffset;
    else logger.error({ error: errorText(failure) }, 'expired files of consume queues or index can not be removed');
  }
}
