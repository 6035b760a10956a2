import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { PRINT_ARGS, PRINT_FLAGS, PRINT_HELP } from '../../cli/message-print-flags.js';
import { streamMessages } from '../../cli/message-stream.js';

export default defineCommand({
  summary: 'print the messages of one queue, and count its tags',
  description: `Ends where the queue ends now. With --count-tags the counts follow on stderr. ${PRINT_HELP}`,
  examples: [
    { description: 'The last ten', command: 'mqadmin message print-by-queue orders -b broker-a -q 0 --from -10' },
    {
      description: 'How often each tag comes',
      command: 'mqadmin message print-by-queue orders -b broker-a -q 0 --count-tags > /dev/null',
    },
  ],
  args: PRINT_ARGS,
  flags: {
    ...PRINT_FLAGS,
    broker: flag.string({
      char: 'b',
      aliases: ['brokerName'],
      description: 'name of the broker',
      helpValue: '<name>',
      required: true,
    }),
    queue: flag.integer({ char: 'q', aliases: ['queueId'], description: 'number of the queue', required: true }),
    'count-tags': flag.boolean({ description: 'say how often each tag came' }),
  },
  exits: [3, 7, 130],
  async run(context) {
    const { args, flags } = context;
    const counts = new Map<string, number>();
    const request = {
      topics: [args.topic],
      from: flags.from ?? ({ kind: 'start' } as const),
      to: flags.to ?? null,
      follow: false,
      brokerName: flags.broker,
      queueId: flags.queue,
      tags: flags.tag ?? null,
    };
    const outcome = await streamMessages(context, request, {
      template: flags.format,
      onMessage: ({ tags }) => {
        if (tags !== null) counts.set(tags, (counts.get(tags) ?? 0) + 1);
      },
    });
    if (!flags['count-tags']) return outcome;
    const notes = [...counts].sort(([, a], [, b]) => b - a).map(([tag, count]) => `${tag}: ${count}`);
    return { ...outcome, notes: notes.length === 0 ? ['no message has a tag'] : notes };
  },
});
