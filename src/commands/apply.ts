import { dirname, resolve } from 'node:path';
import type { Applied } from '../admin/declared/apply.js';
import { CLUSTER_FLAG, changeLines, changesView, readClusterFile, warningsOf } from '../cli/cluster-file-view.js';
import { defineCommand } from '../cli/command.js';
import { ExitCode } from '../cli/exit-code.js';
import { flag } from '../cli/flags.js';
import { partialOutcome } from '../cli/partial.js';

/** What an apply did. */
interface ApplyDoc extends Applied {
  /** Entries of the file that were as they should be. */
  readonly unchanged: number;
}

export default defineCommand({
  summary: 'make a cluster as a file says',
  description:
    'Shows what "mqadmin plan" shows, asks unless things are only created, writes, and reads back. What the file ' +
    'leaves out stays as it is; nothing is deleted without --prune, and Super users never. Applied twice, it changes ' +
    'nothing the second time.',
  examples: [
    { description: 'With a preview and a question', command: 'mqadmin apply -f cluster.yaml' },
    { description: 'In CI', command: 'mqadmin apply -f cluster.yaml --yes --json' },
  ],
  flags: {
    file: flag.string({ char: 'f', description: 'cluster file, - for stdin', helpValue: '<file>', required: true }),
    cluster: CLUSTER_FLAG,
    prune: flag.boolean({ description: 'delete what the sections of the file do not have' }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ flags, connect, confirm, io }) {
    const file = await readClusterFile(flags.file, io);
    const [{ planCluster }, { applyPlan }, { passwordsOf }] = await Promise.all([
      import('../admin/declared/plan.js'),
      import('../admin/declared/apply.js'),
      import('../admin/declared/passwords.js'),
    ]);
    const session = await connect();
    const { prune } = flags;
    const prepared = await planCluster(session, { file, clusterName: flags.cluster ?? null, prune });
    const { changes, clusterName, unchanged } = prepared.plan;
    if (changes.length > 0) {
      await confirm({
        what: `make ${changes.length} ${changes.length === 1 ? 'change' : 'changes'} to ${clusterName}`,
        details: changeLines(changes),
        isHarmless: changes.every(({ action }) => action === 'create'),
      });
    }
    // Beside the file, or here when it comes by stdin.
    const passwordOf = passwordsOf(file, { env: io.env, cwd: dirname(resolve(io.cwd, flags.file)) });
    const result = await applyPlan(session, prepared, { prune, passwordOf });
    const partial = partialOutcome(result);
    const problems = [
      ...result.failed.map(({ brokerName, kind, name, reason }) => {
        const at = brokerName === null ? '' : ` on ${brokerName}`;
        return `error: ${kind} ${name}${at}: ${reason}`;
      }),
      ...(result.failed.length === 0
        ? result.left.map(({ kind, name }) => `error: ${kind} ${name} was written, but reads back otherwise`)
        : []),
    ];
    return {
      ...partial,
      ...(problems.length > 0 ? { exit: ExitCode.FAILED } : {}),
      notes: [...(partial.notes ?? []), ...problems],
      view: changesView<ApplyDoc>(
        { ...result, unchanged },
        result.applied,
        [
          `${result.applied.length} done, ${result.failed.length} failed; ${unchanged} were as they should be`,
          ...warningsOf(result.applied),
        ],
        `nothing done: ${unchanged} entries are as they should be`,
      ),
    };
  },
});
