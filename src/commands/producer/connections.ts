import { defineCommand } from '../../cli/command.js';
import { connectionsTable } from '../../cli/connections-view.js';
import { arg, flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';

export default defineCommand({
  summary: 'show the connected members of a producer group',
  examples: [{ description: 'Members of a group', command: 'mqadmin producer connections shop -t orders' }],
  args: { group: arg.required('producer group', { flag: { name: 'group', char: 'g' } }) },
  flags: {
    topic: flag.string({
      char: 't',
      description: 'topic whose brokers are asked',
      helpValue: '<topic>',
      required: true,
    }),
  },
  watch: true,
  exits: [3, 7],
  async run({ args, flags, connect }) {
    const { producerConnections } = await import('../../admin/connections.js');
    const result = await producerConnections(await connect(), { producerGroup: args.group, topic: flags.topic });
    return { ...partialOutcome(result), view: connectionsTable(result.connections, result) };
  },
});
