import type { NextCommand } from '../explain/finding.js';

/** `ok` is as it should be, `note` good to know, `unknown` could not be found out. */
export type CheckState = 'ok' | 'note' | 'unknown' | 'warning' | 'problem';

/** What was looked at, and how it was found. */
export interface Check {
  /** `name-servers`, `disk`, …: the same for all checks of one kind. */
  readonly area: string;
  readonly state: CheckState;
  /** One sentence. */
  readonly title: string;
  /** What was seen, one line each. */
  readonly evidence: readonly string[];
  readonly next: readonly NextCommand[];
}

/** Worst last. */
export const CHECK_STATES: readonly CheckState[] = ['ok', 'note', 'unknown', 'warning', 'problem'];

export const isBad = ({ state }: Check): boolean => state === 'problem' || state === 'warning';

export function check(
  area: string,
  state: CheckState,
  title: string,
  evidence: readonly string[] = [],
  next: readonly NextCommand[] = [],
): Check {
  return { area, state, title, evidence, next };
}

/** The worst first, otherwise in their order. */
export function worstFirst(checks: readonly Check[]): Check[] {
  return checks.toSorted((a, b) => CHECK_STATES.indexOf(b.state) - CHECK_STATES.indexOf(a.state));
}

/** Items by a key of theirs, in the order in which keys come. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
