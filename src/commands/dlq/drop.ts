import { defineCommand } from '../../cli/command.js';
import { DLQ_ARGS, DLQ_FLAGS } from '../../cli/dlq-flags.js';
import { deadOutcome } from '../../cli/dlq-flow.js';
import { flag } from '../../cli/flags.js';

export default defineCommand({
  summary: 'mark the dead letters of a consumer group as dealt with',
  description:
    'They are not pending any more, and redrive passes them over. Brokers delete no single message: they stay stored as ' +
    'long as others, and --all sees them. dlq export writes them to a file first.',
  examples: [
    {
      description: 'What it would be',
      command: "mqadmin dlq drop settlement --where 'storeTimestamp<1700000000000' --dry-run",
    },
    { description: 'With a tag', command: 'mqadmin dlq drop settlement --tag test --yes' },
  ],
  args: DLQ_ARGS,
  flags: {
    ...DLQ_FLAGS,
    count: flag.integer({ char: 'c', description: 'messages at most', min: 1 }),
    'dry-run': flag.boolean({ description: 'say what would be dropped, and end' }),
  },
  writes: true,
  exits: [3, 4, 130],
  async run(context) {
    return deadOutcome(context, { ...context.flags, rate: undefined }, null);
  },
});
