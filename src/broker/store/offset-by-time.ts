import type { ConsumeQueue } from './consume-queue.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import type { BoundaryType } from './store-types.js';
import { batchBaseOffset, batchStoreTimestamp, unitPhysicalOffset, unitSize } from './unit-slab.js';

/**
 * Finds a queue offset by store time.
 *
 * `lower`: the first message stored at or after `timestamp`, maxOffset if there is none. `upper`: the last one stored
 * at or before it, minOffset if there is none. Between two messages `lower` is the later and `upper` the earlier one.
 *
 * Apache first picks a consume-queue file by the store times of its ends and searches inside it; over store times that
 * do not decrease this is the same.
 *
 * @param minPhysicalOffset where the log starts
 * Pages that may have to come from disk are read in the thread pool: a search looks at some twenty, far apart.
 *
 * @param storeTimestampOf store time (ms) of a record; -1 if it can not be read, which gives minOffset as in Apache
 * @param touchRecord has a record's first page come from disk; null if that is not needed
 * @throws StoreIoError if the consume queue can not be read
 * Source: store/ConsumeQueue.java#binarySearchInQueueByTime, store/MappedFileQueue.java
 */
export async function offsetByTime(
  queues: ConsumeQueueStore,
  queue: ConsumeQueue,
  timestamp: number,
  boundary: BoundaryType,
  minPhysicalOffset: number,
  storeTimestampOf: (physicalOffset: number, size: number) => number,
  touchRecord: (physicalOffset: number) => Promise<unknown> | null,
): Promise<number> {
  if (queue.batch) return batchOffsetByTime(queues, queue, timestamp, boundary);
  let low = queue.minOffset;
  let high = queue.maxOffset;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const unitTouch = queues.touch(queue, middle);
    if (unitTouch) await unitTouch;
    const unit = queues.unit(queue, middle);
    if (!unit) return queue.minOffset;
    const physicalOffset = unitPhysicalOffset(unit, 0);
    const size = unitSize(unit, 0);
    let isBefore = true;
    if (physicalOffset >= minPhysicalOffset) {
      const recordTouch = touchRecord(physicalOffset);
      if (recordTouch) await recordTouch;
      const time = storeTimestampOf(physicalOffset, size);
      if (time < 0) return queue.minOffset;
      isBefore = boundary === 'lower' ? time < timestamp : time <= timestamp;
    }
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return boundary === 'lower' ? low : Math.max(queue.minOffset, low - 1);
}

/**
 * The same in a batch queue, by whole batches: the first offset of the batch. Its units have the store time. As in
 * Apache, a time after the last batch leads to this one, whatever the boundary.
 *
 * Source: store/queue/BatchConsumeQueue.java#getOffsetInQueueByTime
 */
async function batchOffsetByTime(
  queues: ConsumeQueueStore,
  queue: ConsumeQueue,
  timestamp: number,
  boundary: BoundaryType,
): Promise<number> {
  let low = queue.minUnit;
  let high = queue.maxUnit;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const unitTouch = queues.touch(queue, middle);
    if (unitTouch) await unitTouch;
    const unit = queues.unit(queue, middle);
    if (!unit) return queue.minOffset;
    const time = batchStoreTimestamp(unit, 0);
    if (boundary === 'lower' ? time < timestamp : time <= timestamp) low = middle + 1;
    else high = middle;
  }
  const found = boundary === 'lower' ? Math.min(low, queue.maxUnit - 1) : low - 1;
  const unit = found < queue.minUnit ? null : queues.unit(queue, found);
  return unit ? batchBaseOffset(unit, 0) : queue.minOffset;
}
