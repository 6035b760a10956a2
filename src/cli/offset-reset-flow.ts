import type { QueueResetResult, ResetMethod, ResetPlan, ResetRequest, ResetResult } from '../admin/offset-reset.js';
import type { AdminSession } from '../admin/session.js';
import type { Outcome, Plan } from './command.js';
import { ExitCode } from './exit-code.js';
import { partialOutcome } from './partial.js';
import { formatTable } from './render/table.js';
import { formatCount } from './render/units.js';
import { type Column, tableView } from './render/view.js';
import { formatPosition } from './time-syntax.js';

interface ResetContext {
  connect(): Promise<AdminSession>;
  confirm(plan: Plan): Promise<void>;
}

/** The document of a dry run: how each broker, by its address, would be told. */
type ResetDryRun = Omit<ResetPlan, 'methods'> & { readonly methods: Readonly<Record<string, ResetMethod>> };

/** Shows what a reset does to each queue, asks, moves, and reads back; a dry run ends with the plan. */
export async function resetOutcome(
  { connect, confirm }: ResetContext,
  request: ResetRequest & { readonly isDryRun: boolean },
): Promise<Outcome<ResetDryRun> | Outcome<ResetResult>> {
  const { applyReset, planReset } = await import('../admin/offset-reset.js');
  const session = await connect();
  const plan = await planReset(session, request);
  if (request.isDryRun) {
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
    what: `reset ${request.consumerGroup} on ${request.topic} to ${formatPosition(request.position)}`,
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
}

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
