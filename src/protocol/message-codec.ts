/**
 * The stored message record: in commit logs, and concatenated in the bodies of pull and query responses.
 *
 *   totalSize int32 | magic int32 | bodyCRC int32 | queueId int32 | flag int32 | queueOffset int64
 *   | physicalOffset int64 | sysFlag int32 | bornTimestamp int64 | bornHost 4|16 + port int32
 *   | storeTimestamp int64 | storeHost 4|16 + port int32 | reconsumeTimes int32
 *   | preparedTransactionOffset int64 | bodyLength int32, body | topicLength uint8 (V1) or int16 (V2), topic
 *   | propertiesLength int16, properties                                                    big-endian
 *
 * Source: common/.../message/MessageDecoder.java, MessageVersion.java; store/.../MessageExtEncoder.java
 */
import { decompressBody } from './compression.js';
import { crc32 } from './crc32.js';
import { MessageFormatError } from './errors.js';
import { addressBytes, addressText, type HostAddress } from './host-address.js';
import { readInt64Clamped, writeInt64Clamped } from './int64-clamped.js';
import type { MessageExt } from './message.js';
import { waitStoreMsgOK } from './message.js';
import { decodeBatch } from './message-batch.js';
import { decodeProperties, MAX_PROPERTIES_BYTES, MessageProperty, PROPERTY_SEPARATOR } from './message-property.js';
import { isInnerBatch, MessageSysFlag } from './sys-flag.js';

/** Magic of a record whose topic length is one byte (up to 127). */
export const MESSAGE_MAGIC_V1 = -626843481;
/** Magic of a record whose topic length is two bytes; 5.x only. */
export const MESSAGE_MAGIC_V2 = -626843477;
/** Magic of the filler at the end of a commit log file. */
export const BLANK_MAGIC = -875286124;

/** Positions of the fields that stand before the first of variable size. */
export const RecordOffset = {
  TOTAL_SIZE: 0,
  MAGIC: 4,
  BODY_CRC: 8,
  QUEUE_ID: 12,
  FLAG: 16,
  QUEUE_OFFSET: 20,
  PHYSICAL_OFFSET: 28,
  SYS_FLAG: 36,
  BORN_TIMESTAMP: 40,
  BORN_HOST: 48,
} as const;

/** Bytes of a V1 record with v4 hosts and empty body, topic and properties. */
export const RECORD_FIXED_BYTES = 91;
/** Bytes that one v6 host adds. */
export const RECORD_V6_EXTRA_BYTES = 12;
/** Bytes of the property that carries a record's CRC: name, U+0001, 10 digits, U+0002. */
export const CRC_PROPERTY_BYTES = MessageProperty.CRC32.length + 12;

/** A topic longer than this, in UTF-16 code units, makes the record V2. */
const MAX_V1_TOPIC_CHARS = 127;

/** What a record is made of. */
export interface StoredMessage {
  topic: string;
  queueId: number;
  flag: number;
  /** The two bits for v6 hosts are set or cleared by the encoder, from the hosts. */
  sysFlag: number;
  queueOffset: number;
  physicalOffset: number;
  bornTimestamp: number;
  bornHost: HostAddress;
  storeTimestamp: number;
  storeHost: HostAddress;
  reconsumeTimes: number;
  preparedTransactionOffset: number;
  /** As it is to lie in the record: compressed if sysFlag says so. */
  body: Uint8Array;
  /** Text form of the properties (message-property.ts), or its UTF-8 bytes. */
  propertiesText: string | Uint8Array;
  /** Computed from the body when missing. */
  bodyCRC?: number;
}

export interface EncodeOptions {
  /** Append the property `__CRC32#` over the record, as a broker with enabledAppendPropCRC does. */
  appendPropertyCRC?: boolean;
}

function propertiesBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
}

/** `__CRC32#` U+0001, ten decimal digits with the least significant first, U+0002. */
function writeCRCProperty(record: Buffer, at: number, crc: number): void {
  const digits = String(crc).split('').reverse().join('').padEnd(10, '0');
  record.write(`${MessageProperty.CRC32}\u0001${digits}${PROPERTY_SEPARATOR}`, at, 'latin1');
}

/**
 * Encodes one record: the plain way, which the store's fast path is compared with.
 *
 * @returns exactly the record, the caller's own
 * @throws MessageFormatError if topic or properties are too long for their length fields, or a host is no IP
 */
export function encodeStoredMessage(message: StoredMessage, options: EncodeOptions = {}): Buffer {
  const topic = Buffer.from(message.topic, 'utf8');
  const isV2 = message.topic.length > MAX_V1_TOPIC_CHARS;
  const maxTopicBytes = isV2 ? 0x7fff : 0x7f;
  if (topic.length > maxTopicBytes) {
    throw new MessageFormatError(`topic of ${topic.length} bytes: at most ${maxTopicBytes} fit`);
  }
  let properties = propertiesBytes(message.propertiesText);
  if (options.appendPropertyCRC) {
    const needsSeparator = properties.length > 0 && properties[properties.length - 1] !== 2;
    properties = Buffer.concat([properties, Buffer.alloc(CRC_PROPERTY_BYTES + (needsSeparator ? 1 : 0), 2)]);
  }
  if (properties.length > MAX_PROPERTIES_BYTES) {
    throw new MessageFormatError(`properties of ${properties.length} bytes: at most ${MAX_PROPERTIES_BYTES} fit`);
  }
  const bornHost = addressBytes(message.bornHost.address);
  const storeHost = addressBytes(message.storeHost.address);
  const hostFlags =
    (bornHost.length === 16 ? MessageSysFlag.BORNHOST_V6_FLAG : 0) |
    (storeHost.length === 16 ? MessageSysFlag.STOREHOSTADDRESS_V6_FLAG : 0);
  const hostMask = MessageSysFlag.BORNHOST_V6_FLAG | MessageSysFlag.STOREHOSTADDRESS_V6_FLAG;
  const { body } = message;
  const size =
    RECORD_FIXED_BYTES +
    (bornHost.length - 4) +
    (storeHost.length - 4) +
    body.length +
    (isV2 ? 1 : 0) +
    topic.length +
    properties.length;

  const record = Buffer.alloc(size);
  const view = new DataView(record.buffer, record.byteOffset, size);
  let at = 0;
  const int32 = (value: number) => {
    view.setInt32(at, value);
    at += 4;
  };
  const int64 = (value: number) => {
    writeInt64Clamped(view, at, value);
    at += 8;
  };
  const bytes = (value: Uint8Array) => {
    record.set(value, at);
    at += value.length;
  };
  int32(size);
  int32(isV2 ? MESSAGE_MAGIC_V2 : MESSAGE_MAGIC_V1);
  int32(message.bodyCRC ?? crc32(body));
  int32(message.queueId);
  int32(message.flag);
  int64(message.queueOffset);
  int64(message.physicalOffset);
  int32((message.sysFlag & ~hostMask) | hostFlags);
  int64(message.bornTimestamp);
  bytes(bornHost);
  int32(message.bornHost.port);
  int64(message.storeTimestamp);
  bytes(storeHost);
  int32(message.storeHost.port);
  int32(message.reconsumeTimes);
  int64(message.preparedTransactionOffset);
  int32(body.length);
  bytes(body);
  if (isV2) {
    view.setInt16(at, topic.length);
    at += 2;
  } else {
    view.setUint8(at, topic.length);
    at += 1;
  }
  bytes(topic);
  view.setInt16(at, properties.length);
  at += 2;
  bytes(properties);
  if (options.appendPropertyCRC) {
    const crcAt = size - CRC_PROPERTY_BYTES;
    writeCRCProperty(record, crcAt, crc32(record, 0, crcAt));
  }
  return record;
}

export interface DecodeOptions {
  /** Compare the body with its CRC; false by default, as in Java's client. */
  checkCRC?: boolean;
  /** False: leave the body empty. True by default. */
  readBody?: boolean;
  /** False: leave a compressed body as it is, and sysFlag bit 0 set. True by default. */
  decompress?: boolean;
  /** Most bytes a body may have after decompression; compression.ts has the default. */
  maxBodyBytes?: number;
  /** True: an uncompressed body is a view of the input, to look at and not to keep. False by default. */
  shareBody?: boolean;
}

export interface DecodeManyOptions extends DecodeOptions {
  /** True: stop silently at the first record that does not decode, as Java does. False by default. */
  lenient?: boolean;
  /** False: give an inner batch as the one record it is. True by default. */
  unwrapInnerBatch?: boolean;
}

/** Where the parts of a checked record lie: positions in the buffer that was given. */
interface RecordLayout {
  size: number;
  sysFlag: number;
  bornHost: number;
  storeTimestamp: number;
  storeHost: number;
  reconsumeTimes: number;
  body: number;
  bodyLength: number;
  topic: number;
  topicLength: number;
  properties: number;
  propertiesLength: number;
}

function fail(start: number, problem: string): never {
  throw new MessageFormatError(`message at ${start}: ${problem}`);
}

function lacking(start: number, what: string, position: number, needed: number, available: number): never {
  fail(start, `${what} at position ${position}: ${needed} bytes needed, ${Math.max(0, available)} available`);
}

/** Checks every length of the record at `start`; after this all its fields lie inside `[start, start + size)`. */
function layoutOf(view: DataView, start: number): RecordLayout {
  const available = view.byteLength - start;
  if (start < 0 || available < RecordOffset.BORN_HOST) {
    lacking(start, 'record head', start, RecordOffset.BORN_HOST, available);
  }
  const size = view.getInt32(start);
  const magic = view.getInt32(start + RecordOffset.MAGIC);
  if (magic !== MESSAGE_MAGIC_V1 && magic !== MESSAGE_MAGIC_V2) {
    const name = magic === BLANK_MAGIC ? 'the end-of-file filler' : `magic ${magic}`;
    fail(start, `${name} at position ${start + RecordOffset.MAGIC} is no message`);
  }
  const sysFlag = view.getInt32(start + RecordOffset.SYS_FLAG);
  const bornHostBytes = sysFlag & MessageSysFlag.BORNHOST_V6_FLAG ? 20 : 8;
  const storeHostBytes = sysFlag & MessageSysFlag.STOREHOSTADDRESS_V6_FLAG ? 20 : 8;
  const topicLengthBytes = magic === MESSAGE_MAGIC_V2 ? 2 : 1;
  const fixed = RECORD_FIXED_BYTES + bornHostBytes - 8 + storeHostBytes - 8 + topicLengthBytes - 1;
  if (size < fixed) fail(start, `total size ${size} at position ${start}: a record has at least ${fixed} bytes`);
  if (size > available) lacking(start, 'record', start, size, available);

  const end = start + size;
  const bornHost = start + RecordOffset.BORN_HOST;
  const storeTimestamp = bornHost + bornHostBytes;
  const storeHost = storeTimestamp + 8;
  const reconsumeTimes = storeHost + storeHostBytes;
  const bodyLengthAt = reconsumeTimes + 12;
  const bodyLength = view.getInt32(bodyLengthAt);
  const body = bodyLengthAt + 4;
  // Behind the body come at least the two length fields.
  const maxBodyLength = end - body - topicLengthBytes - 2;
  if (bodyLength < 0) fail(start, `body length ${bodyLength} at position ${bodyLengthAt}`);
  if (bodyLength > maxBodyLength) lacking(start, 'body', body, bodyLength, maxBodyLength);

  const topicLengthAt = body + bodyLength;
  const topicLength = topicLengthBytes === 2 ? view.getInt16(topicLengthAt) : view.getInt8(topicLengthAt);
  const topic = topicLengthAt + topicLengthBytes;
  if (topicLength < 0) fail(start, `topic length ${topicLength} at position ${topicLengthAt}`);
  if (topicLength > end - topic - 2) lacking(start, 'topic', topic, topicLength, end - topic - 2);

  const propertiesLengthAt = topic + topicLength;
  const propertiesLength = view.getInt16(propertiesLengthAt);
  const properties = propertiesLengthAt + 2;
  if (propertiesLength < 0) fail(start, `properties length ${propertiesLength} at position ${propertiesLengthAt}`);
  if (propertiesLength > end - properties) {
    lacking(start, 'properties', properties, propertiesLength, end - properties);
  }
  if (properties + propertiesLength !== end) {
    fail(
      start,
      `total size ${size} at position ${start}, but its fields have ${properties + propertiesLength - start}`,
    );
  }
  return {
    size,
    sysFlag,
    bornHost,
    storeTimestamp,
    storeHost,
    reconsumeTimes,
    body,
    bodyLength,
    topic,
    topicLength,
    properties,
    propertiesLength,
  };
}

function hostAt(bytes: Uint8Array, view: DataView, position: number, isV6: boolean): HostAddress {
  const length = isV6 ? 16 : 4;
  return { address: addressText(bytes, position, length), port: view.getInt32(position + length) };
}

/** The id that encodeOffsetMsgId makes; its parts lie in the record as the id wants them. */
function offsetMsgIdAt(buf: Buffer, start: number, at: RecordLayout): string {
  const host = buf.toString('hex', at.storeHost, at.reconsumeTimes);
  const physicalOffsetAt = start + RecordOffset.PHYSICAL_OFFSET;
  return (host + buf.toString('hex', physicalOffsetAt, physicalOffsetAt + 8)).toUpperCase();
}

function decodeAt(buf: Buffer, view: DataView, start: number, options: DecodeOptions): MessageExt {
  const at = layoutOf(view, start);
  const bodyCRC = view.getInt32(start + RecordOffset.BODY_CRC);
  let { sysFlag } = at;
  let body: Buffer = Buffer.alloc(0);
  if (options.readBody !== false && at.bodyLength > 0) {
    const stored = buf.subarray(at.body, at.body + at.bodyLength);
    if (options.checkCRC) {
      const actual = crc32(stored);
      if (actual !== bodyCRC) fail(start, `body CRC is ${actual}, the record says ${bodyCRC}`);
    }
    if (options.decompress !== false && sysFlag & MessageSysFlag.COMPRESSED_FLAG) {
      body = decompressBody(stored, sysFlag, options);
      sysFlag &= ~MessageSysFlag.COMPRESSED_FLAG;
    } else {
      body = options.shareBody ? stored : Buffer.from(stored);
    }
  }
  const properties = decodeProperties(buf.toString('utf8', at.properties, at.properties + at.propertiesLength));
  const offsetMsgId = offsetMsgIdAt(buf, start, at);
  return {
    topic: buf.toString('utf8', at.topic, at.topic + at.topicLength),
    flag: view.getInt32(start + RecordOffset.FLAG),
    properties,
    body,
    brokerName: null,
    queueId: view.getInt32(start + RecordOffset.QUEUE_ID),
    queueOffset: readInt64Clamped(view, start + RecordOffset.QUEUE_OFFSET),
    physicalOffset: readInt64Clamped(view, start + RecordOffset.PHYSICAL_OFFSET),
    sysFlag,
    bornTimestamp: readInt64Clamped(view, start + RecordOffset.BORN_TIMESTAMP),
    bornHost: hostAt(buf, view, at.bornHost, (sysFlag & MessageSysFlag.BORNHOST_V6_FLAG) !== 0),
    storeTimestamp: readInt64Clamped(view, at.storeTimestamp),
    storeHost: hostAt(buf, view, at.storeHost, (sysFlag & MessageSysFlag.STOREHOSTADDRESS_V6_FLAG) !== 0),
    reconsumeTimes: view.getInt32(at.reconsumeTimes),
    preparedTransactionOffset: readInt64Clamped(view, at.reconsumeTimes + 4),
    bodyCRC,
    storeSize: at.size,
    msgId: properties.get(MessageProperty.UNIQ_KEY) ?? offsetMsgId,
    offsetMsgId,
  };
}

function viewOf(buf: Buffer): DataView {
  return new DataView(buf.buffer, buf.byteOffset, buf.length);
}

/**
 * Decodes the record at `start`. An inner batch is given as the one record it is.
 *
 * @param buf may hold more after the record; the body is copied unless `shareBody` is set
 * @throws MessageFormatError naming position, needed and available bytes if the record is malformed, a body
 *   does not match its CRC (only with checkCRC) or does not decompress
 */
export function decodeMessage(buf: Buffer, start = 0, options: DecodeOptions = {}): MessageExt {
  return decodeAt(buf, viewOf(buf), start, options);
}

/**
 * The messages of an inner batch: each takes the queue offset `entry's + its index` and everything that the
 * batch format lacks from the entry.
 *
 * @throws MessageFormatError if the entry's body is no batch
 * Source: MessageDecoder.java#decodeMessage(MessageExt, List)
 */
export function unwrapInnerBatch(entry: MessageExt): MessageExt[] {
  const wait = String(waitStoreMsgOK(entry));
  return decodeBatch(entry.body).map((record, index) => {
    const properties = decodeProperties(record.propertiesText);
    properties.set(MessageProperty.WAIT_STORE_MSG_OK, wait);
    return {
      ...entry,
      flag: record.flag,
      properties,
      body: record.body,
      queueOffset: entry.queueOffset + index,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      bodyCRC: 0,
      storeSize: 0,
      msgId: properties.get(MessageProperty.UNIQ_KEY) ?? entry.offsetMsgId,
    };
  });
}

/**
 * Decodes concatenated records, as the bodies of pull and query responses are. Inner batches are unwrapped.
 *
 * @returns in order; empty for no bytes
 * @throws MessageFormatError as `decodeMessage`, also for a truncated last record; with `lenient` it returns
 *   what stands before the first record that does not decode
 */
export function decodeMessages(buf: Buffer, options: DecodeManyOptions = {}): MessageExt[] {
  const view = viewOf(buf);
  const messages: MessageExt[] = [];
  let position = 0;
  while (position < buf.length) {
    try {
      const message = decodeAt(buf, view, position, options);
      if (options.unwrapInnerBatch !== false && options.readBody !== false && isInnerBatch(message.sysFlag)) {
        messages.push(...unwrapInnerBatch(message));
      } else {
        messages.push(message);
      }
      position += message.storeSize;
    } catch (error) {
      if (options.lenient && error instanceof MessageFormatError) return messages;
      throw error;
    }
  }
  return messages;
}

/**
 * The properties of the record at `start` and nothing else, as filters on the commit log need them.
 *
 * @throws MessageFormatError if the record is malformed
 */
export function decodeRecordProperties(buf: Buffer, start = 0): Map<string, string> {
  const at = layoutOf(viewOf(buf), start);
  return decodeProperties(buf.toString('utf8', at.properties, at.properties + at.propertiesLength));
}
