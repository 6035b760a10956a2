import { nextTurn } from './consume-queue-store.js';
import type { TimerCheckpoint } from './timer-checkpoint.js';
import { type TimerLog, TimerMagic, type TimerUnit } from './timer-log.js';
import type { TimerSlot, TimerWheel } from './timer-wheel.js';

const UNITS_A_SLICE = 16_384;

/** What recovery works on. */
export interface TimerRecoveryInput {
  wheel: TimerWheel;
  log: TimerLog;
  checkpoint: TimerCheckpoint;
  /** Slots before this time are of no interest any more, ms. */
  readTimeMs: number;
  /** The commit log's end: a unit that points behind it lost its message in a crash. */
  maxPhysicalOffset: number;
  /** Nothing tells where to begin: the wheel's file was missing or empty, or a file of the log was cut short. */
  isWholeLogRead: boolean;
}

/** What recovery found. */
export interface TimerRecovery {
  /** Where the timer log ends. */
  endPos: number;
  /** The last unit's message in the commit log; null without units. */
  last: { physicalOffset: number; size: number } | null;
  /** Units that were linked into the wheel. */
  linked: number;
}

/** Puts a unit at the end of its slot's list, unless the slot has it already. */
function link(wheel: TimerWheel, slot: TimerSlot, timeMs: number, pos: number, magic: number): boolean {
  const isThere = wheel.get(timeMs, slot);
  if (isThere && pos <= slot.lastPos) return false;
  // The place belongs to a later revolution already.
  if (!isThere && wheel.holderOf(timeMs) > timeMs) return false;
  if (!isThere) slot.firstPos = pos;
  slot.lastPos = pos;
  slot.num += (magic & TimerMagic.DELETE) !== 0 ? -1 : 1;
  wheel.put(timeMs, slot);
  return true;
}

/**
 * Finds the timer log's end, cuts off what a crash left behind it, and makes the wheel agree with the log: units that
 * were written after the wheel's last flush are linked, and slots that point behind the log's end are linked anew.
 *
 * As Apache it begins one file before the flushed position, or at the first unit there is.
 *
 * Source: store/timer/TimerMessageStore.java#recover, #recoverAndRevise
 */
export async function recoverTimer(input: TimerRecoveryInput): Promise<TimerRecovery> {
  const { wheel, log, checkpoint, readTimeMs, maxPhysicalOffset, isWholeLogRead } = input;
  const { fileBytes, minPos } = log;
  const near = Math.max(minPos, checkpoint.lastTimerLogFlushPos - fileBytes);
  const slot: TimerSlot = { firstPos: -1, lastPos: -1, num: 0 };
  const last = { physicalOffset: -1, size: 0 };
  let linked = 0;
  const linkFrom = async (fromPos: number, untilPos: number): Promise<number> => {
    const units = log.scan(fromPos);
    for (let count = 1; ; count++) {
      const step = units.next();
      if (step.done) return step.value;
      const { pos, unit } = step.value;
      if (pos >= untilPos || isLost(unit, maxPhysicalOffset)) {
        units.return(pos);
        return pos;
      }
      last.physicalOffset = unit.physicalOffset;
      last.size = unit.size;
      const timeMs = unit.writeTimeMs + unit.delayMs;
      if (timeMs >= readTimeMs && link(wheel, slot, timeMs, pos, unit.magic)) linked += 1;
      if (count % UNITS_A_SLICE === 0) await nextTurn();
    }
  };
  const start = near - (near % fileBytes);
  // Without the file to begin with, or one before it, the log ends early.
  const isWhole = isWholeLogRead || start > log.filesEnd;
  const endPos = await linkFrom(isWhole ? minPos : start, Number.POSITIVE_INFINITY);
  log.truncate(endPos);
  let relinkFrom = endPos;
  for (const timeMs of [...wheel.times(readTimeMs)]) {
    wheel.get(timeMs, slot);
    if (slot.lastPos < endPos) continue;
    if (slot.firstPos >= 0) relinkFrom = Math.min(relinkFrom, slot.firstPos);
    wheel.clear(timeMs);
  }
  if (relinkFrom < endPos) await linkFrom(relinkFrom, endPos);
  return { endPos, last: last.physicalOffset < 0 ? null : last, linked };
}

function isLost(unit: TimerUnit, maxPhysicalOffset: number): boolean {
  // A unit that was torn off behind its first field reads as zeros.
  const isWhole = unit.physicalOffset >= 0 && unit.size > 0;
  return !isWhole || unit.physicalOffset + unit.size > maxPhysicalOffset;
}
