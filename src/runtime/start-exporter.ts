import { collectCluster } from '../admin/exporter.js';
import type { AdminSession } from '../admin/session.js';
import type { Logger } from '../base/logger.js';
import { serveMetrics } from '../remoting/metrics-server.js';
import { once, type Stoppable } from './running.js';

export interface RunningExporter extends Stoppable {
  readonly port: number;
}

/**
 * Serves the metrics of a cluster on `/metrics`; each scrape looks at the cluster anew, and fails when no name server
 * answers. The session stays the caller's.
 *
 * @throws MQError CONFIG when it cannot listen
 */
export async function startExporter(options: {
  readonly session: AdminSession;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly clusterName: string | null;
  readonly logger: Logger;
}): Promise<RunningExporter> {
  const { session, clusterName, ...listen } = options;
  const server = await serveMetrics({
    ...listen,
    collect: () => collectCluster(session, clusterName),
    labels: {},
    withProcess: false,
  });
  return { port: server.port, shutdown: once(() => server.close()) };
}
