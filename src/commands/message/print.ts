import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { PRINT_ARGS, PRINT_FLAGS, PRINT_HELP } from '../../cli/message-print-flags.js';
import { streamMessages } from '../../cli/message-stream.js';

export default defineCommand({
  summary: 'print the messages that a topic holds now',
  description: `All queues, in order of store time; ends where they end now. ${PRINT_HELP}`,
  examples: [
    { description: 'Everything, as NDJSON', command: 'mqadmin message print orders --output ndjson' },
    { description: 'An hour of one tag', command: 'mqadmin message print orders --from @-1h --tag paid' },
  ],
  args: PRINT_ARGS,
  flags: { ...PRINT_FLAGS, broker: flag.string({ char: 'b', description: 'only this broker', helpValue: '<name>' }) },
  exits: [3, 7, 130],
  async run(context) {
    const { args, flags } = context;
    return streamMessages(
      context,
      {
        topics: [args.topic],
        from: flags.from ?? { kind: 'start' },
        to: flags.to ?? null,
        follow: false,
        brokerName: flags.broker ?? null,
        tags: flags.tag ?? null,
      },
      { template: flags.format },
    );
  },
});
