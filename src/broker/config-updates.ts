/**
 * Changes of the configuration while the broker runs.
 *
 * Source: remoting/Configuration.java, broker/processor/AdminBrokerProcessor.java#updateBrokerConfig.
 */
import { ConfigFile } from '../base/config-file.js';
import { formatProperties, parseProperties } from '../base/java-properties.js';
import { type DataVersion, newDataVersion, nextDataVersion } from '../protocol/data-version.js';
import {
  type BrokerConfig,
  type BrokerPropertyName,
  isBootOnly,
  isBrokerProperty,
  parseBrokerProperty,
  setBrokerProperty,
} from './broker-config.js';

/** Names that may never be changed over the wire, whatever `configBlackList` says. */
const ALWAYS_BLACK_LISTED = ['configBlackList', 'brokerConfigPath', 'rocketmqHome'];

export class ConfigUpdates {
  readonly #config: BrokerConfig;
  readonly #now: () => number;
  #version: DataVersion;
  /** Values for the next start, by property. */
  readonly #atNextStart = new Map<string, string>();
  /** The last write of the config file: each reads what the one before it wrote. */
  #writing: Promise<void> = Promise.resolve();

  /** @param now ms since the epoch, for the version stamp */
  constructor(config: BrokerConfig, now: () => number) {
    this.#config = config;
    this.#now = now;
    this.#version = newDataVersion(now());
  }

  get version(): DataVersion {
    return this.#version;
  }

  /** Values that were changed but count from the next start on. */
  get atNextStart(): ReadonlyMap<string, string> {
    return this.#atNextStart;
  }

  /** Whether one of these names is black-listed. */
  isForbidden(names: Iterable<string>): boolean {
    const forbidden = new Set([...ALWAYS_BLACK_LISTED, ...this.#config.configBlackList.split(';')]);
    return [...names].some((name) => forbidden.has(name));
  }

  /**
   * Applies values: all or, when one does not fit, none. Unknown names are ignored unless the config file has
   * them. Then the config file, if there is one, is rewritten with the changed values.
   *
   * @throws BrokerConfigError naming the property; the file system's error
   */
  async update(values: Readonly<Record<string, string>>): Promise<void> {
    const changes: [BrokerPropertyName, string][] = [];
    for (const [name, value] of Object.entries(values)) {
      if (isBrokerProperty(name)) {
        parseBrokerProperty(name, value);
        changes.push([name, value]);
      } else if (Object.hasOwn(this.#config.extra, name)) {
        this.#config.extra[name] = value;
      }
    }
    for (const [name, value] of changes) {
      if (isBootOnly(name)) this.#atNextStart.set(name, value.trim());
      else setBrokerProperty(this.#config, name, value);
    }
    this.#version = nextDataVersion(this.#version, this.#now());
    const writing = this.#writing.then(() => this.#persist(Object.fromEntries(changes)));
    this.#writing = writing.catch(() => undefined);
    await writing;
  }

  async #persist(changes: Readonly<Record<string, string>>): Promise<void> {
    const path = this.#config.brokerConfigPath;
    if (path === '') return;
    const file = new ConfigFile(path);
    const present = (await file.load((text) => parseProperties(text).values)) ?? {};
    await file.save(formatProperties({ ...present, ...this.#config.extra, ...changes }));
  }
}
