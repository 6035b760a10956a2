/** What can be wrong with a store. */
export const STORE_FAULT_KINDS = [
  /** A repair was stopped while it put in place what it had built. */
  'unfinished-repair',
  /** A file whose name is no offset: Apache's broker and ours do not start with it. */
  'stray-file',
  /** A file of another size than its neighbours: likewise. */
  'file-size',
  /** A part in a form that is not read here: RocksDB, DLedger, the tiered store. */
  'unreadable',
  /** Files are missing between two others. */
  'file-gap',
  /** There is no file of the commit log, but queues have entries. */
  'log-missing',
  /** No record stands where one has to, and more follow. */
  'log-damage',
  /** A body, or a whole record, that does not fit its CRC. */
  'log-crc',
  /** Bytes behind the last whole record: what a crash leaves. */
  'torn-tail',
  /** A file of a consume queue without any entry: Apache's recovery may make one of zeros of it. */
  'queue-empty-file',
  /** An entry of a consume queue that leads out of the log, or to another message than its own. */
  'queue-entry',
  /** An entry whose extension is missing, or that of another message. */
  'ext-entry',
  /** Messages of the log that their consume queue has no entry for. */
  'queue-missing',
  /** An index file of sizes that no parameters make. */
  'index-file',
  /** An index entry that leads nowhere, or to a message without this key. */
  'index-entry',
  /** Messages whose keys the index does not have. */
  'index-missing',
  /** The checkpoint promises more than there is. */
  'checkpoint',
  /** A table in config/ that can not be read. */
  'config-json',
  /** A committed offset that its queue does not have (any more). */
  'consumer-offset',
  /** An entry of the timer log that leads to no message of the timer topic, is none, or does not go on with the one before. */
  'timer-entry',
  /** A slot of the timer wheel that does not lead to its entries in the timer log. */
  'timer-slot',
] as const;

export type StoreFaultKind = (typeof STORE_FAULT_KINDS)[number];

export interface StoreFault {
  readonly kind: StoreFaultKind;
  /** `warning`: nothing a broker minds, or that a running broker may have in its memory. */
  readonly severity: 'fault' | 'warning';
  /** The file or folder. */
  readonly path: string;
  /** Byte in the file; null if it is about the whole of it. */
  readonly filePosition: number | null;
  /** Byte in the whole commit log; null if it is not about one. */
  readonly physicalOffset: number | null;
  readonly topic: string | null;
  readonly queueId: number | null;
  readonly queueOffset: number | null;
  /** What is wrong, in words. */
  readonly detail: string;
}

/** Faults beyond so many of a kind are counted, not kept. */
const MAX_FAULTS_OF_A_KIND = 200;

type Place = Partial<Pick<StoreFault, 'filePosition' | 'physicalOffset' | 'topic' | 'queueId' | 'queueOffset'>>;

/** Faults as they are found: a bounded list, and what repair has to know of all. */
export class FaultList {
  readonly list: StoreFault[] = [];
  readonly counts = new Map<StoreFaultKind, number>();
  faults = 0;
  warnings = 0;
  /** Consume queues with faults, as `batch?topic/queueId` paths of their folders: bounded by the number of queues. */
  readonly badQueues = new Set<string>();

  add(kind: StoreFaultKind, path: string, detail: string, place: Place = {}, isWarning = false): void {
    if (isWarning) this.warnings += 1;
    else this.faults += 1;
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    if (count > MAX_FAULTS_OF_A_KIND) return;
    const { filePosition = null, physicalOffset = null, topic = null, queueId = null, queueOffset = null } = place;
    const severity = isWarning ? 'warning' : 'fault';
    this.list.push({ kind, severity, path, filePosition, physicalOffset, topic, queueId, queueOffset, detail });
  }
}
