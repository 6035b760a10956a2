/** What a check for a monitoring system gives: numbers, thresholds and a state. Plain data. */

/** As monitoring systems have it; worst last. */
export const CHECK_LEVELS = ['ok', 'warning', 'unknown', 'critical'] as const;
export type CheckLevel = (typeof CHECK_LEVELS)[number];

/** How a number is written, and what its unit is. */
export type MetricUnit = 'count' | 'ms' | 'percent' | 'bytes';

/** A number that can be checked. */
export interface MetricDefinition {
  readonly name: string;
  readonly unit: MetricUnit;
  /** `above`: bad from the threshold on. `below`: bad under it. */
  readonly bad: 'above' | 'below';
  readonly description: string;
  /** When nobody gives thresholds; null: not checked then. */
  readonly warn: number | null;
  readonly crit: number | null;
}

/** Values by metric name; a metric that is not there keeps its default, null switches it off. */
export type Thresholds = Readonly<Record<string, number | null | undefined>>;

export interface CheckedMetric {
  readonly name: string;
  readonly unit: MetricUnit;
  /** Null when it could not be found out. */
  readonly value: number | null;
  readonly warn: number | null;
  readonly crit: number | null;
  readonly level: CheckLevel;
  readonly bad: 'above' | 'below';
}

/** One thing that was checked. */
export interface CheckedSubject {
  /** `orders`, `broker-a`, … */
  readonly subject: string;
  readonly level: CheckLevel;
  readonly metrics: readonly CheckedMetric[];
  /** What is bad, or why it is unknown; null when all is well. */
  readonly reason: string | null;
}

export interface CheckReport {
  readonly kind: 'consumer' | 'topic' | 'broker' | 'cluster';
  /** The worst of the subjects. */
  readonly level: CheckLevel;
  readonly subjects: readonly CheckedSubject[];
}

export function worstOf(levels: readonly CheckLevel[]): CheckLevel {
  return levels.reduce<CheckLevel>(
    (worst, level) => (CHECK_LEVELS.indexOf(level) > CHECK_LEVELS.indexOf(worst) ? level : worst),
    'ok',
  );
}

/** Holds a value against its thresholds. Without any it is always `ok`; unknown values are `unknown` when one is set. */
export function checkMetric(
  definition: MetricDefinition,
  value: number | null,
  thresholds: { readonly warn: Thresholds; readonly crit: Thresholds },
): CheckedMetric {
  const { name, unit, bad } = definition;
  const wanted = (given: Thresholds, fallback: number | null): number | null =>
    given[name] === undefined ? fallback : (given[name] ?? null);
  const warn = wanted(thresholds.warn, definition.warn);
  const crit = wanted(thresholds.crit, definition.crit);
  const isBeyond = (limit: number | null): boolean =>
    value !== null && limit !== null && (bad === 'above' ? value >= limit : value < limit);
  const isChecked = warn !== null || crit !== null;
  const level: CheckLevel = isBeyond(crit)
    ? 'critical'
    : isBeyond(warn)
      ? 'warning'
      : value === null && isChecked
        ? 'unknown'
        : 'ok';
  return { name, unit, value, warn, crit, level, bad };
}

/**
 * A subject of its metrics.
 *
 * @param reason why something is unknown
 * @param isPartial a broker's part is missing: what is left cannot be called ok
 */
export function checkedSubject(
  subject: string,
  metrics: readonly CheckedMetric[],
  describe: (metric: CheckedMetric) => string,
  reason: string | null = null,
  isPartial = false,
): CheckedSubject {
  const bad = metrics.filter(({ level }) => level !== 'ok');
  const texts = [...bad.map(describe), ...(reason === null ? [] : [reason])];
  const level = worstOf([isPartial ? 'unknown' : 'ok', ...metrics.map((metric) => metric.level)]);
  return { subject, level, metrics, reason: texts.length === 0 ? null : texts.join('; ') };
}

export function checkReport(kind: CheckReport['kind'], subjects: readonly CheckedSubject[]): CheckReport {
  return { kind, level: worstOf(subjects.map(({ level }) => level)), subjects };
}
