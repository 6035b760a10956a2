import { readInt64 } from '../../../base/int64.js';
import { isAllZero, readFully } from '../file-system.js';
import { hasCrcProperty, isCrcPropertyRight } from '../record-crc.js';
import {
  BLANK_HEADER_BYTES,
  MAGIC_AT,
  MESSAGE_MAGIC_V1,
  MESSAGE_MAGIC_V2,
  MIN_RECORD_BYTES,
  PHYSICAL_OFFSET_AT,
  TOTAL_SIZE_AT,
} from '../record-layout.js';
import { newRecordView, type RecordView, readRecord } from '../record-reader.js';
import { fileStartOf, pathOf, readPiece } from './offset-files.js';
import type { StoreLayout } from './store-layout.js';

/**
 * What the CRCs of a record say, if they are checked: that of the body, and that of the whole record, which only some
 * stores have.
 */
export type CrcState = 'right' | 'right-property' | 'wrong-body' | 'wrong-property';

/** What a walk along the log meets. A record, its bytes and its view are valid until the next step. */
export type LogStep =
  | { kind: 'record'; record: RecordView; bytes: Uint8Array; view: DataView; at: number; crc: CrcState }
  /** No records in `[physicalOffset, end)`, but behind. `reason` says what stands there. */
  | { kind: 'damage'; physicalOffset: number; end: number; reason: string }
  /** No files for `[physicalOffset, end)`. */
  | { kind: 'gap'; physicalOffset: number; end: number }
  /** Nothing is read at the moment: a place to let others run. */
  | { kind: 'pause'; physicalOffset: number }
  /** The log ends. Of the bytes behind, `tornBytes` up to the last that is not zero. */
  | { kind: 'end'; physicalOffset: number; tornBytes: number; reason: string };

const SCAN_BYTES = 4_194_304;
const MAGIC_START = Buffer.from([0xda, 0xa3, 0x20]);

/**
 * Walks along the log from `from`, where a record or a file starts, in order. Where no record stands the next is
 * looked for byte by byte: one that says the physical offset it stands at, with the right CRC, and that is not older
 * than what was read before (a file may hold leftovers behind its end).
 *
 * @param checkCRC of bodies
 * @param endAt where a record starts at which the log is to end
 * @throws the operating system's error if a file can not be read
 */
export function* walkLog(
  store: StoreLayout,
  from: number,
  checkCRC: boolean,
  endAt = Number.POSITIVE_INFINITY,
): Generator<LogStep> {
  const { fs, log } = store;
  const record = newRecordView();
  let bytes = new Uint8Array(Math.min(SCAN_BYTES, Math.max(log.fileBytes, 1)));
  let view = new DataView(bytes.buffer);
  let lastTime = 0;
  let end = from;
  for (const [i, start] of log.starts.entries()) {
    const fileEnd = start + log.fileBytes;
    if (fileEnd <= from) continue;
    if (start > end && i > 0 && (log.starts[i - 1] as number) + log.fileBytes < start) {
      yield { kind: 'gap', physicalOffset: (log.starts[i - 1] as number) + log.fileBytes, end: start };
    }
    const fd = fs.open(pathOf(log, start), 'read');
    try {
      let position = Math.max(start, from);
      file: while (position < fileEnd) {
        const length = Math.min(bytes.length, fileEnd - position);
        const count = readFully(fs, fd, bytes, 0, length, position - start);
        let at = 0;
        for (;;) {
          const physicalOffset = position + at;
          if (physicalOffset >= endAt) {
            yield { kind: 'end', physicalOffset: endAt, tornBytes: 0, reason: 'it is to end here' };
            return;
          }
          const fileLeft = fileEnd - physicalOffset;
          let check = readRecord(view, bytes, at, count, fileLeft, physicalOffset, checkCRC, record);
          let isBodyRight = true;
          if (check === 'invalid' && checkCRC) {
            check = readRecord(view, bytes, at, count, fileLeft, physicalOffset, false, record);
            isBodyRight = check !== 'record';
          }
          if (check === 'record' && !isTorn(bytes, at, count, record)) {
            lastTime = record.storeTimestamp;
            const { size } = record;
            const crc = isBodyRight ? (checkCRC ? crcState(bytes, at, size) : 'right') : 'wrong-body';
            yield { kind: 'record', record, bytes, view, at, crc };
            at += size;
          } else if (check === 'short' && count === length) {
            if (at === 0) {
              bytes = new Uint8Array(record.size);
              view = new DataView(bytes.buffer);
            }
            break;
          } else if (check === 'blank') {
            end = fileEnd;
            break file;
          } else {
            const reason = reasonOf(view, at, count, fileLeft, physicalOffset);
            const found = findRecord(store, start, physicalOffset, lastTime);
            const next = found.next >= 0 ? found.next : nextFileWithRecord(store, i, lastTime);
            if (next < 0) {
              yield { kind: 'end', physicalOffset, tornBytes: found.usedBytes, reason };
              return;
            }
            yield { kind: 'damage', physicalOffset, end: Math.min(next, fileEnd), reason };
            if (next >= fileEnd) {
              end = fileEnd;
              break file;
            }
            position = next;
            continue file;
          }
        }
        position += at;
        end = position;
        yield { kind: 'pause', physicalOffset: position };
      }
    } finally {
      fs.close(fd);
    }
  }
  yield { kind: 'end', physicalOffset: end, tornBytes: 0, reason: 'the last file is full' };
}

function crcState(bytes: Uint8Array, at: number, size: number): CrcState {
  if (!hasCrcProperty(bytes, at, size)) return 'right';
  return isCrcPropertyRight(bytes, at, size) ? 'right-property' : 'wrong-property';
}

/** True if the record's end was never written: it ends in zeros and zeros follow. As in recovery. */
function isTorn(bytes: Uint8Array, at: number, end: number, record: RecordView): boolean {
  const recordEnd = at + record.size;
  if (bytes[recordEnd - 1] !== 0 || record.propertiesEnd === record.propertiesStart) return false;
  return isAllZero(bytes, recordEnd, Math.min(recordEnd + BLANK_HEADER_BYTES, end));
}

/** Why no record stands at `at`. */
function reasonOf(view: DataView, at: number, end: number, fileLeft: number, physicalOffset: number): string {
  if (end - at < 8) return 'the file ends';
  const size = view.getInt32(at + TOTAL_SIZE_AT);
  const magic = view.getInt32(at + MAGIC_AT);
  if (size === 0 && magic === 0) return 'zeros';
  if (magic !== MESSAGE_MAGIC_V1 && magic !== MESSAGE_MAGIC_V2) {
    return `bad magic 0x${(magic >>> 0).toString(16).padStart(8, '0')}`;
  }
  if (size < MIN_RECORD_BYTES || size > fileLeft) return `bad size ${size}`;
  if (end - at >= PHYSICAL_OFFSET_AT + 8) {
    const says = readInt64(view, at + PHYSICAL_OFFSET_AT);
    if (says !== physicalOffset) return `a record that belongs at ${says}`;
  }
  return `a record of ${size} bytes that is not whole`;
}

/** Looks for the next record behind `after` in its file; `usedBytes` up to the last byte that is not zero. */
function findRecord(
  store: StoreLayout,
  start: number,
  after: number,
  lastTime: number,
): { next: number; usedBytes: number } {
  const { fs, log } = store;
  const path = pathOf(log, start);
  const fileEnd = start + log.fileBytes;
  const block = Buffer.alloc(Math.min(1_048_576, log.fileBytes));
  let usedBytes = 0;
  for (let position = after; position < fileEnd; ) {
    const count = readPiece(fs, path, position - start, block, Math.min(block.length, fileEnd - position));
    if (count <= 0) break;
    if (!isAllZero(block, 0, count)) {
      let last = count - 1;
      while (block[last] === 0) last -= 1;
      usedBytes = position + last + 1 - after;
      for (let at = block.indexOf(MAGIC_START); at >= 0 && at < count; at = block.indexOf(MAGIC_START, at + 1)) {
        const physicalOffset = position + at - MAGIC_AT;
        if (physicalOffset <= after) continue;
        const record = readRecordAt(store, physicalOffset, true);
        if (record && record.record.storeTimestamp >= lastTime) return { next: physicalOffset, usedBytes };
      }
    }
    // A magic may cross the border of two blocks.
    position += count === block.length && count > 2 ? count - 2 : count;
  }
  return { next: -1, usedBytes };
}

/** The next file that starts with a record, or -1: files may be made ahead. */
function nextFileWithRecord(store: StoreLayout, i: number, lastTime: number): number {
  for (const start of store.log.starts.slice(i + 1)) {
    const found = readRecordAt(store, start, true);
    if (found && found.record.storeTimestamp >= lastTime) return start;
  }
  return -1;
}

/**
 * The record at a physical offset, in memory of its own.
 *
 * @returns null if none is there
 * @throws the operating system's error
 */
export function readRecordAt(
  { fs, log }: StoreLayout,
  physicalOffset: number,
  checkCRC: boolean,
): { record: RecordView; bytes: Uint8Array; view: DataView } | null {
  const start = fileStartOf(log, physicalOffset);
  if (start < 0) return null;
  const fileLeft = start + log.fileBytes - physicalOffset;
  const record = newRecordView();
  for (let length = Math.min(fileLeft, 4_096); ; length = record.size) {
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    const count = readPiece(fs, pathOf(log, start), physicalOffset - start, bytes, length);
    const check = readRecord(view, bytes, 0, count, fileLeft, physicalOffset, checkCRC, record);
    if (check === 'short' && count === length && record.size > length) continue;
    return check === 'record' ? { record, bytes, view } : null;
  }
}
