import type { HostAddress } from '../../protocol/message.js';
import type { ExtUnit } from './consume-queue-ext.js';

/**
 * Outcome of a put, named as Java's PutMessageStatus (store/PutMessageStatus.java). PUT_OK, FLUSH_DISK_TIMEOUT,
 * FLUSH_SLAVE_TIMEOUT and SLAVE_NOT_AVAILABLE mean that the message is in the log.
 */
export type PutStatus =
  | 'PUT_OK'
  | 'FLUSH_DISK_TIMEOUT'
  | 'FLUSH_SLAVE_TIMEOUT'
  | 'SLAVE_NOT_AVAILABLE'
  | 'SERVICE_NOT_AVAILABLE'
  | 'CREATE_MAPPED_FILE_FAILED'
  | 'MESSAGE_ILLEGAL'
  | 'PROPERTIES_SIZE_EXCEEDED'
  | 'OS_PAGE_CACHE_BUSY'
  | 'LMQ_CONSUME_QUEUE_NUM_EXCEEDED'
  | 'UNKNOWN_ERROR';

/** Outcome of a read, named as Java's GetMessageStatus; also the remark of a pull answer. */
export type GetStatus =
  | 'FOUND'
  | 'NO_MATCHED_MESSAGE'
  | 'MESSAGE_WAS_REMOVING'
  | 'OFFSET_FOUND_NULL'
  | 'OFFSET_OVERFLOW_BADLY'
  | 'OFFSET_OVERFLOW_ONE'
  | 'OFFSET_TOO_SMALL'
  | 'NO_MATCHED_LOGIC_QUEUE'
  | 'NO_MESSAGE_IN_QUEUE';

/** Index keys of a message: UNIQ_KEY, and the KEYS property as it is stored (items separated by one space). */
export interface MessageKeys {
  uniqKey: string | null;
  keys: string | null;
}

/** What every message of a put shares. */
export interface PutCommon {
  /** Stored topic (after any rewriting to schedule, half or timer topics). */
  topic: string;
  queueId: number;
  /** Bits of protocol/sys-flag; the store adds the two IPv6 bits. */
  sysFlag: number;
  /** ms since the epoch. */
  bornTimestamp: number;
  bornHost: HostAddress;
  reconsumeTimes: number;
}

/** One message to append. Bytes are copied before `putMessage` returns. */
export interface PutMessage extends PutCommon {
  /** The user's flag. */
  flag: number;
  preparedTransactionOffset: number;
  /** As it is to be stored: a compressed body stays compressed. */
  body: Uint8Array;
  /** Property text as stored (name U+0001 value U+0002 ...), as text or as its UTF-8 bytes. */
  propertiesText: string | Uint8Array;
  /** Consume-queue tagsCode; by default computed from TAGS (or, on SCHEDULE_TOPIC_XXXX, the deliver time from DELAY). */
  tagsCode?: number;
  /** By default read from propertiesText. */
  keys?: MessageKeys;
}

/** One message of a classic batch. */
export interface PutBatchRecord {
  flag: number;
  body: Uint8Array;
  propertiesText: string | Uint8Array;
}

/** Fields other than `status` are -1 unless the message was accepted. */
export interface PutResult {
  status: PutStatus;
  /** Byte in the whole commit log where the record starts. */
  physicalOffset: number;
  /** Bytes of the record. */
  size: number;
  /** Index in its queue; 0 for prepared and rollback records, which have none. */
  queueOffset: number;
  /** ms since the epoch. */
  storeTimestamp: number;
}

/**
 * Decides by tagsCode (int32 hash of TAGS; a deliver time on the schedule topic) whether a unit may match.
 * null matches everything.
 */
export type TagFilter = ((tagsCode: number) => boolean) | null;

/**
 * Decides by the extension of a consume-queue unit whether the message may match: its store time (ms), and the bits of
 * the groups that want it, or null if nobody said.
 */
export type ExtFilter = (storeTimestamp: number, bitMap: Uint8Array | null) => boolean;

/**
 * Bits of the groups that want a message of a topic, by its stored properties, `[start, end)` of `bytes`; null if none
 * are to be stored.
 */
export type BitMapOf = (topic: string, bytes: Uint8Array, start: number, end: number) => Uint8Array | null;

/** Decides by the stored properties of a message, `[start, end)` of `bytes`, which are not kept. */
export type PropertiesFilter = (bytes: Uint8Array, start: number, end: number) => boolean;

/** Result of a read. */
export interface GetResult {
  status: GetStatus;
  /** Queue offset to go on with. */
  nextBeginOffset: number;
  minOffset: number;
  maxOffset: number;
  /** Stored records one after the other, owned by the caller; null unless FOUND. */
  bytes: Buffer | null;
  /** Number of records in `bytes`. */
  count: number;
  /** Number of messages in them: more if there are inner batches among them. */
  messageCount: number;
  /** Queue offset of each record in `bytes`, of its first message. */
  queueOffsets: number[];
  /** The reader is farther behind than accessMessageInMemoryMaxRatio of RAM. */
  suggestPullingFromSlave: boolean;
}

/** Outcome of the synchronous, in-memory pull. `bytesWritten` is 0 unless FOUND. */
export interface CopyResult {
  status: GetStatus;
  nextBeginOffset: number;
  minOffset: number;
  maxOffset: number;
  bytesWritten: number;
  count: number;
}

/** Answer of a look-up by key. Key hashes may collide: readers compare the keys of what they get. */
export interface QueryResult {
  /** Physical offsets, ascending; one for each entry of `messages`. */
  offsets: number[];
  messages: Buffer[];
  /** endTimestamp (ms) and endPhyOffset of the newest index file; 0 without one. */
  lastUpdateTimestamp: number;
  lastUpdatePhyOffset: number;
}

/** One entry of a consume queue. */
export interface QueueUnit {
  queueOffset: number;
  physicalOffset: number;
  /** Bytes of the record. */
  size: number;
  /** int32 hash of TAGS, or the deliver time (ms) on the schedule topic; 0 if only a lost extension had it. */
  tagsCode: number;
  /** What the unit's extension says; null without. */
  extension: ExtUnit | null;
  /** What stands in place of the tagsCode, if the extension it leads to can not be found; else null. */
  lostExtAddress: bigint | null;
  /** Messages of the record, which have the offsets from queueOffset on: 1 but for inner batches. */
  batchSize: number;
}

/** `lower`: first message stored at or after the time; `upper`: last stored at or before it. */
export type BoundaryType = 'lower' | 'upper';

/**
 * Reports how far the log is durable under the store's flush mode.
 *
 * - PUT_OK: every record that ends at or before `physicalEnd` is durable.
 * - FLUSH_DISK_TIMEOUT: every record that ends at or before `physicalEnd` and was not reported yet is written, but
 *   waited longer than syncFlushTimeout for the disk. It will not be reported again.
 * - any other status: every record that ends after `physicalEnd` was rolled back and is not in the log.
 */
export type DurableListener = (physicalEnd: number, status: PutStatus) => void;

/**
 * New messages can be read from a queue. Called at most once for each queue and commit.
 *
 * @param maxOffset the queue's new max offset
 * @param tagsCode of the message; null if several with different codes arrived
 * @param storeTimestamp of the newest message, ms
 */
export type ArrivalListener = (
  topic: string,
  queueId: number,
  maxOffset: number,
  tagsCode: number | null,
  storeTimestamp: number,
) => void;

/** One queue, as `queues()` lists it. */
export interface QueueInfo {
  topic: string;
  queueId: number;
  minOffset: number;
  maxOffset: number;
}

/** Counters since start; rates are for the caller to derive. */
export interface StoreStats {
  /** Records accepted into the log. */
  putMessages: number;
  putBytes: number;
  /** Puts refused, of any status. */
  putFailures: number;
  /** Largest size (bytes) and mean size of an accepted record. */
  putMessageSizeMax: number;
  /** Longest time from a put to its commit, ms. */
  putMessageEntireTimeMax: number;
  /** Number of commits by duration: Apache's buckets, see PUT_TIME_BUCKETS. */
  putTimeDistribution: number[];
  /** getMessage calls that found, missed; messages handed out. */
  getFoundTimes: number;
  getMissTimes: number;
  getMessages: number;
  getBytes: number;
  /** Bytes [minPhyOffset, maxPhyOffset) are in the log. */
  minPhyOffset: number;
  maxPhyOffset: number;
  /** Everything before it is on disk. */
  flushedPhyOffset: number;
  /** Bytes written that are not dispatched to consume queues yet. */
  dispatchBehindBytes: number;
  /** Bits of Java's RunningFlags: 1 not readable, 2 not writeable, 4 CQ error, 8 index error, 16 disk full. */
  runningFlags: number;
  /** ms since the epoch: start, and the oldest message in the log (-1 without one). */
  bootTimestamp: number;
  earliestMessageTimestamp: number;
  /** Used part of the partitions, 0..1 (-1 before the first look). */
  commitLogDiskRatio: number;
  consumeQueueDiskRatio: number;
}
