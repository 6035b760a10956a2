import type { KvWrites } from '../admin/namesrv-write.js';
import type { Outcome } from './command.js';
import { partialOutcome } from './partial.js';
import { tableView } from './render/view.js';

/** What a write of a key did at each name server. */
export function kvWritesOutcome(result: KvWrites): Outcome<KvWrites> {
  return {
    ...partialOutcome(result),
    view: tableView({
      doc: result,
      rows: result.namesrvs,
      columns: [
        { key: 'addr', title: 'NAME SERVER', value: ({ addr }) => addr },
        { key: 'before', title: 'BEFORE', value: ({ before }) => before, cut: true },
        { key: 'after', title: 'AFTER', value: ({ after }) => after, cut: true },
      ],
      name: ({ addr }) => addr,
    }),
  };
}
