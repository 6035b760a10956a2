import { CHECK_FLAGS, checkOutcome, limitsOf, metricsHelp } from '../../cli/check-command.js';
import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';

export default defineCommand({
  summary: 'check a whole cluster for a monitoring system',
  description: `Looks at all that doctor looks at. ${metricsHelp('cluster')}`,
  examples: [
    {
      description: 'Only whether a broker answers',
      command: 'mqadmin check cluster --crit problems=off --warn warnings=off',
    },
    { description: 'A step of GitHub Actions', command: 'mqadmin check cluster --format github' },
  ],
  flags: {
    ...CHECK_FLAGS,
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'only this cluster',
      helpValue: '<name>',
    }),
  },
  exits: [3, 6, 7],
  async run({ flags, connect }) {
    const limits = limitsOf('cluster', flags);
    return checkOutcome('cluster', flags.cluster ?? null, flags.format, async () => {
      const { checkCluster } = await import('../../admin/checks.js');
      return checkCluster(await connect(), { clusterName: flags.cluster ?? null, limits });
    });
  },
});
