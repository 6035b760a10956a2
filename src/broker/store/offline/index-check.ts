import { join } from 'node:path';
import { indexFileBytes } from '../index-file.js';
import { forEachKeyHash, type PropertyRanges } from '../property-scan.js';
import type { RecordView } from '../record-reader.js';
import type { CheckContext } from './check-context.js';
import { type IndexParameters, IndexScan, indexParameters } from './index-scan.js';
import { INDEX_FOLDER } from './store-layout.js';

/** Holds the entries of all index files against the records of the log, both in their order. */
export class IndexCheck {
  readonly #context: CheckContext;
  readonly #index: IndexScan | null;
  #unindexed = { count: 0, physicalOffset: -1 };
  #behind = { count: 0, physicalOffset: -1 };
  #lastIndexed = -1;

  constructor(context: CheckContext) {
    this.#context = context;
    this.#index = openIndex(context);
  }

  /** Entries that were looked at. */
  get entries(): number {
    return this.#index?.count ?? 0;
  }

  /** Takes the next record. @param ranges its properties; @param keySeed of its topic */
  check(record: RecordView, bytes: Uint8Array, ranges: PropertyRanges, keySeed: number): void {
    const index = this.#index;
    if (!index) return;
    const { physicalOffset } = record;
    const wanted: number[] = [];
    forEachKeyHash(bytes, ranges, keySeed, (keyHash) => wanted.push(keyHash));
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
    const { store, damages } = this.#context;
    const first = store.log.starts[0] ?? 0;
    while (index.physicalOffset < physicalOffset) {
      if (index.physicalOffset >= first && !damages.countEntry(index.physicalOffset, 'indexEntries')) {
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
    this.#context.faults.add(
      'index-entry',
      index.path,
      detail,
      { filePosition, physicalOffset },
      this.#context.isRunning,
    );
  }

  /** The log has ended. */
  end(end: number): void {
    const index = this.#index;
    if (!index) return;
    while (index.physicalOffset < end) {
      this.#passItems(index, index.physicalOffset + 1);
    }
    while (index.physicalOffset !== Number.POSITIVE_INFINITY) {
      this.#indexFault(index, `leads to ${index.physicalOffset}, behind the log's end ${end}`);
      index.next();
    }
    const folder = join(this.#context.store.root, INDEX_FOLDER);
    for (const [missing, what] of [
      [this.#unindexed, 'are not in the index'],
      [this.#behind, 'are newer than the index'],
    ] as const) {
      const { count, physicalOffset } = missing;
      if (count > 0)
        this.#context.faults.add(
          'index-missing',
          folder,
          `keys of ${count} messages ${what}`,
          { physicalOffset },
          this.#context.isRunning,
        );
    }
  }
}

function openIndex({ store, faults, isRunning }: CheckContext): IndexScan | null {
  const parameters = indexParameters(store);
  const files = store.indexFiles.filter((file) => {
    const fault = indexFileFault(file.sizeBytes, parameters);
    if (fault !== null) faults.add('index-file', file.path, fault);
    return fault === null;
  });
  if (!parameters || files.length === 0) return null;
  return new IndexScan(store, files, parameters, (path, filePosition, physicalOffset, detail) => {
    const place = { filePosition, physicalOffset: physicalOffset < 0 ? null : physicalOffset };
    faults.add('index-entry', path, detail, place, isRunning);
  });
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
