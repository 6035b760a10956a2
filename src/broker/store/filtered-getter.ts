import type { Clock } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import { emptyResult } from './get-result.js';
import type { LogReader, ReadOutcome, WantedRecord } from './log-reader.js';
import type { MessageGetterOptions } from './message-getter.js';
import { isBatchFull, MessageSelector, maxPullSizeOf, newSelection } from './message-selector.js';
import { propertiesOf } from './record-reader.js';
import type { StoreCounters } from './store-counters.js';
import type { ExtFilter, GetResult, PropertiesFilter } from './store-types.js';

/** Records that are looked at in one go. */
const CHUNK_RECORDS = 64;
/** And their bytes: at least one record, whatever its size. */
const CHUNK_BYTES = 1_048_576;
/** How long records are looked at before everything else has its turn. */
const SLICE_MS = 2;
/** Messages that a waiting pull looks at when they come; beyond that it is woken to look for itself. */
const MAX_ARRIVALS = 32;

interface ChunkRecord {
  readonly queueOffset: number;
  /** Messages in it: more than one only in batch queues. */
  readonly batchSize: number;
  readonly at: number;
  readonly size: number;
}

interface Chunk {
  /** Where the records' bytes are. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly records: readonly ChunkRecord[];
  readonly outcomes: readonly ReadOutcome[] | null;
  /** Start of the last record looked at. */
  readonly physicalOffset: number;
  readonly nextBeginOffset: number;
}

/**
 * Reads the messages of queues that a filter of properties takes. Every record has to be looked at, so this is done in
 * slices: a backlog with few matches does not hold up sending.
 */
export class FilteredGetter {
  readonly #options: MessageGetterOptions;
  readonly #clock: Clock;
  readonly #log: CommitLog<ConsumeQueue>;
  readonly #logger: Logger;
  readonly #queues: ConsumeQueueStore;
  readonly #reader: LogReader<ConsumeQueue>;
  readonly #counters: StoreCounters;
  readonly #selector: MessageSelector;
  readonly #selection = newSelection();

  constructor(options: MessageGetterOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#logger = options.logger;
    this.#queues = options.queues;
    this.#reader = options.reader;
    this.#counters = options.counters;
    const limits = {
      ...options.config,
      maxTransferBytesOnMessageInMemory: CHUNK_BYTES,
      maxTransferBytesOnMessageInDisk: CHUNK_BYTES,
      maxTransferCountOnMessageInMemory: CHUNK_RECORDS,
      maxTransferCountOnMessageInDisk: CHUNK_RECORDS,
    };
    this.#selector = new MessageSelector(options.queues, limits, options.inMemoryBytes);
  }

  /**
   * MessageGetter's getMessage with a filter of properties. Looks through as much of the queue as a filter of tags
   * would: `maxFilterMessageSize` bytes of it.
   *
   * @param extFilter spares reading the messages that it does not take; null takes all
   */
  async getMessage(
    topic: string,
    queueId: number,
    queueOffset: number,
    maxMsgNums: number,
    maxBytes: number,
    filter: PropertiesFilter,
    extFilter: ExtFilter | null = null,
  ): Promise<GetResult> {
    const queue = this.#queues.find(topic, queueId);
    const { minOffset, maxOffset } = queue ?? { minOffset: 0, maxOffset: 0 };
    const result = emptyResult('NO_MESSAGE_IN_QUEUE', 0, minOffset, maxOffset);
    if (queue) await this.#collect(queue, queueOffset, maxMsgNums, maxPullSizeOf(maxBytes), filter, extFilter, result);
    if (result.bytes) this.#counters.found(result.messageCount, result.bytes.length);
    else this.#counters.getMissTimes += 1;
    return result;
  }

  async #collect(
    queue: ConsumeQueue,
    queueOffset: number,
    maxMsgNums: number,
    maxPullSize: number,
    filter: PropertiesFilter,
    extFilter: ExtFilter | null,
    result: GetResult,
  ): Promise<void> {
    const { config, inMemoryBytes } = this.#options;
    const { unitBytes } = queue;
    const scanOffsets = Math.ceil(Math.max(config.maxFilterMessageSize, maxMsgNums * unitBytes) / unitBytes);
    const scanEnd = Math.min(queueOffset + scanOffsets, queue.maxOffset);
    const parts: Buffer[] = [];
    let totalBytes = 0;
    let next = queueOffset;
    let sliceEndMs = this.#clock.monotonicMs() + SLICE_MS;
    scan: do {
      const records = Math.max(1, Math.min(CHUNK_RECORDS, scanEnd - next));
      const selecting = this.#chunk(queue, next, records, extFilter, result);
      const chunk = selecting instanceof Promise ? await selecting : selecting;
      if (!chunk) {
        const areUnwanted = result.status === 'NO_MATCHED_MESSAGE' && result.nextBeginOffset > next;
        if (!areUnwanted) break;
        next = result.nextBeginOffset;
        continue;
      }
      const { bytes, view, outcomes } = chunk;
      const isInMemory = this.#log.writtenEnd - chunk.physicalOffset <= inMemoryBytes;
      result.suggestPullingFromSlave = !isInMemory;
      for (let i = 0; i < chunk.records.length; i++) {
        const record = chunk.records[i] as ChunkRecord;
        next = record.queueOffset;
        if (outcomes?.[i] === 'error') {
          result.status = 'OFFSET_FOUND_NULL';
          result.nextBeginOffset = next;
          break scan;
        }
        const { messageCount } = result;
        const { batchSize, size } = record;
        const isFull =
          messageCount > 0 &&
          isBatchFull(config, isInMemory, size, batchSize, maxMsgNums, maxPullSize, messageCount, totalBytes);
        if (isFull) break scan;
        next += batchSize;
        if (outcomes?.[i] === 'gone') continue;
        const { start, end } = propertiesOf(view, record.at, size);
        if (!filter(bytes, start, end)) continue;
        parts.push(Buffer.from(bytes.subarray(record.at, record.at + size)));
        totalBytes += size;
        result.count += 1;
        result.messageCount += batchSize;
        result.queueOffsets.push(record.queueOffset);
      }
      next = chunk.nextBeginOffset;
      if (this.#clock.monotonicMs() >= sliceEndMs) {
        await new Promise((resolve) => setImmediate(resolve));
        sliceEndMs = this.#clock.monotonicMs() + SLICE_MS;
      }
    } while (next < scanEnd && !queue.isDestroyed);
    if (next > queueOffset || result.count > 0) {
      result.nextBeginOffset = next;
      result.status = result.count > 0 ? 'FOUND' : 'NO_MATCHED_MESSAGE';
    }
    if (result.count > 0) result.bytes = Buffer.concat(parts, totalBytes);
  }

  /** The next records with their bytes; null when there are none, with the reason in `result`. */
  #chunk(
    queue: ConsumeQueue,
    from: number,
    records: number,
    extFilter: ExtFilter | null,
    result: GetResult,
  ): Chunk | Promise<Chunk> | null {
    const selection = this.#selection;
    const log = this.#log;
    const { minOffset, writtenEnd, files } = log;
    try {
      const range = { minOffset, maxOffset: writtenEnd, fileBytes: files.fileBytes };
      this.#selector.select(queue, from, records, CHUNK_BYTES, null, range, selection, extFilter);
    } catch (error) {
      const { topic, queueId } = queue;
      this.#logger.error({ topic, queueId, error: errorText(error) }, 'queue is unreadable');
      result.status = 'OFFSET_FOUND_NULL';
      result.nextBeginOffset = from;
      return null;
    }
    const { status, count, nextBeginOffset, physicalOffsets, sizes, queueOffsets, batchSizes, maxPhyOffsetPulling } =
      selection;
    if (status !== 'FOUND') {
      result.status = status;
      result.nextBeginOffset = nextBeginOffset;
      return null;
    }
    const common = { physicalOffset: maxPhyOffsetPulling, nextBeginOffset };
    const inPlace: ChunkRecord[] = [];
    for (let i = 0; i < count; i++) {
      const size = sizes[i] as number;
      const at = log.addressOf(physicalOffsets[i] as number, size);
      if (at < 0) break;
      inPlace.push({ queueOffset: queueOffsets[i] as number, batchSize: batchSizes[i] as number, at, size });
    }
    if (inPlace.length === count) {
      return { ...common, bytes: log.bytes, view: log.view, records: inPlace, outcomes: null };
    }
    const wanted: (WantedRecord & ChunkRecord)[] = [];
    let end = 0;
    for (let i = 0; i < count; i++) {
      const size = sizes[i] as number;
      const physicalOffset = physicalOffsets[i] as number;
      const queueOffset = queueOffsets[i] as number;
      const batchSize = batchSizes[i] as number;
      wanted.push({ physicalOffset, size, targetStart: end, at: end, queueOffset, batchSize });
      end += size;
    }
    const finish = (bytes: Buffer, outcomes: ReadOutcome[]): Chunk => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return { ...common, bytes, view, records: wanted, outcomes };
    };
    if (this.#reader.isAtHand(wanted)) {
      const bytes = Buffer.allocUnsafeSlow(end);
      return finish(bytes, this.#reader.readSync(wanted, bytes));
    }
    return this.#reader.inTurn(async () => {
      const bytes = Buffer.allocUnsafeSlow(end);
      return finish(bytes, await this.#reader.read(wanted, bytes));
    });
  }

  /**
   * Whether one of the newest messages of a queue is taken, `[from, to)`; true as well when there are many, or they
   * are not in memory.
   */
  mayMatch(topic: string, queueId: number, from: number, to: number, filter: PropertiesFilter): boolean {
    const queue = this.#queues.find(topic, queueId);
    if (!queue || to - from > MAX_ARRIVALS) return true;
    const result = { status: 'FOUND', nextBeginOffset: 0 } as GetResult;
    const chunk = to > from ? this.#chunk(queue, from, to - from, null, result) : null;
    if (!chunk || chunk instanceof Promise || chunk.outcomes || chunk.nextBeginOffset < to) return true;
    return chunk.records.some(({ at, size }) => {
      const { start, end } = propertiesOf(chunk.view, at, size);
      return filter(chunk.bytes, start, end);
    });
  }
}
