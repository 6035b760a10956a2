import type { AdminSession } from '../admin/session.js';
import type { StaticTopicPlan, StaticTopicResult, StaticTopicTarget } from '../admin/static-topic.js';
import type { StaticTopicQueue } from '../admin/static-topic-plan.js';
import type { Outcome, Plan } from './command.js';
import { ExitCode } from './exit-code.js';
import { flag } from './flags.js';
import type { CliIo } from './io.js';
import { formatTable } from './render/table.js';
import { type Column, tableView } from './render/view.js';
import { saveMapping } from './static-topic-file.js';

/** How many queues a static topic has. */
export const STATIC_QUEUES = {
  char: 'q',
  aliases: ['totalQueueNum'],
  description: 'logical queues in all',
  min: 1,
  max: 65_535,
} as const;

/** Whose brokers may lead queues: at most one of the two. */
export const STATIC_TARGET_FLAGS = {
  clusters: flag.string({
    char: 'c',
    aliases: ['cluster'],
    description: 'clusters whose masters may lead queues, separated by commas; may be left out when there is only one',
    helpValue: '<names>',
    group: 'target',
  }),
  brokers: flag.string({
    char: 'b',
    description: 'names of brokers that may lead queues, separated by commas',
    helpValue: '<names>',
    group: 'target',
  }),
};

/** Bringing a mapping back. */
export const MAP_FILE_FLAGS = {
  'map-file': flag.string({
    aliases: ['mapFile'],
    description: 'bring back the mapping in a file that an earlier change has left',
    helpValue: '<file>',
  }),
  'force-replace': flag.boolean({
    aliases: ['forceReplace'],
    description: 'with --map-file: replace a mapping that is newer',
  }),
};

interface TargetValues {
  readonly clusters?: string | undefined;
  readonly brokers?: string | undefined;
}

/** The target that the flags name, else the only cluster there is. @throws as onlyCluster */
export async function staticTopicTarget(session: AdminSession, flags: TargetValues): Promise<StaticTopicTarget> {
  const list = (text: string) => text.split(',').map((name) => name.trim());
  if (flags.brokers !== undefined) return { brokerNames: list(flags.brokers) };
  if (flags.clusters !== undefined) return { clusterNames: list(flags.clusters) };
  const { onlyCluster } = await import('../admin/cluster.js');
  return { clusterNames: [await onlyCluster(session)] };
}

interface FlowContext {
  readonly io: CliIo;
  confirm(plan: Plan): Promise<void>;
}

/** What a change of a static topic ends with. */
export interface StaticTopicChange extends Omit<StaticTopicResult, 'verified'> {
  /** Whether all brokers, asked afterwards, hold what was written; null where nothing was changed. */
  readonly verified: boolean | null;
  /** Files of the state before and after, for --map-file; null where nothing was changed. */
  readonly files: { readonly before: string; readonly after: string } | null;
}

/** Shows the plan, asks, keeps both states in files, writes, and reads back. */
export async function changeStaticTopic(
  { io, confirm }: FlowContext,
  session: AdminSession,
  plan: StaticTopicPlan,
  request: { readonly what: string; readonly isHarmless: boolean; readonly force?: boolean },
): Promise<Outcome<StaticTopicChange>> {
  const { applyStaticTopic } = await import('../admin/static-topic.js');
  const { text } = formatTable(plan.queues, COLUMNS, { width: null });
  await confirm({ what: request.what, details: text.trimEnd(), isHarmless: request.isHarmless });
  const files = {
    before: await saveMapping(io, plan.before, 'before'),
    after: await saveMapping(io, plan.after, 'after'),
  };
  const result = await applyStaticTopic(session, plan, { force: request.force === true });
  const outcome = queuesOutcome({ ...result, files }, plan.queues);
  if (result.verified)
    return { ...outcome, notes: [`note: the mappings before and after are in ${files.before} and ${files.after}`] };
  return { ...outcome, exit: ExitCode.FAILED, notes: ['error: read back, the brokers do not hold what was written'] };
}

/** The queues as a table. */
export function queuesOutcome<D>(doc: D, queues: readonly StaticTopicQueue[]): Outcome<D> {
  return { view: tableView({ doc, rows: queues, columns: COLUMNS, name: ({ queueId }) => String(queueId) }) };
}

const COLUMNS: ReadonlyArray<Column<StaticTopicQueue>> = [
  { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
  { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true },
  { key: 'brokerQueueId', title: 'BROKER QUEUE', value: ({ brokerQueueId }) => brokerQueueId },
  { key: 'action', title: 'ACTION', value: ({ action }) => action },
  { key: 'movedFrom', title: 'MOVED FROM', value: ({ movedFrom }) => movedFrom, cut: true },
];
