import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import type { Cell } from '../../cli/render/view.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show the settings of a consumer group on every broker',
  examples: [
    { description: 'All brokers', command: 'mqadmin consumer get-config settlement' },
    { description: 'As JSON', command: 'mqadmin consumer get-config settlement -c DefaultCluster --json' },
  ],
  args: { group: arg.required('name of the group', { flag: { name: 'group', char: 'g' } }) },
  flags: {
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'only this cluster',
      helpValue: '<name>',
    }),
  },
  exits: [3, 7],
  async run({ args, flags, connect }) {
    const { groupConfigs } = await import('../../admin/group-config.js');
    const query = { consumerGroup: args.group, clusterName: flags.cluster ?? null };
    const result = await groupConfigs(await connect(), query);
    return {
      ...partialOutcome(result),
      view: tableView({
        doc: result,
        rows: result.brokers.flatMap(({ brokerName, config }) =>
          Object.entries(config).map(([name, value]) => ({ brokerName, name, value: cellOf(value) })),
        ),
        columns: [
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, wide: result.brokers.length === 1 },
          { key: 'name', title: 'NAME', value: ({ name }) => name },
          { key: 'value', title: 'VALUE', value: ({ value }) => value, align: 'left', cut: true },
        ],
        name: ({ name }) => name,
      }),
    };
  },
});

function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  return typeof value === 'object' ? JSON.stringify(value) : (value as Cell);
}
