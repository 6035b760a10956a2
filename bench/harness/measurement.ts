/** What a benchmark yields: numbers of ours and of a peer, taken in turn. Pure. */

/** A quantity. */
export interface Metric {
  readonly title: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
}

/** By the names under which samples have them. */
export const METRICS = {
  perSecond: { title: 'rate', unit: 'msg/s', better: 'higher' },
  p50Ms: { title: 'p50', unit: 'ms', better: 'lower' },
  p99Ms: { title: 'p99', unit: 'ms', better: 'lower' },
  p999Ms: { title: 'p99.9', unit: 'ms', better: 'lower' },
  cpuMicros: { title: 'broker CPU a message', unit: 'µs', better: 'lower' },
  rssMb: { title: 'broker memory (RSS)', unit: 'MB', better: 'lower' },
  anonMb: { title: 'of it without file pages', unit: 'MB', better: 'lower' },
  timeMs: { title: 'time', unit: 'ms', better: 'lower' },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;

/** What one turn gave. */
export type Sample = Partial<Record<MetricName, number>>;

/** One row of the result: a metric of a case, a number a turn. */
export interface Measurement {
  readonly case: string;
  readonly metric: MetricName;
  readonly ours: readonly number[];
  readonly peer: readonly number[];
  /** Whom we are compared with, unless it is Apache. */
  readonly peerName?: string;
  /** The least ratio aimed at. */
  readonly aim?: number;
  /** What ours is to be at worst, in the metric's unit. */
  readonly limit?: number;
}

/** The middle value; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** (max - min) / median: 0.1 says that the turns lie within a tenth of each other. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

/** How many times better ours is; below 1 it is worse. */
export function ratio({ metric, ours, peer }: Measurement): number {
  const quotient = median(ours) / median(peer);
  return METRICS[metric].better === 'higher' ? quotient : 1 / quotient;
}

/** Whether aim and limit are reached; null without any. */
export function reaches(measurement: Measurement): boolean | null {
  const { aim, limit, metric, ours } = measurement;
  if (aim === undefined && limit === undefined) return null;
  const isHigher = METRICS[metric].better === 'higher';
  const isWithin = limit === undefined || (isHigher ? median(ours) >= limit : median(ours) <= limit);
  return isWithin && (aim === undefined || ratio(measurement) >= aim);
}

/** A number for people: three digits that count, thousands set apart. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  const abs = Math.abs(value);
  if (abs >= 1000) return Math.round(value).toLocaleString('en-US');
  return abs >= 100 ? value.toFixed(0) : abs >= 10 ? value.toFixed(1) : abs >= 1 ? value.toFixed(2) : value.toFixed(3);
}
