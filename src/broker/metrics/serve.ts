import type { Logger } from '../../base/logger.js';
import { parseMetricsLabel } from '../../protocol/metrics.js';
import { type MetricsServer, serveMetrics } from '../../remoting/metrics-server.js';
import type { BrokerContext } from '../context.js';
import { collectBroker } from './collect.js';

/** Serves the broker's metrics: metricsPromExporterHost (brokerIP1 unless set), metricsPromExporterPort. @throws as serveMetrics */
export function serveBrokerMetrics(context: BrokerContext, logger: Logger): Promise<MetricsServer> {
  const { config } = context;
  return serveMetrics({
    host: config.metricsPromExporterHost || config.brokerIP1,
    port: config.metricsPromExporterPort,
    collect: () => collectBroker(context),
    labels: {
      ...parseMetricsLabel(config.metricsLabel),
      cluster: config.brokerClusterName,
      node_type: 'broker',
      node_id: config.brokerName,
    },
    withProcess: true,
    logger,
  });
}
