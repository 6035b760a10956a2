import { CHECK_METRICS, metricText } from '../admin/checks/metrics.js';
import type { Thresholds } from '../admin/checks/report.js';
import type { CheckReport, Limits } from '../admin/checks.js';
import { type Failure, failureOf } from '../admin/failure.js';
import { CHECK_FORMATS, type CheckFormat, FORMATS } from './check-formats.js';
import type { Outcome } from './command.js';
import { flag } from './flags.js';
import { tableView } from './render/view.js';
import { parseDuration } from './units.js';
import { UsageError } from './usage-error.js';

/** Flags of all checks. */
export const CHECK_FLAGS = {
  warn: flag.strings({
    description: 'from when on it is a warning: NUMBER, or METRIC=NUMBER; off switches one off',
    helpValue: '<limit>',
  }),
  crit: flag.strings({ description: 'from when on it is critical, in the same way', helpValue: '<limit>' }),
  format: flag.oneOf(CHECK_FORMATS, {
    description: 'who reads it: text, or what Nagios, Prometheus, JUnit or GitHub Actions take, with their exit codes',
    default: 'text',
  }),
};

/** The metrics of a kind, for the description of its command. */
export function metricsHelp(kind: CheckReport['kind']): string {
  const texts = CHECK_METRICS[kind].map(({ name, description, unit, bad, warn, crit }) => {
    const limits = [
      ...(warn === null ? [] : [`warning ${bad === 'above' ? 'from' : 'below'} ${metricText(warn, unit)}`]),
      ...(crit === null ? [] : [`critical ${bad === 'above' ? 'from' : 'below'} ${metricText(crit, unit)}`]),
    ];
    return `${name} (${description}${limits.length === 0 ? '' : `; ${limits.join(', ')}`})`;
  });
  return `Metrics: ${texts.join(', ')}. A limit without a name is for ${CHECK_METRICS[kind][0]?.name}. Exit codes of --format text: 6 when a limit is passed, 7 when something is unknown; nagios: 0 ok, 1 warning, 2 critical, 3 unknown; junit and github: 1 when critical or unknown; prometheus: 0.`;
}

/** @throws UsageError for a metric that there is not, or a value that is none */
export function limitsOf(
  kind: CheckReport['kind'],
  flags: { readonly warn: readonly string[]; readonly crit: readonly string[] },
): Limits {
  return { warn: parseLimits(kind, flags.warn, '--warn'), crit: parseLimits(kind, flags.crit, '--crit') };
}

function parseLimits(kind: CheckReport['kind'], texts: readonly string[], flagName: string): Thresholds {
  const metrics = CHECK_METRICS[kind];
  return Object.fromEntries(
    texts
      .flatMap((text) => text.split(','))
      .map((text) => {
        const at = text.indexOf('=');
        const name = at < 0 ? (metrics[0]?.name ?? '') : text.slice(0, at).trim();
        const value = text.slice(at + 1).trim();
        const definition = metrics.find((metric) => metric.name === name);
        if (definition === undefined) {
          throw new UsageError(`${flagName}: there is no metric "${name}"`, {
            hint: `metrics: ${metrics.map((metric) => metric.name).join(', ')}`,
          });
        }
        if (value === 'off') return [name, null];
        const number = definition.unit === 'ms' ? durationOf(value) : Number(value.replace(/%$/, ''));
        if (value === '' || !Number.isFinite(number) || number < 0)
          throw new UsageError(`${flagName}: "${value}" is no limit for ${name}`);
        return [name, number];
      }),
  );
}

/** A duration with its unit; a number alone is milliseconds. */
function durationOf(text: string): number {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : parseDuration(text);
}

/**
 * Runs a check and gives what its reader expects. Formats of other programs get failures as a state of the check, not as
 * an error of ours.
 */
export async function checkOutcome(
  kind: CheckReport['kind'],
  subject: string | null,
  format: CheckFormat,
  run: () => Promise<CheckReport>,
): Promise<Outcome<CheckReport>> {
  const report = await reportOf(kind, subject, format, run);
  const { text, exit } = FORMATS[format];
  if (text !== null) {
    return { exit: exit(report.level), view: { kind: 'message', doc: report, text: text(report), name: report.level } };
  }
  return {
    exit: exit(report.level),
    view: tableView({
      doc: report,
      rows: report.subjects,
      columns: [
        { key: 'subject', title: kind.toUpperCase(), value: (row) => row.subject, cut: true },
        {
          key: 'level',
          title: 'STATE',
          value: ({ level }) => level,
          tone: ({ level }) => (level === 'ok' ? 'good' : level === 'warning' ? 'warning' : 'bad'),
        },
        ...CHECK_METRICS[kind].map(({ name, unit }) => ({
          key: name,
          title: name.toUpperCase(),
          value: (row: CheckReport['subjects'][number]) =>
            row.metrics.find((metric) => metric.name === name)?.value ?? null,
          text: (row: CheckReport['subjects'][number]) => {
            const value = row.metrics.find((metric) => metric.name === name)?.value ?? null;
            return value === null ? '-' : metricText(value, unit);
          },
          align: 'right' as const,
        })),
        { key: 'reason', title: 'WHY', value: ({ reason }) => reason, cut: true },
      ],
      name: (row) => row.subject,
      empty: 'there is nothing to check',
    }),
  };
}

async function reportOf(
  kind: CheckReport['kind'],
  subject: string | null,
  format: CheckFormat,
  run: () => Promise<CheckReport>,
): Promise<CheckReport> {
  try {
    return await run();
  } catch (error) {
    const failure = failureOf(error);
    if (format === 'text' || failure.kind === 'usage' || failure.kind === 'interrupted') throw error;
    return failedReport(kind, subject ?? kind, failure);
  }
}

/** What is missing or cannot be reached is critical; what we may not ask, or failed at, is unknown. */
function failedReport(kind: CheckReport['kind'], subject: string, failure: Failure): CheckReport {
  const level = failure.kind === 'unreachable' || failure.kind === 'not-found' ? 'critical' : 'unknown';
  const definition = CHECK_METRICS[kind].find(({ crit }) => crit !== null) ?? CHECK_METRICS[kind][0];
  if (definition === undefined) throw new Error(`no metrics of ${kind}`);
  const { name, unit, bad, warn, crit } = definition;
  return {
    kind,
    level,
    subjects: [
      { subject, level, reason: failure.message, metrics: [{ name, unit, bad, warn, crit, value: null, level }] },
    ],
  };
}
