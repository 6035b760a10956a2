import type { Clock } from '../../base/clock.js';
import { delayLevelMs, parseDelayLevels } from '../../protocol/delay-level.js';
import { addressBytes, type HostAddress } from '../../protocol/host-address.js';
import { indexHash, javaHashCode } from '../../protocol/java-hash.js';
import {
  decodeProperties,
  encodeProperties,
  KEY_SEPARATOR,
  MAX_PROPERTIES_BYTES,
  MessageProperty,
} from '../../protocol/message-property.js';
import { MessageSysFlag } from '../../protocol/sys-flag.js';
import { isLmq, isRetryTopic, SystemTopic } from '../../protocol/topic-validator.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue, TopicHandle } from './consume-queue.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import {
  delayLevelOf,
  forEachKeyHash,
  innerCountOf,
  isLmqParent,
  isLmqQueue,
  newPropertyRanges,
  type PropertyRanges,
  scanProperties,
  tagsCodeOf,
} from './property-scan.js';
import { CRC_PROPERTY_BYTES, writeCrcProperty } from './record-crc.js';
import { MAX_TOPIC_V1 } from './record-layout.js';
import { type RecordFields, recordSize, writeRecord } from './record-writer.js';
import type { MessageStoreConfig } from './store-config.js';
import type { StoreCounters } from './store-counters.js';
import type { PutBatchRecord, PutCommon, PutMessage, PutResult, PutStatus } from './store-types.js';

export interface MessageAppenderOptions {
  config: MessageStoreConfig;
  clock: Clock;
  storeHost: HostAddress;
  log: CommitLog<ConsumeQueue>;
  queues: ConsumeQueueStore;
  counters: StoreCounters;
  isWriteable: () => boolean;
}

const MAX_TOPIC_BYTES = 255;
const MAX_BORN_HOSTS = 1_024;
const LMQ_QUEUE_ID = 0;
const LMQ_SEPARATOR = ',';
const PAIR_END = 2;
const NO_BYTES = new Uint8Array(0);
const NOTHING_PUT = { physicalOffset: -1, size: -1, queueOffset: -1, storeTimestamp: -1 };

/**
 * Checks messages and encodes them into the log.
 *
 * Source: store/CommitLog.java#asyncPutMessage, #asyncPutMessages
 */
export class MessageAppender {
  readonly #log: CommitLog<ConsumeQueue>;
  readonly #config: MessageStoreConfig;
  readonly #clock: Clock;
  readonly #queues: ConsumeQueueStore;
  readonly #counters: StoreCounters;
  readonly #isWriteable: () => boolean;
  readonly #delayLevels: readonly number[];
  readonly #ranges = newPropertyRanges();
  readonly #bornHosts = new Map<string, Uint8Array>();
  readonly #fields: RecordFields;
  #stamp = 0;
  /** tagsCode of the record appended last. */
  #tagsCodeOfLast = 0;

  /** @throws MQError CONFIG if the delay level table makes no sense */
  constructor(options: MessageAppenderOptions) {
    this.#log = options.log;
    this.#config = options.config;
    this.#clock = options.clock;
    this.#queues = options.queues;
    this.#counters = options.counters;
    this.#isWriteable = options.isWriteable;
    this.#delayLevels = parseDelayLevels(options.config.messageDelayLevel, options.config.timeScale);
    const none = new Uint8Array(0);
    this.#fields = {
      topicBytes: none,
      queueId: 0,
      flag: 0,
      sysFlag: 0,
      queueOffset: 0,
      physicalOffset: 0,
      bornTimestamp: 0,
      bornHostBytes: none,
      bornPort: 0,
      storeTimestamp: 0,
      storeHostBytes: none,
      storePort: 0,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: none,
      propertiesBytes: none,
    };
    this.setStoreHost(options.storeHost);
  }

  /**
   * Sets the address that the records of later puts carry.
   *
   * @throws MessageFormatError if it is no IP address
   */
  setStoreHost(host: HostAddress): void {
    this.#fields.storeHostBytes = addressBytes(host.address);
    this.#fields.storePort = host.port;
  }

  /** Store time of the newest record, ms. */
  get lastStamp(): number {
    return this.#stamp;
  }

  /** Store time for a record, ms: the time of the turn's first put. */
  stampTime(): number {
    const log = this.#log;
    if (log.position === log.writtenEnd) this.#stamp = this.#clock.now();
    return this.#stamp;
  }

  /**
   * Appends a message: encoded and with its offsets when this returns, written at the end of the turn. Acknowledge it
   * when `whenDurable(physicalOffset + size)`, called in the same turn, says so.
   */
  putMessage(message: PutMessage): PutResult {
    const status = this.#checkPut(message, message.body.length);
    if (status !== 'PUT_OK') return this.#refused(status);
    const handle = this.#queues.topic(message.topic);
    const isInnerBatch = (message.sysFlag & MessageSysFlag.INNER_BATCH_FLAG) !== 0;
    const lmqNames = this.#config.enableLmq && isLmqParent(message.topic) ? multiDispatchOf(message) : null;
    let properties: Uint8Array;
    if (isInnerBatch || lmqNames || this.#config.enabledAppendPropCRC) {
      if (isInnerBatch && !this.#queues.queue(handle, message.queueId).batch) return this.#refused('MESSAGE_ILLEGAL');
      if (lmqNames && this.#areTooManyLmqs) return this.#refused('LMQ_CONSUME_QUEUE_NUM_EXCEEDED');
      properties = this.#storedProperties(message, handle, isInnerBatch, lmqNames);
    } else {
      properties = bytesOf(message.propertiesText);
    }
    if (properties.length > MAX_PROPERTIES_BYTES) return this.#refused('PROPERTIES_SIZE_EXCEEDED');
    const fields = this.#fields;
    this.#setCommon(handle, message);
    const size = this.#sizeOf(message.body, properties);
    if (lmqNames && size > this.#config.maxMessageSize) return this.#refused('MESSAGE_ILLEGAL');
    const log = this.#log;
    const at = log.reserve(size);
    if (at < 0) return this.#refused(log.refusal);
    fields.preparedTransactionOffset = message.preparedTransactionOffset;
    const result = this.#append(at, size, handle, message.flag, message.body, properties, message);
    if (lmqNames && this.#config.enableMultiDispatch) this.#dispatchToLmqs(lmqNames, result);
    return result;
  }

  /**
   * Appends messages as one: all or none are accepted, their records stand in one file and have consecutive queue
   * offsets.
   *
   * @param commonProperties property text that every record gets behind its own
   * @returns one result for each record
   */
  putBatch(common: PutCommon, records: readonly PutBatchRecord[], commonProperties: string): PutResult[] {
    const refuse = (status: PutStatus) => records.map(() => this.#refused(status));
    const more = bytesOf(commonProperties);
    const crcBytes = this.#config.enabledAppendPropCRC ? CRC_PROPERTY_BYTES : 0;
    const properties = records.map((record) => joinProperties(bytesOf(record.propertiesText), more, crcBytes));
    if (properties.some((bytes) => bytes.length > MAX_PROPERTIES_BYTES)) return refuse('PROPERTIES_SIZE_EXCEEDED');
    // What they have in common is looked at once.
    const status = this.#checkPut(
      common,
      records.reduce((most, { body }) => Math.max(most, body.length), 0),
    );
    if (status !== 'PUT_OK') return refuse(status);
    const handle = this.#queues.topic(common.topic);
    this.#setCommon(handle, common);
    this.#fields.preparedTransactionOffset = 0;
    const sizes = records.map((record, i) => this.#sizeOf(record.body, properties[i] as Uint8Array));
    const log = this.#log;
    let at = log.reserve(sizes.reduce((sum, size) => sum + size, 0));
    if (at < 0) return refuse(log.refusal);
    return records.map((record, i) => {
      const size = sizes[i] as number;
      const result = this.#append(at, size, handle, record.flag, record.body, properties[i] as Uint8Array, {});
      at += size;
      return result;
    });
  }

  /** Properties with what the store adds to them: offsets in other queues, and room for the CRC. */
  #storedProperties(
    { propertiesText, queueId }: PutMessage,
    handle: TopicHandle,
    isInnerBatch: boolean,
    lmqNames: readonly string[] | null,
  ): Uint8Array {
    const text = typeof propertiesText === 'string' ? propertiesText : Buffer.from(propertiesText).toString('utf8');
    const crcBytes = this.#config.enabledAppendPropCRC ? CRC_PROPERTY_BYTES : 0;
    const hasCRC = crcBytes > 0 && text.includes(MessageProperty.CRC32);
    if (!isInnerBatch && !lmqNames && !hasCRC) return joinProperties(bytesOf(text), NO_BYTES, crcBytes, true);
    const properties = decodeProperties(text);
    if (crcBytes > 0) properties.delete(MessageProperty.CRC32);
    if (isInnerBatch) {
      properties.set(MessageProperty.INNER_BASE, String(this.#queues.queue(handle, queueId).nextOffset));
    }
    if (lmqNames) {
      const offsets = lmqNames.map((name) => (isLmq(name) ? this.#lmqOffset(name) : ''));
      properties.set(MessageProperty.INNER_MULTI_QUEUE_OFFSET, offsets.join(LMQ_SEPARATOR));
    }
    return joinProperties(bytesOf(encodeProperties(properties)), NO_BYTES, crcBytes, true);
  }

  #lmqOffset(name: string): number {
    return this.#queues.find(name, LMQ_QUEUE_ID)?.nextOffset ?? 0;
  }

  get #areTooManyLmqs(): boolean {
    return this.#config.enableMultiDispatch && this.#queues.lmqCount > this.#config.maxLmqConsumeQueueNum;
  }

  #dispatchToLmqs(names: readonly string[], { physicalOffset, size, storeTimestamp }: PutResult): void {
    for (const name of new Set(names)) {
      if (!isLmqQueue(name)) continue;
      const queue = this.#queues.queue(this.#queues.topic(name), LMQ_QUEUE_ID);
      this.#log.acceptAlso(queue, physicalOffset, size, this.#tagsCodeOfLast, storeTimestamp);
    }
  }

  #refused(status: PutStatus): PutResult {
    this.#counters.putFailures += 1;
    return { status, ...NOTHING_PUT };
  }

  /** What makes a message impossible to store, before anything is encoded. */
  #checkPut(common: PutCommon, bodyBytes: number): PutStatus {
    if (!this.#isWriteable()) return 'SERVICE_NOT_AVAILABLE';
    const { topic, queueId } = common;
    const topicBytes = Buffer.byteLength(topic, 'utf8');
    const isLong = topicBytes > MAX_TOPIC_V1;
    if (topicBytes === 0 || topicBytes > MAX_TOPIC_BYTES || (isLong && !isRetryTopic(topic))) return 'MESSAGE_ILLEGAL';
    if (isLong && !this.#config.autoMessageVersionOnTopicLen) return 'MESSAGE_ILLEGAL';
    if (topic.includes('/') || topic.includes('\0') || topic === '.' || topic === '..') return 'MESSAGE_ILLEGAL';
    if (!Number.isInteger(queueId) || queueId < 0) return 'MESSAGE_ILLEGAL';
    if (bodyBytes > this.#config.maxMessageSize) return 'MESSAGE_ILLEGAL';
    return 'PUT_OK';
  }

  #setCommon(handle: TopicHandle, common: PutCommon): void {
    const fields = this.#fields;
    fields.topicBytes = handle.nameBytes;
    fields.queueId = common.queueId;
    fields.sysFlag = common.sysFlag;
    fields.bornTimestamp = common.bornTimestamp;
    fields.bornHostBytes = this.#bornHost(common.bornHost.address);
    fields.bornPort = common.bornHost.port;
    fields.reconsumeTimes = common.reconsumeTimes;
    fields.storeTimestamp = this.stampTime();
  }

  #bornHost(address: string): Uint8Array {
    let bytes = this.#bornHosts.get(address);
    if (!bytes) {
      bytes = addressBytes(address);
      if (this.#bornHosts.size >= MAX_BORN_HOSTS) this.#bornHosts.clear();
      this.#bornHosts.set(address, bytes);
    }
    return bytes;
  }

  #sizeOf(body: Uint8Array, properties: Uint8Array): number {
    const { topicBytes, bornHostBytes, storeHostBytes } = this.#fields;
    return recordSize(body.length, topicBytes.length, properties.length, bornHostBytes.length, storeHostBytes.length);
  }

  /** Encodes one record at a reserved place and accepts it. */
  #append(
    at: number,
    size: number,
    handle: TopicHandle,
    flag: number,
    body: Uint8Array,
    properties: Uint8Array,
    given: Pick<PutMessage, 'keys' | 'tagsCode'>,
  ): PutResult {
    const log = this.#log;
    const fields = this.#fields;
    const transaction = fields.sysFlag & MessageSysFlag.TRANSACTION_MASK;
    const isQueued =
      transaction === MessageSysFlag.TRANSACTION_NOT_TYPE || transaction === MessageSysFlag.TRANSACTION_COMMIT_TYPE;
    const queue = isQueued ? this.#queues.queue(handle, fields.queueId) : null;
    const physicalOffset = log.position;
    const queueOffset = queue?.nextOffset ?? 0;
    const { storeTimestamp } = fields;
    fields.flag = flag;
    fields.queueOffset = queueOffset;
    fields.physicalOffset = physicalOffset;
    fields.body = body;
    fields.propertiesBytes = properties;
    const propertiesAt = writeRecord(log.view, log.bytes, at, size, fields);
    if (this.#config.enabledAppendPropCRC) writeCrcProperty(log.bytes, at, size);
    const ranges = this.#ranges;
    scanProperties(log.bytes, propertiesAt, at + size, ranges);
    if (this.#config.messageIndexEnable && transaction !== MessageSysFlag.TRANSACTION_ROLLBACK_TYPE) {
      if (given.keys) addKeys(log, handle.keySeed, given.keys.uniqKey, given.keys.keys);
      else forEachKeyHash(log.bytes, ranges, handle.keySeed, (keyHash) => log.addKey(keyHash));
    }
    const tagsCode = given.tagsCode ?? this.tagsCode(handle.name, log.bytes, ranges, storeTimestamp);
    const count = queue?.batch ? innerCountOf(log.bytes, ranges) : 1;
    this.#tagsCodeOfLast = tagsCode;
    log.accept(queue, size, tagsCode, storeTimestamp, count);
    return { status: 'PUT_OK', physicalOffset, size, queueOffset, storeTimestamp };
  }

  /** tagsCode of a consume-queue unit: the deliver time on the schedule topic, else the hash of TAGS. */
  tagsCode(topic: string, bytes: Uint8Array, ranges: PropertyRanges, storeTimestamp: number): number {
    if (topic === SystemTopic.SCHEDULE_TOPIC) {
      const level = delayLevelOf(bytes, ranges);
      if (level > 0) return storeTimestamp + delayLevelMs(level, this.#delayLevels);
    }
    return tagsCodeOf(bytes, ranges);
  }
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
}

/** The names in INNER_MULTI_DISPATCH; null without any. */
function multiDispatchOf({ propertiesText }: PutMessage): string[] | null {
  const text = typeof propertiesText === 'string' ? propertiesText : Buffer.from(propertiesText).toString('utf8');
  if (!text.includes(MessageProperty.INNER_MULTI_DISPATCH)) return null;
  const names = decodeProperties(text).get(MessageProperty.INNER_MULTI_DISPATCH);
  if (!names?.trim()) return null;
  const list = names.split(LMQ_SEPARATOR);
  // Java's split leaves out what is empty at the end.
  while (list.at(-1) === '') list.pop();
  return list;
}

/**
 * Two property texts as one, with free room behind them.
 *
 * @param isClosed close the text with a separator even if nothing but room follows
 */
function joinProperties(first: Uint8Array, second: Uint8Array, roomBytes: number, isClosed = false): Uint8Array {
  if (second.length === 0 && roomBytes === 0) return first;
  const isOpen = first.length > 0 && first[first.length - 1] !== PAIR_END;
  const separator = isOpen && (second.length > 0 || isClosed) ? 1 : 0;
  const joined = new Uint8Array(first.length + separator + second.length + roomBytes);
  joined.set(first);
  if (separator) joined[first.length] = PAIR_END;
  joined.set(second, first.length + separator);
  return joined;
}

function addKeys(log: CommitLog<ConsumeQueue>, keySeed: number, uniqKey: string | null, keys: string | null): void {
  if (uniqKey) log.addKey(indexHash(javaHashCode(uniqKey, keySeed)));
  for (const key of keys?.split(KEY_SEPARATOR) ?? []) {
    if (key) log.addKey(indexHash(javaHashCode(key, keySeed)));
  }
}
