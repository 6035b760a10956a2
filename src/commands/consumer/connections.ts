import { defineCommand } from '../../cli/command.js';
import { connectionsTable } from '../../cli/connections-view.js';
import { arg, flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show the connected members of a consumer group and what they subscribe to',
  examples: [
    { description: 'Members of a group', command: 'mqadmin consumer connections settlement' },
    { description: 'Only those of one broker', command: 'mqadmin consumer connections settlement -b 127.0.0.1:10911' },
  ],
  args: { group: arg.required('consumer group', { flag: { name: 'group', char: 'g' } }) },
  flags: {
    broker: flag.string({
      char: 'b',
      aliases: ['brokerAddr'],
      description: 'ask only this address',
      helpValue: '<addr>',
    }),
  },
  watch: true,
  exits: [3, 7],
  async run({ args, flags, connect }) {
    const { consumerConnections } = await import('../../admin/connections.js');
    const query = { consumerGroup: args.group, brokerAddr: flags.broker ?? null };
    const result = await consumerConnections(await connect(), query);
    const subscriptions = tableView({
      doc: result.subscriptions,
      rows: result.subscriptions,
      columns: [
        { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, cut: true },
        { key: 'expression', title: 'EXPRESSION', value: ({ expression }) => expression, cut: true },
        { key: 'expressionType', title: 'TYPE', value: ({ expressionType }) => expressionType },
      ],
      name: ({ topic }) => topic,
      footer: [`${result.consumeType} ${result.messageModel} ${result.consumeFromWhere}`],
    });
    return {
      ...partialOutcome(result),
      view: {
        kind: 'group',
        doc: result,
        parts: [
          { title: null, view: connectionsTable(result.connections, result.connections) },
          { title: null, view: subscriptions },
        ],
      },
    };
  },
});
