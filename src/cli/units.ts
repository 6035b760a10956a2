import { UsageError } from './usage-error.js';

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * Reads `500ms`, `10s`, `1h30m`, `2d`: numbers with units, decimals allowed, added up.
 *
 * @returns ms, at least 0
 * @throws UsageError for anything else, also for a number without unit
 */
export function parseDuration(text: string): number {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text.trim()) {
    throw new UsageError(`"${text}" is no duration`, { hint: 'write a number with a unit: 500ms, 10s, 1h30m, 2d' });
  }
  return Math.round(
    parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit as string] as number), 0),
  );
}
