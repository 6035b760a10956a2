import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { PRINT_ARGS, PRINT_FLAGS, PRINT_HELP } from '../../cli/message-print-flags.js';
import { streamMessages } from '../../cli/message-stream.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'read a number of messages, as a consumer would',
  description: `The oldest first; nothing is committed, so that the next run reads the same. ${PRINT_HELP}`,
  examples: [
    { description: 'The ten oldest', command: 'mqadmin message consume orders --count 10' },
    { description: 'From an offset on', command: 'mqadmin message consume orders -b broker-a -q 0 --from 1200' },
  ],
  args: PRINT_ARGS,
  flags: {
    ...PRINT_FLAGS,
    count: flag.integer({ char: 'c', aliases: ['MessageNumber'], description: 'messages', default: 128, min: 1 }),
    broker: flag.string({ char: 'b', aliases: ['brokerName'], description: 'only this broker', helpValue: '<name>' }),
    queue: flag.integer({ char: 'q', aliases: ['queueId'], description: 'only this queue of --broker' }),
    group: flag.string({
      char: 'g',
      aliases: ['consumerGroup'],
      description: 'group that the broker is told (default TOOLS_CONSUMER)',
      helpValue: '<group>',
    }),
  },
  exits: [3, 7, 130],
  async run(context) {
    const { args, flags } = context;
    if (flags.queue !== undefined && flags.broker === undefined) throw new UsageError('--queue needs --broker');
    return streamMessages(
      context,
      {
        topics: [args.topic],
        from: flags.from ?? { kind: 'start' },
        to: flags.to ?? null,
        follow: false,
        brokerName: flags.broker ?? null,
        queueId: flags.queue ?? null,
        tags: flags.tag ?? null,
        count: flags.count,
        consumerGroup: flags.group ?? null,
      },
      { template: flags.format },
    );
  },
});
