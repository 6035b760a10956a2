import type { ClusterPlan } from '../admin/declared/plan.js';
import { CLUSTER_FLAG, changesView, planFooter, readClusterFile } from '../cli/cluster-file-view.js';
import { defineCommand } from '../cli/command.js';
import { ExitCode } from '../cli/exit-code.js';
import { flag } from '../cli/flags.js';
import { partialOutcome } from '../cli/partial.js';

export default defineCommand({
  summary: 'show what a cluster lacks to be as a file says',
  description:
    'The file lists topics, groups, settings of brokers, users and rules; what it leaves out stays as it is. Ends ' +
    'with 6 when something would change, and changes nothing. "mqadmin schema cluster-file" describes the file, ' +
    '"mqadmin export cluster" writes one.',
  examples: [
    { description: 'Before an apply', command: 'mqadmin plan -f cluster.yaml' },
    { description: 'With what the file does not have', command: 'mqadmin plan -f cluster.yaml --prune --json' },
  ],
  flags: {
    file: flag.string({ char: 'f', description: 'cluster file, - for stdin', helpValue: '<file>', required: true }),
    cluster: CLUSTER_FLAG,
    prune: flag.boolean({ description: 'count what the sections of the file do not have as to be deleted' }),
  },
  exits: [3, 4, 6, 7],
  async run({ flags, connect, io }) {
    const file = await readClusterFile(flags.file, io);
    const { planCluster } = await import('../admin/declared/plan.js');
    const session = await connect();
    const { plan } = await planCluster(session, { file, clusterName: flags.cluster ?? null, prune: flags.prune });
    return {
      ...(plan.changes.length > 0 ? { exit: ExitCode.CONDITION_NOT_MET } : {}),
      ...partialOutcome(plan),
      view: changesView<ClusterPlan>(
        plan,
        plan.changes,
        planFooter(plan),
        `nothing to do: ${plan.unchanged} entries are as they should be`,
      ),
    };
  },
});
