import { formatCount, formatDuration } from '../../cli/render/units.js';
import type { GroupRow } from './frame.js';

/** How a group is doing, in one word. */
export type GroupState = 'ok' | 'behind' | 'stuck' | 'offline' | 'unknown';

/** From the worst to the best. */
export const SEVERITY: Record<GroupState, number> = { stuck: 0, unknown: 1, behind: 2, offline: 3, ok: 4 };

/**
 * The state of a group.
 *
 * @param isGrowing whether its lag keeps growing
 * @param stuckAfterMs committed offsets that stand still for so long with messages waiting are stuck
 */
export function groupState(row: Omit<GroupRow, 'state'>, isGrowing: boolean, stuckAfterMs: number): GroupState {
  if (row.clients?.length === 0) return 'offline';
  const standingMs = (row.readAtMs ?? 0) - (row.standingSinceMs ?? row.readAtMs ?? 0);
  if (row.lag === null) {
    // Members that never commit though messages are there are stuck, wherever they are.
    const isMute = row.uncommitted.length > 0 && (row.atMost ?? 0) > 0 && row.clients !== null;
    return isMute && standingMs >= stuckAfterMs ? 'stuck' : 'unknown';
  }
  if (row.lag === 0) return 'ok';
  if (standingMs >= stuckAfterMs) return row.clients === null ? 'behind' : 'stuck';
  // What comes in within a commit interval or so is no backlog.
  const usual = Math.max(10, (row.inRate ?? 0) * 5);
  return row.lag <= usual && !isGrowing ? 'ok' : 'behind';
}

/** How long the oldest message may have been waiting, ms; 0 without lag, null when unknown; of stuck groups at least. */
export function lagAgeMs(row: GroupRow, nowMs: number): number | null {
  if (row.lag === 0) return 0;
  // Of what was never committed it is known how long that has been seen, and no more.
  if (row.lag === null) return row.state === 'stuck' ? nowMs - (row.standingSinceMs ?? nowMs) : null;
  const since = [row.oldestConsumedAtMs, row.emptyAtMs].filter((time) => time !== null);
  return since.length === 0 ? null : Math.max(0, nowMs - Math.max(...since));
}

const messages = (count: number): string => (count === 1 ? '1 message' : `${formatCount(count)} messages`);
const members = (count: number): string => (count === 1 ? '1 member is' : `${count} members are`);

/** One line that says what is wrong with a group, or that nothing is. */
export function groupWords(row: GroupRow, nowMs: number): string {
  const { group, lag, clients, worst } = row;
  const where = worst === null ? '' : `; most wait in ${worst.queue} (${formatCount(worst.lag)})`;
  const dead = row.dead !== null && row.dead > 0 ? `; ${messages(row.dead)} in %DLQ%${group}` : '';
  switch (row.state) {
    case 'unknown': {
      const known = (row.knownLag ?? 0) === 0 ? '' : `; at least ${messages(row.knownLag ?? 0)} wait`;
      return `${group}: lag is unknown: ${row.reason ?? 'not read yet'}${known}`;
    }
    case 'offline': {
      const waiting =
        lag === null
          ? `, and its lag is unknown: ${row.reason ?? 'not read yet'}`
          : lag === 0
            ? ', nothing is waiting'
            : `, ${messages(lag)} ${lag === 1 ? 'is' : 'are'} waiting${where}`;
      return `${group}: no member is online${waiting}${dead}`;
    }
    case 'stuck': {
      const standingMs = nowMs - (row.standingSinceMs ?? nowMs);
      if (lag === null) {
        const topics = row.uncommitted.join(', ');
        return `${group}: ${members(clients?.length ?? 0)} online but no offset of ${topics} was ever committed; up to ${messages(row.atMost ?? 0)} wait`;
      }
      const since = `${row.hasMoved ? '' : 'at least '}${formatDuration(standingMs)}`;
      return `${group}: ${members(clients?.length ?? 0)} online but no offset was committed for ${since}${where}${dead}`;
    }
    case 'behind': {
      const pace =
        row.drainMs === Number.POSITIVE_INFINITY
          ? 'consumes slower than messages come in'
          : row.drainMs === null
            ? 'is behind'
            : `is catching up, about ${formatDuration(row.drainMs)} to go`;
      const online = clients === null ? '; whether members are online is unknown' : '';
      return `${group}: ${pace}${where}${online}${dead}`;
    }
    case 'ok':
      return lag === 0 ? `${group}: has consumed everything${dead}` : `${group}: keeps up${dead}`;
  }
}
