import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { resetOutcome } from '../../cli/offset-reset-flow.js';
import { POSITION_HELP } from '../../cli/time-syntax.js';

export default defineCommand({
  summary: 'move the committed offsets of a consumer group',
  description:
    'Shows what each queue will replay or skip, asks, moves, and reads back. Off a terminal --yes is needed. Works with ' +
    'members connected or not; brokers before 5.x move a connected group only as a whole, and by time. ' +
    `Positions: ${POSITION_HELP}.`,
  examples: [
    { description: 'One hour back', command: 'mqadmin offset reset settlement orders --to @-1h' },
    {
      description: 'To the newest message, in a script',
      command: 'mqadmin offset reset settlement orders --to end --yes',
    },
    {
      description: 'One queue to an offset',
      command: 'mqadmin offset reset settlement orders --to 1200 -b broker-a -q 3',
    },
    { description: 'Only show it', command: 'mqadmin offset reset settlement orders --to start --dry-run' },
  ],
  args: {
    group: arg.required('consumer group', { flag: { name: 'group', char: 'g' } }),
    topic: arg.required('topic', { flag: { name: 'topic', char: 't' } }),
  },
  flags: {
    to: flag.position({
      char: 's',
      aliases: ['timestamp'],
      description: 'where to',
      helpValue: '<position>',
      group: 'position',
      groupRequired: true,
    }),
    offset: flag.integer({
      char: 'o',
      description: 'the same as --to with an offset',
      group: 'position',
      groupRequired: true,
    }),
    broker: flag.string({
      char: 'b',
      description: 'only queues of this broker, name or address',
      helpValue: '<broker>',
    }),
    queue: flag.integer({ char: 'q', description: 'only queues of this number', max: 65_535 }),
    'dry-run': flag.boolean({ description: 'show what would happen, and end' }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run(context) {
    const { args, flags } = context;
    return resetOutcome(context, {
      consumerGroup: args.group,
      topic: args.topic,
      position: flags.to ?? { kind: 'queue-offset' as const, queueOffset: flags.offset as number },
      broker: flags.broker ?? null,
      queueId: flags.queue ?? null,
      isDryRun: flags['dry-run'],
    });
  },
});
