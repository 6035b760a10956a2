import type { QueueAllocation } from '../../admin/queue-allocate.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { tableView } from '../../cli/render/view.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'show how queues of a topic would be shared out to members',
  description:
    "Averagely, as clients do by default, in the order of the members given. Nothing is asked of the group's members.",
  examples: [{ description: 'Three members', command: 'mqadmin queue allocate orders --members a,b,c' }],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    members: flag.string({
      char: 'i',
      aliases: ['ipList'],
      description: 'client ids or addresses, separated by commas',
      helpValue: '<list>',
      required: true,
    }),
  },
  exits: [3],
  async run({ args, flags, connect }) {
    const clientIds = flags.members.split(',').map((id) => id.trim());
    if (clientIds.includes('')) throw new UsageError('--members: a member has no name');
    const { allocateQueues } = await import('../../admin/queue-allocate.js');
    const result = await allocateQueues(await connect(), { topic: args.topic, clientIds });
    return {
      view: tableView({
        doc: result,
        rows: result.members.flatMap(rowsOf),
        columns: [
          { key: 'clientId', title: 'MEMBER', value: ({ clientId }) => clientId, cut: true },
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName },
          { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
        ],
        name: ({ clientId, brokerName, queueId }) => `${clientId} ${brokerName ?? '-'}/${queueId ?? '-'}`,
      }),
    };
  },
});

interface Row {
  readonly clientId: string;
  readonly brokerName: string | null;
  readonly queueId: number | null;
}

/** One row for each queue; a member without queues keeps a row. */
function rowsOf({ clientId, queues }: QueueAllocation['members'][number]): Row[] {
  if (queues.length === 0) return [{ clientId, brokerName: null, queueId: null }];
  return queues.map(({ brokerName, queueId }) => ({ clientId, brokerName, queueId }));
}
