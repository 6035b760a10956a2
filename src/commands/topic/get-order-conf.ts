import { ORDER_TOPIC_CONFIG } from '../../admin/topic-write.js';
import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show the order conf of a topic at every name server',
  description: 'The order conf says which brokers an ordered topic is on, and with how many queues.',
  examples: [{ description: 'Of one topic', command: 'mqadmin topic get-order-conf orders' }],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  exits: [3, 7],
  async run({ args, connect }) {
    const { kvConfig } = await import('../../admin/namesrv-write.js');
    const result = await kvConfig(await connect(), { namespace: ORDER_TOPIC_CONFIG, key: args.topic });
    return {
      ...partialOutcome(result),
      view: tableView({
        doc: result,
        rows: result.namesrvs,
        columns: [
          { key: 'addr', title: 'NAME SERVER', value: ({ addr }) => addr },
          { key: 'value', title: 'ORDER CONF', value: ({ value }) => value },
        ],
        name: ({ addr }) => addr,
      }),
    };
  },
});
