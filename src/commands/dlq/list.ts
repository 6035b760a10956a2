import { defineCommand } from '../../cli/command.js';
import { partialOutcome } from '../../cli/partial.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'list the consumer groups that have dead letters',
  description:
    'PENDING are those that were neither redriven nor dropped, up to the first one that was passed over: what a filter ' +
    'left is in it with all that came after.',
  examples: [
    { description: 'All groups', command: 'mqadmin dlq list' },
    { description: 'Those with something to do', command: "mqadmin dlq list --filter 'pending>0'" },
  ],
  exits: [7],
  async run({ connect }) {
    const { listDeadLetters } = await import('../../admin/dlq.js');
    const result = await listDeadLetters(await connect());
    return {
      ...partialOutcome(result),
      view: tableView({
        doc: result,
        rows: result.groups,
        columns: [
          { key: 'group', title: 'GROUP', value: ({ consumerGroup }) => consumerGroup, cut: true },
          {
            key: 'pending',
            title: 'PENDING',
            value: ({ pending }) => pending,
            tone: ({ pending }) => (pending === 0 ? 'quiet' : 'warning'),
            align: 'right',
          },
          { key: 'stored', title: 'STORED', value: ({ stored }) => stored, align: 'right' },
          { key: 'lastTime', title: 'NEWEST', value: ({ lastTime }) => lastTime },
          { key: 'reason', title: 'REASON', value: ({ reason }) => reason, wide: true, cut: true },
        ],
        name: ({ consumerGroup }) => consumerGroup,
        empty: 'no group has dead letters',
      }),
    };
  },
});
