import { crc32 } from '../../protocol/crc32.js';
import { writeInt64Clamped } from '../../protocol/int64-clamped.js';
import { MessageSysFlag } from '../../protocol/sys-flag.js';
import {
  BLANK_MAGIC,
  BODY_CRC_AT,
  BORN_HOST_AT,
  BORN_TIMESTAMP_AT,
  FLAG_AT,
  MAGIC_AT,
  MAX_TOPIC_V1,
  MESSAGE_MAGIC_V1,
  MESSAGE_MAGIC_V2,
  MIN_RECORD_BYTES,
  PHYSICAL_OFFSET_AT,
  QUEUE_ID_AT,
  QUEUE_OFFSET_AT,
  SYS_FLAG_AT,
  TOTAL_SIZE_AT,
  writeOffset,
} from './record-layout.js';

/** A record to write, with everything that needs looking up already in bytes. */
export interface RecordFields {
  topicBytes: Uint8Array;
  queueId: number;
  flag: number;
  sysFlag: number;
  queueOffset: number;
  physicalOffset: number;
  bornTimestamp: number;
  /** 4 or 16 address bytes. */
  bornHostBytes: Uint8Array;
  bornPort: number;
  storeTimestamp: number;
  storeHostBytes: Uint8Array;
  storePort: number;
  reconsumeTimes: number;
  preparedTransactionOffset: number;
  body: Uint8Array;
  propertiesBytes: Uint8Array;
}

/** Bytes that the record takes: the exact sum of its fields. */
export function recordSize(
  bodyBytes: number,
  topicBytes: number,
  propertiesBytes: number,
  bornHostBytes: number,
  storeHostBytes: number,
): number {
  const topicLengthBytes = topicBytes > MAX_TOPIC_V1 ? 2 : 1;
  const fixed = MIN_RECORD_BYTES + (topicLengthBytes - 1) + (bornHostBytes - 4) + (storeHostBytes - 4);
  return fixed + bodyBytes + topicBytes + propertiesBytes;
}

/**
 * Writes one record at `at`; the plain twin is protocol/message-codec's encodeStoredMessage. The caller has checked
 * all lengths and made `size` bytes free.
 *
 * @param view over the same bytes as `bytes`
 * @param size what `recordSize` gave
 * @returns position of the record's properties, which end with it
 * Source: store/MessageExtEncoder.java#encode
 */
export function writeRecord(view: DataView, bytes: Uint8Array, at: number, size: number, record: RecordFields): number {
  const { topicBytes, bornHostBytes, storeHostBytes, body, propertiesBytes } = record;
  const isV2 = topicBytes.length > MAX_TOPIC_V1;
  let sysFlag = record.sysFlag & ~(MessageSysFlag.BORNHOST_V6_FLAG | MessageSysFlag.STOREHOSTADDRESS_V6_FLAG);
  if (bornHostBytes.length === 16) sysFlag |= MessageSysFlag.BORNHOST_V6_FLAG;
  if (storeHostBytes.length === 16) sysFlag |= MessageSysFlag.STOREHOSTADDRESS_V6_FLAG;
  view.setInt32(at + TOTAL_SIZE_AT, size);
  view.setInt32(at + MAGIC_AT, isV2 ? MESSAGE_MAGIC_V2 : MESSAGE_MAGIC_V1);
  view.setInt32(at + QUEUE_ID_AT, record.queueId);
  view.setInt32(at + FLAG_AT, record.flag);
  writeOffset(view, at + QUEUE_OFFSET_AT, record.queueOffset);
  writeOffset(view, at + PHYSICAL_OFFSET_AT, record.physicalOffset);
  view.setInt32(at + SYS_FLAG_AT, sysFlag);
  writeInt64Clamped(view, at + BORN_TIMESTAMP_AT, record.bornTimestamp);
  let position = at + BORN_HOST_AT;
  bytes.set(bornHostBytes, position);
  position += bornHostBytes.length;
  view.setInt32(position, record.bornPort);
  writeInt64Clamped(view, position + 4, record.storeTimestamp);
  position += 12;
  bytes.set(storeHostBytes, position);
  position += storeHostBytes.length;
  view.setInt32(position, record.storePort);
  view.setInt32(position + 4, record.reconsumeTimes);
  writeInt64Clamped(view, position + 8, record.preparedTransactionOffset);
  view.setInt32(position + 16, body.length);
  position += 20;
  bytes.set(body, position);
  view.setInt32(at + BODY_CRC_AT, crc32(bytes, position, position + body.length));
  position += body.length;
  if (isV2) {
    view.setInt16(position, topicBytes.length);
    position += 2;
  } else {
    view.setUint8(position, topicBytes.length);
    position += 1;
  }
  bytes.set(topicBytes, position);
  position += topicBytes.length;
  view.setInt16(position, propertiesBytes.length);
  position += 2;
  bytes.set(propertiesBytes, position);
  return position;
}

/** The eight bytes that close a commit log file: int32 bytes left in the file, int32 BLANK_MAGIC. */
export function writeBlankHeader(view: DataView, at: number, bytesLeft: number): void {
  view.setInt32(at, bytesLeft);
  view.setInt32(at + 4, BLANK_MAGIC);
}
