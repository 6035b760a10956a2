import type { Partial } from '../admin/fan-out.js';
import type { Outcome } from './command.js';
import { partialOutcome } from './partial.js';
import { tableView } from './render/view.js';

/** A row for each broker that did what it was told. */
export function doneOutcome<
  D extends Partial & {
    readonly brokers: ReadonlyArray<{ readonly brokerName: string | null; readonly addr: string }>;
  },
>(result: D): Outcome<D> {
  return {
    ...partialOutcome(result),
    view: tableView({
      doc: result,
      rows: result.brokers,
      columns: [
        { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName },
        { key: 'addr', title: 'ADDRESS', value: ({ addr }) => addr },
        { key: 'result', title: 'RESULT', value: () => 'done', tone: () => 'good' },
      ],
      name: ({ addr }) => addr,
      empty: 'there is no broker',
    }),
  };
}
