import { defineCommand } from '../../cli/command.js';
import { exportOutcome } from '../../cli/export-view.js';
import { flag } from '../../cli/flags.js';

export default defineCommand({
  summary: 'write out how big a cluster is and how its masters are set',
  examples: [{ description: 'To a file', command: 'mqadmin export configs -c DefaultCluster --json > configs.json' }],
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
    const [{ exportConfigs }, { onlyCluster }] = await Promise.all([
      import('../../admin/cluster-export.js'),
      import('../../admin/cluster.js'),
    ]);
    const session = await connect();
    const found = await exportConfigs(session, flags.cluster ?? (await onlyCluster(session)));
    return exportOutcome(
      found,
      Object.entries(found.brokerConfigs).flatMap(([kind, properties]) =>
        Object.entries(properties).map(([name, value]) => ({ kind, name, value })),
      ),
    );
  },
});
