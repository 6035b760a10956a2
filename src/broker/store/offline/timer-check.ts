import { join } from 'node:path';
import { readInt64 } from '../../../base/int64.js';
import { BLANK_MAGIC } from '../record-layout.js';
import { decodeTimerCheckpoint } from '../timer-checkpoint.js';
import { TIMER_UNIT_BYTES } from '../timer-log.js';
import { TIMER_WHEEL_BYTES } from '../timer-wheel.js';
import type { FaultList } from './faults.js';
import { pathOf, readPiece } from './offset-files.js';
import type { StoreLayout } from './store-layout.js';

const MAGIC_AT = 12;
const PHYSICAL_OFFSET_AT = 28;
const SIZE_AT = 36;
const MAGIC_MASK = 0xf;

/** Checks sizes of timer wheel and checkpoint, and that the timer log's entries lead into the commit log. */
export function checkTimerLog(store: StoreLayout, logEnd: number, faults: FaultList, isRunning: boolean): void {
  const { fs, timerLog, root } = store;
  const wheel = join(root, 'timerwheel');
  const wheelBytes = fs.info(wheel)?.sizeBytes ?? 0;
  if (wheelBytes !== 0 && wheelBytes !== TIMER_WHEEL_BYTES) {
    faults.add('file-size', wheel, `has ${wheelBytes} bytes instead of ${TIMER_WHEEL_BYTES}`);
  }
  const checkpointPath = join(root, 'config', 'timercheck');
  const head = new Uint8Array(56);
  const headBytes = fs.info(checkpointPath) ? readPiece(fs, checkpointPath, 0, head, head.length) : 0;
  // Entries up to here are promised; what follows is found, or not, at the next start.
  const { lastTimerLogFlushPos } = decodeTimerCheckpoint(head.subarray(0, headBytes));
  const bytes = new Uint8Array(TIMER_UNIT_BYTES * 5_000);
  const view = new DataView(bytes.buffer);
  for (const start of timerLog.starts) {
    const path = pathOf(timerLog, start);
    const end = Math.min(start + timerLog.fileBytes, lastTimerLogFlushPos);
    file: for (let position = start; position < end; ) {
      const count = readPiece(fs, path, position - start, bytes, Math.min(bytes.length, end - position));
      const units = Math.floor(count / TIMER_UNIT_BYTES);
      for (let at = 0; at + MAGIC_AT + 4 <= count; at += TIMER_UNIT_BYTES) {
        const magic = view.getInt32(at + MAGIC_AT);
        if (magic === BLANK_MAGIC) break file;
        if (at + TIMER_UNIT_BYTES > count) break;
        const place = { filePosition: position - start + at };
        if (view.getInt32(at) !== TIMER_UNIT_BYTES || (magic & ~MAGIC_MASK) !== 0) {
          faults.add(
            'timer-entry',
            path,
            `is none, but those up to ${lastTimerLogFlushPos} are promised`,
            place,
            isRunning,
          );
          return;
        }
        const physicalOffset = readInt64(view, at + PHYSICAL_OFFSET_AT);
        const size = view.getInt32(at + SIZE_AT);
        if (physicalOffset >= 0 && physicalOffset + size <= logEnd) continue;
        const detail = `leads to ${physicalOffset} (${size} bytes), behind the log's end ${logEnd}`;
        faults.add('timer-entry', path, detail, { ...place, physicalOffset }, isRunning);
      }
      if (units === 0) break;
      position += units * TIMER_UNIT_BYTES;
    }
  }
}
