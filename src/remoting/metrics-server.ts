/** Metrics for Prometheus over HTTP. Loaded only where they are switched on: it brings prom-client along. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { errorText, MQError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { COMMON_LABELS, METRICS, type MetricName, type MetricSample } from '../protocol/metrics.js';

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Called for each scrape, one at a time. */
  readonly collect: () => Promise<readonly MetricSample[]>;
  /** Labels of everything. */
  readonly labels: Readonly<Record<string, string>>;
  /** With memory, CPU and event loop of this process, under the usual names. */
  readonly withProcess: boolean;
  readonly logger: Logger;
}

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/metrics` in the text format of Prometheus.
 *
 * @throws MQError CONFIG when it cannot listen; the system's error is the cause
 */
export async function serveMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
  const registry = new Registry();
  registry.setDefaultLabels({ ...options.labels });
  if (options.withProcess) collectDefaultMetrics({ register: registry });
  const families = new Map<MetricName, Gauge | Counter>();
  let last: Promise<string> = Promise.resolve('');
  const scrape = async (): Promise<string> => {
    const samples = await options.collect();
    for (const family of families.values()) family.reset();
    for (const { name, labels, value } of samples) {
      const family = families.get(name) ?? familyOf(name, registry);
      families.set(name, family);
      if (family instanceof Gauge) family.set(labels, value);
      else family.inc(labels, value);
    }
    return registry.metrics();
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0];
    const answer = (status: number, type: string, text: string): void => {
      response.writeHead(status, { 'content-type': type });
      response.end(request.method === 'HEAD' ? '' : text);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'text/plain', 'only GET\n');
    if (path !== '/metrics' && path !== '/') return answer(404, 'text/plain', 'metrics are at /metrics\n');
    // Families are shared: scrapes go one after the other.
    last = last.catch(() => '').then(scrape);
    last.then(
      (text) => answer(200, registry.contentType, text),
      (error: unknown) => {
        options.logger.warn({ reason: errorText(error) }, 'metrics could not be collected');
        answer(500, 'text/plain', `${errorText(error)}\n`);
      },
    );
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  options.logger.info({ host: options.host, port }, 'metrics are served');
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function familyOf(name: MetricName, registry: Registry): Gauge | Counter {
  const { type, help, labels } = METRICS[name];
  const configuration = { name, help, labelNames: [...COMMON_LABELS, ...labels], registers: [registry] };
  return type === 'gauge' ? new Gauge(configuration) : new Counter(configuration);
}

function listen(server: Server, { host, port }: MetricsServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new MQError('CONFIG', `metrics cannot be served on ${host}:${port}: ${errorText(error)}`, { cause: error }),
      );
    });
    server.listen({ host, port }, () => resolve());
  });
}
