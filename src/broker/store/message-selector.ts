import type { ConsumeQueue } from './consume-queue.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import type { ExtFilter, GetStatus, TagFilter } from './store-types.js';
import {
  BATCH_UNIT_BYTES,
  batchBaseOffset,
  batchSizeOf,
  isBlankUnit,
  unitExtOffset,
  unitPhysicalOffset,
  unitSize,
  unitTagsCode,
} from './unit-slab.js';

/** Bounds of one read; Apache's settings of the same names, which may change while the broker runs. */
export interface TransferLimits {
  maxTransferBytesOnMessageInMemory: number;
  maxTransferCountOnMessageInMemory: number;
  maxTransferBytesOnMessageInDisk: number;
  maxTransferCountOnMessageInDisk: number;
  /** Bytes of consume queue that one read looks through. */
  maxFilterMessageSize: number;
  /** Files of the consume queue that one read looks through while it finds nothing. */
  travelCqFileNumWhenGetMessage: number;
}

/** The part of the commit log that can be read. */
export interface LogRange {
  minOffset: number;
  maxOffset: number;
  fileBytes: number;
}

/** What a read will return: records by their place in the log. Filled anew by each `selectMessages`. */
export interface Selection {
  status: GetStatus;
  nextBeginOffset: number;
  /** The first `count` entries of the arrays count. */
  count: number;
  /** Messages of these records. */
  messageCount: number;
  totalBytes: number;
  physicalOffsets: number[];
  sizes: number[];
  queueOffsets: number[];
  batchSizes: number[];
  /** Start of the last record looked at; -1 if none was. */
  maxPhyOffsetPulling: number;
}

export function newSelection(): Selection {
  return {
    status: 'NO_MESSAGE_IN_QUEUE',
    nextBeginOffset: 0,
    count: 0,
    messageCount: 0,
    totalBytes: 0,
    physicalOffsets: [],
    sizes: [],
    queueOffsets: [],
    batchSizes: [],
    maxPhyOffsetPulling: -1,
  };
}

const MAX_PULL_MSG_SIZE = 134_217_728;
const MIN_PULL_MSG_SIZE = 100;
const SCAN_UNITS = 1_024;

/** Looks at consume-queue units and decides which records a read returns; reads no records. */
export class MessageSelector {
  readonly #queues: ConsumeQueueStore;
  readonly #limits: TransferLimits;
  readonly #units = new Uint8Array(SCAN_UNITS * BATCH_UNIT_BYTES);
  readonly #view = new DataView(this.#units.buffer);

  readonly #inMemoryBytes: number;

  /**
   * @param limits kept, not copied
   * @param inMemoryBytes a record up to that far before the log's end counts as being in memory
   */
  constructor(queues: ConsumeQueueStore, limits: TransferLimits, inMemoryBytes: number) {
    this.#queues = queues;
    this.#limits = limits;
    this.#inMemoryBytes = inMemoryBytes;
  }

  /**
   * Chooses the messages from `offset` on, as DefaultMessageStore.getMessage does: at least one whatever its size,
   * then as many as `maxMsgNums`, `maxBytes` and the limits for memory or disk allow, out of one consume-queue file,
   * the first that has any of them: it looks into `travelCqFileNumWhenGetMessage`.
   *
   * @param into the result
   * @param extFilter asked of units that have an extension
   * @throws StoreIoError if the consume queue can not be read
   * Source: store/DefaultMessageStore.java#getMessage, #isTheBatchFull
   */
  select(
    queue: ConsumeQueue,
    offset: number,
    maxMsgNums: number,
    maxBytes: number,
    filter: TagFilter,
    log: LogRange,
    into: Selection,
    extFilter: ExtFilter | null = null,
  ): void {
    into.count = 0;
    into.messageCount = 0;
    into.totalBytes = 0;
    into.maxPhyOffsetPulling = -1;
    const { minOffset, maxOffset } = queue;
    if (maxOffset === 0) done(into, 'NO_MESSAGE_IN_QUEUE', 0);
    else if (offset < minOffset) done(into, 'OFFSET_TOO_SMALL', minOffset);
    else if (offset === maxOffset) done(into, 'OFFSET_OVERFLOW_ONE', offset);
    else if (offset > maxOffset) done(into, 'OFFSET_OVERFLOW_BADLY', maxOffset);
    else this.#scan(queue, offset, maxMsgNums, maxBytes, filter, log, into, extFilter);
  }

  #scan(
    queue: ConsumeQueue,
    offset: number,
    maxMsgNums: number,
    maxBytes: number,
    filter: TagFilter,
    log: LogRange,
    into: Selection,
    extFilter: ExtFilter | null,
  ): void {
    const limits = this.#limits;
    const maxPullSize = maxPullSizeOf(maxBytes);
    const { unitBytes, fileUnits } = queue;
    const isBatchQueue = queue.batch !== null;
    const first = this.#queues.unitOf(queue, offset);
    const scanOffsets = Math.ceil(Math.max(limits.maxFilterMessageSize, maxMsgNums * unitBytes) / unitBytes);
    const scanEndIn = (end: number) => Math.min(isBatchQueue ? end : offset + scanOffsets, end, queue.maxUnit);
    let fileEnd = (Math.floor(first / fileUnits) + 1) * fileUnits;
    let scanEnd = scanEndIn(fileEnd);
    let filesLeft = limits.travelCqFileNumWhenGetMessage - 1;
    const hasFilter = filter !== null || extFilter !== null;
    const batch = hasFilter ? SCAN_UNITS : Math.min(SCAN_UNITS, Math.max(1, maxMsgNums));
    let status: GetStatus = 'NO_MATCHED_MESSAGE';
    let unit = first;
    let next = offset;
    let skipBefore = -1;
    scan: while (unit < scanEnd) {
      const units = this.#queues.read(queue, unit, Math.min(batch, scanEnd - unit), this.#units);
      if (units === 0) {
        if (unit > first) break;
        // A batch queue has no offset to go on with: Apache's rollNextFile is 0 there.
        done(into, 'OFFSET_FOUND_NULL', isBatchQueue ? 0 : fileEnd);
        return;
      }
      unit += units;
      for (let i = 0; i < units; i++) {
        const at = i * unitBytes;
        const physicalOffset = unitPhysicalOffset(this.#view, at);
        const size = unitSize(this.#view, at);
        const queueOffset = isBatchQueue ? batchBaseOffset(this.#view, at) : next;
        const batchSize = isBatchQueue ? batchSizeOf(this.#view, at) : 1;
        if (queueOffset - offset >= scanOffsets) break scan;
        if (into.count > 0) {
          const isInMemory = log.maxOffset - physicalOffset <= this.#inMemoryBytes;
          const { messageCount, totalBytes } = into;
          if (isBatchFull(limits, isInMemory, size, batchSize, maxMsgNums, maxPullSize, messageCount, totalBytes))
            break scan;
        }
        into.maxPhyOffsetPulling = physicalOffset;
        // A damaged batch unit may say anything: reading goes on all the same.
        next = isBatchQueue ? Math.max(next + 1, queueOffset + batchSize) : next + 1;
        if (physicalOffset < skipBefore) continue;
        if (hasFilter && !this.#isWanted(queue, at, filter, extFilter)) {
          if (into.count === 0) status = 'NO_MATCHED_MESSAGE';
          continue;
        }
        const isInLog = physicalOffset >= log.minOffset && physicalOffset + size <= log.maxOffset;
        // A damaged unit may have an offset that is no number here.
        if (!isInLog) {
          if (into.count === 0) status = 'MESSAGE_WAS_REMOVING';
          // The rest of that log file is gone as well. A filler unit says nothing about any file.
          if (!isBlankUnit(this.#view, at)) {
            skipBefore = physicalOffset + log.fileBytes - (physicalOffset % log.fileBytes);
          }
          continue;
        }
        into.physicalOffsets[into.count] = physicalOffset;
        into.sizes[into.count] = size;
        into.queueOffsets[into.count] = queueOffset;
        into.batchSizes[into.count] = batchSize;
        into.count += 1;
        into.messageCount += batchSize;
        into.totalBytes += size;
        status = 'FOUND';
        skipBefore = -1;
      }
      if (unit === fileEnd && into.count === 0 && filesLeft > 0) {
        filesLeft -= 1;
        fileEnd += fileUnits;
        scanEnd = scanEndIn(fileEnd);
      }
    }
    done(into, status, next);
  }

  /** A unit whose extension can not be found may be wanted: whoever gets the message looks at it, too. */
  #isWanted(queue: ConsumeQueue, at: number, filter: TagFilter, extFilter: ExtFilter | null): boolean {
    const extOffset = unitExtOffset(this.#view, at);
    if (extOffset < 0) return filter === null || filter(unitTagsCode(this.#view, at));
    const unit = this.#queues.extension(queue, extOffset);
    if (!unit) return true;
    return (
      (filter === null || filter(unit.tagsCode)) && (extFilter === null || extFilter(unit.storeTimestamp, unit.bitMap))
    );
  }
}

function done(selection: Selection, status: GetStatus, nextBeginOffset: number): void {
  selection.status = status;
  selection.nextBeginOffset = nextBeginOffset;
}

/** Bytes that one read may return, of what was asked for. */
export function maxPullSizeOf(maxBytes: number): number {
  return Math.min(Math.max(maxBytes, MIN_PULL_MSG_SIZE), MAX_PULL_MSG_SIZE);
}

/**
 * Whether a record does not fit any more into a read that has something already.
 *
 * @param isInMemory whether the record is taken to be there
 * @param batchSize messages in the record
 * @param messageCount so far, `totalBytes` together
 * Source: store/DefaultMessageStore.java#isTheBatchFull
 */
export function isBatchFull(
  limits: TransferLimits,
  isInMemory: boolean,
  size: number,
  batchSize: number,
  maxMsgNums: number,
  maxPullSize: number,
  messageCount: number,
  totalBytes: number,
): boolean {
  const total = totalBytes + size;
  if (messageCount + batchSize > maxMsgNums || total > maxPullSize) return true;
  return isInMemory
    ? total > limits.maxTransferBytesOnMessageInMemory || messageCount > limits.maxTransferCountOnMessageInMemory - 1
    : total > limits.maxTransferBytesOnMessageInDisk || messageCount > limits.maxTransferCountOnMessageInDisk - 1;
}
