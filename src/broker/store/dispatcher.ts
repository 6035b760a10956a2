import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import type { UnitExtension } from './consume-queue-ext.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import type { IndexFeed } from './index-feed.js';
import { propertiesOf } from './record-reader.js';
import type { StoreCounters } from './store-counters.js';
import type { StoreEvents } from './store-events.js';
import type { StoreSaver } from './store-saver.js';
import type { BitMapOf } from './store-types.js';

export interface DispatcherOptions {
  log: CommitLog<ConsumeQueue>;
  queues: ConsumeQueueStore;
  feed: IndexFeed;
  saver: StoreSaver;
  events: StoreEvents;
  counters: StoreCounters;
  bitMapOf: BitMapOf;
  /** ms since the epoch. */
  now: () => number;
  /** Store time of the newest put, ms. */
  lastStamp: () => number;
}

/**
 * Brings records to their queues, and to the index, once they are durable, and tells whoever waits.
 *
 * Source: store/DefaultMessageStore.java#ReputMessageService, #CommitLogDispatcherBuildConsumeQueue
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  #durableEnd = 0;
  #lastPhysicalOffset = -1;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Everything before it may be acknowledged, and can be read. */
  get durableEnd(): number {
    return this.#durableEnd;
  }

  /** What recovery found: where the log ends. */
  startAt(physicalEnd: number): void {
    this.#durableEnd = physicalEnd;
  }

  /** The log is durable up to `physicalEnd`. */
  durable(physicalEnd: number): void {
    const { log, counters, events, feed, saver, now, lastStamp } = this.#options;
    const { records } = log;
    const count = records.undispatched;
    records.dispatch(physicalEnd, this.#dispatch);
    this.#durableEnd = physicalEnd;
    const dispatched = count - records.undispatched;
    counters.committed(dispatched, now() - lastStamp());
    events.release(physicalEnd, 'PUT_OK');
    events.announceArrivals();
    feed.schedule();
    saver.dispatched(dispatched, physicalEnd);
  }

  readonly #dispatch = (
    queue: ConsumeQueue | null,
    physicalOffset: number,
    size: number,
    tagsCode: number,
    storeTimestamp: number,
    count: number,
  ): void => {
    const { counters, events, queues, saver } = this.#options;
    // A record comes once for each of its queues.
    const isFirst = physicalOffset !== this.#lastPhysicalOffset;
    if (isFirst) {
      counters.putMessages += count;
      counters.putBytes += size;
      if (size > counters.putMessageSizeMax) counters.putMessageSizeMax = size;
      saver.dispatchedTime = storeTimestamp;
      this.#lastPhysicalOffset = physicalOffset;
    }
    if (queue === null || queue.isDestroyed) return;
    if (queue.batch === null) {
      // Units of light queues have no extension, as in Apache.
      const extension =
        queue.ext && isFirst ? this.#extension(queue.topic, physicalOffset, size, storeTimestamp) : null;
      queues.append(queue, physicalOffset, size, tagsCode, extension);
    } else queues.appendBatch(queue, physicalOffset, size, tagsCode, storeTimestamp, queue.maxOffset, count);
    events.arrived(queue, tagsCode, storeTimestamp);
  };

  #extension(topic: string, physicalOffset: number, size: number, storeTimestamp: number): UnitExtension {
    const { log, bitMapOf } = this.#options;
    const address = log.addressOf(physicalOffset, size);
    if (address < 0) return { storeTimestamp, bitMap: null };
    const { start, end } = propertiesOf(log.view, address, size);
    return { storeTimestamp, bitMap: bitMapOf(topic, log.bytes, start, end) };
  }
}
