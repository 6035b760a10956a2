import type { QueueResetResult, ResetPlan } from '../../admin/offset-reset.js';
import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { arg, flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { formatTable } from '../../cli/render/table.js';
import { formatCount } from '../../cli/render/units.js';
import { type Column, tableView } from '../../cli/render/view.js';
import { formatPosition, POSITION_HELP } from '../../cli/time-syntax.js';

export default defineCommand({
  summary: 'move the committed offsets of a consumer group',
  description:
    'Shows what each queue will replay or skip, asks, moves, and reads back. Off a terminal --yes is needed. Works with ' +
    'members connected or not; brokers before 5.x move a connected group only as a whole, and by time. ' +
    `Positions: ${POSITION_HELP}.`,
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
    { description: 'Only show it', command: 'mqadmin offset reset settlement orders --to start --dry-run' },
  ],
  args: {
    group: arg.required('consumer group', { flag: { name: 'group', char: 'g' } }),
    topic: arg.required('topic', { flag: { name: 'topic', char: 't' } }),
  },
  flags: {
    to: flag.position({
      char: 's',
      aliases: ['timestamp'],
      description: 'where to',
      helpValue: '<position>',
      group: 'position',
      groupRequired: true,
    }),
    offset: flag.integer({
      char: 'o',
      description: 'the same as --to with an offset',
      group: 'position',
      groupRequired: true,
    }),
    broker: flag.string({
      char: 'b',
      description: 'only queues of this broker, name or address',
      helpValue: '<broker>',
    }),
    queue: flag.integer({ char: 'q', description: 'only queues of this number', max: 65_535 }),
    'dry-run': flag.boolean({ description: 'show what would happen, and end' }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { applyReset, planReset } = await import('../../admin/offset-reset.js');
    const session = await connect();
    const position = flags.to ?? { kind: 'queue-offset' as const, queueOffset: flags.offset as number };
    const plan = await planReset(session, {
      consumerGroup: args.group,
      topic: args.topic,
      position,
      broker: flags.broker ?? null,
      queueId: flags.queue ?? null,
    });
    if (flags['dry-run']) {
      const { methods, ...doc } = plan;
      return {
        view: tableView({
          doc: { ...doc, methods: Object.fromEntries(methods) },
          rows: plan.queues,
          columns: PLAN_COLUMNS,
          name: ({ brokerName, queueId }) => `${brokerName}/${queueId}`,
          footer: [moveText(plan)],
        }),
      };
    }
    const { text } = formatTable(plan.queues, PLAN_COLUMNS, { width: null });
    await confirm({
      what: `reset ${args.group} on ${args.topic} to ${formatPosition(position)}`,
      details: `${text}${moveText(plan)}, ${plan.clients} clients connected`,
    });
    const result = await applyReset(session, plan);
    const partial = partialOutcome(result);
    const isFailed = result.complete && !result.verified;
    return {
      exit: isFailed ? ExitCode.FAILED : (partial.exit ?? ExitCode.DONE),
      notes: isFailed ? ['error: read back, some offsets are not where they were moved'] : (partial.notes ?? []),
      view: tableView({
        doc: result,
        rows: result.queues,
        columns: RESULT_COLUMNS,
        name: ({ brokerName, queueId }) => `${brokerName}/${queueId}`,
      }),
    };
  },
});

type PlannedQueue = ResetPlan['queues'][number];

/** How many messages the move replays (negative) or skips (positive). */
const move = ({ before, minOffset, target }: PlannedQueue): number => target - (before ?? minOffset);

const PLAN_COLUMNS: ReadonlyArray<Column<PlannedQueue>> = [
  { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true },
  { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
  { key: 'before', title: 'BEFORE', value: ({ before }) => before, align: 'right' },
  { key: 'target', title: 'AFTER', value: ({ target }) => target },
  {
    key: 'move',
    title: 'EFFECT',
    value: move,
    text: (queue) => {
      const by = move(queue);
      return by === 0 ? 'stays' : by < 0 ? `replays ${formatCount(-by)}` : `SKIPS ${formatCount(by)}`;
    },
    align: 'left',
  },
];

const RESULT_COLUMNS: ReadonlyArray<Column<QueueResetResult>> = [
  { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true },
  { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
  { key: 'before', title: 'BEFORE', value: ({ before }) => before, align: 'right' },
  { key: 'target', title: 'TARGET', value: ({ target }) => target },
  { key: 'after', title: 'AFTER', value: ({ after }) => after, align: 'right' },
  {
    key: 'verified',
    title: 'VERIFIED',
    value: ({ verified }) => verified,
    text: ({ verified }) => (verified ? 'yes' : 'NO'),
    tone: ({ verified }) => (verified ? 'good' : 'bad'),
  },
];

function moveText({ replays, skips }: ResetPlan): string {
  return `replays ${formatCount(replays)} messages, skips ${formatCount(skips)}`;
}
