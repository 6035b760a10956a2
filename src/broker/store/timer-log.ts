import { join } from 'node:path';
import { readInt64, writeInt64 } from '../../base/int64.js';
import { FdCache } from './fd-cache.js';
import { createFolderDurably, type FileSystem, readFully, writeFully, zeroRange } from './file-system.js';
import { isMadeWithOtherSize, NumberedFiles } from './numbered-files.js';

/** Bytes of one unit. */
export const TIMER_UNIT_BYTES = 52;
/** Bits of a unit's magic. */
export const TimerMagic = { DEFAULT: 1, ROLL: 2, DELETE: 4 } as const;

/** Bytes that stay free behind the last unit of a file, for the mark that ends it. */
const MIN_BLANK_BYTES = 16;
const BLANK_MAGIC = 0xcbd43194 | 0;
const MAGIC_MASK = 0xf;

const PREV_POS_AT = 4;
const MAGIC_AT = 12;
const WRITE_TIME_AT = 16;
const DELAY_AT = 24;
const PHYSICAL_OFFSET_AT = 28;
const SIZE_AT = 36;
const TOPIC_HASH_AT = 40;
const RESERVED_AT = 44;

/** Units that are written together. */
const TAIL_BYTES = 65_536;
/** A backward walk reads so much at a time where units lie apart, and up to the larger where they are neighbours. */
const MIN_BLOCK_BYTES = 4_096;
const MAX_BLOCK_BYTES = 262_144;
const OPEN_FILES = 8;
const SCRATCH_BYTES = 262_144;

/** One entry of the timer log: where a pending message lies, and what was pending for the same time before it. */
export interface TimerUnit {
  /** Position of the slot's unit before this one; -1 if it is the slot's first. */
  prevPos: number;
  /** Bits of TimerMagic. */
  magic: number;
  /** The wheel's write time when the unit was made, ms. */
  writeTimeMs: number;
  /** The slot's time less `writeTimeMs`. */
  delayMs: number;
  /** Of the message in the commit log. */
  physicalOffset: number;
  size: number;
  /** String.hashCode of the real topic. */
  topicHash: number;
}

/** A unit to be filled by `read`. */
export function newTimerUnit(): TimerUnit {
  return { prevPos: -1, magic: 0, writeTimeMs: 0, delayMs: 0, physicalOffset: 0, size: 0, topicHash: 0 };
}

/** Reads the unit at `at`. @returns false if there is none */
export function decodeTimerUnit(view: DataView, at: number, into: TimerUnit): boolean {
  const magic = view.getInt32(at + MAGIC_AT);
  if (view.getInt32(at) !== TIMER_UNIT_BYTES || (magic & ~MAGIC_MASK) !== 0) return false;
  into.prevPos = readInt64(view, at + PREV_POS_AT);
  into.magic = magic;
  into.writeTimeMs = readInt64(view, at + WRITE_TIME_AT);
  into.delayMs = view.getInt32(at + DELAY_AT);
  into.physicalOffset = readInt64(view, at + PHYSICAL_OFFSET_AT);
  into.size = view.getInt32(at + SIZE_AT);
  into.topicHash = view.getInt32(at + TOPIC_HASH_AT);
  return true;
}

/**
 * The list of pending messages behind the wheel, in Apache's files `timerlog/<20 digits>`:
 *
 *   unit = size int32 (52) | prevPos int64 | magic int32 | writeTime int64 | delay int32 | physicalOffset int64 |
 *          messageSize int32 | topicHash int32 | reserved int64 (0) = 52 bytes, big-endian
 *   file = units, then bytesLeft int32 | 0 int64 | BLANK_MAGIC int32 where 68 bytes are not left any more
 *
 * Units are appended to memory; `commit` writes them. A position is the file's first offset plus the place in it.
 *
 * Source: store/timer/TimerLog.java
 */
export class TimerLog {
  readonly #fs: FileSystem;
  readonly #files: NumberedFiles;
  readonly #fds: FdCache;
  readonly #tail = new Uint8Array(TAIL_BYTES);
  readonly #tailView = new DataView(this.#tail.buffer);
  readonly #block = new Uint8Array(MAX_BLOCK_BYTES);
  readonly #blockView = new DataView(this.#block.buffer);
  #blockStart = 0;
  #blockEnd = 0;
  #blockBytes = MIN_BLOCK_BYTES;
  /** Position of the tail's first byte: everything before it is in the files. */
  #committed = 0;
  #tailBytes = 0;
  readonly #needSync = new Set<number>();
  /** Every file that was created would be there after a power failure. */
  #isFolderSynced = true;

  constructor(fs: FileSystem, folder: string, fileBytes: number) {
    this.#fs = fs;
    this.#files = new NumberedFiles(fs, folder, fileBytes);
    this.#fds = new FdCache(fs, OPEN_FILES);
  }

  /**
   * Finds the files. One that was cut short gets its size back: recovery ends the log there, and what is missing is read
   * from the messages again.
   *
   * @returns false if that happened
   * @throws StoreCorruptError if files have another size by the settings, or a name that is no offset
   */
  open(): boolean {
    const files = this.#files;
    const cut: { path: string; sizeBytes: number }[] = [];
    files.load((path, sizeBytes) => cut.push({ path, sizeBytes }));
    if (cut.length === 0) return true;
    const isSetWrong = files.starts.length === 0 && isMadeWithOtherSize(cut.map(({ sizeBytes }) => sizeBytes));
    for (const { path, sizeBytes } of cut) {
      if (isSetWrong || sizeBytes > files.fileBytes) files.refuseSize(path, sizeBytes);
      const fd = this.#fs.open(path, 'write');
      try {
        this.#fs.truncate(fd, files.fileBytes);
      } finally {
        this.#fs.close(fd);
      }
    }
    files.load();
    return false;
  }

  get fileBytes(): number {
    return this.#files.fileBytes;
  }

  /** First position of the oldest file; 0 without files. */
  get minPos(): number {
    return Math.max(0, this.#files.first);
  }

  /** Behind the last file that has no gap before it. */
  get filesEnd(): number {
    const { starts, fileBytes } = this.#files;
    let end = this.minPos;
    for (const start of starts) {
      if (start !== end) break;
      end = start + fileBytes;
    }
    return end;
  }

  /** Where the next unit goes, unless the file's end is in the way. */
  get maxPos(): number {
    return this.#committed + this.#tailBytes;
  }

  /** Up to here units are in the files. */
  get committedPos(): number {
    return this.#committed;
  }

  /**
   * Hands out the units from `fromPos` on, in order, up to the first place that holds none or has no file.
   *
   * @yields the same object again and again
   * @returns the position after the last unit: where the log ends
   */
  *scan(fromPos: number): Generator<{ pos: number; unit: TimerUnit }, number> {
    const unit = newTimerUnit();
    const bytes = new Uint8Array(Math.floor(SCRATCH_BYTES / TIMER_UNIT_BYTES) * TIMER_UNIT_BYTES);
    const view = new DataView(bytes.buffer);
    let pos = fromPos;
    for (const start of [...this.#files.starts]) {
      const fileEnd = start + this.fileBytes;
      if (pos >= fileEnd) continue;
      if (start > pos && start > this.minPos) return pos;
      pos = Math.max(pos, start);
      const file = this.#fds.hold(this.#files.path(start));
      try {
        let isFull = false;
        while (!isFull && pos < fileEnd) {
          const count = readFully(this.#fs, file.fd, bytes, 0, Math.min(bytes.length, fileEnd - pos), pos - start);
          let at = 0;
          for (; at + MIN_BLANK_BYTES <= count; at += TIMER_UNIT_BYTES) {
            if (view.getInt32(at + MAGIC_AT) === BLANK_MAGIC) {
              isFull = true;
              break;
            }
            if (at + TIMER_UNIT_BYTES > count || !decodeTimerUnit(view, at, unit)) return pos + at;
            yield { pos: pos + at, unit };
          }
          if (count < MIN_BLANK_BYTES) return pos;
          pos += at;
        }
      } finally {
        file.release();
      }
      if (start === this.#files.last) break;
      pos = fileEnd;
    }
    return pos;
  }

  /** Makes `endPos` the log's end: later files go, and what stands behind it in its file is zeroed. */
  truncate(endPos: number): void {
    for (const start of [...this.#files.starts]) {
      if (start < endPos || (start === 0 && endPos === 0)) continue;
      this.#fds.forget(this.#files.path(start));
      this.#files.remove(start);
    }
    const start = this.#files.startOf(endPos);
    if (start >= 0) {
      const file = this.#fds.hold(this.#files.path(start));
      try {
        zeroRange(this.#fs, file.fd, endPos - start, this.fileBytes, new Uint8Array(SCRATCH_BYTES));
      } finally {
        file.release();
      }
    }
    this.#committed = endPos;
    this.#tailBytes = 0;
    this.#blockStart = this.#blockEnd = 0;
  }

  /**
   * Appends a unit, to memory at first.
   *
   * @returns its position
   * @throws the operating system's error if the units before it could not be written; nothing was appended then
   */
  append(unit: TimerUnit): number {
    if (this.#tailBytes + TIMER_UNIT_BYTES + MIN_BLANK_BYTES > TAIL_BYTES) this.commit();
    const { fileBytes } = this;
    const used = this.maxPos % fileBytes;
    if (used > 0 && fileBytes - used < TIMER_UNIT_BYTES + MIN_BLANK_BYTES) this.#endFile(fileBytes - used);
    const pos = this.maxPos;
    const view = this.#tailView;
    const at = this.#tailBytes;
    view.setInt32(at, TIMER_UNIT_BYTES);
    writeInt64(view, at + PREV_POS_AT, unit.prevPos);
    view.setInt32(at + MAGIC_AT, unit.magic);
    writeInt64(view, at + WRITE_TIME_AT, unit.writeTimeMs);
    view.setInt32(at + DELAY_AT, unit.delayMs);
    writeInt64(view, at + PHYSICAL_OFFSET_AT, unit.physicalOffset);
    view.setInt32(at + SIZE_AT, unit.size);
    view.setInt32(at + TOPIC_HASH_AT, unit.topicHash);
    writeInt64(view, at + RESERVED_AT, 0);
    this.#tailBytes += TIMER_UNIT_BYTES;
    return pos;
  }

  #endFile(bytesLeft: number): void {
    this.commit();
    const blank = new DataView(new ArrayBuffer(MIN_BLANK_BYTES));
    blank.setInt32(0, bytesLeft);
    blank.setInt32(MAGIC_AT, BLANK_MAGIC);
    this.#write(new Uint8Array(blank.buffer), MIN_BLANK_BYTES);
    this.#committed += bytesLeft;
  }

  /** Writes the units that are in memory only. @throws the operating system's error; to be called again then */
  commit(): void {
    if (this.#tailBytes === 0) return;
    this.#write(this.#tail, this.#tailBytes);
    this.#committed += this.#tailBytes;
    this.#tailBytes = 0;
  }

  #write(bytes: Uint8Array, length: number): void {
    const start = this.#committed - (this.#committed % this.fileBytes);
    if (this.#files.startOf(start) < 0) {
      createFolderDurably(this.#fs, this.#files.folder);
      this.#fds.adopt(this.#files.path(start), this.#files.create(start));
      this.#isFolderSynced = false;
    }
    const file = this.#fds.hold(this.#files.path(start));
    try {
      writeFully(this.#fs, file.fd, bytes, 0, length, this.#committed - start);
    } finally {
      file.release();
    }
    this.#needSync.add(start);
  }

  /** Makes committed units durable. */
  async sync(): Promise<void> {
    for (const start of [...this.#needSync]) {
      this.#needSync.delete(start);
      if (this.#files.startOf(start) < 0) continue;
      const file = this.#fds.hold(this.#files.path(start));
      try {
        await this.#fs.sync(file.fd);
      } catch (error) {
        this.#needSync.add(start);
        throw error;
      } finally {
        file.release();
      }
    }
    if (this.#isFolderSynced) return;
    this.#fs.syncFolder(this.#files.folder);
    this.#isFolderSynced = true;
  }

  /**
   * Reads one unit; made for walks along `prevPos`, from a slot's last unit to its first.
   *
   * @returns false if there is no unit at that position (any more)
   * @throws the operating system's error
   */
  read(pos: number, into: TimerUnit): boolean {
    if (pos < 0 || pos + TIMER_UNIT_BYTES > this.maxPos) return false;
    if (pos >= this.#committed) return decodeTimerUnit(this.#tailView, pos - this.#committed, into);
    if (pos < this.#blockStart || pos + TIMER_UNIT_BYTES > this.#blockEnd) {
      const isNeighbour = pos < this.#blockStart && pos >= this.#blockStart - MIN_BLOCK_BYTES;
      this.#blockBytes = isNeighbour ? Math.min(MAX_BLOCK_BYTES, this.#blockBytes * 2) : MIN_BLOCK_BYTES;
      if (!this.#readBlock(pos)) return false;
    }
    return decodeTimerUnit(this.#blockView, pos - this.#blockStart, into);
  }

  #readBlock(pos: number): boolean {
    const start = this.#files.startOf(pos);
    if (start < 0) return false;
    const end = pos + TIMER_UNIT_BYTES;
    const from = Math.max(start, end - this.#blockBytes);
    this.#blockStart = this.#blockEnd = 0;
    const file = this.#fds.hold(this.#files.path(start));
    try {
      const count = readFully(this.#fs, file.fd, this.#block, 0, end - from, from - start);
      if (count < end - from) return false;
    } finally {
      file.release();
    }
    this.#blockStart = from;
    this.#blockEnd = end;
    return true;
  }

  /**
   * Deletes files, from the oldest on and never the last, whose messages have all left the commit log.
   *
   * @param minPhysicalOffset the commit log's first
   * @returns files deleted
   */
  async deleteExpired(minPhysicalOffset: number): Promise<number> {
    const unit = newTimerUnit();
    const lastUnitAt = this.fileBytes - MIN_BLANK_BYTES - ((this.fileBytes - MIN_BLANK_BYTES) % TIMER_UNIT_BYTES);
    let deleted = 0;
    while (this.#files.starts.length > 1) {
      const start = this.#files.first;
      if (!this.read(start + lastUnitAt - TIMER_UNIT_BYTES, unit) || unit.physicalOffset >= minPhysicalOffset) break;
      const path = this.#files.path(start);
      this.#fds.forget(path);
      this.#files.forget(start);
      this.#needSync.delete(start);
      this.#blockStart = this.#blockEnd = 0;
      await this.#fs.removeAsync(path);
      deleted += 1;
    }
    return deleted;
  }

  close(): void {
    this.#fds.clear();
  }
}

/** Folder of the timer log in a store. */
export function timerLogFolder(storePathRootDir: string): string {
  return join(storePathRootDir, 'timerlog');
}
