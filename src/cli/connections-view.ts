import type { ClientConnection } from '../admin/connections.js';
import { tableView, type View } from './render/view.js';

/** Connected clients as rows. */
export function connectionsTable<D>(connections: readonly ClientConnection[], doc: D): View<D> {
  return tableView({
    doc,
    rows: connections,
    columns: [
      { key: 'clientId', title: 'CLIENT ID', value: ({ clientId }) => clientId, cut: true },
      { key: 'clientAddr', title: 'CLIENT ADDR', value: ({ clientAddr }) => clientAddr },
      { key: 'language', title: 'LANGUAGE', value: ({ language }) => language },
      { key: 'version', title: 'VERSION', value: ({ version }) => version },
    ],
    name: ({ clientId }) => clientId,
  });
}
