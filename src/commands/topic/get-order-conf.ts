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
    const { AdminError } = await import('../../admin/failure.js');
    const { topic } = args;
    const query = { namespace: ORDER_TOPIC_CONFIG, key: topic };
    const result = await kvConfig(await connect(), query).catch((error: unknown) => {
      if (!(error instanceof AdminError) || error.kind !== 'not-found') throw error;
      throw new AdminError('not-found', `topic "${topic}" has no order conf at any name server`, {
        hint: `mqadmin topic set-order-conf ${topic} BROKER:QUEUES gives it one`,
        cause: error,
      });
    });
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
