import { CHECK_FLAGS, checkOutcome, limitsOf, metricsHelp } from '../../cli/check-command.js';
import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';

export default defineCommand({
  summary: 'check a topic for a monitoring system',
  description: `Is it there, and do messages come? ${metricsHelp('topic')}`,
  examples: [
    { description: 'Has anything come within a day?', command: 'mqadmin check topic orders --crit 1d' },
    { description: 'A test of a CI run', command: 'mqadmin check topic orders --crit brokers=1 --format junit' },
  ],
  args: { topic: arg.required('topic', { flag: { name: 'topic', char: 't' } }) },
  flags: CHECK_FLAGS,
  exits: [3, 6, 7],
  async run({ args, flags, connect }) {
    const limits = limitsOf('topic', flags);
    return checkOutcome('topic', args.topic, flags.format, async () => {
      const { checkTopic } = await import('../../admin/checks.js');
      return checkTopic(await connect(), { topic: args.topic, limits });
    });
  },
});
