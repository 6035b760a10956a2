import { defineCommand } from '../../cli/command.js';
import { exportOutcome } from '../../cli/export-view.js';
import { flag } from '../../cli/flags.js';

export default defineCommand({
  summary: 'write out load and content of the masters of a cluster',
  examples: [{ description: 'To a file', command: 'mqadmin export metrics -c DefaultCluster --json > metrics.json' }],
  flags: {
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'the cluster; may be left out when there is only one',
      helpValue: '<name>',
    }),
  },
  exits: [3, 7],
  async run({ flags, connect }) {
    const [{ exportMetrics }, { onlyCluster }] = await Promise.all([
      import('../../admin/cluster-export.js'),
      import('../../admin/cluster.js'),
    ]);
    const session = await connect();
    const found = await exportMetrics(session, flags.cluster ?? (await onlyCluster(session)));
    return exportOutcome(
      found,
      Object.entries(found.evaluateReport).flatMap(([kind, { runtimeQuota }]) =>
        Object.entries({ ...runtimeQuota.tps, ...runtimeQuota.oneDayNum }).map(([name, value]) => ({
          kind,
          name,
          value: String(value),
        })),
      ),
    );
  },
});
