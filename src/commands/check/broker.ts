import { CHECK_FLAGS, checkOutcome, limitsOf, metricsHelp } from '../../cli/check-command.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';

export default defineCommand({
  summary: 'check brokers for a monitoring system',
  description: `One broker, those of a cluster, or all. ${metricsHelp('broker')}`,
  examples: [
    {
      description: 'Every broker, with limits of ones own',
      command: 'mqadmin check broker --warn disk=97 --crit disk=99',
    },
    {
      description: 'One of them, as a plugin of Nagios',
      command: 'mqadmin check broker broker-a --warn disk=off --crit disk=off --format nagios',
    },
  ],
  args: {
    broker: arg.optional('name or address of a broker; all by default', { flag: { name: 'broker', char: 'b' } }),
  },
  flags: {
    ...CHECK_FLAGS,
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'only brokers of this cluster',
      helpValue: '<name>',
    }),
  },
  exits: [3, 6, 7],
  async run({ args, flags, connect }) {
    const limits = limitsOf('broker', flags);
    return checkOutcome('broker', args.broker ?? null, flags.format, async () => {
      const { checkBrokers } = await import('../../admin/checks.js');
      const query = { broker: args.broker ?? null, clusterName: flags.cluster ?? null, limits };
      return checkBrokers(await connect(), query);
    });
  },
});
