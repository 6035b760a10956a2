import { checkedText } from '../admin/checks/metrics.js';
import type { CheckedMetric, CheckedSubject, CheckLevel, CheckReport } from '../admin/checks.js';
import { ExitCode } from './exit-code.js';

/** Who reads the result. */
export const CHECK_FORMATS = ['text', 'nagios', 'prometheus', 'junit', 'github'] as const;
export type CheckFormat = (typeof CHECK_FORMATS)[number];

interface Format {
  /** Null: the command's own table. */
  readonly text: ((report: CheckReport) => string) | null;
  readonly exit: (level: CheckLevel) => number;
}

/** Exit codes of plugins for Nagios, Icinga, Sensu: OK, WARNING, CRITICAL, UNKNOWN. */
const NAGIOS_EXITS: Readonly<Record<CheckLevel, number>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };

export const FORMATS: Readonly<Record<CheckFormat, Format>> = {
  text: {
    text: null,
    exit: (level) =>
      level === 'ok' ? ExitCode.DONE : level === 'unknown' ? ExitCode.PARTIAL : ExitCode.CONDITION_NOT_MET,
  },
  nagios: { text: nagios, exit: (level) => NAGIOS_EXITS[level] },
  // The textfile collector and a push gateway take the file when the writer went well: the state is a number in it.
  prometheus: { text: prometheus, exit: () => ExitCode.DONE },
  junit: {
    text: junit,
    exit: (level) => (level === 'critical' || level === 'unknown' ? ExitCode.FAILED : ExitCode.DONE),
  },
  // A warning annotates, an error fails the step.
  github: {
    text: github,
    exit: (level) => (level === 'critical' || level === 'unknown' ? ExitCode.FAILED : ExitCode.DONE),
  },
};

const NAGIOS_UNITS = { count: '', ms: 's', percent: '%', bytes: 'B' } as const;

/** `RMQ CONSUMER WARNING - orders: lag 1,200 (warning from 1,000) | 'orders lag'=1200;1000;5000;0` */
function nagios({ kind, level, subjects }: CheckReport): string {
  const bad = subjects.filter((subject) => subject.level !== 'ok');
  const what =
    bad.length > 0
      ? bad.map(({ subject, reason }) => `${subject}: ${reason}`).join(', ')
      : subjects.map(({ subject, metrics }) => `${subject}: ${metrics.map(checkedText).join(', ')}`).join('; ');
  const perf = subjects.flatMap(({ subject, metrics }) =>
    metrics.flatMap((metric) => {
      if (metric.value === null) return [];
      const label = subjects.length === 1 ? metric.name : `${subject} ${metric.name}`;
      const limit = (value: number | null): string =>
        value === null ? '' : `${metric.bad === 'below' ? `${scaled(value, metric)}:` : scaled(value, metric)}`;
      return [
        `'${label.replaceAll("'", "''")}'=${scaled(metric.value, metric)}${NAGIOS_UNITS[metric.unit]};${limit(metric.warn)};${limit(metric.crit)};0`,
      ];
    }),
  );
  // The bar parts text from figures.
  const text = `RMQ ${kind.toUpperCase()} ${level.toUpperCase()} - ${what.replaceAll('|', '/').replaceAll('\n', ' ')}`;
  return `${text}${perf.length === 0 ? '' : ` | ${perf.join(' ')}`}`;
}

const scaled = (value: number, { unit }: CheckedMetric): number => (unit === 'ms' ? value / 1000 : value);

const STATE_NUMBERS: Readonly<Record<CheckLevel, number>> = NAGIOS_EXITS;
const PROMETHEUS_UNITS = { count: '', ms: '_seconds', percent: '_percent', bytes: '_bytes' } as const;

/** Gauges in the text format of Prometheus. */
function prometheus({ kind, subjects }: CheckReport): string {
  const label = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  const lines = [
    `# HELP mqadmin_check_state 0 ok, 1 warning, 2 critical, 3 unknown.`,
    '# TYPE mqadmin_check_state gauge',
    ...subjects.map(
      ({ subject, level }) =>
        `mqadmin_check_state{check="${kind}",subject="${label(subject)}"} ${STATE_NUMBERS[level]}`,
    ),
  ];
  const names = [...new Set(subjects.flatMap(({ metrics }) => metrics.map(({ name }) => name)))];
  for (const name of names) {
    const some = subjects.flatMap(({ subject, metrics }) =>
      metrics.filter((each) => each.name === name && each.value !== null).map((metric) => ({ subject, metric })),
    );
    const [first] = some;
    if (first === undefined) continue;
    const family = `mqadmin_check_${kind}_${name.replaceAll('-', '_')}${PROMETHEUS_UNITS[first.metric.unit]}`;
    lines.push(`# TYPE ${family} gauge`);
    for (const { subject, metric } of some) {
      lines.push(`${family}{subject="${label(subject)}"} ${scaled(metric.value as number, metric)}`);
    }
  }
  return lines.join('\n');
}

const xml = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 takes none of them
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** A test suite with a test for each metric that has thresholds; what is unknown is an error. */
function junit({ kind, subjects }: CheckReport): string {
  const cases = subjects.flatMap(({ subject, metrics, reason }) => {
    const checked = metrics.filter(({ warn, crit }) => warn !== null || crit !== null);
    return (checked.length === 0 ? metrics.slice(0, 1) : checked).map((metric) => ({ subject, metric, reason }));
  });
  const failures = cases.filter(({ metric }) => metric.level === 'critical').length;
  const errors = cases.filter(({ metric }) => metric.level === 'unknown').length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="mqadmin check ${kind}" tests="${cases.length}" failures="${failures}" errors="${errors}">`,
    ...cases.flatMap(({ subject, metric, reason }) => {
      const open = `  <testcase classname="${kind}.${xml(subject)}" name="${xml(metric.name)}">`;
      const text = checkedText(metric);
      if (metric.level === 'critical') return [open, `    <failure message="${xml(text)}"/>`, '  </testcase>'];
      if (metric.level === 'unknown') return [open, `    <error message="${xml(reason ?? text)}"/>`, '  </testcase>'];
      return [open, `    <system-out>${xml(text)}</system-out>`, '  </testcase>'];
    }),
    '</testsuite>',
  ].join('\n');
}

/** Workflow commands: annotations of a GitHub Actions step. */
function github({ kind, subjects }: CheckReport): string {
  const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return subjects
    .map((each) => {
      const title = property(`${kind} ${each.subject} is ${each.level}`);
      if (each.level === 'ok') return `::notice title=${title}::${data(summary(each))}`;
      return `::${each.level === 'warning' ? 'warning' : 'error'} title=${title}::${data(each.reason ?? summary(each))}`;
    })
    .join('\n');
}

const summary = ({ metrics }: CheckedSubject): string => metrics.map(checkedText).join(', ');
