import { join } from 'node:path';
import { type Clock, type Random, systemClock, systemRandom } from '../base/clock.js';
import { type Logger, silentLogger } from '../base/logger.js';
import { NameServer } from '../namesrv/name-server.js';
import { type NamesrvConfig, namesrvConfigFromProperties } from '../namesrv/namesrv-config.js';
import { dataFolder, type UserFolders } from './data-folder.js';
import { explainListenError } from './listen-error.js';
import { reachableAddress } from './local-address.js';
import { readPropertiesFile, withPropertiesFile } from './properties-file.js';
import { once, type Stoppable, shutdownInReverse } from './running.js';
import { isTlsProperty, tlsFromProperties } from './tls-properties.js';

/** What servers take from their surroundings; the real ones by default, and no log. */
export interface ServerSurroundings extends UserFolders {
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface StartNamesrvOptions extends ServerSurroundings {
  /** Apache's `.properties` file (`namesrv start -c FILE`); updates of the config are written back to it. */
  readonly configFile?: string;
  /** Properties by Apache's names, stronger than the file. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Interface to listen on, stronger than `bindAddress`. */
  readonly host?: string;
  /** Stronger than `listenPort`; 0 takes a free one. */
  readonly port?: number;
  /**
   * Folder of `kvConfig.json` and `namesrv.properties`. By default Apache's own places with a config file, and
   * `$XDG_DATA_HOME/mqadmin/namesrv` without.
   */
  readonly dataDir?: string;
  /** How to choose another port, for the error about a busy one. */
  readonly portHint?: string;
}

export interface RunningNamesrv extends Stoppable {
  /** `host:port` for clients on this machine. */
  readonly addr: string;
  readonly port: number;
  readonly config: Readonly<NamesrvConfig>;
}

/**
 * Starts a name server in this process; resolves when it serves.
 *
 * @throws PropertiesFileError naming file and line; MQError CONFIG for other bad properties or an unreadable KV file;
 *   PortInUseError
 */
export async function startNamesrv(options: StartNamesrvOptions = {}): Promise<RunningNamesrv> {
  const { clock = systemClock, env = process.env, logger = silentLogger, random = systemRandom } = options;
  const file = options.configFile === undefined ? null : await readPropertiesFile(options.configFile);
  const dataDir = options.dataDir ?? (file === null ? dataFolder(['namesrv'], options) : null);
  const values: Record<string, string> = {
    ...(env.ROCKETMQ_HOME && { rocketmqHome: env.ROCKETMQ_HOME }),
    ...(dataDir !== null && {
      kvConfigPath: join(dataDir, 'kvConfig.json'),
      configStorePath: join(dataDir, 'namesrv.properties'),
    }),
    ...file?.values,
    ...options.properties,
    ...(options.host !== undefined && { bindAddress: options.host }),
    ...(options.port !== undefined && { listenPort: String(options.port) }),
    ...(file !== null && { configStorePath: file.path }),
  };
  const config = withPropertiesFile(file, () => namesrvConfigFromProperties(values));
  const unknown = Object.keys(config.extra).filter((name) => !isTlsProperty(name));
  if (unknown.length > 0) logger.warn({ properties: unknown }, 'properties without effect');

  const tls = await tlsFromProperties(values, file);
  // Loaded only where it is used: hardly anybody runs a test cluster.
  const environment = config.clusterTest
    ? (await import('./product-environment.js')).openProductEnvironment(config.productEnvName, { ...options, clock })
    : null;
  const server = new NameServer(config, {
    logger: logger.child({ server: 'namesrv' }),
    clock,
    random,
    ...(tls !== null && { tls }),
    ...(environment !== null && { productEnvironment: environment.route }),
  });
  const started: Stoppable[] = [...(environment === null ? [] : [environment]), server];
  try {
    const { host, port } = await server.start();
    const shutdown = once(() => shutdownInReverse(started));
    return { addr: reachableAddress(host, port), port, config, shutdown };
  } catch (error) {
    await shutdownInReverse(started);
    const hint =
      options.portHint ?? 'choose another with --port (0 takes a free one), or listenPort in the config file';
    throw explainListenError(error, 'name server', hint);
  }
}
