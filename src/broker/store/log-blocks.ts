import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { QueueTail } from './accepted-records.js';
import type { CommitLog } from './commit-log.js';
import { ReadSlots } from './read-slots.js';

export const BLOCK_BYTES = 262_144;
/** Blocks kept for readers that catch up: 32 MiB. */
export const MAX_BLOCKS = 128;
/** Blocks that are read before somebody asks: as many as a fast reader uses while one is read from disk. */
const AHEAD_BLOCKS = 4;
/** Blocks read ahead that nobody has used yet: with more readers than that, all wait for what they ask. */
const MAX_UNUSED = MAX_BLOCKS / 2;
/** Reads under way at a time. The thread pool has four threads, and a flush must not wait behind reads. */
const MAX_READS = 3;

/** A piece of the log that is kept. */
export interface Block {
  /** Physical offset of its first byte. */
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Its bytes are there. */
  isLoaded: boolean;
  /** Resolves when they are, to false if they can not be read; null if it was read at once. */
  loading: Promise<boolean> | null;
  /** How many may still look at it in a later turn. */
  users: number;
  /** It is not kept any more. */
  isDropped: boolean;
  /** It was read ahead, and nobody has asked for it yet. */
  isUnused: boolean;
}

/**
 * Pieces of the log that readers who catch up share: their queues are mixed with others, and what one reads another will
 * want soon. A bounded number is kept, those used last, and the next ones are read ahead.
 */
export class LogBlocks<Q extends QueueTail> {
  readonly #log: CommitLog<Q>;
  readonly #logger: Logger;
  /** By start, in order of last use. */
  readonly #blocks = new Map<number, Block>();
  /** Dropped ones, to be used again: with new memory for each, collecting garbage takes longer than reading. */
  readonly #free: Uint8Array[] = [];
  readonly #slots = new ReadSlots(MAX_READS);
  #unused = 0;
  #last: Block | null = null;

  constructor(log: CommitLog<Q>, logger: Logger) {
    this.#log = log;
    this.#logger = logger;
  }

  /** Blocks that are kept. */
  get size(): number {
    return this.#blocks.size;
  }

  /** Start of the block that has this byte; -1 if that is not completely written, or crosses the end of a file. */
  startOf(physicalOffset: number): number {
    const { files, writtenEnd } = this.#log;
    const fileStart = files.startOf(physicalOffset);
    if (fileStart < 0) return -1;
    const start = physicalOffset - ((physicalOffset - fileStart) % BLOCK_BYTES);
    const end = start + BLOCK_BYTES;
    return end <= fileStart + files.fileBytes && end <= writtenEnd ? start : -1;
  }

  has(start: number): boolean {
    return this.#blocks.has(start);
  }

  /** True if the block with this byte is on its way. */
  isLoading(physicalOffset: number): boolean {
    return this.#blocks.get(this.startOf(physicalOffset))?.isLoaded === false;
  }

  /** The block with these bytes, if it is loaded. */
  loaded(physicalOffset: number): Block | null {
    const last = this.#last;
    if (last !== null && physicalOffset >= last.start && physicalOffset < last.start + BLOCK_BYTES && !last.isDropped) {
      return last;
    }
    const start = this.startOf(physicalOffset);
    if (start < 0) return null;
    const block = this.#blocks.get(start);
    if (block === undefined || !block.isLoaded) return null;
    this.#use(block);
    this.#last = block;
    return block;
  }

  /** Reads a block at once. @returns null if it can not be read */
  readNow(start: number): Block | null {
    const block = this.#newBlock(start);
    try {
      if (this.#log.readSync(start, BLOCK_BYTES, block.bytes, 0)) {
        block.isLoaded = true;
        this.#keep(block);
        return block;
      }
    } catch (error) {
      this.#logger.error({ physicalOffset: start, error: errorText(error) }, 'messages can not be read');
    }
    this.#free.push(block.bytes);
    return null;
  }

  /**
   * The block that begins at `start`, loaded or on its way: await `loading` if it is not loaded.
   *
   * @returns it is the caller's to look at until `release`
   */
  acquire(start: number): Block {
    let block = this.#blocks.get(start);
    if (block) this.#use(block);
    else block = this.#load(start);
    block.users += 1;
    return block;
  }

  /** The caller looks at the block no more. */
  release(block: Block): void {
    block.users -= 1;
    this.#reuse(block);
  }

  /** Somebody reads on from this block: reads those behind it, if it was not the first one he has read. */
  readAhead(start: number): void {
    if (!this.#blocks.has(start - BLOCK_BYTES)) return;
    for (let i = 1; i <= AHEAD_BLOCKS; i++) {
      const next = this.startOf(start + i * BLOCK_BYTES);
      if (next < 0 || this.#unused >= MAX_UNUSED || !this.#slots.isFree) return;
      if (this.#blocks.has(next)) continue;
      if (this.#log.addressOf(next, 1) >= 0) return;
      this.#load(next).isUnused = true;
      this.#unused += 1;
    }
  }

  #use(block: Block): void {
    if (block.isUnused) {
      block.isUnused = false;
      this.#unused -= 1;
    }
    this.#blocks.delete(block.start);
    this.#blocks.set(block.start, block);
  }

  #newBlock(start: number): Block {
    this.#makeRoom();
    const bytes = this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset, BLOCK_BYTES);
    return { start, bytes, view, isLoaded: false, loading: null, users: 0, isDropped: false, isUnused: false };
  }

  #keep(block: Block): void {
    this.#blocks.set(block.start, block);
  }

  #load(start: number): Block {
    const block = this.#newBlock(start);
    // The read itself is a user.
    block.users = 1;
    block.loading = this.#slots
      .run(() => this.#log.readAsync(start, BLOCK_BYTES, block.bytes, 0))
      .catch((error: unknown) => {
        this.#logger.error({ physicalOffset: start, error: errorText(error) }, 'messages can not be read');
        return false;
      })
      .then((isThere) => {
        block.isLoaded = isThere;
        if (!isThere && !block.isDropped) this.#drop(block);
        this.release(block);
        return isThere;
      });
    this.#keep(block);
    return block;
  }

  /** Drops the block that was used longest ago when there are too many. */
  #makeRoom(): void {
    if (this.#blocks.size < MAX_BLOCKS) return;
    this.#drop(this.#blocks.values().next().value as Block);
  }

  #drop(block: Block): void {
    this.#blocks.delete(block.start);
    block.isDropped = true;
    if (block.isUnused) this.#unused -= 1;
    block.isUnused = false;
    this.#reuse(block);
  }

  /** Takes the memory back when nobody needs it. */
  #reuse(block: Block): void {
    if (block.isDropped && block.users === 0 && this.#free.length < MAX_BLOCKS) this.#free.push(block.bytes);
  }
}
