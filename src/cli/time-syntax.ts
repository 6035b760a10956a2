import type { Position } from '../admin/position.js';
import { parseDuration } from './units.js';
import { UsageError } from './usage-error.js';

/** How positions are written, for help texts. */
export const POSITION_HELP = 'start, end, -N, +N, N, @-1h, @2026-01-01T10:00Z, @<epoch ms>';

const APACHE_TIME = /^(\d{4})-(\d\d)-(\d\d)#(\d\d):(\d\d):(\d\d):(\d{3})$/;
const ISO_TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?))?(Z|[+-]\d\d:?\d\d)?$/;

/**
 * Reads a time: `now`, `-1h` (ago), `+10m` (from now), epoch ms, `2026-01-01[T10:00[:00[.000]]][Z|+02:00]` and
 * Apache's `yyyy-MM-dd#HH:mm:ss:SSS`. Without a zone it is local time, as Apache's tool means it.
 *
 * @param now wall time, ms
 * @returns ms since the epoch
 * @throws UsageError
 */
export function parseTime(text: string, now: number): number {
  const trimmed = text.trim();
  if (trimmed === 'now') return now;
  if (/^[+-]\d+(?:\.\d+)?[a-z]/.test(trimmed)) {
    const distance = parseDuration(trimmed.slice(1));
    return trimmed.startsWith('-') ? now - distance : now + distance;
  }
  if (/^\d+$/.test(trimmed) && Number.isSafeInteger(Number(trimmed))) return Number(trimmed);
  const apache = APACHE_TIME.exec(trimmed);
  if (apache !== null) return checked(text, localTime(apache.slice(1).map(Number)));
  const iso = ISO_TIME.exec(trimmed);
  if (iso !== null) {
    const [, date = '', time = '00:00', zone = ''] = iso;
    // A date with a time and no zone is read as local time by Date.
    const instant = new Date(`${date}T${time}${zone}`).getTime();
    // Date rolls 2026-02-30 over to March; the day that was written must come back.
    const day = Number(date.slice(8));
    const [year, month] = [Number(date.slice(0, 4)), Number(date.slice(5, 7))];
    if (day <= new Date(Date.UTC(year, month, 0)).getUTCDate()) return checked(text, instant);
  }
  throw noTime(text);
}

/** Fields of a local calendar time; NaN when one is out of its range. */
function localTime(fields: readonly number[]): number {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0] = fields;
  const date = new Date(year, month - 1, day, hour, minute, second, ms);
  const same = date.getMonth() === month - 1 && date.getDate() === day && hour < 24 && minute < 60 && second < 60;
  return same ? date.getTime() : Number.NaN;
}

function checked(text: string, instant: number): number {
  if (Number.isNaN(instant)) throw noTime(text);
  return instant;
}

function noTime(text: string): UsageError {
  return new UsageError(`"${text}" is no time`, {
    hint: 'write now, -1h, 2026-01-01T10:00Z, epoch ms or yyyy-MM-dd#HH:mm:ss:SSS',
  });
}

/**
 * Reads a position: `start end N +N -N @TIME`; `now` and Apache's time format are accepted without the `@`.
 *
 * @throws UsageError
 */
export function parsePosition(text: string, now: number): Position {
  const trimmed = text.trim();
  if (trimmed === 'start') return { kind: 'start' };
  if (trimmed === 'end') return { kind: 'end' };
  if (trimmed.startsWith('@')) return { kind: 'time', timestamp: parseTime(trimmed.slice(1), now) };
  if (trimmed === 'now' || APACHE_TIME.test(trimmed)) return { kind: 'time', timestamp: parseTime(trimmed, now) };
  const number = /^([+-]?)(\d{1,16})$/.exec(trimmed);
  const count = Number(number?.[2]);
  if (number === null || !Number.isSafeInteger(count)) {
    throw new UsageError(`"${text}" is no position`, { hint: `write one of ${POSITION_HELP}` });
  }
  if (number[1] === '+') return { kind: 'after-start', count };
  if (number[1] === '-') return { kind: 'before-end', count };
  return { kind: 'queue-offset', queueOffset: count };
}

/**
 * Reads `A:B`, two positions; an empty A is `start`, an empty B is `end`. Times may hold colons: the split is the
 * one that gives two positions.
 *
 * @throws UsageError when no split or more than one does
 */
export function parseRange(text: string, now: number): { from: Position; to: Position } {
  const found: Array<{ from: Position; to: Position }> = [];
  for (let colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', colon + 1)) {
    const from = tryPosition(text.slice(0, colon), now, { kind: 'start' });
    const to = tryPosition(text.slice(colon + 1), now, { kind: 'end' });
    if (from !== null && to !== null) found.push({ from, to });
  }
  if (found.length === 1) return found[0] as { from: Position; to: Position };
  throw new UsageError(`"${text}" is no range`, { hint: `write A:B with A and B one of ${POSITION_HELP}` });
}

function tryPosition(text: string, now: number, whenEmpty: Position): Position | null {
  if (text.trim() === '') return whenEmpty;
  try {
    return parsePosition(text, now);
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** A position as it is written. */
export function formatPosition(position: Position): string {
  switch (position.kind) {
    case 'start':
    case 'end':
      return position.kind;
    case 'after-start':
      return `+${position.count}`;
    case 'before-end':
      return `-${position.count}`;
    case 'queue-offset':
      return String(position.queueOffset);
    case 'time':
      return `@${new Date(position.timestamp).toISOString()}`;
  }
}
