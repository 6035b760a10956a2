import type {
  QueueResetResult,
  ResetGoal,
  ResetMethod,
  ResetPlan,
  ResetRequest,
  ResetResult,
} from '../admin/offset-reset.js';
import type { AdminSession } from '../admin/session.js';
import { counted } from '../base/units.js';
import type { Outcome, Plan } from './command.js';
import { ExitCode } from './exit-code.js';
import type { CliIo } from './io.js';
import { partialOutcome } from './partial.js';
import { formatTable } from './render/table.js';
import { formatCount } from './render/units.js';
import { type Column, tableView } from './render/view.js';
import { formatPosition } from './time-syntax.js';
import { UsageError } from './usage-error.js';

interface ResetContext {
  readonly io: CliIo;
  connect(): Promise<AdminSession>;
  confirm(plan: Plan): Promise<void>;
}

/** The document of a dry run: how each broker, by its address, would be told. */
export type ResetDryRun = Omit<ResetPlan, 'methods'> & { readonly methods: Readonly<Record<string, ResetMethod>> };

/** The document of a reset. */
export interface ResetDone extends ResetResult {
  /** The file that `offset reset --undo` takes; null when none was kept. */
  readonly receipt: string | null;
}

/** Shows what a reset does to each queue, asks, moves, and reads back; a dry run ends with the plan. */
export async function resetOutcome(
  { connect, confirm, io }: ResetContext,
  request: ResetRequest & {
    readonly isDryRun: boolean;
    /** Where the receipt goes; null: among the others; 'none': nowhere. */
    readonly receipt: string | null | 'none';
  },
): Promise<Outcome<ResetDryRun> | Outcome<ResetDone>> {
  const { applyReset, planReset } = await import('../admin/offset-reset.js');
  const session = await connect();
  const plan = await planReset(session, request);
  const left = plan.left.map(({ brokerName, queueId, reason }) => `note: ${brokerName}/${queueId} stays: ${reason}`);
  if (request.isDryRun) {
    const { methods, ...doc } = plan;
    return {
      notes: left,
      view: tableView({
        doc: { ...doc, methods: Object.fromEntries(methods) },
        rows: plan.queues,
        columns: PLAN_COLUMNS,
        name: ({ brokerName, queueId }) => `${brokerName}/${queueId}`,
        footer: [moveText(plan), modeText(plan)],
      }),
    };
  }
  const { text } = formatTable(plan.queues, PLAN_COLUMNS, { width: null });
  await confirm({
    what: `reset ${request.consumerGroup} on ${request.topic} to ${goalText(request.position)}`,
    details: `${text}${moveText(plan)}, ${counted(plan.clients, 'client')} connected`,
  });
  const keep = await receiptKeeper(io, session, plan, request.receipt);
  const result = await applyReset(session, plan);
  await keep.done(result);
  const partial = partialOutcome(result);
  const isFailed = result.complete && !result.verified;
  return {
    exit: isFailed ? ExitCode.FAILED : (partial.exit ?? ExitCode.DONE),
    notes: [
      ...(isFailed ? ['error: read back, some offsets are not where they were moved'] : (partial.notes ?? [])),
      ...left,
      ...keep.notes,
    ],
    view: tableView({
      doc: { ...result, receipt: keep.path },
      rows: result.queues,
      columns: RESULT_COLUMNS,
      name: ({ brokerName, queueId }) => `${brokerName}/${queueId}`,
    }),
  };
}

interface ReceiptKeeper {
  readonly path: string | null;
  readonly notes: readonly string[];
  done(result: ResetResult): Promise<void>;
}

/**
 * Writes the receipt before anything is moved, so that a reset that is killed can be taken back, and again afterwards.
 *
 * @throws UsageError when the file that the user named cannot be written
 */
async function receiptKeeper(
  io: CliIo,
  session: AdminSession,
  plan: ResetPlan,
  wanted: string | null | 'none',
): Promise<ReceiptKeeper> {
  if (wanted === 'none') return { path: null, notes: [], done: async () => {} };
  const { pathFrom, receiptOf, receiptPath, writeReceipt } = await import('./offset-receipt.js');
  const made = { now: io.clock.now(), namesrvAddrs: session.namesrvAddrs };
  const path = wanted === null ? receiptPath(io, plan, made.now) : pathFrom(io.cwd, wanted);
  try {
    await writeReceipt(path, receiptOf(plan, null, made));
  } catch (error) {
    const why = `the receipt cannot be kept: ${(error as Error).message}`;
    if (wanted !== null) throw new UsageError(why, { cause: error });
    return { path: null, notes: [`warning: ${why}; --receipt FILE names another place`], done: async () => {} };
  }
  return {
    path,
    notes: [`note: ${plan.mode}; mqadmin offset reset --undo ${path} takes it back`],
    done: (result) => writeReceipt(path, receiptOf(plan, result, made)),
  };
}

function goalText(goal: ResetGoal): string {
  switch (goal.kind) {
    case 'shift':
      return `where it is ${goal.by < 0 ? '-' : '+'} ${formatCount(Math.abs(goal.by))}`;
    case 'group':
      return `where ${goal.consumerGroup} is`;
    case 'offsets':
      return 'the offsets of the file';
    default:
      return formatPosition(goal);
  }
}

type PlannedQueue = ResetPlan['queues'][number];

/** How many messages the move replays (negative) or skips (positive). */
const move = ({ before, minOffset, target }: PlannedQueue): number => (target ?? minOffset) - (before ?? minOffset);

const PLAN_COLUMNS: ReadonlyArray<Column<PlannedQueue>> = [
  { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true },
  { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
  { key: 'before', title: 'BEFORE', value: ({ before }) => before, align: 'right' },
  { key: 'target', title: 'AFTER', value: ({ target }) => target, align: 'right' },
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
  { key: 'target', title: 'TARGET', value: ({ target }) => target, align: 'right' },
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
  return `replays ${counted(replays, 'message')}, skips ${formatCount(skips)}`;
}

const METHOD_TEXT: Readonly<Record<ResetMethod, string>> = {
  'server-side': 'brokers move the offsets, and members that are connected with them',
  'by-time': 'brokers tell the members, which move their offsets',
  commit: 'the offsets are committed',
};

/** `online: …` or `offline: …` */
function modeText({ mode, methods }: ResetPlan): string {
  return `${mode}: ${[...new Set(methods.values())].map((method) => METHOD_TEXT[method]).join('; ')}`;
}
