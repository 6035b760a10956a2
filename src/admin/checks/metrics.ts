import { formatBytes, formatCount, formatDuration } from '../../base/units.js';
import type { CheckedMetric, CheckReport, MetricDefinition, MetricUnit } from './report.js';

type Definition = Omit<MetricDefinition, 'name'>;

const metric = (
  unit: MetricUnit,
  bad: 'above' | 'below',
  description: string,
  warn: number | null = null,
  crit: number | null = null,
): Definition => ({ unit, bad, description, warn, crit });

const named = (table: Readonly<Record<string, Definition>>): MetricDefinition[] =>
  Object.entries(table).map(([name, definition]) => ({ name, ...definition }));

/** What each kind of check looks at. The first metric is meant by a threshold without a name. */
export const CHECK_METRICS: Readonly<Record<CheckReport['kind'], readonly MetricDefinition[]>> = {
  consumer: named({
    lag: metric('count', 'above', 'messages that the group has not consumed'),
    delay: metric('ms', 'above', 'age of the oldest of them'),
    members: metric('count', 'below', 'connected members', null, 1),
    retries: metric('count', 'above', 'messages that failed and came again within ten minutes'),
    'dead-letters': metric('count', 'above', 'messages given up within ten minutes'),
  }),
  topic: named({
    idle: metric('ms', 'above', 'time since the newest message was stored'),
    brokers: metric('count', 'below', 'brokers that have the topic and answer', null, 1),
    messages: metric('count', 'above', 'messages stored'),
  }),
  broker: named({
    disk: metric('percent', 'above', 'use of the fullest disk', 75, 90),
    'send-wait': metric('ms', 'above', 'time that the oldest send has been waiting for a thread', 100, 200),
    'page-cache': metric('ms', 'above', 'time that writing one message takes now', 500, 1000),
    behind: metric('bytes', 'above', 'stored and not yet visible to consumers', 64 * 1024 * 1024, 512 * 1024 * 1024),
    up: metric('count', 'below', '1 when it answers', null, 1),
  }),
  cluster: named({
    problems: metric('count', 'above', 'problems that mqadmin doctor finds', null, 1),
    warnings: metric('count', 'above', 'warnings that mqadmin doctor finds', 1),
    brokers: metric('count', 'below', 'brokers that answer', null, 1),
  }),
};

/** A value with its unit, for people. */
export function metricText(value: number | null, unit: MetricUnit): string {
  if (value === null) return 'unknown';
  switch (unit) {
    case 'ms':
      return formatDuration(value);
    case 'percent':
      return `${Number(value.toFixed(1))} %`;
    case 'bytes':
      return formatBytes(value);
    case 'count':
      return formatCount(value);
  }
}

/** `lag 1,200 (warning from 1,000)`. */
export function checkedText({ name, unit, value, warn, crit, level, bad }: CheckedMetric): string {
  const limit = level === 'critical' ? crit : warn;
  const side = bad === 'above' ? 'from' : 'below';
  const isBeyond = level === 'critical' || level === 'warning';
  return `${name} ${metricText(value, unit)}${isBeyond ? ` (${level} ${side} ${metricText(limit, unit)})` : ''}`;
}
