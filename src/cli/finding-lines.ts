import type { CliIo } from './io.js';
import { tableView, type View } from './render/view.js';
import { wrapLine } from './render/wrap.js';

/** Columns of the terminal that stdout is; null when it is none. */
export function terminalWidth({ stdout }: Pick<CliIo, 'stdout'>): number | null {
  return stdout.isTTY ? (stdout.columns ?? 80) : null;
}

/** What a rule found, as far as it is written for people. */
interface FindingText {
  readonly rule: string;
  readonly severity: string;
  readonly title: string;
  readonly evidence: readonly string[];
}

interface CommandText {
  readonly command: string;
  readonly why: string;
}

/**
 * Findings one after the other, and what to run next.
 *
 * @param width columns of the terminal; null: lines as long as they come
 */
export function findingLines(
  findings: readonly FindingText[],
  next: readonly CommandText[],
  width: number | null,
): string[] {
  return [
    ...findings.flatMap(({ rule, severity, title, evidence }) => [
      '',
      ...wrapLine(`${severity.toUpperCase()}  ${title}  [${rule}]`, width, '  '),
      ...evidence.flatMap((line) => wrapLine(`  - ${line}`, width, '    ')),
    ]),
    ...(next.length === 0 ? [] : ['', 'Next:']),
    ...next.flatMap(({ command, why }) => [
      ...wrapLine(`  ${command}`, width, '    ', ' \\'),
      ...wrapLine(`      ${why}`, width, '      '),
    ]),
  ];
}

/** A row for each finding. */
export function findingsTable<D>(doc: D, findings: readonly FindingText[]): View<D> {
  return tableView({
    doc,
    rows: findings,
    columns: [
      { key: 'severity', title: 'SEVERITY', value: ({ severity }) => severity },
      { key: 'rule', title: 'RULE', value: ({ rule }) => rule },
      { key: 'title', title: 'FINDING', value: ({ title }) => title },
      { key: 'evidence', title: 'EVIDENCE', value: ({ evidence }) => evidence.join('; ') },
    ],
    name: ({ rule }) => rule,
    empty: 'nothing found',
  });
}
