/**
 * The name server: tables, timers and processors behind one remoting server.
 *
 * Source: namesrv/.../NamesrvController.java, BrokerHousekeepingService.java
 */
import { type Clock, type Random, systemRandom, type Timer } from '../base/clock.js';
import { ConfigFile } from '../base/config-file.js';
import { errorText } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { TopicRouteData } from '../protocol/bodies.js';
import { encodeHeader } from '../protocol/header-schema.js';
import { NotifyMinBrokerIdChangeRequestHeader } from '../protocol/headers.js';
import { parseMetricsLabel } from '../protocol/metrics.js';
import { createRequest } from '../protocol/remoting-command.js';
import { RequestCode } from '../protocol/request-code.js';
import { RemotingClient } from '../remoting/client.js';
import type { MetricsServer } from '../remoting/metrics-server.js';
import { RemotingServer, type ServerConnection, type TlsServerOptions } from '../remoting/server.js';
import { KvConfig, type KvLimits } from './kv-config.js';
import type { NamesrvConfig } from './namesrv-config.js';
import { brokerLivenessProcessors } from './processors/broker-liveness.js';
import { clusterProcessors } from './processors/cluster.js';
import type { NamesrvContext } from './processors/context.js';
import { kvConfigProcessors } from './processors/kv-config.js';
import { namesrvConfigProcessors } from './processors/namesrv-config.js';
import { registerBrokerProcessors } from './processors/register-broker.js';
import { routeProcessors } from './processors/route.js';
import { topicProcessors } from './processors/topics.js';
import { type MinBrokerIdNotification, RouteInfo, type RouteLimits } from './route-info.js';

/** What a notification may take, connecting included. */
const NOTIFY_TIMEOUT_MS = 300;

/** What a name server takes from its surroundings. */
export interface NameServerDeps {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random?: Random;
  readonly routeLimits?: RouteLimits;
  readonly kvLimits?: KvLimits;
  /** Plain text only unless given. */
  readonly tls?: TlsServerOptions;
  /** Asked for topics unknown here while `clusterTest` is on; null: unknown there too. */
  readonly productEnvironment?: (topic: string) => Promise<TopicRouteData | null>;
}

/** Where a started name server listens. */
export interface NameServerAddress {
  readonly host: string;
  readonly port: number;
}

export class NameServer {
  readonly config: NamesrvConfig;
  readonly #deps: NameServerDeps;
  readonly #routes: RouteInfo;
  readonly #kv: KvConfig;
  readonly #configFile: ConfigFile;
  readonly #server: RemotingServer;
  readonly #client: RemotingClient;
  #scan: Timer | null = null;
  #scanIntervalMs = 0;
  #isDrainScheduled = false;
  #metrics: MetricsServer | null = null;
  #stopping: Promise<void> | null = null;

  /** @throws MQError CONFIG when the TLS material is unusable */
  constructor(config: NamesrvConfig, deps: NameServerDeps) {
    const { clock, logger } = deps;
    this.config = config;
    this.#deps = deps;
    this.#routes = new RouteInfo(config, deps.routeLimits);
    this.#kv = new KvConfig(new ConfigFile(config.kvConfigPath), deps.kvLimits);
    this.#configFile = new ConfigFile(config.configStorePath);
    const idleTimeoutMs = config.serverChannelMaxIdleTimeSeconds * 1000;
    this.#server = new RemotingServer({ logger, clock, idleTimeoutMs, ...(deps.tls && { tls: deps.tls }) });
    this.#client = new RemotingClient({ logger, clock, random: deps.random ?? systemRandom });
  }

  /**
   * Reads the KV config and listens.
   *
   * @param host interface, `bindAddress` by default
   * @param port `listenPort` by default; 0 takes a free one
   * @throws MQError CONFIG when the KV config file is unreadable; the system's error when the port is taken
   */
  async start({ host, port }: { host?: string; port?: number } = {}): Promise<NameServerAddress> {
    await this.#kv.load();
    this.#registerProcessors();
    this.#server.onClose((connection) => this.#onConnectionClosed(connection));
    const address = await this.#server.listen({
      host: host ?? this.config.bindAddress,
      port: port ?? this.config.listenPort,
    });
    // The real one is what GET_NAMESRV_CONFIG shows.
    this.config.listenPort = address.port;
    this.#startScan();
    if (this.config.metricsExporterType.toUpperCase() === 'PROM') await this.#serveMetrics(address.host);
    this.#deps.logger.info(address, 'name server started');
    return address;
  }

  /** Stops listening, closes every connection and waits for files being written. May be called again. */
  shutdown(): Promise<void> {
    this.#stopping ??= this.#shutdown();
    return this.#stopping;
  }

  async #shutdown(): Promise<void> {
    this.#scan?.cancel();
    await this.#metrics?.close();
    await this.#server.shutdown();
    await this.#client.shutdown();
    await Promise.all([this.#kv.flushed(), this.#configFile.flushed()]);
    this.#deps.logger.info({}, 'name server stopped');
  }

  async #serveMetrics(host: string): Promise<void> {
    const { metricsPromExporterHost, metricsPromExporterPort, metricsLabel } = this.config;
    // Loaded only where it is used: it brings prom-client along.
    const { serveMetrics } = await import('../remoting/metrics-server.js');
    this.#metrics = await serveMetrics({
      host: metricsPromExporterHost || host,
      port: metricsPromExporterPort,
      labels: { ...parseMetricsLabel(metricsLabel), node_type: 'nameserver' },
      withProcess: true,
      logger: this.#deps.logger,
      collect: async () => {
        const { brokers, topics } = this.#routes.sizes();
        const clusters = Object.keys(this.#routes.clusterInfo().clusterAddrTable).length;
        return [
          { name: 'rocketmq_namesrv_clusters', labels: {}, value: clusters },
          { name: 'rocketmq_namesrv_brokers', labels: {}, value: brokers },
          { name: 'rocketmq_namesrv_topics', labels: {}, value: topics },
          { name: 'rocketmq_namesrv_connections', labels: {}, value: [...this.#server.connections()].length },
        ];
      },
    });
  }

  #registerProcessors(): void {
    const { clock, logger, productEnvironment } = this.#deps;
    const context: NamesrvContext = {
      config: this.config,
      configFile: this.#configFile,
      routes: this.#routes,
      kv: this.#kv,
      logger,
      now: () => clock.now(),
      startedAtMs: clock.now(),
      unregisterSoon: () => this.#unregisterSoon(),
      notify: (notifications) => this.#notify(notifications),
      configChanged: () => this.#startScan(),
      productEnvironment: productEnvironment ?? null,
    };
    const all = [
      registerBrokerProcessors,
      brokerLivenessProcessors,
      routeProcessors,
      clusterProcessors,
      topicProcessors,
      kvConfigProcessors,
      namesrvConfigProcessors,
    ];
    for (const processors of all) {
      for (const [code, processor] of processors(context)) this.#server.register(code, processor);
    }
  }

  /** Starts the liveness scan, or starts it anew when its interval has changed. */
  #startScan(): void {
    const intervalMs = this.config.scanNotActiveBrokerInterval;
    if (this.#scanIntervalMs === intervalMs) return;
    this.#scan?.cancel();
    this.#scanIntervalMs = intervalMs;
    this.#scan = this.#deps.clock.every(intervalMs, () => this.#scanNotActiveBroker());
  }

  #scanNotActiveBroker(): void {
    const expired = this.#routes.scanNotActiveBroker(this.#deps.clock.now());
    if (expired.length === 0) return;
    for (const { brokerName, brokerAddr, timeoutMs } of expired) {
      this.#deps.logger.warn({ brokerName, brokerAddr, timeoutMs }, 'broker expired');
    }
    const connectionIds = new Set(expired.map((member) => member.connectionId));
    for (const connection of [...this.#server.connections()]) {
      if (connectionIds.has(connection.id)) connection.close('broker expired');
    }
    this.#unregisterSoon();
  }

  #onConnectionClosed(connection: ServerConnection): void {
    this.#routes.connectionClosed(connection.id);
    this.#unregisterSoon();
  }

  /** The batch worker: all that one turn of the event loop queues is applied together. */
  #unregisterSoon(): void {
    if (this.#isDrainScheduled || this.#stopping || this.#routes.waitingUnregistrations === 0) return;
    this.#isDrainScheduled = true;
    setImmediate(() => {
      this.#isDrainScheduled = false;
      const { notifications, removed } = this.#routes.drainUnregistrations();
      for (const { brokerName, brokerAddr, brokerId, clusterName } of removed) {
        this.#deps.logger.info({ cluster: clusterName, brokerName, brokerId, brokerAddr }, 'broker unregistered');
      }
      this.#notify(notifications);
    });
  }

  #notify(notifications: readonly MinBrokerIdNotification[]): void {
    for (const { notifyAddrs, brokerName, ...header } of notifications) {
      this.#deps.logger.info({ brokerName, ...header, notifyAddrs }, 'smallest broker id changed');
      const extFields = encodeHeader(NotifyMinBrokerIdChangeRequestHeader, {
        ...header,
        offlineBrokerAddr: header.offlineBrokerAddr ?? undefined,
        haBrokerAddr: header.haBrokerAddr ?? undefined,
      });
      for (const addr of notifyAddrs) {
        const request = createRequest(RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, { ...extFields });
        this.#client.invokeOneway(addr, request, NOTIFY_TIMEOUT_MS).catch((error: unknown) => {
          this.#deps.logger.warn({ addr, reason: errorText(error) }, 'broker not notified');
        });
      }
    }
  }
}
