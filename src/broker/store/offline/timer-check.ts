import { join } from 'node:path';
import { readInt64 } from '../../../base/int64.js';
import { TIMER_TOPIC } from '../../../protocol/topic-validator.js';
import { isAllZero } from '../file-system.js';
import { nextTurn } from '../next-turn.js';
import { BLANK_MAGIC } from '../record-layout.js';
import { decodeTimerCheckpoint, type TimerCheckpoint } from '../timer-checkpoint.js';
import { decodeTimerUnit, newTimerUnit, TIMER_UNIT_BYTES, type TimerUnit } from '../timer-log.js';
import { TIMER_RING_SLOTS, TIMER_SLOT_BYTES, TIMER_WHEEL_BYTES } from '../timer-wheel.js';
import type { CheckContext } from './check-context.js';
import { readRecordAt } from './log-walk.js';
import { pathOf, readPiece } from './offset-files.js';
import type { StoreLayout } from './store-layout.js';

const MAGIC_AT = 12;
const FIRST_POS_AT = 8;
const LAST_POS_AT = 16;
const DEFAULT_PRECISION_MS = 1_000;
const UNITS_A_READ = 5_000;
const SLOTS_A_READ = 32_768;

/** The list of one slot as the timer log has it. */
interface SlotList {
  last: number;
  units: number;
}

/**
 * Checks timer log and wheel: each entry that is still pending leads to a message of the timer topic, and the lists of
 * entries are those that the wheel's slots begin. What a crash leaves of the wheel the next start mends.
 *
 * @param logEnd of the commit log
 */
export async function checkTimer(context: CheckContext, logEnd: number): Promise<void> {
  const { store, faults, isRunning } = context;
  const wheel = join(store.root, 'timerwheel');
  const wheelBytes = store.fs.info(wheel)?.sizeBytes ?? 0;
  const isWheelWhole = wheelBytes === TIMER_WHEEL_BYTES;
  if (wheelBytes !== 0 && !isWheelWhole) {
    faults.add('file-size', wheel, `has ${wheelBytes} bytes instead of ${TIMER_WHEEL_BYTES}`);
  }
  const checkpoint = readTimerCheckpoint(store);
  const lists = await checkEntries(context, checkpoint, logEnd);
  if (isWheelWhole && !isRunning && !store.hasAbort && lists) await checkSlots(context, wheel, checkpoint, lists);
}

function readTimerCheckpoint({ fs, root }: StoreLayout): TimerCheckpoint {
  const path = join(root, 'config', 'timercheck');
  const head = new Uint8Array(56);
  return decodeTimerCheckpoint(head.subarray(0, fs.info(path) ? readPiece(fs, path, 0, head, head.length) : 0));
}

/** Goes along the entries that are promised. @returns lists of the slots that are pending; null if they break off */
async function checkEntries(
  context: CheckContext,
  { lastTimerLogFlushPos, lastReadTimeMs }: TimerCheckpoint,
  logEnd: number,
): Promise<Map<number, SlotList> | null> {
  const { store, faults, isRunning } = context;
  const { fs, timerLog } = store;
  const lists = new Map<number, SlotList>();
  const unit = newTimerUnit();
  const bytes = new Uint8Array(TIMER_UNIT_BYTES * UNITS_A_READ);
  const view = new DataView(bytes.buffer);
  for (const start of timerLog.starts) {
    const path = pathOf(timerLog, start);
    // What follows is found, or not, at the next start.
    const end = Math.min(start + timerLog.fileBytes, lastTimerLogFlushPos);
    file: for (let position = start; position < end; ) {
      const count = readPiece(fs, path, position - start, bytes, Math.min(bytes.length, end - position));
      const units = Math.floor(count / TIMER_UNIT_BYTES);
      for (let at = 0; at + MAGIC_AT + 4 <= count; at += TIMER_UNIT_BYTES) {
        if (view.getInt32(at + MAGIC_AT) === BLANK_MAGIC) break file;
        if (at + TIMER_UNIT_BYTES > count) break;
        const filePosition = position - start + at;
        if (!decodeTimerUnit(view, at, unit)) {
          const detail = `is none, but those up to ${lastTimerLogFlushPos} are promised`;
          faults.add('timer-entry', path, detail, { filePosition }, isRunning);
          return null;
        }
        const timeMs = unit.writeTimeMs + unit.delayMs;
        const isPending = timeMs > lastReadTimeMs;
        const list = lists.get(timeMs);
        const wrong = wrongMessage(context, unit, logEnd, isPending) ?? (isPending ? wrongLink(unit, list) : null);
        if (isPending) lists.set(timeMs, { last: position + at, units: (list?.units ?? 0) + 1 });
        if (wrong === null) continue;
        faults.add('timer-entry', path, wrong, { filePosition, physicalOffset: unit.physicalOffset }, isRunning);
      }
      if (units === 0) break;
      position += units * TIMER_UNIT_BYTES;
      await nextTurn();
    }
  }
  return lists;
}

/** Why an entry's message is not there; null if it is, or has expired, or stood where the log is damaged. */
function wrongMessage(
  { store, damages }: CheckContext,
  { physicalOffset, size }: TimerUnit,
  logEnd: number,
  isPending: boolean,
): string | null {
  const leads = `leads to ${physicalOffset} (${size} bytes)`;
  if (!(physicalOffset >= 0) || physicalOffset + size > logEnd) return `${leads}, behind the log's end ${logEnd}`;
  if (!isPending || physicalOffset < (store.log.starts[0] ?? 0) || damages.covers(physicalOffset)) return null;
  const found = readRecordAt(store, physicalOffset, false);
  if (!found || found.record.size !== size) return `${leads}, where no such record is`;
  const topic = Buffer.from(found.bytes.subarray(found.record.topicStart, found.record.topicEnd)).toString('utf8');
  return topic === TIMER_TOPIC ? null : `${leads}, where a message of ${topic} is`;
}

/** Why the entries before this one are not found from it; null if they are. */
function wrongLink({ prevPos }: TimerUnit, before: SlotList | undefined): string | null {
  if (before === undefined || prevPos === before.last) return null;
  return `goes on with ${prevPos} instead of ${before.last}: ${before.units} pending messages are not found from it`;
}

/** Compares the ends of the lists that the log has with those that the wheel's slots have. */
async function checkSlots(
  { store, faults }: CheckContext,
  wheel: string,
  { lastReadTimeMs, lastTimerLogFlushPos }: TimerCheckpoint,
  lists: Map<number, SlotList>,
): Promise<void> {
  const precisionMs = store.settings.timerPrecisionMs ?? DEFAULT_PRECISION_MS;
  const bytes = new Uint8Array(SLOTS_A_READ * TIMER_SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  for (let first = 0; first < TIMER_RING_SLOTS; first += SLOTS_A_READ) {
    const count = readPiece(store.fs, wheel, first * TIMER_SLOT_BYTES, bytes, bytes.length);
    if (isAllZero(bytes, 0, count)) continue;
    for (let at = 0; at + TIMER_SLOT_BYTES <= count; at += TIMER_SLOT_BYTES) {
      const timeMs = readInt64(view, at) * precisionMs;
      if (!(timeMs > lastReadTimeMs)) continue;
      const slot = first + at / TIMER_SLOT_BYTES;
      const lastPos = readInt64(view, at + LAST_POS_AT);
      const firstPos = readInt64(view, at + FIRST_POS_AT);
      const due = new Date(timeMs).toISOString();
      const list = lists.get(timeMs);
      lists.delete(timeMs);
      // One without entries, or one that was written behind what is promised.
      if (lastPos < 0 || lastPos >= lastTimerLogFlushPos) continue;
      let wrong: string | null = null;
      if ((timeMs / precisionMs) % TIMER_RING_SLOTS !== slot) wrong = `is not the slot of ${due}, which it has`;
      else if (list === undefined) wrong = `leads to ${lastPos} for ${due}, but the timer log has no entry for then`;
      else if (lastPos !== list.last) wrong = `leads to ${lastPos} for ${due} instead of ${list.last}`;
      else if (firstPos > lastPos) wrong = `begins at ${firstPos}, behind its end ${lastPos}`;
      if (wrong !== null)
        faults.add('timer-slot', wheel, `slot ${slot} ${wrong}`, { filePosition: slot * TIMER_SLOT_BYTES });
    }
    await nextTurn();
  }
  for (const [timeMs, { units }] of lists) {
    faults.add(
      'timer-slot',
      wheel,
      `no slot has the ${units} messages that are due at ${new Date(timeMs).toISOString()}`,
    );
  }
}
