import type { Partial } from '../admin/fan-out.js';
import type { Outcome } from './command.js';
import { partialOutcome } from './partial.js';
import { tableView } from './render/view.js';

/** An export: the document for machines, what is in it for people. */
export function exportOutcome(
  doc: Partial,
  rows: ReadonlyArray<{ readonly name: string; readonly kind: string; readonly value: string }>,
): Outcome {
  return {
    ...partialOutcome(doc),
    view: tableView({
      doc,
      rows,
      columns: [
        { key: 'kind', title: 'KIND', value: ({ kind }) => kind },
        { key: 'name', title: 'NAME', value: ({ name }) => name, cut: true },
        { key: 'value', title: 'VALUE', value: ({ value }) => value, cut: true },
      ],
      name: ({ name }) => name,
      empty: 'there is nothing to export',
    }),
  };
}
