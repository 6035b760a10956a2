import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { QueueTail } from './accepted-records.js';
import type { CommitLog } from './commit-log.js';
import { BLOCK_BYTES, type Block, LogBlocks } from './log-blocks.js';
import { ReadSlots } from './read-slots.js';
import { BLANK_HEADER_BYTES, MIN_RECORD_BYTES } from './record-layout.js';
import { isRecordStart } from './record-reader.js';

/** Closer than this to the log's end the page cache is taken to be warm, and reading at once to be cheap. */
const WARM_BYTES = 268_435_456;
/** A run of records is read in one go while it is no longer than this, and at least a tenth is wanted. */
const MAX_SPAN_BYTES = 262_144;
const SPAN_WASTE = 10;
/** A block is read whole when at least so much of it is wanted. */
const BLOCK_WORTH_BYTES = BLOCK_BYTES / 64;

/** Reads from disk under way at a time: each holds its answer and its blocks. */
const MAX_READS = 32;

/** Where a record lies in the log, and where to copy it. */
export interface WantedRecord {
  physicalOffset: number;
  size: number;
  targetStart: number;
}

/** `gone`: no record of that size is there (any more). `error`: the disk does not say. */
export type ReadOutcome = 'found' | 'gone' | 'error';

/**
 * Reads records that are not all in memory: at once if they were written lately, else in the thread pool. Consumers
 * that catch up read a log in which their queues are mixed with others, so blocks of it are kept and shared.
 */
export class LogReader<Q extends QueueTail> {
  readonly #log: CommitLog<Q>;
  readonly #logger: Logger;
  readonly #warmBytes: number;
  readonly #span = new Uint8Array(MAX_SPAN_BYTES);
  readonly #blocks: LogBlocks<Q>;
  readonly #turns = new ReadSlots(MAX_READS);

  /** @param warmBytes the newest part of the log that is read at once */
  constructor(log: CommitLog<Q>, logger: Logger, warmBytes = WARM_BYTES) {
    this.#log = log;
    this.#logger = logger;
    this.#warmBytes = warmBytes;
    this.#blocks = new LogBlocks(log, logger);
  }

  /** Blocks that are kept. */
  get blocks(): number {
    return this.#blocks.size;
  }

  /** True if records from here on should be read with `readSync`. */
  isWarm(physicalOffset: number): boolean {
    return physicalOffset >= this.#log.writtenEnd - this.#warmBytes;
  }

  /** True if none of them is worth a read in the thread pool. */
  isAtHand(wanted: readonly WantedRecord[]): boolean {
    return wanted.every(
      ({ physicalOffset, size }) =>
        this.#log.addressOf(physicalOffset, size) >= 0 ||
        (this.isWarm(physicalOffset) && !this.#blocks.isLoading(physicalOffset)),
    );
  }

  /**
   * Copies records, from memory or the files, to their places in `target`.
   *
   * @param wanted in ascending physical order
   * @returns the outcome for each
   */
  readSync(wanted: readonly WantedRecord[], target: Uint8Array): ReadOutcome[] {
    const found = new Array<ReadOutcome>(wanted.length).fill('gone');
    for (let i = 0; i < wanted.length; ) {
      const first = wanted[i] as WantedRecord;
      if (this.#log.addressOf(first.physicalOffset, first.size) >= 0) {
        found[i] = this.#copy(first, target);
        i += 1;
        continue;
      }
      const block = this.#blockAtHand(wanted, i);
      if (block !== null) {
        const end = block.start + BLOCK_BYTES;
        for (; i < wanted.length; i++) {
          const record = wanted[i] as WantedRecord;
          if (record.physicalOffset < block.start || record.physicalOffset + record.size > end) break;
          found[i] = copyFrom(block, record, target);
        }
        continue;
      }
      let last = i;
      let end = first.physicalOffset + first.size;
      let bytes = first.size;
      for (let next = i + 1; next < wanted.length; next++) {
        const record = wanted[next] as WantedRecord;
        const spanEnd = record.physicalOffset + record.size;
        const span = spanEnd - first.physicalOffset;
        if (span > MAX_SPAN_BYTES || span > (bytes + record.size) * SPAN_WASTE || record.physicalOffset < end) break;
        last = next;
        end = spanEnd;
        bytes += record.size;
      }
      const span = end - first.physicalOffset;
      const isSpan = last > i && this.#tryRead(first.physicalOffset, span, this.#span, 0) === 'found';
      for (; i <= last; i++) {
        const record = wanted[i] as WantedRecord;
        if (isSpan) {
          const start = record.physicalOffset - first.physicalOffset;
          target.set(this.#span.subarray(start, start + record.size), record.targetStart);
          found[i] = outcome(target, record);
        } else {
          found[i] = this.#copy(record, target);
        }
      }
    }
    return found;
  }

  /**
   * Copies records that were selected to `target`, one behind the other from `at` on, if all of them are at hand: in
   * memory, in a block that is kept, or written lately.
   *
   * @param count of the offsets and sizes, in ascending physical order
   * @returns false if not, or if one is not there: then what is in `target` means nothing
   */
  copyAtHand(
    physicalOffsets: readonly number[],
    sizes: readonly number[],
    count: number,
    target: Uint8Array,
    at: number,
  ): boolean {
    const log = this.#log;
    let position = at;
    let lastBlock = -1;
    for (let i = 0; i < count; i++) {
      const physicalOffset = physicalOffsets[i] as number;
      const size = sizes[i] as number;
      const address = log.addressOf(physicalOffset, size);
      if (address >= 0) {
        target.set(new Uint8Array(log.buffer, address, size), position);
        position += size;
        continue;
      }
      let block = this.#blocks.loaded(physicalOffset);
      if (block === null && this.isWarm(physicalOffset)) {
        // One that is on its way is better waited for than read once more.
        if (this.#blocks.isLoading(physicalOffset)) return false;
        const start = this.#blocks.startOf(physicalOffset);
        if (start >= 0 && isWorth(physicalOffsets, sizes, i, count, start)) block = this.#blocks.readNow(start);
      }
      if (block !== null) {
        lastBlock = block.start;
        const offset = physicalOffset - block.start;
        const inBlock = Math.min(size, BLOCK_BYTES - offset);
        if (size < MIN_RECORD_BYTES || inBlock < BLANK_HEADER_BYTES || !isRecordStart(block.view, offset, size))
          return false;
        copyBytes(block.bytes, offset, inBlock, target, position);
        if (inBlock < size && !this.#copyRest(physicalOffset + inBlock, size - inBlock, target, position + inBlock)) {
          return false;
        }
      } else if (!this.isWarm(physicalOffset)) {
        return false;
      } else if (this.#copy({ physicalOffset, size, targetStart: position }, target) !== 'found') {
        return false;
      }
      position += size;
    }
    if (lastBlock >= 0) this.#blocks.readAhead(lastBlock);
    return true;
  }

  /** Copies the end of a record that begins in another block. */
  #copyRest(physicalOffset: number, bytes: number, target: Uint8Array, position: number): boolean {
    const block = bytes <= BLOCK_BYTES ? this.#blocks.loaded(physicalOffset) : null;
    if (block !== null) {
      copyBytes(block.bytes, 0, bytes, target, position);
      return true;
    }
    return this.isWarm(physicalOffset) && this.#tryRead(physicalOffset, bytes, target, position) === 'found';
  }

  /**
   * Runs a read from disk when not too many others are under way, first come first served: each holds its answer and
   * a block or two, and a fleet of consumers that catches up has thousands of them.
   *
   * @param read takes its memory when it is called
   */
  inTurn<T>(read: () => Promise<T>): Promise<T> {
    return this.#turns.run(read);
  }

  /** `readSync` in the thread pool. */
  async read(wanted: readonly WantedRecord[], target: Uint8Array): Promise<ReadOutcome[]> {
    const wantedOf = new Map<number, number>();
    for (const record of wanted) {
      const start = this.#blockOf(record);
      if (start >= 0) wantedOf.set(start, (wantedOf.get(start) ?? 0) + record.size);
    }
    const blocks = new Map<number, Block>();
    let lastBlock = -1;
    for (const [start, bytes] of wantedOf) {
      if (bytes < BLOCK_WORTH_BYTES && !this.#blocks.has(start)) continue;
      blocks.set(start, this.#blocks.acquire(start));
      lastBlock = start;
    }
    try {
      if (lastBlock >= 0) this.#blocks.readAhead(lastBlock);
      for (const { isLoaded, loading } of blocks.values()) if (!isLoaded) await loading;
      const outcomes = new Array<ReadOutcome>(wanted.length).fill('gone');
      const alone: Promise<void>[] = [];
      for (const [i, record] of wanted.entries()) {
        const block = blocks.get(this.#blockOf(record));
        if (block?.isLoaded) outcomes[i] = copyFrom(block, record, target);
        else if (block) outcomes[i] = 'error';
        else {
          alone.push(
            this.#readAlone(record, target).then((outcome) => {
              outcomes[i] = outcome;
            }),
          );
        }
      }
      if (alone.length > 0) await Promise.all(alone);
      return outcomes;
    } finally {
      for (const block of blocks.values()) this.#blocks.release(block);
    }
  }

  async #readAlone(record: WantedRecord, target: Uint8Array): Promise<ReadOutcome> {
    const { physicalOffset, size, targetStart } = record;
    try {
      const isThere = await this.#log.readAsync(physicalOffset, size, target, targetStart);
      return isThere ? outcome(target, record) : 'gone';
    } catch (error) {
      this.#logger.error({ physicalOffset, error: errorText(error) }, 'message can not be read');
      return 'error';
    }
  }

  /** Start of the block that holds the whole record and is completely written; -1 if there is none. */
  #blockOf({ physicalOffset, size }: WantedRecord): number {
    const start = this.#blocks.startOf(physicalOffset);
    return start >= 0 && physicalOffset + size <= start + BLOCK_BYTES ? start : -1;
  }

  /**
   * The block of `wanted[index]`, if it is kept or worth a read at once: consumers of other queues will want its other
   * records soon.
   */
  #blockAtHand(wanted: readonly WantedRecord[], index: number): Block | null {
    const start = this.#blockOf(wanted[index] as WantedRecord);
    if (start < 0) return null;
    if (this.#blocks.has(start)) return this.#blocks.loaded(start);
    let wantedBytes = 0;
    for (let i = index; i < wanted.length; i++) {
      const { physicalOffset, size } = wanted[i] as WantedRecord;
      if (physicalOffset < start || physicalOffset + size > start + BLOCK_BYTES) break;
      wantedBytes += size;
    }
    return wantedBytes < BLOCK_WORTH_BYTES ? null : this.#blocks.readNow(start);
  }

  #copy(record: WantedRecord, target: Uint8Array): ReadOutcome {
    const read = this.#tryRead(record.physicalOffset, record.size, target, record.targetStart);
    return read === 'found' ? outcome(target, record) : read;
  }

  #tryRead(physicalOffset: number, size: number, target: Uint8Array, targetStart: number): ReadOutcome {
    try {
      return this.#log.readSync(physicalOffset, size, target, targetStart) ? 'found' : 'gone';
    } catch (error) {
      this.#logger.error({ physicalOffset, error: errorText(error) }, 'message can not be read');
      return 'error';
    }
  }
}

/** Whether the records from `index` on want enough of the block at `start`. */
function isWorth(
  physicalOffsets: readonly number[],
  sizes: readonly number[],
  index: number,
  count: number,
  start: number,
): boolean {
  let bytes = 0;
  for (let i = index; i < count && (physicalOffsets[i] as number) < start + BLOCK_BYTES; i++) {
    bytes += sizes[i] as number;
    if (bytes >= BLOCK_WORTH_BYTES) return true;
  }
  return false;
}

function copyBytes(source: Uint8Array, start: number, bytes: number, target: Uint8Array, position: number): void {
  target.set(new Uint8Array(source.buffer, source.byteOffset + start, bytes), position);
}

/** Copies a record that lies in a block. */
function copyFrom(block: Block, { physicalOffset, size, targetStart }: WantedRecord, target: Uint8Array): ReadOutcome {
  const offset = physicalOffset - block.start;
  if (size < BLANK_HEADER_BYTES || !isRecordStart(block.view, offset, size)) return 'gone';
  copyBytes(block.bytes, offset, size, target, targetStart);
  return 'found';
}

/** Outcome for bytes that were read. */
function outcome(target: Uint8Array, record: WantedRecord): ReadOutcome {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  return record.size >= BLANK_HEADER_BYTES && isRecordStart(view, record.targetStart, record.size) ? 'found' : 'gone';
}
