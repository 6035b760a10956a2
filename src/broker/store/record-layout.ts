/**
 * Positions inside a commit log record, for code that reads or writes it in place; protocol/message-codec has the
 * layout and the plain codec. Positions after the born host are those with IPv4 hosts: each IPv6 host before a field
 * moves it by IPV6_EXTRA_BYTES.
 *
 * Source: common/.../message/MessageDecoder.java, store/CommitLog.java
 */
import { RecordOffset } from '../../protocol/message-codec.js';

export { BLANK_MAGIC, MESSAGE_MAGIC_V1, MESSAGE_MAGIC_V2 } from '../../protocol/message-codec.js';

export const TOTAL_SIZE_AT = RecordOffset.TOTAL_SIZE;
export const MAGIC_AT = RecordOffset.MAGIC;
export const BODY_CRC_AT = RecordOffset.BODY_CRC;
export const QUEUE_ID_AT = RecordOffset.QUEUE_ID;
export const FLAG_AT = RecordOffset.FLAG;
export const QUEUE_OFFSET_AT = RecordOffset.QUEUE_OFFSET;
export const PHYSICAL_OFFSET_AT = RecordOffset.PHYSICAL_OFFSET;
export const SYS_FLAG_AT = RecordOffset.SYS_FLAG;
export const BORN_TIMESTAMP_AT = RecordOffset.BORN_TIMESTAMP;
export const BORN_HOST_AT = RecordOffset.BORN_HOST;
export const STORE_TIMESTAMP_AT = 56;
export const STORE_HOST_AT = 64;
export const RECONSUME_TIMES_AT = 72;
export const PREPARED_TRANSACTION_OFFSET_AT = 76;
export const BODY_LENGTH_AT = 84;
export const BODY_AT = 88;

export const IPV6_EXTRA_BYTES = 12;
/** Smallest record: V1, IPv4 hosts, empty body, topic and properties. */
export const MIN_RECORD_BYTES = 91;
/** Enough of a record's start to find its store timestamp, whatever its hosts. */
export const STORE_TIMESTAMP_READ_BYTES = STORE_TIMESTAMP_AT + IPV6_EXTRA_BYTES + 8;
/** Longest topic, in characters and bytes, of a V1 record. */
export const MAX_TOPIC_V1 = 127;
/** Room that every record leaves before the file's end: int32 bytes left, int32 BLANK_MAGIC. */
export const BLANK_HEADER_BYTES = 8;

const TWO_32 = 0x1_0000_0000;

/** Writes an int64 that is not negative and below 2^53, without checking; for the hot path. */
export function writeOffset(view: DataView, position: number, value: number): void {
  view.setInt32(position, (value / TWO_32) | 0);
  view.setInt32(position + 4, value | 0);
}
