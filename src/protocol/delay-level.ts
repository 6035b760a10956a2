/**
 * Delay levels: level n (from 1) of a message means "deliver after the n-th delay of the table".
 *
 * Source: broker/.../schedule/ScheduleMessageService.java#parseDelayLevel, MessageStoreConfig.java#messageDelayLevel
 */
import { MQError } from '../base/errors.js';

/** The broker's default `messageDelayLevel`. */
export const DEFAULT_MESSAGE_DELAY_LEVEL = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LEVEL_TEXT = /^(\d{1,12})([smhd])$/;

/** Delays in ms: level n is at index n - 1. */
export type DelayLevels = readonly number[];

/**
 * Parses the text of `messageDelayLevel`: numbers with a unit s, m, h or d, separated by blanks.
 *
 * @param timeScale by how much the delays are shortened, to 1 ms at least
 * @throws MQError CONFIG naming the level that does not parse
 */
export function parseDelayLevels(text: string, timeScale = 1): DelayLevels {
  return text
    .trim()
    .split(/ +/)
    .map((part, index) => {
      const match = LEVEL_TEXT.exec(part);
      if (!match) {
        throw new MQError(
          'CONFIG',
          `messageDelayLevel: level ${index + 1} ${JSON.stringify(part)} is no <number>s|m|h|d`,
        );
      }
      const delayMs = Number(match[1]) * (UNIT_MS[match[2] as string] as number);
      return timeScale === 1 ? delayMs : Math.max(1, Math.round(delayMs / timeScale));
    });
}

/** The table of DEFAULT_MESSAGE_DELAY_LEVEL: 18 levels, 1 s to 2 h. */
export const delayLevels: DelayLevels = parseDelayLevels(DEFAULT_MESSAGE_DELAY_LEVEL);

/**
 * The delay of a level.
 *
 * @returns ms; 0 for level <= 0; the longest delay for a level above the table, as the store clamps it
 */
export function delayLevelMs(level: number, levels: DelayLevels = delayLevels): number {
  if (level <= 0) return 0;
  return levels[Math.min(level, levels.length) - 1] ?? 0;
}

/** The queue of SCHEDULE_TOPIC_XXXX that holds a level (from 1). */
export function delayLevelQueueId(level: number): number {
  return level - 1;
}
