import { join } from 'node:path';
import { crc32 } from '../../protocol/crc32.js';
import { type FileSystem, readFully, writeFully } from './file-system.js';

/** What consume queues and index were when they had last been flushed completely. */
export interface StoreSeal {
  /** Files of all consume queues. There may be more since, never less. */
  queueFiles: number;
  /** Files of the index, and the CRC of their names. Newer ones come behind them. */
  indexFiles: number;
  indexNamesCrc: number;
  /** Sum of what the queues had, in units from their offset 0 on. */
  queueUnits: number;
}

const FIELDS = ['queueFiles', 'indexFiles', 'indexNamesCrc', 'queueUnits'] as const;
/** What every broker writes to the file `lock` when it takes the folder. */
const LOCK = Buffer.from('lock', 'latin1');
const SEALED = Buffer.from('seal', 'latin1');
const MAX_BYTES = 256;

/**
 * Counts of a store's derived files, by which a start sees that some were lost: the log alone does not tell, since a
 * queue may have no message so young that recovery reads it. Without a seal such a loss goes unnoticed, nothing else
 * depends on it.
 *
 * It stands in the file `lock`, as `seal <crc32> <json>`. Apache's brokers never read that file, but overwrite its
 * first four bytes when they start: so no seal outlives the work of another broker.
 */
export class SealFile {
  readonly #fs: FileSystem;
  readonly #path: string;
  /** The file may have a seal. */
  #isSet = true;
  #clearings = 0;

  /** @param root the store's */
  constructor(fs: FileSystem, root: string) {
    this.#fs = fs;
    this.#path = join(root, 'lock');
  }

  /** @returns null if there is none, or none that can be understood: then nothing can be checked */
  read(): StoreSeal | null {
    if (!this.#fs.info(this.#path)) return null;
    const bytes = Buffer.alloc(MAX_BYTES);
    const fd = this.#fs.open(this.#path, 'read');
    try {
      return parseSeal(bytes.toString('latin1', 0, readFully(this.#fs, fd, bytes, 0, bytes.length, 0)));
    } finally {
      this.#fs.close(fd);
    }
  }

  /** To be asked for before counting, for `write`. */
  get clearings(): number {
    return this.#clearings;
  }

  /**
   * To be called when what `seal` says is on disk. Not durable of itself: an older seal promises less.
   *
   * @param clearings as they were when the counting began: with a file removed since, nothing is written
   * @throws the operating system's error
   */
  write(seal: StoreSeal, clearings: number): void {
    if (clearings !== this.#clearings) return;
    const json = JSON.stringify(seal);
    const text = Buffer.from(`${SEALED.toString('latin1')} ${crc32(Buffer.from(json, 'latin1'))} ${json}\n`, 'latin1');
    this.#isSet = true;
    const fd = this.#open();
    try {
      writeFully(this.#fs, fd, text, 0, text.length, 0);
    } finally {
      this.#fs.close(fd);
    }
  }

  /** To be called before files of queues or index are removed. A seal that stays costs time at the next start. */
  clear(): void {
    this.#clearings += 1;
    if (!this.#isSet) return;
    try {
      const fd = this.#open();
      try {
        writeFully(this.#fs, fd, LOCK, 0, LOCK.length, 0);
      } finally {
        this.#fs.close(fd);
      }
      this.#isSet = false;
    } catch {
      // Tried again with the next file.
    }
  }

  #open(): number {
    return this.#fs.open(this.#path, this.#fs.info(this.#path) ? 'write' : 'create');
  }
}

function parseSeal(text: string): StoreSeal | null {
  const [head = '', crc = '', ...rest] = (text.split('\n')[0] as string).split(' ');
  const json = rest.join(' ');
  if (head !== SEALED.toString('latin1') || Number(crc) !== crc32(Buffer.from(json, 'latin1'))) return null;
  if (json === '') return null;
  const fields = JSON.parse(json) as Record<string, unknown>;
  return FIELDS.every((name) => Number.isSafeInteger(fields[name])) ? (fields as unknown as StoreSeal) : null;
}
