import type { Redriven, RedriveTo } from '../admin/dlq.js';
import type { AdminSession } from '../admin/session.js';
import type { Outcome, Plan } from './command.js';
import { journalOf } from './dlq-flags.js';
import type { CliIo } from './io.js';
import { filterOf } from './message-filter-flags.js';
import { progressLine } from './progress.js';
import { formatCount } from './render/units.js';

interface DeadContext {
  readonly io: CliIo;
  readonly args: { readonly group: string };
  connect(): Promise<AdminSession>;
  confirm(plan: Plan): Promise<void>;
}

type DeadFlags = Omit<Parameters<typeof filterOf>[0], 'sql'> & {
  readonly all: boolean;
  readonly journal: string | undefined;
  readonly rate: number | undefined;
  readonly count: number | undefined;
  readonly 'dry-run': boolean;
};

/** Redrives or drops, after a yes, with progress. */
export async function deadOutcome(
  { io, args, connect, confirm }: DeadContext,
  flags: DeadFlags,
  to: RedriveTo | null,
): Promise<Outcome<Redriven>> {
  const { redrive } = await import('../admin/dlq.js');
  const { group } = args;
  const isDryRun = flags['dry-run'];
  const what = to === null ? `drop dead letters of ${group}` : `send dead letters of ${group} again, to ${toText(to)}`;
  if (!isDryRun) await confirm({ what });
  const session = await connect();
  const journal = await journalOf(io, session, group, flags.journal);
  const progress = progressLine(io);
  const request = {
    consumerGroup: group,
    filter: filterOf({ ...flags, sql: undefined }),
    isAll: flags.all,
    journal,
    to,
    rate: flags.rate ?? null,
    count: flags.count ?? null,
    isDryRun,
  };
  const verb = to === null ? 'dropped' : 'sent';
  const result = await redrive(session, request, (done) => progress.update(`${formatCount(done)} ${verb}`)).finally(
    async () => {
      await progress.done();
      await journal.close();
    },
  );
  const where = Object.entries(result.topics).map(([topic, count]) => `${formatCount(count)} to ${topic}`);
  const said = isDryRun ? `would be ${verb}` : verb;
  return {
    notes:
      result.homeless === 0
        ? []
        : [`note: ${formatCount(result.homeless)} stay: nothing says where they came from; --to-topic sends them`],
    view: {
      kind: 'message',
      doc: result,
      text: `${formatCount(result.done)} ${said}${where.length === 0 ? '' : `: ${where.join(', ')}`}`,
      name: String(result.done),
    },
  };
}

function toText(to: RedriveTo): string {
  if (to.kind === 'topic') return to.topic;
  return to.kind === 'group' ? 'the group alone' : 'their topics';
}
