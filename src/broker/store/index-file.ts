import { readInt64 } from '../../base/int64.js';
import { StoreCorruptError, StoreIoError } from './errors.js';
import { type FileSystem, readFully, writeFully } from './file-system.js';
import { writeOffset } from './record-layout.js';

const HEADER_BYTES = 40;
const SLOT_BYTES = 4;
const ITEM_BYTES = 20;
const PAGE_BYTES = 4_096;
/** Items gathered in memory before they are written. */
const ITEM_BUFFER_BYTES = 262_144;
const MAX_WRITE_BYTES = 1_048_576;

/** Size of an index file with these parameters, bytes. */
export function indexFileBytes(hashSlotNum: number, indexNum: number): number {
  return HEADER_BYTES + hashSlotNum * SLOT_BYTES + indexNum * ITEM_BYTES;
}

/** One item of an index file. */
export interface IndexItem {
  keyHash: number;
  physicalOffset: number;
  /** Seconds after the file's beginTimestamp. */
  timeDiffSeconds: number;
  /** Index number of the slot's item before this one; 0 for none. */
  previous: number;
}

/**
 * An index file: from key hash to physical offsets.
 *
 *   header: beginTimestamp 8 | endTimestamp 8 | beginPhyOffset 8 | endPhyOffset 8 | hashSlotCount 4 | indexCount 4
 *   slots:  hashSlotNum x int32, index number of the slot's newest item, 0 for none
 *   items:  indexNum x (keyHash 4 | physicalOffset 8 | timeDiff 4 (seconds) | previous item of the slot 4)
 *
 * Big-endian. Items are numbered from 1 (item 0 is never used) and indexCount is the number of the next one. The slots
 * stay in memory while the file grows; items go to the file in blocks. Slots and header follow with `saveAll`: first the
 * header's count of items, since a slot beyond it counts as empty and hides the keys before, and last where the header
 * ends. So at any moment all keys before that end are found; those of a few records behind it may be in the file, too.
 *
 * Source: store/index/IndexFile.java, store/index/IndexHeader.java
 */
export class IndexFile {
  readonly path: string;
  readonly hashSlotNum: number;
  readonly indexNum: number;
  beginTimestamp = 0;
  endTimestamp = 0;
  beginPhyOffset = 0;
  endPhyOffset = 0;
  hashSlotCount = 0;
  indexCount = 1;
  /** endTimestamp and endPhyOffset as the file's header on disk has them, or is to have them at first. */
  savedEndTimestamp = 0;
  #savedEndPhyOffset = 0;

  readonly #fs: FileSystem;
  readonly #fd: number;
  #slots: DataView | null = null;
  #slotBytes = new Uint8Array(0);
  #dirtyPages = new Uint8Array(0);
  /** Items [savedCount, indexCount) are here. */
  #items: DataView | null = null;
  #itemBytes = new Uint8Array(0);
  #savedCount = 1;
  /** A flush failed: the kernel may take for written what is not on disk. */
  hasFailedFlush = false;
  #isHeaderDirty = false;
  #isClosed = false;
  readonly #read = new DataView(new ArrayBuffer(ITEM_BYTES));

  /** Use `create` or `open`. */
  private constructor(fs: FileSystem, path: string, fd: number, hashSlotNum: number, indexNum: number) {
    this.#fs = fs;
    this.path = path;
    this.#fd = fd;
    this.hashSlotNum = hashSlotNum;
    this.indexNum = indexNum;
  }

  /**
   * Creates an empty file.
   *
   * @param endPhyOffset of the file before, which the new one begins with; 0 for the first
   * @param endTimestamp likewise
   * @throws the operating system's error; nothing is left behind then
   */
  static create(
    fs: FileSystem,
    path: string,
    hashSlotNum: number,
    indexNum: number,
    endPhyOffset: number,
    endTimestamp: number,
  ): IndexFile {
    const fd = fs.open(path, 'create');
    try {
      fs.truncate(fd, indexFileBytes(hashSlotNum, indexNum));
    } catch (error) {
      fs.close(fd);
      fs.remove(path);
      throw error;
    }
    const file = new IndexFile(fs, path, fd, hashSlotNum, indexNum);
    file.beginPhyOffset = file.endPhyOffset = endPhyOffset;
    file.beginTimestamp = file.endTimestamp = endTimestamp;
    file.savedEndTimestamp = endTimestamp;
    file.#savedEndPhyOffset = endPhyOffset;
    file.#isHeaderDirty = true;
    return file;
  }

  /**
   * Opens an existing file.
   *
   * @throws StoreCorruptError if it has another size than these parameters make
   */
  static open(fs: FileSystem, path: string, hashSlotNum: number, indexNum: number): IndexFile {
    const sizeBytes = fs.info(path)?.sizeBytes ?? 0;
    const expected = indexFileBytes(hashSlotNum, indexNum);
    if (sizeBytes !== expected) {
      throw new StoreCorruptError(
        `${path} has ${sizeBytes} bytes, but maxHashSlotNum ${hashSlotNum} and maxIndexNum ${indexNum} make ${expected}`,
      );
    }
    const file = new IndexFile(fs, path, fs.open(path, 'write'), hashSlotNum, indexNum);
    try {
      file.#readHeader();
    } catch (error) {
      file.close();
      throw error;
    }
    return file;
  }

  /** True if no more keys fit. */
  get isFull(): boolean {
    return this.indexCount >= this.indexNum;
  }

  /** True while there is something that `saveAll` would write. */
  get isDirty(): boolean {
    return this.#isHeaderDirty;
  }

  /**
   * Adds a key.
   *
   * @param keyHash `indexHash` of `topic#key`: not negative
   * @returns false if the file is full
   * @throws StoreIoError if items or slots can not be read or written; the key is not added then
   */
  put(keyHash: number, physicalOffset: number, storeTimestamp: number): boolean {
    if (this.isFull) return false;
    const slots = this.#slots ?? this.#loadSlots();
    let items = this.#items ?? this.#startItems();
    let at = (this.indexCount - this.#savedCount) * ITEM_BYTES;
    if (at + ITEM_BYTES > items.byteLength) {
      this.#saveItems();
      items = this.#items as DataView;
      at = 0;
    }
    const slot = keyHash % this.hashSlotNum;
    let previous = slots.getInt32(slot * SLOT_BYTES);
    if (previous <= 0 || previous > this.indexCount) previous = 0;
    let timeDiff = 0;
    if (this.beginTimestamp > 0) {
      timeDiff = Math.trunc((storeTimestamp - this.beginTimestamp) / 1000);
      timeDiff = Math.min(Math.max(timeDiff, 0), 0x7fffffff);
    }
    items.setInt32(at, keyHash);
    writeOffset(items, at + 4, physicalOffset);
    items.setInt32(at + 12, timeDiff);
    items.setInt32(at + 16, previous);
    slots.setInt32(slot * SLOT_BYTES, this.indexCount);
    this.#dirtyPages[Math.floor((slot * SLOT_BYTES) / PAGE_BYTES)] = 1;
    if (this.indexCount <= 1) {
      this.beginPhyOffset = physicalOffset;
      this.beginTimestamp = storeTimestamp;
    }
    if (previous === 0) this.hashSlotCount += 1;
    this.indexCount += 1;
    this.endPhyOffset = physicalOffset;
    this.endTimestamp = storeTimestamp;
    this.#isHeaderDirty = true;
    return true;
  }

  /** Index number of the newest item of a hash's slot; 0 if there is none. */
  newestItem(keyHash: number): number {
    if (this.indexCount <= 1) return 0;
    const slot = keyHash % this.hashSlotNum;
    let value: number;
    if (this.#slots) {
      value = this.#slots.getInt32(slot * SLOT_BYTES);
    } else {
      this.#pread(this.#read, SLOT_BYTES, HEADER_BYTES + slot * SLOT_BYTES);
      value = this.#read.getInt32(0);
    }
    return this.isLink(value) ? value : 0;
  }

  /** True if an item may have this number, and so the chain goes on there. */
  isLink(number: number): boolean {
    return number > 0 && number <= this.indexCount;
  }

  /**
   * Reads an item.
   *
   * @throws StoreIoError if the file can not be read
   */
  item(number: number): IndexItem {
    let view: DataView = this.#read;
    let at = 0;
    if (this.#items && number >= this.#savedCount) {
      view = this.#items;
      at = (number - this.#savedCount) * ITEM_BYTES;
      if (number >= this.indexCount) return { keyHash: -1, physicalOffset: -1, timeDiffSeconds: -1, previous: 0 };
    } else {
      this.#pread(view, ITEM_BYTES, this.#itemPosition(number));
    }
    return {
      keyHash: view.getInt32(at),
      physicalOffset: readInt64(view, at + 4),
      timeDiffSeconds: view.getInt32(at + 12),
      previous: view.getInt32(at + 16),
    };
  }

  /** True if the file may hold keys of messages stored in [beginMs, endMs]. */
  isTimeMatched(beginMs: number, endMs: number): boolean {
    return (
      (beginMs < this.beginTimestamp && endMs > this.endTimestamp) ||
      (beginMs >= this.beginTimestamp && beginMs <= this.endTimestamp) ||
      (endMs >= this.beginTimestamp && endMs <= this.endTimestamp)
    );
  }

  /**
   * Writes everything and makes it durable. Keys may be added meanwhile; the header ends with those of the moment of
   * the call.
   *
   * @param pause called between writes of a millisecond or so
   * @param beforeEnd called with the endTimestamp that the header is going to have, before it has it
   * @throws StoreIoError, or the operating system's error; calling it again writes all that is missing
   */
  async saveAll(pause: () => Promise<void>, beforeEnd: (endTimestamp: number) => void = () => {}): Promise<void> {
    if (!this.#isHeaderDirty || this.#isClosed) return;
    this.#isHeaderDirty = false;
    const { endTimestamp, endPhyOffset } = this;
    try {
      this.#saveItems();
      await this.#sync();
      let count = this.#saveCount();
      await this.#sync();
      for (let page = 0; page < this.#dirtyPages.length; ) {
        if (this.#dirtyPages[page] === 0) {
          page += 1;
          continue;
        }
        let end = page;
        while (
          end < this.#dirtyPages.length &&
          this.#dirtyPages[end] === 1 &&
          (end - page) * PAGE_BYTES < MAX_WRITE_BYTES
        ) {
          end += 1;
        }
        const start = page * PAGE_BYTES;
        const length = Math.min(end * PAGE_BYTES, this.#slotBytes.length) - start;
        if (this.indexCount > count) {
          // The slots lead to these items, too.
          this.#saveItems();
          count = this.#saveCount();
        }
        this.#pwrite(this.#slotBytes, start, length, HEADER_BYTES + start);
        this.#dirtyPages.fill(0, page, end);
        page = end;
        await pause();
      }
      await this.#sync();
      beforeEnd(endTimestamp);
      this.#pwrite(this.#header(count, endTimestamp, endPhyOffset), 0, HEADER_BYTES, 0);
      this.savedEndTimestamp = endTimestamp;
      this.#savedEndPhyOffset = endPhyOffset;
      await this.#sync();
    } catch (error) {
      this.#isHeaderDirty = true;
      throw error;
    }
  }

  /** Writes a header that counts all items, and ends as before. @returns its count */
  #saveCount(): number {
    const header = this.#header(this.indexCount, this.savedEndTimestamp, this.#savedEndPhyOffset);
    this.#pwrite(header, 0, HEADER_BYTES, 0);
    return this.indexCount;
  }

  async #sync(): Promise<void> {
    try {
      await this.#fs.sync(this.#fd);
    } catch (error) {
      this.hasFailedFlush = true;
      throw error;
    }
  }

  /** Frees the memory of a file that is full and saved; look-ups read from the file then. */
  unload(): void {
    this.#slots = this.#items = null;
    this.#slotBytes = this.#itemBytes = this.#dirtyPages = new Uint8Array(0);
  }

  /**
   * Keeps the items that are sound and of records before `maxPhysicalOffset`, and derives slots and header from them.
   *
   * @param dropLast leave out the last record: some of its keys may be missing
   * @param storeTimestampOf store time (ms) of the record at a physical offset; -1 if unknown
   * @param trustedTimestamp ms; items of later records are written again: that they can be read does not mean that they
   *   are on disk, if a flush failed before the stop
   * @returns true if all items were kept
   */
  repair(
    maxPhysicalOffset: number,
    dropLast: boolean,
    storeTimestampOf: (physicalOffset: number) => number,
    trustedTimestamp = Number.POSITIVE_INFINITY,
  ): boolean {
    this.#saveItems();
    const block = new DataView(new ArrayBuffer(ITEM_BYTES * 50_000));
    const { indexCount } = this;
    let count = 1;
    let newest = -1;
    let newestTimeDiff = 0;
    /** First item of the record that `newest` is, and the same of the record before it. */
    let recordStart = 1;
    let before = -1;
    let beforeTimeDiff = 0;
    let isEnd = false;
    while (!isEnd && count < indexCount) {
      const items = Math.min(block.byteLength / ITEM_BYTES, indexCount - count);
      this.#pread(block, items * ITEM_BYTES, this.#itemPosition(count));
      const first = count;
      let unsureFrom = -1;
      for (let i = 0; i < items && !isEnd; i++) {
        const at = i * ITEM_BYTES;
        const physicalOffset = readInt64(block, at + 4);
        const previous = block.getInt32(at + 16);
        const isSound = block.getInt32(at) >= 0 && physicalOffset >= newest && previous >= 0 && previous < count;
        if (!isSound || physicalOffset >= maxPhysicalOffset) {
          isEnd = true;
          break;
        }
        if (physicalOffset > newest) {
          before = newest;
          beforeTimeDiff = newestTimeDiff;
          recordStart = count;
          newest = physicalOffset;
          newestTimeDiff = block.getInt32(at + 12);
        }
        const latestTime = this.beginTimestamp + block.getInt32(at + 12) * 1000 + 999;
        if (unsureFrom < 0 && latestTime > trustedTimestamp) unsureFrom = count;
        count += 1;
      }
      if (unsureFrom >= 0) {
        const bytes = new Uint8Array(block.buffer);
        const start = (unsureFrom - first) * ITEM_BYTES;
        this.#pwrite(bytes, start, (count - unsureFrom) * ITEM_BYTES, this.#itemPosition(unsureFrom));
      }
    }
    const isWhole = count === indexCount && !dropLast;
    if (!isWhole || newest !== this.endPhyOffset) {
      this.indexCount = dropLast ? recordStart : count;
      const last = dropLast ? before : newest;
      const lastTimeDiff = dropLast ? beforeTimeDiff : newestTimeDiff;
      const time = last < 0 ? this.beginTimestamp : storeTimestampOf(last);
      this.endPhyOffset = last < 0 ? this.beginPhyOffset : last;
      this.endTimestamp = time > 0 ? time : this.beginTimestamp + lastTimeDiff * 1000;
    }
    this.#rebuildSlots(block);
    return isWhole;
  }

  /**
   * True if the header ends with the last item, no slot points beyond it, and the slots lead to the keys of its record.
   * A crash while they were written may leave them otherwise; `repair` derives them anew.
   */
  isSound(): boolean {
    if (this.indexCount > 1 && this.item(this.indexCount - 1).physicalOffset !== this.endPhyOffset) return false;
    const slots = this.#slots ?? this.#loadSlots();
    for (let at = 0; at < slots.byteLength; at += SLOT_BYTES) {
      if (slots.getInt32(at) >= Math.max(this.indexCount, 1)) return false;
    }
    // The header may have ended there before it counted them: with 0, or with a record whose first keys came earlier.
    for (let number = this.indexCount - 1; number >= 1; number--) {
      const { keyHash, physicalOffset } = this.item(number);
      if (physicalOffset !== this.endPhyOffset) break;
      if (keyHash < 0 || slots.getInt32((keyHash % this.hashSlotNum) * SLOT_BYTES) < number) return false;
    }
    return true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#fs.close(this.#fd);
    this.unload();
  }

  #itemPosition(number: number): number {
    return HEADER_BYTES + this.hashSlotNum * SLOT_BYTES + number * ITEM_BYTES;
  }

  #readHeader(): void {
    const view = new DataView(new ArrayBuffer(HEADER_BYTES));
    this.#pread(view, HEADER_BYTES, 0);
    this.beginTimestamp = readInt64(view, 0);
    this.endTimestamp = readInt64(view, 8);
    this.beginPhyOffset = readInt64(view, 16);
    this.endPhyOffset = readInt64(view, 24);
    this.hashSlotCount = view.getInt32(32);
    this.indexCount = Math.min(Math.max(1, view.getInt32(36)), this.indexNum);
    this.#savedCount = this.indexCount;
    this.savedEndTimestamp = this.endTimestamp;
    this.#savedEndPhyOffset = this.endPhyOffset;
  }

  #header(indexCount: number, endTimestamp: number, endPhyOffset: number): Uint8Array {
    const view = new DataView(new ArrayBuffer(HEADER_BYTES));
    writeOffset(view, 0, this.beginTimestamp);
    writeOffset(view, 8, endTimestamp);
    writeOffset(view, 16, this.beginPhyOffset);
    writeOffset(view, 24, endPhyOffset);
    view.setInt32(32, this.hashSlotCount);
    view.setInt32(36, indexCount);
    return new Uint8Array(view.buffer);
  }

  #makeSlots(): DataView {
    const buffer = new ArrayBuffer(this.hashSlotNum * SLOT_BYTES);
    this.#slotBytes = new Uint8Array(buffer);
    this.#dirtyPages = new Uint8Array(Math.ceil(buffer.byteLength / PAGE_BYTES));
    this.#slots = new DataView(buffer);
    return this.#slots;
  }

  #loadSlots(): DataView {
    const slots = this.#makeSlots();
    try {
      if (this.indexCount > 1) this.#pread(slots, slots.byteLength, HEADER_BYTES);
    } catch (error) {
      // Empty ones would hide all keys so far.
      this.#slots = null;
      throw error;
    }
    return slots;
  }

  #rebuildSlots(block: DataView): void {
    const slots = this.#makeSlots();
    this.#dirtyPages.fill(1);
    this.hashSlotCount = 0;
    for (let count = 1; count < this.indexCount; ) {
      const items = Math.min(block.byteLength / ITEM_BYTES, this.indexCount - count);
      this.#pread(block, items * ITEM_BYTES, this.#itemPosition(count));
      for (let i = 0; i < items; i++) {
        const at = (block.getInt32(i * ITEM_BYTES) % this.hashSlotNum) * SLOT_BYTES;
        if (slots.getInt32(at) === 0) this.hashSlotCount += 1;
        slots.setInt32(at, count);
        count += 1;
      }
    }
    this.#items = null;
    this.#savedCount = this.indexCount;
    this.#isHeaderDirty = true;
  }

  #startItems(): DataView {
    const items = Math.min(Math.floor(ITEM_BUFFER_BYTES / ITEM_BYTES), this.indexNum);
    this.#itemBytes = new Uint8Array(items * ITEM_BYTES);
    this.#items = new DataView(this.#itemBytes.buffer);
    this.#savedCount = this.indexCount;
    return this.#items;
  }

  #saveItems(): void {
    const count = this.indexCount - this.#savedCount;
    if (count === 0) return;
    this.#pwrite(this.#itemBytes, 0, count * ITEM_BYTES, this.#itemPosition(this.#savedCount));
    this.#savedCount = this.indexCount;
  }

  #pwrite(bytes: Uint8Array, start: number, length: number, position: number): void {
    try {
      writeFully(this.#fs, this.#fd, bytes, start, length, position);
    } catch (error) {
      throw new StoreIoError(`${this.path} can not be written`, { cause: error });
    }
  }

  #pread(view: DataView, length: number, position: number): void {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, length);
    let count = 0;
    try {
      count = readFully(this.#fs, this.#fd, bytes, 0, length, position);
    } catch (error) {
      throw new StoreIoError(`${this.path} can not be read`, { cause: error });
    }
    if (count < length) throw new StoreIoError(`${this.path} ends before position ${position + length}`);
  }
}
