/** The counters of a queue that acceptance and dispatch move. */
export interface QueueTail {
  /** Queue offset that the next accepted record gets. */
  nextOffset: number;
}

const FIRST_CAPACITY = 1024;

/**
 * Records that the log has accepted and that still have to reach their consume queue and the index: a queue with two
 * readers, kept in typed arrays because it sees every message.
 *
 * All positions are running counts; a count's place in an array is its low bits. Invariant:
 * `indexed <= dispatched <= accepted`, and a record holds the keys `[keyEnd of the one before, its keyEnd)`.
 */
export class AcceptedRecords<Q extends QueueTail> {
  #mask = FIRST_CAPACITY - 1;
  #queue: (Q | null)[] = new Array(FIRST_CAPACITY).fill(null);
  #physical = new Float64Array(FIRST_CAPACITY);
  #size = new Int32Array(FIRST_CAPACITY);
  #tags = new Float64Array(FIRST_CAPACITY);
  #time = new Float64Array(FIRST_CAPACITY);
  #keyEnd = new Float64Array(FIRST_CAPACITY);
  /** Queue offsets that the record takes. */
  #count = new Int16Array(FIRST_CAPACITY);
  #accepted = 0;
  #dispatched = 0;
  #indexed = 0;

  #keyMask = FIRST_CAPACITY - 1;
  #keys = new Int32Array(FIRST_CAPACITY);
  /** End of the keys of accepted records; keys of the record in the making follow. */
  #keysAccepted = 0;
  #keysAdded = 0;
  #keysIndexed = 0;

  /** Records that wait for their consume queue. */
  get undispatched(): number {
    return this.#accepted - this.#dispatched;
  }

  /** Records that are held for one of the two readers. */
  get size(): number {
    return this.#accepted - this.#indexed;
  }

  /** Dispatched records that wait for the index. */
  get unindexed(): number {
    return this.#dispatched - this.#indexed;
  }

  /** Starts a record: forgets keys of one that was given up. */
  begin(): void {
    this.#keysAdded = this.#keysAccepted;
  }

  /** Adds an index key hash to the record in the making. */
  addKey(keyHash: number): void {
    if (this.#keysAdded - this.#keysIndexed > this.#keyMask) this.#growKeys();
    this.#keys[this.#keysAdded & this.#keyMask] = keyHash;
    this.#keysAdded += 1;
  }

  /**
   * Ends a record. `queue` is null if it has no place in a consume queue; else its next offset grows by `count`, which
   * is one but for a batch in one record. Ended once more, without keys, the record gets a place in one more queue.
   */
  push(
    queue: Q | null,
    physicalOffset: number,
    size: number,
    tagsCode: number,
    storeTimestamp: number,
    count = 1,
  ): void {
    if (this.#accepted - this.#indexed > this.#mask) this.#grow();
    const at = this.#accepted & this.#mask;
    this.#queue[at] = queue;
    this.#physical[at] = physicalOffset;
    this.#size[at] = size;
    this.#tags[at] = tagsCode;
    this.#time[at] = storeTimestamp;
    this.#keysAccepted = this.#keysAdded;
    this.#keyEnd[at] = this.#keysAccepted;
    this.#count[at] = count;
    this.#accepted += 1;
    if (queue !== null) queue.nextOffset += count;
  }

  /**
   * Takes back the newest records: those that start at or after `physicalOffset`, none of them dispatched. Their queue
   * offsets will be given out again.
   *
   * @returns how many
   */
  rollBack(physicalOffset: number): number {
    let count = 0;
    while (this.#accepted > this.#dispatched) {
      const at = (this.#accepted - 1) & this.#mask;
      if ((this.#physical[at] as number) < physicalOffset) break;
      const queue = this.#queue[at];
      if (queue) queue.nextOffset -= this.#count[at] as number;
      this.#queue[at] = null;
      this.#accepted -= 1;
      count += 1;
    }
    const newest = (this.#accepted - 1) & this.#mask;
    if (count > 0) this.#keysAccepted = this.size > 0 ? (this.#keyEnd[newest] as number) : this.#keysIndexed;
    this.#keysAdded = this.#keysAccepted;
    return count;
  }

  /** Hands out, in order, the undispatched records that end at or before `physicalEnd`. */
  dispatch(
    physicalEnd: number,
    take: (
      queue: Q | null,
      physicalOffset: number,
      size: number,
      tagsCode: number,
      storeTimestamp: number,
      count: number,
    ) => void,
  ): void {
    while (this.#dispatched < this.#accepted) {
      const at = this.#dispatched & this.#mask;
      const physicalOffset = this.#physical[at] as number;
      const size = this.#size[at] as number;
      if (physicalOffset + size > physicalEnd) return;
      this.#dispatched += 1;
      const queue = this.#queue[at] as Q | null;
      this.#queue[at] = null;
      const count = this.#count[at] as number;
      take(queue, physicalOffset, size, this.#tags[at] as number, this.#time[at] as number, count);
    }
  }

  /**
   * Hands out the keys of dispatched records, in order, whole records at a time.
   *
   * @param maxKeys goes on until at least so many were handed out
   */
  index(maxKeys: number, take: (keyHash: number, physicalOffset: number, storeTimestamp: number) => void): void {
    const stop = this.#keysIndexed + maxKeys;
    while (this.#indexed < this.#dispatched && this.#keysIndexed < stop) {
      const at = this.#indexed & this.#mask;
      const physicalOffset = this.#physical[at] as number;
      const storeTimestamp = this.#time[at] as number;
      const keyEnd = this.#keyEnd[at] as number;
      this.#indexed += 1;
      while (this.#keysIndexed < keyEnd) {
        const keyHash = this.#keys[this.#keysIndexed & this.#keyMask] as number;
        this.#keysIndexed += 1;
        take(keyHash, physicalOffset, storeTimestamp);
      }
    }
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2;
    const mask = capacity - 1;
    const queue: (Q | null)[] = new Array(capacity).fill(null);
    const physical = new Float64Array(capacity);
    const size = new Int32Array(capacity);
    const tags = new Float64Array(capacity);
    const time = new Float64Array(capacity);
    const keyEnd = new Float64Array(capacity);
    const counts = new Int16Array(capacity);
    for (let count = this.#indexed; count < this.#accepted; count++) {
      const from = count & this.#mask;
      const to = count & mask;
      queue[to] = this.#queue[from] as Q | null;
      physical[to] = this.#physical[from] as number;
      size[to] = this.#size[from] as number;
      tags[to] = this.#tags[from] as number;
      time[to] = this.#time[from] as number;
      keyEnd[to] = this.#keyEnd[from] as number;
      counts[to] = this.#count[from] as number;
    }
    this.#mask = mask;
    this.#queue = queue;
    this.#physical = physical;
    this.#size = size;
    this.#tags = tags;
    this.#time = time;
    this.#keyEnd = keyEnd;
    this.#count = counts;
  }

  #growKeys(): void {
    const capacity = (this.#keyMask + 1) * 2;
    const keys = new Int32Array(capacity);
    for (let count = this.#keysIndexed; count < this.#keysAdded; count++) {
      keys[count & (capacity - 1)] = this.#keys[count & this.#keyMask] as number;
    }
    this.#keys = keys;
    this.#keyMask = capacity - 1;
  }
}
