import type { ConfigKind, ImportStep } from '../admin/config-import.js';
import { type CommandClass, defineCommand } from './command.js';
import { ExitCode } from './exit-code.js';
import { arg, flag } from './flags.js';
import { partialOutcome } from './partial.js';
import { tableView } from './render/view.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from './target.js';
import { readTextFile } from './text-file.js';

interface Import {
  readonly kind: ConfigKind;
  /** The command's words after `mqadmin`. */
  readonly id: string;
  /** `topics` */
  readonly things: string;
  /** `[{"topicName": "orders"}]` */
  readonly sample: string;
}

/** `topic import` or `consumer import`. */
export function importCommand({ kind, id, things, sample }: Import): CommandClass {
  return defineCommand({
    summary: `create or change many ${things} from a file`,
    description:
      `The file holds a JSON array, such as ${sample}, with the fields of Apache's class. A field that is left out ` +
      'stays as it is, or takes its default where the entry is new. Attributes: "+key" or "key" sets, "-key" removes. ' +
      'Shows what will change, asks when something that exists does, writes, and reads back.',
    examples: [
      { description: 'On all masters of a cluster', command: `mqadmin ${id} ${things}.json -c DefaultCluster --yes` },
      { description: 'Only show it', command: `mqadmin ${id} ${things}.json --dry-run` },
    ],
    args: { file: arg.required('JSON file', { flag: { name: 'filename', char: 'f' } }) },
    flags: { ...TARGET_FLAGS, 'dry-run': flag.boolean({ description: 'show what would happen, and end' }) },
    writes: true,
    exits: [3, 4, 7],
    async run({ args, flags, connect, confirm, io }) {
      const { applyImport, parseConfigList, planImport } = await import('../admin/config-import.js');
      const list = parseConfigList(kind, await readTextFile(io.cwd, args.file));
      const session = await connect();
      const prepared = await planImport(session, { kind, target: await targetOrOnlyCluster(session, flags), list });
      const { plan } = prepared;
      if (flags['dry-run']) return { ...partialOutcome(plan), view: stepsView(plan, plan.brokers) };
      const names = [...new Set(plan.brokers.flatMap(({ updated }) => updated))];
      await confirm({
        what: names.length === 0 ? `create ${things}` : `change ${names.length} ${things} that exist`,
        ...(names.length === 0 ? { isHarmless: true } : { details: names.map((name) => `  ${name}`).join('\n') }),
      });
      const result = await applyImport(session, prepared);
      const partial = partialOutcome(result);
      return {
        ...partial,
        ...(result.verified
          ? {}
          : {
              exit: ExitCode.FAILED,
              notes: [...(partial.notes ?? []), `error: read back, not as in the file: ${result.wrong.join(', ')}`],
            }),
        view: stepsView(result, result.brokers),
      };
    },
  });
}

function stepsView(doc: unknown, steps: readonly ImportStep[]) {
  const rows = steps.flatMap(({ brokerName, addr, created, updated, unchanged }) =>
    (
      [
        ['created', created],
        ['updated', updated],
        ['unchanged', unchanged],
      ] as const
    ).flatMap(([action, names]) => names.map((name) => ({ brokerName, addr, name, action }))),
  );
  return tableView({
    doc,
    rows,
    columns: [
      { key: 'name', title: 'NAME', value: ({ name }) => name, cut: true },
      { key: 'broker', title: 'BROKER', value: ({ brokerName, addr }) => brokerName ?? addr, cut: true },
      { key: 'action', title: 'ACTION', value: ({ action }) => action },
    ],
    name: ({ name }) => name,
    empty: 'the file lists nothing',
  });
}
