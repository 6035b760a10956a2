import type { Clock } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue, TopicHandle } from './consume-queue.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import { FilteredGetter } from './filtered-getter.js';
import { emptyResult } from './get-result.js';
import type { LogReader, ReadOutcome, WantedRecord } from './log-reader.js';
import { type LogRange, MessageSelector, newSelection, type Selection } from './message-selector.js';
import type { MessageStoreConfig } from './store-config.js';
import type { StoreCounters } from './store-counters.js';
import type { CopyResult, ExtFilter, GetResult, PropertiesFilter, TagFilter } from './store-types.js';
import { UnitsAhead } from './units-ahead.js';

export interface MessageGetterOptions {
  config: MessageStoreConfig;
  /** A record that far before the log's end counts as being in memory, bytes. */
  inMemoryBytes: number;
  clock: Clock;
  logger: Logger;
  log: CommitLog<ConsumeQueue>;
  queues: ConsumeQueueStore;
  reader: LogReader<ConsumeQueue>;
  counters: StoreCounters;
}

/** Reads the messages of queues, from memory or disk. */
export class MessageGetter {
  readonly #log: CommitLog<ConsumeQueue>;
  readonly #logger: Logger;
  readonly #queues: ConsumeQueueStore;
  readonly #reader: LogReader<ConsumeQueue>;
  readonly #filtered: FilteredGetter;
  readonly #units: UnitsAhead;
  readonly #selector: MessageSelector;
  readonly #selection = newSelection();
  readonly #counters: StoreCounters;
  readonly #inMemoryBytes: number;

  constructor(options: MessageGetterOptions) {
    this.#log = options.log;
    this.#logger = options.logger;
    this.#queues = options.queues;
    this.#reader = options.reader;
    this.#counters = options.counters;
    this.#inMemoryBytes = options.inMemoryBytes;
    this.#filtered = new FilteredGetter(options);
    this.#units = new UnitsAhead(options.queues);
    this.#selector = new MessageSelector(options.queues, options.config, options.inMemoryBytes);
  }

  /**
   * Reads messages of a queue; Apache's statuses, limits and next offsets.
   *
   * @param queueOffset first offset wanted
   * @param maxBytes of records; at least one message is returned whatever its size
   * @param propertiesFilter takes the place of `tagFilter`
   * @param extFilter spares reading what `propertiesFilter` would not take
   * @returns at once when memory or the page cache has all of it, else a promise
   */
  getMessage(
    topic: string,
    queueId: number,
    queueOffset: number,
    maxMsgNums: number,
    maxBytes: number,
    tagFilter: TagFilter,
    propertiesFilter: PropertiesFilter | null = null,
    extFilter: ExtFilter | null = null,
  ): GetResult | Promise<GetResult> {
    if (propertiesFilter) {
      const filtered = this.#filtered;
      return filtered.getMessage(topic, queueId, queueOffset, maxMsgNums, maxBytes, propertiesFilter, extFilter);
    }
    const queue = this.#queues.find(topic, queueId);
    if (!queue) {
      this.#counters.getMissTimes += 1;
      return emptyResult('NO_MESSAGE_IN_QUEUE', 0, 0, 0);
    }
    const touch = this.#units.touch(queue, queueOffset);
    if (touch) return touch.then(() => this.#get(queue, queueOffset, maxMsgNums, maxBytes, tagFilter));
    return this.#get(queue, queueOffset, maxMsgNums, maxBytes, tagFilter);
  }

  #get(
    queue: ConsumeQueue,
    queueOffset: number,
    maxMsgNums: number,
    maxBytes: number,
    tagFilter: TagFilter,
  ): GetResult | Promise<GetResult> {
    const selection = this.#selection;
    this.#select(queue, queueOffset, maxMsgNums, maxBytes, tagFilter, selection);
    const result = emptyResult(selection.status, selection.nextBeginOffset, queue.minOffset, queue.maxOffset);
    const behind = this.#log.writtenEnd - selection.maxPhyOffsetPulling;
    result.suggestPullingFromSlave = selection.maxPhyOffsetPulling >= 0 && behind > this.#inMemoryBytes;
    if (selection.status !== 'FOUND') {
      this.#counters.getMissTimes += 1;
      return result;
    }
    const { count, totalBytes } = selection;
    const wanted = this.#wanted(0);
    const queueOffsets = selection.queueOffsets.slice(0, count);
    const batchSizes = selection.batchSizes.slice(0, count);
    if (this.#reader.isAtHand(wanted)) {
      const bytes = Buffer.allocUnsafeSlow(totalBytes);
      return this.#foundResult(result, bytes, wanted, queueOffsets, batchSizes, this.#reader.readSync(wanted, bytes));
    }
    return this.#reader.inTurn(async () => {
      const bytes = Buffer.allocUnsafeSlow(totalBytes);
      return this.#foundResult(result, bytes, wanted, queueOffsets, batchSizes, await this.#reader.read(wanted, bytes));
    });
  }

  /** Whether a filter may take one of a queue's newest messages, `[from, to)`; true as well when that costs much. */
  mayMatch(topic: string, queueId: number, from: number, to: number, filter: PropertiesFilter): boolean {
    return this.#filtered.mayMatch(topic, queueId, from, to, filter);
  }

  /**
   * `getMessage` for the hot path: copies the records to `target`, if memory or the page cache has all of them and
   * they fit.
   *
   * @param at where in `target` to begin
   * @returns null if not: then `getMessage` has the answer
   */
  copyMessages(
    handle: TopicHandle,
    queueId: number,
    queueOffset: number,
    maxMsgNums: number,
    maxBytes: number,
    tagFilter: TagFilter,
    target: Uint8Array,
    at: number,
  ): CopyResult | null {
    const queue = handle.queues[queueId];
    if (!queue || queue.batch !== null || this.#units.isFar(queue, queueOffset)) return null;
    const selection = this.#selection;
    this.#select(queue, queueOffset, maxMsgNums, maxBytes, tagFilter, selection);
    const { status, nextBeginOffset, count } = selection;
    const { minOffset, maxOffset } = queue;
    if (status !== 'FOUND') {
      return { status, nextBeginOffset, minOffset, maxOffset, bytesWritten: 0, count: 0 };
    }
    const { totalBytes } = selection;
    if (at + totalBytes > target.length) return null;
    if (!this.#copySelected(target, at) && !this.#copyAtHand(target, at)) return null;
    this.#counters.found(selection.messageCount, totalBytes);
    return { status, nextBeginOffset, minOffset, maxOffset, bytesWritten: totalBytes, count };
  }

  /** Copies what was selected from the log's window. @returns false if not all of it is there */
  #copySelected(target: Uint8Array, at: number): boolean {
    const log = this.#log;
    const selection = this.#selection;
    const { count } = selection;
    const isSameBuffer = target.buffer === log.buffer;
    let position = at;
    for (let i = 0; i < count; ) {
      const physicalOffset = selection.physicalOffsets[i] as number;
      let size = selection.sizes[i] as number;
      const address = log.addressOf(physicalOffset, size);
      if (address < 0) return false;
      // Neighbours in the log are copied together.
      for (i += 1; i < count && selection.physicalOffsets[i] === physicalOffset + size; i++) {
        const more = size + (selection.sizes[i] as number);
        if (log.addressOf(physicalOffset, more) !== address) break;
        size = more;
      }
      if (isSameBuffer) log.bytes.copyWithin(target.byteOffset + position, address, address + size);
      else target.set(new Uint8Array(log.buffer, address, size), position);
      position += size;
    }
    return true;
  }

  /** Copies what was selected from wherever it is at hand. @returns false if not all of it is */
  #copyAtHand(target: Uint8Array, at: number): boolean {
    const { physicalOffsets, sizes, count } = this.#selection;
    return this.#reader.copyAtHand(physicalOffsets, sizes, count, target, at);
  }

  /** Where the selected records are to go, one behind the other from `at` on. */
  #wanted(at: number): WantedRecord[] {
    const { count, sizes, physicalOffsets } = this.#selection;
    const wanted: WantedRecord[] = [];
    let targetStart = at;
    for (let i = 0; i < count; i++) {
      const size = sizes[i] as number;
      wanted.push({ physicalOffset: physicalOffsets[i] as number, size, targetStart });
      targetStart += size;
    }
    return wanted;
  }

  #logRange(): LogRange {
    const { minOffset, writtenEnd, files } = this.#log;
    return { minOffset, maxOffset: writtenEnd, fileBytes: files.fileBytes };
  }

  #select(
    queue: ConsumeQueue,
    queueOffset: number,
    maxMsgNums: number,
    maxBytes: number,
    tagFilter: TagFilter,
    into: Selection,
  ): void {
    try {
      this.#selector.select(queue, queueOffset, maxMsgNums, maxBytes, tagFilter, this.#logRange(), into);
    } catch (error) {
      this.#logger.error(
        { topic: queue.topic, queueId: queue.queueId, error: errorText(error) },
        'queue is unreadable',
      );
      into.status = 'OFFSET_FOUND_NULL';
      into.nextBeginOffset = queueOffset;
      into.count = 0;
    }
  }

  /** Completes a result with what reading gave. A reader passes over what is gone, and stops where the disk fails. */
  #foundResult(
    result: GetResult,
    bytes: Buffer,
    wanted: readonly WantedRecord[],
    queueOffsets: number[],
    batchSizes: readonly number[],
    outcomes: readonly ReadOutcome[],
  ): GetResult {
    result.bytes = bytes;
    result.count = wanted.length;
    result.messageCount = batchSizes.reduce((sum, size) => sum + size, 0);
    result.queueOffsets = queueOffsets;
    if (outcomes.some((outcome) => outcome !== 'found')) {
      const failed = outcomes.indexOf('error');
      const end = failed < 0 ? outcomes.length : failed;
      const isThere = (_: unknown, i: number) => i < end && outcomes[i] === 'found';
      const parts = wanted.map(({ targetStart, size }) => bytes.subarray(targetStart, targetStart + size));
      result.bytes = Buffer.concat(parts.filter(isThere));
      result.queueOffsets = queueOffsets.filter(isThere);
      result.count = result.queueOffsets.length;
      result.messageCount = batchSizes.filter(isThere).reduce((sum, size) => sum + size, 0);
      if (failed >= 0) result.nextBeginOffset = queueOffsets[failed] as number;
      if (result.count === 0) {
        result.bytes = null;
        result.status = failed < 0 ? 'MESSAGE_WAS_REMOVING' : 'OFFSET_FOUND_NULL';
        this.#counters.getMissTimes += 1;
        return result;
      }
    }
    this.#counters.found(result.messageCount, result.bytes.length);
    return result;
  }
}
