import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show a key of the name servers',
  examples: [{ description: 'The order of a topic', command: 'mqadmin namesrv get-kv ORDER_TOPIC_CONFIG orders' }],
  args: {
    namespace: arg.required('namespace', { flag: { name: 'namespace', char: 's' } }),
    key: arg.required('key', { flag: { name: 'key', char: 'k' } }),
  },
  exits: [3, 7],
  async run({ args, connect }) {
    const { kvConfig } = await import('../../admin/namesrv-write.js');
    const result = await kvConfig(await connect(), args);
    return {
      ...partialOutcome(result),
      view: tableView({
        doc: result,
        rows: result.namesrvs,
        columns: [
          { key: 'addr', title: 'NAME SERVER', value: ({ addr }) => addr },
          { key: 'value', title: 'VALUE', value: ({ value }) => value },
        ],
        name: ({ addr }) => addr,
      }),
    };
  },
});
