import { CHECK_FLAGS, checkOutcome, limitsOf, metricsHelp } from '../../cli/check-command.js';
import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';

export default defineCommand({
  summary: 'check consumer groups for a monitoring system',
  description: `One group, or all of them. ${metricsHelp('consumer')}`,
  examples: [
    { description: 'A gate in a script', command: 'mqadmin check consumer settlement --crit 100000 --warn delay=1d' },
    {
      description: 'A plugin of Nagios or Icinga',
      command: 'mqadmin check consumer settlement --crit members=off --format nagios',
    },
    {
      description: 'All groups, for the textfile collector of Prometheus',
      command: 'mqadmin check consumer --format prometheus',
    },
  ],
  args: { group: arg.optional('consumer group; all by default', { flag: { name: 'group', char: 'g' } }) },
  flags: CHECK_FLAGS,
  exits: [3, 6, 7],
  async run({ args, flags, connect }) {
    const limits = limitsOf('consumer', flags);
    return checkOutcome('consumer', args.group ?? null, flags.format, async () => {
      const { checkConsumers } = await import('../../admin/checks.js');
      return checkConsumers(await connect(), { consumerGroup: args.group ?? null, limits });
    });
  },
});
