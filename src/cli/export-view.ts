import type { Partial } from '../admin/fan-out.js';
import type { AdminSession } from '../admin/session.js';
import type { Outcome } from './command.js';
import { flag } from './flags.js';
import { partialOutcome } from './partial.js';
import { tableView } from './render/view.js';

/** Whose export it is. */
export const EXPORT_FLAGS = {
  cluster: flag.string({
    char: 'c',
    aliases: ['clusterName'],
    description: 'the cluster; may be left out when there is only one',
    helpValue: '<name>',
  }),
};

/** The cluster that the flag names, else the only one. @throws as onlyCluster */
export async function exportedCluster(session: AdminSession, flags: { readonly cluster?: string | undefined }) {
  const { onlyCluster } = await import('../admin/cluster.js');
  return flags.cluster ?? (await onlyCluster(session));
}

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
