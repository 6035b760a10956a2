import { join } from 'node:path';
import { javaHashCode } from '../../../protocol/java-hash.js';
import { MessageSysFlag } from '../../../protocol/sys-flag.js';
import { isLmq, SystemTopic } from '../../../protocol/topic-validator.js';
import { nextTurn } from '../next-turn.js';
import {
  delayLevelOf,
  innerCountOf,
  isLmqParent,
  lmqPlaces,
  newPropertyRanges,
  type PropertyRanges,
  scanProperties,
  tagsCodeOf,
} from '../property-scan.js';
import type { RecordView } from '../record-reader.js';
import {
  batchBaseOffset,
  batchSizeOf,
  isBlankUnit,
  unitExtOffset,
  unitPhysicalOffset,
  unitSize,
  unitTagsCode,
} from '../unit-slab.js';
import type { CheckContext } from './check-context.js';
import { topicNames } from './config-check.js';
import { ExtReader } from './ext-reader.js';
import { readRecordAt } from './log-walk.js';
import { fileStartOf, pathOf } from './offset-files.js';
import { isGoodUnit, QueueReader, type ReadQueue } from './queue-reader.js';
import { EXT_FOLDER, QUEUE_FOLDER, queueFolder } from './store-layout.js';

const QUEUES_A_SLICE = 200;

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

/** The queues of a topic while the log is read. */
export interface CheckedTopic {
  readonly name: string;
  /** Of its keys in the index. */
  readonly keySeed: number;
  queues: Map<number, CheckedQueue>;
  /** Messages of queues that have no folder: number, and the first. */
  lost: Map<number, { count: number; physicalOffset: number; queueOffset: number }>;
  /** Ends of queues as the log has them: behind the last message that was met. */
  ends: Map<number, number>;
}

/** Holds the units of all consume queues against the records of the log, in the order of these. */
export class QueueCheck {
  readonly #context: CheckContext;
  readonly #reader: QueueReader;
  readonly #topics = new Map<string, CheckedTopic>();
  readonly #ranges = newPropertyRanges();
  /** In topics.json; null if that can not be told. */
  readonly #topicNames: ReadonlySet<string> | null;
  /** Units that there are. */
  units = 0;
  /** Units that were looked at. */
  entries = 0;
  #end = 0;
  #hasLightQueues = false;
  readonly #extensions: ExtReader;
  readonly #signal: AbortSignal | undefined;

  constructor(context: CheckContext, signal?: AbortSignal) {
    this.#context = context;
    this.#signal = signal;
    this.#reader = new QueueReader(context.store);
    this.#topicNames = topicNames(context.store);
    this.#extensions = new ExtReader(context.store.fs);
  }

  /** Finds the ends of all queues. */
  async open(): Promise<void> {
    let count = 0;
    for (const files of this.#context.store.queues) {
      const queue = this.#reader.open(files);
      const hint = queue.firstUnit;
      this.#hasLightQueues ||= isLmq(files.topic);
      this.units += queue.endUnit - queue.firstUnit;
      this.#checkEmpty(queue);
      this.topic(files.topic).queues.set(files.queueId, { queue, matched: 0, hint, missing: 0, firstMissing: null });
      count += 1;
      if (count % QUEUES_A_SLICE === 0) await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    this.#signal?.throwIfAborted();
    await nextTurn();
  }

  #checkEmpty({ emptyStarts, files, topic, queueId }: ReadQueue): void {
    const { faults, isRunning } = this.#context;
    for (const start of emptyStarts) {
      const detail = "has no entry: Apache's broker may make one of zeros of it when it recovers";
      if (!isRunning) faults.badQueues.add(files.folder);
      faults.add('queue-empty-file', pathOf(files, start), detail, { topic, queueId }, isRunning);
    }
  }

  topic(name: string): CheckedTopic {
    let topic = this.#topics.get(name);
    if (!topic) {
      topic = { name, keySeed: javaHashCode(`${name}#`), queues: new Map(), lost: new Map(), ends: new Map() };
      this.#topics.set(name, topic);
    }
    return topic;
  }

  /** Takes the next record. @param ranges its properties */
  check(topic: CheckedTopic, record: RecordView, bytes: Uint8Array, ranges: PropertyRanges): void {
    const transaction = record.sysFlag & MessageSysFlag.TRANSACTION_MASK;
    const isConsumed =
      transaction === MessageSysFlag.TRANSACTION_NOT_TYPE || transaction === MessageSysFlag.TRANSACTION_COMMIT_TYPE;
    if (!isConsumed || record.queueId < 0 || !(record.queueOffset >= 0)) return;
    const queue = topic.queues.get(record.queueId);
    const count = queue?.queue.isBatch ? innerCountOf(bytes, ranges) : 1;
    topic.ends.set(record.queueId, record.queueOffset + count);
    if (queue) this.#checkEntry(queue, record, bytes, ranges, record.queueOffset, topic.name);
    else this.#lose(topic, record);
    if (!isLmqParent(topic.name)) return;
    for (const place of lmqPlaces(bytes, ranges)) {
      const lightTopic = this.#topics.get(place.topic);
      lightTopic?.ends.set(0, place.queueOffset + 1);
      const lmq = lightTopic?.queues.get(0);
      if (lmq) this.#checkEntry(lmq, record, bytes, ranges, place.queueOffset, topic.name);
      // Without any, they may never have been written: that is a setting.
      else if (this.#hasLightQueues) this.#lose(this.topic(place.topic), { ...record, ...place, queueId: 0 });
    }
  }

  /** The log has ended at `end`: looks at what no record was found for. */
  async end(end: number): Promise<void> {
    this.#end = end;
    let count = 0;
    for (const topic of this.#topics.values()) {
      for (const queue of topic.queues.values()) {
        await this.#checkUnits(queue);
        count += 1;
        if (count % QUEUES_A_SLICE === 0) await this.#pause();
      }
      this.#checkLost(topic);
    }
  }

  #lose(
    topic: CheckedTopic,
    { queueId, queueOffset, physicalOffset }: Pick<RecordView, 'queueId' | 'queueOffset' | 'physicalOffset'>,
  ): void {
    const lost = topic.lost.get(queueId);
    if (lost) lost.count += 1;
    else topic.lost.set(queueId, { count: 1, physicalOffset, queueOffset });
  }

  /** Holds a record against the unit that its queue has at its offset. */
  #checkEntry(
    checked: CheckedQueue,
    record: RecordView,
    bytes: Uint8Array,
    ranges: PropertyRanges,
    queueOffset: number,
    topic: string,
  ): void {
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
    const isDelivery = topic === SystemTopic.SCHEDULE_TOPIC && delayLevelOf(bytes, ranges) > 0;
    const expected = isDelivery ? null : tagsCodeOf(bytes, ranges);
    const extOffset = queue.isBatch ? -1 : unitExtOffset(view, 0);
    if (extOffset >= 0) this.#checkExtension(queue, unit, extOffset, record, expected);
    else wrong.push(...wrongTags(unitTagsCode(view, 0), expected, record.storeTimestamp));
    if (queue.isBatch && batchSizeOf(view, 0) !== innerCountOf(bytes, ranges)) {
      wrong.push(`${batchSizeOf(view, 0)} messages instead of ${innerCountOf(bytes, ranges)}`);
    }
    if (wrong.length > 0) this.#entryFault(queue, unit, physicalOffset, `has ${wrong.join(', ')}`, queueOffset);
  }

  /** @param expected tags code; null for a delivery time */
  #checkExtension(
    queue: ReadQueue,
    unit: number,
    extOffset: number,
    { storeTimestamp, physicalOffset }: RecordView,
    expected: number | null,
  ): void {
    const { store, faults, isRunning } = this.#context;
    const { topic, queueId } = queue;
    const files = store.extensions.get(queueFolder(topic, queueId));
    const found = files ? this.#extensions.read(files, extOffset) : null;
    const wrong = found ? wrongTags(found.tagsCode, expected, storeTimestamp) : ['nothing'];
    if (found && found.storeTimestamp !== storeTimestamp) {
      wrong.push(`store time ${found.storeTimestamp} instead of ${storeTimestamp}`);
    }
    if (wrong.length === 0) return;
    if (!isRunning) faults.badQueues.add(queue.files.folder);
    const start = files ? fileStartOf(files, extOffset) : -1;
    const path = files && start >= 0 ? pathOf(files, start) : join(store.root, EXT_FOLDER, queueFolder(topic, queueId));
    const place = { filePosition: start < 0 ? null : extOffset - start, physicalOffset, topic, queueId };
    const detail = `the extension at ${extOffset} has ${wrong.join(', ')}`;
    faults.add('ext-entry', path, detail, { ...place, queueOffset: unit }, isRunning);
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
    if (!isWarning) this.#context.faults.badQueues.add(files.folder);
    const place = { filePosition, physicalOffset, topic, queueId, queueOffset };
    this.#context.faults.add('queue-entry', path, `the entry ${detail}`, place, isWarning);
  }

  /** Looks at every unit of a queue, and for those that no record was found for at what they lead to. */
  async #checkUnits({ queue, matched, missing, firstMissing }: CheckedQueue): Promise<void> {
    const { topic, queueId, files, isBatch } = queue;
    const { damages, store } = this.#context;
    const first = store.log.starts[0] ?? 0;
    if (missing > 0 && firstMissing) {
      const detail = `${missing} messages of the log have no entry, the first of them ${firstMissing.queueOffset}`;
      if (!this.#context.isRunning) this.#context.faults.badQueues.add(files.folder);
      this.#context.faults.add(
        'queue-missing',
        files.folder,
        detail,
        { topic, queueId, ...firstMissing },
        this.#context.isRunning,
      );
    }
    let inside = 0;
    const bad = { first: 0, count: 0, physicalOffset: 0, size: 0 };
    const tellBad = (): void => {
      const { first: unit, count, physicalOffset, size } = bad;
      const others = count > 1 ? `, nor are the ${count - 1} behind it` : '';
      if (count > 0) {
        this.#entryFault(
          queue,
          unit,
          physicalOffset,
          `is none: it has ${physicalOffset} (${size} bytes)${others}`,
          unit,
        );
      }
      bad.count = 0;
    };
    const offsetOf = (unit: number, view: DataView, at: number) => (isBatch ? batchBaseOffset(view, at) : unit);
    const isInside = (view: DataView, at: number) =>
      isGoodUnit(queue, view, at) &&
      !isBlankUnit(view, at) &&
      unitPhysicalOffset(view, at) >= first &&
      unitPhysicalOffset(view, at) + unitSize(view, at) <= this.#end;
    await this.#reader.scan(queue, (unit, view, at) => {
      this.entries += 1;
      const physicalOffset = unitPhysicalOffset(view, at);
      const size = unitSize(view, at);
      if (!isGoodUnit(queue, view, at)) {
        if (bad.count > 0 && bad.first + bad.count !== unit) tellBad();
        if (bad.count === 0) Object.assign(bad, { first: unit, physicalOffset, size });
        bad.count += 1;
      } else if (isInside(view, at)) {
        if (!this.#context.damages.countEntry(physicalOffset, 'queueEntries')) inside += 1;
      } else if (!isBlankUnit(view, at) && physicalOffset >= first) {
        const detail = `leads to ${physicalOffset} (${size} bytes), behind the log's end ${this.#end}`;
        this.#entryFault(queue, unit, physicalOffset, detail, offsetOf(unit, view, at), this.#context.isRunning);
      }
    });
    tellBad();
    // As many as records were found for: each has its own. Else they are looked at one by one.
    if (inside === matched) return;
    await this.#reader.scan(queue, (unit, view, at) => {
      const physicalOffset = unitPhysicalOffset(view, at);
      if (!isInside(view, at) || damages.covers(physicalOffset)) return;
      const queueOffset = offsetOf(unit, view, at);
      const detail = this.#wrongRecord(queue, { queueOffset, physicalOffset, size: unitSize(view, at) });
      if (detail !== null) this.#entryFault(queue, unit, physicalOffset, detail, queueOffset);
    });
  }

  /** Why the record that a unit leads to is not its own; null if it is. */
  #wrongRecord(
    queue: ReadQueue,
    { queueOffset, physicalOffset, size }: { queueOffset: number; physicalOffset: number; size: number },
  ): string | null {
    const found = readRecordAt(this.#context.store, physicalOffset, false);
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
  #checkLost({ name: topic, lost }: CheckedTopic): void {
    if (this.#context.store.hasRocksQueues) return;
    const isKnown = this.#topicNames === null || this.#topicNames.has(topic);
    for (const [queueId, { count, physicalOffset, queueOffset }] of lost) {
      const path = join(this.#context.store.root, 'consumequeue', topic, String(queueId));
      const detail = isKnown
        ? `there is no such queue, but ${count} of its messages are in the log`
        : `${count} messages in the log are of a topic that is not in topics.json: it was deleted`;
      const isWarning = this.#context.isRunning || !isKnown;
      if (!isWarning) this.#context.faults.badQueues.add(path);
      this.#context.faults.add(
        'queue-missing',
        path,
        detail,
        { topic, queueId, queueOffset, physicalOffset },
        isWarning,
      );
    }
  }

  /** Offsets of a queue; null if the store has none such. */
  rangeOf(topic: string, queueId: number): { minOffset: number; maxOffset: number } | null {
    const checked = this.#topics.get(topic)?.queues.get(queueId);
    const end = this.#topics.get(topic)?.ends.get(queueId) ?? 0;
    const { store, faults } = this.#context;
    // A queue that is wrong is built anew: what the log has of it counts then.
    const folder = checked?.queue.files.folder ?? join(store.root, QUEUE_FOLDER, queueFolder(topic, queueId));
    if (faults.badQueues.has(folder)) return { minOffset: 0, maxOffset: end };
    if (!checked) return null;
    const minOffset = this.#reader.minOffset(checked.queue, this.#context.store.log.starts[0] ?? 0);
    const { maxOffset } = checked.queue;
    // What a running broker has in memory only is to be found in the log.
    return { minOffset, maxOffset: checked.missing > 0 ? Math.max(maxOffset, end) : maxOffset };
  }
}

/** What is wrong with a tags code. @param expected null for a delivery time, which is not before the store time */
function wrongTags(tags: number, expected: number | null, storeTimestamp: number): string[] {
  if (expected === null) return tags < storeTimestamp ? [`delivery time ${tags} before the store time`] : [];
  return tags === expected ? [] : [`tags code ${tags} instead of ${expected}`];
}
