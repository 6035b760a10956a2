import { readInt64 } from '../../../base/int64.js';
import { indexFileBytes } from '../index-file.js';
import { readPiece } from './offset-files.js';
import type { IndexFileEntry, StoreLayout } from './store-layout.js';

const HEADER_BYTES = 40;
const SLOT_BYTES = 4;
const ITEM_BYTES = 20;
const BLOCK_ITEMS = 50_000;
const SLOT_BLOCK_BYTES = 1_048_576;
/** Up to this size all slot numbers are tried that fit the file. */
const SEARCH_BYTES = 16_777_216;
const LOOKED_AT_ITEMS = 50;
const MIN_SOUND_SHARE = 0.5;
/** Apache has four items for each slot, and so have our own settings. */
const ITEMS_PER_SLOT = 4;

export interface IndexParameters {
  readonly hashSlotNum: number;
  readonly indexNum: number;
}

/** What the header of an index file says. */
export interface IndexHeader {
  /** Store times, ms. */
  readonly beginTimestamp: number;
  readonly endTimestamp: number;
  readonly beginPhyOffset: number;
  readonly endPhyOffset: number;
  /** Keys. */
  readonly items: number;
}

/** Header of an index file; null if the file is too short for one. */
export function readIndexHeader({ fs }: StoreLayout, { path }: IndexFileEntry): IndexHeader | null {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  if (readPiece(fs, path, 0, bytes, HEADER_BYTES) < HEADER_BYTES) return null;
  return {
    beginTimestamp: readInt64(view, 0),
    endTimestamp: readInt64(view, 8),
    beginPhyOffset: readInt64(view, 16),
    endPhyOffset: readInt64(view, 24),
    items: Math.max(0, view.getInt32(36) - 1),
  };
}

/**
 * maxHashSlotNum and maxIndexNum of the store's index files: those that were given, else found from the size of a file
 * and from its first items, which have to be sound and to hang in their slots.
 *
 * @returns null without files, or if no numbers fit
 */
export function indexParameters(store: StoreLayout): IndexParameters | null {
  const { maxHashSlotNum, maxIndexNum } = store.settings;
  if (maxHashSlotNum !== undefined && maxIndexNum !== undefined) {
    return { hashSlotNum: maxHashSlotNum, indexNum: maxIndexNum };
  }
  let best: IndexParameters | null = null;
  let bestShare = MIN_SOUND_SHARE;
  for (const file of store.indexFiles) {
    for (const parameters of candidates(file.sizeBytes)) {
      const share = soundShare(store, file, parameters.hashSlotNum);
      if (share <= bestShare) continue;
      best = parameters;
      bestShare = share;
      if (share === 1) return best;
    }
  }
  return best;
}

/** What makes a file of this size; Apache's ratio first. */
function* candidates(sizeBytes: number): Generator<IndexParameters> {
  const hashSlotNum = (sizeBytes - HEADER_BYTES) / (SLOT_BYTES + ITEM_BYTES * ITEMS_PER_SLOT);
  if (hashSlotNum > 0 && Number.isInteger(hashSlotNum)) yield { hashSlotNum, indexNum: hashSlotNum * ITEMS_PER_SLOT };
  if (sizeBytes > SEARCH_BYTES) return;
  for (let slots = 1; indexFileBytes(slots, 2) <= sizeBytes; slots++) {
    const indexNum = (sizeBytes - HEADER_BYTES - slots * SLOT_BYTES) / ITEM_BYTES;
    if (Number.isInteger(indexNum)) yield { hashSlotNum: slots, indexNum };
  }
}

/** How many of a file's first items are sound with so many slots, 0..1; 1 for an empty file. */
function soundShare(store: StoreLayout, file: IndexFileEntry, hashSlotNum: number): number {
  const header = readIndexHeader(store, file);
  if (!header) return 0;
  if (header.items === 0) return 1;
  const itemsAt = HEADER_BYTES + hashSlotNum * SLOT_BYTES + ITEM_BYTES;
  const count = Math.min(header.items, LOOKED_AT_ITEMS);
  const bytes = new Uint8Array(count * ITEM_BYTES);
  const view = new DataView(bytes.buffer);
  if (readPiece(store.fs, file.path, itemsAt, bytes, bytes.length) < bytes.length) return 0;
  const slot = new Uint8Array(SLOT_BYTES);
  const newestOf = new Map<number, number>();
  let sound = 0;
  for (let i = 0; i < count; i++) {
    const at = i * ITEM_BYTES;
    const keyHash = view.getInt32(at);
    const physicalOffset = readInt64(view, at + 4);
    const previous = view.getInt32(at + 16);
    const isInFile = physicalOffset >= header.beginPhyOffset && physicalOffset <= header.endPhyOffset;
    const slotNumber = keyHash % hashSlotNum;
    const before = newestOf.get(slotNumber) ?? 0;
    newestOf.set(slotNumber, i + 1);
    // A hash of 0 is rather no item at all.
    if (keyHash <= 0 || !isInFile || previous !== before) continue;
    readPiece(store.fs, file.path, HEADER_BYTES + slotNumber * SLOT_BYTES, slot, SLOT_BYTES);
    const newest = new DataView(slot.buffer).getInt32(0);
    if (newest >= i + 1 && newest <= header.items) sound += 1;
  }
  return sound / count;
}

/** What is told of a fault in an index file. */
export type IndexFaultListener = (path: string, filePosition: number, physicalOffset: number, detail: string) => void;

/** The items of all index files in order, each file's slots and chains checked on the way. */
export class IndexScan {
  readonly #store: StoreLayout;
  readonly #files: readonly IndexFileEntry[];
  readonly #parameters: IndexParameters;
  readonly #onFault: IndexFaultListener;
  readonly #bytes = new Uint8Array(BLOCK_ITEMS * ITEM_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #slots = new Int32Array(0);
  #file = -1;
  #items = 0;
  #number = 0;
  #blockFirst = 0;
  #blockCount = 0;
  /** Of the current item; Infinity behind the last. */
  physicalOffset = -1;
  keyHash = 0;
  /** Items handed out. */
  count = 0;

  constructor(
    store: StoreLayout,
    files: readonly IndexFileEntry[],
    parameters: IndexParameters,
    onFault: IndexFaultListener,
  ) {
    this.#store = store;
    this.#files = files;
    this.#parameters = parameters;
    this.#onFault = onFault;
    this.next();
  }

  get path(): string {
    return this.#files[this.#file]?.path ?? '';
  }

  /** Where in its file the current item is. */
  get filePosition(): number {
    return this.#itemPosition(this.#number);
  }

  #itemPosition(number: number): number {
    return HEADER_BYTES + this.#parameters.hashSlotNum * SLOT_BYTES + number * ITEM_BYTES;
  }

  /** Goes to the next item. */
  next(): void {
    this.#number += 1;
    while (this.#number > this.#items) {
      if (this.#file >= 0) this.#checkSlots();
      this.#file += 1;
      const file = this.#files[this.#file];
      if (!file) {
        this.physicalOffset = Number.POSITIVE_INFINITY;
        return;
      }
      const header = readIndexHeader(this.#store, file);
      this.#items = Math.min(header?.items ?? 0, this.#parameters.indexNum - 1);
      this.#number = 1;
      this.#blockCount = 0;
      this.#slots = new Int32Array(this.#items > 0 ? this.#parameters.hashSlotNum : 0);
    }
    this.#read();
    this.count += 1;
  }

  #read(): void {
    const number = this.#number;
    if (this.#blockCount === 0 || number >= this.#blockFirst + this.#blockCount) {
      this.#blockFirst = number;
      this.#blockCount = Math.min(BLOCK_ITEMS, this.#items - number + 1);
      const length = this.#blockCount * ITEM_BYTES;
      readPiece(this.#store.fs, this.path, this.#itemPosition(number), this.#bytes, length);
    }
    const at = (number - this.#blockFirst) * ITEM_BYTES;
    const view = this.#view;
    this.keyHash = view.getInt32(at);
    this.physicalOffset = readInt64(view, at + 4);
    const timeDiff = view.getInt32(at + 12);
    const previous = view.getInt32(at + 16);
    const slot = this.keyHash >= 0 ? this.keyHash % this.#parameters.hashSlotNum : -1;
    const before = slot >= 0 ? (this.#slots[slot] as number) : -1;
    if (slot < 0 || timeDiff < 0 || !(this.physicalOffset >= 0)) {
      this.#fault(`item ${number} is none: key hash ${this.keyHash}, time difference ${timeDiff}`);
    } else if (previous !== before) {
      this.#fault(`item ${number} goes on with item ${previous} instead of ${before}`);
    }
    if (slot >= 0) this.#slots[slot] = number;
  }

  #fault(detail: string): void {
    this.#onFault(this.path, this.filePosition, this.physicalOffset, detail);
  }

  /** Compares the slots that the items make with those of the file. */
  #checkSlots(): void {
    const path = this.path;
    const bytes = new Uint8Array(Math.min(SLOT_BLOCK_BYTES, this.#slots.length * SLOT_BYTES));
    const view = new DataView(bytes.buffer);
    for (let first = 0; first < this.#slots.length; first += bytes.length / SLOT_BYTES) {
      const count = Math.min(bytes.length / SLOT_BYTES, this.#slots.length - first);
      const position = HEADER_BYTES + first * SLOT_BYTES;
      readPiece(this.#store.fs, path, position, bytes, count * SLOT_BYTES);
      for (let i = 0; i < count; i++) {
        const is = view.getInt32(i * SLOT_BYTES);
        const expected = this.#slots[first + i] as number;
        if (is === expected) continue;
        this.#onFault(
          path,
          position + i * SLOT_BYTES,
          -1,
          `slot ${first + i} leads to item ${is} instead of ${expected}`,
        );
      }
    }
  }
}
