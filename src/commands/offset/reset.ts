import type { ResetGoal } from '../../admin/offset-reset.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { resetOutcome } from '../../cli/offset-reset-flow.js';
import { POSITION_HELP } from '../../cli/time-syntax.js';
import { UsageError } from '../../cli/usage-error.js';

const group = { group: 'position', groupRequired: true } as const;

export default defineCommand({
  summary: 'move the committed offsets of a consumer group',
  description:
    'Shows what each queue will replay or skip, asks, moves, and reads back. Off a terminal --yes is needed. Works with ' +
    'members connected (online) or not (offline), and says which; brokers before 5.x move a connected group only as a ' +
    'whole, and by time. A receipt with the offsets before is kept first, in $XDG_STATE_HOME/mqadmin/receipts; --undo ' +
    `takes it back. Positions: ${POSITION_HELP}.`,
  examples: [
    { description: 'One hour back', command: 'mqadmin offset reset settlement orders --to @-1h' },
    {
      description: 'To the newest message, in a script',
      command: 'mqadmin offset reset settlement orders --to end --yes',
    },
    {
      description: 'One queue to an offset',
      command: 'mqadmin offset reset settlement orders --to 1200 -b broker-a -q 3',
    },
    {
      description: 'Back by ten messages in each queue',
      command: 'mqadmin offset reset settlement orders --shift -10',
    },
    { description: 'Only show it', command: 'mqadmin offset reset settlement orders --to start --dry-run' },
    { description: 'Take it back', command: 'mqadmin offset reset --undo receipt.json' },
  ],
  args: {
    group: arg.optional('consumer group; not with --undo', { flag: { name: 'group', char: 'g' } }),
    topic: arg.optional('topic; not with --undo', { flag: { name: 'topic', char: 't' } }),
  },
  flags: {
    to: flag.position({
      char: 's',
      aliases: ['timestamp'],
      description: 'where to',
      helpValue: '<position>',
      ...group,
    }),
    offset: flag.integer({ char: 'o', description: 'the same as --to with an offset', ...group }),
    shift: flag.integer({
      description: 'so many messages on from where each queue is; back when negative',
      min: Number.MIN_SAFE_INTEGER,
      ...group,
    }),
    'from-group': flag.string({ description: 'where this group is', helpValue: '<group>', ...group }),
    'from-file': flag.string({
      description: 'the offsets of this file, as consumer progress --json writes them',
      helpValue: '<file>',
      ...group,
    }),
    undo: flag.string({ description: 'where the offsets were before, by a receipt', helpValue: '<file>', ...group }),
    broker: flag.string({
      char: 'b',
      description: 'only queues of this broker, name or address',
      helpValue: '<broker>',
    }),
    queue: flag.integer({ char: 'q', description: 'only queues of this number', max: 65_535 }),
    receipt: flag.string({ description: 'file of the receipt, none for no receipt', helpValue: '<file>' }),
    'dry-run': flag.boolean({ description: 'show what would happen, and end' }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run(context) {
    const { args, flags, io, connect, note } = context;
    const more = {
      broker: flags.broker ?? null,
      queueId: flags.queue ?? null,
      isDryRun: flags['dry-run'],
      receipt: flags.receipt ?? null,
    };
    if (flags.undo !== undefined) {
      const { readReceipt, undoGoals } = await import('../../cli/offset-receipt.js');
      const receipt = await readReceipt(io.cwd, flags.undo);
      const { consumerGroup, topic } = receipt;
      if ((args.group ?? consumerGroup) !== consumerGroup || (args.topic ?? topic) !== topic) {
        throw new UsageError(`the receipt is of ${consumerGroup} on ${topic}`);
      }
      const { namesrvAddrs } = await connect();
      if (namesrvAddrs.join() !== receipt.namesrvAddrs.join()) {
        await note(`warning: it was made at name server ${receipt.namesrvAddrs.join(';')}`);
      }
      const offsets = undoGoals(receipt);
      return resetOutcome(context, { consumerGroup, topic, position: { kind: 'offsets', offsets }, ...more });
    }
    const { group: consumerGroup, topic } = args;
    if (!consumerGroup) throw new UsageError('GROUP is missing: consumer group (or --group)');
    if (!topic) throw new UsageError('TOPIC is missing: topic (or --topic)');
    const position = await goalOf(flags, io.cwd, topic);
    return resetOutcome(context, { consumerGroup, topic, position, ...more });
  },
});

type ResetFlags = {
  readonly to: ResetGoal | undefined;
  readonly offset: number | undefined;
  readonly shift: number | undefined;
  readonly 'from-group': string | undefined;
  readonly 'from-file': string | undefined;
};

async function goalOf(flags: ResetFlags, cwd: string, topic: string): Promise<ResetGoal> {
  if (flags.to !== undefined) return flags.to;
  if (flags.shift !== undefined) return { kind: 'shift', by: flags.shift };
  if (flags['from-group'] !== undefined) return { kind: 'group', consumerGroup: flags['from-group'] };
  if (flags['from-file'] !== undefined) {
    const { readGoals } = await import('../../cli/offset-receipt.js');
    return { kind: 'offsets', offsets: await readGoals(cwd, flags['from-file'], topic) };
  }
  return { kind: 'queue-offset', queueOffset: flags.offset as number };
}
