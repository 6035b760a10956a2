import { join, resolve } from 'node:path';
import { type DeadJournal, openDeadJournal } from '../admin/dlq-journal.js';
import type { AdminSession } from '../admin/session.js';
import { arg, flag } from './flags.js';
import type { CliIo } from './io.js';
import { FILTER_FLAGS } from './message-filter-flags.js';
import { stateFolder } from './state-folder.js';

export const DLQ_ARGS = { group: arg.required('consumer group', { flag: { name: 'group', char: 'g' } }) };

const { sql: _sql, ...LOCAL_FILTERS } = FILTER_FLAGS;

/** Flags of the commands that look into dead letters. */
export const DLQ_FLAGS = {
  ...LOCAL_FILTERS,
  tag: flag.string({ description: 'only these tags: a || b', helpValue: '<expression>' }),
  all: flag.boolean({ description: 'also those that were redriven or dropped before' }),
  journal: flag.string({
    description: 'file of what was dealt with, none for none (default in $XDG_STATE_HOME/mqadmin/dlq)',
    helpValue: '<file>',
  }),
};

/** The journal of a group's dead letters: one for each cluster and group. */
export function journalOf(
  io: Pick<CliIo, 'cwd' | 'env' | 'home'>,
  session: AdminSession,
  group: string,
  given: string | undefined,
): Promise<DeadJournal> {
  if (given === 'none') return openDeadJournal(null);
  if (given !== undefined) return openDeadJournal(resolve(io.cwd, given));
  const name = `${session.namesrvAddrs.join('_')}-${group}`.replaceAll(/[^\w.-]/g, '_');
  return openDeadJournal(join(stateFolder(io), 'dlq', name));
}
