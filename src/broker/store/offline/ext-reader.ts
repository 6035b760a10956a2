import { decodeExtUnit, type ExtUnit } from '../consume-queue-ext.js';
import type { FileSystem } from '../file-system.js';
import { fileStartOf, type OffsetFiles, pathOf, readPiece } from './offset-files.js';

/** As large as a unit can be, and more, since units are mostly read in their order. */
const WINDOW_BYTES = 65_536;

/** Reads units of consume-queue extensions, one window of a file at a time. */
export class ExtReader {
  readonly #fs: FileSystem;
  readonly #bytes = Buffer.alloc(WINDOW_BYTES);
  #files: OffsetFiles | null = null;
  #start = 0;
  #length = 0;

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  /** The unit at an offset of an extension; null if none is there. @throws the operating system's error */
  read(files: OffsetFiles, offset: number): ExtUnit | null {
    if (this.#files === files && offset >= this.#start) {
      const unit = decodeExtUnit(this.#bytes, offset - this.#start, this.#length);
      if (unit) return unit;
    }
    const start = fileStartOf(files, offset);
    if (start < 0) return null;
    const length = Math.min(WINDOW_BYTES, start + files.fileBytes - offset);
    this.#files = files;
    this.#start = offset;
    this.#length = readPiece(this.#fs, pathOf(files, start), offset - start, this.#bytes, length);
    return decodeExtUnit(this.#bytes, 0, this.#length);
  }
}
