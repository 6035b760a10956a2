import { join } from 'node:path';
import { readInt64 } from '../../base/int64.js';
import type { FdCache } from './fd-cache.js';
import { type FileSystem, isAllZero, readFully, writeFully, zeroRange } from './file-system.js';
import type { NumberedFiles } from './numbered-files.js';
import { writeOffset } from './record-layout.js';

/** What a unit of an extension says besides the tagsCode, which it takes out of the consume-queue unit. */
export interface UnitExtension {
  /** Of the message, ms. */
  storeTimestamp: number;
  /** Bits of the groups that want the message; null if nobody said. */
  bitMap: Uint8Array | null;
}

/** A unit of an extension, as it was stored. */
export interface ExtUnit extends UnitExtension {
  /** int32 hash of TAGS, or the deliver time (ms) on the schedule topic. */
  tagsCode: number;
  /** Bytes of the unit. */
  size: number;
}

/** size int16 | tagsCode int64 | msgStoreTime int64 | bitMapSize int16, then the bit map. */
const MIN_UNIT_BYTES = 20;
const MAX_UNIT_BYTES = 0x7fff;
const TAGS_CODE_AT = 2;
const STORE_TIME_AT = 10;
const BIT_MAP_SIZE_AT = 18;
/** So much stays free at a file's end; where a unit does not fit any more a size of -1 stands. */
const END_BYTES = 4;
/** Offsets from here on have addresses that are plain hashes; no queue gets so far. */
const MAX_OFFSET = Number.MAX_SAFE_INTEGER;
const WINDOW_BYTES = 65_536;
const FIRST_PENDING_BYTES = 1_024;

/** A piece of an extension that was read: readers go through it in order. One is shared by all queues. */
export class ExtWindow {
  readonly bytes = Buffer.alloc(WINDOW_BYTES);
  owner: ConsumeQueueExt | null = null;
  start = 0;
  length = 0;
}

/**
 * The extension of a consume queue: what does not fit into its units. A unit there then has the address of its
 * extension in place of the tagsCode. Units are appended in memory and saved before the consume queue is.
 *
 * `offset`s are bytes from the start of the extension, whose files are numbered so.
 *
 * Source: store/ConsumeQueueExt.java
 */
export class ConsumeQueueExt {
  readonly files: NumberedFiles;
  readonly #fs: FileSystem;
  readonly #fds: FdCache;
  readonly #window: ExtWindow;
  /** Where the next unit goes. */
  #end = 0;
  /** Everything before it is in the files; the rest is in `#pending`. */
  #savedEnd = 0;
  #pending = Buffer.alloc(0);

  /** @param window to read into */
  constructor(fs: FileSystem, fds: FdCache, files: NumberedFiles, window: ExtWindow) {
    this.#fs = fs;
    this.#fds = fds;
    this.files = files;
    this.#window = window;
  }

  /** Where the next unit goes, at least. */
  get end(): number {
    return this.#end;
  }

  /**
   * Adds a unit.
   *
   * @returns its offset; -1 if no file has room for a unit of that size
   */
  append(tagsCode: number, { storeTimestamp, bitMap }: UnitExtension): number {
    const size = MIN_UNIT_BYTES + (bitMap?.length ?? 0);
    const { fileBytes } = this.files;
    if (size > MAX_UNIT_BYTES || size + END_BYTES > fileBytes || this.#end + size > MAX_OFFSET - fileBytes) return -1;
    const left = fileBytes - (this.#end % fileBytes);
    if (size + END_BYTES > left) {
      this.#grow(left);
      const at = this.#end - this.#savedEnd;
      this.#pending.fill(0, at, at + left);
      this.#pending.writeInt16BE(-1, at);
      this.#end += left;
    }
    this.#grow(size);
    const at = this.#end - this.#savedEnd;
    const pending = this.#pending;
    pending.writeInt16BE(size, at);
    pending.writeBigInt64BE(BigInt(tagsCode), at + TAGS_CODE_AT);
    writeOffset(
      new DataView(pending.buffer, pending.byteOffset, pending.byteLength),
      at + STORE_TIME_AT,
      storeTimestamp,
    );
    pending.writeInt16BE(size - MIN_UNIT_BYTES, at + BIT_MAP_SIZE_AT);
    if (bitMap) pending.set(bitMap, at + MIN_UNIT_BYTES);
    const offset = this.#end;
    this.#end += size;
    return offset;
  }

  #grow(bytes: number): void {
    const needed = this.#end - this.#savedEnd + bytes;
    if (needed <= this.#pending.length) return;
    const grown = Buffer.alloc(Math.max(FIRST_PENDING_BYTES, 2 * this.#pending.length, needed));
    grown.set(this.#pending);
    this.#pending = grown;
  }

  /**
   * The unit at an offset.
   *
   * @param offset any number
   * @returns null if there is none; its bit map is the caller's
   * @throws the operating system's error if the file can not be read
   */
  read(offset: number): ExtUnit | null {
    if (!(offset >= 0 && offset < this.#end)) return null;
    if (offset >= this.#savedEnd) {
      return decodeExtUnit(this.#pending, offset - this.#savedEnd, this.#end - this.#savedEnd);
    }
    const window = this.#window;
    for (const isRead of [false, true]) {
      if (isRead) this.#readWindow(offset);
      if (window.owner !== this || offset < window.start) continue;
      const unit = decodeExtUnit(window.bytes, offset - window.start, window.length);
      if (unit) return unit;
    }
    return null;
  }

  #readWindow(offset: number): void {
    const window = this.#window;
    window.owner = null;
    const start = this.files.startOf(offset);
    if (start < 0) return;
    const length = Math.min(WINDOW_BYTES, start + this.files.fileBytes - offset, this.#savedEnd - offset);
    const file = this.#fds.hold(this.files.path(start));
    try {
      window.length = readFully(this.#fs, file.fd, window.bytes, 0, length, offset - start);
    } finally {
      file.release();
    }
    window.start = offset;
    window.owner = this;
  }

  /**
   * Writes what is not in the files yet.
   *
   * @param touched called for each file before it gets something; `isNew` if it did not exist before
   * @throws the operating system's error; what is not written yet stays in memory
   */
  save(touched: (path: string, isNew: boolean) => void): void {
    const { fileBytes } = this.files;
    const from = this.#savedEnd;
    for (let at = from; at < this.#end; ) {
      const start = at - (at % fileBytes);
      const length = Math.min(this.#end, start + fileBytes) - at;
      const path = this.files.path(start);
      const isNew = this.files.startOf(start) < 0;
      if (isNew) this.#fds.adopt(path, this.files.create(start));
      // At once: if the write fails, the file is not new any more for the next attempt.
      touched(path, isNew);
      const file = this.#fds.hold(path);
      try {
        writeFully(this.#fs, file.fd, this.#pending, at - from, length, at - start);
      } finally {
        file.release();
      }
      at += length;
    }
    this.#savedEnd = this.#end;
    this.#pending = Buffer.alloc(0);
  }

  /**
   * Finds the end in the files. Behind it there is nothing that counts.
   *
   * @param lastOffset of the unit that the newest unit of the consume queue refers to; -1 if it refers to none
   * @param isEmpty the consume queue has no units: nothing here counts
   * @param clear make zeros of what stands behind the end
   */
  recover(lastOffset: number, isEmpty: boolean, clear: boolean): void {
    const { files } = this;
    const { fileBytes } = files;
    if (this.#window.owner === this) this.#window.owner = null;
    this.#pending = Buffer.alloc(0);
    if (isEmpty) {
      for (const start of [...files.starts]) this.#remove(start);
      this.#end = this.#savedEnd = 0;
      return;
    }
    const filesEnd = files.starts.length > 0 ? files.last + fileBytes : 0;
    this.#end = this.#savedEnd = filesEnd;
    const last = this.read(lastOffset);
    let end = last ? lastOffset + last.size : this.#scanLastFile();
    // An address must not come to mean a unit that it was not made for.
    if (!last && lastOffset >= end) end = (Math.floor(lastOffset / fileBytes) + 1) * fileBytes;
    for (const start of [...files.starts]) if (start >= end) this.#remove(start);
    if (clear && end < filesEnd) this.#clearRest(end);
    this.#end = this.#savedEnd = end;
    if (this.#window.owner === this) this.#window.owner = null;
  }

  /** Where the units of the last file end. */
  #scanLastFile(): number {
    const { files } = this;
    if (files.starts.length === 0) return 0;
    const fileEnd = files.last + files.fileBytes;
    const { bytes } = this.#window;
    const file = this.#fds.hold(files.path(files.last));
    this.#window.owner = null;
    try {
      for (let offset = files.last; ; ) {
        const length = Math.min(WINDOW_BYTES, fileEnd - offset);
        const count = readFully(this.#fs, file.fd, bytes, 0, length, offset - files.last);
        let at = 0;
        while (at + 2 <= count) {
          const size = bytes.readInt16BE(at);
          if (size === -1) return fileEnd;
          if (size < MIN_UNIT_BYTES || offset + at + size > fileEnd) return offset + at;
          at += size;
        }
        if (at === 0) return offset;
        offset += at;
      }
    } finally {
      file.release();
    }
  }

  #clearRest(end: number): void {
    const { files } = this;
    const start = files.startOf(end);
    if (start < 0) return;
    const path = files.path(start);
    const position = end - start;
    const { bytes } = this.#window;
    this.#window.owner = null;
    const file = this.#fds.hold(path);
    try {
      const length = readFully(
        this.#fs,
        file.fd,
        bytes,
        0,
        Math.min(WINDOW_BYTES, files.fileBytes - position),
        position,
      );
      const isSparse = (this.#fs.info(path)?.allocatedBytes ?? 0) <= position + length;
      const clearEnd = isSparse ? position + length : files.fileBytes;
      if (!isSparse || !isAllZero(bytes, 0, length)) zeroRange(this.#fs, file.fd, position, clearEnd, bytes);
    } finally {
      file.release();
    }
  }

  /** Removes what is in the folder, before anything is added. */
  discard(): void {
    const { folder } = this.files;
    for (const name of this.#fs.list(folder)) this.#fs.remove(join(folder, name));
  }

  /** Removes the files before the one with the unit at `offset`. @returns paths of what is gone */
  deleteBefore(offset: number): string[] {
    const { files } = this;
    const removed: string[] = [];
    while (files.starts.length > 1 && files.first + files.fileBytes <= offset) {
      removed.push(files.path(files.first));
      this.#remove(files.first);
    }
    return removed;
  }

  /** The queue is gone, and its owner has removed the files: the folder goes too. */
  destroy(): void {
    if (this.#window.owner === this) this.#window.owner = null;
    this.#fs.removeFolder(this.files.folder);
    this.#end = this.#savedEnd = 0;
    this.#pending = Buffer.alloc(0);
  }

  #remove(start: number): void {
    if (this.#window.owner === this) this.#window.owner = null;
    this.#fds.forget(this.files.path(start));
    this.files.remove(start);
  }
}

/** The unit at `at` of `[0, end)`; null if there is none, or not all of it. */
export function decodeExtUnit(bytes: Buffer, at: number, end: number): ExtUnit | null {
  if (at + MIN_UNIT_BYTES > end) return null;
  const size = bytes.readInt16BE(at);
  const bitMapSize = bytes.readInt16BE(at + BIT_MAP_SIZE_AT);
  if (size < MIN_UNIT_BYTES || at + size > end || bitMapSize > size - MIN_UNIT_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bitMapAt = at + MIN_UNIT_BYTES;
  return {
    size,
    tagsCode: readInt64(view, at + TAGS_CODE_AT),
    storeTimestamp: readInt64(view, at + STORE_TIME_AT),
    bitMap: bitMapSize > 0 ? Uint8Array.prototype.slice.call(bytes, bitMapAt, bitMapAt + bitMapSize) : null,
  };
}

/** Where the whole units at the start of a file's bytes end, with the mark that closes a file if it is there. */
export function unitsEnd(bytes: Buffer): number {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const size = bytes.readInt16BE(at);
    if (size === -1) return at + 2;
    if (size < MIN_UNIT_BYTES || at + size > bytes.length) break;
    at += size;
  }
  return at;
}
