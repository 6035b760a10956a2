import type { Logger } from '../../base/logger.js';
import { MessageSysFlag } from '../../protocol/sys-flag.js';
import { type Checkpoint, minTimestamp } from './checkpoint.js';
import type { ConsumeQueue, TopicHandle } from './consume-queue.js';
import { type ConsumeQueueStore, nextTurn } from './consume-queue-store.js';
import { type FileSystem, isAllZero, readFully, zeroRange } from './file-system.js';
import type { IndexService } from './index-service.js';
import type { NumberedFiles } from './numbered-files.js';
import {
  forEachKeyHash,
  innerCountOf,
  isLmqParent,
  lmqPlaces,
  newPropertyRanges,
  type PropertyRanges,
  scanProperties,
} from './property-scan.js';
import { BLANK_HEADER_BYTES, MIN_RECORD_BYTES, STORE_TIMESTAMP_READ_BYTES } from './record-layout.js';
import { type CrcCheck, newRecordView, type RecordView, readRecord, readStoreTimestamp } from './record-reader.js';
import type { StoreSeal } from './store-seal.js';
import type { BitMapOf } from './store-types.js';
import { unitPhysicalOffset } from './unit-slab.js';

export interface RecoveryOptions {
  fs: FileSystem;
  logger: Logger;
  /** Of the commit log; loaded. */
  files: NumberedFiles;
  /** Loaded; offsets are set here. */
  queues: ConsumeQueueStore;
  /** Loaded; null if there is to be no index. */
  index: IndexService | null;
  checkpoint: Checkpoint;
  /** null if there is none. */
  seal: StoreSeal | null;
  /** The last owner ended properly: consume queues and index are complete. */
  isClean: boolean;
  checkCRC: CrcCheck;
  /** Records of other topics stand in light message queues, too. */
  isMultiDispatch: boolean;
  /** tagsCode of a record, as at its put. */
  tagsCodeOf: (topic: string, bytes: Uint8Array, ranges: PropertyRanges, storeTimestamp: number) => number;
  /** Bits of the groups that want a message, by its properties: for the extension of its consume-queue unit. */
  bitMapOf: BitMapOf;
  /** Called before queues are cut back: from here on a stop leaves a folder that is not clean, whatever it was. */
  beforeRepair: () => void;
}

export interface RecoveryResult {
  /** Where reading began: what is before it was known to be on disk. */
  from: number;
  /** Where the log ends: the next record's physical offset. */
  end: number;
  /** What stands from here on was not flushed before the stop, as far as is known. */
  unflushedFrom: number;
  /** Store time of the last record that was looked at, ms; 0 if none was. */
  lastTimestamp: number;
  /** Records that were looked at. */
  records: number;
}

/** ms. */
const MAX_STORE_TIMESTAMP = 2 ** 44;
const SCAN_BYTES = 4_194_304;
/** The first look at a file is a short one: of thousands of files many may have little. */
const FIRST_READ_BYTES = 65_536;
/** Saves what was rebuilt each time that so much log was read, so that memory stays bounded. */
const SAVE_EVERY_BYTES = 67_108_864;
const BLOCK_BYTES = 4_096;
/** After a crash, what was being written stands at most so far behind the log's end. */
const TORN_BYTES = 67_108_864;
/** A file may have so many more bytes on disk than were written to it, for the file system's own purposes. */
const ALLOCATION_SLACK_BYTES = 1_048_576;

/**
 * Brings log, consume queues and index to one state after a stop of any kind, without losing what was written:
 *
 * - After a clean stop the log is read from the end of the last record that has a consume-queue entry.
 * - Otherwise it is read from the newest file whose first message is so old that, by the checkpoint, everything before
 *   it is on disk. Consume queues are cut back to that point and built anew from there; the index is checked item by
 *   item and completed from its last complete record.
 * - The log ends at the first record that is not whole. What stands behind is made zeros, later files are removed.
 *
 * It goes beyond Apache's recovery, which loses entries of consume queues or index in some of these cases, where the
 * log has what is missing: with the index gone it is built from the whole log, and a queue that lacks older entries
 * (its folder was lost) is built from the whole log too.
 *
 * Source: store/CommitLog.java#recoverNormally, #recoverAbnormally, store/DefaultMessageStore.java
 */
export async function recoverStore(options: RecoveryOptions): Promise<RecoveryResult> {
  return new Recovery(options).run();
}

/** No CRC covers the store time: one beyond the year 2500 is damage, and would spoil the index. */
function isTimeSound({ storeTimestamp }: RecordView): boolean {
  return storeTimestamp >= 0 && storeTimestamp < MAX_STORE_TIMESTAMP;
}

/**
 * No CRC covers topic and queue offset: damage there must not make files elsewhere, nor millions of blank entries. Each
 * message in a queue has taken a byte of the log at least, and a record more.
 */
function isPlausible(
  physicalOffset: number,
  queueOffset: number,
  { name }: TopicHandle,
  queue: ConsumeQueue | undefined,
): boolean {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) return false;
  if (!queue || queue.maxPhysicOffset < 0) return queueOffset <= physicalOffset;
  const bytes = Math.max(0, physicalOffset - queue.maxPhysicOffset);
  return queueOffset - queue.maxOffset <= (queue.batch ? bytes : bytes / MIN_RECORD_BYTES);
}

class Recovery {
  readonly #options: RecoveryOptions;
  readonly #record = newRecordView();
  readonly #ranges = newPropertyRanges();
  #bytes = new Uint8Array(SCAN_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #topic: TopicHandle | null = null;
  /** Keys of records up to here are in the index. */
  #indexedTo = Number.POSITIVE_INFINITY;
  /** Queues that miss entries older than what is read in the first pass. */
  readonly #incomplete = new Set<ConsumeQueue>();
  /** Queues whose first unit may be of a record that is gone. */
  readonly #startUnknown = new Set<ConsumeQueue>();
  #lastTimestamp = 0;
  #records = 0;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  async run(): Promise<RecoveryResult> {
    const { files, queues, index, seal, logger } = this.#options;
    if (files.starts.length === 0) {
      for (const handle of queues.topics.values()) queues.destroyTopic(handle);
      index?.destroy();
      return { from: 0, end: 0, unflushedFrom: 0, lastTimestamp: 0, records: 0 };
    }
    const isLacking = queues.hasLostFiles || (seal !== null && queues.count().queueFiles < seal.queueFiles);
    if (isLacking) logger.warn({ seal }, 'files of consume queues are missing: all queues are built from the log');
    if (index && seal && index.namesCrc(seal.indexFiles) !== seal.indexNamesCrc) {
      logger.warn({ seal }, 'files of the index are missing: it is built from the log');
      index.destroy();
    }
    let isClean = this.#options.isClean && !isLacking;
    let from = isClean ? await this.#cleanStart() : -1;
    if (from >= 0 && this.#lacksUnits()) from = -1;
    if (from < 0) {
      const isDoubtful = isLacking || isClean;
      isClean = false;
      this.#options.beforeRepair();
      from = await this.#uncleanStart(isDoubtful ? files.first : this.#safeStart());
    }
    if (index) await this.#completeIndex(from, isClean);
    const isWholeLog = from <= files.first;
    // After a clean stop the queues have all that is theirs up to there. What else is before it belongs to topics that
    // were destroyed, which must not come back.
    const dispatchedTo = isClean && !isWholeLog ? this.#options.checkpoint.confirmPhyOffset : 0;
    const end = await this.#scan(from, true, (record) => {
      this.#lastTimestamp = record.storeTimestamp;
      if (record.physicalOffset >= dispatchedTo) this.#dispatchToQueues(record, isWholeLog, null);
      this.#dispatchToIndex(record);
    });
    this.#cut(end, isClean);
    if (index && index.endPhyOffset >= end) index.truncate(end, (physical) => this.#storeTimestamp(physical));
    if (this.#incomplete.size > 0) {
      logger.warn({ queues: this.#incomplete.size }, 'consume queues lack older entries: they are built from the log');
      await this.#scan(files.first, false, (record) => this.#dispatchToQueues(record, true, this.#incomplete), end);
    }
    let count = 0;
    for (const queue of this.#startUnknown) {
      if (!queue.isDestroyed) queues.correctMinOffset(queue, files.first);
      count += 1;
      if (count % 1_000 === 0) await nextTurn();
    }
    if (!isClean) await index?.save();
    const unflushedFrom = isClean ? end : this.#options.checkpoint.confirmPhyOffset;
    return { from, end, unflushedFrom, lastTimestamp: this.#lastTimestamp, records: this.#records };
  }

  #recoverQueue(queue: ConsumeQueue, physicalEnd: number, clear: boolean): void {
    const firstPhysical = this.#options.queues.recoverQueue(queue, physicalEnd, clear);
    if (firstPhysical < this.#options.files.first) this.#startUnknown.add(queue);
    else this.#startUnknown.delete(queue);
  }

  /** Where to read on after a clean stop; -1 if the folder is not as a clean stop leaves it. */
  async #cleanStart(): Promise<number> {
    const { files, queues, logger } = this.#options;
    let newest: ConsumeQueue | null = null;
    let count = 0;
    for (const queue of queues.all()) {
      this.#recoverQueue(queue, Number.POSITIVE_INFINITY, false);
      if (queue.maxPhysicOffset > (newest?.maxPhysicOffset ?? -1)) newest = queue;
      count += 1;
      if (count % 200 === 0) await nextTurn();
    }
    if (!newest) return files.first;
    const unit = queues.unit(newest, newest.maxUnit - 1);
    const start = unit ? unitPhysicalOffset(unit, 0) : -1;
    if (newest.maxPhysicOffset <= files.first) return files.first;
    if (this.#isRecord(start, newest.maxPhysicOffset - start)) return newest.maxPhysicOffset;
    logger.warn(
      { topic: newest.topic, queueId: newest.queueId, physicalOffset: start },
      'no abort file, but a consume queue does not fit the commit log: recovering as after a crash',
    );
    return -1;
  }

  /** After a clean stop: true if queues have fewer units than they had then. */
  #lacksUnits(): boolean {
    const { queues, seal, logger } = this.#options;
    const { queueUnits } = queues.count();
    if (seal === null || queueUnits >= seal.queueUnits) return false;
    logger.warn({ seal, queueUnits }, 'entries of consume queues are missing: all queues are built from the log');
    return true;
  }

  /** First file that may hold something that is not on disk in log and queues. */
  #safeStart(): number {
    const { files, checkpoint } = this.#options;
    const safe = minTimestamp(checkpoint);
    for (const start of [...files.starts].reverse()) {
      const time = this.#storeTimestamp(start);
      // A torn record may have half a time.
      if (time > 0 && time <= safe && this.#isRecord(start, -1)) return start;
    }
    return files.first;
  }

  /** Cuts the queues back to `from`, and the index to what is sound. */
  async #uncleanStart(from: number): Promise<number> {
    const { queues, index, checkpoint } = this.#options;
    let count = 0;
    for (const queue of queues.all()) {
      this.#recoverQueue(queue, from, true);
      count += 1;
      if (count % 200 === 0) await nextTurn();
    }
    index?.repair(checkpoint.indexMsgTimestamp, (physical) => this.#storeTimestamp(physical));
    return from;
  }

  /** Adds the keys that are missing before `from`. Damage there only costs index entries. */
  async #completeIndex(from: number, isClean: boolean): Promise<void> {
    const { files } = this.#options;
    const index = this.#options.index as IndexService;
    this.#indexedTo = index.isEmpty ? -1 : index.endPhyOffset;
    let start = files.first;
    if (!index.isEmpty) {
      if (isClean || index.endPhyOffset >= from) return;
      const file = files.startOf(index.endPhyOffset);
      if (file >= 0) start = this.#isRecord(index.endPhyOffset, -1) ? index.endPhyOffset : file;
    }
    if (start < from) await this.#scan(start, false, (record) => this.#dispatchToIndex(record), from);
  }

  /**
   * Reads records in order.
   *
   * @param mustEnd the log ends at the first thing that is no record; otherwise the rest of that file is passed over
   * @param until stop before this physical offset
   * @returns where reading ended
   */
  async #scan(
    from: number,
    mustEnd: boolean,
    take: (record: RecordView) => void,
    until = Number.POSITIVE_INFINITY,
  ): Promise<number> {
    const { fs, files, queues, logger, checkCRC } = this.#options;
    let end = from;
    let unsavedBytes = 0;
    for (const start of [...files.starts]) {
      const fileEnd = start + files.fileBytes;
      if (fileEnd <= from) continue;
      if (start > end && end !== from) logger.error({ from: end, to: start }, 'commit log files are missing');
      let position = Math.max(start, from);
      if (position >= until) return position;
      const fd = fs.open(files.path(start), 'read');
      try {
        let isDone = false;
        let reach = FIRST_READ_BYTES;
        while (!isDone) {
          const length = Math.min(reach, fileEnd - position);
          const count = readFully(fs, fd, this.#bytes, 0, length, position - start);
          let at = 0;
          while (!isDone) {
            const physical = position + at;
            if (physical >= until) return physical;
            const check = readRecord(
              this.#view,
              this.#bytes,
              at,
              count,
              fileEnd - physical,
              physical,
              checkCRC,
              this.#record,
            );
            if (check === 'record' && isTimeSound(this.#record) && !(mustEnd && this.#isTorn(at, count))) {
              this.#records += 1;
              take(this.#record);
              at += this.#record.size;
            } else if (check === 'blank') {
              at = fileEnd - position;
              isDone = true;
            } else if (check === 'short' && count === length) {
              if (at === 0 && this.#record.size > this.#bytes.length) this.#growBuffer(this.#record.size);
              reach = this.#bytes.length;
              break;
            } else if (mustEnd) {
              return physical;
            } else {
              logger.error({ physicalOffset: physical }, 'commit log is damaged here; going on with its next file');
              at = fileEnd - position;
              isDone = true;
            }
          }
          position += at;
          unsavedBytes += at;
          if (unsavedBytes >= SAVE_EVERY_BYTES) {
            unsavedBytes = 0;
            await queues.save(true);
          }
          await nextTurn();
        }
      } finally {
        fs.close(fd);
      }
      end = position;
    }
    return end;
  }

  /**
   * True if the record just read ends in zeros and only zeros follow: its end was never written. Neither the lengths
   * nor the CRC of the body tell, since the properties come last.
   */
  #isTorn(at: number, end: number): boolean {
    const recordEnd = at + this.#record.size;
    if (this.#bytes[recordEnd - 1] !== 0 || this.#record.propertiesEnd === this.#record.propertiesStart) return false;
    return isAllZero(this.#bytes, recordEnd, Math.min(recordEnd + BLANK_HEADER_BYTES, end));
  }

  #growBuffer(size: number): void {
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #topicOf(record: RecordView): TopicHandle {
    const { topicStart, topicEnd } = record;
    const last = this.#topic;
    if (last && last.nameBytes.length === topicEnd - topicStart) {
      let i = 0;
      while (i < last.nameBytes.length && last.nameBytes[i] === this.#bytes[topicStart + i]) i++;
      if (i === last.nameBytes.length) return last;
    }
    const name = Buffer.from(this.#bytes.buffer, topicStart, topicEnd - topicStart).toString('utf8');
    this.#topic = this.#options.queues.topic(name);
    return this.#topic;
  }

  /**
   * @param isComplete nothing older will come: a gap before the record is a fact
   * @param onlyTo leave out other queues
   */
  #dispatchToQueues(record: RecordView, isComplete: boolean, onlyTo: ReadonlySet<ConsumeQueue> | null): void {
    const transaction = record.sysFlag & MessageSysFlag.TRANSACTION_MASK;
    const isConsumed =
      transaction === MessageSysFlag.TRANSACTION_NOT_TYPE || transaction === MessageSysFlag.TRANSACTION_COMMIT_TYPE;
    if (!isConsumed || record.queueId < 0 || !(record.queueOffset >= 0)) return;
    const handle = this.#topicOf(record);
    const queue = this.#queueFor(handle, record.queueId, record.queueOffset, record, isComplete, onlyTo);
    const isMultiDispatch = this.#options.isMultiDispatch && isLmqParent(handle.name);
    if (!queue && !isMultiDispatch) return;
    scanProperties(this.#bytes, record.propertiesStart, record.propertiesEnd, this.#ranges);
    const { queues, tagsCodeOf, bitMapOf } = this.#options;
    const { queueOffset, physicalOffset, size, storeTimestamp } = record;
    const tagsCode = tagsCodeOf(handle.name, this.#bytes, this.#ranges, storeTimestamp);
    if (queue) {
      const count = queue.batch ? innerCountOf(this.#bytes, this.#ranges) : 1;
      const extension = queue.ext && {
        storeTimestamp,
        bitMap: bitMapOf(handle.name, this.#bytes, record.propertiesStart, record.propertiesEnd),
      };
      queues.appendAt(queue, queueOffset, physicalOffset, size, tagsCode, storeTimestamp, count, extension);
    }
    if (!isMultiDispatch) return;
    for (const place of lmqPlaces(this.#bytes, this.#ranges)) {
      const lmq = this.#queueFor(queues.topic(place.topic), 0, place.queueOffset, record, isComplete, onlyTo);
      if (lmq) queues.appendAt(lmq, place.queueOffset, physicalOffset, size, tagsCode, storeTimestamp);
    }
  }

  /** The queue that a record has to be added to; null if it has it already, or gets it in a later pass. */
  #queueFor(
    handle: TopicHandle,
    queueId: number,
    queueOffset: number,
    record: RecordView,
    isComplete: boolean,
    onlyTo: ReadonlySet<ConsumeQueue> | null,
  ): ConsumeQueue | null {
    const { queues, logger } = this.#options;
    const { physicalOffset } = record;
    if (!isPlausible(physicalOffset, queueOffset, handle, handle.queues[queueId])) {
      logger.error({ physicalOffset, topic: handle.name, queueId, queueOffset }, 'record can not be in such a queue');
      return null;
    }
    let queue = onlyTo ? handle.queues[queueId] : queues.queue(handle, queueId);
    if (!queue || (onlyTo && !onlyTo.has(queue))) return null;
    if (queueOffset > queue.maxOffset && !isComplete) {
      this.#incomplete.add(queue);
      return null;
    }
    if (this.#incomplete.has(queue) && !isComplete) return null;
    if (this.#isOfEarlierQueue(queue, queueOffset, physicalOffset)) {
      queues.destroyQueue(queue);
      this.#incomplete.delete(queue);
      queue = queues.queue(handle, queueId);
      if (isComplete || queueOffset > 0) this.#incomplete.add(queue);
      if (!isComplete && queueOffset > 0) return null;
    }
    return queueOffset < queue.maxOffset ? null : queue;
  }

  /**
   * Whether the topic was destroyed and made again since the queue got its units: the record is behind them, with an
   * offset that they have. It is the first of the new queue, or the first of it whose file is still in the log; then
   * the units are all of records before the log.
   */
  #isOfEarlierQueue(queue: ConsumeQueue, queueOffset: number, physicalOffset: number): boolean {
    const { maxOffset, maxPhysicOffset } = queue;
    if (queueOffset >= maxOffset || physicalOffset < maxPhysicOffset) return false;
    return queueOffset === 0 || (maxPhysicOffset >= 0 && maxPhysicOffset <= this.#options.files.first);
  }

  #dispatchToIndex(record: RecordView): void {
    const { index } = this.#options;
    const transaction = record.sysFlag & MessageSysFlag.TRANSACTION_MASK;
    if (!index || record.physicalOffset <= this.#indexedTo) return;
    if (transaction === MessageSysFlag.TRANSACTION_ROLLBACK_TYPE) return;
    scanProperties(this.#bytes, record.propertiesStart, record.propertiesEnd, this.#ranges);
    forEachKeyHash(this.#bytes, this.#ranges, this.#topicOf(record).keySeed, (keyHash) => {
      // A key that is left out now would be missing for ever.
      if (!index.put(keyHash, record.physicalOffset, record.storeTimestamp)) throw index.error;
    });
  }

  /** Removes what stands behind the log's end. */
  #cut(end: number, isClean: boolean): void {
    const { fs, files, logger } = this.#options;
    for (const start of [...files.starts]) {
      if (start > end) {
        logger.warn({ file: files.path(start), logEnd: end }, 'file behind the end of the commit log is removed');
        files.remove(start);
      }
    }
    const start = files.startOf(end);
    if (start < 0) return;
    const path = files.path(start);
    const position = end - start;
    const allocatedBytes = fs.info(path)?.allocatedBytes ?? files.fileBytes;
    const isSparse = allocatedBytes <= position + position / 256 + ALLOCATION_SLACK_BYTES;
    const checkedBytes = isClean ? BLOCK_BYTES : isSparse ? TORN_BYTES : files.fileBytes;
    const fd = fs.open(path, 'write');
    try {
      zeroRange(fs, fd, position, Math.min(position + checkedBytes, files.fileBytes), this.#bytes);
    } finally {
      fs.close(fd);
    }
  }

  /** True if a whole record (of `size` bytes, unless that is -1) starts at `physical`. */
  #isRecord(physical: number, size: number): boolean {
    const { fs, files, checkCRC } = this.#options;
    const start = files.startOf(physical);
    if (start < 0) return false;
    const fileLeft = start + files.fileBytes - physical;
    const fd = fs.open(files.path(start), 'read');
    try {
      for (let length = Math.min(fileLeft, this.#bytes.length); ; length = this.#record.size) {
        if (length > this.#bytes.length) this.#growBuffer(length);
        const count = readFully(fs, fd, this.#bytes, 0, length, physical - start);
        const check = readRecord(this.#view, this.#bytes, 0, count, fileLeft, physical, checkCRC, this.#record);
        if (check !== 'short' || count < length) return check === 'record' && (size < 0 || this.#record.size === size);
      }
    } finally {
      fs.close(fd);
    }
  }

  /** Store time of the record at `physical`; -1 if none starts there. */
  #storeTimestamp(physical: number): number {
    const { fs, files } = this.#options;
    const start = files.startOf(physical);
    if (start < 0) return -1;
    const bytes = new Uint8Array(STORE_TIMESTAMP_READ_BYTES);
    const view = new DataView(bytes.buffer);
    const fd = fs.open(files.path(start), 'read');
    try {
      readFully(fs, fd, bytes, 0, bytes.length, physical - start);
    } finally {
      fs.close(fd);
    }
    const fileLeft = start + files.fileBytes - physical;
    const check = readRecord(view, bytes, 0, bytes.length, fileLeft, physical, false, this.#record);
    return check === 'short' || check === 'record' ? readStoreTimestamp(view, 0) : -1;
  }
}
