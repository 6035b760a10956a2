import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { unknownOutcome } from '../../cli/partial.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show groups that are behind, differ in subscriptions, or are stuck',
  description:
    'One look at every group and its members; with --watch again and again. Groups without a finding are left out.',
  examples: [
    { description: 'Every minute', command: 'mqadmin consumer monitor --watch --interval 1m' },
    { description: 'Only those far behind', command: 'mqadmin consumer monitor --min-lag 1000 --json' },
  ],
  flags: {
    'min-lag': flag.integer({ description: 'messages behind that count as a finding', default: 1, min: 1 }),
  },
  watch: true,
  exits: [7],
  async run({ flags, connect }) {
    const { monitorGroups } = await import('../../admin/group-monitor.js');
    const { groups: all, complete, unreachable } = await monitorGroups(await connect());
    const groups = all.filter(
      ({ lag, isSameSubscription, troubles, reason }) =>
        (lag ?? 0) >= flags['min-lag'] || isSameSubscription === false || troubles.length > 0 || reason !== null,
    );
    return {
      ...unknownOutcome(
        { complete, unreachable },
        'groups',
        groups.map(({ consumerGroup, reason }) => ({ name: consumerGroup, reason })),
      ),
      view: tableView({
        doc: { groups, looked: all.length, complete, unreachable },
        rows: groups,
        columns: [
          { key: 'group', title: 'GROUP', value: ({ consumerGroup }) => consumerGroup, cut: true },
          { key: 'lag', title: 'LAG', value: ({ lag }) => lag, align: 'right' },
          { key: 'clients', title: 'CLIENTS', value: ({ clients }) => clients, align: 'right' },
          {
            key: 'sameSubscription',
            title: 'SAME SUBSCRIPTION',
            value: ({ isSameSubscription }) => isSameSubscription,
          },
          { key: 'stuck', title: 'STUCK QUEUES', value: ({ troubles }) => troubles.length },
        ],
        name: ({ consumerGroup }) => consumerGroup,
        empty: `nothing found in ${all.length} groups`,
      }),
    };
  },
});
