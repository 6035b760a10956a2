import type { Check } from '../admin/doctor.js';
import { findingLines } from './finding-lines.js';
import { tableView, type View } from './render/view.js';
import { wrapLine } from './render/wrap.js';

/**
 * Checks one after the other, those that are as they should be in one line each at the end, and what to run next.
 *
 * @param width columns of the terminal; null: lines as long as they come
 */
export function checkLines(checks: readonly Check[], width: number | null): string[] {
  const telling = checks.filter(({ state }) => state !== 'ok');
  const fine = checks.filter(({ state }) => state === 'ok');
  const next = telling.flatMap((each) => each.next);
  const once = next.filter(({ command }, index) => next.findIndex((other) => other.command === command) === index);
  const findings = telling.map(({ area, state, title, evidence }) => ({
    rule: area,
    severity: state,
    title,
    evidence,
  }));
  const [lines, commands] = [findingLines(findings, [], width), findingLines([], once, width)];
  return [
    ...lines,
    ...(fine.length === 0 ? [] : ['']),
    ...fine.flatMap(({ area, title }) => wrapLine(`OK  ${title}  [${area}]`, width, '  ')),
    ...commands,
  ];
}

/** A row for each check. */
export function checksTable<D>(doc: D, checks: readonly Check[]): View<D> {
  return tableView({
    doc,
    rows: checks,
    columns: [
      { key: 'state', title: 'STATE', value: ({ state }) => state },
      { key: 'area', title: 'AREA', value: ({ area }) => area },
      { key: 'title', title: 'CHECK', value: ({ title }) => title },
      { key: 'evidence', title: 'EVIDENCE', value: ({ evidence }) => evidence.join('; ') },
    ],
    name: ({ area }) => area,
    empty: 'nothing was checked',
  });
}
