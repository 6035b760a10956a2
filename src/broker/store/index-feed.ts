import type { AcceptedRecords } from './accepted-records.js';
import type { ConsumeQueue } from './consume-queue.js';
import type { IndexService } from './index-service.js';

/** Index keys added in one go after the replies of a turn. */
const INDEX_SLICE_KEYS = 2_048;
/** So many records may wait for the index; beyond that puts pay for it. */
const MAX_UNINDEXED = 65_536;

/** Brings the keys of dispatched records to the index, in slices after the replies of a turn: no send waits for it. */
export class IndexFeed {
  readonly #records: AcceptedRecords<ConsumeQueue>;
  readonly #index: IndexService | null;
  #isScheduled = false;
  /** Keys that could not be added: [keyHash, physicalOffset, storeTimestamp, ...]. */
  #failedKeys: number[] = [];

  constructor(records: AcceptedRecords<ConsumeQueue>, index: IndexService | null) {
    this.#records = records;
    this.#index = index;
  }

  /** Whether there are keys that the index has not got. */
  get isBehind(): boolean {
    return this.#records.unindexed > 0 || this.#failedKeys.length > 0;
  }

  /** Adds keys in the turns to come; some at once if too many wait. */
  schedule(): void {
    while (this.#records.unindexed > MAX_UNINDEXED && this.slice());
    if (this.#isScheduled || this.#records.unindexed === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.slice()) this.schedule();
    });
  }

  /** Tries again what failed, and goes on. */
  retry(): void {
    this.schedule();
    if (this.#failedKeys.length > 0) this.slice();
  }

  /** Adds some keys to the index; false if that fails, to be tried again later. */
  slice(): boolean {
    const index = this.#index;
    const failed = this.#failedKeys;
    if (index && failed.length > 0) {
      let at = 0;
      while (at < failed.length) {
        if (!index.put(failed[at] as number, failed[at + 1] as number, failed[at + 2] as number)) break;
        at += 3;
      }
      failed.splice(0, at);
      if (failed.length > 0) return false;
    }
    this.#records.index(INDEX_SLICE_KEYS, (keyHash, physicalOffset, storeTimestamp) => {
      if (!index) return;
      if (failed.length > 0 || !index.put(keyHash, physicalOffset, storeTimestamp)) {
        failed.push(keyHash, physicalOffset, storeTimestamp);
      }
    });
    return failed.length === 0;
  }
}
