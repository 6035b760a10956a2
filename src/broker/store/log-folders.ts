import { join } from 'node:path';
import { MQError } from '../../base/errors.js';
import type { StoreFolders } from './numbered-files.js';
import type { MessageStoreConfig } from './store-config.js';

type PathSettings = Pick<MessageStoreConfig, 'storePathRootDir' | 'storePathCommitLog' | 'readOnlyCommitLogStorePaths'>;

const PATH_SPLITTER = ',';

function split(paths: string | undefined): string[] {
  const names = (paths ?? '').trim().split(PATH_SPLITTER);
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))];
}

/**
 * Where the commit log has its files: one folder, or several separated by `,` so that a log can span disks. Folders that
 * are read only, or on a disk that is nearly full, get no new files.
 *
 * Source: store/MultiPathMappedFileQueue.java
 */
export class LogFolders implements StoreFolders {
  readonly all: readonly string[];
  /** Those of storePathCommitLog, also if they are read only: whose disks count. */
  readonly own: readonly string[];
  readonly #writable: readonly string[];
  #full: ReadonlySet<string> = new Set();

  /** @throws MQError CONFIG if all folders are read only */
  constructor(settings: PathSettings) {
    const paths = split(settings.storePathCommitLog);
    if (paths.length === 0) paths.push(join(settings.storePathRootDir, 'commitlog'));
    const readOnly = split(settings.readOnlyCommitLogStorePaths);
    this.own = paths;
    this.all = [...new Set([...paths, ...readOnly])];
    // Sorted by code unit, as Java sorts: another order would put files elsewhere.
    this.#writable = paths.filter((path) => !readOnly.includes(path)).sort();
    if (this.#writable.length === 0) {
      throw new MQError(
        'CONFIG',
        'readOnlyCommitLogStorePaths has all of storePathCommitLog: no folder is left to write to',
      );
    }
  }

  /** The first to be written to. */
  get main(): string {
    return this.#writable[0] as string;
  }

  forNew(): readonly string[] {
    const free = this.#writable.filter((path) => !this.#full.has(path));
    return free.length > 0 ? free : this.#writable;
  }

  /** Which folders are on nearly full disks. */
  setFull(full: ReadonlySet<string>): void {
    this.#full = full;
  }
}
