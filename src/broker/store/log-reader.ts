import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { QueueTail } from './accepted-records.js';
import type { CommitLog } from './commit-log.js';
import { isRecordStart } from './record-reader.js';

/** Closer than this to the log's end the page cache is taken to be warm, and reading at once to be cheap. */
const WARM_BYTES = 268_435_456;
/** A run of records is read in one go while it is no longer than this, and at least a tenth is wanted. */
const MAX_SPAN_BYTES = 262_144;
const SPAN_WASTE = 10;
const BLOCK_BYTES = 262_144;
/** Blocks kept for readers that catch up: 16 MiB. */
const MAX_BLOCKS = 64;
/** A block is read whole when at least so much of it is wanted. */
const BLOCK_WORTH_BYTES = BLOCK_BYTES / 64;

/** Reads from disk under way at a time: some for each thread of the pool. */
const MAX_READS = 32;

/** A piece of the log that is kept. */
interface Block {
  /** null until it is read. */
  bytes: Uint8Array | null;
  /** Its memory. */
  readonly memory: Uint8Array;
  /** For those that wait for it, null if it can not be read; null if it was read at once. */
  readonly loading: Promise<Uint8Array | null> | null;
  /** How many may still look at it in a later turn. */
  users: number;
  /** It is not kept any more. */
  isDropped: boolean;
}

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
  /** By physical offset, in order of last use. */
  readonly #blocks = new Map<number, Block>();
  /** Memory of dropped blocks, to be used again: with new memory for each, collecting garbage takes longer than reading. */
  readonly #free: Uint8Array[] = [];

  #reading = 0;
  readonly #waiting: Array<() => void> = [];

  /** @param warmBytes the newest part of the log that is read at once */
  constructor(log: CommitLog<Q>, logger: Logger, warmBytes = WARM_BYTES) {
    this.#log = log;
    this.#logger = logger;
    this.#warmBytes = warmBytes;
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
      ({ physicalOffset, size }) => this.isWarm(physicalOffset) || this.#log.addressOf(physicalOffset, size) >= 0,
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
          const at = record.physicalOffset - block.start;
          target.set(block.bytes.subarray(at, at + record.size), record.targetStart);
          found[i] = outcome(target, record);
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
   * Runs a read from disk when not too many others are under way, first come first served: each holds its answer and
   * a block or two, and a fleet of consumers that catches up has thousands of them.
   *
   * @param read takes its memory when it is called
   */
  async inTurn<T>(read: () => Promise<T>): Promise<T> {
    if (this.#reading >= MAX_READS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#reading += 1;
    try {
      return await read();
    } finally {
      // The place goes to the next in the queue.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#reading -= 1;
    }
  }

  /** `readSync` in the thread pool. */
  async read(wanted: readonly WantedRecord[], target: Uint8Array): Promise<ReadOutcome[]> {
    const wantedOf = new Map<number, number>();
    for (const record of wanted) {
      const block = this.#blockOf(record);
      wantedOf.set(block, (wantedOf.get(block) ?? 0) + record.size);
    }
    return Promise.all(
      wanted.map(async (record) => {
        const start = this.#blockOf(record);
        const isWorth = this.#blocks.has(start) || (wantedOf.get(start) ?? 0) >= BLOCK_WORTH_BYTES;
        if (start >= 0 && isWorth) {
          const block = this.#block(start);
          block.users += 1;
          try {
            const bytes = block.bytes ?? (await block.loading);
            if (!bytes) return 'error';
            const at = record.physicalOffset - start;
            target.set(bytes.subarray(at, at + record.size), record.targetStart);
            return outcome(target, record);
          } finally {
            block.users -= 1;
            this.#reuse(block);
          }
        }
        const { physicalOffset, size, targetStart } = record;
        try {
          const isThere = await this.#log.readAsync(physicalOffset, size, target, targetStart);
          return isThere ? outcome(target, record) : 'gone';
        } catch (error) {
          this.#logger.error({ physicalOffset, error: errorText(error) }, 'message can not be read');
          return 'error';
        }
      }),
    );
  }

  /** Start of the block that holds the whole record and is completely written; -1 if there is none. */
  #blockOf(record: WantedRecord): number {
    const { files, writtenEnd } = this.#log;
    const fileStart = files.startOf(record.physicalOffset);
    if (fileStart < 0) return -1;
    const start = record.physicalOffset - ((record.physicalOffset - fileStart) % BLOCK_BYTES);
    const end = start + BLOCK_BYTES;
    const isInside = record.physicalOffset + record.size <= end && end <= fileStart + files.fileBytes;
    return isInside && end <= writtenEnd ? start : -1;
  }

  /**
   * The block of `wanted[index]`, if it is kept or worth a read at once: consumers of other queues will want its other
   * records soon.
   */
  #blockAtHand(wanted: readonly WantedRecord[], index: number): { start: number; bytes: Uint8Array } | null {
    const start = this.#blockOf(wanted[index] as WantedRecord);
    if (start < 0) return null;
    const kept = this.#blocks.get(start);
    if (kept !== undefined) {
      if (kept.bytes === null) return null;
      this.#blocks.delete(start);
      this.#blocks.set(start, kept);
      return { start, bytes: kept.bytes };
    }
    let wantedBytes = 0;
    for (let i = index; i < wanted.length; i++) {
      const { physicalOffset, size } = wanted[i] as WantedRecord;
      if (physicalOffset < start || physicalOffset + size > start + BLOCK_BYTES) break;
      wantedBytes += size;
    }
    if (wantedBytes < BLOCK_WORTH_BYTES) return null;
    this.#makeRoom();
    const bytes = this.#memory();
    if (this.#tryRead(start, BLOCK_BYTES, bytes, 0) !== 'found') {
      this.#free.push(bytes);
      return null;
    }
    this.#blocks.set(start, { bytes, memory: bytes, loading: null, users: 0, isDropped: false });
    return { start, bytes };
  }

  #memory(): Uint8Array {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  /** Drops the block that was used longest ago when there are too many. */
  #makeRoom(): void {
    if (this.#blocks.size < MAX_BLOCKS) return;
    const [start, oldest] = this.#blocks.entries().next().value as [number, Block];
    this.#drop(start, oldest);
  }

  #drop(start: number, block: Block): void {
    this.#blocks.delete(start);
    block.isDropped = true;
    this.#reuse(block);
  }

  /** Takes the memory back when nobody needs it. */
  #reuse(block: Block): void {
    if (block.isDropped && block.users === 0 && this.#free.length < MAX_BLOCKS) this.#free.push(block.memory);
  }

  #block(start: number): Block {
    const kept = this.#blocks.get(start);
    if (kept) {
      this.#blocks.delete(start);
      this.#blocks.set(start, kept);
      return kept;
    }
    this.#makeRoom();
    const memory = this.#memory();
    const done = (bytes: Uint8Array | null): Uint8Array | null => {
      block.bytes = bytes;
      block.users -= 1;
      return bytes;
    };
    const block: Block = {
      bytes: null,
      memory,
      // The read itself is one.
      users: 1,
      isDropped: false,
      loading: this.#log.readAsync(start, BLOCK_BYTES, memory, 0).then(
        (isThere) => done(isThere ? memory : null),
        (error: unknown) => {
          this.#logger.error({ physicalOffset: start, error: errorText(error) }, 'messages can not be read');
          if (!block.isDropped) this.#blocks.delete(start);
          return done(null);
        },
      ),
    };
    this.#blocks.set(start, block);
    return block;
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

/** Outcome for bytes that were read. */
function outcome(target: Uint8Array, record: WantedRecord): ReadOutcome {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  return record.size >= 8 && isRecordStart(view, record.targetStart, record.size) ? 'found' : 'gone';
}
