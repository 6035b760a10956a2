import { defineCommand } from '../../cli/command.js';
import { partialOutcome } from '../../cli/partial.js';
import { tableView } from '../../cli/render/view.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'show how brokers limit reads of cold data (5.x)',
  description: 'With a cluster all its brokers are asked, slaves too. JSON has all that they say.',
  examples: [{ description: 'One broker', command: 'mqadmin broker get-cold-ctr -b 127.0.0.1:10911 --json' }],
  flags: TARGET_FLAGS,
  watch: true,
  exits: [3, 7],
  async run({ flags, connect }) {
    const { coldDataFlow } = await import('../../admin/cold-data-flow.js');
    const session = await connect();
    const result = await coldDataFlow(session, await targetOrOnlyCluster(session, flags));
    return {
      ...partialOutcome(result),
      view: tableView({
        doc: result,
        rows: result.brokers.flatMap(({ brokerName, addr, info }) =>
          Object.entries(info ?? {}).map(([name, value]) => ({ broker: brokerName ?? addr, name, value })),
        ),
        columns: [
          { key: 'broker', title: 'BROKER', value: ({ broker }) => broker },
          { key: 'name', title: 'NAME', value: ({ name }) => name },
          {
            key: 'value',
            title: 'VALUE',
            value: ({ value }) => (typeof value === 'object' ? JSON.stringify(value) : String(value)),
            cut: true,
          },
        ],
        name: ({ name }) => name,
        empty: 'no broker limits cold reads',
      }),
    };
  },
});
