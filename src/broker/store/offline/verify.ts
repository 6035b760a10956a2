import { join } from 'node:path';
import { javaHashCode } from '../../../protocol/java-hash.js';
import { MessageSysFlag } from '../../../protocol/sys-flag.js';
import { SystemTopic } from '../../../protocol/topic-validator.js';
import { nextTurn } from '../consume-queue-store.js';
import { indexFileBytes } from '../index-file.js';
import {
  delayLevelOf,
  forEachKeyHash,
  innerCountOf,
  isLmqParent,
  lmqPlaces,
  newPropertyRanges,
  scanProperties,
  tagsCodeOf,
} from '../property-scan.js';
import type { RecordView } from '../record-reader.js';
import { batchBaseOffset, batchSizeOf, isBlankUnit, unitPhysicalOffset, unitSize, unitTagsCode } from '../unit-slab.js';
import { checkConfig, topicNames } from './config-check.js';
import { FaultList, type StoreFault, type StoreFaultKind } from './faults.js';
import { type IndexParameters, IndexScan, indexParameters } from './index-scan.js';
import { type LogStep, readRecordAt, walkLog } from './log-walk.js';
import { isGoodUnit, QueueReader, type ReadQueue } from './queue-reader.js';
import { fileStartOf, gapsOf, INDEX_FOLDER, type OffsetFiles, pathOf, type StoreLayout } from './store-layout.js';
import { checkTimerLog } from './timer-check.js';

/** What a check of a whole store found. */
export interface StoreReport {
  /** `[minPhyOffset, maxPhyOffset)` is what the log holds. */
  readonly minPhyOffset: number;
  readonly maxPhyOffset: number;
  /** Records of the log, entries of consume queues and of index files that were looked at. */
  readonly records: number;
  readonly queueEntries: number;
  readonly indexEntries: number;
  /** Bytes behind the end of the log, up to the last that is not zero. */
  readonly tornBytes: number;
  /** First place where a record is damaged; -1 without one. */
  readonly firstDamage: number;
  /** Newest store time, ms; 0 without messages. */
  readonly lastStoreTimestamp: number;
  /** The first faults of each kind. */
  readonly faults: readonly StoreFault[];
  readonly faultCount: number;
  readonly warningCount: number;
  /** All faults and warnings, by kind. */
  readonly counts: Readonly<Partial<Record<StoreFaultKind, number>>>;
  /** Folders of the consume queues with faults. */
  readonly badQueues: ReadonlySet<string>;
}

export interface VerifyOptions {
  /** Told now and then: bytes of the log that were read, of all. */
  readonly onProgress?: (doneBytes: number, allBytes: number) => void;
}

/** A queue while the log is read. */
interface CheckedQueue {
  queue: ReadQueue;
  /** Units that their record was found for. */
  matched: number;
  /** Where the unit of the next record may be. */
  hint: number;
  missing: number;
  firstMissing: { physicalOffset: number; queueOffset: number } | null;
}

interface CheckedTopic {
  keySeed: number;
  queues: Map<number, CheckedQueue>;
  /** Messages of queues that have no folder: number, and the first. */
  lost: Map<number, { count: number; physicalOffset: number; queueOffset: number }>;
}

/**
 * Reads a whole store and holds its parts against each other: the log's records with their CRCs, every entry of the
 * consume queues and of the index against the records, tables, checkpoint and timer log. Nothing is changed. The log is
 * read once; memory depends on the number of queues, not of messages.
 *
 * With a broker running on the folder, what it may have in memory only is a warning.
 *
 * @throws the operating system's error if a file can not be read
 */
export async function verifyStore(store: StoreLayout, options: VerifyOptions = {}): Promise<StoreReport> {
  return new Verification(store, options).run();
}

class Verification {
  readonly #store: StoreLayout;
  readonly #options: VerifyOptions;
  readonly #faults = new FaultList();
  readonly #reader: QueueReader;
  readonly #topics = new Map<string, CheckedTopic>();
  readonly #ranges = newPropertyRanges();
  readonly #isRunning: boolean;
  /** In topics.json; null if that can not be told. */
  readonly #topicNames: ReadonlySet<string> | null;
  #index: IndexScan | null = null;
  #unindexed = { count: 0, physicalOffset: -1 };
  #behind = { count: 0, physicalOffset: -1 };
  #lastIndexed = -1;
  #records = 0;
  #queueEntries = 0;
  #end = 0;
  #tornBytes = 0;
  #firstDamage = -1;
  #lastTimestamp = 0;

  constructor(store: StoreLayout, options: VerifyOptions) {
    this.#store = store;
    this.#options = options;
    this.#reader = new QueueReader(store);
    this.#isRunning = store.ownerPid !== null;
    this.#topicNames = topicNames(store);
  }

  async run(): Promise<StoreReport> {
    const { log } = this.#store;
    this.#checkFiles();
    await this.#openQueues();
    this.#openIndex();
    const first = log.starts[0] ?? 0;
    const allBytes = log.starts.length * log.fileBytes;
    for (const step of walkLog(this.#store, first, true)) {
      this.#take(step);
      if (step.kind !== 'pause') continue;
      this.#options.onProgress?.(step.physicalOffset - first, allBytes);
      await nextTurn();
    }
    this.#endIndex();
    for (const [topic, checked] of this.#topics) {
      for (const queue of checked.queues.values()) await this.#checkUnits(queue);
      this.#checkLost(topic, checked);
    }
    this.#checkCheckpoint();
    checkConfig(this.#store, this.#faults, (topic, queueId) => this.#rangeOf(topic, queueId));
    checkTimerLog(this.#store, this.#end, this.#faults, this.#isRunning);
    const { list, faults, warnings, counts, badQueues } = this.#faults;
    return {
      minPhyOffset: first,
      maxPhyOffset: this.#end,
      records: this.#records,
      queueEntries: this.#queueEntries,
      indexEntries: this.#index?.count ?? 0,
      tornBytes: this.#tornBytes,
      firstDamage: this.#firstDamage,
      lastStoreTimestamp: this.#lastTimestamp,
      faults: list,
      faultCount: faults,
      warningCount: warnings,
      counts: Object.fromEntries(counts),
      badQueues,
    };
  }

  #checkFiles(): void {
    const { log, queues, timerLog } = this.#store;
    this.#checkNames(log, 'commit log');
    this.#checkNames(timerLog, 'timer log');
    for (const { files } of queues) if (this.#checkNames(files, 'queue')) this.#faults.badQueues.add(files.folder);
  }

  /** Returns true if something is wrong. */
  #checkNames(files: OffsetFiles, what: string): boolean {
    const gaps = gapsOf(files);
    for (const { path, sizeBytes, start } of files.odd) {
      if (start === null) this.#faults.add('stray-file', path, 'its name is no offset');
      else if (sizeBytes === files.fileBytes) this.#faults.add('stray-file', path, 'another folder has this file, too');
      else this.#faults.add('file-size', path, `has ${sizeBytes} bytes, others of the ${what} have ${files.fileBytes}`);
    }
    for (const { from, to } of gaps) {
      const place = what === 'commit log' ? { physicalOffset: from } : {};
      this.#faults.add('file-gap', pathOf(files, from), `missing: no file of the ${what} from ${from} to ${to}`, place);
    }
    return gaps.length > 0 || files.odd.length > 0;
  }

  async #openQueues(): Promise<void> {
    let count = 0;
    for (const files of this.#store.queues) {
      const queue = this.#reader.open(files);
      const hint = queue.firstUnit;
      this.#topic(files.topic).queues.set(files.queueId, { queue, matched: 0, hint, missing: 0, firstMissing: null });
      count += 1;
      if (count % 200 === 0) await nextTurn();
    }
  }

  #topic(name: string): CheckedTopic {
    let topic = this.#topics.get(name);
    if (!topic) {
      topic = { keySeed: javaHashCode(`${name}#`), queues: new Map(), lost: new Map() };
      this.#topics.set(name, topic);
    }
    return topic;
  }

  #openIndex(): void {
    const parameters = indexParameters(this.#store);
    const files = this.#store.indexFiles.filter((file) => {
      const fault = indexFileFault(file.sizeBytes, parameters);
      if (fault !== null) this.#faults.add('index-file', file.path, fault);
      return fault === null;
    });
    if (!parameters || files.length === 0) return;
    this.#index = new IndexScan(this.#store, files, parameters, (path, filePosition, physicalOffset, detail) => {
      const place = { filePosition, physicalOffset: physicalOffset < 0 ? null : physicalOffset };
      this.#faults.add('index-entry', path, detail, place, this.#isRunning);
    });
  }

  #take(step: LogStep): void {
    switch (step.kind) {
      case 'record': {
        const { record } = step;
        this.#records += 1;
        this.#end = record.physicalOffset + record.size;
        this.#lastTimestamp = Math.max(this.#lastTimestamp, record.storeTimestamp);
        if (!step.isCrcRight) {
          this.#damage(record.physicalOffset);
          const detail = `the body of the message (${record.size} bytes with all its fields) does not fit its CRC`;
          this.#faults.add(
            'log-crc',
            this.#logPath(record.physicalOffset),
            detail,
            this.#logPlace(record.physicalOffset),
          );
        }
        this.#checkRecord(record, step.bytes);
        break;
      }
      case 'damage': {
        this.#damage(step.physicalOffset);
        const detail = `${step.end - step.physicalOffset} bytes without a record: ${step.reason}; messages follow`;
        this.#faults.add('log-damage', this.#logPath(step.physicalOffset), detail, this.#logPlace(step.physicalOffset));
        break;
      }
      case 'end':
        this.#end = step.physicalOffset;
        this.#tornBytes = step.tornBytes;
        if (step.tornBytes > 0) {
          const detail = `${step.tornBytes} bytes behind the last whole record: ${step.reason}`;
          const place = this.#logPlace(step.physicalOffset);
          this.#faults.add('torn-tail', this.#logPath(step.physicalOffset), detail, place, this.#isRunning);
        }
        break;
      case 'gap':
        // Told by its file name.
        this.#damage(step.physicalOffset);
        break;
      case 'pause':
        break;
    }
  }

  #damage(physicalOffset: number): void {
    if (this.#firstDamage < 0) this.#firstDamage = physicalOffset;
  }

  #logPath(physicalOffset: number): string {
    const start = fileStartOf(this.#store.log, physicalOffset);
    return start < 0 ? this.#store.log.folder : pathOf(this.#store.log, start);
  }

  #logPlace(physicalOffset: number): { physicalOffset: number; filePosition: number | null } {
    const start = fileStartOf(this.#store.log, physicalOffset);
    return { physicalOffset, filePosition: start < 0 ? null : physicalOffset - start };
  }

  #checkRecord(record: RecordView, bytes: Uint8Array): void {
    const transaction = record.sysFlag & MessageSysFlag.TRANSACTION_MASK;
    const name = Buffer.from(bytes.buffer, record.topicStart, record.topicEnd - record.topicStart).toString('utf8');
    const topic = this.#topic(name);
    scanProperties(bytes, record.propertiesStart, record.propertiesEnd, this.#ranges);
    if (this.#index && transaction !== MessageSysFlag.TRANSACTION_ROLLBACK_TYPE) {
      this.#checkKeys(this.#index, record, bytes, topic.keySeed);
    }
    const isConsumed =
      transaction === MessageSysFlag.TRANSACTION_NOT_TYPE || transaction === MessageSysFlag.TRANSACTION_COMMIT_TYPE;
    if (!isConsumed || record.queueId < 0 || !(record.queueOffset >= 0)) return;
    const queue = topic.queues.get(record.queueId);
    if (queue) this.#checkEntry(queue, record, bytes, record.queueOffset, name);
    else this.#lose(topic, record);
    if (!isLmqParent(name)) return;
    for (const place of lmqPlaces(bytes, this.#ranges)) {
      // A light queue without files may never have been written: that is a setting.
      const lmq = this.#topics.get(place.topic)?.queues.get(0);
      if (lmq) this.#checkEntry(lmq, record, bytes, place.queueOffset, name);
    }
  }

  #lose(topic: CheckedTopic, { queueId, queueOffset, physicalOffset }: RecordView): void {
    const lost = topic.lost.get(queueId);
    if (lost) lost.count += 1;
    else topic.lost.set(queueId, { count: 1, physicalOffset, queueOffset });
  }

  /** Holds a record against the unit that its queue has at its offset. */
  #checkEntry(checked: CheckedQueue, record: RecordView, bytes: Uint8Array, queueOffset: number, topic: string): void {
    const { queue } = checked;
    const { physicalOffset } = record;
    const unit = this.#reader.unitOf(queue, queueOffset, checked.hint);
    const view = unit < 0 ? null : this.#reader.unit(queue, unit);
    const says = view && isGoodUnit(queue, view, 0) && !isBlankUnit(view, 0) ? unitPhysicalOffset(view, 0) : -1;
    if (view === null || says !== physicalOffset) {
      // An entry for a later record: this one is of an earlier life of the topic. Whether it is right shows there.
      const isEarlierLife =
        says > physicalOffset ||
        (view === null && queueOffset >= queue.maxOffset && queue.lastPhysical > physicalOffset);
      if (isEarlierLife) return;
      checked.missing += 1;
      checked.firstMissing ??= { physicalOffset, queueOffset };
      return;
    }
    checked.matched += 1;
    checked.hint = unit + 1;
    const wrong: string[] = [];
    if (unitSize(view, 0) !== record.size) wrong.push(`size ${unitSize(view, 0)} instead of ${record.size}`);
    const tags = unitTagsCode(view, 0);
    const expected = tagsCodeOf(bytes, this.#ranges);
    const isDelivery = topic === SystemTopic.SCHEDULE_TOPIC && delayLevelOf(bytes, this.#ranges) > 0;
    // Below an int32 it is an address in consumequeue_ext.
    if (isDelivery ? tags < record.storeTimestamp : tags !== expected && tags >= -0x8000_0000) {
      wrong.push(
        isDelivery ? `delivery time ${tags} before the store time` : `tags code ${tags} instead of ${expected}`,
      );
    }
    if (queue.isBatch && batchSizeOf(view, 0) !== innerCountOf(bytes, this.#ranges)) {
      wrong.push(`${batchSizeOf(view, 0)} messages instead of ${innerCountOf(bytes, this.#ranges)}`);
    }
    if (wrong.length > 0) this.#entryFault(queue, unit, physicalOffset, `has ${wrong.join(', ')}`, queueOffset);
  }

  #entryFault(
    queue: ReadQueue,
    unit: number,
    physicalOffset: number,
    detail: string,
    queueOffset: number,
    isWarning = false,
  ): void {
    const { topic, queueId, files, unitBytes } = queue;
    const start = fileStartOf(files, unit * unitBytes);
    const path = start < 0 ? files.folder : pathOf(files, start);
    const filePosition = start < 0 ? null : unit * unitBytes - start;
    if (!isWarning) this.#faults.badQueues.add(files.folder);
    const place = { filePosition, physicalOffset, topic, queueId, queueOffset };
    this.#faults.add('queue-entry', path, `the entry ${detail}`, place, isWarning);
  }

  /** Looks at every unit of a queue, and for those that no record was found for at what they lead to. */
  async #checkUnits({ queue, matched, missing, firstMissing }: CheckedQueue): Promise<void> {
    const { topic, queueId, files, isBatch } = queue;
    const { log } = this.#store;
    const first = log.starts[0] ?? 0;
    if (missing > 0 && firstMissing) {
      const detail = `${missing} messages of the log have no entry, the first of them ${firstMissing.queueOffset}`;
      if (!this.#isRunning) this.#faults.badQueues.add(files.folder);
      this.#faults.add('queue-missing', files.folder, detail, { topic, queueId, ...firstMissing }, this.#isRunning);
    }
    let inside = 0;
    const offsetOf = (unit: number, view: DataView, at: number) => (isBatch ? batchBaseOffset(view, at) : unit);
    const isInside = (view: DataView, at: number) =>
      isGoodUnit(queue, view, at) &&
      !isBlankUnit(view, at) &&
      unitPhysicalOffset(view, at) >= first &&
      unitPhysicalOffset(view, at) + unitSize(view, at) <= this.#end;
    await this.#reader.scan(queue, (unit, view, at) => {
      this.#queueEntries += 1;
      if (isInside(view, at)) {
        inside += 1;
        return;
      }
      const physicalOffset = unitPhysicalOffset(view, at);
      const size = unitSize(view, at);
      if (!isGoodUnit(queue, view, at)) {
        this.#entryFault(queue, unit, physicalOffset, `is none: it has ${physicalOffset} (${size} bytes)`, unit);
      } else if (!isBlankUnit(view, at) && physicalOffset >= first) {
        const detail = `leads to ${physicalOffset} (${size} bytes), behind the log's end ${this.#end}`;
        this.#entryFault(queue, unit, physicalOffset, detail, offsetOf(unit, view, at), this.#isRunning);
      }
    });
    // As many as records were found for: each has its own. Else they are looked at one by one.
    if (inside === matched) return;
    await this.#reader.scan(queue, (unit, view, at) => {
      if (!isInside(view, at)) return;
      const queueOffset = offsetOf(unit, view, at);
      const physicalOffset = unitPhysicalOffset(view, at);
      const detail = this.#wrongRecord(queue, { queueOffset, physicalOffset, size: unitSize(view, at) });
      if (detail !== null) this.#entryFault(queue, unit, physicalOffset, detail, queueOffset);
    });
  }

  /** Why the record that a unit leads to is not its own; null if it is. */
  #wrongRecord(
    queue: ReadQueue,
    { queueOffset, physicalOffset, size }: { queueOffset: number; physicalOffset: number; size: number },
  ): string | null {
    const found = readRecordAt(this.#store, physicalOffset, false);
    const leadsTo = `leads to ${physicalOffset} (${size} bytes), where`;
    if (!found) return `${leadsTo} no record is`;
    const { record, bytes } = found;
    const topic = Buffer.from(bytes.subarray(record.topicStart, record.topicEnd)).toString('utf8');
    if (topic === queue.topic && record.queueId === queue.queueId && record.queueOffset === queueOffset) return null;
    scanProperties(bytes, record.propertiesStart, record.propertiesEnd, this.#ranges);
    const isLmq = lmqPlaces(bytes, this.#ranges).some(
      (place) => place.topic === queue.topic && place.queueOffset === queueOffset,
    );
    return isLmq ? null : `${leadsTo} message ${topic}/${record.queueId}@${record.queueOffset} is`;
  }

  /** Messages whose queue has no folder: lost, unless their topic was deleted. */
  #checkLost(topic: string, { lost }: CheckedTopic): void {
    const isKnown = this.#topicNames === null || this.#topicNames.has(topic);
    for (const [queueId, { count, physicalOffset, queueOffset }] of lost) {
      const path = join(this.#store.root, 'consumequeue', topic, String(queueId));
      const detail = isKnown
        ? `there is no such queue, but ${count} of its messages are in the log`
        : `${count} messages in the log are of a topic that is not in topics.json: it was deleted`;
      const isWarning = this.#isRunning || !isKnown;
      if (!isWarning) this.#faults.badQueues.add(path);
      this.#faults.add('queue-missing', path, detail, { topic, queueId, queueOffset, physicalOffset }, isWarning);
    }
  }

  #checkKeys(index: IndexScan, record: RecordView, bytes: Uint8Array, keySeed: number): void {
    const { physicalOffset } = record;
    const wanted: number[] = [];
    forEachKeyHash(bytes, this.#ranges, keySeed, (keyHash) => wanted.push(keyHash));
    this.#passItems(index, physicalOffset);
    const found = new Set<number>();
    while (index.physicalOffset === physicalOffset) {
      if (wanted.includes(index.keyHash)) found.add(index.keyHash);
      else this.#indexFault(index, `key hash ${index.keyHash} is of no key of the message at ${physicalOffset}`);
      this.#lastIndexed = physicalOffset;
      index.next();
    }
    if (wanted.every((keyHash) => found.has(keyHash))) return;
    const missing =
      index.physicalOffset === Number.POSITIVE_INFINITY && found.size === 0 ? this.#behind : this.#unindexed;
    missing.count += 1;
    if (missing.physicalOffset < 0) missing.physicalOffset = physicalOffset;
  }

  /** Passes over items of records before this one: those that were not met lead nowhere. */
  #passItems(index: IndexScan, physicalOffset: number): void {
    const first = this.#store.log.starts[0] ?? 0;
    while (index.physicalOffset < physicalOffset) {
      if (index.physicalOffset >= first) {
        const isBack = index.physicalOffset <= this.#lastIndexed;
        this.#indexFault(
          index,
          `leads to ${index.physicalOffset}, ${isBack ? 'an earlier place than the entry before it does' : 'where no record is'}`,
        );
      }
      index.next();
    }
  }

  #indexFault(index: IndexScan, detail: string): void {
    const { filePosition, physicalOffset } = index;
    this.#faults.add('index-entry', index.path, detail, { filePosition, physicalOffset }, this.#isRunning);
  }

  #endIndex(): void {
    const index = this.#index;
    if (!index) return;
    while (index.physicalOffset < this.#end) {
      this.#passItems(index, index.physicalOffset + 1);
    }
    while (index.physicalOffset !== Number.POSITIVE_INFINITY) {
      this.#indexFault(index, `leads to ${index.physicalOffset}, behind the log's end ${this.#end}`);
      index.next();
    }
    const folder = join(this.#store.root, INDEX_FOLDER);
    for (const [missing, what] of [
      [this.#unindexed, 'are not in the index'],
      [this.#behind, 'are newer than the index'],
    ] as const) {
      const { count, physicalOffset } = missing;
      if (count > 0)
        this.#faults.add(
          'index-missing',
          folder,
          `keys of ${count} messages ${what}`,
          { physicalOffset },
          this.#isRunning,
        );
    }
  }

  #checkCheckpoint(): void {
    const { checkpoint, root } = this.#store;
    if (!checkpoint || this.#isRunning) return;
    const path = join(root, 'checkpoint');
    if (checkpoint.sizeBytes !== 4096 && checkpoint.sizeBytes !== 0) {
      this.#faults.add('checkpoint', path, `has ${checkpoint.sizeBytes} bytes instead of 4096`);
    }
    const { values } = checkpoint;
    for (const [i, name] of (['physicMsgTimestamp', 'logicsMsgTimestamp', 'indexMsgTimestamp'] as const).entries()) {
      if (values[name] <= this.#lastTimestamp) continue;
      const detail = `${name} ${values[name]} is later than the newest message, ${this.#lastTimestamp}`;
      this.#faults.add('checkpoint', path, detail, { filePosition: i * 8 });
    }
    if (values.confirmPhyOffset > this.#end) {
      const detail = `confirmPhyOffset ${values.confirmPhyOffset} is behind the log's end ${this.#end}`;
      this.#faults.add('checkpoint', path, detail, { filePosition: 32, physicalOffset: values.confirmPhyOffset });
    }
  }

  #rangeOf(topic: string, queueId: number): { minOffset: number; maxOffset: number } | null {
    const checked = this.#topics.get(topic)?.queues.get(queueId);
    if (!checked) return null;
    const minOffset = this.#reader.minOffset(checked.queue, this.#store.log.starts[0] ?? 0);
    const { maxOffset } = checked.queue;
    // A queue that lost entries is built anew: what the log has of it counts then.
    return checked.missing > 0 ? { minOffset: 0, maxOffset: Number.POSITIVE_INFINITY } : { minOffset, maxOffset };
  }
}

/** Why no index file has this size; null if the parameters make it. */
function indexFileFault(sizeBytes: number, parameters: IndexParameters | null): string | null {
  if (!parameters) return `has ${sizeBytes} bytes, for which maxHashSlotNum and maxIndexNum must be given`;
  const { hashSlotNum, indexNum } = parameters;
  const expected = indexFileBytes(hashSlotNum, indexNum);
  return sizeBytes === expected
    ? null
    : `has ${sizeBytes} bytes, but maxHashSlotNum ${hashSlotNum} and maxIndexNum ${indexNum} make ${expected}`;
}
