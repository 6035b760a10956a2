import { readInt64 } from '../../base/int64.js';
import { crc32 } from '../../protocol/crc32.js';
import { MessageSysFlag } from '../../protocol/sys-flag.js';
import { isCrcPropertyRight } from './record-crc.js';
import {
  BLANK_MAGIC,
  BODY_AT,
  BODY_CRC_AT,
  BODY_LENGTH_AT,
  IPV6_EXTRA_BYTES,
  MAGIC_AT,
  MESSAGE_MAGIC_V1,
  MESSAGE_MAGIC_V2,
  MIN_RECORD_BYTES,
  PHYSICAL_OFFSET_AT,
  QUEUE_ID_AT,
  QUEUE_OFFSET_AT,
  STORE_TIMESTAMP_AT,
  SYS_FLAG_AT,
} from './record-layout.js';

/** What recovery and dispatch need of a record. Positions are in the buffer that was read. */
export interface RecordView {
  size: number;
  queueId: number;
  queueOffset: number;
  physicalOffset: number;
  sysFlag: number;
  storeTimestamp: number;
  topicStart: number;
  topicEnd: number;
  propertiesStart: number;
  propertiesEnd: number;
}

/** A RecordView to be filled by `readRecord`, again and again. */
export function newRecordView(): RecordView {
  return {
    size: 0,
    queueId: 0,
    queueOffset: 0,
    physicalOffset: 0,
    sysFlag: 0,
    storeTimestamp: 0,
    topicStart: 0,
    topicEnd: 0,
    propertiesStart: 0,
    propertiesEnd: 0,
  };
}

/** What stands at a position of the log. `short`: a record may start here, but `needBytes` of it must be there. */
export type RecordCheck = 'record' | 'blank' | 'short' | 'invalid';

/** What to check of a record besides its lengths: nothing, the body's CRC, or the CRC property that it must have. */
export type CrcCheck = boolean | 'property';

/**
 * Checks the record at `at` as Apache's recovery does (size, magic, body CRC, sum of the lengths) and, beyond it, that
 * the record says the physical offset it stands at: so what is left of a file's earlier life is never taken for new.
 *
 * @param end the bytes of `[at, end)` may be looked at
 * @param fileLeft bytes from here to the end of the log file, which no record crosses
 * @param physicalOffset where in the log `at` is
 * @param into filled if the answer is `record`; `size` also if it is `short` (the bytes needed)
 * Source: store/CommitLog.java#checkMessageAndReturnSize
 */
export function readRecord(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  end: number,
  fileLeft: number,
  physicalOffset: number,
  checkCRC: CrcCheck,
  into: RecordView,
): RecordCheck {
  if (fileLeft < 8) return 'invalid';
  if (end - at < 8) {
    into.size = 8;
    return 'short';
  }
  const size = view.getInt32(at);
  const magic = view.getInt32(at + MAGIC_AT);
  if (magic === BLANK_MAGIC) return 'blank';
  if (magic !== MESSAGE_MAGIC_V1 && magic !== MESSAGE_MAGIC_V2) return 'invalid';
  if (size < MIN_RECORD_BYTES || size > fileLeft) return 'invalid';
  if (at + size > end) {
    into.size = size;
    return 'short';
  }
  const recordEnd = at + size;
  const sysFlag = view.getInt32(at + SYS_FLAG_AT);
  const bornExtra = sysFlag & MessageSysFlag.BORNHOST_V6_FLAG ? IPV6_EXTRA_BYTES : 0;
  const extra = bornExtra + (sysFlag & MessageSysFlag.STOREHOSTADDRESS_V6_FLAG ? IPV6_EXTRA_BYTES : 0);
  const topicLengthBytes = magic === MESSAGE_MAGIC_V2 ? 2 : 1;
  if (size < MIN_RECORD_BYTES + extra + topicLengthBytes - 1) return 'invalid';
  const bodyLength = view.getInt32(at + BODY_LENGTH_AT + extra);
  const bodyStart = at + BODY_AT + extra;
  if (bodyLength < 0 || bodyLength > recordEnd - bodyStart - topicLengthBytes - 2) return 'invalid';
  const topicLengthAt = bodyStart + bodyLength;
  const topicLength = topicLengthBytes === 2 ? view.getInt16(topicLengthAt) : view.getInt8(topicLengthAt);
  const topicStart = topicLengthAt + topicLengthBytes;
  if (topicLength < 0 || topicLength > recordEnd - topicStart - 2) return 'invalid';
  // A page that was never written reads as zeros, and no CRC covers the topic.
  if (topicLength > 0 && (bytes[topicStart] === 0 || bytes[topicStart + topicLength - 1] === 0)) return 'invalid';
  const propertiesStart = topicStart + topicLength + 2;
  const propertiesLength = view.getInt16(propertiesStart - 2);
  if (propertiesLength < 0 || propertiesStart + propertiesLength !== recordEnd) return 'invalid';
  if (readInt64(view, at + PHYSICAL_OFFSET_AT) !== physicalOffset) return 'invalid';
  if (checkCRC === 'property' && !isCrcPropertyRight(bytes, at, size)) return 'invalid';
  if (
    checkCRC === true &&
    bodyLength > 0 &&
    crc32(bytes, bodyStart, topicLengthAt) !== view.getInt32(at + BODY_CRC_AT)
  ) {
    return 'invalid';
  }
  into.size = size;
  into.queueId = view.getInt32(at + QUEUE_ID_AT);
  into.queueOffset = readInt64(view, at + QUEUE_OFFSET_AT);
  into.physicalOffset = physicalOffset;
  into.sysFlag = sysFlag;
  into.storeTimestamp = readInt64(view, at + STORE_TIMESTAMP_AT + bornExtra);
  into.topicStart = topicStart;
  into.topicEnd = topicStart + topicLength;
  into.propertiesStart = propertiesStart;
  into.propertiesEnd = recordEnd;
  return 'record';
}

/**
 * The store timestamp of the record at `at`, which is known to be one.
 *
 * @param view at least STORE_TIMESTAMP_READ_BYTES of the record, or all of it
 * @returns ms since the epoch
 */
export function readStoreTimestamp(view: DataView, at: number): number {
  const isBornV6 = (view.getInt32(at + SYS_FLAG_AT) & MessageSysFlag.BORNHOST_V6_FLAG) !== 0;
  return readInt64(view, at + STORE_TIMESTAMP_AT + (isBornV6 ? IPV6_EXTRA_BYTES : 0));
}

/** True if the eight bytes at `at` can be the start of a record of `size` bytes. */
export function isRecordStart(view: DataView, at: number, size: number): boolean {
  const magic = view.getInt32(at + MAGIC_AT);
  return view.getInt32(at) === size && (magic === MESSAGE_MAGIC_V1 || magic === MESSAGE_MAGIC_V2);
}

/** Where the properties of the record at `at` are, in the view: the record is known to be whole. */
export function propertiesOf(view: DataView, at: number, size: number): { start: number; end: number } {
  const sysFlag = view.getInt32(at + SYS_FLAG_AT);
  const bornExtra = sysFlag & MessageSysFlag.BORNHOST_V6_FLAG ? IPV6_EXTRA_BYTES : 0;
  const extra = bornExtra + (sysFlag & MessageSysFlag.STOREHOSTADDRESS_V6_FLAG ? IPV6_EXTRA_BYTES : 0);
  const topicAt = at + BODY_AT + extra + view.getInt32(at + BODY_LENGTH_AT + extra);
  const isV2 = view.getInt32(at + MAGIC_AT) === MESSAGE_MAGIC_V2;
  const topicEnd = isV2 ? topicAt + 2 + view.getInt16(topicAt) : topicAt + 1 + view.getInt8(topicAt);
  return { start: topicEnd + 2, end: at + size };
}
