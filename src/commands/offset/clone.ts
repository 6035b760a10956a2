import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { arg, flag } from '../../cli/flags.js';
import { formatTable } from '../../cli/render/table.js';
import { type Column, tableView } from '../../cli/render/view.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'give a consumer group the committed offsets of another',
  description:
    'Shows what each queue will get, asks, commits, and reads back. Members of the group that gets them would commit ' +
    'their own again: stop them first.',
  examples: [
    { description: 'One topic', command: 'mqadmin offset clone settlement settlement-2 --topic orders' },
    { description: 'All topics, in a script', command: 'mqadmin offset clone settlement copy --all-topics --yes' },
  ],
  args: {
    source: arg.required('group whose offsets are read', { flag: { name: 'srcGroup', char: 's' } }),
    destination: arg.required('group that gets them', { flag: { name: 'destGroup', char: 'd' } }),
  },
  flags: {
    topic: flag.string({ char: 't', description: 'only this topic', helpValue: '<topic>', exclusive: ['all-topics'] }),
    'all-topics': flag.boolean({ description: 'every topic that the source has offsets of' }),
    'dry-run': flag.boolean({ description: 'show what would happen, and end' }),
  },
  writes: true,
  exits: [3, 4],
  async run({ args, flags, connect, confirm }) {
    if (flags.topic === undefined && !flags['all-topics']) throw new UsageError('--topic or --all-topics is required');
    const { applyClone, planClone } = await import('../../admin/offset-clone.js');
    const session = await connect();
    const plan = await planClone(session, {
      srcGroup: args.source,
      destGroup: args.destination,
      topic: flags.topic ?? null,
    });
    const view = (doc: unknown) => tableView({ doc, rows: plan.queues, columns: COLUMNS, name: nameOf });
    if (flags['dry-run']) return { view: view(plan) };
    const { text } = formatTable(plan.queues, COLUMNS, { width: null });
    await confirm({
      what: `commit ${plan.queues.length} offsets of ${args.source} for ${args.destination}`,
      details: `${text}${plan.clients} clients of ${args.destination} are connected`,
    });
    const result = await applyClone(session, plan);
    return {
      exit: result.verified ? ExitCode.DONE : ExitCode.FAILED,
      notes: result.verified ? [] : ['error: read back, some offsets are not what was committed'],
      view: view(result),
    };
  },
});

interface Queue {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly before: number | null;
  readonly target: number;
}

const COLUMNS: ReadonlyArray<Column<Queue>> = [
  { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, cut: true },
  { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true },
  { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
  { key: 'before', title: 'BEFORE', value: ({ before }) => before, align: 'right' },
  { key: 'target', title: 'AFTER', value: ({ target }) => target },
];

const nameOf = ({ topic, brokerName, queueId }: Queue): string => `${topic} ${brokerName}/${queueId}`;
