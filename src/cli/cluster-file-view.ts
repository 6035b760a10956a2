import type { ClusterFile } from '../admin/declared/cluster-file.js';
import type { Change, ClusterPlan, FieldChange } from '../admin/declared/plan.js';
import { flag } from './flags.js';
import type { CliIo } from './io.js';
import { tableView } from './render/view.js';
import { readTextFile } from './text-file.js';

/** What `plan`, `apply` and `drift` take. */
export const CLUSTER_FLAG = flag.string({
  char: 'c',
  aliases: ['clusterName'],
  description: "the cluster; by default the file's, or the only one",
  helpValue: '<name>',
});

/** Reads a cluster file, or stdin for `-`. @throws UsageError when it cannot be read; AdminError with file and line */
export async function readClusterFile(path: string, io: CliIo): Promise<ClusterFile> {
  const { parseClusterFile } = await import('../admin/declared/cluster-file.js');
  if (path !== '-') return parseClusterFile(await readTextFile(io.cwd, path), path);
  return parseClusterFile((await io.stdin.readAll()).toString('utf8'), 'stdin');
}

const SIGNS = { create: '+', update: '~', delete: '-' } as const;

interface Row {
  readonly change: Change;
  /** Null for a change without fields. */
  readonly field: FieldChange | null;
}

function rowsOf(changes: readonly Change[]): Row[] {
  return changes.flatMap((change): Row[] =>
    change.fields.length === 0 ? [{ change, field: null }] : change.fields.map((field) => ({ change, field })),
  );
}

const valueText = (value: FieldChange['after'] | undefined): string =>
  value === null || value === undefined ? '-' : value === '' ? '""' : String(value);

/** Changes field by field. */
export function changesView<D>(doc: D, changes: readonly Change[], footer: readonly string[], empty: string) {
  return tableView<Row, D>({
    doc,
    rows: rowsOf(changes),
    columns: [
      {
        key: 'action',
        title: 'ACTION',
        value: ({ change }) => change.action,
        text: ({ change }) => `${SIGNS[change.action]} ${change.action}`,
        tone: ({ change: { action } }) => (action === 'create' ? 'good' : action === 'delete' ? 'bad' : 'warning'),
      },
      { key: 'kind', title: 'KIND', value: ({ change }) => change.kind },
      { key: 'name', title: 'NAME', value: ({ change }) => change.name, cut: true },
      { key: 'broker', title: 'BROKER', value: ({ change }) => change.brokerName, cut: true },
      { key: 'field', title: 'FIELD', value: ({ field }) => field?.field ?? null, cut: true },
      {
        key: 'before',
        title: 'BEFORE',
        value: ({ field }) => field?.before ?? null,
        text: ({ field }) => valueText(field?.before),
        align: 'left',
        cut: true,
      },
      {
        key: 'after',
        title: 'AFTER',
        value: ({ field }) => field?.after ?? null,
        text: ({ field }) => valueText(field?.after),
        align: 'left',
        cut: true,
      },
    ],
    name: ({ change }) => `${change.kind}/${change.name}`,
    rowDoc: ({ change, field }) => ({ ...change, fields: undefined, ...field }),
    footer,
    empty,
  });
}

/** `2 to create, 1 to update, 0 to delete; 5 as they should be`. */
export function planFooter({ changes, unchanged }: Pick<ClusterPlan, 'changes' | 'unchanged'>): string[] {
  const count = (action: Change['action']) => changes.filter((change) => change.action === action).length;
  return [
    `${count('create')} to create, ${count('update')} to update, ${count('delete')} to delete; ` +
      `${unchanged} as they should be`,
    ...warningsOf(changes),
  ];
}

/** What to think of before, each once. */
export function warningsOf(changes: readonly Change[]): string[] {
  return [
    ...new Set(
      changes.flatMap(({ action, kind, name, warning }) =>
        warning === null ? [] : [`warning: ${action} ${kind} ${name}: ${warning}`],
      ),
    ),
  ];
}

/** Lines of a preview. */
export function changeLines(changes: readonly Change[]): string {
  const lines = rowsOf(changes).map(({ change: { action, brokerName, kind, name }, field }) => {
    const at = brokerName === null ? '' : ` on ${brokerName}`;
    const before = action === 'create' ? '' : `${valueText(field?.before)} -> `;
    const what = field === null ? '' : `: ${field.field} ${before}${valueText(field.after)}`;
    return `  ${SIGNS[action]} ${kind} ${name}${at}${what}`;
  });
  return [...lines, ...warningsOf(changes)].join('\n');
}
