import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { resetOutcome } from '../../cli/offset-reset-flow.js';

export default defineCommand({
  summary: 'let a consumer group skip all that it has not consumed',
  description:
    'The same as offset reset --to end: shows what each queue will skip, asks, moves, and reads back. The messages stay ' +
    'stored, and offset reset --undo with the receipt brings them back.',
  examples: [
    { description: 'In a script', command: 'mqadmin offset skip settlement orders --yes' },
    { description: 'Only show it', command: 'mqadmin offset skip settlement orders --dry-run' },
  ],
  args: {
    group: arg.required('consumer group', { flag: { name: 'group', char: 'g' } }),
    topic: arg.required('topic', { flag: { name: 'topic', char: 't' } }),
  },
  flags: { 'dry-run': flag.boolean({ description: 'show what would happen, and end' }) },
  writes: true,
  exits: [3, 4, 7],
  async run(context) {
    const { args, flags } = context;
    return resetOutcome(context, {
      consumerGroup: args.group,
      topic: args.topic,
      position: { kind: 'end' },
      isDryRun: flags['dry-run'],
      receipt: null,
    });
  },
});
