import type { MessageStoreConfig } from './store-config.js';

type SpaceSettings = Pick<
  MessageStoreConfig,
  'diskMaxUsedSpaceRatio' | 'diskSpaceWarningLevelRatio' | 'diskSpaceCleanForciblyRatio'
>;

/** What the used share of the partitions asks for. */
export interface SpaceDecision {
  /** Refuse messages, take them again, or (null) stay as it is. */
  isFull: boolean | null;
  /** Delete expired files now, whatever the hour. */
  reclaim: boolean;
  /** Delete the oldest files even if they have not expired. */
  immediately: boolean;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Above this used share, 0..1, files are deleted whatever their age. */
export function forciblyRatio(settings: SpaceSettings): number {
  return clamp(settings.diskSpaceCleanForciblyRatio, 0.3, 0.85);
}

/**
 * Full above the warning level (90 %), and not full again until at or below the next one (85 %), so that a broker near
 * the limit does not flap.
 *
 * @param commitLogRatio used share of the commit log's partition, 0..1; -1 if unknown, which asks for what has expired
 * @param consumeQueueRatio the same of the consume queues'
 * Source: store/DefaultMessageStore.java#isSpaceToDelete
 */
export function decideSpace(commitLogRatio: number, consumeQueueRatio: number, settings: SpaceSettings): SpaceDecision {
  const warning = clamp(settings.diskSpaceWarningLevelRatio, 0.35, 0.9);
  const forcibly = forciblyRatio(settings);
  const normal = clamp(settings.diskMaxUsedSpaceRatio, 10, 95) / 100;
  let isFull: boolean | null = null;
  for (const ratio of [commitLogRatio, consumeQueueRatio]) {
    if (ratio > warning) return { isFull: true, reclaim: true, immediately: true };
    if (ratio > forcibly) return { isFull, reclaim: true, immediately: true };
    isFull = false;
  }
  const reclaims = (ratio: number) => ratio < 0 || ratio > normal;
  return { isFull, reclaim: reclaims(commitLogRatio) || reclaims(consumeQueueRatio), immediately: false };
}

/**
 * True if this hour is one of those in which expired files are deleted.
 *
 * @param deleteWhen hours 0-23 of local time, separated by `;`
 * @param nowMs ms since the epoch
 */
export function isDeleteHour(deleteWhen: string, nowMs: number): boolean {
  const hour = new Date(nowMs).getHours();
  return deleteWhen.split(';').some((part) => part.trim() !== '' && Number(part) === hour);
}
