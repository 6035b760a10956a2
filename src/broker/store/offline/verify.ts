import { join } from 'node:path';
import { MessageSysFlag } from '../../../protocol/sys-flag.js';
import { nextTurn } from '../next-turn.js';
import { newPropertyRanges, scanProperties } from '../property-scan.js';
import type { RecordView } from '../record-reader.js';
import { type CheckContext, placeInLog } from './check-context.js';
import { checkConfig } from './config-check.js';
import { FaultList, STORE_FAULT_KINDS, type StoreFault, type StoreFaultKind } from './faults.js';
import { checkFiles, isLogMissing } from './file-check.js';
import { IndexCheck } from './index-check.js';
import { type LogDamage, LogDamages } from './log-damage.js';
import { type CrcState, type LogStep, walkLog } from './log-walk.js';
import { pathOf } from './offset-files.js';
import { QueueCheck } from './queue-check.js';
import type { StoreLayout } from './store-layout.js';
import { checkTimer } from './timer-check.js';

/** So many are kept until it is known what they mean. */
const MAX_WRONG_PROPERTIES = 1_000;

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
  /** Places of the log without records, in its order. */
  readonly damages: readonly LogDamage[];
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
  /** Ends the check. */
  readonly signal?: AbortSignal;
  /** Takes the log for one that ends there. */
  readonly endAt?: number;
}

/**
 * Reads a whole store and holds its parts against each other: the log's records with their CRCs, every entry of the
 * consume queues and of the index against the records, tables, checkpoint and timer log. Nothing is changed. The log is
 * read once; memory depends on the number of queues, not of messages.
 *
 * With a broker running on the folder, what it may have in memory only is a warning.
 *
 * @throws the operating system's error if a file can not be read; the reason of the signal
 */
export async function verifyStore(store: StoreLayout, options: VerifyOptions = {}): Promise<StoreReport> {
  return new Verification(store, options).run();
}

class Verification {
  readonly #store: StoreLayout;
  readonly #options: VerifyOptions;
  readonly #faults = new FaultList();
  readonly #damages = new LogDamages();
  readonly #context: CheckContext;
  readonly #queues: QueueCheck;
  readonly #index: IndexCheck;
  readonly #ranges = newPropertyRanges();
  /** Records with a property of their own CRC that is right were met; those where it is wrong. */
  #hasCrcProperties = false;
  readonly #wrongProperties: Array<{ physicalOffset: number; size: number }> = [];
  #records = 0;
  #end = 0;
  #tornBytes = 0;
  #firstDamage = -1;
  #lastTimestamp = 0;

  constructor(store: StoreLayout, options: VerifyOptions) {
    this.#store = store;
    this.#options = options;
    this.#context = { store, faults: this.#faults, damages: this.#damages, isRunning: store.owner !== null };
    checkFiles(this.#context);
    this.#queues = new QueueCheck(this.#context, options.signal);
    this.#index = new IndexCheck(this.#context);
  }

  async run(): Promise<StoreReport> {
    const { log } = this.#store;
    await this.#queues.open();
    const first = log.starts[0] ?? 0;
    const allBytes = log.starts.length * log.fileBytes;
    for (const step of walkLog(this.#store, first, true, this.#options.endAt)) {
      this.#take(step);
      if (step.kind !== 'pause') continue;
      this.#options.signal?.throwIfAborted();
      this.#options.onProgress?.(step.physicalOffset - first, allBytes);
      await nextTurn();
    }
    if (!isLogMissing(this.#context, this.#queues.units)) {
      this.#index.end(this.#end);
      await this.#queues.end(this.#end);
      this.#checkCheckpoint();
    }
    this.#options.signal?.throwIfAborted();
    const damages = this.#tellDamages();
    checkConfig(this.#store, this.#faults, (topic, queueId) => this.#queues.rangeOf(topic, queueId));
    await checkTimer(this.#context, this.#end);
    const { list, faults, warnings, counts, badQueues } = this.#faults;
    return {
      minPhyOffset: first,
      maxPhyOffset: this.#end,
      records: this.#records,
      queueEntries: this.#queues.entries,
      indexEntries: this.#index.entries,
      tornBytes: this.#tornBytes,
      damages,
      firstDamage: this.#firstDamage,
      lastStoreTimestamp: this.#lastTimestamp,
      faults: list.sort((a, b) => rankOf(a) - rankOf(b)),
      faultCount: faults,
      warningCount: warnings,
      counts: Object.fromEntries(counts),
      badQueues,
    };
  }

  #take(step: LogStep): void {
    switch (step.kind) {
      case 'record': {
        const { record } = step;
        this.#records += 1;
        this.#end = record.physicalOffset + record.size;
        this.#lastTimestamp = Math.max(this.#lastTimestamp, record.storeTimestamp);
        this.#checkCrc(step.crc, record);
        this.#checkRecord(record, step.bytes);
        break;
      }
      case 'damage': {
        this.#damage(step.physicalOffset);
        this.#damages.add('log-damage', step.physicalOffset, step.end, step.reason, this.#records);
        break;
      }
      case 'end':
        this.#end = step.physicalOffset;
        this.#tornBytes = step.tornBytes;
        if (step.tornBytes > 0) {
          const detail = `${step.tornBytes} bytes behind the last whole record: ${step.reason}`;
          this.#logFault('torn-tail', step.physicalOffset, detail, this.#context.isRunning);
        }
        break;
      case 'gap':
        this.#damage(step.physicalOffset);
        this.#damages.add('file-gap', step.physicalOffset, step.end, 'files are missing', this.#records);
        break;
      case 'pause':
        break;
    }
  }

  #checkCrc(crc: CrcState, { physicalOffset, size }: RecordView): void {
    switch (crc) {
      case 'right':
        break;
      case 'right-property':
        this.#hasCrcProperties = true;
        break;
      case 'wrong-body': {
        this.#damage(physicalOffset);
        const detail = `the body of the message (${size} bytes with all its fields) does not fit its CRC`;
        this.#logFault('log-crc', physicalOffset, detail);
        break;
      }
      case 'wrong-property':
        if (this.#wrongProperties.length < MAX_WRONG_PROPERTIES) this.#wrongProperties.push({ physicalOffset, size });
        break;
    }
  }

  /**
   * Records whose own CRC is wrong though that of the body is right. Without any that is right, the store does not write
   * this property: then a message brought it along from elsewhere.
   */
  #tellWrongProperties(): void {
    if (!this.#hasCrcProperties) return;
    for (const { physicalOffset, size } of this.#wrongProperties) {
      if (this.#firstDamage < 0 || physicalOffset < this.#firstDamage) this.#firstDamage = physicalOffset;
      this.#logFault('log-crc', physicalOffset, `the record (${size} bytes) does not fit its property __CRC32#`);
    }
  }

  /** Tells of the damaged places, now that it is known what is behind them and what leads there. */
  #tellDamages(): LogDamage[] {
    this.#tellWrongProperties();
    const damages = this.#damages.list(this.#records);
    for (const { kind, physicalOffset, end, reason, recordsBehind, queueEntries, indexEntries } of damages) {
      const what =
        kind === 'file-gap'
          ? `missing: no file of the commit log from ${physicalOffset} to ${end}`
          : `${end - physicalOffset} bytes without a record, up to ${end}: ${reason}`;
      const leads =
        queueEntries + indexEntries > 0
          ? `${queueEntries} queue and ${indexEntries} index entries lead there`
          : 'no entry leads there';
      const detail = `${what}; ${leads}, ${recordsBehind} messages follow`;
      if (kind === 'log-damage') this.#logFault(kind, physicalOffset, detail);
      else this.#faults.add(kind, pathOf(this.#store.log, physicalOffset), detail, { physicalOffset });
    }
    return damages;
  }

  #damage(physicalOffset: number): void {
    if (this.#firstDamage < 0) this.#firstDamage = physicalOffset;
  }

  #logFault(kind: StoreFaultKind, physicalOffset: number, detail: string, isWarning = false): void {
    const { path, place } = placeInLog(this.#store, physicalOffset);
    this.#faults.add(kind, path, detail, place, isWarning);
  }

  #checkRecord(record: RecordView, bytes: Uint8Array): void {
    const name = Buffer.from(bytes.buffer, record.topicStart, record.topicEnd - record.topicStart).toString('utf8');
    const topic = this.#queues.topic(name);
    scanProperties(bytes, record.propertiesStart, record.propertiesEnd, this.#ranges);
    if ((record.sysFlag & MessageSysFlag.TRANSACTION_MASK) !== MessageSysFlag.TRANSACTION_ROLLBACK_TYPE) {
      this.#index.check(record, bytes, this.#ranges, topic.keySeed);
    }
    this.#queues.check(topic, record, bytes, this.#ranges);
  }

  #checkCheckpoint(): void {
    const { checkpoint, root } = this.#store;
    if (!checkpoint || this.#context.isRunning) return;
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
}

/** Faults before warnings, then as the kinds are listed: the log first. */
function rankOf({ kind, severity }: StoreFault): number {
  return STORE_FAULT_KINDS.indexOf(kind) + (severity === 'fault' ? 0 : STORE_FAULT_KINDS.length);
}
