import type { PropertyTables } from '../admin/broker-info.js';
import { tableView, type View } from './render/view.js';

/** Names and values of servers: one row each, of one server or of several. */
export function propertiesView(result: PropertyTables): View<PropertyTables> {
  const rows = result.servers.flatMap((server) =>
    Object.keys(server.properties)
      .sort()
      .map((name) => ({ ...server, name, value: server.properties[name] as string })),
  );
  const isOne = result.servers.length === 1;
  return tableView({
    doc: result,
    rows,
    rowDoc: ({ brokerName, addr, name, value }) => ({ brokerName, addr, name, value }),
    columns: [
      {
        key: 'server',
        title: 'SERVER',
        value: ({ brokerName, addr }) => (brokerName === null ? addr : `${brokerName} ${addr}`),
        cut: true,
        wide: isOne,
      },
      { key: 'name', title: 'NAME', value: ({ name }) => name, cut: true },
      { key: 'value', title: 'VALUE', value: ({ value }) => value, cut: true },
    ],
    name: ({ name }) => name,
    empty: 'no properties',
  });
}
