import { defineCommand } from '../../cli/command.js';
import { EXPORT_FLAGS, exportedCluster, exportOutcome } from '../../cli/export-view.js';

export default defineCommand({
  summary: 'write out how big a cluster is and how its masters are set',
  examples: [{ description: 'To a file', command: 'mqadmin export configs -c DefaultCluster --json > configs.json' }],
  flags: EXPORT_FLAGS,
  exits: [3, 7],
  async run({ flags, connect }) {
    const { exportConfigs } = await import('../../admin/cluster-export.js');
    const session = await connect();
    const found = await exportConfigs(session, await exportedCluster(session, flags));
    return exportOutcome(
      found,
      Object.entries(found.brokerConfigs).flatMap(([kind, properties]) =>
        Object.entries(properties).map(([name, value]) => ({ kind, name, value })),
      ),
    );
  },
});
