import { isIP } from 'node:net';
import { systemClock, systemRandom } from '../base/clock.js';
import { silentLogger } from '../base/logger.js';
import { Broker } from '../broker/broker.js';
import { type BrokerConfig, brokerConfigFromProperties } from '../broker/broker-config.js';
import type { Faults } from '../broker/faults.js';
import { dataFolder } from './data-folder.js';
import { explainListenError } from './listen-error.js';
import { localAddress } from './local-address.js';
import { type PropertiesFile, readPropertiesFile, withPropertiesFile } from './properties-file.js';
import { once, type Stoppable } from './running.js';
import type { ServerSurroundings } from './start-namesrv.js';
import { clientTlsFromProperties, isTlsProperty, tlsFromProperties } from './tls-properties.js';

export interface StartBrokerOptions extends ServerSurroundings {
  /** Apache's `.properties` file (`broker start -c FILE`). */
  readonly configFile?: string;
  /** Properties by Apache's names, stronger than the file. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Name servers, `host:port;host:port`, stronger than `namesrvAddr`; else `NAMESRV_ADDR`. */
  readonly namesrvAddr?: string;
  /** Interface to listen on, stronger than `bindAddress`. */
  readonly host?: string;
  /** Stronger than `listenPort`; 0 takes a free one and opens no fast port. */
  readonly port?: number;
  /** The address that clients are told, stronger than `brokerIP1`. */
  readonly advertise?: string;
  readonly brokerName?: string;
  readonly clusterName?: string;
  /**
   * Stronger than `storePathRootDir`. By default Apache's `~/store` with a config file, and
   * `$XDG_DATA_HOME/mqadmin/broker/<brokerName>` without.
   */
  readonly storeDir?: string;
  /** What goes wrong on purpose; nothing by default. */
  readonly faults?: Faults;
  /** How to choose another port, for the error about a busy one. */
  readonly portHint?: string;
}

export interface RunningBroker extends Stoppable {
  readonly brokerName: string;
  readonly clusterName: string;
  /** The advertised `host:port`. */
  readonly addr: string;
  readonly port: number;
  readonly storeDir: string;
  readonly config: Readonly<BrokerConfig>;
  /** Closes its connections at once and takes no more, as if it had died; `shutdown` has to follow. */
  cut(): void;
}

/** Starts from everything that was given; the strongest last. */
function collectProperties(options: StartBrokerOptions, file: PropertiesFile | null): Record<string, string> {
  const env = options.env ?? process.env;
  const strings: Record<string, string | undefined> = {
    ...(env.ROCKETMQ_HOME && { rocketmqHome: env.ROCKETMQ_HOME }),
    ...(env.NAMESRV_ADDR && { namesrvAddr: env.NAMESRV_ADDR }),
    ...file?.values,
    ...options.properties,
    ...(file !== null && { brokerConfigPath: file.path }),
    ...(options.namesrvAddr !== undefined && { namesrvAddr: options.namesrvAddr }),
    ...(options.host !== undefined && { bindAddress: options.host }),
    ...(options.port !== undefined && { listenPort: String(options.port) }),
    ...(options.brokerName !== undefined && { brokerName: options.brokerName }),
    ...(options.clusterName !== undefined && { brokerClusterName: options.clusterName }),
    ...(options.storeDir !== undefined && { storePathRootDir: options.storeDir }),
    ...(options.advertise !== undefined && { brokerIP1: options.advertise, brokerIP2: options.advertise }),
  };
  const values = Object.fromEntries(Object.entries(strings).filter((entry) => entry[1] !== undefined)) as Record<
    string,
    string
  >;
  values.brokerIP1 ??= advertisedAddress(values.bindAddress);
  values.brokerIP2 ??= values.brokerIP1;
  // On a free port the HA port has to be a free one as well.
  if (values.listenPort?.trim() === '0') values.haListenPort ??= '0';
  return values;
}

/** A broker that listens on one address advertises it; one that listens on all, the machine's. */
function advertisedAddress(bindAddress: string | undefined): string {
  if (bindAddress === 'localhost') return '127.0.0.1';
  const isOne = bindAddress !== undefined && isIP(bindAddress) !== 0 && !['0.0.0.0', '::'].includes(bindAddress);
  return isOne ? bindAddress : localAddress();
}

/**
 * Starts a broker in this process; resolves when it serves and is registered.
 *
 * @throws PropertiesFileError naming file and line; MQError CONFIG for other bad properties; PortInUseError;
 *   MQError STORE_LOCKED when another process has the store open, STORE_CORRUPT or STORE_IO
 */
export async function startBroker(options: StartBrokerOptions = {}): Promise<RunningBroker> {
  const { clock = systemClock, logger = silentLogger, random = systemRandom } = options;
  const file = options.configFile === undefined ? null : await readPropertiesFile(options.configFile);
  const values = collectProperties(options, file);
  const config = withPropertiesFile(file, () => brokerConfigFromProperties(values));
  if (file === null && values.storePathRootDir === undefined) {
    config.storePathRootDir = dataFolder(['broker', config.brokerName], options);
  }
  const unknown = Object.keys(config.extra).filter((name) => name !== 'rocketmqHome' && !isTlsProperty(name));
  if (unknown.length > 0) logger.warn({ properties: unknown }, 'properties without effect');
  if (config.namesrvAddr.trim() === '') {
    logger.warn({ brokerName: config.brokerName }, 'no name server: clients will not find this broker');
  }

  const tls = await tlsFromProperties(values, file);
  const clientTls = await clientTlsFromProperties(values, file);
  const broker = new Broker(config, {
    logger: logger.child({ server: config.brokerName }),
    clock,
    random,
    ...(tls !== null && { tls }),
    ...(clientTls !== null && { clientTls }),
    ...(options.faults && { faults: options.faults }),
  });
  const shutdown = once(() => broker.shutdown());
  try {
    const { addr, port } = await broker.start();
    return {
      brokerName: config.brokerName,
      clusterName: config.brokerClusterName,
      addr,
      port,
      storeDir: config.storePathRootDir,
      config,
      cut: () => broker.cut(),
      shutdown,
    };
  } catch (error) {
    await shutdown();
    const hint =
      options.portHint ?? 'choose another with --port (0 takes a free one), or listenPort in the config file';
    throw explainListenError(error, `broker ${config.brokerName}`, hint);
  }
}
