import type { PropertyWrites } from '../admin/config-write.js';
import type { Outcome } from './command.js';
import { partialOutcome } from './partial.js';
import { tableView } from './render/view.js';
import { UsageError } from './usage-error.js';

/**
 * `key=value` words as properties.
 *
 * @throws UsageError for a word without `=`, or a key twice
 */
export function propertiesOf(pairs: readonly string[]): Record<string, string> {
  const properties: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at <= 0) throw new UsageError(`--set: "${pair}" is no key=value`);
    const key = pair.slice(0, at).trim();
    if (key in properties) throw new UsageError(`--set: ${key} is given twice`);
    properties[key] = pair.slice(at + 1).trim();
  }
  return properties;
}

/** What a change of configuration did on each server. */
export function propertyWritesOutcome(result: PropertyWrites): Outcome<PropertyWrites> {
  return {
    ...partialOutcome(result),
    view: tableView({
      doc: result,
      rows: result.writes,
      columns: [
        {
          key: 'server',
          title: 'SERVER',
          value: ({ brokerName, addr }) => (brokerName === null ? addr : `${brokerName} ${addr}`),
        },
        { key: 'key', title: 'KEY', value: ({ key }) => key },
        { key: 'before', title: 'BEFORE', value: ({ before }) => before, cut: true },
        { key: 'after', title: 'AFTER', value: ({ after }) => after, cut: true },
      ],
      name: ({ addr }) => addr,
    }),
  };
}
