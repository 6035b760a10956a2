import type { Logger } from '../../base/logger.js';
import { type ConsumeQueueExt, unitsEnd } from './consume-queue-ext.js';
import { type FileSystem, readFully } from './file-system.js';
import { isMadeWithOtherSize, type NumberedFiles } from './numbered-files.js';

/** Finds the files of consume-queue extensions, those that were cut short among them. */
export class ExtensionFiles {
  readonly #fs: FileSystem;
  readonly #logger: Logger;
  readonly #cut: { files: NumberedFiles; path: string; sizeBytes: number }[] = [];
  /** Files of the right size. */
  #right = 0;

  constructor(fs: FileSystem, logger: Logger) {
    this.#fs = fs;
    this.#logger = logger;
  }

  /** Finds the files of one queue. */
  add(ext: ConsumeQueueExt | null): void {
    if (!ext) return;
    const { files } = ext;
    files.load((path, sizeBytes) => this.#cut.push({ files, path, sizeBytes }));
    this.#right += files.starts.length;
  }

  /**
   * Gives files that were cut short their size back, without the unit that was cut. Units that were there are missing
   * then: who reads has to look at their messages.
   *
   * @throws StoreCorruptError naming a file of another size, if the settings are what is wrong
   */
  restoreSizes(): void {
    const sizes = this.#cut.map(({ sizeBytes }) => sizeBytes);
    const isSetWrong = this.#right === 0 && isMadeWithOtherSize(sizes);
    for (const { files, path, sizeBytes } of this.#cut) {
      if (isSetWrong || sizeBytes > files.fileBytes) files.refuseSize(path, sizeBytes);
      this.#logger.warn({ path, sizeBytes }, 'file of a consume queue extension was cut short: it gets its size back');
      const fd = this.#fs.open(path, 'write');
      try {
        this.#fs.truncate(fd, this.#wholeUnitsEnd(fd, sizeBytes));
        this.#fs.truncate(fd, files.fileBytes);
      } finally {
        this.#fs.close(fd);
      }
    }
    for (const files of new Set(this.#cut.map((cut) => cut.files))) files.load();
  }

  #wholeUnitsEnd(fd: number, sizeBytes: number): number {
    const bytes = Buffer.alloc(sizeBytes);
    return unitsEnd(bytes.subarray(0, readFully(this.#fs, fd, bytes, 0, sizeBytes, 0)));
  }
}
