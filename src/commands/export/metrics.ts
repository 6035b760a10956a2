import { defineCommand } from '../../cli/command.js';
import { EXPORT_FLAGS, exportedCluster, exportOutcome } from '../../cli/export-view.js';

export default defineCommand({
  summary: 'write out load and content of the masters of a cluster',
  examples: [{ description: 'To a file', command: 'mqadmin export metrics -c DefaultCluster --json > metrics.json' }],
  flags: EXPORT_FLAGS,
  exits: [3, 7],
  async run({ flags, connect }) {
    const { exportMetrics } = await import('../../admin/cluster-export.js');
    const session = await connect();
    const found = await exportMetrics(session, await exportedCluster(session, flags));
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
